//! Questions of every kind, from their author to the review of their answers.

use super::support::quiz::{self, Sitting, happened, save};
use super::support::{TestApp, factory};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

/// What a learner sees of items.
const ITEMS: &str = "query($id: ID!) { attempt(id: $id) { state points maxPoints passPoints isPassed items { questionId kind text maxPoints partialCredit \
    penalty options { key text } stems { key text } gaps { key kind units options { key text } } units \
    answer { isTrue text number { value unit } order pairs { stem option } gaps { gap text number { value unit } choice } } \
    review { isRight points explanation optionFeedback { key text } right { choices isTrue text textRule { wildcards caseSensitive foldAccents } \
    number { value absoluteTolerance relativeTolerance units { name factor } } order pairs { stem option } \
    gaps { gap texts number { value } choice } } } } } }";

/// One question of each kind that the server grades, beside those of [`quiz::course`].
fn questions() -> Value {
    let option = |text: &str, is_right: bool| json!({ "text": text, "isRight": is_right, "feedback": format!("CANARY {text}") });
    let metres = json!([{ "name": "m", "factor": "1" }, { "name": "cm", "factor": "0.01" }]);
    let number = json!({ "value": "1.5", "tolerance": { "absolute": "0.01" }, "units": metres });
    json!([
        { "text": "Many", "points": 3, "partialCredit": "RIGHT_MINUS_WRONG", "penalty": 0.5, "answer": { "multipleChoice": {
            "options": [option("a", true), option("b", true), option("c", true), option("d", false)] } } },
        { "text": "Truth", "penalty": 1, "answer": { "trueFalse": { "isTrue": true, "feedbackIfFalse": "CANARY false" } } },
        { "text": "Word", "points": "0.25", "answer": { "shortText": { "accepted": ["*borrow*"], "wildcards": true, "foldAccents": true } } },
        { "text": "Number", "points": 2, "answer": { "numeric": number } },
        { "text": "Order", "partialCredit": "PROPORTIONAL", "answer": { "ordering": { "items": ["first", "second", "third"] } } },
        { "text": "Match", "partialCredit": "PROPORTIONAL", "explanation": "CANARY why", "answer": { "matching": { "pairs": [
            { "stem": "1", "option": "odd" }, { "stem": "2", "option": "even" }, { "stem": "3", "option": "odd" }], "others": ["neither"] } } },
        { "text": "[[a]] of [[b]] is [[c]]", "points": 3, "partialCredit": "PROPORTIONAL", "answer": { "cloze": { "gaps": [
            { "key": "c", "answer": { "choice": { "options": [option("big", false), option("small", true)] } } },
            { "key": "a", "answer": { "text": { "accepted": ["one"] } } },
            { "key": "b", "answer": { "number": { "value": "2" } } }] } } },
    ])
}

async fn sitting(app: &TestApp) -> Sitting {
    let author = app.member("author").await;
    let course = quiz::course_of(app, &author, 0, json!({ "passPercent": 100 }), questions()).await;
    Sitting::new(app, &course).await
}

/// The items as the learner sees them.
async fn items(sitting: &Sitting) -> Value {
    let reply = sitting
        .learner
        .run_with(ITEMS, json!({ "id": sitting.attempt }))
        .await;
    assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
    reply.data("/attempt").clone()
}

fn item<'a>(attempt: &'a Value, text: &str) -> &'a Value {
    let mut items = attempt["items"].as_array().unwrap().iter();
    items
        .find(|item| item["text"].as_str().unwrap().starts_with(text))
        .unwrap()
}

fn key(item: &Value, list: &str, text: &str) -> Value {
    let list = item.pointer(list).unwrap().as_array().unwrap();
    list.iter().find(|option| option["text"] == text).unwrap()["key"].clone()
}

