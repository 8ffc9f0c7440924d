//! Who may read which events.

use super::model::{Event, Record};
use crate::auth::permission::Permission;
use crate::auth::standing::{OrgStanding, Viewer};
use crate::db::Reader;
use crate::domain::courses::store::Taught;
use crate::domain::{attempts, certificates, enrollments, submissions};
use crate::kernel::error::Result;
use crate::kernel::ids::{AttemptKey, CertificateKey, CourseKey, EnrollmentKey, Key, SubmissionKey};

/// Who may read an event. Who reads the whole audit may read each but those for [`Audience::Security`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Nobody else.
    Auditors,
    /// Whoever sees the learning record that it happened to: the learner, who teaches them, who manages their group.
    Learning,
    /// Whoever reads the draft of the course that it happened to.
    Authors,
    /// Whoever reads the organisation's security events, and nobody else.
    Security,
}

/// What the kinds of security events begin with; what follows is a kind of `organization_security_events`.
const SECURITY: &str = "security.";

/// What an operator reads by a grant happens too.
const READ_BY_SUPPORT: &str = "support.read";

/// The audience of each kind of happening. A kind that is not listed is for auditors alone, or for who reads security events.
pub const AUDIENCES: &[(&str, Audience)] = &[
    ("accommodation.set", Audience::Learning),
    ("account_link.accepted", Audience::Auditors),
    ("account_link.ended", Audience::Auditors),
    ("account_link.proposed", Audience::Auditors),
    ("account_link.refused", Audience::Auditors),
    ("account_link.withdrawn", Audience::Auditors),
    ("api_token.created", Audience::Auditors),
    ("api_token.revoked", Audience::Auditors),
    ("api_token.rotated", Audience::Auditors),
    ("app.created", Audience::Auditors),
    ("app.deleted", Audience::Auditors),
    ("app.updated", Audience::Auditors),
    ("asset.announced", Audience::Auditors),
    ("asset.completed", Audience::Auditors),
    ("attempt.abandoned", Audience::Learning),
    ("attempt.answer_saved", Audience::Learning),
    ("attempt.answers_graded", Audience::Learning),
    ("attempt.graded", Audience::Learning),
    ("attempt.regraded", Audience::Learning),
    ("attempt.started", Audience::Learning),
    ("attempt.submitted", Audience::Learning),
    ("attempt.voided", Audience::Learning),
    ("bank_question.created", Audience::Auditors),
    ("bank_question.retired", Audience::Auditors),
    ("bank_question.updated", Audience::Auditors),
    ("bookmark.removed", Audience::Auditors),
    ("bookmark.set", Audience::Auditors),
    ("certificate.issued", Audience::Learning),
    ("course.archived", Audience::Authors),
    ("course.created", Audience::Authors),
    ("course.duplicated", Audience::Authors),
    ("course.enrollment_terms_set", Audience::Authors),
    ("course.exported", Audience::Auditors),
    ("course.imported", Audience::Authors),
    ("course.prerequisites_set", Audience::Authors),
    ("course.published", Audience::Authors),
    ("course.restored", Audience::Authors),
    ("course.review_decided", Audience::Authors),
    ("course.review_requested", Audience::Authors),
    ("course.translated", Audience::Authors),
    ("course.updated", Audience::Authors),
    ("domain.added", Audience::Auditors),
    ("domain.lost", Audience::Auditors),
    ("domain.removed", Audience::Auditors),
    ("domain.verified", Audience::Auditors),
    ("enrollment.approved", Audience::Learning),
    ("enrollment.completed", Audience::Learning),
    ("enrollment.created", Audience::Learning),
    ("enrollment.declined", Audience::Learning),
    ("enrollment.expired", Audience::Learning),
    ("enrollment.extended", Audience::Learning),
    ("enrollment.moved_up", Audience::Learning),
    ("enrollment.reopened", Audience::Learning),
    ("enrollment.requested", Audience::Learning),
    ("enrollment.upgraded", Audience::Learning),
    ("enrollment.waitlisted", Audience::Learning),
    ("enrollment.withdrawn", Audience::Learning),
    ("group.created", Audience::Auditors),
    ("group.deleted", Audience::Auditors),
    ("group.members_set", Audience::Auditors),
    ("group.updated", Audience::Auditors),
    ("invitation.accepted", Audience::Auditors),
    ("invitation.declined", Audience::Auditors),
    ("invitation.resent", Audience::Auditors),
    ("invitation.revoked", Audience::Auditors),
    ("invitation.sent", Audience::Auditors),
    ("learner_session.created", Audience::Auditors),
    ("learner_session.revoked", Audience::Auditors),
    ("member.joined", Audience::Auditors),
    ("member.left", Audience::Auditors),
    ("member.offboarded", Audience::Auditors),
    ("member.provisioned", Audience::Auditors),
    ("member.removed", Audience::Auditors),
    ("member.restored", Audience::Auditors),
    ("member.role_changed", Audience::Auditors),
    ("member.suspended", Audience::Auditors),
    ("member.updated", Audience::Auditors),
    ("module.created", Audience::Authors),
    ("module.deleted", Audience::Authors),
    ("module.moved", Audience::Authors),
    ("module.updated", Audience::Authors),
    ("organization.created", Audience::Auditors),
    ("organization.deletion_begun", Audience::Auditors),
    ("organization.deletion_cancelled", Audience::Auditors),
    ("organization.settings_updated", Audience::Auditors),
    ("organization.updated", Audience::Auditors),
    ("ownership.offer_declined", Audience::Auditors),
    ("ownership.offer_withdrawn", Audience::Auditors),
    ("ownership.offered", Audience::Auditors),
    ("ownership.transferred", Audience::Auditors),
    ("path.archived", Audience::Auditors),
    ("path.created", Audience::Auditors),
    ("path.published", Audience::Auditors),
    ("path.updated", Audience::Auditors),
    ("path_enrollment.created", Audience::Auditors),
    ("path_enrollment.withdrawn", Audience::Auditors),
    ("policies.changed", Audience::Auditors),
    ("progress.recorded", Audience::Learning),
    ("question_bank.archived", Audience::Auditors),
    ("question_bank.created", Audience::Auditors),
    ("question_bank.updated", Audience::Auditors),
    ("quiz.regraded", Audience::Authors),
    ("review.hidden", Audience::Authors),
    ("review.removed", Audience::Authors),
    ("review.set", Audience::Authors),
    ("review.shown", Audience::Authors),
    ("role.created", Audience::Auditors),
    ("role.deleted", Audience::Auditors),
    ("role.updated", Audience::Auditors),
    ("security.api_token_used_from_new_network", Audience::Security),
    ("security.cross_tenant_attempt", Audience::Security),
    ("security.email_changed", Audience::Security),
    ("security.identity_linked", Audience::Security),
    ("security.identity_unlinked", Audience::Security),
    ("security.password_changed", Audience::Security),
    ("security.password_reset", Audience::Security),
    ("security.recovery_code_used", Audience::Security),
    ("security.recovery_codes_made", Audience::Security),
    ("security.refresh_token_replayed", Audience::Security),
    ("security.second_factor_added", Audience::Security),
    ("security.second_factor_removed", Audience::Security),
    ("security.session_revoked", Audience::Security),
    ("security.sign_in_failed", Audience::Security),
    ("security.signed_in", Audience::Security),
    ("security.signed_in_by_provider", Audience::Security),
    ("security.step_up_failed", Audience::Security),
    ("sso_connection.removed", Audience::Auditors),
    ("sso_connection.set", Audience::Auditors),
    ("submission.created", Audience::Learning),
    ("submission.graded", Audience::Learning),
    ("submission.regraded", Audience::Learning),
    ("support.approved", Audience::Auditors),
    ("support.declined", Audience::Auditors),
    ("support.ended", Audience::Auditors),
    ("support.read", Audience::Auditors),
    ("support.requested", Audience::Auditors),
    ("support.revoked", Audience::Auditors),
    ("survey.closed", Audience::Authors),
    ("survey.created", Audience::Authors),
    ("survey.deleted", Audience::Authors),
    ("survey.opened", Audience::Authors),
    ("survey.responded", Audience::Authors),
    ("survey.updated", Audience::Authors),
    ("unit.completed", Audience::Learning),
    ("unit.created", Audience::Authors),
    ("unit.deleted", Audience::Authors),
    ("unit.moved", Audience::Authors),
    ("unit.release_set", Audience::Authors),
    ("unit.updated", Audience::Authors),
];

