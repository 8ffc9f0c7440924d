//! Writing a review, taking it back, and hiding one.

use super::model::CourseReview;
use crate::db::schema::course_reviews;
use crate::db::{Conn, Statement};
use crate::domain::courses::authoring::editable;
use crate::domain::courses::drafts::MayUpdate;
use crate::domain::enrollments::own::{self, Own};
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseReviewId, CourseReviewKey, EnrollmentKey};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Characters of a review, and of the reason why one is hidden.
const MOST: (usize, usize) = (5_000, 1_000);

/// Says something of the course of an enrolment; in the place of what was said before. What was hidden stays so.
pub async fn set(
    write: &Write<'_>,
    key: EnrollmentKey,
    stars: i32,
    text: &str,
) -> Result<CourseReviewKey, Stop> {
    let enrollment = own::find(write, key).await?;
    let row = &enrollment.enrollment;
    own::refuse_unless_in(row)?;
    let few = (!(1..=5).contains(&stars))
        .then(|| Refusal::at(Code::Invalid, "stars", "A review has 1 to 5 stars."));
    let long = text.chars().count() > MOST.0;
    let long = long.then(|| {
        let message = format!("A review has at most {} characters.", MOST.0);
        Refusal::at(Code::Invalid, "text", message)
    });
    refuse_all([few, long])?;
    let new = CourseReviewId(write.app.clock.uuid());
    let id = upsert(&enrollment, write.gate.conn(), new, stars, text).await?;
    let review = CourseReviewKey::new(key.org, id);
    write.happened(
        "review.set",
        row.course_key(),
        json!({ "review": review.to_string() }),
    );
    Ok(review)
}

async fn upsert(
    enrollment: &Own<'_>,
    mut conn: Conn<'_>,
    id: CourseReviewId,
    stars: i32,
    text: &str,
) -> QueryResult<CourseReviewId> {
    let row = &enrollment.enrollment;
    Statement::<SqlUuid>::new(
        "insert into course_reviews (org_id, id, enrollment_id, course_id, member_id, stars, text) values (?, ?, ?, ?, ?, ?, ?) \
         on conflict (org_id, enrollment_id) do update set stars = excluded.stars, text = excluded.text, updated_at = now() returning id",
    )
    .bind::<SqlUuid, _>(row.key.org)
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(row.key.id)
    .bind::<SqlUuid, _>(row.course_id)
    .bind::<SqlUuid, _>(row.member_id)
    .bind::<Integer, _>(stars)
    .bind::<Text, _>(text.to_owned())
    .get_result(&mut conn)
    .await
}

/// Takes a review back, in whatever state the enrolment is.
pub async fn remove(write: &Write<'_>, key: EnrollmentKey) -> Result<EnrollmentKey, Stop> {
    let enrollment = own::find(write, key).await?;
    let own = course_reviews::table.filter(
        course_reviews::org_id
            .eq(key.org)
            .and(course_reviews::enrollment_id.eq(key.id)),
    );
    if diesel::delete(own).execute(&mut write.gate.conn()).await? == 0 {
        return refuse_with(Refusal::not_found("enrollmentId"));
    }
    let course = enrollment.enrollment.course_key();
    write.happened("review.removed", course, json!({}));
    Ok(key)
}

/// Hides a review for a reason, or shows it again.
pub async fn hide(
    write: &Write<'_>,
    key: CourseReviewKey,
    reason: Option<&str>,
) -> Result<CourseReviewKey, Stop> {
    let row = CourseReview::query().filter(
        course_reviews::org_id
            .eq(key.org)
            .and(course_reviews::id.eq(key.id)),
    );
    let found: Option<CourseReview> = row.first(&mut write.gate.conn()).await.optional()?;
    let Some(review) = found else {
        return refuse_with(Refusal::not_found("reviewId"));
    };
    let course = editable(write, review.course_key(), "reviewId").await?;
    refuse_all([reason.and_then(|reason| Refusal::of_name("reason", reason, MOST.1))])?;
    set_hidden(write, &course, key, reason).await?;
    let kind = if reason.is_some() {
        "review.hidden"
    } else {
        "review.shown"
    };
    write.happened(kind, review.course_key(), json!({ "review": key.to_string() }));
    Ok(key)
}

async fn set_hidden(
    write: &Write<'_>,
    _: &MayUpdate<'_>,
    key: CourseReviewKey,
    reason: Option<&str>,
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "update course_reviews set hidden_at = case when r.reason is not null then now() end, hidden_reason = r.reason, \
         hidden_by = case when r.reason is not null then r.by end from (select ?::text as reason, ?::uuid as by) r \
         where org_id = ? and id = ?",
    )
    .bind::<Nullable<Text>, _>(reason.map(str::to_owned))
    .bind::<Nullable<SqlUuid>, _>(write.gate.member().map(|member| member.id))
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await
    .map(|_| ())
}
