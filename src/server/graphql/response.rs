//! Writes the answer of a GraphQL request as an HTTP response.

use async_graphql::{ServerError, Value};
use axum::body::Body;
use axum::http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS},
};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{HttpRefusal, Media};
use crate::graphql::front::Code;

/// What an operation cost and what is left, as `extensions.cost` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Estimated points of this operation.
    pub requested: u64,
    /// Points that the bucket holds when full.
    pub limit: u64,
    /// Points that are left.
    pub remaining: u64,
    /// When the bucket is full again.
    pub reset_at: DateTime<Utc>,
}

/// The frame of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The form that was negotiated.
    pub media: Media,
    /// Under which logs and support find the request.
    pub request_id: &'a str,
    /// What the operation cost, once that is known.
    pub cost: Option<Cost>,
}

impl Answer<'_> {
    /// Answers a request that was executed; errors of fields do not change the status.
    pub fn executed(&self, response: &async_graphql::Response) -> Response {
        let mut answer = self.respond(StatusCode::OK, &response.errors, Some(&response.data), response);
        answer.headers_mut().extend(response.http_headers.clone());
        answer
    }

    /// Answers a request that was not executed; there is no `data` entry.
    ///
    /// The refusal's own status holds for every form. Without one it is 400, except for `application/json`,
    /// whose readers take any other status than 200 for a failure of transport. The refusals that ask the
    /// client to send a persisted document in full are 200 always, as their clients expect.
    pub fn refused(&self, refused: &HttpRefusal) -> Response {
        let persisted = [Code::PersistedQueryNotFound, Code::PersistedQueryNotSupported];
        let status = match (refused.status, self.media) {
            (Some(status), _) => status,
            (None, Media::Json) => StatusCode::OK,
            (None, _) if persisted.contains(&refused.refusal.code) => StatusCode::OK,
            (None, _) => StatusCode::BAD_REQUEST,
        };
        let errors = refused.refusal.errors();
        let mut answer = self.errors(status, &errors);
        if let Some((name, value)) = &refused.header {
            answer
                .headers_mut()
                .insert(name.clone(), HeaderValue::from_static(value));
        }
        answer
    }

    /// Answers with errors only, for refusals that are not about the request's form, such as 401 or 429.
    pub fn errors(&self, status: StatusCode, errors: &[ServerError]) -> Response {
        self.respond(status, errors, None, &async_graphql::Response::default())
    }

    /// Writes the answer of an executed operation for a stream.
    pub fn told(&self, response: &async_graphql::Response) -> String {
        self.write(&response.errors, Some(&response.data), response)
    }

    /// Writes an answer of errors only for a stream.
    pub fn told_errors(&self, errors: &[ServerError]) -> String {
        self.write(errors, None, &async_graphql::Response::default())
    }

    fn write(
        &self,
        errors: &[ServerError],
        data: Option<&Value>,
        engine: &async_graphql::Response,
    ) -> String {
        let extensions = Extensions { answer: self, engine };
        let written = serde_json::to_string(&Entries {
            errors,
            data,
            extensions,
        });
        written.expect("names are strings and numbers finite, so JSON holds every answer")
    }

    fn respond(
        &self,
        status: StatusCode,
        errors: &[ServerError],
        data: Option<&Value>,
        engine: &async_graphql::Response,
    ) -> Response {
        let mut response = Response::new(Body::from(self.write(errors, data, engine)));
        *response.status_mut() = status;
        for (name, value) in [
            (CONTENT_TYPE, self.json_type()),
            (VARY, "Accept, Authorization, Origin"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// The content type of a single JSON body; streams that end before they begin are told in JSON too.
    fn json_type(&self) -> &'static str {
        match self.media {
            Media::GraphqlResponse => Media::GraphqlResponse.content_type(),
            _ => Media::Json.content_type(),
        }
    }
}

/// The entries of an answer, errors first so that they show.
#[derive(Serialize)]
struct Entries<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    extensions: Extensions<'a>,
}

struct Extensions<'a> {
    answer: &'a Answer<'a>,
    engine: &'a async_graphql::Response,
}

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("requestId", self.answer.request_id)?;
        if let Some(cost) = &self.answer.cost {
            map.serialize_entry("cost", cost)?;
        }
        let others = self
            .engine
            .extensions
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "requestId" | "cost"));
        for (name, value) in others {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::front::Refusal;
    use async_graphql::value;
    use serde_json::{Value as Json, json};

    async fn parts(response: Response) -> (u16, String, Json) {
        let status = response.status().as_u16();
        let media = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, media, serde_json::from_slice(&body).unwrap())
    }

    const MEDIA: [Media; 2] = [Media::GraphqlResponse, Media::Json];

    fn answer(media: Media) -> Answer<'static> {
        Answer {
            media,
            request_id: "r1",
            cost: None,
        }
    }

    #[tokio::test]
    async fn an_answer_carries_its_request_id_and_cost_and_is_never_cached() {
        let reset_at = DateTime::UNIX_EPOCH;
        let cost = Some(Cost {
            requested: 3,
            limit: 100,
            remaining: 97,
            reset_at,
        });
        let response = async_graphql::Response::new(value!({"a": 1}));
        let response = Answer {
            cost,
            ..answer(Media::GraphqlResponse)
        }
        .executed(&response);
        for (name, value) in [
            (VARY, "Accept, Authorization, Origin"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let (status, media, body) = parts(response).await;
        assert_eq!(
            (status, media.as_str()),
            (200, "application/graphql-response+json; charset=utf-8")
        );
        let cost = json!({"requested": 3, "limit": 100, "remaining": 97, "resetAt": "1970-01-01T00:00:00Z"});
        assert_eq!(
            body,
            json!({"data": {"a": 1}, "extensions": {"requestId": "r1", "cost": cost}})
        );
    }

    #[tokio::test]
    async fn failed_fields_do_not_change_the_status() {
        for media in MEDIA {
            for data in [value!({"a": null}), Value::Null] {
                let mut response = async_graphql::Response::new(data);
                response.errors.push(ServerError::new("failed", None));
                let (status, _, body) = parts(answer(media).executed(&response)).await;
                assert_eq!(status, 200);
                assert!(body.get("data").is_some());
            }
        }
    }

    #[tokio::test]
    async fn the_form_decides_the_status_of_a_refused_document() {
        let refused = Refusal::new(Code::GraphqlValidationFailed, "No.").into();
        for (media, expected) in MEDIA.into_iter().zip([400, 200]) {
            let (status, _, body) = parts(answer(media).refused(&refused)).await;
            assert_eq!(status, expected);
            assert_eq!(body.get("data"), None);
            assert_eq!(
                body["errors"][0]["extensions"]["code"],
                "GRAPHQL_VALIDATION_FAILED"
            );
        }
        let unknown = Refusal::new(Code::PersistedQueryNotFound, "PersistedQueryNotFound").into();
        for media in MEDIA {
            assert_eq!(parts(answer(media).refused(&unknown)).await.0, 200);
        }
    }

    #[tokio::test]
    async fn a_status_of_its_own_holds_for_every_form() {
        for media in [
            Media::GraphqlResponse,
            Media::Json,
            Media::EventStream,
            Media::Multipart,
        ] {
            let response = answer(media).refused(&HttpRefusal::too_large(10));
            let (status, kind, body) = parts(response).await;
            assert_eq!(
                (status, &body["errors"][0]["extensions"]["code"]),
                (413, &json!("BAD_REQUEST"))
            );
            assert!(kind.contains("json"), "{kind}");
        }
    }
}
