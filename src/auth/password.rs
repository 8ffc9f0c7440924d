//! Passwords: Argon2id (RFC 9106), hashed off the request threads and a few at a time.

use super::password_policy;
use crate::kernel::error::{Error, Result};
use crate::kernel::secret::{Secret, random_bytes};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// What hashing may cost.
#[derive(clap::Args, Clone, Debug)]
pub struct PasswordConfig {
    /// Memory of one Argon2id hash, in KiB.
    #[arg(long, env = "LYCEUM_ARGON2_MEMORY_KIB", default_value_t = 19_456)]
    pub argon2_memory_kib: u32,
    /// Passes of one Argon2id hash.
    #[arg(long, env = "LYCEUM_ARGON2_PASSES", default_value_t = 2)]
    pub argon2_passes: u32,
    /// Hashes computed at the same time; more wait.
    #[arg(long, env = "LYCEUM_ARGON2_PARALLEL", default_value_t = 2)]
    pub argon2_parallel: usize,
    /// Sign-ins that may wait for their hash; more are refused at once.
    #[arg(long, env = "LYCEUM_ARGON2_QUEUE", default_value_t = 64)]
    pub argon2_queue: usize,
    /// Characters that a password has at least: 15 where it is all that signs somebody in (NIST SP 800-63B), never below 8.
    #[arg(long, env = "LYCEUM_PASSWORD_LENGTH", default_value_t = 15)]
    pub password_length: usize,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            argon2_parallel: 2,
            argon2_queue: 64,
            password_length: 15,
        }
    }
}

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    /// The hash of a password that nobody has: verified where an account or its password is missing, so that all take as long.
    decoy: Arc<str>,
    /// Characters of a new password at least.
    least: usize,
}

impl Passwords {
    /// Sets the parameters.
    pub fn new(config: &PasswordConfig) -> anyhow::Result<Self> {
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, 1, None)
            .map_err(|error| anyhow::anyhow!("these Argon2 parameters cannot be used: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash(&argon2, &random_bytes::<32>())
            .map_err(|_| anyhow::anyhow!("Argon2 does not work"))?
            .into();
        Ok(Self {
            argon2,
            running: Arc::new(Semaphore::new(config.argon2_parallel)),
            admitted: Arc::new(Semaphore::new(config.argon2_parallel + config.argon2_queue)),
            decoy,
            least: config.password_length.max(8),
        })
    }

    /// Hashes a new password for storage.
    pub async fn hash(&self, password: Secret<String>) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.off_thread(move || hash(&argon2, normal(&password).as_bytes()))
            .await?
            .map_err(Error::internal)
    }

    /// Tells whether the password is the stored one; `None` stored, or what is no hash, takes as long and is always wrong.
    pub async fn verify(&self, password: Secret<String>, stored: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let (verified, is_somebodys) = self.to_verify(stored);
        self.off_thread(move || {
            PasswordHash::new(&verified).is_ok_and(|hash| {
                argon2
                    .verify_password(normal(&password).as_bytes(), &hash)
                    .is_ok()
            }) && is_somebodys
        })
        .await
    }

    /// The hash that a password is verified against, and whether it is the account's: the decoy where there is none, or where the
    /// account has no password and something else stands in its place.
    fn to_verify(&self, stored: Option<String>) -> (String, bool) {
        match stored.filter(|stored| PasswordHash::new(stored).is_ok()) {
            Some(stored) => (stored, true),
            None => (self.decoy.to_string(), false),
        }
    }

    /// Whether a stored password was hashed with other parameters than those of now.
    pub fn is_outdated(&self, stored: &str) -> bool {
        let params = PasswordHash::new(stored).and_then(|hash| Params::try_from(&hash));
        params.map_or(true, |params| {
            let now = self.argon2.params();
            (params.m_cost(), params.t_cost(), params.p_cost()) != (now.m_cost(), now.t_cost(), now.p_cost())
        })
    }

    /// What is wrong with a new password of somebody about whom these words are known; nothing where it is good.
    pub fn fault(&self, password: &Secret<String>, about: &[&str]) -> Option<String> {
        password_policy::fault(&normal(password), about, self.least)
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _admitted = self
            .admitted
            .try_acquire()
            .map_err(|_| Error::RateLimited { retry_after: 1 })?;
        let _running = self.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

/// The same text has the same characters, however a keyboard composes them.
fn normal(password: &Secret<String>) -> String {
    password.expose().nfkc().collect()
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, String> {
    let salt = SaltString::encode_b64(&random_bytes::<16>()).map_err(|error| error.to_string())?;
    argon2
        .hash_password(password, &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hash_that_stands_in_for_a_missing_account_costs_what_a_real_one_does() {
        let passwords = Passwords::new(&PasswordConfig {
            argon2_memory_kib: 64,
            argon2_passes: 3,
            ..PasswordConfig::default()
        })
        .unwrap();
        let real = passwords.hash(Secret::new("secret".to_owned())).await.unwrap();
        let costs = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            let length = hash.hash.unwrap().len();
            (
                hash.algorithm.to_string(),
                hash.version,
                hash.params.to_string(),
                length,
            )
        };
        assert_eq!(costs(&passwords.decoy), costs(&real));
    }

    #[tokio::test]
    async fn an_account_without_a_password_is_hashed_like_a_missing_one_and_is_always_wrong() {
        let passwords = Passwords::new(&PasswordConfig {
            argon2_memory_kib: 64,
            ..PasswordConfig::default()
        })
        .unwrap();
        let password = || Secret::new("none".to_owned());
        let decoy = (passwords.decoy.to_string(), false);
        for stored in [None, Some("none".to_owned()), Some(String::new())] {
            assert_eq!(passwords.to_verify(stored.clone()), decoy);
            assert!(!passwords.verify(password(), stored).await.unwrap());
        }
        let stored = passwords.hash(password()).await.unwrap();
        assert_eq!(passwords.to_verify(Some(stored.clone())), (stored, true));
    }

    #[tokio::test]
    async fn a_missing_account_waits_its_turn_like_any_other_and_is_always_wrong() {
        let nobody_may = PasswordConfig {
            argon2_memory_kib: 64,
            argon2_parallel: 0,
            argon2_queue: 0,
            ..PasswordConfig::default()
        };
        let password = || Secret::new("secret".to_owned());
        let full = Passwords::new(&nobody_may).unwrap();
        for stored in [None, Some(full.decoy.to_string())] {
            let error = full.verify(password(), stored).await.unwrap_err();
            assert_eq!(error.code(), "RATE_LIMITED");
        }
        let open = Passwords::new(&PasswordConfig {
            argon2_memory_kib: 64,
            ..PasswordConfig::default()
        })
        .unwrap();
        assert!(!open.verify(password(), None).await.unwrap());
        let stored = open.hash(password()).await.unwrap();
        assert!(open.verify(password(), Some(stored)).await.unwrap());
    }
}
