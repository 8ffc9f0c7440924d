//! Nothing of an academy is seen from another one, whatever is asked for.
//!
//! Every text of an academy carries a word of its own. Everything that the schema offers is asked for with the academy's
//! own identifiers, cursors and names, by everybody who should not see it: no answer may carry the word, nor differ from
//! the answer about something that does not exist.

use super::support::academy::Academy;
use super::support::client::{Client, Reply};
use super::support::document::{Document, plain};
use super::support::exempt::{
    OF_MANY, OF_NUMBERS, OF_OPERATORS, OF_OTHERS, OF_PROGRAMS, PROOFS, PUBLIC, TYPED,
};
use super::support::harvest::{Harvest, answered, decoded};
use super::support::walk::Walk;
use super::support::{TestApp, factory, servers};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use lyceum::kernel::ids::{CourseKey, Key, prefix};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

/// Drives the connections of what the tests share, as long as the process lives.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});
/// Two closed academies: all that is read here takes minutes to be found, and no test changes it.
static CLOSED: OnceCell<Pair> = OnceCell::const_new();

/// Two academies on one node, and everything that the first one's owner can name.
struct Pair {
    first: Academy,
    second: Academy,
    documents: Vec<Document>,
    harvest: Harvest,
    seconds: OnceCell<Harvest>,
}

impl Pair {
    async fn new(is_open: bool) -> Self {
        let app = TestApp::new().await.unlimited();
        let first = Academy::found(&app, is_open).await;
        let second = Academy::found(&app, false).await;
        let documents = Walk::new().documents();
        let words = [first.words(), second.words()].concat();
        let harvest = first
            .secrets()
            .grown(&documents, first.person("owner"), &words)
            .await;
        let mut harvest = harvest.of_org(first.app.org, &first.words());
        harvest.texts.extend(first.secrets().texts);
        Self {
            first,
            second,
            documents,
            harvest,
            seconds: OnceCell::new(),
        }
    }

    async fn closed() -> &'static Self {
        let found = async || {
            // Somebody else's public courses, which the owner sees and may do nothing with.
            Academy::found(&TestApp::new().await.unlimited(), true).await;
            Self::new(false).await
        };
        CLOSED.get_or_init(found).await
    }

    /// Everything that the second one's owner can name.
    async fn seconds(&self) -> &Harvest {
        let owner = self.second.person("owner");
        let found = || Harvest::default().grown(&self.documents, owner, &[]);
        self.seconds.get_or_init(found).await
    }

    /// Everybody who is no member of the first academy.
    async fn strangers(&self) -> Vec<(&'static str, Client)> {
        let app = &self.first.app;
        let (_, _, token) = factory::user(&app.app).await;
        let former = app.owner().await;
        self.first
            .sql(&format!(
                "update memberships set state = 'suspended' where id = '{}'",
                former.member.id.0
            ))
            .await;
        let mut strangers = vec![
            ("anonymous", app.anonymous()),
            ("a member of nothing", app.bearer(&token)),
            ("a suspended owner", former.client),
        ];
        strangers.extend(
            self.second
                .people
                .iter()
                .map(|(role, person)| (*role, person.client.clone())),
        );
        strangers
    }

    /// What somebody sees of the first academy with everything that its owner can name, as `Type.field`.
    async fn seen_by(&self, client: &Client, harvest: &Harvest) -> BTreeSet<String> {
        let mut seen = Harvest::default();
        for alike in plain(&self.documents) {
            for (document, filling) in answered(alike, client, harvest.fillings(&alike[0])).await {
                let reply = client.run_with(&document.text, filling).await;
                let mut here = Harvest::default();
                here.add(document, &reply, &self.first.words());
                let shown = here.fields.values().any(|words| !words.is_empty());
                let mentioned = self.first.words().iter().any(|word| reply.mentions(word));
                assert!(
                    shown || !mentioned,
                    "{} tells outside its fields: {:#}",
                    document.label,
                    reply.body
                );
                let proof = PROOFS.iter().find(|(root, _)| *root == document.root);
                here.fields.retain(|field, words| {
                    !words.is_empty() && proof.is_none_or(|(_, shows)| !shows.contains(&field.as_str()))
                });
                seen.fields.extend(here.fields);
            }
        }
        seen.fields.into_keys().collect()
    }
}

