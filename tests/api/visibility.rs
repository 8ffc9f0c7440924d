//! The condition in SQL and the policies say the same of every learning record, and lists below lists stay one statement.

use super::support::learning::enroll;
use super::support::{TestApp, factory};
use lyceum::auth::allowed::{Actor, Gate, Protected};
use lyceum::auth::credential::Credential;
use lyceum::auth::permission::{Permission, Reach};
use lyceum::auth::standing::{OrgStanding, Standing, Viewer};
use lyceum::db::pool::Statements;
use lyceum::db::{Reader, Scope, Tx};
use lyceum::domain::certificates::CertificateFilter;
use lyceum::domain::enrollments::{EnrollmentFilter, store};
use lyceum::domain::record_lists::{ListOf, PageOf, Parent, Seen};
use lyceum::domain::visibility::View;
use lyceum::kernel::ids::{CourseKey, EnrollmentKey, Key, MemberKey, SessionId};
use lyceum::kernel::page::Page;
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

fn reaches() -> impl Iterator<Item = Reach> {
    (0..16).map(|bits| Reach {
        all: bits & 1 > 0,
        taught: bits & 2 > 0,
        managed: bits & 4 > 0,
        own: bits & 8 > 0,
    })
}

fn standing(app: &TestApp, member: MemberKey, reach: Reach) -> OrgStanding {
    let grants = json!({ "learning_records.read": reach.words().collect::<Vec<_>>() });
    OrgStanding::new(member, app.slug.clone(), "any".into(), &grants)
}

fn first(size: i64) -> Page {
    Page {
        size,
        backward: false,
        after: None,
        before: None,
    }
}

#[tokio::test]
async fn what_sql_shows_is_what_the_policies_allow_for_every_reach_and_relation() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (taught, other) = (
        factory::published_course(&app, &author, 0).await,
        factory::published_course(&app, &author, 0).await,
    );
    let (me, managed, stranger) = (
        app.member("instructor").await,
        app.learner().await,
        app.learner().await,
    );
    let peer = app.learner().await;
    factory::teaches(&app, me.member, &taught.id).await;
    factory::teaches(&app, stranger.member, &other.id).await;
    factory::group(&app, me.member, &[managed.member]).await;
    // I am in this group, but do not manage it.
    factory::group(&app, stranger.member, &[peer.member, me.member]).await;
    let mut keys = Vec::new();
    for learner in [&me, &managed, &stranger, &peer] {
        for course in [&taught, &other] {
            keys.push(EnrollmentKey::parse(&enroll(learner, &course.id).await).unwrap());
        }
    }
    let scope = Scope::one(Some(me.user), app.org);
    let mut sizes = BTreeSet::new();
    for reach in reaches() {
        let tx = Tx::begin(&app.app.db, &scope, &Statements::default())
            .await
            .unwrap();
        let actor = Actor::Member(standing(&app, me.member, reach).into());
        let gate = Gate::new(tx.conn(), &app.app.policies, actor);
        let mut allowed = HashSet::new();
        for key in &keys {
            let seen = store::find_for_write(&gate, *key).await.unwrap().unwrap();
            if gate.decide(Permission::LearningRecordsRead, seen.facts()).allowed {
                allowed.insert(*key);
            }
        }
        tx.rollback().await.unwrap();

        let reader = Reader::new(app.app.db.clone(), scope.clone(), Statements::default());
        let view = View {
            org: app.org,
            member: me.member.id,
            reach,
        };
        let mut found = HashSet::new();
        for key in &keys {
            found.extend(
                reader
                    .fetch(Seen { key: *key, view })
                    .await
                    .unwrap()
                    .map(|row| row.key),
            );
        }
        let list = ListOf {
            parent: Parent::Organization(app.org),
            view,
            filter: EnrollmentFilter::default(),
        };
        let page = PageOf::new(list, first(100)).unwrap();
        let listed: HashSet<_> = reader
            .fetch(page)
            .await
            .unwrap()
            .unwrap()
            .rows
            .iter()
            .map(|row| row.key)
            .collect();
        let counted = reader.fetch(list).await.unwrap().unwrap();
        reader.close().await;
        assert_eq!(found, allowed, "{reach:?}");
        assert_eq!(listed, allowed, "{reach:?}");
        assert_eq!(usize::try_from(counted).unwrap(), allowed.len(), "{reach:?}");
        sizes.insert(allowed.len());
    }
    assert_eq!(
        sizes,
        BTreeSet::from([0, 2, 4, 5, 6, 8]),
        "the reaches differ: {sizes:?}"
    );
}

