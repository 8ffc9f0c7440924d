//! What words find: in courses, units and paths, for those who may know of these, and as they are published now.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::factory::Course;
use super::support::learning::statements;
use super::support::{TestApp, factory, paths};
use serde_json::{Value, json};

const SEARCH: &str = "query($words: String!, $org: ID, $first: Int) { search(query: $words, organization: $org, first: $first) { __typename \
    ... on CourseHit { excerpt excerptLanguage course { id title } } ... on UnitHit { excerpt excerptLanguage unit { id title } course { id title } } \
    ... on PathHit { excerpt path { id title } } } }";

/// Looks for words in an academy.
async fn look(app: &TestApp, who: &Client, words: &str) -> Reply {
    who.run_with(SEARCH, json!({ "words": words, "org": app.org_id() }))
        .await
}

/// What somebody finds in an academy.
async fn find(app: &TestApp, who: &Client, words: &str) -> Vec<Value> {
    let reply = look(app, who, words).await;
    reply.data("/search").as_array().unwrap().clone()
}

/// The identifiers of what was found, in its order.
fn ids(hits: &[Value]) -> Vec<&str> {
    let kinds = ["unit", "path", "course"];
    hits.iter()
        .filter_map(|hit| kinds.into_iter().find_map(|of| hit[of]["id"].as_str()))
        .collect()
}

/// Adds a text to a draft; its identifier.
async fn text(author: &Person, course: &Course, title: &str, body: &str) -> String {
    factory::unit(author, &course.module, title, json!({ "text": { "body": body } })).await
}

#[tokio::test]
async fn courses_units_and_paths_are_found_by_the_words_in_them() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 0).await;
    let summary = json!({ "id": course.id, "title": "Animals", "summary": "Where the okapi lives." });
    author.does("courseUpdate", summary).await;
    let unit = text(&author, &course, "Food", "It eats **leaves** of the quagga tree.").await;
    let task = json!({ "assignment": { "instructions": "Draw an ibex.", "maxPoints": 10, "passPoints": 5, "accepts": ["TEXT"] } });
    let task = factory::unit(&author, &course.module, "Work", task).await;
    factory::publish(&author, &course.id).await;
    let more = json!({ "title": "The zebra way", "description": "All of it." });
    let path = paths::published(&app, &author, paths::required(&[&course]), more).await;
    for (words, found, kind, excerpt) in [
        ("OKAPI", &course.id, "CourseHit", "Where the **okapi** lives."),
        ("animals", &course.id, "CourseHit", "Where the okapi lives."),
        (
            "leaves",
            &unit,
            "UnitHit",
            "It eats **leaves** of the quagga tree.",
        ),
        ("food", &unit, "UnitHit", "It eats leaves of the quagga tree."),
        ("ibex", &task, "UnitHit", "Draw an **ibex**."),
        ("zebra", &path, "PathHit", "All of it."),
        ("quiz", &course.quiz, "UnitHit", ""),
    ] {
        let hits = find(&app, &learner, words).await;
        assert_eq!(ids(&hits), [found.as_str()], "{words}");
        assert_eq!(
            (&hits[0]["__typename"], &hits[0]["excerpt"]),
            (&json!(kind), &json!(excerpt)),
            "{words}"
        );
    }
    let hits = find(&app, &learner, "leaves").await;
    assert_eq!(hits[0]["course"], json!({ "id": course.id, "title": "Animals" }));
    assert_eq!(
        hits[0]["excerptLanguage"], "en",
        "the language of the organisation's courses"
    );
}

#[tokio::test]
async fn a_phrase_stands_as_it_is_and_a_word_can_be_excluded() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let fox = text(&author, &course, "One", "The red fox.").await;
    let car = text(&author, &course, "Other", "The red car and a grey fox.").await;
    factory::publish(&author, &course.id).await;
    let (one, other) = (fox.as_str(), car.as_str());
    for (words, found) in [
        ("red fox", vec![one, other]),
        ("\"red fox\"", vec![one]),
        ("fox -car", vec![one]),
        ("car or lynx", vec![other]),
        ("fo", vec![]),
        ("' or 1=1 --", vec![]),
        ("!!!", vec![]),
        ("lynx:* & (", vec![]),
        ("-car", vec![]),
        ("-car -lynx", vec![]),
    ] {
        let hits = find(&app, &author, words).await;
        let (mut hits, mut found) = (ids(&hits), found);
        hits.sort_unstable();
        found.sort_unstable();
        assert_eq!(hits, found, "{words}");
    }
}

