//! When a course is complete.

use super::support::learning::{self, enroll, event, record};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const UPDATE: &str = "mutation($input: CourseUpdateInput!) { courseUpdate(input: $input) { course { draft { completionRule completionPercent } } \
    userErrors { code field message } } }";
const REQUIRE: &str = "mutation($id: ID!, $is: Boolean!) { unitUpdate(input: {id: $id, isRequired: $is}) { unit { isRequired } userErrors { code } } }";

#[tokio::test]
async fn a_share_of_the_units_completes_a_course_and_the_rest_may_follow() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 4).await;
    for (percent, code) in [(json!(0), "INVALID"), (json!(101), "INVALID"), (Value::Null, "")] {
        let input =
            json!({ "id": course.id, "completionRule": "MINIMUM_PERCENT", "completionPercent": percent });
        let reply = author.run_with(UPDATE, json!({ "input": input })).await;
        assert_eq!(reply.codes(), code);
    }
    let publish = "mutation($id: ID!) { coursePublish(input: {id: $id}) { userErrors { code message } } }";
    let refused = author.run_with(publish, json!({ "id": course.id })).await;
    assert_eq!(refused.codes(), "NOTHING_TO_PUBLISH", "nobody knows which share");
    let input = json!({ "id": course.id, "completionPercent": 50 });
    let reply = author.run_with(UPDATE, json!({ "input": input })).await;
    assert_eq!(
        reply.data("/courseUpdate/course/draft"),
        &json!({ "completionRule": "MINIMUM_PERCENT", "completionPercent": 50 })
    );
    factory::publish(&author, &course.id).await;
    let completion =
        "query($id: ID!) { course(id: $id) { completion { rule percent units { id } unitsNeeded } } }";
    let seen = learner.run_with(completion, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/completion/unitsNeeded"),
        &json!(3),
        "half of five, rounded up"
    );
    let enrollment = enroll(&learner, &course.id).await;
    let reply = learning::read(&learner, &enrollment, &course.texts[..2]).await;
    assert_eq!(reply.text("/progressRecord/enrollment/state"), "ACTIVE");
    let reply = learning::read(&learner, &enrollment, &course.texts[2..3]).await;
    assert_eq!(
        reply.data("/progressRecord/enrollment/progress"),
        &json!({ "unitsCompleted": 3, "unitCount": 5, "percent": 60 })
    );
    assert_eq!(reply.text("/progressRecord/enrollment/state"), "COMPLETED");
    let certificate = reply.text("/progressRecord/enrollment/certificate/id").to_owned();
    let more = record(&learner, &enrollment, &[event(&course.texts[3], "COMPLETED", 9)]).await;
    assert_eq!(
        more.data("/progressRecord/enrollment/progress/unitsCompleted"),
        &json!(4)
    );
    assert_eq!(
        more.text("/progressRecord/enrollment/certificate/id"),
        certificate
    );
    assert_eq!(learning::happened(&app, "enrollment.completed").await, (1, 1));
}

#[tokio::test]
async fn only_the_units_count_that_their_author_requires() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 2).await;
    let units = [&course.texts[0], &course.texts[1], &course.quiz];
    for unit in units {
        let reply = author.run_with(REQUIRE, json!({ "id": unit, "is": false })).await;
        assert_eq!(reply.data("/unitUpdate/unit/isRequired"), &json!(false));
    }
    let input = json!({ "id": course.id, "completionRule": "REQUIRED_UNITS" });
    author.run_with(UPDATE, json!({ "input": input })).await;
    let publish = "mutation($id: ID!) { coursePublish(input: {id: $id}) { userErrors { code } } }";
    let refused = author.run_with(publish, json!({ "id": course.id })).await;
    assert_eq!(refused.codes(), "NOTHING_TO_PUBLISH", "nothing would complete it");
    author
        .run_with(REQUIRE, json!({ "id": course.texts[1], "is": true }))
        .await;
    factory::publish(&author, &course.id).await;
    author
        .run_with(REQUIRE, json!({ "id": course.texts[0], "is": true }))
        .await;
    let completion =
        "query($id: ID!) { course(id: $id) { completion { rule percent units { id } unitsNeeded } } }";
    let seen = learner.run_with(completion, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/completion"),
        &json!({ "rule": "REQUIRED_UNITS", "percent": null, "units": [{ "id": course.texts[1] }], "unitsNeeded": 1 }),
        "the draft is not what learners are measured by"
    );
    let enrollment = enroll(&learner, &course.id).await;
    let reply = learning::read(&learner, &enrollment, &course.texts[..1]).await;
    assert_eq!(
        reply.data("/progressRecord/enrollment/progress"),
        &json!({ "unitsCompleted": 0, "unitCount": 1, "percent": 0 })
    );
    assert_eq!(
        reply.text("/progressRecord/enrollment/nextUnit/id"),
        course.texts[1]
    );
    let reply = learning::read(&learner, &enrollment, &course.texts[1..]).await;
    assert_eq!(reply.text("/progressRecord/enrollment/state"), "COMPLETED");
}

#[tokio::test]
async fn a_unit_may_be_made_without_being_required() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let document = "mutation($input: UnitCreateInput!) { unitCreate(input: $input) { unit { isRequired } userErrors { code } } }";
    for (given, expected) in [(json!({}), true), (json!({ "isRequired": false }), false)] {
        let mut input = json!({ "moduleId": course.module, "title": "A text", "content": { "text": { "body": "Read." } } });
        input
            .as_object_mut()
            .unwrap()
            .extend(given.as_object().unwrap().clone());
        let reply = author.run_with(document, json!({ "input": input })).await;
        assert_eq!(reply.data("/unitCreate/unit/isRequired"), &json!(expected));
    }
}
