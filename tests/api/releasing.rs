//! In which order authors let things be done.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{act, complete, enroll, event, pass, record, statements};
use super::support::quiz;
use super::support::{TestApp, academy_units, factory, uploads};
use serde_json::{Value, json};

async fn set(author: &Person, unit: &str, rules: Value) -> Reply {
    let document = "mutation($id: ID!, $rules: [UnitReleaseRuleInput!]!) { unitReleaseSet(input: {id: $id, rules: $rules}) \
        { unit { version release { kind unitId percent date days } } userErrors { code field message } } }";
    author
        .run_with(document, json!({ "id": unit, "rules": rules }))
        .await
}

async fn require(author: &Person, course: &str, others: &[&str]) -> Reply {
    let document = "mutation($id: ID!, $ids: [ID!]!) { coursePrerequisitesSet(input: {id: $id, courseIds: $ids}) \
        { course { prerequisites { id } } userErrors { code field } } }";
    author
        .run_with(document, json!({ "id": course, "ids": others }))
        .await
}

#[tokio::test]
async fn a_unit_shows_its_authors_the_rules_that_they_gave_it() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 2).await;
    let rules = json!([
        { "afterUnit": course.texts[0] },
        { "afterScore": { "quizId": course.quiz, "percent": 70 } },
        { "onDate": "2027-03-28T01:00:00Z" },
        { "afterDays": 7 },
    ]);
    let shown = set(&author, &course.texts[1], rules).await;
    let none = json!(null);
    assert_eq!(
        shown.data("/unitReleaseSet/unit/release"),
        &json!([
            { "kind": "AFTER_UNIT", "unitId": course.texts[0], "percent": none, "date": none, "days": none },
            { "kind": "AFTER_SCORE", "unitId": course.quiz, "percent": 70, "date": none, "days": none },
            { "kind": "ON_DATE", "unitId": none, "percent": none, "date": "2027-03-28T01:00:00+00:00", "days": none },
            { "kind": "AFTER_DAYS", "unitId": none, "percent": none, "date": none, "days": 7 },
        ])
    );
    let freed = set(&author, &course.texts[1], json!([])).await;
    assert_eq!(freed.data("/unitReleaseSet/unit/release"), &json!([]));
    assert_eq!(freed.data("/unitReleaseSet/unit/version"), &json!(3));
}

#[tokio::test]
async fn rules_that_can_never_hold_are_refused_and_change_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 3).await;
    let other = factory::draft_course(&app, &author, 1).await;
    let [a, b, c] = [&course.texts[0], &course.texts[1], &course.texts[2]];
    assert_eq!(set(&author, b, json!([{ "afterUnit": a }])).await.codes(), "");
    assert_eq!(set(&author, c, json!([{ "afterUnit": b }])).await.codes(), "");
    let many: Vec<_> = (1..=11).map(|days| json!({ "afterDays": days })).collect();
    let cases = [
        (json!([{ "afterUnit": a }]), "INVALID", json!(["rules"])),
        (json!([{ "afterUnit": c }]), "INVALID", json!(["rules"])),
        (
            json!([{ "afterUnit": other.texts[0] }]),
            "NOT_FOUND",
            json!(["rules", "0", "afterUnit"]),
        ),
        (
            json!([{ "afterScore": { "quizId": b, "percent": 50 } }]),
            "NOT_FOUND",
            json!(["rules", "0", "afterScore", "quizId"]),
        ),
        (
            json!([{ "afterScore": { "quizId": course.quiz, "percent": 0 } }]),
            "INVALID",
            json!(["rules", "0", "afterScore", "percent"]),
        ),
        (
            json!([{ "afterDays": 1 }, { "afterDays": 0 }]),
            "INVALID",
            json!(["rules", "1", "afterDays"]),
        ),
        (json!(many), "INVALID", json!(["rules"])),
    ];
    for (rules, code, field) in cases {
        let refused = set(&author, a, rules.clone()).await;
        assert_eq!(refused.codes(), code, "{rules}");
        assert_eq!(
            refused.data("/unitReleaseSet/userErrors/0/field"),
            &field,
            "{rules}"
        );
    }
    let circle = set(&author, a, json!([{ "afterUnit": c }])).await;
    assert_eq!(
        circle.text("/unitReleaseSet/userErrors/0/message"),
        "The units would wait for each other: Text 0 → Text 2 → Text 1 → Text 0."
    );
    let read = "query($id: ID!) { course(id: $id) { draft { modules { units { release { kind } } } } } }";
    let stored = author.run_with(read, json!({ "id": course.id })).await;
    assert_eq!(stored.data("/course/draft/modules/0/units/0/release"), &json!([]));
}

