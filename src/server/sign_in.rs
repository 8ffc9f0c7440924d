//! What a browser calls that signs in by a provider: where it sets out, and where the provider sends it back to.

use super::Server;
use super::request_id::RequestId;
use crate::auth::providers::Returned;
use crate::domain::sign_ins::attempt::MINUTES;
use crate::domain::sign_ins::journey::{Brought, come_back, set_out};
use crate::kernel::error::Error;
use crate::kernel::secret::{Token, TokenKind};
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use std::sync::Arc;

/// Bytes of a provider's code.
const MOST_CODE: usize = 4_096;

/// What stands in the address that a provider sends a browser back to.
#[derive(Debug, Deserialize)]
pub struct Callback {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Sends a browser to its provider, with a cookie by which it is known when it comes back.
pub async fn start(
    State(server): State<Arc<Server>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(start): Path<String>,
) -> Response {
    let app = &server.api.app;
    match set_out(app, &start).await {
        Ok(Some(out)) => {
            let cookie = Cookie::of(&out.state, app.providers.is_secure());
            go_on(out.to.as_str(), &cookie.set(&out.cookie))
        }
        Ok(None) => page(&request_id, StatusCode::BAD_REQUEST, SPENT),
        Err(error) => failed(&request_id, &error),
    }
}

/// Takes a browser back from its provider, and sends it on to the page that began.
pub async fn callback(
    State(server): State<Arc<Server>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let app = &server.api.app;
    let Ok(Query(query)) = query else {
        return page(&request_id, StatusCode::BAD_REQUEST, MALFORMED);
    };
    let Some(state) = Token::parse(TokenKind::SignInState, &query.state) else {
        return page(&request_id, StatusCode::BAD_REQUEST, MALFORMED);
    };
    let cookie = Cookie::of(&state, app.providers.is_secure());
    let Some(kept) = cookie.read(&headers) else {
        return page(&request_id, StatusCode::BAD_REQUEST, ANOTHER_BROWSER);
    };
    let brought = match (query.error, query.code) {
        (Some(error), _) => Brought::Error {
            is_denied: error == "access_denied" || error == "user_cancelled_login",
        },
        (None, Some(code)) if (1..=MOST_CODE).contains(&code.len()) => Brought::Code(Returned {
            code,
            issuer: query.iss,
        }),
        _ => return page(&request_id, StatusCode::BAD_REQUEST, MALFORMED),
    };
    match come_back(app, &state, &kept, brought).await {
        Ok(Some(to)) => go_on(to.as_str(), &cookie.forget()),
        Ok(None) => page(&request_id, StatusCode::BAD_REQUEST, SPENT),
        Err(error) => failed(&request_id, &error),
    }
}

/// The cookie of one sign-in: a browser may have several under way.
struct Cookie {
    name: String,
    is_secure: bool,
}

impl Cookie {
    fn of(state: &Token, is_secure: bool) -> Self {
        // A browser takes the prefix by TLS alone.
        let prefix = if is_secure { "__Host-" } else { "" };
        let short = BASE64.encode(&state.hash()[..8]);
        Self {
            name: format!("{prefix}lyceum-sign-in-{short}"),
            is_secure,
        }
    }

    fn set(&self, cookie: &Token) -> String {
        self.write(cookie.expose(), MINUTES * 60)
    }

    fn forget(&self) -> String {
        self.write("", 0)
    }

    fn write(&self, value: &str, seconds: i64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}",
            self.name
        )
    }

    fn read(&self, headers: &HeaderMap) -> Option<Token> {
        let lines = headers.get_all(header::COOKIE).iter();
        let mut pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == self.name)?;
        Token::parse(TokenKind::SignInCookie, value)
    }
}

const SPENT: &str =
    "This sign-in was used or has taken too long. Go back to the page that you came from and begin again.";
const MALFORMED: &str = "This is not how a provider sends a browser back. Go back to the page that you came from and begin again.";
const ANOTHER_BROWSER: &str =
    "This sign-in was not begun in this browser. Go back to the page that you came from and begin again.";

/// Sends a browser on. Where it comes from is nobody's business.
fn go_on(to: &str, cookie: &str) -> Response {
    let (Ok(to), Ok(cookie)) = (HeaderValue::from_str(to), HeaderValue::from_str(cookie)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::LOCATION, to),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn failed(request_id: &str, error: &Error) -> Response {
    if matches!(error, Error::Unavailable) {
        let message =
            "The service cannot answer right now. Go back to the page that you came from and begin again.";
        return page(request_id, StatusCode::SERVICE_UNAVAILABLE, message);
    }
    tracing::error!(request.id = request_id, cause = ?error, "a sign-in failed");
    page(
        request_id,
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong on our side.",
    )
}

/// A page for people. Nothing in it comes from outside but the request's id, which has letters and digits alone.
fn page(request_id: &str, status: StatusCode, message: &str) -> Response {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Signing in</title>\n<h1>You are not signed in</h1>\n<p>{message}</p>\n<p>Request {request_id}</p></html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    (status, headers, body).into_response()
}
