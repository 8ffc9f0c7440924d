//! How often an address may be invited: an invitation carries an organisation's own words to somebody who did not ask.

use crate::domain::accounts::throttle::{Attempt, Trying, attempt, refuse_too_many};
use crate::domain::mutate::Write;
use crate::domain::refusal::Refusal;
use crate::kernel::error::Result;
use futures_util::future::join_all;

/// Addresses that are asked about at the same time.
const AT_ONCE: usize = 50;

/// Takes for each address what an invitation to it costs; where it may have none for now, refuses it at its place in the input.
pub(super) async fn take(
    write: &Write<'_>,
    emails: &[(String, &str)],
) -> Result<Vec<Result<Attempt, Refusal>>> {
    let org = write.gate.org().0.to_string();
    let message =
        |seconds: u64| format!("There were too many invitations: send this one again in {seconds} s.");
    let mut taken = Vec::with_capacity(emails.len());
    for emails in emails.chunks(AT_ONCE) {
        let attempts: Vec<_> = emails
            .iter()
            .map(|(_, email)| attempt(write.app, Trying::Invitation, email, &org))
            .collect();
        for ((path, _), tried) in emails.iter().zip(join_all(attempts).await) {
            taken.push(refuse_too_many(tried, path, message)?);
        }
    }
    Ok(taken)
}
