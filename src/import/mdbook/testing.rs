//! Small books in a folder of their own, for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A book in the system's folder for temporary files; removed when dropped.
pub(super) struct TempBook(PathBuf);

impl TempBook {
    /// A folder without files.
    pub(super) fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("lyceum-book-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Self(path)
    }

    /// A book with the title "Small book", the given `SUMMARY.md` and further files by path from the folder.
    pub(super) fn with(summary: &str, files: &[(&str, &str)]) -> Self {
        let book = Self::empty();
        book.write("book.toml", "[book]\ntitle = \"Small book\"\n");
        book.write("src/SUMMARY.md", summary);
        for (path, text) in files {
            book.write(path, text);
        }
        book
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
}

impl Drop for TempBook {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
