//! `SUMMARY.md`: the list of a book's chapters.
//!
//! Read as mdBook reads it, and a little more freely: a heading of any level after the title begins a part,
//! and links outside lists may stand anywhere. <https://rust-lang.github.io/mdBook/format/summary.html>

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::book::cut_title;
use super::report::{Broken, Lines, Place};

/// Deepest nesting of lists.
const MAX_LEVEL: usize = 8;

/// What `SUMMARY.md` says, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// The heading of level 1 before everything else.
    pub title: Option<String>,
    pub items: Vec<Item>,
}

/// A line of the summary.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The title of a part: the chapters after it belong to it.
    Part(String),
    Chapter(Entry),
}

/// A link to a chapter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub title: String,
    /// Path from the folder of `SUMMARY.md`, as written; none for a draft, a chapter yet to be written.
    pub target: Option<String>,
    /// How many lists it stands in: 0 for a prefix or suffix chapter, 1 for a numbered one, more below it.
    pub level: usize,
    pub place: Place,
}

/// Reads the text of `file`; on failure gives every fault of it.
pub(super) fn parse(file: &str, text: &str) -> Result<Summary, Vec<Broken>> {
    let mut reader = Reader {
        file,
        lines: Lines::of(text),
        summary: Summary::default(),
        broken: Vec::new(),
        lists: 0,
        links_of_items: Vec::new(),
        words: String::new(),
        link_in_heading: false,
    };
    for (event, range) in Parser::new_ext(text, Options::ENABLE_HEADING_ATTRIBUTES).into_offset_iter() {
        reader.take(event, range.start);
        if reader.lists > MAX_LEVEL {
            let reason = format!("lists are nested deeper than {MAX_LEVEL} levels");
            reader.fault(range.start, &reason);
            break;
        }
    }
    if reader.broken.is_empty()
        && !reader
            .summary
            .items
            .iter()
            .any(|item| matches!(item, Item::Chapter(_)))
    {
        reader
            .broken
            .push(Place::new(file, 0).broken("lists no chapter; add one as `- [Title](chapter.md)`"));
    }
    if reader.broken.is_empty() {
        Ok(reader.summary)
    } else {
        Err(reader.broken)
    }
}

struct Reader<'a> {
    file: &'a str,
    lines: Lines,
    summary: Summary,
    broken: Vec<Broken>,
    /// Lists open at this point.
    lists: usize,
    /// Links seen in each list item open at this point, and where the item begins.
    links_of_items: Vec<(usize, usize)>,
    /// The words of the heading or link open at this point.
    words: String,
    link_in_heading: bool,
}

