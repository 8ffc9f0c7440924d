//! One WebSocket from its opening to its end.

use super::MOST_BYTES;
use super::close::Close;
use super::message::{self, Heard};
use crate::auth::standing::Viewer;
use crate::graphql::front::Refusal;
use crate::kernel::error::Error;
use crate::kernel::secret::Secret;
use crate::server::Server;
use crate::server::admission::Sender;
use crate::server::graphql::GraphqlRequest;
use crate::server::streams::{Gone, HEARTBEAT, LOOK_EVERY, Listener, Said};
use axum::extract::ws::{Message, WebSocket};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// Operations of one connection at the same time.
const MOST_OPERATIONS: usize = 50;
/// Answers that wait for a client that reads slowly, of all its operations together.
const WAITING: usize = 16;
/// How long the client may take to answer that the connection is closed.
const FAREWELL: Duration = Duration::from_secs(1);
/// Heartbeats without any frame after which nobody is there any more.
const SILENT_BEATS: u32 = 3;

/// Speaks with a client until either ends it.
pub async fn run(mut socket: WebSocket, server: Arc<Server>, sender: Sender, speaks: bool) {
    let close = if speaks {
        let (out, said) = mpsc::channel(WAITING);
        let mut session = Session {
            patience: Duration::from_millis(server.config.stream_patience_ms),
            listener: Listener { server, sender },
            expires_at: None,
            is_known: false,
            operations: HashMap::new(),
            begun: 0,
            out,
        };
        session.speak(&mut socket, said).await
    } else {
        Ending::Closes(Close::protocol_not_spoken())
    };
    if let Ending::Closes(close) = close {
        let farewell = async {
            if socket.send(close.message()).await.is_ok() {
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}

/// How a session ends.
enum Ending {
    /// By this side, which says why.
    Closes(Close),
    /// By the other, or by the network.
    Gone,
}

impl From<Close> for Ending {
    fn from(close: Close) -> Self {
        Self::Closes(close)
    }
}

/// What an operation says: its id, which of the operations under that id, and its words.
type Word = (String, u64, Said);

struct Session {
    listener: Listener,
    patience: Duration,
    /// When the token stops being good.
    expires_at: Option<DateTime<Utc>>,
    /// Whether the client has said who it is.
    is_known: bool,
    operations: HashMap<String, Operation>,
    begun: u64,
    out: mpsc::Sender<Word>,
}

/// An operation that is under way; it ends when this is dropped.
struct Operation {
    number: u64,
    task: AbortHandle,
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    async fn speak(&mut self, socket: &mut WebSocket, mut said: mpsc::Receiver<Word>) -> Ending {
        let server = self.listener.server.clone();
        let too_late = sleep(Duration::from_millis(server.config.socket_init_timeout_ms));
        tokio::pin!(too_late);
        let (mut looks, mut beats) = (interval(LOOK_EVERY), interval(HEARTBEAT));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_at = Instant::now();
        loop {
            let step = tokio::select! {
                frame = socket.recv() => {
                    heard_at = Instant::now();
                    self.hear(socket, frame).await
                }
                Some(word) = said.recv() => self.pass_on(socket, word).await,
                _ = looks.tick(), if self.is_known => self.look().await.map_err(Ending::from),
                _ = beats.tick() => {
                    if heard_at.elapsed() > HEARTBEAT * SILENT_BEATS {
                        return Ending::Gone;
                    }
                    self.send(socket, Message::Ping(axum::body::Bytes::new())).await
                }
                () = &mut too_late, if !self.is_known => Err(Close::init_timeout().into()),
                () = server.streams.ended() => Err(Close::going_away().into()),
            };
            if let Err(ending) = step {
                return ending;
            }
        }
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        frame: Option<Result<Message, axum::Error>>,
    ) -> Result<(), Ending> {
        let text = match frame {
            None | Some(Ok(Message::Close(_))) => return Err(Ending::Gone),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return Err(Close::malformed("Messages are text.").into()),
            Some(Err(error)) if is_too_big(&error) => return Err(Close::too_big(MOST_BYTES).into()),
            Some(Err(_)) => return Err(Close::protocol().into()),
        };
        let limits = self.listener.server.api.front.limits();
        let heard = Heard::read(&text, limits).map_err(Close::malformed)?;
        match heard {
            Heard::Init(_) if self.is_known => Err(Close::init_again().into()),
            Heard::Init(payload) => {
                self.sign_in(&payload).await?;
                self.write(socket, message::ack()).await
            }
            Heard::Ping(payload) => self.write(socket, message::pong(payload)).await,
            Heard::Pong => Ok(()),
            Heard::Subscribe(..) if !self.is_known => Err(Close::unauthorized().into()),
            Heard::Subscribe(id, _) if self.operations.contains_key(&id) => Err(Close::id_in_use(&id).into()),
            Heard::Subscribe(id, _) if self.operations.len() >= MOST_OPERATIONS => {
                let (asked, allowed) = (MOST_OPERATIONS as u64 + 1, MOST_OPERATIONS as u64);
                let refusal = Refusal::limit("operations", "operations at the same time", asked, allowed);
                self.write(socket, message::error(&id, &refusal.errors())).await
            }
            Heard::Subscribe(id, request) => {
                self.begin(id, *request);
                Ok(())
            }
            Heard::Complete(id) => {
                self.operations.remove(&id);
                Ok(())
            }
        }
    }

    /// Takes the credential of the payload, else that of the request that opened the WebSocket.
    async fn sign_in(&mut self, payload: &Map<String, Value>) -> Result<(), Close> {
        match message::authorization(payload) {
            None => {}
            Some(Value::String(authorization)) => {
                self.listener.sender.authorization = Some(Secret::new(authorization.clone()));
            }
            Some(_) => return Err(Close::forbidden("`authorization` is a text.")),
        }
        let Listener { server, sender } = &self.listener;
        match sender.viewer(server).await {
            Ok(viewer) => {
                self.expires_at = expiry(&viewer);
                self.is_known = true;
                Ok(())
            }
            Err(Error::Unauthenticated) => Err(Close::forbidden("Forbidden")),
            Err(_) => Err(Close::unavailable()),
        }
    }

    /// Looks whether the credential still opens what it opened.
    async fn look(&mut self) -> Result<(), Close> {
        let Listener { server, sender } = &self.listener;
        match sender.viewer(server).await {
            Err(Error::Unauthenticated) => {
                let now = server.api.app.clock.now();
                let has_expired = self.expires_at.is_some_and(|at| at <= now);
                Err(Close::forbidden(if has_expired {
                    "The token has expired."
                } else {
                    "The token is no longer good."
                }))
            }
            // Nothing is told meanwhile, since telling begins with the same question.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn begin(&mut self, id: String, request: GraphqlRequest) {
        self.begun += 1;
        let (number, listener, words) = (self.begun, self.listener.clone(), self.out.clone());
        let name = id.clone();
        let task = tokio::spawn(async move {
            let (out, mut said) = mpsc::channel(1);
            let passing_on = async {
                while let Some(word) = said.recv().await {
                    words.send((name.clone(), number, word)).await.map_err(|_| Gone)?;
                }
                Ok::<_, Gone>(())
            };
            let running = async {
                let last = listener.run(&request, &out).await;
                drop(out);
                last
            };
            if let (Ok(last), Ok(())) = tokio::join!(running, passing_on) {
                let _ = words.send((name, number, last)).await;
            }
        });
        let task = task.abort_handle();
        self.operations.insert(id, Operation { number, task });
    }

    /// Passes on what an operation says, unless the client is done with it.
    async fn pass_on(&mut self, socket: &mut WebSocket, (id, number, said): Word) -> Result<(), Ending> {
        let is_current = self
            .operations
            .get(&id)
            .is_some_and(|operation| operation.number == number);
        if !is_current {
            return Ok(());
        }
        let text = match &said {
            Said::Next(answer) => message::next(&id, answer),
            Said::Error(errors) => message::error(&id, errors),
            Said::Complete => message::complete(&id),
        };
        if !matches!(said, Said::Next(_)) {
            self.operations.remove(&id);
        }
        self.write(socket, text).await
    }

    async fn write(&self, socket: &mut WebSocket, text: String) -> Result<(), Ending> {
        self.send(socket, Message::Text(text.into())).await
    }

    async fn send(&self, socket: &mut WebSocket, message: Message) -> Result<(), Ending> {
        match timeout(self.patience, socket.send(message)).await {
            Ok(sent) => sent.map_err(|_| Ending::Gone),
            Err(_) => Err(Close::too_slow().into()),
        }
    }
}

fn expiry(viewer: &Viewer) -> Option<DateTime<Utc>> {
    viewer.person().map(|person| person.expires_at)
}

/// The library tells it by its text alone.
fn is_too_big(error: &axum::Error) -> bool {
    error.to_string().starts_with("Space limit exceeded")
}
