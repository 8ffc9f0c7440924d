//! Learning paths: what authors make of courses, and what others see of it.

use super::support::client::Client;
use super::support::learning::{happened, statements};
use super::support::paths::{courses, create, draft, follow, followed, published, refused, required, send};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const LIST: &str = "query($id: ID!) { organization(id: $id) { paths { totalCount nodes { title state courseCount courses { isRequired course { id } } \
    viewerCan { update publish } } } } }";

async fn list(app: &TestApp, who: &Client) -> Value {
    let reply = who.run_with(LIST, json!({ "id": app.org_id() })).await;
    reply.data("/organization/paths").clone()
}

#[tokio::test]
async fn a_path_is_written_published_edited_archived_and_brought_back() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let made = courses(&app, &author, 3).await;
    let [first, second, third] = [&made[0], &made[1], &made[2]];
    let path = draft(
        &app,
        &author,
        required(&[second, first]),
        json!({ "externalId": "crm-1", "description": "To **mastery**." }),
    )
    .await;
    assert_eq!(
        list(&app, &learner).await["totalCount"],
        0,
        "a draft is its authors'"
    );
    assert_eq!(list(&app, &author).await["totalCount"], 1);
    let node = "query($id: ID!) { node(id: $id) { ... on LearningPath { externalId descriptionHtml version publishedAt organization { id } } } }";
    let seen = learner.run_with(node, json!({ "id": path })).await;
    assert_eq!(seen.data("/node"), &Value::Null);
    let seen = author.run_with(node, json!({ "id": path })).await;
    assert_eq!(seen.data("/node/version"), &json!(1));
    assert!(
        seen.text("/node/descriptionHtml")
            .contains("<strong>mastery</strong>")
    );
    let publish = json!({ "id": path, "expectedVersion": 1 });
    assert_eq!(send(&author, "pathPublish", &publish).await.codes(), "");
    let again = send(&author, "pathPublish", &json!({ "id": path })).await;
    assert_eq!(
        refused(&again, "pathPublish"),
        ("INVALID_STATE".into(), json!(["id"]))
    );
    let can = |can: bool| json!({ "update": can, "publish": can });
    let course = |course: &factory::Course, is_required: bool| json!({ "isRequired": is_required, "course": { "id": course.id } });
    let shown = |courses: Value, may: bool| {
        let count = courses.as_array().unwrap().len();
        json!({ "totalCount": 1, "nodes": [{ "title": "A path", "state": "PUBLISHED", "courseCount": count, "courses": courses, "viewerCan": can(may) }] })
    };
    let order = json!([course(second, true), course(first, true)]);
    assert_eq!(list(&app, &learner).await, shown(order.clone(), false));
    assert_eq!(list(&app, &author).await, shown(order.clone(), true));

    let other = json!([{ "courseId": first.id }, { "courseId": third.id, "isRequired": false }]);
    let stale = json!({ "id": path, "courses": other, "expectedVersion": 1 });
    let reply = send(&author, "pathUpdate", &stale).await;
    assert_eq!(
        refused(&reply, "pathUpdate"),
        ("VERSION_CONFLICT".into(), json!(["expectedVersion"]))
    );
    assert_eq!(reply.data("/pathUpdate/path/courses"), &order, "what is stored");
    let edit = json!({ "id": path, "courses": other, "electivesNeeded": 1, "expectedVersion": 2 });
    let reply = send(&author, "pathUpdate", &edit).await;
    assert_eq!(
        reply.data("/pathUpdate/path/version"),
        &json!(3),
        "{:#}",
        reply.body
    );
    let order = json!([course(first, true), course(third, false)]);
    assert_eq!(list(&app, &learner).await, shown(order, false), "at once");

    assert_eq!(
        send(&author, "pathArchive", &json!({ "id": path })).await.codes(),
        ""
    );
    let again = send(&author, "pathArchive", &json!({ "id": path })).await;
    assert_eq!(
        refused(&again, "pathArchive"),
        ("INVALID_STATE".into(), json!(["id"]))
    );
    assert_eq!(list(&app, &learner).await["totalCount"], 0);
    let begin = send(&author, "pathEnroll", &json!({ "pathId": path })).await;
    assert_eq!(
        refused(&begin, "pathEnroll"),
        ("NOT_PUBLISHED".into(), json!(["pathId"]))
    );
    let back = send(&author, "pathPublish", &json!({ "id": path })).await;
    assert_eq!(back.text("/pathPublish/path/state"), "PUBLISHED");
    assert_eq!(list(&app, &learner).await["totalCount"], 1);
    for (kind, count) in [
        ("path.created", 1),
        ("path.updated", 1),
        ("path.published", 2),
        ("path.archived", 1),
    ] {
        assert_eq!(happened(&app, kind).await, (count, count), "{kind}");
    }
    let all = "query($id: ID!, $state: LearningPathState) { organization(id: $id) { paths(state: $state) { totalCount } } }";
    for (state, count) in [("DRAFT", 0), ("PUBLISHED", 1), ("ARCHIVED", 0)] {
        let reply = author
            .run_with(all, json!({ "id": app.org_id(), "state": state }))
            .await;
        assert_eq!(
            reply.data("/organization/paths/totalCount"),
            &json!(count),
            "{state}"
        );
    }
}

