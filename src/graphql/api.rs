//! The schema in service.

use super::events::Occasion;
use super::front::{Admitted, DocumentLimits, Front};
use super::schema::{LyceumSchema, build, sdl};
use super::support::error::{finish, refused};
use super::support::operation::Operation;
use crate::auth::standing::Viewer;
use crate::db::Reader;
use crate::db::pool::Statements;
use crate::domain::app::App;
use crate::domain::events::{self, Event, Source};
use crate::domain::support_grants::reading::Supporter;
use crate::kernel::origin::Origin;
use async_graphql::Response;
use futures_util::StreamExt;
use std::sync::Arc;

/// The schema in service: the front before it, the node behind it.
pub struct Api {
    schema: LyceumSchema,
    /// What every document passes first.
    pub front: Front,
    /// The node.
    pub app: Arc<App>,
}

impl Api {
    /// Puts the schema in service.
    pub fn new(app: Arc<App>, limits: DocumentLimits) -> anyhow::Result<Self> {
        let front = Front::new(&sdl(), limits)
            .map_err(|error| anyhow::anyhow!("the schema is not valid: {error}"))?;
        Ok(Self {
            schema: build(),
            front,
            app,
        })
    }

    /// Executes an admitted operation and gives its answer with the number of its data statements.
    pub async fn execute(
        &self,
        viewer: Viewer,
        mut admitted: Admitted,
        request_id: &str,
        origin: &Origin,
    ) -> (Response, u32) {
        if let Err(refused) = self.note(&viewer, &mut admitted, request_id).await {
            return (refused, 0);
        }
        let mut operation = self.operation(viewer, request_id, origin);
        operation.idempotency_key = admitted.idempotency_key;
        let operation = Arc::new(operation);
        let statements = operation.statements.clone();
        let request = admitted.request.data(operation.clone());
        // Unconstrained: a batch must see all that is asked for in a turn, not what a budget lets it see.
        let mut response = tokio::task::unconstrained(self.schema.execute(request)).await;
        close(operation);
        response = admitted.completion.complete(response);
        finish(&mut response, request_id);
        (response, statements.count())
    }

    /// Notes what an operator of the platform asks for in the audits of the organisations that they are in; what cannot be noted is not
    /// executed.
    async fn note(&self, viewer: &Viewer, admitted: &mut Admitted, request_id: &str) -> Result<(), Response> {
        let Some(supporter) = Supporter::of(viewer) else {
            return Ok(());
        };
        let noted = supporter.note(&self.app, request_id, &admitted.asks()).await;
        noted.map_err(|error| refused(error, request_id))
    }

    /// Opens an admitted subscription; its source, if it has one, or why it has none.
    pub async fn open(
        &self,
        viewer: Viewer,
        mut admitted: Admitted,
        request_id: &str,
        origin: &Origin,
    ) -> Result<Option<Source>, Response> {
        self.note(&viewer, &mut admitted, request_id).await?;
        let operation = Arc::new(self.operation(viewer, request_id, origin));
        let occasion = Arc::new(Occasion::opening());
        let request = admitted.request.data(operation.clone()).data(occasion.clone());
        let refused = self.schema.execute_stream(request).next().await;
        close(operation);
        match refused {
            Some(mut refused) => {
                finish(&mut refused, request_id);
                Err(refused)
            }
            None => Ok(occasion.source()),
        }
    }

    /// Whether a viewer may know of an event.
    pub async fn may_hear(&self, viewer: &Viewer, event: &Event) -> crate::kernel::error::Result<bool> {
        let reader = Reader::new(self.app.db.clone(), viewer.scope(), Statements::default());
        let may = events::may_read(&reader, viewer, event).await;
        reader.close().await;
        may
    }

    /// Executes an admitted subscription for an event that the viewer may know of, in a session of its own.
    pub async fn tell(
        &self,
        viewer: Viewer,
        mut admitted: Admitted,
        event: &Arc<Event>,
        request_id: &str,
        origin: &Origin,
    ) -> (Response, u32) {
        if let Err(refused) = self.note(&viewer, &mut admitted, request_id).await {
            return (refused, 0);
        }
        let operation = Arc::new(self.operation(viewer, request_id, origin));
        let statements = operation.statements.clone();
        let occasion = Arc::new(Occasion::Event(event.clone()));
        let request = admitted.request.data(operation.clone()).data(occasion);
        let told = tokio::task::unconstrained(self.schema.execute_stream(request).next()).await;
        close(operation);
        let mut response = admitted.completion.complete(told.unwrap_or_default());
        finish(&mut response, request_id);
        (response, statements.count())
    }

    fn operation(&self, viewer: Viewer, request_id: &str, origin: &Origin) -> Operation {
        Operation::new(self.app.clone(), viewer, request_id.to_owned(), origin.clone())
    }
}

/// Ends an operation that nothing uses any more, in the background.
fn close(operation: Arc<Operation>) {
    if let Some(operation) = Arc::into_inner(operation) {
        tokio::spawn(operation.close());
    }
}
