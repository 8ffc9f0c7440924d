//! Email addresses.

/// Reads an address as accounts keep it: in lower case. It is not looked up: only a mail tells whether it is somebody's.
pub fn address(text: &str) -> Option<String> {
    let address = text.trim().to_lowercase();
    let (local, domain) = address.split_once('@')?;
    let sound = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && address.chars().count() <= 254
        && !address.chars().any(|c| c.is_whitespace() || c.is_control());
    sound.then_some(address)
}

/// Whether an address has nothing in it that could pass for something else, such as a link, where it is shown to strangers.
pub fn is_plain(address: &str) -> bool {
    let is_part =
        |part: &str, marks: &[char]| part.chars().all(|c| c.is_alphanumeric() || marks.contains(&c));
    address
        .split_once('@')
        .is_some_and(|(local, domain)| is_part(local, &['.', '_', '-', '+']) && is_part(domain, &['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::{address, is_plain};

    #[test]
    fn an_address_is_kept_in_lower_case_without_spaces_around_it() {
        assert_eq!(address(" Ada@Example.ORG ").as_deref(), Some("ada@example.org"));
        assert_eq!(
            address("zoë@bücher.example").as_deref(),
            Some("zoë@bücher.example")
        );
    }

    #[test]
    fn what_could_pass_for_a_link_or_hides_something_is_not_plain() {
        for plain in ["ada.l+school@example.org", "zoë_1@bücher-und-mehr.example"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "https://evil.example/here?u=x@y.example",
            "evil.example/here@y.example",
            "a<b>@example.org",
            "ada\u{202e}@example.org",
            "ada\u{200b}@example.org",
            "ada@example.org/here",
            "ada",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn what_has_no_two_sides_of_one_at_is_no_address() {
        let long = format!("{}@example.org", "a".repeat(250));
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "a@b@c",
            "a b@c",
            "a\n@c",
            &long,
        ] {
            assert_eq!(address(text), None, "{text:?}");
        }
    }
}
