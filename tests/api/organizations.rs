//! Who sees what of an organisation.

use super::support::learning::statements;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const EVERYTHING: &str = "query($org: ID!) { organization(id: $org) { slug name isOpen createdAt roles { slug } \
    members { totalCount nodes { id } } groups { totalCount nodes { id } } invitations { totalCount nodes { id } } \
    courses { totalCount nodes { title } } enrollments { totalCount } attempts { totalCount } certificates { totalCount } \
    viewerCan { createCourses invite } } }";

#[tokio::test]
async fn a_closed_organisation_does_not_exist_for_who_is_no_member() {
    let app = TestApp::new().await;
    let stranger = app.elsewhere().await.owner().await;
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider
            .run_with(EVERYTHING, json!({ "org": app.org_id() }))
            .await;
        assert_eq!(reply.data("/organization"), &Value::Null);
        let by_slug = "query($slug: String!) { organization(slug: $slug) { id } }";
        let reply = outsider.run_with(by_slug, json!({ "slug": app.slug })).await;
        assert_eq!(reply.data("/organization"), &Value::Null);
    }
}

#[tokio::test]
async fn an_open_organisation_shows_outsiders_its_name_and_its_public_courses_alone() {
    let app = TestApp::new().await;
    factory::open(&app).await;
    let author = app.member("author").await;
    factory::published_course(&app, &author, 1).await;
    factory::draft_course(&app, &author, 1).await;
    let stranger = app.elsewhere().await.owner().await;
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider
            .run_with(EVERYTHING, json!({ "org": app.org_id() }))
            .await;
        assert_eq!(
            reply.data("/organization"),
            &json!({ "slug": app.slug, "name": app.slug, "isOpen": true, "createdAt": null, "roles": null, "members": null,
                "groups": null, "invitations": null, "courses": { "totalCount": 1, "nodes": [{ "title": "A course" }] },
                "enrollments": null, "attempts": null, "certificates": null,
                "viewerCan": { "createCourses": false, "invite": false } })
        );
    }
}

#[tokio::test]
async fn a_member_finds_their_organisation_by_id_and_by_slug() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let document = "query($id: ID, $slug: String) { organization(id: $id, slug: $slug) { id } }";
    for arguments in [json!({ "id": app.org_id() }), json!({ "slug": app.slug })] {
        let reply = learner.run_with(document, arguments).await;
        assert_eq!(reply.text("/organization/id"), app.org_id());
    }
    for arguments in [json!({}), json!({ "id": app.org_id(), "slug": app.slug })] {
        let reply = learner.run_with(document, arguments).await;
        assert_eq!(reply.codes(), "BAD_USER_INPUT");
    }
    for arguments in [
        json!({ "id": "org_" }),
        json!({ "id": learner.member.to_string() }),
        json!({ "slug": "" }),
    ] {
        let reply = learner.run_with(document, arguments).await;
        assert_eq!(reply.data("/organization"), &Value::Null);
    }
}

#[tokio::test]
async fn what_a_member_sees_follows_from_their_role() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let learner = app.learner().await;
    let manager = app.member("manager").await;
    factory::group(&app, manager.member, &[learner.member]).await;
    for (who, members, groups, invitations, create, invite) in [
        (&owner, 3, 1, Some(0), true, true),
        (&manager, 2, 1, Some(0), false, true),
        (&learner, 1, 1, None, false, false),
    ] {
        let reply = who.run_with(EVERYTHING, json!({ "org": app.org_id() })).await;
        let seen = reply.data("/organization");
        assert_eq!(seen["members"]["totalCount"], members, "{seen:#}");
        assert_eq!(seen["members"]["nodes"].as_array().unwrap().len(), members);
        assert_eq!(seen["groups"]["totalCount"], groups);
        assert_eq!(seen["invitations"]["totalCount"], json!(invitations));
        assert_eq!(
            seen["viewerCan"],
            json!({ "createCourses": create, "invite": invite })
        );
        assert_eq!(seen["roles"].as_array().unwrap().len(), 7);
        assert!(seen["createdAt"].is_string());
    }
}

#[tokio::test]
async fn a_role_says_what_it_gives() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let slug = factory::role(
        &app,
        json!({ "courses.read": ["all"], "members.read": ["own", "managed", "nonsense"], "no.such": ["all"] }),
    )
    .await;
    let document = "query($org: ID!) { organization(id: $org) { roles { id slug isBuiltIn grants { permission reach } organization { id } } } }";
    let reply = learner.run_with(document, json!({ "org": app.org_id() })).await;
    let roles = reply.data("/organization/roles").as_array().unwrap();
    let slugs: Vec<_> = roles.iter().map(|role| role["slug"].as_str().unwrap()).collect();
    assert_eq!(
        slugs,
        [
            "admin",
            "author",
            "instructor",
            "learner",
            "manager",
            "owner",
            "support",
            &slug
        ],
        "the built-in ones first, each by name"
    );
    assert_eq!(
        roles[7]["grants"],
        json!([{ "permission": "MEMBERS_READ", "reach": ["MANAGED", "OWN"] }, { "permission": "COURSES_READ", "reach": ["ALL"] }])
    );
    let node = "query($id: ID!) { node(id: $id) { ... on Role { slug } } }";
    let seen = learner.run_with(node, json!({ "id": roles[7]["id"] })).await;
    assert_eq!(seen.text("/node/slug"), slug);
    let stranger = app.elsewhere().await.owner().await;
    let unseen = stranger.run_with(node, json!({ "id": roles[7]["id"] })).await;
    assert_eq!(unseen.data("/node"), &Value::Null);
}

#[tokio::test]
async fn lists_below_one_organisation_named_many_times_are_read_once() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let author = app.member("author").await;
    let mut counts = Vec::new();
    for _ in 0..2 {
        factory::published_course(&app, &author, 0).await;
        factory::published_course(&app, &author, 0).await;
        let document = "query($org: ID!) { organization(id: $org) { courses { nodes { organization { \
            courses(first: 2) { totalCount nodes { title } } members(first: 2) { totalCount nodes { role { name } groups { name } viewerCan { changeRole } } } \
            groups { nodes { name } } invitations { nodes { email } } } } } } }";
        let (_, count) = statements(&app, &owner, document, json!({ "org": app.org_id() })).await;
        counts.push(count);
    }
    assert_eq!(counts[0], counts[1], "however many courses name it");
    assert_eq!(counts[0], 10);
}
