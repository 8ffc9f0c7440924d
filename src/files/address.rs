//! Addresses of files that this server hands out itself: each says what it is good for and until when, under a seal.

use crate::kernel::keyring::{Keyring, Use};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

/// What an address is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Where the file lies.
    pub path: String,
    /// Until when, in seconds since 1970.
    pub until: i64,
    /// What may be done.
    pub may: May,
}

/// What may be done with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Write it once, with exactly so many bytes.
    Write(i32),
    /// Read it under a name, as what it is.
    Read {
        /// What it is saved as.
        name: String,
        /// What its content is.
        media_type: String,
    },
}

impl Pass {
    /// Writes it as one part of a path.
    pub fn seal(&self, keyring: &Keyring) -> String {
        let said = serde_json::to_vec(self).unwrap_or_default();
        let tag = keyring.mac(Use::FileAddress, &said);
        format!("{}.{}", BASE64.encode(said), BASE64.encode(tag))
    }

    /// Reads one that this server, or another with its key, has sealed.
    pub fn open(sealed: &str, keyring: &Keyring) -> Option<Self> {
        let (said, tag) = sealed.split_once('.')?;
        let (said, tag) = (BASE64.decode(said).ok()?, BASE64.decode(tag).ok()?);
        let is_whole = tag.len() == 32 && keyring.verifies(Use::FileAddress, &said, &tag);
        is_whole.then(|| serde_json::from_slice(&said).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_changed_leads_nowhere() {
        let keyring = Keyring::parse(&"11".repeat(32)).unwrap();
        let pass = Pass {
            path: "a/b".to_owned(),
            until: 7,
            may: May::Write(5),
        };
        let sealed = pass.seal(&keyring);
        assert_eq!(Pass::open(&sealed, &keyring), Some(pass.clone()));
        assert_eq!(
            Pass::open(&sealed, &Keyring::parse(&"22".repeat(32)).unwrap()),
            None
        );
        let other = Pass { until: 8, ..pass }.seal(&keyring);
        let mixed = format!(
            "{}.{}",
            other.split('.').next().unwrap(),
            sealed.split('.').nth(1).unwrap()
        );
        for bad in [
            "",
            ".",
            "a.b",
            &mixed,
            &sealed[..sealed.len() - 2],
            &format!("{sealed}.x"),
        ] {
            assert_eq!(Pass::open(bad, &keyring), None, "{bad}");
        }
    }
}
