//! Reads a GraphQL request out of an HTTP request.

use axum::http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Map, Value as Json};

use super::{
    HttpRefusal,
    json::{self, Unread},
    query_string::{self, hexadecimal},
};
use crate::graphql::front::{Code, DocumentLimits, Kind, Refusal};

/// The parameters of a request, by their names in the specification.
const PARAMETERS: [&str; 4] = ["query", "operationName", "variables", "extensions"];

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlRequest {
    /// The document; none when it is named by its hash only.
    pub query: Option<String>,
    /// The operation to execute, where the document has several.
    pub operation_name: Option<String>,
    /// Values of the variables.
    pub variables: Map<String, Json>,
    /// Whatever else the client says.
    pub extensions: Map<String, Json>,
    /// The hash under which the document is or shall be known.
    pub persisted: Option<PersistedQuery>,
    by_get: bool,
}

/// `extensions.persistedQuery`, version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersistedQuery {
    /// SHA-256 of the document.
    pub sha256: [u8; 32],
}

impl GraphqlRequest {
    /// Checks what can be checked before the body is read: method and content type.
    pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), HttpRefusal> {
        match *method {
            Method::GET => Ok(()),
            Method::POST => is_json(headers),
            _ => Err(HttpRefusal::method("GET, POST", "Use POST, or GET for queries.")),
        }
    }

    /// Reads a checked request: the address's query string of a GET, the body of a POST.
    ///
    /// # Errors
    /// 400 when a parameter is missing, misspelt, given twice or of the wrong type, or when the body is not
    /// JSON.
    pub fn read(
        method: &Method,
        query_string: Option<&str>,
        body: &[u8],
        limits: &DocumentLimits,
    ) -> Result<Self, HttpRefusal> {
        // The body is an object, the variables in it another.
        let levels = limits.variable_nesting + 2;
        if method == Method::GET {
            return Self::of(from_query_string(query_string.unwrap_or_default(), levels)?, true);
        }
        match read_json(body, levels, "The body")? {
            Json::Object(parameters) => Self::of(parameters, false),
            Json::Array(_) => Err(HttpRefusal::malformed(
                "Batches are not served; send one operation per request.",
            )),
            _ => Err(HttpRefusal::malformed("The body must be a JSON object.")),
        }
    }

    /// Reads the parameters that a message of a WebSocket carries.
    pub fn of_message(parameters: Map<String, Json>) -> Result<Self, HttpRefusal> {
        Self::of(parameters, false)
    }

    fn of(mut parameters: Map<String, Json>, by_get: bool) -> Result<Self, HttpRefusal> {
        if let Some(name) = parameters.keys().find_map(|name| misspelt(name)) {
            return Err(HttpRefusal::malformed(format!(
                "The parameter is spelt `{name}`."
            )));
        }
        let query = text(&mut parameters, "query")?;
        let operation_name = text(&mut parameters, "operationName")?;
        let variables = object(&mut parameters, "variables")?;
        let extensions = object(&mut parameters, "extensions")?;
        let persisted = extensions
            .get("persistedQuery")
            .map(PersistedQuery::new)
            .transpose()?;
        if query.is_none() && persisted.is_none() {
            return Err(HttpRefusal::malformed("The parameter `query` must be given."));
        }
        Ok(Self {
            query,
            operation_name,
            variables,
            extensions,
            persisted,
            by_get,
        })
    }

    /// Gives the document.
    ///
    /// # Errors
    /// `PERSISTED_QUERY_NOT_SUPPORTED` when there is only a hash.
    pub fn document(&self) -> Result<&str, HttpRefusal> {
        self.query.as_deref().ok_or_else(|| {
            let message = "PersistedQueryNotSupported: send the document.";
            Refusal::new(Code::PersistedQueryNotSupported, message).into()
        })
    }

    /// Refuses what the method may not do: a GET may only read.
    pub fn permits(&self, kind: Kind) -> Result<(), HttpRefusal> {
        if self.by_get && kind == Kind::Mutation {
            return Err(HttpRefusal::method("POST", "Mutations are sent by POST."));
        }
        Ok(())
    }
}

impl PersistedQuery {
    fn new(value: &Json) -> Result<Self, HttpRefusal> {
        let malformed = || {
            let message =
                "`extensions.persistedQuery` must have `version` 1 and `sha256Hash` in hexadecimal.";
            HttpRefusal::malformed(message)
        };
        let hash = value
            .get("sha256Hash")
            .and_then(Json::as_str)
            .ok_or_else(malformed)?;
        if value.get("version").and_then(Json::as_u64) != Some(1) || hash.len() != 64 {
            return Err(malformed());
        }
        let mut sha256 = [0; 32];
        for (byte, digits) in sha256.iter_mut().zip(hash.as_bytes().chunks(2)) {
            *byte = hexadecimal(digits).ok_or_else(malformed)?;
        }
        Ok(Self { sha256 })
    }
}

