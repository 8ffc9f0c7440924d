//! A session that is safe in a browser: one learner, one course, known pages, known documents, a budget.

use super::support::client::{Client, Reply};
use super::support::{TestApp, apps, factory, learning, paths, surveys};
use axum::body::Body;
use axum::http::{Request, header};
use lyceum::auth::permission::Permission;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const OPEN: &str = "mutation($input: EmbedSessionCreateInput!) { embedSessionCreate(input: $input) { token \
    session { id course { id } origins operations budget spent } userErrors { code field message } } }";
const COURSE: &str = "query($id: ID!) { node(id: $id) { ... on Course { title modules { title } } ... on Enrollment { id } ... on Certificate { id } } }";
const MINE: &str = "{ viewer { enrollments { nodes { course { id } } } actingAs { learnerSession { spent } } } catalog { nodes { id } } }";
const ENROLL: &str =
    "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id } userErrors { code } } }";
const PATHS: &str = "query($org: ID!, $path: ID!, $enrollment: ID!) { organization(id: $org) { paths { nodes { id } } } \
    viewer { pathEnrollments { nodes { id } } } path: node(id: $path) { id } enrollment: node(id: $enrollment) { id } }";
const SEARCH: &str = "{ search(query: \"course or text or path\") { ... on CourseHit { course { id } } \
    ... on UnitHit { course { id } } ... on PathHit { path { id } } } }";
const SURVEYS: &str = "query($id: ID!, $enrollment: ID!) { survey: node(id: $id) { id } enrollment(id: $enrollment) { waitingSurveys { id } } }";
const RESPOND: &str = "mutation($input: SurveyRespondInput!) { surveyRespond(input: $input) { survey { id } userErrors { code } } }";
const PAGE: &str = "https://portal.example";

fn hash(document: &str) -> String {
    format!("{:x}", Sha256::digest(document))
}

/// An academy with two courses, a learner who is enrolled in both, and a backend.
struct Embedding {
    app: TestApp,
    backend: Client,
    learner: String,
    courses: [String; 2],
    enrollments: [String; 2],
}

impl Embedding {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
        let courses = [
            factory::published_course(&app, &author, 1).await.id,
            factory::published_course(&app, &author, 1).await.id,
        ];
        let enrollments = [
            learning::enroll(&learner, &courses[0]).await,
            learning::enroll(&learner, &courses[1]).await,
        ];
        factory::sql(
            &app,
            &format!(
                "insert into organization_origins values ('{}', '{PAGE}')",
                app.org.0
            ),
        )
        .await;
        let token = apps::token(&app, owner.member, &[Permission::LearnerSessionsCreate]).await;
        Self {
            backend: app.bearer(&token),
            learner: learner.member.to_string(),
            app,
            courses,
            enrollments,
        }
    }

    async fn open(&self, more: Value) -> Reply {
        let mut input = json!({ "organizationId": self.app.org_id(), "memberId": self.learner, "courseId": self.courses[0],
            "origins": [PAGE], "operations": [hash(COURSE), hash(MINE), hash(ENROLL)] });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.backend.run_with(OPEN, json!({ "input": input })).await
    }

    async fn token(&self, more: Value) -> String {
        self.open(more).await.text("/embedSessionCreate/token").to_owned()
    }

    /// Asks from a page; from none where it is empty.
    async fn ask(&self, token: &str, page: &str, document: &str, variables: Value) -> Reply {
        let mut request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        if !page.is_empty() {
            request = request.header(header::ORIGIN, page);
        }
        let body = json!({ "query": document, "variables": variables }).to_string();
        self.app
            .bearer(token)
            .send(request.body(Body::from(body)).unwrap())
            .await
    }
}

