//! Courses that a person may want to take next, and why.
//!
//! Whoever objects to profiling is shown none, and nothing of what they learned is read.

use super::accounts::objections::{ProcessingPurpose, stands};
use super::courses::store::visible_to;
use crate::auth::standing::{OrgStanding, Viewer};
use crate::db::{Conn, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, CourseKey, MemberId, OrgId, UserId};
use crate::text_enum;
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Recommendations that are made at most.
pub const MOST: i64 = 20;

/// Of how many courses that were completed last it is looked for others alike.
const HISTORY: i64 = 50;
/// Of how many courses that were published last some are chosen.
const CANDIDATES: i64 = 2_000;

text_enum! {
    /// Why a course is recommended.
    RecommendationReasonKind {
        /// It has a tag that you are interested in.
        Interest = "interest",
        /// It shares tags with a course that you completed.
        LikeCompleted = "like_completed",
        /// It asks for a course that you completed.
        Continues = "continues",
    }
}

/// Why a course is recommended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Of what kind the reason is.
    pub kind: RecommendationReasonKind,
    /// The interest that it rests on.
    pub tag: Option<String>,
    /// The completed course that it rests on.
    pub course: Option<CourseKey>,
}

/// A course that somebody may want to take next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// The course.
    pub course: CourseKey,
    /// Why, the weightiest reason first.
    pub reasons: Vec<Reason>,
}

/// Recommends courses to the viewer, the likeliest first; none where they object to that.
pub async fn list(reader: &Reader, viewer: &Viewer, user: UserId, most: i64) -> Result<Vec<Recommendation>> {
    let orgs = viewer.person().map(|person| person.orgs.as_slice());
    let orgs = orgs.unwrap_or_default();
    if orgs.is_empty() || stands(reader, user, ProcessingPurpose::Profiling).await? {
        return Ok(Vec::new());
    }
    let rows = reader.run(|conn| rows(conn, viewer, orgs, user, most)).await?;
    let mut found: Vec<Recommendation> = Vec::new();
    for (org, course, kind, tag, because) in rows {
        let course = CourseKey::new(org, course);
        let reason = Reason {
            kind,
            tag,
            course: because.map(|id| CourseKey::new(org, id)),
        };
        match found.last_mut() {
            Some(last) if last.course == course => last.reasons.push(reason),
            _ => found.push(Recommendation {
                course,
                reasons: vec![reason],
            }),
        }
    }
    Ok(found)
}

type Row = (
    OrgId,
    CourseId,
    RecommendationReasonKind,
    Option<String>,
    Option<CourseId>,
);
type RowTypes = (SqlUuid, SqlUuid, Text, Nullable<Text>, Nullable<SqlUuid>);

/// The reasons for the best courses. One that continues a completed course weighs four, an interest two, and of the completed
/// courses the one that is most alike as much as it shares tags.
async fn rows(
    mut conn: Conn<'_>,
    viewer: &Viewer,
    orgs: &[Arc<OrgStanding>],
    user: UserId,
    most: i64,
) -> QueryResult<Vec<Row>> {
    let (orgs, members): (Vec<OrgId>, Vec<MemberId>) = orgs
        .iter()
        .map(|standing| (standing.org, standing.member))
        .unzip();
    Statement::<RowTypes>::new(
        "with taken as (select e.org_id, e.course_id, e.completed_at from unnest(?, ?) as m (org_id, id) \
            join enrollments e on e.org_id = m.org_id and e.member_id = m.id), \
         wanted as (select unnest(i.tags) as tag from interests i where i.user_id = ?), \
         done as (select c.org_id, c.id, c.tags, t.completed_at from taken t join courses c on c.org_id = t.org_id and c.id = t.course_id \
            where t.completed_at is not null order by t.completed_at desc, c.id limit ?), \
         candidates as (select courses.org_id, courses.id, courses.tags from courses \
            where courses.org_id = any (?) and courses.state = 'published' and ? \
            and not exists (select from taken t where t.org_id = courses.org_id and t.course_id = courses.id) \
            order by courses.published_at desc, courses.id limit ?), \
         reasons as (select c.org_id, c.id, 'interest' as kind, w.tag, null::uuid as because, 2 as weight \
            from candidates c cross join unnest(c.tags) as t (tag) join wanted w on w.tag = t.tag \
            union all select c.org_id, c.id, 'continues', null, d.id, 4 from candidates c \
            join course_prerequisites p on p.org_id = c.org_id and p.course_id = c.id \
            join done d on d.org_id = p.org_id and d.id = p.required_id \
            union all (select distinct on (c.org_id, c.id) c.org_id, c.id, 'like_completed', null, d.id, count(*)::integer \
            from candidates c cross join unnest(c.tags) as t (tag) join done d on d.org_id = c.org_id and t.tag = any (d.tags) \
            group by c.org_id, c.id, d.id, d.completed_at \
            order by c.org_id, c.id, count(*) desc, d.completed_at desc, d.id)), \
         best as (select org_id, id, sum(weight) as score from reasons group by org_id, id order by score desc, id desc limit ?) \
         select r.org_id, r.id, r.kind, r.tag, r.because from best b join reasons r on r.org_id = b.org_id and r.id = b.id \
         order by b.score desc, b.id desc, r.weight desc, r.kind, r.tag, r.because",
    )
    .bind::<Array<SqlUuid>, _>(orgs.clone())
    .bind::<Array<SqlUuid>, _>(members)
    .bind::<SqlUuid, _>(user)
    .bind::<BigInt, _>(HISTORY)
    .bind::<Array<SqlUuid>, _>(orgs)
    .bind::<Bool, _>(visible_to(viewer))
    .bind::<BigInt, _>(CANDIDATES)
    .bind::<BigInt, _>(most)
    .load(&mut conn)
    .await
}
