//! What the pieces cost that every request is made of.

#[path = "operations/content.rs"]
mod content;

use content::{answer_keys, chosen, content};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lyceum::auth::org_policies::OwnPolicies;
use lyceum::auth::permission::Permission;
use lyceum::auth::policy::{Facts, Kind, Policies, Question, Relation};
use lyceum::auth::roles::BUILT_IN;
use lyceum::auth::standing::OrgStanding;
use lyceum::domain::attempts::grade::{Answers, grade};
use lyceum::domain::content::compiled::{FORMAT, StoredRevision};
use lyceum::domain::content::{Revision, UnitBody};
use lyceum::graphql::front::{DocumentLimits, Front};
use lyceum::graphql::schema::sdl;
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{
    CourseId, CourseKey, Key, MemberId, MemberKey, OrgId, RevisionId, RevisionKey, UnitId, UnitKey,
};
use lyceum::kernel::keyring::Keyring;
use lyceum::kernel::page::{PageArgs, write_cursor};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const OUTLINE: &str = "query($id: ID!) { course(id: $id) { id title summary unitCount modules { id title units { id title } } } }";

fn org() -> OrgId {
    OrgId(Clock::default().uuid())
}

fn decisions(criterion: &mut Criterion) {
    let policies = Policies::platform().expect("the platform's policies are valid");
    let org = org();
    let role = BUILT_IN
        .iter()
        .find(|role| role.slug == "instructor")
        .expect("it is built in");
    let standing = || {
        let member = MemberKey::new(org, MemberId(org.0));
        OrgStanding::new(member, "bench".to_owned(), role.slug.to_owned(), &role.grants())
    };
    let question = Question {
        permission: Permission::CoursesUpdate,
        facts: Facts::of(Kind::Course, org),
    };
    criterion.bench_function("decision, new", |bencher| {
        bencher.iter_batched(
            standing,
            |standing| policies.decide(&standing, question),
            BatchSize::SmallInput,
        );
    });
    let known = standing();
    criterion.bench_function("decision, remembered", |bencher| {
        bencher.iter(|| policies.decide(black_box(&known), question));
    });
    let source: String = (0..60).map(own_policy).collect();
    let own = Arc::new(policies.read(&source).expect("the policies are valid"));
    criterion.bench_function(
        "page of 50 rows with 6 decisions each, 60 own policies",
        |bencher| {
            bencher.iter_batched(
                || standing().under(OwnPolicies::Read(own.clone())),
                |standing| page(&policies, &standing),
                BatchSize::SmallInput,
            );
        },
    );
    criterion.bench_function("60 own policies, read", |bencher| {
        bencher.iter(|| policies.read(black_box(&source)));
    });
}

/// A policy that an organisation might have, on one of six permissions.
fn own_policy(number: usize) -> String {
    let action = ASKED[number % ASKED.len()].as_str();
    format!(
        "@id(\"p{number}\") forbid (principal is Member, action == Action::\"{action}\", resource) \
         when {{ principal.role == \"role-{number}\" && !context.taught }};\n"
    )
}

/// What is asked about each row.
const ASKED: [Permission; 6] = [
    Permission::CoursesUpdate,
    Permission::CoursesPublish,
    Permission::EnrollmentsManage,
    Permission::AttemptsTake,
    Permission::MembersManage,
    Permission::InvitationsManage,
];

/// Decides for 50 rows, each of which the actor may stand otherwise to.
fn page(policies: &Policies, who: &OrgStanding) -> usize {
    let row = |number: u32| Relation {
        own: number.is_multiple_of(10),
        taught: number.is_multiple_of(2),
        managed: number.is_multiple_of(3),
    };
    let rows = (0..50).flat_map(|number| ASKED.map(|permission| (permission, row(number))));
    let allowed = rows.filter(|(permission, relation)| {
        let facts = Facts::of(policies.kinds(*permission)[0], who.org).related(*relation);
        let permission = *permission;
        policies.decide(who, Question { permission, facts }).allowed
    });
    allowed.count()
}

fn documents(criterion: &mut Criterion) {
    let front = Front::new(&sdl(), DocumentLimits::default()).expect("the schema is valid");
    let mut number = 0_u32;
    criterion.bench_function("document, new", |bencher| {
        bencher.iter(|| {
            number += 1;
            front.prepare(&format!("{OUTLINE} # {number}"))
        });
    });
    criterion.bench_function("document, known", |bencher| {
        bencher.iter(|| front.prepare(black_box(OUTLINE)));
    });
    let prepared = front.prepare(OUTLINE).expect("it fits the schema");
    let operation = prepared.operation(None).expect("there is one");
    let Value::Object(variables) = json!({ "id": CourseKey::new(org(), CourseId(org().0)).to_string() })
    else {
        unreachable!("an object is an object")
    };
    criterion.bench_function("document, admitted", |bencher| {
        bencher.iter(|| operation.admit(black_box(variables.clone())));
    });
}

fn contents(criterion: &mut Criterion) {
    let clock = Clock::default();
    let content = content(&clock, "A course".to_owned());
    let org = org();
    let stored = StoredRevision {
        key: RevisionKey::new(org, RevisionId(clock.uuid())),
        course: CourseKey::new(org, CourseId(clock.uuid())),
        number: 1,
        published_at: clock.now(),
        format: FORMAT,
        content: serde_json::to_string(&content).expect("content serialises"),
    };
    criterion.bench_function(
        &format!("revision of {} kB, read", stored.content.len() / 1_000),
        |bencher| {
            bencher.iter(|| Revision::read(black_box(&stored)));
        },
    );
    let keys = answer_keys(&content);
    let units = content.modules.iter().flat_map(|module| &module.units);
    let questions = units.filter_map(|unit| match &unit.body {
        UnitBody::Quiz { questions, .. } => Some(questions.clone()),
        _ => None,
    });
    let questions: Vec<_> = questions.flatten().collect();
    let answers: Answers = questions
        .iter()
        .map(|(question, _)| (*question, chosen("o2")))
        .collect();
    criterion.bench_function(&format!("{} answers, graded", answers.len()), |bencher| {
        bencher.iter(|| grade(black_box(&answers), &questions, &keys));
    });
}

fn names(criterion: &mut Criterion) {
    let key = UnitKey::new(CourseKey::new(org(), CourseId(org().0)), UnitId(org().0));
    let text = key.to_string();
    criterion.bench_function("identifier, written", |bencher| {
        bencher.iter(|| black_box(key).to_string());
    });
    criterion.bench_function("identifier, read", |bencher| {
        bencher.iter(|| UnitKey::parse(black_box(&text)));
    });
    let keyring = Keyring::parse(&"5a".repeat(32)).expect("a key of 64 digits");
    let values = ["A course".to_owned(), org().0.to_string()];
    criterion.bench_function("cursor, written", |bencher| {
        bencher.iter(|| write_cursor(&keyring, "courses", black_box(&values)));
    });
    let page = PageArgs {
        after: Some(write_cursor(&keyring, "courses", &values)),
        ..PageArgs::default()
    };
    criterion.bench_function("cursor, read", |bencher| {
        bencher.iter(|| black_box(&page).check(&keyring, "courses"));
    });
}

criterion_group! {
    name = pieces;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = decisions, documents, contents, names
}
criterion_main!(pieces);
