//! GraphQL over Server-Sent Events, distinct connections mode: one operation, one stream of `next` events, `complete` at the
//! end.

use super::{HEARTBEAT, Listener, Said};
use crate::server::graphql::{Answer, GraphqlRequest, Media};
use crate::server::problem;
use async_graphql::ServerError;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::stream;
use std::convert::Infallible;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// How many answers wait for a client that reads slowly.
const WAITING: usize = 16;
/// A line that says nothing, so that nobody in between takes the stream for dead.
const QUIET: &str = ":\n\n";
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Opens the stream of an operation.
pub fn open(listener: Listener, request: GraphqlRequest) -> Response {
    let streams = listener.server.streams.clone();
    let Some(slot) = streams.enter(listener.sender.address) else {
        return problem::overloaded();
    };
    let (out, said) = mpsc::channel(WAITING);
    let request_id = listener.sender.request_id.clone();
    let last = tokio::spawn(async move {
        let _slot = slot;
        tokio::select! {
            last = listener.run(&request, &out) => last.ok(),
            // Without a last word: the client comes back, to another node.
            () = streams.ended() => None,
        }
    });
    let told = Telling {
        said,
        last: Some(last),
        request_id,
        quiet_until: Instant::now(),
    };
    respond(Body::from_stream(stream::unfold(told, |mut told| async move {
        let chunk = told.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), told))
    })))
}

/// Answers a request that was not executed.
pub fn refused(answer: &Answer<'_>, errors: &[ServerError]) -> Response {
    respond(Body::from(format!(
        "{}{COMPLETE}",
        next(&answer.told_errors(errors))
    )))
}

/// JSON has no line breaks outside its texts, and escapes them within.
fn next(json: &str) -> String {
    format!("event: next\ndata: {json}\n\n")
}

fn respond(body: Body) -> Response {
    let mut response = Response::new(body);
    for (name, value) in [
        (CONTENT_TYPE, Media::EventStream.content_type()),
        (VARY, "Accept, Authorization, Origin"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Proxies that gather answers would hold the events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What is yet to be written.
struct Telling {
    said: mpsc::Receiver<Said>,
    last: Option<JoinHandle<Option<Said>>>,
    request_id: String,
    quiet_until: Instant,
}

impl Telling {
    /// The next piece of the body; the first one comes at once, so that the client knows that the stream is open.
    async fn next(&mut self) -> Option<String> {
        self.last.as_ref()?;
        let said = timeout_at(self.quiet_until, self.said.recv()).await;
        self.quiet_until = Instant::now() + HEARTBEAT;
        match said {
            Err(_) => Some(QUIET.to_owned()),
            Ok(Some(said)) => Some(self.write(&said)),
            Ok(None) => {
                let last = self.last.take()?.await.ok()??;
                Some(self.write(&last))
            }
        }
    }

    fn write(&self, said: &Said) -> String {
        match said {
            Said::Next(json) => next(json),
            Said::Error(errors) => {
                let answer = Answer {
                    media: Media::EventStream,
                    request_id: &self.request_id,
                    cost: None,
                };
                format!("{}{COMPLETE}", next(&answer.told_errors(errors)))
            }
            Said::Complete => COMPLETE.to_owned(),
        }
    }
}
