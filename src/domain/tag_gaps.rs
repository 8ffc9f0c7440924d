//! How well questions of banks were answered, by their tags: what a learner, or a course's learners, have still to learn.
//!
//! Tags are read as they are in the bank now, so that tagging questions later helps at once. What a question was worth
//! is said by the edition that its attempt was taken in.

use super::content::{Points, Revision};
use super::insights::SMALLEST_GROUP;
use super::visibility::View;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, OrgId, QuestionId, RevisionId, UnitId};
use crate::visible_records;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The newest graded attempts of a course that are looked at.
const SAMPLE: i64 = 10_000;
/// Tags that are told of at most.
const MOST: usize = 100;

/// How well questions with a tag were answered.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct TagGap {
    /// The tag, as it stands in the bank. Cost: 1.
    pub tag: String,
    /// Share of the points that the answers earned, in whole percent, rounded down. Cost: 1.
    pub score: i32,
    /// How many answers that is of; a question that was left out counts for nothing. Cost: 1.
    pub answered: i32,
}

/// Answers to one question of a bank.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The edition that the attempts were taken in.
    pub revision: RevisionId,
    /// The quiz.
    pub quiz: UnitId,
    /// The question.
    pub question: QuestionId,
    /// Its tags.
    pub tags: Vec<String>,
    /// How many answers.
    pub count: i64,
    /// What they earned in all, in hundredths of points.
    pub points: i64,
}

/// Adds up answers by tag.
#[derive(Clone, Debug, Default)]
pub struct Sums(BTreeMap<String, Sum>);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    answered: i64,
    points: i64,
    most: i64,
}

impl Sums {
    /// Adds answers to questions of one quiz in one edition; those that the edition does not have count for nothing.
    pub fn add(&mut self, revision: &Revision, quiz: UnitId, answers: &[&Answered]) {
        let worth: HashMap<QuestionId, Points> = revision
            .questions(quiz)
            .map(|(id, prompt)| (*id, prompt.scoring.points))
            .collect();
        for answer in answers {
            let Some(worth) = worth.get(&answer.question) else {
                continue;
            };
            for tag in &answer.tags {
                let sum = self.0.entry(tag.clone()).or_default();
                sum.answered += answer.count;
                sum.points += answer.points;
                sum.most += answer.count * i64::from(worth.0);
            }
        }
    }

    /// The tags of whose questions points were missed, the weakest first, as far as they are to be told of.
    pub fn gaps(self, is_told: impl Fn(&str) -> bool) -> Vec<TagGap> {
        let missed = self
            .0
            .into_iter()
            .filter(|(tag, sum)| sum.points < sum.most && is_told(tag));
        let gap = |(tag, sum): (String, Sum)| TagGap {
            tag,
            score: i32::try_from(sum.points.max(0) * 100 / sum.most.max(1)).unwrap_or_default(),
            answered: i32::try_from(sum.answered).unwrap_or(i32::MAX),
        };
        let mut gaps: Vec<TagGap> = missed.map(gap).collect();
        gaps.sort_by_key(|gap| gap.score);
        gaps.truncate(MOST);
        gaps
    }
}

/// The answers of a learner to questions of banks, in the best attempt at each quiz in the present cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnsweredIn(pub EnrollmentKey);

