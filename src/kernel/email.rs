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

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_kept_in_lower_case_without_spaces_around_it() {
        assert_eq!(address(" Ada@Example.ORG ").as_deref(), Some("ada@example.org"));
        assert_eq!(
            address("zoë@bücher.example").as_deref(),
            Some("zoë@bücher.example")
        );
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
