//! What was announced as stale, so that no standing that was read before is trusted after.
//!
//! A standing is read first and stored in memory later: an announcement that comes in between would find nothing to remove, and it
//! does come then, because what notes that a session is in use waits for the very write that ends it. So nothing is removed. Each
//! standing in memory knows how many announcements there were when its reading began, and holds while none of the later ones is
//! about it.

use super::TIME_TO_LIVE;
use crate::cache::Stale;
use crate::kernel::ids::{OrgId, UserId};
use moka::sync::Cache;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The announcements that are about standings, counted; of each person and organisation the last.
pub(super) struct Announced {
    count: Mutex<u64>,
    people: Cache<UserId, u64>,
    orgs: Cache<OrgId, u64>,
    everything: AtomicU64,
}

impl Default for Announced {
    fn default() -> Self {
        Self {
            count: Mutex::new(0),
            people: kept(),
            orgs: kept(),
            everything: AtomicU64::new(0),
        }
    }
}

/// Outlives every standing that it speaks against, however long that took to be read.
fn kept<K: Hash + Eq + Send + Sync + 'static>() -> Cache<K, u64> {
    Cache::builder().time_to_live(TIME_TO_LIVE * 3).build()
}

impl Announced {
    /// How many announcements there were. What is read from now on is from after all of them.
    pub fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an announcement.
    pub fn note(&self, stale: Stale) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *count + 1;
        match stale {
            Stale::Standing(user) => self.people.insert(user, next),
            Stale::Organization(org) => self.orgs.insert(org, next),
            Stale::Everything => self.everything.store(next, Ordering::SeqCst),
            Stale::Course(_) | Stale::Events(_) => return,
        }
        *count = next;
    }

    /// Whether nothing was announced of these people and organisations after so many announcements.
    pub fn is_silent_since(
        &self,
        count: u64,
        people: impl IntoIterator<Item = UserId>,
        orgs: impl IntoIterator<Item = OrgId>,
    ) -> bool {
        let is_later = |last: Option<u64>| last.is_some_and(|last| last > count);
        self.everything.load(Ordering::SeqCst) <= count
            && !people.into_iter().any(|user| is_later(self.people.get(&user)))
            && !orgs.into_iter().any(|org| is_later(self.orgs.get(&org)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_is_announced_speaks_against_what_was_read_before_and_against_nothing_else() {
        let announced = Announced::default();
        let [one, other] = [1, 2].map(|number| UserId(Uuid::from_u128(number)));
        let [here, there] = [3, 4].map(|number| OrgId(Uuid::from_u128(number)));
        for (stale, is_about_others) in [
            (Stale::Standing(one), false),
            (Stale::Organization(here), false),
            (Stale::Everything, true),
        ] {
            let before = announced.count();
            assert!(announced.is_silent_since(before, [one, other], [here, there]));
            announced.note(stale);
            assert!(!announced.is_silent_since(before, [other, one], [there, here]));
            assert_eq!(
                announced.is_silent_since(before, [other], [there]),
                !is_about_others
            );
            assert!(announced.is_silent_since(announced.count(), [one], [here]));
        }
        let before = announced.count();
        announced.note(Stale::Events(here));
        assert_eq!(announced.count(), before);
    }
}
