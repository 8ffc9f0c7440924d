//! Pages of a list: what a client asks, and what a list answers.
//!
//! Lists are paged by keyset: a cursor carries the ordering values of one row, so that rows which come or go
//! elsewhere neither repeat nor skip any. A cursor is bound to the list that made it (its filter, its order, its
//! organisation) by a MAC; anywhere else it is refused.

use super::error::{Error, Result};
use super::keyring::{Keyring, Use};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

/// How many rows a page has when the client does not say.
pub const DEFAULT_SIZE: i64 = 20;
/// How many rows a page may have at most.
pub const MAX_SIZE: i64 = 100;

/// The paging arguments of a connection field, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    /// Rows from the front.
    pub first: Option<i32>,
    /// Only rows behind this cursor.
    pub after: Option<String>,
    /// Rows from the back.
    pub last: Option<i32>,
    /// Only rows before this cursor.
    pub before: Option<String>,
}

/// A checked request for one page: which side of which row, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Rows wanted.
    pub size: i64,
    /// Whether the page is counted from the end of the list.
    pub backward: bool,
    /// The ordering values of the row after which the page lies.
    pub after: Option<Vec<String>>,
    /// The ordering values of the row before which the page lies.
    pub before: Option<Vec<String>>,
}

/// One page of rows, in the list's order.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether rows follow the page.
    pub has_next: bool,
    /// Whether rows precede the page.
    pub has_previous: bool,
}

impl PageArgs {
    /// The arguments as a field takes them.
    pub const fn new(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Self {
        Self {
            first,
            after,
            last,
            before,
        }
    }

    /// Checks sizes and cursors against the list that they are for.
    pub fn check(&self, keyring: &Keyring, list: &str) -> Result<Page> {
        if self.first.is_some() && self.last.is_some() {
            return Err(Error::BadInput("Give `first` or `last`, not both.".into()));
        }
        let backward = self.last.is_some();
        Ok(Page {
            size: size(
                if backward { self.last } else { self.first },
                if backward { "last" } else { "first" },
            )?,
            backward,
            after: self
                .after
                .as_deref()
                .map(|cursor| read_cursor(keyring, list, cursor, "after"))
                .transpose()?,
            before: self
                .before
                .as_deref()
                .map(|cursor| read_cursor(keyring, list, cursor, "before"))
                .transpose()?,
        })
    }
}

impl Page {
    /// Makes a page of what a query fetched: up to `size + 1` rows, from the end that the page counts from.
    pub fn slice<T>(&self, mut rows: Vec<T>) -> Slice<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        if self.backward {
            rows.reverse();
            Slice {
                rows,
                has_next: self.before.is_some(),
                has_previous: more,
            }
        } else {
            Slice {
                rows,
                has_next: more,
                has_previous: self.after.is_some(),
            }
        }
    }
}

fn size(asked: Option<i32>, argument: &str) -> Result<i64> {
    match asked.map(i64::from) {
        None => Ok(DEFAULT_SIZE),
        Some(size) if (1..=MAX_SIZE).contains(&size) => Ok(size),
        Some(size) => Err(Error::BadInput(format!(
            "`{argument}` must be between 1 and {MAX_SIZE}; asked {size}."
        ))),
    }
}

/// Makes the cursor of a row from its ordering values.
pub fn write_cursor(keyring: &Keyring, list: &str, values: &[String]) -> String {
    let body = serde_json::to_vec(values).expect("strings serialise");
    let mut bytes = keyring.mac(Use::Cursor, &[list.as_bytes(), &[0], &body].concat())[..12].to_vec();
    bytes.extend_from_slice(&body);
    BASE64.encode(bytes)
}

fn read_cursor(keyring: &Keyring, list: &str, cursor: &str, argument: &str) -> Result<Vec<String>> {
    let read = || {
        let bytes = BASE64.decode(cursor).ok().filter(|bytes| bytes.len() < 2_048)?;
        let (tag, body) = bytes.split_at_checked(12)?;
        let genuine = keyring.verifies(Use::Cursor, &[list.as_bytes(), &[0], body].concat(), tag);
        genuine.then(|| serde_json::from_slice(body).ok()).flatten()
    };
    read().ok_or_else(|| {
        Error::BadInput(format!("`{argument}` is not a cursor of this list; take it from `pageInfo` with the same filter and order."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::parse(&"07".repeat(32)).unwrap()
    }

    #[test]
    fn a_page_size_outside_the_limits_is_refused_with_the_limits() {
        for first in [0, -1, 101, i32::MAX] {
            let asked = PageArgs {
                first: Some(first),
                ..PageArgs::default()
            };
            let error = asked.check(&keyring(), "members").unwrap_err();
            assert_eq!(error.code(), "BAD_USER_INPUT");
            assert!(error.to_string().contains("between 1 and 100"), "{error}");
        }
        let both = PageArgs {
            first: Some(1),
            last: Some(1),
            ..PageArgs::default()
        };
        assert!(both.check(&keyring(), "members").is_err());
    }

    #[test]
    fn a_cursor_is_good_for_the_list_that_made_it_and_no_other() {
        let cursor = write_cursor(&keyring(), "members of 1", &["b".into()]);
        let args = |after: &str| PageArgs {
            after: Some(after.into()),
            ..PageArgs::default()
        };
        assert_eq!(
            args(&cursor).check(&keyring(), "members of 1").unwrap().after,
            Some(vec!["b".into()])
        );
        for (list, bad) in [
            ("members of 2", cursor.as_str()),
            ("members of 1", "AAAA"),
            ("members of 1", "?"),
            ("members of 1", ""),
        ] {
            assert_eq!(
                args(bad).check(&keyring(), list).unwrap_err().code(),
                "BAD_USER_INPUT"
            );
        }
    }

    #[test]
    fn a_page_from_the_back_keeps_the_order_of_the_list() {
        let page = PageArgs {
            last: Some(2),
            ..PageArgs::default()
        }
        .check(&keyring(), "l")
        .unwrap();
        let slice = page.slice(vec![5, 4, 3]);
        assert_eq!(
            (slice.rows, slice.has_next, slice.has_previous),
            (vec![4, 5], false, true)
        );
    }
}
