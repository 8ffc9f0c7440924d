//! A node whose way to the database breaks on demand, and what must hold of it afterwards.

use super::TestApp;
use super::app::Person;
use super::client::{Client, Reply};
use super::factory::{self, Course};
use super::learning;
use super::proxy::Proxy;
use super::servers::{admin, database_config};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnectionCore, RunQueryDsl};
use futures_util::future::{BoxFuture, try_join_all};
use lyceum::cache::Shared;
use lyceum::config::{DatabaseConfig, HttpConfig};
use lyceum::db::pool::Statements;
use lyceum::db::{Scope, Tx};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Connections of the node.
pub const POOL: usize = 3;

/// Connections of the node for doors.
pub const DOORS: usize = 2;

/// How long the node may take over anything, whatever breaks: its deadlines and some air.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// The node, the academy on it, and a look behind it.
pub struct Faulty {
    /// A sound node in the same academy.
    pub sound: TestApp,
    /// The node that things happen to.
    pub node: TestApp,
    /// Its way to the database.
    pub proxy: Proxy,
    /// An author of the academy.
    pub author: Person,
    /// A learner of the academy.
    pub learner: Person,
    /// A published course of the closed academy.
    pub course: Course,
    /// The learner's enrolment in it.
    pub enrollment: String,
    /// Past all row security.
    pub admin: tokio_postgres::Client,
    name: String,
}

/// Who does an operation.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// The author.
    Author,
    /// The learner.
    Learner,
    /// Somebody without a token.
    Nobody,
}

/// One kind of operation that faults are tried on.
pub struct Operation {
    /// What it is, for messages.
    pub name: &'static str,
    /// Who does it.
    pub by: By,
    /// The document.
    pub document: &'static str,
    /// Makes what it needs and gives its variables; the key is new for every request, and a mutation's idempotency key.
    pub variables: for<'f> fn(&'f Faulty, String) -> BoxFuture<'f, Value>,
    /// For a mutation that takes a key: SQL that counts its effects from `request.key` and `request.id`, which is the variable of that name.
    pub effects: Option<&'static str>,
}

/// An operation about to be sent, once or more often.
pub struct Asked {
    /// The operation.
    pub operation: &'static Operation,
    /// The id and idempotency key of the request.
    pub key: String,
    variables: Value,
}

/// What a mutation left behind: its effects, audit entries and idempotency records.
pub type Traces = [i64; 3];

const PROBE: Operation = Operation {
    name: "a probe",
    by: By::Author,
    document: "query($org: ID!) { catalog(filter: {organization: $org}) { totalCount } }",
    variables: |faulty, _| Box::pin(async { json!({ "org": faulty.sound.org_id() }) }),
    effects: None,
};

impl Faulty {
    /// How long an operation waits for a connection.
    pub const POOL_WAIT: Duration = Duration::from_millis(500);

    /// Starts the node with every connection of its pool open.
    pub async fn new() -> Self {
        Self::with(Shared::in_process()).await
    }

    /// The same, sharing copies in a given way.
    pub async fn with(shared: Shared) -> Self {
        let sound = TestApp::new().await;
        let name = format!("node-{}", sound.slug);
        let proxy = Proxy::start(&name, &database_config().database_url).await;
        let config = DatabaseConfig {
            database_url: proxy.url.clone(),
            pool_size: POOL,
            door_pool_size: DOORS,
            pool_wait_ms: u64::try_from(Self::POOL_WAIT.as_millis()).unwrap(),
            statement_timeout_ms: 500,
            lock_timeout_ms: 300,
            write_timeout_ms: 1_000,
            ..DatabaseConfig::default()
        };
        let http = HttpConfig {
            request_timeout_ms: 700,
            ..HttpConfig::default()
        };
        let node = sound.another_node(&config, http, shared).await;
        let author = sound.member("author").await;
        let course = factory::published_course(&sound, &author, 3).await;
        let learner = sound.learner().await;
        let faulty = Self {
            enrollment: learning::enroll(&learner, &course.id).await,
            learner,
            admin: admin().await,
            sound,
            node,
            proxy,
            author,
            course,
            name,
        };
        faulty.settle().await;
        faulty
    }

    /// Makes what a request needs, through the sound node.
    pub async fn prepare(&self, operation: &'static Operation) -> Asked {
        let key = self.sound.app.clock.uuid().simple().to_string();
        Asked {
            operation,
            variables: (operation.variables)(self, key.clone()).await,
            key,
        }
    }

    /// Asks the node.
    pub async fn ask(&self, asked: &Asked) -> Reply {
        self.ask_as(&self.client(asked.operation.by), asked).await
    }

    /// Who asks, at the node.
    pub fn client(&self, by: By) -> Client {
        match by {
            By::Author => self.author.client.at(self.node.routes()),
            By::Learner => self.learner.client.at(self.node.routes()),
            By::Nobody => self.node.anonymous(),
        }
    }

