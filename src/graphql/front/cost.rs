//! What an operation may cost at most, estimated before it runs.
//!
//! ```text
//! cost(operation) = Σ cost(root field)
//! cost(field)     = weight(field) + rows(field) × Σ cost(selected field)
//! weight(field)   = what its description says after `Cost: `, else 1
//! rows(field)     = `first` or `last` (20 if neither is given)   of a field that takes them
//!                 × the number of its `ids`                      of a field that takes those
//!                 × 5 for each list in its type                  if neither counts it and it is no page's list
//! ```
//!
//! A page's lists are those directly below a paged field: `edges` and `nodes` of a connection.
//! Each field costs at least 1, `__typename` included. Where the type is known only at run time the estimate
//! takes the possible type that would cost most. All arithmetic saturates, and page sizes are checked before
//! they multiply, so no product can wrap or cancel. An explicit null counts as not given.

use async_graphql::{Name, Pos, Value, Variables};
use async_graphql_value::Value as Input;

use super::{
    Code, DocumentLimits, Refusal,
    compile::FieldNode,
    types::{Composite, FieldType, TypeId, TypeSet},
};

/// Assumed length of a list that nothing bounds.
const ASSUMED: u64 = 5;

/// How often the selections below a field are answered.
pub(super) fn rows(
    field: &FieldNode,
    ty: &FieldType,
    in_page: bool,
    variables: &Variables,
    limits: &DocumentLimits,
) -> Result<u64, Refusal> {
    let mut rows = 1_u64;
    if ty.paged {
        rows = page(field, variables, limits)?;
    }
    if ty.by_ids {
        let (count, place) = length(field, "ids", variables);
        if count > u64::from(limits.page_size) {
            let message = format!(
                "`ids` must have at most {} entries; asked {count}.",
                limits.page_size
            );
            return Err(Refusal::at(Code::BadUserInput, message, Some(place)));
        }
        rows = rows.saturating_mul(count.max(1));
    }
    if !ty.paged && !ty.by_ids && !in_page {
        rows = ASSUMED.saturating_pow(ty.wrap.lists());
    }
    Ok(rows)
}

/// Tells whether a list below this field is the page that the field's rows already count.
pub(super) fn is_page(ty: &FieldType) -> bool {
    ty.paged && ty.wrap.lists() == 0
}

fn page(field: &FieldNode, variables: &Variables, limits: &DocumentLimits) -> Result<u64, Refusal> {
    let mut asked = None;
    for name in ["first", "last"] {
        let Some((rows, place)) = number(field, name, variables) else {
            continue;
        };
        if asked.is_some() {
            let message = "Give `first` or `last`, not both.";
            return Err(Refusal::at(Code::BadUserInput, message, Some(place)));
        }
        let allowed = 1..=i64::from(limits.page_size);
        if !allowed.contains(&rows) {
            let message = format!(
                "`{name}` must be between 1 and {}; asked {rows}.",
                limits.page_size
            );
            return Err(Refusal::at(Code::BadUserInput, message, Some(place)));
        }
        asked = Some(rows.unsigned_abs());
    }
    Ok(asked.unwrap_or_else(|| limits.default_page_size.into()))
}

/// Reads an argument that is a number; none when it is absent, null or no number.
fn number(field: &FieldNode, name: &str, variables: &Variables) -> Option<(i64, Pos)> {
    let argument = field.arguments.iter().find(|argument| argument.name == name)?;
    let number = match &argument.value {
        Input::Number(number) => number,
        Input::Variable(variable) => match variables.get(variable) {
            Some(Value::Number(number)) => number,
            _ => return None,
        },
        _ => return None,
    };
    Some((number.as_i64()?, argument.place))
}

/// Counts the entries of an argument that is a list.
fn length(field: &FieldNode, name: &str, variables: &Variables) -> (u64, Pos) {
    let Some(argument) = field.arguments.iter().find(|argument| argument.name == name) else {
        return (0, field.place);
    };
    let list = |variable: &Name| match variables.get(variable) {
        Some(Value::List(items)) => items.len(),
        _ => 1,
    };
    let count = match &argument.value {
        Input::List(items) => items.len(),
        Input::Variable(variable) => list(variable),
        _ => 1,
    };
    (count as u64, argument.place)
}

/// Adds up fields and fragments of a selection whose type is known only at run time.
#[derive(Default)]
pub(super) struct Alternatives {
    always: u64,
    sometimes: Vec<(TypeSet, u64)>,
}

impl Alternatives {
    /// Counts what is answered for every type.
    pub(super) fn always(&mut self, cost: u64) {
        self.always = self.always.saturating_add(cost);
    }

    /// Counts what is answered for some types only.
    pub(super) fn sometimes(&mut self, types: TypeSet, cost: u64) {
        self.sometimes.push((types, cost));
    }

    /// Gives the cost of the type that costs most.
    pub(super) fn worst(&self, parent: &Composite) -> u64 {
        let cost = |ty: TypeId| {
            let applies = self.sometimes.iter().filter(|(types, _)| types.contains(ty));
            applies.fold(0_u64, |sum, (_, cost)| sum.saturating_add(*cost))
        };
        let worst = if self.sometimes.is_empty() {
            None
        } else {
            parent.possible.iter().map(cost).max()
        };
        self.always.saturating_add(worst.unwrap_or(0))
    }
}
