//! Coerces the variables of a request (`CoerceVariableValues()`, specification of October 2021, section
//! 6.1.2, with `@oneOf` input objects), so that no resolver sees a value that its type does not allow.
//!
//! Messages name the variable and the path within it, never the value.

use std::collections::HashMap;
use std::fmt::Write;

use apollo_compiler::{
    Schema,
    ast::Type,
    schema::{ExtendedType, InputObjectType},
};
use async_graphql::{Name, Number, Pos, Value, Variables, indexmap::IndexMap};
use serde_json::{Map, Value as Json};

use super::{
    Code, Refusal,
    refusal::{Fault, named},
};

/// A variable of an operation.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: Name,
    pub(super) ty: Type,
    pub(super) default: Option<Value>,
    pub(super) place: Pos,
}

/// A check of the values of a custom scalar: says what is expected when the value is not that.
pub type ScalarCheck = fn(&Value) -> Result<(), &'static str>;

/// Coerces what was given for the variables; what is not declared is ignored.
pub(super) fn variables(
    schema: &Schema,
    scalars: &HashMap<String, ScalarCheck>,
    declared: &[Variable],
    mut given: Map<String, Json>,
    nesting: usize,
) -> Result<Variables, Refusal> {
    let mut coerced = Variables::default();
    let mut faults = Vec::new();
    for variable in declared {
        let mut path = Path {
            variable: &variable.name,
            steps: Vec::new(),
        };
        let value = match given.remove(variable.name.as_str()) {
            Some(value) => {
                if !nests_within(&value, nesting) {
                    let allowed = nesting as u64;
                    return Err(Refusal::limit(
                        "variableNesting",
                        "levels of variables or more",
                        allowed + 1,
                        allowed,
                    ));
                }
                Coercion { schema, scalars }
                    .value(&variable.ty, value, &mut path)
                    .map(Some)
            }
            None if variable.default.is_some() => Ok(variable.default.clone()),
            None if variable.ty.is_non_null() => {
                Err(format!("must be given: it has the type `{}`", variable.ty))
            }
            None => Ok(None),
        };
        match value {
            Ok(Some(value)) => {
                coerced.insert(variable.name.clone(), value);
            }
            Ok(None) => {}
            Err(reason) => {
                let message = format!("The variable {path} {reason}.");
                faults.push(Fault {
                    message,
                    location: Some(variable.place),
                });
            }
        }
    }
    Refusal::of(Code::BadUserInput, faults).map_or(Ok(coerced), Err)
}

fn nests_within(value: &Json, levels: usize) -> bool {
    match value {
        Json::Array(items) => levels > 0 && items.iter().all(|item| nests_within(item, levels - 1)),
        Json::Object(fields) => levels > 0 && fields.values().all(|field| nests_within(field, levels - 1)),
        _ => true,
    }
}

/// Where in a variable's value.
struct Path<'a> {
    variable: &'a Name,
    steps: Vec<Step>,
}

enum Step {
    Field(String),
    Index(usize),
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut path = format!("${}", self.variable);
        for step in &self.steps {
            match step {
                Step::Field(name) => write!(path, ".{name}")?,
                Step::Index(index) => write!(path, "[{index}]")?,
            }
        }
        f.write_str(&named(&path))
    }
}

struct Coercion<'a> {
    schema: &'a Schema,
    scalars: &'a HashMap<String, ScalarCheck>,
}