#[tokio::test]
async fn every_text_of_an_academy_carries_its_word() {
    let academy = Academy::found(&TestApp::new().await.unlimited(), false).await;
    let admin = servers::admin().await;
    // A column that a check limits to a list of values is none that people write in.
    let columns = admin
        .query(
            "select c.table_name::text, c.column_name::text, exists (select from information_schema.columns o \
             where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'org_id') \
             from information_schema.columns c join pg_class t on t.relname = c.table_name and t.relnamespace = 'public'::regnamespace \
             where c.table_schema = 'public' and t.relkind = 'r' and c.udt_name in ('text', 'varchar', 'jsonb', 'json') \
             and c.table_name not like '\\_\\_%' and not exists (select from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid \
             and a.attnum = k.conkey[1] where k.conrelid = t.oid and k.contype = 'c' and cardinality(k.conkey) = 1 and a.attname = c.column_name \
             and pg_get_constraintdef(k.oid) like '%ANY (ARRAY[%')",
            &[],
        )
        .await
        .unwrap();
    assert!(columns.len() > 30, "the list of columns is read");
    let words = academy.words().join("|");
    let mut bare = Vec::new();
    for column in columns {
        let (table, column, is_tenants): (String, String, bool) =
            (column.get(0), column.get(1), column.get(2));
        let name = format!("{table}.{column}");
        let rows = match table.as_str() {
            _ if is_tenants => "org_id::text = $2",
            "organizations" => "id::text = $2",
            "users" => "id in (select user_id from memberships where org_id::text = $2)",
            // What belongs to nobody yet is found by its word alone.
            "provider_sign_ins" => "$2 <> ''",
            // What belongs to a person has nothing else to be found by.
            _ => "user_id in (select user_id from memberships where org_id::text = $2)",
        };
        let count = format!("select count(*) from {table} where {column}::text ~ $1 and {rows}");
        let count: i64 = admin
            .query_one(&count, &[&words, &academy.app.org.0.to_string()])
            .await
            .unwrap()
            .get(0);
        let typed = TYPED.iter().any(|(typed, _)| *typed == name);
        if (count == 0) != typed {
            bare.push(name);
        }
    }
    assert!(bare.is_empty(), "plant a word in {}", bare.join(", "));
}

#[test]
fn every_field_of_the_schema_is_reached_by_the_walk() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        let (fields, reached) = (Walk::new().fields(), &pair.harvest.fields);
        let missing: Vec<_> = fields
            .iter()
            .filter(|field| !reached.contains_key(*field))
            .filter(|field| {
                ![OF_PROGRAMS, OF_OPERATORS, OF_OTHERS, OF_NUMBERS, OF_MANY]
                    .concat()
                    .contains(&field.as_str())
            })
            .collect();
        assert!(
            missing.is_empty(),
            "no answer of the owner has a value for {missing:?}"
        );
        let seen: BTreeSet<_> = reached.values().flatten().map(String::as_str).collect();
        assert_eq!(
            seen,
            pair.first.words().into(),
            "the owner sees their own academy's words, and no others"
        );
    });
}

#[test]
fn nothing_of_a_closed_academy_is_seen_from_outside() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        for (who, client) in pair.strangers().await {
            let seen = pair.seen_by(&client, &pair.harvest).await;
            assert_eq!(seen, BTreeSet::new(), "{who}");
        }
    });
}

#[tokio::test]
async fn an_open_academy_shows_its_public_courses_and_nothing_else() {
    let pair = Pair::new(true).await;
    let public = PUBLIC.iter().map(ToString::to_string).collect();
    for (who, client) in pair.strangers().await {
        assert_eq!(pair.seen_by(&client, &pair.harvest).await, public, "{who}");
        let hidden = Harvest::default()
            .grown(&pair.documents, &client, &[&pair.first.hidden, &pair.first.key])
            .await;
        let leaks: Vec<_> = hidden
            .fields
            .iter()
            .filter(|(_, words)| !words.is_empty())
            .collect();
        assert!(leaks.is_empty(), "{who}: {leaks:?}");
    }
}