/// Answers, each with what it earns.
fn answers(attempt: &Value) -> Vec<(&'static str, Value, f64)> {
    let many = |text: &str| key(item(attempt, "Many"), "/options", text);
    let order = |text: &str| key(item(attempt, "Order"), "/options", text);
    let stem = |text: &str| key(item(attempt, "Match"), "/stems", text);
    let option = |text: &str| key(item(attempt, "Match"), "/options", text);
    let pair = |one: &str, other: &str| json!({ "stem": stem(one), "option": option(other) });
    let small = key(item(attempt, "[[a]]"), "/gaps/2/options", "small");
    let filled = |gap: &str, answer: Value| json!({ "gap": gap, "answer": answer });
    vec![
        ("Many", json!({ "choices": [many("a"), many("d")] }), 0.0),
        ("Many", json!({ "choices": [many("d")] }), -0.5),
        ("Many", json!({ "choices": [] }), 0.0),
        (
            "Many",
            json!({ "choices": [many("b"), many("c"), many("a")] }),
            3.0,
        ),
        ("Truth", json!({ "isTrue": false }), -1.0),
        ("Truth", json!({ "isTrue": true }), 1.0),
        ("Word", json!({ "text": "lifetimes" }), 0.0),
        ("Word", json!({ "text": "the bórrow checker" }), 0.25),
        (
            "Number",
            json!({ "number": { "value": "1.5", "unit": "cm" } }),
            0.0,
        ),
        (
            "Number",
            json!({ "number": { "value": "151", "unit": "cm" } }),
            2.0,
        ),
        (
            "Order",
            json!({ "order": [order("second"), order("first"), order("third")] }),
            0.33,
        ),
        (
            "Order",
            json!({ "order": [order("first"), order("second"), order("third")] }),
            1.0,
        ),
        (
            "Match",
            json!({ "pairs": [pair("1", "odd"), pair("3", "neither"), pair("2", "even")] }),
            0.67,
        ),
        (
            "Match",
            json!({ "pairs": [pair("3", "odd"), pair("2", "even"), pair("1", "odd")] }),
            1.0,
        ),
        (
            "[[a]]",
            json!({ "gaps": [filled("b", json!({ "number": { "value": "2.0" } }))] }),
            1.0,
        ),
        (
            "[[a]]",
            json!({ "gaps": [filled("c", json!({ "choice": small })), filled("a", json!({ "text": "One" })),
            filled("b", json!({ "number": { "value": "2" } }))] }),
            3.0,
        ),
    ]
}

#[tokio::test]
async fn every_answer_earns_what_its_questions_policy_says_and_exactly_that() {
    let app = TestApp::new().await;
    let first = sitting(&app).await;
    let shown = items(&first).await;
    assert_eq!(shown["maxPoints"], 11.25);
    assert_eq!(shown["passPoints"], 11.25);
    let all = answers(&shown);
    // As many attempts as the question with the most answers has.
    let (mut open, mut at) = (Some(first), 0);
    while let Some(sitting) = open.take() {
        let mut expected = Vec::new();
        for text in ["Many", "Truth", "Word", "Number", "Order", "Match", "[[a]]"] {
            let of_question: Vec<_> = all.iter().filter(|(question, ..)| *question == text).collect();
            let (_, answer, points) = of_question[at.min(of_question.len() - 1)];
            let question = item(&shown, text)["questionId"].as_str().unwrap();
            let reply = save(&sitting.learner, &sitting.attempt, question, answer.clone(), None).await;
            assert_eq!(reply.codes(), "", "{answer} {:#}", reply.body);
            expected.push((text, *points));
        }
        assert_eq!(sitting.submit().await.codes(), "");
        let graded = items(&sitting).await;
        for (text, points) in &expected {
            let review = &item(&graded, text)["review"];
            assert_eq!(
                review["points"].as_f64(),
                Some(*points),
                "{text} {at}: {review:#}"
            );
            let most = item(&graded, text)["maxPoints"].as_f64();
            assert_eq!(review["isRight"], most == Some(*points), "{text} {at}");
        }
        let total = expected.iter().map(|(_, points)| points).sum::<f64>().max(0.0);
        let hundredths = |points: f64| format!("{points:.2}");
        let points = graded["points"].as_f64().unwrap();
        assert_eq!(hundredths(points), hundredths(total), "attempt {at}");
        at += 1;
        if at < 4 {
            open = Some(Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await);
        } else {
            assert_eq!(graded["isPassed"], true, "the last answers were all right");
        }
    }
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
}

