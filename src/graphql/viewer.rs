//! `Viewer`: the signed-in person, as they see themselves.

use super::account_links::{self, AccountLinkConnection};
use super::apps::ActingAs;
use super::attempts::{self, AttemptConnection, AttemptFilterInput};
use super::bookmarks::{self, BookmarkConnection};
use super::certificates::{self, CertificateConnection, CertificateFilterInput};
use super::enrollments::{self, EnrollmentConnection, EnrollmentFilterInput};
use super::identities;
use super::path_enrollments::{self, PathEnrollmentConnection};
use super::recommendations::{self, Recommendation};
use super::security_events::{self, SecurityEventConnection};
use super::sessions::{self, SessionConnection};
use super::support::operation::Ask;
use super::support_grants;
use crate::auth::standing::Standing;
use crate::auth::step_up::holds_until;
use crate::domain::accounts::Identity;
use crate::domain::accounts::guardians::{GuardianConsent, GuardianConsentOf};
use crate::domain::accounts::interests::InterestsOf;
use crate::domain::accounts::objections::{ObjectionsOf, ProcessingObjection};
use crate::domain::accounts::profile::{Profile, ProfileDetailVisibility, ProfileOf};
use crate::domain::accounts::second_factor::{self, SecondFactor};
use crate::domain::members::Member;
use crate::domain::refusal::Refusal;
use crate::domain::sso::{FieldPolicy, LockReason, LocksOf, ProfileField, refuse_locked};
use crate::domain::support_grants::SupportGrant;
use crate::domain::users::User;
use crate::kernel::error::Result;
use crate::kernel::ids::UserKey;
use crate::kernel::page::PageArgs;
use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use std::sync::Arc;

/// The signed-in person.
#[derive(Clone)]
pub struct Viewer(Arc<Standing>);

impl Viewer {
    /// Whoever is signed in now.
    pub fn current(ctx: &Context<'_>) -> Option<Self> {
        ctx.viewer().person().cloned().map(Self)
    }

    /// The person's key.
    pub fn key(&self) -> UserKey {
        UserKey(self.0.user)
    }

    async fn user(&self, ctx: &Context<'_>) -> Result<Arc<User>> {
        ctx.viewer().account()?;
        ctx.fetch_one(self.key()).await
    }

    async fn own_profile(&self, ctx: &Context<'_>) -> Result<Arc<Profile>> {
        let user = ctx.viewer().account()?.user;
        Ok(ctx.fetch(ProfileOf(user)).await?.unwrap_or_default())
    }
}

/// The signed-in person: the account, and their places in organisations. Nobody else sees it: an organisation sees a `Member`. To
/// an app's token it shows the places and records of the organisation that it is for; what is of the account answers
/// `SESSION_REQUIRED`.
///
/// Requires: to be signed in. Cost: 1.
#[Object]
impl Viewer {
    /// The account's identifier. Cost: 1.
    #[expect(clippy::unused_async, reason = "resolvers are")]
    pub async fn id(&self, ctx: &Context<'_>) -> async_graphql::Result<UserKey> {
        ctx.viewer().account()?;
        Ok(self.key())
    }

    /// The address that you sign in with. Cost: 1, batched.
    async fn email(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(self.user(ctx).await?.email.clone())
    }

