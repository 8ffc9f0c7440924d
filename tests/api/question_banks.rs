//! Banks of questions, and quizzes that draw from them.

use super::support::app::Person;
use super::support::banks::{self, bank, publish, question, send, short};
use super::support::learning::statements;
use super::support::quiz::{Sitting, happened, save};
use super::support::{TestApp, factory};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A bank of so many questions, `Q0` and so on, each answered by `yes`.
async fn filled(app: &TestApp, author: &Person, count: usize) -> String {
    let bank = bank(app, author).await;
    for n in 0..count {
        question(author, &bank, short(&format!("Q{n}"), "yes"), &["rust"]).await;
    }
    bank
}

fn drawn(sitting: &Sitting) -> BTreeSet<String> {
    let items = sitting.started["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_attempt_draws_its_own_questions_and_all_can_earn_the_same() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = filled(&app, &author, 8).await;
    let worth_more = json!({ "text": "Q8", "points": 9, "penalty": 5, "answer": { "shortText": { "accepted": ["yes"] } } });
    question(&author, &bank, worth_more, &["rust", "hard"]).await;
    let course = banks::draft(
        &app,
        &author,
        json!([{ "bankId": bank, "draw": 3, "points": 2, "tags": ["rust"] }]),
    )
    .await;
    assert_eq!(publish(&author, &course).await.codes(), "");
    let document = "query($id: ID!) { course(id: $id) { modules { units { ... on QuizUnit { questionCount maxPoints } } } } }";
    let shown = author.run_with(document, json!({ "id": course.id })).await;
    assert_eq!(
        shown.data("/course/modules/0/units/0"),
        &json!({ "questionCount": 4, "maxPoints": 7 })
    );
    let mut draws = BTreeSet::new();
    let mut sittings = Vec::new();
    for _ in 0..6 {
        let sitting = Sitting::new(&app, &course).await;
        assert_eq!(
            (drawn(&sitting).len(), &sitting.started["maxPoints"]),
            (4, &json!(7))
        );
        assert!(drawn(&sitting).contains("Own"));
        let again = sitting.read().await;
        assert_eq!(
            again["items"], sitting.started["items"],
            "it is the same whenever it is asked for"
        );
        draws.insert(drawn(&sitting));
        sittings.push(sitting);
    }
    assert!(draws.len() > 1, "{draws:?}");
    let sitting = sittings.remove(0);
    for text in drawn(&sitting) {
        let answer = if text == "Own" { "own" } else { "yes" };
        assert_eq!(sitting.save(&text, json!({ "text": answer })).await.codes(), "");
    }
    let reply = sitting.submit().await;
    assert_eq!(reply.data("/attemptSubmit/attempt/points"), &json!(7));
    assert_eq!(
        reply.data("/attemptSubmit/attempt/items/0/review/isRight"),
        &json!(true)
    );
    let owner = app.owner().await;
    let document = "query($id: ID!) { attemptReplay(attemptId: $id) { matches differences { path } } }";
    let reply = owner.run_with(document, json!({ "id": sitting.attempt })).await;
    assert_eq!(
        reply.data("/attemptReplay"),
        &json!({ "matches": true, "differences": [] })
    );
}

#[tokio::test]
async fn a_question_that_another_attempt_drew_is_none_of_this_one() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = filled(&app, &author, 20).await;
    let course = banks::draft(&app, &author, json!([{ "bankId": bank, "draw": 1 }])).await;
    assert_eq!(publish(&author, &course).await.codes(), "");
    let one = Sitting::new(&app, &course).await;
    let other = loop {
        let other = Sitting::new(&app, &course).await;
        if drawn(&other) != drawn(&one) {
            break other;
        }
    };
    let text = drawn(&other).into_iter().find(|text| text != "Own").unwrap();
    let reply = save(
        &one.learner,
        &one.attempt,
        other.question(&text),
        json!({ "text": "yes" }),
        None,
    )
    .await;
    assert_eq!(reply.codes(), "NOT_FOUND");
    assert_eq!(
        reply.data("/attemptAnswerSave/userErrors/0/field"),
        &json!(["questionId"])
    );
}

