//! A way to PostgreSQL that breaks when it is told to.
//!
//! A loopback port in front of the cluster's socket. It passes protocol messages on whole and counts the steps of a
//! conversation, so that a test can break it behind every one of them in turn.

use super::servers::admin;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Mutex, watch};
use tokio_postgres::config::Host;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// All connections are cut before the server hears of a step.
    CutOnTheWay,
    /// All connections are cut after the server has done a step and before its answer arrives.
    CutOnTheWayBack,
    /// The server ends all its processes for the node before a step.
    Killed,
    /// From a step on nothing passes in either direction, but all connections stay open.
    Silent,
    /// The server does a step; from its answer on nothing passes.
    SilentOnTheWayBack,
}

impl Fault {
    /// Whether the connections stay open.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Silent | Self::SilentOnTheWayBack)
    }

    fn strikes(self, direction: Direction) -> bool {
        let back = matches!(self, Self::CutOnTheWayBack | Self::SilentOnTheWayBack);
        back == (direction == Direction::Back)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    There,
    Back,
}

/// The proxy of one node.
pub struct Proxy {
    /// The address that the node connects to.
    pub url: String,
    state: Arc<State>,
}

struct State {
    node: String,
    /// Held while a strike is under way.
    plan: Arc<Mutex<Option<(Fault, usize)>>>,
    /// Grows when all connections are cut.
    cuts: watch::Sender<u64>,
    silent: watch::Sender<bool>,
    refuses: watch::Sender<bool>,
}

impl Proxy {
    /// Starts a proxy for the node of this application name, in front of the database of this address.
    pub async fn start(node: &str, url: &str) -> Self {
        let target: tokio_postgres::Config = url.parse().unwrap();
        let [Host::Unix(folder)] = target.get_hosts() else {
            panic!("the cluster listens on a socket");
        };
        let socket = folder.join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "postgres://{}@{}/{}?application_name={node}",
            target.get_user().unwrap(),
            listener.local_addr().unwrap(),
            target.get_dbname().unwrap()
        );
        let state = Arc::new(State {
            node: node.to_owned(),
            plan: Arc::default(),
            cuts: watch::Sender::new(0),
            silent: watch::Sender::new(false),
            refuses: watch::Sender::new(false),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *shared.refuses.borrow() {
                    continue;
                }
                client.set_nodelay(true).unwrap();
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(connection(shared.clone(), client, server));
            }
        });
        Self { url, state }
    }

    /// Breaks at the n-th step from now.
    pub async fn strike(&self, fault: Fault, step: usize) {
        *self.state.plan.lock().await = Some((fault, step));
    }

    /// Calls a strike off; tells whether it had come.
    pub async fn heal(&self) -> bool {
        let came = self.state.plan.lock().await.take().is_none();
        self.state.silent.send_replace(false);
        self.state.refuses.send_replace(false);
        came
    }

    /// Cuts all connections and takes no new ones.
    pub fn shut(&self) {
        self.state.refuses.send_replace(true);
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn connection(state: Arc<State>, client: TcpStream, server: UnixStream) {
    let mut cuts = state.cuts.subscribe();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(&state, Direction::There, from_client, to_server) => {}
        () = pump(&state, Direction::Back, from_server, to_client) => {}
        _ = cuts.changed() => {}
    }
}

/// Passes messages on until either end closes.
async fn pump(
    state: &State,
    direction: Direction,
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
) {
    // The first message of a client has no type.
    let mut typed = direction == Direction::Back;
    loop {
        let kind = if typed {
            let Ok(kind) = from.read_u8().await else { return };
            kind
        } else {
            0
        };
        let Ok(length) = from.read_u32().await else { return };
        let mut message = Vec::new();
        if typed {
            message.push(kind);
        }
        message.extend(length.to_be_bytes());
        let head = message.len();
        message.resize(head + length as usize - 4, 0);
        if from.read_exact(&mut message[head..]).await.is_err() {
            return;
        }
        // A step: a simple query or a Sync there, ReadyForQuery back.
        if matches!(
            (direction, kind),
            (Direction::There, b'Q' | b'S') | (Direction::Back, b'Z')
        ) {
            state.step(direction).await;
        }
        let mut silent = state.silent.subscribe();
        let _ = silent.wait_for(|silent| !silent).await;
        if to.write_all(&message).await.is_err() {
            return;
        }
        typed = true;
    }
}

impl State {
    async fn step(&self, direction: Direction) {
        let mut plan = self.plan.clone().lock_owned().await;
        match plan.as_mut() {
            Some((fault, _)) if !fault.strikes(direction) => return,
            Some((_, steps)) if *steps > 1 => {
                *steps -= 1;
                return;
            }
            _ => {}
        }
        match plan.take().map(|(fault, _)| fault) {
            None => {}
            Some(Fault::Killed) => {
                let node = self.node.clone();
                // In a task of its own: the first process that ends takes this connection with it.
                let killed = tokio::spawn(async move {
                    let admin = admin().await;
                    let kill =
                        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1";
                    while !admin.query(kill, &[&node]).await.unwrap().is_empty() {}
                    drop(plan);
                });
                killed.await.unwrap();
            }
            Some(Fault::CutOnTheWay | Fault::CutOnTheWayBack) => {
                self.cuts.send_modify(|cuts| *cuts += 1);
                drop(plan);
                // This connection is among them.
                std::future::pending::<()>().await;
            }
            Some(Fault::Silent | Fault::SilentOnTheWayBack) => {
                self.silent.send_replace(true);
            }
        }
    }
}
