//! The members and things on which a change of access is tried.

use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::{Conn, Statement};
use crate::domain::invitations::model::facts_of_sent;
use crate::kernel::ids::{
    AttemptId, AttemptKey, CertificateId, CertificateKey, CourseId, CourseKey, EnrollmentId, EnrollmentKey,
    GroupId, GroupKey, InvitationId, InvitationKey, MemberId, MemberKey, OrgId, RoleId, RoleKey,
    SubmissionId, SubmissionKey,
};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

/// How many members are looked at: the newest of each role.
const MOST_MEMBERS: i64 = 200;
/// How many things of each kind are looked at: the newest.
const MOST_OF_A_KIND: i64 = 20;

#[derive(Debug, diesel::QueryableByName)]
pub(super) struct MemberRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: MemberId,
    #[diesel(sql_type = SqlUuid)]
    pub role_id: RoleId,
    /// Active members in all.
    #[diesel(sql_type = BigInt)]
    pub active: i64,
}

#[derive(Debug, diesel::QueryableByName)]
pub(super) struct RoleRow {
    #[diesel(sql_type = SqlUuid)]
    pub id: RoleId,
    #[diesel(sql_type = Text)]
    pub slug: String,
    #[diesel(sql_type = Jsonb)]
    pub grants: Value,
}

/// A thing of the sample.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Thing {
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Whose it is: the learner, who sent the invitation, or the member themselves.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub member_id: Option<MemberId>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub course_id: Option<CourseId>,
    /// Of a member or an invitation, whether it is about an owner; of a course, whether it is published.
    #[diesel(sql_type = Bool)]
    pub is_marked: bool,
}

const MEMBERS: &str = "select id, role_id, active from (select m.id, m.role_id, count(*) over () as active, \
    row_number() over (partition by m.role_id order by m.joined_at desc, m.id) as place \
    from memberships m where m.org_id = ? and m.state = 'active') m order by id = any(?) desc, place, id limit ?";

const THINGS: &str = "with c as (select 'Course' as kind, id, null::uuid as member_id, id as course_id, state = 'published' as is_marked \
        from courses where org_id = ? order by created_at desc limit ?), \
    m as (select 'Membership', m.id, m.id, null::uuid, r.slug = 'owner' from memberships m \
        join roles r on r.org_id = m.org_id and r.id = m.role_id where m.org_id = ? order by r.slug = 'owner' desc, m.joined_at desc limit ?), \
    i as (select 'Invitation', i.id, i.invited_by, null::uuid, r.slug = 'owner' from invitations i \
        join roles r on r.org_id = i.org_id and r.id = i.role_id where i.org_id = ? order by i.created_at desc limit ?), \
    e as (select 'Enrollment', id, member_id, course_id, false from enrollments where org_id = ? order by id desc limit ?), \
    a as (select 'Attempt', id, member_id, course_id, false from attempts where org_id = ? order by id desc limit ?), \
    s as (select 'Submission', id, member_id, course_id, false from submissions where org_id = ? order by id desc limit ?), \
    k as (select 'Certificate', id, member_id, course_id, false from certificates where org_id = ? order by id desc limit ?) \
    select * from c union all select * from m union all select * from i union all select * from e \
    union all select * from a union all select * from s union all select * from k";

/// Who stands how to whom and what, among the sample.
#[derive(Debug, Default)]
pub(super) struct Relations {
    /// Instructor and course.
    pub teaches: HashSet<(MemberId, CourseId)>,
    /// Instructor and learner of one of their courses.
    pub teaches_member: HashSet<(MemberId, MemberId)>,
    /// Manager and member of one of their groups.
    pub manages: HashSet<(MemberId, MemberId)>,
}

impl Thing {
    /// What a decision about it depends on.
    pub(super) fn facts(&self, org: OrgId, relation: Relation) -> Option<Facts> {
        let kind = Kind::ALL.iter().copied().find(|kind| kind.name() == self.kind)?;
        let mut facts = match kind {
            Kind::Invitation => facts_of_sent(org, relation.own, self.is_marked),
            _ => Facts::of(kind, org).related(relation),
        };
        facts.is_owner = self.is_marked && kind != Kind::Course;
        Some(facts)
    }