#[tokio::test]
async fn who_creates_a_path_is_shown_it_even_by_a_role_that_reads_no_drafts() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let made = courses(&app, &author, 1).await;
    let grants = json!({ "courses.create": ["all"], "courses.read": ["all"] });
    let creator = app.member(&factory::role(&app, grants).await).await;
    let path = draft(&app, &creator, required(&[&made[0]]), json!({})).await;
    assert_eq!(list(&app, &creator).await["totalCount"], 0);
    let edit = json!({ "id": path, "title": "Other" });
    let edited = send(&creator, "pathUpdate", &edit).await;
    assert_eq!(
        refused(&edited, "pathUpdate"),
        ("NOT_FOUND".into(), json!(["id"]))
    );
}

#[tokio::test]
async fn an_academy_has_up_to_a_thousand_paths_that_are_not_archived() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let made = courses(&app, &author, 1).await;
    let path = draft(&app, &author, required(&[&made[0]]), json!({})).await;
    let others = "insert into learning_paths (org_id, id, title, description) \
        select org_id, gen_random_uuid(), title, '' from learning_paths, generate_series(1, 999)";
    factory::change(&app, others).await;
    let refusal = |field: &str| ("LIMIT_REACHED".to_owned(), json!([field]));
    let another = create(&app, &author, required(&[&made[0]]), json!({})).await;
    assert_eq!(refused(&another, "pathCreate"), refusal("organizationId"));
    assert_eq!(factory::count(&app, "learning_paths").await, 1_000);
    let it = json!({ "id": path });
    assert_eq!(send(&author, "pathArchive", &it).await.codes(), "");
    draft(&app, &author, required(&[&made[0]]), json!({})).await;
    let back = send(&author, "pathPublish", &it).await;
    assert_eq!(refused(&back, "pathPublish"), refusal("id"));
    assert_eq!(
        factory::count(&app, "learning_paths where state = 'archived'").await,
        1
    );
}

#[tokio::test]
async fn what_makes_no_path_is_refused_by_its_field_and_leaves_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let elsewhere = app.elsewhere().await;
    let foreign = factory::published_course(&elsewhere, &elsewhere.member("author").await, 0).await;
    let one = |id: &str| json!([{ "courseId": id }]);
    let elective = json!([{ "courseId": course.id, "isRequired": false }]);
    let many: Value = (0..51).map(|_| json!({ "courseId": course.id })).collect();
    draft(&app, &author, one(&course.id), json!({ "externalId": "taken" })).await;
    let before = factory::count(&app, "learning_paths").await;
    for (courses, more, code, field) in [
        (json!([]), json!({}), "INVALID", json!(["courses"])),
        (many, json!({}), "INVALID", json!(["courses"])),
        (
            json!([{ "courseId": course.id }, { "courseId": course.id }]),
            json!({}),
            "INVALID",
            json!(["courses", "1", "courseId"]),
        ),
        (
            one(&foreign.id),
            json!({}),
            "NOT_FOUND",
            json!(["courses", "0", "courseId"]),
        ),
        (
            one(&course.quiz),
            json!({}),
            "NOT_FOUND",
            json!(["courses", "0", "courseId"]),
        ),
        (elective.clone(), json!({}), "INVALID", json!(["courses"])),
        (
            elective,
            json!({ "electivesNeeded": 2 }),
            "INVALID",
            json!(["electivesNeeded"]),
        ),
        (
            one(&course.id),
            json!({ "electivesNeeded": -1 }),
            "INVALID",
            json!(["electivesNeeded"]),
        ),
        (
            one(&course.id),
            json!({ "title": " " }),
            "INVALID",
            json!(["title"]),
        ),
        (
            one(&course.id),
            json!({ "description": "x".repeat(2_001) }),
            "INVALID",
            json!(["description"]),
        ),
        (
            one(&course.id),
            json!({ "externalId": "" }),
            "INVALID",
            json!(["externalId"]),
        ),
        (
            one(&course.id),
            json!({ "externalId": "taken" }),
            "TAKEN",
            json!(["externalId"]),
        ),
    ] {
        let reply = create(&app, &author, courses.clone(), more.clone()).await;
        assert_eq!(
            refused(&reply, "pathCreate"),
            (code.into(), field),
            "{courses} {more}"
        );
    }
    assert_eq!(factory::count(&app, "learning_paths").await, before);
    assert_eq!(factory::count(&app, "path_courses").await, before);
    let kept = draft(&app, &author, one(&course.id), json!({})).await;
    for (more, field) in [
        (json!({ "courses": [] }), "courses"),
        (json!({ "electivesNeeded": 1 }), "electivesNeeded"),
        (json!({ "title": "" }), "title"),
    ] {
        let mut input = json!({ "id": kept });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let reply = send(&author, "pathUpdate", &input).await;
        assert_eq!(refused(&reply, "pathUpdate"), ("INVALID".into(), json!([field])));
    }
    let read = "query($id: ID!) { node(id: $id) { ... on LearningPath { title version courseCount } } }";
    let reply = author.run_with(read, json!({ "id": kept })).await;
    assert_eq!(
        reply.data("/node"),
        &json!({ "title": "A path", "version": 1, "courseCount": 1 })
    );
}

