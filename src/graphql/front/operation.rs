//! A prepared document, its operations, and what becomes of one when its variables are known.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::ast;
use async_graphql::{
    Name, Pos, Positioned, Request, Value, Variables,
    parser::types::{
        DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
        Selection as EngineSelection, Type, VariableDefinition,
    },
};
use serde_json::{Map, Value as Json};

use super::{
    Code, Completion, DocumentHash, Refusal, Rules,
    coerce::{self, Variable},
    compile::{Compiler, Selection, Selections},
    lexer,
    lower::Lowering,
    measure,
    position::Lines,
    refusal::named,
    types::TypeId,
    validate,
};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It reads.
    Query,
    /// It writes.
    Mutation,
    /// It listens.
    Subscription,
}

/// A document that is valid and within its bounds.
#[derive(Debug)]
pub struct Prepared {
    hash: DocumentHash,
    source_bytes: usize,
    operations: Vec<Operation>,
}

/// One operation of a prepared document.
#[derive(Debug)]
pub struct Operation {
    rules: Arc<Rules>,
    name: Option<String>,
    kind: ast::OperationType,
    root: TypeId,
    introspects: bool,
    variables: Vec<Variable>,
    /// The same variables as the engine wants them.
    definitions: Vec<Positioned<VariableDefinition>>,
    selections: Selections,
}

/// An operation with its variables: within its cost, ready for the engine.
#[derive(Debug)]
pub struct Admitted {
    /// Estimated cost in points.
    pub cost: u64,
    /// How many root fields it has.
    pub root_fields: usize,
    /// What the request itself says of being sent twice: the `idempotencyKey` of the only root field.
    pub idempotency_key: Option<String>,
    /// The request for the engine, without any data of the caller's.
    pub request: Request,
    /// Completes every answer of the engine to this request.
    pub completion: Completion,
}

impl Admitted {
    /// The root fields that are asked for, each once, with what their arguments name: `node(id: "crs_…")`. Arguments that name
    /// nothing are left out; they may be personal.
    pub fn asks(&mut self) -> Vec<String> {
        let variables = self.request.variables.clone();
        let Ok(document) = self.request.parsed_query() else {
            return Vec::new();
        };
        let operations = document.operations.iter();
        let items = operations.flat_map(|(_, operation)| &operation.node.selection_set.node.items);
        let mut asks: Vec<_> = items.filter_map(|item| asked(&item.node, &variables)).collect();
        asks.dedup();
        asks
    }
}

/// A root field with the identifiers and slugs among its arguments.
fn asked(item: &EngineSelection, variables: &Variables) -> Option<String> {
    let EngineSelection::Field(field) = item else {
        return None;
    };
    let is_name = |name: &str| matches!(name, "id" | "ids" | "slug");
    let arguments = field.node.arguments.iter();
    let named: Vec<_> = arguments
        .filter(|(name, _)| is_name(name.node.as_str()))
        .map(|(name, value)| {
            let value = value.node.clone();
            let value = value
                .into_const_with(|name| variables.get(&name).cloned().ok_or(()))
                .unwrap_or_default();
            format!("{}: {value}", name.node)
        })
        .collect();
    let field = field.node.name.node.as_str();
    Some(match named.as_slice() {
        [] => field.to_owned(),
        named => format!("{field}({})", named.join(", ")),
    })
}

impl Prepared {
    pub(super) fn new(rules: &Arc<Rules>, source: &str, hash: DocumentHash) -> Result<Self, Refusal> {
        lexer::check(source, &rules.limits)?;
        let lines = Lines::new(source);
        let parsed = validate::parse(source, &lines)?;
        measure::check(&parsed, &lines, &rules.limits)?;
        let document = validate::validate(&rules.types.schema, &parsed, &lines)?;
        let mut compiler = Compiler::new(rules, &document, &lines);
        let operations = document.operations.iter();
        let operations = operations
            .map(|operation| Operation::new(rules, &mut compiler, operation, &lines))
            .collect::<Result<Vec<_>, _>>()?;
        compiler.finish()?;
        Ok(Self {
            hash,
            source_bytes: source.len(),
            operations,
        })
    }

    /// SHA-256 of the document's text.
    pub fn hash(&self) -> &DocumentHash {
        &self.hash
    }

    /// Length of the document's text.
    pub(super) fn source_bytes(&self) -> usize {
        self.source_bytes
    }

    /// All operations, in the order of the document.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Finds the operation to execute; a document with one needs no name.
    ///
    /// # Errors
    /// `OPERATION_RESOLUTION_FAILURE` when there is none of the name, or several and no name.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        let message = match (name, self.operations.as_slice()) {
            (None, [operation]) => return Ok(operation),
            (None, []) => "The document has no operation.".to_owned(),
            (None, _) => {
                "The document has several operations; say in operationName which to execute.".to_owned()
            }
            (Some(name), operations) => {
                match operations.iter().find(|operation| operation.name() == Some(name)) {
                    Some(operation) => return Ok(operation),
                    None => format!("The document has no operation {}.", named(name)),
                }
            }
        };
        Err(Refusal::new(Code::OperationResolutionFailure, message))
    }
}

