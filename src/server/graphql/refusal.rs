//! Refusals that HTTP has a status or a header for.

use axum::http::{
    StatusCode,
    header::{ALLOW, HeaderName},
};

use crate::graphql::front::{Code, Refusal};

/// A refusal that HTTP has a status or a header for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRefusal {
    /// The status, whatever form the answer has; without one, the form decides.
    pub status: Option<StatusCode>,
    /// What the body says.
    pub refusal: Refusal,
    /// A header that belongs to the status.
    pub header: Option<(HeaderName, &'static str)>,
}

impl From<Refusal> for HttpRefusal {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: None,
            refusal,
            header: None,
        }
    }
}

impl HttpRefusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            refusal: Refusal::new(Code::BadRequest, message),
            header: None,
        }
    }

    /// 413: the body is longer than `allowed` bytes.
    pub fn too_large(allowed: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body must have at most {allowed} bytes."),
        )
    }

    /// 406: the client accepts no form that there is.
    pub fn not_acceptable() -> Self {
        let message = "Accept application/graphql-response+json or application/json; for subscriptions \
                       text/event-stream, or open a WebSocket.";
        Self::new(StatusCode::NOT_ACCEPTABLE, message)
    }

    pub(super) fn method(allow: &'static str, message: &str) -> Self {
        Self {
            header: Some((ALLOW, allow)),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
        }
    }

    /// 400: the request does not say what it should.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn media(message: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    }
}