#[tokio::test]
async fn a_unit_that_others_wait_for_is_not_taken_away() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 2).await;
    set(
        &author,
        &course.texts[1],
        json!([{ "afterUnit": course.texts[0] }]),
    )
    .await;
    let delete =
        "mutation($id: ID!) { unitDelete(input: {id: $id}) { deletedUnitId userErrors { code message } } }";
    let refused = author.run_with(delete, json!({ "id": course.texts[0] })).await;
    assert_eq!(refused.codes(), "IN_USE");
    let message = refused.text("/unitDelete/userErrors/0/message");
    assert!(message.contains("Text 1"), "{message}");
    assert_eq!(
        author
            .run_with(delete, json!({ "id": course.texts[1] }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        author
            .run_with(delete, json!({ "id": course.texts[0] }))
            .await
            .codes(),
        ""
    );
}

#[tokio::test]
async fn a_copy_s_rules_name_the_copy_s_units() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 2).await;
    set(
        &author,
        &course.texts[1],
        json!([{ "afterUnit": course.texts[0] }]),
    )
    .await;
    let duplicate = "mutation($id: ID!) { courseDuplicate(input: {id: $id, slug: \"copy\", title: \"A copy\"}) \
        { course { draft { modules { units { id release { unitId } } } } } userErrors { code } } }";
    let copied = author.run_with(duplicate, json!({ "id": course.id })).await;
    let units = copied.data("/courseDuplicate/course/draft/modules/0/units");
    assert_eq!(units[1]["release"][0]["unitId"], units[0]["id"]);
    assert_ne!(units[0]["id"], json!(course.texts[0]));
}

#[tokio::test]
async fn courses_do_not_wait_for_each_other() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let [a, b, c] = [
        factory::published_course(&app, &author, 1).await.id,
        factory::published_course(&app, &author, 1).await.id,
        factory::published_course(&app, &author, 1).await.id,
    ];
    assert_eq!(require(&author, &b, &[&a]).await.codes(), "");
    let two = require(&author, &c, &[&a, &b]).await;
    assert_eq!(two.codes(), "");
    let shown = two.data("/coursePrerequisitesSet/course/prerequisites");
    assert_eq!(shown.as_array().unwrap().len(), 2);
    for required in [&a, &c] {
        let refused = require(&author, &a, &[required]).await;
        assert_eq!(refused.codes(), "INVALID");
        assert_eq!(
            refused.data("/coursePrerequisitesSet/userErrors/0/field"),
            &json!(["courseIds"])
        );
    }
    let elsewhere = app.elsewhere().await;
    let stranger = elsewhere.owner().await;
    let foreign = require(&stranger, &a, &[]).await;
    assert_eq!(foreign.codes(), "NOT_FOUND");
    let (left, right) = tokio::join!(require(&author, &a, &[]), require(&author, &c, &[]));
    assert_eq!((left.codes(), right.codes()), (String::new(), String::new()));
    let (first, second) = ([a.as_str()], [c.as_str()]);
    let crossed = tokio::join!(require(&author, &a, &second), require(&author, &c, &first));
    let codes = [crossed.0.codes(), crossed.1.codes()];
    assert_eq!(
        codes.iter().filter(|code| code.is_empty()).count(),
        1,
        "one of two crossing edits: {codes:?}"
    );
}

