//! Changing what an organisation says of itself and how it is set up.

use super::found::{fault_of_slug, taken};
use super::model::{Here, Organization, OriginsOf};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::schema::{organization_origins, organizations};
use crate::db::{Batch, Conn};
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_unless_current};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::OrganizationKey;
use crate::kernel::language;
use async_graphql::MaybeUndefined;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Origins that an organisation may list.
const MOST_ORIGINS: usize = 50;

/// What `organizationUpdate` may change: what is `None` or undefined stays; what is null is cleared.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The name.
    pub name: Option<String>,
    /// The name in addresses.
    pub slug: Option<String>,
    /// The company's name.
    pub company_name: MaybeUndefined<String>,
    /// The company's address.
    pub address: MaybeUndefined<String>,
    /// The company's registration.
    pub registration_number: MaybeUndefined<String>,
    /// The address for legal matters.
    pub contact_email: MaybeUndefined<String>,
}

/// What `organizationSettingsUpdate` may change: what is `None` stays.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = organizations)]
pub struct Settings {
    /// The language.
    pub locale: Option<String>,
    /// Whether everybody sees the name and the public courses.
    pub is_open: Option<bool>,
    /// Whether features that use AI may work.
    pub ai_enabled: Option<bool>,
    /// Whether the content may be shown in demonstrations.
    pub allows_demo_use: Option<bool>,
    /// Whether the content may be shown in marketing.
    pub allows_marketing_use: Option<bool>,
}

type MayUpdate<'g> = Allowed<'g, action::OrgUpdate, Here>;

