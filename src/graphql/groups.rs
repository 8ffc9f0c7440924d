//! `Group`: fields, edges and mutations.

use super::members::{self, MemberConnection};
use super::support::connection::Count;
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use super::support::{AccessRefusal, Paged, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::auth::standing::OrgStanding;
use crate::db::paginate::CursorValue;
use crate::domain::bulk::ErrorPolicy;
use crate::domain::groups::places::{self, GroupPlace, NewPlace};
use crate::domain::groups::{Group, GroupList, GroupPage, ManagersOf, StandingToGroup, write};
use crate::domain::members::Member;
use crate::domain::members::store::{MemberFilter, MemberList, MemberOrder};
use crate::domain::organizations::Organization;
use crate::domain::record_lists::Seen;
use crate::domain::roles::Role;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{GroupKey, Key, MemberKey, OrganizationKey};
use crate::kernel::page::PageArgs;
use crate::{connection, inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use futures_util::future::try_join_all;
use std::sync::Arc;

connection!(GroupConnection, GroupEdge, Arc<Group>, "groups");

/// What the viewer may do with a group.
#[derive(Clone, Debug, SimpleObject)]
pub struct GroupAccess {
    /// Whether the viewer may rename the group and take members out of it. Cost: 1.
    pub update: bool,
    /// Whether the viewer may delete the group. Cost: 1.
    pub delete: bool,
    /// Whether the viewer may take members in, since nobody who manages the group reaches them by more than the viewer does; with
    /// whom they let manage it, `groupMembersSet` looks again. Cost: 1.
    pub take_in: bool,
    /// Why not, for the first of these that is false. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// Finds a group that the viewer may know of.
pub async fn find_group(ctx: &Context<'_>, key: GroupKey) -> Result<Option<Arc<Group>>> {
    match members::view(ctx, key.org) {
        Some(view) => ctx.fetch(Seen { key, view }).await,
        None => Ok(None),
    }
}

#[ComplexObject]
impl Group {
    /// The group's global identifier. Cost: 1.
    pub async fn id(&self) -> GroupKey {
        self.key
    }

    /// The organisation that the group belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The members of the group whom you may know of.
    ///
    /// Requires: `members.read`; see `Member` for its reaches. Cost: 1 for each row asked for; batched.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which order; by name where it is left out.")] order_by: Option<MemberOrder>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Option<MemberConnection>> {
        let Some(view) = members::view(ctx, self.key.org) else {
            return Ok(None);
        };
        let args = PageArgs::new(first, after, last, before);
        let of_group = MemberList {
            view,
            group: Some(self.key.id),
            filter: MemberFilter::default(),
        };
        Ok(Some(
            members::page(ctx, of_group, order_by.unwrap_or_default(), args).await?,
        ))
    }

    /// Who manages the group, by name. Cost: 1, batched.
    async fn managers(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Member>>> {
        let managers = ctx.fetch_one(ManagersOf(self.key)).await?;
        let members = managers.iter().map(|key| ctx.fetch(*key));
        Ok(try_join_all(members).await?.into_iter().flatten().collect())
    }

    /// What the viewer may do with the group, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<GroupAccess> {
        let permission = Permission::GroupsManage;
        let standing = ctx.viewer().in_org(self.key.org);
        let relation = match standing {
            Some(standing) if !standing.reach(permission).all => {
                let (group, member) = (self.key, standing.member);
                ctx.fetch_one(StandingToGroup { group, member }).await?
            }
            _ => Relation::default(),
        };
        let facts = Facts::of(Kind::Group, self.key.org).related(relation);
        let mut verdicts = Verdicts::of(ctx, self.key.org);
        let update = verdicts.may(permission, facts);
        // Whoever manages the group has no more of it than that.
        let mut whole = facts.related(Relation {
            managed: false,
            ..relation
        });
        let delete = update && verdicts.may(permission, whole);
        whole.exceeds = match standing {
            Some(standing) if delete => exceeds(ctx, standing, self.key).await?,
            _ => false,
        };
        Ok(GroupAccess {
            update,
            delete,
            take_in: delete && verdicts.may(permission, whole),
            refusals: verdicts.refusals(),
        })
    }
}

/// Whether somebody who manages a group would get a reach over whom the viewer takes in, by a permission that the viewer has not over
/// everybody.
async fn exceeds(ctx: &Context<'_>, standing: &OrgStanding, group: GroupKey) -> Result<bool> {
    let lacks = |permission: Permission| !standing.reach(permission).all;
    let managed = Permission::ALL.iter().copied();
    if !managed.filter(|one| one.reaches().managed).any(lacks) {
        return Ok(false);
    }
    let managers = ctx.fetch_one(ManagersOf(group)).await?;
    let managers = try_join_all(managers.iter().map(|key| ctx.fetch(*key))).await?;
    let roles = managers
        .iter()
        .flatten()
        .map(|manager| ctx.fetch(manager.role_key()));
    let roles = try_join_all(roles).await?;
    let exceeds = |role: &Arc<Role>| role.grants().in_managed_groups().any(lacks);
    Ok(roles.iter().flatten().any(exceeds))
}

/// Reads a page of the groups that a view shows.
pub async fn page(ctx: &Context<'_>, view: View, args: PageArgs) -> Result<GroupConnection> {
    let name = format!("groups {:?}", view.org);
    let page = ctx.page(&args, &name)?;
    let list = GroupList(view);
    let rows = ctx.fetch_one(GroupPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |group: &Arc<Group>| [group.name.clone(), group.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
}

/// What `groupCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GroupCreateInput {
    /// The organisation that gets the group.
    pub organization_id: ID,
    /// The group's name, of 1 to 200 characters.
    pub name: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `groupUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GroupUpdateInput {
    /// The group.
    pub group_id: ID,
    /// The group's name, of 1 to 200 characters.
    pub name: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `groupDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GroupDeleteInput {
    /// The group.
    pub group_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// The place that a member gets in a group.
#[derive(Clone, Debug, InputObject)]
pub struct GroupMemberInput {
    /// The member.
    pub member_id: ID,
    /// The member's place.
    pub place: GroupPlace,
    /// Your own name for this row, given back with its result.
    pub client_key: Option<String>,
}

/// What `groupMembersSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GroupMembersSetInput {
    /// The group.
    pub group_id: ID,
    /// Who gets which place: 1 to 250. Whoever is not named keeps theirs.
    pub members: Vec<GroupMemberInput>,
    /// What becomes of the other rows where some cannot be done.
    #[graphql(default)]
    pub error_policy: ErrorPolicy,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    GroupCreateInput,
    GroupUpdateInput,
    GroupDeleteInput,
    GroupMembersSetInput,
);

payload! {
    /// What `groupCreate` answers.
    GroupCreatePayload {
        /// The new group; null where your role does not let you see it.
        group: Arc<Group>,
    }
    GroupCreateUserError, GroupCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `groupUpdate` answers.
    GroupUpdatePayload {
        /// The group as it is now.
        group: Arc<Group>,
    }
    GroupUpdateUserError, GroupUpdateErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `groupDelete` answers.
    GroupDeletePayload {
        /// The identifier that the group had.
        group_id: GroupKey,
    }
    GroupDeleteUserError, GroupDeleteErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// What became of one row of `groupMembersSet`.
#[derive(Clone, Debug, SimpleObject)]
pub struct GroupMembersSetResult {
    /// Your own name for the row.
    pub client_key: Option<String>,
    /// Which row of the input, from 0.
    pub index: i32,
    /// What to correct in the row; empty when it was done.
    pub user_errors: Vec<GroupMembersSetUserError>,
}

payload! {
    /// What `groupMembersSet` answers.
    GroupMembersSetPayload {
        /// The group as it is now.
        group: Arc<Group>,
        /// One for each row of the input, in its order; null where nothing was done.
        results: Vec<GroupMembersSetResult>,
    }
    GroupMembersSetUserError, GroupMembersSetErrorCode { NotFound, Invalid, Taken, RoleNotAllowed, IdempotencyMismatch }
}

/// The mutations on groups.
#[derive(Default)]
pub struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Makes an empty group.
    ///
    /// Requires: `groups.manage` with the reach `all`. Cost: 1.
    async fn group_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the group is called.")] input: GroupCreateInput,
    ) -> async_graphql::Result<Option<GroupCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return GroupCreatePayload::refused(refusals),
        };
        let name = input.name.clone();
        let done = ctx
            .operation()
            .mutate("groupCreate", org.0, &input, move |write| {
                Box::pin(async move { write::create(write, &name).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(GroupCreatePayload {
                group: find_group(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => GroupCreatePayload::refused(refusals),
        }
    }

    /// Renames a group.
    ///
    /// Requires: `groups.manage`: with the reach `managed` for the groups that you manage. Cost: 1.
    async fn group_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group is called what.")] input: GroupUpdateInput,
    ) -> async_graphql::Result<Option<GroupUpdatePayload>> {
        signed_in(ctx)?;
        let group: GroupKey = match key(&input.group_id, "groupId") {
            Ok(key) => key,
            Err(refusals) => return GroupUpdatePayload::refused(refusals),
        };
        let name = input.name.clone();
        let done = ctx
            .operation()
            .mutate("groupUpdate", group.org, &input, move |write| {
                Box::pin(async move { write::rename(write, group, &name).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(GroupUpdatePayload {
                group: find_group(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => GroupUpdatePayload::refused(refusals),
        }
    }

    /// Deletes a group. Its members stay in the organisation; whoever managed it reaches them through it no more.
    ///
    /// Requires: `groups.manage` with the reach `all`. Cost: 1.
    async fn group_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which group.")] input: GroupDeleteInput,
    ) -> async_graphql::Result<Option<GroupDeletePayload>> {
        signed_in(ctx)?;
        let group: GroupKey = match key(&input.group_id, "groupId") {
            Ok(key) => key,
            Err(refusals) => return GroupDeletePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("groupDelete", group.org, &input, move |write| {
                Box::pin(async move { write::delete(write, group).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(GroupDeletePayload {
                group_id: Some(key),
                ..Default::default()
            })),
            Err(refusals) => GroupDeletePayload::refused(refusals),
        }
    }

    /// Says who is in a group and who manages it. It counts from the next request on: managers reach the group's members by
    /// every permission that their roles give for `managed`.
    ///
    /// Nobody gives a manager what they have not over everybody themselves. Whoever has `groups.manage` for `managed` alone
    /// takes members out of the groups that they manage, and takes nobody in.
    ///
    /// Requires: `groups.manage`. Cost: 1; SQL statements do not depend on the rows.
    async fn group_members_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who gets which place in which group.")] input: GroupMembersSetInput,
    ) -> async_graphql::Result<Option<GroupMembersSetPayload>> {
        signed_in(ctx)?;
        let group: GroupKey = match key(&input.group_id, "groupId") {
            Ok(key) => key,
            Err(refusals) => return GroupMembersSetPayload::refused(refusals),
        };
        let row = |row: &GroupMemberInput| NewPlace {
            member: MemberKey::parse(&row.member_id),
            place: row.place,
        };
        let rows: Vec<_> = input.members.iter().map(row).collect();
        let policy = input.error_policy;
        let done = ctx
            .operation()
            .mutate("groupMembersSet", group.org, &input, move |write| {
                Box::pin(async move { places::set(write, group, &rows, policy).await })
            });
        let (group, refused) = match done.await? {
            Ok(done) => done,
            Err(refusals) => return GroupMembersSetPayload::refused(refusals),
        };
        let mut results = Vec::new();
        for (index, (row, refused)) in input.members.iter().zip(refused).enumerate() {
            let refused = GroupMembersSetPayload::refused(refused.into_iter().collect())?;
            results.push(GroupMembersSetResult {
                client_key: row.client_key.clone(),
                index: i32::try_from(index)?,
                user_errors: refused.unwrap_or_default().user_errors,
            });
        }
        Ok(Some(GroupMembersSetPayload {
            group: find_group(ctx, group).await?,
            results: Some(results),
            ..Default::default()
        }))
    }
}
