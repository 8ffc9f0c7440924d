//! Writes the selections of an operation as the engine's document for one set of variables, and adds up their
//! cost.
//!
//! The engine gets the document in its plainest form, which cures what it does differently from the
//! specification: `@skip` and `@include` are decided (it ignores the defaults of their variables), fields
//! with the same response key are merged (it runs them all, mutations included), fragments are dissolved
//! where the type is known (it does not know unions there, nor fragments at the root of a subscription),
//! arguments whose variable is absent are absent (it passes null), and an object of which nothing is left
//! asks for its type's name (it answers null for it).
//!
//! Where the type is known only at run time, the name of the type is asked for under [`HIDDEN`], a key that
//! no client can write; [`complete`](super::complete) reads it and takes it out.

use async_graphql::{
    Name, Pos, Positioned, Variables,
    indexmap::IndexMap,
    parser::types::{Field, InlineFragment, Selection as Engine, SelectionSet, TypeCondition},
};
use async_graphql_value::Value;

use super::{
    Code, DocumentLimits, Refusal,
    collect::{collect, included},
    compile::{ArgumentNode, FieldNode, Selection},
    cost::{self, Alternatives},
    refusal::named,
    types::{Composite, TypeId, Types},
};

/// The response key of the type's name, asked for by us.
pub(super) const HIDDEN: &str = " type";

/// Fields and fragments that may be written for each selection that a document may have; fragments on unions
/// are written once for each member.
const GROWTH: usize = 4;

/// Writes one operation.
pub(super) struct Lowering<'a> {
    types: &'a Types,
    variables: &'a Variables,
    limits: &'a DocumentLimits,
    hidden: Name,
    typename: Name,
    nodes: usize,
    bytes: usize,
}

/// A part of the engine's document and what it costs.
type Lowered = (SelectionSet, u64);

impl<'a> Lowering<'a> {
    pub(super) fn new(types: &'a Types, variables: &'a Variables, limits: &'a DocumentLimits) -> Self {
        let (hidden, typename) = (Name::new(HIDDEN), Name::new("__typename"));
        Self {
            types,
            variables,
            limits,
            hidden,
            typename,
            nodes: 0,
            bytes: 0,
        }
    }

