//! Units of every kind: what authors write, what learners see, and when they are complete.

use super::support::client::{Client, Reply};
use super::support::world_units::assignment;
use super::support::{TestApp, factory, learning, uploads};
use serde_json::{Value, json};

const UNITS: &str = "__typename id title ... on TextUnit { body bodyHtml } \
    ... on VideoUnit { videoUrl asset { id } durationSeconds captions { language url } transcript transcriptHtml } \
    ... on FileUnit { asset { id url } description descriptionHtml } ... on LinkUnit { url description descriptionHtml opensInNewTab } \
    ... on LiveUnit { startsAt endsAt timeZone joinUrl description } \
    ... on AssignmentUnit { instructions instructionsHtml maxPoints passPoints due { daysAfterEnrollment at } accepts maxFiles maxSubmissions \
    rubric { key title description points } }";

async fn units(who: &Client, course: &str) -> Value {
    let document = format!("query($id: ID!) {{ course(id: $id) {{ modules {{ units {{ {UNITS} }} }} }} }}");
    let reply = who.run_with(&document, json!({ "id": course })).await;
    reply.data("/course/modules/0/units").clone()
}

async fn create(who: &Client, module: &str, content: &Value) -> Reply {
    let document = "mutation($module: ID!, $content: UnitContentInput!) { unitCreate(input: {moduleId: $module, title: \"A unit\", \
        content: $content}) { unit { id kind body policy { passPercent } questions { id } content { __typename \
        ... on TextContent { body } ... on VideoContent { videoUrl transcript } ... on FileContent { asset { id } } ... on LinkContent { url } \
        ... on LiveContent { joinUrl } ... on AssignmentContent { maxPoints } ... on QuizContent { policy { passPercent } } } } \
        userErrors { code field } } }";
    who.run_with(document, json!({ "module": module, "content": content }))
        .await
}

fn live() -> Value {
    json!({ "live": { "startsAt": "2030-06-01T10:00:00Z", "endsAt": "2030-06-01T11:00:00Z", "timeZone": "Europe/Berlin",
        "joinUrl": "https://meet.example/42", "description": "We meet." } })
}

/// A published course of one unit of each kind; the identifiers of the units in order.
async fn every_kind(app: &TestApp) -> (factory::Course, Vec<String>) {
    let author = app.member("author").await;
    let asset = uploads::picture(app, &author).await;
    let course = factory::draft_course(app, &author, 1).await;
    let mut ids = course.texts.clone();
    ids.push(course.quiz.clone());
    let rubric = json!([{ "key": "clarity", "title": "Clarity", "points": 4 }, { "key": "depth", "title": "Depth", "points": 6 }]);
    for content in [
        json!({ "video": { "source": { "url": "https://video.example/1" }, "durationSeconds": 90, "transcript": "*Hello.*",
            "captions": [{ "language": "en", "source": { "url": "https://video.example/1.vtt" } }] } }),
        json!({ "video": { "source": { "assetId": asset } } }),
        json!({ "file": { "assetId": asset, "description": "A *picture*." } }),
        json!({ "link": { "url": "https://page.example/a", "description": "A page.", "opensInNewTab": false } }),
        live(),
        assignment(json!({ "due": { "daysAfterEnrollment": 7 }, "maxSubmissions": 3, "rubric": rubric })),
    ] {
        ids.push(factory::unit(&author, &course.module, "A unit", content).await);
    }
    factory::publish(&author, &course.id).await;
    (course, ids)
}