#[test]
fn what_is_elsewhere_is_answered_like_what_is_nowhere() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        let nowhere = nowhere(&pair.harvest);
        for (who, client) in pair.strangers().await {
            for document in plain(&pair.documents)
                .map(|alike| &alike[0])
                .filter(|document| compares(document))
            {
                let (theirs, nobodys) = (pair.harvest.fillings(document), nowhere.fillings(document));
                let full = |filling: &Value| (document.text.clone(), filling.clone());
                let thin = document.thin(&theirs).zip(document.thin(&nobodys));
                let pairs = thin.map_or_else(
                    || theirs.iter().map(full).zip(nobodys.iter().map(full)).collect(),
                    |pair| vec![pair],
                );
                for ((asked, theirs), (_, nobodys)) in pairs {
                    let mut there = client.run_with(&asked, theirs.clone()).await;
                    let mut nothing = client.run_with(&asked, nobodys.clone()).await;
                    // What everybody sees grows while other tests publish, and what one sees of oneself with each try.
                    for _ in 0..10 {
                        if answer(&there) == answer(&nothing) {
                            break;
                        }
                        there = client.run_with(&asked, theirs.clone()).await;
                        nothing = client.run_with(&asked, nobodys.clone()).await;
                    }
                    assert_eq!(answer(&there), answer(&nothing), "{who}: {}", document.label);
                }
            }
        }
    });
}

#[test]
fn a_filter_or_a_cursor_of_another_academy_finds_nothing() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        let theirs = pair.harvest.clone().thinned(1);
        let nobodys = nowhere(&theirs);
        let client = pair.second.person("owner");
        let own = pair.seconds().await.clone();
        let own = own.of_org(pair.second.app.org, &pair.second.words()).thinned(1);
        for document in pair.documents.iter().filter(|document| document.names_below()) {
            let roots = answered(std::slice::from_ref(document), client, own.fillings(document)).await;
            for (_, root) in roots {
                let Some(nowhere) = nobodys.fillings_below(document).into_iter().next() else {
                    continue;
                };
                let nowhere = joined(&root, nowhere);
                let mut nothing = answer(&client.run_with(&document.text, nowhere.clone()).await);
                for below in theirs.fillings_below(document) {
                    let asked = joined(&root, below);
                    let mut there = client.run_with(&document.text, asked.clone()).await;
                    // The catalogue of all academies grows while other tests publish.
                    for _ in 0..10 {
                        if document.slots.contains_key("CURSOR") || answer(&there) == nothing {
                            break;
                        }
                        nothing = answer(&client.run_with(&document.text, nowhere.clone()).await);
                        there = client.run_with(&document.text, asked.clone()).await;
                    }
                    let mentioned = pair.first.words().iter().any(|word| there.mentions(word));
                    assert!(!mentioned, "{}: {:#}", document.label, there.body);
                    if !document.slots.contains_key("CURSOR") {
                        assert_eq!(answer(&there), nothing, "{} {root}", document.label);
                    }
                }
            }
        }
    });
}

#[test]
fn an_identifier_put_together_from_two_academies_names_nothing() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        let second = pair.seconds().await;
        let half = |academy: &Academy| {
            (
                *academy.app.org.0.as_bytes(),
                CourseKey::parse(&academy.course).unwrap().id.0,
            )
        };
        let mut mixed = Harvest::default();
        for (harvest, other) in [(&pair.harvest, &pair.second), (second, &pair.first)] {
            let (org, course) = half(other);
            for id in harvest.ids.iter().filter(|id| uuids(id) > 1) {
                mixed
                    .ids
                    .insert(rewritten(id, |bytes| bytes[..16].copy_from_slice(&org)));
                if uuids(id) > 2 {
                    mixed.ids.insert(rewritten(id, |bytes| {
                        bytes[..32].copy_from_slice(&[org, course.into_bytes()].concat());
                    }));
                }
            }
        }
        for academy in [&pair.first, &pair.second] {
            let owner = academy.person("owner");
            for alike in plain(&pair.documents) {
                let fillings = mixed.fillings(&alike[0]);
                if alike[0].thin(&fillings).is_some() {
                    let found = answered(alike, owner, fillings).await;
                    assert!(found.is_empty(), "{found:?}");
                }
            }
        }
        assert_eq!(
            pair.seen_by(pair.second.person("owner"), &mixed).await,
            BTreeSet::new()
        );
    });
}

