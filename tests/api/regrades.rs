//! Attempts that are graded anew by a corrected answer key.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::quiz::{self, Sitting, happened};
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn regrade(who: &Client, input: Value) -> Reply {
    let document = "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { regrade { dryRun revision attemptCount changedCount \
        newlyPassedCount newlyFailedCount hasMoreChanges changes { attempt { id } pointsBefore pointsAfter wasPassed isPassed } } userErrors { code field } } }";
    who.run_with(document, json!({ "input": input })).await
}

/// Two short texts, of which `let` and `mut` are right to begin with.
fn questions(ids: &[Value], right: [&str; 2]) -> Value {
    let question = |n: usize| {
        let mut question =
            json!({ "text": format!("Word {n}"), "answer": { "shortText": { "accepted": [right[n]] } } });
        if let Some(id) = ids.get(n) {
            question["id"] = id.clone();
        }
        question
    };
    json!([question(0), question(1)])
}

/// Corrects the answer keys in the draft, and publishes.
async fn correct(author: &Person, course: &factory::Course, right: [&str; 2]) {
    let document = "query($id: ID!) { course(id: $id) { draft { modules { units { questions { id } } } } } }";
    let reply = author.run_with(document, json!({ "id": course.id })).await;
    let ids: Vec<Value> = reply
        .data("/course/draft/modules/0/units/0/questions")
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].clone())
        .collect();
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code message } } }";
    let policy = json!({ "passPercent": 100 });
    let quiz = json!({ "policy": policy, "questions": questions(&ids, right) });
    let reply = author
        .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    factory::publish(author, &course.id).await;
}

/// A learner who answered so.
async fn answered(app: &TestApp, course: &factory::Course, answers: [&str; 2]) -> Sitting {
    let sitting = Sitting::new(app, course).await;
    for (n, answer) in answers.iter().enumerate() {
        let reply = sitting
            .save(&format!("Word {n}"), json!({ "text": answer }))
            .await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    assert_eq!(sitting.submit().await.codes(), "");
    sitting
}

async fn course(app: &TestApp, author: &Person) -> factory::Course {
    quiz::course_of(
        app,
        author,
        0,
        json!({ "passPercent": 100 }),
        questions(&[], ["let", "mut"]),
    )
    .await
}

#[tokio::test]
async fn a_dry_run_tells_who_would_change_and_a_regrade_keeps_both_grades() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let teacher = app.member("instructor").await;
    let course = course(&app, &author).await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let gains = answered(&app, &course, ["let", "const"]).await;
    let loses = answered(&app, &course, ["let", "mut"]).await;
    let stays = answered(&app, &course, ["x", "y"]).await;
    let open = Sitting::new(&app, &course).await;
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
    correct(&author, &course, ["let", "const"]).await;
    let newer = answered(&app, &course, ["let", "mut"]).await;
    let input = |dry: bool| json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": dry, "reason": "The key was wrong." });
    let told = regrade(&teacher, input(true)).await;
    assert_eq!(told.codes(), "");
    let dry = told.data("/quizRegrade/regrade").clone();
    for (field, expected) in [
        ("dryRun", json!(true)),
        ("revision", json!(2)),
        ("attemptCount", json!(3)),
        ("changedCount", json!(2)),
        ("newlyPassedCount", json!(1)),
        ("newlyFailedCount", json!(1)),
    ] {
        assert_eq!(dry[field], expected, "{field}");
    }
    assert_eq!(gains.read().await["points"], 1, "a dry run changes nothing");
    assert_eq!(happened(&app, "attempt.regraded").await, 0);
    let done = regrade(&teacher, input(false)).await;
    let mut done = done.data("/quizRegrade/regrade").clone();
    assert_eq!(done["dryRun"], false);
    done["dryRun"] = json!(true);
    assert_eq!(done, dry, "what was told came about");
    for (sitting, points, passed) in [
        (&gains, 2, true),
        (&loses, 1, false),
        (&stays, 0, false),
        (&newer, 1, false),
    ] {
        let attempt = sitting.read().await;
        assert_eq!(
            (&attempt["points"], &attempt["isPassed"]),
            (&json!(points), &json!(passed))
        );
    }
    assert_eq!(open.read().await["state"], "IN_PROGRESS");
    assert_eq!(happened(&app, "attempt.regraded").await, 2);
    assert_eq!(
        happened(&app, "enrollment.completed").await,
        2,
        "what newly passes is complete"
    );
    let document = "query($a: ID!, $e: ID!) { enrollment(id: $e) { state } attempt(id: $a) { receipts { kind points pointsBefore reason issuedBy { id } } } }";
    let reply = teacher
        .run_with(document, json!({ "a": loses.attempt, "e": loses.enrollment }))
        .await;
    assert_eq!(
        reply.text("/enrollment/state"),
        "COMPLETED",
        "what newly fails stays complete"
    );
    let receipts = json!([
        { "kind": "SUBMITTED", "points": 2, "pointsBefore": null, "reason": null, "issuedBy": null },
        { "kind": "REGRADED", "points": 1, "pointsBefore": 2, "reason": "The key was wrong.", "issuedBy": { "id": teacher.member.to_string() } },
    ]);
    assert_eq!(reply.data("/attempt/receipts"), &receipts);
    let document = "query($id: ID!) { attemptReplay(attemptId: $id) { matches grade differences { path } } }";
    for sitting in [&gains, &loses, &stays, &newer] {
        let reply = teacher.run_with(document, json!({ "id": sitting.attempt })).await;
        assert_eq!(
            reply.data("/attemptReplay/matches"),
            &json!(true),
            "{:#}",
            reply.body
        );
    }
    let again = regrade(&teacher, input(false)).await;
    assert_eq!(again.data("/quizRegrade/regrade/changedCount"), &json!(0));
    assert_eq!(happened(&app, "attempt.regraded").await, 2);
}

