//! What readers find, and what it costs.

use super::support::{TestApp, factory};
use serde_json::json;

const CATALOG: &str = "query($org: ID!, $first: Int, $after: String, $last: Int, $before: String, $query: String) { \
    catalog(query: $query, filter: {organization: $org}, first: $first, after: $after, last: $last, before: $before) { \
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id title } } }";

#[tokio::test]
async fn a_closed_academys_courses_are_found_by_its_members_alone() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let draft = factory::draft_course(&app, &author, 1).await;
    let seen = learner.run_with(CATALOG, json!({ "org": app.org_id() })).await;
    assert_eq!(
        seen.data("/catalog/nodes"),
        &json!([{ "id": course.id, "title": "A course" }])
    );
    let stranger = app.elsewhere().await.owner().await;
    for outsider in [&stranger.client, &app.anonymous()] {
        assert_eq!(
            outsider
                .run_with(CATALOG, json!({ "org": app.org_id() }))
                .await
                .data("/catalog/totalCount"),
            &json!(0)
        );
        for id in [&course.id, &draft.id] {
            let found = outsider
                .run_with(
                    "query($id: ID!) { course(id: $id) { id } node(id: $id) { id } }",
                    json!({ "id": id }),
                )
                .await;
            assert_eq!(found.data(""), &json!({ "course": null, "node": null }));
        }
    }
    let found = learner
        .run_with(
            "query($id: ID!) { course(id: $id) { id } node(id: $id) { id } }",
            json!({ "id": draft.id }),
        )
        .await;
    assert_eq!(
        found.data(""),
        &json!({ "course": null, "node": null }),
        "a draft is for authors"
    );
}

#[tokio::test]
async fn an_open_academys_public_courses_are_read_by_everybody() {
    let app = TestApp::new().await;
    factory::open(&app).await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 2).await;
    let read = "query($id: ID!) { course(id: $id) { title organization { slug } modules { units { title } } viewerCan { update } draft { title } } }";
    let seen = app.anonymous().run_with(read, json!({ "id": course.id })).await;
    assert_eq!(seen.text("/course/organization/slug"), app.slug);
    assert_eq!(seen.data("/course/modules/0/units").as_array().unwrap().len(), 3);
    assert_eq!(seen.data("/course/viewerCan/update"), &json!(false));
    assert_eq!(seen.data("/course/draft"), &json!(null));
}

#[tokio::test]
async fn pages_cover_the_catalogue_both_ways_without_gap_or_repetition() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for _ in 0..5 {
        factory::published_course(&app, &author, 0).await;
    }
    let all = author.run_with(CATALOG, json!({ "org": app.org_id() })).await;
    let ids = all.data("/catalog/nodes").as_array().unwrap().clone();
    assert_eq!(ids.len(), 5);
    let mut forward = Vec::new();
    let mut after = json!(null);
    loop {
        let page = author
            .run_with(
                CATALOG,
                json!({ "org": app.org_id(), "first": 2, "after": after }),
            )
            .await;
        forward.extend(page.data("/catalog/nodes").as_array().unwrap().clone());
        if page.data("/catalog/pageInfo/hasNextPage") == &json!(false) {
            break;
        }
        after = page.data("/catalog/pageInfo/endCursor").clone();
    }
    assert_eq!(forward, ids);
    let back = author
        .run_with(CATALOG, json!({ "org": app.org_id(), "last": 2 }))
        .await;
    assert_eq!(back.data("/catalog/nodes").as_array().unwrap()[..], ids[3..]);
    let before = back.data("/catalog/pageInfo/startCursor");
    let middle = author
        .run_with(
            CATALOG,
            json!({ "org": app.org_id(), "last": 2, "before": before }),
        )
        .await;
    assert_eq!(middle.data("/catalog/nodes").as_array().unwrap()[..], ids[1..3]);
}