#[tokio::test]
async fn a_published_path_takes_published_courses_only_and_names_none_that_is_hidden() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let (open, hidden) = (
        factory::published_course(&app, &author, 0).await,
        factory::draft_course(&app, &author, 0).await,
    );
    let path = draft(&app, &author, required(&[&open, &hidden]), json!({})).await;
    let reply = send(&author, "pathPublish", &json!({ "id": path })).await;
    assert_eq!(
        refused(&reply, "pathPublish"),
        ("NOT_PUBLISHED".into(), json!(["id"]))
    );
    let edit = json!({ "id": path, "courses": required(&[&open]) });
    assert_eq!(send(&author, "pathUpdate", &edit).await.codes(), "");
    assert_eq!(
        send(&author, "pathPublish", &json!({ "id": path })).await.codes(),
        ""
    );
    let edit = json!({ "id": path, "courses": required(&[&open, &hidden]) });
    let reply = send(&author, "pathUpdate", &edit).await;
    assert_eq!(
        refused(&reply, "pathUpdate"),
        ("NOT_PUBLISHED".into(), json!(["courses", "1", "courseId"]))
    );
    factory::publish(&author, &hidden.id).await;
    assert_eq!(send(&author, "pathUpdate", &edit).await.codes(), "");
    let enrollment = follow(&learner, &path).await;
    let archive = "mutation($id: ID!) { courseArchive(input: {id: $id}) { userErrors { code } } }";
    assert_eq!(
        author.run_with(archive, json!({ "id": open.id })).await.codes(),
        ""
    );
    let seen = &list(&app, &learner).await["nodes"][0];
    assert_eq!(
        seen["courses"],
        json!([{ "isRequired": true, "course": { "id": hidden.id } }])
    );
    assert_eq!(seen["courseCount"], 2, "what is hidden is counted");
    assert_eq!(
        list(&app, &author).await["nodes"][0]["courses"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let next = &followed(&learner, &enrollment).await["nextCourse"];
    assert_eq!(next, &json!({ "id": hidden.id }), "the first that can be joined");
    let order = json!({ "id": path, "courses": required(&[&hidden, &open]) });
    assert_eq!(
        send(&author, "pathUpdate", &order).await.codes(),
        "",
        "what was archived since stays until it is taken out"
    );
}

#[tokio::test]
async fn a_page_of_paths_costs_the_same_for_one_and_for_many() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let document = "query($id: ID!) { viewer { pathEnrollments(first: 50) { totalCount nodes { state completedAt path { title } member { id } \
        progress { coursesCompleted } nextCourse { title } } } } organization(id: $id) { paths(first: 50) { totalCount \
        nodes { title courseCount courses { course { title } } viewerEnrollment { id } enrollments(first: 5) { nodes { id } } } } } }";
    let mut counts = Vec::new();
    for size in 1..=5 {
        let made = courses(&app, &author, 2).await;
        let path = published(&app, &author, required(&[&made[0], &made[1]]), json!({})).await;
        follow(&learner, &path).await;
        let (data, count) = statements(&app, &learner, document, json!({ "id": app.org_id() })).await;
        counts.push(count);
        assert_eq!(data["viewer"]["pathEnrollments"]["totalCount"], json!(size));
        assert_eq!(data["organization"]["paths"]["totalCount"], json!(size));
    }
    assert_eq!(counts[0], counts[4], "{counts:?}");
}
