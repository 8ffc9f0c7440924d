//! What one may do with an enrolment, an attempt, a submission and a survey, and why not.

use super::support::app::Person;
use super::support::world_units::{assignment, hand_in};
use super::support::{TestApp, factory, learning, quiz, surveys};
use serde_json::{Value, json};

const ENROLLMENT: &str =
    "... on Enrollment { viewerCan { learn decide extend reopen withdraw accommodate } }";
const ATTEMPT: &str = "... on Attempt { viewerCan { take grade void refusals { permission policies } } }";

/// What somebody may do with a thing: what is true of it; nothing where they do not see it.
async fn may(who: &Person, id: &str, selection: &str) -> Vec<String> {
    let document = format!("query($id: ID!) {{ node(id: $id) {{ {selection} }} }}");
    let reply = who.run_with(&document, json!({ "id": id })).await;
    let can = reply.data("/node")["viewerCan"].clone();
    let can = can.as_object().into_iter().flatten();
    let mut can: Vec<_> = can
        .filter(|(_, may)| **may == Value::Bool(true))
        .map(|(name, _)| name.clone())
        .collect();
    can.sort();
    can
}

#[tokio::test]
async fn an_enrolment_says_who_may_do_what_with_it_in_its_state() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await.id;
    let (teacher, other) = (app.member("instructor").await, app.member("instructor").await);
    factory::teaches(&app, teacher.member, &course).await;
    let (manager, learner) = (app.member("manager").await, app.learner().await);
    factory::group(&app, manager.member, &[learner.member]).await;
    let enrollment = learning::enroll(&learner, &course).await;
    let none: [&str; 0] = [];
    assert_eq!(
        may(&learner, &enrollment, ENROLLMENT).await,
        ["learn", "withdraw"]
    );
    assert_eq!(
        may(&teacher, &enrollment, ENROLLMENT).await,
        ["accommodate", "extend", "withdraw"]
    );
    assert_eq!(
        may(&manager, &enrollment, ENROLLMENT).await,
        ["extend", "withdraw"]
    );
    assert_eq!(may(&other, &enrollment, ENROLLMENT).await, none);
    let own = learning::enroll(&teacher, &course).await;
    assert_eq!(
        may(&teacher, &own, ENROLLMENT).await,
        ["accommodate", "learn", "withdraw"],
        "nobody decides about their own"
    );
    let taken = learning::act(&teacher, "enrollmentWithdraw", &enrollment, json!({})).await;
    assert_eq!(taken.codes(), "");
    assert_eq!(may(&learner, &enrollment, ENROLLMENT).await, none);
    assert_eq!(may(&teacher, &enrollment, ENROLLMENT).await, ["accommodate"]);
}

#[tokio::test]
async fn an_attempt_says_why_nobody_grades_their_own() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let sitting = quiz::essay(&app, &author).await;
    let (owner, learner) = (app.owner().await, &sitting.learner);
    assert_eq!(may(&owner, &sitting.attempt, ATTEMPT).await, ["grade", "void"]);
    let document = format!("query($id: ID!) {{ node(id: $id) {{ {ATTEMPT} }} }}");
    let reply = learner
        .run_with(&document, json!({ "id": sitting.attempt }))
        .await;
    assert_eq!(
        reply.data("/node/viewerCan"),
        &json!({ "take": false, "grade": false, "void": false, "refusals": [
            { "permission": "ATTEMPTS_GRADE", "policies": ["grading.by_others"] },
            { "permission": "ATTEMPTS_VOID", "policies": [] },
        ] })
    );
    let voids = json!({ "id": sitting.attempt, "reason": "A mistake." });
    owner.does("attemptVoid", voids).await;
    assert_eq!(may(&owner, &sitting.attempt, ATTEMPT).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_submission_is_graded_by_who_teaches_and_not_by_its_learner() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let unit = factory::unit(&author, &course.module, "An assignment", assignment(json!({}))).await;
    factory::publish(&author, &course.id).await;
    let (teacher, learner) = (app.member("instructor").await, app.learner().await);
    factory::teaches(&app, teacher.member, &course.id).await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    let submission = hand_in(&learner, &enrollment, &unit).await;
    let can = "... on Submission { viewerCan { grade } }";
    assert_eq!(may(&teacher, &submission, can).await, ["grade"]);
    assert_eq!(may(&learner, &submission, can).await, Vec::<String>::new());
    // A later one takes its place, and it is not graded any more.
    hand_in(&learner, &enrollment, &unit).await;
    assert_eq!(may(&teacher, &submission, can).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_survey_is_edited_as_a_draft_and_closed_once_it_is_open() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let owner = app.owner().await;
    let asked = surveys::learners(&app, &course, 1).await;
    let (learner, enrollment) = &asked[0];
    let survey = surveys::draft(&author, &course, json!({})).await;
    let can = "... on Survey { viewerCan { update close delete } }";
    let none: [&str; 0] = [];
    assert_eq!(may(&author, &survey, can).await, ["delete", "update"]);
    assert_eq!(may(learner, &survey, can).await, none);
    author.does("surveyOpen", json!({ "id": survey })).await;
    assert_eq!(may(&author, &survey, can).await, ["close", "delete"]);
    assert_eq!(may(learner, &survey, can).await, none);
    let answers = surveys::answers(1, 1);
    let reply = surveys::respond(learner, enrollment, &survey, &answers).await;
    assert_eq!(reply.codes(), "");
    // What was answered is deleted by who may read it.
    assert_eq!(may(&author, &survey, can).await, ["close"]);
    assert_eq!(may(&owner, &survey, can).await, ["close", "delete"]);
}
