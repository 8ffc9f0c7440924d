//! The certificate row.

use super::code::CertificateCode;
use crate::db::schema::certificates;
use crate::kernel::ids::{
    CertificateKey, CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, MemberKey, RevisionId,
    RevisionKey,
};
use crate::kernel::keyring::Keyring;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// Whether a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CertificateState {
    /// It holds.
    Valid,
    /// It was revoked, for good.
    Revoked,
}

/// A certificate that a course was completed, as it was on the day of its issue.
///
/// Requires: `learning_records.read` for the holder. Everybody else has a certificate verified by its code.
/// Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = certificates)]
#[graphql(complex)]
pub struct Certificate {
    /// Organisation and certificate.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: CertificateKey,
    /// The enrolment that it certifies.
    #[graphql(skip)]
    pub enrollment_id: EnrollmentId,
    /// The course.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// The holder.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// The edition of the course that was completed.
    #[graphql(skip)]
    pub revision_id: RevisionId,
    /// Which master key its code is derived with.
    #[graphql(skip)]
    pub code_generation: i16,
    /// The holder's name; null where the holder was erased. The certificate holds nevertheless. Cost: 1.
    pub holder_name: Option<String>,
    /// The course's title. Cost: 1.
    pub course_title: String,
    /// The organisation's name. Cost: 1.
    pub organization_name: String,
    /// When it was issued. Cost: 1.
    pub issued_at: DateTime<Utc>,
    /// When it was revoked; null while it holds. Cost: 1.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why it was revoked; null while it holds. Cost: 1.
    pub revocation_reason: Option<String>,
}

impl Certificate {
    /// The enrolment that it certifies.
    pub const fn enrollment_key(&self) -> EnrollmentKey {
        EnrollmentKey::new(self.key.org, self.enrollment_id)
    }

    /// The course.
    pub const fn course_key(&self) -> CourseKey {
        CourseKey::new(self.key.org, self.course_id)
    }

    /// The holder.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }

    /// The edition of the course that was completed.
    pub const fn revision_key(&self) -> RevisionKey {
        RevisionKey::new(self.key.org, self.revision_id)
    }

    /// Whether it holds.
    pub const fn state(&self) -> CertificateState {
        if self.revoked_at.is_some() {
            CertificateState::Revoked
        } else {
            CertificateState::Valid
        }
    }

    /// Its code; `None` where the master key that it was derived with is no longer there.
    pub fn code(&self, keyring: &Keyring) -> Option<CertificateCode> {
        CertificateCode::derive(keyring, self.key, self.code_generation)
    }
}