#[tokio::test]
async fn learners_see_units_of_every_kind_as_they_were_published() {
    let app = TestApp::new().await;
    let (course, ids) = every_kind(&app).await;
    let learner = app.learner().await;
    learning::enroll(&learner, &course.id).await;
    let seen = units(&learner, &course.id).await;
    let types: Vec<_> = seen
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| unit["__typename"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "TextUnit",
            "QuizUnit",
            "VideoUnit",
            "VideoUnit",
            "FileUnit",
            "LinkUnit",
            "LiveUnit",
            "AssignmentUnit"
        ]
    );
    assert_eq!(seen[0]["bodyHtml"], "<p>Read <strong>this</strong>.</p>\n");
    let video = json!({ "__typename": "VideoUnit", "id": ids[2], "title": "A unit", "videoUrl": "https://video.example/1", "asset": null,
        "durationSeconds": 90, "captions": [{ "language": "en", "url": "https://video.example/1.vtt" }], "transcript": "*Hello.*",
        "transcriptHtml": "<p><em>Hello.</em></p>\n" });
    assert_eq!(seen[2], video);
    assert_eq!(seen[3]["asset"]["id"], seen[4]["asset"]["id"]);
    assert!(seen[3]["videoUrl"].as_str().unwrap().contains("/files/"));
    assert_eq!(seen[4]["descriptionHtml"], "<p>A <em>picture</em>.</p>\n");
    let link = json!({ "__typename": "LinkUnit", "id": ids[5], "title": "A unit", "url": "https://page.example/a", "description": "A page.",
        "descriptionHtml": "<p>A page.</p>\n", "opensInNewTab": false });
    assert_eq!(seen[5], link);
    let meeting = json!({ "__typename": "LiveUnit", "id": ids[6], "title": "A unit", "startsAt": "2030-06-01T10:00:00+00:00",
        "endsAt": "2030-06-01T11:00:00+00:00", "timeZone": "Europe/Berlin", "joinUrl": "https://meet.example/42", "description": "We meet." });
    assert_eq!(seen[6], meeting);
    let work = &seen[7];
    assert_eq!(work["instructionsHtml"], "<p>Do <strong>it</strong>.</p>\n");
    assert_eq!(work["due"], json!({ "daysAfterEnrollment": 7, "at": null }));
    assert_eq!(
        (&work["maxPoints"], &work["passPoints"], &work["maxSubmissions"]),
        (&json!(10), &json!(5), &json!(3))
    );
    assert_eq!(work["accepts"], json!(["TEXT", "LINK", "FILES"]));
    assert_eq!(
        work["rubric"][1],
        json!({ "key": "depth", "title": "Depth", "description": "", "points": 6 })
    );
    for id in &ids {
        let node = learner
            .run_with(
                "query($id: ID!) { node(id: $id) { __typename id } }",
                json!({ "id": id }),
            )
            .await;
        assert_eq!(node.text("/node/id"), id);
    }
}

#[tokio::test]
async fn what_is_for_learners_and_staff_alone_is_seen_by_nobody_else() {
    let app = TestApp::new().await;
    let (course, _) = every_kind(&app).await;
    factory::open(&app).await;
    let (learner, former) = (app.learner().await, app.learner().await);
    learning::enroll(&learner, &course.id).await;
    let left = learning::enroll(&former, &course.id).await;
    super::support::quiz::withdraw(&app, &left).await;
    let teacher = app.member("instructor").await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let outside = [
        ("nobody", app.anonymous()),
        ("who never joined", app.learner().await.client),
        ("who has left", former.client),
        (
            "who teaches something else",
            app.member("instructor").await.client,
        ),
        (
            "another academy's owner",
            app.elsewhere().await.owner().await.client,
        ),
    ];
    for (who, client) in outside {
        let seen = units(&client, &course.id).await;
        assert_eq!(seen[6]["joinUrl"], json!(null), "{who}");
        assert_eq!(
            seen[6]["startsAt"], "2030-06-01T10:00:00+00:00",
            "{who} sees the rest"
        );
        for (unit, field) in [(3, "videoUrl"), (3, "asset"), (4, "asset")] {
            assert_eq!(seen[unit][field], json!(null), "{who} {field}");
        }
        assert_eq!(seen[2]["videoUrl"], "https://video.example/1", "{who}");
    }
    for (who, client) in [
        ("a learner", learner.client),
        ("who teaches it", teacher.client),
        ("an author", app.member("author").await.client),
    ] {
        let seen = units(&client, &course.id).await;
        assert_eq!(seen[6]["joinUrl"], "https://meet.example/42", "{who}");
        assert!(seen[4]["asset"]["url"].is_string(), "{who}");
    }
}