#[tokio::test]
async fn before_the_review_nothing_tells_what_is_right_and_then_everything_does() {
    let app = TestApp::new().await;
    let sitting = sitting(&app).await;
    let open = items(&sitting).await;
    assert!(!open.to_string().contains("CANARY"), "{open:#}");
    assert_eq!(item(&open, "Number")["units"], json!(["m", "cm"]));
    let gaps = item(&open, "[[a]]")["gaps"].as_array().unwrap();
    let shown: Vec<_> = gaps.iter().map(|gap| (&gap["key"], &gap["kind"])).collect();
    let expected =
        [("a", "TEXT"), ("b", "NUMBER"), ("c", "CHOICE")].map(|(key, kind)| (json!(key), json!(kind)));
    assert_eq!(
        shown,
        expected.iter().map(|(key, kind)| (key, kind)).collect::<Vec<_>>()
    );
    sitting.submit().await;
    let closed = items(&sitting).await;
    let right = |text: &str| item(&closed, text)["review"]["right"][0].clone();
    assert_eq!(right("Truth")["isTrue"], true);
    assert_eq!(right("Word")["text"], "*borrow*");
    let rule = json!({ "wildcards": true, "caseSensitive": false, "foldAccents": true });
    assert_eq!(right("Word")["textRule"], rule);
    assert_eq!(right("Number")["number"]["absoluteTolerance"], "0.01");
    let order = ["first", "second", "third"].map(|text| key(item(&closed, "Order"), "/options", text));
    assert_eq!(right("Order")["order"], json!(order));
    assert_eq!(right("Match")["pairs"].as_array().unwrap().len(), 3);
    assert_eq!(right("[[a]]")["gaps"][0]["texts"], json!(["one"]));
    assert_eq!(item(&closed, "Match")["review"]["explanation"], "CANARY why");
    let said = item(&closed, "Many")["review"]["optionFeedback"]
        .as_array()
        .unwrap();
    assert_eq!(said.len(), 4);
    let said = &item(&closed, "Truth")["review"]["optionFeedback"];
    assert_eq!(said, &json!([{ "key": "false", "text": "CANARY false" }]));
}

#[tokio::test]
async fn the_order_in_which_items_are_kept_tells_nothing_of_the_right_one() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let names: Vec<_> = (0..12).map(|n| format!("item {n}")).collect();
    let questions = json!([{ "text": "Order", "answer": { "ordering": { "items": names } } }]);
    let course = quiz::course_of(&app, &author, 0, json!({}), questions).await;
    let document = "query($id: ID!) { course(id: $id) { draft { modules { units { questions { options { key text } answerKey { right { order } } } } } } } }";
    let read = author.run_with(document, json!({ "id": course.id })).await;
    let question = read.data("/course/draft/modules/0/units/0/questions/0");
    let options = question["options"].as_array().unwrap();
    let kept: Vec<_> = options
        .iter()
        .map(|option| option["text"].as_str().unwrap())
        .collect();
    assert_ne!(kept, names, "by their keys, which are hashes");
    let right = question["answerKey"]["right"][0]["order"].as_array().unwrap();
    let text = |key: &Value| options.iter().find(|option| option["key"] == *key).unwrap()["text"].clone();
    assert_eq!(right.iter().map(text).collect::<Vec<_>>(), names);
}

#[tokio::test]
async fn an_answer_of_another_kind_or_shape_is_refused_at_its_field_and_not_stored() {
    let app = TestApp::new().await;
    let sitting = sitting(&app).await;
    let shown = items(&sitting).await;
    let stem = key(item(&shown, "Match"), "/stems", "1");
    let first = key(item(&shown, "Order"), "/options", "first");
    let number = |value: &str, unit: Value| json!({ "number": { "value": value, "unit": unit } });
    for (text, answer, field) in [
        ("Truth", json!({ "text": "true" }), "answer"),
        ("Many", json!({ "isTrue": true }), "answer"),
        ("Number", number("one", json!("m")), "answer number value"),
        ("Number", number("1", json!("mile")), "answer number unit"),
        ("Number", number("1", json!(null)), "answer number unit"),
        ("Order", json!({ "order": [first, first, first] }), "answer order"),
        (
            "Match",
            json!({ "pairs": [{ "stem": stem, "option": "x" }] }),
            "answer pairs 0 option",
        ),
        (
            "Match",
            json!({ "pairs": [{ "stem": "x", "option": "x" }] }),
            "answer pairs 0 stem",
        ),
        (
            "[[a]]",
            json!({ "gaps": [{ "gap": "d", "answer": { "text": "" } }] }),
            "answer gaps 0 gap",
        ),
        (
            "[[a]]",
            json!({ "gaps": [{ "gap": "b", "answer": { "text": "2" } }] }),
            "answer gaps 0 answer",
        ),
        ("Word", json!({ "text": "x".repeat(10_001) }), "answer text"),
    ] {
        let question = item(&shown, text)["questionId"].as_str().unwrap();
        let reply = save(&sitting.learner, &sitting.attempt, question, answer.clone(), None).await;
        assert_eq!(reply.codes(), "INVALID", "{answer} {:#}", reply.body);
        let at: Vec<_> = field.split(' ').collect();
        assert_eq!(
            reply.data("/attemptAnswerSave/userErrors/0/field"),
            &json!(at),
            "{answer}"
        );
    }
    let answered = items(&sitting).await;
    let answered = answered["items"].as_array().unwrap();
    assert!(answered.iter().all(|item| item["answer"].is_null()));
    assert_eq!(happened(&app, "attempt.answer_saved").await, 0);
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_refused_before_it_is_read() {
    let app = TestApp::new().await;
    let sitting = sitting(&app).await;
    let document = "mutation($input: AttemptAnswerSaveInput!) { attemptAnswerSave(input: $input) { userErrors { code } } }";
    let answer = json!({ "text": "x".repeat(10_000_000) });
    let input =
        json!({ "attemptId": sitting.attempt, "questionId": sitting.question("Word"), "answer": answer });
    let body = json!({ "query": document, "variables": { "input": input } }).to_string();
    let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    let reply = sitting
        .learner
        .send(request.body(Body::from(body)).unwrap())
        .await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        reply.mentions("1200000"),
        "it says how much is allowed: {:#}",
        reply.body
    );
    assert_eq!(happened(&app, "attempt.answer_saved").await, 0);
}