impl Coercion<'_> {
    /// Coerces a value; on failure the path is left where it went wrong.
    fn value(&self, ty: &Type, value: Json, path: &mut Path<'_>) -> Result<Value, String> {
        if value.is_null() {
            return if ty.is_non_null() {
                Err("must not be null".into())
            } else {
                Ok(Value::Null)
            };
        }
        if ty.is_list() {
            let Json::Array(items) = value else {
                return Ok(Value::List(vec![self.value(ty.item_type(), value, path)?]));
            };
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                path.steps.push(Step::Index(index));
                list.push(self.value(ty.item_type(), item, path)?);
                path.steps.pop();
            }
            return Ok(Value::List(list));
        }
        let name = ty.inner_named_type();
        match self.schema.types.get(name) {
            Some(ExtendedType::InputObject(definition)) => self.object(definition, value, path),
            Some(ExtendedType::Enum(definition)) => match value.as_str() {
                Some(text) if definition.values.contains_key(text) => Ok(Value::Enum(Name::new(text))),
                _ => Err(format!("must be a value of the enum `{name}`")),
            },
            Some(ExtendedType::Scalar(_)) => self.scalar(name, value),
            _ => Err("does not have an input type".into()),
        }
    }

    fn object(
        &self,
        definition: &InputObjectType,
        value: Json,
        path: &mut Path<'_>,
    ) -> Result<Value, String> {
        let Json::Object(mut fields) = value else {
            return Err(format!("must be an object of the type `{}`", definition.name));
        };
        if let Some(unknown) = fields
            .keys()
            .find(|key| !definition.fields.contains_key(key.as_str()))
        {
            return Err(format!(
                "has a field {} that `{}` does not have",
                named(unknown),
                definition.name
            ));
        }
        if definition.directives.has("oneOf") && (fields.len() != 1 || fields.values().any(Json::is_null)) {
            return Err("must have exactly one field, which is not null".into());
        }
        let mut object = IndexMap::with_capacity(fields.len());
        for (name, field) in &definition.fields {
            if let Some(value) = fields.remove(name.as_str()) {
                path.steps.push(Step::Field(name.to_string()));
                object.insert(Name::new(name), self.value(&field.ty, value, path)?);
                path.steps.pop();
            } else if field.is_required() {
                return Err(format!("must have the field `{name}`"));
            }
        }
        Ok(Value::Object(object))
    }

    fn scalar(&self, name: &str, value: Json) -> Result<Value, String> {
        match (name, value) {
            ("Int", Json::Number(number)) => {
                let whole = number.as_i64().or_else(|| whole(number.as_f64()?));
                let number = whole.and_then(|number| i32::try_from(number).ok());
                number
                    .map(|number| Value::Number(number.into()))
                    .ok_or_else(|| "must be a 32-bit integer".into())
            }
            ("Float", Json::Number(number)) => {
                let number = number.as_f64().and_then(Number::from_f64);
                number
                    .map(Value::Number)
                    .ok_or_else(|| "must be a finite number".into())
            }
            ("Boolean", Json::Bool(value)) => Ok(Value::Boolean(value)),
            ("String" | "ID", Json::String(text)) => plain(text).map(Value::String),
            ("ID", Json::Number(number)) if !number.is_f64() => Ok(Value::String(number.to_string())),
            ("Int", _) => Err("must be a 32-bit integer".into()),
            ("Float", _) => Err("must be a number".into()),
            ("Boolean", _) => Err("must be true or false".into()),
            ("String", _) => Err("must be a string".into()),
            ("ID", _) => Err("must be a string or an integer".into()),
            (_, value) => {
                let value = free(value)?;
                match self.scalars.get(name).map_or(Ok(()), |check| check(&value)) {
                    Ok(()) => Ok(value),
                    Err(expected) => Err(format!("must be {expected}")),
                }
            }
        }
    }
}

/// Gives a number that has no fraction; JSON does not tell 1.0 from 1.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

fn plain(text: String) -> Result<String, String> {
    if text.contains('\0') {
        Err("must not contain NUL".into())
    } else {
        Ok(text)
    }
}

/// Takes a custom scalar's value as it is, without NUL.
fn free(value: Json) -> Result<Value, String> {
    Ok(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(value),
        Json::Number(number) => Value::Number(number),
        Json::String(text) => Value::String(plain(text)?),
        Json::Array(items) => Value::List(items.into_iter().map(free).collect::<Result<_, _>>()?),
        Json::Object(fields) => {
            let mut object = IndexMap::with_capacity(fields.len());
            for (name, field) in fields {
                object.insert(Name::new(plain(name)?), free(field)?);
            }
            Value::Object(object)
        }
    })
}
