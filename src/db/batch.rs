//! Batched reads: the key is the loader.
//!
//! A type that implements [`Batch`] can be fetched one at a time anywhere in an operation; what is asked for in
//! the same turn of the operation becomes one statement. Batches flush when the operation has nothing else to
//! poll (they yield within its task, they never wait on a timer), so load does not split them.

use super::pool::Statements;
use super::scope::Scope;
use super::session::Session;
use super::{Conn, Db};
use crate::kernel::error::Result;
use dataloader::BatchFn;
use dataloader::cached::Loader;
use diesel::QueryResult;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// How often a batch lets the rest of the operation run before it goes to the database.
const YIELDS: usize = 3;
/// How many keys one statement takes.
const MAX_KEYS: usize = 1_000;

/// A key whose values are fetched many at once.
pub trait Batch: Clone + Eq + Hash + Debug + Send + Sync + 'static {
    /// What a key stands for; cheap to clone.
    type Value: Clone + Send + Sync + 'static;

    /// Loads the values of these keys in one statement; a key without a value is left out.
    fn load_many(
        keys: &[Self],
        conn: Conn<'_>,
    ) -> impl Future<Output = QueryResult<HashMap<Self, Self::Value>>> + Send;
}

struct BatchOf(Arc<Session>);

impl<K: Batch> BatchFn<K, Result<Option<K::Value>>> for BatchOf {
    async fn load(&mut self, keys: &[K]) -> HashMap<K, Result<Option<K::Value>>> {
        match self.0.run(|conn| K::load_many(keys, conn)).await {
            Ok(mut found) => keys
                .iter()
                .map(|key| (key.clone(), Ok(found.remove(key))))
                .collect(),
            Err(error) => keys.iter().map(|key| (key.clone(), Err(error.clone()))).collect(),
        }
    }
}

type LoaderOf<K> = Loader<K, Result<Option<<K as Batch>::Value>>, BatchOf>;

/// The reading side of one operation: its session and the loaders over it.
pub struct Reader {
    session: Arc<Session>,
    loaders: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
}

impl Reader {
    /// Prepares the reading side; nothing is opened yet.
    pub fn new(db: Db, scope: Scope, statements: Statements) -> Self {
        Self {
            session: Arc::new(Session::new(db, scope, statements)),
            loaders: Mutex::default(),
        }
    }

    /// Fetches the value of a key, batched with all that is asked for in the same turn.
    pub async fn fetch<K: Batch>(&self, key: K) -> Result<Option<K::Value>> {
        let loader = self.loader::<K>();
        loop {
            // A key has no entry when the field that loaded its batch was dropped, as it is when a field beside it fails.
            if let Ok(loaded) = loader.try_load(key.clone()).await {
                return loaded;
            }
        }
    }

    /// Runs statements of its own on the operation's session.
    pub async fn run<'s, T, F>(&'s self, statements: impl FnOnce(Conn<'s>) -> F) -> Result<T>
    where
        F: Future<Output = QueryResult<T>>,
    {
        self.session.run(statements).await
    }

    /// Ends the session and gives its connection back.
    pub async fn close(self) {
        drop(self.loaders);
        if let Some(session) = Arc::into_inner(self.session) {
            session.close().await;
        }
    }

    fn loader<K: Batch>(&self) -> LoaderOf<K> {
        let mut loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        let loader = loaders.entry(TypeId::of::<K>()).or_insert_with(|| {
            let loader: LoaderOf<K> = Loader::new(BatchOf(self.session.clone()));
            Box::new(loader.with_yield_count(YIELDS).with_max_batch_size(MAX_KEYS))
        });
        loader
            .downcast_ref::<LoaderOf<K>>()
            .expect("loaders are kept under the type of their key")
            .clone()
    }
}
