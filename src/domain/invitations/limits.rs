//! How often an address may be invited: an invitation carries an organisation's own words to somebody who did not ask.

use crate::domain::accounts::throttle::{Attempt, Trying, attempt};
use crate::domain::mutate::Write;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use futures_util::future::join_all;

/// Addresses that are asked about at the same time.
const AT_ONCE: usize = 50;

/// Takes for each address what an invitation to it costs; where it may have none for now, says for how many seconds.
pub(super) async fn take(write: &Write<'_>, emails: &[&str]) -> Result<Vec<Result<Attempt, u64>>> {
    let org = write.gate.org().0.to_string();
    let mut taken = Vec::with_capacity(emails.len());
    for emails in emails.chunks(AT_ONCE) {
        let attempts: Vec<_> = emails
            .iter()
            .map(|email| attempt(write.app, Trying::Invitation, email, &org))
            .collect();
        for attempt in join_all(attempts).await {
            taken.push(match attempt {
                Ok(attempt) => Ok(attempt),
                Err(Error::RateLimited { retry_after }) => Err(retry_after),
                Err(error) => return Err(error),
            });
        }
    }
    Ok(taken)
}

/// Refuses an invitation that may be sent after so many seconds.
pub(super) fn too_many(path: &str, retry_after: u64) -> Refusal {
    let message = format!("There were too many invitations: send this one again in {retry_after} s.");
    Refusal::at(Code::RateLimited, path, message)
}
