//! Opens a transaction and sets its scope in one flush.
//!
//! Diesel's transaction manager must know of the transaction, since it is what tells the pool that a connection
//! came back in the middle of one; and `BEGIN` and the scope must not cost a round trip each. So the manager
//! opens the transaction through [`Opening`], which sends the scope's statements right behind its `BEGIN`.

use super::scope::Scope;
use diesel::connection::{CacheSize, Instrumentation};
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection,
};
use futures_util::future::{try_join, try_join_all};

/// Opens a transaction with `begin` and the scope. After an error the connection must be thrown away.
pub(super) async fn begin(conn: &mut AsyncPgConnection, begin: &str, scope: &Scope) -> QueryResult<()> {
    let mut opening = Opening {
        conn,
        scope: scope.statements(),
    };
    AnsiTransactionManager::begin_transaction_sql(&mut opening, begin).await
}

struct Opening<'c> {
    conn: &'c mut AsyncPgConnection,
    scope: Vec<String>,
}

impl SimpleAsyncConnection for Opening<'_> {
    async fn batch_execute(&mut self, begin: &str) -> QueryResult<()> {
        let conn: &AsyncPgConnection = self.conn;
        let run = |sql: &str| {
            let sql = sql.to_owned();
            async move { (&mut &*conn).batch_execute(&sql).await }
        };
        let scope = try_join_all(self.scope.iter().map(|sql| run(sql)));
        try_join(run(begin), scope).await.map(|_| ())
    }
}

impl AsyncConnectionCore for Opening<'_> {
    type ExecuteFuture<'conn, 'query> =
        <AsyncPgConnection as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>;
    type LoadFuture<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::LoadFuture<'conn, 'query>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::load(self.conn, source)
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        AsyncConnectionCore::execute_returning_count(self.conn, source)
    }
}

impl AsyncConnection for Opening<'_> {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(_: &str) -> ConnectionResult<Self> {
        Err(diesel::ConnectionError::BadConnection(
            "an opening borrows its connection".into(),
        ))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.conn.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.conn.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.conn.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.conn.set_prepared_statement_cache_size(size);
    }
}
