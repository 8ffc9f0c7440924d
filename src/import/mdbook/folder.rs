//! The only way to the files of a book: by a path that stays in its folder, within the limits of an import.
//!
//! A book may come from a stranger. No path leads out of the folder, whether by `..`, by an absolute path or
//! by a symbolic link; only regular files of UTF-8 text are read; sizes and numbers are limited.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// Most files read from one book.
pub(super) const MAX_FILES: usize = 5_000;
/// Most bytes of a chapter, a quiz, `SUMMARY.md` or `book.toml`.
pub(super) const MAX_FILE_BYTES: usize = 2 << 20;
/// Most bytes of a file that a chapter includes.
pub(super) const MAX_INCLUDED_BYTES: usize = 1 << 20;
/// Most bytes of one book, a file counted each time it is put into a text.
pub(super) const MAX_TOTAL_BYTES: usize = 64 << 20;

/// Why a file is not read; `Display` gives the reason as a half sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Missing,
    Absolute,
    Outside,
    NotAFile,
    TooLarge(usize),
    NotText,
    Unreadable,
    TooManyFiles,
    TooManyBytes,
}

impl Refusal {
    /// Whether no further file of the book can be read either.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::TooManyFiles | Self::TooManyBytes)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such file"),
            Self::Absolute => f.write_str("the path is absolute; a book's paths are relative"),
            Self::Outside => f.write_str("the path leaves the book's folder"),
            Self::NotAFile => f.write_str("not a file"),
            Self::TooLarge(limit) => write!(f, "larger than {} MiB", limit >> 20),
            Self::NotText => f.write_str("not UTF-8 text without NUL characters"),
            Self::Unreadable => f.write_str("cannot be read; check its permissions"),
            Self::TooManyFiles => write!(f, "the book has more than {MAX_FILES} files"),
            Self::TooManyBytes => {
                write!(
                    f,
                    "the book with its included files is larger than {} MiB",
                    MAX_TOTAL_BYTES >> 20
                )
            }
        }
    }
}

/// The folder of a book and what has been read from it.
pub(super) struct Folder {
    root: PathBuf,
    read: HashMap<String, Rc<str>>,
    bytes: usize,
}

impl Folder {
    /// Opens the folder at `root`.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        Ok(Self {
            root: fs::canonicalize(root)?,
            read: HashMap::new(),
            bytes: 0,
        })
    }

    /// The folder's own name.
    pub(super) fn name(&self) -> Option<String> {
        Some(self.root.file_name()?.to_string_lossy().into_owned())
    }

    /// Reads the file at `path`, which is from [`resolve`], its line ends made `\n`.
    ///
    /// Each reading counts towards the size of the book, though the file is opened once.
    pub(super) fn read(&mut self, path: &str, max_bytes: usize) -> Result<Rc<str>, Refusal> {
        let text = if let Some(text) = self.read.get(path) {
            if text.len() > max_bytes {
                return Err(Refusal::TooLarge(max_bytes));
            }
            Rc::clone(text)
        } else {
            if self.read.len() == MAX_FILES {
                return Err(Refusal::TooManyFiles);
            }
            let text: Rc<str> = self.read_anew(path, max_bytes)?.into();
            self.read.insert(path.to_owned(), Rc::clone(&text));
            text
        };
        self.count(text.len())?;
        Ok(text)
    }

    /// Counts text that is made from what was read towards the book.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_TOTAL_BYTES {
            Err(Refusal::TooManyBytes)
        } else {
            Ok(())
        }
    }

    fn read_anew(&self, path: &str, max_bytes: usize) -> Result<String, Refusal> {
        if path.contains('\0') {
            return Err(Refusal::Missing);
        }
        // The true path, links resolved, is the one that is checked and opened. A FIFO is never opened: it
        // would block for ever.
        let true_path = fs::canonicalize(self.root.join(path)).map_err(|error| refusal(&error))?;
        if !true_path.starts_with(&self.root) {
            return Err(Refusal::Outside);
        }
        if !fs::metadata(&true_path)
            .map_err(|error| refusal(&error))?
            .is_file()
        {
            return Err(Refusal::NotAFile);
        }
        let mut bytes = Vec::new();
        let file = File::open(&true_path).map_err(|error| refusal(&error))?;
        file.take(max_bytes as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| refusal(&error))?;
        if bytes.len() > max_bytes {
            return Err(Refusal::TooLarge(max_bytes));
        }
        let text = String::from_utf8(bytes).map_err(|_| Refusal::NotText)?;
        if text.contains('\0') {
            return Err(Refusal::NotText);
        }
        Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
    }
}

