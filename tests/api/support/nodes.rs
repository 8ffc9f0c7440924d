//! Two nodes of one academy.

use super::TestApp;
use super::app::Person;
use super::socket::{Sequencing, Socket, listen};
use lyceum::cache::{Shared, Stale};
use lyceum::dev::redis::PrivateRedis;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What people listen to.
pub const EVENTS: &str =
    "subscription($id: ID!, $types: [String!]) { events(organizationId: $id, types: $types) { type } }";
/// Without a message, a node trusts what it knows for half a minute.
pub const AT_ONCE: Duration = Duration::from_secs(10);

/// A node that writes, and another one on which people listen; both share a Redis.
pub struct Nodes {
    /// The one that writes.
    pub app: TestApp,
    /// The other one.
    pub other: TestApp,
    /// Where the other one listens.
    pub address: SocketAddr,
    /// An owner of their organisation.
    pub owner: Person,
    _redis: PrivateRedis,
    _sequencing: Sequencing,
}

impl Nodes {
    /// Starts them; the folder of their Redis has this name.
    pub async fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("redis-{name}"));
        let redis = PrivateRedis::start(&folder).await.unwrap();
        let shared = || Shared::through_redis(&redis.url()).unwrap();
        let app = TestApp::with(shared()).await;
        let other = app.beside(shared()).await;
        // The other node hears what is announced once it has heard one announcement.
        let mut hears = other.app.shared.hear();
        let announced = Stale::Organization(app.org);
        let waiting = async {
            loop {
                app.app.announce(announced).await;
                let moment = Duration::from_millis(50);
                if let Ok(Ok(heard)) = tokio::time::timeout(moment, hears.recv()).await
                    && heard == announced
                {
                    return;
                }
            }
        };
        tokio::time::timeout(AT_ONCE, waiting).await.unwrap();
        Self {
            owner: app.owner().await,
            address: listen(other.routes()).await,
            _sequencing: Sequencing::begin(&app).await,
            app,
            other,
            _redis: redis,
        }
    }

    /// Listens on the other node.
    pub async fn listen(&self, token: Option<&str>, types: Value) -> Socket {
        let variables = json!({ "id": self.app.org_id(), "types": types });
        Socket::listening(&self.other, self.address, token, EVENTS, variables).await
    }

    /// Something is done on the first node.
    pub async fn done(&self, who: &Person, document: &str, variables: Value) {
        let reply = who.run_with(document, variables).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
}