impl Reader<'_> {
    fn take(&mut self, event: Event, at: usize) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                self.words.clear();
                self.link_in_heading = false;
            }
            Event::End(TagEnd::Heading(level)) => self.end_heading(level),
            Event::Start(Tag::List(_)) => self.lists += 1,
            Event::End(TagEnd::List(_)) => self.lists -= 1,
            Event::Start(Tag::Item) => self.links_of_items.push((0, at)),
            Event::End(TagEnd::Item) => {
                if let Some((0, begin)) = self.links_of_items.pop() {
                    self.fault(
                        begin,
                        "a list item without a link to a chapter, as `- [Title](chapter.md)`",
                    );
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.begin_link(&dest_url, at),
            Event::End(TagEnd::Link) => self.end_link(),
            Event::Start(Tag::CodeBlock(_)) => {
                self.fault(
                    at,
                    "reads as a block of code; indent its lines by less than four spaces",
                );
            }
            Event::Text(words) | Event::Code(words) => self.words.push_str(&words),
            Event::SoftBreak | Event::HardBreak => self.words.push(' '),
            _ => {}
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let title = cut_title(self.words.trim());
        // A chapter with a `---` below it, which Markdown takes for a heading.
        if self.link_in_heading || title.is_empty() {
            return;
        }
        let first = self.summary.title.is_none() && self.summary.items.is_empty();
        if first && level == HeadingLevel::H1 {
            self.summary.title = Some(title);
        } else {
            self.summary.items.push(Item::Part(title));
        }
    }

    fn begin_link(&mut self, target: &str, at: usize) {
        self.words.clear();
        self.link_in_heading = true;
        if let Some((links, _)) = self.links_of_items.last_mut() {
            *links += 1;
            if *links > 1 {
                self.fault(
                    at,
                    "a list item with a second link; every chapter has an item of its own",
                );
            }
        }
        if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
            self.fault(at, "links to no file of the book");
        }
        let target = target.replace("%20", " ");
        self.summary.items.push(Item::Chapter(Entry {
            title: String::new(),
            target: (!target.is_empty()).then_some(target),
            level: self.lists,
            place: self.place(at),
        }));
    }

    fn end_link(&mut self) {
        let words = cut_title(self.words.trim());
        if let Some(Item::Chapter(entry)) = self.summary.items.last_mut() {
            if words.is_empty() {
                self.broken.push(entry.place.broken("a chapter without a title"));
            }
            entry.title = words;
        }
    }

    fn place(&self, at: usize) -> Place {
        Place::new(self.file, self.lines.at(at))
    }

    fn fault(&mut self, at: usize, reason: &str) {
        self.broken.push(self.place(at).broken(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a summary as lines of level, title and target; parts have a `#`.
    fn outline(text: &str) -> Vec<String> {
        let summary = parse("src/SUMMARY.md", text).expect("the summary is sound");
        let line = |item: &Item| match item {
            Item::Part(title) => format!("# {title}"),
            Item::Chapter(Entry {
                title, target, level, ..
            }) => {
                format!("{level} {title} -> {}", target.as_deref().unwrap_or("draft"))
            }
        };
        summary.items.iter().map(line).collect()
    }

    fn faults(text: &str) -> Vec<String> {
        let faults = parse("S.md", text).expect_err("the summary is broken");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_form_of_entry_is_read() {
        let text = "# Summary\n\n[Preface](pre.md)\n[Thanks](./thanks.md)\n\n## The `match` part\n\n\
                    - [The `if let` Construct](a.md)\n  - [*Deeper*](a/b%20c.md)\n    - [Deepest](a/d.md)\n\
                    - [Unwritten]()\n\n---\n\n# Part two\n\n1. [Numbered][n]\n\n-----------\n\n[Glossary](g.md)\n\n\
                    <!-- a remark -->\n\n[n]: n.md\n";
        assert_eq!(
            outline(text),
            [
                "0 Preface -> pre.md",
                "0 Thanks -> ./thanks.md",
                "# The match part",
                "1 The if let Construct -> a.md",
                "2 Deeper -> a/b c.md",
                "3 Deepest -> a/d.md",
                "1 Unwritten -> draft",
                "# Part two",
                "1 Numbered -> n.md",
                "0 Glossary -> g.md",
            ]
        );
        assert_eq!(
            parse("S.md", text).expect("it is sound").title.as_deref(),
            Some("Summary")
        );
    }

    #[test]
    fn a_first_heading_below_level_one_is_a_part() {
        assert_eq!(outline("## Start\n- [A](a.md)"), ["# Start", "1 A -> a.md"]);
    }

    #[test]
    fn a_chapter_underlined_by_a_separator_is_no_part() {
        assert_eq!(
            outline("[A](a.md)\n---\n- [B](b.md)"),
            ["0 A -> a.md", "1 B -> b.md"]
        );
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        assert_eq!(
            faults("- [A](a.md)\n- plain\n- [](b.md)\n- [C](c.md) [D](d.md)\n- [E](https://example.org/)"),
            [
                "S.md:2: a list item without a link to a chapter, as `- [Title](chapter.md)`",
                "S.md:3: a chapter without a title",
                "S.md:4: a list item with a second link; every chapter has an item of its own",
                "S.md:5: links to no file of the book",
            ]
        );
        let indented = "S.md:3: reads as a block of code; indent its lines by less than four spaces";
        assert_eq!(faults("[A](a.md)\n\n     [B](b.md)"), [indented]);
        assert_eq!(
            faults("# Only a title"),
            ["S.md: lists no chapter; add one as `- [Title](chapter.md)`"]
        );
    }

    #[test]
    fn lists_nest_eight_levels_and_no_more() {
        let nested = |levels: usize| {
            let lines = (0..levels).map(|level| format!("{}- [A](a.md)\n", "  ".repeat(level)));
            lines.collect::<Vec<_>>().concat()
        };
        assert_eq!(outline(&nested(8)).len(), 8);
        assert_eq!(
            faults(&nested(9)),
            ["S.md:9: lists are nested deeper than 8 levels"]
        );
    }
}
