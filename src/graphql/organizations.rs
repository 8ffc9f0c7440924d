//! `Organization`: edges.

use super::account_links::{self, AccountLinkConnection};
use super::apps;
use super::attempts::{self, AttemptConnection, AttemptFilterInput};
use super::audit::{self, AuditEntryConnection, AuditFilterInput};
use super::catalog::{self, CourseConnection, OrganizationCourseFilter};
use super::certificates::{self, CertificateConnection, CertificateFilterInput};
use super::domains::{self, OrganizationDomainConnection};
use super::enrollments::{self, EnrollmentConnection, EnrollmentFilterInput};
use super::groups::{self, GroupConnection};
use super::invitations::{self, InvitationConnection};
use super::learning_paths::{self, LearningPathConnection};
use super::members::{self, MemberConnection, MemberFilterInput};
use super::offboarding::{self, MemberExportConnection};
use super::organization_access::OrganizationAccess;
use super::organization_security_events::{self, OrganizationSecurityEventConnection};
use super::organization_settings::OrganizationSettings;
use super::policies::{self, PolicyRevisionConnection};
use super::sso;
use super::submissions::{self, SubmissionConnection, SubmissionFilterInput};
use super::support::Ask;
use super::support_grants::{self, SupportGrantConnection};
use super::transfers;
use crate::auth::permission::Permission;
use crate::domain::apps::App;
use crate::domain::courses::store::CourseOrder;
use crate::domain::members::store::MemberOrder;
use crate::domain::organizations::Organization;
use crate::domain::organizations::model::{OrganizationLegal, OriginsOf};
use crate::domain::paths::LearningPathState;
use crate::domain::policies::{PoliciesOf, PolicyRevision};
use crate::domain::record_lists::Parent;
use crate::domain::roles::{Role, RolesOf};
use crate::domain::sso::SsoConnection;
use crate::domain::transfers::OwnershipTransfer;
use crate::kernel::ids::OrganizationKey;
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, Result};
use chrono::{DateTime, Utc};
use std::sync::Arc;

#[ComplexObject]
impl Organization {
    /// The organisation's global identifier. Cost: 1.
    pub async fn id(&self) -> OrganizationKey {
        self.key()
    }

    /// What the organisation says of itself in law; null for who is no member. Requires: membership. Cost: 1.
    async fn legal(&self, ctx: &Context<'_>) -> Option<OrganizationLegal> {
        ctx.viewer().in_org(self.org).map(|_| self.legal.clone())
    }

    /// How the organisation is set up; null for who is no member. Requires: membership. Cost: 1, batched.
    async fn settings(&self, ctx: &Context<'_>) -> Result<Option<OrganizationSettings>> {
        if ctx.viewer().in_org(self.org).is_none() {
            return Ok(None);
        }
        let origins = ctx.fetch_one(OriginsOf(self.org)).await?;
        Ok(Some(OrganizationSettings::of(self, &origins)))
    }

    /// The open offer to take the organisation over; null for who is neither an owner nor the one to whom it is offered, in a
    /// session of their own.
    /// Requires: membership. Cost: 1, batched.
    async fn ownership_transfer(&self, ctx: &Context<'_>) -> Result<Option<Arc<OwnershipTransfer>>> {
        Ok(transfers::open(ctx, self.org).await?)
    }

