//! Reviews as they are read: lists of a course, single ones, and what their stars come to.

use super::model::CourseReview;
use crate::db::schema::course_reviews;
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::{IdRange, groups};
use crate::kernel::ids::{CourseId, CourseKey, CourseReviewId, CourseReviewKey, MemberId, OrgId};
use crate::kernel::page::{Page, Slice};
use crate::record_lists;
use async_graphql::SimpleObject;
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Columns = <CourseReview as Selectable<Pg>>::SelectExpression;
type ColumnTypes = SqlTypeOf<Columns>;
type Condition = Box<dyn BoxableExpression<course_reviews::table, Pg, SqlType = Bool>>;

/// The reviews of a course that somebody sees; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReviewsOf {
    /// The course.
    pub course: CourseKey,
    /// Who asks, who sees their own whatever becomes of it.
    pub reader: MemberId,
    /// Whether those who hide reviews ask.
    pub with_hidden: bool,
}

impl ReviewsOf {
    fn parents(lists: impl Iterator<Item = Self>) -> (Vec<OrgId>, Vec<CourseId>) {
        lists.map(|list| (list.course.org, list.course.id)).unzip()
    }

    /// What holds of the reviews that are shown.
    fn shown(self) -> Condition {
        if self.with_hidden {
            return Box::new(true.into_sql::<Bool>());
        }
        let is_own = course_reviews::member_id.eq(self.reader);
        Box::new(course_reviews::hidden_at.is_null().or(is_own))
    }
}

/// One page of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReviewPage {
    /// Which reviews.
    pub list: ReviewsOf,
    /// Which page.
    pub page: Page,
    /// Between which identifiers it lies.
    pub range: IdRange,
}

impl Batch for ReviewPage {
    type Value = Slice<Arc<CourseReview>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| {
            (key.list.reader, key.list.with_hidden, key.page.clone())
        }) {
            let Self { list, page, range } = keys[0];
            let (orgs, ids) = ReviewsOf::parents(keys.iter().map(|key| key.list));
            let sql = if page.backward {
                record_lists!(@page course_reviews, ".course_id", "asc")
            } else {
                record_lists!(@page course_reviews, ".course_id", "desc")
            };
            let rows: Vec<CourseReview> = Statement::<ColumnTypes>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<ColumnTypes, _>(<CourseReview as Selectable<Pg>>::construct_selection())
                .bind::<Bool, _>(list.shown())
                .bind::<SqlUuid, _>(range.above)
                .bind::<SqlUuid, _>(range.below)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<CourseKey, Vec<Arc<CourseReview>>> = HashMap::new();
            for row in rows {
                pages.entry(row.course_key()).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.list.course).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

impl Batch for ReviewsOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |list| (list.reader, list.with_hidden)) {
            let list = *keys[0];
            let (orgs, ids) = Self::parents(keys.iter().map(|list| **list));
            let sql = record_lists!(@count course_reviews, ".course_id");
            let rows: Vec<(OrgId, CourseId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(sql)
                .bind::<Bool, _>(list.shown())
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .load(&mut conn)
                .await?;
            found.extend(rows.into_iter().map(|(org, id, count)| {
                let course = CourseKey::new(org, id);
                (Self { course, ..list }, count)
            }));
        }
        Ok(found)
    }
}

impl Batch for CourseReviewKey {
    type Value = Arc<CourseReview>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<CourseReviewId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<CourseReview> = CourseReview::query()
            .filter(
                course_reviews::org_id
                    .eq_any(orgs)
                    .and(course_reviews::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// What the reviews of a course come to that are not hidden.
#[derive(Clone, Copy, Debug, PartialEq, SimpleObject)]
pub struct CourseRating {
    /// Stars on average, 1 to 5. Cost: 1.
    pub average: f64,
    /// How many reviews that is. Cost: 1.
    pub count: i64,
}

/// The rating of a course; nothing before its first review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RatingOf(pub CourseKey);

impl Batch for RatingOf {
    type Value = CourseRating;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, CourseId, f64, i64)> = Statement::<(SqlUuid, SqlUuid, Double, BigInt)>::new(
            "select p.org_id, p.id, avg(r.stars)::float8, count(*) from unnest(?, ?) as p (org_id, id) \
             join course_reviews r on r.org_id = p.org_id and r.course_id = p.id where r.hidden_at is null group by p.org_id, p.id",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let rating =
            |(org, id, average, count)| (Self(CourseKey::new(org, id)), CourseRating { average, count });
        Ok(rows.into_iter().map(rating).collect())
    }
}