    /// Writes the selections of a type; `in_page` when a list in them is already counted as rows of a page.
    pub(super) fn selections(
        &mut self,
        parent: TypeId,
        sources: &[&'a [Selection]],
        in_page: bool,
    ) -> Result<Lowered, Refusal> {
        let ty = self.types.get(parent);
        let mut items = Vec::new();
        let cost = if ty.is_object {
            self.object(parent, sources, in_page, &mut items)?
        } else {
            let mut costs = Alternatives::default();
            items.push(self.hidden());
            self.any(ty, sources, in_page, &mut items, &mut costs)?;
            costs.worst(ty)
        };
        if items.is_empty() {
            items.push(self.hidden());
        }
        Ok((SelectionSet { items }, cost))
    }

    fn object(
        &mut self,
        parent: TypeId,
        sources: &[&'a [Selection]],
        in_page: bool,
        items: &mut Vec<Positioned<Engine>>,
    ) -> Result<u64, Refusal> {
        let slots = collect(self.types, self.variables, parent, sources);
        let ty = self.types.get(parent);
        items.reserve(slots.len());
        slots.values().try_fold(0_u64, |sum, slot| {
            if slot.conflicts {
                let message = format!(
                    "{} is selected twice with different arguments.",
                    named(&slot.field.key)
                );
                return Err(Refusal::at(
                    Code::GraphqlValidationFailed,
                    message,
                    Some(slot.field.place),
                ));
            }
            let (item, cost) = self.field(ty, slot.field, &slot.below, in_page)?;
            items.push(item);
            Ok(sum.saturating_add(cost))
        })
    }

    /// Writes selections of an interface or union: what every type answers, then fragments for some.
    fn any(
        &mut self,
        parent: &'a Composite,
        sources: &[&'a [Selection]],
        in_page: bool,
        items: &mut Vec<Positioned<Engine>>,
        costs: &mut Alternatives,
    ) -> Result<(), Refusal> {
        for selection in sources.iter().copied().flatten() {
            match selection {
                Selection::Field(field) if included(&field.when, self.variables) => {
                    let below: &[&[Selection]] = if field.selections.is_empty() {
                        &[]
                    } else {
                        &[&field.selections]
                    };
                    let (item, cost) = self.field(parent, field, below, in_page)?;
                    items.push(item);
                    costs.always(cost);
                }
                Selection::Fragment {
                    on,
                    place,
                    when,
                    selections,
                } if included(when, self.variables) => {
                    let condition = self.types.get(*on);
                    if parent.possible.within(&condition.possible) {
                        self.any(parent, &[selections], in_page, items, costs)?;
                        continue;
                    }
                    let both = parent.possible.and(&condition.possible);
                    if condition.is_union {
                        for member in both.iter() {
                            self.fragment(member, *place, selections, in_page, items, costs)?;
                        }
                    } else if !both.is_empty() {
                        self.fragment(*on, *place, selections, in_page, items, costs)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a fragment on an object type or interface.
    fn fragment(
        &mut self,
        on: TypeId,
        place: Pos,
        selections: &'a [Selection],
        in_page: bool,
        items: &mut Vec<Positioned<Engine>>,
        costs: &mut Alternatives,
    ) -> Result<(), Refusal> {
        self.count(0)?;
        let ty = self.types.get(on);
        let (selection_set, cost) = self.selections(on, &[selections], in_page)?;
        costs.sometimes(ty.possible.clone(), cost);
        let condition = TypeCondition {
            on: Positioned::new(ty.name.clone(), place),
        };
        let fragment = InlineFragment {
            type_condition: Some(Positioned::new(condition, place)),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, place),
        };
        items.push(Positioned::new(
            Engine::InlineFragment(Positioned::new(fragment, place)),
            place,
        ));
        Ok(())
    }

    fn field(
        &mut self,
        parent: &Composite,
        field: &'a FieldNode,
        below: &[&'a [Selection]],
        in_page: bool,
    ) -> Result<(Positioned<Engine>, u64), Refusal> {
        let place = field.place;
        self.count(field.arguments.iter().map(|argument| argument.bytes).sum())?;
        let ty = parent.field(&field.name).ok_or_else(|| {
            Refusal::at(
                Code::GraphqlValidationFailed,
                "This field does not exist.",
                Some(place),
            )
        })?;
        let rows = cost::rows(field, ty, in_page, self.variables, self.limits)?;
        let (selection_set, inner) = match ty.composite {
            Some(composite) => self.selections(composite, below, cost::is_page(ty))?,
            None => (SelectionSet::default(), 0),
        };
        let written = Field {
            alias: (field.key != field.name).then(|| Positioned::new(field.key.clone(), place)),
            name: Positioned::new(field.name.clone(), place),
            arguments: self.arguments(&field.arguments),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, place),
        };
        let item = Positioned::new(Engine::Field(Positioned::new(written, place)), place);
        Ok((item, rows.saturating_mul(inner).saturating_add(ty.weight)))
    }

    fn arguments(&self, arguments: &[ArgumentNode]) -> Vec<(Positioned<Name>, Positioned<Value>)> {
        let given = arguments.iter().filter_map(|argument| {
            let value = if argument.varies {
                self.present(&argument.value)?
            } else {
                argument.value.clone()
            };
            Some((
                Positioned::new(argument.name.clone(), argument.place),
                Positioned::new(value, argument.place),
            ))
        });
        given.collect()
    }

    /// Leaves out what depends on an absent variable; in a list it is null.
    fn present(&self, value: &Value) -> Option<Value> {
        Some(match value {
            Value::Variable(name) if !self.variables.contains_key(name) => return None,
            Value::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.present(item).unwrap_or(Value::Null))
                    .collect(),
            ),
            Value::Object(fields) => {
                let given = fields
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.present(value)?)));
                Value::Object(given.collect::<IndexMap<_, _>>())
            }
            other => other.clone(),
        })
    }

    fn hidden(&self) -> Positioned<Engine> {
        let field = Field {
            alias: Some(Positioned::new(self.hidden.clone(), Pos::default())),
            name: Positioned::new(self.typename.clone(), Pos::default()),
            arguments: Vec::new(),
            directives: Vec::new(),
            selection_set: Positioned::default(),
        };
        Positioned::new(
            Engine::Field(Positioned::new(field, Pos::default())),
            Pos::default(),
        )
    }

    /// Counts one written node with the bytes of its literals, which grow with every spread of a fragment.
    fn count(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.nodes += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let (nodes, bytes) = (
            self.limits.nodes.saturating_mul(GROWTH),
            self.limits.document_bytes.saturating_mul(GROWTH),
        );
        if self.nodes > nodes {
            let of = "selections or more, each fragment counted for each type,";
            return Err(Refusal::limit("nodes", of, self.nodes as u64, nodes as u64));
        }
        if self.bytes > bytes {
            let of = "bytes of literals, each fragment counted where it is spread,";
            return Err(Refusal::limit(
                "documentBytes",
                of,
                self.bytes as u64,
                bytes as u64,
            ));
        }
        Ok(())
    }
}
