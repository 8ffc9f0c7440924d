//! What a search finds: published courses, their units, and learning paths.

use super::courses::store::{CourseFilter, matching};
use super::paths::lists::PathView;
use crate::auth::standing::Viewer;
use crate::db::{Conn, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{
    CourseId, CourseKey, LearningPathId, LearningPathKey, OrgId, RevisionId, RevisionKey, UnitId, UnitKey,
};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A course.
    Course {
        /// Its key.
        key: CourseKey,
        /// The language that the excerpt is in.
        language: String,
    },
    /// A unit.
    Unit {
        /// Its key.
        key: UnitKey,
        /// The course's current revision, which has it.
        revision: RevisionKey,
        /// The language that the excerpt is in.
        language: String,
    },
    /// A learning path.
    Path(LearningPathKey),
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub found: Found,
    /// The piece of its text in which the words stand, with `**` around them; the beginning where they stand in its title alone.
    pub excerpt: String,
}

/// Finds words as people write them (words, "phrases", -exclusions) in what a viewer may know of, the best match first.
pub async fn find(
    reader: &Reader,
    viewer: &Viewer,
    words: &str,
    org: Option<OrgId>,
    most: i64,
) -> Result<Vec<Hit>> {
    let rows = reader.run(|conn| rows(conn, viewer, words, org, most)).await?;
    Ok(rows.into_iter().map(hit).collect())
}

/// Organisation; course, unit or path; of what lies in a course that course, its revision and the language; the excerpt.
type Row = (
    OrgId,
    Uuid,
    Option<CourseId>,
    Option<RevisionId>,
    Option<String>,
    String,
);
type RowTypes = (
    SqlUuid,
    SqlUuid,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Text,
);

fn hit((org, id, course, revision, language, excerpt): Row) -> Hit {
    let found = match (course, revision, language) {
        (Some(course), _, Some(language)) if course.0 == id => Found::Course {
            key: CourseKey::new(org, course),
            language,
        },
        (Some(course), Some(revision), Some(language)) => Found::Unit {
            key: UnitKey::new(CourseKey::new(org, course), UnitId(id)),
            revision: RevisionKey::new(org, revision),
            language,
        },
        _ => Found::Path(LearningPathKey::new(org, LearningPathId(id))),
    };
    Hit { found, excerpt }
}

/// The best matches. Where words fit alike, a course weighs a little more than a path, and a path than a unit. What is said in several
/// languages counts once, in the one that fits best, and where they fit alike in the one that it was written in.
async fn rows(
    mut conn: Conn<'_>,
    viewer: &Viewer,
    words: &str,
    org: Option<OrgId>,
    most: i64,
) -> QueryResult<Vec<Row>> {
    let courses = CourseFilter {
        org,
        catalogue: true,
        ..CourseFilter::default()
    };
    let orgs = viewer.person().into_iter().flat_map(|person| &person.orgs);
    let paths_of: Vec<OrgId> = orgs
        .map(|standing| standing.org)
        .filter(|own| org.is_none_or(|org| org == *own) && PathView::of(viewer, *own).is_some())
        .collect();
    Statement::<RowTypes>::new(
        "with asked as (select q as query from websearch_to_tsquery('simple', ?) q where querytree(q) not in ('', 'T')), \
         texts as (select distinct on (t.org_id, t.course_id, t.node_id) t.org_id, t.course_id, t.node_id, courses.revision_id, t.language, \
            ts_rank(t.words, a.query) * case t.node_id when t.course_id then 1.2 else 1.0 end as score \
            from asked a cross join courses join published_texts t on t.org_id = courses.org_id and t.course_id = courses.id \
            and t.words @@ a.query where ? \
            order by t.org_id, t.course_id, t.node_id, score desc, t.is_translation, t.language), \
         paths as (select p.org_id, p.id, ts_rank(w.words, a.query) * 1.1 as score from asked a cross join learning_paths p \
            cross join lateral (select words_of(p.title, p.description) as words) w \
            where p.org_id = any (?) and p.state = 'published' and w.words @@ a.query), \
         best as (select t.org_id, t.course_id, t.node_id, t.revision_id, t.language, t.score from texts t \
            union all select p.org_id, null, p.id, null, null, p.score from paths p order by score desc, node_id, course_id limit ?) \
         select b.org_id, b.node_id, b.course_id, b.revision_id, b.language, left(translate(ts_headline('simple', \
            translate(replace(coalesce(t.body, p.description, ''), '**', ''), '<>', '‹›'), a.query, \
            'StartSel=**, StopSel=**, MinWords=15, MaxWords=35'), '‹›', '<>'), 1000) \
         from asked a cross join best b left join published_texts t on t.org_id = b.org_id and t.course_id = b.course_id \
            and t.node_id = b.node_id and t.language = b.language \
         left join learning_paths p on b.course_id is null and p.org_id = b.org_id and p.id = b.node_id \
         order by b.score desc, b.node_id, b.course_id",
    )
    .bind::<Text, _>(words)
    .bind::<Bool, _>(matching(viewer, &courses))
    .bind::<Array<SqlUuid>, _>(paths_of)
    .bind::<BigInt, _>(most)
    .load(&mut conn)
    .await
}
