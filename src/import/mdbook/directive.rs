//! The `{{#…}}` directives of a text, and the lines of a file that one asks for.
//!
//! After <https://rust-lang.github.io/mdBook/format/mdbook.html>.

use std::ops::Range;

/// A directive and where it stands in its text, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    pub range: Range<usize>,
    pub kind: Kind<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// `\{{#…}}`: stands for the directive's own text.
    Escaped,
    /// `include`: the chosen lines of a file.
    Include(Target<'a>),
    /// `rustdoc_include`: the whole file, the lines that were not chosen hidden in the way of rustdoc.
    RustdocInclude(Target<'a>),
    /// `playground`, once `playpen`: a file as a block of Rust code, with further words for its info string.
    Playground(&'a str, Vec<&'a str>),
    /// `title`: a name for the page.
    Title,
    /// `quiz`: the questions of a file.
    Quiz(&'a str),
    /// Any other name.
    Unknown,
}

/// A file and the choice of its lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub path: &'a str,
    pub choice: Choice<'a>,
}

/// Lines of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    All,
    /// Lines by number, from 0.
    Lines(Range<usize>),
    /// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
    Anchor(&'a str),
}

/// Finds the directives of a text. One stands on a single line and contains no brace.
pub(super) fn directives(text: &str) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("{{") {
        let open = from + at;
        match directive_at(text, open) {
            Some(directive) => {
                from = directive.range.end;
                found.push(directive);
            }
            None => from = open + 1,
        }
    }
    found
}

fn directive_at(text: &str, open: usize) -> Option<Directive<'_>> {
    let rest = &text[open + 2..];
    let inside = &rest[..rest.find(['{', '}', '\n'])?];
    if !rest[inside.len()..].starts_with("}}") {
        return None;
    }
    let end = open + 2 + inside.len() + 2;
    let call = inside.trim_start().strip_prefix('#')?;
    let name_end = call
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(call.len());
    let (name, arguments) = call.split_at(name_end);
    if name.is_empty() {
        return None;
    }
    if text[..open].ends_with('\\') {
        return Some(Directive {
            range: open - 1..end,
            kind: Kind::Escaped,
        });
    }
    let mut words = arguments.split_whitespace();
    let kind = match (name, words.next()) {
        ("title", _) => Kind::Title,
        ("include", Some(target)) => Kind::Include(Target::parse(target)),
        ("rustdoc_include", Some(target)) => Kind::RustdocInclude(Target::parse(target)),
        ("playground" | "playpen", Some(path)) => Kind::Playground(path, words.collect()),
        ("quiz", Some(_)) => Kind::Quiz(arguments.trim()),
        _ => Kind::Unknown,
    };
    Some(Directive {
        range: open..end,
        kind,
    })
}

impl<'a> Target<'a> {
    /// Reads `path`, `path:anchor`, `path:line`, `path:first:last`, `path:first:` or `path::last`.
    fn parse(target: &'a str) -> Self {
        let mut parts = target.splitn(3, ':');
        let path = parts.next().unwrap_or_default();
        let (first, last) = (parts.next(), parts.next());
        let start = first
            .and_then(|first| first.parse::<usize>().ok())
            .map(|first| first.saturating_sub(1));
        let end = last.and_then(|last| last.parse().ok());
        let choice = match (first, start) {
            (None, _) => Choice::All,
            (Some(""), _) => end.map_or(Choice::All, |end| Choice::Lines(0..end)),
            (Some(name), None) => Choice::Anchor(name),
            (_, Some(start)) if last.is_none() => Choice::Lines(start..start.saturating_add(1)),
            (_, Some(start)) => Choice::Lines(start..end.unwrap_or(usize::MAX)),
        };
        Self { path, choice }
    }
}

impl Choice<'_> {
    /// The chosen lines of `text`, or none if it has no such lines.
    pub(super) fn of(&self, text: &str) -> Option<String> {
        self.lines(text, |_| None)
    }

    /// All lines of `text`, those not chosen hidden by a leading `# `; none if nothing is chosen.
    pub(super) fn hiding_the_rest_of(&self, text: &str) -> Option<String> {
        self.lines(text, |line| Some(format!("# {line}")))
    }

    fn lines(&self, text: &str, other: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut lines = Vec::new();
        let (mut inside, mut any) = (false, false);
        for (number, line) in text.lines().enumerate() {
            let chosen = match self {
                Self::All => true,
                Self::Lines(range) => range.contains(&number),
                Self::Anchor(name) => {
                    let (begun, ended) = (anchor(line, "ANCHOR:"), anchor(line, "ANCHOR_END:"));
                    if begun.is_some() || ended.is_some() {
                        any |= begun == Some(name);
                        inside = begun == Some(name) || inside && ended != Some(name);
                        continue;
                    }
                    inside
                }
            };
            any |= chosen;
            lines.extend(if chosen {
                Some(line.to_owned())
            } else {
                other(line)
            });
        }
        let empty_file = text.is_empty() && *self == Choice::All;
        (any || empty_file).then(|| lines.join("\n"))
    }
}

