//! What sending and accepting invitations refuse, each with nothing done.

use super::support::app::Person;
use super::support::people::{accept, invite, role_id, send, send_with};
use super::support::{TestApp, factory};
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};

async fn invitations(app: &TestApp, owner: &Person) -> Value {
    let document =
        "query($org: ID!) { organization(id: $org) { invitations { totalCount } members { totalCount } } }";
    let reply = owner.run_with(document, json!({ "org": app.org_id() })).await;
    reply.data("/organization").clone()
}

fn counts(invitations: i32, members: i32) -> Value {
    json!({ "invitations": { "totalCount": invitations }, "members": { "totalCount": members } })
}

#[tokio::test]
async fn one_bad_row_refuses_all_or_itself_as_the_sender_says() {
    let app = TestApp::new().await;
    let (owner, known) = (app.owner().await, app.learner().await);
    let learner = role_id(&app, &owner, "learner").await;
    let elsewhere = app.elsewhere().await;
    let theirs = role_id(&elsewhere, &elsewhere.owner().await, "learner").await;
    let rows = json!([
        { "email": "good@people.example", "roleId": learner, "clientKey": "good" },
        { "email": "nonsense", "roleId": learner },
        { "email": "GOOD@people.example", "roleId": learner },
        { "email": "x@people.example", "roleId": theirs },
        { "email": "y@people.example", "roleId": "rol_" },
        { "email": known.email, "roleId": learner, "clientKey": "known" },
    ]);
    let expected = [
        ("INVALID", 1, "email"),
        ("TAKEN", 2, "email"),
        ("NOT_FOUND", 3, "roleId"),
        ("NOT_FOUND", 4, "roleId"),
        ("ALREADY_MEMBER", 5, "email"),
    ];
    let all = send(&app, &owner, rows.clone()).await;
    assert_eq!(all.data("/invitationsSend/results"), &Value::Null);
    let errors = all.data("/invitationsSend/userErrors").as_array().unwrap();
    assert_eq!(errors.len(), expected.len());
    for (error, (code, row, field)) in errors.iter().zip(expected) {
        assert_eq!(
            (error["code"].as_str().unwrap(), &error["field"]),
            (code, &json!(["invitations", row.to_string(), field]))
        );
    }
    assert_eq!(invitations(&app, &owner).await, counts(0, 2));

    let input = json!({ "organizationId": app.org_id(), "invitations": rows, "errorPolicy": "REJECT_ROWS" });
    let some = send_with(&owner, input).await;
    assert_eq!(some.data("/invitationsSend/userErrors"), &json!([]));
    let results = some.data("/invitationsSend/results").as_array().unwrap();
    assert_eq!(results.len(), 6);
    assert_eq!(results[0]["clientKey"], json!("good"));
    assert!(results[0]["token"].is_string() && results[0]["invitation"]["state"] == "PENDING");
    for (code, row, field) in expected {
        let result = &results[row];
        assert_eq!(
            (&result["token"], &result["invitation"], &result["index"]),
            (&Value::Null, &Value::Null, &json!(row))
        );
        assert_eq!(
            result["userErrors"],
            json!([{ "code": code, "field": ["invitations", row.to_string(), field] }])
        );
    }
    assert_eq!(invitations(&app, &owner).await, counts(1, 2));
}

#[tokio::test]
async fn too_many_rows_and_none_are_refused() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let role = role_id(&app, &owner, "learner").await;
    for rows in [0, 251] {
        let rows: Vec<_> = (0..rows)
            .map(|row| json!({ "email": format!("p{row}@people.example"), "roleId": role }))
            .collect();
        assert_eq!(send(&app, &owner, json!(rows)).await.codes(), "INVALID");
    }
    assert_eq!(invitations(&app, &owner).await, counts(0, 1));
}

#[tokio::test]
async fn who_may_not_invite_sends_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let [author, learner] = [app.member("author").await, app.learner().await];
    let stranger = app.elsewhere().await.owner().await;
    let row = json!([{ "email": "a@people.example", "roleId": role_id(&app, &owner, "learner").await }]);
    let input = json!({ "organizationId": app.org_id(), "invitations": row });
    for (who, code) in [
        (&author.client, "FORBIDDEN"),
        (&learner.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(send_with(who, input.clone()).await.codes(), code);
    }
    let nowhere = json!({ "organizationId": "org_", "invitations": row });
    assert_eq!(send_with(&owner, nowhere).await.codes(), "NOT_FOUND");
    assert_eq!(invitations(&app, &owner).await, counts(0, 3));
}

#[tokio::test]
async fn only_an_owner_invites_owners_and_takes_their_invitations_back() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let row = json!([{ "email": "a@people.example", "roleId": role_id(&app, &owner, "owner").await }]);
    let reply = send(&app, &admin, row.clone()).await;
    assert_eq!(reply.codes(), "ROLE_NOT_ALLOWED");
    assert_eq!(send(&app, &owner, row).await.codes(), "");
    let row = json!([{ "email": "a@people.example", "roleId": role_id(&app, &owner, "learner").await }]);
    assert_eq!(send(&app, &admin, row).await.codes(), "TAKEN");
    assert_eq!(invitations(&app, &owner).await, counts(1, 2));
}

