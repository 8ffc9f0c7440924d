//! Making groups, and saying who is in them and who manages them.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::statements;
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use lyceum::kernel::ids::GroupKey;
use serde_json::{Value, json};

const SET: &str = "mutation($input: GroupMembersSetInput!) { groupMembersSet(input: $input) { \
    group { id managers { id } members(first: 100) { nodes { id } } viewerCan { update delete takeIn } } \
    results { clientKey index userErrors { code field } } userErrors { code field message } } }";

const LISTED: &str = "query($ids: [ID!]!, $order: MemberOrder, $first: Int, $last: Int, $after: String) { nodes(ids: $ids) { ... on Group { \
    members(orderBy: $order, first: $first, last: $last, after: $after) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } } } }";

async fn set(who: &Client, group: &str, rows: Value, more: Value) -> Reply {
    let mut input = json!({ "groupId": group, "members": rows });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(SET, json!({ "input": input })).await
}

fn row(person: &Person, place: &str) -> Value {
    json!({ "memberId": person.member.to_string(), "place": place })
}

async fn create(app: &TestApp, who: &Client, name: &str) -> Reply {
    let document = "mutation($org: ID!, $name: String!) { groupCreate(input: {organizationId: $org, name: $name}) { \
        group { id name } userErrors { code } } }";
    who.run_with(document, json!({ "org": app.org_id(), "name": name }))
        .await
}

async fn sees(who: &Client, person: &Person) -> bool {
    let document = "query($id: ID!) { node(id: $id) { id } }";
    let reply = who
        .run_with(document, json!({ "id": person.member.to_string() }))
        .await;
    !reply.data("/node").is_null()
}

