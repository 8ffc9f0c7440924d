//! Languages, as BCP 47 tags them.

use icu_locale_core::LanguageIdentifier;

/// Characters of a tag.
const MOST: usize = 35;

/// The usual spelling of a language's tag, such as `en`, `de-AT` or `zh-Hans`; none of what is no such tag.
pub fn canonical(tag: &str) -> Option<String> {
    if tag.len() > MOST {
        return None;
    }
    let language = LanguageIdentifier::try_from_str(tag).ok()?;
    Some(language.to_string())
}

/// A tag, then the wider ones that it falls back to: `zh-Hant-TW`, `zh-Hant`, `zh`.
pub fn widening(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| tag.rsplit_once('-').map(|(wider, _)| wider))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_one_spelling() {
        for (tag, spelling) in [
            ("en", Some("en")),
            ("EN", Some("en")),
            ("de-at", Some("de-AT")),
            ("pt-BR", Some("pt-BR")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("gsw", Some("gsw")),
            ("es-419", Some("es-419")),
            ("sl-it-nedis", Some("sl-IT-nedis")),
            ("", None),
            ("e", None),
            ("12", None),
            ("en_US", None),
            ("en-", None),
            ("english", None),
            ("en-x", None),
            ("en-u-ca-buddhist", None),
            ("sl-rozaj-biske-1994-aaaaa-bbbbb-ccccc", None),
        ] {
            assert_eq!(canonical(tag).as_deref(), spelling, "{tag}");
        }
    }

    #[test]
    fn a_tag_falls_back_to_wider_ones() {
        let tags: Vec<_> = widening("zh-Hant-TW").collect();
        assert_eq!(tags, ["zh-Hant-TW", "zh-Hant", "zh"]);
        assert_eq!(widening("de").count(), 1);
    }
}
