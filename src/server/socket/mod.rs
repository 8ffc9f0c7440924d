//! GraphQL over WebSocket: the sub-protocol `graphql-transport-ws`, and no other.

mod close;
mod message;
mod session;

use super::Server;
use super::admission::Sender;
use super::problem;
use axum::extract::{FromRequestParts, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use std::sync::Arc;

const PROTOCOL: &str = "graphql-transport-ws";
/// Bytes of a message at most.
const MOST_BYTES: usize = 64 * 1024;

/// Whether a request asks for a WebSocket.
pub fn is_asked_for(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a WebSocket for the pages that may call the API, and for who is no browser.
pub async fn open(server: &Arc<Server>, mut parts: Parts, request_id: &str) -> Response {
    if let Some(origin) = parts.headers.get(header::ORIGIN)
        && !is_own(&parts, origin)
        && !server.allows(origin).await
    {
        return problem::problem(
            StatusCode::FORBIDDEN,
            "Pages of this origin may not call the API.",
        );
    }
    let sender = Sender::new(server, &parts, request_id);
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, server).await else {
        let mut response = problem::problem(
            StatusCode::BAD_REQUEST,
            "This is not the beginning of a WebSocket, version 13.",
        );
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    let Some(slot) = server.streams.enter(sender.address) else {
        return problem::overloaded();
    };
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES);
    let speaks = upgrade.selected_protocol().is_some();
    let server = server.clone();
    upgrade.on_upgrade(async move |socket| {
        session::run(socket, server, sender, speaks).await;
        drop(slot);
    })
}

/// Whether a page comes from this very host, which asks nobody's leave.
fn is_own(parts: &Parts, origin: &HeaderValue) -> bool {
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((host, origin), (Some(host), Some((_, authority))) if authority == host)
}