/// The identifiers below a list, sorted.
fn ids(list: &Value) -> Vec<String> {
    let nodes = list.as_array().unwrap().iter();
    let mut ids: Vec<_> = nodes
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn sorted(people: &[&Person]) -> Vec<String> {
    let mut ids: Vec<_> = people.iter().map(|person| person.member.to_string()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_managers_reach_follows_their_groups_at_once() {
    let app = TestApp::new().await;
    let (owner, manager) = (app.owner().await, app.member("manager").await);
    let (a, b) = (app.learner().await, app.learner().await);
    let created = create(&app, &owner, "Team").await;
    let group = created.text("/groupCreate/group/id").to_owned();
    assert!(!sees(&manager, &a).await);
    let rows = json!([row(&manager, "MANAGER"), row(&a, "MEMBER"), row(&b, "MEMBER")]);
    let reply = set(&owner, &group, rows, json!({})).await;
    let seen = reply.data("/groupMembersSet/group");
    assert_eq!(ids(&seen["managers"]), sorted(&[&manager]));
    assert_eq!(ids(&seen["members"]["nodes"]), sorted(&[&manager, &a, &b]));
    assert!(sees(&manager, &a).await && sees(&manager, &b).await);
    set(&owner, &group, json!([row(&a, "NONE")]), json!({})).await;
    assert!(!sees(&manager, &a).await && sees(&manager, &b).await);
    set(&owner, &group, json!([row(&manager, "MEMBER")]), json!({})).await;
    assert!(!sees(&manager, &b).await, "who is only in it manages nobody");
    let delete = "mutation($id: ID!) { groupDelete(input: {groupId: $id}) { groupId userErrors { code } } }";
    let deleted = owner.run_with(delete, json!({ "id": group })).await;
    assert_eq!(deleted.text("/groupDelete/groupId"), group);
    assert_eq!(
        owner.run_with(delete, json!({ "id": group })).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(factory::count(&app, "group_members").await, 0);
    assert_eq!(factory::audit(&app, "group.members_set").await.len(), 3);
}

#[tokio::test]
async fn one_bad_row_refuses_all_or_itself_as_the_caller_says() {
    let app = TestApp::new().await;
    let (owner, a, gone) = (app.owner().await, app.learner().await, app.learner().await);
    let stranger = app.elsewhere().await.learner().await;
    let remove = format!(
        "update memberships set state = 'removed' where id = '{}'",
        gone.member.id.0
    );
    factory::change(&app, &remove).await;
    let group = factory::group(&app, owner.member, &[]).await;
    let group = GroupKey::new(app.org, group).to_string();
    let mut rows = json!([row(&a, "MEMBER"), row(&stranger, "MEMBER"), row(&gone, "MEMBER"), row(&a, "MANAGER"),
        { "memberId": "mem_", "place": "NONE" }]);
    rows[0]["clientKey"] = json!("a");
    let codes = [
        Value::Null,
        json!("NOT_FOUND"),
        json!("NOT_FOUND"),
        json!("TAKEN"),
        json!("NOT_FOUND"),
    ];
    let all = set(&owner, &group, rows.clone(), json!({})).await;
    assert_eq!(all.codes(), "NOT_FOUND,NOT_FOUND,TAKEN,NOT_FOUND");
    assert_eq!(
        all.data("/groupMembersSet/userErrors/0/field"),
        &json!(["members", "1", "memberId"])
    );
    assert_eq!(factory::count(&app, "group_members").await, 1);
    let some = set(&owner, &group, rows, json!({ "errorPolicy": "REJECT_ROWS" })).await;
    let results = some.data("/groupMembersSet/results").as_array().unwrap();
    for (result, code) in results.iter().zip(&codes) {
        assert_eq!(
            result["userErrors"].pointer("/0/code").unwrap_or(&Value::Null),
            code
        );
    }
    assert_eq!(results[0]["clientKey"], "a");
    assert_eq!(factory::count(&app, "group_members").await, 2);
    for rows in [json!([]), json!(vec![row(&a, "MEMBER"); 251])] {
        assert_eq!(set(&owner, &group, rows, json!({})).await.codes(), "INVALID");
    }
}

#[tokio::test]
async fn who_may_not_manage_groups_changes_none() {
    let app = TestApp::new().await;
    let (owner, manager, learner) = (
        app.owner().await,
        app.member("manager").await,
        app.learner().await,
    );
    let outside = app.learner().await;
    let stranger = app.elsewhere().await.owner().await;
    let group = factory::group(&app, manager.member, &[learner.member]).await;
    let group = GroupKey::new(app.org, group).to_string();
    let update =
        "mutation($id: ID!) { groupUpdate(input: {groupId: $id, name: \"X\"}) { userErrors { code } } }";
    for (who, code) in [
        (&manager.client, "FORBIDDEN"),
        (&learner.client, "FORBIDDEN"),
        (&outside.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        let reply = set(who, &group, json!([row(&learner, "NONE")]), json!({})).await;
        assert_eq!(reply.codes(), code);
        assert_eq!(who.run_with(update, json!({ "id": group })).await.codes(), code);
    }
    assert_eq!(create(&app, &manager, "Mine").await.codes(), "FORBIDDEN");
    assert_eq!(create(&app, &stranger, "Mine").await.codes(), "NOT_FOUND");
    assert_eq!(create(&app, &owner, " ").await.codes(), "INVALID");
    assert_eq!(factory::count(&app, "group_members").await, 2);
    assert_eq!(factory::count(&app, "groups").await, 1);
}

#[tokio::test]
async fn whoever_manages_a_group_lets_people_go_and_takes_nobody_in() {
    let app = TestApp::new().await;
    let grants = json!({ "members.read": ["managed"], "groups.manage": ["managed"], "learning_records.read": ["managed"] });
    let lead = app.member(&factory::role(&app, grants).await).await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    let group = factory::group(&app, lead.member, &[inside.member]).await;
    let group = GroupKey::new(app.org, group).to_string();
    for rows in [
        json!([row(&outside, "MEMBER")]),
        json!([row(&inside, "MANAGER")]),
        json!([row(&inside, "NONE"), row(&outside, "MEMBER")]),
    ] {
        let reply = set(&lead, &group, rows, json!({})).await;
        assert!(
            ["ROLE_NOT_ALLOWED", "FORBIDDEN"].contains(&reply.codes().as_str()),
            "{:#}",
            reply.body
        );
    }
    assert!(!sees(&lead, &outside).await);
    let reply = set(&lead, &group, json!([row(&inside, "NONE")]), json!({})).await;
    assert_eq!(
        reply.data("/groupMembersSet/group/viewerCan"),
        &json!({ "update": true, "delete": false, "takeIn": false })
    );
    let delete = "mutation($id: ID!) { groupDelete(input: {groupId: $id}) { userErrors { code } } }";
    assert_eq!(
        lead.run_with(delete, json!({ "id": group })).await.codes(),
        "FORBIDDEN"
    );
}

#[tokio::test]
async fn nobody_widens_what_a_manager_reaches_beyond_what_they_reach_themselves() {
    let app = TestApp::new().await;
    let grants =
        json!({ "members.read": ["all"], "groups.manage": ["all"], "learning_records.read": ["managed"] });
    let clerk = app.member(&factory::role(&app, grants).await).await;
    let (manager, learner) = (app.member("manager").await, app.learner().await);
    let group = factory::group(&app, manager.member, &[]).await;
    let group = GroupKey::new(app.org, group).to_string();
    let reply = create(&app, &clerk, "Mine").await;
    let own = reply.text("/groupCreate/group/id").to_owned();
    for (group, rows) in [
        (&own, json!([row(&clerk, "MANAGER"), row(&learner, "MEMBER")])),
        (&own, json!([row(&manager, "MANAGER")])),
        (&group, json!([row(&learner, "MEMBER")])),
    ] {
        let reply = set(&clerk, group, rows, json!({})).await;
        assert_eq!(reply.codes(), "ROLE_NOT_ALLOWED", "{:#}", reply.body);
    }
    assert_eq!(factory::count(&app, "group_members").await, 1);
    let can = "query($id: ID!) { node(id: $id) { ... on Group { viewerCan { update delete takeIn refusals { permission policies } } } } }";
    for (group, refusals) in [
        (&own, json!([])),
        (
            &group,
            json!([{ "permission": "GROUPS_MANAGE", "policies": ["roles.within_own"] }]),
        ),
    ] {
        let reply = clerk.run_with(can, json!({ "id": group })).await;
        let may = refusals == json!([]);
        assert_eq!(
            reply.data("/node/viewerCan"),
            &json!({ "update": true, "delete": true, "takeIn": may, "refusals": refusals })
        );
    }
    let reply = set(&clerk, &own, json!([row(&learner, "MANAGER")]), json!({})).await;
    assert_eq!(reply.codes(), "", "a role that manages nobody gives nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_changes_at_once_leave_each_member_one_place() {
    let app = TestApp::new().await;
    let (owner, other) = (app.owner().await, app.owner().await);
    let people = [app.learner().await, app.learner().await, app.learner().await];
    let group = factory::group(&app, owner.member, &[]).await;
    let group = GroupKey::new(app.org, group).to_string();
    let remove = "mutation($id: ID!) { membershipRemove(input: {memberId: $id}) { userErrors { code } } }";
    let changes = (0..30).map(|number| {
        let place = ["MANAGER", "MEMBER", "NONE"][number % 3];
        let mut rows: Vec<_> = people.iter().map(|person| row(person, place)).collect();
        rows.rotate_left(number % 3);
        let (owner, other, group, last) = (&owner, &other, &group, &people[2]);
        async move {
            if number == 15 {
                other
                    .run_with(remove, json!({ "id": last.member.to_string() }))
                    .await
            } else {
                set(owner, group, json!(rows), json!({ "errorPolicy": "REJECT_ROWS" })).await
            }
        }
    });
    for reply in join_all(changes).await {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let last = format!("group_members where member_id = '{}'", people[2].member.id.0);
    assert_eq!(factory::count(&app, &last).await, 0, "who is gone is in no group");
}

/// The names on a page of members, one behind the other.
fn names(members: &Value) -> String {
    let nodes = members["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_group_has_pages_of_its_own_members_in_every_order() {
    let app = TestApp::new().await;
    let mut people = vec![app.owner().await];
    for _ in 0..4 {
        people.push(app.learner().await);
    }
    for (person, name) in people.iter().zip(["C", "B", "E", "A", "D"]) {
        let id = person.member.id.0;
        let named = format!("update memberships set name = '{name}' where id = '{id}'");
        factory::change(&app, &named).await;
    }
    let mut groups = Vec::new();
    for some in [1..4, 2..5] {
        let members: Vec<_> = people[some].iter().map(|person| person.member).collect();
        let group = factory::group(&app, people[0].member, &members).await;
        groups.push(GroupKey::new(app.org, group).to_string());
    }
    for (order, size, pages) in [
        ("NAME_ASC", "first", ["AB", "AC"]),
        ("NAME_DESC", "first", ["EC", "ED"]),
        ("JOINED_AT_ASC", "first", ["CB", "CE"]),
        ("JOINED_AT_DESC", "first", ["AE", "DA"]),
        ("NAME_ASC", "last", ["CE", "DE"]),
        ("JOINED_AT_DESC", "last", ["BC", "EC"]),
    ] {
        let variables = json!({ "ids": groups, "order": order, size: 2 });
        let reply = people[0].run_with(LISTED, variables).await;
        for (at, page) in pages.iter().enumerate() {
            let members = &reply.data("/nodes")[at]["members"];
            assert_eq!(&names(members), page, "{order} {size}");
            assert_eq!(members["totalCount"], 4);
        }
    }
    let mut cursor = Value::Null;
    for (group, expected) in groups.iter().zip(["ECBA", "EDCA"]) {
        let (mut found, mut after) = (String::new(), Value::Null);
        loop {
            let variables = json!({ "ids": [group], "order": "NAME_DESC", "first": 1, "after": after });
            let reply = people[0].run_with(LISTED, variables).await;
            let members = reply.data("/nodes/0/members");
            found += &names(members);
            after = members["pageInfo"]["endCursor"].clone();
            if members["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(found, expected);
        cursor = after;
    }
    let elsewhere = json!({ "ids": [groups[0]], "order": "NAME_DESC", "after": cursor });
    let reply = people[0].run_with(LISTED, elsewhere).await;
    assert_eq!(
        reply.codes(),
        "BAD_USER_INPUT",
        "a cursor is good for its own group"
    );
    let reply = people[2].run_with(LISTED, json!({ "ids": groups })).await;
    for at in 0..2 {
        let members = &reply.data("/nodes")[at]["members"];
        assert_eq!(names(members), "E");
        assert_eq!(members["totalCount"], 1);
    }
}

#[tokio::test]
async fn the_statements_of_a_change_do_not_depend_on_its_rows() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let group = GroupKey::new(app.org, factory::group(&app, owner.member, &[]).await);
    let mut people = Vec::new();
    for _ in 0..8 {
        people.push(app.learner().await);
    }
    let document =
        "mutation($input: GroupMembersSetInput!) { groupMembersSet(input: $input) { group { id } } }";
    let mut counts = Vec::new();
    for most in [1, 8] {
        let rows: Vec<_> = people[..most]
            .iter()
            .map(|person| row(person, "MEMBER"))
            .collect();
        let variables = json!({ "input": { "groupId": group.to_string(), "members": rows } });
        counts.push(statements(&app, &owner, document, variables).await.1);
    }
    assert_eq!(counts[0], counts[1]);
}
