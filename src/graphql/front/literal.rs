//! Turns literals of the document into the engine's values, as the type of their place asks for.
//!
//! An ID written as a number becomes a string, a single value where a list is expected becomes a list of one,
//! numbers are read by their type and strings come decoded, so nothing is parsed a second time.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Node, Schema,
    ast::{Type, Value as Literal},
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::{Name, Number, Pos, indexmap::IndexMap};
use async_graphql_value::Value;

use super::{
    Rules, ScalarCheck,
    position::Lines,
    refusal::{Fault, named},
};

/// A variable that stands in a place of a type.
pub(super) struct Usage {
    pub(super) variable: apollo_compiler::Name,
    /// None within a custom scalar, where any type will do.
    pub(super) ty: Option<Type>,
    /// Whether the place has a default of its own.
    pub(super) has_default: bool,
    /// Whether the place is a field of a `@oneOf` input object, which takes no nullable variable.
    pub(super) one_of: bool,
    pub(super) place: Pos,
}

/// Reads literals and notes what it meets.
pub(super) struct Literals<'a> {
    schema: &'a Schema,
    scalars: &'a HashMap<String, ScalarCheck>,
    lines: &'a Lines<'a>,
    /// Variables met so far.
    pub(super) usages: Vec<Usage>,
    /// Bytes of strings met so far.
    pub(super) bytes: usize,
    /// What breaks a rule of validation.
    pub(super) invalid: Vec<Fault>,
    /// What no resolver may see, such as a NUL character.
    pub(super) unwanted: Vec<Fault>,
}

impl<'a> Literals<'a> {
    pub(super) fn new(rules: &'a Rules, lines: &'a Lines<'a>) -> Self {
        let (schema, scalars) = (&rules.types.schema, &rules.scalars);
        Self {
            schema,
            scalars,
            lines,
            usages: Vec::new(),
            bytes: 0,
            invalid: Vec::new(),
            unwanted: Vec::new(),
        }
    }

    /// Reads a literal in a place of the given type.
    pub(super) fn value(&mut self, ty: &Type, literal: &Node<Literal>, has_default: bool) -> Value {
        match literal.as_ref() {
            Literal::Variable(name) => {
                let place = self.lines.of(literal.location());
                let (variable, ty) = (name.clone(), Some(ty.clone()));
                let usage = Usage {
                    variable,
                    ty,
                    has_default,
                    one_of: false,
                    place,
                };
                self.usages.push(usage);
                Value::Variable(Name::new(name))
            }
            Literal::Null => Value::Null,
            Literal::List(items) if ty.is_list() => Value::List(
                items
                    .iter()
                    .map(|item| self.value(ty.item_type(), item, false))
                    .collect(),
            ),
            _ if ty.is_list() => Value::List(vec![self.value(ty.item_type(), literal, false)]),
            _ => match self.schema.types.get(ty.inner_named_type()) {
                Some(ExtendedType::InputObject(definition)) => self.object(definition, literal),
                Some(ExtendedType::Scalar(scalar)) if scalar.is_built_in() => {
                    self.scalar(&scalar.name, literal)
                }
                _ => self.checked(ty.inner_named_type(), literal),
            },
        }
    }

    fn object(&mut self, definition: &InputObjectType, literal: &Node<Literal>) -> Value {
        let Literal::Object(fields) = literal.as_ref() else {
            return Value::Null;
        };
        let one_of = definition.directives.has("oneOf");
        if one_of && (fields.len() != 1 || fields[0].1.is_null()) {
            let message = format!(
                "{} takes exactly one field, which is not null.",
                named(&definition.name)
            );
            self.invalid(message, literal);
        }
        self.unique(fields);
        let mut object = IndexMap::with_capacity(fields.len());
        for (name, field) in fields {
            if let Some(definition) = definition.fields.get(name) {
                let value = self.value(&definition.ty, field, definition.default_value.is_some());
                if let (true, Value::Variable(_), Some(usage)) = (one_of, &value, self.usages.last_mut()) {
                    usage.one_of = true;
                }
                object.insert(Name::new(name), value);
            }
        }
        Value::Object(object)
    }

    fn scalar(&mut self, name: &str, literal: &Node<Literal>) -> Value {
        match (name, literal.as_ref()) {
            ("ID", Literal::Int(number)) => Value::String(number.as_str().to_owned()),
            ("Float", Literal::Int(number)) => self.number(number.as_str().parse::<f64>().ok(), literal),
            _ => self.free(literal),
        }
    }

    /// Reads a literal of a custom scalar or an enum.
    fn checked(&mut self, name: &str, literal: &Node<Literal>) -> Value {
        let value = self.free(literal);
        if let Some(check) = self.scalars.get(name)
            && let Some(Err(expected)) = value.clone().into_const().map(|value| check(&value))
        {
            self.invalid(
                format!("A value of the type {} must be {expected}.", named(name)),
                literal,
            );
        }
        value
    }

    /// Reads a literal whose form says enough; all of a custom scalar is such.
    fn free(&mut self, literal: &Node<Literal>) -> Value {
        match literal.as_ref() {
            Literal::Null => Value::Null,
            Literal::Boolean(value) => Value::Boolean(*value),
            Literal::Enum(name) => Value::Enum(Name::new(name)),
            Literal::String(text) => {
                if text.contains('\0') {
                    let location = Some(self.lines.of(literal.location()));
                    self.unwanted.push(Fault {
                        message: "A string must not contain NUL.".into(),
                        location,
                    });
                }
                self.bytes += text.len();
                Value::String(text.clone())
            }
            Literal::Int(number) => match number.as_str().parse::<i64>() {
                Ok(number) => Value::Number(number.into()),
                Err(_) => self.number(number.as_str().parse::<f64>().ok(), literal),
            },
            Literal::Float(number) => self.number(number.as_str().parse::<f64>().ok(), literal),
            Literal::List(items) => Value::List(items.iter().map(|item| self.free(item)).collect()),
            Literal::Object(fields) => {
                self.unique(fields);
                let fields = fields
                    .iter()
                    .map(|(name, field)| (Name::new(name), self.free(field)));
                Value::Object(fields.collect())
            }
            Literal::Variable(name) => {
                let place = self.lines.of(literal.location());
                let variable = name.clone();
                self.usages.push(Usage {
                    variable,
                    ty: None,
                    has_default: false,
                    one_of: false,
                    place,
                });
                Value::Variable(Name::new(name))
            }
        }
    }

    /// Checks that no field is given twice (section 5.6.3, "Input Object Field Uniqueness").
    fn unique(&mut self, fields: &[(apollo_compiler::Name, Node<Literal>)]) {
        let mut seen = HashSet::with_capacity(fields.len());
        for (name, field) in fields {
            if !seen.insert(name) {
                self.invalid(format!("The field {} is given twice.", named(name)), field);
            }
        }
    }

    fn number(&mut self, number: Option<f64>, literal: &Node<Literal>) -> Value {
        if let Some(number) = number.and_then(Number::from_f64) {
            return Value::Number(number);
        }
        self.invalid("A number is beyond the range of 64 bits.".into(), literal);
        Value::Null
    }

    fn invalid(&mut self, message: String, literal: &Node<Literal>) {
        let location = Some(self.lines.of(literal.location()));
        self.invalid.push(Fault { message, location });
    }
}