impl Audience {
    /// The audience of a kind of happening.
    pub fn of(kind: &str) -> Self {
        match AUDIENCES.iter().find(|(listed, _)| *listed == kind) {
            Some((_, audience)) => *audience,
            None if kind.starts_with(SECURITY) => Self::Security,
            None => Self::Auditors,
        }
    }

    /// Whether a member may read anything that is for this audience.
    pub fn has(self, standing: &OrgStanding) -> bool {
        let reads_some = |permission| standing.reach(permission).is_some();
        match self {
            Self::Auditors => reads_all(standing),
            Self::Learning => reads_all(standing) || reads_some(Permission::LearningRecordsRead),
            Self::Authors => reads_all(standing) || reads_some(Permission::CoursesReadDraft),
            Self::Security => standing.reach(Permission::SecurityRead).all,
        }
    }
}

fn reads_all(standing: &OrgStanding) -> bool {
    standing.reach(Permission::AuditRead).all
}

/// Whether a viewer may read an event. What memory cannot tell is read: whom they teach, whose group they manage.
pub async fn may_read(reader: &Reader, viewer: &Viewer, event: &Event) -> Result<bool> {
    let Some(standing) = viewer.in_org(event.key.org) else {
        return Ok(false);
    };
    let audience = Audience::of(&event.kind);
    if audience == Audience::Security {
        return Ok(audience.has(standing));
    }
    if reads_all(standing) {
        // An operator who heard of what they read would read that too, and so on without an end: they find it in the audit.
        return Ok(event.kind != READ_BY_SUPPORT || standing.support().is_none());
    }
    match (audience, event.record, event.course()) {
        (Audience::Learning, Some(record), _) if viewer.reaches(record.course) => {
            may_read_record(reader, viewer, standing, event, record).await
        }
        (Audience::Authors, _, Some(course)) if viewer.reaches(course) => {
            may_read_draft(reader, standing, course).await
        }
        _ => Ok(false),
    }
}

