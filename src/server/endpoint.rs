//! The endpoint: from an HTTP request to an executed operation and back.

use super::Server;
use super::graphql::{Accepted, Answer, Cost, GraphqlRequest, HttpRefusal, Media};
use super::request_id::RequestId;
use super::{client_address, playground};
use crate::auth::learner_sessions;
use crate::auth::standing::Viewer;
use crate::cache::buckets::{Bucket, Taken};
use crate::graphql::front::{Admitted, Kind};
use crate::kernel::error::Error;
use crate::kernel::origin::Origin;
use async_graphql::ServerError;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers `/graphql`.
pub async fn graphql(
    State(server): State<Arc<Server>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let accepted = Accepted::new(&parts.headers);
    if parts.method == Method::GET && accepted.prefers_html() && parts.uri.query().is_none() {
        return playground::page();
    }
    let media = accepted
        .single()
        .filter(|media| matches!(media, Media::Json | Media::GraphqlResponse));
    let mut answer = Answer {
        media: media.unwrap_or(Media::Json),
        request_id: &request_id,
        cost: None,
    };
    if media.is_none() {
        return answer.refused(&HttpRefusal::not_acceptable());
    }
    let Asked {
        kind,
        introspects,
        admitted,
        document,
    } = match admit(&server, &parts, body).await {
        Ok(asked) => asked,
        Err(refusal) => {
            metrics::counter!("lyceum_refused_total", "code" => refusal.refusal.code.as_str()).increment(1);
            return answer.refused(&refusal);
        }
    };
    let limit = Duration::from_millis(server.config.request_timeout_ms);
    let address = client_address::of(&parts, server.config.proxies);
    let user_agent = parts.headers.get(header::USER_AGENT);
    let origin = Origin::new(address, user_agent.and_then(|value| value.to_str().ok()));
    let viewer = tokio::time::timeout(limit, viewer(&server, &parts, &origin)).await;
    let viewer = match viewer.unwrap_or(Err(Error::Unavailable)) {
        Ok(viewer) => viewer,
        Err(error) => return failed(&answer, &error),
    };
    if introspects && viewer.person().is_none() && !server.config.public_introspection {
        return failed(&answer, &Error::Unauthenticated);
    }
    if let Err(error) = confine(&server, &viewer, &parts, &document, admitted.cost).await {
        return failed(&answer, &error);
    }
    let bucket = bucket(&server, &viewer);
    let taken = take(&server, &viewer, address, bucket, admitted.cost).await;
    answer.cost = Some(cost(&server, bucket, taken, admitted.cost));
    if !taken.granted {
        let retry_after = bucket.seconds_until(admitted.cost, taken.remaining);
        return rate_limited(
            failed(&answer, &Error::RateLimited { retry_after }),
            bucket,
            taken,
        );
    }
    let started = Instant::now();
    let execution = server.api.execute(viewer, admitted, &request_id, &origin);
    // A mutation's write goes on without its request, so only queries are cut off.
    let executed = if kind == Kind::Mutation {
        Ok(execution.await)
    } else {
        tokio::time::timeout(limit, execution).await
    };
    let response = match executed {
        Ok((mut response, statements)) => {
            let kind = kind_name(kind);
            metrics::histogram!("lyceum_operation_seconds", "kind" => kind).record(started.elapsed());
            metrics::histogram!("lyceum_operation_statements", "kind" => kind).record(statements);
            if server.config.trace {
                let trace = async_graphql::value!({ "statements": statements });
                response.extensions.insert("trace".to_owned(), trace);
            }
            answer.executed(&response)
        }
        Err(_) => failed(&answer, &Error::Unavailable),
    };
    rate_limited(response, bucket, taken)
}

/// A request whose document has passed the front.
struct Asked {
    kind: Kind,
    introspects: bool,
    admitted: Admitted,
    document: String,
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
    let mut admitted = operation.admit(request.variables)?;
    admitted.idempotency_key = idempotency_key(parts)?;
    if admitted.idempotency_key.is_some() && admitted.root_fields != 1 {
        let message = "The header Idempotency-Key is for one root field; give each its own `idempotencyKey` in its input.";
        return Err(HttpRefusal::malformed(message));
    }
    Ok(Asked {
        kind: operation.kind(),
        introspects: operation.is_introspection(),
        admitted,
        document: request.query.unwrap_or_default(),
    })
}

