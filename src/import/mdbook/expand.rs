//! A chapter with its directives carried out: files put in their place, quizzes told apart from the text.

use std::fmt::Display;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::directive::{Choice, Kind, Target, directives};
use super::folder::{Folder, MAX_FILE_BYTES, MAX_INCLUDED_BYTES, Refusal, parent, resolve};
use super::report::{Broken, Lines, Place, Report, Skipped};

/// Deepest chain of files that include each other.
const MAX_DEPTH: usize = 10;

/// A part of a chapter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Markdown source.
    Text(String),
    /// A quiz that exists.
    Quiz {
        /// Path of its file from the book's folder.
        file: String,
        /// The text of its file.
        toml: String,
        /// Where the chapter asks for it.
        place: Place,
    },
}

/// Carries out the directives of the chapter `text`, which is the file at `path` of the folder.
///
/// The pieces alternate: text, then quiz and text for each quiz; a text may be empty.
pub(super) fn expand(
    path: &str,
    text: &str,
    folder: &mut Folder,
    report: &mut Report,
) -> Result<Vec<Piece>, Broken> {
    let mut expansion = Expansion {
        folder,
        report,
        pieces: Vec::new(),
        text: String::new(),
        open: vec![path.to_owned()],
    };
    report_images(path, text, expansion.report);
    expansion.report.check_length(&Place::new(path, 0))?;
    expansion.run(text, None, false)?;
    expansion.pieces.push(Piece::Text(expansion.text));
    Ok(expansion.pieces)
}

struct Expansion<'a> {
    folder: &'a mut Folder,
    report: &'a mut Report,
    pieces: Vec<Piece>,
    /// The text since the last quiz.
    text: String,
    /// The chapter, the file it includes, and so on to the one that is being read.
    open: Vec<String>,
}

