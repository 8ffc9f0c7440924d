//! A fresh proof of who one is, for what is sensitive.

use super::support::app::PASSWORD;
use super::support::{TestApp, people};
use apollo_compiler::Schema;
use chrono::TimeDelta;
use lyceum::auth::step_up::{SENSITIVE, SENSITIVE_IN_SESSIONS};
use serde_json::json;

const STEP_UP: &str = "mutation($password: String) { stepUp(input: {password: $password}) { steppedUpUntil userErrors { code field } } }";

#[tokio::test]
async fn the_password_steps_a_session_up_and_a_wrong_one_does_not() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let until = |reply: &super::support::client::Reply| reply.text("/viewer/steppedUpUntil").to_owned();
    let first = until(&learner.run("{ viewer { steppedUpUntil } }").await);
    app.app.clock.advance(TimeDelta::minutes(11));
    let wrong = learner.run_with(STEP_UP, json!({ "password": "wrong" })).await;
    assert_eq!(wrong.codes(), "WRONG_CREDENTIALS");
    assert_eq!(learner.run(STEP_UP).await.codes(), "INVALID");
    assert_eq!(until(&learner.run("{ viewer { steppedUpUntil } }").await), first);
    let right = learner.run_with(STEP_UP, json!({ "password": PASSWORD })).await;
    let shown = right.text("/stepUp/steppedUpUntil");
    assert_eq!(until(&learner.run("{ viewer { steppedUpUntil } }").await), shown);
    assert!(first.as_str() < shown);
    let reply = app
        .anonymous()
        .run_with(STEP_UP, json!({ "password": PASSWORD }))
        .await;
    assert_eq!(reply.codes(), "UNAUTHENTICATED");
    people::has_events(&learner, &["STEPPED_UP", "STEP_UP_FAILED"]).await;
}

#[test]
fn whatever_is_sensitive_is_a_mutation_that_says_so() {
    let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let mutations = &schema.get_object("Mutation").unwrap().fields;
    for name in SENSITIVE.iter().chain(SENSITIVE_IN_SESSIONS) {
        let field = mutations
            .get(*name)
            .unwrap_or_else(|| panic!("{name} is no mutation"));
        let says = field
            .description
            .as_ref()
            .is_some_and(|text| text.contains("`stepUp`"));
        assert!(says, "the description of {name} does not mention `stepUp`");
    }
}