#[tokio::test]
async fn a_learner_goes_into_units_in_the_order_that_their_rules_say() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 2).await;
    let [first, second] = [&course.texts[0], &course.texts[1]];
    set(&author, second, json!([{ "afterUnit": first }])).await;
    set(&author, &course.quiz, json!([{ "afterUnit": second }])).await;
    factory::publish(&author, &course.id).await;
    let read = "query($id: ID!) { course(id: $id) { modules { units { access { state opensAt blockedBy { kind unitId } } } } } }";
    let access = async |who: &Person| {
        let seen = who.run_with(read, json!({ "id": course.id })).await;
        let units = seen.data("/course/modules/0/units").as_array().unwrap().clone();
        units
            .iter()
            .map(|unit| unit["access"]["state"] == "OPEN")
            .collect::<Vec<_>>()
    };
    assert_eq!(
        access(&learner).await,
        [true, false, false],
        "no learner of the course yet"
    );
    let enrollment = enroll(&learner, &course.id).await;

    let early = record(&learner, &enrollment, &[event(second, "COMPLETED", 1)]).await;
    assert_eq!(early.codes(), "LOCKED");
    assert_eq!(
        early.data("/progressRecord/userErrors/0/field"),
        &json!(["events", "0", "unitId"])
    );
    assert_eq!(
        early.text("/progressRecord/userErrors/0/message"),
        "It is locked: complete “Text 0” first."
    );
    let start = quiz::start(&learner, &enrollment, &course.quiz).await;
    assert_eq!(start.codes(), "LOCKED");
    assert_eq!(quiz::states(&app).await, []);
    assert_eq!(access(&learner).await, [true, false, false]);

    let both = [event(first, "COMPLETED", 1), event(second, "STARTED", 2)];
    assert_eq!(record(&learner, &enrollment, &both).await.codes(), "");
    assert_eq!(access(&learner).await, [true, true, false]);
    let done = [event(second, "COMPLETED", 3)];
    assert_eq!(record(&learner, &enrollment, &done).await.codes(), "");
    assert_eq!(access(&learner).await, [true, true, true]);
    let start = quiz::start(&learner, &enrollment, &course.quiz).await;
    assert_eq!(start.codes(), "");
}

/// What the units of a course that wait for another show of what they are made of: null, or the parts that are there.
const MADE_OF: &str = "query($id: ID!) { course(id: $id) { modules { units { title access { blockedBy { kind } } localized(languages: [\"pt\"]) { title text textHtml } \
    ... on TextUnit { body bodyHtml } ... on VideoUnit { videoUrl transcript transcriptHtml captions { url } } ... on FileUnit { asset { id } description descriptionHtml } \
    ... on LinkUnit { link: url description descriptionHtml } ... on LiveUnit { joinUrl description descriptionHtml } ... on AssignmentUnit { instructions instructionsHtml rubric { key } } } } } }";