/// The name of the anchor that `line` marks with `marker`.
fn anchor<'a>(line: &'a str, marker: &str) -> Option<&'a str> {
    let name = line.split_once(marker)?.1.trim_start();
    let end = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(name.len());
    (end > 0).then(|| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        directives(text)
            .into_iter()
            .map(|directive| directive.kind)
            .collect()
    }

    #[test]
    fn every_directive_is_recognised() {
        let text = "a {{#include x.rs}} {{ #include x.rs:2 }} \\{{#include y.rs}}\n\
                    {{#rustdoc_include ../x.rs:here}}{{#playground x.rs editable hidelines=#}}\n\
                    {{#title My page}} {{#quiz ../q uiz.toml}} {{#if x}} {{#include}}\n\
                    { {#quiz a}} {{name}} {{#quiz a}\n\
                    {{#quiz\na}} {{{#quiz b}}";
        let path = |path| Target {
            path,
            choice: Choice::All,
        };
        assert_eq!(
            kinds(text),
            [
                Kind::Include(path("x.rs")),
                Kind::Include(Target {
                    path: "x.rs",
                    choice: Choice::Lines(1..2)
                }),
                Kind::Escaped,
                Kind::RustdocInclude(Target {
                    path: "../x.rs",
                    choice: Choice::Anchor("here")
                }),
                Kind::Playground("x.rs", vec!["editable", "hidelines=#"]),
                Kind::Title,
                Kind::Quiz("../q uiz.toml"),
                Kind::Unknown,
                Kind::Unknown,
                Kind::Quiz("b"),
            ]
        );
    }

    #[test]
    fn a_directive_is_found_where_it_stands() {
        let text = "ä {{#quiz a}} \\{{#quiz b}}";
        let found: Vec<_> = directives(text)
            .into_iter()
            .map(|found| &text[found.range])
            .collect();
        assert_eq!(found, ["{{#quiz a}}", "\\{{#quiz b}}"]);
    }

    #[test]
    fn what_only_resembles_a_directive_is_text() {
        for text in [
            "{{#quiz ä}",
            "{{#quiz a}ä",
            "{{",
            "{{#",
            "{{#}}",
            "{{ # }}",
            "{{{{",
            "}}",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn a_target_chooses_lines() {
        let cases = [
            ("f", "1\n2\n3\n4"),
            ("f:", "1\n2\n3\n4"),
            ("f::", "1\n2\n3\n4"),
            ("f:2", "2"),
            ("f:2:3", "2\n3"),
            ("f:3:", "3\n4"),
            ("f::2", "1\n2"),
            ("f:4:9", "4"),
        ];
        for (target, expected) in cases {
            let chosen = Target::parse(target).choice.of("1\n2\n3\n4\n");
            assert_eq!(chosen.as_deref(), Some(expected), "{target}");
        }
        for target in ["f:5", "f:3:2", "f:7:9", "f:absent"] {
            assert_eq!(Target::parse(target).choice.of("1\n2\n3\n4\n"), None, "{target}");
        }
    }

    #[test]
    fn an_anchor_chooses_its_lines_without_the_marks() {
        let text = "a\n// ANCHOR: x\nb\n  // ANCHOR: y-1\nc\n// ANCHOR_END: y-1\nd\n// ANCHOR_END: x\n\ne\n";
        assert_eq!(Choice::Anchor("x").of(text).as_deref(), Some("b\nc\nd"));
        assert_eq!(Choice::Anchor("y-1").of(text).as_deref(), Some("c"));
        assert_eq!(Choice::Anchor("y").of(text), None);
        let hidden = Choice::Anchor("x").hiding_the_rest_of(text);
        assert_eq!(hidden.as_deref(), Some("# a\nb\nc\nd\n# \n# e"));
        assert_eq!(
            Choice::Lines(0..1).hiding_the_rest_of("a\nb").as_deref(),
            Some("a\n# b")
        );
    }
}
