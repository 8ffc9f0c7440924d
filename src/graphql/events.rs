//! `Subscription.events`: an organisation's event log for who listens.
//!
//! A subscription is executed twice over: once to open its source, which reads its arguments and answers nothing, and then
//! once for each event, as an operation of its own.

use super::support::operation::Ask;
use crate::db::paginate::CursorValue;
use crate::domain::events::{Event, Source, Types};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{Key, OrgId, OrganizationKey};
use crate::kernel::keyring::Keyring;
use crate::kernel::page::{PageArgs, write_cursor};
use async_graphql::{Context, ID, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What a subscription is executed for.
pub enum Occasion {
    /// It is opened: its source is left here.
    Opening(Mutex<Option<Source>>),
    /// Something happened.
    Event(Arc<Event>),
}

impl Occasion {
    /// Opens a subscription.
    pub fn opening() -> Self {
        Self::Opening(Mutex::default())
    }

    /// The source that was left.
    pub fn source(&self) -> Option<Source> {
        match self {
            Self::Opening(source) => source.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Self::Event(_) => None,
        }
    }
}

/// What a cursor of a log is good for.
fn list(org: OrgId) -> String {
    format!("events of {org:?}")
}

/// The cursor of an event: what follows it is told to who gives it as `after`.
pub fn cursor(keyring: &Keyring, event: &Event) -> String {
    write_cursor(keyring, &list(event.key.org), &[event.sequence.write()])
}

fn read_cursor(keyring: &Keyring, org: OrgId, after: String) -> Result<i64> {
    let args = PageArgs {
        after: Some(after),
        ..PageArgs::default()
    };
    let values = args.check(keyring, &list(org))?.after.unwrap_or_default();
    let sequence = values.first().and_then(|value| i64::read(value));
    sequence.ok_or_else(|| Error::BadInput("`after` is not a cursor of this log.".into()))
}

/// Listening to what happens.
#[derive(Default)]
pub struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// Tells what happens in an organisation, in the order of its log. After a cut, subscribe again with the last `cursor` as
    /// `after`: what happened meanwhile is told first, nothing twice and nothing left out. The log is kept for 30 days.
    ///
    /// Your rights are read anew for each event, and while none comes. Requires: membership of the organisation; see `Event`
    /// for who is told what. Cost: 1 and that of the selection, when you subscribe and again for each event.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organisation, by its id.")] organization_id: ID,
        #[graphql(
            desc = "Only these types, such as `course.published`; with a dot at the end, such as `course.` or `security.`, all that begin so."
        )]
        types: Option<Vec<String>>,
        #[graphql(desc = "Only what follows this cursor; without it, what happens from now on.")]
        after: Option<String>,
    ) -> async_graphql::Result<BoxStream<'static, Arc<Event>>> {
        let slot = match &**ctx.data_unchecked::<Arc<Occasion>>() {
            Occasion::Event(event) => return Ok(stream::iter([event.clone()]).boxed()),
            Occasion::Opening(slot) => slot,
        };
        let viewer = ctx.viewer();
        let Some(OrganizationKey(org)) = OrganizationKey::parse(&organization_id) else {
            return Err(viewer
                .person()
                .map_or(Error::Unauthenticated, |_| Error::NotFound)
                .into());
        };
        ctx.operation().missed(org);
        let app = ctx.app();
        let after = after
            .map(|after| read_cursor(&app.keyring, org, after))
            .transpose()?;
        let source = Source::open(&app.feeds, viewer, org, Types::new(types)?, after).await?;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
        Ok(stream::empty().boxed())
    }
}