    /// When everything of the organisation is removed: set while it is being deleted. Until then its members read, and nothing
    /// in it can be changed. Null for who is no member. Requires: membership. Cost: 1.
    async fn deletes_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        ctx.viewer().in_org(self.org).and(self.deletes_at)
    }

    /// Counts the changes of name, slug, legal data and settings; give it as `expectedVersion` to change only what you have
    /// seen. Null for who is no member. Requires: membership. Cost: 1.
    async fn version(&self, ctx: &Context<'_>) -> Option<i32> {
        ctx.viewer().in_org(self.org).map(|_| self.version)
    }

    /// When the organisation was created; null for who is no member. Requires: membership. Cost: 1.
    async fn created_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        ctx.viewer().in_org(self.org).map(|_| self.created_at)
    }

    /// The members whom you may know of; null for who may know of none.
    ///
    /// Requires: `members.read`; see `Member` for its reaches. Cost: 1 for each row asked for; one SQL statement.
    #[expect(
        clippy::too_many_arguments,
        reason = "filter, order and the four arguments of a connection"
    )]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which members.")] filter: Option<MemberFilterInput>,
        #[graphql(desc = "In which order; by name where it is left out.")] order_by: Option<MemberOrder>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<MemberConnection>> {
        let Some(view) = members::view(ctx, self.org) else {
            return Ok(None);
        };
        let args = PageArgs::new(first, after, last, before);
        let members = members::list(ctx, view, filter.unwrap_or_default()).await?;
        Ok(Some(
            members::page(ctx, members, order_by.unwrap_or_default(), args).await?,
        ))
    }

    /// The organisation's roles, the built-in ones first; null for who is no member.
    ///
    /// Requires: membership. Cost: 1, batched.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<Arc<Role>>>> {
        if ctx.viewer().in_org(self.org).is_none() {
            return Ok(None);
        }
        let roles = ctx.fetch(RolesOf(self.org)).await?;
        Ok(Some(roles.map(|roles| roles.to_vec()).unwrap_or_default()))
    }

    /// The programs that act in the organisation, by name, at most 100; null for who may not manage them.
    ///
    /// Requires: `apps.manage`. Cost: 1, batched.
    async fn apps(&self, ctx: &Context<'_>) -> Result<Option<Vec<Arc<App>>>> {
        Ok(apps::list(ctx, self.org).await?)
    }

    /// The organisation's own provider, by which its people sign in; null where there is none, and for who may not manage it.
    ///
    /// Requires: `sso.manage`. Cost: 1, batched.
    async fn sso_connection(&self, ctx: &Context<'_>) -> Result<Option<Arc<SsoConnection>>> {
        Ok(sso::of(ctx, self.org).await?)
    }

    /// The groups that you may know of, by name; null for who may know of none.
    ///
    /// Requires: `members.read`; see `Group` for its reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<GroupConnection>> {
        let Some(view) = members::view(ctx, self.org) else {
            return Ok(None);
        };
        let args = PageArgs::new(first, after, last, before);
        Ok(Some(groups::page(ctx, view, args).await?))
    }

    /// The invitations that you may know of, the newest first; null for who may know of none.
    ///
    /// Requires: `invitations.manage`; see `Invitation` for its reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<InvitationConnection>> {
        let Some(view) = invitations::view(ctx, self.org) else {
            return Ok(None);
        };
        let args = PageArgs::new(first, after, last, before);
        Ok(Some(invitations::page(ctx, view, args).await?))
    }

    /// The domains that the organisation says are its own, by name; null for who may not know.
    ///
    /// Requires: `org.update`. Cost: 1 for each row asked for; one SQL statement.
    async fn domains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<OrganizationDomainConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(domains::page(ctx, self.org, args).await?)
    }

    /// The proposals to link accounts to the organisation, and what came of them, the newest first; null for who may not know.
    ///
    /// Requires: `members.manage` with the reach `all`. Cost: 1 for each row asked for; one SQL statement.
    async fn account_links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<AccountLinkConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(account_links::page(ctx, self.org, args).await?)
    }

    /// The copies that were made of members' records when they were let go, the newest first; null for who may not know.
    ///
    /// Requires: `members.manage` with the reach `all`. Cost: 1 for each row asked for; one SQL statement.
    async fn member_exports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<MemberExportConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(offboarding::page(ctx, self.org, args).await?)
    }

    /// What happened to members' accounts, the newest first: sign-ins and failures, changed passwords and addresses, second
    /// factors, ended sessions, copied tokens. Null for who may not know.
    ///
    /// Requires: `security.read`. Cost: 1 for each row asked for; one SQL statement.
    async fn security_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<OrganizationSecurityEventConnection>> {
        if !organization_security_events::may_read(ctx, self.org) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        Ok(Some(
            organization_security_events::page(ctx, self.org, args).await?,
        ))
    }

    /// The courses that you may know of: of an open organisation everybody sees the public ones.
    ///
    /// Requires: nothing; see `Course`. Cost: 1 for each row asked for; one SQL statement.
    #[expect(
        clippy::too_many_arguments,
        reason = "query, filter, order and the four arguments of a connection"
    )]
    async fn courses(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Words to find in title and summary; \"a phrase\" and -excluded words are understood."
        )]
        query: Option<String>,
        #[graphql(desc = "Which courses.")] filter: Option<OrganizationCourseFilter>,
        #[graphql(desc = "In which order; by title where it is left out.")] order_by: Option<CourseOrder>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<CourseConnection> {
        let filter = filter.unwrap_or_default().of(self.org, query);
        let args = PageArgs::new(first, after, last, before);
        Ok(catalog::page(ctx, filter, order_by.unwrap_or_default(), args).await?)
    }

    /// The learning paths that you may know of, by title; null for who may know of none.
    ///
    /// Requires: `courses.read` for those that are published, `courses.read_draft` for all, with the reach `all`. Cost: 1 for each row asked
    /// for; one SQL statement.
    async fn paths(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only paths in this state.")] state: Option<LearningPathState>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<LearningPathConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(learning_paths::page(ctx, self.org, state, args).await?)
    }

    /// The enrolments that you may see, the newest first; null for who may see none.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolments.")] filter: Option<EnrollmentFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<EnrollmentConnection>> {
        if !self.reaches(ctx, Permission::LearningRecordsRead) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let (parent, filter) = (Parent::Organization(self.org), filter.unwrap_or_default().into());
        Ok(Some(enrollments::page_of(ctx, parent, filter, args).await?))
    }

    /// The attempts at quizzes that you may see, the newest first; null for who may see none.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempts.")] filter: Option<AttemptFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<AttemptConnection>> {
        if !self.reaches(ctx, Permission::LearningRecordsRead) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let (parent, filter) = (Parent::Organization(self.org), filter.unwrap_or_default().into());
        Ok(Some(attempts::page_of(ctx, parent, filter, args).await?))
    }

    /// What was handed in for assignments of all courses, as far as you may see it, the newest first; null for who may see none. Those that are
    /// `SUBMITTED` wait to be graded.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn submissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which submissions.")] filter: Option<SubmissionFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<SubmissionConnection>> {
        if !self.reaches(ctx, Permission::LearningRecordsRead) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let (parent, filter) = (Parent::Organization(self.org), filter.unwrap_or_default().into());
        Ok(Some(submissions::page_of(ctx, parent, filter, args).await?))
    }

    /// The attempts at quizzes of all courses that wait for you to grade them, the oldest first; null for who may grade none.
    ///
    /// Requires: `attempts.grade`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn grading_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<AttemptConnection>> {
        if !self.reaches(ctx, Permission::AttemptsGrade) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let parent = Parent::Organization(self.org);
        Ok(Some(attempts::queue_of(ctx, parent, args).await?))
    }

    /// The certificates that you may see, the newest first; null for who may see none.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn certificates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which certificates.")] filter: Option<CertificateFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<CertificateConnection>> {
        if !self.reaches(ctx, Permission::LearningRecordsRead) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let (parent, filter) = (Parent::Organization(self.org), filter.unwrap_or_default().into());
        Ok(Some(certificates::page_of(ctx, parent, filter, args).await?))
    }

    /// What the viewer may do in the organisation, decided by the same policies that guard the mutations. Cost: 1.
    async fn viewer_can(&self, ctx: &Context<'_>) -> OrganizationAccess {
        OrganizationAccess::of(ctx, self.org)
    }

    /// The policies that the organisation adds to the platform's, as they hold; null where there are none, and for who may not
    /// manage them.
    ///
    /// Requires: `policies.manage`. Cost: 1, batched.
    async fn policies(&self, ctx: &Context<'_>) -> Result<Option<Arc<PolicyRevision>>> {
        match policies::manages(ctx, self.org) {
            Some(_) => Ok(ctx.fetch(PoliciesOf(self.org)).await?),
            None => Ok(None),
        }
    }

    /// What was done in the organisation, the newest first; null for who may see nothing of it.
    ///
    /// Requires: `audit.read`; see `AuditEntry` for its reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<AuditEntryConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(audit::page(ctx, self.org, filter.unwrap_or_default(), args).await?)
    }

    /// The grants of support access that operators of the platform ask for or have had, the newest first; null for who does not
    /// decide on them.
    ///
    /// Requires: `support.grant.approve`. Cost: 1 for each row asked for; one SQL statement.
    async fn support_grants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<SupportGrantConnection>> {
        let args = PageArgs::new(first, after, last, before);
        Ok(support_grants::page(ctx, self.org, args).await?)
    }

    /// Every revision of those policies, the newest first; null for who may not manage them.
    ///
    /// Requires: `policies.manage`. Cost: 1 for each row asked for; one SQL statement.
    async fn policy_revisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<Option<PolicyRevisionConnection>> {
        if policies::manages(ctx, self.org).is_none() {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        Ok(Some(policies::page(ctx, self.org, args).await?))
    }
}

impl Organization {
    /// Whether the viewer's role gives a permission here at all.
    fn reaches(&self, ctx: &Context<'_>, permission: Permission) -> bool {
        let standing = ctx.viewer().in_org(self.org);
        standing.is_some_and(|standing| standing.reach(permission).is_some())
    }
}
