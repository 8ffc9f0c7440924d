//! Titles and texts of what is published, in the language that comes closest to what a reader wants.

use super::markdown::{html, html_with_assets};
use crate::domain::content::{Markdown, Translations};
use crate::kernel::ids::OrgId;
use crate::kernel::language::canonical;
use async_graphql::{Context, Object};

/// Languages of one wish that are looked at.
const MOST_LANGUAGES: usize = 10;

/// What there is to read of something: what its author wrote, and translations of it.
pub struct Source<'s> {
    /// Its title.
    pub title: &'s str,
    /// Its Markdown, where it has any.
    pub text: Option<&'s Markdown>,
    /// The language that it is written in.
    pub language: &'s str,
    /// The same in other languages.
    pub translations: &'s Translations,
}

/// A title and a text, each with its language.
pub struct LocalizedText {
    /// Whose files the text may show; none where it shows none.
    files: Option<OrgId>,
    title: (String, String),
    text: Option<(String, Markdown)>,
}

impl LocalizedText {
    /// Chooses from what there is of something that may show an organisation's files.
    pub fn choose(files: Option<OrgId>, source: &Source<'_>, wanted: &[String]) -> Self {
        let own = source.language;
        let wanted = wanted.iter().take(MOST_LANGUAGES);
        let wanted: Vec<String> = wanted.filter_map(|tag| canonical(tag)).collect();
        let title = source
            .translations
            .closest(&wanted, Some(own), |it| it.title.as_ref());
        let (language, title) = title.map_or((own, source.title), |(tag, title)| (tag, title.as_str()));
        let own_text = source.text.map(|_| own);
        let text = source
            .translations
            .closest(&wanted, own_text, |it| it.text.as_ref());
        let text = text.or_else(|| source.text.map(|text| (own, text)));
        Self {
            files,
            title: (language.to_owned(), title.to_owned()),
            text: text.map(|(language, text)| (language.to_owned(), text.clone())),
        }
    }
}

impl LocalizedText {
    /// The title alone.
    #[must_use]
    pub fn without_text(self) -> Self {
        Self { text: None, ..self }
    }
}

/// A title and a text, each in the language that comes closest to what was wanted, and saying in which.
///
/// It belongs to the arguments that it was asked for with and has no identifier: a client that keeps what it has read never takes one
/// language for another.
#[Object]
impl LocalizedText {
    /// The title. Cost: 1.
    async fn title(&self) -> &str {
        &self.title.1
    }

    /// The language that the title is in, a tag of BCP 47. Cost: 1.
    async fn title_language(&self) -> &str {
        &self.title.0
    }

    /// The Markdown: a course's summary, a text, a description, instructions, a transcript. Null for what has none, such as modules and
    /// quizzes, and while a unit is locked to you. Cost: 1.
    async fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|(_, text)| text.source())
    }

    /// The text as clean HTML, with addresses for an hour of the files that you may read; a course's summary shows no files. Cost: 5; a unit's
    /// text comes from memory once somebody has asked.
    async fn text_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        let Some((_, text)) = &self.text else {
            return Ok(None);
        };
        Ok(Some(match self.files {
            Some(org) => html_with_assets(ctx, org, text).await?,
            None => html(text).await?,
        }))
    }

    /// The language that the text is in, a tag of BCP 47; null where there is no text. Cost: 1.
    async fn text_language(&self) -> Option<&str> {
        self.text.as_ref().map(|(language, _)| language.as_str())
    }
}
