//! What `viewerCan` answers: the decisions of the guards, and why not.

use super::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Question};
use crate::auth::standing::OrgStanding;
use crate::domain::access::missing;
use crate::kernel::ids::OrgId;
use async_graphql::{Context, SimpleObject};

/// Why the viewer may not do something.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct AccessRefusal {
    /// The permission that it takes.
    pub permission: Permission,
    /// The policies that forbid it; empty where nothing permits it.
    pub policies: Vec<String>,
    /// What is missing, for people.
    pub missing: String,
}

/// The decisions about one object.
pub struct Verdicts<'ctx> {
    ctx: &'ctx Context<'ctx>,
    standing: Option<&'ctx OrgStanding>,
    refusals: Vec<AccessRefusal>,
}

impl<'ctx> Verdicts<'ctx> {
    /// Starts to decide about an object of an organisation.
    pub fn of(ctx: &'ctx Context<'ctx>, org: OrgId) -> Self {
        Self {
            ctx,
            standing: ctx.viewer().in_org(org).map(|standing| &**standing),
            refusals: Vec::new(),
        }
    }

    /// Whether the viewer may; if not, the reason is noted.
    pub fn may(&mut self, permission: Permission, facts: Facts) -> bool {
        let refused = |policies, missing| AccessRefusal {
            permission,
            policies,
            missing,
        };
        let Some(standing) = self.standing else {
            let missing = "You are no active member of this organisation.".to_owned();
            self.note(refused(Vec::new(), missing));
            return false;
        };
        let decision = self
            .ctx
            .app()
            .policies
            .decide(standing, Question { permission, facts });
        if let Some(missing) = missing(standing, permission, &decision) {
            self.note(refused(decision.policies, missing));
        }
        decision.allowed
    }

    /// Notes a reason once, for whatever it refuses.
    fn note(&mut self, refusal: AccessRefusal) {
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    /// Why not, for each that was refused.
    pub fn refusals(self) -> Vec<AccessRefusal> {
        self.refusals
    }
}
