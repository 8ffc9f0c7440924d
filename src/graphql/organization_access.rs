//! `OrganizationAccess`: what the viewer may do in an organisation.

use super::support::{AccessRefusal, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind};
use crate::domain::invitations::model::facts_of_new;
use crate::kernel::ids::OrgId;
use async_graphql::{Context, SimpleObject};

/// What the viewer may do in an organisation.
#[derive(Clone, Debug, SimpleObject)]
#[expect(clippy::struct_excessive_bools, reason = "what one may do, each by itself")]
pub struct OrganizationAccess {
    /// Whether the viewer may create courses. Cost: 1.
    pub create_courses: bool,
    /// Whether the viewer may invite people, be it as learners only. Cost: 1.
    pub invite: bool,
    /// Whether the viewer may change name, slug, legal data and settings. Cost: 1.
    pub update: bool,
    /// Whether the viewer may delete the organisation, and take that back. Cost: 1.
    pub delete: bool,
    /// Whether the viewer may make groups. Cost: 1.
    pub create_groups: bool,
    /// Whether the viewer may make roles. Cost: 1.
    pub create_roles: bool,
    /// Whether the viewer may write the organisation's own policies. Cost: 1.
    pub manage_policies: bool,
    /// Whether the viewer may set up apps and make their tokens. Cost: 1.
    pub manage_apps: bool,
    /// Whether the viewer may say by which provider its people sign in. Cost: 1.
    pub manage_sso: bool,
    /// Why not, for each of these that is false. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

impl OrganizationAccess {
    /// What the viewer may do in an organisation.
    pub fn of(ctx: &Context<'_>, org: OrgId) -> Self {
        let here = Facts::of(Kind::Organization, org);
        let mut verdicts = Verdicts::of(ctx, org);
        Self {
            create_courses: verdicts.may(Permission::CoursesCreate, here),
            invite: verdicts.may(Permission::InvitationsManage, facts_of_new(org, true, false)),
            update: verdicts.may(Permission::OrgUpdate, here),
            delete: verdicts.may(Permission::OrgDelete, here),
            create_groups: verdicts.may(Permission::GroupsManage, Facts::of(Kind::Group, org)),
            create_roles: verdicts.may(Permission::RolesManage, Facts::of(Kind::Role, org)),
            manage_policies: verdicts.may(Permission::PoliciesManage, here),
            manage_apps: verdicts.may(Permission::AppsManage, here),
            manage_sso: verdicts.may(Permission::SsoManage, here),
            refusals: verdicts.refusals(),
        }
    }
}
