//! Why somebody may do something, or may not: the question that every guard asks, answered in the open.

use super::invitations::model::{facts_of_new, facts_of_sent};
use super::members::model::{self, RelationTo};
use super::roles::Role;
use crate::auth::permission::{Permission, Reach};
use crate::auth::policy::{Decision, Facts, Kind, Policies, Question, Relation};
use crate::auth::standing::OrgStanding;
use crate::db::{Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{
    AttemptKey, CertificateKey, CourseKey, EnrollmentKey, GroupKey, InvitationKey, Key, MemberId, MemberKey,
    OrgId, OrganizationKey, RoleKey, SubmissionKey, prefix,
};
use crate::relation_sql;
use diesel::OptionalExtension;
use diesel::sql_types::{Bool, Nullable, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;
use uuid::Uuid;

/// Something that permissions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The organisation: what is created in it.
    Organization(OrganizationKey),
    /// A member.
    Member(MemberKey),
    /// A group.
    Group(GroupKey),
    /// A role.
    Role(RoleKey),
    /// An invitation.
    Invitation(InvitationKey),
    /// A course.
    Course(CourseKey),
    /// An enrolment.
    Enrollment(EnrollmentKey),
    /// An attempt.
    Attempt(AttemptKey),
    /// What was handed in for an assignment.
    Submission(SubmissionKey),
    /// A certificate.
    Certificate(CertificateKey),
}

impl Subject {
    /// Reads an identifier; `None` for anything that no permission is about.
    pub fn parse(id: &str) -> Option<Self> {
        match prefix(id)? {
            OrganizationKey::PREFIX => OrganizationKey::parse(id).map(Self::Organization),
            MemberKey::PREFIX => MemberKey::parse(id).map(Self::Member),
            GroupKey::PREFIX => GroupKey::parse(id).map(Self::Group),
            RoleKey::PREFIX => RoleKey::parse(id).map(Self::Role),
            InvitationKey::PREFIX => InvitationKey::parse(id).map(Self::Invitation),
            CourseKey::PREFIX => CourseKey::parse(id).map(Self::Course),
            EnrollmentKey::PREFIX => EnrollmentKey::parse(id).map(Self::Enrollment),
            AttemptKey::PREFIX => AttemptKey::parse(id).map(Self::Attempt),
            SubmissionKey::PREFIX => SubmissionKey::parse(id).map(Self::Submission),
            CertificateKey::PREFIX => CertificateKey::parse(id).map(Self::Certificate),
            _ => None,
        }
    }

    /// The organisation that it belongs to.
    pub const fn org(self) -> OrgId {
        match self {
            Self::Organization(key) => key.0,
            Self::Member(key) => key.org,
            Self::Group(key) => key.org,
            Self::Role(key) => key.org,
            Self::Invitation(key) => key.org,
            Self::Course(key) => key.org,
            Self::Enrollment(key) => key.org,
            Self::Attempt(key) => key.org,
            Self::Submission(key) => key.org,
            Self::Certificate(key) => key.org,
        }
    }
}

/// What somebody wants to know.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What would be done.
    pub permission: Permission,
    /// What it would be done with.
    pub subject: Subject,
    /// The role that would be given by it.
    pub role: Option<Arc<Role>>,
}

/// What is known of a subject, before it is known who acts.
struct Known {
    facts: Facts,
    /// What it takes to know that it exists; nothing more than membership where there is none.
    read: Option<Permission>,
}

/// The answer to the question whether somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// The policies that decided it: the permits, or the forbids; empty where nothing permits.
    pub policies: Vec<String>,
    /// For whom the actor's role gives the permission.
    pub reach: Reach,
    /// How the actor stands to the subject.
    pub relation: Relation,
    /// What is missing, in words, where they may not.
    pub missing: Option<String>,
}

/// Explains whether a member may do something with a subject; `None` where the asker may not know of the subject.
/// An actor without a standing is no active member.
pub async fn explain(
    reader: &Reader,
    policies: &Policies,
    asker: &OrgStanding,
    actor: (MemberKey, Option<&OrgStanding>),
    about: Asked,
) -> Result<Option<Explanation>> {
    let Asked {
        permission,
        subject,
        role,
    } = about;
    let Some(seen) = known(reader, subject, permission, asker.key()).await? else {
        return Ok(None);
    };
    let may = |permission| {
        let facts = seen.facts;
        policies.decide(asker, Question { permission, facts }).allowed
    };
    if !seen.read.is_none_or(may) {
        return Ok(None);
    }
    let (key, standing) = actor;
    let about = if key == asker.key() {
        Some(seen)
    } else {
        known(reader, subject, permission, key).await?
    };
    Ok(about.map(|mut about| {
        if let Some(role) = role {
            let facts = &mut about.facts;
            facts.is_owner |= role.is_owner();
            facts.exceeds = standing.is_some_and(|actor| role.exceeds(actor, permission));
            // An invitation to be sent is within the reach of who manages some members if it makes a learner.
            facts.relation.managed &= facts.kind != Kind::Invitation || role.is_learner();
        }
        answer(policies, standing, permission, &about)
    }))
}