/// Checks that the body is JSON in UTF-8, sent as it is.
fn is_json(headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return Err(HttpRefusal::media(
            "Send the body with the header `Content-Type: application/json`.",
        ));
    };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    if !parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
    {
        return Err(HttpRefusal::media("The body must be application/json."));
    }
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let utf8 = ["utf-8", "utf8"]
            .iter()
            .any(|name| value.trim_matches('"').eq_ignore_ascii_case(name));
        if key.eq_ignore_ascii_case("charset") && !utf8 {
            return Err(HttpRefusal::media("The body must be in UTF-8."));
        }
    }
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            Err(HttpRefusal::media("The body must not be compressed."))
        }
        _ => Ok(()),
    }
}

/// Reads a message of a WebSocket: a JSON object, as strictly as a body.
pub fn read_message(text: &str, limits: &DocumentLimits) -> Result<Map<String, Json>, HttpRefusal> {
    // The message is an object, its payload another, the variables in it a third.
    match read_json(text.as_bytes(), limits.variable_nesting + 3, "The message")? {
        Json::Object(message) => Ok(message),
        _ => Err(HttpRefusal::malformed("The message must be a JSON object.")),
    }
}

fn read_json(text: &[u8], levels: usize, what: &str) -> Result<Json, HttpRefusal> {
    json::read(text, levels).map_err(|unread| match unread {
        Unread::Malformed => HttpRefusal::malformed(format!("{what} must be JSON in UTF-8.")),
        Unread::Duplicate => HttpRefusal::malformed(format!("{what} has an object with a key given twice.")),
        Unread::Deep => {
            let levels = levels as u64;
            let refusal = Refusal::limit("bodyNesting", "levels of JSON or more", levels + 1, levels);
            HttpRefusal {
                status: Some(StatusCode::BAD_REQUEST),
                ..refusal.into()
            }
        }
    })
}

/// Tells how a parameter is spelt that is nearly one of ours; others are ignored.
fn misspelt(name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    PARAMETERS
        .into_iter()
        .find(|known| *known != name && name.len() < 32 && plain(known) == plain(name))
}

fn text(parameters: &mut Map<String, Json>, name: &str) -> Result<Option<String>, HttpRefusal> {
    match parameters.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(HttpRefusal::malformed(format!(
            "The parameter `{name}` must be a string."
        ))),
    }
}

fn object(parameters: &mut Map<String, Json>, name: &str) -> Result<Map<String, Json>, HttpRefusal> {
    match parameters.remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(HttpRefusal::malformed(format!(
            "The parameter `{name}` must be an object."
        ))),
    }
}

