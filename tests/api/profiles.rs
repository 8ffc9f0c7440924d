//! What people say of themselves, and who sees it.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::{TestApp, factory, servers};
use futures_util::future::join_all;
use serde_json::{Value, json};

const DETAILS: &str = "bio education experience goals phone avatarUrl company jobTitle username country";

/// Nothing said.
fn nothing() -> Value {
    DETAILS.split(' ').map(|detail| (detail, Value::Null)).collect()
}

async fn update(who: &Client, input: &Value) -> Reply {
    let answer = format!("viewer {{ profile {{ {DETAILS} }} profileVisibilities {{ detail visibility }} }}");
    who.mutate("profileUpdate", input, &answer).await
}

async fn own(who: &Client) -> Value {
    let reply = who
        .run(&format!("{{ viewer {{ profile {{ {DETAILS} }} }} }}"))
        .await;
    reply.data("/viewer/profile").clone()
}

/// What somebody sees of a member; null where they do not see the member.
async fn seen(who: &Client, member: &Person) -> Value {
    let document =
        format!("query($id: ID!) {{ node(id: $id) {{ ... on Member {{ profile {{ {DETAILS} }} }} }} }}");
    let reply = who
        .run_with(&document, json!({ "id": member.member.to_string() }))
        .await;
    reply.body["data"]["node"]["profile"].clone()
}

fn for_members(details: &[&str]) -> Value {
    let shown = |detail: &&str| json!({ "detail": detail, "visibility": "MEMBERS" });
    details.iter().map(shown).collect()
}

/// A user name that nobody else has.
fn username(app: &TestApp) -> String {
    format!("ada_{}", &app.app.clock.uuid().simple().to_string()[12..])
}

/// How many details of somebody are stored.
async fn stored(person: &Person) -> i64 {
    let count = "select count(*) from profile_details where user_id::text = $1";
    let admin = servers::admin().await;
    admin
        .query_one(count, &[&person.user.0.to_string()])
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn everything_can_be_said_changed_and_taken_back() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    assert_eq!(own(&person).await, nothing());
    let name = username(&app);
    let said = json!({ "bio": "I count.\nStill.", "education": "Mathematics", "experience": "Engines", "goals": "Rust", "phone": "+43 (1) 234-567",
        "avatarUrl": "https://pictures.example/ada.png", "company": " Analytical ", "jobTitle": "Programmer", "username": name.to_uppercase(),
        "country": "GB" });
    let reply = update(&person, &said).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let mut profile = said.clone();
    profile["phone"] = json!("+431234567");
    profile["company"] = json!("Analytical");
    profile["username"] = json!(name);
    assert_eq!(reply.data("/profileUpdate/viewer/profile"), &profile);
    let visibilities = reply.data("/profileUpdate/viewer/profileVisibilities");
    let visibilities = visibilities.as_array().unwrap();
    assert_eq!(visibilities.len(), 10);
    assert!(visibilities.iter().all(|shown| shown["visibility"] == "PRIVATE"));
    // What is left out stays; null and an empty text take back.
    let reply = update(
        &person,
        &json!({ "bio": null, "goals": " ", "company": "Engines" }),
    )
    .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    profile["bio"] = Value::Null;
    profile["goals"] = Value::Null;
    profile["company"] = json!("Engines");
    assert_eq!(own(&person).await, profile);
    assert_eq!(stored(&person).await, 8);
    assert_eq!(update(&person, &nothing()).await.codes(), "");
    assert_eq!((own(&person).await, stored(&person).await), (nothing(), 0));
}