#[tokio::test]
async fn letters_of_all_alphabets_marks_and_code_are_read_as_people_read_them() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let body = "À l’École: “okapi”—Straße, Ελλάδα. `fn sort() -> Option<Ordering>`";
    let unit = text(&author, &course, "Words", body).await;
    factory::publish(&author, &course.id).await;
    for words in [
        "école",
        "ÉCOLE",
        "okapi",
        "STRAßE",
        "ελλάδα",
        "Ordering",
        "ordering option",
    ] {
        let hits = find(&app, &author, words).await;
        assert_eq!(ids(&hits), [unit.as_str()], "{words}");
    }
    let hits = find(&app, &author, "ordering").await;
    let excerpt = hits[0]["excerpt"].as_str().unwrap();
    assert!(excerpt.contains("Option<**Ordering**>"), "{excerpt}");
}

#[tokio::test]
async fn what_fits_best_comes_first_and_courses_before_paths_before_units() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 0).await;
    let named = json!({ "id": course.id, "title": "Narwhal" });
    author.does("courseUpdate", named).await;
    let said = text(&author, &course, "Sea", "There is a narwhal.").await;
    let titled = text(&author, &course, "Narwhal", "It has a tooth.").await;
    factory::publish(&author, &course.id).await;
    let more = json!({ "title": "Narwhal" });
    let path = paths::published(&app, &author, paths::required(&[&course]), more).await;
    let order = [&course.id, &path, &titled, &said].map(String::as_str);
    let hits = find(&app, &learner, "narwhal").await;
    assert_eq!(ids(&hits), order);
    for first in 1..=4 {
        let variables = json!({ "words": "narwhal", "org": app.org_id(), "first": first });
        let reply = learner.run_with(SEARCH, variables).await;
        let hits = reply.data("/search").as_array().unwrap();
        assert_eq!(ids(hits), order[..first]);
    }
}

#[tokio::test]
async fn words_are_found_once_they_are_published_and_until_others_are() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 0).await;
    let unit = text(&author, &course, "Sea", "A walrus.").await;
    let found = async |words: &str| {
        let (of_author, of_learner) = (
            find(&app, &author, words).await,
            find(&app, &learner, words).await,
        );
        assert_eq!(of_author, of_learner, "authors search what learners read");
        of_learner.len()
    };
    assert_eq!(found("walrus").await, 0, "a draft");
    factory::publish(&author, &course.id).await;
    assert_eq!(found("walrus").await, 1);
    let content = json!({ "text": { "body": "A seal." } });
    author
        .does(
            "unitUpdate",
            json!({ "id": unit, "title": "Ice", "content": content }),
        )
        .await;
    assert_eq!((found("walrus").await, found("seal").await), (1, 0));
    factory::publish(&author, &course.id).await;
    assert_eq!((found("walrus").await, found("sea").await), (0, 0));
    assert_eq!((found("seal").await, found("ice").await), (1, 1));
    author.does("unitDelete", json!({ "id": unit })).await;
    assert_eq!(found("seal").await, 1);
    factory::publish(&author, &course.id).await;
    assert_eq!(found("seal or ice").await, 0);
}

#[tokio::test]
async fn a_unit_that_waits_is_found_by_its_title_and_nothing_of_what_it_is_made_of_is_told() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    factory::open(&app).await;
    let course = factory::draft_course(&app, &author, 1).await;
    let body = "The canary sings in a mine.";
    let unit = text(&author, &course, "Bittern", body).await;
    let rules = json!({ "id": unit, "rules": [{ "afterUnit": course.texts[0] }] });
    author.does("unitReleaseSet", rules).await;
    let translated = json!([{ "unitId": unit, "title": "Abetouro", "text": "Um canary canta." }]);
    let translated = json!({ "id": course.id, "language": "pt", "units": translated });
    author.does("courseTranslationsSet", translated).await;
    factory::publish(&author, &course.id).await;
    let anonymous = app.anonymous();
    for who in [&author.client, &learner.client, &anonymous] {
        for words in ["canary", "sings", "canta"] {
            assert_eq!(find(&app, who, words).await, Vec::<Value>::new(), "{words}");
        }
        for words in ["bittern", "abetouro"] {
            let reply = look(&app, who, words).await;
            assert_eq!(reply.data("/search/0/unit/id"), &json!(unit), "{words}");
            assert_eq!(reply.data("/search/0/excerpt"), &json!(""), "{words}");
            assert!(!reply.mentions("canary"), "{:#}", reply.body);
        }
    }
    author
        .does("unitReleaseSet", json!({ "id": unit, "rules": [] }))
        .await;
    factory::publish(&author, &course.id).await;
    assert_eq!(ids(&find(&app, &anonymous, "canary").await), [unit.as_str()]);
}

