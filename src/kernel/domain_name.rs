//! Domain names that somebody can own.

use std::net::IpAddr;

/// Reads a domain as it is kept and asked for in DNS: in lower case, international names in their ASCII form (`xn--…`). None
/// for what nobody owns alone: an address of a machine, a name of one part, a public suffix such as `co.uk`.
pub fn domain_name(text: &str) -> Option<String> {
    let text = text.trim();
    let domain = idna::domain_to_ascii_strict(text.strip_suffix('.').unwrap_or(text)).ok()?;
    let last = domain.rsplit('.').next()?;
    let is_address = domain.parse::<IpAddr>().is_ok() || last.chars().all(|c| c.is_ascii_digit());
    let is_owned = psl::domain_str(&domain).is_some();
    (is_owned && !is_address).then_some(domain)
}

/// The domain of an email address, as [`domain_name`] reads it.
pub fn domain_of(address: &str) -> Option<String> {
    domain_name(address.rsplit_once('@')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_kept_as_dns_has_it() {
        for (text, kept) in [
            ("Example.ORG", "example.org"),
            (" mail.example.org. ", "mail.example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("example.co.uk", "example.co.uk"),
            ("corp.internal", "corp.internal"),
        ] {
            assert_eq!(domain_name(text).as_deref(), Some(kept), "{text}");
        }
    }

    #[test]
    fn what_nobody_owns_alone_is_no_domain() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = format!("{}example", "abc.".repeat(80));
        for text in [
            "",
            ".",
            "org",
            "localhost",
            "co.uk",
            "github.io",
            "192.0.2.1",
            "192.0.2",
            "[2001:db8::1]",
            "2001:db8::1",
            "example..org",
            ".example.org",
            "exa mple.org",
            "exa_mple.org",
            "-a.example",
            "*.example.org",
            "example.org/path",
            "ada@example.org",
            "xn--zzzzzz.example\u{0}",
            &long,
            &longer,
        ] {
            assert_eq!(domain_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_addresses_domain_is_compared_in_the_same_form() {
        assert_eq!(
            domain_of("ada@bücher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(domain_of("ada@localhost"), None);
        assert_eq!(domain_of("ada"), None);
    }
}
