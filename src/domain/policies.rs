//! The policies that an organisation adds to the platform's, revision by revision. Table: `policy_revisions`.

use super::mutate::{Stop, Write, refuse_all, refuse_unless_current};
use super::organizations::Here;
use super::refusal::{Code, Refusal};
use crate::auth::allowed::Allowed;
use crate::auth::org_policies::{Fault, OrgPolicies, OwnPolicy};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::Policies;
use crate::auth::standing::OrgStanding;
use crate::cache::Stale;
use crate::db::error::violated;
use crate::db::paginate::foreign;
use crate::db::schema::policy_revisions;
use crate::db::{Batch, Conn, Db, Statement, each};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberId, MemberKey, OrgId, PolicyRevisionId, PolicyRevisionKey};
use crate::kernel::page::Page;
use crate::keyset;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// A revision of the policies that an organisation adds to the platform's: the whole text as it was saved, in the Cedar
/// policy language. The one with the highest number holds.
///
/// Requires: `policies.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = policy_revisions)]
#[graphql(complex)]
pub struct PolicyRevision {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: PolicyRevisionKey,
    /// The revision's number in its organisation, from 1. Cost: 1.
    pub number: i32,
    /// The text; empty where it takes all policies back. Cost: 1.
    pub source: String,
    /// Who saved it.
    #[graphql(skip)]
    author_id: Option<MemberId>,
    /// When it was saved. Cost: 1.
    pub created_at: DateTime<Utc>,
}

impl PolicyRevision {
    /// The key of who saved it; nobody where the service itself did.
    pub fn author_key(&self) -> Option<MemberKey> {
        self.author_id.map(|id| MemberKey::new(self.key.org, id))
    }
}

impl Batch for PolicyRevisionKey {
    type Value = Arc<PolicyRevision>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<PolicyRevisionId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<PolicyRevision> = PolicyRevision::query()
            .filter(
                policy_revisions::org_id
                    .eq_any(orgs)
                    .and(policy_revisions::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The revision that holds in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoliciesOf(pub OrgId);

impl Batch for PoliciesOf {
    type Value = Arc<PolicyRevision>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<PolicyRevision> = PolicyRevision::query()
            .filter(policy_revisions::org_id.eq_any(orgs))
            .distinct_on(policy_revisions::org_id)
            .order_by((policy_revisions::org_id, policy_revisions::number.desc()))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Self(row.key.org), Arc::new(row)))
            .collect())
    }
}

/// The revisions of an organisation's policies; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PolicyRevisionList(pub OrgId);

impl Batch for PolicyRevisionList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = policy_revisions::table
                .filter(policy_revisions::org_id.eq(list.0))
                .count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of the revisions of an organisation's policies, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyRevisionPage(pub PolicyRevisionList, pub Page);

