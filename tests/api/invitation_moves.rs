//! What becomes of an invitation: sent again, taken back, declined.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::people::{accept, invite};
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use serde_json::{Value, json};

const FIELDS: &str = "invitation { id state expiresAt viewerCan { resend revoke } }";

async fn resend(who: &Client, id: &str, more: Value) -> Reply {
    let document = format!(
        "mutation($input: InvitationResendInput!) {{ invitationResend(input: $input) {{ {FIELDS} token userErrors {{ code field message }} }} }}"
    );
    let mut input = json!({ "invitationId": id });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(&document, json!({ "input": input })).await
}

async fn revoke(who: &Client, id: &str) -> Reply {
    let document = format!(
        "mutation($id: ID!) {{ invitationRevoke(input: {{invitationId: $id}}) {{ {FIELDS} userErrors {{ code field message }} }} }}"
    );
    who.run_with(&document, json!({ "id": id })).await
}

async fn decline(who: &Client, token: &str) -> Reply {
    let document = "mutation($token: String!) { invitationDecline(input: {token: $token}) { invitationId userErrors { code } } }";
    who.run_with(document, json!({ "token": token })).await
}

/// The organisation's newest invitation, as somebody sees it.
async fn newest(app: &TestApp, who: &Person) -> Value {
    let list = "query($org: ID!) { organization(id: $org) { invitations(first: 1) { nodes { id state } } } }";
    let list = who.run_with(list, json!({ "org": app.org_id() })).await;
    list.data("/organization/invitations/nodes/0").clone()
}

async fn id_of(app: &TestApp, who: &Person) -> String {
    newest(app, who).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_has_another_token_and_a_new_term() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let first = invite(&app, &owner, &newcomer.email, "learner").await;
    let id = id_of(&app, &owner).await;
    factory::expire_invitations(&app).await;
    assert_eq!(newest(&app, &owner).await["state"], "EXPIRED");
    let key = json!({ "idempotencyKey": "k1" });
    let sent = resend(&owner, &id, key.clone()).await;
    let second = sent.text("/invitationResend/token").to_owned();
    assert_eq!(sent.data("/invitationResend/invitation/state"), &json!("PENDING"));
    assert_eq!(
        sent.data("/invitationResend/invitation/viewerCan"),
        &json!({ "resend": true, "revoke": true })
    );
    let again = resend(&owner, &id, key).await;
    assert_eq!(
        again.data("/invitationResend/token"),
        &Value::Null,
        "it is shown once"
    );
    assert_eq!(
        again.data("/invitationResend/invitation"),
        sent.data("/invitationResend/invitation")
    );
    assert_eq!(accept(&newcomer, &first).await.codes(), "NOT_FOUND");
    assert_eq!(accept(&newcomer, &second).await.codes(), "");
    for refused in [resend(&owner, &id, json!({})).await, revoke(&owner, &id).await] {
        assert_eq!(refused.codes(), "INVALID_STATE");
        assert!(
            refused.mentions("The invitation is ACCEPTED"),
            "{:#}",
            refused.body
        );
    }
    assert_eq!(factory::audit(&app, "invitation.resent").await.len(), 1);
}

#[tokio::test]
async fn an_invitation_that_is_taken_back_opens_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let id = id_of(&app, &owner).await;
    let revoked = revoke(&owner, &id).await;
    assert_eq!(revoked.text("/invitationRevoke/invitation/state"), "REVOKED");
    assert_eq!(
        revoked.data("/invitationRevoke/invitation/viewerCan"),
        &json!({ "resend": false, "revoke": false })
    );
    for reply in [accept(&newcomer, &token).await, decline(&newcomer, &token).await] {
        assert_eq!(reply.codes(), "INVITATION_SPENT");
    }
    assert_eq!(resend(&owner, &id, json!({})).await.codes(), "INVALID_STATE");
    assert_eq!(revoke(&owner, &id).await.codes(), "INVALID_STATE");
}

