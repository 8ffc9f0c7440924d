//! Every mutation is refused to whoever may not do it, and a refusal leaves nothing behind.
//!
//! One row of the table says of a mutation what a valid input is, who may send it, and what everybody else is answered.
//! A mutation of the schema without a row fails the tests.

use super::support::apps;
use super::support::client::{Client, Reply};
use super::support::factory;
use super::support::world::World;
use apollo_compiler::Schema;
use chrono::TimeDelta;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Sends a mutation; its codes come with the answer.
async fn send(client: &Client, mutation: &str, input: &Value) -> Reply {
    client.mutate(mutation, input, "").await
}

#[tokio::test]
async fn every_mutation_is_in_the_table() {
    let world = World::new().await;
    let rows: BTreeSet<_> = world
        .rows()
        .into_iter()
        .map(|row| row.mutation.to_owned())
        .collect();
    let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let mutations = schema.get_object("Mutation").unwrap().fields.keys();
    assert_eq!(rows, mutations.map(ToString::to_string).collect());
}

#[tokio::test]
async fn who_may_not_do_something_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let stranger = world.app.elsewhere().await.owner().await;
    let mut before = world.state().await;
    for row in world.rows() {
        let personas = [
            ("a learner", &world.bystander.client, row.learner),
            ("another organisation's owner", &stranger.client, row.stranger),
            ("nobody", &world.app.anonymous(), row.anonymous),
        ];
        for (who, client, expected) in personas.into_iter().filter(|(.., expected)| !expected.is_empty()) {
            let reply = send(client, row.mutation, &row.input).await;
            assert_eq!(
                reply.codes(),
                expected,
                "{} by {who}: {:#}",
                row.mutation,
                reply.body
            );
            assert_eq!(
                world.state().await,
                before,
                "{} by {who} left something behind",
                row.mutation
            );
        }
    }
    for row in world.rows() {
        let reply = send(&row.able, row.mutation, &row.input).await;
        assert_eq!(reply.codes(), "", "{}: {:#}", row.mutation, reply.body);
        let after = world.state().await;
        assert_ne!(after, before, "{} does nothing", row.mutation);
        before = after;
    }
}

#[tokio::test]
async fn a_token_that_opens_nothing_does_nothing() {
    let world = World::new().await;
    let spent = |column: &'static str, value: &'static str| {
        let app = &world.app;
        async move {
            let (user, _, token) = factory::user(&app.app).await;
            factory::sql(
                app,
                &format!(
                    "set local app.\"user\" = '{}'; update sessions set {column} = {value}",
                    user.0
                ),
            )
            .await;
            token
        }
    };
    let program = apps::app(&world.app, world.owner.member).await;
    let past = world.app.app.clock.now() - TimeDelta::seconds(1);
    let (_, ended) =
        apps::token_until(&world.app, program, world.owner.member, &apps::all_scopes(), past).await;
    let good = world.owner.token().unwrap();
    let tokens = [
        (
            "expired",
            spent("expires_at", "now() - interval '1 second'").await,
        ),
        ("revoked", spent("revoked_at", "now()").await),
        ("an app's and expired", ended),
        ("unknown", Token::generate(TokenKind::Session).expose().to_owned()),
        ("of another kind", world.invited.invitation.expose().to_owned()),
        ("cut short", good[..good.len() - 1].to_owned()),
        (
            "changed",
            format!(
                "{}{}",
                &good[..good.len() - 1],
                if good.ends_with('A') { 'B' } else { 'A' }
            ),
        ),
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
    ];
    let before = world.state().await;
    for row in world.rows() {
        for (what, token) in &tokens {
            let reply = send(&world.app.bearer(token), row.mutation, &row.input).await;
            let answered = (reply.status.as_u16(), reply.codes());
            assert_eq!(
                answered,
                (401, "UNAUTHENTICATED".to_owned()),
                "{} with a token that is {what}",
                row.mutation
            );
        }
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn an_edit_of_a_version_that_is_no_longer_stored_is_shown_what_is_and_changes_nothing() {
    let world = World::new().await;
    let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let mut tried = 0;
    for row in world.rows() {
        let name = format!("{}{}", row.mutation[..1].to_uppercase(), &row.mutation[1..]);
        let mut fields = schema
            .get_input_object(&format!("{name}Input"))
            .unwrap()
            .fields
            .keys();
        if let Some(expected) = fields.find(|field| field.starts_with("expected")) {
            let mut input = row.input.clone();
            input[expected.as_str()] = json!(999);
            let before = world.state().await;
            let fields = schema
                .get_object(&format!("{name}Payload"))
                .unwrap()
                .fields
                .values();
            let objects = fields.filter(|field| schema.get_object(field.ty.inner_named_type()).is_some());
            let shown: Vec<_> = objects
                .map(|field| format!("{} {{ __typename }}", field.name))
                .collect();
            let shown = shown.join(" ");
            let document = format!(
                "mutation($input: {name}Input!) {{ answer: {}(input: $input) {{ {shown} userErrors {{ code field message }} }} }}",
                row.mutation
            );
            let refused = row.able.run_with(&document, json!({ "input": input })).await;
            assert_eq!(refused.codes(), "VERSION_CONFLICT", "{name}: {:#}", refused.body);
            let message = refused.text("/answer/userErrors/0/message");
            assert!(message.contains("999"), "{name} names both: {message}");
            let stored = refused.data("/answer").as_object().unwrap().iter();
            let mut stored = stored.filter(|(field, value)| *field != "userErrors" && !value.is_null());
            let is_first = message.contains("version 0 is stored");
            assert!(
                is_first || stored.next().is_some(),
                "{name} shows nothing: {:#}",
                refused.body
            );
            assert_eq!(world.state().await, before, "{name}");
            tried += 1;
        }
        let done = send(&row.able, row.mutation, &row.input).await;
        assert_eq!(done.codes(), "", "{name}: {:#}", done.body);
    }
    assert!(tried > 20, "{tried} mutations take a version");
}

#[tokio::test]
async fn an_operation_of_one_organisation_names_nothing_of_another() {
    let (here, there) = (World::new().await, World::new().await);
    let before = there.state().await;
    let of_accounts = here.of_accounts().into_iter().map(|row| row.mutation);
    let by_token = [
        "invitationAccept",
        "invitationDecline",
        "organizationCreate",
        "supportGrantRequest",
        "ssoLoginBegin",
    ];
    let without_ids: BTreeSet<_> = of_accounts.chain(by_token).collect();
    let mixed = here.rows().into_iter().zip(there.rows());
    for (own, other) in mixed.filter(|(own, _)| !without_ids.contains(own.mutation)) {
        let ids: Vec<_> = own
            .input
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| {
                name.to_lowercase().ends_with("id") && !["externalId", "clientId"].contains(&name.as_str())
            })
            .cloned()
            .collect();
        assert!(!ids.is_empty(), "{} names nothing", own.mutation);
        for name in ids {
            let mut input = own.input.clone();
            input[&name] = other.input[&name].clone();
            let reply = send(&own.able, own.mutation, &input).await;
            assert_eq!(
                reply.codes(),
                "NOT_FOUND",
                "{} with a foreign {name}: {:#}",
                own.mutation,
                reply.body
            );
        }
    }
    assert_eq!(there.state().await, before);
}
