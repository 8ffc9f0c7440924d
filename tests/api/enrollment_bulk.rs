//! Many learners at once.

use super::support::learning::{enroll, happened, set_terms, statements, uuid};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const BULK: &str = "mutation($input: EnrollBulkInput!) { enrollBulk(input: $input) { results { clientKey index \
    enrollment { state source member { id } } userErrors { code field } } userErrors { code field message } } }";

fn input(course: &str, policy: &str, rows: &[Value]) -> Value {
    json!({ "input": { "courseId": course, "errorPolicy": policy, "rows": rows } })
}

#[tokio::test]
async fn members_are_named_by_id_external_id_or_address() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let (by_id, by_name, by_mail) = (app.learner().await, app.learner().await, app.learner().await);
    factory::change(
        &app,
        &format!(
            "update memberships set external_id = 'hr-7' where id = '{}'",
            by_name.member.id.0
        ),
    )
    .await;
    let rows = [
        json!({ "memberId": by_id.member.to_string(), "clientKey": "a", "dueAt": "2999-01-01T00:00:00Z" }),
        json!({ "externalId": "hr-7", "clientKey": "b" }),
        json!({ "email": by_mail.email.to_uppercase(), "clientKey": "c" }),
    ];
    let reply = owner.run_with(BULK, input(&course.id, "REJECT_ALL", &rows)).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let results = reply.data("/enrollBulk/results").as_array().unwrap();
    for ((result, learner), key) in results
        .iter()
        .zip([&by_id, &by_name, &by_mail])
        .zip(["a", "b", "c"])
    {
        assert_eq!(result["clientKey"], key);
        assert_eq!(
            result["enrollment"],
            json!({ "state": "ACTIVE", "source": "STAFF", "member": { "id": learner.member.to_string() } })
        );
    }
    assert_eq!(happened(&app, "enrollment.created").await, (3, 3));
}

#[tokio::test]
async fn rows_that_cannot_be_done_stop_all_or_themselves() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let (good, enrolled, suspended) = (app.learner().await, app.learner().await, app.learner().await);
    let foreign = app.elsewhere().await.learner().await;
    enroll(&enrolled, &course.id).await;
    factory::change(
        &app,
        &format!(
            "update memberships set state = 'suspended' where id = '{}'",
            suspended.member.id.0
        ),
    )
    .await;
    let rows = [
        json!({ "memberId": good.member.to_string() }),
        json!({ "memberId": good.member.to_string() }),
        json!({ "memberId": enrolled.member.to_string() }),
        json!({ "memberId": suspended.member.to_string() }),
        json!({ "memberId": foreign.member.to_string() }),
        json!({ "email": foreign.email }),
        json!({ "email": "no address" }),
        json!({ "externalId": "nobody" }),
        json!({}),
        json!({ "memberId": good.member.to_string(), "email": good.email }),
        json!({ "email": author.email, "expiresAt": "2020-01-01T00:00:00Z" }),
    ];
    let expected = json!([
        ["1", "memberId", "TAKEN"],
        ["2", "memberId", "ALREADY_ENROLLED"],
        ["3", "memberId", "INVALID_STATE"],
        ["4", "memberId", "NOT_FOUND"],
        ["5", "email", "NOT_FOUND"],
        ["6", "memberId", "NOT_FOUND"],
        ["7", "externalId", "NOT_FOUND"],
        ["8", "memberId", "NOT_FOUND"],
        ["9", "memberId", "NOT_FOUND"],
        ["10", "expiresAt", "INVALID"],
    ]);
    let told = |errors: &Value| {
        let errors = errors.as_array().unwrap().iter();
        let told = |error: &Value| json!([error["field"][1], error["field"][2], error["code"]]);
        errors.map(told).collect::<Vec<_>>()
    };
    let all = owner.run_with(BULK, input(&course.id, "REJECT_ALL", &rows)).await;
    assert_eq!(json!(told(all.data("/enrollBulk/userErrors"))), expected);
    assert_eq!(all.data("/enrollBulk/results"), &Value::Null);
    assert_eq!(
        factory::count(&app, "enrollments").await,
        1,
        "nobody was enrolled"
    );
    let some = owner
        .run_with(BULK, input(&course.id, "REJECT_ROWS", &rows))
        .await;
    let results = some.data("/enrollBulk/results").as_array().unwrap();
    assert_eq!(results[0]["enrollment"]["state"], "ACTIVE", "{:#}", some.body);
    let refused: Vec<_> = results
        .iter()
        .flat_map(|result| told(&result["userErrors"]))
        .collect();
    assert_eq!(json!(refused), expected);
    assert_eq!(factory::count(&app, "enrollments").await, 2);
}

