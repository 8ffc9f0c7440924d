//! What a write leaves behind: audit entries and the outbox, by reference only.

use crate::auth::credential::Credential;
use crate::auth::standing::Support;
use crate::db::{Conn, Statement};
use crate::kernel::ids::{OrgId, UserId};
use diesel::QueryResult;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// One thing that happened: an audit entry and an event at once.
#[derive(Clone, Debug)]
pub struct Happening {
    /// What happened, such as `course.published`.
    pub kind: &'static str,
    /// The identifier of what it happened to.
    pub subject: String,
    /// Further references; never personal data.
    pub detail: Value,
}

impl Happening {
    /// The same, with what it was done through: a program's token or session, a grant of support access.
    #[must_use]
    pub fn through(mut self, credential: Option<&Credential>, support: Option<Support>) -> Self {
        if let Some(detail) = self.detail.as_object_mut() {
            if let Some(trace) = credential.and_then(Credential::trace) {
                detail.insert("through".to_owned(), trace);
            }
            if let Some(support) = support {
                detail.insert("supportGrant".to_owned(), support.grant.to_string().into());
            }
        }
        self
    }
}

/// What happened so far in a transaction.
#[derive(Debug, Default)]
pub struct Happenings(Mutex<Vec<Happening>>);

impl Happenings {
    /// Notes what happened.
    pub fn note(&self, kind: &'static str, subject: &dyn ToString, detail: Value) {
        let happening = Happening {
            kind,
            subject: subject.to_string(),
            detail,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(happening);
    }

    /// Takes what was noted.
    pub fn take(&self) -> Vec<Happening> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes audit entries and outbox events in one statement.
pub async fn insert(
    mut conn: Conn<'_>,
    org: OrgId,
    actor: Option<UserId>,
    request_id: &str,
    happenings: &[(Uuid, Happening)],
) -> QueryResult<()> {
    let ids: Vec<Uuid> = happenings.iter().map(|(id, _)| *id).collect();
    let kinds: Vec<&str> = happenings.iter().map(|(_, happening)| happening.kind).collect();
    let subjects: Vec<&str> = happenings
        .iter()
        .map(|(_, happening)| happening.subject.as_str())
        .collect();
    let details: Vec<&Value> = happenings
        .iter()
        .map(|(_, happening)| &happening.detail)
        .collect();
    Statement::<Untyped>::new(
        "with happened as (select ?::uuid as org_id, h.* from unnest(?, ?, ?, ?) as h(id, kind, subject, detail)), \
         audited as (insert into audit_entries (org_id, id, actor_id, action, target, detail, request_id) \
         select org_id, id, ?, kind, subject, detail, ? from happened) \
         insert into outbox_events (org_id, id, kind, subject, detail) select org_id, id, kind, subject, detail from happened",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<Text>, _>(subjects)
    .bind::<Array<Jsonb>, _>(details)
    .bind::<Nullable<SqlUuid>, _>(actor)
    .bind::<Text, _>(request_id.to_owned())
    .execute(&mut conn)
    .await
    .map(|_| ())
}
