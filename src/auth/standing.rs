//! Where a person stands: their memberships and what each role gives.

use super::credential::Credential;
use super::org_policies::OwnPolicies;
use super::permission::{Grants, Permission, Reach, Scopes};
use super::policy::Memory;
use crate::db::schema::{memberships, organizations, policy_revisions, roles};
use crate::db::{Batch, Conn, Db, Scope};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    ApiTokenKey, CourseId, CourseKey, MemberId, MemberKey, OrgId, SessionId, SupportGrantId, SupportGrantKey,
    UserId,
};
use crate::kernel::origin::Origin;
use crate::kernel::secret::TokenHash;
use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// By which grant an operator is in an organisation, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// The grant.
    pub grant: SupportGrantKey,
    /// When it ends.
    pub until: DateTime<Utc>,
}

/// What a membership's row says of a grant: which, what for, until when.
pub type SupportColumns = (Option<SupportGrantId>, Option<Vec<String>>, Option<DateTime<Utc>>);

/// A member's standing in one organisation.
#[derive(Debug)]
pub struct OrgStanding {
    /// The organisation.
    pub org: OrgId,
    /// The organisation's slug.
    pub org_slug: String,
    /// The member who acts.
    pub member: MemberId,
    /// The slug of the member's role.
    pub role: String,
    grants: Grants,
    scopes: Scopes,
    support: Option<Support>,
    own_policies: OwnPolicies,
    memory: Mutex<Memory>,
}

impl OrgStanding {
    /// Joins what a membership's row and its role's row say, in an organisation without policies of its own.
    pub fn new(member: MemberKey, org_slug: String, role: String, grants: &serde_json::Value) -> Self {
        Self {
            org: member.org,
            org_slug,
            member: member.id,
            role,
            grants: Grants::read(grants),
            scopes: Scopes::ALL,
            support: None,
            own_policies: OwnPolicies::None,
            memory: Mutex::default(),
        }
    }

    /// The same standing under these policies of the organisation's own; nothing is decided yet.
    #[must_use]
    pub fn under(&self, own_policies: OwnPolicies) -> Self {
        Self {
            org: self.org,
            org_slug: self.org_slug.clone(),
            member: self.member,
            role: self.role.clone(),
            grants: self.grants.clone(),
            scopes: self.scopes,
            support: self.support,
            own_policies,
            memory: Mutex::default(),
        }
    }

    /// The same standing, as far as these scopes go; nothing is decided yet.
    #[must_use]
    pub fn within(self, scopes: Scopes) -> Self {
        Self {
            grants: self.grants.within(scopes),
            scopes,
            memory: Mutex::default(),
            ..self
        }
    }

    /// The same member in a lesser role: what both roles give, and what policies say of that role.
    #[must_use]
    pub fn as_role(self, role: &str, grants: &Grants) -> Self {
        Self {
            role: role.to_owned(),
            grants: self.grants.meet(grants),
            memory: Mutex::default(),
            ..self
        }
    }

    /// The same standing, as what the membership's row says of a grant has it.
    #[must_use]
    pub fn by_grant(self, (grant, scopes, until): SupportColumns) -> Self {
        let (Some(grant), Some(scopes), Some(until)) = (grant, scopes, until) else {
            return self;
        };
        let grant = SupportGrantKey::new(self.org, grant);
        let scopes = Scopes::read(scopes.iter().map(String::as_str));
        Self {
            support: Some(Support { grant, until }),
            ..self.within(scopes)
        }
    }

    /// The grant by which the member is here, if it is by one.
    pub const fn support(&self) -> Option<Support> {
        self.support
    }

    /// Whether it is over: a grant ends by itself.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.support.is_some_and(|support| support.until <= now)
    }

    /// What the credential carries of it.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The policies that the organisation adds to the platform's.
    pub const fn own_policies(&self) -> &OwnPolicies {
        &self.own_policies
    }

    /// For whom the role gives a permission.
    pub const fn reach(&self, permission: Permission) -> Reach {
        self.grants.reach(permission)
    }

    /// Whether anything gives a permission that may reach the member: their role, or a policy of the organisation's own.
    pub fn may_have(&self, permission: Permission) -> bool {
        self.reach(permission).is_some() || self.own_policies.permit(permission)
    }

    /// Whether the role gives everything that these grants give.
    pub fn holds(&self, grants: &Grants) -> bool {
        self.grants.cover(grants)
    }

    /// Whether the member has a permission as far as anybody can have it: over the whole organisation, or as far as roles give
    /// it; what is everybody's, everybody has.
    pub fn holds_in_full(&self, permission: Permission) -> bool {
        let (held, most) = (self.reach(permission), permission.reaches());
        let is_everybodys = matches!(permission, Permission::MembersLeave | Permission::OwnershipAccept);
        is_everybodys || held.all || most.is_some() && held.covers(most)
    }

    /// Whether the member is an owner.
    pub fn is_owner(&self) -> bool {
        self.role == "owner"
    }

    /// The member's own key.
    pub const fn key(&self) -> MemberKey {
        MemberKey::new(self.org, self.member)
    }

    /// What was asked of this standing so far.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signed-in person with all their active memberships.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The person.
    pub user: UserId,
    /// What the request was signed with.
    pub credential: Credential,
    /// When the token stops being good.
    pub expires_at: DateTime<Utc>,
    /// When the person last proved who they are in this session.
    pub authenticated_at: DateTime<Utc>,
    /// When the session was last seen in use, give or take some minutes.
    pub last_used_at: DateTime<Utc>,
    /// One for each organisation in which the person is an active member.
    pub orgs: Vec<Arc<OrgStanding>>,
}

