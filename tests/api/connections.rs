//! A page of a list costs no statement for a row, nor for a parent: each list of the schema is asked for with all that its rows
//! show, the lists of their own included, where there are few and where there are many.

use super::support::client::Client;
use super::support::crowd::Crowd;
use super::support::walk::Walk;
use apollo_compiler::ast::FieldDefinition;
use serde_json::{Value, json};

/// What has at most one row in an organisation.
const SINGLE: &[&str] = &["Viewer.accountLinks"];
/// How few there are of everything, and how many.
const SIZES: [usize; 2] = [2, 6];
/// Statements that what is many may take more: what follows from others may be asked apart. One for each row or parent would be
/// as many as there are more of them.
const APART: u64 = 3;

/// A list of the schema, as an object's field.
struct List {
    owner: String,
    field: String,
    document: String,
}

struct Lists(Walk);

impl Lists {
    /// The fields of a type that need no arguments.
    fn fields_of(&self, of: &str) -> impl Iterator<Item = &FieldDefinition> {
        let fields = self.0.fields_of(of);
        fields.filter(|field| field.arguments.iter().all(|argument| !argument.is_required()))
    }

    /// Whether a field is asked for by many rows at once. What takes statements of its own for each says so, and costs accordingly.
    fn is_shared(field: &FieldDefinition) -> bool {
        let description = field.description.as_deref().unwrap_or_default();
        !description.contains("SQL statement")
    }

    /// The fields of a type that lead nowhere.
    fn leaves(&self, of: &str) -> String {
        let leaves = self
            .fields_of(of)
            .filter(|field| Self::is_shared(field) && self.0.is_leaf(field.ty.inner_named_type()));
        let names: Vec<_> = leaves.map(|field| field.name.as_str()).collect();
        format!("{{ __typename {} }}", names.join(" "))
    }

    fn row_of(&self, connection: &str) -> &str {
        let nodes = self
            .fields_of(connection)
            .find(|field| field.name == "nodes")
            .unwrap();
        nodes.ty.inner_named_type()
    }

    /// All that a row shows, and a step beyond.
    fn row(&self, of: &str) -> String {
        let shown = |field: &FieldDefinition| {
            let (name, to) = (&field.name, field.ty.inner_named_type().as_str());
            if self.0.is_leaf(to) {
                name.to_string()
            } else if self.0.is_connection(to) {
                let rows = self.leaves(self.row_of(to));
                format!("{name}(first: 2) {{ totalCount nodes {rows} }}")
            } else {
                format!("{name} {}", self.leaves(to))
            }
        };
        let shared = self.fields_of(of).filter(|field| Self::is_shared(field));
        let shown: Vec<_> = shared.map(shown).collect();
        format!("{{ {} }}", shown.join(" "))
    }

    /// All lists that a query leads to, each with a document about all of its parents.
    fn all(&self) -> Vec<List> {
        let owners = self.0.types().filter(|owner| !owner.ends_with("Payload"));
        owners.flat_map(|owner| self.of(owner)).collect()
    }

    fn of(&self, owner: &str) -> Vec<List> {
        let lists = self
            .fields_of(owner)
            .filter(|field| self.0.is_connection(field.ty.inner_named_type()));
        let list = |field: &FieldDefinition| {
            let rows = self.row(self.row_of(field.ty.inner_named_type()));
            let page = format!("list: {}(first: 20) {{ totalCount nodes {rows} }}", field.name);
            let document = match owner {
                "Query" => format!("{{ {page} }}"),
                "Viewer" => format!("{{ viewer {{ {page} }} }}"),
                "Organization" => format!("query($org: ID!) {{ organization(id: $org) {{ {page} }} }}"),
                _ => format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {owner} {{ {page} }} }} }}"),
            };
            List {
                owner: owner.to_owned(),
                field: field.name.to_string(),
                document,
            }
        };
        lists.map(list).collect()
    }
}

/// The rows that an answer's lists count, and the statements that it takes once the node is warm: the fewest of a few, since
/// statements that run side by side may be answered apart on a busy machine.
async fn ask(who: &Client, list: &List, variables: &Value) -> (u64, u64) {
    let mut variables = variables.clone();
    let known = variables.as_object_mut().unwrap();
    known.retain(|name, _| list.document.contains(&format!("${name}:")));
    let (mut rows, mut fewest) = (0, u64::MAX);
    for _ in 0..4 {
        let reply = who.run_with(&list.document, variables.clone()).await;
        fewest = fewest.min(reply.statements());
        rows = counted(&reply.body["data"]);
    }
    (rows, fewest)
}

fn counted(data: &Value) -> u64 {
    let inside = |value: &Value| value["list"]["totalCount"].as_u64().unwrap_or_default();
    let at = |name: &str| inside(&data[name]);
    let nodes = data["nodes"].as_array().into_iter().flatten();
    inside(data) + at("viewer") + at("organization") + nodes.map(inside).sum::<u64>()
}

#[tokio::test]
async fn a_page_of_any_list_takes_no_statement_for_each_of_its_rows_and_parents() {
    let lists = Lists(Walk::new()).all();
    assert!(lists.len() > 30, "the schema's lists are found");
    let mut costs = Vec::new();
    for size in SIZES {
        let crowd = Crowd::new(size).await;
        let variables = json!({ "org": crowd.app.org_id(), "ids": crowd.parents().await });
        let mut of_size = Vec::new();
        for list in &lists {
            let who = if list.owner == "Viewer" {
                &crowd.learner
            } else {
                &crowd.owner
            };
            of_size.push(ask(who, list, &variables).await);
        }
        costs.push(of_size);
    }
    let mut faults = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        let name = format!("{}.{}", list.owner, list.field);
        let ((few, cost_of_few), (many, cost_of_many)) = (costs[0][at], costs[1][at]);
        if few == 0 || (few >= many && !SINGLE.contains(&name.as_str())) {
            faults.push(format!("{name} has {few} rows, then {many}"));
        }
        if cost_of_many > cost_of_few + APART {
            faults.push(format!(
                "{name} takes {cost_of_few} statements for {few} rows, {cost_of_many} for {many}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
