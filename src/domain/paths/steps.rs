//! How far a member is on a path: what its courses ask for, and when the member completed them.

use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{CourseId, OrgId, PathEnrollmentId, PathEnrollmentKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// A course of a path, as a member stands to it.
#[derive(Clone, Copy, Debug)]
struct Step {
    course: CourseId,
    is_required: bool,
    /// When the member completed the course for the first time.
    completed_at: Option<DateTime<Utc>>,
}

/// A member's steps on a path, in its order.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    electives_needed: usize,
    steps: Vec<Step>,
}

impl Steps {
    /// How many courses the path takes.
    pub fn needed(&self) -> usize {
        self.of_kind(true).count() + self.electives_needed
    }

    /// How many of those are complete.
    pub fn completed(&self) -> usize {
        let done = |is_required| self.of_kind(is_required).flatten().count();
        done(true) + done(false).min(self.electives_needed)
    }

    /// Whether the path is complete.
    pub fn is_complete(&self) -> bool {
        self.completed() == self.needed()
    }

    /// When the path was complete: when the last course was that it takes.
    pub fn completed_at(&self) -> Option<DateTime<Utc>> {
        if !self.is_complete() {
            return None;
        }
        let mut electives: Vec<_> = self.of_kind(false).flatten().collect();
        electives.sort_unstable();
        electives.truncate(self.electives_needed);
        self.of_kind(true).flatten().chain(electives).max()
    }

    /// The courses that are still to be completed, in the path's order: of those that are not required, while some are needed.
    pub fn open(&self) -> impl Iterator<Item = CourseId> {
        let electives_are_open = self.of_kind(false).flatten().count() < self.electives_needed;
        let open = self
            .steps
            .iter()
            .filter(move |step| step.completed_at.is_none() && (step.is_required || electives_are_open));
        open.map(|step| step.course)
    }

    fn of_kind(&self, is_required: bool) -> impl Iterator<Item = Option<DateTime<Utc>>> {
        let steps = self
            .steps
            .iter()
            .filter(move |step| step.is_required == is_required);
        steps.map(|step| step.completed_at)
    }
}

/// The steps of who follows a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepsOf(pub PathEnrollmentKey);

type Row = (
    OrgId,
    PathEnrollmentId,
    i32,
    CourseId,
    bool,
    Option<DateTime<Utc>>,
);
type RowTypes = (SqlUuid, SqlUuid, Integer, SqlUuid, Bool, Nullable<Timestamptz>);

impl Batch for StepsOf {
    type Value = Arc<Steps>;

    /// What was completed in a former cycle counts: who begins a course anew does not fall back on the path.
    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<PathEnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<Row> = Statement::<RowTypes>::new(
            "select p.org_id, p.id, l.electives_needed, c.course_id, c.is_required, case when e.cycle > 1 then \
             (select min(y.completed_at) from enrollment_cycles y where y.org_id = e.org_id and y.enrollment_id = e.id) \
             else e.completed_at end \
             from unnest(?, ?) as k (org_id, id) join path_enrollments p on p.org_id = k.org_id and p.id = k.id \
             join learning_paths l on l.org_id = p.org_id and l.id = p.path_id \
             join path_courses c on c.org_id = l.org_id and c.path_id = l.id \
             left join enrollments e on e.org_id = c.org_id and e.course_id = c.course_id and e.member_id = p.member_id \
             order by c.position",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let mut found: HashMap<Self, Steps> = HashMap::new();
        for (org, id, electives_needed, course, is_required, completed_at) in rows {
            let steps = found.entry(Self(PathEnrollmentKey::new(org, id))).or_default();
            steps.electives_needed = usize::try_from(electives_needed).unwrap_or_default();
            steps.steps.push(Step {
                course,
                is_required,
                completed_at,
            });
        }
        Ok(found
            .into_iter()
            .map(|(key, steps)| (key, Arc::new(steps)))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// Required courses and others, each with the second at which it was completed.
    fn steps(courses: &[(bool, Option<i64>)], electives_needed: usize) -> Steps {
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        let step = |(n, (is_required, second)): (usize, &(bool, Option<i64>))| Step {
            course: CourseId(Uuid::from_u128(n as u128)),
            is_required: *is_required,
            completed_at: second.map(at),
        };
        Steps {
            electives_needed,
            steps: courses.iter().enumerate().map(step).collect(),
        }
    }

    fn open(steps: &Steps) -> Vec<u128> {
        steps.open().map(|course| course.0.as_u128()).collect()
    }

    fn seconds(steps: &Steps) -> Option<i64> {
        steps.completed_at().map(|at| at.timestamp())
    }

    #[test]
    fn a_path_takes_its_required_courses_and_no_others() {
        let begun = steps(&[(true, Some(5)), (false, Some(9)), (true, None)], 0);
        assert_eq!((begun.completed(), begun.needed(), seconds(&begun)), (1, 2, None));
        assert_eq!(open(&begun), [2]);
        let done = steps(&[(true, Some(5)), (false, None), (true, Some(3))], 0);
        assert_eq!((done.completed(), done.needed(), seconds(&done)), (2, 2, Some(5)));
        assert_eq!(open(&done), [0_u128; 0]);
    }

    #[test]
    fn electives_count_up_to_as_many_as_are_needed() {
        let courses = [(false, Some(9)), (true, Some(1)), (false, Some(4)), (false, None)];
        let one = steps(&courses, 1);
        assert_eq!((one.completed(), one.needed(), seconds(&one)), (2, 2, Some(4)));
        let three = steps(&courses, 3);
        assert_eq!((three.completed(), three.needed(), seconds(&three)), (3, 4, None));
        assert_eq!(open(&three), [3]);
    }
}
