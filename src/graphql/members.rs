//! `Member`: fields and edges.

use super::attempts::{self, AttemptConnection, AttemptFilterInput};
use super::certificates::{self, CertificateConnection, CertificateFilterInput};
use super::enrollments::{self, EnrollmentConnection, EnrollmentFilterInput};
use super::groups::find_group;
use super::path_enrollments::{self, PathEnrollmentConnection};
use super::support::connection::Count;
use super::support::operation::Ask;
use super::support::{AccessRefusal, Paged, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::Relation;
use crate::auth::standing::OrgStanding;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::accounts::profile::{Profile, SharedProfileOf};
use crate::domain::groups::{Group, GroupsOfMember};
use crate::domain::members::model::{self, RelationTo};
use crate::domain::members::moves::Move;
use crate::domain::members::store::{MemberFilter, MemberList, MemberOrder, MemberPage};
use crate::domain::members::{Member, MemberState};
use crate::domain::organizations::Organization;
use crate::domain::paths::followers::PathParent;
use crate::domain::record_lists::{Parent, Seen};
use crate::domain::roles::Role;
use crate::domain::sso::{FieldPolicy, LockReason, LocksOf};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{GroupId, GroupKey, Key, MemberKey, OrgId, OrganizationKey, RoleId, RoleKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, SimpleObject};
use std::sync::Arc;
use uuid::Uuid;

connection!(MemberConnection, MemberEdge, Arc<Member>, "members");

/// What the viewer may do with a member, in the state in which the member is.
#[derive(Clone, Debug, SimpleObject)]
#[expect(clippy::struct_excessive_bools, reason = "what one may do, each by itself")]
pub struct MemberAccess {
    /// Whether the viewer may give the member another role; which ones, `membershipRoleChange` says. Cost: 1.
    pub change_role: bool,
    /// Whether the viewer may suspend the member. Cost: 1.
    pub suspend: bool,
    /// Whether the viewer may restore the member. Cost: 1.
    pub restore: bool,
    /// Whether the viewer may remove the member. Cost: 1.
    pub remove: bool,
    /// Whether the viewer may let the member go for good. Cost: 1.
    pub offboard: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// How far the viewer sees an organisation's members and groups; `None` for who sees none.
pub fn view(ctx: &Context<'_>, org: OrgId) -> Option<View> {
    View::of(ctx.viewer(), org, Permission::MembersRead).filter(|view| view.reach.is_some())
}

/// Finds a member whom the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: MemberKey) -> Result<Option<Arc<Member>>> {
    match view(ctx, key.org) {
        Some(view) => ctx.fetch(Seen { key, view }).await,
        None => Ok(None),
    }
}

#[ComplexObject]
impl Member {
    /// The member's global identifier, in this organisation. Cost: 1.
    pub async fn id(&self) -> MemberKey {
        self.key
    }

    /// Whether the member's name and address in this organisation can be changed here. They cannot: the organisation's own provider
    /// decides about them at each sign-in, or they are as they were when the member joined. Cost: 1, batched.
    async fn field_policies(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<FieldPolicy>> {
        let locked = ctx.fetch(LocksOf(self.key)).await?.unwrap_or_default();
        Ok(FieldPolicy::of(&locked, Some(LockReason::SetAtJoining)))
    }

    /// What the person lets the members of their organisations see of what they say of themselves, the same to all who see the
    /// member; nothing before they joined, and nothing once they are suspended or removed. Cost: 1, batched.
    async fn profile(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Profile>> {
        if self.state != MemberState::Active || ctx.viewer().in_org(self.key.org).is_none() {
            return Ok(Arc::default());
        }
        let profile = ctx.fetch(SharedProfileOf(self.user_id)).await?;
        Ok(profile.unwrap_or_default())
    }

    /// The member's role. Cost: 1, batched.
    async fn role(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Role>> {
        Ok(ctx.fetch_one(self.role_key()).await?)
    }

    /// The organisation that the member belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The groups that the member is in and you may know of, by name. Cost: 1, batched.
    async fn groups(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Group>>> {
        let Some(view) = view(ctx, self.key.org) else {
            return Ok(Vec::new());
        };
        let groups = ctx
            .fetch_one(GroupsOfMember(Seen { key: self.key, view }))
            .await?;
        Ok(groups.to_vec())
    }

    /// The member's enrolments that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; batched.
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
        let filter = filter.unwrap_or_default().into();
        Ok(enrollments::page_of(ctx, Parent::Member(self.key), filter, args).await?)
    }

    /// The learning paths that the member follows, or did, as far as you may see that, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches, but for the reach `taught`. Cost: 1 for each row asked for; batched.
    async fn path_enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<PathEnrollmentConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(path_enrollments::page_of(ctx, PathParent::Member(self.key), args).await?)
    }

    /// The member's attempts at quizzes that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; batched.
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
        let filter = filter.unwrap_or_default().into();
        Ok(attempts::page_of(ctx, Parent::Member(self.key), filter, args).await?)
    }

    /// The member's certificates that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; batched.
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
        let filter = filter.unwrap_or_default().into();
        Ok(certificates::page_of(ctx, Parent::Member(self.key), filter, args).await?)
    }

    /// What the viewer may do with the member, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<MemberAccess> {
        let permission = Permission::MembersManage;
        let standing = ctx.viewer().in_org(self.key.org);
        let relation = match standing {
            Some(standing) => relation(ctx, standing, permission, self.key).await?,
            None => Relation::default(),
        };
        let role = ctx.fetch_one(self.role_key()).await?;
        let mut facts = model::facts(self.key.org, relation, role.is_owner());
        let mut verdicts = Verdicts::of(ctx, self.key.org);
        let manages = verdicts.may(permission, facts);
        facts.exceeds = standing.is_some_and(|standing| role.exceeds(standing, permission));
        let gives = manages && verdicts.may(permission, facts);
        let moves = |which: Move| gives && !relation.own && which.from().contains(&self.state);
        Ok(MemberAccess {
            change_role: gives && self.state != MemberState::Removed,
            suspend: moves(Move::Suspend),
            restore: moves(Move::Restore),
            remove: moves(Move::Remove),
            offboard: gives && !relation.own,
            refusals: verdicts.refusals(),
        })
    }
}