impl Standing {
    /// Whose account row security opens: nobody's but that of who is there themselves.
    pub fn account_in_scope(&self) -> Option<UserId> {
        self.credential.session().ok().map(|_| self.user)
    }

    /// The one course that row security opens, where it is one.
    pub fn course_in_scope(&self) -> Option<CourseId> {
        self.credential.embed().map(|(_, embed)| embed.course)
    }

    /// Whether it has changed by itself since it was read.
    pub fn is_outdated(&self, now: DateTime<Utc>) -> bool {
        self.orgs.iter().any(|standing| standing.is_over(now))
    }

    /// Whether this is an app's token, and comes from where it did not come from before.
    pub fn is_new_in(&self, origin: &Origin) -> bool {
        match (&self.credential, &origin.network) {
            (Credential::ApiToken(token), Some(network)) => token.is_new_in(network),
            _ => false,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Viewer {
    /// Nobody is signed in. Anonymous is an actor too: public things are theirs to see.
    #[default]
    Anonymous,
    /// A person.
    Person(Arc<Standing>),
}

impl Viewer {
    /// The person's standing, if somebody is signed in.
    pub fn person(&self) -> Option<&Arc<Standing>> {
        match self {
            Self::Anonymous => None,
            Self::Person(standing) => Some(standing),
        }
    }

    /// The person, where it is themselves who ask: what is of accounts, an app's token does not open.
    pub fn account(&self) -> Result<&Arc<Standing>> {
        let person = self.person().ok_or(Error::Unauthenticated)?;
        person.credential.session().map(|_| person)
    }

    /// The app's token that asks, where it is an app that asks.
    pub fn api_token(&self) -> Result<ApiTokenKey> {
        let person = self.person().ok_or(Error::Unauthenticated)?;
        person.credential.api_token()
    }

    /// Whether a course exists for the viewer, as far as what they ask with goes.
    pub fn reaches(&self, course: CourseKey) -> bool {
        let confined = self.person().and_then(|person| person.course_in_scope());
        confined.is_none_or(|only| only == course.id)
    }

    /// The viewer's standing in one organisation, if they are an active member.
    pub fn in_org(&self, org: OrgId) -> Option<&Arc<OrgStanding>> {
        self.person()?.orgs.iter().find(|standing| standing.org == org)
    }

    /// The same person with one more membership, or with another standing in that organisation.
    #[must_use]
    pub fn with(&self, member: &Arc<OrgStanding>) -> Self {
        self.standing_in(member.org, Some(member))
    }

    /// The same person without their membership of an organisation.
    #[must_use]
    pub fn without(&self, org: OrgId) -> Self {
        self.standing_in(org, None)
    }

    fn standing_in(&self, org: OrgId, member: Option<&Arc<OrgStanding>>) -> Self {
        let Self::Person(standing) = self else {
            return Self::Anonymous;
        };
        let others = standing.orgs.iter().filter(|other| other.org != org);
        Self::Person(Arc::new(Standing {
            orgs: others.chain(member).cloned().collect(),
            ..Standing::clone(standing)
        }))
    }

    /// What a read of this viewer reaches: all their organisations, and what is public.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Anonymous => Scope::default(),
            Self::Person(standing) => Scope {
                user: standing.account_in_scope(),
                orgs: standing.orgs.iter().map(|standing| standing.org).collect(),
                course: standing.course_in_scope(),
            },
        }
    }
}

/// Viewers are equal if they are the same reading of the same standing: what is batched for a viewer has the viewer in
/// its key, and an operation has one at a time.
impl PartialEq for Viewer {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anonymous, Self::Anonymous) => true,
            (Self::Person(a), Self::Person(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Viewer {}

impl Hash for Viewer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.person().map(Arc::as_ptr).hash(state);
    }
}

#[derive(diesel::QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Uuid)]
    session_id: SessionId,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Nullable<Uuid>)]
    confined_to: Option<OrgId>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    authenticated_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_used_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Uuid>)]
    org_id: Option<OrgId>,
    #[diesel(sql_type = Nullable<Text>)]
    org_slug: Option<String>,
    #[diesel(sql_type = Nullable<Uuid>)]
    member_id: Option<MemberId>,
    #[diesel(sql_type = Nullable<Text>)]
    role_slug: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    grants: Option<serde_json::Value>,
    #[diesel(sql_type = Nullable<Integer>)]
    policy_number: Option<i32>,
    #[diesel(sql_type = Nullable<Uuid>)]
    support_grant_id: Option<SupportGrantId>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    support_scopes: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    support_until: Option<DateTime<Utc>>,
}

