//! Whose address a request comes from.

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use std::net::{IpAddr, SocketAddr};

/// The client's address: the connection's own, or what the outermost of so many trusted proxies wrote into
/// `X-Forwarded-For`. What stands left of that was written by the client and counts for nothing.
pub fn of(parts: &Parts, proxies: usize) -> Option<IpAddr> {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let connection = connection.map(|ConnectInfo(address)| address.ip());
    if proxies == 0 {
        return connection;
    }
    let lines = parts.headers.get_all("x-forwarded-for").iter();
    let addresses: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let outermost = addresses.len().checked_sub(proxies)?;
    addresses[outermost].trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn address(forwarded: &[&str], proxies: usize) -> Option<String> {
        let mut request = Request::get("/");
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let connection = SocketAddr::from(([127, 0, 0, 1], 4321));
        parts.extensions.insert(ConnectInfo(connection));
        of(&parts, proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        assert_eq!(address(&["192.0.2.1"], 0).as_deref(), Some("127.0.0.1"));
        assert_eq!(
            address(&["198.51.100.9, 192.0.2.1"], 1).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(
            address(&["198.51.100.9, 192.0.2.1", "203.0.113.5"], 2).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(address(&["192.0.2.1"], 2), None);
        assert_eq!(address(&["nonsense"], 1), None);
    }
}
