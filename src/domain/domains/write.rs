//! Adding, verifying and removing domains.

use super::model::{OrganizationDomain, record_value};
use super::store::{self, MayUpdate};
use crate::db::error::violated;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::domain_name::domain_name;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrganizationDomainId, OrganizationDomainKey};
use serde_json::json;

/// How many domains an organisation may have.
const MOST_DOMAINS: i64 = 50;
/// How many texts that were found a refusal names, and how much of each.
const MOST_FOUND: (usize, usize) = (5, 100);

/// Says that a domain is the organisation's. Whether it is another's shows only to who proves that it is theirs.
pub async fn add(write: &Write<'_>, domain: &str) -> Result<OrganizationDomainKey, Stop> {
    let gate = &write.gate;
    let key = OrganizationDomainKey::new(gate.org(), OrganizationDomainId(write.app.clock.uuid()));
    let allowed: MayUpdate<'_> = gate.allow(Some(Here(key.org)))?;
    let Some(domain) = domain_name(domain) else {
        let message = "This is no domain that an organisation can own: name one such as example.org, and no address of a machine or \
            public suffix.";
        return refuse_with(Refusal::at(Code::Invalid, "domain", message));
    };
    if store::count(gate.conn(), key.org).await? >= MOST_DOMAINS {
        let message = format!("An organisation has at most {MOST_DOMAINS} domains. Remove one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    let stored = store::insert(&allowed, gate.conn(), key, &domain).await;
    if let Err(error) = stored {
        if violated(&error) == Some("organization_domains_org_id_domain_key") {
            let message = "The organisation has this domain already.";
            return refuse_with(Refusal::at(Code::Taken, "domain", message));
        }
        return Err(error.into());
    }
    write.happened("domain.added", key, json!({ "domain": domain }));
    Ok(key)
}

/// Notes that a domain is the organisation's, if that is among the texts that were found at its record.
pub async fn verify(
    write: &Write<'_>,
    key: OrganizationDomainKey,
    found: &[String],
) -> Result<OrganizationDomainKey, Stop> {
    let (allowed, domain) = for_write(write, key).await?;
    if !found.contains(&domain.record_value()) {
        return refuse_with(not_verified(&domain, found));
    }
    let conn = write.gate.conn();
    if let Some(holder) = store::hold(conn, &domain.domain).await? {
        if holder.key() == key {
            return Ok(key);
        }
        let message = "Another organisation has verified this domain, and its record is there still. Remove that record, which says \
            `lyceum-domain-verification=` as yours does, and try again.";
        return refuse_with(Refusal::at(Code::Taken, "domainId", message));
    }
    store::set_verified(&allowed, conn, key, Some(write.app.clock.now())).await?;
    write.happened("domain.verified", key, json!({ "domain": domain.domain }));
    Ok(key)
}

/// Removes a domain, verified or not.
pub async fn remove(write: &Write<'_>, key: OrganizationDomainKey) -> Result<OrganizationDomainKey, Stop> {
    let (allowed, domain) = for_write(write, key).await?;
    store::delete(&allowed, write.gate.conn(), key).await?;
    write.happened("domain.removed", key, json!({ "domain": domain.domain }));
    Ok(key)
}

/// Takes from an organisation what another one has shown to be its own.
pub async fn lose(write: &Write<'_>, key: OrganizationDomainKey) -> Result<OrganizationDomainKey, Stop> {
    let (allowed, domain) = for_write(write, key).await?;
    let conn = write.gate.conn();
    let holder = store::hold(conn, &domain.domain).await?;
    if holder.is_some_and(|holder| holder.key() == key) {
        store::set_verified(&allowed, conn, key, None).await?;
        write.happened("domain.lost", key, json!({ "domain": domain.domain }));
    }
    Ok(key)
}

async fn for_write<'w>(
    write: &'w Write<'_>,
    key: OrganizationDomainKey,
) -> Result<(MayUpdate<'w>, OrganizationDomain), Stop> {
    let allowed: MayUpdate<'_> = write.gate.allow(Some(Here(key.org)))?;
    let domain = store::find_for_write(&write.gate, key)
        .await?
        .ok_or(Error::NotFound)
        .at("domainId")?;
    Ok((allowed, domain))
}

fn not_verified(domain: &OrganizationDomain, found: &[String]) -> Refusal {
    let (most, length) = MOST_FOUND;
    let shown = |text: &String| format!("“{}”", text.chars().take(length).collect::<String>());
    let there = match found.len() {
        0 => "no text record is there".to_owned(),
        count if count <= most => format!("found {}", join(found.iter().map(shown))),
        count => format!(
            "found {} and {} more",
            join(found.iter().take(most).map(shown)),
            count - most
        ),
    };
    let message = format!(
        "At {} the text “{}” is expected; {there}. A new record may take a while to be seen.",
        domain.record_name(),
        record_value(&domain.challenge)
    );
    Refusal::at(Code::NotVerified, "domainId", message)
}

fn join(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}