#[tokio::test]
async fn only_those_enrol_many_who_may_enrol_each() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let manager = app.member("manager").await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let rows = [
        json!({ "memberId": inside.member.to_string() }),
        json!({ "memberId": outside.member.to_string() }),
    ];
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
        (&inside.client, "FORBIDDEN"),
        (&manager.client, "NOT_FOUND"),
    ] {
        let reply = who.run_with(BULK, input(&course.id, "REJECT_ALL", &rows)).await;
        assert_eq!(reply.codes(), code, "{:#}", reply.body);
    }
    assert_eq!(factory::count(&app, "enrollments").await, 0);
    let reply = manager
        .run_with(BULK, input(&course.id, "REJECT_ROWS", &rows))
        .await;
    assert_eq!(
        reply.data("/enrollBulk/results/0/enrollment/state"),
        &json!("ACTIVE")
    );
    assert_eq!(reply.data("/enrollBulk/results/1/enrollment"), &Value::Null);
    for rows in [vec![], vec![rows[0].clone(); 251]] {
        let reply = manager
            .run_with(BULK, input(&course.id, "REJECT_ROWS", &rows))
            .await;
        assert_eq!(reply.codes(), "INVALID");
        assert_eq!(reply.data("/enrollBulk/userErrors/0/field"), &json!(["rows"]));
    }
}

#[tokio::test]
async fn a_hundred_rows_cost_as_many_statements_as_one_and_seats_go_in_their_order() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 61 })).await;
    factory::sql(
        &app,
        "set local app.\"user\" = ''; \
         insert into memberships (org_id, id, user_id, role_id, state, name, email, external_id) \
         select r.org_id, gen_random_uuid(), p.id, r.id, 'active', 'Test Person', p.email, 'hr-' || n \
         from generate_series(1, 101) n cross join lateral (select (door.provision_account('Test', 'Person' || n)).*) as p (id, email) \
         join roles r on r.slug = 'learner'",
    )
    .await;
    let document = "mutation($input: EnrollBulkInput!) { enrollBulk(input: $input) { results { index } userErrors { code message } } }";
    let row = |n: usize| json!({ "externalId": format!("hr-{n}") });
    // The edition is in memory from then on.
    enroll(&owner, &course.id).await;
    let mut variables = input(&course.id, "REJECT_ALL", &[row(101)]);
    let (_, one) = statements(&app, &owner, document, variables).await;
    let rows: Vec<_> = (1..=100).map(row).collect();
    variables = input(&course.id, "REJECT_ALL", &rows);
    let (answer, hundred) = statements(&app, &owner, document, variables).await;
    assert_eq!(answer["enrollBulk"]["userErrors"], json!([]));
    assert_eq!(
        (one, hundred),
        (9, 9),
        "standing, course, members, seats held and counted, enrolments, records; read anew"
    );
    let active = "select count(*) from enrollments e join memberships m on m.org_id = e.org_id and m.id = e.member_id where e.state = 'active'";
    assert_eq!(
        factory::count(&app, &format!("({active}) n where n.count = 61")).await,
        1
    );
    let behind = "enrollments e join memberships m on m.org_id = e.org_id and m.id = e.member_id \
        where e.state = 'active' and substr(m.external_id, 4)::integer between 60 and 100";
    assert_eq!(
        factory::count(&app, behind).await,
        0,
        "the first rows and the one before them have the seats"
    );
}

#[tokio::test]
async fn the_same_request_sent_twice_enrols_once() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let mut variables = input(
        &course.id,
        "REJECT_ALL",
        &[json!({ "memberId": learner.member.to_string() })],
    );
    variables["input"]["idempotencyKey"] = json!(uuid());
    let first = owner.run_with(BULK, variables.clone()).await;
    let second = owner.run_with(BULK, variables).await;
    assert_eq!(first.data(""), second.data(""));
    assert_eq!(
        second.data("/enrollBulk/results/0/enrollment/state"),
        &json!("ACTIVE")
    );
}