#[tokio::test]
async fn a_regrade_may_be_of_one_revision() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = course(&app, &author).await;
    let first = answered(&app, &course, ["const", "x"]).await;
    correct(&author, &course, ["fn", "mut"]).await;
    let second = answered(&app, &course, ["const", "x"]).await;
    correct(&author, &course, ["const", "mut"]).await;
    let input = json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "Again.", "revision": 2 });
    let reply = regrade(&owner, input).await;
    assert_eq!(reply.data("/quizRegrade/regrade/changedCount"), &json!(1));
    assert_eq!(
        (&first.read().await["points"], &second.read().await["points"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn the_changes_of_a_regrade_are_read_on_and_those_that_pass_or_fail_anew_apart() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = course(&app, &author).await;
    answered(&app, &course, ["let", "const"]).await;
    copy(&app, &course, 120).await;
    let loses = answered(&app, &course, ["let", "mut"]).await;
    correct(&author, &course, ["let", "const"]).await;
    let told = async |more: Value| {
        let mut input = json!({ "courseId": course.id, "quizId": course.quiz, "reason": "Which?" });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let reply = regrade(&owner, input).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let told = reply.data("/quizRegrade/regrade").clone();
        assert_eq!(told["changedCount"], 121);
        let ids = told["changes"].as_array().unwrap().iter();
        let ids: Vec<Value> = ids.map(|change| change["attempt"]["id"].clone()).collect();
        (ids, told["hasMoreChanges"].clone())
    };
    let (failed, more) = told(json!({ "show": "NEWLY_FAILED" })).await;
    assert_eq!((failed, more), (vec![json!(loses.attempt)], json!(false)));
    for (show, expected) in [("CHANGED", 121), ("NEWLY_PASSED", 120)] {
        let (first, more) = told(json!({ "show": show })).await;
        assert_eq!((first.len(), more), (100, json!(true)));
        let (rest, more) = told(json!({ "show": show, "showAfter": first[99] })).await;
        assert_eq!((rest.len(), more), (expected - 100, json!(false)));
        assert!(rest.iter().all(|id| !first.contains(id)));
    }
    let input =
        json!({ "courseId": course.id, "quizId": course.quiz, "reason": "Which?", "showAfter": "att_" });
    let refused = regrade(&owner, input).await;
    assert_eq!(
        refused.data("/quizRegrade/userErrors/0/field"),
        &json!(["showAfter"])
    );
}

#[tokio::test]
async fn what_is_submitted_and_voided_while_a_regrade_runs_has_one_grade_that_its_receipts_tell() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = course(&app, &author).await;
    let mut graded = Vec::new();
    for _ in 0..4 {
        graded.push(answered(&app, &course, ["let", "const"]).await);
    }
    let mut open = Vec::new();
    for _ in 0..4 {
        let sitting = Sitting::new(&app, &course).await;
        sitting.save("Word 0", json!({ "text": "let" })).await;
        sitting.save("Word 1", json!({ "text": "const" })).await;
        open.push(sitting);
    }
    correct(&author, &course, ["let", "const"]).await;
    let input =
        json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "At once." });
    let void =
        "mutation($id: ID!) { attemptVoid(input: {id: $id, reason: \"Void.\"}) { userErrors { code } } }";
    let voided = graded[..2]
        .iter()
        .map(|sitting| owner.run_with(void, json!({ "id": sitting.attempt })));
    let submitted = open.iter().map(Sitting::submit);
    let (told, voided, submitted) = tokio::join!(
        regrade(&owner, input.clone()),
        join_all(voided),
        join_all(submitted)
    );
    for reply in voided.iter().chain(&submitted).chain([&told]) {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let read = "query($id: ID!) { attempt(id: $id) { state points receipts { kind points } } attemptReplay(attemptId: $id) { matches } }";
    let all = graded.iter().chain(&open);
    for (index, sitting) in all.clone().enumerate() {
        let seen = owner.run_with(read, json!({ "id": sitting.attempt })).await;
        let attempt = seen.data("/attempt");
        assert_eq!(attempt["state"], if index < 2 { "VOIDED" } else { "GRADED" });
        let receipts = attempt["receipts"].as_array().unwrap();
        let last = receipts.last().unwrap();
        assert_eq!(receipts[0]["kind"], "SUBMITTED", "{attempt}");
        assert!(receipts.len() <= 2, "regraded once at most: {attempt}");
        assert_eq!(last["points"], json!(receipts.len()), "{attempt}");
        assert_eq!(seen.data("/attemptReplay/matches"), &json!(true), "{attempt}");
    }
    let again = regrade(&owner, input.clone()).await;
    assert_eq!(again.codes(), "");
    for sitting in all.skip(2) {
        assert_eq!(sitting.read().await["points"], 2);
    }
    let nothing = regrade(&owner, input).await;
    assert_eq!(nothing.data("/quizRegrade/regrade/changedCount"), &json!(0));
}