#[tokio::test]
async fn authors_read_what_they_wrote_of_every_kind() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let asset = uploads::picture(&app, &author).await;
    for (content, kind, expected) in [
        (
            json!({ "text": { "body": "*a*" } }),
            "TEXT",
            json!({ "__typename": "TextContent", "body": "*a*" }),
        ),
        (
            json!({ "video": { "source": { "url": "https://v.example" } } }),
            "VIDEO",
            json!({ "__typename": "VideoContent", "videoUrl": "https://v.example", "transcript": null }),
        ),
        (
            json!({ "file": { "assetId": asset } }),
            "FILE",
            json!({ "__typename": "FileContent", "asset": { "id": asset } }),
        ),
        (
            json!({ "link": { "url": "https://p.example" } }),
            "LINK",
            json!({ "__typename": "LinkContent", "url": "https://p.example" }),
        ),
        (
            live(),
            "LIVE",
            json!({ "__typename": "LiveContent", "joinUrl": "https://meet.example/42" }),
        ),
        (
            assignment(json!({})),
            "ASSIGNMENT",
            json!({ "__typename": "AssignmentContent", "maxPoints": 10 }),
        ),
        (
            json!({ "quiz": { "questions": [] } }),
            "QUIZ",
            json!({ "__typename": "QuizContent", "policy": { "passPercent": 60 } }),
        ),
    ] {
        let reply = create(&author, &course.module, &content).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let unit = reply.data("/unitCreate/unit");
        assert_eq!((&unit["kind"], &unit["content"]), (&json!(kind), &expected));
        // What clients read before there were so many kinds.
        assert_eq!(unit["body"].is_null(), kind != "TEXT");
        assert_eq!(unit["policy"].is_null(), kind != "QUIZ");
    }
    let hidden = app
        .learner()
        .await
        .run_with(
            "query($id: ID!) { course(id: $id) { draft { title } } }",
            json!({ "id": course.id }),
        )
        .await;
    assert_eq!(hidden.data("/course"), &json!(null));
}

#[tokio::test]
async fn a_unit_stays_of_its_kind_and_is_edited_within_it() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    let unit = factory::unit(
        &author,
        &course.module,
        "A page",
        json!({ "link": { "url": "https://p.example" } }),
    )
    .await;
    let edit = "mutation($id: ID!, $content: UnitContentInput!) { unitUpdate(input: {id: $id, content: $content}) { unit { content { \
        ... on LinkContent { url opensInNewTab } } } userErrors { code field } } }";
    let link = json!({ "link": { "url": "https://q.example", "opensInNewTab": false } });
    let reply = author
        .run_with(edit, json!({ "id": unit, "content": link }))
        .await;
    let expected = json!({ "url": "https://q.example", "opensInNewTab": false });
    assert_eq!(reply.data("/unitUpdate/unit/content"), &expected);
    for (id, content) in [
        (&unit, live()),
        (&course.texts[0], link),
        (&unit, json!({ "text": { "body": "a" } })),
    ] {
        let reply = author
            .run_with(edit, json!({ "id": id, "content": content }))
            .await;
        assert_eq!(reply.codes(), "INVALID_STATE", "{content}");
    }
    let kinds = factory::count(
        &app,
        "draft_units where kind = 'link' and material->'link'->>'url' = 'https://q.example'",
    )
    .await;
    assert_eq!(kinds, 1);
}

/// Contents with a fault each: what is sent, beside what is sound, and the path to the fault.
fn faulty() -> Vec<(&'static str, Value, &'static str)> {
    let criterion = |key: &str, points: i32| json!({ "key": key, "title": "T", "points": points });
    let caption = |language: &str, url: &str| json!({ "language": language, "source": { "url": url } });
    let (english, bent) = (caption("en", "https://c.example"), caption("en", "c"));
    vec![
        ("link", json!({ "url": "http://p.example" }), "url"),
        ("link", json!({ "url": "javascript:alert(1)" }), "url"),
        (
            "link",
            json!({ "description": "x".repeat(50_001) }),
            "description",
        ),
        (
            "video",
            json!({ "source": { "url": "data:text/html,x" } }),
            "source.url",
        ),
        ("video", json!({ "durationSeconds": 0 }), "durationSeconds"),
        (
            "video",
            json!({ "captions": [english, english] }),
            "captions.1.language",
        ),
        ("video", json!({ "captions": [bent] }), "captions.0.source.url"),
        ("live", json!({ "endsAt": "2030-06-01T10:00:00Z" }), "endsAt"),
        ("live", json!({ "endsAt": "2031-06-01T10:00:00Z" }), "endsAt"),
        ("live", json!({ "timeZone": "Berlin" }), "timeZone"),
        ("live", json!({ "joinUrl": "meet.example" }), "joinUrl"),
        ("assignment", json!({ "instructions": " " }), "instructions"),
        ("assignment", json!({ "maxPoints": 0 }), "maxPoints"),
        ("assignment", json!({ "maxPoints": 1000.01 }), "maxPoints"),
        ("assignment", json!({ "passPoints": 10.01 }), "passPoints"),
        ("assignment", json!({ "passPoints": -1 }), "passPoints"),
        ("assignment", json!({ "accepts": [] }), "accepts"),
        ("assignment", json!({ "accepts": ["TEXT", "TEXT"] }), "accepts"),
        ("assignment", json!({ "maxFiles": 0 }), "maxFiles"),
        ("assignment", json!({ "maxSubmissions": 0 }), "maxSubmissions"),
        (
            "assignment",
            json!({ "due": { "daysAfterEnrollment": -1 } }),
            "due.daysAfterEnrollment",
        ),
        ("assignment", json!({ "rubric": [criterion("a", 9)] }), "rubric"),
        (
            "assignment",
            json!({ "rubric": [criterion("a", 5), criterion("a", 5)] }),
            "rubric.1.key",
        ),
        (
            "assignment",
            json!({ "rubric": [criterion("a", 10), criterion("b", 0)] }),
            "rubric.1.points",
        ),
    ]
}