#[tokio::test]
async fn each_detail_is_seen_by_whom_its_person_lets_see_it() {
    let app = TestApp::new().await;
    let (person, owner, fellow) = (app.learner().await, app.owner().await, app.learner().await);
    let stranger = app.elsewhere().await.owner().await;
    let said = json!({ "bio": "I count.", "phone": "+431234567", "visibilities": for_members(&["BIO"]) });
    let reply = update(&person, &said).await;
    assert_eq!(
        reply.data("/profileUpdate/viewer/profileVisibilities"),
        &json!([{ "detail": "BIO", "visibility": "MEMBERS" }, { "detail": "PHONE", "visibility": "PRIVATE" }])
    );
    let mut shown = nothing();
    shown["bio"] = json!("I count.");
    assert_eq!(seen(&owner, &person).await, shown);
    assert_eq!(seen(&person, &person).await, shown, "what others see");
    // Who does not see the member sees nothing of them.
    for who in [&fellow.client, &stranger.client, &app.anonymous()] {
        assert_eq!(seen(who, &person).await, Value::Null);
    }
    // The text alone is changed, then who sees it alone.
    update(&person, &json!({ "bio": "I programme." })).await;
    shown["bio"] = json!("I programme.");
    assert_eq!(seen(&owner, &person).await, shown);
    let private = json!({ "visibilities": [{ "detail": "BIO", "visibility": "PRIVATE" }] });
    assert_eq!(update(&person, &private).await.codes(), "");
    assert_eq!(seen(&owner, &person).await, nothing());
    assert_eq!(own(&person).await["bio"], "I programme.");
    // What is taken back and said again is private again.
    for input in [
        json!({ "visibilities": for_members(&["BIO"]) }),
        json!({ "bio": null }),
        json!({ "bio": "Again." }),
    ] {
        assert_eq!(update(&person, &input).await.codes(), "");
    }
    assert_eq!(seen(&owner, &person).await, nothing());
}

#[tokio::test]
async fn the_database_itself_shows_others_only_what_is_for_members() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let said = json!({ "bio": "I count.", "phone": "+431234567", "visibilities": for_members(&["BIO"]) });
    assert_eq!(update(&person, &said).await.codes(), "");
    let rows = format!("profile_details where user_id = '{}'", person.user.0);
    assert_eq!(factory::count(&app, &rows).await, 1);
    assert_eq!(factory::count(&app.elsewhere().await, &rows).await, 0);
    let hidden = format!(
        "update profile_details set value = 'x' where user_id = '{}'",
        person.user.0
    );
    factory::change(&app, &hidden).await;
    assert_eq!(own(&person).await["bio"], "I count.", "nobody else writes it");
}

#[tokio::test]
async fn who_leaves_takes_their_profile_along() {
    let app = TestApp::new().await;
    let (owner, suspended, gone) = (app.owner().await, app.learner().await, app.learner().await);
    for person in [&suspended, &gone] {
        let said = json!({ "bio": "I count.", "visibilities": for_members(&["BIO"]) });
        assert_eq!(update(person, &said).await.codes(), "");
        assert_eq!(seen(&owner, person).await["bio"], "I count.");
    }
    let input = json!({ "memberId": suspended.member.to_string() });
    owner.does("membershipSuspend", input).await;
    let input = json!({ "memberId": gone.member.to_string(), "policy": "ANONYMISE" });
    owner.does("membershipOffboard", input).await;
    for person in [&suspended, &gone] {
        assert_eq!(seen(&owner, person).await, nothing());
        assert_eq!(own(person).await["bio"], "I count.", "it is their own");
    }
    // What hangs on an account goes with it.
    let kept = "select count(*) from pg_constraint where conrelid = 'profile_details'::regclass and contype = 'f' and confdeltype <> 'c'";
    let kept: i64 = servers::admin().await.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_every_fault_and_changes_nothing() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let before = json!({ "bio": "I count.", "visibilities": for_members(&["BIO"]) });
    assert_eq!(update(&person, &before).await.codes(), "");
    let state = servers::state_of(app.org).await;
    for (detail, bad) in [
        ("bio", json!("x".repeat(2_001))),
        ("goals", json!("x".repeat(2_001))),
        ("company", json!("x".repeat(201))),
        ("jobTitle", json!("one\nand two")),
        ("phone", json!("01 234567")),
        ("phone", json!("+43 call me")),
        ("phone", json!("+1234567890123456")),
        ("avatarUrl", json!("http://pictures.example/ada.png")),
        ("avatarUrl", json!("https://ada:secret@pictures.example/")),
        ("username", json!("ad")),
        ("username", json!("ada lovelace")),
        ("username", json!("a".repeat(31))),
        ("country", json!("Austria")),
        ("country", json!("at")),
        ("firstName", json!(" ")),
    ] {
        let reply = update(&person, &json!({ "education": "Mathematics", detail: bad })).await;
        assert_eq!(reply.codes(), "INVALID", "{detail}: {:#}", reply.body);
        assert_eq!(reply.data("/profileUpdate/userErrors/0/field"), &json!([detail]));
        assert_eq!(servers::state_of(app.org).await, state, "{detail}");
    }
    for visibilities in [
        for_members(&["BIO", "BIO"]),
        for_members(&["BIO", "PHONE"]),
        json!([{ "detail": "BIO", "visibility": "PRIVATE" }, { "detail": "GOALS", "visibility": "PRIVATE" }]),
    ] {
        let reply = update(&person, &json!({ "bio": "New.", "visibilities": visibilities })).await;
        assert_eq!(reply.codes(), "INVALID", "{:#}", reply.body);
        let field = json!(["visibilities", "1", "detail"]);
        assert_eq!(reply.data("/profileUpdate/userErrors/0/field"), &field);
        assert_eq!(servers::state_of(app.org).await, state);
    }
    let all = json!({ "lastName": "", "phone": "1", "country": "1", "username": "!" });
    assert_eq!(
        update(&person, &all).await.codes(),
        "INVALID,INVALID,INVALID,INVALID"
    );
    assert_eq!(update(&app.anonymous(), &before).await.codes(), "UNAUTHENTICATED");
    assert_eq!(servers::state_of(app.org).await, state);
}

