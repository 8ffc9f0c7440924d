//! Files and settings that follow from others are in step with them.

use crate::api::support::servers::owner_url;
use apollo_compiler::{ExecutableDocument, Schema};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tokio_postgres::NoTls;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[path = "../benches/operations/documents.rs"]
mod documents;

#[test]
fn the_documents_of_the_benchmarks_are_valid() {
    let schema = Schema::parse_and_validate(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    for document in [
        documents::VIEWER,
        documents::CATALOG,
        documents::SEARCH,
        documents::OUTLINE,
        documents::DASHBOARD,
        documents::MEMBERS,
        documents::VERIFY,
        documents::PROGRESS,
        documents::START,
        documents::SAVE,
        documents::SUBMIT,
        documents::PUBLISH,
        documents::QUEUE,
        documents::CLASS_LIST,
        documents::MEMBER_LIST,
        documents::BANK_LIST,
        documents::REGRADE,
    ] {
        if let Err(faults) = ExecutableDocument::parse_and_validate(&schema, document, "benchmark") {
            panic!("{document}: {}", faults.errors);
        }
    }
}

async fn owner() -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(owner_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn column(sql: &str) -> BTreeSet<String> {
    owner()
        .await
        .query(sql, &[])
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.get(0))
        .collect()
}

#[test]
fn the_schema_file_shows_the_schema() {
    let (file, schema) = (read("schema.graphql"), lyceum::graphql::schema::sdl());
    let mut lines = file.lines().zip(schema.lines()).enumerate();
    let difference = lines.find(|(_, (file, schema))| file != schema);
    assert!(
        file == schema,
        "run `make schema` and look at the difference; the first is {difference:?}"
    );
}

#[test]
fn everything_in_the_schema_is_described() {
    use apollo_compiler::schema::ExtendedType;
    let schema = apollo_compiler::Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let mut bare = Vec::new();
    for (name, kind) in schema
        .types
        .iter()
        .filter(|(name, kind)| !kind.is_built_in() && !name.starts_with("__"))
    {
        let described = kind.description().is_some();
        if !described {
            bare.push(name.to_string());
        }
        let fields = match kind {
            ExtendedType::Object(object) => Some(&object.fields),
            ExtendedType::Interface(interface) => Some(&interface.fields),
            _ => None,
        };
        for (field, definition) in fields.into_iter().flatten() {
            if definition.description.is_none() {
                bare.push(format!("{name}.{field}"));
            }
            bare.extend(
                definition
                    .arguments
                    .iter()
                    .filter(|argument| argument.description.is_none())
                    .map(|argument| format!("{name}.{field}({})", argument.name)),
            );
        }
        if let ExtendedType::InputObject(input) = kind {
            bare.extend(
                input
                    .fields
                    .iter()
                    .filter(|(_, field)| field.description.is_none())
                    .map(|(field, _)| format!("{name}.{field}")),
            );
        }
        if let ExtendedType::Enum(values) = kind {
            bare.extend(
                values
                    .values
                    .iter()
                    .filter(|(_, value)| value.description.is_none())
                    .map(|(value, _)| format!("{name}.{value}")),
            );
        }
    }
    assert!(bare.is_empty(), "without a description: {}", bare.join(", "));
}

#[tokio::test]
async fn the_tables_in_rust_are_the_tables_in_the_database() {
    let declared: BTreeSet<String> = read("src/db/schema.rs")
        .split("diesel::table! {")
        .skip(1)
        .flat_map(|table| {
            let name = table.split_whitespace().next().unwrap().to_owned();
            let body = table
                .split_once(") {")
                .unwrap()
                .1
                .split('}')
                .next()
                .unwrap()
                .to_owned();
            body.lines()
                .filter_map(|line| {
                    line.trim()
                        .strip_suffix(',')?
                        .split_once(" -> ")
                        .map(|(column, kind)| format!("{name}.{column}: {kind}"))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let actual = column(
        "select format('%s.%s: %s', c.table_name, c.column_name, case when c.is_nullable = 'YES' then format('Nullable<%s>', k.kind) else k.kind end) \
         from information_schema.columns c join information_schema.tables t using (table_schema, table_name) \
         join (values ('uuid', 'Uuid'), ('text', 'Text'), ('timestamptz', 'Timestamptz'), ('bool', 'Bool'), ('int4', 'Integer'), \
         ('int8', 'BigInt'), ('int2', 'SmallInt'), ('jsonb', 'Jsonb'), ('bytea', 'Bytea'), ('_text', 'Array<Text>'), ('_uuid', 'Array<Uuid>'), \
         ('float8', 'Double'), ('int4multirange', 'Int4multirange')) k (udt, kind) on k.udt = c.udt_name \
         where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name not like '\\_\\_%'",
    );
    assert_eq!(declared, actual.await);
}

#[tokio::test]
async fn every_column_is_classified() {
    let bare = column(
        "select format('%s.%s', c.relname, a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and c.relname not like '\\_\\_%' \
         and coalesce(col_description(c.oid, a.attnum), '') !~ '^category=[a-z]+; purpose=[^;]+; basis=[a-z_]+; retention=[^;]+(; free text)?$'",
    );
    assert_eq!(
        bare.await,
        BTreeSet::new(),
        "without category, purpose, basis and retention"
    );
}

/// Texts about people that are no list of values and in which nobody writes what they like: names, links, and what programs note.
const FORMED: &[&str] = &[
    "attempt_receipts.key_id",
    "audit_entries.action",
    "audit_entries.detail",
    "audit_entries.request_id",
    "audit_entries.target",
    "certificates.course_title",
    "certificates.holder_name",
    "certificates.organization_name",
    "memberships.name",
    "security_events.network",
    "security_events.user_agent",
    "submissions.link",
    "submissions.rubric",
    "support_grants.operator_name",
    "support_grants.permissions",
    "users.first_name",
    "users.last_name",
];

#[tokio::test]
async fn where_people_write_what_they_like_about_people_is_marked() {
    let unmarked = column(
        "select format('%s.%s', c.relname, a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid \
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped \
         and t.typname in ('text', 'jsonb', '_text') and col_description(c.oid, a.attnum) ~ '^category=(identity|learning|record);' \
         and col_description(c.oid, a.attnum) !~ '; free text$' and not exists (select from pg_constraint k where k.conrelid = c.oid \
         and k.contype = 'c' and cardinality(k.conkey) = 1 and k.conkey[1] = a.attnum and pg_get_constraintdef(k.oid) like '%ANY (ARRAY[%')",
    );
    let formed = FORMED.iter().map(ToString::to_string).collect();
    assert_eq!(
        unmarked.await,
        formed,
        "call mark_free_text for it, or say here what it is"
    );
}

#[tokio::test]
async fn every_table_is_closed_by_forced_row_security() {
    let open = column(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like '\\_\\_%' \
         and not (relrowsecurity and relforcerowsecurity)",
    );
    assert_eq!(open.await, BTreeSet::new());
    let without_policy = column(
        "select relname::text from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like '\\_\\_%' \
         and not exists (select from pg_policy p where p.polrelid = c.oid)",
    );
    assert_eq!(without_policy.await, BTreeSet::new());
}

#[tokio::test]
async fn every_key_of_a_tenants_row_begins_with_the_organisation() {
    let global = "'users', 'sessions', 'session_tokens', 'security_events', 'account_idempotency_records', 'account_tokens', 'totp_factors', 'recovery_codes', 'mails', 'identities', 'operators', 'provider_sign_ins', 'interests', 'processing_objections', 'profile_details', 'guardian_consents', 'account_deletions', 'organizations'";
    let keys = format!(
        "select format('%s %s', c.relname, k.conname) from pg_constraint k join pg_class c on c.oid = k.conrelid \
         where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'u', 'f') and c.relname not in ({global}) and c.relname not like '\\_\\_%' \
         and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = k.conkey[1] and a.attname = 'org_id') \
         and not (k.contype = 'f' and k.confrelid = 'users'::regclass)"
    );
    assert_eq!(column(&keys).await, BTreeSet::new());
    let indexes = format!(
        "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid \
         where c.relnamespace = 'public'::regnamespace and i.indisunique and c.relname not in ({global}) and c.relname not like '\\_\\_%' \
         and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0] and a.attname = 'org_id')"
    );
    assert_eq!(column(&indexes).await, BTreeSet::new());
}

#[tokio::test]
async fn every_table_of_courses_is_closed_to_sessions_of_another_course() {
    let open = column(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'course_id' and not a.attisdropped \
         and c.relname <> 'learner_sessions' and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive)",
    );
    assert_eq!(open.await, BTreeSet::new(), "call confine_to_course for it");
}

#[tokio::test]
async fn the_doors_are_these_and_no_others() {
    let doors = column(
        "select p.proname::text from pg_proc p join pg_roles r on r.oid = p.proowner where p.prosecdef or r.rolname = 'lyceum_door'",
    );
    let listed = [
        "account_token",
        "api_token",
        "api_token_used",
        "certificate",
        "close_mail",
        "delete_waiting_account",
        "domain_holder",
        "due_attempts",
        "due_enrollments",
        "due_guardian_consents",
        "due_mails",
        "due_organizations",
        "due_support_ends",
        "forget_expired",
        "forget_expired_of_accounts",
        "forget_expired_of_apps",
        "forget_expired_sign_ins",
        "forget_member_exports",
        "forget_progress_events",
        "founded_organizations",
        "identity",
        "invitation",
        "learner_session",
        "learner_session_spends",
        "operator_set",
        "linked_account",
        "organization",
        "origins",
        "policies",
        "provision_account",
        "refresh_token",
        "remove_organization",
        "sequence_records",
        "session",
        "session_used",
        "sign_in",
        "sign_in_begins",
        "sign_in_completes",
        "sign_in_is_proven",
        "sign_in_returns",
        "sign_in_starts",
        "stale_uploads",
        "tell_of_security_event",
        "tell_of_stranger",
        "unsequenced_orgs",
    ];
    assert_eq!(doors.await, listed.iter().map(ToString::to_string).collect());
    let unpinned = column(
        "select p.proname::text from pg_proc p where p.prosecdef and not coalesce(p.proconfig::text like '%search_path=pg_catalog, public%', false)",
    );
    assert_eq!(
        unpinned.await,
        BTreeSet::new(),
        "a definer's function has a fixed search path"
    );
}

#[tokio::test]
async fn the_serving_role_cannot_rewrite_history() {
    let granted = column(
        "select format('%s %s', table_name, privilege_type) from information_schema.role_table_grants where grantee = 'lyceum_app' \
         and table_name in ('audit_entries', 'audit_ends', 'outbox_events', 'course_revisions', 'revision_answer_keys', 'security_events', 'organization_security_events', 'attempt_receipts', 'account_deletions') and privilege_type not in ('SELECT', 'INSERT')",
    );
    assert_eq!(granted.await, BTreeSet::new());
}

#[tokio::test]
async fn a_privileged_role_is_refused_at_the_start() {
    let config = lyceum::config::DatabaseConfig {
        database_url: owner_url().to_owned(),
        ..Default::default()
    };
    let error = lyceum::db::Db::connect(&config)
        .await
        .err()
        .expect("the owner is refused")
        .to_string();
    assert!(error.contains("lyceum_owner owns tables"), "{error}");
}
