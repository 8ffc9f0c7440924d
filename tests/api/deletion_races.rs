//! What is taken away while learners are at work: their work is done or refused, and nothing is half gone.

use super::support::learning::act;
use super::support::quiz::{self, Sitting, happened, states};
use super::support::{TestApp, client::Client};
use futures_util::future::{join, join_all};
use lyceum::domain::attempts::AttemptState::{Graded, InProgress};
use serde_json::{Value, json};

/// Learners whose course, and nothing else, is changed under them.
const STAYING: usize = 6;

async fn take_away(who: &Client, mutation: &str, input: Value) {
    let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!(
        "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code message }} }} }}"
    );
    let reply = who.run_with(&document, json!({ "input": input })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
}

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
            take_away(&author, "unitDelete", json!({ "id": course.quiz })).await;
            take_away(&author, "moduleDelete", json!({ "id": course.module })).await;
            take_away(&author, "courseArchive", json!({ "id": course.id })).await;
        };
        let left = act(
            &leaving.learner,
            "enrollmentWithdraw",
            &leaving.enrollment,
            json!({}),
        );
        let ((), (left, ())) = join(
            course_gone,
            join(left, take_away(&owner, "membershipRemove", member)),
        )
        .await;
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
