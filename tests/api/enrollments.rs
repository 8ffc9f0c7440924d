//! How learners come into courses, and who sees that they are there.

use super::support::app::Person;
use super::support::learning::{self, enroll, statements};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const ENROLL: &str = "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id state source completedAt \
    progress { unitsCompleted unitCount percent } nextUnit { id } unitProgress { state } certificate { id } \
    course { id revision { number } } organization { slug } } userErrors { code field } } }";
const CREATE: &str = "mutation($course: ID!, $member: ID!) { enrollmentCreate(input: {courseId: $course, memberId: $member}) { \
    enrollment { id source } userErrors { code field } } }";
const LIST: &str = "query($org: ID!, $filter: EnrollmentFilter, $first: Int, $after: String, $last: Int, $before: String) { \
    node(id: $org) { ... on Organization { enrollments(filter: $filter, first: $first, after: $after, last: $last, before: $before) { \
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id } } } } }";

async fn listed(app: &TestApp, who: &Person, filter: Value) -> Vec<String> {
    let reply = who
        .run_with(
            LIST,
            json!({ "org": app.org_id(), "filter": filter, "first": 100 }),
        )
        .await;
    let nodes = reply.data("/node/enrollments/nodes").as_array().unwrap();
    assert_eq!(reply.data("/node/enrollments/totalCount"), &json!(nodes.len()));
    nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_learner_joins_a_published_course() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let reply = learner.run_with(ENROLL, json!({ "id": course.id })).await;
    let mut enrollment = reply.data("/enroll/enrollment").clone();
    enrollment.as_object_mut().unwrap().remove("id");
    assert_eq!(
        enrollment,
        json!({ "state": "ACTIVE", "source": "SELF", "completedAt": null,
            "progress": { "unitsCompleted": 0, "unitCount": 3, "percent": 0 },
            "nextUnit": { "id": course.texts[0] }, "unitProgress": [], "certificate": null,
            "course": { "id": course.id, "revision": { "number": 1 } }, "organization": { "slug": app.slug } })
    );
}

#[tokio::test]
async fn who_cannot_join_is_told_why_and_no_enrolment_is_made() {
    let app = TestApp::new().await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let draft = factory::draft_course(&app, &author, 1).await;
    let course = factory::published_course(&app, &author, 1).await;
    let stranger = app.elsewhere().await.owner().await;
    let reader = app
        .member(&factory::role(&app, json!({ "courses.read": ["all"] })).await)
        .await;
    for (who, id, code) in [
        (&author.client, &draft.id, "NOT_PUBLISHED"),
        (&learner.client, &draft.id, "NOT_FOUND"),
        (&learner.client, &course.texts[0], "NOT_FOUND"),
        (&learner.client, &"crs_".to_owned(), "NOT_FOUND"),
        (&stranger.client, &course.id, "NOT_FOUND"),
        (&reader.client, &course.id, "FORBIDDEN"),
        (&app.anonymous(), &course.id, "UNAUTHENTICATED"),
    ] {
        assert_eq!(
            who.run_with(ENROLL, json!({ "id": id })).await.codes(),
            code,
            "{id}"
        );
    }
    assert_eq!(listed(&app, &owner, json!({})).await, Vec::<String>::new());
    enroll(&learner, &course.id).await;
    let again = learner.run_with(ENROLL, json!({ "id": course.id })).await;
    assert_eq!(again.codes(), "ALREADY_ENROLLED");
    assert_eq!(again.data("/enroll/userErrors/0/field"), &json!(["courseId"]));
}

#[tokio::test]
async fn twenty_requests_to_join_at_once_make_one_enrolment() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let at_once = (0..20).map(|_| learner.run_with(ENROLL, json!({ "id": course.id })));
    let replies = futures_util::future::join_all(at_once).await;
    let mut codes: Vec<_> = replies.iter().map(super::support::client::Reply::codes).collect();
    codes.sort();
    assert_eq!(codes[0], "");
    assert!(
        codes[1..].iter().all(|code| code == "ALREADY_ENROLLED"),
        "{codes:?}"
    );
    assert_eq!(listed(&app, &learner, json!({})).await.len(), 1);
}