impl Operation {
    fn new(
        rules: &Arc<Rules>,
        compiler: &mut Compiler<'_>,
        operation: &apollo_compiler::executable::Operation,
        lines: &Lines<'_>,
    ) -> Result<Self, Refusal> {
        let kind = operation.operation_type;
        let missing = || {
            Refusal::new(
                Code::GraphqlValidationFailed,
                format!("There is no {} type.", kind.name()),
            )
        };
        let root = rules.types.root(kind).ok_or_else(missing)?;
        let selections = compiler.operation(operation);
        let mut variables = Vec::with_capacity(operation.variables.len());
        for definition in &operation.variables {
            let default = compiler
                .default_of(definition)
                .and_then(async_graphql_value::Value::into_const);
            let (ty, place) = (definition.ty.as_ref().clone(), lines.of(definition.location()));
            variables.push(Variable {
                name: Name::new(&definition.name),
                ty,
                default,
                place,
            });
        }
        let introspects = introspects(&selections)?;
        let definitions = variables.iter().filter_map(definition_of).collect();
        let name = operation.name.as_ref().map(ToString::to_string);
        Ok(Self {
            rules: rules.clone(),
            name,
            kind,
            root,
            introspects,
            variables,
            definitions,
            selections,
        })
    }

    /// The operation's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What the operation does.
    pub fn kind(&self) -> Kind {
        match self.kind {
            ast::OperationType::Query => Kind::Query,
            ast::OperationType::Mutation => Kind::Mutation,
            ast::OperationType::Subscription => Kind::Subscription,
        }
    }

    /// Tells whether `__schema` or `__type` is selected, which needs a right that the caller checks.
    pub fn is_introspection(&self) -> bool {
        self.introspects
    }

    /// Coerces the variables, prices the operation and writes the engine's request.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` when a variable or a page size is not allowed, `LIMIT_EXCEEDED` when the operation
    /// costs or grows too much.
    pub fn admit(&self, variables: Map<String, Json>) -> Result<Admitted, Refusal> {
        let Rules {
            types,
            limits,
            scalars,
        } = &*self.rules;
        let nesting = limits.variable_nesting;
        let variables = coerce::variables(&types.schema, scalars, &self.variables, variables, nesting)?;
        let mut lowering = Lowering::new(types, &variables, limits);
        let (selection_set, cost) = lowering.selections(self.root, &[&self.selections], false)?;
        if cost > limits.cost {
            return Err(Refusal::limit("cost", "points of cost", cost, limits.cost));
        }
        let is_switch = |value: &Value| matches!(value, Value::Boolean(_));
        let booleans = variables.iter().filter(|(_, value)| is_switch(value));
        let switches = Variables::from_value(Value::Object(
            booleans
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        ));
        let (types, selections) = (types.clone(), self.selections.clone());
        let completion = Completion {
            types,
            root: self.root,
            selections,
            switches,
        };
        let root_fields = selection_set.items.len();
        let mut request = Request::new("").variables(variables);
        let operation = OperationDefinition {
            ty: self.operation_type(),
            variable_definitions: self.definitions.clone(),
            directives: Vec::new(),
            selection_set: Positioned::new(selection_set, Pos::default()),
        };
        let operation = Positioned::new(operation, Pos::default());
        let operations = match &self.name {
            Some(name) => {
                request.operation_name = Some(name.clone());
                DocumentOperations::Multiple([(Name::new(name), operation)].into())
            }
            None => DocumentOperations::Single(operation),
        };
        request.set_parsed_query(ExecutableDocument {
            operations,
            fragments: HashMap::new(),
        });
        Ok(Admitted {
            cost,
            root_fields,
            idempotency_key: None,
            request,
            completion,
        })
    }

    fn operation_type(&self) -> OperationType {
        match self.kind {
            ast::OperationType::Query => OperationType::Query,
            ast::OperationType::Mutation => OperationType::Mutation,
            ast::OperationType::Subscription => OperationType::Subscription,
        }
    }
}

/// Defines a variable for the engine, which looks values up only under what is defined.
fn definition_of(variable: &Variable) -> Option<Positioned<VariableDefinition>> {
    let definition = VariableDefinition {
        name: Positioned::new(variable.name.clone(), variable.place),
        var_type: Positioned::new(Type::new(&variable.ty.to_string())?, variable.place),
        directives: Vec::new(),
        default_value: None,
    };
    Some(Positioned::new(definition, variable.place))
}

/// Tells whether introspection starts anywhere in the selections, and bounds it where it does.
fn introspects(selections: &[Selection]) -> Result<bool, Refusal> {
    let mut found = false;
    for selection in selections {
        match selection {
            Selection::Field(field) if matches!(field.name.as_str(), "__schema" | "__type") => {
                circles(&field.selections, &mut Vec::new())?;
                found = true;
            }
            Selection::Field(field) => found |= introspects(&field.selections)?,
            Selection::Fragment { selections, .. } => found |= introspects(selections)?,
        }
    }
    Ok(found)
}

/// Refuses introspection that walks the schema round and round: a list may occur once on each way down.
fn circles<'a>(selections: &'a [Selection], above: &mut Vec<&'a str>) -> Result<(), Refusal> {
    const LISTS: [&str; 8] = [
        "types",
        "directives",
        "fields",
        "args",
        "inputFields",
        "interfaces",
        "possibleTypes",
        "enumValues",
    ];
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let name = field.name.as_str();
                let counts = LISTS.contains(&name);
                if counts && above.contains(&name) {
                    let message = format!("Introspection may select {} once on each way down.", named(name));
                    return Err(Refusal::at(
                        Code::GraphqlValidationFailed,
                        message,
                        Some(field.place),
                    ));
                }
                above.extend(counts.then_some(name));
                circles(&field.selections, above)?;
                above.truncate(above.len() - usize::from(counts));
            }
            Selection::Fragment { selections, .. } => circles(selections, above)?,
        }
    }
    Ok(())
}
