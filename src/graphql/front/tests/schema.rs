//! A small schema with everything that the front treats apart: interfaces, a union, connections, lists, ids,
//! inputs with `@oneOf`, custom scalars, and fields that fail where null may stand and where it may not.

#![expect(
    clippy::unused_async,
    reason = "a resolver that fails is written like any other"
)]
#![expect(
    clippy::too_many_arguments,
    reason = "the echo takes an argument of every kind"
)]

use std::pin::Pin;

use async_graphql::{
    Enum, ID, InputObject, InputValueError, InputValueResult, Interface, MaybeUndefined, Object, OneofObject,
    Result, Scalar, ScalarType, Schema, SchemaBuilder, SimpleObject, Subscription, Union, ValidationMode,
    Value,
    futures_util::{Stream, stream},
};

pub(in super::super) type Engine = Schema<Query, Mutation, Subscriptions>;

pub(in super::super) struct Query;
pub(in super::super) struct Mutation;
pub(in super::super) struct Subscriptions;

/// Builds the engine as the server does: validation and limits are the front's.
pub(in super::super) fn engine() -> Engine {
    let builder: SchemaBuilder<_, _, _> = Schema::build(Query, Mutation, Subscriptions);
    builder
        .validation_mode(ValidationMode::Fast)
        .disable_suggestions()
        .limit_recursive_depth(usize::MAX)
        .finish()
}

/// A thing with an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"), field(name = "title", ty = "&str"))]
pub(in super::super) enum Node {
    Course(Course),
    Unit(Unit),
}

/// What a search finds.
#[derive(Union)]
pub(in super::super) enum Found {
    Course(Course),
    Person(Person),
}

/// A point in time.
pub(in super::super) struct Stamp(i32);

#[Scalar(specified_by_url = "https://example.org/stamp")]
impl ScalarType for Stamp {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("never read"))
    }
    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// The level of a course.
#[derive(Clone, Copy, Enum, PartialEq, Eq)]
pub(in super::super) enum Level {
    Basic,
    Expert,
}

/// A course.
#[derive(Clone)]
pub(in super::super) struct Course(pub i32);

#[Object]
impl Course {
    async fn id(&self) -> ID {
        format!("C{}", self.0).into()
    }
    async fn title(&self) -> &str {
        "Rust"
    }
    async fn level(&self) -> Level {
        Level::Basic
    }
    /// Takes longer than its neighbours.
    async fn slow(&self) -> &str {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        "slow"
    }
    /// Fails for odd courses, where null may stand.
    async fn flaky(&self) -> Result<Option<i32>> {
        if self.0 % 2 == 1 {
            Err("flaky failed".into())
        } else {
            Ok(Some(self.0))
        }
    }
    /// Fails for odd courses, where null may not stand.
    async fn strict(&self) -> Result<i32> {
        if self.0 % 2 == 1 {
            Err("strict failed".into())
        } else {
            Ok(self.0)
        }
    }
    #[graphql(deprecation = "Use title.")]
    async fn name(&self) -> &str {
        "Rust"
    }
    async fn made(&self) -> Stamp {
        Stamp(7)
    }
    async fn note(&self, text: String) -> usize {
        text.len()
    }
    async fn tags(&self) -> Vec<Result<Option<String>>> {
        vec![Ok(Some("a".into())), Ok(None)]
    }
    async fn units(&self, first: Option<i32>, last: Option<i32>) -> UnitConnection {
        UnitConnection {
            page: first.or(last).unwrap_or(2).min(2),
        }
    }
    async fn owner(&self) -> Option<Person> {
        Some(Person {
            name: "Ada".into(),
            course: self.0,
        })
    }
}

/// A unit of a course.
#[derive(Clone)]
pub(in super::super) struct Unit(pub i32);

#[Object]
impl Unit {
    async fn id(&self) -> ID {
        format!("U{}", self.0).into()
    }
    async fn title(&self) -> &str {
        "Unit"
    }
    async fn strict(&self) -> Result<i32> {
        Err("strict failed".into())
    }
    async fn course(&self) -> Course {
        Course(self.0)
    }
}

/// A page of units.
pub(in super::super) struct UnitConnection {
    page: i32,
}

#[Object]
impl UnitConnection {
    async fn nodes(&self) -> Vec<Unit> {
        (0..self.page).map(Unit).collect()
    }
    async fn edges(&self) -> Vec<UnitEdge> {
        (0..self.page)
            .map(|at| UnitEdge {
                cursor: at.to_string(),
                node: at,
            })
            .collect()
    }
    async fn total_count(&self) -> i32 {
        7
    }
}

/// A place in a page.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(in super::super) struct UnitEdge {
    cursor: String,
    #[graphql(skip)]
    node: i32,
}

#[async_graphql::ComplexObject]
impl UnitEdge {
    async fn node(&self) -> Unit {
        Unit(self.node)
    }
}

/// A person.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(in super::super) struct Person {
    name: String,
    #[graphql(skip)]
    course: i32,
}

