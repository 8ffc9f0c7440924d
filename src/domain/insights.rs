//! What a course's authors learn from how it is worked through: how many finish, where they stop, which questions say
//! little.
//!
//! Numbers across learners are shown only where they are of enough of them: nobody is to be read out of a statistic.

use super::content::{Points, Revision};
use super::enrollments::EnrollmentState;
use crate::db::schema::enrollments;
use crate::db::{Conn, Statement};
use crate::is_or_was_in_sql;
use crate::kernel::ids::{CourseKey, QuestionId, RevisionId, UnitId};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{BTreeSet, HashMap};

/// Learners below which a number is not shown.
pub const SMALLEST_GROUP: i64 = 5;

/// The newest graded attempts that statistics of questions are computed of.
const SAMPLE: i64 = 10_000;

/// Editions that are read by one statement, and are in memory as trees at a time.
pub const EDITIONS_AT_ONCE: usize = 20;

/// How a course is worked through, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Learners who have ever been in the course and have not left it.
    pub learners: i64,
    /// How many of those have completed it.
    pub completed: i64,
}

/// Counts a course's learners: one statement.
pub async fn totals(course: CourseKey, mut conn: Conn<'_>) -> QueryResult<Totals> {
    let rows = enrollments::table
        .filter(enrollments::org_id.eq(course.org))
        .filter(enrollments::course_id.eq(course.id))
        .filter(enrollments::state.eq_any(EnrollmentState::IS_OR_WAS_IN));
    let (learners, completed) = rows
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::count(enrollments::completed_at),
        ))
        .first(&mut conn)
        .await?;
    Ok(Totals { learners, completed })
}

/// How a unit is worked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// Learners who have been in it.
    pub started: i64,
    /// How many of those have completed it.
    pub completed: i64,
    /// Learners who have not completed the course and have come no further than this unit.
    pub stopped: i64,
}

/// Counts, for the units of a revision in order, who has been in them and who stopped there: one statement.
pub async fn units(
    course: CourseKey,
    revision: &Revision,
    mut conn: Conn<'_>,
) -> QueryResult<HashMap<UnitId, UnitTotals>> {
    let order: Vec<UnitId> = revision.units().map(|unit| unit.id).collect();
    let rows: Vec<(UnitId, i64, i64, i64)> = Statement::<(SqlUuid, BigInt, BigInt, BigInt)>::new(concat!(
        "with seen as ( \
            select p.enrollment_id, u.id, u.place, p.state, e.completed_at, \
                max(u.place) over (partition by p.enrollment_id) as furthest \
            from enrollments e \
            join unit_progress p on p.org_id = e.org_id and p.enrollment_id = e.id \
            join unnest(?) with ordinality as u (id, place) on u.id = p.unit_id \
            where e.org_id = ? and e.course_id = ? and e.state in ",
        is_or_was_in_sql!(),
        " \
        ) select id, count(*), count(*) filter (where state = 'completed'), \
            count(*) filter (where place = furthest and completed_at is null) from seen group by id",
    ))
    .bind::<Array<SqlUuid>, _>(order)
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .load(&mut conn)
    .await?;
    let totals = |(unit, started, completed, stopped)| {
        (
            unit,
            UnitTotals {
                started,
                completed,
                stopped,
            },
        )
    };
    Ok(rows.into_iter().map(totals).collect())
}

/// How a question of a quiz is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ItemTotals {
    /// Learners who have answered it.
    pub learners: i64,
    shares: Moments,
}

impl ItemTotals {
    /// The share of a question's points that an answer earns on average, from 0 to 1: low for a hard question.
    pub fn facility(&self) -> f64 {
        self.shares.own.clamp(0.0, 1.0)
    }

    /// How the share of an answer goes with that of the attempt's other questions, from -1 to 1; nothing where all are alike.
    pub fn discrimination(&self) -> Option<f64> {
        self.shares.correlation()
    }
}

/// Answers to a question of a quiz: those in one edition, or all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemAnswers {
    quiz: UnitId,
    question: QuestionId,
    /// The edition that the attempts were taken in, and what each of them could earn; nothing for all answers.
    edition: Option<(RevisionId, Points)>,
    learners: i64,
    /// What they earned, in hundredths of points.
    points: Moments,
}

/// What answers earned, and what the other questions of their attempts did: the means, and the sums of how far each is from them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Moments {
    count: f64,
    own: f64,
    others: f64,
    own_squares: f64,
    others_squares: f64,
    products: f64,
}

/// Squares below which numbers are alike but for how they were rounded.
const ALIKE: f64 = 1e-18;

impl Moments {
    /// The same in shares of what could be earned.
    fn shares(self, own: Points, others: Points) -> Self {
        let [own, others] = [own, others].map(|most| f64::from(most.0.max(1)));
        Self {
            count: self.count,
            own: self.own / own,
            others: self.others / others,
            own_squares: self.own_squares / (own * own),
            others_squares: self.others_squares / (others * others),
            products: self.products / (own * others),
        }
    }

    /// The moments of these answers and of more.
    fn with(self, more: Self) -> Self {
        let count = self.count + more.count;
        let weight = more.count / count.max(1.0);
        let (own, others) = (more.own - self.own, more.others - self.others);
        let between = self.count * weight;
        Self {
            count,
            own: self.own + own * weight,
            others: self.others + others * weight,
            own_squares: self.own_squares + more.own_squares + own * own * between,
            others_squares: self.others_squares + more.others_squares + others * others * between,
            products: self.products + more.products + own * others * between,
        }
    }