    /// Its identifier.
    pub(super) fn name(&self, org: OrgId, kind: Kind) -> String {
        match kind {
            Kind::Organization | Kind::Course => CourseKey::new(org, CourseId(self.id)).to_string(),
            Kind::Group => GroupKey::new(org, GroupId(self.id)).to_string(),
            Kind::Role => RoleKey::new(org, RoleId(self.id)).to_string(),
            Kind::Membership => MemberKey::new(org, MemberId(self.id)).to_string(),
            Kind::Invitation => InvitationKey::new(org, InvitationId(self.id)).to_string(),
            Kind::Enrollment => EnrollmentKey::new(org, EnrollmentId(self.id)).to_string(),
            Kind::Attempt => AttemptKey::new(org, AttemptId(self.id)).to_string(),
            Kind::Submission => SubmissionKey::new(org, SubmissionId(self.id)).to_string(),
            Kind::Certificate => CertificateKey::new(org, CertificateId(self.id)).to_string(),
        }
    }
}

impl Relations {
    /// How a member stands to a thing.
    pub(super) fn of(&self, member: MemberId, thing: &Thing) -> Relation {
        let whose = thing.member_id;
        Relation {
            own: whose == Some(member),
            taught: match (thing.course_id, whose) {
                (Some(course), _) => self.teaches.contains(&(member, course)),
                (None, Some(whose)) => self.teaches_member.contains(&(member, whose)),
                (None, None) => false,
            },
            managed: whose.is_some_and(|whose| self.manages.contains(&(member, whose))),
        }
    }
}

/// Reads active members: those that are named, then the newest of each role.
pub(super) async fn members(
    mut conn: Conn<'_>,
    org: OrgId,
    named: Vec<MemberId>,
) -> QueryResult<Vec<MemberRow>> {
    Statement::<Untyped>::new(MEMBERS)
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(named)
        .bind::<BigInt, _>(MOST_MEMBERS)
        .load(&mut conn)
        .await
}

/// Reads the organisation's roles.
pub(super) async fn roles(mut conn: Conn<'_>, org: OrgId) -> QueryResult<Vec<RoleRow>> {
    Statement::<Untyped>::new("select id, slug, grants from roles where org_id = ?")
        .bind::<SqlUuid, _>(org)
        .load(&mut conn)
        .await
}

/// Reads the newest things of each kind.
pub(super) async fn things(mut conn: Conn<'_>, org: OrgId) -> QueryResult<Vec<Thing>> {
    let mut statement = Statement::<Untyped>::new(THINGS);
    for _ in 0..THINGS.matches('?').count() / 2 {
        statement = statement
            .bind::<SqlUuid, _>(org)
            .bind::<BigInt, _>(MOST_OF_A_KIND);
    }
    statement.load(&mut conn).await
}

const TEACHES: &str = "select member_id, course_id from course_instructors \
    where org_id = ? and member_id = any(?) and course_id = any(?)";
const TEACHES_MEMBER: &str = "select distinct i.member_id, e.member_id from course_instructors i \
    join enrollments e on e.org_id = i.org_id and e.course_id = i.course_id \
    where i.org_id = ? and i.member_id = any(?) and e.member_id = any(?)";
const MANAGES: &str = "select distinct m.member_id, t.member_id from group_members m \
    join group_members t on t.org_id = m.org_id and t.group_id = m.group_id \
    where m.org_id = ? and m.member_id = any(?) and m.is_manager and t.member_id = any(?)";

/// Reads how members stand to courses and to other members.
pub(super) async fn relations(
    conn: Conn<'_>,
    org: OrgId,
    members: &[MemberId],
    courses: &[CourseId],
    owners: &[MemberId],
) -> QueryResult<Relations> {
    let pairs = |sql| {
        Statement::<(SqlUuid, SqlUuid)>::new(sql)
            .bind::<SqlUuid, _>(org)
            .bind::<Array<SqlUuid>, _>(members)
    };
    let (teaches, teaches_member, manages) = (
        pairs(TEACHES).bind::<Array<SqlUuid>, _>(courses),
        pairs(TEACHES_MEMBER).bind::<Array<SqlUuid>, _>(owners),
        pairs(MANAGES).bind::<Array<SqlUuid>, _>(owners),
    );
    let (teaches, teaches_member, manages): (Vec<_>, Vec<_>, Vec<_>) = tokio::try_join!(
        teaches.load(&mut &*conn),
        teaches_member.load(&mut &*conn),
        manages.load(&mut &*conn),
    )?;
    Ok(Relations {
        teaches: teaches.into_iter().collect(),
        teaches_member: teaches_member.into_iter().collect(),
        manages: manages.into_iter().collect(),
    })
}