#[test]
fn what_is_right_reaches_nobody_who_may_not_know_it_yet() {
    RUNTIME.block_on(async {
        let pair = Pair::closed().await;
        let key = [pair.first.key.as_str()];
        let fields = |harvest: Harvest| {
            harvest
                .fields
                .into_iter()
                .filter(|(_, words)| !words.is_empty())
                .map(|(field, _)| field)
                .collect::<BTreeSet<_>>()
        };
        for role in ["manager", "learner"] {
            let person = pair.first.person(role);
            let mut seen = Harvest::default().grown(&pair.documents, person, &key).await;
            for alike in plain(&pair.documents) {
                for (document, filling) in answered(alike, person, pair.harvest.fillings(&alike[0])).await {
                    seen.add(document, &person.run_with(&document.text, filling).await, &key);
                }
            }
            assert_eq!(fields(seen), BTreeSet::new(), "{role}");
        }
        let author = Harvest::default()
            .grown(&pair.documents, pair.first.person("author"), &key)
            .await;
        let authors = [
            "AuthorAnswer.stdout",
            "AuthorAnswer.text",
            "AuthorAnswerKey.explanation",
            "OptionFeedback.text",
            "RightGap.texts",
        ];
        assert_eq!(
            fields(author),
            authors.iter().map(ToString::to_string).collect(),
            "authors see what they wrote"
        );
    });
}

/// Whether the same question about another thing has the same answer.
fn compares(document: &Document) -> bool {
    PROOFS.iter().all(|(root, _)| *root != document.root)
}

/// All variables of a document.
fn joined(root: &Value, below: Value) -> Value {
    let (Value::Object(mut variables), Value::Object(below)) = (root.clone(), below) else {
        unreachable!("variables are objects")
    };
    variables.extend(below);
    Value::Object(variables)
}

/// What an answer says, without what it says of itself and of the time.
fn answer(reply: &Reply) -> (Value, Value) {
    let mut data = reply.body["data"].clone();
    forget_the_clock(&mut data);
    (data, reply.body["errors"].clone())
}

fn forget_the_clock(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget_the_clock),
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let is_signed = value.as_str().is_some_and(|text| text.contains("/files/"));
                !name.ends_with("secondsLeft") && !is_signed
            });
            fields.values_mut().for_each(forget_the_clock);
        }
        _ => {}
    }
}

/// The same with names that nothing has.
fn nowhere(harvest: &Harvest) -> Harvest {
    let mut made_up = Harvest {
        cursors: harvest.cursors.clone(),
        ..Harvest::default()
    };
    for (at, id) in harvest.ids.iter().enumerate() {
        made_up
            .ids
            .insert(rewritten(id, |bytes| bytes.fill(u8::try_from(at % 256).unwrap())));
    }
    for (field, texts) in &harvest.texts {
        let nothing = (0..texts.len()).map(|at| format!("nothing-{at}"));
        made_up.texts.insert(field.clone(), nothing.collect());
    }
    made_up
}

/// How many UUIDs an identifier is made of.
fn uuids(id: &str) -> usize {
    decoded(id).unwrap().len() / 16
}

/// An identifier with other UUIDs.
fn rewritten(id: &str, change: impl FnOnce(&mut [u8])) -> String {
    let mut bytes = decoded(id).unwrap();
    change(&mut bytes);
    format!("{}_{}", prefix(id).unwrap(), BASE64.encode(bytes))
}
