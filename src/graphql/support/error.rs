//! How errors leave the schema: code and message of ours, the cause in the log.

use crate::kernel::error::Error;
use async_graphql::{Pos, Response, ServerError};

/// Gives every error of an answer its code, and takes away what is not for clients.
pub fn finish(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        finish_one(error, request_id);
    }
}

/// The answer to an operation that is not executed at all.
pub fn refused(error: Error, request_id: &str) -> Response {
    let error = async_graphql::Error::from(error).into_server_error(Pos::default());
    let mut response = Response::from_errors(vec![error]);
    finish(&mut response, request_id);
    response
}

fn finish_one(error: &mut ServerError, request_id: &str) {
    let known = error.source::<Error>().cloned();
    let code = match &known {
        Some(Error::Internal(cause)) => {
            tracing::error!(request.id = request_id, path = ?error.path, cause = %cause, "an operation failed");
            "INTERNAL_SERVER_ERROR"
        }
        Some(known) => known.code(),
        None if error
            .extensions
            .as_ref()
            .is_some_and(|extensions| extensions.get("code").is_some()) =>
        {
            return;
        }
        // The engine's own: an argument that its scalar or enum does not take.
        None => "BAD_USER_INPUT",
    };
    if let Some(known) = &known {
        error.message = known.to_string();
    }
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code);
    if let Some(Error::RateLimited { retry_after }) = known {
        extensions.set("retryAfter", retry_after);
    }
    error.source = None;
}
