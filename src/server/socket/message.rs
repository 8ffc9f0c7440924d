//! The messages of `graphql-transport-ws`.

use crate::graphql::front::DocumentLimits;
use crate::server::graphql::{GraphqlRequest, HttpRefusal, read_message};
use serde_json::{Map, Value, json};

/// What a client says.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// Who it is.
    Init(Map<String, Value>),
    /// It wants to know whether anybody is there.
    Ping(Option<Map<String, Value>>),
    /// It is there.
    Pong,
    /// It asks for an operation, under an id.
    Subscribe(String, Box<GraphqlRequest>),
    /// It is done with an operation.
    Complete(String),
}

impl Heard {
    /// Reads a message; the error says what is wrong with it.
    pub fn read(text: &str, limits: &DocumentLimits) -> Result<Self, String> {
        let told = |refused: HttpRefusal| {
            let fault = refused.refusal.faults.into_iter().next();
            fault.map_or_else(String::new, |fault| fault.message)
        };
        let mut message = read_message(text, limits).map_err(told)?;
        let Some(Value::String(kind)) = message.remove("type") else {
            return Err("A message has a `type`.".to_owned());
        };
        match kind.as_str() {
            "connection_init" => Ok(Self::Init(payload(&mut message)?.unwrap_or_default())),
            "ping" => Ok(Self::Ping(payload(&mut message)?)),
            "pong" => payload(&mut message).map(|_| Self::Pong),
            "subscribe" => {
                let id = id(&mut message)?;
                let missing = || "A `subscribe` has a `payload`.".to_owned();
                let parameters = payload(&mut message)?.ok_or_else(missing)?;
                let request = GraphqlRequest::of_message(parameters).map_err(told)?;
                Ok(Self::Subscribe(id, Box::new(request)))
            }
            "complete" => Ok(Self::Complete(id(&mut message)?)),
            _ => Err("There is no message of this type.".to_owned()),
        }
    }
}

fn payload(message: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, String> {
    match message.remove("payload") {
        None => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(_) => Err("A `payload` is an object.".to_owned()),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, String> {
    match message.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err("The message has an `id`, a text that is not empty.".to_owned()),
    }
}

/// The credential that a client gives when it says who it is.
pub fn authorization(payload: &Map<String, Value>) -> Option<&Value> {
    payload
        .get("authorization")
        .or_else(|| payload.get("Authorization"))
}

/// The answer to who it is.
pub fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// The answer to a ping: what came with it goes back.
pub fn pong(payload: Option<Map<String, Value>>) -> String {
    match payload {
        Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
        None => json!({ "type": "pong" }).to_string(),
    }
}

/// An answer, which is JSON already.
pub fn next(id: &str, answer: &str) -> String {
    format!(r#"{{"id":{},"type":"next","payload":{answer}}}"#, json!(id))
}

/// Why an operation was refused, or ended before its time.
pub fn error(id: &str, errors: &[async_graphql::ServerError]) -> String {
    json!({ "id": id, "type": "error", "payload": errors }).to_string()
}

/// An operation is over.
pub fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Heard, String> {
        Heard::read(text, &DocumentLimits::default())
    }

    #[test]
    fn the_messages_of_the_protocol_are_read() {
        assert_eq!(read(r#"{"type":"connection_init"}"#), Ok(Heard::Init(Map::new())));
        assert_eq!(read(r#"{"type":"ping"}"#), Ok(Heard::Ping(None)));
        assert_eq!(read(r#"{"type":"pong","payload":{"a":1}}"#), Ok(Heard::Pong));
        assert_eq!(
            read(r#"{"id":"1","type":"complete"}"#),
            Ok(Heard::Complete("1".into()))
        );
        let subscribe = read(r#"{"id":"1","type":"subscribe","payload":{"query":"{ a }","variables":null}}"#);
        assert!(
            matches!(subscribe, Ok(Heard::Subscribe(id, request)) if id == "1" && request.document() == Ok("{ a }"))
        );
    }

    #[test]
    fn everything_else_is_malformed() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"start","id":"1","payload":{"query":"{ a }"}}"#,
            r#"{"type":"connection_init","payload":null}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"ping","payload":[]}"#,
            r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{ a }"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{ a }"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":[]}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","type":"ping"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = format!(
            r#"{{"type":"ping","payload":{{"a":{}1{}}}}}"#,
            "[".repeat(60),
            "]".repeat(60)
        );
        assert!(read(&deep).is_err());
    }

    #[test]
    fn an_id_of_any_characters_comes_back_as_it_was() {
        let text = next("a\"b\n", r#"{"data":null}"#);
        let message: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            message,
            json!({ "id": "a\"b\n", "type": "next", "payload": { "data": null } })
        );
    }
}