#[tokio::test]
async fn after_a_regrade_reviews_tell_the_corrected_key_whether_or_not_it_earned_other_points() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = course(&app, &author).await;
    let gains = answered(&app, &course, ["let", "const"]).await;
    let stays = answered(&app, &course, ["let", "x"]).await;
    correct(&author, &course, ["let", "const"]).await;
    let told = async || {
        let mut told = Vec::new();
        for sitting in [&gains, &stays] {
            let attempt = sitting.read().await;
            let review = &attempt["items"][1]["review"];
            assert_eq!(review["right"].as_array().unwrap().len(), 1);
            told.push((review["isRight"].clone(), review["right"][0]["text"].clone()));
        }
        told
    };
    let before = vec![(json!(false), json!("mut")), (json!(false), json!("mut"))];
    assert_eq!(told().await, before);
    let mut input = json!({ "courseId": course.id, "quizId": course.quiz, "reason": "The key was wrong." });
    assert_eq!(regrade(&owner, input.clone()).await.codes(), "");
    assert_eq!(told().await, before, "a dry run changes nothing");
    input["dryRun"] = json!(false);
    let done = regrade(&owner, input).await;
    assert_eq!(done.data("/quizRegrade/regrade/changedCount"), &json!(1));
    assert_eq!(
        told().await,
        [(json!(true), json!("const")), (json!(false), json!("const"))]
    );
}

#[tokio::test]
async fn a_question_that_is_asked_otherwise_keeps_its_grade() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One", "Many", "Word", "Program"]).await;
    sitting.submit().await;
    // The same quiz with other questions.
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code } } }";
    let quiz = json!({ "questions": questions(&[], ["a", "b"]) });
    assert_eq!(
        author
            .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
            .await
            .codes(),
        ""
    );
    factory::publish(&author, &course.id).await;
    let input =
        json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "Nothing." });
    let reply = regrade(&owner, input).await;
    let counts = reply.data("/quizRegrade/regrade");
    assert_eq!(
        (&counts["attemptCount"], &counts["changedCount"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(sitting.read().await["points"], 4);
}

#[tokio::test]
async fn who_may_not_regrade_and_what_cannot_be_changes_nothing() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = course(&app, &author).await;
    let other = quiz::course(&app, &author, 1, json!({})).await;
    let sitting = answered(&app, &course, ["let", "const"]).await;
    correct(&author, &course, ["let", "const"]).await;
    let stranger = app.elsewhere().await.owner().await;
    let input = json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "Mine." });
    for (who, code) in [
        (&sitting.learner.client, "FORBIDDEN"),
        (&author.client, "FORBIDDEN"),
        (&app.member("instructor").await.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(regrade(who, input.clone()).await.codes(), code);
    }
    for (field, value, code) in [
        ("courseId", json!("crs_"), "NOT_FOUND"),
        ("quizId", json!(other.quiz), "NOT_FOUND"),
        ("quizId", json!(other.texts[0]), "NOT_FOUND"),
        ("revision", json!(9), "NOT_FOUND"),
        ("reason", json!(""), "INVALID"),
    ] {
        let mut input = input.clone();
        input[field] = value;
        let reply = regrade(&owner, input).await;
        assert_eq!(reply.codes(), code, "{field}");
        assert_eq!(reply.data("/quizRegrade/userErrors/0/field"), &json!([field]));
    }
    assert_eq!(sitting.read().await["points"], 1);
    assert_eq!(happened(&app, "quiz.regraded").await, 0);
}