#[tokio::test]
async fn a_page_shows_its_learner_the_one_course_and_nothing_of_any_other() {
    let here = Embedding::new().await;
    let token = here.token(json!({})).await;
    let mine = here.ask(&token, PAGE, MINE, json!({})).await;
    assert_eq!(
        mine.data("/viewer/enrollments/nodes"),
        &json!([{ "course": { "id": here.courses[0] } }])
    );
    assert_eq!(mine.data("/catalog/nodes"), &json!([{ "id": here.courses[0] }]));
    // The other course is in the node's memory from those who see it.
    for id in [&here.courses[0], &here.enrollments[0]] {
        let found = here.ask(&token, PAGE, COURSE, json!({ "id": id })).await;
        assert!(found.data("/node").is_object(), "{id}");
    }
    for id in [&here.courses[1], &here.enrollments[1]] {
        let found = here.ask(&token, PAGE, COURSE, json!({ "id": id })).await;
        assert_eq!(found.data("/node"), &Value::Null, "{id}");
    }
    let enrolled = here
        .ask(&token, PAGE, ENROLL, json!({ "id": here.courses[1] }))
        .await;
    assert_eq!(enrolled.codes(), "NOT_FOUND");
}

#[tokio::test]
async fn a_page_of_one_course_shows_no_path_that_the_course_is_on() {
    let here = Embedding::new().await;
    let (author, learner) = (here.app.member("author").await, here.app.learner().await);
    let steps = json!([{ "courseId": here.courses[0] }]);
    let path = paths::published(&here.app, &author, steps, json!({})).await;
    let enrollment = paths::follow(&learner, &path).await;
    let asked = json!({ "org": here.app.org_id(), "path": path, "enrollment": enrollment });
    let seen = learner.run_with(PATHS, asked.clone()).await;
    assert_eq!(
        seen.data("/viewer/pathEnrollments/nodes/0/id"),
        &json!(enrollment)
    );
    let more = json!({ "memberId": learner.member.to_string(), "operations": [hash(PATHS)] });
    let token = here.token(more).await;
    let seen = here.ask(&token, PAGE, PATHS, asked).await;
    assert_eq!(
        seen.body["data"],
        json!({ "organization": { "paths": { "nodes": [] } }, "viewer": { "pathEnrollments": { "nodes": [] } },
            "path": null, "enrollment": null })
    );
}

#[tokio::test]
async fn a_page_of_one_course_finds_words_in_that_course_alone() {
    let here = Embedding::new().await;
    let author = here.app.member("author").await;
    let steps = json!([{ "courseId": here.courses[0] }]);
    paths::published(&here.app, &author, steps, json!({})).await;
    let token = here.token(json!({ "operations": [hash(SEARCH)] })).await;
    let found = here.ask(&token, PAGE, SEARCH, json!({})).await;
    let course = json!({ "course": { "id": here.courses[0] } });
    assert_eq!(
        found.data("/search"),
        &json!([course, course]),
        "the course and its text"
    );
}

#[tokio::test]
async fn a_page_of_one_course_asks_its_learner_the_surveys_of_that_course_alone() {
    let here = Embedding::new().await;
    let author = here.app.member("author").await;
    let operations = json!({ "operations": [hash(SURVEYS), hash(RESPOND)] });
    let token = here.token(operations).await;
    let mut both = Vec::new();
    for course in &here.courses {
        both.push(surveys::opened(&author, course, json!({})).await);
    }
    for (index, sees) in [(0, true), (1, false)] {
        let (survey, enrollment) = (&both[index], &here.enrollments[index]);
        let asked = json!({ "id": survey, "enrollment": enrollment });
        let seen = here.ask(&token, PAGE, SURVEYS, asked).await;
        assert_eq!(seen.data("/survey").is_object(), sees, "{:#}", seen.body);
        assert_eq!(seen.data("/enrollment").is_object(), sees, "{:#}", seen.body);
        let input =
            json!({ "enrollmentId": enrollment, "surveyId": survey, "answers": surveys::answers(4, 2) });
        let answered = here.ask(&token, PAGE, RESPOND, json!({ "input": input })).await;
        assert_eq!(answered.codes(), if sees { "" } else { "NOT_FOUND" });
    }
    assert_eq!(factory::count(&here.app, "survey_responses").await, 1);
}

