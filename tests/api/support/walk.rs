//! Documents made from the schema: together they ask for every field that a query can lead to, so that whatever noun
//! is added is asked for too.
//!
//! One document belongs to one root field, one choice of its optional arguments and, where the field can answer many
//! types, one of them. It goes on through every field of an object; where a path meets a type again, or more than
//! [`HUBS`] types with an identifier, only the plain fields are asked for. Arguments that name something (identifiers,
//! cursors, texts) are variables, for whoever runs the document to fill. A document that names something below its root
//! asks only for what leads there and what lies beneath.

use super::document::{Document, Selection, Slot, Written, framed, write_all};
use apollo_compiler::ast::{FieldDefinition, InputValueDefinition, Type};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use std::collections::{BTreeMap, BTreeSet};

/// How many types with an identifier lie on one path.
const HUBS: usize = 2;
/// Rows that every connection is asked for.
const ROWS: usize = 10;

/// The schema, to be walked.
pub struct Walk {
    schema: Schema,
    implementers: BTreeMap<String, BTreeSet<String>>,
}

impl Walk {
    /// Reads the schema.
    pub fn new() -> Self {
        let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
        let mut implementers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, kind) in &schema.types {
            if let ExtendedType::Object(object) = kind {
                for interface in &object.implements_interfaces {
                    let of = implementers.entry(interface.to_string()).or_default();
                    of.insert(name.to_string());
                }
            }
            if let ExtendedType::Union(union) = kind {
                implementers.insert(
                    name.to_string(),
                    union.members.iter().map(ToString::to_string).collect(),
                );
            }
        }
        Self { schema, implementers }
    }

    /// Makes the documents of all root fields of queries: one for each way to write the root field's arguments, then those
    /// that name something below the root too. What has an identifier is reached through `node` for those.
    pub fn documents(&self) -> Vec<Document> {
        let mut documents = Vec::new();
        for field in self.fields_of("Query") {
            let ways = self.arguments(field, &field.name, true);
            let named = ways.iter().position(|way| !way.variables.is_empty());
            let of = field.ty.inner_named_type();
            let mut types: Vec<_> = self.concrete(of).map(Some).collect();
            if types.is_empty() {
                types.push(None);
            }
            let goes_below = field.name == "node" || !self.is_hub(of);
            let made = |way: usize, of, mode| self.document(field, of, ways[way].clone(), mode);
            for way in 0..ways.len() {
                documents.extend(types.iter().map(|of| made(way, *of, Below::Plain)));
            }
            let below = BTreeSet::from([0, named.unwrap_or(0)]);
            for way in below.into_iter().filter(|_| goes_below) {
                for of in &types {
                    let filters = (1..).map(|at| made(way, *of, Below::Filters(at)));
                    documents.extend(filters.take_while(Document::names_below));
                    let cursors = Some(made(way, *of, Below::Cursors));
                    documents.extend(cursors.filter(Document::names_below));
                }
            }
        }
        documents
    }

    /// Every field of every object type that a query can lead to, as `Type.field`.
    pub fn fields(&self) -> BTreeSet<String> {
        let (mut fields, mut open, mut seen) = (BTreeSet::new(), vec!["Query".to_owned()], BTreeSet::new());
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            open.extend(self.implementers.get(&name).into_iter().flatten().cloned());
            if matches!(self.schema.types[name.as_str()], ExtendedType::Object(_)) {
                for field in self.fields_of(&name) {
                    fields.insert(format!("{name}.{}", field.name));
                    open.push(field.ty.inner_named_type().to_string());
                }
            }
        }
        fields
    }

    fn document(
        &self,
        root: &FieldDefinition,
        of: Option<&str>,
        arguments: Written,
        mode: Below,
    ) -> Document {
        let label = format!(
            "{}({}) {} {mode:?}",
            root.name,
            arguments.text,
            of.unwrap_or_default()
        );
        let mut variables = arguments.variables.clone();
        let mut build = Build {
            walk: self,
            variables: &mut variables,
            mode,
            of,
            path: vec!["Query".to_owned()],
            is_beneath: false,
        };
        let mut field = build.selection("Query", root, false).unwrap();
        let mut texts = vec![arguments.clone()];
        if !field.arguments.is_empty() {
            texts.push(Written::plain(field.arguments.trim_matches(['(', ')'])));
        }
        field.arguments = framed(Written::all(texts.into_iter().filter(|text| !text.text.is_empty())).text);
        let mut text = String::new();
        write_all(std::slice::from_ref(&field), &mut text);
        let declared: Vec<_> = variables
            .iter()
            .map(|(name, (ty, _))| format!("${name}: {ty}"))
            .collect();
        Document {
            text: format!("query{} {text}", framed(declared.join(", "))),
            label,
            root: root.name.to_string(),
            arguments,
            of: of.map(str::to_owned),
            thin: if self.is_connection(root.ty.inner_named_type()) {
                Some("{ totalCount }")
            } else {
                Some("{ __typename }").filter(|_| !root.ty.is_non_null() || root.ty.is_list())
            },
            slots: variables
                .into_iter()
                .map(|(name, (_, slot))| (name, slot))
                .collect(),
            fields: vec![field],
        }
    }

    /// Every way to write a field's arguments: those that must be there, and with them each optional one that names
    /// something. Paging is not among them.
    fn arguments(&self, field: &FieldDefinition, path: &str, optional: bool) -> Vec<Written> {
        let paging = |name: &str| ["first", "last", "after", "before", "orderBy"].contains(&name);
        let arguments: Vec<_> = field
            .arguments
            .iter()
            .filter(|argument| !paging(&argument.name))
            .map(|argument| &**argument)
            .collect();
        self.combined(&arguments, path, optional, false)
    }

    fn combined(
        &self,
        inputs: &[&InputValueDefinition],
        path: &str,
        optional: bool,
        one_of: bool,
    ) -> Vec<Written> {
        let name = |input: &InputValueDefinition, written: Written| {
            let before = format!("{}: ", input.name);
            written.framed(&before, "")
        };
        let written =
            |input: &InputValueDefinition| self.values(&input.ty, &format!("{path}.{}", input.name));
        let required: Vec<_> = inputs
            .iter()
            .filter(|input| input.is_required())
            .map(|input| name(input, written(input).remove(0)))
            .collect();
        let mut ways = if one_of {
            Vec::new()
        } else {
            vec![Written::all(required.clone())]
        };
        // What must be there may itself be written in more than one way.
        let inputs_required = inputs.iter().filter(|input| input.is_required() && !one_of);
        for (place, input) in inputs_required.enumerate() {
            for value in written(input).into_iter().skip(1) {
                let mut way = required.clone();
                way[place] = name(input, value);
                ways.push(Written::all(way));
            }
        }
        for input in inputs
            .iter()
            .filter(|input| (optional || one_of) && !input.is_required())
        {
            for value in written(input)
                .into_iter()
                .filter(|value| one_of || !value.variables.is_empty())
            {
                ways.push(Written::all(required.iter().cloned().chain([name(input, value)])));
            }
        }
        ways
    }

    /// Every way to write a value of a type.
    fn values(&self, ty: &Type, path: &str) -> Vec<Written> {
        if ty.is_list() {
            let items = self.values(ty.item_type(), path);
            return items.into_iter().map(|item| item.framed("[", "]")).collect();
        }
        let of = ty.inner_named_type().as_str();
        let variable = path.replace('.', "_");
        match &self.schema.types[of] {
            ExtendedType::InputObject(input) => {
                let one_of = input.directives.has("oneOf");
                let fields: Vec<_> = input.fields.values().map(|field| &***field).collect();
                let ways = self.combined(&fields, of, true, one_of);
                ways.into_iter().map(|way| way.framed("{", "}")).collect()
            }
            ExtendedType::Enum(values) => {
                let first = values.values.keys().next().unwrap();
                vec![Written::plain(first.as_str())]
            }
            _ => vec![match of {
                "ID" => Written::variable("ID", "ID", Slot::Id(path.to_owned())),
                "Int" | "Float" => Written::plain("1"),
                "Boolean" => Written::plain("true"),
                // A language names nothing of anybody's; what is translated is read in this one.
                _ if path.ends_with(".languages") => Written::plain("\"pt\""),
                "DateTime" => Written::plain("\"2020-01-01T00:00:00Z\""),
                _ => Written::variable(&variable, of, Slot::Word(path.to_owned())),
            }],
        }
    }

    /// The names of all types.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.schema.types.keys().map(Name::as_str)
    }

    /// The fields of an object or an interface; none of anything else.
    pub fn fields_of(&self, name: &str) -> impl Iterator<Item = &FieldDefinition> {
        let fields = match &self.schema.types[name] {
            ExtendedType::Object(object) => Some(&object.fields),
            ExtendedType::Interface(interface) => Some(&interface.fields),
            _ => None,
        };
        fields
            .into_iter()
            .flat_map(|fields| fields.values().map(|field| &***field))
    }

    /// Whether a type leads nowhere.
    pub fn is_leaf(&self, name: &str) -> bool {
        matches!(
            self.schema.types[name],
            ExtendedType::Scalar(_) | ExtendedType::Enum(_)
        )
    }

    fn is_hub(&self, name: &str) -> bool {
        let is_node = |name: &str| {
            self.implementers
                .get("Node")
                .is_some_and(|nodes| nodes.contains(name))
        };
        is_node(name) || self.concrete(name).any(is_node)
    }

    /// The object types that an abstract type stands for; nothing of an object type.
    fn concrete(&self, name: &str) -> impl Iterator<Item = &str> {
        self.implementers
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether a type is a list's.
    pub fn is_connection(&self, name: &str) -> bool {
        self.fields_of(name).any(|field| field.name == "edges")
    }
}

