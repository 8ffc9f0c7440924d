//! A node of a test's own, with an organisation of its own.

use super::client::Client;
use super::factory;
use super::servers::database_config;
use axum::Router;
use lyceum::auth::password::{PasswordConfig, Passwords};
use lyceum::cache::Shared;
use lyceum::cache::buckets::Buckets;
use lyceum::config::HttpConfig;
use lyceum::db::Db;
use lyceum::domain::app::App;
use lyceum::graphql::front::DocumentLimits;
use lyceum::graphql::schema::Api;
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{MemberKey, OrgId, OrganizationKey, UserId};
use lyceum::kernel::keyring::Keyring;
use lyceum::server::{Server, router};
use std::sync::Arc;

/// A node and the organisation that the test works in.
pub struct TestApp {
    /// The node's parts, for looking behind the API.
    pub app: Arc<App>,
    /// The organisation.
    pub org: OrgId,
    /// Its slug.
    pub slug: String,
    router: Router,
}

/// Somebody who can ask: a client with the keys behind it.
pub struct Person {
    /// Who they are.
    pub user: UserId,
    /// Their membership of the test's organisation.
    pub member: MemberKey,
    /// Their email address.
    pub email: String,
    /// What they ask through.
    pub client: Client,
}

impl std::ops::Deref for Person {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery staple";

impl TestApp {
    /// Starts a node with a new, closed organisation.
    pub async fn new() -> Self {
        Self::with(Shared::in_process()).await
    }

    /// The same, sharing copies in a given way.
    pub async fn with(shared: Shared) -> Self {
        let db = Db::connect(&database_config()).await.unwrap();
        let cheap = PasswordConfig {
            argon2_memory_kib: 64,
            argon2_passes: 1,
            ..PasswordConfig::default()
        };
        let keyring = Keyring::parse(&"5a".repeat(32)).unwrap();
        let app = App::new(
            db,
            shared,
            Passwords::new(&cheap).unwrap(),
            Clock::default(),
            keyring,
        )
        .unwrap();
        let router = node(&app);
        let slug = format!("t{}", app.clock.uuid().simple());
        let org = factory::organization(&app, &slug, false).await;
        Self {
            app,
            org,
            slug,
            router,
        }
    }

    /// Another organisation on the same node; its people see nothing of the first.
    pub async fn elsewhere(&self) -> Self {
        let slug = format!("t{}", self.app.clock.uuid().simple());
        let org = factory::organization(&self.app, &slug, false).await;
        Self {
            app: self.app.clone(),
            org,
            slug,
            router: self.router.clone(),
        }
    }

    /// The organisation's identifier.
    pub fn org_id(&self) -> String {
        OrganizationKey(self.org).to_string()
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// Somebody who sends this token.
    pub fn bearer(&self, token: &str) -> Client {
        Client::new(self.router.clone(), Some(token.to_owned()))
    }

    /// A new member with a built-in role.
    pub async fn member(&self, role: &str) -> Person {
        let (user, email, token) = factory::user(&self.app).await;
        let member = factory::member(&self.app, self.org, user, &email, role).await;
        Person {
            user,
            member,
            email,
            client: self.bearer(&token),
        }
    }

    /// A new owner.
    pub async fn owner(&self) -> Person {
        self.member("owner").await
    }

    /// A new learner.
    pub async fn learner(&self) -> Person {
        self.member("learner").await
    }
}

/// The routes of a node with everybody's buckets full.
pub fn node(app: &Arc<App>) -> Router {
    let api = Api::new(app.clone(), DocumentLimits::default()).unwrap();
    let config = HttpConfig {
        bucket_capacity: 1 << 40,
        anonymous_bucket_capacity: 1 << 40,
        organization_bucket_capacity: 1 << 40,
        ..HttpConfig::default()
    };
    router(Arc::new(Server {
        api,
        buckets: Buckets::new(app.shared.clone()),
        config,
        personas: None,
    }))
}