/// An answer of a learner, with what decides whether they may know what it earned.
#[derive(Clone, Debug)]
pub struct OwnAnswer {
    /// The answer.
    pub answered: Answered,
    /// Whether its attempt passed.
    pub is_passed: bool,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

type OwnRow = (
    (OrgId, EnrollmentId),
    (RevisionId, UnitId, QuestionId),
    (Vec<String>, i32, bool, DateTime<Utc>),
);
type OwnTypes = (
    (SqlUuid, SqlUuid),
    (SqlUuid, SqlUuid, SqlUuid),
    (Array<Text>, Integer, Bool, Timestamptz),
);

impl Batch for AnsweredIn {
    type Value = Arc<Vec<OwnAnswer>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<OwnRow> = Statement::<OwnTypes>::new(
            "with best as (select distinct on (a.org_id, a.enrollment_id, a.unit_id) a.* from unnest(?, ?) as k (org_id, id) \
             join enrollments e on e.org_id = k.org_id and e.id = k.id \
             join attempts a on a.org_id = e.org_id and a.enrollment_id = e.id and a.cycle = e.cycle and a.state = 'graded' \
             order by a.org_id, a.enrollment_id, a.unit_id, a.points::float8 / a.max_points desc) \
             select b.org_id, b.enrollment_id, b.revision_id, b.unit_id, s.question_id, q.tags, s.points, b.points >= b.pass_points, \
             clock_timestamp() from best b \
             join attempt_answers s on s.org_id = b.org_id and s.attempt_id = b.id and s.points is not null \
             join bank_questions q on q.org_id = s.org_id and q.id = s.question_id and cardinality(q.tags) > 0",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let mut found: HashMap<Self, Vec<OwnAnswer>> = HashMap::new();
        for ((org, id), (revision, quiz, question), (tags, points, is_passed, now)) in rows {
            let answered = Answered {
                revision,
                quiz,
                question,
                tags,
                count: 1,
                points: i64::from(points),
            };
            let key = Self(EnrollmentKey::new(org, id));
            found.entry(key).or_default().push(OwnAnswer {
                answered,
                is_passed,
                now,
            });
        }
        Ok(found
            .into_iter()
            .map(|(key, answers)| (key, Arc::new(answers)))
            .collect())
    }
}

/// The answers of a course's learners whom a viewer sees, each in their best attempt at each quiz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnsweredBy(pub CourseKey, pub View);

/// Answers of several learners.
#[derive(Clone, Debug, Default)]
pub struct AnsweredByMany {
    /// The answers.
    pub answers: Vec<Answered>,
    /// The tags that enough learners have answered questions of: nobody is to be read out of a statistic.
    pub told: HashSet<String>,
}

impl Batch for AnsweredBy {
    type Value = Arc<AnsweredByMany>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        crate::db::each(keys, |Self(course, view)| of_course(conn, *course, *view)).await
    }
}

type Row = (
    String,
    Option<RevisionId>,
    Option<UnitId>,
    Option<QuestionId>,
    i64,
    i64,
    i64,
);
type Types = (
    Text,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    Nullable<SqlUuid>,
    BigInt,
    BigInt,
    BigInt,
);

async fn of_course(mut conn: Conn<'_>, course: CourseKey, view: View) -> QueryResult<Arc<AnsweredByMany>> {
    // For each tag how many learners there are, and for each of its questions what was earned.
    let rows: Vec<Row> = Statement::<Types>::new(
        "with newest as (select attempts.* from attempts where attempts.org_id = ? and attempts.course_id = ? and attempts.state = 'graded' \
         and ? order by attempts.id desc limit ?), \
         best as (select distinct on (enrollment_id, unit_id) * from newest \
         order by enrollment_id, unit_id, points::float8 / max_points desc) \
         select t.tag, b.revision_id, b.unit_id, s.question_id, count(distinct b.member_id), count(*), sum(s.points)::bigint from best b \
         join attempt_answers s on s.org_id = b.org_id and s.attempt_id = b.id and s.points is not null \
         join bank_questions q on q.org_id = s.org_id and q.id = s.question_id cross join unnest(q.tags) as t (tag) \
         group by grouping sets ((t.tag), (t.tag, b.revision_id, b.unit_id, s.question_id))",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<Bool, _>(visible_records!(attempts, in view))
    .bind::<BigInt, _>(SAMPLE)
    .load(&mut conn)
    .await?;
    let mut found = AnsweredByMany::default();
    for (tag, revision, quiz, question, learners, count, points) in rows {
        match (revision, quiz, question) {
            (Some(revision), Some(quiz), Some(question)) => found.answers.push(Answered {
                revision,
                quiz,
                question,
                tags: vec![tag],
                count,
                points,
            }),
            _ if learners >= SMALLEST_GROUP => {
                found.told.insert(tag);
            }
            _ => {}
        }
    }
    Ok(Arc::new(found))
}