#[tokio::test]
async fn a_regrade_takes_as_many_statements_for_many_attempts_as_for_few() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let mut counts = Vec::new();
    for learners in [1, 40] {
        let course = course(&app, &author).await;
        let sitting = answered(&app, &course, ["let", "const"]).await;
        copy(&app, &course, learners).await;
        correct(&author, &course, ["let", "const"]).await;
        let document = "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { regrade { changedCount } userErrors { code } } }";
        let input =
            json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "All." });
        let (answer, statements) =
            super::support::learning::statements(&app, &owner, document, json!({ "input": input })).await;
        assert_eq!(
            answer["quizRegrade"]["regrade"]["changedCount"], learners,
            "{answer}"
        );
        assert_eq!(sitting.read().await["points"], 2);
        counts.push(statements);
    }
    assert_eq!(
        counts[0], counts[1],
        "the one who completes the quiz, and the chunk: the others had completed it"
    );
}

#[tokio::test]
async fn a_learner_who_completes_the_quiz_by_a_regrade_takes_one_statement_more() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let mut counts = Vec::new();
    for learners in [1, 3] {
        let course = course(&app, &author).await;
        for _ in 0..learners {
            answered(&app, &course, ["let", "const"]).await;
        }
        correct(&author, &course, ["let", "const"]).await;
        let document = "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { regrade { newlyPassedCount } userErrors { code } } }";
        let input =
            json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "All." });
        let (answer, statements) =
            super::support::learning::statements(&app, &owner, document, json!({ "input": input })).await;
        assert_eq!(
            answer["quizRegrade"]["regrade"]["newlyPassedCount"], learners,
            "{answer}"
        );
        counts.push(statements);
    }
    assert_eq!(counts[1], counts[0] + 2);
}

/// Attempts like the first of a course, of enrolments like its own, until there are so many.
async fn copy(app: &TestApp, course: &factory::Course, learners: usize) {
    let copies = format!(
        "create temporary table copies on commit drop as select n, gen_random_uuid() as enrollment, gen_random_uuid() as attempt, \
         gen_random_uuid() as member from generate_series(2, {learners}) n; \
         insert into memberships (org_id, id, user_id, role_id, state, name, email) select m.org_id, c.member, u.id, m.role_id, 'active', 'Copy', u.email \
         from copies c cross join lateral (select * from door.provision_account('Copy', 'of ' || c.n)) u cross join memberships m \
         where m.id = (select member_id from attempts where course_id = '{course}' limit 1); \
         insert into enrollments (org_id, id, course_id, member_id, revision_id, source, unit_count, state, completed_at, units_completed) \
         select e.org_id, c.enrollment, e.course_id, c.member, e.revision_id, 'staff', e.unit_count, 'completed', now(), e.unit_count \
         from copies c cross join enrollments e where e.course_id = '{course}'; \
         insert into unit_progress select e.org_id, c.enrollment, a.unit_id, 'completed', 0, 0, null, now() \
         from copies c join enrollments e on e.id = c.enrollment cross join (select unit_id from attempts where course_id = '{course}' limit 1) a; \
         insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, seed, submitted_at, points, \
         max_points, pass_points) select a.org_id, c.attempt, c.enrollment, a.unit_id, a.course_id, a.revision_id, c.member, 1, a.state, a.seed, \
         a.submitted_at, a.points, a.max_points, a.pass_points from copies c cross join attempts a where a.course_id = '{course}'; \
         insert into attempt_answers (org_id, attempt_id, question_id, answer, points) select s.org_id, c.attempt, s.question_id, s.answer, s.points \
         from copies c cross join attempt_answers s join attempts a on a.org_id = s.org_id and a.id = s.attempt_id \
         where a.course_id = '{course}' and s.attempt_id not in (select attempt from copies)",
        course = course_uuid(course)
    );
    factory::sql(app, &copies).await;
}

fn course_uuid(course: &factory::Course) -> uuid::Uuid {
    use lyceum::kernel::ids::{CourseKey, Key};
    CourseKey::parse(&course.id).unwrap().id.0
}
