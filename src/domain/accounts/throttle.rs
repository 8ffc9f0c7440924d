//! How often something may be tried that guessers try.
//!
//! An attempt takes from three buckets: that of its subject from one network, which is small, that of the network, and that of
//! the subject from everywhere, so that neither one guesser nor a crowd gets many tries, and a crowd does not lock the owner
//! out for long. What succeeds is put back. The subject is a text, whether there is such an account or not, so a refusal
//! tells nothing.

use crate::cache::buckets::Bucket;
use crate::domain::app::App;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub enum Trying {
    /// A password or a code: ten failures of a subject from one network, then one a minute.
    Proof,
    /// Having a mail sent: five to an address from one network, then one every ten minutes.
    Mail,
    /// Having an invitation sent, or an offer: five to an address from one organisation, then one an hour; ten from all of them, then one
    /// every half hour; and 2,500 from one organisation, then one every five seconds. The organisation is the network.
    Invitation,
    /// Having a name server asked: thirty times for an organisation from one network, then once every ten seconds.
    Lookup,
}

/// A bucket, and what an attempt takes from it. Buckets fill by a point a second.
struct Share {
    bucket: String,
    capacity: u64,
    points: u64,
}

impl Share {
    const fn bucket(&self) -> Bucket {
        Bucket {
            capacity: self.capacity,
            per_second: 1,
        }
    }
}

/// An attempt that was let through.
pub struct Attempt([Share; 3]);

/// Lets an attempt through, or says when the next one may be made: then nothing is taken.
pub async fn attempt(app: &App, trying: Trying, subject: &str, network: &str) -> Result<Attempt> {
    // A hash, since Redis is to hold no addresses.
    let subject = BASE64.encode(&Sha256::digest(subject.trim().to_lowercase())[..16]);
    let share = |name: String, tries: u64, seconds_each: u64| Share {
        bucket: format!("{trying:?}:{name}"),
        capacity: tries * seconds_each,
        points: seconds_each,
    };
    let attempt = match trying {
        Trying::Proof => Attempt([
            share(format!("{subject}@{network}"), 10, 60),
            share(network.to_owned(), 100, 6),
            share(subject, 100, 360),
        ]),
        Trying::Mail => Attempt([
            share(format!("{subject}@{network}"), 5, 600),
            share(network.to_owned(), 50, 60),
            share(subject, 20, 600),
        ]),
        Trying::Invitation => Attempt([
            share(format!("{subject}@{network}"), 5, 3_600),
            share(network.to_owned(), 2_500, 5),
            share(subject, 10, 1_800),
        ]),
        Trying::Lookup => Attempt([
            share(format!("{subject}@{network}"), 30, 10),
            share(network.to_owned(), 100, 6),
            share(subject, 60, 10),
        ]),
    };
    for (before, share) in attempt.0.iter().enumerate() {
        let taken = app
            .buckets
            .take(&share.bucket, share.bucket(), share.points)
            .await;
        if !taken.granted {
            let retry_after = share.bucket().seconds_until(share.points, taken.remaining);
            put_back(app, &attempt.0[..before]).await;
            return Err(Error::RateLimited { retry_after });
        }
    }
    Ok(attempt)
}

/// Makes of an attempt that may be made in so many seconds what the user reads, at this path of the input.
pub fn refuse_too_many(
    tried: Result<Attempt>,
    path: &str,
    message: impl FnOnce(u64) -> String,
) -> Result<Result<Attempt, Refusal>> {
    match tried {
        Err(Error::RateLimited { retry_after }) => {
            Ok(Err(Refusal::at(Code::RateLimited, path, message(retry_after))))
        }
        tried => tried.map(Ok),
    }
}

impl Attempt {
    /// Puts back what was taken: it was the right one.
    pub async fn succeeded(self, app: &App) {
        put_back(app, &self.0).await;
    }

    /// Puts back what was taken: it was not made after all.
    pub async fn withdrawn(self, app: &App) {
        put_back(app, &self.0).await;
    }
}

async fn put_back(app: &App, shares: &[Share]) {
    for share in shares {
        app.buckets
            .put_back(&share.bucket, share.bucket(), share.points)
            .await;
    }
}