/// Changes an organisation's name, slug and legal data.
pub async fn update(
    write: &Write<'_>,
    changes: &Changes,
    expected_version: Option<i32>,
) -> Result<OrganizationKey, Stop> {
    let (allowed, former) = updatable(write, expected_version).await?;
    let (name, slug) = (
        changes.name.as_deref().unwrap_or(&former.name),
        changes.slug.as_deref().unwrap_or(&former.slug),
    );
    let legal = &former.legal;
    let company_name = changed_to(&changes.company_name, legal.company_name.as_deref());
    let address = changed_to(&changes.address, legal.address.as_deref());
    let registration_number = changed_to(&changes.registration_number, legal.registration_number.as_deref());
    let contact_email = changed_to(&changes.contact_email, legal.contact_email.as_deref());
    let fault =
        |path: &str, value: Option<&str>, most| Refusal::of_name(&format!("legal.{path}"), value?, most);
    refuse_all([
        Refusal::of_name("name", name, 200),
        changes.slug.as_deref().and_then(fault_of_slug),
        fault("companyName", company_name, 200),
        fault("address", address, 1000),
        fault("registrationNumber", registration_number, 100),
        fault("contactEmail", contact_email, 254),
        contact_email.and_then(fault_of_email),
    ])?;
    diesel::update(organizations::table.find(allowed.0.0))
        .set((
            organizations::name.eq(name),
            organizations::slug.eq(slug),
            organizations::legal_company_name.eq(company_name),
            organizations::legal_address.eq(address),
            organizations::legal_registration_number.eq(registration_number),
            organizations::legal_contact_email.eq(contact_email),
            organizations::version.eq(organizations::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await
        .map_err(taken)?;
    Ok(changed(write, &allowed, "organization.updated"))
}

/// A value as it is after a change.
fn changed_to<'a>(change: &'a MaybeUndefined<String>, former: Option<&'a str>) -> Option<&'a str> {
    match change {
        MaybeUndefined::Undefined => former,
        MaybeUndefined::Null => None,
        MaybeUndefined::Value(value) => Some(value),
    }
}

/// Changes how an organisation is set up; of origins, the whole list.
pub async fn set_up(
    write: &Write<'_>,
    settings: &Settings,
    origins: Option<&[String]>,
    expected_version: Option<i32>,
) -> Result<OrganizationKey, Stop> {
    let (allowed, _) = updatable(write, expected_version).await?;
    let faults = [
        settings
            .locale
            .as_deref()
            .and_then(|locale| Refusal::of_language("locale", locale)),
        origins.and_then(fault_of_origins),
    ];
    refuse_all(faults)?;
    let settings = Settings {
        locale: settings.locale.as_deref().and_then(language::canonical),
        ..settings.clone()
    };
    diesel::update(organizations::table.find(allowed.0.0))
        .set((&settings, organizations::version.eq(organizations::version + 1)))
        .execute(&mut write.gate.conn())
        .await?;
    if let Some(origins) = origins {
        set_origins(&allowed, write.gate.conn(), origins).await?;
    }
    Ok(changed(write, &allowed, "organization.settings_updated"))
}

/// Locks the organisation, and proves that the actor may change it.
async fn updatable<'w>(
    write: &'w Write<'_>,
    expected_version: Option<i32>,
) -> Result<(MayUpdate<'w>, Organization), Stop> {
    let gate = &write.gate;
    let allowed: MayUpdate<'_> = gate.allow(Some(Here(gate.org())))?;
    let row = Organization::query().find(gate.org().0).for_no_key_update();
    let row: Organization = row.first(&mut gate.conn()).await?;
    refuse_unless_current("expectedVersion", expected_version, row.version)?;
    Ok((allowed, row))
}

fn changed(write: &Write<'_>, allowed: &MayUpdate<'_>, happening: &'static str) -> OrganizationKey {
    let key = OrganizationKey(allowed.0);
    write.happened(happening, key, json!({}));
    write.outdates(Stale::Organization(key.0));
    key
}

async fn set_origins(allowed: &MayUpdate<'_>, mut conn: Conn<'_>, origins: &[String]) -> Result<()> {
    let org = allowed.0;
    let known = OriginsOf::load_many(&[OriginsOf(org)], conn).await?;
    if known
        .get(&OriginsOf(org))
        .is_some_and(|known| known.as_slice() == origins)
    {
        return Ok(());
    }
    diesel::delete(organization_origins::table.filter(organization_origins::org_id.eq(org)))
        .execute(&mut conn)
        .await?;
    let rows: Vec<_> = origins
        .iter()
        .map(|origin| {
            (
                organization_origins::org_id.eq(org),
                organization_origins::origin.eq(origin),
            )
        })
        .collect();
    diesel::insert_into(organization_origins::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(&mut conn)
        .await
        .map(|_| ())
        .map_err(Error::from)
}

fn fault_of_email(email: &str) -> Option<Refusal> {
    let sound = email
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let message = "This is no email address.";
    (!sound).then(|| Refusal::at(Code::Invalid, "legal.contactEmail", message))
}

fn fault_of_origins(origins: &[String]) -> Option<Refusal> {
    if origins.len() > MOST_ORIGINS {
        let message = format!("An organisation lists at most {MOST_ORIGINS} origins.");
        return Some(Refusal::at(Code::Invalid, "allowedOrigins", message));
    }
    let at = origins.iter().position(|origin| !is_origin(origin))?;
    let message = "An origin is a scheme and a host, as browsers send it: `https://academy.example`, in lower case, with no path. Without TLS only localhost.";
    Some(Refusal::at(
        Code::Invalid,
        &format!("allowedOrigins.{at}"),
        message,
    ))
}

fn is_origin(origin: &str) -> bool {
    let sound = |host: &str| {
        let (name, port) = host.split_once(':').unwrap_or((host, "443"));
        !name.is_empty()
            && host.len() <= 255
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
            && port
                .parse::<u16>()
                .is_ok_and(|number| number > 0 && number.to_string() == port)
    };
    match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(host), _) => sound(host),
        (_, Some(host)) => {
            sound(host) && ["localhost", "127.0.0.1"].contains(&host.split(':').next().unwrap_or_default())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "http://localhost:3000",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "a.example",
            "https://",
            "https://A.example",
            "https://a.example/",
            "https://a.example:0",
            "https://a.example:080",
            "http://a.example",
            "https://*.example",
            "https://u@a.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