    /// How the two go with each other, from -1 to 1; nothing where one of them is always the same.
    fn correlation(self) -> Option<f64> {
        let varies = self.own_squares > ALIKE && self.others_squares > ALIKE;
        let product = (self.own_squares * self.others_squares).sqrt();
        varies.then(|| (self.products / product).clamp(-1.0, 1.0))
    }
}

type ItemRow = (
    (UnitId, QuestionId, Option<RevisionId>, Option<i32>),
    (i64, f64),
    (f64, f64, f64, f64, f64),
);

/// Looks at the answers to questions in the newest graded attempts of a course: one statement.
pub async fn items(course: CourseKey, mut conn: Conn<'_>) -> QueryResult<Vec<ItemAnswers>> {
    let rows: Vec<ItemRow> = Statement::<(
        (SqlUuid, SqlUuid, Nullable<SqlUuid>, Nullable<Integer>),
        (BigInt, Double),
        (Double, Double, Double, Double, Double),
    )>::new(
        "with newest as ( \
            select org_id, id, member_id, revision_id, unit_id, points, max_points from attempts \
            where org_id = ? and course_id = ? and state = 'graded' order by id desc limit ? \
         ), answers as ( \
            select t.unit_id, a.question_id, t.revision_id, t.max_points, t.member_id, \
                a.points::double precision as own, (t.points - a.points)::double precision as others \
            from newest t join attempt_answers a on a.org_id = t.org_id and a.attempt_id = t.id where a.points is not null \
         ) select unit_id, question_id, revision_id, max_points, count(distinct member_id), count(*)::double precision, \
            regr_avgx(others, own), regr_avgy(others, own), regr_sxx(others, own), regr_syy(others, own), regr_sxy(others, own) \
         from answers group by grouping sets ((unit_id, question_id), (unit_id, question_id, revision_id, max_points))",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<BigInt, _>(SAMPLE)
    .load(&mut conn)
    .await?;
    Ok(rows.into_iter().map(item_answers).collect())
}

fn item_answers(row: ItemRow) -> ItemAnswers {
    let ((quiz, question, revision, most), (learners, count), means_and_sums) = row;
    let (own, others, own_squares, others_squares, products) = means_and_sums;
    ItemAnswers {
        quiz,
        question,
        edition: revision.zip(most.map(Points)),
        learners,
        points: Moments {
            count,
            own,
            others,
            own_squares,
            others_squares,
            products,
        },
    }
}

/// The editions that answers were given in.
pub fn editions(answers: &[ItemAnswers]) -> Vec<RevisionId> {
    let editions = answers.iter().filter_map(|found| found.edition);
    let editions: BTreeSet<RevisionId> = editions.map(|(revision, _)| revision).collect();
    editions.into_iter().collect()
}

/// What each question of each quiz is worth in its edition.
pub type Worths = HashMap<(RevisionId, UnitId, QuestionId), Points>;

/// What the questions of an edition are worth.
pub fn worths(edition: &Revision) -> Worths {
    let mut worths = Worths::new();
    for quiz in edition.units() {
        for (question, prompt) in edition.questions(quiz.id) {
            worths.insert((edition.key.id, quiz.id, *question), prompt.scoring.points);
        }
    }
    worths
}

/// What answers say about each question of each quiz. An answer counts by the share that it earned of what its question was worth in
/// the edition of its attempt.
pub fn item_totals(answers: &[ItemAnswers], worths: &Worths) -> HashMap<(UnitId, QuestionId), ItemTotals> {
    let mut totals: HashMap<_, ItemTotals> = HashMap::new();
    for found in answers {
        let of_item = totals.entry((found.quiz, found.question)).or_default();
        let Some((edition, most)) = found.edition else {
            of_item.learners = found.learners;
            continue;
        };
        if let Some(&worth) = worths.get(&(edition, found.quiz, found.question)) {
            let shares = found.points.shares(worth, Points(most.0 - worth.0));
            of_item.shares = of_item.shares.with(shares);
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments of what answers and the other questions of their attempts earned.
    fn moments(earned: &[(f64, f64)]) -> Moments {
        let each = earned.iter().map(|&(own, others)| Moments {
            count: 1.0,
            own,
            others,
            ..Moments::default()
        });
        each.fold(Moments::default(), Moments::with)
    }

    #[test]
    fn answers_of_several_editions_are_put_together_by_their_shares() {
        let was_worth_one = moments(&[(100.0, 300.0), (0.0, 100.0)]).shares(Points(100), Points(400));
        let is_worth_ten = moments(&[(1000.0, 200.0), (500.0, 50.0)]).shares(Points(1000), Points(200));
        let together = was_worth_one.with(is_worth_ten);
        let shares = moments(&[(1.0, 0.75), (0.0, 0.25), (1.0, 1.0), (0.5, 0.25)]);
        for (one, other) in [
            (together.own, shares.own),
            (together.own, 0.625),
            (together.own_squares, shares.own_squares),
            (together.others_squares, shares.others_squares),
            (together.products, shares.products),
        ] {
            assert!((one - other).abs() < 1e-9, "{together:?} {shares:?}");
        }
        assert!(
            shares.correlation().is_some_and(|found| found > 0.8),
            "{shares:?}"
        );
    }

    #[test]
    fn what_is_always_the_same_goes_with_nothing() {
        let third = 1.0 / 3.0;
        assert_eq!(
            moments(&[(third, 0.1), (third, 0.7), (third, 0.3)]).correlation(),
            None
        );
        assert_eq!(
            moments(&[(0.1, third), (0.7, third), (0.3, third)]).correlation(),
            None
        );
        assert_eq!(Moments::default().correlation(), None);
    }
}
