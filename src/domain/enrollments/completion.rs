//! Completion: units, then the course, then its certificate, in one statement of the write that led to it.

use super::model::{EnrollmentState, SeenEnrollment};
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::Statement;
use crate::domain::certificates::CertificateCode;
use crate::domain::content::Revision;
use crate::domain::mutate::{Stop, Write};
use crate::kernel::ids::{CertificateId, CertificateKey, UnitId, UnitKey};
use diesel::sql_types::{Array, Bytea, Nullable, SmallInt, Text, Uuid as SqlUuid};
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

/// Marks units complete, counts the required ones, and when the rule is met completes the enrolment and issues its
/// certificate.
///
/// The enrolment's row is locked, which the proof's row says; so two writes that complete the last two units come one
/// after the other, and the later one counts both. What is complete already changes nothing.
pub async fn complete_units<A: Action>(
    write: &Write<'_>,
    enrollment: &Allowed<'_, A, SeenEnrollment>,
    revision: &Revision,
    units: &[UnitId],
) -> Result<Completion, Stop> {
    let enrollment = &enrollment.enrollment;
    let (org, id) = (enrollment.key.org, enrollment.key.id);
    let required: Vec<UnitId> = revision.required_units().map(|unit| unit.id).collect();
    let certificate = CertificateKey::new(org, CertificateId(write.app.clock.uuid()));
    let (code, generation) = CertificateCode::issue(&write.app.keyring, certificate);
    let (units, state, issued): (Vec<UnitId>, Option<EnrollmentState>, Option<CertificateId>) =
        Statement::<(Array<SqlUuid>, Nullable<Text>, Nullable<SqlUuid>)>::new(
            "with marked as ( \
                insert into unit_progress as p (org_id, enrollment_id, unit_id, state, completed_at) \
                select ?, ?, u.id, 'completed', now() from unnest(?) as u (id) \
                on conflict (org_id, enrollment_id, unit_id) \
                do update set state = 'completed', completed_at = now() where p.state <> 'completed' \
                returning unit_id \
            ), counted as ( \
                select count(*)::integer as units from ( \
                    select unit_id from marked \
                    union select unit_id from unit_progress where org_id = ? and enrollment_id = ? and state = 'completed' \
                ) complete where unit_id = any (?) \
            ), changed as ( \
                update enrollments e set units_completed = c.units, \
                    state = case when e.state = 'active' and c.units = e.unit_count then 'completed' else e.state end, \
                    completed_at = case when e.state = 'active' and c.units = e.unit_count then now() else e.completed_at end \
                from counted c where e.org_id = ? and e.id = ? and e.units_completed <> c.units \
                returning e.org_id, e.id, e.course_id, e.member_id, e.revision_id, e.state \
            ), issued as ( \
                insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, \
                    code_hash, code_generation, holder_name, course_title, organization_name) \
                select e.org_id, ?, e.id, e.course_id, e.member_id, e.revision_id, ?, ?, m.name, ?, o.name \
                from changed e join memberships m on m.org_id = e.org_id and m.id = e.member_id \
                join organizations o on o.id = e.org_id where e.state = 'completed' \
                on conflict (org_id, enrollment_id) do nothing returning id \
            ) select array(select unit_id from marked), (select state from changed), (select id from issued)",
        )
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<Array<SqlUuid>, _>(units.to_vec())
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<Array<SqlUuid>, _>(required)
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(certificate.id)
        .bind::<Bytea, _>(code.hash().to_vec())
        .bind::<SmallInt, _>(generation)
        .bind::<Text, _>(revision.content.title.clone())
        .get_result(&mut write.gate.conn())
        .await?;
    let subject = enrollment.key.to_string();
    for unit in &units {
        let unit = UnitKey::new(enrollment.course_key(), *unit);
        write.happened("unit.completed", &subject, json!({ "unit": unit.to_string() }));
    }
    if enrollment.state == EnrollmentState::Active && state == Some(EnrollmentState::Completed) {
        let course = enrollment.course_key().to_string();
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
