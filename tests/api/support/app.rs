//! A node of a test's own, with an organisation of its own.

use super::browser::PUBLIC_URL;
use super::client::Client;
use super::dns;
use super::factory;
use super::servers::database_config;
use super::uploads::files_config;
use axum::Router;
use lyceum::auth::password::{PasswordConfig, Passwords};
use lyceum::auth::providers::Providers;
use lyceum::cache::Shared;
use lyceum::cache::buckets::Buckets;
use lyceum::config::{DatabaseConfig, HttpConfig, OutgoingConfig, SignInConfig};
use lyceum::db::Db;
use lyceum::dns::NameServers;
use lyceum::domain::app::{App, Outside};
use lyceum::files::Files;
use lyceum::graphql::front::DocumentLimits;
use lyceum::graphql::schema::Api;
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{MemberKey, OrgId, OrganizationKey, UserId};
use lyceum::kernel::keyring::Keyring;
use lyceum::server::{Server, Streams, router};
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
        Self::on(&database_config(), shared).await
    }

    /// The same on another database.
    pub async fn on(database: &DatabaseConfig, shared: Shared) -> Self {
        Self::put_together(parts(shared, database).await).await
    }

    /// A node with a new organisation where people sign in by these services.
    pub async fn signing_in(sign_in: &SignInConfig) -> Self {
        let app = parts_with(Shared::in_process(), &database_config(), cheap(), sign_in).await;
        Self::put_together(app).await
    }

    async fn put_together(app: Arc<App>) -> Self {
        let router = node(&app, DocumentLimits::default());
        let slug = format!("t{}", app.clock.uuid().simple());
        let org = factory::organization(&app, &slug, false).await;
        Self {
            app,
            org,
            slug,
            router,
        }
    }

    /// The same organisation on another node.
    pub async fn beside(&self, shared: Shared) -> Self {
        let app = parts(shared, &database_config()).await;
        Self {
            router: node(&app, DocumentLimits::default()),
            app,
            org: self.org,
            slug: self.slug.clone(),
        }
    }

    /// The same node where documents of any size are taken.
    pub fn unlimited(&self) -> Self {
        let most = 1 << 30;
        let limits = DocumentLimits {
            document_bytes: most,
            tokens: most,
            aliases: most,
            root_fields: most,
            nodes: most,
            cost: 1 << 39,
            depth: 40,
            ..DocumentLimits::default()
        };
        Self {
            app: self.app.clone(),
            org: self.org,
            slug: self.slug.clone(),
            router: node(&self.app, limits),
        }
    }

    /// Another node, with settings of its own, that works in the same organisation.
    pub async fn another_node(&self, database: &DatabaseConfig, http: HttpConfig, shared: Shared) -> Self {
        let app = parts(shared, database).await;
        Self {
            router: generous(&app, DocumentLimits::default(), http),
            app,
            org: self.org,
            slug: self.slug.clone(),
        }
    }

    /// The same organisation on a node that hashes passwords in another way.
    pub async fn with_passwords(&self, passwords: Passwords) -> Self {
        let app = parts_with(Shared::in_process(), &database_config(), passwords, &nowhere()).await;
        Self {
            router: node(&app, DocumentLimits::default()),
            app,
            org: self.org,
            slug: self.slug.clone(),
        }
    }

    /// The same organisation on a node that asks these name servers.
    pub async fn asking(&self, servers: NameServers) -> Self {
        let app = parts_asking(
            Shared::in_process(),
            &database_config(),
            cheap(),
            &nowhere(),
            servers,
        )
        .await;
        Self {
            router: node(&app, DocumentLimits::default()),
            app,
            org: self.org,
            slug: self.slug.clone(),
        }
    }

    /// The node's routes.
    pub fn routes(&self) -> Router {
        self.router.clone()
    }

    /// The routes of the same node with other settings.
    pub fn routes_with(&self, http: HttpConfig) -> Router {
        serve(&self.app, DocumentLimits::default(), http)
    }

    /// The routes of the same node, with its streams.
    pub fn routes_with_streams(&self) -> (Router, Arc<Streams>) {
        let server = server(&self.app, DocumentLimits::default(), HttpConfig::default());
        (router(server.clone()), server.streams.clone())
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
        self.client(None)
    }

    /// Somebody who sends this token.
    pub fn bearer(&self, token: &str) -> Client {
        self.client(Some(token.to_owned()))
    }

    /// Somebody who sends this token, if any.
    pub fn client(&self, token: Option<String>) -> Client {
        Client::new(self.router.clone(), token)
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

/// A node on a database.
async fn parts(shared: Shared, database: &DatabaseConfig) -> Arc<App> {
    parts_with(shared, database, cheap(), &nowhere()).await
}

/// Passwords that cost little to hash.
fn cheap() -> Passwords {
    let cheap = PasswordConfig {
        argon2_memory_kib: 64,
        argon2_passes: 1,
        ..PasswordConfig::default()
    };
    Passwords::new(&cheap).unwrap()
}

/// Settings by which people sign in at services that are not there.
fn nowhere() -> SignInConfig {
    let some = |text: &str| Some(text.to_owned());
    SignInConfig {
        public_url: some(PUBLIC_URL),
        google_client_id: some("academy"),
        google_client_secret: some("secret"),
        google_issuer: "http://127.0.0.1:9".to_owned(),
        ..SignInConfig::default()
    }
}

async fn parts_with(
    shared: Shared,
    database: &DatabaseConfig,
    passwords: Passwords,
    sign_in: &SignInConfig,
) -> Arc<App> {
    parts_asking(shared, database, passwords, sign_in, dns::servers()).await
}

async fn parts_asking(
    shared: Shared,
    database: &DatabaseConfig,
    passwords: Passwords,
    sign_in: &SignInConfig,
    dns: NameServers,
) -> Arc<App> {
    let db = Db::connect(database).await.unwrap();
    let keyring = Keyring::parse(&"5a".repeat(32)).unwrap();
    let clock = Clock::default();
    let outgoing = OutgoingConfig { allow_loopback: true };
    let origins = ["https://academy.example".to_owned()];
    let providers = Providers::new(sign_in, outgoing, &origins, clock.clone()).unwrap();
    let files = Files::new(&files_config(), Some(PUBLIC_URL), keyring.clone()).unwrap();
    let outside = Outside {
        dns: Arc::new(dns),
        providers,
        files,
    };
    App::new(db, shared, passwords, clock, keyring, outside).unwrap()
}

/// The routes of a node with everybody's buckets full, and answers traced.
pub fn node(app: &Arc<App>, limits: DocumentLimits) -> Router {
    generous(app, limits, HttpConfig::default())
}

fn generous(app: &Arc<App>, limits: DocumentLimits, http: HttpConfig) -> Router {
    let http = HttpConfig {
        bucket_capacity: 1 << 40,
        anonymous_bucket_capacity: 1 << 40,
        organization_bucket_capacity: 1 << 40,
        trace: true,
        ..http
    };
    serve(app, limits, http)
}

fn serve(app: &Arc<App>, limits: DocumentLimits, config: HttpConfig) -> Router {
    router(server(app, limits, config))
}

fn server(app: &Arc<App>, limits: DocumentLimits, config: HttpConfig) -> Arc<Server> {
    Arc::new(Server {
        api: Api::new(app.clone(), limits).unwrap(),
        buckets: Buckets::new(app.shared.clone()),
        streams: Streams::new(&config),
        config,
        personas: None,
    })
}