#[tokio::test]
async fn questions_of_a_quiz_and_what_is_right_are_not_found() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    factory::published_course(&app, &author, 1).await;
    for words in ["which", "second", "mut", "EXPLANATION-CANARY", "explanation"] {
        for who in [&author, &learner] {
            assert_eq!(find(&app, who, words).await, Vec::<Value>::new(), "{words}");
        }
    }
}

#[tokio::test]
async fn an_academy_is_searched_by_its_members_and_by_others_for_what_is_public_if_it_is_open() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    // A word that stands nowhere else.
    let word = app.slug.clone();
    let public = factory::draft_course(&app, &author, 0).await;
    let own = factory::draft_course(&app, &author, 0).await;
    let mut units = Vec::new();
    for (course, visibility) in [(&public, "PUBLIC"), (&own, "MEMBERS")] {
        let edit = json!({ "id": course.id, "summary": format!("Of {word}."), "visibility": visibility });
        author.does("courseUpdate", edit).await;
        units.push(text(&author, course, "Text", &format!("More of {word}.")).await);
        factory::publish(&author, &course.id).await;
    }
    let more = json!({ "title": word });
    let path = paths::published(&app, &author, paths::required(&[&public]), more).await;
    let elsewhere = app.elsewhere().await;
    let outsiders = [
        elsewhere.owner().await.client,
        elsewhere.learner().await.client,
        app.anonymous(),
    ];
    let search = async |who: &Client, org: &Value| {
        let reply = who.run_with(SEARCH, json!({ "words": word, "org": org })).await;
        let mut found: Vec<String> = ids(reply.data("/search").as_array().unwrap())
            .into_iter()
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        found
    };
    let orgs = [json!(app.org_id()), Value::Null];
    for who in &outsiders {
        for org in &orgs {
            assert_eq!(search(who, org).await, Vec::<String>::new());
        }
    }
    let sorted = |mut ids: Vec<String>| {
        ids.sort_unstable();
        ids
    };
    let all = [&public.id, &own.id, &units[0], &units[1], &path].map(String::clone);
    let all = sorted(all.to_vec());
    factory::open(&app).await;
    let of_public = sorted(vec![public.id.clone(), units[0].clone()]);
    for org in &orgs {
        assert_eq!(search(&learner.client, org).await, all);
        for who in &outsiders {
            assert_eq!(search(who, org).await, of_public);
        }
    }
    for nothing in [
        elsewhere.org_id(),
        public.id.clone(),
        "org_nothing".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            search(&learner.client, &json!(nothing)).await,
            Vec::<String>::new()
        );
    }
    let without = app.member(&factory::role(&app, json!({})).await).await;
    assert_eq!(
        search(&without.client, &orgs[0]).await,
        of_public,
        "who may read no courses is an outsider"
    );
}

