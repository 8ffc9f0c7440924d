//! What two requests do at once.

use super::support::client::Reply;
use super::support::learning::enroll;
use super::support::quiz::{self, Sitting, happened, save, start, states};
use super::support::{TestApp, factory};
use futures_util::future::{join, join_all};
use lyceum::domain::attempts::AttemptState::{Graded, InProgress};
use lyceum::jobs::sweeper;
use serde_json::{Value, json};

/// How many replies had this code; "" for none.
fn with_code(replies: &[Reply], code: &str) -> usize {
    replies.iter().filter(|reply| reply.codes() == code).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_starts_at_once_open_one_attempt() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "maxAttempts": 2 })).await;
    let learner = app.learner().await;
    let enrollment = enroll(&learner, &course.id).await;
    let replies = join_all((0..100).map(|_| start(&learner, &enrollment, &course.quiz))).await;
    assert_eq!(
        (with_code(&replies, ""), with_code(&replies, "ATTEMPT_OPEN")),
        (1, 99)
    );
    assert_eq!(states(&app).await, [(InProgress, 1)]);
    assert_eq!(happened(&app, "attempt.started").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_submissions_at_once_are_one_grading() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One", "Many", "Word"]).await;
    let replies = join_all((0..100).map(|_| sitting.submit())).await;
    assert_eq!(
        (with_code(&replies, ""), with_code(&replies, "INVALID_STATE")),
        (1, 99)
    );
    assert_eq!(states(&app).await, [(Graded, 1)]);
    for kind in ["attempt.graded", "unit.completed", "certificate.issued"] {
        assert_eq!(happened(&app, kind).await, 1, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_learner_and_several_sweepers_at_once_are_one_grading() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    for _ in 0..5 {
        let sitting = Sitting::new(&app, &course).await;
        sitting.answer(&["One"]).await;
        let before = happened(&app, "attempt.graded").await;
        // Due for the sweeper within a moment, and in its grace for the learner.
        sitting.deadline_in(&app, -5).await;
        let sweeps = async {
            for _ in 0..10 {
                for swept in join_all((0..4).map(|_| sweeper::run_once(&app.app))).await {
                    swept.unwrap();
                }
            }
        };
        let (reply, ()) = join(sitting.submit(), sweeps).await;
        assert!(
            ["", "DEADLINE_PASSED"].contains(&reply.codes().as_str()),
            "{:#}",
            reply.body
        );
        assert_eq!(sitting.read().await["points"], 1);
        assert_eq!(happened(&app, "attempt.graded").await, before + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_saved_is_graded_however_close_the_submission() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    for _ in 0..5 {
        let sitting = Sitting::new(&app, &course).await;
        let questions = ["One", "Many", "Word", "Program"];
        let saves = join_all(questions.map(|question| sitting.save(question, sitting.right(question))));
        let (replies, submitted) = join(saves, sitting.submit()).await;
        assert_eq!(submitted.codes(), "");
        let kept = with_code(&replies, "");
        assert_eq!(kept + with_code(&replies, "INVALID_STATE"), 4);
        let attempt = sitting.read().await;
        assert_eq!(attempt["points"], kept, "{attempt:#}");
        let answered = |item: &&Value| !item["answer"].is_null();
        assert_eq!(
            attempt["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(answered)
                .count(),
            kept
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_savings_over_the_same_version_one_is_taken() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let question = sitting.question("Word");
    for (version, saved) in [(Some(0), 1), (Some(1), 1), (None, 20)] {
        let answers = (0..20).map(|n| json!({ "text": n.to_string() }));
        let saves = answers.map(|answer| save(&sitting.learner, &sitting.attempt, question, answer, version));
        let replies = join_all(saves).await;
        assert_eq!(with_code(&replies, ""), saved, "{version:?}");
        assert_eq!(with_code(&replies, "VERSION_CONFLICT"), 20 - saved, "{version:?}");
    }
    assert_eq!(sitting.read().await["items"][2]["answer"]["version"], 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_the_next_attempt_while_the_last_is_submitted_waits_in_no_circle() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "passPercent": 0 })).await;
    let mut sitting = Sitting::new(&app, &course).await;
    for _ in 0..10 {
        let starts = join_all((0..3).map(|_| start(&sitting.learner, &sitting.enrollment, &sitting.quiz)));
        let (submitted, started) = join(sitting.submit(), starts).await;
        assert_eq!(submitted.codes(), "");
        let open = with_code(&started, "");
        assert!(open <= 1, "{open}");
        assert_eq!(open + with_code(&started, "ATTEMPT_OPEN"), 3);
        let next = started.iter().find(|reply| reply.codes().is_empty());
        sitting = match next {
            Some(reply) => Sitting {
                attempt: reply.text("/attemptStart/attempt/id").to_owned(),
                ..sitting
            },
            None => Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await,
        };
    }
    assert_eq!(states(&app).await, [(Graded, 10), (InProgress, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_saved_while_the_sweeper_closes_is_graded_or_refused() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    for _ in 0..5 {
        let sitting = Sitting::new(&app, &course).await;
        sitting.answer(&["One"]).await;
        // Answers are still taken, and the sweeper may close: only the lock stands between them.
        sitting.overdue_before_its_deadline(&app).await;
        let sweeps = async {
            while sitting.read().await["state"] == "IN_PROGRESS" {
                sweeper::run_once(&app.app).await.unwrap();
            }
        };
        let questions = ["Many", "Word", "Program"];
        let saves = join_all(questions.map(|question| sitting.save(question, sitting.right(question))));
        let (replies, ()) = join(saves, sweeps).await;
        let kept = with_code(&replies, "");
        assert_eq!(kept + with_code(&replies, "DEADLINE_PASSED"), 3);
        assert_eq!(sitting.read().await["points"], 1 + kept);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_that_start_while_their_course_is_published_are_each_of_one_edition() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let mut learners = Vec::new();
    for _ in 0..8 {
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        learners.push((learner, enrollment));
    }
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code } } }";
    let question = json!({ "text": "New", "points": 7, "answer": { "shortText": { "accepted": ["new"] } } });
    let variables = json!({ "id": course.quiz, "quiz": { "questions": [question] } });
    assert_eq!(author.run_with(edit, variables).await.codes(), "");
    let starts = learners
        .iter()
        .map(|(learner, enrollment)| start(learner, enrollment, &course.quiz));
    let ((), replies) = join(factory::publish(&author, &course.id), join_all(starts)).await;
    for reply in &replies {
        let attempt = reply.data("/attemptStart/attempt");
        assert_eq!(
            (&attempt["maxPoints"], attempt["items"].as_array().unwrap().len()),
            (&json!(4), 4)
        );
    }
    let newcomer = Sitting::new(&app, &course).await;
    assert_eq!(newcomer.started["maxPoints"], 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_while_a_course_is_published_stays_on_the_edition_that_they_got() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code } } }";
    let question = json!({ "text": "New", "points": 7, "answer": { "shortText": { "accepted": ["new"] } } });
    let variables = json!({ "id": course.quiz, "quiz": { "questions": [question] } });
    assert_eq!(author.run_with(edit, variables).await.codes(), "");
    let mut learners = Vec::new();
    for _ in 0..8 {
        learners.push(app.learner().await);
    }
    let join_and_start = async |learner: &super::support::app::Person| {
        let enrollment = enroll(learner, &course.id).await;
        let started = start(learner, &enrollment, &course.quiz).await;
        let read = "query($id: ID!) { enrollment(id: $id) { course { revision { number } } } }";
        let enrolled = learner.run_with(read, json!({ "id": enrollment })).await;
        let number = enrolled.data("/enrollment/course/revision/number").clone();
        (number, started)
    };
    let joining = join_all(learners.iter().map(join_and_start));
    let ((), joined) = join(factory::publish(&author, &course.id), joining).await;
    for (number, started) in joined {
        let points = &started.data("/attemptStart/attempt/maxPoints");
        let expected = if number == 1 { json!(4) } else { json!(7) };
        assert_eq!(**points, expected, "edition {number}");
    }
}
