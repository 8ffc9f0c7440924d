//! What learners answer to surveys, and who learns of it.

use super::support::client::{Client, Reply};
use super::support::learning::{complete, happened};
use super::support::surveys::{answers, learners, opened, respond, seen, send, waiting};
use super::support::{TestApp, factory, servers};
use futures_util::future::join_all;
use lyceum::kernel::ids::{Key, SurveyKey, SurveyResponseId, SurveyResponseKey};
use serde_json::{Value, json};

#[tokio::test]
async fn learners_answer_once_and_the_staff_reads_what_it_comes_to() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 2).await;
    let survey = opened(&author, &course, json!({})).await;
    for (index, (learner, enrollment)) in learners.iter().enumerate() {
        assert_eq!(waiting(learner, enrollment).await, 1);
        let mut given = answers(4 + i32::try_from(index).unwrap(), 2);
        given
            .as_array_mut()
            .unwrap()
            .push(json!({ "question": 4, "text": "More of it." }));
        assert_eq!(respond(learner, enrollment, &survey, &given).await.codes(), "");
        assert_eq!(waiting(learner, enrollment).await, 0);
        let again = respond(learner, enrollment, &survey, &given).await;
        assert_eq!(again.codes(), "INVALID_STATE", "each learner answers once");
    }
    let of_learner = &seen(&learners[0].0, &course).await[0];
    assert_eq!(of_learner["viewerHasResponded"], true);
    assert!(of_learner["viewerResponse"]["id"].is_string());
    assert_eq!(
        (
            &of_learner["responseCount"],
            &of_learner["results"],
            &of_learner["responses"]["totalCount"]
        ),
        (&Value::Null, &Value::Null, &json!(0)),
        "what others answered is not for learners"
    );
    let of_owner = &seen(&owner, &course).await[0];
    assert_eq!(of_owner["responseCount"], 2);
    assert_eq!(of_owner["results"][0]["average"], 4.5);
    let lengths = json!([
        { "choice": 1, "text": "Too short", "count": 0 },
        { "choice": 2, "text": "Right", "count": 2 },
        { "choice": 3, "text": "Too long", "count": 0 },
    ]);
    assert_eq!(of_owner["results"][1]["choices"], lengths);
    assert_eq!(of_owner["results"][2]["answerCount"], 2);
    assert_eq!(of_owner["results"][2]["choices"][1]["count"], 2);
    assert_eq!(of_owner["results"][3]["choices"], json!([]));
    let newest = &of_owner["responses"]["nodes"][0];
    assert_eq!(newest["member"]["id"], learners[1].0.member.to_string());
    let given = json!([
        { "question": 1, "rating": 5, "choices": [], "text": null }, { "question": 2, "rating": null, "choices": [2], "text": null },
        { "question": 3, "rating": null, "choices": [1, 2], "text": null },
        { "question": 4, "rating": null, "choices": [], "text": "More of it." },
    ]);
    assert_eq!(newest["answers"], given);
    assert_eq!(happened(&app, "survey.responded").await, (2, 2));
    assert_eq!(happened(&app, "survey.opened").await, (1, 1));
}

