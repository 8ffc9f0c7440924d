//! The files that lie on this server: written and read by whoever has an address for it, which says what it is good for.
//!
//! What is handed out was written by somebody else: it is never a page of this server. Its type is one of a few that browsers show
//! without running anything, or bytes to be saved, and they are told to believe that.

use super::{Server, problem};
use crate::files::{May, Part, Pass, Reading, disposition, served_as};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long an uploader may take for one piece.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes the content of a file.
pub async fn write(
    State(server): State<Arc<Server>>,
    Path(sealed): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some((path, bytes)) = pass(&server, &sealed).and_then(|pass| match pass.may {
        May::Write(bytes) => Some((pass.path, u64::try_from(bytes).ok()?)),
        May::Read { .. } => None,
    }) else {
        return no_such_address();
    };
    let wrong = format!("The content of this file has {bytes} bytes, as was said when its upload began.");
    let said = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if said.is_some_and(|said| said.parse() != Ok(bytes)) {
        return problem::problem(StatusCode::BAD_REQUEST, &wrong);
    }
    // A client that stops sending ends its content there, which is then too short.
    let content = Box::pin(body.into_data_stream());
    let content = futures_util::stream::unfold(content, |mut content| async {
        let piece = timeout(PATIENCE, content.next()).await.ok()??;
        Some((piece, content))
    });
    match server.api.app.files.write(&path, bytes, content).await {
        Ok(true) => (StatusCode::NO_CONTENT, no_store()).into_response(),
        Ok(false) => problem::problem(StatusCode::BAD_REQUEST, &wrong),
        Err(error) => {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "a file could not be written");
            problem::problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            )
        }
    }
}

/// Hands out the content of a file, or a part of it.
pub async fn read(
    State(server): State<Arc<Server>>,
    Path(sealed): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((path, name, media_type)) = pass(&server, &sealed).and_then(|pass| match pass.may {
        May::Read { name, media_type } => Some((pass.path, name, media_type)),
        May::Write(_) => None,
    }) else {
        return no_such_address();
    };
    let part = part(&headers);
    match server.api.app.files.read(&path, part).await {
        Ok(Some(reading)) => answer(reading, part, &name, &media_type),
        Ok(None) if part == Part::Whole => no_such_address(),
        Ok(None) => problem::problem(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such part."),
        Err(error) => {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "a file could not be read");
            problem::problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            )
        }
    }
}

fn answer(reading: Reading, part: Part, name: &str, media_type: &str) -> Response {
    let Reading { bytes, range, size } = reading;
    let mut response = Body::from_stream(bytes).into_response();
    if part != Part::Whole {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        response.headers_mut().insert(header::CONTENT_RANGE, said(&range));
    }
    let length = HeaderValue::from(range.end - range.start);
    for (name, value) in [
        (header::CONTENT_LENGTH, length),
        (header::CONTENT_TYPE, said(served_as(media_type))),
        (header::CONTENT_DISPOSITION, said(&disposition(name, media_type))),
        (header::ACCEPT_RANGES, said("bytes")),
        (header::X_CONTENT_TYPE_OPTIONS, said("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            said("sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        ),
        (header::REFERRER_POLICY, said("no-referrer")),
        // The address is good for an hour, and what it leads to never changes.
        (header::CACHE_CONTROL, said("private, max-age=3600, immutable")),
    ] {
        response.headers_mut().insert(name, value);
    }
    let policy = header::HeaderName::from_static("cross-origin-resource-policy");
    response.headers_mut().insert(policy, said("cross-origin"));
    response
}

/// Which part of a file a client asks for. What is asked for in another way is answered with all of it.
fn part(headers: &HeaderMap) -> Part {
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some((first, last)) = asked
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Part::Whole;
    };
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Part::Between(first, last),
        (Ok(first), Err(_)) if last.is_empty() => Part::From(first),
        (Err(_), Ok(last)) if first.is_empty() && last > 0 => Part::Last(last),
        _ => Part::Whole,
    }
}

fn pass(server: &Server, sealed: &str) -> Option<Pass> {
    let app = &server.api.app;
    app.files.pass(sealed, app.clock.now())
}

fn no_such_address() -> Response {
    let detail = "This address leads nowhere, or is no longer good. Ask for another one.";
    problem::problem(StatusCode::NOT_FOUND, detail)
}

fn no_store() -> [(header::HeaderName, &'static str); 1] {
    [(header::CACHE_CONTROL, "no-store")]
}

fn said(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_file_is_asked_for_in_three_ways() {
        for (range, expected) in [
            ("bytes=0-9", Part::Between(0, 9)),
            ("bytes=5-", Part::From(5)),
            ("bytes=-7", Part::Last(7)),
            ("bytes=9-0", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=-0", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, said(range))]);
            assert_eq!(part(&headers), expected, "{range}");
        }
        assert_eq!(part(&HeaderMap::new()), Part::Whole);
    }
}
