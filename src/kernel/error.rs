//! The one error type of the product.
//!
//! Every failure is one of these. A client sees the code, the message that was written for it, and a request
//! id; the cause of an [`Error::Internal`] is for the log alone.

use std::fmt;
use std::sync::Arc;

/// What went wrong, in the words of the API.
#[derive(Clone, Debug)]
pub enum Error {
    /// The thing does not exist, or the viewer may not know that it does.
    NotFound,
    /// The viewer sees the thing but may not do this with it.
    Forbidden {
        /// The permission that is missing, such as `courses.publish`.
        permission: &'static str,
    },
    /// The organisation is about to be deleted: it can be read, and nothing in it can be changed.
    Closing,
    /// Nobody is signed in, and this needs somebody.
    Unauthenticated,
    /// The person has to prove anew that it is them before this; see `stepUp`.
    StepUpRequired,
    /// A token of an app was sent for something that only the person themselves can do, in a session.
    SessionRequired,
    /// Something that only an app does was asked for without the token of one.
    ApiTokenRequired,
    /// The session is for other pages than the one that sent this.
    OriginNotAllowed,
    /// The session is for other documents than this one.
    OperationNotAllowed,
    /// The session's budget does not suffice for this.
    BudgetSpent,
    /// An argument is wrong; the message says how and what is allowed.
    BadInput(String),
    /// Too much was asked in too short a time; the caller may try again after so many seconds.
    RateLimited {
        /// Seconds until the request may be tried again.
        retry_after: u64,
    },
    /// A listener took what it was told too slowly, and is told no more.
    TooSlow,
    /// The service cannot answer now; the same request may be sent again. A mutation may have been done nevertheless,
    /// when it was its answer that was lost.
    Unavailable,
    /// A fault of ours. Its cause is logged and never shown.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps a fault of ours.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// The code that clients find in `extensions.code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::Closing => "ORGANIZATION_CLOSING",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::StepUpRequired => "STEP_UP_REQUIRED",
            Self::SessionRequired => "SESSION_REQUIRED",
            Self::ApiTokenRequired => "API_TOKEN_REQUIRED",
            Self::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Self::OperationNotAllowed => "OPERATION_NOT_ALLOWED",
            Self::BudgetSpent => "BUDGET_SPENT",
            Self::BadInput(_) => "BAD_USER_INPUT",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::TooSlow => "TOO_SLOW",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("Not found."),
            Self::Forbidden { permission } => write!(
                f,
                "This needs the permission {permission}, which you do not have here."
            ),
            Self::Closing => f.write_str(
                "The organisation is about to be deleted and can only be read. An owner can take that back with `organizationDeletionCancel`.",
            ),
            Self::Unauthenticated => {
                f.write_str("Sign in first: send `Authorization: Bearer <token>` with a token from `login`.")
            }
            Self::StepUpRequired => f.write_str(
                "This needs a fresh proof that it is you: call `stepUp` with your password, or with a code if you have a second factor, then send this again.",
            ),
            Self::SessionRequired => f.write_str(
                "Only the person themselves can do or see this: send the token of a session, from `login`, not that of an app or of an organisation's own sign-in.",
            ),
            Self::ApiTokenRequired => {
                f.write_str("Only an app does this: send the token of one, from `apiTokenCreate`.")
            }
            Self::OriginNotAllowed => f.write_str(
                "This session is for other pages: its app names their origins when it opens the session.",
            ),
            Self::OperationNotAllowed => f.write_str(
                "This session is for other documents: its app names their SHA-256 hashes when it opens the session.",
            ),
            Self::BudgetSpent => {
                f.write_str("This session has not so much of its budget left: ask its app for another session.")
            }
            Self::BadInput(message) => f.write_str(message),
            Self::RateLimited { retry_after } => {
                write!(f, "Too many requests; try again in {retry_after} s.")
            }
            Self::TooSlow => f.write_str(
                "You read too slowly. Subscribe again with the last cursor as `after`, and nothing is lost.",
            ),
            Self::Unavailable => f.write_str(
                "The service cannot answer right now. Send the request again; a mutation with an idempotency key is done once.",
            ),
            Self::Internal(_) => {
                f.write_str("Something went wrong on our side. Quote the request id when you report it.")
            }
        }
    }
}

impl std::error::Error for Error {
    /// The cause, for logs and for commands on the server; clients get `Display` alone.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Internal(cause) => Some(&**cause),
            _ => None,
        }
    }
}
