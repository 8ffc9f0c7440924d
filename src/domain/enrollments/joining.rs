//! How learners come into a course: they join it or ask to, or are enrolled by the staff, one or many at once.

use super::candidates::{self, Candidate, Offer, Whom};
use super::completion::settle;
use super::model::{EnrollmentSource, EnrollmentState};
use super::seats;
use super::terms::EnrollmentPolicy;
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Permission, action};
use crate::db::{Conn, Statement};
use crate::domain::bulk::{ErrorPolicy, MOST_ROWS};
use crate::domain::content::Revision;
use crate::domain::courses::releasing;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, MemberId, MemberKey, RevisionKey};
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Who is to be a learner, and until when.
#[derive(Clone, Debug)]
pub struct NewLearner {
    /// Who.
    pub whom: Whom,
    /// Until when the course is to be complete; by the course's terms where nothing is said.
    pub due_at: Option<DateTime<Utc>>,
    /// Until when the learner may work through the course; by the course's terms where nothing is said.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What became of one row of many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolledRow {
    /// The enrolment, unless the row was refused.
    pub enrollment: Option<EnrollmentKey>,
    /// Why the row was refused.
    pub refusals: Vec<Refusal>,
}

/// The acting member joins a course, or asks to.
pub async fn enroll(write: &Write<'_>, course: CourseKey, code: Option<&str>) -> Result<EnrollmentKey, Stop> {
    let learner = write.gate.member().ok_or(Error::Unauthenticated)?;
    let offer = candidates::find_offer(write, course).await?;
    let new = NewLearner {
        whom: Whom::Member(learner),
        due_at: None,
        expires_at: None,
    };
    let found = candidates::find(write, &offer, std::slice::from_ref(&new), true).await?;
    let candidate = found.into_iter().flatten().next().ok_or(Error::NotFound)?;
    let permission = Permission::EnrollmentsManage.as_str();
    let candidate = write
        .gate
        .allow(Some(candidate))
        // Everybody knows of themselves.
        .map_err(|error| match error {
            Error::NotFound => Error::Forbidden { permission },
            error => error,
        })?;
    refuse_unless_let_in(&offer, code)?;
    refuse_unless_prepared(write, course, learner).await?;
    if let Some(refusal) = refusal_of(&candidate, "courseId", EnrollmentSource::Learner) {
        return refuse_with(refusal);
    }
    let state = match offer.terms.policy {
        EnrollmentPolicy::Approval => EnrollmentState::Requested,
        _ => EnrollmentState::Active,
    };
    let entered = enter(
        write,
        &offer,
        EnrollmentSource::Learner,
        state,
        &[(candidate, &new)],
    )
    .await?;
    entered.into_iter().next().flatten().ok_or_else(already)
}

/// Somebody of the staff enrols a member in a course.
pub async fn create(write: &Write<'_>, course: CourseKey, new: &NewLearner) -> Result<EnrollmentKey, Stop> {
    let rows = std::slice::from_ref(new);
    let path = |_: usize, field: &str| field.to_owned();
    let mut entered = enroll_all(write, course, rows, path, ErrorPolicy::RejectAll).await?;
    let row = entered.pop().ok_or(Error::NotFound)?;
    row.enrollment.ok_or(Stop::Refused(row.refusals))
}

/// Somebody of the staff enrols many members in a course: as many statements as for one.
pub async fn enroll_many(
    write: &Write<'_>,
    course: CourseKey,
    rows: &[NewLearner],
    policy: ErrorPolicy,
) -> Result<Vec<EnrolledRow>, Stop> {
    if rows.is_empty() || rows.len() > MOST_ROWS {
        let message = format!(
            "Enrol 1 to {MOST_ROWS} members at once; these are {}.",
            rows.len()
        );
        return refuse_with(Refusal::at(Code::Invalid, "rows", message));
    }
    let path = |row: usize, field: &str| format!("rows.{row}.{field}");
    enroll_all(write, course, rows, path, policy).await
}

