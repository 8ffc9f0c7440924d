//! Token buckets: how much a client may ask for in a while.
//!
//! The level of a bucket lives in Redis, shared by all nodes, and in the process where there is no Redis or it does not
//! answer: then each node grants the whole bucket, which is generous and never refuses for a reason of ours.

use super::shared::Shared;
use moka::sync::Cache;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How large a bucket is and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Points when full.
    pub capacity: u64,
    /// Points that come back per second.
    pub per_second: u64,
}

/// What taking from a bucket came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether there was enough; if not, nothing was taken.
    pub granted: bool,
    /// Points that are left.
    pub remaining: u64,
}

impl Bucket {
    /// Seconds until so many points are there, given what remains; at least 1.
    pub fn seconds_until(&self, wanted: u64, remaining: u64) -> u64 {
        wanted
            .saturating_sub(remaining)
            .div_ceil(self.per_second.max(1))
            .max(1)
    }

    /// Seconds until the bucket is full again.
    pub fn seconds_until_full(&self, remaining: u64) -> u64 {
        self.capacity
            .saturating_sub(remaining)
            .div_ceil(self.per_second.max(1))
    }
}

/// The buckets of all clients.
pub struct Buckets {
    shared: Shared,
    local: Cache<String, Arc<Mutex<Level>>>,
}

struct Level {
    points: f64,
    at: Instant,
}

impl Level {
    #[expect(clippy::cast_precision_loss, reason = "points are far below 2^52")]
    fn put_back(&mut self, points: u64) {
        self.points += points as f64;
    }
}

/// Fills by the time that passed on Redis's own clock, takes if there is enough, answers {granted, left}.
static TAKE: LazyLock<redis::Script> = LazyLock::new(|| {
    redis::Script::new(
        "local now = redis.call('TIME'); now = now[1] + now[2] / 1000000 \
         local capacity, rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) \
         local level = redis.call('HMGET', KEYS[1], 'points', 'at') \
         local points = tonumber(level[1]) or capacity \
         points = math.min(capacity, points + (now - (tonumber(level[2]) or now)) * rate) \
         local granted = 0 \
         if points >= wanted then points = points - wanted; granted = 1 end \
         redis.call('HSET', KEYS[1], 'points', tostring(points), 'at', tostring(now)) \
         redis.call('EXPIRE', KEYS[1], math.ceil(capacity / rate) + 1) \
         return {granted, math.floor(points)}",
    )
});

impl Buckets {
    /// Starts with every bucket full.
    pub fn new(shared: Shared) -> Self {
        let local = Cache::builder()
            .max_capacity(100_000)
            .time_to_idle(Duration::from_secs(3600))
            .build();
        Self { shared, local }
    }

    /// Takes points from a client's bucket.
    pub async fn take(&self, client: &str, bucket: Bucket, points: u64) -> Taken {
        let mut invocation = TAKE.prepare_invoke();
        invocation.key(format!("lyceum:1:bucket:{client}"));
        invocation
            .arg(bucket.capacity)
            .arg(bucket.per_second.max(1))
            .arg(points);
        match self.shared.invoke::<(u8, u64)>(&invocation).await {
            Some((granted, remaining)) => Taken {
                granted: granted == 1,
                remaining,
            },
            None => self.take_here(client, bucket, points),
        }
    }

    /// Puts points back into a client's bucket, which never holds more than its capacity.
    pub async fn put_back(&self, client: &str, bucket: Bucket, points: u64) {
        let mut invocation = TAKE.prepare_invoke();
        invocation.key(format!("lyceum:1:bucket:{client}"));
        invocation
            .arg(bucket.capacity)
            .arg(bucket.per_second.max(1))
            .arg(format!("-{points}"));
        if self.shared.invoke::<(u8, u64)>(&invocation).await.is_none()
            && let Some(level) = self.local.get(client)
        {
            level
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put_back(points);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "points are far below 2^52"
    )]
    fn take_here(&self, client: &str, bucket: Bucket, points: u64) -> Taken {
        let now = Instant::now();
        let level = self.local.get_with_by_ref(client, || {
            Arc::new(Mutex::new(Level {
                points: bucket.capacity as f64,
                at: now,
            }))
        });
        let mut level = level.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = now.saturating_duration_since(level.at).as_secs_f64() * bucket.per_second as f64;
        level.points = (level.points + filled).min(bucket.capacity as f64);
        level.at = now;
        let granted = level.points >= points as f64;
        if granted {
            level.points -= points as f64;
        }
        Taken {
            granted,
            remaining: level.points as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_put_back_can_be_taken_again_and_no_more_than_the_bucket_holds() {
        let buckets = Buckets::new(Shared::in_process());
        let bucket = Bucket {
            capacity: 10,
            per_second: 1,
        };
        for _ in 0..20 {
            assert!(buckets.take("a", bucket, 8).await.granted);
            buckets.put_back("a", bucket, 8).await;
        }
        buckets.put_back("a", bucket, 100).await;
        assert!(buckets.take("a", bucket, 10).await.granted);
        assert!(!buckets.take("a", bucket, 10).await.granted);
    }

    #[tokio::test]
    async fn an_empty_bucket_refuses_and_takes_nothing() {
        let buckets = Buckets::new(Shared::in_process());
        let bucket = Bucket {
            capacity: 10,
            per_second: 1,
        };
        assert_eq!(
            buckets.take("a", bucket, 8).await,
            Taken {
                granted: true,
                remaining: 2
            }
        );
        assert_eq!(
            buckets.take("a", bucket, 8).await,
            Taken {
                granted: false,
                remaining: 2
            }
        );
        assert_eq!(
            buckets.take("b", bucket, 8).await,
            Taken {
                granted: true,
                remaining: 2
            }
        );
        assert_eq!(bucket.seconds_until(8, 2), 6);
    }
}
