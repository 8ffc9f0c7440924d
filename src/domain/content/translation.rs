//! Titles and texts in other languages than a course's own.

use super::markdown::Markdown;
use crate::kernel::language::widening;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What something is called and what it says in another language. What is left out is shown in a wider language, or in the
/// course's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its Markdown: a course's summary, a text, a description, instructions, a transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Markdown>,
}

impl Translation {
    /// Whether nothing is translated.
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.text.is_none()
    }
}

/// The translations of something by their languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Translations(pub BTreeMap<String, Translation>);

impl Translations {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds a part in the first language that it is there in: each that is wanted, then the wider ones, then the next.
    /// Nothing where the source comes first: what is written in the language itself, or in one of its variants.
    pub fn closest<'t, T>(
        &'t self,
        wanted: &[String],
        source: Option<&str>,
        part: impl Fn(&'t Translation) -> Option<&'t T>,
    ) -> Option<(&'t str, &'t T)> {
        let mut tags = wanted.iter().flat_map(|tag| widening(tag));
        let is_source = |tag: &str| {
            let mut wider = source.into_iter().flat_map(widening);
            wider.any(|source| source.eq_ignore_ascii_case(tag))
        };
        let found = tags.find_map(|tag| {
            let translated = self.0.get_key_value(tag);
            let translated = translated.and_then(|(language, it)| Some((language.as_str(), part(it)?)));
            translated.map(Some).or_else(|| is_source(tag).then_some(None))
        });
        found.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(languages: &[(&str, Option<&str>)]) -> Translations {
        let translation = |title: &str| Translation {
            title: Some(title.to_owned()),
            text: None,
        };
        let entry = |(language, title): &(&str, Option<&str>)| {
            ((*language).to_owned(), title.map(translation).unwrap_or_default())
        };
        Translations(languages.iter().map(entry).collect())
    }

    #[test]
    fn the_closest_language_is_found_in_the_order_of_what_is_wanted() {
        let translations = translated(&[
            ("pt", Some("pt")),
            ("de", Some("de")),
            ("zh-Hant", None),
            ("zh", Some("zh")),
        ]);
        for (wanted, found) in [
            (&["pt-BR"][..], Some("pt")),
            (&["fr", "pt-BR", "de"][..], Some("pt")),
            (&["de", "pt"][..], Some("de")),
            (&["zh-Hant-TW"][..], Some("zh")),
            (&["en-GB", "de"][..], None),
            (&["fr"][..], None),
            (&[][..], None),
        ] {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            let closest = translations.closest(&wanted, Some("en"), |translation| translation.title.as_ref());
            let closest = closest.map(|(language, title)| (language, title.as_str()));
            assert_eq!(closest, found.map(|tag| (tag, tag)), "{wanted:?}");
            let text = translations.closest(&wanted, Some("en"), |translation| translation.text.as_ref());
            assert_eq!(text, None, "{wanted:?}");
        }
    }

    #[test]
    fn a_variant_of_the_source_is_closer_than_the_next_language_and_no_source_is_passed_over() {
        let translations = translated(&[("de", Some("de"))]);
        for (wanted, source, found) in [
            (&["en-US", "de"][..], Some("en-GB"), None),
            (&["en", "de"][..], Some("en-GB"), None),
            (&["en-US", "de"][..], Some("fr"), Some("de")),
            (&["en", "de"][..], None, Some("de")),
        ] {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            let closest = translations.closest(&wanted, source, |translation| translation.title.as_ref());
            assert_eq!(
                closest.map(|(language, _)| language),
                found,
                "{wanted:?} {source:?}"
            );
        }
    }

    #[test]
    fn what_is_not_translated_is_written_nowhere() {
        let translations = translated(&[("de", None), ("pt", Some("t"))]);
        let written = serde_json::to_value(&translations).unwrap();
        assert_eq!(written, serde_json::json!({ "de": {}, "pt": { "title": "t" } }));
        assert_eq!(
            serde_json::from_value::<Translations>(written).unwrap(),
            translations
        );
    }
}
