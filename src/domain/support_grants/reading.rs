//! What is read by a grant stands in the organisation's audit before the reader has it.

use crate::auth::standing::Viewer;
use crate::db::pool::Statements;
use crate::db::{Scope, Tx};
use crate::domain::app::App;
use crate::domain::records::{self, Happening};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, SupportGrantKey, UserId};
use serde_json::json;

/// An operator, and the organisations that they are in by a grant.
#[derive(Clone, Debug)]
pub struct Supporter {
    user: UserId,
    grants: Vec<(OrgId, SupportGrantKey)>,
}

impl Supporter {
    /// Whoever asks, where they are in some organisation by a grant.
    pub fn of(viewer: &Viewer) -> Option<Self> {
        let person = viewer.person()?;
        let grants = person.orgs.iter();
        let grants: Vec<_> = grants
            .filter_map(|standing| Some((standing.org, standing.support()?.grant)))
            .collect();
        (!grants.is_empty()).then_some(Self {
            user: person.user,
            grants,
        })
    }

    /// Notes an operation in the audit of each of those organisations: which root fields it asked for.
    pub async fn note(&self, app: &App, request_id: &str, fields: &[String]) -> Result<()> {
        for (org, grant) in &self.grants {
            let happening = Happening {
                kind: "support.read",
                subject: grant.to_string(),
                detail: json!({ "supportGrant": grant.to_string(), "fields": fields }),
            };
            let tx = Tx::begin(&app.db, &Scope::one(None, *org), &Statements::default()).await?;
            let happenings = [(app.clock.uuid(), happening)];
            records::insert(tx.conn(), *org, Some(self.user), request_id, &happenings).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
