//! The running academy: everything that an operation needs, made once per node.

use super::TIME_TO_LIVE;
use super::announced::Announced;
use super::content::Contents;
use super::courses::Faces;
use super::events::Feeds;
use super::organizations::model::all_origins;
use super::policies;
use crate::auth::api_tokens;
use crate::auth::credential::Credential;
use crate::auth::learner_sessions;
use crate::auth::org_policies::{OrgPolicies, OwnPolicies};
use crate::auth::password::Passwords;
use crate::auth::policy::Policies;
use crate::auth::providers::Providers;
use crate::auth::standing::{self, OrgStanding, Standing, Viewer};
use crate::cache::buckets::Buckets;
use crate::cache::{Shared, Stale};
use crate::db::Db;
use crate::dns::TextRecords;
use crate::files::Files;
use crate::kernel::clock::Clock;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::OrgId;
use crate::kernel::keyring::Keyring;
use crate::kernel::origin::Origin;
use crate::kernel::secret::{Token, TokenHash, TokenKind};
use chrono::TimeDelta;
use moka::future::Cache;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// How often it is noted that a session is in use.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(5);

/// The parts of a node that operations share.
pub struct App {
    /// The database.
    pub db: Db,
    /// Copies and the bus.
    pub shared: Shared,
    /// What may be done.
    pub policies: Policies,
    /// Password hashing.
    pub passwords: Passwords,
    /// Time and identifiers.
    pub clock: Clock,
    /// Keys for cursors and certificate codes.
    pub keyring: Keyring,
    /// What the owners of domains say.
    pub dns: Arc<dyn TextRecords>,
    /// The services by which people sign in.
    pub providers: Providers,
    /// The files that people upload.
    pub files: Files,
    /// Compiled course revisions.
    pub contents: Contents,
    /// The published faces of courses.
    pub faces: Faces,
    /// The ends of the event logs that somebody listens to.
    pub feeds: Feeds,
    /// What may be tried in a while.
    pub buckets: Buckets,
    standings: Cache<TokenHash, Known>,
    /// The origins that organisations allow: all of them, so that no stranger's origin costs a look-up.
    origins: Cache<(), Arc<HashSet<String>>>,
    /// Revisions of organisations' own policies. A revision never changes.
    own_policies: Cache<(OrgId, i32), Arc<OrgPolicies>>,
    /// What made standings stale.
    announced: Announced,
}

/// A standing in memory.
#[derive(Clone)]
struct Known {
    standing: Arc<Standing>,
    /// How many announcements there were when its reading began.
    announcements: u64,
}

impl Known {
    fn holds(&self, announced: &Announced) -> bool {
        let standing = &self.standing;
        let people = [standing.user].into_iter().chain(standing.credential.behind());
        let orgs = standing.orgs.iter().map(|standing| standing.org);
        announced.is_silent_since(self.announcements, people, orgs)
    }
}

/// What a node reaches beyond its database.
pub struct Outside {
    /// What the owners of domains say.
    pub dns: Arc<dyn TextRecords>,
    /// The services by which people sign in.
    pub providers: Providers,
    /// The files that people upload.
    pub files: Files,
}

impl App {
    /// Puts a node together and starts hearing what becomes stale.
    pub fn new(
        db: Db,
        shared: Shared,
        passwords: Passwords,
        clock: Clock,
        keyring: Keyring,
        Outside {
            dns,
            providers,
            files,
        }: Outside,
    ) -> anyhow::Result<Arc<Self>> {
        let app = Arc::new(Self {
            contents: Contents::new(shared.clone()),
            faces: Faces::default(),
            feeds: Feeds::new(db.clone()),
            standings: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(TIME_TO_LIVE)
                .build(),
            origins: Cache::builder().time_to_live(TIME_TO_LIVE).build(),
            own_policies: Cache::new(10_000),
            announced: Announced::default(),
            buckets: Buckets::new(shared.clone()),
            policies: Policies::platform()?,
            db,
            shared,
            passwords,
            clock,
            keyring,
            dns,
            providers,
            files,
        });
        tokio::spawn(forget_what_is_stale(app.shared.hear(), Arc::downgrade(&app)));
        Ok(app)
    }

    /// Finds out who sends this bearer token; a token that opens nothing is an error, not an anonymous viewer.
    pub async fn viewer(&self, bearer: &str, origin: &Origin) -> Result<Viewer> {
        let (kind, token) = Token::bearer(bearer).ok_or(Error::Unauthenticated)?;
        let hash = token.hash();
        let mut standing = self.standing(kind, hash, origin).await?;
        if standing.is_new_in(origin) || standing.is_outdated(self.clock.now()) {
            self.standings.invalidate(&hash).await;
            standing = self.standing(kind, hash, origin).await?;
        }
        if standing.expires_at <= self.clock.now() {
            return Err(Error::Unauthenticated);
        }
        Ok(Viewer::Person(standing))
    }

