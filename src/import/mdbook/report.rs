//! What an import tells its user: the report of a book that was read, and the list of what is broken in one
//! that was not.
//!
//! Invariant: whatever stands in a book and does not arrive in Lyceum is named in the [`Report`] with file
//! and line, or is among the faults of a [`BrokenBook`]. Files are named by their path from the book's folder.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// A line in a file of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path from the book's folder, with `/` between its parts.
    pub file: String,
    /// Line in the file, from 1; 0 when the file as a whole is meant.
    pub line: u32,
}

impl Place {
    pub(super) fn new(file: &str, line: u32) -> Self {
        Self {
            file: file.to_owned(),
            line,
        }
    }

    /// The fault that `reason` states of this place.
    pub(super) fn broken(&self, reason: impl Into<String>) -> Broken {
        Broken {
            place: self.clone(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Something of the book that was not imported as it stands, though the import went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands.
    pub place: Place,
    /// What it is: a path, a field, a directive.
    pub what: String,
    /// Why it was left out, and what stands in its place.
    pub reason: String,
}

/// What was imported from a book and what was not; `Display` prints it for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Modules of the book.
    pub modules: usize,
    /// Units of all modules, texts and quizzes together.
    pub units: usize,
    /// Quiz units among the units.
    pub quizzes: usize,
    /// Questions of all quiz units.
    pub questions: usize,
    /// Directives whose file was put in their place.
    pub included: usize,
    /// Directives whose file could not be had; a note stands in the text in place of each.
    pub missing: Vec<Skipped>,
    /// Images that are files of the book: the reference stays in the text, the file is not imported.
    pub images: Vec<Skipped>,
    /// Everything else that was left out or stays as it was written.
    pub skipped: Vec<Skipped>,
}

/// Most entries of a report; a book with more of them is no book that is worth an import.
const MAX_ENTRIES: usize = 20_000;

impl Report {
    /// Fails at `place` if the report has grown beyond all measure.
    pub(super) fn check_length(&self, place: &Place) -> Result<(), Broken> {
        if self.missing.len() + self.images.len() + self.skipped.len() <= MAX_ENTRIES {
            return Ok(());
        }
        Err(place.broken(format!(
            "more than {MAX_ENTRIES} things of the book could not be imported"
        )))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.units - self.quizzes;
        writeln!(
            f,
            "{} modules, {} units ({texts} texts, {} quizzes), {} questions, {} files included in the text",
            self.modules, self.units, self.quizzes, self.questions, self.included
        )?;
        if !self.skipped.is_empty() {
            writeln!(f, "\nLeft out or kept as written ({}):", self.skipped.len())?;
            for skipped in &self.skipped {
                writeln!(f, "  {}: {}: {}", skipped.place, skipped.what, skipped.reason)?;
            }
        }
        write_by_file(f, "Directives without their file", &self.missing)?;
        write_by_file(f, "Images not imported", &self.images)
    }
}

/// Writes one line per file and reason with the numbers of the lines, as a book can miss hundreds of files.
fn write_by_file(f: &mut fmt::Formatter<'_>, heading: &str, list: &[Skipped]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{heading} ({}):", list.len())?;
    let mut lines: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for skipped in list {
        let group = (skipped.place.file.as_str(), skipped.reason.as_str());
        lines
            .entry(group)
            .or_default()
            .push(skipped.place.line.to_string());
    }
    for ((file, reason), lines) in lines {
        let word = if lines.len() == 1 { "line" } else { "lines" };
        writeln!(f, "  {file}: {reason} ({word} {})", lines.join(", "))?;
    }
    Ok(())
}

/// A fault for which a book is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where it stands.
    pub place: Place,
    /// What is wrong there and what would be right.
    pub reason: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Every fault found in a book; nothing of such a book is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenBook(pub Vec<Broken>);

impl fmt::Display for BrokenBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(
            f,
            "the book has {} {word}; nothing was imported, mend and import again:",
            self.0.len()
        )?;
        for broken in &self.0 {
            write!(f, "\n  {broken}")?;
        }
        Ok(())
    }
}

impl Error for BrokenBook {}

/// The line numbers of a text.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, of the byte at `offset`.
    pub(super) fn at(&self, offset: usize) -> u32 {
        let before = self.0.partition_point(|&end| end < offset);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(file: &str, line: u32, reason: &str) -> Skipped {
        Skipped {
            place: Place::new(file, line),
            what: "x".to_owned(),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_report_names_every_line_and_groups_what_repeats() {
        let report = Report {
            modules: 1,
            units: 3,
            quizzes: 1,
            questions: 2,
            included: 4,
            missing: vec![
                skipped("src/a.md", 3, "no such file"),
                skipped("src/b.md", 1, "no such file"),
                skipped("src/a.md", 9, "no such file"),
            ],
            images: vec![],
            skipped: vec![skipped("book.toml", 7, "is not run")],
        };
        assert_eq!(
            report.to_string(),
            "1 modules, 3 units (2 texts, 1 quizzes), 2 questions, 4 files included in the text\n\
             \nLeft out or kept as written (1):\n  book.toml:7: x: is not run\n\
             \nDirectives without their file (3):\n  src/a.md: no such file (lines 3, 9)\n  \
             src/b.md: no such file (line 1)\n"
        );
    }

    #[test]
    fn a_broken_book_lists_all_its_faults() {
        let faults = vec![
            Place::new("a.toml", 2).broken("odd"),
            Place::new("b.md", 0).broken("gone"),
        ];
        let text = BrokenBook(faults).to_string();
        assert!(text.starts_with("the book has 2 faults"), "{text}");
        assert!(text.ends_with(":\n  a.toml:2: odd\n  b.md: gone"), "{text}");
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("a\nbc\n\nd");
        assert_eq!([0, 1, 2, 4, 5, 6].map(|at| lines.at(at)), [1, 1, 2, 2, 3, 4]);
    }
}