async fn enroll_all(
    write: &Write<'_>,
    course: CourseKey,
    rows: &[NewLearner],
    path: impl Fn(usize, &str) -> String,
    policy: ErrorPolicy,
) -> Result<Vec<EnrolledRow>, Stop> {
    let offer = candidates::find_offer(write, course).await?;
    let found = candidates::find(write, &offer, rows, false).await?;
    let mut refused: BTreeMap<usize, Refusal> = BTreeMap::new();
    let (mut seen, mut places, mut good) = (HashSet::new(), Vec::new(), Vec::new());
    for (index, (row, candidate)) in rows.iter().zip(found).enumerate() {
        let path = |field: &str| path(index, field);
        let whom = path(row.whom.field());
        let member = candidate.as_ref().map(|candidate| candidate.member);
        let candidate: Allowed<'_, action::EnrollmentsManage, Candidate> =
            match write.gate.allow(candidate).at(&whom) {
                Ok(candidate) => candidate,
                Err(Stop::Refused(refusals)) => {
                    refused.extend(refusals.into_iter().map(|refusal| (index, refusal)));
                    continue;
                }
                Err(failed) => return Err(failed),
            };
        let twice = !seen.insert(member);
        let twice = twice.then(|| Refusal::at(Code::Taken, &whom, "This member stands in the list twice."));
        let fault = twice
            .or_else(|| refusal_of(&candidate, &whom, EnrollmentSource::Staff))
            .or_else(|| fault_of_times(&offer, row, path));
        if let Some(refusal) = fault {
            refused.insert(index, refusal);
        } else {
            places.push(index);
            good.push((candidate, row));
        }
    }
    let is_over =
        |refused: &BTreeMap<usize, Refusal>| policy == ErrorPolicy::RejectAll && !refused.is_empty();
    if is_over(&refused) {
        return Err(Stop::Refused(refused.into_values().collect()));
    }
    let entered = enter(
        write,
        &offer,
        EnrollmentSource::Staff,
        EnrollmentState::Active,
        &good,
    )
    .await?;
    let mut entered: HashMap<usize, EnrollmentKey> = places
        .into_iter()
        .zip(entered)
        .filter_map(|(index, entered)| {
            if entered.is_none() {
                let whom = path(index, rows[index].whom.field());
                refused.insert(index, already_at(&whom));
            }
            Some((index, entered?))
        })
        .collect();
    if is_over(&refused) {
        return Err(Stop::Refused(refused.into_values().collect()));
    }
    let result = |index| EnrolledRow {
        enrollment: entered.remove(&index),
        refusals: refused.remove(&index).into_iter().collect(),
    };
    Ok((0..rows.len()).map(result).collect())
}

/// Refuses a learner who comes by themselves before what comes before the course.
async fn refuse_unless_prepared(
    write: &Write<'_>,
    course: CourseKey,
    learner: MemberKey,
) -> Result<(), Stop> {
    let missing = releasing::missing(course, learner, write.gate.conn()).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Complete these courses first: {}.", missing.join(", "));
    refuse_with(Refusal::at(Code::PrerequisitesMissing, "courseId", message))
}

/// Whether the course lets learners in who come by themselves, with this code.
fn refuse_unless_let_in(offer: &Offer, code: Option<&str>) -> Result<(), Stop> {
    match offer.terms.policy {
        EnrollmentPolicy::Open | EnrollmentPolicy::Approval => Ok(()),
        EnrollmentPolicy::Invitation if code.is_some() && code == offer.terms.invitation_code.as_deref() => {
            Ok(())
        }
        EnrollmentPolicy::Invitation => refuse_with(Refusal::at(
            Code::Invalid,
            "invitationCode",
            "The course is joined by invitation, and this is not its code.",
        )),
        EnrollmentPolicy::Closed => refuse_with(Refusal::at(
            Code::EnrollmentClosed,
            "courseId",
            "Nobody joins this course by themselves; somebody of its staff enrols you.",
        )),
    }
}