#[tokio::test]
async fn the_pages_of_many_members_are_one_statement_and_those_of_each_alone() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let mut courses = Vec::new();
    for _ in 0..3 {
        courses.push(factory::published_course(&app, &author, 0).await);
    }
    let mut members = Vec::new();
    for taken in 0..4 {
        let learner = app.learner().await;
        for course in &courses[..taken] {
            enroll(&learner, &course.id).await;
        }
        members.push(learner);
    }
    let owner = app.owner().await;
    let reach = Reach {
        all: true,
        ..Reach::NONE
    };
    let view = View::standing(
        &standing(&app, owner.member, reach),
        Permission::LearningRecordsRead,
    );
    let list = |parent| ListOf {
        parent,
        view,
        filter: EnrollmentFilter::default(),
    };
    let scope = Scope::one(Some(owner.user), app.org);
    let statements = Statements::default();
    let reader = Reader::new(app.app.db.clone(), scope.clone(), statements.clone());
    let pages = members
        .iter()
        .map(|learner| reader.fetch(PageOf::new(list(Parent::Member(learner.member)), first(2)).unwrap()));
    let pages = futures_util::future::try_join_all(pages).await.unwrap();
    assert_eq!(statements.count(), 1);
    for (taken, page) in pages.into_iter().enumerate() {
        let page = page.unwrap();
        let found: Vec<_> = page.rows.iter().map(|row| row.course_key()).collect();
        let newest = courses[..taken].iter().rev().take(2);
        let expected: Vec<_> = newest
            .map(|course| CourseKey::parse(&course.id).unwrap())
            .collect();
        assert_eq!(found, expected);
        assert_eq!((page.has_next, page.has_previous), (taken > 2, false));
        assert!(
            page.rows
                .iter()
                .all(|row| row.member_key() == members[taken].member)
        );
    }
    let counts = members
        .iter()
        .map(|learner| reader.fetch(list(Parent::Member(learner.member))));
    let counts = futures_util::future::try_join_all(counts).await.unwrap();
    assert_eq!(counts, [Some(0), Some(1), Some(2), Some(3)]);
    let of_courses = courses.iter().map(|course| {
        let parent = Parent::Course(CourseKey::parse(&course.id).unwrap());
        reader.fetch(list(parent))
    });
    let of_courses = futures_util::future::try_join_all(of_courses).await.unwrap();
    assert_eq!(of_courses, [Some(3), Some(2), Some(1)]);
    assert_eq!(statements.count(), 3);
    let certificates = ListOf {
        parent: Parent::Member(members[0].member),
        view,
        filter: CertificateFilter::default(),
    };
    assert_eq!(reader.fetch(certificates).await.unwrap(), Some(0));
    reader.close().await;
}

#[tokio::test]
async fn a_viewers_own_list_joins_their_organisations_and_nobody_elses_records() {
    let app = TestApp::new().await;
    let there = app.elsewhere().await;
    let person = app.learner().await;
    let again = factory::member(&app.app, there.org, person.user, &person.email, "admin").await;
    let mut expected = Vec::new();
    for place in [&app, &there] {
        let author = place.member("author").await;
        let course = factory::published_course(place, &author, 0).await;
        enroll(&place.learner().await, &course.id).await;
        expected.insert(
            0,
            EnrollmentKey::parse(&enroll(&person, &course.id).await).unwrap(),
        );
    }
    let own = Reach {
        own: true,
        ..Reach::NONE
    };
    let all = Reach {
        all: true,
        ..Reach::NONE
    };
    let viewer = Viewer::Person(Arc::new(Standing {
        user: person.user,
        credential: Credential::Session(SessionId(person.user.0)),
        expires_at: app.app.clock.now(),
        authenticated_at: app.app.clock.now(),
        last_used_at: app.app.clock.now(),
        orgs: vec![
            Arc::new(standing(&app, person.member, own)),
            Arc::new(standing(&there, again, all)),
        ],
    }));
    let statements = Statements::default();
    for (viewer, expected) in [(viewer, expected), (Viewer::Anonymous, Vec::new())] {
        let reader = Reader::new(app.app.db.clone(), viewer.scope(), statements.clone());
        let filter = EnrollmentFilter::default();
        let page = store::list_own(&reader, &viewer, filter, &first(10))
            .await
            .unwrap();
        let found: Vec<_> = page.rows.iter().map(|row| row.key).collect();
        assert_eq!(found, expected);
        let count = store::count_own(&reader, &viewer, filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len());
        reader.close().await;
    }
    assert_eq!(statements.count(), 4);
}
