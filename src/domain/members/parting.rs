//! Statements about what a member leaves behind.

use super::model::SeenMember;
use super::offboard::MayOffboard;
use crate::auth::allowed::Allowed;
use crate::db::{Conn, Statement};
use crate::kernel::ids::{MemberKey, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

/// What somebody is in charge of.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Charge {
    /// Whether they manage a group.
    #[diesel(sql_type = Bool)]
    pub manages: bool,
    /// Whether they teach a course.
    #[diesel(sql_type = Bool)]
    pub teaches: bool,
}

/// What a member is in charge of.
pub async fn charge(mut conn: Conn<'_>, key: MemberKey) -> QueryResult<Charge> {
    Statement::<Untyped>::new(
        "select exists (select from group_members where org_id = ? and member_id = ? and is_manager) as manages, \
         exists (select from course_instructors where org_id = ? and member_id = ?) as teaches",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
}

/// Puts another member where a leaver managed, taught and invited.
pub async fn hand_over(member: &MayOffboard<'_>, mut conn: Conn<'_>, heir: MemberKey) -> QueryResult<()> {
    let key = member.member.key;
    Statement::<Untyped>::new(
        "with managed as (insert into group_members (org_id, group_id, member_id, is_manager) \
         select org_id, group_id, ?, true from group_members where org_id = ? and member_id = ? and is_manager \
         on conflict (org_id, group_id, member_id) do update set is_manager = true), \
         invited as (update invitations set invited_by = ? where org_id = ? and invited_by = ? and state = 'pending') \
         insert into course_instructors (org_id, course_id, member_id) \
         select org_id, course_id, ? from course_instructors where org_id = ? and member_id = ? on conflict do nothing",
    )
    .bind::<SqlUuid, _>(heir.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(heir.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(heir.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Ends the tokens of apps that act as the member, and the sessions that apps opened for them.
pub async fn end_tokens<A>(
    member: &Allowed<'_, A, SeenMember>,
    mut conn: Conn<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let key = member.member.key;
    Statement::<Untyped>::new(
        "with tokens as (update api_tokens set revoked_at = ? where org_id = ? and owner_id = ? and revoked_at is null) \
         update learner_sessions set revoked_at = ? where org_id = ? and member_id = ? and revoked_at is null",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Puts nobody in the member's place: their profile, the account behind it, their name on certificates, invitations, links and copies,
/// their bookmarks and what they said of courses and in surveys go, and so do the reasons why something was given to them or taken from them;
/// the stars that they gave and what they chose in surveys stay, as nobody's. Who comes back is somebody new.
pub async fn anonymise(member: &MayOffboard<'_>, conn: Conn<'_>) -> QueryResult<()> {
    let (key, former) = (member.member.key, member.member.user_id);
    let (nobody, address): (UserId, String) =
        Statement::<(SqlUuid, Text)>::new("select * from door.provision_account(?, ?)")
            .bind::<Text, _>("Former")
            .bind::<Text, _>("member")
            .get_result(&mut &*conn)
            .await?;
    // Before the profile: it says which address was theirs.
    let erase = Statement::<Untyped>::new(
        "with m as (select org_id, id, email from memberships where org_id = ? and id = ?), \
         invited as (update invitations i set email = i.id || '@anonymised.invalid', \
         state = case when i.state = 'pending' then 'revoked' else i.state end \
         from m where i.org_id = m.org_id and (i.email = m.email or i.accepted_by = m.id)), \
         linked as (delete from account_links l using m where l.org_id = m.org_id \
         and (l.email = m.email and l.user_id is null or l.member_id = m.id or l.user_id = ?)), \
         unlinked as (delete from sso_identities s using m where s.org_id = m.org_id and s.member_id = m.id), \
         copied as (delete from member_exports e using m where e.org_id = m.org_id and e.member_id = m.id), \
         excused as (update accommodations a set reason = null from m join enrollments e on e.org_id = m.org_id and e.member_id = m.id \
         where a.org_id = e.org_id and a.enrollment_id = e.id), \
         voided as (update attempts a set void_reason = null from m where a.org_id = m.org_id and a.member_id = m.id), \
         kept as (delete from bookmarks b using m where b.org_id = m.org_id and b.member_id = m.id), \
         surveyed as (update survey_responses s set id = gen_random_uuid(), enrollment_id = null, member_id = null, submitted_at = null, \
         answers = coalesce((select jsonb_agg(a.value) from jsonb_array_elements(s.answers) a where a.value -> 'text' is null), '[]') from m where s.org_id = m.org_id and s.member_id = m.id), \
         said as (update course_reviews r set text = '' from m where r.org_id = m.org_id and r.member_id = m.id) \
         update certificates c set holder_name = null from m where c.org_id = m.org_id and c.member_id = m.id",
    );
    erase
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .bind::<SqlUuid, _>(former)
        .execute(&mut &*conn)
        .await?;
    Statement::<Untyped>::new(
        "update memberships set user_id = ?, name = 'Former member', email = ?, external_id = null, is_provisioned = true, version = version + 1 \
         where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(nobody)
    .bind::<Text, _>(address)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut &*conn)
    .await
    .map(|_| ())
}
