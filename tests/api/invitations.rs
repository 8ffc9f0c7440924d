//! Inviting people, and their coming.

use super::support::people::{accept, invite, role_id, role_of, send, send_with};
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::HashSet;

const PREVIEW: &str = "query($token: String!) { invitation(token: $token) { organizationName roleName isOpen emailHint expiresAt } }";
const LIST: &str = "query($org: ID!) { organization(id: $org) { invitations(first: 100) { totalCount nodes { id email state role { slug } \
    invitedBy { id } acceptedBy { id } } } } }";

#[tokio::test]
async fn an_invited_person_sees_what_awaits_and_joins() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "author").await;
    assert!(token.starts_with("lyc_inv_"), "{token}");

    let preview = app.anonymous().run_with(PREVIEW, json!({ "token": token })).await;
    assert_eq!(preview.text("/invitation/organizationName"), app.slug);
    assert_eq!(preview.text("/invitation/roleName"), "Author");
    assert_eq!(preview.data("/invitation/isOpen"), &json!(true));
    let hint = preview.text("/invitation/emailHint");
    assert!(
        hint.ends_with("***@people.example") && !preview.mentions(&newcomer.email),
        "{hint}"
    );
    let unseen = newcomer.run_with(LIST, json!({ "org": app.org_id() })).await;
    assert_eq!(
        unseen.data("/organization"),
        &Value::Null,
        "a token opens nothing but its acceptance"
    );

    let joined = accept(&newcomer, &token).await;
    let member = joined.text("/invitationAccept/member/id").to_owned();
    assert_eq!(
        joined.data("/invitationAccept"),
        &json!({ "member": { "id": member, "name": "Test Person", "email": newcomer.email, "state": "ACTIVE", "role": { "slug": "author" } },
            "organization": { "id": app.org_id(), "slug": app.slug, "members": { "totalCount": 1 } }, "userErrors": [] })
    );
    let memberships = newcomer
        .run("{ viewer { memberships { organization { slug } } } }")
        .await;
    assert_eq!(
        memberships.data("/viewer/memberships").as_array().unwrap().len(),
        2,
        "the next request knows"
    );

    let list = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    let node = list.data("/organization/invitations/nodes/0").clone();
    assert_eq!(
        node,
        json!({ "id": node["id"], "email": newcomer.email, "state": "ACCEPTED", "role": { "slug": "author" },
            "invitedBy": { "id": owner.member.to_string() }, "acceptedBy": { "id": member } })
    );
    let preview = app.anonymous().run_with(PREVIEW, json!({ "token": token })).await;
    assert_eq!(preview.data("/invitation/isOpen"), &json!(false));
    assert_eq!(factory::audit(&app, "member.joined").await.len(), 1);
    assert_eq!(
        accept(&newcomer, &token).await.codes(),
        "INVITATION_SPENT",
        "it is good once"
    );
}

#[tokio::test]
async fn a_token_is_shown_once_and_a_replay_answers_without_it() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let role = role_id(&app, &owner, "learner").await;
    let input = json!({ "organizationId": app.org_id(), "idempotencyKey": "k1", "invitations": [
        { "email": "a@people.example", "roleId": role, "clientKey": "row a" },
        { "email": "no address", "roleId": role },
    ], "errorPolicy": "REJECT_ROWS" });
    let first = send_with(&owner, input.clone()).await;
    let again = send_with(&owner, input).await;
    let mut expected = first.data("/invitationsSend").clone();
    assert!(expected["results"][0]["token"].is_string());
    assert_eq!(
        expected["results"][0]["clientKey"],
        json!("row a"),
        "{expected:#}"
    );
    assert_eq!(expected["results"][1]["userErrors"][0]["code"], json!("INVALID"));
    expected["results"][0]["token"] = Value::Null;
    assert_eq!(again.data("/invitationsSend"), &expected);
    let list = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    assert_eq!(list.data("/organization/invitations/totalCount"), &json!(1));
    let token = first.text("/invitationsSend/results/0/token");
    assert!(
        !list.mentions(token) && !again.mentions(token),
        "no other answer has it"
    );
}

#[tokio::test]
async fn sending_again_takes_the_place_of_what_was_pending() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let first = invite(&app, &owner, &newcomer.email, "author").await;
    let second = invite(&app, &owner, &newcomer.email, "learner").await;
    let list = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    let states: Vec<_> = list
        .data("/organization/invitations/nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["state"].clone())
        .collect();
    assert_eq!(states, ["PENDING", "REVOKED"], "the newest first");
    assert_eq!(accept(&newcomer, &first).await.codes(), "INVITATION_SPENT");
    assert_eq!(accept(&newcomer, &second).await.codes(), "");
    assert_eq!(factory::audit(&app, "invitation.revoked").await.len(), 1);
}