#[async_graphql::ComplexObject]
impl Person {
    async fn favourite(&self) -> Course {
        Course(self.course)
    }
}

/// Either an id or a slug.
#[derive(OneofObject)]
pub(in super::super) enum Which {
    Id(ID),
    Slug(String),
}

/// What to keep.
#[derive(InputObject)]
pub(in super::super) struct Filter {
    level: Option<Level>,
    words: Option<Vec<String>>,
    #[graphql(default = 3)]
    least: i32,
    exact: Option<i32>,
    which: Option<Which>,
    not: Option<Box<Filter>>,
}

/// What to save.
#[derive(InputObject)]
pub(in super::super) struct SaveInput {
    id: i32,
    title: Option<String>,
}

/// What was saved.
#[derive(SimpleObject)]
pub(in super::super) struct SavePayload {
    course: Option<Course>,
    count: i32,
}

#[Object]
impl Query {
    async fn course(&self, id: i32) -> Option<Course> {
        (id >= 0).then_some(Course(id))
    }
    async fn must(&self, id: i32) -> Course {
        Course(id)
    }
    async fn courses(&self, first: Option<i32>, last: Option<i32>) -> Vec<Course> {
        (0..first.or(last).unwrap_or(2).min(2)).map(Course).collect()
    }
    async fn maybes(&self) -> Vec<Option<Course>> {
        vec![Some(Course(1)), None, Some(Course(2))]
    }
    async fn node(&self, id: ID) -> Option<Node> {
        let number = id[1..].parse().ok()?;
        Some(if id.starts_with('C') {
            Node::Course(Course(number))
        } else {
            Node::Unit(Unit(number))
        })
    }
    async fn nodes(&self, ids: Vec<ID>) -> Vec<Option<Node>> {
        ids.iter().map(|_| Some(Node::Unit(Unit(1)))).collect()
    }
    async fn search(&self, text: Option<String>) -> Vec<Found> {
        let _ = text;
        vec![
            Found::Course(Course(1)),
            Found::Person(Person {
                name: "Bo".into(),
                course: 2,
            }),
        ]
    }
    /// Says what it was given.
    async fn echo(
        &self,
        int: MaybeUndefined<i32>,
        float: Option<f64>,
        text: MaybeUndefined<String>,
        id: Option<ID>,
        flag: Option<bool>,
        level: Option<Level>,
        many: Option<Vec<i32>>,
        deep: Option<Vec<Vec<i32>>>,
        filter: Option<Filter>,
        which: Option<Which>,
        any: Option<async_graphql::Json<serde_json::Value>>,
        #[graphql(default = 20)] size: i32,
    ) -> String {
        let mut said = Vec::new();
        match int {
            MaybeUndefined::Value(int) => said.push(format!("int={int}")),
            MaybeUndefined::Null => said.push("int=null".into()),
            MaybeUndefined::Undefined => {}
        }
        match text {
            MaybeUndefined::Value(text) => said.push(format!("text={text}")),
            MaybeUndefined::Null => said.push("text=null".into()),
            MaybeUndefined::Undefined => {}
        }
        said.extend(float.map(|float| format!("float={float:?}")));
        said.extend(id.map(|id| format!("id={}", id.0)));
        said.extend(flag.map(|flag| format!("flag={flag}")));
        said.extend(level.map(|level| format!("expert={}", level == Level::Expert)));
        said.extend(many.map(|many| format!("many={many:?}")));
        said.extend(deep.map(|deep| format!("deep={deep:?}")));
        said.extend(filter.map(|filter| format!("least={} exact={:?}", filter.least, filter.exact)));
        said.extend(which.map(|which| match which {
            Which::Id(id) => format!("which=id {}", id.0),
            Which::Slug(slug) => format!("which=slug {slug}"),
        }));
        said.extend(any.map(|any| format!("any={}", any.0)));
        if size != 20 {
            said.push(format!("size={size}"));
        }
        said.join(" ")
    }
}

#[Object]
impl Mutation {
    async fn save(&self, input: SaveInput) -> Result<Option<SavePayload>> {
        match input.id {
            0 => Err("save failed".into()),
            id => Ok(Some(SavePayload {
                course: Some(Course(id)),
                count: input.title.map_or(1, |_| 2),
            })),
        }
    }
    /// Counts how often it was run in this request.
    async fn tick(&self, ctx: &async_graphql::Context<'_>) -> Option<Ticks> {
        let counter = ctx.data_opt::<std::sync::atomic::AtomicI32>()?;
        Some(Ticks {
            count: counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1,
            name: "tick",
        })
    }
}

/// How often a mutation ran.
#[derive(SimpleObject)]
pub(in super::super) struct Ticks {
    count: i32,
    name: &'static str,
}

#[Subscription]
impl Subscriptions {
    async fn changes(&self) -> Pin<Box<dyn Stream<Item = Course> + Send>> {
        Box::pin(stream::iter([Course(1), Course(2)]))
    }
}
