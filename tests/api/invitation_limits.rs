//! How often an address may be invited.

use super::support::TestApp;
use super::support::app::Person;
use super::support::factory;
use super::support::people::{invite, role_id, send, send_with};
use serde_json::{Value, json};

/// Who is invited in these tests.
const EMAIL: &str = "often@people.example";

async fn rows(app: &TestApp, owner: &Person, emails: &[&str]) -> Value {
    let role = role_id(app, owner, "learner").await;
    let rows = emails
        .iter()
        .map(|email| json!({ "email": email, "roleId": role }));
    Value::Array(rows.collect())
}

async fn pending(app: &TestApp) -> i64 {
    factory::count(app, "invitations where state = 'pending'").await
}

#[tokio::test]
async fn an_invitation_is_sent_again_a_few_times_and_then_refused_with_nothing_sent() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    invite(&app, &owner, EMAIL, "learner").await;
    let list = "query($org: ID!) { organization(id: $org) { invitations { nodes { id } } } }";
    let list = owner.run_with(list, json!({ "org": app.org_id() })).await;
    let input = json!({ "invitationId": list.data("/organization/invitations/nodes/0/id") });
    let mut codes = Vec::new();
    for _ in 0..6 {
        let reply = owner.mutate("invitationResend", &input, "token").await;
        codes.push(reply.codes());
    }
    assert_eq!(codes, ["", "", "", "", "RATE_LIMITED", "RATE_LIMITED"]);
    let refused = owner.mutate("invitationResend", &input, "token").await;
    assert_eq!(
        refused.data("/invitationResend/userErrors/0/field"),
        &json!(["invitationId"])
    );
    assert_eq!(factory::audit(&app, "invitation.resent").await.len(), 4);
    assert_eq!(factory::count(&app, "invitations where edition = 4").await, 1);
}

#[tokio::test]
async fn what_other_organisations_send_to_an_address_counts_too() {
    let app = TestApp::new().await;
    for organisation in [app.elsewhere().await, app.elsewhere().await] {
        let owner = organisation.owner().await;
        for _ in 0..5 {
            invite(&organisation, &owner, EMAIL, "learner").await;
        }
        let again = rows(&organisation, &owner, &[EMAIL]).await;
        let again = send(&organisation, &owner, again).await;
        assert_eq!(again.codes(), "RATE_LIMITED");
        assert_eq!(pending(&organisation).await, 1, "the former one stays");
    }
    let owner = app.owner().await;
    let refused = send(&app, &owner, rows(&app, &owner, &[EMAIL]).await).await;
    assert_eq!(refused.codes(), "RATE_LIMITED");
    assert_eq!(pending(&app).await, 0);
    assert!(factory::audit(&app, "invitation.sent").await.is_empty());
    invite(&app, &owner, "seldom@people.example", "learner").await;
}

#[tokio::test]
async fn an_address_that_had_too_many_refuses_its_row_or_all_and_costs_the_others_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for _ in 0..5 {
        invite(&app, &owner, EMAIL, "learner").await;
    }
    let emails = ["a@people.example", EMAIL, "b@people.example"];
    let rows = rows(&app, &owner, &emails).await;
    for _ in 0..7 {
        let refused = send(&app, &owner, rows.clone()).await;
        assert_eq!(refused.codes(), "RATE_LIMITED");
        assert_eq!(
            refused.data("/invitationsSend/userErrors/0/field"),
            &json!(["invitations", "1", "email"])
        );
    }
    assert_eq!(pending(&app).await, 1);
    let input = json!({ "organizationId": app.org_id(), "invitations": rows, "errorPolicy": "REJECT_ROWS" });
    let sent = send_with(&owner, input).await;
    let results = sent.data("/invitationsSend/results").as_array().unwrap();
    assert!(results[0]["token"].is_string() && results[2]["token"].is_string());
    assert_eq!(results[1]["token"], Value::Null);
    assert_eq!(results[1]["userErrors"][0]["code"], json!("RATE_LIMITED"));
    assert_eq!(pending(&app).await, 3);
}

#[tokio::test]
async fn an_organisation_invites_2_500_at_once_and_then_waits() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for list in 0..10 {
        let emails: Vec<_> = (0..250)
            .map(|row| format!("p{list}-{row}@people.example"))
            .collect();
        let emails: Vec<_> = emails.iter().map(String::as_str).collect();
        let sent = send(&app, &owner, rows(&app, &owner, &emails).await).await;
        assert_eq!(sent.codes(), "");
    }
    assert_eq!(pending(&app).await, 2_500);
    let emails: Vec<_> = (0..250).map(|row| format!("late{row}@people.example")).collect();
    let emails: Vec<_> = emails.iter().map(String::as_str).collect();
    let refused = send(&app, &owner, rows(&app, &owner, &emails).await).await;
    assert!(refused.codes().contains("RATE_LIMITED"), "{:#}", refused.body);
    assert_eq!(pending(&app).await, 2_500, "nothing was sent");
}
