//! Batched reads: the key is the loader.
//!
//! A type that implements [`Batch`] can be fetched one at a time anywhere in an operation; what is asked for in
//! the same turn of the operation becomes one statement. A round of keys is loaded when the operation has asked for
//! nothing more for a few turns (it yields within its task and never waits on a timer), and all of its fields go on
//! together when it is loaded, so that neither load nor the number of rows splits the batches behind it.

use super::pool::Statements;
use super::scope::Scope;
use super::session::Session;
use super::{Conn, Db};
use crate::kernel::error::{Error, Result};
use dataloader::BatchFn;
use dataloader::cached::Loader;
use diesel::QueryResult;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, try_join_all};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// For how many turns an operation asks for nothing before a round of keys goes to the database.
const QUIET_TURNS: usize = 3;
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

/// Loads keys that take a statement each, side by side on the connection.
pub async fn each<'k, K, V, F>(keys: &'k [K], load: impl Fn(&'k K) -> F) -> QueryResult<HashMap<K, V>>
where
    K: Batch,
    F: Future<Output = QueryResult<V>>,
{
    let values = try_join_all(keys.iter().map(load)).await?;
    Ok(keys.iter().cloned().zip(values).collect())
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

type Loaded<K> = Result<Option<<K as Batch>::Value>>;
type Outcome<K> = Arc<HashMap<K, Loaded<K>>>;
type LoaderOf<K> = Loader<K, Loaded<K>, BatchOf>;

/// Keys of one type that are fetched together, and what comes of them.
struct Round<K: Batch> {
    keys: Vec<K>,
    loaded: Shared<BoxFuture<'static, Outcome<K>>>,
}

/// The round that takes keys now; none until the first key comes.
type Next<K> = Arc<Mutex<Option<Round<K>>>>;

/// The reading side of one operation: its session and the loaders over it.
pub struct Reader {
    session: Arc<Session>,
    loaders: Mutex<HashMap<TypeId, Box<dyn Any + Send>>>,
    /// How many keys were asked for so far, of all types.
    asked: Arc<AtomicUsize>,
}

impl Reader {
    /// Prepares the reading side; nothing is opened yet.
    pub fn new(db: Db, scope: Scope, statements: Statements) -> Self {
        Self {
            session: Arc::new(Session::new(db, scope, statements)),
            loaders: Mutex::default(),
            asked: Arc::default(),
        }
    }

    /// Fetches the value of a key, batched with all that is asked for in the same turn.
    pub async fn fetch<K: Batch>(&self, key: K) -> Result<Option<K::Value>> {
        let loaded = self.join_a_round(key.clone()).await;
        let missing = || Err(Error::internal("a batch has no entry for one of its keys"));
        loaded.get(&key).cloned().unwrap_or_else(missing)
    }

    /// Adds a key to the round that takes keys now.
    fn join_a_round<K: Batch>(&self, key: K) -> impl Future<Output = Outcome<K>> + use<K> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (loader, next) = self.loader::<K>();
        let mut taking = next.lock().unwrap_or_else(PoisonError::into_inner);
        let round = taking.get_or_insert_with(|| Round {
            keys: Vec::new(),
            loaded: load(loader, Arc::downgrade(&next), self.asked.clone())
                .boxed()
                .shared(),
        });
        round.keys.push(key);
        round.loaded.clone()
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

    fn loader<K: Batch>(&self) -> (LoaderOf<K>, Next<K>) {
        let mut loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        let loader = loaders.entry(TypeId::of::<K>()).or_insert_with(|| {
            let loader: LoaderOf<K> = Loader::new(BatchOf(self.session.clone()));
            let loader = loader.with_yield_count(0).with_max_batch_size(MAX_KEYS);
            Box::new((loader, Next::<K>::default()))
        });
        loader
            .downcast_ref::<(LoaderOf<K>, Next<K>)>()
            .expect("loaders are kept under the type of their key")
            .clone()
    }
}

/// Waits until the operation asks for nothing more, closes the round and loads its keys. Whoever of the round is polled
/// drives it, so that it goes on when one of its fields is dropped, as it is when a field beside it fails.
async fn load<K: Batch>(
    loader: LoaderOf<K>,
    next: Weak<Mutex<Option<Round<K>>>>,
    asked: Arc<AtomicUsize>,
) -> Outcome<K> {
    let (mut seen, mut quiet) = (asked.load(Ordering::Relaxed), 0);
    while quiet < QUIET_TURNS {
        tokio::task::yield_now().await;
        let now = asked.load(Ordering::Relaxed);
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
    }
    let round = next
        .upgrade()
        .and_then(|next| next.lock().unwrap_or_else(PoisonError::into_inner).take());
    let keys = round.map(|round| round.keys).unwrap_or_default();
    Arc::new(loader.try_load_many(keys).await.unwrap_or_default())
}