/// What a document names below its root field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Below {
    /// Only what must be given.
    Plain,
    /// A cursor, wherever a list takes one.
    Cursors,
    /// Each field's optional argument at this place among its own.
    Filters(usize),
}

/// A document in the making.
struct Build<'w> {
    walk: &'w Walk,
    variables: &'w mut BTreeMap<String, (String, Slot)>,
    mode: Below,
    /// The type that is asked for, where the root field can answer many.
    of: Option<&'w str>,
    /// The types from the root to here.
    path: Vec<String>,
    /// Whether something is named on the way from the root to here.
    is_beneath: bool,
}

impl Build<'_> {
    /// What is asked for of a field; nothing where nothing is named in it, if the document is about that.
    fn selection(&mut self, owner: &str, field: &FieldDefinition, conditional: bool) -> Option<Selection> {
        let of = field.ty.inner_named_type().to_string();
        let plain = field.name == "nodes" && self.walk.is_connection(owner);
        let mut arguments = self.paging(field);
        if owner != "Query" {
            arguments.insert(0, self.below_the_root(owner, field));
        }
        let arguments = Written::all(arguments.into_iter().filter(|text| !text.text.is_empty()));
        self.variables.extend(arguments.variables.clone());
        let was_beneath = self.is_beneath;
        self.is_beneath |= !arguments.variables.is_empty();
        let is_leaf = self.walk.is_leaf(&of);
        let children = if is_leaf {
            Vec::new()
        } else {
            self.below(&of, plain)
        };
        let leads_on = self.is_beneath || !children.is_empty();
        self.is_beneath = was_beneath;
        if self.mode != Below::Plain && owner != "Query" && !leads_on {
            return None;
        }
        Some(Selection {
            key: if conditional {
                format!("{owner}_{}", field.name)
            } else {
                field.name.to_string()
            },
            owner: owner.to_owned(),
            field: field.name.to_string(),
            of,
            conditional,
            is_leaf,
            arguments: framed(arguments.text),
            children,
        })
    }

    /// The arguments of a field below the root: what must be given, and what the document is to name.
    fn below_the_root(&mut self, owner: &str, field: &FieldDefinition) -> Written {
        let path = format!("{owner}.{}", field.name);
        let mut ways = self.walk.arguments(field, &path, true);
        let at = match self.mode {
            Below::Filters(at) if at < ways.len() => at,
            _ => 0,
        };
        ways.swap_remove(at).renamed("BELOW_")
    }

    fn paging(&mut self, field: &FieldDefinition) -> Vec<Written> {
        let takes = |name: &str| field.arguments.iter().any(|argument| argument.name == name);
        let mut paging = Vec::new();
        if takes("first") {
            paging.push(Written::plain(format!("first: {ROWS}")));
        }
        if self.mode == Below::Cursors && takes("after") {
            let cursor = Written::variable("CURSOR", "String", Slot::Cursor);
            paging.push(cursor.framed("after: ", ""));
        }
        paging
    }

    fn below(&mut self, of: &str, plain: bool) -> Vec<Selection> {
        let walk = self.walk;
        let wanted = self.of.filter(|_| self.path.len() == 1);
        let concrete: Vec<&str> = match wanted {
            Some(of) => vec![of],
            None => walk.concrete(of).collect(),
        };
        if concrete.is_empty() {
            return self.inside(of, plain, false);
        }
        concrete
            .into_iter()
            .flat_map(|name| self.inside(name, plain, true))
            .collect()
    }

    fn inside(&mut self, of: &str, plain: bool, conditional: bool) -> Vec<Selection> {
        let walk = self.walk;
        let hubs = self.path.iter().filter(|name| walk.is_hub(name)).count();
        let ends = plain || self.path.iter().any(|name| name == of) || (walk.is_hub(of) && hubs == HUBS);
        self.path.push(of.to_owned());
        let fields = walk
            .fields_of(of)
            .filter(|field| !ends || walk.is_leaf(field.ty.inner_named_type()));
        let selected = fields
            .filter_map(|field| self.selection(of, field, conditional))
            .collect();
        self.path.pop();
        selected
    }
}
