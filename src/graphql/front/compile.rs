//! Turns a validated document into selections that can be collected for any object type, and checks the few
//! rules of the specification's section 5 that the validator leaves open.
//!
//! A named fragment is compiled once and shared by its spreads, so what is kept of a document is linear in
//! it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use apollo_compiler::{
    ExecutableDocument, Node,
    ast::{Argument, DirectiveList, InputValueDefinition, Value as Literal, VariableDefinition},
    executable::{Operation, Selection as Selected, SelectionSet},
};
use async_graphql::{Name, Pos};
use async_graphql_value::Value;

use super::{
    Code, Refusal, Rules,
    literal::{Literals, Usage},
    position::Lines,
    refusal::{Fault, named},
    types::{TypeId, Types},
};

/// A selection, ready to be collected for any object type.
#[derive(Debug)]
pub(super) enum Selection {
    Field(FieldNode),
    /// A fragment, inline or spread.
    Fragment {
        on: TypeId,
        place: Pos,
        when: Vec<Condition>,
        selections: Selections,
    },
}

/// Selections that several spreads may share.
pub(super) type Selections = Arc<[Selection]>;

/// A selected field.
#[derive(Debug)]
pub(super) struct FieldNode {
    pub(super) key: Name,
    pub(super) name: Name,
    pub(super) place: Pos,
    pub(super) arguments: Vec<ArgumentNode>,
    pub(super) when: Vec<Condition>,
    pub(super) selections: Selections,
}

impl FieldNode {
    /// Tells whether both fields have the same arguments in whatever order.
    pub(super) fn same_arguments(&self, other: &Self) -> bool {
        let has = |argument: &ArgumentNode| {
            let same = |mine: &&ArgumentNode| mine.name == argument.name && mine.value == argument.value;
            self.arguments.iter().find(same).is_some()
        };
        std::ptr::eq(self, other)
            || (self.arguments.len() == other.arguments.len() && other.arguments.iter().all(has))
    }
}

/// An argument with its value.
#[derive(Debug)]
pub(super) struct ArgumentNode {
    pub(super) name: Name,
    pub(super) place: Pos,
    pub(super) value: Value,
    /// Whether a variable stands somewhere in the value.
    pub(super) varies: bool,
    /// Length of the strings in the value, in bytes.
    pub(super) bytes: usize,
}

/// `@include` (wants true) or `@skip` (wants false).
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) wants: bool,
    pub(super) given: Given,
}

/// What a condition depends on.
#[derive(Debug)]
pub(super) enum Given {
    Literal(bool),
    Variable(Name),
}

/// A fragment definition: what it selects, and what an operation that reaches it must know.
struct Fragment {
    selections: Selections,
    usages: Vec<Usage>,
    spreads: Vec<apollo_compiler::Name>,
}

