//! HTTP: the one router, and what stands around it.

mod admission;
mod client_address;
mod endpoint;
mod files;
pub mod graphql;
mod health;
mod metrics;
pub mod playground;
mod problem;
mod request_id;
mod socket;
mod streams;

pub use streams::Streams;
mod sign_in;

use crate::cache::buckets::Buckets;
use crate::config::HttpConfig;
use crate::graphql::schema::Api;
use async_graphql::Response;
use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::routing::{any, get};
use reqwest::Url;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What the handlers share.
pub struct Server {
    /// The schema in service.
    pub api: Api,
    /// What clients may ask for.
    pub buckets: Buckets,
    /// What is told piece by piece.
    pub streams: Arc<Streams>,
    /// Settings.
    pub config: HttpConfig,
    /// What `/personas.json` answers; only a development server has personas.
    pub personas: Option<serde_json::Value>,
}

impl Server {
    /// Notes what an execution took, in its answer too where that is traced.
    fn note(&self, kind: &'static str, started: Instant, statements: u32, response: &mut Response) {
        ::metrics::histogram!("lyceum_operation_seconds", "kind" => kind).record(started.elapsed());
        ::metrics::histogram!("lyceum_operation_statements", "kind" => kind).record(statements);
        if self.config.trace {
            let trace = async_graphql::value!({ "statements": statements });
            response.extensions.insert("trace".to_owned(), trace);
        }
    }

    /// Whether the pages of an origin may call the API: this server lists it, it is this machine's on a development server, or
    /// an organisation lists it.
    async fn allows(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let is_local = |url: Url| self.api.app.providers.is_local_page(&url);
        self.config.allowed_origins.iter().any(|own| own == origin)
            || Url::parse(origin).is_ok_and(is_local)
            || self.api.app.allows_origin(origin).await
    }
}

/// Every route of a node.
pub fn router(server: Arc<Server>) -> Router {
    self::metrics::start();
    let api = Router::new()
        .route("/graphql", any(endpoint::graphql))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(|_| async { problem::overloaded() }))
                .load_shed()
                .concurrency_limit(server.config.concurrent_requests),
        )
        .layer(cors(&server, [Method::GET, Method::POST]));
    let files = Router::new()
        .route("/files/{address}", get(files::read).put(files::write))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(|_| async { problem::overloaded() }))
                .load_shed()
                .concurrency_limit(server.config.concurrent_transfers),
        )
        .layer(cors(&server, [Method::GET, Method::PUT]));
    let sign_ins = Router::new()
        .route("/sign-in/start/{token}", get(sign_in::start))
        .route("/sign-in/callback", get(sign_in::callback))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(|_| async { problem::overloaded() }))
                .load_shed()
                .concurrency_limit(server.config.concurrent_sign_ins),
        );
    Router::new()
        .route("/", get(|| async { playground::page() }))
        .route("/personas.json", get(health::personas))
        .route("/live", get(health::live))
        .route("/ready", get(health::ready))
        .route("/metrics", get(self::metrics::show))
        .merge(playground::routes())
        .merge(sign_ins)
        .merge(files)
        .merge(api)
        .fallback(|| async {
            problem::problem(StatusCode::NOT_FOUND, "Nothing is here. The API is at /graphql.")
        })
        .layer(axum::middleware::from_fn(request_id::attach))
        .layer(CatchPanicLayer::custom(|_| {
            problem::problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            )
        }))
        .with_state(server)
}

/// Lets the pages of listed origins call the API, be it this server that lists them or an organisation; others get no
/// permission. A preflight request does not say for which organisation it asks, and need not: cookies are never involved,
/// so a page gets no further than the token that it was given.
fn cors(server: &Arc<Server>, methods: [Method; 2]) -> CorsLayer {
    let server = server.clone();
    let allowed = move |origin: HeaderValue, _: &Parts| {
        let server = server.clone();
        async move { server.allows(&origin).await }
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::async_predicate(move |origin, parts| {
            allowed(origin, parts)
        }))
        .allow_methods(methods)
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
        .max_age(Duration::from_secs(3600))
}