fn refusal_of(candidate: &Candidate, path: &str, source: EnrollmentSource) -> Option<Refusal> {
    use EnrollmentState::{Declined, Expired, Withdrawn};
    if !candidate.is_active {
        let message = "Only active members can be enrolled.";
        return Some(Refusal::at(Code::InvalidState, path, message));
    }
    let (_, state) = candidate.enrollment?;
    let message = match (state, source) {
        (Withdrawn, EnrollmentSource::Learner) if candidate.is_over => {
            "The time that you had in this course is over; somebody of the staff can enrol you anew."
        }
        (Withdrawn, _) | (Declined, EnrollmentSource::Staff) => return None,
        (Declined, EnrollmentSource::Learner) => {
            "The request was DECLINED; somebody of the staff can enrol you after all."
        }
        (Expired, _) => {
            "The enrolment is EXPIRED; somebody of the staff can extend it with `enrollmentExtend`."
        }
        _ => return Some(already_at(path)),
    };
    Some(state.refuse(path, message, Some(EnrollmentState::Active)))
}

fn fault_of_times(offer: &Offer, row: &NewLearner, path: impl Fn(&str) -> String) -> Option<Refusal> {
    let past = |field: &str, at: Option<DateTime<Utc>>| {
        at.filter(|at| *at <= offer.read_at)
            .map(|_| Refusal::at(Code::Invalid, &path(field), "This lies in the past."))
    };
    past("dueAt", row.due_at).or_else(|| past("expiresAt", row.expires_at))
}

type MayEnroll<'w> = Allowed<'w, action::EnrollmentsManage, Candidate>;

