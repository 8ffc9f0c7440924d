//! Who sees which members and groups.

use super::support::app::Person;
use super::support::learning::enroll;
use super::support::people::role_id;
use super::support::{TestApp, factory};
use lyceum::auth::permission::{Permission, Reach};
use lyceum::auth::policy::{Facts, Kind, Question, Relation};
use lyceum::auth::standing::OrgStanding;
use lyceum::kernel::ids::{GroupKey, MemberKey};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MEMBERS: &str = "query($org: ID!, $filter: MemberFilter, $order: MemberOrder, $first: Int, $after: String, $last: Int, $before: String) { \
    organization(id: $org) { members(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) { \
    totalCount nodes { id name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

async fn listed(app: &TestApp, who: &Person, filter: Value) -> BTreeSet<String> {
    let variables = json!({ "org": app.org_id(), "filter": filter, "first": 100 });
    let reply = who.run_with(MEMBERS, variables).await;
    let nodes = reply.data("/organization/members/nodes").as_array().unwrap();
    assert_eq!(
        reply.data("/organization/members/totalCount"),
        &json!(nodes.len())
    );
    nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ids(members: &[&Person]) -> BTreeSet<String> {
    members.iter().map(|person| person.member.to_string()).collect()
}

/// Members in every relation to one who may see some of them.
struct Crowd {
    me: Person,
    grants_in: Reach,
    others: Vec<(Person, Relation)>,
}

/// For a reach: somebody with exactly it, and members whom they teach, manage, both, and neither.
async fn crowd(app: &TestApp, reach: Reach, course: &str, other_course: &str) -> Crowd {
    let words: Vec<_> = reach.words().collect();
    let role = factory::role(app, json!({ "members.read": words })).await;
    let me = app.member(&role).await;
    factory::teaches(app, me.member, course).await;
    let mut others = Vec::new();
    let mut managed_ones = Vec::new();
    for (taught, managed) in [(false, false), (true, false), (false, true), (true, true)] {
        let person = app.learner().await;
        enroll(&person, if taught { course } else { other_course }).await;
        if managed {
            managed_ones.push(person.member);
        }
        let relation = Relation {
            own: false,
            taught,
            managed,
        };
        others.push((person, relation));
    }
    factory::group(app, me.member, &managed_ones).await;
    // A group that somebody else manages shows nobody to me.
    let stranger = app.member("manager").await;
    factory::group(app, stranger.member, &[me.member, others[0].0.member]).await;
    others.push((stranger, Relation::default()));
    Crowd {
        me,
        grants_in: reach,
        others,
    }
}

#[tokio::test]
async fn lists_and_node_show_whom_the_policies_let_read_row_by_row_for_every_reach() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let taught = factory::published_course(&app, &author, 0).await.id;
    let other = factory::published_course(&app, &author, 0).await.id;
    for bits in 0..16 {
        let bit = |place: u32| bits & (1 << place) != 0;
        let reach = Reach {
            all: bit(0),
            taught: bit(1),
            managed: bit(2),
            own: bit(3),
        };
        let crowd = crowd(&app, reach, &taught, &other).await;
        let mut rows: Vec<(MemberKey, Relation)> = crowd
            .others
            .iter()
            .map(|(person, relation)| (person.member, *relation))
            .collect();
        // Whoever manages a group is in it, and so manages themselves.
        let myself = Relation {
            own: true,
            taught: false,
            managed: true,
        };
        rows.push((crowd.me.member, myself));
        let grants = json!({ "members.read": crowd.grants_in.words().collect::<Vec<_>>() });
        let standing = OrgStanding::new(crowd.me.member, app.slug.clone(), "any".into(), &grants);
        for (member, relation) in rows {
            let facts = Facts::of(Kind::Membership, app.org).related(relation);
            let question = Question {
                permission: Permission::MembersRead,
                facts,
            };
            let allowed = app.app.policies.decide(&standing, question).allowed;
            let reply = crowd
                .me
                .run_with(
                    "query($id: ID!) { node(id: $id) { id } }",
                    json!({ "id": member.to_string() }),
                )
                .await;
            assert_eq!(
                !reply.data("/node").is_null(),
                allowed,
                "node: {reach:?} {relation:?}"
            );
            let variables = json!({ "org": app.org_id(), "first": 100 });
            let list = crowd.me.run_with(MEMBERS, variables).await;
            let in_list = list.mentions(&member.to_string());
            assert_eq!(in_list, allowed, "list: {reach:?} {relation:?}");
        }
    }
}

#[tokio::test]
async fn outsiders_find_no_member() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    factory::open(&app).await;
    let stranger = app.elsewhere().await.owner().await;
    let document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider
            .run_with(document, json!({ "id": learner.member.to_string() }))
            .await;
        assert_eq!(reply.data(""), &json!({ "node": null, "nodes": [null] }));
    }
}