/// Refuses what a session for a browser is not for.
async fn confine(
    server: &Server,
    viewer: &Viewer,
    parts: &Parts,
    document: &str,
    cost: u64,
) -> Result<(), Error> {
    let Some(embed) = viewer.person().and_then(|person| person.credential.embed()) else {
        return Ok(());
    };
    let origin = parts
        .headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let hash = format!("{:x}", Sha256::digest(document));
    learner_sessions::admit(&server.api.app.db, embed, origin, &hash, cost).await
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

/// Who asks: nobody without a credential; a credential that is wrong is an error.
async fn viewer(server: &Server, parts: &Parts, origin: &Origin) -> Result<Viewer, Error> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(Viewer::Anonymous);
    };
    let bearer = header.to_str().ok().and_then(|value| {
        value
            .strip_prefix("Bearer ")
            .or_else(|| value.strip_prefix("bearer "))
    });
    server
        .api
        .app
        .viewer(bearer.ok_or(Error::Unauthenticated)?.trim(), origin)
        .await
}

fn client(viewer: &Viewer, address: Option<IpAddr>) -> String {
    match (viewer.person(), address) {
        (Some(person), _) => format!("user:{}", person.user.0),
        (None, Some(address)) => format!("address:{address}"),
        (None, None) => "address:unknown".to_owned(),
    }
}

fn bucket(server: &Server, viewer: &Viewer) -> Bucket {
    let config = &server.config;
    match viewer {
        Viewer::Person(_) => Bucket {
            capacity: config.bucket_capacity,
            per_second: config.bucket_per_second,
        },
        Viewer::Anonymous => Bucket {
            capacity: config.anonymous_bucket_capacity,
            per_second: config.anonymous_bucket_capacity / 10,
        },
    }
}

/// Takes an operation's cost from the buckets of the viewer's organisations and then from the viewer's own.
async fn take(server: &Server, viewer: &Viewer, address: Option<IpAddr>, bucket: Bucket, cost: u64) -> Taken {
    let capacity = server.config.organization_bucket_capacity;
    let shared = Bucket {
        capacity,
        per_second: capacity / 10,
    };
    for standing in viewer.person().into_iter().flat_map(|person| &person.orgs) {
        let taken = server
            .buckets
            .take(&format!("org:{}", standing.org.0), shared, cost)
            .await;
        if !taken.granted {
            return taken;
        }
    }
    server.buckets.take(&client(viewer, address), bucket, cost).await
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Query => "query",
        Kind::Mutation => "mutation",
        Kind::Subscription => "subscription",
    }
}

fn cost(server: &Server, bucket: Bucket, taken: Taken, requested: u64) -> Cost {
    let full_in = i64::try_from(bucket.seconds_until_full(taken.remaining)).unwrap_or(i64::MAX / 1_000);
    let reset_at = server.api.app.clock.now() + TimeDelta::seconds(full_in);
    Cost {
        requested,
        limit: bucket.capacity,
        remaining: taken.remaining,
        reset_at,
    }
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
    if let Error::Internal(cause) = error {
        tracing::error!(request.id = answer.request_id, cause = %cause, "a request failed");
    }
    let mut shown = ServerError::new(error.to_string(), None);
    shown.extensions.get_or_insert_default().set("code", error.code());
    let mut response = answer.errors(status, &[shown]);
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
fn rate_limited(mut response: Response, bucket: Bucket, taken: Taken) -> Response {
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", HeaderValue::from(bucket.capacity));
    headers.insert("ratelimit-remaining", HeaderValue::from(taken.remaining));
    headers.insert(
        "ratelimit-reset",
        HeaderValue::from(bucket.seconds_until_full(taken.remaining)),
    );
    response
}
