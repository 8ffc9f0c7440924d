//! The guard, through real sockets.

use super::*;
use reqwest::Method;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn outgoing(allow_loopback: bool) -> Outgoing {
    Outgoing::new(&OutgoingConfig { allow_loopback }).expect("a client")
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, Url::parse(url).expect("an address"))
}

/// A server on loopback that answers everything with these bytes: its port, and how often it was connected to.
async fn server(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                drop(socket.read(&mut [0; 4_096]).await);
                drop(socket.write_all(&answer).await);
                drop(socket.shutdown().await);
            });
        }
    });
    (port, connections)
}

fn with_body(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn loopback_is_called_with_the_development_setting_alone() {
    let (port, connections) = server(with_body(b"hello")).await;
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        // The same number, as parsers of addresses take it.
        format!("https://2130706433:{port}/"),
        format!("https://0x7f.1:{port}/"),
        format!("https://0:{port}/"),
    ];
    for url in &urls {
        assert!(outgoing(false).send(get(url)).await.is_err(), "{url}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0, "nothing was connected to");
    for url in &urls[..2] {
        let answer = outgoing(true).send(get(url)).await.expect("an answer");
        assert_eq!((answer.status, answer.body), (StatusCode::OK, b"hello".to_vec()));
    }
}

#[tokio::test]
async fn nothing_else_that_is_not_of_the_open_internet_is_called_at_all() {
    let refused = [
        "http://example.com/",
        "http://8.8.8.8/",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0.0.0.0/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:text/plain,hello",
    ];
    for url in refused {
        for allow_loopback in [false, true] {
            let sent = outgoing(allow_loopback).send(get(url)).await;
            assert!(matches!(sent, Err(Failure::Refused(_))), "{url}: {sent:?}");
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_looked_up() {
    let resolve = |allows_loopback| {
        let name = "localhost".parse().expect("a name");
        Guarded { allows_loopback }.resolve(name)
    };
    assert!(resolve(false).await.is_err());
    let mut found = resolve(true).await.expect("addresses");
    assert!(found.all(|address| address.ip().is_loopback()));
}

#[tokio::test]
async fn a_redirect_is_answered_and_not_followed() {
    let (target, connections) = server(with_body(b"hello")).await;
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = server(answer.into_bytes()).await;
    let answer = outgoing(true)
        .send(get(&format!("http://127.0.0.1:{port}/")))
        .await
        .expect("an answer");
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_taken() {
    let (port, _) = server(with_body(&vec![b'x'; MOST_BYTES + 1])).await;
    let sent = outgoing(true)
        .send(get(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert!(matches!(sent, Err(Failure::TooLong)), "{sent:?}");
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let (port, _) = server(
        [
            endless,
            format!("{:x}\r\n{}\r\n", 1 << 21, "x".repeat(1 << 21)).into_bytes(),
        ]
        .concat(),
    )
    .await;
    let sent = outgoing(true)
        .send(get(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert!(matches!(sent, Err(Failure::TooLong)), "{sent:?}");
}
