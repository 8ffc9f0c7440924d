//! Closed sets of words, kept as text under a CHECK constraint.

use diesel::expression::{ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;

/// A word as an SQL literal.
///
/// Prepared statements keep one plan for all binds, and that plan cannot use an index `where state = 'published'`
/// unless the word stands in the statement. Unlike raw SQL, this leaves the statement prepared.
#[derive(Clone, Copy, Debug)]
pub struct Literal(&'static str);

impl Literal {
    /// A word of a [`text_enum`](crate::text_enum), which has no quotes in it.
    pub const fn new(word: &'static str) -> Self {
        Self(word)
    }
}

impl QueryFragment<Pg> for Literal {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("'");
        out.push_sql(self.0);
        out.push_sql("'");
        Ok(())
    }
}

impl QueryId for Literal {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Expression for Literal {
    type SqlType = Text;
}

impl<Tab> AppearsOnTable<Tab> for Literal {}
impl<Tab> SelectableExpression<Tab> for Literal {}
impl<GroupBy> ValidGrouping<GroupBy> for Literal {
    type IsAggregate = is_aggregate::Never;
}

/// What every [`text_enum`](crate::text_enum) is.
pub trait TextEnum: Copy + 'static {
    /// The word that stands in the database.
    fn word(self) -> &'static str;
}

/// Declares an enum that is a text column in SQL and an enum in GraphQL.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word that stands in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The word as an SQL literal, for conditions that a partial index must recognise.
            pub const fn literal(self) -> $crate::db::text_enum::Literal {
                $crate::db::text_enum::Literal::new(self.as_str())
            }
        }

        impl $crate::db::text_enum::TextEnum for $name {
            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(self.as_str(), out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                match bytes.as_bytes() {
                    $(text if text == $text.as_bytes() => Ok(Self::$variant),)+
                    other => Err(format!("no {} is called {:?}", stringify!($name), String::from_utf8_lossy(other)).into()),
                }
            }
        }
    };
}
