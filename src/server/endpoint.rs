//! The endpoint: from an HTTP request to an executed operation and back.

use super::Server;
use super::admission::{Charge, Sender, kind_name, shown};
use super::graphql::{Accepted, Answer, GraphqlRequest, HttpRefusal, Media};
use super::request_id::RequestId;
use super::streams::{Listener, events};
use super::{playground, socket};
use crate::graphql::front::{Admitted, Kind};
use crate::kernel::error::Error;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers `/graphql`.
pub async fn graphql(
    State(server): State<Arc<Server>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    if socket::is_asked_for(&parts) {
        return socket::open(&server, parts, &request_id).await;
    }
    let accepted = Accepted::new(&parts.headers);
    if parts.method == Method::GET && accepted.prefers_html() && parts.uri.query().is_none() {
        return playground::page();
    }
    let media = accepted.single();
    let media = media.filter(|media| *media != Media::Multipart || accepted.events());
    let is_single = matches!(media, Some(Media::Json | Media::GraphqlResponse));
    let mut answer = Answer {
        media: media.filter(|_| is_single).unwrap_or(Media::Json),
        request_id: &request_id,
        cost: None,
    };
    if media.is_none() {
        return answer.refused(&HttpRefusal::not_acceptable());
    }
    let asked = match admit(&server, &parts, body).await {
        Ok(asked) => asked,
        Err(refusal) => {
            metrics::counter!("lyceum_refused_total", "code" => refusal.refusal.code.as_str()).increment(1);
            // What HTTP has no status for, readers of a stream find in the stream.
            return match refusal.status {
                None if !is_single => events::refused(&answer, &refusal.refusal.errors()),
                _ => answer.refused(&refusal),
            };
        }
    };
    let sender = Sender::new(&server, &parts, &request_id);
    let viewer = match sender.viewer(&server).await {
        Ok(viewer) => viewer,
        Err(error) => return failed(&answer, &error),
    };
    if asked.kind == Kind::Subscription || !is_single {
        if !accepted.events() {
            return answer.refused(&HttpRefusal::not_acceptable());
        }
        return events::open(Listener { server, sender }, asked.request);
    }
    let Asked { kind, admitted, .. } = asked;
    if asked.introspects && viewer.person().is_none() && !server.config.public_introspection {
        return failed(&answer, &Error::Unauthenticated);
    }
    let document = asked.request.query.as_deref().unwrap_or_default();
    if let Err(error) = sender.confine(&server, &viewer, document, admitted.cost).await {
        return failed(&answer, &error);
    }
    let charge = sender.charge(&server, &viewer, admitted.cost).await;
    answer.cost = Some(charge.shown(&server));
    if let Err(error) = charge.granted() {
        return rate_limited(failed(&answer, &error), &charge);
    }
    let started = Instant::now();
    let execution = server.api.execute(viewer, admitted, &request_id, &sender.origin);
    // A mutation's write goes on without its request, so only queries are cut off.
    let executed = if kind == Kind::Mutation {
        Ok(execution.await)
    } else {
        tokio::time::timeout(Duration::from_millis(server.config.request_timeout_ms), execution).await
    };
    let response = match executed {
        Ok((mut response, statements)) => {
            server.note(kind_name(kind), started, statements, &mut response);
            answer.executed(&response)
        }
        Err(_) => failed(&answer, &Error::Unavailable),
    };
    rate_limited(response, &charge)
}

/// A request whose document has passed the front.
struct Asked {
    kind: Kind,
    introspects: bool,
    admitted: Admitted,
    request: GraphqlRequest,
}

/// Reads the request and lets its document pass the front.
async fn admit(server: &Server, parts: &Parts, body: Body) -> Result<Asked, HttpRefusal> {
    GraphqlRequest::check(&parts.method, &parts.headers)?;
    let most = server.config.body_bytes;
    let body = axum::body::to_bytes(body, most)
        .await
        .map_err(|_| HttpRefusal::too_large(most))?;
    let front = &server.api.front;
    let request = GraphqlRequest::read(&parts.method, parts.uri.query(), &body, front.limits())?;
    let prepared = front.prepare(request.document()?)?;
    let operation = prepared.operation(request.operation_name.as_deref())?;
    request.permits(operation.kind())?;
    let mut admitted = operation.admit(request.variables.clone())?;
    admitted.idempotency_key = idempotency_key(parts)?;
    if admitted.idempotency_key.is_some() && admitted.root_fields != 1 {
        let message = "The header Idempotency-Key is for one root field; give each its own `idempotencyKey` in its input.";
        return Err(HttpRefusal::malformed(message));
    }
    Ok(Asked {
        kind: operation.kind(),
        introspects: operation.is_introspection(),
        admitted,
        request,
    })
}

/// What the request says of being sent twice.
fn idempotency_key(parts: &Parts) -> Result<Option<String>, HttpRefusal> {
    let Some(header) = parts.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = header.to_str().map(str::to_owned);
    key.map(Some)
        .map_err(|_| HttpRefusal::malformed("The header Idempotency-Key is not plain text."))
}

/// Answers a request that was refused as a whole.
fn failed(answer: &Answer<'_>, error: &Error) -> Response {
    let status = match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::OriginNotAllowed | Error::OperationNotAllowed => StatusCode::FORBIDDEN,
        Error::RateLimited { .. } | Error::BudgetSpent => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = answer.errors(status, &[shown(error, answer.request_id)]);
    if let Error::RateLimited { retry_after } = error {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    if matches!(error, Error::Unauthenticated) {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Says how much is left (the `RateLimit` fields of the IETF draft).
fn rate_limited(mut response: Response, charge: &Charge) -> Response {
    let (bucket, taken) = (charge.bucket, charge.taken);
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", HeaderValue::from(bucket.capacity));
    headers.insert("ratelimit-remaining", HeaderValue::from(taken.remaining));
    headers.insert(
        "ratelimit-reset",
        HeaderValue::from(bucket.seconds_until_full(taken.remaining)),
    );
    response
}
