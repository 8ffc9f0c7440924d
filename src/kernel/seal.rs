//! Sealing what must be stored and read back: XChaCha20-Poly1305 under a key of the keyring.

use super::keyring::{Keyring, Use};
use super::secret::{Secret, random_bytes};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

const NONCE_BYTES: usize = 24;

impl Keyring {
    /// Seals a value for a place: the same bytes in another place do not open.
    pub fn seal(&self, purpose: Use, place: &[u8], value: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_BYTES>();
        let cipher = XChaCha20Poly1305::new(&self.mac(purpose, b"seal").into());
        let payload = Payload {
            msg: value,
            aad: place,
        };
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), payload);
        [nonce.as_slice(), &sealed.expect("a short value can be sealed")].concat()
    }

    /// Opens a value that was sealed for a place, under this key or a former one.
    pub fn open(&self, purpose: Use, place: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let open = |key: [u8; 32]| {
            let payload = Payload {
                msg: sealed,
                aad: place,
            };
            XChaCha20Poly1305::new(&key.into())
                .decrypt(XNonce::from_slice(nonce), payload)
                .ok()
        };
        self.macs(purpose, b"seal").find_map(open).map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone_and_after_a_rotation_too() {
        let (old, new) = ("11".repeat(32), "22".repeat(32));
        let read = |keys: &str| Keyring::parse(keys).expect("keys");
        let sealed = read(&old).seal(Use::TotpSecret, b"ada", b"secret");
        let open = |keys: &str, place: &[u8], sealed: &[u8]| {
            read(keys)
                .open(Use::TotpSecret, place, sealed)
                .map(|secret| secret.expose().clone())
        };
        assert_eq!(open(&old, b"ada", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(
            open(&format!("{new},{old}"), b"ada", &sealed).as_deref(),
            Some(b"secret".as_slice())
        );
        assert_eq!(open(&new, b"ada", &sealed), None);
        assert_eq!(open(&old, b"bob", &sealed), None);
        let mut changed = sealed.clone();
        changed[30] ^= 1;
        assert_eq!(open(&old, b"ada", &changed), None);
        assert_eq!(open(&old, b"ada", &sealed[..10]), None);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }
}
