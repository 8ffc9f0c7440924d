//! Collects the fields that an object of a known type answers, as the specification's `CollectFields()` does.

use async_graphql::{Name, Value, Variables, indexmap::IndexMap};

use super::{
    compile::{Condition, FieldNode, Given, Selection},
    types::{TypeId, Types},
};

/// A response key with the field behind it and everything that is selected below it.
pub(super) struct Slot<'a> {
    pub(super) field: &'a FieldNode,
    pub(super) below: Vec<&'a [Selection]>,
    /// Whether the key is selected once more with other arguments.
    pub(super) conflicts: bool,
}

impl<'a> Slot<'a> {
    fn new(field: &'a FieldNode) -> Self {
        Self {
            field,
            below: Vec::new(),
            conflicts: false,
        }
    }
}

/// Collects the fields of an object type by response key, in the order of the document.
pub(super) fn collect<'a>(
    types: &Types,
    variables: &Variables,
    object: TypeId,
    sources: &[&'a [Selection]],
) -> IndexMap<&'a Name, Slot<'a>> {
    let mut slots = IndexMap::new();
    for source in sources {
        add(types, variables, object, source, &mut slots);
    }
    slots
}

fn add<'a>(
    types: &Types,
    variables: &Variables,
    object: TypeId,
    source: &'a [Selection],
    slots: &mut IndexMap<&'a Name, Slot<'a>>,
) {
    for selection in source {
        match selection {
            Selection::Field(field) if included(&field.when, variables) => {
                let slot = slots.entry(&field.key).or_insert_with(|| Slot::new(field));
                slot.conflicts |= !slot.field.same_arguments(field);
                if !field.selections.is_empty() {
                    slot.below.push(&field.selections);
                }
            }
            Selection::Fragment {
                on, when, selections, ..
            } if types.get(*on).possible.contains(object) && included(when, variables) => {
                add(types, variables, object, selections, slots);
            }
            _ => {}
        }
    }
}

/// Evaluates `@include` and `@skip`.
pub(super) fn included(conditions: &[Condition], variables: &Variables) -> bool {
    conditions.iter().all(|condition| {
        let given = match &condition.given {
            Given::Literal(given) => *given,
            Given::Variable(name) => matches!(variables.get(name), Some(Value::Boolean(true))),
        };
        given == condition.wants
    })
}