/// Reads the standing behind a session's token: one statement, through its door.
pub async fn load(db: &Db, token: &TokenHash) -> Result<Option<Standing>> {
    let statement = crate::db::Statement::<diesel::sql_types::Untyped>::new("select * from door.session(?)");
    let rows: Vec<SessionRow> = db.door(statement.bind::<Bytea, _>(token.to_vec())).await?;
    let [first, ..] = rows.as_slice() else {
        return Ok(None);
    };
    let mut standing = Standing {
        user: first.user_id,
        credential: match first.confined_to {
            Some(org) => Credential::SsoSession(first.session_id, org),
            None => Credential::Session(first.session_id),
        },
        expires_at: first.expires_at,
        authenticated_at: first.authenticated_at,
        last_used_at: first.last_used_at,
        orgs: Vec::new(),
    };
    for row in rows {
        if let (Some(org), Some(slug), Some(member), Some(role), Some(grants)) =
            (row.org_id, row.org_slug, row.member_id, row.role_slug, row.grants)
        {
            let support = (row.support_grant_id, row.support_scopes, row.support_until);
            let here = OrgStanding::new(MemberKey::new(org, member), slug, role, &grants).by_grant(support);
            standing.orgs.push(Arc::new(here.under(row.policy_number.into())));
        }
    }
    Ok(Some(standing))
}

/// Notes that a session is in use.
pub async fn note_use(db: &Db, session: SessionId, now: DateTime<Utc>, origin: &Origin) -> Result<()> {
    let door = crate::db::Statement::<Nullable<Text>>::new("select door.session_used(?, ?, ?, ?)::text")
        .bind::<Uuid, _>(session)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Text>, _>(origin.user_agent.clone())
        .bind::<Nullable<Text>, _>(origin.network.clone());
    db.door::<_, Option<String>>(door).await.map(|_| ())
}

/// The standing of any active member: for questions about somebody else, and for who has just joined. Its organisation's own
/// policies are still to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StandingOf(pub MemberKey);

/// Organisation, member, the organisation's slug, role, grants, number of the policies, support.
type MemberColumns = (
    OrgId,
    MemberId,
    String,
    String,
    serde_json::Value,
    Option<i32>,
    SupportColumns,
);

impl Batch for StandingOf {
    type Value = Arc<OrgStanding>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let policy_number = policy_revisions::table
            .filter(policy_revisions::org_id.eq(memberships::org_id))
            .select(max(policy_revisions::number))
            .single_value();
        let rows: Vec<MemberColumns> = memberships::table
            .inner_join(
                roles::table.on(roles::org_id
                    .eq(memberships::org_id)
                    .and(roles::id.eq(memberships::role_id))),
            )
            .inner_join(organizations::table.on(organizations::id.eq(memberships::org_id)))
            .filter(memberships::org_id.eq_any(keys.iter().map(|key| key.0.org).collect::<Vec<_>>()))
            .filter(memberships::id.eq_any(keys.iter().map(|key| key.0.id).collect::<Vec<_>>()))
            .filter(memberships::state.eq("active"))
            .select((
                memberships::org_id,
                memberships::id,
                organizations::slug,
                roles::slug,
                roles::grants,
                policy_number,
                (
                    memberships::support_grant_id,
                    memberships::support_scopes,
                    memberships::support_until,
                ),
            ))
            .load(&mut conn)
            .await?;
        let standing = |(org, member, org_slug, role, grants, number, support): MemberColumns| {
            let key = MemberKey::new(org, member);
            (
                Self(key),
                Arc::new(
                    OrgStanding::new(key, org_slug, role, &grants)
                        .by_grant(support)
                        .under(number.into()),
                ),
            )
        };
        Ok(rows.into_iter().map(standing).collect())
    }
}
