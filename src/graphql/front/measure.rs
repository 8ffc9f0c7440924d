//! Measures a parsed document: depth, nesting, nodes, aliases, directives and root fields of its operations.
//!
//! Counts follow fragment spreads, but each fragment is measured once and its totals are added wherever it is
//! spread, so the work is linear in the document however often fragments fan out. Sums saturate. The walk
//! stops as soon as the expanded nesting exceeds its bound, which also bounds its own recursion; a fragment
//! that spreads itself is refused here, so everything behind this module may expand fragments freely.

use std::collections::HashMap;

use apollo_compiler::ast::{Definition, Document, OperationType, Selection};

use super::{Code, DocumentLimits, Refusal, position::Lines, refusal::named};

/// Sums over a selection set with all that it spreads.
#[derive(Clone, Copy, Default)]
struct Totals {
    /// Depth of fields outside introspection.
    depth: u64,
    /// Depth of fields below `__schema` and `__type`, those included.
    introspection_depth: u64,
    nesting: u64,
    nodes: u64,
    aliases: u64,
    directives: u64,
    /// Fields of the selection set itself.
    fields: u64,
}

impl Totals {
    /// Adds what stands beside.
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        self.nesting = self.nesting.max(other.nesting);
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.fields = self.fields.saturating_add(other.fields);
    }
}

struct Measure<'a> {
    limits: &'a DocumentLimits,
    lines: &'a Lines<'a>,
    /// Selections and number of directives of each fragment.
    fragments: HashMap<&'a str, (&'a [Selection], u64)>,
    /// What is known of a fragment; `None` while it is being measured.
    measured: HashMap<&'a str, Option<Totals>>,
}

/// Checks the document against the bounds.
pub(super) fn check(document: &Document, lines: &Lines<'_>, limits: &DocumentLimits) -> Result<(), Refusal> {
    let mut fragments = HashMap::new();
    let (mut names, mut operations) = (Vec::new(), Vec::new());
    for definition in &document.definitions {
        match definition {
            Definition::FragmentDefinition(fragment) => {
                let entry = (
                    fragment.selection_set.as_slice(),
                    count(fragment.directives.len()),
                );
                names.push(fragment.name.as_str());
                fragments.insert(fragment.name.as_str(), entry);
            }
            Definition::OperationDefinition(operation) => operations.push(operation),
            _ => {
                let place = Some(lines.of(definition.location()));
                let message = "A request holds operations and fragments, not type definitions.";
                return Err(Refusal::at(Code::GraphqlValidationFailed, message, place));
            }
        }
    }
    bound("fragments", "fragments", count(names.len()), limits.fragments)?;
    bound(
        "operations",
        "operations in one document",
        count(operations.len()),
        limits.operations,
    )?;
    let mut measure = Measure {
        limits,
        lines,
        fragments,
        measured: HashMap::new(),
    };
    for name in names {
        measure.fragment(name, 0)?;
    }
    for operation in operations {
        let mut totals = measure.set(&operation.selection_set, 1)?;
        totals.directives = totals
            .directives
            .saturating_add(count(operation.directives.len()));
        for variable in &operation.variables {
            totals.directives = totals.directives.saturating_add(count(variable.directives.len()));
        }
        within(totals, operation.operation_type, limits)?;
    }
    Ok(())
}

fn within(totals: Totals, kind: OperationType, limits: &DocumentLimits) -> Result<(), Refusal> {
    let introspects = totals.introspection_depth > 0;
    let aliases = if introspects {
        limits.introspection_aliases
    } else {
        limits.aliases
    };
    let roots = if kind == OperationType::Mutation {
        limits.mutation_fields
    } else {
        limits.root_fields
    };
    bound("nesting", "levels of selections", totals.nesting, limits.nesting)?;
    bound("depth", "levels of fields", totals.depth, limits.depth)?;
    let deep = totals.introspection_depth;
    bound(
        "introspectionDepth",
        "levels of introspection",
        deep,
        limits.introspection_depth,
    )?;
    bound(
        "nodes",
        "selections, each fragment counted where it is spread,",
        totals.nodes,
        limits.nodes,
    )?;
    bound("aliases", "aliases", totals.aliases, aliases)?;
    bound("directives", "directives", totals.directives, limits.directives)?;
    bound("rootFields", "root fields", totals.fields, roots)
}

fn bound(limit: &'static str, of: &str, asked: u64, allowed: usize) -> Result<(), Refusal> {
    let allowed = count(allowed);
    if asked > allowed {
        Err(Refusal::limit(limit, of, asked, allowed))
    } else {
        Ok(())
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl<'a> Measure<'a> {
    /// Measures a selection set that lies `level` selection sets deep.
    fn set(&mut self, selections: &'a [Selection], level: u64) -> Result<Totals, Refusal> {
        bound(
            "nesting",
            "levels of selections or more",
            level,
            self.limits.nesting,
        )?;
        let mut totals = Totals {
            nesting: 1,
            ..Totals::default()
        };
        for selection in selections {
            let (mut part, directives) = match selection {
                Selection::Field(field) => {
                    let below = match field.selection_set.as_slice() {
                        [] => Totals::default(),
                        set => self.set(set, level + 1)?,
                    };
                    let mut part = Totals { fields: 1, ..below };
                    if matches!(field.name.as_str(), "__schema" | "__type") {
                        part.introspection_depth = 1 + below.depth.max(below.introspection_depth);
                        part.depth = 1;
                    } else {
                        part.depth = 1 + below.depth;
                    }
                    part.aliases = part.aliases.saturating_add(u64::from(field.alias.is_some()));
                    (part, &field.directives)
                }
                Selection::InlineFragment(inline) => {
                    (self.set(&inline.selection_set, level + 1)?, &inline.directives)
                }
                Selection::FragmentSpread(spread) => {
                    let place = selection.location();
                    let part =
                        self.fragment(spread.fragment_name.as_str(), level)
                            .map_err(|mut refusal| {
                                for fault in &mut refusal.faults {
                                    fault.location.get_or_insert_with(|| self.lines.of(place));
                                }
                                refusal
                            })?;
                    (part, &spread.directives)
                }
            };
            part.nodes = part.nodes.saturating_add(1);
            part.directives = part.directives.saturating_add(count(directives.len()));
            part.nesting += 1;
            totals.add(part);
        }
        Ok(totals)
    }

    /// Measures a fragment that is spread in a set at `level`, or recalls its measure.
    fn fragment(&mut self, name: &'a str, level: u64) -> Result<Totals, Refusal> {
        let totals = match self.measured.get(name) {
            Some(&Some(totals)) => totals,
            Some(None) => {
                let message = format!("The fragment {} spreads itself.", named(name));
                return Err(Refusal::new(Code::GraphqlValidationFailed, message));
            }
            None => {
                // A fragment that is not defined is the validator's to report.
                let Some(&(selections, directives)) = self.fragments.get(name) else {
                    return Ok(Totals::default());
                };
                self.measured.insert(name, None);
                let mut totals = self.set(selections, level + 1)?;
                totals.directives = totals.directives.saturating_add(directives);
                self.measured.insert(name, Some(totals));
                totals
            }
        };
        bound(
            "nesting",
            "levels of selections",
            level + totals.nesting,
            self.limits.nesting,
        )?;
        Ok(totals)
    }
}