#[tokio::test]
async fn of_an_anonymous_survey_nothing_that_is_stored_leads_from_an_answer_to_who_gave_it() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 5).await;
    let survey = opened(&author, &course, json!({ "isAnonymous": true })).await;
    let hidden = async |who: &Client, count: i64| {
        let seen = &seen(who, &course).await[0];
        assert_eq!(seen["responseCount"], count);
        assert_eq!(
            (&seen["results"], &seen["responses"]["nodes"]),
            (&Value::Null, &json!([]))
        );
    };
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (count, (learner, enrollment)) in (1..).zip(&learners) {
        assert_eq!(
            respond(learner, enrollment, &survey, &answers(3, 1))
                .await
                .codes(),
            ""
        );
        hidden(&owner, count).await;
    }
    let first = format!(
        "select id::text from survey_responses where survey_id = '{}' limit 1",
        SurveyKey::parse(&survey).unwrap().id.0
    );
    let first = servers::admin().await.query_one(&first, &[]).await.unwrap();
    let first = SurveyResponseId(first.get::<_, &str>(0).parse().unwrap());
    let id = SurveyResponseKey::new(app.org, first);
    for who in [&owner, &learners[0].0] {
        let found = who.run_with(node, json!({ "id": id.to_string() })).await;
        assert_eq!(
            found.data("/node"),
            &Value::Null,
            "nobody reads one of an open survey"
        );
    }
    let again = respond(&learners[0].0, &learners[0].1, &survey, &answers(1, 1)).await;
    assert_eq!(again.codes(), "INVALID_STATE", "who has answered is known");
    assert_eq!(
        send(&author, "surveyClose", &json!({ "id": survey }))
            .await
            .codes(),
        ""
    );
    let shown = &seen(&owner, &course).await[0];
    assert_eq!(shown["results"][0]["average"], 3.0);
    let rows = shown["responses"]["nodes"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert_eq!(
            (&row["member"], &row["submittedAt"]),
            (&Value::Null, &Value::Null)
        );
    }
    let own = &seen(&learners[0].0, &course).await[0];
    assert_eq!(
        (&own["viewerHasResponded"], &own["viewerResponse"]),
        (&json!(true), &Value::Null)
    );
    let written = "(select distinct xmin::text from survey_responses) as written";
    assert_eq!(
        factory::count(&app, written).await,
        1,
        "no transaction of a learner wrote them"
    );
    let traces = "survey_responses where member_id is not null or enrollment_id is not null or submitted_at is not null";
    assert_eq!(factory::count(&app, traces).await, 0);
    // Version 7 would tell the time.
    assert_eq!(
        factory::count(&app, "survey_responses where substr(id::text, 15, 1) <> '4'").await,
        0
    );
    assert_eq!(factory::count(&app, "survey_participants").await, 5);

    let few = opened(&author, &course, json!({ "isAnonymous": true })).await;
    for (learner, enrollment) in &learners[..4] {
        respond(learner, enrollment, &few, &answers(3, 1)).await;
    }
    assert_eq!(
        send(&author, "surveyClose", &json!({ "id": few })).await.codes(),
        ""
    );
    let seen = &seen(&owner, &course).await[1];
    assert_eq!(
        (
            &seen["responseCount"],
            &seen["results"],
            &seen["responses"]["totalCount"]
        ),
        (&json!(4), &Value::Null, &json!(0)),
        "of four, each could be guessed"
    );
}

#[tokio::test]
async fn an_answer_that_is_sent_twice_under_one_key_counts_once_and_the_key_tells_nothing_of_it() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    let survey = opened(&author, &course, json!({ "isAnonymous": true })).await;
    // Other answers under the same key would be another request, were anything of them kept with it.
    for (rating, key, code) in [
        (5, "one", ""),
        (5, "one", ""),
        (1, "one", ""),
        (1, "two", "INVALID_STATE"),
    ] {
        let input = json!({ "enrollmentId": enrollment, "surveyId": survey, "answers": answers(rating, 1), "idempotencyKey": key });
        let reply = send(learner, "surveyRespond", &input).await;
        assert_eq!(reply.codes(), code, "{rating} {key}");
    }
    let kept = "survey_responses where answers @> '[{\"question\": 1, \"rating\": 5}]'";
    assert_eq!(factory::count(&app, kept).await, 1);
    assert_eq!(factory::count(&app, "survey_responses").await, 1);
    assert_eq!(happened(&app, "survey.responded").await, (1, 1));
}