impl Expansion<'_> {
    /// Takes over `text`. `place` is the line of the chapter that included it, none for the chapter itself.
    fn run(&mut self, text: &str, place: Option<&Place>, in_code: bool) -> Result<(), Broken> {
        let lines = Lines::of(text);
        let code = if in_code { Vec::new() } else { code_blocks(text) };
        let mut from = 0;
        for directive in directives(text) {
            let range = directive.range;
            self.text.push_str(&text[from..range.start]);
            from = range.end;
            let place = place
                .cloned()
                .unwrap_or_else(|| Place::new(&self.open[0], lines.at(range.start)));
            let written = &text[range.clone()];
            let in_code = in_code || is_within(&code, range.start);
            match directive.kind {
                Kind::Escaped => self.text.push_str(&written[1..]),
                Kind::Include(target) => {
                    let chosen = |text: &str| target.choice.of(text);
                    self.include(&target, chosen, &place, in_code)?;
                }
                Kind::RustdocInclude(target) => {
                    let chosen = |text: &str| target.choice.hiding_the_rest_of(text);
                    self.include(&target, chosen, &place, in_code)?;
                }
                Kind::Playground(path, words) => {
                    let target = Target {
                        path,
                        choice: Choice::All,
                    };
                    let info = [&["rust"], words.as_slice()].concat().join(",");
                    self.include(&target, |text| Some(fenced(text, &info)), &place, in_code)?;
                }
                Kind::Quiz(_) if in_code => {
                    self.text.push_str(written);
                    self.skip(&place, written, "stands in a block of code, kept as written")?;
                }
                Kind::Quiz(path) => self.quiz(path, place)?,
                Kind::Title => self.skip(&place, written, "a unit has the title of its chapter, left out")?,
                Kind::Unknown => {
                    self.text.push_str(written);
                    self.skip(&place, written, "not a directive known here, kept as written")?;
                }
            }
        }
        self.text.push_str(&text[from..]);
        Ok(())
    }

    fn include(
        &mut self,
        target: &Target,
        chosen: impl FnOnce(&str) -> Option<String>,
        place: &Place,
        in_code: bool,
    ) -> Result<(), Broken> {
        let path = match self.resolve(target.path) {
            Ok(path) => path,
            Err(refusal) => return self.note("", target.path, refusal, place, in_code),
        };
        if self.open.contains(&path) {
            return self.note("", &path, "the file includes itself", place, in_code);
        }
        if self.open.len() > MAX_DEPTH {
            let reason = format!("files include each other more than {MAX_DEPTH} deep");
            return self.note("", &path, reason, place, in_code);
        }
        let text = match self.folder.read(&path, MAX_INCLUDED_BYTES) {
            Ok(text) => text,
            Err(refusal) if refusal.is_final() => return Err(place.broken(refusal.to_string())),
            Err(refusal) => return self.note("", &path, refusal, place, in_code),
        };
        let Some(text) = chosen(&text) else {
            return match target.choice {
                Choice::Anchor(name) => {
                    let reason = format!("no `ANCHOR: {name}` in the file");
                    self.note("", &format!("{path}:{name}"), reason, place, in_code)
                }
                _ => self.note("", &path, "the file has no such lines", place, in_code),
            };
        };
        self.report.included += 1;
        self.open.push(path);
        let done = self.run(&text, Some(place), in_code);
        self.open.pop();
        done
    }

    fn quiz(&mut self, path: &str, place: Place) -> Result<(), Broken> {
        // As in mdbook-quiz the path starts from the chapter, also in a file that the chapter includes.
        let file = match resolve(parent(&self.open[0]), path) {
            Ok(file) => file,
            Err(refusal) => return self.note("quiz ", path, refusal, &place, false),
        };
        match self.folder.read(&file, MAX_FILE_BYTES) {
            Ok(toml) => {
                self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
                self.pieces.push(Piece::Quiz {
                    file,
                    toml: toml.to_string(),
                    place,
                });
                Ok(())
            }
            Err(refusal) if refusal.is_final() => Err(place.broken(refusal.to_string())),
            Err(refusal) => self.note("quiz ", &file, refusal, &place, false),
        }
    }

    fn resolve(&self, target: &str) -> Result<String, Refusal> {
        let from = self.open.last().map_or("", |file| parent(file));
        resolve(from, target)
    }

    /// Writes into the text that the file `path` is not there, and reports it.
    fn note(
        &mut self,
        what: &str,
        path: &str,
        reason: impl Display,
        place: &Place,
        in_code: bool,
    ) -> Result<(), Broken> {
        let note = if in_code {
            format!("// [{what}not included: {path}]")
        } else {
            format!("*[{what}not included: `{path}`]*")
        };
        self.text.push_str(&note);
        let (what, reason) = (format!("{what}{path}"), reason.to_string());
        self.report.missing.push(Skipped {
            place: place.clone(),
            what,
            reason,
        });
        self.report.check_length(place)
    }

    fn skip(&mut self, place: &Place, what: &str, reason: &str) -> Result<(), Broken> {
        let (what, reason) = (what.to_owned(), reason.to_owned());
        self.report.skipped.push(Skipped {
            place: place.clone(),
            what,
            reason,
        });
        self.report.check_length(place)
    }
}

