//! Reading a TOML file field by field, so that every fault has its line and no field is overlooked.

use std::borrow::Cow;
use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{Broken, Lines, Place};

/// Parses `text` and gives its top table, whose lines are those of `file`, to `read`.
pub(super) fn with_fields<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(Fields) -> Result<T, Vec<Broken>>,
) -> Result<T, Vec<Broken>> {
    let source = Source {
        file,
        lines: Lines::of(text),
    };
    match DeTable::parse(text) {
        Ok(table) => read(Fields {
            source: &source,
            line: 1,
            name: String::new(),
            table: table.get_ref(),
            seen: RefCell::default(),
        }),
        Err(error) => {
            let line = error.span().map_or(0, |span| source.lines.at(span.start));
            Err(vec![
                Place::new(file, line).broken(format!("not valid TOML: {}", error.message().trim())),
            ])
        }
    }
}

struct Source<'a> {
    file: &'a str,
    lines: Lines,
}

/// A table of the file, remembering which of its fields were asked for.
pub(super) struct Fields<'a> {
    source: &'a Source<'a>,
    line: u32,
    name: String,
    table: &'a DeTable<'a>,
    seen: RefCell<Vec<&'a str>>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Fields<'a> {
    /// Where the table begins.
    pub(super) fn place(&self) -> Place {
        Place::new(self.source.file, self.line)
    }

    /// Where the value of `key` stands, or the table begins if it has none.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.table
            .get(key)
            .map_or_else(|| self.place(), |value| self.place_at(value))
    }

    /// The text of `key`, if it is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Broken> {
        self.get(key).map(|value| self.as_text(key, value)).transpose()
    }

    /// The text of `key`, which must be there and not be blank.
    pub(super) fn required_text(&self, key: &str) -> Result<String, Broken> {
        let text = self.text(key)?.ok_or_else(|| self.absent(key))?;
        if text.trim().is_empty() {
            return Err(self
                .place_of(key)
                .broken(format!("`{}` is blank", self.full_name(key))));
        }
        Ok(text)
    }

    /// The texts of the list `key`, none if it is not there.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Broken> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.wrong(key, value, "a list of strings"))?;
        list.iter().map(|item| self.as_text(key, item)).collect()
    }

    /// Whether `key` is there as a list.
    pub(super) fn is_list(&self, key: &str) -> bool {
        self.table
            .get(key)
            .is_some_and(|value| value.get_ref().is_array())
    }

    /// The truth value of `key`, if it is there.
    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, Broken> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        value
            .get_ref()
            .as_bool()
            .map(Some)
            .ok_or_else(|| self.wrong(key, value, "true or false"))
    }

    /// The whole number of `key`, if it is there.
    pub(super) fn number(&self, key: &str) -> Result<Option<u32>, Broken> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let number = value.get_ref().as_integer();
        let number = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        number
            .map(Some)
            .ok_or_else(|| self.wrong(key, value, "a whole number, not negative"))
    }

    /// The table of `key`, if it is there.
    pub(super) fn table(&self, key: &str) -> Result<Option<Fields<'a>>, Broken> {
        self.get(key)
            .map(|value| self.as_table(key, self.full_name(key), value))
            .transpose()
    }

    /// The table of `key`, which must be there.
    pub(super) fn required_table(&self, key: &str) -> Result<Fields<'a>, Broken> {
        self.table(key)?.ok_or_else(|| self.absent(key))
    }

    /// The tables of the list `key`, named `key` and their number from 1; none if it is not there.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Result<Fields<'a>, Broken>>, Broken> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.wrong(key, value, "a list of tables"))?;
        let numbered = list.iter().zip(1..);
        Ok(numbered
            .map(|(item, number)| self.as_table(key, format!("{key} {number}"), item))
            .collect())
    }

    /// Every key of the table with its place, in the order of the file.
    pub(super) fn keys(&self) -> Vec<(&'a str, Place)> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        let place =
            |key: &Spanned<Cow<str>>| Place::new(self.source.file, self.source.lines.at(key.span().start));
        keys.into_iter()
            .map(|key| (key.get_ref().as_ref(), place(key)))
            .collect()
    }

    /// The fields that were not asked for, by full name and place.
    pub(super) fn unread(&self) -> Vec<(String, Place)> {
        let seen = self.seen.borrow();
        let unread = self.keys().into_iter().filter(|(key, _)| !seen.contains(key));
        unread.map(|(key, place)| (self.full_name(key), place)).collect()
    }

    fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        let (key, value) = self.table.get_key_value(key)?;
        self.seen.borrow_mut().push(key.get_ref());
        Some(value)
    }

    fn full_name(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn place_at(&self, value: &Value) -> Place {
        Place::new(self.source.file, self.source.lines.at(value.span().start))
    }

    fn as_text(&self, key: &str, value: &Value) -> Result<String, Broken> {
        let text = value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong(key, value, "a string"))?;
        if text.contains('\0') {
            return Err(self
                .place_at(value)
                .broken(format!("`{}` contains a NUL character", self.full_name(key))));
        }
        Ok(text.replace("\r\n", "\n"))
    }

    fn as_table(&self, key: &str, name: String, value: &'a Value<'a>) -> Result<Fields<'a>, Broken> {
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.wrong(key, value, "a table"))?;
        let line = self.source.lines.at(value.span().start);
        Ok(Fields {
            source: self.source,
            line,
            name,
            table,
            seen: RefCell::default(),
        })
    }

    fn absent(&self, key: &str) -> Broken {
        self.place()
            .broken(format!("`{}` is missing", self.full_name(key)))
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> Broken {
        let (name, found) = (self.full_name(key), value.get_ref().type_str());
        self.place_at(value)
            .broken(format!("`{name}` must be {expected}, not: {found}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, read: impl FnOnce(&Fields) -> Result<(), Broken>) -> String {
        let read = |fields: Fields| read(&fields).map_err(|fault| vec![fault]);
        with_fields("a.toml", text, read).expect_err("the text has a fault")[0].to_string()
    }

    #[test]
    fn a_fault_names_file_line_field_and_what_would_be_right() {
        type Read = fn(&Fields) -> Result<(), Broken>;
        let cases: [(&str, Read, &str); 7] = [
            (
                "\n\na = 1",
                |f| f.text("a").map(drop),
                "a.toml:3: `a` must be a string, not: integer",
            ),
            (
                "a = 'x'\nb = ' '",
                |f| f.required_text("b").map(drop),
                "a.toml:2: `b` is blank",
            ),
            (
                "a = 'x'",
                |f| f.required_text("b").map(drop),
                "a.toml:1: `b` is missing",
            ),
            (
                "[q]\na = -1",
                |f| f.required_table("q")?.number("a").map(drop),
                "a.toml:2: `q.a` must be a whole number, not negative, not: integer",
            ),
            (
                "a = ['x',\n 1]",
                |f| f.texts("a").map(drop),
                "a.toml:2: `a` must be a string, not: integer",
            ),
            (
                "a = \"\\u0000\"",
                |f| f.text("a").map(drop),
                "a.toml:1: `a` contains a NUL character",
            ),
            (
                "a = 1\na = 2",
                |_| Ok(()),
                "a.toml:2: not valid TOML: duplicate key",
            ),
        ];
        for (text, read, expected) in cases {
            assert_eq!(fault(text, read), expected);
        }
    }

    #[test]
    fn fields_nobody_asked_for_are_named_in_the_order_of_the_file() {
        let unread = with_fields("a.toml", "z = 1\nb = 'x'\na = 2", |fields| {
            fields.text("b").map_err(|fault| vec![fault])?;
            Ok(fields.unread())
        });
        let expected = vec![
            ("z".to_owned(), Place::new("a.toml", 1)),
            ("a".to_owned(), Place::new("a.toml", 3)),
        ];
        assert_eq!(unread, Ok(expected));
    }
}
