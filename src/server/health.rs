//! Is the node alive, is it ready; and the personas of a development server.

use super::{Server, problem};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Alive: the process answers.
pub async fn live() -> &'static str {
    "alive\n"
}

/// Ready: the database answers. Shows the pool.
pub async fn ready(State(server): State<Arc<Server>>) -> Response {
    if server.api.app.db.answers().await.is_err() {
        return problem::problem(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.");
    }
    let (open, idle) = server.api.app.db.status();
    let body = json!({ "ready": true, "connections": { "open": open, "idle": idle } });
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        body.to_string(),
    )
        .into_response()
}

/// The personas of a development server.
pub async fn personas(State(server): State<Arc<Server>>) -> Response {
    match &server.personas {
        Some(personas) => {
            ([(header::CONTENT_TYPE, "application/json")], personas.to_string()).into_response()
        }
        None => problem::problem(StatusCode::NOT_FOUND, "Only a development server has personas."),
    }
}