#[tokio::test]
async fn another_page_another_document_and_no_page_at_all_are_refused() {
    let here = Embedding::new().await;
    let token = here.token(json!({})).await;
    for page in [
        "https://evil.example",
        "http://portal.example",
        "https://portal.example.evil.example",
        "null",
        "",
    ] {
        let reply = here.ask(&token, page, MINE, json!({})).await;
        assert_eq!(
            (reply.status.as_u16(), reply.codes().as_str()),
            (403, "ORIGIN_NOT_ALLOWED"),
            "{page}"
        );
    }
    let spaced = format!("{MINE} ");
    for document in [
        "{ viewer { memberships { id } } }",
        spaced.as_str(),
        "{ __schema { types { name } } }",
    ] {
        let reply = here.ask(&token, PAGE, document, json!({})).await;
        assert_eq!(
            (reply.status.as_u16(), reply.codes().as_str()),
            (403, "OPERATION_NOT_ALLOWED"),
            "{document}"
        );
    }
    assert_eq!(here.ask(&token, PAGE, MINE, json!({})).await.codes(), "");
}

#[tokio::test]
async fn a_budget_is_spent_once_however_many_ask_at_the_same_time() {
    let here = Embedding::new().await;
    let cost = here
        .ask(&here.token(json!({})).await, PAGE, MINE, json!({}))
        .await
        .body["extensions"]["cost"]["requested"]
        .as_i64()
        .unwrap();
    let token = here.token(json!({ "budget": cost * 5 + 1 })).await;
    let asked = (0..20).map(|_| here.ask(&token, PAGE, MINE, json!({})));
    let replies = futures_util::future::join_all(asked).await;
    let count = |code: &str| replies.iter().filter(|reply| reply.codes() == code).count();
    assert_eq!((count(""), count("BUDGET_SPENT")), (5, 15));
    assert!(
        replies
            .iter()
            .all(|reply| reply.status == 200 || reply.status == 429)
    );
}

#[tokio::test]
async fn what_a_session_is_for_is_checked_when_it_is_opened() {
    let here = Embedding::new().await;
    let many: Vec<_> = (0..101).map(|n| hash(&n.to_string())).collect();
    for (bad, code, field) in [
        (
            json!({ "origins": ["https://evil.example"] }),
            "INVALID",
            "origins",
        ),
        (json!({ "origins": [] }), "INVALID", "origins"),
        (json!({ "operations": [] }), "INVALID", "operations"),
        (json!({ "operations": many }), "INVALID", "operations"),
        (json!({ "operations": ["abc"] }), "INVALID", "operations"),
        (
            json!({ "operations": [hash(MINE).to_uppercase()] }),
            "INVALID",
            "operations",
        ),
        (json!({ "budget": 0 }), "INVALID", "budget"),
        (json!({ "budget": 1_000_001 }), "INVALID", "budget"),
        (json!({ "ttlSeconds": 3_601 }), "INVALID", "ttlSeconds"),
        (
            json!({ "courseId": here.enrollments[0] }),
            "NOT_FOUND",
            "courseId",
        ),
    ] {
        let reply = here.open(bad.clone()).await;
        let error = &reply.data("/embedSessionCreate/userErrors")[0];
        assert_eq!(
            (&error["code"], &error["field"][0]),
            (&json!(code), &json!(field)),
            "{bad}"
        );
    }
    let shown = here
        .open(json!({ "budget": 500, "idempotencyKey": "once" }))
        .await;
    let session = shown.data("/embedSessionCreate/session");
    assert_eq!(
        (&session["course"]["id"], &session["budget"], &session["spent"]),
        (&json!(here.courses[0]), &json!(500), &json!(0))
    );
    let again = here
        .open(json!({ "budget": 500, "idempotencyKey": "once" }))
        .await;
    assert_eq!(again.data("/embedSessionCreate/session/id"), &session["id"]);
    assert_eq!(again.data("/embedSessionCreate/token"), &Value::Null);
}
