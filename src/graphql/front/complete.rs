//! Completes the engine's data to what the specification's section 6.4.4 asks for.
//!
//! The engine leaves failed fields out of `data` and lists fields in the order in which they became ready.
//! Completing puts null where a field is missing, lifts it to the nearest place that may be null, restores
//! the order of the document and takes out what [`lower`](super::lower) has asked for on its own account. It
//! looks at the selections of each object type once, and only at those types that occur in the answer.
//!
//! The engine also answers null for an object of which every field has failed; the paths of the errors tell
//! it from an object that was null.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Name, PathSegment, Response, ServerError, Value, Variables, indexmap::IndexMap};

use super::{
    collect::collect,
    compile::{Selection, Selections},
    lower::HIDDEN,
    types::{TypeId, Types, Wrap},
};

/// What is needed to complete the answers of one admitted operation; for a subscription, each of its answers.
#[derive(Debug)]
pub struct Completion {
    pub(super) types: Arc<Types>,
    pub(super) root: TypeId,
    pub(super) selections: Selections,
    /// The variables that conditions depend on.
    pub(super) switches: Variables,
}

/// Null that stands where it may not, so that it rises.
struct Lifted;

/// A selection set below one or more fields of the same response key, with its plans by object type.
struct Level<'a> {
    sources: Vec<&'a [Selection]>,
    plans: Vec<(TypeId, Vec<Key<'a>>)>,
}

/// A response key that an object of a known type answers.
struct Key<'a> {
    name: &'a Name,
    wrap: &'a Wrap,
    below: Option<(TypeId, Level<'a>)>,
}

/// The paths of the errors as a tree.
#[derive(Default)]
struct Failures<'a> {
    fields: HashMap<&'a str, Failures<'a>>,
    items: HashMap<usize, Failures<'a>>,
}

impl<'a> Failures<'a> {
    fn new(errors: &'a [ServerError]) -> Self {
        let mut failures = Self::default();
        for error in errors {
            error
                .path
                .iter()
                .fold(&mut failures, |at, segment| match segment {
                    PathSegment::Field(name) => at.fields.entry(name).or_default(),
                    PathSegment::Index(index) => at.items.entry(*index).or_default(),
                });
        }
        failures
    }
}

/// What failed at and below a value.
type Failed<'f> = Option<&'f Failures<'f>>;

impl Completion {
    /// Completes one answer, whether or not it has errors.
    #[must_use]
    pub fn complete(&self, mut response: Response) -> Response {
        let failures = (!response.errors.is_empty()).then(|| Failures::new(&response.errors));
        let mut level = Level {
            sources: vec![&self.selections],
            plans: Vec::new(),
        };
        let mut data = std::mem::take(&mut response.data);
        let root = Wrap::Named { non_null: false };
        response.data = match self.value(&root, Some((self.root, &mut level)), &mut data, failures.as_ref()) {
            Ok(()) => data,
            Err(Lifted) => Value::Null,
        };
        response
    }

    fn value<'a>(
        &'a self,
        wrap: &Wrap,
        below: Option<(TypeId, &mut Level<'a>)>,
        value: &mut Value,
        failed: Failed<'_>,
    ) -> Result<(), Lifted> {
        let completed = match (wrap, below) {
            (Wrap::Named { .. }, None) => Ok(()),
            (Wrap::Named { .. }, Some((ty, level))) => match value {
                Value::Object(fields) => self.object(ty, level, fields, failed),
                _ if failed.is_some_and(|failed| !failed.fields.is_empty()) => {
                    let mut fields = IndexMap::new();
                    let completed = self.object(ty, level, &mut fields, failed);
                    *value = Value::Object(fields);
                    completed
                }
                _ => Err(Lifted),
            },
            (Wrap::List { item, .. }, below) => match value {
                Value::List(items) => self.list(item, below, items, failed),
                _ => Err(Lifted),
            },
        };
        if completed.is_err() {
            *value = Value::Null;
        }
        if wrap.non_null() && matches!(value, Value::Null) {
            Err(Lifted)
        } else {
            Ok(())
        }
    }

    fn list<'a>(
        &'a self,
        item: &Wrap,
        mut below: Option<(TypeId, &mut Level<'a>)>,
        items: &mut [Value],
        failed: Failed<'_>,
    ) -> Result<(), Lifted> {
        items.iter_mut().enumerate().try_for_each(|(index, value)| {
            let failed = failed.and_then(|failed| failed.items.get(&index));
            let below = below.as_mut().map(|(ty, level)| (*ty, &mut **level));
            self.value(item, below, value, failed)
        })
    }

    fn object<'a>(
        &'a self,
        ty: TypeId,
        level: &mut Level<'a>,
        fields: &mut IndexMap<Name, Value>,
        failed: Failed<'_>,
    ) -> Result<(), Lifted> {
        let object = match fields.get(HIDDEN) {
            Some(Value::String(name)) => self.types.find(name).ok_or(Lifted)?,
            _ => ty,
        };
        let keys = level.keys(self, object);
        let in_order =
            fields.len() == keys.len() && keys.iter().zip(fields.keys()).all(|(key, name)| key.name == name);
        if !in_order {
            let mut take = |name: &Name| fields.get_mut(name).map(std::mem::take).unwrap_or_default();
            *fields = keys
                .iter()
                .map(|key| (key.name.clone(), take(key.name)))
                .collect();
        }
        keys.iter_mut()
            .zip(fields.values_mut())
            .try_for_each(|(key, value)| {
                let failed = failed.and_then(|failed| failed.fields.get(key.name.as_str()));
                let below = key.below.as_mut().map(|(ty, level)| (*ty, level));
                self.value(key.wrap, below, value, failed)
            })
    }
}

impl<'a> Level<'a> {
    /// Gives the keys that an object of the type answers, in order.
    fn keys(&mut self, of: &'a Completion, object: TypeId) -> &mut [Key<'a>] {
        let known = self.plans.iter().position(|(ty, _)| *ty == object);
        let at = known.unwrap_or_else(|| {
            let slots = collect(&of.types, &of.switches, object, &self.sources);
            let ty = of.types.get(object);
            let keys = slots.into_iter().filter_map(|(name, slot)| {
                let field = ty.field(&slot.field.name)?;
                let level = Level {
                    sources: slot.below,
                    plans: Vec::new(),
                };
                Some(Key {
                    name,
                    wrap: &field.wrap,
                    below: field.composite.map(|ty| (ty, level)),
                })
            });
            self.plans.push((object, keys.collect()));
            self.plans.len() - 1
        });
        &mut self.plans[at].1
    }
}