#[tokio::test]
async fn a_locked_unit_shows_what_it_is_called_and_nothing_of_what_it_is_made_of() {
    let app = TestApp::new().await;
    let (author, learner, teacher) = (
        app.member("author").await,
        app.learner().await,
        app.member("instructor").await,
    );
    factory::open(&app).await;
    let course = factory::draft_course(&app, &author, 1).await;
    let asset = uploads::asset(&app, author.member, "file").await;
    let mut contents = academy_units::contents("canary", &asset);
    contents.push(("text", json!({ "body": "canary" })));
    let mut waiting = Vec::new();
    for (kind, content) in contents {
        let unit = factory::unit(&author, &course.module, kind, json!({ kind: content })).await;
        set(&author, &unit, json!([{ "afterUnit": course.texts[0] }])).await;
        waiting.push(unit);
    }
    let translate = "mutation($course: ID!, $unit: ID!) { courseTranslationsSet(input: {id: $course, language: \"pt\", \
        units: [{unitId: $unit, title: \"Texto\", text: \"canary\"}]}) { userErrors { code } } }";
    let translated = json!({ "course": course.id, "unit": waiting.last() });
    assert_eq!(author.run_with(translate, translated).await.codes(), "");
    factory::publish(&author, &course.id).await;
    let shown = async |who: &Client| {
        let reply = who.run_with(MADE_OF, json!({ "id": course.id })).await;
        let units = reply.data("/course/modules/0/units").as_array().unwrap().clone();
        let units = units
            .into_iter()
            .filter(|unit| unit["access"]["blockedBy"] != json!([]));
        units.collect::<Vec<_>>()
    };
    let enrollment = enroll(&learner, &course.id).await;
    for (who, client) in [
        ("a learner", &learner.client),
        (
            "who is in the course's organisation alone",
            &app.learner().await.client,
        ),
        ("who is not signed in", &app.anonymous()),
        ("who teaches another course", &teacher.client),
    ] {
        let units = shown(client).await;
        assert_eq!(units.len(), waiting.len(), "{who} knows that they are there");
        for unit in units {
            assert!(!unit.to_string().contains("canary"), "{who}: {unit:#}");
            assert!(!unit.to_string().contains(&asset), "{who}: {unit:#}");
            let named = &unit["localized"]["title"];
            assert!(named == &unit["title"] || named == "Texto", "{who}: {unit:#}");
            let parts = unit.as_object().unwrap().iter();
            let parts = parts.filter(|(name, _)| !["title", "access", "localized"].contains(&name.as_str()));
            let is_closed = |value: &Value| match value.as_array() {
                Some(list) => list.iter().all(|item| {
                    item.as_object()
                        .is_some_and(|item| item.values().all(Value::is_null))
                }),
                None => value.is_null(),
            };
            for (name, value) in parts {
                assert!(is_closed(value), "{who}: {name} of {unit:#}");
            }
        }
    }
    factory::teaches(&app, teacher.member, &course.id).await;
    for client in [&author.client, &teacher.client] {
        let units = shown(client).await;
        assert_eq!(units.len(), waiting.len());
        let texts = units.iter().filter(|unit| unit.to_string().contains("canary"));
        assert_eq!(
            texts.count(),
            waiting.len() - 1,
            "its staff sees all of it; one is a file and nothing else"
        );
    }
    record(&learner, &enrollment, &[event(&course.texts[0], "COMPLETED", 1)]).await;
    assert_eq!(shown(&learner).await.len(), 0);
    let open = learner.run_with(MADE_OF, json!({ "id": course.id })).await;
    let last = open.data(&format!("/course/modules/0/units/{}", waiting.len() + 1));
    assert_eq!(
        (&last["body"], &last["localized"]["text"]),
        (&json!("canary"), &json!("canary"))
    );
}

#[tokio::test]
async fn learners_read_a_file_while_a_unit_that_shows_it_is_open_to_them() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    let waiting = uploads::asset(&app, author.member, "waiting").await;
    let both = uploads::asset(&app, author.member, "both").await;
    let shown = |asset: &str| json!({ "text": { "body": format!("![shown](asset:{asset})") } });
    factory::unit(&author, &course.module, "Open", shown(&both)).await;
    for content in [json!({ "file": { "assetId": waiting } }), shown(&both)] {
        let unit = factory::unit(&author, &course.module, "Waits", content).await;
        set(&author, &unit, json!([{ "afterUnit": course.texts[0] }])).await;
    }
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let sees = async |asset: &str| uploads::read(&learner, asset).await["url"].is_string();
    assert!(!sees(&waiting).await, "only locked units show it");
    assert!(sees(&both).await, "an open unit shows it too");
    assert!(uploads::read(&author, &waiting).await["url"].is_string(), "staff");
    record(&learner, &enrollment, &[event(&course.texts[0], "COMPLETED", 1)]).await;
    assert!(sees(&waiting).await, "its unit is open by now");
}

