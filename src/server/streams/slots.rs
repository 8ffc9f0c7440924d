//! How many streams a node has open, and how they end with it.

use crate::config::HttpConfig;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Events that a node executes at the same time, for all listeners together; the others wait for their turn.
const TOLD_AT_ONCE: usize = 8;

/// The streams of a node.
pub struct Streams {
    most: usize,
    most_per_address: usize,
    open: Mutex<HashMap<Option<IpAddr>, usize>>,
    /// How many are open, and whether they shall end.
    count: watch::Sender<usize>,
    ends: watch::Sender<bool>,
    /// Turns for executing events; there are few, and who waits for one loses nothing.
    pub turns: Semaphore,
    /// Room for queries and mutations; there is as much as for requests, and beyond it they are refused.
    pub room: Semaphore,
}

/// The place of an open stream; it is free again when this is dropped.
pub struct Slot {
    streams: Arc<Streams>,
    address: Option<IpAddr>,
}

impl Streams {
    /// Starts with none.
    pub fn new(config: &HttpConfig) -> Arc<Self> {
        Arc::new(Self {
            most: config.streams,
            most_per_address: config.streams_per_address,
            open: Mutex::default(),
            count: watch::Sender::new(0),
            ends: watch::Sender::new(false),
            turns: Semaphore::new(TOLD_AT_ONCE),
            room: Semaphore::new(config.concurrent_requests),
        })
    }

    /// Takes a place, if there is one for this address and the node goes on.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.ends.borrow() || *self.count.borrow() >= self.most {
            return None;
        }
        let here = open.entry(address).or_default();
        if *here >= self.most_per_address {
            return None;
        }
        *here += 1;
        self.change(1);
        Some(Slot {
            streams: self.clone(),
            address,
        })
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until the node ends.
    pub async fn ended(&self) {
        let _ = self.ends.subscribe().wait_for(|ends| *ends).await;
    }

    /// Ends all streams, and waits for that, for so long.
    pub async fn end(&self, patience: Duration) {
        self.ends.send_replace(true);
        let mut count = self.count.subscribe();
        let _ = tokio::time::timeout(patience, count.wait_for(|count| *count == 0)).await;
    }

    fn change(&self, by: isize) {
        self.count
            .send_modify(|count| *count = count.saturating_add_signed(by));
        metrics::gauge!("lyceum_streams_open").set(u32::try_from(self.count()).unwrap_or(u32::MAX));
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = open.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.remove(&self.address);
            }
        }
        self.streams.change(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_counted_for_the_node_and_for_each_address_and_are_free_again() {
        let config = HttpConfig {
            streams: 3,
            streams_per_address: 2,
            ..HttpConfig::default()
        };
        let streams = Streams::new(&config);
        let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().ok());
        let first = streams.enter(one);
        let second = streams.enter(one);
        assert!(first.is_some() && second.is_some() && streams.enter(one).is_none());
        let third = streams.enter(two);
        assert!(third.is_some() && streams.enter(two).is_none());
        drop(first);
        let first = streams.enter(one);
        assert!(first.is_some());
        let ended = tokio::spawn({
            let streams = streams.clone();
            async move { streams.end(Duration::from_secs(60)).await }
        });
        streams.ended().await;
        drop((first, second, third));
        ended.await.expect("it waits for the last one and no longer");
        assert!(streams.enter(one).is_none(), "nobody comes in after the end");
    }
}
