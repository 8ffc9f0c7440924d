//! What learners do while somebody holds their course for a write.

use super::support::learning::enroll;
use super::support::{TestApp, factory};
use diesel::sql_types::{Integer, Uuid};
use diesel_async::RunQueryDsl;
use futures_util::future::join;
use lyceum::db::Statement;
use lyceum::domain::courses::store::{find_for_write, find_to_hold};
use lyceum::domain::mutate::by_system;
use lyceum::kernel::ids::{CourseKey, EnrollmentKey, Key};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_a_course_does_not_wait_for_who_changes_it_nor_who_joins_it_for_who_regrades() {
    let app = TestApp::new().await;
    let (author, learner, newcomer) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    for is_changed in [true, false] {
        let (key, both) = (CourseKey::parse(&course.id).unwrap(), Arc::new(Barrier::new(2)));
        let at = both.clone();
        let holds = by_system(&app.app, app.org, "hold", move |write| {
            Box::pin(async move {
                let found = if is_changed {
                    find_for_write(&write.gate, key).await?
                } else {
                    find_to_hold(&write.gate, key).await?
                };
                assert!(found.is_some());
                at.wait().await;
                at.wait().await;
                Ok(())
            })
        });
        let goes_on = async {
            both.wait().await;
            let bookmark = json!({ "enrollmentId": enrollment, "unitId": course.texts[0], "note": "Kept." });
            let kept = learner.mutate("bookmarkSet", &bookmark, "").await;
            let review = json!({ "enrollmentId": enrollment, "stars": 4, "text": "Good." });
            let said = learner.mutate("reviewSet", &review, "").await;
            if !is_changed {
                enroll(&newcomer, &course.id).await;
            }
            both.wait().await;
            for reply in [kept, said] {
                assert_eq!(reply.codes(), "", "{:#}", reply.body);
            }
        };
        let (held, ()) = join(holds, goes_on).await;
        held.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_waits_for_the_course_before_it_holds_the_enrolment() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    factory::publish(&author, &course.id).await;
    let key = CourseKey::parse(&course.id).unwrap();
    let enrolled = EnrollmentKey::parse(&enrollment).unwrap();
    let both = Arc::new(Barrier::new(2));
    let at = both.clone();
    let holds = by_system(&app.app, app.org, "hold", move |write| {
        Box::pin(async move {
            find_for_write(&write.gate, key).await?;
            at.wait().await;
            // Until the upgrade waits for the course.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let lock = Statement::<Integer>::new(
                "select 1 from enrollments where org_id = ? and id = ? for no key update nowait",
            );
            let lock = lock.bind::<Uuid, _>(enrolled.org).bind::<Uuid, _>(enrolled.id);
            let _: i32 = lock.get_result(&mut write.gate.conn()).await?;
            Ok(())
        })
    });
    let moves = async {
        both.wait().await;
        let input = json!({ "enrollmentId": enrollment });
        learner.mutate("enrollmentRevisionUpgrade", &input, "").await
    };
    let (held, upgraded) = join(holds, moves).await;
    held.unwrap().unwrap();
    assert_eq!(upgraded.codes(), "", "{:#}", upgraded.body);
}