/// Compiles the operations of one document.
pub(super) struct Compiler<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    lines: &'a Lines<'a>,
    fragments: HashMap<apollo_compiler::Name, Fragment>,
    literals: Literals<'a>,
    /// Spreads of the definition that is being compiled.
    spreads: Vec<apollo_compiler::Name>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(rules: &'a Rules, document: &'a ExecutableDocument, lines: &'a Lines<'a>) -> Self {
        let literals = Literals::new(rules, lines);
        Self {
            types: &rules.types,
            document,
            lines,
            fragments: HashMap::new(),
            literals,
            spreads: Vec::new(),
        }
    }

    /// Compiles an operation's selections and checks how it uses its variables.
    pub(super) fn operation(&mut self, operation: &Operation) -> Selections {
        self.literals.usages.clear();
        self.spreads.clear();
        self.directives(&operation.directives);
        let selections = self.selections(&operation.selection_set);
        let usages = std::mem::take(&mut self.literals.usages);
        let mut open = std::mem::take(&mut self.spreads);
        let mut invalid: Vec<Fault> = misused(&usages, &operation.variables).collect();
        let mut seen = HashSet::new();
        while let Some(name) = open.pop() {
            if let Some(fragment) = self.fragments.get(&name)
                && seen.insert(name)
            {
                invalid.extend(misused(&fragment.usages, &operation.variables));
                open.extend(fragment.spreads.iter().cloned());
            }
        }
        self.literals.invalid.append(&mut invalid);
        selections
    }

    /// Compiles the value that a variable has when none is given.
    pub(super) fn default_of(&mut self, variable: &VariableDefinition) -> Option<Value> {
        let value = variable.default_value.as_ref()?;
        Some(self.literals.value(&variable.ty, value, false))
    }

    /// Ends the work: everything was in order, or it is said what was not.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let invalid = Refusal::of(Code::GraphqlValidationFailed, self.literals.invalid);
        match invalid.or_else(|| Refusal::of(Code::BadUserInput, self.literals.unwanted)) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    fn selections(&mut self, set: &SelectionSet) -> Selections {
        set.selections
            .iter()
            .filter_map(|selection| self.selection(selection, &set.ty))
            .collect()
    }

    /// Compiles one selection; none if the validator has let something through that does not exist.
    fn selection(&mut self, selection: &Selected, parent: &str) -> Option<Selection> {
        Some(match selection {
            Selected::Field(field) => {
                let place = self.lines.of(field.location());
                Selection::Field(FieldNode {
                    key: Name::new(field.response_key()),
                    name: Name::new(&field.name),
                    place,
                    arguments: self.arguments(&field.arguments, &field.definition.arguments),
                    when: self.directives(&field.directives),
                    selections: self.selections(&field.selection_set),
                })
            }
            Selected::InlineFragment(inline) => Selection::Fragment {
                on: self
                    .types
                    .find(inline.type_condition.as_deref().unwrap_or(parent))?,
                place: self.lines.of(inline.location()),
                when: self.directives(&inline.directives),
                selections: self.selections(&inline.selection_set),
            },
            Selected::FragmentSpread(spread) => {
                let definition = self.document.fragments.get(&spread.fragment_name)?;
                self.spreads.push(spread.fragment_name.clone());
                Selection::Fragment {
                    on: self.types.find(definition.type_condition())?,
                    place: self.lines.of(spread.location()),
                    when: self.directives(&spread.directives),
                    selections: self.fragment(&spread.fragment_name)?,
                }
            }
        })
    }

    fn fragment(&mut self, name: &apollo_compiler::Name) -> Option<Selections> {
        if let Some(fragment) = self.fragments.get(name) {
            return Some(fragment.selections.clone());
        }
        let definition = self.document.fragments.get(name)?;
        let usages = std::mem::take(&mut self.literals.usages);
        let spreads = std::mem::take(&mut self.spreads);
        self.directives(&definition.directives);
        let selections = self.selections(&definition.selection_set);
        let fragment = Fragment {
            selections: selections.clone(),
            usages: std::mem::replace(&mut self.literals.usages, usages),
            spreads: std::mem::replace(&mut self.spreads, spreads),
        };
        self.fragments.insert(name.clone(), fragment);
        Some(selections)
    }

    fn arguments(
        &mut self,
        given: &[Node<Argument>],
        defined: &[Node<InputValueDefinition>],
    ) -> Vec<ArgumentNode> {
        let typed = given.iter().filter_map(|argument| {
            let definition = defined
                .iter()
                .find(|definition| definition.name == argument.name)?;
            Some((argument, definition))
        });
        typed
            .map(|(argument, definition)| {
                let (usages, bytes) = (self.literals.usages.len(), self.literals.bytes);
                let value = self.literals.value(
                    &definition.ty,
                    &argument.value,
                    definition.default_value.is_some(),
                );
                ArgumentNode {
                    name: Name::new(&argument.name),
                    place: self.lines.of(argument.location()),
                    value,
                    varies: self.literals.usages.len() > usages,
                    bytes: self.literals.bytes - bytes,
                }
            })
            .collect()
    }

    /// Compiles the conditions among directives; the rest is only checked.
    fn directives(&mut self, directives: &DirectiveList) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for directive in directives {
            if let Some(definition) = self.types.schema.directive_definitions.get(&directive.name) {
                self.arguments(&directive.arguments, &definition.arguments);
            }
            let wants = match directive.name.as_str() {
                "include" => true,
                "skip" => false,
                _ => continue,
            };
            let given = match directive.specified_argument_by_name("if").map(AsRef::as_ref) {
                Some(Literal::Boolean(given)) => Given::Literal(*given),
                Some(Literal::Variable(name)) => Given::Variable(Name::new(name)),
                _ => continue,
            };
            conditions.push(Condition { wants, given });
        }
        conditions
    }
}

/// Finds variables that stand where their type does not fit (section 5.8.5, "All Variable Usages Are
/// Allowed").
fn misused<'a>(
    usages: &'a [Usage],
    variables: &'a [Node<VariableDefinition>],
) -> impl Iterator<Item = Fault> + 'a {
    usages.iter().filter_map(|usage| {
        let name = named(&format!("${}", usage.variable));
        let location = Some(usage.place);
        let fault = |message| Some(Fault { message, location });
        let variable = variables.iter().find(|variable| variable.name == usage.variable);
        let (variable, ty) = match (variable, &usage.ty) {
            (Some(variable), Some(ty)) => (variable, ty),
            (None, None) => return fault(format!("The variable {name} is not defined.")),
            // Within a custom scalar any type will do; elsewhere the validator reports what is not defined.
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let may_be_null = !variable.ty.is_non_null();
        let has_default = variable
            .default_value
            .as_ref()
            .is_some_and(|value| !value.is_null());
        let fits = if usage.one_of && may_be_null {
            false
        } else if ty.is_non_null() && may_be_null {
            (has_default || usage.has_default) && variable.ty.is_assignable_to(&ty.clone().nullable())
        } else {
            variable.ty.is_assignable_to(ty)
        };
        if fits {
            None
        } else {
            fault(format!(
                "The variable {name} of type `{}` does not fit `{ty}`.",
                variable.ty
            ))
        }
    })
}
