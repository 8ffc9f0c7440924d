//! The master key and what is derived from it.
//!
//! All nodes share one master key; every use derives a key of its own by HMAC-SHA-256 over the use's name, so
//! that no two uses share one. After a rotation the former keys still verify what they made.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What a derived key is for.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// Pagination cursors.
    Cursor,
    /// Certificate codes.
    CertificateCode,
    /// The tokens of a development server's personas.
    PersonaToken,
    /// The secrets of second factors.
    TotpSecret,
    /// The tokens that mails carry.
    MailedToken,
    /// The tokens that a refresh with an idempotency key answers.
    RefreshedToken,
    /// What a sign-in by a provider must remember.
    ProviderSignIn,
    /// The client secrets of organisations' own providers.
    SsoSecret,
    /// What the keys that sign receipts of attempts are made of.
    ReceiptKey,
    /// The addresses of files.
    FileAddress,
    /// Which secrets a request with an idempotency key had.
    RequestSecrets,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Cursor => b"lyceum/cursor/1",
            Self::CertificateCode => b"lyceum/certificate-code/1",
            Self::PersonaToken => b"lyceum/persona-token/1",
            Self::TotpSecret => b"lyceum/totp-secret/1",
            Self::MailedToken => b"lyceum/mailed-token/1",
            Self::RefreshedToken => b"lyceum/refreshed-token/1",
            Self::ProviderSignIn => b"lyceum/provider-sign-in/1",
            Self::SsoSecret => b"lyceum/sso-secret/1",
            Self::ReceiptKey => b"lyceum/receipt-key/1",
            Self::FileAddress => b"lyceum/file-address/1",
            Self::RequestSecrets => b"lyceum/request-secrets/1",
        }
    }
}

/// The master keys, the current one first.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Reads master keys: 64 hexadecimal digits each, separated by commas, the current one first.
    pub fn parse(text: &str) -> Result<Self, String> {
        let keys = text
            .split(',')
            .map(|key| parse_key(key.trim()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { keys })
    }

    /// Computes the MAC of a message under the current key.
    pub fn mac(&self, purpose: Use, message: &[u8]) -> [u8; 32] {
        mac(&self.keys[0], purpose, message)
    }

    /// Computes the MAC under the key of that position, counted from the oldest (0), if it is still there.
    pub fn mac_with(&self, generation: usize, purpose: Use, message: &[u8]) -> Option<[u8; 32]> {
        let index = self.keys.len().checked_sub(generation + 1)?;
        Some(mac(&self.keys[index], purpose, message))
    }

    /// The MACs of a message under every key, the current one first.
    pub fn macs(&self, purpose: Use, message: &[u8]) -> impl Iterator<Item = [u8; 32]> {
        self.keys.iter().map(move |key| mac(key, purpose, message))
    }

    /// The position of the current key, counted from the oldest (0).
    pub fn generation(&self) -> usize {
        self.keys.len() - 1
    }

    /// Tells whether any key made this MAC's first bytes.
    pub fn verifies(&self, purpose: Use, message: &[u8], tag: &[u8]) -> bool {
        self.keys.iter().any(|key| {
            let made = mac(key, purpose, message);
            tag.len() >= 8
                && tag.len() <= made.len()
                && bool::from(subtle::ConstantTimeEq::ct_eq(&made[..tag.len()], tag))
        })
    }
}

fn mac(key: &[u8; 32], purpose: Use, message: &[u8]) -> [u8; 32] {
    let derived = hmac(key, purpose.label());
    hmac(&derived, message)
}

fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn parse_key(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "a master key is 64 hexadecimal digits; make one with `openssl rand -hex 32`".to_owned();
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_still_verifies_what_it_made() {
        let (old, new) = ("11".repeat(32), "22".repeat(32));
        let before = Keyring::parse(&old).unwrap();
        let tag = before.mac(Use::Cursor, b"page 2");
        let after = Keyring::parse(&format!("{new},{old}")).unwrap();
        assert!(after.verifies(Use::Cursor, b"page 2", &tag[..16]));
        assert_eq!(
            after.mac_with(before.generation(), Use::Cursor, b"page 2"),
            Some(tag)
        );
        assert!(!after.verifies(Use::CertificateCode, b"page 2", &tag[..16]));
        assert!(
            !Keyring::parse(&new)
                .unwrap()
                .verifies(Use::Cursor, b"page 2", &tag[..16])
        );
    }

    #[test]
    fn a_malformed_key_is_refused_with_what_to_do() {
        for bad in ["", "zz", &"g".repeat(64), &"é".repeat(32)] {
            assert!(
                Keyring::parse(bad).unwrap_err().contains("64 hexadecimal digits"),
                "{bad}"
            );
        }
    }
}
