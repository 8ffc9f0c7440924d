//! The front with an engine behind it.

mod admission;
mod completion;
mod hostile;
mod input;
mod schema;
mod validation;

use async_graphql::Response;
use serde_json::{Map, Value as Json, json};

use super::{Code, DocumentLimits, Front, Refusal};
use schema::Engine;

/// A front and the engine behind it.
struct Bench {
    front: Front,
    engine: Engine,
}

impl Bench {
    fn new() -> Self {
        let engine = schema::engine();
        let options = async_graphql::SDLExportOptions::new().include_specified_by();
        let front = Front::new(&engine.sdl_with_options(options), DocumentLimits::default()).unwrap();
        Self { front, engine }
    }

    fn admit(&self, source: &str, variables: Json) -> Result<super::Admitted, Refusal> {
        let variables = match variables {
            Json::Object(variables) => variables,
            _ => Map::new(),
        };
        self.front.prepare(source)?.operation(None)?.admit(variables)
    }

    fn refusal(&self, source: &str, variables: Json) -> Refusal {
        self.admit(source, variables)
            .err()
            .unwrap_or_else(|| panic!("must be refused: {source}"))
    }

    fn cost(&self, source: &str) -> u64 {
        self.admit(source, json!({})).unwrap().cost
    }

    async fn execute(&self, source: &str, variables: Json) -> Response {
        let admitted = match self.admit(source, variables) {
            Ok(admitted) => admitted,
            Err(refusal) => panic!("{source} is refused: {refusal}"),
        };
        let request = admitted.request.data(std::sync::atomic::AtomicI32::new(0));
        admitted.completion.complete(self.engine.execute(request).await)
    }

    /// Executes and gives the data as text, so that the order of fields shows.
    async fn data(&self, source: &str, variables: Json) -> String {
        serde_json::to_string(&self.execute(source, variables).await.data).unwrap()
    }
}
