//! Assignments: what learners hand in, and how people grade it.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::quiz::{happened, withdraw};
use super::support::uploads::{self, read};
use super::support::world_units::{assignment, hand_in};
use super::support::{TestApp, factory, learning};
use futures_util::future::join_all;
use serde_json::{Value, json};

const SUBMISSION: &str = "id number state text textHtml link isLate dueAt points maxPoints passPoints isPassed feedback feedbackHtml \
    rubric { key earned } files { id fileName url } member { id } enrollment { id } assignment { id } gradedBy { id } gradedAt";

async fn send(who: &Client, enrollment: &str, unit: &str, work: Value) -> Reply {
    let document = format!(
        "mutation($input: SubmissionCreateInput!) {{ submissionCreate(input: $input) {{ submission {{ {SUBMISSION} }} \
         userErrors {{ code field }} }} }}"
    );
    let mut input = json!({ "enrollmentId": enrollment, "unitId": unit });
    input
        .as_object_mut()
        .unwrap()
        .extend(work.as_object().unwrap().clone());
    who.run_with(&document, json!({ "input": input })).await
}

async fn grade(who: &Client, submission: &str, grade: Value) -> Reply {
    let document = format!(
        "mutation($input: SubmissionGradeInput!) {{ submissionGrade(input: $input) {{ submission {{ {SUBMISSION} }} \
         userErrors {{ code field }} }} }}"
    );
    let mut input = json!({ "id": submission });
    input
        .as_object_mut()
        .unwrap()
        .extend(grade.as_object().unwrap().clone());
    who.run_with(&document, json!({ "input": input })).await
}

/// The submissions of a course that somebody sees, as `number state`; the newest first.
async fn listed(who: &Client, course: &str, filter: Value) -> Vec<String> {
    let document = "query($id: ID!, $filter: SubmissionFilter) { course(id: $id) { submissions(filter: $filter) { totalCount \
        nodes { number state } } } }";
    let reply = who
        .run_with(document, json!({ "id": course, "filter": filter }))
        .await;
    let nodes = reply
        .data("/course/submissions/nodes")
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(reply.data("/course/submissions/totalCount"), &json!(nodes.len()));
    nodes
        .iter()
        .map(|node| format!("{} {}", node["number"], node["state"].as_str().unwrap()))
        .collect()
}

/// A published course of one assignment, a learner in it, and one who teaches it.
struct Class {
    app: TestApp,
    course: String,
    unit: String,
    learner: Person,
    enrollment: String,
    teacher: Person,
}

impl Class {
    async fn of(content: Value) -> Self {
        let app = TestApp::new().await;
        let author = app.member("author").await;
        // The quiz that comes with it is not in the way: the assignment alone is looked at.
        let course = factory::draft_course(&app, &author, 0).await;
        let unit = factory::unit(&author, &course.module, "An assignment", content).await;
        let quiz = format!(
            "delete from draft_units where kind = 'quiz' and course_id in (select course_id from draft_units where org_id = '{}')",
            app.org.0
        );
        factory::sql(&app, &quiz).await;
        factory::publish(&author, &course.id).await;
        let (learner, teacher) = (app.learner().await, app.member("instructor").await);
        factory::teaches(&app, teacher.member, &course.id).await;
        Self {
            enrollment: learning::enroll(&learner, &course.id).await,
            course: course.id,
            unit,
            learner,
            teacher,
            app,
        }
    }

    async fn send(&self, work: Value) -> Reply {
        send(&self.learner, &self.enrollment, &self.unit, work).await
    }

    async fn hand_in(&self) -> String {
        hand_in(&self.learner, &self.enrollment, &self.unit).await
    }
}

