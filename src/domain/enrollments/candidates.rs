//! Who could be enrolled in what: a course's offer, and members with how they stand to it.

use super::joining::NewLearner;
use super::model::EnrollmentState;
use super::terms::{EnrollmentTerms, TermsOf};
use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::{Batch, Statement};
use crate::domain::courses::CourseState;
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, EnrollmentId, MemberId, MemberKey, RevisionId};
use crate::managed_sql;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

/// How a member is named.
#[derive(Clone, Debug)]
pub enum Whom {
    /// By their identifier.
    Member(MemberKey),
    /// By what the partner's own system calls them.
    ExternalId(String),
    /// By the address under which the organisation knows them.
    Email(String),
    /// By nothing that could name a member.
    Nobody,
}

impl Whom {
    /// The input field that names a member so.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Member(_) | Self::Nobody => "memberId",
            Self::ExternalId(_) => "externalId",
            Self::Email(_) => "email",
        }
    }
}

/// A published course that takes learners.
pub struct Offer {
    /// The course.
    pub course: CourseKey,
    /// Its present edition.
    pub revision: RevisionId,
    /// Its terms.
    pub terms: EnrollmentTerms,
    /// When it was read, by the database's clock.
    pub read_at: DateTime<Utc>,
    /// Whether the actor teaches it.
    taught: bool,
}

type OfferRow = (CourseState, Option<RevisionId>, DateTime<Utc>, bool);

/// Reads a course that the actor sees, held in its state until the transaction ends. Its terms are read once it is held: whoever sets
/// them holds it too.
pub async fn find_offer(write: &Write<'_>, course: CourseKey) -> Result<Offer, Stop> {
    let row: Option<OfferRow> = Statement::<(Text, Nullable<SqlUuid>, Timestamptz, Bool)>::new(
        "select c.state, c.revision_id, now(), exists (select from course_instructors i where i.org_id = c.org_id and i.course_id = c.id \
         and i.member_id = ?) from (select org_id, id, state, revision_id from courses where org_id = ? and id = ? for share) c",
    )
    .bind::<SqlUuid, _>(write.gate.member_id())
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .get_result(&mut write.gate.conn())
    .await
    .optional()?;
    let seen = row.filter(|(state, _, _, taught)| is_seen(write, course, *state, *taught));
    let Some((state, revision, read_at, taught)) = seen else {
        return refuse_with(Refusal::not_found("courseId"));
    };
    let Some(revision) = revision.filter(|_| state == CourseState::Published) else {
        return refuse_with(Refusal::at(
            Code::NotPublished,
            "courseId",
            "The course takes no learners, since it is not published.",
        ));
    };
    Ok(Offer {
        course,
        revision,
        terms: find_terms(write, course).await?,
        read_at,
        taught,
    })
}

/// Reads the terms of a course, whatever its state.
pub async fn find_terms(write: &Write<'_>, course: CourseKey) -> Result<EnrollmentTerms> {
    let found = TermsOf::load_many(&[TermsOf(course)], write.gate.conn()).await?;
    Ok(found
        .into_values()
        .next()
        .map(|terms| (*terms).clone())
        .unwrap_or_default())
}

fn is_seen(write: &Write<'_>, course: CourseKey, state: CourseState, taught: bool) -> bool {
    let permission = if state == CourseState::Published {
        Permission::CoursesRead
    } else {
        Permission::CoursesReadDraft
    };
    let relation = Relation {
        taught,
        ..Relation::default()
    };
    let facts = Facts::of(Kind::Course, course.org).related(relation);
    write.gate.decide(permission, facts).allowed
}

/// A member who could be a learner of a course: what may be known and decided before there is an enrolment.
pub struct Candidate {
    /// The member.
    pub member: MemberKey,
    /// Whether their membership is active; it is held in its state until the transaction ends.
    pub is_active: bool,
    /// The enrolment that they have already.
    pub enrollment: Option<(EnrollmentId, EnrollmentState)>,
    /// Whether the time is over that they had in the course.
    pub is_over: bool,
    relation: Relation,
    /// Whether they come by themselves.
    comes: bool,
}

impl Protected for Candidate {
    /// To be enrolled by somebody takes more than coming by oneself, even where that is oneself.
    fn facts(&self) -> Facts {
        let relation = if self.comes {
            self.relation
        } else {
            self.relation.of_others()
        };
        Facts::of(Kind::Enrollment, self.member.org).related(relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }

    fn read_facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.member.org).related(self.relation)
    }
}

type CandidateRow = (
    i64,
    MemberId,
    String,
    bool,
    Option<EnrollmentId>,
    Option<EnrollmentState>,
    bool,
);

/// Finds members of the course's organisation, each held in its state, in the order of the rows; nothing where a row names none,
/// or an address that several have.
pub async fn find(
    write: &Write<'_>,
    offer: &Offer,
    rows: &[NewLearner],
    comes: bool,
) -> Result<Vec<Option<Candidate>>> {
    let org = offer.course.org;
    let actor = write.gate.member_id();
    let by = |name: fn(&Whom) -> Option<String>| rows.iter().map(|row| name(&row.whom)).collect::<Vec<_>>();
    let member = |row: &NewLearner| match row.whom {
        Whom::Member(member) if member.org == org => Some(member.id),
        _ => None,
    };
    let members: Vec<Option<MemberId>> = rows.iter().map(member).collect();
    let external_ids = by(|whom| match whom {
        Whom::ExternalId(id) => Some(id.clone()),
        _ => None,
    });
    let emails = by(|whom| match whom {
        Whom::Email(email) => Some(email.clone()),
        _ => None,
    });
    let found: Vec<CandidateRow> =
        Statement::<(BigInt, SqlUuid, Text, Bool, Nullable<SqlUuid>, Nullable<Text>, Bool)>::new(
            concat!("select m.n, m.id, m.state, ", managed_sql!("m", "id"), ", e.id, e.state, coalesce(e.expires_at <= now(), false) \
             from (select r.n, m.org_id, m.id, m.state \
                from (select r.n, k.org_id, coalesce(r.id, \
                    (select x.id from memberships x where x.org_id = k.org_id and x.external_id = r.external_id), \
                    (select (array_agg(x.id))[1] from memberships x where x.org_id = k.org_id and x.email = r.email \
                    and x.state = 'active' having count(*) = 1)) as id \
                    from (select ?::uuid as org_id) k cross join unnest(?, ?, ?) with ordinality as r (id, external_id, email, n)) r \
                join memberships m on m.org_id = r.org_id and m.id = r.id for share of m) m \
             left join enrollments e on e.org_id = m.org_id and e.course_id = ? and e.member_id = m.id"),
        )
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(org)
        .bind::<Array<Nullable<SqlUuid>>, _>(members)
        .bind::<Array<Nullable<Text>>, _>(external_ids)
        .bind::<Array<Nullable<Text>>, _>(emails)
        .bind::<SqlUuid, _>(offer.course.id)
        .load(&mut write.gate.conn())
        .await?;
    let mut candidates: Vec<Option<Candidate>> = rows.iter().map(|_| None).collect();
    for (place, member, state, managed, enrollment, enrollment_state, is_over) in found {
        let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
        if let Some(candidate) = candidates.get_mut(place) {
            *candidate = Some(Candidate {
                member: MemberKey::new(org, member),
                is_active: state == "active",
                enrollment: enrollment.zip(enrollment_state),
                is_over,
                relation: Relation {
                    own: member == actor,
                    taught: offer.taught,
                    managed,
                },
                comes,
            });
        }
    }
    Ok(candidates)
}