#[tokio::test]
async fn what_is_archived_is_not_found_until_it_is_brought_back() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    text(&author, &course, "Dodo", "A dodo.").await;
    factory::publish(&author, &course.id).await;
    let more = json!({ "title": "Dodo" });
    let path = paths::draft(&app, &author, paths::required(&[&course]), more).await;
    let count = async || find(&app, &author, "dodo").await.len();
    assert_eq!(count().await, 1, "a path that is a draft is not found");
    author.does("pathPublish", json!({ "id": path })).await;
    assert_eq!(count().await, 2);
    author.does("courseArchive", json!({ "id": course.id })).await;
    assert_eq!(count().await, 1);
    author.does("pathArchive", json!({ "id": path })).await;
    assert_eq!(count().await, 0);
    author.does("courseRestore", json!({ "id": course.id })).await;
    author.does("pathPublish", json!({ "id": path })).await;
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn what_is_translated_is_found_in_each_language_and_once() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 0).await;
    let summary = json!({ "id": course.id, "summary": "Where the okapi lives." });
    author.does("courseUpdate", summary).await;
    let unit = text(&author, &course, "Food", "The okapi eats leaves.").await;
    let units = json!([{ "unitId": unit, "title": "Futter", "text": "Das okapi frisst." }]);
    let german = json!({ "id": course.id, "language": "de", "title": "Ein Kurs", "summary": "Wo das okapi lebt.", "units": units });
    author.does("courseTranslationsSet", german).await;
    let spanish = json!([{ "unitId": course.quiz, "title": "Un cuestionario" }]);
    let spanish = json!({ "id": course.id, "language": "es", "units": spanish });
    author.does("courseTranslationsSet", spanish).await;
    factory::publish(&author, &course.id).await;
    for (words, found, language, excerpt) in [
        ("lebt", &course.id, "de", "Wo das okapi **lebt**."),
        ("kurs", &course.id, "de", "Wo das okapi lebt."),
        ("frisst", &unit, "de", "Das okapi **frisst**."),
        ("futter", &unit, "de", "Das okapi frisst."),
        ("cuestionario", &course.quiz, "es", ""),
        ("leaves", &unit, "en", "The okapi eats **leaves**."),
    ] {
        let hits = find(&app, &learner, words).await;
        assert_eq!(ids(&hits), [found.as_str()], "{words}");
        assert_eq!(
            (&hits[0]["excerptLanguage"], &hits[0]["excerpt"]),
            (&json!(language), &json!(excerpt)),
            "{words}"
        );
    }
    let hits = find(&app, &learner, "okapi").await;
    assert_eq!(ids(&hits), [course.id.as_str(), unit.as_str()]);
    for hit in &hits {
        assert_eq!(hit["excerptLanguage"], "en", "where both fit, as it was written");
    }
}

#[tokio::test]
async fn a_search_for_nothing_or_for_too_much_is_refused_and_costs_what_it_says() {
    let app = TestApp::new().await;
    let anonymous = app.anonymous();
    let long = "é".repeat(200);
    let longer = format!("{long}x");
    for (words, first, message) in [
        ("", 1, "`query` must have between 1 and 200 characters."),
        (" \n ", 1, "`query` must have between 1 and 200 characters."),
        (
            longer.as_str(),
            1,
            "`query` must have between 1 and 200 characters.",
        ),
        ("a", 0, "`first` must be between 1 and 100; asked 0."),
        ("a", 101, "`first` must be between 1 and 100; asked 101."),
    ] {
        let refused = anonymous
            .run_with(SEARCH, json!({ "words": words, "first": first }))
            .await;
        assert_eq!(refused.codes(), "BAD_USER_INPUT", "{words} {first}");
        assert_eq!(refused.body["errors"][0]["message"], json!(message));
    }
    for (words, first) in [(format!(" {long} "), json!(50)), ("a".to_owned(), Value::Null)] {
        let variables = json!({ "words": words, "org": app.org_id(), "first": first });
        let found = anonymous.run_with(SEARCH, variables).await;
        assert_eq!(found.data("/search"), &json!([]));
    }
    for (arguments, cost) in [("first: 7", 107), ("first: null", 120)] {
        let document = format!("{{ search(query: \"zyzzyva\", {arguments}) {{ __typename }} }}");
        let reply = anonymous.run(&document).await;
        assert_eq!(reply.body["extensions"]["cost"]["requested"], json!(cost));
    }
}

#[tokio::test]
async fn many_hits_cost_as_many_statements_as_one() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let variables = json!({ "words": "oryx", "org": app.org_id(), "first": 50 });
    let mut counted = Vec::new();
    for number in 1..=3 {
        let course = factory::draft_course(&app, &author, 0).await;
        author
            .does("courseUpdate", json!({ "id": course.id, "summary": "An oryx." }))
            .await;
        for _ in 0..number {
            text(&author, &course, "Oryx", "An oryx.").await;
        }
        factory::publish(&author, &course.id).await;
        let more = json!({ "title": "Oryx" });
        paths::published(&app, &author, paths::required(&[&course]), more).await;
        // The first look takes the new courses into memory.
        statements(&app, &learner, SEARCH, variables.clone()).await;
        let (answer, count) = statements(&app, &learner, SEARCH, variables.clone()).await;
        counted.push((answer["search"].as_array().unwrap().len(), count));
    }
    assert_eq!(
        counted,
        [(3, 2), (7, 2), (12, 2)],
        "the search and the paths; courses come from memory"
    );
}
