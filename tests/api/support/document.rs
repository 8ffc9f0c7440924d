//! One document of a walk: what it asks for, and what an answer to it shows.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a variable of a document stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// An identifier; the argument's name, such as `MemberFilter.role` or `node.id`.
    Id(String),
    /// Any cursor.
    Cursor,
    /// A text; the argument's name, such as `CourseSlugInput.course` or `catalog.query`.
    Word(String),
}

/// A document about one root field.
#[derive(Debug)]
pub struct Document {
    /// The root field with its arguments, for messages.
    pub label: String,
    /// The root field's name.
    pub root: String,
    /// The document.
    pub text: String,
    /// What its variables stand for, by name.
    pub slots: BTreeMap<String, Slot>,
    /// What it asks for.
    pub fields: Vec<Selection>,
    /// The type that it asks about, where the root field can answer many.
    pub of: Option<String>,
    /// The root field's arguments as they are written, with the types of their variables.
    pub(super) arguments: Written,
    /// What tells whether the root field answers anything; `None` where it always does.
    pub(super) thin: Option<&'static str>,
}

impl Document {
    /// Shows each selected field that an answer's data has, with its value.
    pub fn visit<'a>(&'a self, data: &'a Value, seen: &mut impl FnMut(&'a Selection, &'a Value)) {
        visit(&self.fields, data, seen);
    }

    /// Whether it names things below its root field too, or goes on from a cursor.
    pub fn names_below(&self) -> bool {
        self.slots.keys().any(|name| is_below(name))
    }

    /// Asks only which of many fillings of the variables answer anything, all at once. What is null, or an empty list,
    /// has nothing below it, so that the rest of the document need not be asked. `None` where the root field always
    /// answers, or takes no variables.
    pub fn thin(&self, fillings: &[Value]) -> Option<(String, Value)> {
        let asks = !self.arguments.variables.is_empty() && !fillings.is_empty();
        let thin = self.thin.filter(|_| asks)?;
        let (mut declared, mut text, mut variables) = (Vec::new(), String::new(), Map::new());
        for (at, filling) in fillings.iter().enumerate() {
            let mut arguments = self.arguments.text.clone();
            for (name, (ty, _)) in &self.arguments.variables {
                declared.push(format!("${name}_{at}: {ty}"));
                arguments = arguments.replace(&format!("${name}"), &format!("${name}_{at}"));
                variables.insert(format!("{name}_{at}"), filling[name].clone());
            }
            write!(text, "a{at}: {}{} {thin} ", self.root, framed(arguments)).unwrap();
        }
        Some((
            format!("query{} {{ {text}}}", framed(declared.join(", "))),
            Value::Object(variables),
        ))
    }
}

/// The documents that name nothing below their root field; together those that are about different types and begin
/// with the same question.
pub fn plain(documents: &[Document]) -> impl Iterator<Item = &[Document]> {
    let begins_alike = |one: &Document, other: &Document| {
        let begins = |document: &Document| (document.root.clone(), document.arguments.text.clone());
        begins(one) == begins(other) && one.names_below() == other.names_below()
    };
    documents
        .chunk_by(begins_alike)
        .filter(|alike| !alike[0].names_below())
}

/// A selected field.
#[derive(Debug)]
pub struct Selection {
    /// Its name in the answer.
    pub key: String,
    /// The object type that it is a field of.
    pub owner: String,
    /// Its name.
    pub field: String,
    /// The scalar, or whatever it is of.
    pub of: String,
    /// Whether only objects of the type `owner` have it here.
    pub(super) conditional: bool,
    pub(super) is_leaf: bool,
    pub(super) arguments: String,
    pub(super) children: Vec<Selection>,
}

impl Selection {
    /// `Type.field`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.owner, self.field)
    }
}

/// One way to write an argument.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) variables: BTreeMap<String, (String, Slot)>,
}

impl Written {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn variable(name: &str, ty: &str, slot: Slot) -> Self {
        Self {
            text: format!("${name}"),
            variables: BTreeMap::from([(name.to_owned(), (format!("{ty}!"), slot))]),
        }
    }

    /// Joins what stands side by side.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::default();
        for part in parts {
            let comma = if joined.text.is_empty() { "" } else { ", " };
            joined.text = joined.text + comma + &part.text;
            joined.variables.extend(part.variables);
        }
        joined
    }

    /// Gives its variables names that begin with something.
    pub(super) fn renamed(self, with: &str) -> Self {
        let variables = self.variables.into_iter();
        Self {
            text: self.text.replace('$', &format!("${with}")),
            variables: variables
                .map(|(name, of)| (format!("{with}{name}"), of))
                .collect(),
        }
    }

    pub(super) fn framed(mut self, before: &str, behind: &str) -> Self {
        self.text = format!("{before}{}{behind}", self.text);
        self
    }
}

/// Whether a variable stands for something that is named below the root field, or for a cursor.
pub fn is_below(variable: &str) -> bool {
    variable.starts_with("BELOW_") || variable == "CURSOR"
}

fn visit<'a>(fields: &'a [Selection], object: &'a Value, seen: &mut impl FnMut(&'a Selection, &'a Value)) {
    for field in fields {
        let elsewhere = field.conditional && object["__typename"] != field.owner.as_str();
        let Some(value) = object.get(&field.key).filter(|_| !elsewhere) else {
            continue;
        };
        seen(field, value);
        each(value, &mut |value| visit(&field.children, value, seen));
    }
}

pub(super) fn framed(arguments: String) -> String {
    if arguments.is_empty() {
        arguments
    } else {
        format!("({arguments})")
    }
}

pub(super) fn write_all(fields: &[Selection], text: &mut String) {
    text.push_str("{ __typename ");
    for field in fields {
        let (before, behind) = if field.conditional {
            (format!("... on {} {{ {}: ", field.owner, field.key), "} ")
        } else {
            (String::new(), " ")
        };
        write!(text, "{before}{}{}", field.field, field.arguments).unwrap();
        if !field.is_leaf {
            write_all(&field.children, text);
        }
        text.push_str(behind);
    }
    text.push('}');
}

fn each<'a>(value: &'a Value, seen: &mut impl FnMut(&'a Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(item, seen)),
        Value::Object(_) => seen(value),
        _ => {}
    }
}
