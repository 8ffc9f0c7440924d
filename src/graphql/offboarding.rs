//! Letting members go for good, and the copies of their records that are made then.

use super::members::find as find_member;
use super::support::Paged;
use super::support::connection::Count;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::Kind;
use crate::domain::members::Member;
use crate::domain::members::export::{DocumentOf, ExportList, ExportPage, MemberExport};
use crate::domain::members::offboard::{OffboardingPolicy, offboard};
use crate::domain::mutate::Entry;
use crate::domain::record_lists::IdRange;
use crate::kernel::error::Result;
use crate::kernel::ids::{MemberExportKey, MemberKey, OrgId};
use crate::kernel::page::PageArgs;
use crate::{connection, inputs, payload};
use async_graphql::types::Json;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use serde_json::Value;
use std::sync::Arc;

connection!(
    MemberExportConnection,
    MemberExportEdge,
    Arc<MemberExport>,
    "member exports"
);

fn may_know(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may_over(Kind::Membership, org, Permission::MembersManage)
}

/// Finds a copy that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: MemberExportKey) -> Result<Option<Arc<MemberExport>>> {
    if may_know(ctx, key.org) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// Reads a page of an organisation's copies, the newest first; nothing for who may not know of them.
pub async fn page(ctx: &Context<'_>, org: OrgId, args: PageArgs) -> Result<Option<MemberExportConnection>> {
    if !may_know(ctx, org) {
        return Ok(None);
    }
    let name = format!("member exports {org:?}");
    let page = ctx.page(&args, &name)?;
    let list = ExportList(org);
    let wanted = ExportPage(list, page.clone(), IdRange::of(&page)?);
    let slice = page.slice(ctx.fetch_one(wanted).await?.to_vec());
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |export: &Arc<MemberExport>| [export.key.id.0.to_string()];
    Ok(Some(
        Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
    ))
}

#[ComplexObject]
impl MemberExport {
    /// The copy's global identifier. Cost: 1.
    pub async fn id(&self) -> MemberExportKey {
        self.key
    }

    /// Whom it is about. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// Who made it. Cost: 1, batched.
    #[graphql(name = "madeBy")]
    async fn making_member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.maker()).await?)
    }

    /// What it says: `member`, `groups`, `teaches`, `enrollments` with `progress` and `attempts` with `answers`, `certificates`.
    /// No answer keys are in it. Cost: 1, batched.
    async fn document(&self, ctx: &Context<'_>) -> async_graphql::Result<Json<Value>> {
        Ok(Json::clone(&*ctx.fetch_one(DocumentOf(self.key)).await?))
    }
}

/// What `membershipOffboard` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipOffboardInput {
    /// The member.
    pub member_id: ID,
    /// What becomes of their records.
    pub policy: OffboardingPolicy,
    /// Who goes on with what they were in charge of: with the policy TRANSFER, and with no other.
    pub transfer_to_id: Option<ID>,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(MembershipOffboardInput);

payload! {
    /// What `membershipOffboard` answers.
    MembershipOffboardPayload {
        /// The former member; null where letting them go took them out of what you may see.
        member: Arc<Member>,
        /// The copy of their records, with the policy EXPORT; null for who may not read it.
        member_export: Arc<MemberExport>,
    }
    MembershipOffboardUserError, MembershipOffboardErrorCode {
        NotFound, Invalid, InvalidState, RoleNotAllowed, LastOwner, LimitReached, VersionConflict, IdempotencyMismatch
    }
}

/// The mutation that lets members go.
#[derive(Default)]
pub struct OffboardingMutation;

#[Object]
impl OffboardingMutation {
    /// Lets a member go for good: they are removed, as by `membershipRemove`, the tokens of apps that act as them end, and their
    /// records are dealt with as the policy says, all of it or nothing. It cannot be undone. Former members can still be
    /// anonymised or copied. The last owner stays.
    ///
    /// Requires: `members.manage`, over somebody whose role gives no more than your own; for an owner, to be one; for TRANSFER also
    /// `groups.manage` and `courses.update` over everything where they manage groups or teach; and a recent `stepUp`. Cost: 1.
    async fn membership_offboard(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member, and what becomes of their records.")] input: MembershipOffboardInput,
    ) -> async_graphql::Result<Option<MembershipOffboardPayload>> {
        signed_in(ctx)?;
        let member: MemberKey = match key(&input.member_id, "memberId") {
            Ok(key) => key,
            Err(refusals) => return MembershipOffboardPayload::refused(refusals),
        };
        let heir = input.transfer_to_id.as_ref();
        let heir = match heir.map(|id| key::<MemberKey>(id, "transferToId")).transpose() {
            Ok(heir) => heir,
            Err(refusals) => return MembershipOffboardPayload::refused(refusals),
        };
        let (policy, expected) = (input.policy, input.expected_version);
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "membershipOffboard",
            member.org,
            &input,
            move |write| Box::pin(async move { offboard(write, member, policy, heir, expected).await }),
        );
        let done = done.await?;
        let member_export = match done.as_ref().ok().and_then(|done| done.export) {
            Some(key) => find(ctx, key).await?,
            None => None,
        };
        let (payload, shown) = MembershipOffboardPayload::of_edit(done)?;
        let member = show(shown, find_member(ctx, member)).await?;
        Ok(Some(MembershipOffboardPayload {
            member,
            member_export,
            ..payload
        }))
    }
}
