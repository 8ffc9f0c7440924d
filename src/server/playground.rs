//! The playground: GraphiQL, embedded in the binary, on a page that loads nothing from any other host.
//!
//! GraphiQL and React come from `playground/node_modules` when the crate is built (see `build.rs`); without them
//! the page says how to get them. Where `/personas.json` answers `[{"name", "description", "token"}]`, the page
//! shows a button for each that fills in the `Authorization` header.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

/// A file of the page.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What comes from elsewhere; empty when the crate was built without it.
static LIBRARIES: &[Asset] = include!(concat!(env!("OUT_DIR"), "/playground.rs"));
/// What is our own.
static OWN: &[Asset] = &[
    Asset {
        name: "page.js",
        content_type: JAVASCRIPT,
        bytes: include_bytes!("playground/page.js"),
    },
    Asset {
        name: "page.css",
        content_type: CSS,
        bytes: include_bytes!("playground/page.css"),
    },
    Asset {
        name: "welcome.graphql",
        content_type: TEXT,
        bytes: WELCOME.as_bytes(),
    },
];

/// The operation that the editor shows at first; it must be valid against the schema.
pub const WELCOME: &str = include_str!("playground/welcome.graphql");

/// The page loads scripts, and asks for data, from this host alone. GraphiQL carries its fonts in its stylesheet,
/// and its dialogs bring style elements of their own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A digest of all assets. It is a part of their addresses, so that they can be cached for ever.
static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let digest = assets().fold(Sha256::new(), |digest, asset| digest.chain_update(asset.bytes));
    let mut digits = format!("{:x}", digest.finalize());
    digits.truncate(16);
    digits
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let page = if LIBRARIES.is_empty() {
        include_str!("playground/missing.html")
    } else {
        include_str!("playground/page.html")
    };
    page.replace("FINGERPRINT", &FINGERPRINT)
});

fn assets() -> impl Iterator<Item = &'static Asset> {
    OWN.iter().chain(LIBRARIES)
}

/// Returns the routes of the page's assets; where the page itself stands is for the router to say.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/playground/{fingerprint}/{name}", get(asset))
}

/// Returns the playground's page, for `/` and for browsers that ask for the endpoint.
pub fn page() -> Response {
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE.as_str())).into_response()
}

async fn asset(Path((fingerprint, name)): Path<(String, String)>, request: HeaderMap) -> Response {
    let Some(asset) = assets().find(|asset| asset.name == name && fingerprint == *FINGERPRINT) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{fingerprint}\"");
    let caching = [
        (ETAG, etag.as_str()),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| tags.to_str().is_ok_and(|tags| tags.contains(&etag)));
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [
        (CONTENT_TYPE, asset.content_type),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (caching, kind, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    async fn fetch(path: &str, etag: Option<&str>) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::get(path);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let router: Router = routes().route("/", get(async || page()));
        let response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// Every address in an attribute of the page.
    fn addresses(page: &str) -> Vec<&str> {
        page.split('"')
            .filter(|text| text.starts_with('/') || text.contains("//"))
            .collect()
    }

    #[tokio::test]
    async fn everything_that_the_page_loads_is_in_the_binary() {
        let (status, headers, page) = fetch("/", None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            headers[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .contains("default-src 'none'")
        );
        assert!(!addresses(&page).is_empty());
        for address in addresses(&page) {
            let (status, headers, body) = fetch(address, None).await;
            assert_eq!(status, StatusCode::OK, "{address}");
            assert!(headers[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            assert!(!body.is_empty());
        }
    }

    #[tokio::test]
    async fn an_asset_that_the_browser_has_is_not_sent_again() {
        let path = format!("/playground/{}/page.js", *FINGERPRINT);
        let (_, headers, _) = fetch(&path, None).await;
        let etag = headers[ETAG].to_str().unwrap();
        let (status, _, body) = fetch(&path, Some(etag)).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(fetch(&path, Some("\"other\"")).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn an_asset_of_another_build_or_an_unknown_name_is_not_found() {
        for path in [
            "/playground/0123456789abcdef/page.js".to_owned(),
            format!("/playground/{}/passwd", *FINGERPRINT),
            format!("/playground/{}/..%2f..%2fpage.rs", *FINGERPRINT),
        ] {
            assert_eq!(fetch(&path, None).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