#[tokio::test]
async fn what_a_unit_cannot_be_is_refused_at_its_field_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let before = factory::count(&app, "draft_units").await;
    for (kind, fault, path) in faulty() {
        let mut content = match kind {
            "link" => json!({ "link": { "url": "https://p.example" } }),
            "video" => json!({ "video": { "source": { "url": "https://v.example" } } }),
            "live" => live(),
            _ => assignment(json!({})),
        };
        let sound = content[kind].as_object_mut().unwrap();
        sound.extend(fault.as_object().unwrap().clone());
        let reply = create(&author, &course.module, &content).await;
        assert_eq!(reply.codes(), "INVALID", "{content} {:#}", reply.body);
        let path: Vec<_> = ["content", kind].into_iter().chain(path.split('.')).collect();
        assert_eq!(reply.data("/unitCreate/userErrors/0/field"), &json!(path));
    }
    assert_eq!(factory::count(&app, "draft_units").await, before);
    let mismatched = format!(
        "insert into draft_units (org_id, id, course_id, module_id, position, kind, title, material) \
         select org_id, gen_random_uuid(), course_id, module_id, 99, 'link', 'A', '{{\"live\": {{}}}}' from draft_units where org_id = '{}' limit 1",
        app.org.0
    );
    assert!(
        factory::is_refused(&app, &mismatched).await,
        "a kind has what is of that kind"
    );
}

#[tokio::test]
async fn units_are_completed_by_events_but_quizzes_and_assignments() {
    let app = TestApp::new().await;
    let (course, ids) = every_kind(&app).await;
    let learner = app.learner().await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    for (index, code) in [
        (1, "INVALID_STATE"),
        (7, "INVALID_STATE"),
        (2, ""),
        (4, ""),
        (5, ""),
        (6, ""),
    ] {
        let reply = learning::record(
            &learner,
            &enrollment,
            &[learning::event(&ids[index], "COMPLETED", 1)],
        )
        .await;
        assert_eq!(reply.codes(), code, "{index}: {:#}", reply.body);
    }
    let started = learning::record(&learner, &enrollment, &[learning::event(&ids[7], "STARTED", 1)]).await;
    assert_eq!(
        started.data("/progressRecord/enrollment/progress"),
        &json!({ "unitsCompleted": 4, "unitCount": 8, "percent": 50 })
    );
}

#[tokio::test]
async fn what_an_author_writes_runs_nowhere() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let asset = uploads::picture(&app, &author).await;
    let hostile = format!(
        "<script>alert(1)</script><img src=x onerror=alert(1)>\n\n[a](JaVaScript:alert(1)) [b](https://b.example)\n\n\
         <svg onload=alert(1)></svg>\n\n![c](asset:{asset}) <p style=\"color:red\">d"
    );
    factory::unit(
        &author,
        &course.module,
        "A text",
        json!({ "text": { "body": hostile } }),
    )
    .await;
    factory::publish(&author, &course.id).await;
    let learner = app.learner().await;
    learning::enroll(&learner, &course.id).await;
    let seen = units(&learner, &course.id).await;
    assert_eq!(seen[1]["body"], hostile, "the source is what was written");
    let html = seen[1]["bodyHtml"].as_str().unwrap();
    for word in ["script", "onerror", "javascript", "svg", "style"] {
        assert!(!html.to_lowercase().contains(word), "{word} in {html}");
    }
    assert!(
        html.contains("<a href=\"https://b.example\" rel=\"nofollow noopener noreferrer\">b</a>"),
        "{html}"
    );
    assert!(
        html.contains("/files/") && !html.contains("asset:"),
        "a file that the learner may read has an address: {html}"
    );
    factory::open(&app).await;
    let outside = units(&app.anonymous(), &course.id).await;
    let html = outside[1]["bodyHtml"].as_str().unwrap();
    assert!(
        html.contains("<img src=\"\" alt=\"c\">") && !html.contains("asset:"),
        "{html}"
    );
}
