//! The executor that both kinds of streams share.

use crate::auth::standing::Viewer;
use crate::domain::events::{Event, Source};
use crate::graphql::front::{Kind, Prepared, Refusal};
use crate::kernel::error::Error;
use crate::server::Server;
use crate::server::admission::{Sender, kind_name, shown};
use crate::server::graphql::{Answer, Cost, GraphqlRequest, Media};
use crate::server::streams::LOOK_EVERY;
use async_graphql::ServerError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often an event is tried again while the database does not answer.
const TRIES: u32 = 20;

/// Somebody whose operations are answered over a stream.
#[derive(Clone)]
pub struct Listener {
    /// The node.
    pub server: Arc<Server>,
    /// Who it is, and from where.
    pub sender: Sender,
}

/// What a stream says of an operation.
#[derive(Debug)]
pub enum Said {
    /// An answer, as JSON.
    Next(String),
    /// The operation is refused, or has ended before its time.
    Error(Vec<ServerError>),
    /// There is nothing more to say.
    Complete,
}

/// Nobody hears any more.
#[derive(Debug)]
pub struct Gone;

/// Why an operation ends.
enum End {
    Errors(Vec<ServerError>),
    Failed(Error),
    Gone,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        metrics::counter!("lyceum_refused_total", "code" => refusal.code.as_str()).increment(1);
        Self::Errors(refusal.errors())
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A request and where its answers go.
struct Call<'a> {
    listener: &'a Listener,
    request: &'a GraphqlRequest,
    prepared: Arc<Prepared>,
    out: &'a mpsc::Sender<Said>,
}

impl Listener {
    /// Executes an operation and says its answers; returns the last word, if anybody hears it.
    pub async fn run(&self, request: &GraphqlRequest, out: &mpsc::Sender<Said>) -> Result<Said, Gone> {
        match self.answer(request, out).await {
            Ok(()) => Ok(Said::Complete),
            Err(End::Errors(errors)) => Ok(Said::Error(errors)),
            Err(End::Failed(error)) => Ok(Said::Error(vec![shown(&error, &self.sender.request_id)])),
            Err(End::Gone) => Err(Gone),
        }
    }

    async fn answer(&self, request: &GraphqlRequest, out: &mpsc::Sender<Said>) -> Result<(), End> {
        let document = request.document().map_err(|refused| refused.refusal)?;
        let call = Call {
            listener: self,
            request,
            prepared: self.server.api.front.prepare(document)?,
            out,
        };
        let operation = call.prepared.operation(request.operation_name.as_deref())?;
        let kind = operation.kind();
        let admitted = operation.admit(request.variables.clone())?;
        let viewer = self.sender.viewer(&self.server).await?;
        let anonymous = viewer.person().is_none() && !self.server.config.public_introspection;
        if operation.is_introspection() && anonymous {
            return Err(Error::Unauthenticated.into());
        }
        let cost = call.pay(&viewer, admitted.cost).await?;
        let (api, sender) = (&self.server.api, &self.sender);
        if kind == Kind::Subscription {
            let opened = api
                .open(viewer, admitted, &sender.request_id, &sender.origin)
                .await;
            return match opened {
                Ok(Some(source)) => call.listen(source).await,
                Ok(None) => Ok(()),
                Err(refused) => Err(End::Errors(refused.errors)),
            };
        }
        let _room = self
            .server
            .streams
            .room
            .try_acquire()
            .map_err(|_| Error::Unavailable)?;
        let started = Instant::now();
        let execution = api.execute(viewer, admitted, &sender.request_id, &sender.origin);
        let limit = Duration::from_millis(self.server.config.request_timeout_ms);
        let (mut response, statements) = match kind {
            Kind::Mutation => execution.await,
            _ => timeout(limit, execution).await.map_err(|_| Error::Unavailable)?,
        };
        self.server
            .note(kind_name(kind), started, statements, &mut response);
        call.say(&response, cost).await
    }
}

impl Call<'_> {
    /// Takes the cost of one execution; whoever cannot pay is refused.
    async fn pay(&self, viewer: &Viewer, cost: u64) -> Result<Cost, Error> {
        let Listener { server, sender } = self.listener;
        let document = self.request.query.as_deref().unwrap_or_default();
        sender.confine(server, viewer, document, cost).await?;
        let charge = sender.charge(server, viewer, cost).await;
        charge.granted()?;
        Ok(charge.shown(server))
    }

    async fn say(&self, response: &async_graphql::Response, cost: Cost) -> Result<(), End> {
        let answer = Answer {
            media: Media::Json,
            request_id: &self.listener.sender.request_id,
            cost: Some(cost),
        };
        let said = Said::Next(answer.told(response));
        let patience = Duration::from_millis(self.listener.server.config.stream_patience_ms);
        match timeout(patience, self.out.send(said)).await {
            Ok(sent) => sent.map_err(|_| End::Gone),
            Err(_) => Err(Error::TooSlow.into()),
        }
    }

    /// Who listens, as of now, if they still may.
    async fn viewer(&self, source: &Source) -> Result<Viewer, Error> {
        let Listener { server, sender } = self.listener;
        let viewer = sender.viewer(server).await?;
        source.check(&viewer)?;
        Ok(viewer)
    }

    /// Tells what happens until the listener goes, or may not listen any more. While nothing happens, no connection is held.
    async fn listen(&self, mut source: Source) -> Result<(), End> {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let events = {
                let next = source.next();
                tokio::pin!(next);
                loop {
                    tokio::select! {
                        events = &mut next => break events,
                        () = self.out.closed() => return Err(End::Gone),
                        _ = looks.tick() => match self.viewer(&source).await {
                            // Nothing is told meanwhile, since telling begins with the same question.
                            Ok(_) | Err(Error::Unavailable) => {}
                            Err(error) => return Err(error.into()),
                        },
                    }
                }
            };
            let events = match events {
                Ok(events) => events,
                Err(Error::Unavailable) => {
                    looks.tick().await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for event in events {
                if source.pass(&event) {
                    self.tell(&source, &event).await?;
                }
            }
        }
    }

    /// Tells one event: a database that does not answer for a moment costs no event.
    async fn tell(&self, source: &Source, event: &Arc<Event>) -> Result<(), End> {
        for _ in 0..TRIES {
            match self.try_to_tell(source, event).await {
                Err(End::Failed(Error::Unavailable)) => tokio::time::sleep(LOOK_EVERY).await,
                told => return told,
            }
        }
        Err(Error::Unavailable.into())
    }

    async fn try_to_tell(&self, source: &Source, event: &Arc<Event>) -> Result<(), End> {
        let Listener { server, sender } = self.listener;
        let turn = server.streams.turns.acquire().await.map_err(Error::internal)?;
        let viewer = self.viewer(source).await?;
        if !server.api.may_hear(&viewer, event).await? {
            return Ok(());
        }
        let operation = self.prepared.operation(self.request.operation_name.as_deref())?;
        let admitted = operation.admit(self.request.variables.clone())?;
        let cost = self.pay(&viewer, admitted.cost).await?;
        let started = Instant::now();
        let telling = server
            .api
            .tell(viewer, admitted, event, &sender.request_id, &sender.origin);
        let (mut response, statements) = telling.await;
        drop(turn);
        server.note("subscription", started, statements, &mut response);
        self.say(&response, cost).await
    }
}
