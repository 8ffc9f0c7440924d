//! One GraphQL operation in execution: who asks, and the one session that it reads through.

use crate::auth::standing::Viewer;
use crate::db::pool::Statements;
use crate::db::{Batch, Reader};
use crate::domain::app::App;
use crate::kernel::error::{Error, Result};
use crate::kernel::page::{Page, PageArgs};
use async_graphql::Context;
use std::sync::{Arc, Mutex, PoisonError};

/// What the resolvers of one operation share.
pub struct Operation {
    /// The node.
    pub app: Arc<App>,
    /// Who asks.
    pub viewer: Viewer,
    /// The id under which logs and support find this request.
    pub request_id: String,
    /// Counts the operation's data statements.
    pub statements: Statements,
    reader: Mutex<Arc<Reader>>,
}

impl Operation {
    /// Starts an operation. Nothing is opened before the first read.
    pub fn new(app: Arc<App>, viewer: Viewer, request_id: String) -> Self {
        let statements = Statements::default();
        let reader = Mutex::new(Arc::new(Reader::new(
            app.db.clone(),
            viewer.scope(),
            statements.clone(),
        )));
        Self {
            app,
            viewer,
            request_id,
            statements,
            reader,
        }
    }

    /// The reading side, as of now.
    pub fn reader(&self) -> Arc<Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the reading side and starts a new one with another snapshot and empty loaders: after a write.
    pub async fn read_anew(&self) {
        let fresh = Arc::new(Reader::new(
            self.app.db.clone(),
            self.viewer.scope(),
            self.statements.clone(),
        ));
        let old = std::mem::replace(
            &mut *self.reader.lock().unwrap_or_else(PoisonError::into_inner),
            fresh,
        );
        close(old).await;
    }

    /// Ends the operation and gives its connection back.
    pub async fn close(self) {
        close(self.reader.into_inner().unwrap_or_else(PoisonError::into_inner)).await;
    }
}

async fn close(reader: Arc<Reader>) {
    if let Some(reader) = Arc::into_inner(reader) {
        reader.close().await;
    }
}

/// Short ways from a resolver's context to its operation.
pub trait Ask {
    /// The operation.
    fn operation(&self) -> &Operation;

    /// Who asks.
    fn viewer(&self) -> &Viewer {
        &self.operation().viewer
    }

    /// The node.
    fn app(&self) -> &Arc<App> {
        &self.operation().app
    }

    /// The reading side of the operation.
    fn reader(&self) -> Arc<Reader> {
        self.operation().reader()
    }

    /// Fetches a key's value, batched with all that is asked for in the same turn.
    fn fetch<K: Batch>(&self, key: K) -> impl Future<Output = Result<Option<K::Value>>> + Send {
        let reader = self.reader();
        async move { reader.fetch(key).await }
    }

    /// Fetches a key's value that must be there, since a foreign key says so.
    fn fetch_one<K: Batch>(&self, key: K) -> impl Future<Output = Result<K::Value>> + Send {
        let reader = self.reader();
        async move { reader.fetch(key).await?.ok_or(Error::NotFound) }
    }

    /// Checks paging arguments against the list they are for.
    fn page(&self, args: &PageArgs, list: &str) -> Result<Page> {
        args.check(&self.app().keyring, list)
    }
}

impl Ask for Context<'_> {
    fn operation(&self) -> &Operation {
        self.data_unchecked::<Arc<Operation>>()
    }
}