impl PolicyRevisionPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<PolicyRevision>>> {
        let Self(PolicyRevisionList(org), page) = self;
        let query = PolicyRevision::query()
            .filter(policy_revisions::org_id.eq(*org))
            .into_boxed();
        let bounded = || {
            Ok(
                keyset!(query, page, policy_revisions::number => i32, policy_revisions::id => PolicyRevisionId, true),
            )
        };
        let rows: Vec<PolicyRevision> = bounded().map_err(foreign)?.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for PolicyRevisionPage {
    type Value = Arc<Vec<Arc<PolicyRevision>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

/// Reads a revision before there is a scope: through its door.
pub async fn read(db: &Db, policies: &Policies, org: OrgId, number: i32) -> Result<OrgPolicies> {
    let door = Statement::<Text>::new("select source from door.policies(?, ?)")
        .bind::<SqlUuid, _>(org)
        .bind::<Integer, _>(number);
    let source: String = db.door(door).await?.pop().ok_or(Error::NotFound)?;
    policies.read(&source).map_err(|faults| {
        Error::internal(format!(
            "revision {number} of {org:?} is no longer valid: {faults:?}"
        ))
    })
}

/// Saves a text as the organisation's policies. It holds from every member's next request on. It gives nothing that the actor does
/// not hold.
pub async fn set(
    write: &Write<'_>,
    source: String,
    expected: Option<i32>,
) -> Result<PolicyRevisionKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let governed = gate.allow::<action::PoliciesManage, _>(Some(Here(org)))?;
    let policies = write.app.policies.read(&source).map_err(|faults| {
        let refusals = faults.iter().map(refusal);
        Stop::Refused(refusals.collect())
    })?;
    let stored = PoliciesOf::load_many(&[PoliciesOf(org)], gate.conn()).await?;
    let stored = stored.get(&PoliciesOf(org));
    let last = stored.map_or(0, |revision| revision.number);
    refuse_unless_current("expectedNumber", expected, last)?;
    let former = stored.map_or("", |revision| revision.source.as_str());
    let former = write.app.policies.read(former).ok();
    if let Some(actor) = gate.standing() {
        refuse_all(beyond(actor, former.as_ref(), &policies))?;
    }
    let key = PolicyRevisionKey::new(org, PolicyRevisionId(write.app.clock.uuid()));
    match insert(&governed, gate.conn(), key, last + 1, &source, gate.member()).await {
        Err(error) if violated(&error) == Some("policy_revisions_org_id_number_key") => {
            refuse_unless_current("expectedNumber", Some(last), last + 1)?;
        }
        inserted => inserted?,
    }
    let named: Vec<_> = policies
        .policies
        .iter()
        .map(|policy| policy.id.as_str())
        .collect();
    write.happened(
        "policies.changed",
        key,
        json!({ "number": last + 1, "policies": named }),
    );
    write.outdates(Stale::Organization(org));
    Ok(key)
}

/// What a text gives and its author does not hold, policy by policy.
fn beyond(actor: &OrgStanding, former: Option<&OrgPolicies>, policies: &OrgPolicies) -> Vec<Option<Refusal>> {
    let lacking = |permissions: &[Permission]| {
        let mut permissions = permissions.iter().copied();
        permissions.find(|permission| !actor.holds_in_full(*permission))
    };
    let Some(former) = former else {
        // Nobody can tell what they forbade.
        let lacked = lacking(Permission::ALL).map(|lacked| {
            let lacked = lacked.as_str();
            not_held(format!(
                "The stored policies are no longer understood, so to replace them takes every permission, and you lack {lacked}."
            ))
        });
        return vec![lacked];
    };
    let refusal = |policy: &OwnPolicy| {
        let (id, lacked) = (&policy.id, lacking(&policy.permissions)?.as_str());
        let about = if policy.permits {
            format!("The policy \"{id}\" permits {lacked}")
        } else {
            format!("Without the policy \"{id}\" as it is stored, more is allowed by {lacked}")
        };
        Some(not_held(format!(
            "{about}, which you do not hold over the whole organisation. Somebody who does has to save it."
        )))
    };
    policies.widen(former).map(refusal).collect()
}

fn not_held(message: String) -> Refusal {
    Refusal::at(Code::RoleNotAllowed, "source", message)
}

/// A fault of a text as what the user can correct.
fn refusal(fault: &Fault) -> Refusal {
    let Fault {
        line,
        column,
        message,
    } = fault;
    Refusal::at(
        Code::Invalid,
        "source",
        format!("Line {line}, column {column}: {message}"),
    )
}

async fn insert(
    _: &Allowed<'_, action::PoliciesManage, Here>,
    mut conn: Conn<'_>,
    key: PolicyRevisionKey,
    number: i32,
    source: &str,
    author: Option<MemberKey>,
) -> QueryResult<()> {
    diesel::insert_into(policy_revisions::table)
        .values((
            policy_revisions::org_id.eq(key.org),
            policy_revisions::id.eq(key.id),
            policy_revisions::number.eq(number),
            policy_revisions::source.eq(source),
            policy_revisions::author_id.eq(author.map(|author| author.id)),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}