async fn may_read_record(
    reader: &Reader,
    viewer: &Viewer,
    standing: &OrgStanding,
    event: &Event,
    record: Record,
) -> Result<bool> {
    let reach = standing.reach(Permission::LearningRecordsRead);
    if reach.all || reach.own && record.learner == standing.member {
        return Ok(true);
    }
    if !reach.taught && !reach.managed {
        return Ok(false);
    }
    let subject = event.subject.as_str();
    Ok(if let Some(key) = EnrollmentKey::parse(subject) {
        enrollments::store::find(reader, viewer, key).await?.is_some()
    } else if let Some(key) = AttemptKey::parse(subject) {
        attempts::lists::find(reader, viewer, key).await?.is_some()
    } else if let Some(key) = SubmissionKey::parse(subject) {
        submissions::lists::find(reader, viewer, key).await?.is_some()
    } else if let Some(key) = CertificateKey::parse(subject) {
        certificates::store::find(reader, viewer, key).await?.is_some()
    } else {
        false
    })
}

async fn may_read_draft(reader: &Reader, standing: &OrgStanding, course: CourseKey) -> Result<bool> {
    let reach = standing.reach(Permission::CoursesReadDraft);
    if reach.all || !reach.taught {
        return Ok(reach.all);
    }
    Ok(reader.fetch(Taught(course, standing.member)).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_thought_of_is_for_auditors_or_for_who_reads_security_events() {
        assert_eq!(Audience::of("course.published"), Audience::Authors);
        assert_eq!(Audience::of("course.published.twice"), Audience::Auditors);
        assert_eq!(Audience::of(""), Audience::Auditors);
        assert_eq!(Audience::of("security.unheard_of"), Audience::Security);
    }

    #[test]
    fn each_kind_is_listed_once_and_in_order() {
        assert!(AUDIENCES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
