//! What nodes share through Redis: copies and the bus.

use super::breaker::Breaker;
use super::bus::Stale;
use super::key::CacheKey;
use futures_util::StreamExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

const CHANNEL: &str = "lyceum:1:stale";
/// How long a request waits for Redis before it asks PostgreSQL instead.
const PATIENCE: Duration = Duration::from_millis(50);
const CONNECT_PATIENCE: Duration = Duration::from_millis(500);
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);
const TIME_TO_LIVE_SECONDS: u64 = 24 * 3600;

/// Redis where there is one; within the process where there is none.
#[derive(Clone)]
pub struct Shared {
    redis: Option<Redis>,
    stale: broadcast::Sender<Stale>,
}

#[derive(Clone)]
struct Redis {
    manager: ConnectionManager,
    breaker: Arc<Breaker>,
}

impl Shared {
    /// Shares within this process only.
    pub fn in_process() -> Self {
        Self {
            redis: None,
            stale: broadcast::channel(1_024).0,
        }
    }

    /// Shares through the Redis at this address. It need not be up: it is connected to when it is.
    pub fn through_redis(url: &str) -> anyhow::Result<Self> {
        let client = redis::Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(CONNECT_PATIENCE))
            .set_number_of_retries(1);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        let stale = broadcast::channel(1_024).0;
        tokio::spawn(listen(client, stale.clone()));
        Ok(Self {
            redis: Some(Redis {
                manager,
                breaker: Arc::default(),
            }),
            stale,
        })
    }

    /// Reads a copy. The value must name itself, so that a mixed-up reply is never taken for the one asked for.
    pub async fn get(&self, key: CacheKey) -> Option<String> {
        let name = key.to_string();
        let value: Option<String> = self.ask(redis::cmd("GET").arg(&name)).await?;
        let value = value?;
        let (owner, body) = value.split_once('\n')?;
        if owner != name {
            metrics::counter!("lyceum_cache_mismatches_total").increment(1);
            tracing::error!(cache.key = %name, "a cached value carries another key; it was thrown away");
            return None;
        }
        Some(body.to_owned())
    }

    /// Leaves a copy.
    pub async fn set(&self, key: CacheKey, body: &str) {
        let name = key.to_string();
        let value = format!("{name}\n{body}");
        let _: Option<()> = self
            .ask(
                redis::cmd("SET")
                    .arg(&name)
                    .arg(value)
                    .arg("EX")
                    .arg(TIME_TO_LIVE_SECONDS),
            )
            .await;
    }

    /// Tells every node, this one included, that a copy no longer holds.
    pub async fn announce(&self, stale: Stale) {
        let _ = self.stale.send(stale);
        if self.redis.is_some() {
            let message = serde_json::to_string(&stale).expect("a stale key serialises");
            let _: Option<()> = self.ask(redis::cmd("PUBLISH").arg(CHANNEL).arg(message)).await;
        }
    }

    /// Hears what became stale, here or elsewhere.
    pub fn hear(&self) -> broadcast::Receiver<Stale> {
        self.stale.subscribe()
    }

    /// Runs a script, if Redis is there.
    pub(super) async fn invoke<T: redis::FromRedisValue>(
        &self,
        script: &redis::ScriptInvocation<'_>,
    ) -> Option<T> {
        let redis = self.redis.as_ref().filter(|redis| redis.breaker.allows())?;
        let mut manager = redis.manager.clone();
        let answer =
            tokio::time::timeout(PATIENCE + CONNECT_PATIENCE, script.invoke_async(&mut manager)).await;
        let answer = answer.ok().and_then(Result::ok);
        redis.breaker.note(answer.is_some());
        answer
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        let redis = self.redis.as_ref().filter(|redis| redis.breaker.allows())?;
        let mut manager = redis.manager.clone();
        let patience = PATIENCE + CONNECT_PATIENCE;
        let answer = tokio::time::timeout(patience, command.query_async(&mut manager)).await;
        let answer = answer.ok().and_then(Result::ok);
        redis.breaker.note(answer.is_some());
        answer
    }
}

/// Passes on what other nodes announce; after a gap everything counts as stale.
async fn listen(client: redis::Client, stale: broadcast::Sender<Stale>) {
    loop {
        if let Ok(mut messages) = client.get_async_pubsub().await
            && messages.subscribe(CHANNEL).await.is_ok()
        {
            let _ = stale.send(Stale::Everything);
            let mut messages = messages.on_message();
            while let Some(message) = messages.next().await {
                if let Ok(heard) = serde_json::from_slice(message.get_payload_bytes()) {
                    let _ = stale.send(heard);
                }
            }
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}