#[tokio::test]
async fn what_is_past_its_time_is_refused_and_gives_way_to_anybody() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let manager = app.member("manager").await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "owner").await;
    let row = json!([{ "email": newcomer.email, "roleId": role_id(&app, &owner, "learner").await }]);
    assert_eq!(
        send(&app, &manager, row.clone()).await.codes(),
        "TAKEN",
        "an owner's invitation is not a manager's to replace"
    );
    factory::expire_invitations(&app).await;
    assert_eq!(accept(&newcomer, &token).await.codes(), "INVITATION_SPENT");
    let list = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    assert_eq!(list.text("/organization/invitations/nodes/0/state"), "EXPIRED");
    let sent = send(&app, &manager, row).await;
    let token = sent.text("/invitationsSend/results/0/token");
    assert_eq!(accept(&newcomer, token).await.codes(), "");
}

#[tokio::test]
async fn whoever_manages_groups_invites_learners_and_sees_the_invitations_they_sent() {
    let app = TestApp::new().await;
    let (owner, manager) = (app.owner().await, app.member("manager").await);
    invite(&app, &owner, "a@people.example", "learner").await;
    let token = invite(&app, &manager, "b@people.example", "learner").await;
    let list = manager.run_with(LIST, json!({ "org": app.org_id() })).await;
    assert_eq!(list.data("/organization/invitations/totalCount"), &json!(1));
    assert_eq!(
        list.text("/organization/invitations/nodes/0/email"),
        "b@people.example"
    );
    let node = "query($id: ID!) { node(id: $id) { ... on Invitation { email } } }";
    let all = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    for invitation in all.data("/organization/invitations/nodes").as_array().unwrap() {
        let seen = manager.run_with(node, json!({ "id": invitation["id"] })).await;
        assert_eq!(
            seen.data("/node").is_null(),
            invitation["email"] == "a@people.example"
        );
    }
    for role in ["manager", "author", "admin", "owner"] {
        let row = json!([{ "email": "c@people.example", "roleId": role_id(&app, &owner, role).await }]);
        let reply = send(&app, &manager, row).await;
        assert_eq!(reply.codes(), "ROLE_NOT_ALLOWED", "{role}");
    }
    assert!(token.starts_with("lyc_inv_"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_acceptances_at_once_make_one_member() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let replies = join_all((0..50).map(|_| accept(&newcomer, &token))).await;
    let mut codes: Vec<_> = replies.iter().map(super::support::client::Reply::codes).collect();
    codes.sort();
    assert_eq!(codes[0], "");
    assert!(
        codes[1..].iter().all(|code| code == "INVITATION_SPENT"),
        "{codes:?}"
    );
    let count = "query($org: ID!) { organization(id: $org) { members { totalCount } } }";
    let members = owner.run_with(count, json!({ "org": app.org_id() })).await;
    assert_eq!(members.data("/organization/members/totalCount"), &json!(2));
    assert_eq!(factory::audit(&app, "member.joined").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_invited_many_times_at_once_has_one_pending_invitation() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let role = role_id(&app, &owner, "learner").await;
    let rows: Vec<_> = ["b", "a", "c"]
        .iter()
        .map(|name| json!({ "email": format!("{name}@people.example"), "roleId": role }))
        .collect();
    let mut backwards = rows.clone();
    backwards.reverse();
    let sends = (0..20).map(|number| {
        let rows = if number % 2 == 0 { &rows } else { &backwards };
        send(&app, &owner, json!(rows))
    });
    for reply in join_all(sends).await {
        let codes = reply.codes();
        assert!(
            codes
                .split(',')
                .all(|code| ["", "TAKEN", "RATE_LIMITED"].contains(&code)),
            "{:#}",
            reply.body
        );
    }
    let list = owner.run_with(LIST, json!({ "org": app.org_id() })).await;
    let pending: Vec<_> = list
        .data("/organization/invitations/nodes")
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["state"] == "PENDING")
        .map(|node| node["email"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pending.len(), 3);
    assert_eq!(pending.iter().collect::<HashSet<_>>().len(), 3);
}

#[tokio::test]
async fn an_invited_owner_is_one() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "owner").await;
    let joined = accept(&newcomer, &token).await;
    let member = joined.text("/invitationAccept/member/id");
    assert_eq!(role_of(&newcomer, member).await, "owner");
}

#[tokio::test]
async fn the_statements_of_a_send_do_not_depend_on_its_rows() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let role = role_id(&app, &owner, "learner").await;
    let document = "mutation($input: InvitationsSendInput!) { invitationsSend(input: $input) { results { token invitation { email } } } }";
    let mut counts = Vec::new();
    for rows in [1, 250] {
        let rows: Vec<_> = (0..rows)
            .map(|row| json!({ "email": format!("p{row}@people.example"), "roleId": role }))
            .collect();
        let variables = json!({ "input": { "organizationId": app.org_id(), "invitations": rows } });
        let (data, count) = super::support::learning::statements(&app, &owner, document, variables).await;
        assert_eq!(
            data["invitationsSend"]["results"].as_array().unwrap().len(),
            rows.len()
        );
        counts.push(count);
    }
    assert_eq!(counts[0], counts[1]);
}