#[tokio::test]
async fn a_unit_says_from_when_it_is_open() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    let date = "2126-10-27T01:00:00Z";
    set(
        &author,
        &course.texts[0],
        json!([{ "onDate": date }, { "afterDays": 1 }]),
    )
    .await;
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let read = "query($id: ID!) { course(id: $id) { modules { units { access { state opensAt blockedBy { kind date days } } } } } }";
    let seen = learner.run_with(read, json!({ "id": course.id })).await;
    let access = seen.data("/course/modules/0/units/0/access");
    assert_eq!(
        (&access["state"], &access["opensAt"]),
        (&json!("LOCKED"), &json!("2126-10-27T01:00:00+00:00"))
    );
    assert_eq!(access["blockedBy"].as_array().unwrap().len(), 2);
    let early = record(&learner, &enrollment, &[event(&course.texts[0], "STARTED", 1)]).await;
    assert_eq!(
        early.text("/progressRecord/userErrors/0/message"),
        "It is locked until 2126-10-27T01:00:00Z."
    );
}

#[tokio::test]
async fn a_learner_joins_a_course_after_those_that_come_before_it() {
    let app = TestApp::new().await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let (basics, more) = (
        factory::published_course(&app, &author, 1).await,
        factory::published_course(&app, &author, 1).await,
    );
    assert_eq!(require(&author, &more.id, &[&basics.id]).await.codes(), "");
    let join = "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id } userErrors { code field message } } }";
    let refused = learner.run_with(join, json!({ "id": more.id })).await;
    assert_eq!(refused.codes(), "PREREQUISITES_MISSING");
    assert_eq!(
        refused.text("/enroll/userErrors/0/message"),
        "Complete these courses first: A course."
    );
    let enrollment = complete(&app, &learner, &basics).await;
    let again = act(&owner, "enrollmentReopen", &enrollment, json!({})).await;
    assert_eq!(again.codes(), "", "who begins it anew has completed it once");
    assert_eq!(learner.run_with(join, json!({ "id": more.id })).await.codes(), "");
    let other = app.learner().await;
    let enrol = "mutation($course: ID!, $member: ID!) { enrollmentCreate(input: {courseId: $course, memberId: $member}) \
        { enrollment { id } userErrors { code } } }";
    let variables = json!({ "course": more.id, "member": other.member.to_string() });
    assert_eq!(owner.run_with(enrol, variables).await.codes(), "");
}

#[tokio::test]
async fn the_next_unit_is_one_that_is_open() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 3).await;
    let [first, second, third] = [&course.texts[0], &course.texts[1], &course.texts[2]];
    set(&author, first, json!([{ "afterUnit": second }])).await;
    set(&author, third, json!([{ "onDate": "2126-10-27T01:00:00Z" }])).await;
    set(&author, &course.quiz, json!([{ "afterUnit": first }])).await;
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let read = "query($id: ID!) { enrollment(id: $id) { nextUnit { id } } }";
    let next = async || {
        let seen = learner.run_with(read, json!({ "id": enrollment })).await;
        seen.data("/enrollment/nextUnit")["id"].clone()
    };
    assert_eq!(next().await, json!(second), "the first waits for it");
    for (unit, expected) in [(second, json!(first)), (first, json!(course.quiz))] {
        record(&learner, &enrollment, &[event(unit, "COMPLETED", 1)]).await;
        assert_eq!(next().await, expected);
    }
    pass(&app, &enrollment, &course.quiz).await;
    assert_eq!(next().await, Value::Null, "what is left waits for its day");
    let document =
        "query($id: ID!) { course(id: $id) { progressReport(first: 50) { nodes { nextUnit { title } } } } }";
    let owner = app.owner().await;
    let mut counts = Vec::new();
    for _ in 0..3 {
        enroll(&app.learner().await, &course.id).await;
        let (_, count) = statements(&app, &owner, document, json!({ "id": course.id })).await;
        counts.push(count);
    }
    assert_eq!(
        (counts[1], counts[2]),
        (2, 2),
        "enrolments, what was achieved: {counts:?}"
    );
    let free = factory::published_course(&app, &author, 1).await;
    enroll(&app.learner().await, &free.id).await;
    statements(&app, &owner, document, json!({ "id": free.id })).await;
    let (_, count) = statements(&app, &owner, document, json!({ "id": free.id })).await;
    assert_eq!(count, 1, "without rules nothing is asked");
}
