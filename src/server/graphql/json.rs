//! JSON read strictly: no key twice in an object, and no deeper than is allowed.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is not JSON, or a number is out of range.
    Malformed,
    /// An object has a key twice.
    Duplicate,
    /// Lists and objects lie deeper within one another than is allowed.
    Deep,
}

/// Reads a text as JSON with at most `levels` lists and objects within one another.
pub(super) fn read(text: &[u8], levels: usize) -> Result<Value, Unread> {
    let unread = Cell::new(Unread::Malformed);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict {
        levels,
        unread: &unread,
    }
    .deserialize(&mut deserializer)
    .map_err(|_| unread.get())?;
    deserializer.end().map_err(|_| Unread::Malformed)?;
    Ok(value)
}

/// Reads one value; says in `unread` why it stopped, when that is not the syntax.
#[derive(Clone, Copy)]
struct Strict<'a> {
    levels: usize,
    unread: &'a Cell<Unread>,
}

impl Strict<'_> {
    fn stop<E: Error>(&self, unread: Unread) -> E {
        self.unread.set(unread);
        E::custom("refused")
    }

    fn below<E: Error>(&self) -> Result<Self, E> {
        let levels = self
            .levels
            .checked_sub(1)
            .ok_or_else(|| self.stop(Unread::Deep))?;
        Ok(Self { levels, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.stop(Unread::Malformed))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(below)?;
            if object.insert(key, value).is_some() {
                return Err(self.stop(Unread::Duplicate));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 2.5, true, null, "é\n"], "b": {}} "#;
        assert_eq!(
            read(text.as_bytes(), 2),
            Ok(json!({"a": [1, -2, 2.5, true, null, "é\n"], "b": {}}))
        );
    }

    #[test]
    fn keys_given_twice_are_refused_at_every_depth() {
        assert_eq!(read(br#"{"a": 1, "a": 1}"#, 9), Err(Unread::Duplicate));
        assert_eq!(
            read(br#"[{"b": {"a": 1, "\u0061": 2}}]"#, 9),
            Err(Unread::Duplicate)
        );
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(read(b"[[]]", 2), Ok(json!([[]])));
        assert_eq!(read(b"[[]]", 1), Err(Unread::Deep));
        assert_eq!(read("[".repeat(100_000).as_bytes(), 40), Err(Unread::Deep));
        assert_eq!(read(r#"{"a":"#.repeat(100_000).as_bytes(), 40), Err(Unread::Deep));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "{} {}",
            "nul",
            "1e999",
            "\"\u{1}\"",
            "{'a': 1}",
            "[1,]",
            "\u{FEFF}{}",
        ] {
            assert_eq!(read(text.as_bytes(), 9), Err(Unread::Malformed), "{text}");
        }
        assert_eq!(read(b"\"\xFF\"", 9), Err(Unread::Malformed));
    }
}