fn answer(
    policies: &Policies,
    actor: Option<&OrgStanding>,
    permission: Permission,
    about: &Known,
) -> Explanation {
    let Known { facts, read } = about;
    let refused = |missing: String| Explanation {
        allowed: false,
        policies: Vec::new(),
        reach: actor.map_or(Reach::NONE, |actor| actor.reach(permission)),
        relation: facts.relation,
        missing: Some(missing),
    };
    let name = permission.as_str();
    let Some(actor) = actor else {
        return refused("The actor is no active member, and so has no permissions.".into());
    };
    let kinds = policies.kinds(permission);
    if !kinds.contains(&facts.kind) {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        return refused(format!(
            "{name} says nothing about {}: it is about {}.",
            facts.kind.name(),
            kinds.join(", ")
        ));
    }
    if permission == Permission::CoursesRead && *read == Some(Permission::CoursesReadDraft) {
        return refused("The course is not published: reading it takes courses.read_draft.".into());
    }
    let facts = *facts;
    let decision = policies.decide(actor, Question { permission, facts });
    let reach = actor.reach(permission);
    Explanation {
        missing: missing(actor, permission, &decision),
        allowed: decision.allowed,
        policies: decision.policies,
        reach,
        relation: facts.relation,
    }
}

/// What is missing where a decision refuses, in words.
pub fn missing(actor: &OrgStanding, permission: Permission, decision: &Decision) -> Option<String> {
    if decision.allowed {
        return None;
    }
    let (role, name) = (&actor.role, permission.as_str());
    let words: Vec<_> = actor.reach(permission).words().collect();
    Some(match (decision.policies.as_slice(), words.as_slice()) {
        ([], []) => format!("The role {role} does not give {name}."),
        ([], words) => format!(
            "The role {role} gives {name} with the reach {}, and the actor does not stand so to this.",
            words.join(", ")
        ),
        (forbids, _) => format!("Forbidden by {}.", forbids.join(", ")),
    })
}

async fn known(
    reader: &Reader,
    subject: Subject,
    permission: Permission,
    actor: MemberKey,
) -> Result<Option<Known>> {
    let org = subject.org();
    // A member of another organisation has no relation to anything here.
    let me = if actor.org == org {
        actor.id
    } else {
        MemberId(Uuid::nil())
    };
    let (sql, id) = match subject {
        Subject::Organization(_) => return Ok(Some(of_organization(org, permission))),
        Subject::Member(key) => (MEMBER, key.id.0),
        Subject::Group(key) => (GROUP, key.id.0),
        Subject::Role(key) => (ROLE, key.id.0),
        Subject::Invitation(key) => (INVITATION, key.id.0),
        Subject::Course(key) => (COURSE, key.id.0),
        Subject::Enrollment(key) => (ENROLLMENT, key.id.0),
        Subject::Attempt(key) => (ATTEMPT, key.id.0),
        Subject::Submission(key) => (SUBMISSION, key.id.0),
        Subject::Certificate(key) => (CERTIFICATE, key.id.0),
    };
    let Some(row) = find(reader, sql, org, id, me).await? else {
        return Ok(None);
    };
    let record = |kind| {
        (
            Facts::of(kind, org).related(row.relation(me)),
            Permission::LearningRecordsRead,
        )
    };
    let (facts, read) = match subject {
        Subject::Organization(_) => return Ok(None),
        Subject::Member(member) => {
            let relation = reader.fetch(RelationTo { member, actor: me }).await?;
            let facts = model::facts(org, relation.unwrap_or_default(), row.is_marked);
            (facts, Permission::MembersRead)
        }
        Subject::Group(_) => (
            Facts::of(Kind::Group, org).related(row.relation(me)),
            Permission::MembersRead,
        ),
        Subject::Role(_) => {
            return Ok(Some(Known {
                facts: Facts::of(Kind::Role, org),
                read: None,
            }));
        }
        Subject::Invitation(_) => {
            let facts = facts_of_sent(org, row.owner == Some(me), row.is_marked);
            (facts, Permission::InvitationsManage)
        }
        Subject::Course(_) if row.is_marked => (
            Facts::of(Kind::Course, org).related(row.relation(me)),
            Permission::CoursesRead,
        ),
        Subject::Course(_) => (
            Facts::of(Kind::Course, org).related(row.relation(me)),
            Permission::CoursesReadDraft,
        ),
        Subject::Enrollment(_) => record(Kind::Enrollment),
        Subject::Attempt(_) => record(Kind::Attempt),
        Subject::Submission(_) => record(Kind::Submission),
        Subject::Certificate(_) => record(Kind::Certificate),
    };
    Ok(Some(Known {
        facts,
        read: Some(read),
    }))
}