#[tokio::test]
async fn staff_enrol_those_whom_their_role_reaches_and_nobody_else() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (taught, other) = (
        factory::published_course(&app, &author, 1).await,
        factory::published_course(&app, &author, 1).await,
    );
    let (owner, instructor, manager) = (
        app.owner().await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    factory::teaches(&app, instructor.member, &taught.id).await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let elsewhere = app.elsewhere().await;
    let (stranger, foreign) = (elsewhere.owner().await, elsewhere.learner().await);
    for (who, course, member, code) in [
        (&instructor.client, &other, &inside, "NOT_FOUND"),
        (&instructor.client, &taught, &inside, ""),
        (&instructor.client, &taught, &foreign, "NOT_FOUND"),
        (&manager.client, &other, &outside, "NOT_FOUND"),
        (&manager.client, &other, &inside, ""),
        (&manager.client, &other, &inside, "ALREADY_ENROLLED"),
        (&author.client, &other, &outside, "NOT_FOUND"),
        (&outside.client, &other, &inside, "NOT_FOUND"),
        (&stranger.client, &other, &outside, "NOT_FOUND"),
        (&app.anonymous(), &other, &outside, "UNAUTHENTICATED"),
        (&owner.client, &other, &outside, ""),
    ] {
        let reply = who
            .run_with(
                CREATE,
                json!({ "course": course.id, "member": member.member.to_string() }),
            )
            .await;
        assert_eq!(reply.codes(), code);
        if code.is_empty() {
            assert_eq!(reply.text("/enrollmentCreate/enrollment/source"), "STAFF");
        }
    }
    assert_eq!(listed(&app, &owner, json!({})).await.len(), 3);
    factory::change(
        &app,
        &format!(
            "update memberships set state = 'suspended' where id = '{}'",
            outside.member.id.0
        ),
    )
    .await;
    let reply = owner
        .run_with(
            CREATE,
            json!({ "course": taught.id, "member": outside.member.to_string() }),
        )
        .await;
    assert_eq!(reply.codes(), "INVALID_STATE");
}

#[tokio::test]
async fn an_enrolment_stays_on_the_edition_that_it_was_made_on() {
    let app = TestApp::new().await;
    let (author, early, late) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    let first = enroll(&early, &course.id).await;
    factory::unit(
        &author,
        &course.module,
        "Another",
        json!({ "text": { "body": "More." } }),
    )
    .await;
    factory::publish(&author, &course.id).await;
    let second = enroll(&late, &course.id).await;
    let read = "query($id: ID!) { enrollment(id: $id) { progress { unitCount } course { revision { number } modules { units { id } } } } }";
    for (learner, enrollment, number, units) in [(&early, &first, 1, 2), (&late, &second, 2, 3)] {
        let reply = learner.run_with(read, json!({ "id": enrollment })).await;
        assert_eq!(reply.data("/enrollment/course/revision/number"), &json!(number));
        assert_eq!(reply.data("/enrollment/progress/unitCount"), &json!(units));
        assert_eq!(
            reply
                .data("/enrollment/course/modules/0/units")
                .as_array()
                .unwrap()
                .len(),
            units
        );
    }
}

#[tokio::test]
async fn learners_keep_a_course_that_is_no_longer_offered() {
    let app = TestApp::new().await;
    let (author, learner, late) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    factory::change(&app, "update courses set state = 'archived'").await;
    let refused = late.run_with(ENROLL, json!({ "id": course.id })).await;
    assert_eq!(refused.codes(), "NOT_FOUND", "it is gone from the catalogue");
    assert_eq!(
        author.run_with(ENROLL, json!({ "id": course.id })).await.codes(),
        "NOT_PUBLISHED"
    );
    learning::read(&learner, &enrollment, &course.texts).await;
    let read =
        "query($id: ID!) { enrollment(id: $id) { nextUnit { id } course { title modules { title } } } }";
    let reply = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(reply.text("/enrollment/course/modules/0/title"), "A module");
    assert_eq!(reply.text("/enrollment/nextUnit/id"), course.quiz);
}

#[tokio::test]
async fn everybody_sees_the_enrolments_that_their_role_reaches() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (taught, other) = (
        factory::published_course(&app, &author, 1).await,
        factory::published_course(&app, &author, 1).await,
    );
    let (owner, instructor, manager) = (
        app.owner().await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    factory::teaches(&app, instructor.member, &taught.id).await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let inside_taught = enroll(&inside, &taught.id).await;
    let inside_other = enroll(&inside, &other.id).await;
    let outside_taught = enroll(&outside, &taught.id).await;
    let outside_other = enroll(&outside, &other.id).await;
    let own = enroll(&instructor, &other.id).await;
    for (who, expected) in [
        (
            &owner,
            vec![
                &own,
                &outside_other,
                &outside_taught,
                &inside_other,
                &inside_taught,
            ],
        ),
        (&instructor, vec![&own, &outside_taught, &inside_taught]),
        (&manager, vec![&inside_other, &inside_taught]),
        (&outside, vec![&outside_other, &outside_taught]),
        (&author, vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(listed(&app, who, json!({})).await, expected);
        for id in [
            &inside_taught,
            &inside_other,
            &outside_taught,
            &outside_other,
            &own,
        ] {
            let reply = who
                .run_with(
                    "query($id: ID!) { enrollment(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }",
                    json!({ "id": id }),
                )
                .await;
            let seen = if expected.contains(id) {
                json!({ "id": id })
            } else {
                Value::Null
            };
            assert_eq!(
                reply.data(""),
                &json!({ "enrollment": seen, "node": seen, "nodes": [seen] })
            );
        }
    }
}

#[tokio::test]
async fn outsiders_see_no_enrolment_not_even_in_an_open_academy() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = enroll(&app.learner().await, &course.id).await;
    let stranger = app.elsewhere().await.owner().await;
    let find = "query($id: ID!) { enrollment(id: $id) { id } node(id: $id) { id } }";
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider.run_with(find, json!({ "id": enrollment })).await;
        assert_eq!(reply.data(""), &json!({ "enrollment": null, "node": null }));
        let reply = outsider.run_with(LIST, json!({ "org": app.org_id() })).await;
        assert_eq!(reply.data("/node"), &Value::Null);
    }
    factory::open(&app).await;
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider.run_with(LIST, json!({ "org": app.org_id() })).await;
        assert_eq!(reply.codes(), "");
        assert!(!reply.mentions("enr_"), "{:#}", reply.body);
        let of_course = "query($id: ID!) { course(id: $id) { enrollments { totalCount } } }";
        let reply = outsider.run_with(of_course, json!({ "id": course.id })).await;
        assert_eq!(reply.data("/course/enrollments/totalCount"), &json!(0));
    }
}

