//! JSON in its one canonical form (RFC 8785), so that whoever has the same values has the same bytes.
//!
//! Numbers are whole here, within what a double keeps exactly; what is greater or has a fraction is written as a text by who
//! makes the document.

use serde_json::Value;
use std::fmt::Write;

/// Writes a value in its canonical form.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                // A text is escaped as the standard asks: the shortest way, and nothing that need not be.
                let name = Value::from(name.as_str());
                let _ = write!(out, "{comma}{name}:");
                write(member, out);
            }
            out.push('}');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_sorted_by_their_utf_16_and_nothing_is_spaced() {
        let value = json!({ "\u{20ac}": "Euro", "\r": "Return", "\u{fb33}": "Hebrew", "1": "One", "\u{1f600}": "Smile",
            "\u{80}": "Control", "\u{f6}": "Umlaut" });
        let expected = "{\"\\r\":\"Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"\u{f6}\":\"Umlaut\",\"\u{20ac}\":\"Euro\",\
            \"\u{1f600}\":\"Smile\",\"\u{fb33}\":\"Hebrew\"}";
        assert_eq!(canonical(&value), expected);
    }

    #[test]
    fn texts_numbers_and_what_nests_are_written_one_way() {
        let value = json!({ "b": [1, -2, null, true, { "z": "\u{1f}\"\\\n", "a": [] }], "a": {} });
        assert_eq!(
            canonical(&value),
            r#"{"a":{},"b":[1,-2,null,true,{"a":[],"z":"\u001f\"\\\n"}]}"#
        );
    }
}