/// The organisation as the place where something is created: the most that the actor might create.
const fn of_organization(org: OrgId, permission: Permission) -> Known {
    let facts = match permission {
        Permission::GroupsManage => Facts::of(Kind::Group, org),
        Permission::RolesManage => Facts::of(Kind::Role, org),
        Permission::InvitationsManage => facts_of_new(org, true, false),
        _ => Facts::of(Kind::Organization, org),
    };
    Known { facts, read: None }
}

#[derive(diesel::QueryableByName)]
struct Row {
    /// Whose it is: the learner, or who sent the invitation.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    owner: Option<MemberId>,
    #[diesel(sql_type = Bool)]
    taught: bool,
    #[diesel(sql_type = Bool)]
    managed: bool,
    /// Of a member or an invitation, whether it is about an owner; of a course, whether it is published.
    #[diesel(sql_type = Bool)]
    is_marked: bool,
}

impl Row {
    fn relation(&self, actor: MemberId) -> Relation {
        Relation {
            own: self.owner == Some(actor),
            taught: self.taught,
            managed: self.managed,
        }
    }
}

const MEMBER: &str = "select null::uuid as owner, false as taught, false as managed, r.slug = 'owner' as is_marked \
    from memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id where m.org_id = ? and m.id = ?";
const INVITATION: &str = "select i.invited_by as owner, false as taught, false as managed, r.slug = 'owner' as is_marked \
    from invitations i join roles r on r.org_id = i.org_id and r.id = i.role_id where i.org_id = ? and i.id = ?";
const GROUP: &str = "select m.member_id as owner, false as taught, coalesce(m.is_manager, false) as managed, false as is_marked \
    from groups g left join group_members m on m.org_id = g.org_id and m.group_id = g.id and m.member_id = ? \
    where g.org_id = ? and g.id = ?";
const ROLE: &str = "select null::uuid as owner, false as taught, false as managed, false as is_marked from roles where org_id = ? and id = ?";
const COURSE: &str = "select null::uuid as owner, exists (select from course_instructors i \
    where i.org_id = c.org_id and i.course_id = c.id and i.member_id = ?) as taught, false as managed, \
    c.state = 'published' as is_marked from courses c where c.org_id = ? and c.id = ?";
const ENROLLMENT: &str = concat!(
    "select e.member_id as owner, ",
    relation_sql!("e"),
    ", false as is_marked from enrollments e where e.org_id = ? and e.id = ?"
);
const ATTEMPT: &str = concat!(
    "select e.member_id as owner, ",
    relation_sql!("e"),
    ", false as is_marked from attempts e where e.org_id = ? and e.id = ?"
);
const SUBMISSION: &str = concat!(
    "select e.member_id as owner, ",
    relation_sql!("e"),
    ", false as is_marked from submissions e where e.org_id = ? and e.id = ?"
);
const CERTIFICATE: &str = concat!(
    "select e.member_id as owner, ",
    relation_sql!("e"),
    ", false as is_marked from certificates e where e.org_id = ? and e.id = ?"
);

/// Reads what facts are made of. The last two binds are the key; the actor is bound before, as often as the statement
/// names them.
async fn find(
    reader: &Reader,
    sql: &'static str,
    org: OrgId,
    id: Uuid,
    actor: MemberId,
) -> Result<Option<Row>> {
    let mut statement = Statement::<Untyped>::new(sql);
    for _ in 2..sql.matches('?').count() {
        statement = statement.bind::<SqlUuid, _>(actor);
    }
    let statement = statement.bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(id);
    reader
        .run(|mut conn| async move { statement.get_result(&mut conn).await.optional() })
        .await
}