#[tokio::test]
async fn members_are_filtered_by_role_group_and_words() {
    let app = TestApp::new().await;
    let (owner, a, b) = (app.owner().await, app.learner().await, app.learner().await);
    let manager = app.member("manager").await;
    let group = factory::group(&app, manager.member, &[a.member]).await;
    let hidden = factory::group(&app, owner.member, &[a.member, b.member]).await;
    let group = GroupKey::new(app.org, group).to_string();
    let hidden = GroupKey::new(app.org, hidden).to_string();
    let learner_role = role_id(&app, &owner, "learner").await;
    let found = async |filter| listed(&app, &owner, filter).await;
    assert_eq!(found(json!({})).await, ids(&[&owner, &a, &b, &manager]));
    assert_eq!(found(json!({ "role": learner_role })).await, ids(&[&a, &b]));
    assert_eq!(found(json!({ "group": group })).await, ids(&[&a, &manager]));
    assert_eq!(
        found(json!({ "query": format!(" {} ", a.email.to_uppercase()) })).await,
        ids(&[&a])
    );
    assert_eq!(
        found(json!({ "query": "TEST PERS" })).await,
        ids(&[&owner, &a, &b, &manager])
    );
    assert_eq!(
        found(json!({ "query": "%" })).await,
        ids(&[]),
        "a percent sign is itself"
    );
    assert_eq!(
        found(json!({ "role": learner_role, "group": group })).await,
        ids(&[&a])
    );

    let elsewhere = app.elsewhere().await;
    let theirs = role_id(&elsewhere, &elsewhere.owner().await, "learner").await;
    for role in [theirs.as_str(), "rol_", ""] {
        assert_eq!(found(json!({ "role": role })).await, ids(&[]), "{role:?}");
    }
    assert_eq!(
        listed(&app, &manager, json!({ "group": group })).await,
        ids(&[&a, &manager])
    );
    assert_eq!(
        listed(&app, &manager, json!({ "group": hidden })).await,
        ids(&[]),
        "a group that one may not know of has nobody"
    );
}

#[tokio::test]
async fn pages_cover_the_members_in_every_order_without_gap_or_repetition() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let mut people = vec![owner.member.to_string()];
    for _ in 0..4 {
        people.push(app.learner().await.member.to_string());
    }
    for (order, backwards) in [
        ("NAME_ASC", false),
        ("NAME_DESC", true),
        ("JOINED_AT_ASC", false),
        ("JOINED_AT_DESC", true),
    ] {
        let mut expected = people.clone();
        if backwards {
            expected.reverse();
        }
        for (size, cursor, next) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
            let (mut found, mut at) = (Vec::new(), Value::Null);
            loop {
                let variables = json!({ "org": app.org_id(), "order": order, size: 2, cursor: at });
                let reply = owner.run_with(MEMBERS, variables).await;
                let page = reply.data("/organization/members").clone();
                assert_eq!(page["totalCount"], 5);
                let nodes = page["nodes"].as_array().unwrap();
                let ids = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned());
                if size == "first" {
                    found.extend(ids);
                } else {
                    found.splice(0..0, ids);
                }
                let more = if size == "first" {
                    "hasNextPage"
                } else {
                    "hasPreviousPage"
                };
                if page["pageInfo"][more] != json!(true) {
                    break;
                }
                at = page["pageInfo"][next].clone();
            }
            assert_eq!(found, expected, "{order} {size}");
        }
    }
    let variables = json!({ "org": app.org_id(), "order": "NAME_ASC", "first": 1 });
    let cursor = owner
        .run_with(MEMBERS, variables)
        .await
        .data("/organization/members/pageInfo/endCursor")
        .clone();
    let variables = json!({ "org": app.org_id(), "order": "NAME_DESC", "after": cursor });
    let reply = owner.run_with(MEMBERS, variables).await;
    assert_eq!(
        reply.codes(),
        "BAD_USER_INPUT",
        "a cursor is good for its own list"
    );
}

#[tokio::test]
async fn groups_are_seen_by_those_in_them_and_by_administration() {
    let app = TestApp::new().await;
    let (owner, manager, learner) = (
        app.owner().await,
        app.member("manager").await,
        app.learner().await,
    );
    let theirs = factory::group(&app, manager.member, &[learner.member]).await;
    let other = factory::group(&app, owner.member, &[]).await;
    let [theirs, other] = [theirs, other].map(|id| GroupKey::new(app.org, id).to_string());
    let document = "query($org: ID!, $a: ID!, $b: ID!) { organization(id: $org) { groups { totalCount nodes { id } } } \
        a: node(id: $a) { ... on Group { id name organization { slug } } } b: node(id: $b) { id } }";
    let variables = json!({ "org": app.org_id(), "a": theirs, "b": other });
    for (who, count, sees_other) in [(&owner, 2, true), (&manager, 1, false), (&learner, 1, false)] {
        let reply = who.run_with(document, variables.clone()).await;
        assert_eq!(reply.data("/organization/groups/totalCount"), &json!(count));
        assert_eq!(
            reply.data("/organization/groups/nodes").as_array().unwrap().len(),
            count
        );
        assert_eq!(
            reply.data("/a"),
            &json!({ "id": theirs, "name": "A group", "organization": { "slug": app.slug } })
        );
        assert_eq!(!reply.data("/b").is_null(), sees_other);
    }
    let stranger = app.elsewhere().await.owner().await;
    let reply = stranger.run_with(document, variables).await;
    assert_eq!(
        reply.data(""),
        &json!({ "organization": null, "a": null, "b": null })
    );

    let of_member = "query($id: ID!) { node(id: $id) { ... on Member { groups { id } } } }";
    let reply = manager
        .run_with(of_member, json!({ "id": learner.member.to_string() }))
        .await;
    assert_eq!(reply.data("/node/groups"), &json!([{ "id": theirs }]));
}
