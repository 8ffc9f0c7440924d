//! What operators watch, in Prometheus's text format at `/metrics`.

use super::Server;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, LazyLock};

static RECORDER: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
    let buckets = [
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
    ];
    let handle = PrometheusBuilder::new()
        .set_buckets(&buckets)
        .ok()?
        .install_recorder()
        .ok()?;
    describe_histogram!(
        "lyceum_operation_seconds",
        Unit::Seconds,
        "How long executed operations took, by kind."
    );
    describe_histogram!(
        "lyceum_operation_statements",
        Unit::Count,
        "SQL statements of an operation, by kind."
    );
    describe_counter!(
        "lyceum_refused_total",
        "Requests that were refused before execution, by code."
    );
    describe_counter!(
        "lyceum_cache_mismatches_total",
        "Cached values that carried another key than the one asked for."
    );
    describe_gauge!(
        "lyceum_unnumbered_organizations",
        "Organisations whose events wait for their number."
    );
    describe_gauge!("lyceum_streams_open", "Open WebSockets and event streams.");
    describe_gauge!("lyceum_connections_open", "Open database connections.");
    describe_gauge!(
        "lyceum_connections_idle",
        "Open database connections that nothing uses."
    );
    Some(handle)
});

/// Starts counting.
pub fn start() {
    LazyLock::force(&RECORDER);
}

/// Shows the counts.
pub async fn show(State(server): State<Arc<Server>>) -> Response {
    let (open, idle) = server.api.app.db.status();
    gauge!("lyceum_connections_open").set(u32::try_from(open).unwrap_or(u32::MAX));
    gauge!("lyceum_connections_idle").set(u32::try_from(idle).unwrap_or(u32::MAX));
    let text = RECORDER
        .as_ref()
        .map(PrometheusHandle::render)
        .unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
