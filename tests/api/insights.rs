//! What authors learn from how their courses are worked through.

use super::support::app::Person;
use super::support::banks;
use super::support::client::Reply;
use super::support::learning::{enroll, event, record};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const INSIGHTS: &str = "query($id: ID!) { course(id: $id) { insights { smallestGroup learners completionRate \
    units { unit { title } started completed stopped } items { text learners facility discrimination } } } }";

async fn insights(who: &Person, course: &str) -> Reply {
    who.run_with(INSIGHTS, json!({ "id": course })).await
}

#[tokio::test]
async fn an_author_s_course_shows_who_finishes_where_learners_stop_and_which_questions_are_hard() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = quiz::course(&app, &author, 1, json!({ "passPercent": 60 })).await;
    for number in 0..5 {
        let sitting = Sitting::new(&app, &course).await;
        let all = ["One", "Many", "Word", "Program"];
        // The better ones get "Program" wrong, and everybody gets "Word" right.
        let answers: &[&str] = if number < 2 {
            &["Word", "Program"]
        } else {
            &all[..3]
        };
        sitting.answer(answers).await;
        if number >= 2 {
            let program = json!({ "tracing": { "compiles": false, "line": 99 } });
            sitting.save("Program", program).await;
        }
        sitting.submit().await;
        if number == 4 {
            let read = event(&course.texts[0], "COMPLETED", 1);
            record(&sitting.learner, &sitting.enrollment, &[read]).await;
        }
    }
    let seen = insights(&owner, &course.id).await;
    let shown = seen.data("/course/insights");
    assert_eq!(
        (&shown["learners"], &shown["completionRate"]),
        (&json!(5), &json!(0.2))
    );
    let few = json!(null);
    assert_eq!(
        shown["units"],
        json!([
            { "unit": { "title": "Text 0" }, "started": few, "completed": few, "stopped": few },
            { "unit": { "title": "A quiz" }, "started": few, "completed": few, "stopped": few },
        ]),
        "one learner has read the text, three have passed the quiz: too few to be shown"
    );
    let item = |text: &str| -> Value {
        let items = shown["items"].as_array().unwrap();
        items.iter().find(|item| item["text"] == text).unwrap().clone()
    };
    let word = item("Word");
    assert_eq!(
        word,
        json!({ "text": "Word", "learners": 5, "facility": 1.0, "discrimination": null })
    );
    let program = item("Program");
    assert_eq!(program["facility"], json!(0.4));
    assert!(program["discrimination"].as_f64().unwrap() < -0.9, "{program}");
    assert_eq!(item("One")["facility"], few, "three learners have answered it");
}

#[tokio::test]
async fn a_question_of_a_pool_counts_by_the_share_of_what_it_was_worth() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let bank = banks::bank(&app, &author).await;
    banks::question(&author, &bank, banks::short("Drawn", "yes"), &[]).await;
    let pools = |points: i32| json!([{ "bankId": bank, "draw": 1, "points": points }]);
    let course = banks::draft(&app, &author, pools(1)).await;
    factory::publish(&author, &course.id).await;
    let sit = async |answer: &str| {
        let sitting = Sitting::new(&app, &course).await;
        sitting.save("Drawn", json!({ "text": answer })).await;
        assert_eq!(sitting.submit().await.codes(), "");
    };
    for answer in ["yes", "yes", "yes", "yes", "no"] {
        sit(answer).await;
    }
    let drawn = async || {
        let seen = insights(&owner, &course.id).await;
        let items = seen.data("/course/insights/items").as_array().unwrap().clone();
        let drawn = items.into_iter().find(|item| item["text"] == "Drawn").unwrap();
        (drawn["learners"].clone(), drawn["facility"].as_f64().unwrap())
    };
    assert_eq!(drawn().await, (json!(5), 0.8));
    assert_eq!(banks::set(&author, &course, pools(10)).await.codes(), "");
    factory::publish(&author, &course.id).await;
    assert_eq!(drawn().await, (json!(5), 0.8), "it was worth one point then");
    for answer in ["yes", "no", "no"] {
        sit(answer).await;
    }
    let (learners, facility) = drawn().await;
    assert_eq!(learners, json!(8));
    assert!((facility - 0.625).abs() < 1e-9, "five of eight: {facility}");
}

#[tokio::test]
async fn the_unit_where_learners_stop_is_the_last_one_that_they_were_in() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let owner = app.owner().await;
    let course = factory::published_course(&app, &author, 2).await;
    for number in 0..6 {
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        let mut events = vec![event(&course.texts[0], "COMPLETED", 1)];
        if number > 0 {
            events.push(event(&course.texts[1], "STARTED", 2));
        }
        record(&learner, &enrollment, &events).await;
    }
    let seen = insights(&owner, &course.id).await;
    let units = seen.data("/course/insights/units").as_array().unwrap();
    let row = |unit: &Value| {
        (
            unit["started"].clone(),
            unit["completed"].clone(),
            unit["stopped"].clone(),
        )
    };
    assert_eq!(row(&units[0]), (json!(6), json!(6), json!(1)));
    assert_eq!(row(&units[1]), (json!(5), json!(0), json!(5)));
    assert_eq!(row(&units[2]), (json!(null), json!(null), json!(null)));
}

#[tokio::test]
async fn insight_is_for_those_who_may_read_all_of_a_course_s_records() {
    let app = TestApp::new().await;
    let (author, instructor) = (app.member("author").await, app.member("instructor").await);
    let (manager, learner) = (app.member("manager").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    for who in [&author, &instructor, &manager, &learner] {
        assert_eq!(
            insights(who, &course.id).await.data("/course/insights"),
            &json!(null)
        );
    }
    factory::teaches(&app, instructor.member, &course.id).await;
    let taught = insights(&instructor, &course.id).await;
    assert_eq!(
        taught.data("/course/insights/learners"),
        &json!(null),
        "nobody yet"
    );
    assert_eq!(taught.data("/course/insights/smallestGroup"), &json!(5));
    let draft = factory::draft_course(&app, &author, 1).await;
    assert_eq!(
        insights(&app.owner().await, &draft.id)
            .await
            .data("/course/insights"),
        &json!(null)
    );
}