/// `text` as a block of code, its fence longer than any in the text.
fn fenced(text: &str, info: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{info}\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// The blocks of code of a text, in their order.
fn code_blocks(text: &str) -> Vec<Range<usize>> {
    let events = Parser::new_ext(text, Options::ENABLE_FOOTNOTES).into_offset_iter();
    events
        .filter(|(event, _)| matches!(event, Event::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| range)
        .collect()
}

fn is_within(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after > 0 && ranges[after - 1].contains(&at)
}

/// Reports the images of a chapter that are files of the book.
fn report_images(path: &str, text: &str, report: &mut Report) {
    let lines = Lines::of(text);
    let mut image = |source: &str, at: usize| {
        if !source.is_empty() && !source.contains("://") && !source.starts_with("data:") {
            let reason = "images are not imported; the reference stays in the text".to_owned();
            report.images.push(Skipped {
                place: Place::new(path, lines.at(at)),
                what: source.to_owned(),
                reason,
            });
        }
    };
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => image(&dest_url, range.start),
            Event::Html(html) | Event::InlineHtml(html) => {
                for (at, _) in html.match_indices("<img") {
                    let tag = html[at + 1..].split(['<', '>']).next().unwrap_or_default();
                    let source = tag.split_once("src=\"").map_or("", |(_, rest)| rest);
                    image(source.split('"').next().unwrap_or_default(), range.start + at);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempBook;
    use super::*;

    /// Expands `text` as `src/a.md` among `files`; gives the pieces, quizzes as `<path>`, and the report.
    fn expanded(text: &str, files: &[(&str, &str)]) -> (Vec<String>, Report) {
        let book = TempBook::empty();
        for (path, text) in files {
            book.write(path, text);
        }
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        let mut report = Report::default();
        let pieces = expand("src/a.md", text, &mut folder, &mut report).expect("nothing is broken");
        let pieces = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Quiz { file, place, .. } => format!("<{file} at {place}>"),
        });
        (pieces.collect(), report)
    }

    fn text_of(text: &str, files: &[(&str, &str)]) -> String {
        expanded(text, files).0.concat()
    }

    fn missing(report: &Report) -> Vec<String> {
        let line = |missing: &Skipped| format!("{}: {}: {}", missing.place, missing.what, missing.reason);
        report.missing.iter().map(line).collect()
    }

    #[test]
    fn a_file_is_put_in_the_place_of_its_directive() {
        let files = [("code/m.rs", "// ANCHOR: x\nlet x;\n// ANCHOR_END: x\nlet y;\n")];
        let cases = [
            ("```\n{{#include ../code/m.rs:x}}\n```\n", "```\nlet x;\n```\n"),
            (
                "```\n{{#rustdoc_include ../code/m.rs:x}}\n```\n",
                "```\nlet x;\n# let y;\n```\n",
            ),
            ("see {{#include ../code/m.rs:4}}!", "see let y;!"),
            (
                "{{#playground ../code/m.rs editable}}",
                "```rust,editable\n// ANCHOR: x\nlet x;\n// ANCHOR_END: x\nlet y;\n```",
            ),
            ("\\{{#include ../code/m.rs}}", "{{#include ../code/m.rs}}"),
            ("{{#title T}}text", "text"),
        ];
        for (text, expected) in cases {
            assert_eq!(text_of(text, &files), expected);
        }
    }

    #[test]
    fn included_files_include_from_their_own_folder() {
        let files = [
            ("src/x/b.md", "b {{#include y/c.md}}\n"),
            ("src/x/y/c.md", "c {{#include ../../d.md}}"),
        ];
        let (pieces, report) = expanded("\n{{#include x/b.md}}", &files);
        assert_eq!(pieces, ["\nb c *[not included: `src/d.md`]*"]);
        assert_eq!(missing(&report), ["src/a.md:2: src/d.md: no such file"]);
        assert_eq!(report.included, 2);
    }

    #[test]
    fn an_absent_file_leaves_a_note_that_fits_and_a_line_in_the_report() {
        let text = "{{#include b.md}}\n```rust\n{{#rustdoc_include ../l/m.rs:x}}\n```\n\n    \
                    {{#include c}}\n{{#quiz q.toml}}";
        let (pieces, report) = expanded(text, &[]);
        assert_eq!(
            pieces,
            [
                "*[not included: `src/b.md`]*\n```rust\n// [not included: l/m.rs]\n```\n\n    \
              // [not included: src/c]\n*[quiz not included: `src/q.toml`]*"
            ]
        );
        assert_eq!(
            missing(&report),
            [
                "src/a.md:1: src/b.md: no such file",
                "src/a.md:3: l/m.rs: no such file",
                "src/a.md:6: src/c: no such file",
                "src/a.md:7: quiz src/q.toml: no such file",
            ]
        );
    }

    #[test]
    fn no_path_leads_out_of_the_book() {
        let text =
            "{{#include ../../a}}{{#include /etc/hostname}}{{#quiz ../../../q.toml}}{{#playground ../../x}}";
        let (pieces, report) = expanded(text, &[]);
        assert_eq!((pieces.len(), report.missing.len(), report.included), (1, 4, 0));
        assert!(missing(&report)[0].ends_with("../../a: the path leaves the book's folder"));
        assert!(
            missing(&report)[1].ends_with("/etc/hostname: the path is absolute; a book's paths are relative")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_book_is_not_included() {
        let (book, other) = (TempBook::empty(), TempBook::empty());
        other.write("secret", "outside");
        std::os::unix::fs::symlink(other.path().join("secret"), book.path().join("b"))
            .expect("links can be made");
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        let pieces = expand("a.md", "{{#include b}}", &mut folder, &mut Report::default());
        assert_eq!(pieces, Ok(vec![Piece::Text("*[not included: `b`]*".to_owned())]));
    }

    #[test]
    fn files_that_include_each_other_end_in_a_note() {
        let files = [
            ("src/b.md", "b{{#include c.md}}"),
            ("src/c.md", "c{{#include b.md}}"),
        ];
        let (pieces, report) = expanded("{{#include b.md}}", &files);
        assert_eq!(pieces, ["bc*[not included: `src/b.md`]*"]);
        assert_eq!(
            missing(&report),
            ["src/a.md:1: src/b.md: the file includes itself"]
        );
        let chain: Vec<_> = (0..12)
            .map(|n| (format!("src/{n}"), format!("{{{{#include {}}}}}", n + 1)))
            .collect();
        let chain: Vec<_> = chain
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let (_, report) = expanded("{{#include 0}}", &chain);
        assert_eq!(
            missing(&report),
            ["src/a.md:1: src/10: files include each other more than 10 deep"]
        );
    }

    #[test]
    fn a_file_over_one_mebibyte_is_not_included() {
        let (_, report) = expanded("{{#include b}}", &[("src/b", &"x".repeat((1 << 20) + 1))]);
        assert_eq!(missing(&report), ["src/a.md:1: src/b: larger than 1 MiB"]);
    }

    #[test]
    fn files_that_swell_beyond_the_limit_break_the_book() {
        let book = TempBook::empty();
        book.write("b", &"{{#include c}}".repeat(100));
        book.write("c", &"x".repeat(1 << 20));
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        let fault = expand("a.md", "{{#include b}}", &mut folder, &mut Report::default());
        let fault = fault.expect_err("it is too large").to_string();
        assert_eq!(
            fault,
            "a.md:1: the book with its included files is larger than 64 MiB"
        );
    }

    #[test]
    fn a_quiz_parts_the_text() {
        let files = [("q/1.toml", "x"), ("src/b.md", "b\n{{#quiz ../q/1.toml}}\nc")];
        let (pieces, _) = expanded("a\n{{#quiz ../q/1.toml}}\n{{#include b.md}}", &files);
        assert_eq!(
            pieces,
            [
                "a\n",
                "<q/1.toml at src/a.md:2>",
                "\nb\n",
                "<q/1.toml at src/a.md:3>",
                "\nc"
            ]
        );
    }

    #[test]
    fn what_is_not_carried_out_is_reported() {
        let text = "{{#title T}}\n```\n{{#quiz q.toml}}\n```\n{{#each x}}{{/each}}";
        let (pieces, report) = expanded(text, &[("src/q.toml", "")]);
        assert_eq!(pieces.concat(), text.replace("{{#title T}}", ""));
        let skipped: Vec<_> = report
            .skipped
            .iter()
            .map(|s| (s.place.line, s.what.as_str()))
            .collect();
        assert_eq!(
            skipped,
            [(1, "{{#title T}}"), (3, "{{#quiz q.toml}}"), (5, "{{#each x}}")]
        );
    }

    #[test]
    fn images_of_the_book_are_reported_and_others_are_not() {
        let text = "![a](img/a.png)\n![b](https://example.org/b.png)\n\n<img alt=\"c\" src=\"img/c.svg\">\n\n\
                    `<img src=\"d\">`";
        let (_, report) = expanded(text, &[]);
        let images: Vec<_> = report
            .images
            .iter()
            .map(|s| (s.place.line, s.what.as_str()))
            .collect();
        assert_eq!(images, [(1, "img/a.png"), (4, "img/c.svg")]);
    }
}