#[tokio::test]
async fn of_ten_who_want_a_user_name_at_once_one_gets_it_however_it_is_written() {
    let app = TestApp::new().await;
    let people = join_all((0..10).map(|_| app.learner())).await;
    let name = username(&app);
    let wanted = |at: usize| {
        if at.is_multiple_of(2) {
            name.clone()
        } else {
            name.to_uppercase()
        }
    };
    let replies = join_all(people.iter().enumerate().map(|(at, person)| async move {
        let input = json!({ "username": wanted(at), "bio": "I count." });
        update(person, &input).await
    }))
    .await;
    let (mut won, mut lost) = (0, 0);
    for (person, reply) in people.iter().zip(&replies) {
        if reply.codes().is_empty() {
            won += 1;
            continue;
        }
        lost += 1;
        assert_eq!(reply.codes(), "TAKEN", "{:#}", reply.body);
        assert_eq!(
            reply.data("/profileUpdate/userErrors/0/field"),
            &json!(["username"])
        );
        assert_eq!(own(person).await, nothing());
    }
    assert_eq!((won, lost), (1, 9));
    // One's own is kept, and what was given up is free.
    let has_it = |(_, reply): &(&Person, &Reply)| reply.codes().is_empty();
    let (holder, _) = people.iter().zip(&replies).find(has_it).unwrap();
    assert_eq!(update(holder, &json!({ "username": name })).await.codes(), "");
    assert_eq!(update(holder, &json!({ "username": null })).await.codes(), "");
    let other = app.learner().await;
    assert_eq!(update(&other, &json!({ "username": name })).await.codes(), "");
}

#[tokio::test]
async fn the_profiles_of_a_page_of_members_are_one_statement_and_of_nobody_who_is_not_asked() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let page = |fields: &str| {
        let document = format!(
            "query($id: ID!) {{ organization(id: $id) {{ members(first: 50) {{ nodes {{ name {fields} }} }} }} }}"
        );
        let owner = owner.client.clone();
        let id = app.org_id();
        async move { owner.run_with(&document, json!({ "id": id })).await.statements() }
    };
    for _ in 0..5 {
        let said = json!({ "bio": "I count.", "visibilities": for_members(&["BIO"]) });
        assert_eq!(update(&app.learner().await.client, &said).await.codes(), "");
    }
    page("").await;
    let without = page("").await;
    assert_eq!(page("profile { bio phone }").await, without + 1);
}