#[tokio::test]
async fn a_cursor_of_another_list_and_a_page_out_of_bounds_are_refused() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for _ in 0..2 {
        factory::published_course(&app, &author, 0).await;
    }
    let page = author
        .run_with(CATALOG, json!({ "org": app.org_id(), "first": 1 }))
        .await;
    let cursor = page.data("/catalog/pageInfo/endCursor");
    let searched = author
        .run_with(
            CATALOG,
            json!({ "org": app.org_id(), "after": cursor, "query": "course" }),
        )
        .await;
    assert_eq!(
        searched.codes(),
        "BAD_USER_INPUT",
        "the cursor belongs to the list without a search"
    );
    for variables in [
        json!({ "first": 0 }),
        json!({ "first": 101 }),
        json!({ "first": -1 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "after": "x" }),
    ] {
        let mut variables = variables;
        variables["org"] = json!(app.org_id());
        assert_eq!(
            author.run_with(CATALOG, variables).await.codes(),
            "BAD_USER_INPUT"
        );
    }
}

#[tokio::test]
async fn words_are_found_in_title_and_summary() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    factory::published_course(&app, &author, 0).await;
    for (query, found) in [
        ("about", 1),
        ("\"a course\"", 1),
        ("course -about", 0),
        ("nowhere", 0),
        ("' or 1=1 --", 0),
        ("", 1),
    ] {
        let reply = author
            .run_with(CATALOG, json!({ "org": app.org_id(), "query": query }))
            .await;
        assert_eq!(reply.data("/catalog/totalCount"), &json!(found), "{query}");
    }
}

#[tokio::test]
async fn courses_are_found_by_their_tags_and_their_language() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let edit = "mutation($id: ID!, $tags: [String!], $language: String) { courseUpdate(input: {id: $id, tags: $tags, language: $language}) \
        { course { tags language } userErrors { code field } } }";
    let mut ids = Vec::new();
    for (tags, language) in [
        (["Rust", " systems "], "en"),
        (["rust", "web"], "de-AT"),
        (["web", "css"], "de"),
    ] {
        let course = factory::published_course(&app, &author, 0).await;
        let variables = json!({ "id": course.id, "tags": tags, "language": language });
        assert_eq!(author.run_with(edit, variables).await.codes(), "");
        ids.push(course.id);
    }
    // As it could be stored before tags had one spelling.
    factory::change(
        &app,
        "update courses set language = 'DE-at' where language = 'de-AT'",
    )
    .await;
    let found = "query($org: ID!, $tags: [String!], $language: String) { catalog(filter: {organization: $org, tags: $tags, language: $language}) \
        { nodes { id tags } } }";
    for (tags, language, expected) in [
        (json!(["RUST"]), json!(null), vec![0, 1]),
        (json!(["rust", "web"]), json!(null), vec![1]),
        (json!([]), json!("de"), vec![1, 2]),
        (json!(["web"]), json!("de-AT"), vec![1]),
        (json!(["css"]), json!("DE"), vec![2]),
        (json!(["cobol"]), json!(null), vec![]),
        (json!(null), json!("%"), vec![]),
    ] {
        let variables = json!({ "org": app.org_id(), "tags": tags, "language": language });
        let reply = author.run_with(found, variables).await;
        let nodes = reply.data("/catalog/nodes").as_array().unwrap();
        let mut shown: Vec<_> = nodes
            .iter()
            .map(|node| ids.iter().position(|id| node["id"] == *id).unwrap())
            .collect();
        shown.sort_unstable();
        assert_eq!(shown, expected, "{tags} {language}");
    }
    let many: Vec<String> = (0..21).map(|tag| tag.to_string()).collect();
    for (tags, language, field) in [
        (json!(many), json!(null), json!(["tags"])),
        (json!(["ok", " "]), json!(null), json!(["tags", "1"])),
        (json!(null), json!("Deutsch"), json!(["language"])),
        (json!(null), json!("e"), json!(["language"])),
        (json!(null), json!("en_US"), json!(["language"])),
    ] {
        let variables = json!({ "id": ids[0], "tags": tags, "language": language });
        let refused = author.run_with(edit, variables).await;
        assert_eq!(refused.codes(), "INVALID", "{tags} {language}");
        assert_eq!(refused.data("/courseUpdate/userErrors/0/field"), &field);
    }
    let kept = author
        .run_with(
            "query($id: ID!) { course(id: $id) { tags language } }",
            json!({ "id": ids[0] }),
        )
        .await;
    assert_eq!(
        kept.data("/course"),
        &json!({ "tags": ["rust", "systems"], "language": "en" })
    );
}
