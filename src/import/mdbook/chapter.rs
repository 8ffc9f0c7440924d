//! The pieces of a chapter as units: which of them show anything, what they are called, and that each keeps
//! the link and footnote definitions that it uses.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag, TagEnd};

use super::book::cut_title;
use super::expand::Piece;
use super::folder::{Folder, Refusal};
use super::report::Place;

/// A piece of a chapter with its title.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Section {
    Text {
        title: String,
        markdown: String,
        /// How many quizzes stand before it in the chapter, plus one.
        slot: usize,
    },
    Quiz {
        title: String,
        file: String,
        toml: String,
        place: Place,
    },
}

/// Names the pieces of the chapter `title` and leaves out texts that show nothing.
///
/// The first text has the title of the chapter; a later one that of the first heading in it, or the
/// chapter's with "(continued)". A quiz has the title of the heading under which it stands, or the chapter's.
/// Definitions that are copied count towards the size of the book in `folder`.
pub(super) fn sections(
    title: &str,
    pieces: Vec<Piece>,
    folder: &mut Folder,
) -> Result<Vec<Section>, Refusal> {
    let mut texts = self_contained(&pieces, folder)?.into_iter();
    let mut sections = Vec::new();
    let (mut heading, mut slot, mut begun) = (title.to_owned(), 1, false);
    for piece in pieces {
        match piece {
            Piece::Text(_) => {
                let markdown = texts.next().unwrap_or_default();
                let headings = headings(&markdown);
                if shows_something(&markdown) {
                    let title = match headings.first() {
                        _ if !begun => title.to_owned(),
                        Some(heading) => heading.clone(),
                        None => cut_title(&format!("{title} (continued)")),
                    };
                    begun = true;
                    sections.push(Section::Text {
                        title,
                        markdown,
                        slot,
                    });
                }
                heading = headings.into_iter().next_back().unwrap_or(heading);
            }
            Piece::Quiz { file, toml, place } => {
                slot += 1;
                let title = cut_title(&format!("Quiz: {heading}"));
                sections.push(Section::Quiz {
                    title,
                    file,
                    toml,
                    place,
                });
            }
        }
    }
    Ok(sections)
}

fn options() -> Options {
    Options::ENABLE_FOOTNOTES | Options::ENABLE_HEADING_ATTRIBUTES
}

/// The texts among `pieces`, each with the definitions of the chapter that it uses and does not hold.
///
/// Markdown resolves `[words][label]` and `[^label]` from anywhere in a document, most often from its end.
/// Link definitions, which are not seen, are copied; footnotes, which are, move to the texts that use them.
fn self_contained(pieces: &[Piece], folder: &mut Folder) -> Result<Vec<String>, Refusal> {
    let mut whole = String::new();
    let mut ranges = Vec::new();
    for piece in pieces {
        if let Piece::Text(text) = piece {
            let start = whole.len();
            whole.push_str(text);
            ranges.push(start..whole.len());
            whole.push_str("\n\n");
        }
    }
    if ranges.len() == 1 {
        return Ok(vec![trimmed(&whole)]);
    }
    let footnotes = footnotes(&whole);
    let by_mark: HashMap<_, _> = footnotes
        .iter()
        .map(|(mark, at)| (mark.as_str(), at.clone()))
        .collect();
    let chapter = Parser::new_ext(&whole, options());
    let links = chapter.reference_definitions();
    let mut texts = Vec::new();
    for range in ranges {
        let mut text = without(&whole, &range, &footnotes);
        let used = marks(&text)
            .filter_map(|mark| by_mark.get(mark).cloned())
            .collect();
        append(&mut text, &whole, used, folder)?;
        let used = unresolved(&text)
            .iter()
            .filter_map(|label| Some(links.get(label)?.span.clone()))
            .collect();
        append(&mut text, &whole, used, folder)?;
        texts.push(trimmed(&text));
    }
    Ok(texts)
}

/// The footnote definitions of a text in their order: the mark that refers to each, and where it stands.
fn footnotes(text: &str) -> Vec<(String, Range<usize>)> {
    let footnote = |(event, range)| match event {
        Event::Start(Tag::FootnoteDefinition(label)) => Some((format!("[^{label}]"), range)),
        _ => None,
    };
    Parser::new_ext(text, options())
        .into_offset_iter()
        .filter_map(footnote)
        .collect()
}

/// Whatever in a text may refer to a footnote, as `[^label]`.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    let mark = |(at, _)| {
        let label: &str = &text[at + 2..];
        Some(&text[at..=at + 2 + label.find(['[', ']', '\n'])?])
    };
    text.match_indices("[^").filter_map(mark)
}

/// The text of `range` without the footnotes that lie in it.
fn without(whole: &str, range: &Range<usize>, footnotes: &[(String, Range<usize>)]) -> String {
    let mut text = String::new();
    let mut from = range.start;
    let first = footnotes.partition_point(|(_, footnote)| footnote.start < range.start);
    for (_, footnote) in footnotes[first..]
        .iter()
        .take_while(|(_, footnote)| footnote.start < range.end)
    {
        if footnote.start >= from && footnote.end <= range.end {
            text.push_str(&whole[from..footnote.start]);
            from = footnote.end;
        }
    }
    text.push_str(&whole[from..range.end]);
    text
}

/// The labels of links that a text refers to and does not define.
fn unresolved(text: &str) -> HashSet<String> {
    let mut labels = HashSet::new();
    let note = |link: BrokenLink| {
        labels.insert(link.reference.to_string());
        None::<(CowStr, CowStr)>
    };
    Parser::new_with_broken_link_callback(text, options(), Some(note)).for_each(drop);
    labels
}