#[tokio::test]
async fn work_is_handed_in_graded_and_completes_what_it_passes() {
    let class = Class::of(assignment(json!({}))).await;
    let file = uploads::picture(&class.app, &class.learner).await;
    let reply = class
        .send(json!({ "text": "My *work*.", "link": "https://work.example", "assetIds": [file] }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let handed_in = reply.data("/submissionCreate/submission");
    for (field, value) in [
        ("number", json!(1)),
        ("state", json!("SUBMITTED")),
        ("text", json!("My *work*.")),
        ("textHtml", json!("<p>My <em>work</em>.</p>\n")),
        ("link", json!("https://work.example")),
        ("isLate", json!(false)),
        ("dueAt", json!(null)),
        ("points", json!(null)),
        ("isPassed", json!(null)),
        ("rubric", json!([])),
    ] {
        assert_eq!(handed_in[field], value, "{field}");
    }
    assert_eq!(handed_in["files"][0]["id"], json!(file));
    assert!(
        read(&class.teacher, &file).await["url"].is_string(),
        "who grades it reads its files"
    );
    assert_eq!(
        listed(&class.teacher, &class.course, json!({ "state": "SUBMITTED" })).await,
        ["1 SUBMITTED"]
    );

    let id = handed_in["id"].as_str().unwrap();
    let said = json!({ "points": 7.5, "feedback": "Well *done*." });
    let graded = grade(&class.teacher, id, said).await;
    assert_eq!(graded.codes(), "", "{:#}", graded.body);
    let seen = class
        .learner
        .run_with(
            &format!("query($id: ID!) {{ node(id: $id) {{ ... on Submission {{ {SUBMISSION} }} }} }}"),
            json!({ "id": id }),
        )
        .await;
    // An address is good for an hour from now, and says so.
    let without_address = |submission: &Value| {
        let mut submission = submission.clone();
        assert!(submission["files"][0]["url"].take().is_string());
        submission
    };
    let seen = &without_address(seen.data("/node"));
    assert_eq!(
        *seen,
        without_address(graded.data("/submissionGrade/submission")),
        "the learner sees it all"
    );
    assert_eq!(
        (&seen["state"], &seen["points"], &seen["isPassed"]),
        (&json!("GRADED"), &json!(7.5), &json!(true))
    );
    assert_eq!(seen["feedbackHtml"], "<p>Well <em>done</em>.</p>\n");
    assert_eq!(seen["gradedBy"]["id"], class.teacher.member.to_string());
    for kind in [
        "submission.created",
        "submission.graded",
        "unit.completed",
        "enrollment.completed",
        "certificate.issued",
    ] {
        assert_eq!(happened(&class.app, kind).await, 1, "{kind}");
    }
    assert_eq!(
        listed(&class.teacher, &class.course, json!({ "state": "SUBMITTED" })).await,
        [""; 0]
    );
    assert_eq!(
        class.send(json!({ "text": "More." })).await.codes(),
        "INVALID_STATE",
        "it is passed"
    );
    assert_eq!(
        grade(&class.teacher, id, json!({ "points": 1 })).await.codes(),
        "INVALID_STATE",
        "it is graded, and nobody says why it is graded anew"
    );
    let mended = json!({ "points": 1, "reason": "It was another's." });
    let mended = grade(&class.teacher, id, mended).await;
    assert_eq!(mended.data("/submissionGrade/submission/points"), &json!(1));
    assert_eq!(mended.data("/submissionGrade/submission/isPassed"), &json!(false));
    assert_eq!(happened(&class.app, "submission.regraded").await, 1);
    let audited = factory::audit(&class.app, "submission.regraded").await;
    assert_eq!(
        audited[0].1,
        json!({ "before": 750, "after": 100, "reason": "It was another's." })
    );
    assert_eq!(
        learning::state(&class.learner, &class.enrollment).await,
        "COMPLETED",
        "what was complete stays so"
    );
}

#[tokio::test]
async fn who_fails_hands_in_again_as_often_as_the_assignment_allows() {
    let class = Class::of(assignment(json!({ "maxSubmissions": 3 }))).await;
    let first = class.hand_in().await;
    let second = class.hand_in().await;
    assert_eq!(
        listed(&class.teacher, &class.course, json!(null)).await,
        ["2 SUBMITTED", "1 SUPERSEDED"]
    );
    assert_eq!(
        grade(&class.teacher, &first, json!({ "points": 10 }))
            .await
            .codes(),
        "INVALID_STATE"
    );
    let failed = grade(&class.teacher, &second, json!({ "points": 4.99 })).await;
    assert_eq!(failed.data("/submissionGrade/submission/isPassed"), &json!(false));
    assert_eq!(happened(&class.app, "unit.completed").await, 0);
    let third = class.hand_in().await;
    let fourth = class.send(json!({ "text": "Again." })).await;
    assert_eq!(fourth.codes(), "NO_ATTEMPTS_LEFT");
    let passed = grade(&class.teacher, &third, json!({ "points": 5 })).await;
    assert_eq!(passed.data("/submissionGrade/submission/isPassed"), &json!(true));
    assert_eq!(happened(&class.app, "unit.completed").await, 1);
    let own = "query($id: ID!) { enrollment(id: $id) { state submissions(first: 2) { totalCount nodes { number points } pageInfo { hasNextPage } } } }";
    let own = class
        .learner
        .run_with(own, json!({ "id": class.enrollment }))
        .await;
    let expected = json!({ "totalCount": 3, "nodes": [{ "number": 3, "points": 5 }, { "number": 2, "points": 4.99 }],
        "pageInfo": { "hasNextPage": true } });
    assert_eq!(own.data("/enrollment/submissions"), &expected);
    assert_eq!(own.text("/enrollment/state"), "COMPLETED");
}

#[tokio::test]
async fn work_that_comes_after_it_was_due_is_taken_and_marked() {
    for (due, is_late) in [
        (json!({ "at": "2020-01-01T00:00:00Z" }), true),
        (json!({ "at": "2100-01-01T00:00:00Z" }), false),
        (json!({ "daysAfterEnrollment": 0 }), true),
        (json!({ "daysAfterEnrollment": 1 }), false),
    ] {
        let class = Class::of(assignment(json!({ "due": due }))).await;
        let reply = class.send(json!({ "text": "Done." })).await;
        assert_eq!(
            reply.data("/submissionCreate/submission/isLate"),
            &json!(is_late),
            "{due}"
        );
        assert!(reply.data("/submissionCreate/submission/dueAt").is_string());
    }
}

#[tokio::test]
async fn a_rubric_is_graded_criterion_by_criterion_and_added_up() {
    let criterion = |key: &str, points: i32| json!({ "key": key, "title": key, "points": points });
    let class = Class::of(assignment(
        json!({ "rubric": [criterion("clarity", 4), criterion("depth", 6)] }),
    ))
    .await;
    let id = class.hand_in().await;
    let given = |key: &str, points: f64| json!({ "key": key, "points": points });
    for (said, field) in [
        (json!({ "points": 5 }), json!(["points"])),
        (json!({}), json!(["rubric"])),
        (json!({ "rubric": [given("clarity", 4.0)] }), json!(["rubric"])),
        (
            json!({ "rubric": [given("clarity", 4.0), given("clarity", 4.0)] }),
            json!(["rubric", "1", "key"]),
        ),
        (
            json!({ "rubric": [given("clarity", 4.0), given("style", 4.0)] }),
            json!(["rubric", "1", "key"]),
        ),
        (
            json!({ "rubric": [given("clarity", 4.01), given("depth", 0.0)] }),
            json!(["rubric", "0", "points"]),
        ),
        (
            json!({ "rubric": [given("clarity", 4.0), given("depth", -0.01)] }),
            json!(["rubric", "1", "points"]),
        ),
    ] {
        let reply = grade(&class.teacher, &id, said.clone()).await;
        assert_eq!(reply.codes(), "INVALID", "{said}");
        assert_eq!(
            reply.data("/submissionGrade/userErrors/0/field"),
            &field,
            "{said}"
        );
    }
    assert_eq!(happened(&class.app, "submission.graded").await, 0);
    let reply = grade(
        &class.teacher,
        &id,
        json!({ "rubric": [given("depth", 2.25), given("clarity", 3.5)] }),
    )
    .await;
    let submission = reply.data("/submissionGrade/submission");
    assert_eq!(submission["points"], 5.75);
    let rubric = json!([{ "key": "clarity", "earned": 3.5 }, { "key": "depth", "earned": 2.25 }]);
    assert_eq!(submission["rubric"], rubric);
}

#[tokio::test]
async fn work_that_an_assignment_does_not_take_is_refused_at_its_field_and_nothing_is_stored() {
    let class = Class::of(assignment(json!({ "accepts": ["FILES"], "maxFiles": 1 }))).await;
    let (app, learner) = (&class.app, &class.learner);
    let files = [
        uploads::picture(app, learner).await,
        uploads::picture(app, learner).await,
    ];
    let others = uploads::picture(app, &app.learner().await.client).await;
    let elsewhere = app.elsewhere().await;
    let foreign = uploads::picture(&elsewhere, &elsewhere.learner().await.client).await;
    let begun = uploads::begin(app, learner, "a.png", "image/png", 5).await;
    let pending = begun.text("/assetUploadCreate/asset/id").to_owned();
    for (work, code, field) in [
        (json!({}), "INVALID", json!(null)),
        (json!({ "text": "a" }), "INVALID", json!(["text"])),
        (json!({ "link": "https://a.example" }), "INVALID", json!(["link"])),
        (json!({ "assetIds": files }), "INVALID", json!(["assetIds"])),
        (json!({ "assetIds": [others] }), "NOT_FOUND", json!(["assetIds"])),
        (json!({ "assetIds": [foreign] }), "NOT_FOUND", json!(["assetIds"])),
        (json!({ "assetIds": [pending] }), "NOT_FOUND", json!(["assetIds"])),
        (json!({ "assetIds": ["ast_"] }), "NOT_FOUND", json!(["assetIds"])),
    ] {
        let reply = class.send(work.clone()).await;
        assert_eq!(reply.codes(), code, "{work} {:#}", reply.body);
        assert_eq!(
            reply.data("/submissionCreate/userErrors/0/field"),
            &field,
            "{work}"
        );
    }
    let class = Class::of(assignment(json!({ "accepts": ["TEXT", "LINK"] }))).await;
    for (work, field) in [
        (json!({ "text": " " }), "text"),
        (json!({ "text": "x".repeat(100_001) }), "text"),
        (json!({ "link": "http://a.example" }), "link"),
        (json!({ "text": "a", "link": "javascript:alert(1)" }), "link"),
        (
            json!({ "text": "a", "assetIds": [uploads::picture(&class.app, &class.learner).await] }),
            "assetIds",
        ),
    ] {
        let reply = class.send(work).await;
        assert_eq!(reply.codes(), "INVALID");
        assert_eq!(
            reply.data("/submissionCreate/userErrors/0/field"),
            &json!([field])
        );
    }
    assert_eq!(factory::count(&class.app, "submissions").await, 0);
    let quiz = learning::enroll(
        &class.learner,
        &factory::published_course(&class.app, &class.app.member("author").await, 1)
            .await
            .id,
    )
    .await;
    assert_eq!(
        send(&class.learner, &quiz, &class.unit, json!({ "text": "a" }))
            .await
            .codes(),
        "NOT_FOUND",
        "a unit of another course"
    );
    withdraw(&class.app, &class.enrollment).await;
    assert_eq!(class.send(json!({ "text": "a" })).await.codes(), "NOT_ENROLLED");
}

#[tokio::test]
async fn who_does_not_teach_the_course_grades_nothing_and_nobody_grades_themselves() {
    let class = Class::of(assignment(json!({}))).await;
    let (app, id) = (&class.app, class.hand_in().await);
    let (author, manager, other) = (
        app.member("author").await,
        app.member("manager").await,
        app.member("instructor").await,
    );
    factory::group(app, manager.member, &[class.learner.member]).await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, code, name) in [
        (&class.learner.client, "FORBIDDEN", "the learner"),
        (&app.learner().await.client, "NOT_FOUND", "another learner"),
        (&author.client, "NOT_FOUND", "who wrote the course"),
        (&manager.client, "FORBIDDEN", "who manages the learner"),
        (&other.client, "NOT_FOUND", "who teaches something else"),
        (&stranger.client, "NOT_FOUND", "another academy's owner"),
        (&app.anonymous(), "UNAUTHENTICATED", "nobody"),
    ] {
        let reply = grade(who, &id, json!({ "points": 10 })).await;
        assert_eq!(reply.codes(), code, "{name}: {:#}", reply.body);
    }
    // An owner grades everybody, and a teacher their course, but not what they handed in themselves.
    let owner = app.owner().await;
    for member in [&owner, &class.teacher] {
        let enrollment = learning::enroll(member, &class.course).await;
        let own = hand_in(member, &enrollment, &class.unit).await;
        assert_eq!(
            grade(member, &own, json!({ "points": 10 })).await.codes(),
            "FORBIDDEN"
        );
        let by = if member.member == owner.member {
            &class.teacher
        } else {
            &owner
        };
        assert_eq!(grade(by, &own, json!({ "points": 10 })).await.codes(), "");
    }
    assert_eq!(happened(app, "submission.graded").await, 2);
}

#[tokio::test]
async fn nobody_hands_in_for_somebody_else_and_each_sees_what_they_may() {
    let class = Class::of(assignment(json!({}))).await;
    let app = &class.app;
    class.hand_in().await;
    let other = app.learner().await;
    let theirs = learning::enroll(&other, &class.course).await;
    hand_in(&other, &theirs, &class.unit).await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&other.client, "NOT_FOUND"),
        (&class.teacher.client, "FORBIDDEN"),
        (&app.owner().await.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        let reply = send(who, &class.enrollment, &class.unit, json!({ "text": "a" })).await;
        assert_eq!(reply.codes(), code);
    }
    assert_eq!(factory::count(app, "submissions").await, 2);
    let manager = app.member("manager").await;
    factory::group(app, manager.member, &[other.member]).await;
    for (who, count) in [
        (&class.learner.client, 1),
        (&other.client, 1),
        (&class.teacher.client, 2),
        (&app.owner().await.client, 2),
        (&manager.client, 1),
        (&app.learner().await.client, 0),
        (&app.member("author").await.client, 0),
    ] {
        assert_eq!(listed(who, &class.course, json!(null)).await.len(), count);
    }
    let elsewhere = json!({ "unitId": "unt_" });
    assert_eq!(listed(&class.teacher, &class.course, elsewhere).await, [""; 0]);
    assert_eq!(
        listed(&class.teacher, &class.course, json!({ "unitId": class.unit }))
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn requests_at_once_leave_one_submission_waiting_and_one_grade() {
    let class = Class::of(assignment(json!({ "maxSubmissions": 5 }))).await;
    let replies = join_all((0..8).map(|_| class.send(json!({ "text": "a" })))).await;
    let codes: Vec<_> = replies.iter().map(Reply::codes).collect();
    assert_eq!(
        codes.iter().filter(|code| code.is_empty()).count(),
        5,
        "{codes:?}"
    );
    assert!(
        codes
            .iter()
            .all(|code| code.is_empty() || code == "NO_ATTEMPTS_LEFT"),
        "{codes:?}"
    );
    let waiting = listed(&class.teacher, &class.course, json!({ "state": "SUBMITTED" })).await;
    assert_eq!(waiting, ["5 SUBMITTED"]);
    let last = replies
        .iter()
        .find(|reply| reply.codes().is_empty() && reply.data("/submissionCreate/submission/number") == 5);
    let id = last.unwrap().text("/submissionCreate/submission/id");
    let replies =
        join_all((1..=6).map(|points| grade(&class.teacher, id, json!({ "points": points })))).await;
    let mut codes: Vec<_> = replies.iter().map(Reply::codes).collect();
    codes.sort();
    assert_eq!(codes[..2], ["", "INVALID_STATE"], "{codes:?}");
    assert_eq!(happened(&class.app, "submission.graded").await, 1);
    let beyond = "update submissions set points = max_points + 1 where state = 'graded'";
    assert!(
        factory::is_refused(&class.app, beyond).await,
        "no grade has more points than there are"
    );
}