    /// When you verified your address; null before. Until then you cannot accept invitations. Cost: 1, batched.
    async fn email_verified_at(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<DateTime<Utc>>> {
        Ok(self.user(ctx).await?.email_verified_at)
    }

    /// Your first name. Cost: 1, batched.
    async fn first_name(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(self.user(ctx).await?.first_name.clone())
    }

    /// Your last name. Cost: 1, batched.
    async fn last_name(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(self.user(ctx).await?.last_name.clone())
    }

    /// What you say of yourself; `profileUpdate` changes it. Cost: 1, batched.
    async fn profile(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Profile>> {
        Ok(self.own_profile(ctx).await?)
    }

    /// Who sees what you say of yourself: one for each detail of your profile that you give. Cost: 1, batched.
    async fn profile_visibilities(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Vec<ProfileDetailVisibility>> {
        Ok(self.own_profile(ctx).await?.visibilities.clone())
    }

    /// When you said that you are 13 or older, as you made your account; null where you did not. Cost: 1, batched.
    async fn age_attested_at(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<DateTime<Utc>>> {
        Ok(self.user(ctx).await?.age_attested_at)
    }

    /// The consent of your parent or guardian; null where you did not say that you are under 13. Cost: 1, batched.
    async fn guardian_consent(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<GuardianConsent>> {
        let user = ctx.viewer().account()?.user;
        Ok(ctx.fetch(GuardianConsentOf(user)).await?)
    }

    /// When your account was made. Cost: 1, batched.
    async fn created_at(&self, ctx: &Context<'_>) -> async_graphql::Result<DateTime<Utc>> {
        Ok(self.user(ctx).await?.created_at)
    }

    /// What this request was signed with where that is no session; null where it is one. Cost: 1.
    async fn acting_as(&self, ctx: &Context<'_>) -> Option<ActingAs> {
        ActingAs::current(ctx)
    }

    /// The grants by which you are in organisations now, as an operator of the platform: show them as a banner. What you do there
    /// stands in the organisation's audit, reading included. Cost: 1, batched.
    async fn support_access(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<SupportGrant>>> {
        Ok(support_grants::in_use(ctx).await?)
    }

    /// The hundred newest grants that you have asked for as an operator of the platform. Cost: 1, batched.
    async fn support_grants(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<SupportGrant>>> {
        Ok(support_grants::asked_for(ctx).await?)
    }

    /// Your places in organisations: one for each in which you are an active member. Cost: 1, batched.
    async fn memberships(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Member>>> {
        let members = self.0.orgs.iter().map(|standing| ctx.fetch(standing.key()));
        Ok(try_join_all(members).await?.into_iter().flatten().collect())
    }

    /// Whether you can change the name and the address of your account, with `profileUpdate` and `emailChange`: in a session of your
    /// own. In one that an organisation's own provider opened you cannot, nor can a program that acts for you. Cost: 1, batched.
    async fn field_policies(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<FieldPolicy>> {
        let is_own = ctx.viewer().account().is_ok();
        let otherwise = (!is_own).then_some(LockReason::SessionRequired);
        Ok(FieldPolicy::of(&locks(ctx).await?, otherwise))
    }

    /// Your identities at services by which you sign in, the oldest first, at most 20. Cost: 1; one SQL statement.
    async fn identities(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Identity>>> {
        Ok(identities::of_viewer(ctx).await?)
    }

    /// Until when this session may do what is sensitive; a time that has passed means that `stepUp` is asked for. Cost: 1.
    #[expect(clippy::unused_async, reason = "resolvers are")]
    async fn stepped_up_until(&self, ctx: &Context<'_>) -> async_graphql::Result<DateTime<Utc>> {
        Ok(holds_until(ctx.viewer().account()?.authenticated_at))
    }

    /// Your second factor; null where you have none. Cost: 1; two SQL statements.
    async fn second_factor(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<SecondFactor>> {
        let user = ctx.viewer().account()?.user;
        Ok(ctx.reader().run(|conn| second_factor::status(conn, user)).await?)
    }

    /// Your open sessions, the newest first: everywhere that you are signed in. Cost: 1 for each row asked for; one SQL statement.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<SessionConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(sessions::page(ctx, args).await?)
    }

    /// The proposals of organisations to link your account to them, answered ones too, the newest first: those to your address,
    /// once you have verified it. Cost: 1 for each row asked for; one SQL statement.
    async fn account_links(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AccountLinkConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(account_links::page_of_viewer(ctx, args).await?)
    }

    /// What happened to your account, the newest first. Cost: 1 for each row asked for; one SQL statement.
    async fn security_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<SecurityEventConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(security_events::page(ctx, args).await?)
    }

    /// What you want to learn about, lower case, in order. Cost: 1, batched.
    async fn interests(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<String>> {
        let user = ctx.viewer().account()?.user;
        let tags = ctx.fetch(InterestsOf(user)).await?;
        Ok(tags.map(|tags| tags.to_vec()).unwrap_or_default())
    }

    /// Your objections to what is done with what is known of you, the newest first, at most 100; those that you withdrew too.
    /// Cost: 1, batched.
    async fn processing_objections(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Vec<ProcessingObjection>> {
        let user = ctx.viewer().account()?.user;
        let objections = ctx.fetch(ObjectionsOf(user)).await?;
        Ok(objections.map(|list| list.to_vec()).unwrap_or_default())
    }

    /// Courses of your organisations that you may want to take next, the likeliest first: of the 2000 that were published last
    /// and that you find in the catalogue and are not in, those that continue a course that you completed, are about an
    /// interest of yours, or share tags with one of the 50 courses that you completed last.
    ///
    /// Empty while you object to `PROFILING`: nothing of what you learned is read then. Cost: 1 for each row asked for; two SQL
    /// statements.
    async fn recommendations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 20; 20 where nothing is said.")] first: Option<i32>,
    ) -> async_graphql::Result<Vec<Recommendation>> {
        Ok(recommendations::of_viewer(ctx, first).await?)
    }

    /// Your enrolments in all of your organisations, the newest first. Cost: 1 for each row asked for; one SQL statement.
    async fn enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolments.")] filter: Option<EnrollmentFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<EnrollmentConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(enrollments::page_of_viewer(ctx, filter.unwrap_or_default().into(), args).await?)
    }

    /// The learning paths that you follow, or did, in all of your organisations, the newest first. Cost: 1 for each row asked for; one SQL
    /// statement.
    async fn path_enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<PathEnrollmentConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(path_enrollments::page_of_viewer(ctx, args).await?)
    }

    /// The units that you keep in all of your organisations, the newest first. Cost: 1 for each row asked for; one SQL statement.
    async fn bookmarks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<BookmarkConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(bookmarks::page_of_viewer(ctx, args).await?)
    }

    /// Your attempts at quizzes in all of your organisations, the newest first. Cost: 1 for each row asked for; one SQL statement.
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempts.")] filter: Option<AttemptFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AttemptConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(attempts::page_of_viewer(ctx, filter.unwrap_or_default().into(), args).await?)
    }

    /// Your certificates in all of your organisations, the newest first. Cost: 1 for each row asked for; one SQL statement.
    async fn certificates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which certificates.")] filter: Option<CertificateFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<CertificateConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(certificates::page_of_viewer(ctx, filter.unwrap_or_default().into(), args).await?)
    }
}

/// What the organisation's provider decides about the viewer, in a session that it opened.
async fn locks(ctx: &Context<'_>) -> Result<Vec<ProfileField>> {
    let sso = ctx.viewer().person().and_then(|person| person.credential.sso());
    match sso.and_then(|org| ctx.viewer().in_org(org)) {
        Some(standing) => Ok(ctx.fetch(LocksOf(standing.key())).await?.unwrap_or_default()),
        None => Ok(Vec::new()),
    }
}

/// Refuses to change what the organisation's provider decides, in a session that it opened.
pub async fn locked(ctx: &Context<'_>, changes: &[(&str, ProfileField)]) -> Result<Option<Vec<Refusal>>> {
    let refusals = refuse_locked(&locks(ctx).await?, changes);
    Ok(Some(refusals).filter(|refusals| !refusals.is_empty()))
}

/// The root field about the signed-in person.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The signed-in person; null when nobody is signed in. Requires: nothing. Cost: 1.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        Viewer::current(ctx)
    }
}