/// Appends the definitions at the ranges `used` of `whole` to `text`, in their order and each once.
fn append(
    text: &mut String,
    whole: &str,
    mut used: Vec<Range<usize>>,
    folder: &mut Folder,
) -> Result<(), Refusal> {
    used.sort_by_key(|range| range.start);
    used.dedup();
    for (number, range) in used.into_iter().enumerate() {
        folder.count(range.len())?;
        if number == 0 {
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(whole[range].trim_end());
    }
    Ok(())
}

/// The text without blank lines around it.
fn trimmed(text: &str) -> String {
    text.trim_start_matches('\n').trim_end().to_owned()
}

/// The headings of a text in plain words.
fn headings(markdown: &str) -> Vec<String> {
    let mut headings = Vec::new();
    let mut open: Option<String> = None;
    for event in Parser::new_ext(markdown, options()) {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { .. }), _) => open = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), words) => {
                headings.extend(words.take().map(|words| cut_title(words.trim())));
            }
            (Event::Text(text) | Event::Code(text), Some(words)) => words.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(words)) => words.push(' '),
            _ => {}
        }
    }
    headings.retain(|heading| !heading.is_empty());
    headings
}

/// Whether a reader sees anything of the text: more than comments, definitions and rules.
fn shows_something(markdown: &str) -> bool {
    // A comment may go over several events, one for each of its lines.
    let mut html = String::new();
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Text(text) | Event::Code(text) if !text.trim().is_empty() => return true,
            Event::Start(Tag::Image { .. }) => return true,
            Event::Html(part) | Event::InlineHtml(part) => html.push_str(&part),
            _ => {}
        }
    }
    let mut rest = html.as_str();
    while let Some((shown, comment)) = rest.split_once("<!--") {
        if !shown.trim().is_empty() {
            return true;
        }
        rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    !rest.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempBook;
    use super::*;

    fn quiz() -> Piece {
        Piece::Quiz {
            file: "q.toml".to_owned(),
            toml: String::new(),
            place: Place::new("a.md", 1),
        }
    }

    /// The sections of a chapter "Chapter" with a quiz between each two of `texts`, as lines.
    fn outline(texts: &[&str]) -> Vec<String> {
        let mut pieces = Vec::new();
        for text in texts {
            if !pieces.is_empty() {
                pieces.push(quiz());
            }
            pieces.push(Piece::Text((*text).to_owned()));
        }
        let line = |section| match section {
            Section::Text {
                title,
                markdown,
                slot,
            } => format!("{slot} {title} | {markdown}"),
            Section::Quiz { title, .. } => title,
        };
        let book = TempBook::empty();
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        let sections = sections("Chapter", pieces, &mut folder).expect("the book is not too large");
        sections.into_iter().map(line).collect()
    }

    #[test]
    fn pieces_are_named_after_chapter_and_headings() {
        assert_eq!(
            outline(&[
                "# One\n\n## The `x`{#x}\n\ntext\n",
                "\nmore\n",
                "\nOnly\n\n### Then {#then}\n",
                "\n"
            ]),
            [
                "1 Chapter | # One\n\n## The `x`{#x}\n\ntext",
                "Quiz: The x",
                "2 Chapter (continued) | more",
                "Quiz: The x",
                "3 Then | Only\n\n### Then {#then}",
                "Quiz: Then",
            ]
        );
    }

    #[test]
    fn a_heading_in_code_names_nothing() {
        assert_eq!(
            outline(&["a", "```\n# not a heading\n```"]),
            [
                "1 Chapter | a",
                "Quiz: Chapter",
                "2 Chapter (continued) | ```\n# not a heading\n```"
            ]
        );
    }

    #[test]
    fn texts_that_show_nothing_are_left_out_and_the_rest_keeps_its_number() {
        let texts = ["\n", "<!-- a\nnote -->\n\n[x]: y.md\n", "a", "\n***\n"];
        assert_eq!(
            outline(&texts),
            ["Quiz: Chapter", "Quiz: Chapter", "3 Chapter | a", "Quiz: Chapter"]
        );
        for shown in ["<hr>", "<!-- a --><b>", "![](a.png)", "`a`"] {
            assert_eq!(outline(&[shown]).len(), 1, "{shown}");
        }
    }

    #[test]
    fn each_text_has_the_link_definitions_it_uses() {
        assert_eq!(
            outline(&[
                "[a][x] and [Y\ny]",
                "[b][x], [c][c]\n\n[c]: c.md",
                "[x]: x.md \"X\"\n[y  y]: y.md\n[z]: z.md"
            ]),
            [
                "1 Chapter | [a][x] and [Y\ny]\n\n[x]: x.md \"X\"\n[y  y]: y.md",
                "Quiz: Chapter",
                "2 Chapter (continued) | [b][x], [c][c]\n\n[c]: c.md\n\n[x]: x.md \"X\"",
                "Quiz: Chapter",
            ]
        );
    }

    #[test]
    fn a_footnote_moves_to_the_text_that_refers_to_it() {
        assert_eq!(
            outline(&[
                "a[^1]",
                "b[^two]\n\n[^1]: One, see [x].\n\n    More.\n\n[^two]: Two.\n\n[x]: x.md"
            ]),
            [
                "1 Chapter | a[^1]\n\n[^1]: One, see [x].\n\n    More.\n\n[x]: x.md",
                "Quiz: Chapter",
                "2 Chapter (continued) | b[^two]\n\n[x]: x.md\n\n[^two]: Two.",
            ]
        );
    }

    #[test]
    fn a_chapter_without_a_quiz_stays_as_it_is() {
        let text = "a[^1]\n\n[^1]: One [x].\n\nb\n\n[x]: x.md";
        assert_eq!(outline(&[text]), [format!("1 Chapter | {text}")]);
    }
}