/// Makes the enrolments, or such as were left active again: as many as there are seats that nobody waits for, the others wait. Who comes
/// back by themselves has no more time than they had. Nothing stands in the place of one that somebody else has made meanwhile.
async fn enter(
    write: &Write<'_>,
    offer: &Offer,
    source: EnrollmentSource,
    state: EnrollmentState,
    learners: &[(MayEnroll<'_>, &NewLearner)],
) -> Result<Vec<Option<EnrollmentKey>>, Stop> {
    let Some((proof, _)) = learners.first() else {
        return Ok(Vec::new());
    };
    let (conn, course) = (write.gate.conn(), offer.course);
    let key = RevisionKey::new(course.org, offer.revision);
    let revision = write.app.contents.find_for_write(conn, key).await?;
    let free = match offer.terms.seats {
        Some(seats) if state == EnrollmentState::Active => {
            seats::hold(write, course).await?;
            seats::left(write, proof, course, seats).await?
        }
        _ => usize::MAX,
    };
    let states = |place: usize| {
        if place < free {
            state
        } else {
            EnrollmentState::Waitlisted
        }
    };
    let states: Vec<EnrollmentState> = (0..learners.len()).map(states).collect();
    let ids = learners
        .iter()
        .map(|_| EnrollmentId(write.app.clock.uuid()))
        .collect();
    let entered = insert(conn, offer, &revision, source, learners, &states, ids).await?;
    let mut entered: HashMap<MemberId, (EnrollmentId, i32)> = entered
        .into_iter()
        .map(|(id, member, complete)| (member, (id, complete)))
        .collect();
    let mut keys = Vec::with_capacity(learners.len());
    for ((candidate, _), state) in learners.iter().zip(states) {
        let Some((id, complete)) = entered.remove(&candidate.member.id) else {
            keys.push(None);
            continue;
        };
        let kind = match state {
            EnrollmentState::Requested => "enrollment.requested",
            EnrollmentState::Waitlisted => "enrollment.waitlisted",
            _ => "enrollment.created",
        };
        let key = EnrollmentKey::new(course.org, id);
        let detail = json!({ "course": course.to_string(), "member": candidate.member.to_string() });
        write.happened(kind, key, detail);
        if state == EnrollmentState::Active && complete >= revision.units_needed() {
            settle(write, key, &revision, &[]).await?;
        }
        keys.push(Some(key));
    }
    Ok(keys)
}

type Entered = (EnrollmentId, MemberId, i32);

async fn insert(
    mut conn: Conn<'_>,
    offer: &Offer,
    revision: &Revision,
    source: EnrollmentSource,
    learners: &[(MayEnroll<'_>, &NewLearner)],
    states: &[EnrollmentState],
    ids: Vec<EnrollmentId>,
) -> QueryResult<Vec<Entered>> {
    let members: Vec<MemberId> = learners
        .iter()
        .map(|(candidate, _)| candidate.member.id)
        .collect();
    let due: Vec<_> = learners.iter().map(|(_, new)| new.due_at).collect();
    let expires: Vec<_> = learners.iter().map(|(_, new)| new.expires_at).collect();
    Statement::<(SqlUuid, SqlUuid, Integer)>::new(
        "with r as (select ?::uuid[] as required, ?::uuid as org_id, ?::uuid as course_id, ?::uuid as revision_id, ?::text as source, \
            ?::integer as due_days, ?::integer as access_days) \
         insert into enrollments as e (org_id, id, course_id, member_id, revision_id, state, source, unit_count, requested_at, \
            started_at, due_at, expires_at) \
         select r.org_id, n.id, r.course_id, n.member_id, r.revision_id, n.state, r.source, cardinality(r.required), \
            case when n.state <> 'active' then clock_timestamp() end, case when n.state = 'active' then now() end, \
            coalesce(n.due_at, case when n.state = 'active' then now() + make_interval(days => r.due_days) end), \
            coalesce(n.expires_at, case when n.state = 'active' then now() + make_interval(days => r.access_days) end) \
         from r cross join unnest(?, ?, ?, ?, ?) as n (id, member_id, state, due_at, expires_at) \
         on conflict (org_id, course_id, member_id) do update set state = excluded.state, source = excluded.source, \
            revision_id = excluded.revision_id, unit_count = excluded.unit_count, requested_at = excluded.requested_at, \
            due_at = case excluded.source when 'self' then least(e.due_at, excluded.due_at) else excluded.due_at end, \
            expires_at = case excluded.source when 'self' then least(e.expires_at, excluded.expires_at) else excluded.expires_at end, \
            started_at = case excluded.source when 'self' then coalesce(e.started_at, excluded.started_at) else excluded.started_at end, \
            enrolled_at = now(), decided_by = null, decline_reason = null, \
            units_completed = (select count(*) from r join unit_progress p on p.org_id = e.org_id and p.enrollment_id = e.id \
                and p.state = 'completed' and p.unit_id = any (r.required)) \
         where e.state = 'withdrawn' or e.state = 'declined' and excluded.source = 'staff' \
         returning e.id, e.member_id, e.units_completed",
    )
    .bind::<Array<SqlUuid>, _>(revision.required_ids())
    .bind::<SqlUuid, _>(offer.course.org)
    .bind::<SqlUuid, _>(offer.course.id)
    .bind::<SqlUuid, _>(offer.revision)
    .bind::<Text, _>(source)
    .bind::<Nullable<Integer>, _>(offer.terms.due_days)
    .bind::<Nullable<Integer>, _>(offer.terms.access_days)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<SqlUuid>, _>(members)
    .bind::<Array<Text>, _>(states.to_vec())
    .bind::<Array<Nullable<Timestamptz>>, _>(due)
    .bind::<Array<Nullable<Timestamptz>>, _>(expires)
    .load(&mut conn)
    .await
}

fn already() -> Stop {
    Stop::Refused(vec![already_at("courseId")])
}

fn already_at(path: &str) -> Refusal {
    let message = "The learner has an enrolment in this course already.";
    Refusal::at(Code::AlreadyEnrolled, path, message)
}
