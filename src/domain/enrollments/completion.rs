//! Completion: units, then the course, then its certificate, in one statement of the write that led to it.

use super::model::SeenEnrollment;
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::Statement;
use crate::domain::certificates::CertificateCode;
use crate::domain::content::Revision;
use crate::domain::mutate::Write;
use crate::kernel::error::Result;
use crate::kernel::ids::{CertificateId, CertificateKey, EnrollmentKey, UnitId, UnitKey};
use diesel::sql_types::{Array, Bool, Bytea, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// What became complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The units that were not complete before.
    pub units: Vec<UnitId>,
    /// The certificate, if the course became complete.
    pub certificate: Option<CertificateKey>,
}

/// Marks units complete, counts those that the completion rule counts, and when the rule is met completes the enrolment, if it is
/// active, and issues its certificate.
///
/// The enrolment's row is locked, which the proof's row says; so two writes that complete the last two units come one
/// after the other, and the later one counts both. What is complete already changes nothing.
pub async fn complete_units<A: Action>(
    write: &Write<'_>,
    enrollment: &Allowed<'_, A, SeenEnrollment>,
    revision: &Revision,
    units: &[UnitId],
) -> Result<Completion> {
    settle(write, enrollment.enrollment.key, revision, units).await
}

/// The same for an enrolment that another proof has led to.
pub(super) async fn settle(
    write: &Write<'_>,
    key: EnrollmentKey,
    revision: &Revision,
    units: &[UnitId],
) -> Result<Completion> {
    let (org, id) = (key.org, key.id);
    let certificate = CertificateKey::new(org, CertificateId(write.app.clock.uuid()));
    let (code, generation) = CertificateCode::issue(&write.app.keyring, certificate);
    let (units, is_done, issued): (Vec<UnitId>, Option<bool>, Option<CertificateId>) =
        Statement::<(Array<SqlUuid>, Nullable<Bool>, Nullable<SqlUuid>)>::new(
            "with marked as ( \
                insert into unit_progress as p (org_id, enrollment_id, unit_id, state, completed_at) \
                select ?, ?, u.id, 'completed', now() from unnest(?) as u (id) \
                on conflict (org_id, enrollment_id, unit_id) \
                do update set state = 'completed', completed_at = now() where p.state <> 'completed' \
                returning unit_id \
            ), counted as ( \
                select (select count(*)::integer from ( \
                    select unit_id from marked \
                    union select unit_id from unit_progress where org_id = ? and enrollment_id = ? and state = 'completed' \
                ) complete where unit_id = any (?)) as units, ?::integer as needed \
            ), due as ( \
                select e.org_id, e.id, c.units, e.state = 'active' and c.units >= c.needed as is_done, (select t.valid_months \
                from enrollment_terms t where t.org_id = e.org_id and t.course_id = e.course_id) as valid_months \
                from counted c join enrollments e on e.org_id = ? and e.id = ? \
            ), changed as ( \
                update enrollments e set units_completed = d.units, \
                    state = case when d.is_done then 'completed' else e.state end, \
                    completed_at = case when d.is_done then now() else e.completed_at end, \
                    renews_at = case when d.is_done then now() + make_interval(months => d.valid_months) else e.renews_at end \
                from due d where e.org_id = d.org_id and e.id = d.id and (d.is_done or e.units_completed <> d.units) \
                returning e.org_id, e.id, e.course_id, e.member_id, e.revision_id, e.cycle, d.is_done \
            ), issued as ( \
                insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, cycle, \
                    code_hash, code_generation, holder_name, course_title, organization_name) \
                select e.org_id, ?, e.id, e.course_id, e.member_id, e.revision_id, e.cycle, ?, ?, m.name, ?, o.name \
                from changed e join memberships m on m.org_id = e.org_id and m.id = e.member_id \
                join organizations o on o.id = e.org_id where e.is_done \
                on conflict (org_id, enrollment_id, cycle) do nothing returning id \
            ) select array(select unit_id from marked), (select is_done from changed), (select id from issued)",
        )
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<Array<SqlUuid>, _>(units.to_vec())
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<Array<SqlUuid>, _>(revision.required_ids())
        .bind::<Integer, _>(revision.units_needed())
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(certificate.id)
        .bind::<Bytea, _>(code.hash().to_vec())
        .bind::<SmallInt, _>(generation)
        .bind::<Text, _>(revision.content.title.clone())
        .get_result(&mut write.gate.conn())
        .await?;
    let subject = key.to_string();
    for unit in &units {
        let unit = UnitKey::new(revision.course, *unit);
        write.happened("unit.completed", &subject, json!({ "unit": unit.to_string() }));
    }
    if is_done == Some(true) {
        let course = revision.course.to_string();
        write.happened("enrollment.completed", &subject, json!({ "course": course }));
    }
    let certificate = issued.map(|id| CertificateKey::new(org, id));
    if let Some(certificate) = certificate {
        write.happened(
            "certificate.issued",
            certificate,
            json!({ "enrollment": subject }),
        );
    }
    Ok(Completion { units, certificate })
}
