//! A listener's place in an organisation's log.

use super::audience::{AUDIENCES, Audience};
use super::feed::{Feed, Feeds};
use super::model::Event;
use crate::auth::permission::Permission;
use crate::auth::standing::Viewer;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::OrgId;
use std::sync::Arc;

/// How many types a listener may name.
const MOST_TYPES: usize = 100;

/// Which events a listener wants.
#[derive(Clone, Debug)]
pub struct Types(Option<Vec<String>>);

impl Types {
    /// Checks what a listener names: whole types, or with a dot at the end all that begin so.
    pub fn new(named: Option<Vec<String>>) -> Result<Self> {
        for name in named.iter().flatten() {
            if !AUDIENCES.iter().any(|(kind, _)| names(name, kind)) {
                let shown: String = name.chars().take(40).collect();
                let message = format!("There are no events of the type `{shown}`.");
                return Err(Error::BadInput(message));
            }
        }
        match &named {
            Some(named) if named.is_empty() || named.len() > MOST_TYPES => Err(Error::BadInput(format!(
                "`types` must have between 1 and {MOST_TYPES} types; leave it out for all."
            ))),
            _ => Ok(Self(named)),
        }
    }

    fn have(&self, kind: &str) -> bool {
        let Self(named) = self;
        named
            .as_ref()
            .is_none_or(|named| named.iter().any(|name| names(name, kind)))
    }

    /// Whether a member might ever read one of these.
    fn may_concern(&self, viewer: &Viewer, org: OrgId) -> Result<()> {
        let Some(standing) = viewer.in_org(org) else {
            return Err(viewer
                .person()
                .map_or(Error::Unauthenticated, |_| Error::NotFound));
        };
        let mut audiences = AUDIENCES
            .iter()
            .filter(|(kind, _)| self.have(kind))
            .map(|(_, audience)| *audience);
        if audiences.any(|audience| audience.has(standing)) {
            return Ok(());
        }
        let first = self.0.as_deref().and_then(<[String]>::first);
        let is_for = |audience: Audience| {
            let mut named = AUDIENCES
                .iter()
                .filter(|(kind, _)| first.is_some_and(|name| names(name, kind)));
            named.any(|(_, of)| *of == audience)
        };
        let permission = if is_for(Audience::Authors) {
            Permission::CoursesReadDraft
        } else if is_for(Audience::Security) {
            Permission::SecurityRead
        } else {
            Permission::AuditRead
        };
        Err(Error::Forbidden {
            permission: permission.as_str(),
        })
    }
}

fn names(name: &str, kind: &str) -> bool {
    name == kind || name.ends_with('.') && kind.starts_with(name)
}

/// A listener's place in a log.
pub struct Source {
    feed: Arc<Feed>,
    _listening: Arc<()>,
    org: OrgId,
    types: Types,
    at: i64,
}

impl Source {
    /// Takes a place behind a number, or at the end.
    pub async fn open(
        feeds: &Feeds,
        viewer: &Viewer,
        org: OrgId,
        types: Types,
        after: Option<i64>,
    ) -> Result<Self> {
        types.may_concern(viewer, org)?;
        let feed = feeds.of(org);
        let (first, last) = feed.bounds().await?;
        let at = after.unwrap_or(last);
        if at + 1 < first {
            let message = "`after` is too old: what followed it is no longer kept. Read anew what you show, then subscribe without it.";
            return Err(Error::BadInput(message.into()));
        }
        Ok(Self {
            _listening: feed.listening.clone(),
            feed,
            org,
            types,
            at,
        })
    }

    /// Whether the listener may still listen.
    pub fn check(&self, viewer: &Viewer) -> Result<()> {
        self.types.may_concern(viewer, self.org)
    }

    /// Waits for what follows. Nothing is passed over until [`Source::pass`] is called.
    pub async fn next(&self) -> Result<Vec<Arc<Event>>> {
        self.feed.behind(self.at).await
    }

    /// Goes on behind an event. Whether it is one that the listener wants.
    pub fn pass(&mut self, event: &Event) -> bool {
        self.at = event.sequence;
        self.types.have(&event.kind)
    }
}
