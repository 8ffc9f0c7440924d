//! The code of a certificate: what a holder hands out to have it verified.
//!
//! 160 bits of a MAC over the certificate's key, in Crockford's Base32: `7ZK2M-04XWQ-…`, 32 characters in groups of
//! five. It cannot be guessed or listed, and only its hash is stored; whoever may read the certificate gets it derived
//! anew with the master key of its generation.

use crate::kernel::ids::{CertificateKey, Key};
use crate::kernel::keyring::{Keyring, Use};
use sha2::{Digest, Sha256};
use std::fmt;

/// Crockford's digits: no I, L, O and U, which are taken for others.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 160 bits of five each.
const LENGTH: usize = 32;
/// Characters of a group.
const GROUP: usize = 5;

/// A certificate's code, as its 32 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateCode(String);

impl CertificateCode {
    /// Derives the code of a new certificate under the current master key, with that key's generation.
    pub fn issue(keyring: &Keyring, key: CertificateKey) -> (Self, i16) {
        let generation = i16::try_from(keyring.generation()).unwrap_or(i16::MAX);
        (
            Self::of_mac(keyring.mac(Use::CertificateCode, &message(key))),
            generation,
        )
    }

    /// Derives the code of a certificate that was issued under a master key of this generation; `None` where that key
    /// is no longer there.
    pub fn derive(keyring: &Keyring, key: CertificateKey, generation: i16) -> Option<Self> {
        let generation = usize::try_from(generation).ok()?;
        let mac = keyring.mac_with(generation, Use::CertificateCode, &message(key))?;
        Some(Self::of_mac(mac))
    }

    /// Reads a code as people write it: any case, with or without hyphens and blanks, O for 0, I and L for 1.
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = String::with_capacity(LENGTH);
        for c in text.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
            let digit = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if code.len() == LENGTH || !DIGITS.contains(&u8::try_from(digit).ok()?) {
                return None;
            }
            code.push(digit);
        }
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// SHA-256 of the 32 characters: what is stored and looked up.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    fn of_mac(mac: [u8; 32]) -> Self {
        let digits = mac[..20].chunks(5).flat_map(|bytes| {
            let bits = bytes
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |digit| {
                let five = usize::try_from(bits >> (digit * 5) & 31).unwrap_or_default();
                char::from(DIGITS[five])
            })
        });
        Self(digits.collect())
    }
}

impl fmt::Display for CertificateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in self.0.chars().enumerate() {
            if i > 0 && i % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

fn message(key: CertificateKey) -> Vec<u8> {
    key.to_uuids().iter().flat_map(|uuid| *uuid.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::{CertificateId, OrgId};
    use uuid::Uuid;

    fn key(id: u128) -> CertificateKey {
        CertificateKey::new(OrgId(Uuid::from_u128(1)), CertificateId(Uuid::from_u128(id)))
    }

    fn keyring(keys: &[&str]) -> Keyring {
        Keyring::parse(
            &keys
                .iter()
                .map(|key| key.repeat(32))
                .collect::<Vec<_>>()
                .join(","),
        )
        .unwrap()
    }

    #[test]
    fn a_code_is_32_characters_in_groups_of_five() {
        let (code, generation) = CertificateCode::issue(&keyring(&["07"]), key(2));
        let text = code.to_string();
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!((groups.as_slice(), generation), (&[5, 5, 5, 5, 5, 5, 2][..], 0));
        assert!(text.bytes().all(|c| c == b'-' || DIGITS.contains(&c)), "{text}");
        assert_ne!(CertificateCode::issue(&keyring(&["07"]), key(3)).0, code);
    }

    #[test]
    fn all_bits_of_the_mac_are_in_the_code() {
        let mut mac = [0; 32];
        mac[..20].copy_from_slice(&(0..20).map(|byte| byte * 13).collect::<Vec<u8>>());
        let code = CertificateCode::of_mac(mac).0;
        let value = |c: u8| DIGITS.iter().position(|digit| *digit == c).unwrap();
        let bits: Vec<bool> = code
            .bytes()
            .flat_map(|c| (0..5).rev().map(move |bit| value(c) >> bit & 1 == 1))
            .collect();
        let expected: Vec<bool> = mac[..20]
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
            .collect();
        assert_eq!(bits, expected);
    }

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let (code, _) = CertificateCode::issue(&keyring(&["07"]), key(2));
        let text = code.to_string();
        for written in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', " "),
            format!("  {text}\n"),
            text.replace('0', "o").replace('1', "l"),
            text.replace('0', "O").replace('1', "I"),
        ] {
            assert_eq!(CertificateCode::parse(&written), Some(code.clone()), "{written}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_looked_up() {
        let (code, _) = CertificateCode::issue(&keyring(&["07"]), key(2));
        let text = code.to_string();
        for bad in [
            "",
            "-",
            &text[1..],
            &format!("{text}0"),
            &"U".repeat(32),
            &"é".repeat(32),
            &"%".repeat(32),
            &"0".repeat(9_999),
        ] {
            assert_eq!(CertificateCode::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_code_outlives_the_rotation_of_the_master_key() {
        let (code, generation) = CertificateCode::issue(&keyring(&["11"]), key(2));
        let rotated = keyring(&["22", "11"]);
        assert_eq!(CertificateCode::derive(&rotated, key(2), generation), Some(code));
        assert_eq!(CertificateCode::issue(&rotated, key(2)).1, 1);
        assert_eq!(CertificateCode::derive(&rotated, key(2), 2), None);
        assert_eq!(CertificateCode::derive(&rotated, key(2), -1), None);
    }
}