#[tokio::test]
async fn a_list_of_enrolments_is_narrowed_by_course_and_state() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let (one, other) = (
        factory::published_course(&app, &author, 0).await,
        factory::published_course(&app, &author, 0).await,
    );
    let done = learning::complete(&app, &learner, &one).await;
    let open = enroll(&learner, &other.id).await;
    for (filter, expected) in [
        (json!({ "courseId": one.id }), vec![&done]),
        (json!({ "courseId": one.id, "state": "ACTIVE" }), vec![]),
        (json!({ "state": "ACTIVE" }), vec![&open]),
        (json!({ "state": "COMPLETED", "courseId": null }), vec![&done]),
        (json!({ "courseId": one.module }), vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(listed(&app, &owner, filter.clone()).await, expected, "{filter}");
    }
    let of_course = "query($id: ID!, $state: EnrollmentState) { course(id: $id) { enrollments(state: $state) { totalCount nodes { id } } } }";
    for (state, expected) in [("COMPLETED", json!([{ "id": done }])), ("ACTIVE", json!([]))] {
        let reply = owner
            .run_with(of_course, json!({ "id": one.id, "state": state }))
            .await;
        assert_eq!(reply.data("/course/enrollments/nodes"), &expected);
    }
}

#[tokio::test]
async fn pages_cover_the_enrolments_both_ways_without_gap_or_repetition() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.insert(0, enroll(&app.learner().await, &course.id).await);
    }
    for (size, cursor, info) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
        let (mut found, mut at): (Vec<Vec<String>>, Value) = (Vec::new(), Value::Null);
        loop {
            let reply = owner
                .run_with(LIST, json!({ "org": app.org_id(), size: 2, cursor: at }))
                .await;
            let nodes = reply.data("/node/enrollments/nodes").as_array().unwrap();
            found.push(
                nodes
                    .iter()
                    .map(|node| node["id"].as_str().unwrap().to_owned())
                    .collect(),
            );
            let page = reply.data("/node/enrollments/pageInfo");
            let more = if size == "first" {
                &page["hasNextPage"]
            } else {
                &page["hasPreviousPage"]
            };
            at = page[info].clone();
            if more == &json!(false) {
                break;
            }
        }
        if size == "last" {
            found.reverse();
        }
        assert_eq!(found.concat(), all, "{size}");
    }
    let first = owner
        .run_with(LIST, json!({ "org": app.org_id(), "first": 1 }))
        .await;
    let cursor = first.data("/node/enrollments/pageInfo/endCursor");
    let reply = owner
        .run_with(
            LIST,
            json!({ "org": app.org_id(), "after": cursor, "filter": { "state": "ACTIVE" } }),
        )
        .await;
    assert_eq!(
        reply.codes(),
        "BAD_USER_INPUT",
        "the cursor belongs to the list without a filter"
    );
}

#[tokio::test]
async fn a_learners_dashboard_costs_the_same_few_statements_for_one_course_and_for_ten() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let dashboard = "query($org: ID!) { node(id: $org) { ... on Organization { enrollments(first: 10) { nodes { course { title } \
        progress { percent } nextUnit { title } certificate { code } } } } } }";
    let mut counts = Vec::new();
    for round in 0..10 {
        let course = factory::published_course(&app, &author, 2).await;
        match round % 3 {
            0 => {
                learning::complete(&app, &learner, &course).await;
            }
            1 => {
                let enrollment = enroll(&learner, &course.id).await;
                learning::read(&learner, &enrollment, &course.texts[..1]).await;
            }
            _ => {
                enroll(&learner, &course.id).await;
            }
        }
        statements(&app, &learner, dashboard, json!({ "org": app.org_id() })).await;
        let (data, count) = statements(&app, &learner, dashboard, json!({ "org": app.org_id() })).await;
        assert_eq!(
            data["node"]["enrollments"]["nodes"].as_array().unwrap().len(),
            round + 1
        );
        counts.push(count);
    }
    // The organisation, the enrolments, and where there are any: progress under way, certificates.
    assert_eq!((counts[0], counts[1], counts[9]), (3, 4, 4), "{counts:?}");
}
