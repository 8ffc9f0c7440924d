//! Where a request comes from, as much of it as is kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Characters of a user agent that are kept.
const MOST_CHARS: usize = 200;

/// The device and the network of a request: a hint for people who look at their sessions, and what failures are counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The network, `192.0.2.0/24` or `2001:db8:1::/48`: less than an address tells, and enough to be recognised.
    pub network: Option<String>,
}

impl Origin {
    /// Keeps what is kept of an address and a user agent.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let printable = |text: &str| -> String {
            text.chars()
                .filter(|char| !char.is_control())
                .take(MOST_CHARS)
                .collect()
        };
        Self {
            user_agent: user_agent.map(printable).filter(|text| !text.is_empty()),
            network: address.map(network),
        }
    }

    /// The network, or a word for all that are not known.
    pub fn network(&self) -> &str {
        self.network.as_deref().unwrap_or("unknown")
    }
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_keeps_the_network_and_a_printable_name() {
        let of = |address: &str| Origin::new(address.parse().ok(), None).network;
        assert_eq!(of("192.0.2.77").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(of("::ffff:192.0.2.77").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(of("2001:db8:1:2::3").as_deref(), Some("2001:db8:1::/48"));
        let long = format!("Browser\u{0}\n{}", "x".repeat(500));
        let kept = Origin::new(None, Some(&long)).user_agent.unwrap_or_default();
        assert!(kept.starts_with("Browserx") && kept.chars().count() == MOST_CHARS);
        assert_eq!(Origin::new(None, Some("\u{7}")), Origin::default());
    }
}