    /// The standing behind a token: from memory, or read.
    async fn standing(&self, kind: TokenKind, hash: TokenHash, origin: &Origin) -> Result<Arc<Standing>> {
        loop {
            let read = Box::pin(self.read_standing(kind, &hash, origin));
            let known = self.standings.try_get_with(hash, read).await;
            let known = known.map_err(|error: Arc<Error>| Error::clone(&error))?;
            // It may be from before a change that was announced while it was read, or since.
            if known.holds(&self.announced) {
                return Ok(known.standing);
            }
            self.standings.invalidate(&hash).await;
        }
    }

    async fn read_standing(&self, kind: TokenKind, hash: &TokenHash, origin: &Origin) -> Result<Known> {
        let announcements = self.announced.count();
        let read = match kind {
            TokenKind::ApiToken => api_tokens::load(&self.db, hash).await?,
            TokenKind::LearnerSession | TokenKind::EmbedSession => {
                learner_sessions::load(&self.db, hash).await?
            }
            _ => standing::load(&self.db, hash).await?,
        };
        let mut read = read.ok_or(Error::Unauthenticated)?;
        read.orgs.retain(|standing| !standing.is_over(self.clock.now()));
        for standing in &mut read.orgs {
            *standing = self.with_policies(standing).await?;
        }
        self.note_use(&mut read, origin).await;
        Ok(Known {
            standing: Arc::new(read),
            announcements,
        })
    }

    /// Whether the pages of an origin may call the API since some organisation says so; not while that cannot be found out.
    pub async fn allows_origin(&self, origin: &str) -> bool {
        let load = async { all_origins(&self.db).await.map(Arc::new) };
        let origins = self.origins.try_get_with((), load).await;
        origins.is_ok_and(|origins| origins.contains(origin))
    }

    /// The same standing, with its organisation's own policies read: from memory, or through their door.
    pub async fn with_policies(&self, standing: &Arc<OrgStanding>) -> Result<Arc<OrgStanding>> {
        let OwnPolicies::Unread(number) = *standing.own_policies() else {
            return Ok(standing.clone());
        };
        let org = standing.org;
        let read = Box::pin(async {
            let read = policies::read(&self.db, &self.policies, org, number);
            read.await.map(Arc::new)
        });
        match self.own_policies.try_get_with((org, number), read).await {
            Ok(own) => Ok(Arc::new(standing.under(OwnPolicies::Read(own)))),
            Err(error) if matches!(*error, Error::Internal(_)) => {
                tracing::error!(error = ?error, "policies cannot be read; what they may govern is refused");
                Ok(standing.clone())
            }
            Err(error) => Err(Error::clone(&error)),
        }
    }

    /// Notes that a credential is in use, every few minutes, and when an app's token comes from another network. It is a hint
    /// for people: a request does not fail for it.
    async fn note_use(&self, standing: &mut Standing, origin: &Origin) {
        let now = self.clock.now();
        let is_due = now >= standing.last_used_at + NOTED_EVERY || standing.is_new_in(origin);
        if !is_due || standing.expires_at <= now {
            return;
        }
        let noted = match &mut standing.credential {
            Credential::Session(session) | Credential::SsoSession(session, _) => {
                standing::note_use(&self.db, *session, now, origin).await
            }
            Credential::ApiToken(token) => {
                let network = origin.network.as_deref();
                token.networks.extend(network.map(str::to_owned));
                api_tokens::note_use(&self.db, token.key, &self.clock, network).await
            }
            // It ends before anybody would look.
            Credential::LearnerSession(_) => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "that a credential is in use was not noted");
        }
    }

    /// Tells every node that a copy no longer holds. This node has forgotten it when the call returns.
    pub async fn announce(&self, stale: Stale) {
        self.forget(stale);
        self.shared.announce(stale).await;
    }

    fn forget(&self, stale: Stale) {
        self.announced.note(stale);
        match stale {
            Stale::Standing(_) => {}
            Stale::Course(course) => self.faces.forget(course),
            Stale::Organization(_) => {
                self.faces.forget_all();
                self.origins.invalidate_all();
            }
            Stale::Events(org) => self.feeds.wake(org),
            Stale::Everything => {
                self.feeds.wake_all();
                self.standings.invalidate_all();
                self.origins.invalidate_all();
                self.faces.forget_all();
            }
        }
    }
}

async fn forget_what_is_stale(mut heard: tokio::sync::broadcast::Receiver<Stale>, app: std::sync::Weak<App>) {
    loop {
        let stale = match heard.recv().await {
            Ok(stale) => stale,
            Err(RecvError::Lagged(_)) => Stale::Everything,
            Err(RecvError::Closed) => return,
        };
        let Some(app) = app.upgrade() else { return };
        app.forget(stale);
    }
}