#[tokio::test]
async fn a_published_course_keeps_the_versions_that_it_was_published_with() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = bank(&app, &author).await;
    let id = question(&author, &bank, short("First", "yes"), &[]).await;
    let course = banks::draft(&app, &author, json!([{ "bankId": bank, "draw": 1 }])).await;
    assert_eq!(publish(&author, &course).await.codes(), "");
    let old = Sitting::new(&app, &course).await;
    let update = json!({ "id": id, "question": short("Second", "no"), "expectedNumber": 1 });
    let reply = send(&author, "questionUpdate", &update).await;
    assert_eq!(reply.data("/questionUpdate/question/number"), &json!(2));
    assert_eq!(reply.text("/questionUpdate/question/current/text"), "Second");
    assert_eq!(
        send(&author, "questionUpdate", &update).await.codes(),
        "VERSION_CONFLICT"
    );
    assert!(drawn(&Sitting::new(&app, &course).await).contains("First"));
    assert_eq!(publish(&author, &course).await.codes(), "");
    assert!(drawn(&Sitting::new(&app, &course).await).contains("Second"));
    assert!(drawn(&old).contains("First"));
    assert_eq!(old.save("First", json!({ "text": "no" })).await.codes(), "");
    assert_eq!(
        old.submit().await.data("/attemptSubmit/attempt/points"),
        &json!(0)
    );
    // A version that asks the same is the same question, so that a regrade finds it.
    let owner = app.owner().await;
    let regrade = "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { regrade { changedCount } userErrors { code } } }";
    let input =
        json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "A better key." });
    for (changed, points) in [(0, 0), (1, 1)] {
        let reply = owner.run_with(regrade, json!({ "input": input })).await;
        assert_eq!(reply.data("/quizRegrade/regrade/changedCount"), &json!(changed));
        assert_eq!(old.read().await["points"], points);
        if changed == 0 {
            let update = json!({ "id": id, "question": short("First", "no"), "expectedNumber": 2 });
            assert_eq!(send(&author, "questionUpdate", &update).await.codes(), "");
            assert_eq!(publish(&author, &course).await.codes(), "");
        }
    }
    let document = "query($id: ID!) { questionBank(id: $id) { questions { nodes { versions { number text createdBy { id } answerKey { right { text } } } } } } }";
    let reply = author.run_with(document, json!({ "id": bank })).await;
    let versions = reply.data("/questionBank/questions/nodes/0/versions");
    let me = json!({ "id": author.member.to_string() });
    let version = |number: i32, text: &str, right: &str| json!({ "number": number, "text": text, "createdBy": me, "answerKey": { "right": [{ "text": right }] } });
    assert_eq!(
        versions,
        &json!([
            version(3, "First", "no"),
            version(2, "Second", "no"),
            version(1, "First", "yes")
        ])
    );
}

#[tokio::test]
async fn a_quiz_that_cannot_draw_what_it_says_is_not_published() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let full = filled(&app, &author, 3).await;
    let empty = bank(&app, &author).await;
    let retired = question(&author, &full, short("Old", "x"), &["rust"]).await;
    assert_eq!(
        send(&author, "questionRetire", &json!({ "id": retired }))
            .await
            .codes(),
        ""
    );
    let pool = |bank: &str, draw: i32, tags: &[&str]| json!({ "bankId": bank, "draw": draw, "tags": tags });
    for pools in [
        json!([pool(&empty, 1, &[])]),
        json!([pool(&full, 4, &[])]),
        json!([pool(&full, 1, &["rust", "other"])]),
        json!([pool(&full, 2, &[]), pool(&full, 2, &[])]),
    ] {
        let course = banks::draft(&app, &author, pools.clone()).await;
        let reply = publish(&author, &course).await;
        assert_eq!(reply.codes(), "NOTHING_TO_PUBLISH", "{pools}");
        assert_eq!(reply.data("/coursePublish/userErrors/0/field"), &json!(["id"]));
    }
    let many = "insert into bank_questions (org_id, id, bank_id) select b.org_id, gen_random_uuid(), b.id from question_banks b, generate_series(1, 501) \
         where b.id = (select bank_id from bank_questions limit 1); \
         insert into bank_question_versions select q.org_id, q.id, 1, v.prompt, v.answer_key, v.created_by from bank_questions q, \
         (select * from bank_question_versions limit 1) v where q.id not in (select question_id from bank_question_versions)";
    factory::sql(&app, many).await;
    let course = banks::draft(&app, &author, json!([pool(&full, 1, &[])])).await;
    assert_eq!(publish(&author, &course).await.codes(), "LIMIT_REACHED");
    let course = banks::draft(&app, &author, json!([pool(&full, 1, &["rust"])])).await;
    assert_eq!(publish(&author, &course).await.codes(), "", "narrowed by a tag");
    assert_eq!(
        send(&author, "questionBankArchive", &json!({ "id": full }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        publish(&author, &course).await.codes(),
        "NOTHING_TO_PUBLISH",
        "an archived bank is drawn from no more"
    );
    assert!(
        drawn(&Sitting::new(&app, &course).await).len() == 2,
        "but by what is published"
    );
}

#[tokio::test]
async fn pools_that_cannot_be_are_refused_at_their_field() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let good = filled(&app, &author, 2).await;
    let elsewhere = app.elsewhere().await;
    let foreign = bank(&elsewhere, &elsewhere.member("author").await).await;
    let course = banks::draft(&app, &author, json!([{ "bankId": good, "draw": 1 }])).await;
    for (pool, field, code) in [
        (json!({ "bankId": good, "draw": 0 }), "draw", "INVALID"),
        (json!({ "bankId": good, "draw": 501 }), "draw", "INVALID"),
        (
            json!({ "bankId": good, "draw": 1, "points": 0 }),
            "points",
            "INVALID",
        ),
        (
            json!({ "bankId": good, "draw": 1, "tags": [" "] }),
            "tags",
            "INVALID",
        ),
        (json!({ "bankId": foreign, "draw": 1 }), "bankId", "NOT_FOUND"),
        (json!({ "bankId": course.id, "draw": 1 }), "bankId", "NOT_FOUND"),
    ] {
        let reply = banks::set(&author, &course, json!([{ "bankId": good, "draw": 1 }, pool])).await;
        assert_eq!(reply.codes(), code, "{pool}");
        let path = json!(["content", "quiz", "pools", "1", field]);
        assert_eq!(reply.data("/unitUpdate/userErrors/0/field"), &path);
    }
    let reply = banks::set(
        &author,
        &course,
        json!([{ "bankId": good, "draw": 2, "points": 0.5, "tags": ["rust"] }]),
    )
    .await;
    let pools = json!([{ "bankId": good, "draw": 2, "pointsEach": 0.5, "tags": ["rust"] }]);
    assert_eq!(reply.data("/unitUpdate/unit/pools"), &pools);
}

