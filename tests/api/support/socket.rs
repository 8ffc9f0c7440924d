//! A client of a server that really listens: a WebSocket, spoken to frame by frame.

use super::{TestApp, factory};
use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use futures_util::{SinkExt, StreamExt};
use lyceum::jobs::sequencer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets routes listen on a port of this machine.
pub async fn listen(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service: IntoMakeServiceWithConnectInfo<_, SocketAddr> = routes.into_make_service_with_connect_info();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Numbers events for as long as it is held, as a node's jobs do.
pub struct Sequencing(JoinHandle<()>);

impl Sequencing {
    /// Numbers what has happened already, and goes on.
    pub async fn begin(app: &TestApp) -> Self {
        factory::seal(app).await;
        let app = app.app.clone();
        Self(tokio::spawn(async move {
            loop {
                let _ = sequencer::run_once(&app).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }))
    }
}

impl Drop for Sequencing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until so many listen on a node.
pub async fn listeners(node: &TestApp, wanted: usize) {
    let waiting = async {
        while node.app.feeds.listeners(node.org) != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .expect("as many listen as are expected");
}

/// An open WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a server says.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The end, with its code and its reason.
    Closed(u16, String),
    /// The end without a word.
    Gone,
}

impl Socket {
    /// Opens a WebSocket with these headers, or tells the status that refused it; 101 where it is the client that refuses what
    /// the server chose.
    pub async fn open_with(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(Error::Protocol(_)) => Err(101),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one that speaks the protocol.
    pub async fn open(address: SocketAddr) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        Self::open_with(address, &protocol).await.unwrap()
    }

    /// Opens one and says who it is.
    pub async fn of(address: SocketAddr, token: Option<&str>) -> Self {
        let mut socket = Self::open(address).await;
        let payload = token.map_or(
            json!({}),
            |token| json!({ "authorization": format!("Bearer {token}") }),
        );
        socket
            .send(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(
            socket.hear().await,
            Heard::Message(json!({ "type": "connection_ack" }))
        );
        socket
    }

    /// Says who it is and subscribes, and waits until the node listens.
    pub async fn listening(
        node: &TestApp,
        address: SocketAddr,
        token: Option<&str>,
        document: &str,
        variables: Value,
    ) -> Self {
        let mut socket = Self::of(address, token).await;
        let before = node.app.feeds.listeners(node.org);
        socket.subscribe("1", document, variables).await;
        listeners(node, before + 1).await;
        socket
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    /// Sends any frame.
    pub async fn send_frame(&mut self, frame: Message) {
        self.0.send(frame).await.unwrap();
    }

    /// Sends bytes that need not be a frame.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// Asks for an operation.
    pub async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({ "query": document, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    /// The next message, or the end.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match timeout(PATIENCE, self.0.next())
                .await
                .expect("the server says something")
            {
                Some(Ok(Message::Text(text))) => return Heard::Message(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Heard::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return Heard::Gone,
            }
        }
    }

    /// The next message; the connection must be open.
    pub async fn message(&mut self) -> Value {
        match self.hear().await {
            Heard::Message(message) => message,
            ended => panic!("{ended:?}"),
        }
    }

    /// The code with which the connection is closed, whatever is said before.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.hear().await {
                Heard::Message(_) => {}
                Heard::Closed(code, _) => return code,
                Heard::Gone => return 0,
            }
        }
    }

    /// What the next answer of an operation has at a pointer below `data`.
    pub async fn next(&mut self, id: &str, pointer: &str) -> Value {
        let message = self.message().await;
        assert_eq!(
            (&message["id"], &message["type"]),
            (&json!(id), &json!("next")),
            "{message:#}"
        );
        let found = message["payload"]["data"].pointer(pointer);
        found
            .unwrap_or_else(|| panic!("no {pointer} in {message:#}"))
            .clone()
    }

    /// The code of the error that ends an operation.
    pub async fn refused(&mut self, id: &str) -> String {
        loop {
            let message = self.message().await;
            if message["type"] == "next" {
                continue;
            }
            assert_eq!(
                (&message["id"], &message["type"]),
                (&json!(id), &json!("error")),
                "{message:#}"
            );
            return message["payload"][0]["extensions"]["code"]
                .as_str()
                .unwrap()
                .to_owned();
        }
    }

    /// Makes sure that the connection is open and nothing else is said.
    pub async fn settle(&mut self) {
        self.subscribe("settle", "{ __typename }", json!({})).await;
        for kind in ["next", "complete"] {
            assert_eq!(self.message().await["type"], kind);
        }
    }
}