fn refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            Refusal::Missing
        }
        _ => Refusal::Unreadable,
    }
}

/// The path from the book's folder of what the file or folder at `base` calls `target`.
///
/// `base` is the folder of the referring file, itself a path from the book's folder, `""` being that folder.
pub(super) fn resolve(base: &str, target: &str) -> Result<String, Refusal> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for component in Path::new(target).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or(Refusal::Missing)?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop().ok_or(Refusal::Outside)?;
            }
            Component::RootDir | Component::Prefix(_) => return Err(Refusal::Absolute),
        }
    }
    Ok(parts.join("/"))
}

/// The folder in which the file at `path` lies.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempBook;
    use super::*;

    #[test]
    fn a_path_is_resolved_from_the_referring_folder() {
        let cases = [
            ("src", "a.md", Ok("src/a.md")),
            ("src", "./x//a.md", Ok("src/x/a.md")),
            ("src/deep", "../../quizzes/a.toml", Ok("quizzes/a.toml")),
            ("", "a.md", Ok("a.md")),
            ("src", "../../a.md", Err(Refusal::Outside)),
            ("src", "x/../../../src/a.md", Err(Refusal::Outside)),
            ("src", "/etc/hostname", Err(Refusal::Absolute)),
        ];
        for (base, target, expected) in cases {
            assert_eq!(
                resolve(base, target).as_deref(),
                expected.as_ref().copied(),
                "{base} {target}"
            );
        }
    }

    #[test]
    fn a_file_is_read_without_mark_and_with_plain_line_ends() {
        let book = TempBook::empty();
        book.write("a.md", "\u{feff}one\r\ntwo");
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        assert_eq!(folder.read("a.md", 100).as_deref(), Ok("one\ntwo"));
    }

    #[test]
    fn what_is_no_text_of_fitting_size_is_refused() {
        let book = TempBook::empty();
        book.write("long.md", "12345");
        book.write("nul.md", "a\0b");
        book.write("folder/a.md", "");
        fs::write(book.path().join("bytes.md"), [0xff, 0xfe]).expect("the file can be written");
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        let cases = [
            ("long.md", Refusal::TooLarge(4)),
            ("nul.md", Refusal::NotText),
            ("bytes.md", Refusal::NotText),
            ("folder", Refusal::NotAFile),
            ("absent.md", Refusal::Missing),
            ("long.md/a.md", Refusal::Missing),
        ];
        for (path, expected) in cases {
            assert_eq!(folder.read(path, 4), Err(expected), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_may_point_into_the_book_but_not_out_of_it() {
        use std::os::unix::fs::symlink;
        let (book, other) = (TempBook::empty(), TempBook::empty());
        book.write("a.md", "inside");
        other.write("secret.md", "outside");
        symlink(book.path().join("a.md"), book.path().join("in.md")).expect("links can be made");
        symlink(other.path().join("secret.md"), book.path().join("out.md")).expect("links can be made");
        symlink(other.path(), book.path().join("out")).expect("links can be made");
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        assert_eq!(folder.read("in.md", 100).as_deref(), Ok("inside"));
        assert_eq!(folder.read("out.md", 100), Err(Refusal::Outside));
        assert_eq!(folder.read("out/secret.md", 100), Err(Refusal::Outside));
    }

    #[test]
    fn a_book_has_a_largest_number_of_files_and_bytes() {
        let book = TempBook::empty();
        book.write("a.md", &"x".repeat(1 << 20));
        book.write("b.md", "");
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        for _ in 0..64 {
            folder.read("a.md", MAX_FILE_BYTES).expect("64 MiB are allowed");
        }
        assert_eq!(folder.read("a.md", MAX_FILE_BYTES), Err(Refusal::TooManyBytes));
        let mut folder = Folder::open(book.path()).expect("the folder exists");
        for number in 0..MAX_FILES {
            folder.read.insert(number.to_string(), "".into());
        }
        assert_eq!(folder.read("b.md", 100), Err(Refusal::TooManyFiles));
    }
}
