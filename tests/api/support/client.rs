//! A client of the API: sends documents through the router and reads answers.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Sends documents, with or without a token.
#[derive(Clone)]
pub struct Client {
    router: Router,
    token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The HTTP headers.
    pub headers: HeaderMap,
    /// The body, as JSON.
    pub body: Value,
}

impl Client {
    /// A client of these routes.
    pub fn new(router: Router, token: Option<String>) -> Self {
        Self { router, token }
    }

    /// The same person at other routes.
    pub fn at(&self, router: Router) -> Self {
        Self::new(router, self.token.clone())
    }

    /// The token that it sends.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Runs a document without variables.
    pub async fn run(&self, document: &str) -> Reply {
        self.run_with(document, json!({})).await
    }

    /// Runs a document with variables.
    pub async fn run_with(&self, document: &str, variables: Value) -> Reply {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends a mutation that takes an `input`, and reads this of its answer beside the user errors.
    pub async fn mutate(&self, mutation: &str, input: &Value, answer: &str) -> Reply {
        let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {answer} userErrors {{ code field message }} }} }}"
        );
        self.run_with(&document, json!({ "input": input })).await
    }

    /// Sends a mutation that nothing speaks against.
    pub async fn does(&self, mutation: &str, input: Value) {
        let reply = self.mutate(mutation, &input, "").await;
        assert_eq!(reply.codes(), "", "{mutation}: {:#}", reply.body);
    }

    /// Sends any request.
    pub async fn send(&self, mut request: Request<Body>) -> Reply {
        if let Some(token) = &self.token {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Reply {
    /// The data at a JSON pointer below `data`; the answer must be free of errors.
    #[track_caller]
    pub fn data(&self, pointer: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "{:#}", self.body);
        self.body["data"]
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {:#}", self.body))
    }

    /// The text at a JSON pointer below `data`.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> &str {
        self.data(pointer)
            .as_str()
            .unwrap_or_else(|| panic!("{pointer} is no text in {:#}", self.body))
    }

    /// The codes of all errors of the answer, top-level ones first, then those of payloads; joined by commas.
    pub fn codes(&self) -> String {
        let mut codes: Vec<String> = Vec::new();
        for error in self.body["errors"].as_array().into_iter().flatten() {
            codes.push(
                error["extensions"]["code"]
                    .as_str()
                    .unwrap_or("NO CODE")
                    .to_owned(),
            );
        }
        for payload in self.body["data"]
            .as_object()
            .into_iter()
            .flat_map(|data| data.values())
        {
            for error in payload["userErrors"].as_array().into_iter().flatten() {
                codes.push(error["code"].as_str().unwrap_or("NO CODE").to_owned());
            }
        }
        codes.join(",")
    }

    /// How many data statements the answer took.
    #[track_caller]
    pub fn statements(&self) -> u64 {
        assert!(self.body.get("errors").is_none(), "{:#}", self.body);
        self.body["extensions"]["trace"]["statements"].as_u64().unwrap()
    }

    /// Whether a word appears anywhere in the body.
    pub fn mentions(&self, word: &str) -> bool {
        self.body.to_string().contains(word)
    }
}
