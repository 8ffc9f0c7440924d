//! Verification: what anybody learns of a certificate whose code they were given.

use super::code::CertificateCode;
use crate::db::{Db, Statement};
use crate::kernel::error::Result;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Bytea, Nullable, Text, Timestamptz, Untyped};

/// What is known of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum VerificationState {
    /// A certificate of this code was issued, and it holds.
    Valid,
    /// A certificate of this code was issued, and it was revoked.
    Revoked,
    /// No certificate has this code.
    #[default]
    Unknown,
}

/// What everybody learns of a certificate whose code they have. Cost: 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, SimpleObject)]
pub struct CertificateVerification {
    /// What is known of the code. Cost: 1.
    pub state: VerificationState,
    /// The holder's name, as the certificate says it; null for an unknown code, and where the holder was erased. Cost: 1.
    pub holder_name: Option<String>,
    /// Whether the holder was erased: the certificate was issued, holds or was revoked as `state` says, and names nobody. Cost: 1.
    pub is_holder_erased: bool,
    /// The course's title, as the certificate says it; null for an unknown code. Cost: 1.
    pub course_title: Option<String>,
    /// The organisation's name, as the certificate says it; null for an unknown code. Cost: 1.
    pub organization_name: Option<String>,
    /// When the certificate was issued; null for an unknown code. Cost: 1.
    pub issued_at: Option<DateTime<Utc>>,
    /// When the certificate was revoked; null while it holds. Cost: 1.
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(diesel::QueryableByName)]
struct Verified {
    #[diesel(sql_type = Nullable<Text>)]
    holder_name: Option<String>,
    #[diesel(sql_type = Text)]
    course_title: String,
    #[diesel(sql_type = Text)]
    organization_name: String,
    #[diesel(sql_type = Timestamptz)]
    issued_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    revoked_at: Option<DateTime<Utc>>,
}

/// Verifies a code as somebody wrote it: one statement through its door, without a scope; none for what is no code.
pub async fn verify(db: &Db, code: &str) -> Result<CertificateVerification> {
    let Some(code) = CertificateCode::parse(code) else {
        return Ok(CertificateVerification::default());
    };
    let door = Statement::<Untyped>::new("select * from door.certificate(?)");
    let mut found: Vec<Verified> = db.door(door.bind::<Bytea, _>(code.hash().to_vec())).await?;
    Ok(found
        .pop()
        .map_or_else(CertificateVerification::default, |certificate| {
            CertificateVerification {
                state: match certificate.revoked_at {
                    Some(_) => VerificationState::Revoked,
                    None => VerificationState::Valid,
                },
                is_holder_erased: certificate.holder_name.is_none(),
                holder_name: certificate.holder_name,
                course_title: Some(certificate.course_title),
                organization_name: Some(certificate.organization_name),
                issued_at: Some(certificate.issued_at),
                revoked_at: certificate.revoked_at,
            }
        }))
}