#[tokio::test]
async fn who_has_completed_the_course_is_asked_by_a_survey_for_those() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let survey = opened(&author, &course.id, json!({ "audience": "COMPLETED" })).await;
    let enrollment = complete(&app, &learner, &course).await;
    assert_eq!(waiting(&learner, &enrollment).await, 1);
    assert_eq!(
        respond(&learner, &enrollment, &survey, &answers(5, 2))
            .await
            .codes(),
        ""
    );
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused_with_their_place_and_store_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    let survey = opened(&author, &course, json!({})).await;
    let with = |index: usize, answer: Value| {
        let mut given = answers(3, 1);
        given[index] = answer;
        given
    };
    let long = "x".repeat(5_001);
    let cases = [
        (json!([]), json!(["answers"])),
        (json!(vec![json!({ "question": 9 }); 5]), json!(["answers"])),
        (
            with(0, json!({ "question": 9, "rating": 3 })),
            json!(["answers", "0", "question"]),
        ),
        (
            with(1, json!({ "question": 1, "rating": 3 })),
            json!(["answers", "1", "question"]),
        ),
        (
            with(0, json!({ "question": 1, "rating": 6 })),
            json!(["answers", "0", "rating"]),
        ),
        (
            with(0, json!({ "question": 1, "rating": 0 })),
            json!(["answers", "0", "rating"]),
        ),
        (
            with(0, json!({ "question": 1 })),
            json!(["answers", "0", "rating"]),
        ),
        (
            with(0, json!({ "question": 1, "text": "Good" })),
            json!(["answers", "0", "text"]),
        ),
        (
            with(1, json!({ "question": 2, "choices": [1, 2] })),
            json!(["answers", "1", "choices"]),
        ),
        (
            with(1, json!({ "question": 2, "choices": [4] })),
            json!(["answers", "1", "choices"]),
        ),
        (
            with(1, json!({ "question": 2, "rating": 1 })),
            json!(["answers", "1", "rating"]),
        ),
        (
            with(2, json!({ "question": 3, "choices": [] })),
            json!(["answers", "2", "choices"]),
        ),
        (
            with(2, json!({ "question": 3, "choices": [1, 1] })),
            json!(["answers", "2", "choices"]),
        ),
        (
            with(2, json!({ "question": 4, "text": " " })),
            json!(["answers", "2", "text"]),
        ),
        (
            with(2, json!({ "question": 4, "text": long })),
            json!(["answers", "2", "text"]),
        ),
    ];
    for (given, field) in cases {
        let reply = respond(learner, enrollment, &survey, &given).await;
        assert!(reply.codes().starts_with("INVALID"), "{given}: {:#}", reply.body);
        assert_eq!(reply.data("/surveyRespond/userErrors/0/field"), &field, "{given}");
    }
    let both = json!([{ "question": 1, "rating": 1 }, { "question": 2, "choices": [1] }, { "question": 3, "choices": [1] }]);
    for table in ["survey_participants", "survey_responses"] {
        assert_eq!(factory::count(&app, table).await, 0, "{table}");
    }
    assert_eq!(respond(learner, enrollment, &survey, &both).await.codes(), "");
}

#[tokio::test]
async fn of_answers_at_once_one_counts_and_a_survey_that_closes_meanwhile_takes_all_or_none() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let all = learners(&app, &course, 6).await;
    let survey = opened(&author, &course, json!({})).await;
    let (first, enrollment) = &all[0];
    let given = answers(3, 2);
    let tries = join_all((0..10).map(|_| respond(first, enrollment, &survey, &given))).await;
    let codes: Vec<String> = tries.iter().map(Reply::codes).collect();
    assert_eq!(
        codes.iter().filter(|code| code.is_empty()).count(),
        1,
        "{codes:?}"
    );
    let id = json!({ "id": survey });
    let rest = join_all(
        all[1..]
            .iter()
            .map(|(learner, enrollment)| respond(learner, enrollment, &survey, &given)),
    );
    let (rest, closed) = tokio::join!(rest, send(&author, "surveyClose", &id));
    assert_eq!(closed.codes(), "");
    let taken = rest.iter().filter(|reply| reply.codes().is_empty()).count();
    let stored = i64::try_from(1 + taken).unwrap();
    assert_eq!(factory::count(&app, "survey_participants").await, stored);
    assert_eq!(factory::count(&app, "survey_responses").await, stored);
}

#[tokio::test]
async fn who_is_anonymised_leaves_what_they_chose_as_nobodys_and_no_word() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    let survey = opened(&author, &course, json!({})).await;
    let mut given = answers(4, 2);
    given
        .as_array_mut()
        .unwrap()
        .push(json!({ "question": 4, "text": "SURVEY-CANARY" }));
    assert_eq!(respond(learner, enrollment, &survey, &given).await.codes(), "");
    let offboard = "mutation($input: MembershipOffboardInput!) { membershipOffboard(input: $input) { memberExport { document } userErrors { code message } } }";
    let input =
        |policy: &str| json!({ "input": { "memberId": learner.member.to_string(), "policy": policy } });
    let exported = owner.run_with(offboard, input("EXPORT")).await;
    assert!(exported.mentions("SURVEY-CANARY"), "{:#}", exported.body);
    assert_eq!(owner.run_with(offboard, input("ANONYMISE")).await.codes(), "");
    let left = &seen(&owner, &course).await[0]["responses"]["nodes"][0];
    assert_eq!(
        (&left["member"], &left["submittedAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(left["answers"].as_array().unwrap().len(), 3, "{left}");
    assert_eq!(
        factory::count(&app, "survey_responses where member_id is not null").await,
        0
    );
}
