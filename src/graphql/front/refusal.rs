//! Why a request is refused before it is executed: a code, a few faults, and never the document itself.

use std::fmt;

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError, Value};

/// The machine-readable reason of a refusal, as `extensions.code` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// A variable or an argument has a value that it must not have.
    BadUserInput,
    /// The HTTP request is malformed.
    BadRequest,
    /// The document does not have the operation that was asked for.
    OperationResolutionFailure,
    /// The hash of a persisted document is unknown.
    PersistedQueryNotFound,
    /// Persisted documents are not served.
    PersistedQueryNotSupported,
    /// A bound of [`DocumentLimits`](super::DocumentLimits) is exceeded.
    LimitExceeded,
}

impl Code {
    /// Gives the code as clients read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::BadRequest => "BAD_REQUEST",
            Self::OperationResolutionFailure => "OPERATION_RESOLUTION_FAILURE",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
        }
    }
}

/// A bound that was exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Name of the bound, such as `depth`.
    pub limit: &'static str,
    /// What the request asks for; a saturating count, so possibly less than the truth when it is huge.
    pub asked: u64,
    /// What is allowed.
    pub allowed: u64,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What to change, in one sentence, with at most the name at fault.
    pub message: String,
    /// Where in the document, if anywhere.
    pub location: Option<Pos>,
}

/// A request that will not be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// At least one and at most [`Refusal::FAULTS`], in the order of the document.
    pub faults: Vec<Fault>,
    /// The bound, when the code is [`Code::LimitExceeded`].
    pub excess: Option<Excess>,
}

impl Refusal {
    /// How many faults are told at once.
    pub const FAULTS: usize = 10;

    /// Makes a refusal with one fault that has no place in the document.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::at(code, message, None)
    }

    /// Makes a refusal with one fault at a place in the document.
    pub fn at(code: Code, message: impl Into<String>, location: Option<Pos>) -> Self {
        Self {
            code,
            faults: vec![Fault {
                message: message.into(),
                location,
            }],
            excess: None,
        }
    }

    /// Makes a refusal out of faults, or nothing when there are none; keeps the first [`Refusal::FAULTS`].
    pub fn of(code: Code, mut faults: Vec<Fault>) -> Option<Self> {
        faults.truncate(Self::FAULTS);
        (!faults.is_empty()).then_some(Self {
            code,
            faults,
            excess: None,
        })
    }

    /// Makes a refusal for a bound that is exceeded; `of` says in words what is bounded.
    pub fn limit(limit: &'static str, of: &str, asked: u64, allowed: u64) -> Self {
        let message = format!("This request asks for {asked} {of}; at most {allowed} are allowed.");
        let excess = Some(Excess {
            limit,
            asked,
            allowed,
        });
        Self {
            excess,
            ..Self::new(Code::LimitExceeded, message)
        }
    }

    /// Gives the errors of the answer, each with its `extensions.code`.
    pub fn errors(&self) -> Vec<ServerError> {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        if let Some(Excess {
            limit,
            asked,
            allowed,
        }) = self.excess
        {
            extensions.set("limit", limit);
            extensions.set("asked", Value::Number(asked.into()));
            extensions.set("allowed", Value::Number(allowed.into()));
        }
        self.faults
            .iter()
            .map(|fault| {
                let mut error = ServerError::new(&fault.message, fault.location);
                error.extensions = Some(extensions.clone());
                error
            })
            .collect()
    }

    /// Gives the answer of a transport that has no status codes, such as a WebSocket.
    pub fn response(&self) -> Response {
        Response::from_errors(self.errors())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.as_str())?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, ": {}", fault.message))
    }
}

impl std::error::Error for Refusal {}

/// Shortens a name of the client's to what may be repeated in a message.
pub(super) fn named(name: &str) -> String {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &name[..end]),
        None => format!("`{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_tells_which_what_was_asked_and_what_is_allowed() {
        let errors = Refusal::limit("depth", "levels of fields", 13, 12).errors();
        let json = serde_json::to_value(&errors).expect("errors are JSON");
        assert_eq!(
            json[0]["extensions"],
            serde_json::json!({"code": "LIMIT_EXCEEDED", "limit": "depth", "asked": 13, "allowed": 12})
        );
        assert_eq!(
            json[0]["message"],
            "This request asks for 13 levels of fields; at most 12 are allowed."
        );
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(named("title"), "`title`");
        assert_eq!(named(&"é".repeat(90_000)).chars().count(), 67);
    }

    #[test]
    fn only_the_first_faults_are_told() {
        let fault = Fault {
            message: "x".into(),
            location: None,
        };
        let refusal = Refusal::of(Code::BadUserInput, vec![fault; 50]).expect("has faults");
        assert_eq!(refusal.faults.len(), Refusal::FAULTS);
        assert_eq!(Refusal::of(Code::BadUserInput, vec![]), None);
    }
}
