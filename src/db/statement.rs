//! Statements of fixed text that PostgreSQL prepares once.
//!
//! Diesel prepares UPDATE, upserts and raw SQL anew at each call, since it cannot know that their text is fixed.
//! A [`Statement`] promises that: its text is a constant, only its binds vary, so its plan is kept.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{Expression, IntoSql, QueryResult};
use std::marker::PhantomData;

/// SQL with `?` for each bind, answering rows of the SQL type `ST`.
pub struct Statement<'a, ST> {
    sql: &'static str,
    binds: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
    row: PhantomData<ST>,
}

impl<'a, ST> Statement<'a, ST> {
    /// Starts a statement. The text has no `?` but its binds.
    pub const fn new(sql: &'static str) -> Self {
        Self {
            sql,
            binds: Vec::new(),
            row: PhantomData,
        }
    }

    /// Gives the next bind.
    #[must_use]
    pub fn bind<T, V>(mut self, value: V) -> Self
    where
        T: diesel::sql_types::SqlType + diesel::expression::TypedExpressionType,
        V: diesel::expression::AsExpression<T>,
        V::Expression: QueryFragment<Pg> + Expression + Send + 'a,
    {
        self.binds.push(Box::new(value.into_sql::<T>()));
        self
    }
}

impl<ST> QueryFragment<Pg> for Statement<'_, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = self.sql.split('?');
        if let Some(first) = parts.next() {
            out.push_sql(first);
        }
        for (part, bind) in parts.zip(&self.binds) {
            bind.walk_ast(out.reborrow())?;
            out.push_sql(part);
        }
        Ok(())
    }
}

impl<ST> QueryId for Statement<'_, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Statement<'_, ST> {
    type SqlType = ST;
}

impl<ST, Conn> diesel::RunQueryDsl<Conn> for Statement<'_, ST> {}
