//! What is taken away while learners are at work: their work is done or refused, and nothing is half gone.

use super::support::learning::{self, act};
use super::support::quiz::{self, Sitting, happened, states};
use super::support::{TestApp, factory};
use futures_util::future::{join, join_all};
use lyceum::domain::attempts::AttemptState::{Graded, InProgress};
use serde_json::json;

/// Learners whose course, and nothing else, is changed under them.
const STAYING: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_submits_while_the_course_is_taken_apart_is_graded_once_or_refused() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let mut sittings = Vec::new();
    for _ in 0..STAYING + 2 {
        let sitting = Sitting::new(&app, &course).await;
        sitting.answer(&["One", "Many", "Word"]).await;
        sittings.push(sitting);
    }
    let (removed, leaving) = (&sittings[STAYING], &sittings[STAYING + 1]);
    let removals = async {
        let member = json!({ "memberId": removed.learner.member.to_string() });
        let course_gone = async {
            author.does("unitDelete", json!({ "id": course.quiz })).await;
            author.does("moduleDelete", json!({ "id": course.module })).await;
            author.does("courseArchive", json!({ "id": course.id })).await;
        };
        let left = act(
            &leaving.learner,
            "enrollmentWithdraw",
            &leaving.enrollment,
            json!({}),
        );
        let ((), (left, ())) = join(course_gone, join(left, owner.does("membershipRemove", member))).await;
        // Whoever has completed the course has nothing to leave any more.
        assert!(
            ["", "INVALID_STATE"].contains(&left.codes().as_str()),
            "{:#}",
            left.body
        );
    };
    let submissions = join_all(sittings.iter().map(Sitting::submit));
    let (replies, ()) = join(submissions, removals).await;

    let graded = replies.iter().filter(|reply| reply.codes().is_empty()).count();
    for reply in &replies[..STAYING] {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    for reply in &replies[STAYING..] {
        let refused = ["", "NOT_FOUND", "NOT_ENROLLED", "INVALID_STATE"];
        assert!(refused.contains(&reply.codes().as_str()), "{:#}", reply.body);
    }
    let mut expected = vec![(Graded, i64::try_from(graded).unwrap())];
    let open = i64::try_from(sittings.len() - graded).unwrap();
    if open > 0 {
        expected.push((InProgress, open));
    }
    let mut found = states(&app).await;
    found.sort_by_key(|(state, _)| *state != Graded);
    assert_eq!(found, expected);
    for kind in ["attempt.graded", "unit.completed", "certificate.issued"] {
        assert_eq!(happened(&app, kind).await, expected[0].1, "{kind}");
    }
}

/// What has to be so whatever was done at once: each rule with the rows that break it.
const RULES: &[(&str, &str)] = &[
    (
        "one open attempt at a quiz",
        "select enrollment_id from attempts where state = 'in_progress' group by enrollment_id, unit_id having count(*) > 1",
    ),
    (
        "a receipt for what is closed",
        "select id from attempts a where state in ('graded', 'needs_grading') and not exists (select from attempt_receipts r \
         where r.org_id = a.org_id and r.attempt_id = a.id)",
    ),
    (
        "the points of an attempt are those of its answers",
        "select id from attempts a where state = 'graded' and points <> (select greatest(0, coalesce(sum(s.points), 0)) from attempt_answers s \
         where s.org_id = a.org_id and s.attempt_id = a.id)",
    ),
    (
        "an enrolment counts the units that are complete",
        "select id from enrollments e where units_completed <> (select count(*) from unit_progress p where p.org_id = e.org_id \
         and p.enrollment_id = e.id and p.state = 'completed')",
    ),
    (
        "an event for each attempt and each enrolment",
        "select 1 where (select count(*) from attempts) <> (select count(*) from outbox_events where kind = 'attempt.started') \
         or (select count(*) from enrollments) <> (select count(*) from outbox_events where kind = 'enrollment.created')",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_while_a_course_is_taken_apart_is_done_whole_or_refused() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    for _ in 0..3 {
        let course = quiz::course(&app, &author, 2, json!({})).await;
        let mut sittings = Vec::new();
        for _ in 0..5 {
            sittings.push(Sitting::new(&app, &course).await);
        }
        let [saving, submitting, reading, leaving, removed] = &sittings[..] else {
            panic!("five sit at the quiz");
        };
        submitting.answer(&["One"]).await;
        let newcomer = app.learner().await;
        let joins = async {
            let joined = learning::try_to_enroll(&newcomer, &course.id, None).await;
            let started = match joined.body["data"]["enroll"]["enrollment"]["id"].as_str() {
                Some(enrollment) => quiz::start(&newcomer, enrollment, &course.quiz).await,
                None => joined.clone(),
            };
            vec![joined, started]
        };
        let writing = async {
            let (first, second) = join(
                saving.save("One", saving.right("One")),
                leaving.save("One", leaving.right("One")),
            )
            .await;
            vec![first, second, submitting.submit().await, saving.submit().await]
        };
        let reads = async {
            let done = learning::event(&course.texts[0], "COMPLETED", 1);
            let read = learning::record(&reading.learner, &reading.enrollment, &[done]).await;
            let left = act(
                &leaving.learner,
                "enrollmentWithdraw",
                &leaving.enrollment,
                json!({}),
            )
            .await;
            vec![read, left, reading.submit().await]
        };
        let staff = async {
            let regrade =
                "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { userErrors { code } } }";
            let input =
                json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "A race." });
            let member = json!({ "memberId": removed.learner.member.to_string() });
            let (regraded, ()) = join(
                owner.run_with(regrade, json!({ "input": input })),
                owner.does("membershipRemove", member),
            )
            .await;
            vec![regraded, removed.submit().await]
        };
        let taken_apart = async {
            author.does("unitDelete", json!({ "id": course.texts[1] })).await;
            factory::publish(&author, &course.id).await;
            author.does("unitDelete", json!({ "id": course.quiz })).await;
            factory::publish(&author, &course.id).await;
            author.does("courseArchive", json!({ "id": course.id })).await;
        };
        let work = join(join(joins, writing), join(reads, staff));
        let (((joined, written), (read, graded)), ()) = join(work, taken_apart).await;
        for reply in [joined, written, read, graded].concat() {
            let refused = [
                "",
                "NOT_FOUND",
                "NOT_ENROLLED",
                "NOT_PUBLISHED",
                "INVALID_STATE",
                "FORBIDDEN",
            ];
            assert!(refused.contains(&reply.codes().as_str()), "{:#}", reply.body);
        }
        for (rule, broken) in RULES {
            let broken = format!("({broken}) as broken");
            assert_eq!(factory::count(&app, &broken).await, 0, "{rule}");
        }
    }
}