    async fn ask_as(&self, client: &Client, asked: &Asked) -> Reply {
        let name = asked.operation.name;
        let body = json!({ "query": asked.operation.document, "variables": asked.variables }).to_string();
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-request-id", &asked.key);
        let answer = client.send(request.body(Body::from(body)).unwrap());
        tokio::time::timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| panic!("{name} hangs"))
    }

    /// Asks until the answer is good; a node needs a moment to see that its connections are gone.
    pub async fn ask_again(&self, asked: &Asked) -> Reply {
        let since = Instant::now();
        loop {
            let reply = self.ask(asked).await;
            if reply.codes().is_empty() {
                return reply;
            }
            assert_is_typed(&reply, &asked.key);
            let name = asked.operation.name;
            assert!(since.elapsed() < PATIENCE, "{name}: {:#}", reply.body);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What a request left behind.
    pub async fn traces(&self, asked: &Asked) -> Traces {
        let Some(effects) = asked.operation.effects else {
            return [0; 3];
        };
        let sql = format!(
            "with request as (select $1::text as key, $2::text as id) select ({effects}), \
             (select count(*) from audit_entries where request_id = request.key), \
             (select count(*) from idempotency_records r where r.key = request.key) from request"
        );
        let id = asked.variables["id"].as_str();
        let row = self.admin.query_one(&sql, &[&asked.key, &id]).await.unwrap();
        [row.get(0), row.get(1), row.get(2)]
    }

    /// What a request of this kind leaves behind when nothing goes wrong.
    pub async fn traces_of_success(&self, operation: &'static Operation) -> Traces {
        let asked = self.prepare(operation).await;
        self.ask_again(&asked).await;
        let traces = self.traces(&asked).await;
        let is_mutation = operation.effects.is_some();
        assert_eq!((traces[0] > 0, traces[2] == 1), (is_mutation, is_mutation));
        traces
    }

    /// The states of the node's connections, as the server has them.
    pub async fn connections(&self) -> Vec<String> {
        self.admin
            .query(
                "select coalesce(state, 'unknown') from pg_stat_activity where application_name = $1",
                &[&self.name],
            )
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    /// Waits until the node does nothing any more, and asserts that it keeps no transaction open.
    pub async fn settle(&self) {
        let since = Instant::now();
        loop {
            let states = self.connections().await;
            if states.iter().all(|state| state == "idle") {
                break;
            }
            assert!(
                since.elapsed() < PATIENCE,
                "the node keeps a transaction open: {states:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asserts that the node serves as if nothing had happened: every connection works, none has a transaction or a
    /// scope left, and nobody sees what is not theirs.
    pub async fn assert_is_sound(&self) {
        self.settle().await;
        let probe = self.prepare(&PROBE).await;
        let author = self.ask_again(&probe).await;
        assert_ne!(author.data("/catalog/totalCount"), &json!(0));
        let anonymous = self.ask_as(&self.node.anonymous(), &probe).await;
        assert_eq!(anonymous.data("/catalog/totalCount"), &json!(0));
        let found = self
            .node
            .anonymous()
            .run_with(
                "query($id: ID!) { course(id: $id) { id } }",
                json!({ "id": self.course.id }),
            )
            .await;
        assert_eq!(found.data("/course"), &json!(null));
        let since = Instant::now();
        // A node notices that a connection is gone when it reads from it, which may be a moment from now.
        while let Err(error) = self.assert_nothing_is_left().await {
            assert!(since.elapsed() < PATIENCE, "{error}");
        }
        // And the server notices that a client is gone when it looks.
        loop {
            let connections = self.connections().await;
            if connections.len() <= POOL + DOORS {
                break;
            }
            assert!(since.elapsed() < PATIENCE, "{connections:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asserts that every connection of both pools can be had and reaches nothing, unless one of them is gone.
    async fn assert_nothing_is_left(&self) -> lyceum::kernel::error::Result<()> {
        let db = &self.node.app.db;
        let nobody = Scope::default();
        let statements = Statements::default();
        let operations = try_join_all((0..POOL).map(|_| Tx::begin(db, &nobody, &statements))).await?;
        for transaction in operations {
            let (user, orgs) = scope_of(&mut transaction.conn()).await?;
            assert_eq!((user.as_str(), orgs.as_str()), ("", "{}"));
            transaction.rollback().await?;
        }
        for mut door in try_join_all((0..DOORS).map(|_| db.unscoped())).await? {
            let (user, orgs) = scope_of(&mut door).await?;
            assert_eq!((user.as_str(), orgs.as_str()), ("", ""));
        }
        Ok(())
    }
}

/// The settings that row security reads, as a connection has them now.
async fn scope_of<C>(conn: &mut C) -> diesel::QueryResult<(String, String)>
where
    C: AsyncConnectionCore<Backend = Pg>,
{
    diesel::dsl::sql::<(Text, Text)>(
        "select coalesce(current_setting('app.user', true), ''), coalesce(current_setting('app.orgs', true), '')",
    )
    .get_result(conn)
    .await
}

/// Asserts that an answer to a fault says what a client can act on, and nothing of the inside.
#[track_caller]
pub fn assert_is_typed(reply: &Reply, key: &str) {
    let codes = reply.codes();
    assert!(
        !codes.is_empty() && codes.split(',').all(|code| code == "UNAVAILABLE"),
        "{:#}",
        reply.body
    );
    assert!(
        matches!(reply.status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE),
        "{}",
        reply.status
    );
    assert_eq!(reply.headers["x-request-id"], key);
    assert_eq!(reply.body["extensions"]["requestId"], key);
    for word in [
        "diesel",
        "postgres",
        "Postgres",
        "connection",
        "timeout",
        "transaction",
        "deadlock",
        "src/",
    ] {
        assert!(!reply.mentions(word), "{word} in {:#}", reply.body);
    }
}
