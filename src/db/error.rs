//! What a failed statement means.

use crate::kernel::error::Error;
use diesel::result::{DatabaseErrorKind as Kind, Error as DieselError};

/// Every database error that no caller has turned into a user's error: nothing of its text reaches a client.
impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(
                Kind::ClosedConnection | Kind::SerializationFailure | Kind::UnableToSendCommand,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Unavailable,
            DieselError::DatabaseError(_, info) if is_passing(info.message()) => Self::Unavailable,
            _ => Self::internal(error),
        }
    }
}

/// Deadlines and shutdowns. Diesel does not keep the SQLSTATE, so they are told by PostgreSQL's English texts; under
/// another `lc_messages` they count as faults of ours, which is as safe and less helpful.
fn is_passing(message: &str) -> bool {
    [
        "canceling statement due to",
        "terminating connection",
        "deadlock detected",
        "the database system is",
        "connection closed",
    ]
    .iter()
    .any(|text| message.starts_with(text))
}

/// The constraint that a write violated, if that is what the error is.
pub fn violated(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(
            Kind::UniqueViolation | Kind::CheckViolation | Kind::ForeignKeyViolation,
            info,
        ) => info.constraint_name(),
        _ => None,
    }
}