#[tokio::test]
async fn a_question_that_cannot_be_meant_is_refused_at_its_field_and_not_stored() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let document = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { \
        unit { id } userErrors { code field message } } }";
    let option = |text: &str, is_right: bool| json!({ "text": text, "isRight": is_right });
    let text = json!({ "shortText": { "accepted": ["x"] } });
    let plain = |answer: Value| json!({ "text": "Which [[a]]?", "answer": answer });
    let scored = |field: &str, value: Value| {
        let mut question = plain(text.clone());
        question[field] = value;
        question
    };
    let cloze =
        |key: &str, answer: Value| plain(json!({ "cloze": { "gaps": [{ "key": key, "answer": answer }] } }));
    let number = |value: &str| json!({ "value": value });
    let anything = json!({ "shortText": { "accepted": ["x", "*"], "wildcards": true } });
    let pairs = json!([{ "stem": "1", "option": "odd" }, { "stem": "2", "option": "odd" }]);
    for (question, field) in [
        (json!({ "text": " ", "answer": text }), "text"),
        (scored("points", json!(0)), "points"),
        (scored("points", json!(1000.01)), "points"),
        (scored("penalty", json!(1.5)), "penalty"),
        (scored("penalty", json!(-0.5)), "penalty"),
        (
            plain(json!({ "singleChoice": { "options": [option("a", true)] } })),
            "answer singleChoice options",
        ),
        (
            plain(json!({ "singleChoice": { "options": [option("a", true), option("b", true)] } })),
            "answer singleChoice options",
        ),
        (
            plain(json!({ "multipleChoice": { "options": [option("a", false), option("b", false)] } })),
            "answer multipleChoice options",
        ),
        (
            plain(json!({ "shortText": { "accepted": [" "] } })),
            "answer shortText accepted",
        ),
        (plain(anything), "answer shortText accepted 1"),
        (
            plain(json!({ "numeric": number("a lot") })),
            "answer numeric value",
        ),
        (
            plain(json!({ "ordering": { "items": ["a", "a"] } })),
            "answer ordering items",
        ),
        (
            plain(json!({ "matching": { "pairs": pairs } })),
            "answer matching pairs",
        ),
        (cloze("b", json!({ "number": number("1") })), "answer cloze gaps"),
        (cloze("a", json!({ "number": number("x") })), "answer cloze gaps"),
        (
            cloze(
                "a",
                json!({ "choice": { "options": [option("a", false), option("b", false)] } }),
            ),
            "answer cloze gaps",
        ),
    ] {
        let quiz = json!({ "questions": [plain(text.clone()), question] });
        let reply = author
            .run_with(document, json!({ "id": course.quiz, "quiz": quiz }))
            .await;
        assert_eq!(reply.codes(), "INVALID", "{question} {:#}", reply.body);
        let at: Vec<_> = ["content", "quiz", "questions", "1"]
            .into_iter()
            .chain(field.split(' '))
            .collect();
        assert_eq!(
            reply.data("/unitUpdate/userErrors/0/field"),
            &json!(at),
            "{question}"
        );
    }
    let malformed = json!({ "questions": [scored("points", json!(0.001))] });
    let reply = author
        .run_with(document, json!({ "id": course.quiz, "quiz": malformed }))
        .await;
    assert_eq!(reply.codes(), "BAD_USER_INPUT", "{:#}", reply.body);
    assert_eq!(happened(&app, "unit.updated").await, 0);
}