#[tokio::test]
async fn a_bank_pages_by_tag_and_tells_nothing_to_who_may_not_manage_it() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = filled(&app, &author, 5).await;
    let odd = question(&author, &bank, short("Odd", "x"), &["odd"]).await;
    send(&author, "questionRetire", &json!({ "id": odd })).await;
    let document = "query($id: ID!, $filter: BankQuestionFilter, $first: Int, $after: String) { questionBank(id: $id) { \
        questions(filter: $filter, first: $first, after: $after) { totalCount nodes { id current { text } } pageInfo { hasNextPage endCursor } } } }";
    let mut texts = Vec::new();
    let mut after = Value::Null;
    loop {
        let reply = author
            .run_with(
                document,
                json!({ "id": bank, "first": 2, "after": after, "filter": { "tag": "rust" } }),
            )
            .await;
        let page = reply.data("/questionBank/questions");
        assert_eq!(page["totalCount"], 5);
        texts.extend(
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["current"]["text"].clone()),
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(texts, ["Q4", "Q3", "Q2", "Q1", "Q0"].map(Value::from));
    for (filter, count) in [
        (json!({}), 6),
        (json!({ "tag": "odd", "isRetired": false }), 0),
        (json!({ "tag": "odd", "isRetired": true }), 1),
        (json!({ "isRetired": false }), 5),
    ] {
        let reply = author
            .run_with(document, json!({ "id": bank, "filter": filter }))
            .await;
        assert_eq!(
            reply.data("/questionBank/questions/totalCount"),
            &json!(count),
            "{filter}"
        );
    }
    let node = "query($id: ID!) { node(id: $id) { id ... on QuestionBank { name } } }";
    let found = author.run_with(node, json!({ "id": bank })).await;
    assert_eq!(found.data("/node"), &json!({ "id": bank, "name": "Bank" }));
    let all = "{ questionBanks { totalCount nodes { id } } }";
    assert_eq!(author.run(all).await.data("/questionBanks/totalCount"), &json!(1));
    let stranger = app.elsewhere().await.owner().await;
    for who in [
        &app.learner().await.client,
        &app.member("instructor").await.client,
        &stranger.client,
        &app.anonymous(),
    ] {
        let reply = who.run_with(document, json!({ "id": bank })).await;
        assert_eq!(reply.data("/questionBank"), &Value::Null);
        let reply = who.run_with(node, json!({ "id": bank })).await;
        assert_eq!(reply.data("/node"), &Value::Null);
        assert_eq!(
            who.run(all).await.data("/questionBanks"),
            &json!({ "totalCount": 0, "nodes": [] })
        );
    }
}

