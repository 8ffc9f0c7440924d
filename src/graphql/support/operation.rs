//! One GraphQL operation in execution: who asks, and the one session that it reads through.

use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question};
use crate::auth::standing::{StandingOf, Viewer};
use crate::db::pool::Statements;
use crate::db::{Batch, Reader, Scope};
use crate::domain::accounts::trespass;
use crate::domain::app::App;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberKey, OrgId, OrganizationKey};
use crate::kernel::origin::Origin;
use crate::kernel::page::{Page, PageArgs};
use async_graphql::Context;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What the resolvers of one operation share.
pub struct Operation {
    /// The node.
    pub app: Arc<App>,
    viewers: Viewers,
    /// The id under which logs and support find this request.
    pub request_id: String,
    /// Where this request comes from.
    pub origin: Origin,
    /// The `Idempotency-Key` of the request: that of its only root field.
    pub idempotency_key: Option<String>,
    /// Counts the operation's data statements.
    pub statements: Statements,
    reader: Mutex<Arc<Reader>>,
}

/// Who asks, from the beginning of an operation to its end: a mutation may sign somebody in or out, or let them into an
/// organisation, and what its payload and the root fields after it read is read as whom it made of them.
struct Viewers {
    viewer: Viewer,
    next: OnceLock<Box<Viewers>>,
}

impl Viewers {
    const fn new(viewer: Viewer) -> Self {
        Self {
            viewer,
            next: OnceLock::new(),
        }
    }

    fn now(&self) -> &Viewer {
        self.next.get().map_or(&self.viewer, |next| next.now())
    }

    fn push(&self, viewer: Viewer) {
        match self.next.get() {
            Some(next) => next.push(viewer),
            None => drop(self.next.set(Box::new(Self::new(viewer)))),
        }
    }
}

impl Operation {
    /// Starts an operation. Nothing is opened before the first read.
    pub fn new(app: Arc<App>, viewer: Viewer, request_id: String, origin: Origin) -> Self {
        let statements = Statements::default();
        let reader = Mutex::new(Arc::new(Reader::new(
            app.db.clone(),
            viewer.scope(),
            statements.clone(),
        )));
        Self {
            app,
            viewers: Viewers::new(viewer),
            request_id,
            origin,
            idempotency_key: None,
            statements,
            reader,
        }
    }

    /// Who asks, as of now.
    pub fn viewer(&self) -> &Viewer {
        self.viewers.now()
    }

    /// Goes on as somebody else, with a new reading side.
    pub async fn go_on_as(&self, viewer: Viewer) {
        self.viewers.push(viewer);
        self.read_anew().await;
    }

    /// Goes on with a membership that the viewer has got in this operation.
    pub async fn joined(&self, member: MemberKey) -> Result<()> {
        let scope = Scope::one(self.viewer().person().map(|person| person.user), member.org);
        let reader = Reader::new(self.app.db.clone(), scope, self.statements.clone());
        let standing = reader.fetch(StandingOf(member)).await;
        reader.close().await;
        if let Some(standing) = standing? {
            let standing = self.app.with_policies(&standing).await?;
            self.go_on_as(self.viewer().with(&standing)).await;
        }
        Ok(())
    }

    /// Goes on without a membership that the viewer has given up in this operation.
    pub async fn left(&self, org: OrgId) {
        self.go_on_as(self.viewer().without(org)).await;
    }

    /// Notes that the viewer named what is of an organisation that they are not in, and got nothing.
    pub fn missed(&self, org: OrgId) {
        if let (Some(person), None) = (self.viewer().person(), self.viewer().in_org(org)) {
            trespass::note(&self.app, person, org, &self.origin);
        }
    }

    /// Notes the same where a list of what is an organisation's came out empty, unless the organisation shows itself to everybody.
    pub async fn missed_list(&self, org: OrgId) -> Result<()> {
        let (viewer, key) = (self.viewer(), OrganizationKey(org));
        let is_outside = viewer.person().is_some() && viewer.in_org(org).is_none();
        if is_outside && self.reader().fetch(key).await?.is_none() {
            self.missed(org);
        }
        Ok(())
    }

    /// The reading side, as of now.
    pub fn reader(&self) -> Arc<Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the reading side and starts a new one with another snapshot and empty loaders: after a write.
    pub async fn read_anew(&self) {
        let fresh = Arc::new(Reader::new(
            self.app.db.clone(),
            self.viewer().scope(),
            self.statements.clone(),
        ));
        let old = std::mem::replace(
            &mut *self.reader.lock().unwrap_or_else(PoisonError::into_inner),
            fresh,
        );
        close(old).await;
    }

    /// Ends the operation and gives its connection back.
    pub async fn close(self) {
        close(self.reader.into_inner().unwrap_or_else(PoisonError::into_inner)).await;
    }
}

async fn close(reader: Arc<Reader>) {
    if let Some(reader) = Arc::into_inner(reader) {
        reader.close().await;
    }
}

/// Short ways from a resolver's context to its operation.
pub trait Ask {
    /// The operation.
    fn operation(&self) -> &Operation;

    /// Who asks.
    fn viewer(&self) -> &Viewer {
        self.operation().viewer()
    }

    /// The node.
    fn app(&self) -> &Arc<App> {
        &self.operation().app
    }

    /// The reading side of the operation.
    fn reader(&self) -> Arc<Reader> {
        self.operation().reader()
    }

    /// Fetches a key's value, batched with all that is asked for in the same turn.
    fn fetch<K: Batch>(&self, key: K) -> impl Future<Output = Result<Option<K::Value>>> + Send {
        let reader = self.reader();
        async move { reader.fetch(key).await }
    }

    /// Fetches a key's value that must be there, since a foreign key says so.
    fn fetch_one<K: Batch>(&self, key: K) -> impl Future<Output = Result<K::Value>> + Send {
        let reader = self.reader();
        async move { reader.fetch(key).await?.ok_or(Error::NotFound) }
    }

    /// Whether the viewer has a permission over a whole organisation.
    fn may(&self, org: OrgId, permission: Permission) -> bool {
        self.may_over(Kind::Organization, org, permission)
    }

    /// Whether the viewer has a permission over everything of a kind in an organisation.
    fn may_over(&self, kind: Kind, org: OrgId, permission: Permission) -> bool {
        self.viewer().in_org(org).is_some_and(|standing| {
            let facts = Facts::of(kind, org);
            let question = Question { permission, facts };
            self.app().policies.decide(standing, question).allowed
        })
    }

    /// Passes on what was found under an organisation's identifier; where that is nothing, the try may be one across tenants.
    fn seen<T>(&self, org: OrgId, found: Option<T>) -> Option<T> {
        if found.is_none() {
            self.operation().missed(org);
        }
        found
    }

    /// Checks paging arguments against the list they are for.
    fn page(&self, args: &PageArgs, list: &str) -> Result<Page> {
        args.check(&self.app().keyring, list)
    }
}

impl Ask for Context<'_> {
    fn operation(&self) -> &Operation {
        self.data_unchecked::<Arc<Operation>>()
    }
}