/// Reads the parameters of a query string; `variables` and `extensions` are JSON.
fn from_query_string(text: &str, levels: usize) -> Result<Map<String, Json>, HttpRefusal> {
    let pairs = query_string::pairs(text)
        .ok_or_else(|| HttpRefusal::malformed("The query string must be percent-encoded UTF-8."))?;
    let mut parameters = Map::new();
    for (name, value) in pairs {
        let value = match name.as_str() {
            "variables" | "extensions" | "operationName" if value.is_empty() => Json::Null,
            "variables" | "extensions" => {
                read_json(value.as_bytes(), levels - 1, &format!("The parameter `{name}`"))?
            }
            _ => Json::String(value),
        };
        let known = PARAMETERS.contains(&name.as_str());
        if parameters.insert(name, value).is_some() && known {
            return Err(HttpRefusal::malformed("A parameter is given twice."));
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header::ALLOW};
    use serde_json::json;

    fn read(body: &str) -> Result<GraphqlRequest, HttpRefusal> {
        GraphqlRequest::read(&Method::POST, None, body.as_bytes(), &DocumentLimits::default())
    }

    fn get(query_string: &str) -> Result<GraphqlRequest, HttpRefusal> {
        GraphqlRequest::read(&Method::GET, Some(query_string), b"", &DocumentLimits::default())
    }

    fn status(result: Result<GraphqlRequest, HttpRefusal>) -> u16 {
        result
            .expect_err("must be refused")
            .status
            .expect("a status")
            .as_u16()
    }

    #[test]
    fn a_body_is_read() {
        let body = r#"{"query": "{ a }", "operationName": null, "variables": {"v": [1]}, "extensions": {"x": 1}, "other": 1}"#;
        let request = read(body).unwrap();
        assert_eq!(request.document(), Ok("{ a }"));
        assert_eq!(request.operation_name, None);
        assert_eq!(Json::Object(request.variables), json!({"v": [1]}));
        assert_eq!(Json::Object(request.extensions), json!({"x": 1}));
    }

    #[test]
    fn a_query_string_is_read() {
        let request =
            get("query=%7B+a+%7D&operationName=A&variables=%7B%22v%22%3A%22%C3%A9%22%7D&&utm=1&utm=2")
                .unwrap();
        assert_eq!(
            (request.document(), request.operation_name.as_deref()),
            (Ok("{ a }"), Some("A"))
        );
        assert_eq!(Json::Object(request.variables), json!({"v": "é"}));
        assert!(get("query=a&variables=&extensions=&operationName=").is_ok());
    }

    #[test]
    fn malformed_parameters_are_400() {
        for body in [
            "",
            "null",
            "1",
            "[]",
            r#"[{"query": "{ a }"}]"#,
            "{}",
            r#"{"query": null}"#,
            r#"{"query": 1}"#,
            r#"{"qeury": "{ a }"}"#,
            r#"{"query": "{ a }", "operationName": 1}"#,
            r#"{"query": "{ a }", "operation_name": "A"}"#,
            r#"{"query": "{ a }", "Variables": {}}"#,
            r#"{"query": "{ a }", "variables": []}"#,
            r#"{"query": "{ a }", "variables": "{}"}"#,
            r#"{"query": "{ a }", "extensions": 1}"#,
            r#"{"query": "{ a }", "query": "{ b }"}"#,
            r#"{"query": "{ a }", "variables": {"v": 1, "v": 2}}"#,
            r#"{"query": "{ a }", "extensions": {"persistedQuery": {"version": 2, "sha256Hash": ""}}}"#,
            r#"{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "é0"}}}"#,
        ] {
            assert_eq!(status(read(body)), 400, "{body}");
        }
        for query in [
            "",
            "qeury=a",
            "query=a&query=b",
            "query=%",
            "query=%zz",
            "query=%FF",
            "query=a&variables=x",
            "query=a&variables=[]",
            "query=a&operation_name=A",
        ] {
            assert_eq!(status(get(query)), 400, "{query}");
        }
        assert!(get("query").is_ok(), "an empty document is the front's to refuse");
        let deep = format!(
            r#"{{"query": "{{ a }}", "variables": {{"v": {}1{}}}}}"#,
            "[".repeat(41),
            "]".repeat(41)
        );
        assert_eq!(status(read(&deep)), 400);
        let fits = format!(
            r#"{{"query": "{{ a }}", "variables": {{"v": {}1{}}}}}"#,
            "[".repeat(40),
            "]".repeat(40)
        );
        assert!(read(&fits).is_ok());
    }

    #[test]
    fn only_json_in_utf8_is_a_body() {
        let check = |values: &[&str]| {
            let headers = values
                .iter()
                .map(|value| (CONTENT_TYPE, HeaderValue::from_str(value).unwrap()));
            GraphqlRequest::check(&Method::POST, &headers.collect())
                .map_err(|refusal| refusal.status.unwrap().as_u16())
        };
        for accepted in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert_eq!(check(&[accepted]), Ok(()), "{accepted}");
        }
        for refused in [
            "",
            "text/plain",
            "application/graphql",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "multipart/form-data; boundary=x",
            "application/json; charset=latin-1",
            "text/plain, application/json",
        ] {
            assert_eq!(check(&[refused]), Err(415), "{refused}");
        }
        assert_eq!(check(&[]), Err(415));
        assert_eq!(check(&["application/json", "text/plain"]), Err(415));
        let gzip = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
        let headers = gzip
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        assert!(GraphqlRequest::check(&Method::POST, &headers).is_err());
    }

    #[test]
    fn other_methods_are_told_which_to_use_and_get_never_writes() {
        for method in [
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::HEAD,
            Method::TRACE,
        ] {
            let refusal = GraphqlRequest::check(&method, &HeaderMap::new()).unwrap_err();
            assert_eq!(
                (refusal.status, refusal.header),
                (Some(StatusCode::METHOD_NOT_ALLOWED), Some((ALLOW, "GET, POST")))
            );
        }
        let refusal = get("query=mutation{a}")
            .unwrap()
            .permits(Kind::Mutation)
            .unwrap_err();
        assert_eq!(
            (refusal.status, refusal.header),
            (Some(StatusCode::METHOD_NOT_ALLOWED), Some((ALLOW, "POST")))
        );
        assert!(get("query={a}").unwrap().permits(Kind::Query).is_ok());
        assert!(
            read(r#"{"query": "{ a }"}"#)
                .unwrap()
                .permits(Kind::Mutation)
                .is_ok()
        );
    }

    #[test]
    fn a_hash_without_a_document_is_not_supported_yet() {
        let hash = "0f".repeat(32);
        let persisted = format!(r#"{{"persistedQuery": {{"version": 1, "sha256Hash": "{hash}"}}}}"#);
        let request = read(&format!(r#"{{"extensions": {persisted}}}"#)).unwrap();
        assert_eq!(request.persisted, Some(PersistedQuery { sha256: [0x0f; 32] }));
        assert_eq!(
            request.document().unwrap_err().refusal.code,
            Code::PersistedQueryNotSupported
        );
        let request = read(&format!(r#"{{"query": "{{ a }}", "extensions": {persisted}}}"#)).unwrap();
        assert_eq!(request.document(), Ok("{ a }"));
    }
}
