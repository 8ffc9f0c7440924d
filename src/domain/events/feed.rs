//! The end of an organisation's log in memory: read once for all who listen on a node.
//!
//! A feed looks for new events when it is woken over the bus, and every second in case a message was missed. It keeps the
//! last few; who is further behind reads the log itself. It ends when nobody listens any more.

use super::log;
use super::model::Event;
use crate::db::pool::Statements;
use crate::db::{Db, Reader, Scope};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::OrgId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long a feed waits for a message before it looks by itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many events a feed keeps.
const KEPT: usize = 512;
/// How many events are read at once.
const PAGE: u8 = 100;

/// The feeds of a node.
pub struct Feeds {
    db: Db,
    open: Mutex<HashMap<OrgId, Weak<Feed>>>,
}

impl Feeds {
    /// Starts with none.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            open: Mutex::default(),
        }
    }

    /// The feed of an organisation; it runs for as long as somebody holds it.
    pub(super) fn of(&self, org: OrgId) -> Arc<Feed> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = open.get(&org).and_then(Weak::upgrade) {
            return feed;
        }
        open.retain(|_, feed| feed.strong_count() > 0);
        let feed = Arc::new(Feed::new(self.db.clone(), org));
        open.insert(org, Arc::downgrade(&feed));
        tokio::spawn(follow(Arc::downgrade(&feed), feed.woken.clone()));
        feed
    }

    /// How many listen to an organisation on this node.
    pub fn listeners(&self, org: OrgId) -> usize {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let feed = open.get(&org).and_then(Weak::upgrade);
        feed.map_or(0, |feed| Arc::strong_count(&feed.listening) - 1)
    }

    /// Lets the feed of an organisation look for new events.
    pub fn wake(&self, org: OrgId) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = open.get(&org).and_then(Weak::upgrade) {
            feed.woken.notify_one();
        }
    }

    /// Lets all feeds look for new events.
    pub fn wake_all(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for feed in open.values().filter_map(Weak::upgrade) {
            feed.woken.notify_one();
        }
    }
}

/// The end of one organisation's log.
pub(super) struct Feed {
    db: Db,
    org: OrgId,
    kept: Mutex<VecDeque<Arc<Event>>>,
    /// The number of the last event that was read; less than none before the first look.
    last: watch::Sender<i64>,
    woken: Arc<Notify>,
    /// Held by each listener.
    pub listening: Arc<()>,
}

impl Feed {
    fn new(db: Db, org: OrgId) -> Self {
        Self {
            db,
            org,
            kept: Mutex::default(),
            last: watch::Sender::new(-1),
            woken: Arc::default(),
            listening: Arc::default(),
        }
    }

    /// The events behind a number, when there are some: a page of them at most.
    pub async fn behind(&self, sequence: i64) -> Result<Vec<Arc<Event>>> {
        let mut last = self.last.subscribe();
        let reached = last.wait_for(|last| *last > sequence).await;
        reached.map_err(Error::internal)?;
        if let Some(kept) = self.kept_behind(sequence) {
            return Ok(kept);
        }
        Ok(self.page(sequence).await?.into_iter().map(Arc::new).collect())
    }

    /// The first number that the log still has, and the last.
    pub async fn bounds(&self) -> Result<(i64, i64)> {
        let (reader, org) = (self.reader(), self.org);
        let bounds = reader.run(|conn| log::bounds(conn, org)).await;
        reader.close().await;
        bounds
    }

    fn kept_behind(&self, sequence: i64) -> Option<Vec<Arc<Event>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let first = kept.front()?.sequence;
        let behind = kept.iter().filter(|event| event.sequence > sequence);
        (first <= sequence + 1).then(|| behind.take(usize::from(PAGE)).cloned().collect())
    }

    /// Looks for new events; whether there may be more.
    async fn look(&self) -> Result<bool> {
        let last = *self.last.borrow();
        if last < 0 {
            let (_, newest) = self.bounds().await?;
            self.last.send_replace(newest);
            return Ok(false);
        }
        let page = self.page(last).await?;
        let Some(newest) = page.last().map(|event| event.sequence) else {
            return Ok(false);
        };
        let is_full = page.len() == usize::from(PAGE);
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(page.into_iter().map(Arc::new));
            let over = kept.len().saturating_sub(KEPT);
            kept.drain(..over);
        }
        self.last.send_replace(newest);
        Ok(is_full)
    }

    /// Reads a page of the log.
    async fn page(&self, behind: i64) -> Result<Vec<Event>> {
        let (reader, org) = (self.reader(), self.org);
        let page = reader
            .run(|conn| log::behind(conn, org, behind, i64::from(PAGE)))
            .await;
        reader.close().await;
        page
    }

    /// Opens nothing before it reads, and holds nothing after it is closed.
    fn reader(&self) -> Reader {
        let scope = Scope::one(None, self.org);
        Reader::new(self.db.clone(), scope, Statements::default())
    }
}

/// Keeps a feed at the end of its log until nobody holds it.
async fn follow(feed: Weak<Feed>, woken: Arc<Notify>) {
    while let Some(feed) = feed.upgrade() {
        let more = feed.look().await.unwrap_or_else(|error| {
            tracing::debug!(%error, "an event log was not read; the next look tries again");
            false
        });
        drop(feed);
        if !more {
            let _ = tokio::time::timeout(LOOK_EVERY, woken.notified()).await;
        }
    }
}