#[tokio::test]
async fn an_invitation_is_for_one_address_and_nobody_else() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let elsewhere = app.elsewhere().await;
    let (invited, other) = (elsewhere.learner().await, elsewhere.learner().await);
    let token = invite(&app, &owner, &invited.email, "learner").await;
    let reply = accept(&other, &token).await;
    assert_eq!(reply.codes(), "WRONG_ADDRESS");
    assert!(!reply.mentions(&invited.email));
    assert_eq!(accept(&app.anonymous(), &token).await.codes(), "UNAUTHENTICATED");
    assert_eq!(invitations(&app, &owner).await, counts(1, 1));
    assert_eq!(accept(&invited, &token).await.codes(), "");
}

#[tokio::test]
async fn a_token_of_nothing_opens_nothing() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let unknown = Token::generate(TokenKind::Invitation);
    let session = Token::generate(TokenKind::Session);
    let preview = "query($token: String!) { invitation(token: $token) { organizationName } }";
    for token in [unknown.expose(), session.expose(), "", "lyc_inv_é"] {
        let reply = accept(&learner, token).await;
        assert_eq!(reply.codes(), "NOT_FOUND", "{token}");
        let reply = learner.run_with(preview, json!({ "token": token })).await;
        assert_eq!(reply.data("/invitation"), &Value::Null);
    }
}

#[tokio::test]
async fn a_member_does_not_join_again() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let (user, email, token) = factory::user(&app.app).await;
    factory::member(&app.app, app.org, user, "work@people.example", "learner").await;
    let invitation = invite(&app, &owner, &email, "admin").await;
    let reply = accept(&app.bearer(&token), &invitation).await;
    assert_eq!(reply.codes(), "ALREADY_MEMBER");
    let list = "query($org: ID!) { organization(id: $org) { members(filter: {query: \"work@\"}) { nodes { role { slug } } } \
        invitations { nodes { state } } } }";
    let seen = owner.run_with(list, json!({ "org": app.org_id() })).await;
    assert_eq!(
        seen.data("/organization"),
        &json!({ "members": { "nodes": [{ "role": { "slug": "learner" } }] }, "invitations": { "nodes": [{ "state": "PENDING" }] } })
    );
}

#[tokio::test]
async fn accepting_again_with_the_same_key_is_the_same_acceptance() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let document = "mutation($token: String!) { invitationAccept(input: {token: $token, idempotencyKey: \"k1\"}) { \
        member { id } organization { slug } userErrors { code } } }";
    let first = newcomer.run_with(document, json!({ "token": token })).await;
    let again = newcomer.run_with(document, json!({ "token": token })).await;
    assert_eq!(
        first.text("/invitationAccept/member/id"),
        again.text("/invitationAccept/member/id")
    );
    assert_eq!(again.text("/invitationAccept/organization/slug"), app.slug);
}

/// Sends the one invitation to an address again: its new token.
async fn resend(app: &TestApp, who: &Person, email: &str) -> String {
    let list = "query($id: ID!) { organization(id: $id) { invitations(first: 100) { nodes { id email } } } }";
    let list = who.run_with(list, json!({ "id": app.org_id() })).await;
    let sent = list.data("/organization/invitations/nodes").as_array().unwrap();
    let sent = sent.iter().find(|sent| sent["email"] == email).unwrap();
    let reply = who
        .mutate(
            "invitationResend",
            &json!({ "invitationId": sent["id"] }),
            "token",
        )
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/invitationResend/token").to_owned()
}

#[tokio::test]
async fn an_invitation_is_good_as_long_as_its_sender_may_give_its_role() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for way in [
        "membershipSuspend",
        "membershipRemove",
        "membershipOffboard",
        "membershipRoleChange",
    ] {
        let admin = app.member("admin").await;
        let (user, email, token) = factory::user(&app.app).await;
        let second = app.bearer(&token);
        let invitation = invite(&app, &admin, &email, "admin").await;
        let member = json!({ "memberId": admin.member.to_string() });
        let mut input = member.clone();
        match way {
            "membershipOffboard" => input["policy"] = json!("KEEP"),
            "membershipRoleChange" => input["roleId"] = json!(role_id(&app, &owner, "manager").await),
            _ => {}
        }
        owner.does(way, input).await;
        let refused = accept(&second, &invitation).await;
        assert_eq!(refused.codes(), "INVITATION_SPENT", "{way}: {:#}", refused.body);
        let joined = format!("memberships where user_id = '{}'", user.0);
        assert_eq!(factory::count(&app, &joined).await, 0, "{way}");
        if way == "membershipRemove" {
            let again = resend(&app, &owner, &email).await;
            assert_eq!(accept(&second, &again).await.codes(), "", "it is the owner's now");
        }
        if way == "membershipSuspend" {
            owner.does("membershipRestore", member).await;
            assert_eq!(accept(&second, &invitation).await.codes(), "");
        }
    }
}
