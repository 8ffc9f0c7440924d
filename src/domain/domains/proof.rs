//! What DNS says of a domain, asked before the write that goes by it: no transaction waits for a name server.

use super::model::{OrganizationDomain, record_value};
use super::{store, write};
use crate::domain::accounts::throttle::{Trying, attempt};
use crate::domain::app::App;
use crate::domain::mutate::{Stop, by_system, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use std::sync::Arc;

/// Asks for the texts at a domain's record.
pub async fn look_up(
    app: &Arc<App>,
    domain: &OrganizationDomain,
    network: &str,
) -> Result<Vec<String>, Stop> {
    attempt(app, Trying::Lookup, &domain.key.org.0.to_string(), network).await?;
    let name = domain.record_name();
    let Ok(found) = app.dns.texts(&name).await else {
        let message = format!("The name servers did not say what stands at {name}. Try again in a while.");
        return refuse_with(Refusal::at(Code::DnsUnavailable, "domainId", message));
    };
    if found.contains(&domain.record_value()) {
        free(app, domain, &found).await?;
    }
    Ok(found)
}

/// Takes a domain from the organisation that it was verified for, if the record of that one is there no more.
async fn free(app: &Arc<App>, domain: &OrganizationDomain, found: &[String]) -> Result<()> {
    let Some(holder) = store::holder(&app.db, &domain.domain).await? else {
        return Ok(());
    };
    let key = holder.key();
    if key.org == domain.key.org || found.contains(&record_value(&holder.challenge)) {
        return Ok(());
    }
    let lost = by_system(app, key.org, "domainLose", move |write| {
        Box::pin(async move { write::lose(write, key).await })
    });
    // A refusal says that it is gone already.
    lost.await.map(drop)
}