#[tokio::test]
async fn whoever_is_invited_declines_and_may_be_invited_again() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let elsewhere = app.elsewhere().await;
    let (newcomer, other) = (elsewhere.learner().await, elsewhere.learner().await);
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let id = id_of(&app, &owner).await;
    for (who, code) in [
        (&other.client, "WRONG_ADDRESS"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(decline(who, &token).await.codes(), code);
        assert_eq!(newest(&app, &owner).await["state"], "PENDING");
    }
    let declined = decline(&newcomer, &token).await;
    assert_eq!(declined.text("/invitationDecline/invitationId"), id);
    assert_eq!(newest(&app, &owner).await["state"], "DECLINED");
    assert_eq!(accept(&newcomer, &token).await.codes(), "INVITATION_SPENT");
    assert_eq!(decline(&newcomer, &token).await.codes(), "INVITATION_SPENT");
    assert_eq!(decline(&newcomer, "lyc_inv_nonsense").await.codes(), "NOT_FOUND");
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    assert_eq!(accept(&newcomer, &token).await.codes(), "");
    assert_eq!(factory::audit(&app, "invitation.declined").await.len(), 1);
}

#[tokio::test]
async fn who_may_not_manage_an_invitation_moves_it_nowhere() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let (manager, learner) = (app.member("manager").await, app.learner().await);
    let stranger = app.elsewhere().await.owner().await;
    invite(&app, &owner, "a@people.example", "owner").await;
    let id = id_of(&app, &owner).await;
    for (who, code) in [
        (&admin.client, "FORBIDDEN"),
        (&manager.client, "NOT_FOUND"),
        (&learner.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(resend(who, &id, json!({})).await.codes(), code);
        assert_eq!(revoke(who, &id).await.codes(), code);
        assert_eq!(newest(&app, &owner).await["state"], "PENDING");
    }
    invite(&app, &manager, "b@people.example", "learner").await;
    let own = id_of(&app, &owner).await;
    assert_eq!(resend(&manager, &own, json!({})).await.codes(), "");
    assert_eq!(revoke(&manager, &own).await.codes(), "");
}

#[tokio::test]
async fn an_invitation_to_a_role_above_ones_own_is_not_sent_again_but_may_be_taken_back() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let role = factory::role(&app, json!({ "invitations.manage": ["all"] })).await;
    let clerk = app.member(&role).await;
    invite(&app, &owner, "a@people.example", "author").await;
    let id = id_of(&app, &owner).await;
    let can = "query($id: ID!) { node(id: $id) { ... on Invitation { viewerCan { resend revoke refusals { permission policies } } } } }";
    let can = clerk.run_with(can, json!({ "id": id })).await;
    assert_eq!(
        can.data("/node/viewerCan"),
        &json!({ "resend": false, "revoke": true, "refusals": [
            { "permission": "INVITATIONS_MANAGE", "policies": ["roles.within_own"] },
        ] })
    );
    assert_eq!(resend(&clerk, &id, json!({})).await.codes(), "ROLE_NOT_ALLOWED");
    assert_eq!(revoke(&clerk, &id).await.codes(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_accepting_declining_and_taking_back_at_once_one_happens() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for _ in 0..5 {
        let newcomer = app.elsewhere().await.learner().await;
        let token = invite(&app, &owner, &newcomer.email, "learner").await;
        let id = id_of(&app, &owner).await;
        let moves = (0..12).map(|number| {
            let (owner, newcomer, token, id) = (&owner, &newcomer, &token, &id);
            async move {
                match number % 3 {
                    0 => accept(newcomer, token).await,
                    1 => decline(newcomer, token).await,
                    _ => revoke(owner, id).await,
                }
            }
        });
        let mut codes: Vec<_> = join_all(moves).await.iter().map(Reply::codes).collect();
        codes.sort();
        assert_eq!(codes[0], "");
        let refused = ["INVITATION_SPENT", "INVALID_STATE"];
        assert!(
            codes[1..].iter().all(|code| refused.contains(&code.as_str())),
            "{codes:?}"
        );
    }
}