#[tokio::test]
async fn the_questions_of_many_banks_cost_as_many_statements_as_those_of_one() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let document = "{ questionBanks(first: 50) { totalCount nodes { name organization { name } questions(first: 10) { totalCount nodes { tags current { text answerKey { explanation } } \
        versions { number createdBy { name } } } } } } }";
    let mut counted = Vec::new();
    for _ in 0..2 {
        filled(&app, &author, 2).await;
        filled(&app, &author, 3).await;
        let (answer, count) = statements(&app, &owner, document, json!({})).await;
        let banks = answer["questionBanks"]["nodes"].as_array().unwrap();
        assert!(
            banks.iter().all(|bank| bank["questions"]["totalCount"] != 0),
            "{answer}"
        );
        counted.push(count);
    }
    // Banks, their number, their organisation, pages of questions, their numbers, newest versions, all versions, who wrote them.
    assert_eq!(counted, [8, 8]);
}

#[tokio::test]
async fn what_cannot_be_done_to_a_bank_changes_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = bank(&app, &author).await;
    let id = question(&author, &bank, short("Q", "x"), &["b", "a", "b"]).await;
    let stranger = app.elsewhere().await.owner().await;
    let update = json!({ "id": id, "question": short("Other", "x") });
    for (who, code) in [
        (&app.learner().await.client, "NOT_FOUND"),
        (&app.member("instructor").await.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(send(who, "questionUpdate", &update).await.codes(), code);
        assert_eq!(
            send(who, "questionBankArchive", &json!({ "id": bank }))
                .await
                .codes(),
            code
        );
    }
    let wrong = json!({ "text": " ", "answer": { "shortText": { "accepted": ["x"] } } });
    for (mutation, input, code, field) in [
        (
            "questionCreate",
            json!({ "bankId": bank, "question": wrong }),
            "INVALID",
            json!(["question", "text"]),
        ),
        (
            "questionCreate",
            json!({ "bankId": bank, "question": short("Q", "x"), "tags": [""] }),
            "INVALID",
            json!(["tags"]),
        ),
        (
            "questionCreate",
            json!({ "bankId": id, "question": short("Q", "x") }),
            "NOT_FOUND",
            json!(["bankId"]),
        ),
        (
            "questionUpdate",
            json!({ "id": id, "question": wrong }),
            "INVALID",
            json!(["question", "text"]),
        ),
        (
            "questionUpdate",
            json!({ "id": bank }),
            "NOT_FOUND",
            json!(["id"]),
        ),
        (
            "questionBankUpdate",
            json!({ "id": bank, "name": " " }),
            "INVALID",
            json!(["name"]),
        ),
        (
            "questionBankUpdate",
            json!({ "id": bank, "name": "B", "expectedVersion": 9 }),
            "VERSION_CONFLICT",
            json!(["expectedVersion"]),
        ),
        (
            "questionBankCreate",
            json!({ "organizationId": app.org_id(), "name": "B", "description": "x".repeat(2_001) }),
            "INVALID",
            json!(["description"]),
        ),
    ] {
        let reply = send(&author, mutation, &input).await;
        assert_eq!(reply.codes(), code, "{mutation} {input}");
        assert_eq!(
            reply.data(&format!("/{mutation}/userErrors/0/field")),
            &field,
            "{mutation}"
        );
    }
    assert_eq!(happened(&app, "bank_question.updated").await, 0);
}

#[tokio::test]
async fn an_archived_bank_takes_nothing_more_and_a_version_is_written_once() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = bank(&app, &author).await;
    let id = question(&author, &bank, short("Q", "x"), &["b", "a", "b"]).await;
    let tags = send(
        &author,
        "questionUpdate",
        &json!({ "id": id, "tags": ["z", "b"] }),
    )
    .await;
    assert_eq!(tags.data("/questionUpdate/question/tags"), &json!(["b", "z"]));
    assert_eq!(
        tags.data("/questionUpdate/question/number"),
        &json!(1),
        "tags are no version"
    );
    assert_eq!(
        send(&author, "questionBankArchive", &json!({ "id": bank }))
            .await
            .codes(),
        ""
    );
    for (mutation, input) in [
        (
            "questionCreate",
            json!({ "bankId": bank, "question": short("Q", "x") }),
        ),
        ("questionUpdate", json!({ "id": id, "tags": [] })),
        ("questionRetire", json!({ "id": id })),
        ("questionBankArchive", json!({ "id": bank })),
    ] {
        assert_eq!(
            send(&author, mutation, &input).await.codes(),
            "INVALID_STATE",
            "{mutation}"
        );
    }
    for statement in [
        "update bank_question_versions set number = 2",
        "delete from bank_question_versions",
    ] {
        let error = factory::try_sql(&app, statement).await.unwrap_err();
        assert!(
            error.contains("permission denied"),
            "a version is written once: {error}"
        );
    }
}
