//! What a search finds in published courses: the title and the text of the course and of each unit, in every language that they are in.
//!
//! Questions are not among it, and of a unit with rules of release only its title is.

use super::model::SeenCourse;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::published_texts;
use crate::db::{Conn, Statement};
use crate::domain::content::{Content, Markdown, Translations, UnitContent};
use crate::kernel::ids::CourseId;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text as SqlText, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

/// Characters of a text that are searched: PostgreSQL takes a megabyte of a text's words.
const MOST_SEARCHED: usize = 100_000;

/// A title and a text in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text<'c> {
    /// The unit, or the course itself.
    node: Uuid,
    language: &'c str,
    is_translation: bool,
    title: &'c str,
    body: &'c str,
}

/// Replaces what is found in a course by what its new revision says: two statements, whatever its size.
pub async fn replace(
    course: &Allowed<'_, action::CoursesPublish, SeenCourse>,
    mut conn: Conn<'_>,
    content: &Content,
) -> QueryResult<()> {
    let key = course.course.key;
    let former = published_texts::table
        .filter(published_texts::org_id.eq(key.org))
        .filter(published_texts::course_id.eq(key.id));
    diesel::delete(former).execute(&mut conn).await?;
    let language = content.language.as_deref().unwrap_or(&course.course.language);
    let texts = texts(key.id, language, content);
    let nodes: Vec<Uuid> = texts.iter().map(|text| text.node).collect();
    let languages: Vec<&str> = texts.iter().map(|text| text.language).collect();
    let translated: Vec<bool> = texts.iter().map(|text| text.is_translation).collect();
    let titles: Vec<&str> = texts.iter().map(|text| text.title).collect();
    let bodies: Vec<&str> = texts.iter().map(|text| text.body).collect();
    Statement::<Untyped>::new(
        "insert into published_texts (org_id, course_id, node_id, language, is_translation, title, body) \
         select ?, ?, t.node_id, t.language, t.is_translation, t.title, t.body \
         from unnest(?, ?, ?, ?, ?) as t (node_id, language, is_translation, title, body)",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Array<SqlUuid>, _>(nodes)
    .bind::<Array<SqlText>, _>(languages)
    .bind::<Array<Bool>, _>(translated)
    .bind::<Array<SqlText>, _>(titles)
    .bind::<Array<SqlText>, _>(bodies)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// What is found in a course: of the course itself, then of its units.
fn texts<'c>(course: CourseId, language: &'c str, content: &'c Content) -> Vec<Text<'c>> {
    let of = |node: Uuid, title: &'c str, body: &'c str| Text {
        node,
        language,
        is_translation: false,
        title,
        body,
    };
    let of_unit = |unit: &'c UnitContent| {
        let text = unit.body.text().map_or("", Markdown::source);
        let source = of(unit.id.0, &unit.title, text);
        // Whoever sees a course knows what its units are called, and not what those are made of that wait for something.
        in_all_languages(source, &unit.translations, unit.release.is_empty())
    };
    let course = of(course.0, &content.title, &content.summary);
    let mut texts = in_all_languages(course, &content.translations, true);
    let units = content.modules.iter().flat_map(|module| &module.units);
    texts.extend(units.flat_map(of_unit));
    texts
}

/// A text and its translations, as far as they are found.
fn in_all_languages<'c>(source: Text<'c>, translations: &'c Translations, with_body: bool) -> Vec<Text<'c>> {
    let translated = translations.0.iter().map(|(language, translation)| Text {
        language,
        is_translation: true,
        title: translation.title.as_deref().unwrap_or_default(),
        body: translation.text.as_ref().map_or("", Markdown::source),
        ..source
    });
    let all = [source].into_iter().chain(translated);
    let found = all.map(|text| Text {
        body: if with_body { beginning(text.body) } else { "" },
        ..text
    });
    found
        .filter(|text| !text.title.is_empty() || !text.body.is_empty())
        .collect()
}

/// As much of a text as is searched.
fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(MOST_SEARCHED);
    end.map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{ReleaseRule, Translation, UnitBody};

    fn content() -> Content {
        serde_json::from_str(include_str!("../content/fixtures/format_3.json")).unwrap()
    }

    fn translations(title: Option<&str>, text: Option<&str>) -> Translations {
        let translation = Translation {
            title: title.map(str::to_owned),
            text: text.map(|text| text.to_owned().into()),
        };
        Translations([("pt".to_owned(), translation)].into())
    }

    #[test]
    fn titles_and_texts_are_found_and_nothing_of_a_quiz_but_its_title() {
        let content = content();
        let course = CourseId(Uuid::from_u128(1));
        let texts = texts(course, "en", &content);
        let units: Vec<&UnitContent> = content.modules.iter().flat_map(|module| &module.units).collect();
        assert_eq!(texts.len(), 1 + units.len());
        assert_eq!(
            (texts[0].node, texts[0].title, texts[0].body),
            (course.0, "A course", "About it.")
        );
        for (text, unit) in texts[1..].iter().zip(units) {
            assert_eq!((text.node, text.title), (unit.id.0, unit.title.as_str()));
            let shown = unit.body.text().map_or("", Markdown::source);
            assert_eq!(text.body, shown, "{}", unit.title);
            if matches!(unit.body, UnitBody::Quiz { .. }) {
                assert_eq!(text.body, "");
            }
        }
        assert!(texts.iter().any(|text| text.body == "*Hello.*"), "a transcript");
        assert!(texts.iter().any(|text| text.body == "Build it."), "instructions");
    }

    #[test]
    fn what_waits_is_found_by_its_title_in_each_language() {
        let mut content = content();
        let unit = &mut content.modules[0].units[0];
        unit.translations = translations(Some("Um título"), Some("Um texto"));
        let course = CourseId(Uuid::from_u128(1));
        let found = |content: &Content| -> Vec<(String, String, bool)> {
            let texts = texts(course, "en", content);
            let node = content.modules[0].units[0].id.0;
            let of_unit = texts.into_iter().filter(|text| text.node == node);
            of_unit
                .map(|text| (text.title.to_owned(), text.body.to_owned(), text.is_translation))
                .collect()
        };
        let row =
            |title: &str, body: &str, is_translation| (title.to_owned(), body.to_owned(), is_translation);
        assert_eq!(
            found(&content),
            [
                row("A text", "Read *this*.", false),
                row("Um título", "Um texto", true)
            ]
        );
        content.modules[0].units[0].release = vec![ReleaseRule::AfterDays(1)];
        assert_eq!(
            found(&content),
            [row("A text", "", false), row("Um título", "", true)]
        );
        content.modules[0].units[0].translations = translations(None, Some("Um texto"));
        assert_eq!(
            found(&content),
            [row("A text", "", false)],
            "nothing is left to find"
        );
    }

    #[test]
    fn the_beginning_of_a_long_text_is_found() {
        let long = "é".repeat(MOST_SEARCHED + 1);
        assert_eq!(beginning(&long).chars().count(), MOST_SEARCHED);
        assert_eq!(beginning("é"), "é");
    }
}