/// How the viewer stands to a member, as far as the reach of their role makes it matter.
async fn relation(
    ctx: &Context<'_>,
    standing: &OrgStanding,
    permission: Permission,
    member: MemberKey,
) -> Result<Relation> {
    let reach = standing.reach(permission);
    if reach.taught || reach.managed {
        let actor = standing.member;
        return ctx.fetch_one(RelationTo { member, actor }).await;
    }
    Ok(Relation {
        own: standing.key() == member,
        ..Relation::default()
    })
}

/// Which members a list has. What you may not know of finds nobody.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "MemberFilter")]
pub struct MemberFilterInput {
    /// Only members with this role, by its id.
    pub role: Option<ID>,
    /// Only members of this group, by its id.
    pub group: Option<ID>,
    /// Only members in this state; all but the removed where it is left out.
    pub state: Option<MemberState>,
    /// Only members in whose name or email address this occurs; the case of a–z does not matter.
    pub query: Option<String>,
}

/// The members of an organisation whom a view shows, filtered.
pub async fn list(ctx: &Context<'_>, view: View, filter: MemberFilterInput) -> Result<MemberList> {
    let role = filter.role.map(|id| {
        let role = RoleKey::parse(&id).filter(|role| role.org == view.org);
        role.map_or(RoleId(Uuid::nil()), |role| role.id)
    });
    let group = match filter.group {
        None => None,
        Some(id) => {
            let seen = match GroupKey::parse(&id).filter(|group| group.org == view.org) {
                Some(key) => find_group(ctx, key).await?,
                None => None,
            };
            Some(seen.map_or(GroupId(Uuid::nil()), |group| group.key.id))
        }
    };
    let filter = MemberFilter {
        role,
        state: filter.state,
        query: filter.query,
    };
    Ok(MemberList { view, group, filter })
}

/// Reads a page of a list of members; batched.
pub async fn page(
    ctx: &Context<'_>,
    list: MemberList,
    order: MemberOrder,
    args: PageArgs,
) -> Result<MemberConnection> {
    let MemberList { view, group, filter } = &list;
    let name = format!("members {:?} {group:?} {filter:?} {order:?}", view.org);
    let page = ctx.page(&args, &name)?;
    let slice = ctx.fetch_one(MemberPage(list.clone(), order, page)).await?;
    let count: Count = Box::new(move |reader| {
        let list = list.clone();
        Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) })
    });
    let cursor = |member: &Arc<Member>| {
        let value = match order {
            MemberOrder::NameAsc | MemberOrder::NameDesc => member.name.clone(),
            MemberOrder::JoinedAtAsc | MemberOrder::JoinedAtDesc => member.joined_at.write(),
        };
        [value, member.key.id.write()]
    };
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
}
