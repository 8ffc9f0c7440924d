//! Handing an organisation over in two steps.

use super::support::client::{Client, Reply};
use super::support::people::role_of;
use super::support::{TestApp, factory, mail};
use futures_util::future::join_all;
use lyceum::kernel::ids::MemberKey;
use serde_json::{Value, json};

const FIELDS: &str =
    "organization { ownershipTransfer { from { id } to { id } expiresAt } } userErrors { code field }";

async fn offer(app: &TestApp, who: &Client, to: MemberKey) -> Reply {
    let document = format!(
        "mutation($org: ID!, $to: ID!) {{ organizationTransferOwnership(input: {{organizationId: $org, memberId: $to}}) {{ {FIELDS} }} }}"
    );
    who.run_with(&document, json!({ "org": app.org_id(), "to": to.to_string() }))
        .await
}

async fn answer(app: &TestApp, who: &Client, verb: &str) -> Reply {
    let document = format!(
        "mutation($org: ID!) {{ ownershipTransfer{verb}(input: {{organizationId: $org}}) {{ {FIELDS} }} }}"
    );
    who.run_with(&document, json!({ "org": app.org_id() })).await
}

async fn seen(app: &TestApp, who: &Client) -> Value {
    let document =
        "query($org: ID!) { organization(id: $org) { ownershipTransfer { from { id } to { id } } } }";
    let reply = who.run_with(document, json!({ "org": app.org_id() })).await;
    reply.data("/organization/ownershipTransfer").clone()
}

#[tokio::test]
async fn what_an_owner_offers_and_a_member_takes_is_theirs() {
    let app = TestApp::new().await;
    let (owner, heir, other) = (app.owner().await, app.learner().await, app.member("admin").await);
    let offered = offer(&app, &owner, heir.member).await;
    let transfer =
        json!({ "from": { "id": owner.member.to_string() }, "to": { "id": heir.member.to_string() } });
    assert!(
        offered
            .data("/organizationTransferOwnership/organization/ownershipTransfer/expiresAt")
            .is_string()
    );
    for (who, expected) in [(&owner, &transfer), (&heir, &transfer), (&other, &Value::Null)] {
        assert_eq!(&seen(&app, who).await, expected);
    }
    assert_eq!(
        role_of(&owner, &heir.member.to_string()).await,
        "learner",
        "not before they take it"
    );
    for verb in ["Accept", "Decline"] {
        for who in [&owner, &other] {
            assert_eq!(answer(&app, who, verb).await.codes(), "FORBIDDEN");
        }
    }
    let taken = answer(&app, &heir, "Accept").await;
    assert_eq!(taken.codes(), "", "{:#}", taken.body);
    assert_eq!(role_of(&heir, &heir.member.to_string()).await, "owner");
    assert_eq!(role_of(&heir, &owner.member.to_string()).await, "admin");
    assert_eq!(seen(&app, &heir).await, Value::Null);
    assert_eq!(
        answer(&app, &heir, "Accept").await.codes(),
        "FORBIDDEN",
        "it is taken once"
    );
    assert_eq!(
        offer(&app, &owner, other.member).await.codes(),
        "FORBIDDEN",
        "it is theirs no more"
    );
    let entries = factory::audit(&app, "ownership.transferred").await;
    assert_eq!(
        entries[0].1,
        json!({ "from": owner.member.to_string(), "to": heir.member.to_string() })
    );
}

#[tokio::test]
async fn an_offer_can_be_declined_withdrawn_and_made_again() {
    let app = TestApp::new().await;
    let (owner, heir) = (app.owner().await, app.learner().await);
    for (who, verb) in [(&heir, "Decline"), (&owner, "Withdraw")] {
        assert_eq!(offer(&app, &owner, heir.member).await.codes(), "");
        assert_eq!(offer(&app, &owner, heir.member).await.codes(), "INVALID_STATE");
        assert_eq!(answer(&app, who, verb).await.codes(), "");
        assert_eq!(answer(&app, &heir, "Accept").await.codes(), "FORBIDDEN");
    }
    assert_eq!(answer(&app, &owner, "Withdraw").await.codes(), "INVALID_STATE");
    assert_eq!(role_of(&owner, &owner.member.to_string()).await, "owner");
}

#[tokio::test]
async fn an_offer_that_is_past_its_time_or_whose_owner_is_none_gives_nothing() {
    let app = TestApp::new().await;
    let (owner, second, heir) = (app.owner().await, app.owner().await, app.learner().await);
    offer(&app, &owner, heir.member).await;
    factory::change(
        &app,
        "update ownership_transfers set expires_at = now() - interval '1 second'",
    )
    .await;
    assert_eq!(seen(&app, &heir).await, Value::Null);
    assert_eq!(answer(&app, &heir, "Accept").await.codes(), "INVALID_STATE");
    assert_eq!(offer(&app, &owner, heir.member).await.codes(), "", "it gives way");
    let demote = format!(
        "update memberships set role_id = (select id from roles where slug = 'learner') where id = '{}'",
        owner.member.id.0
    );
    factory::change(&app, &demote).await;
    assert_eq!(answer(&app, &heir, "Accept").await.codes(), "INVALID_STATE");
    assert_eq!(role_of(&second, &heir.member.to_string()).await, "learner");
}

#[tokio::test]
async fn only_an_owner_offers_and_only_to_an_active_member_who_is_none() {
    let app = TestApp::new().await;
    let (owner, second, admin, heir) = (
        app.owner().await,
        app.owner().await,
        app.member("admin").await,
        app.learner().await,
    );
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&admin.client, "FORBIDDEN"),
        (&heir.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(offer(&app, who, heir.member).await.codes(), code);
        assert_eq!(answer(&app, who, "Withdraw").await.codes(), code);
    }
    let suspend = format!(
        "update memberships set state = 'suspended' where id = '{}'",
        heir.member.id.0
    );
    factory::change(&app, &suspend).await;
    for (to, code) in [
        (heir.member, "INVALID_STATE"),
        (second.member, "INVALID_STATE"),
        (owner.member, "INVALID_STATE"),
        (stranger.member, "NOT_FOUND"),
    ] {
        assert_eq!(offer(&app, &owner, to).await.codes(), code);
    }
    assert_eq!(factory::count(&app, "ownership_transfers").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn taking_declining_and_withdrawing_at_once_leave_one_outcome_and_an_owner() {
    let app = TestApp::new().await;
    let (owner, heir) = (app.owner().await, app.learner().await);
    offer(&app, &owner, heir.member).await;
    let answers = (0..12).map(|number| {
        let (app, owner, heir) = (&app, &owner, &heir);
        async move {
            match number % 3 {
                0 => answer(app, heir, "Accept").await,
                1 => answer(app, heir, "Decline").await,
                _ => answer(app, owner, "Withdraw").await,
            }
        }
    });
    let replies = join_all(answers).await;
    let done = replies.iter().filter(|reply| reply.codes().is_empty()).count();
    assert_eq!(done, 1);
    let owners =
        "memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id where r.slug = 'owner'";
    assert_eq!(factory::count(&app, owners).await, 1);
}

#[tokio::test]
async fn an_offer_is_mailed_to_the_member_and_a_transfer_to_all_owners_and_the_former_one() {
    let app = mail::app().await;
    let (owner, second, heir) = (app.owner().await, app.owner().await, app.learner().await);
    let bystander = app.member("admin").await;
    assert_eq!(offer(&app, &owner, heir.member).await.codes(), "");
    let offered = mail::letters(&app, &heir.email, 1).await;
    assert!(offered[0].contains(&format!("Subject: {} is offered to you", app.slug)));
    assert!(mail::delivered_to(&second.email).is_empty());
    assert_eq!(answer(&app, &heir, "Accept").await.codes(), "");
    for (who, count) in [(&owner, 1), (&second, 1), (&heir, 2)] {
        let letters = mail::letters(&app, &who.email, count).await;
        let subject = format!("Subject: {} was handed over", app.slug);
        assert!(letters[count - 1].contains(&subject), "{letters:#?}");
    }
    assert!(mail::delivered_to(&bystander.email).is_empty());
}

#[tokio::test]
async fn what_is_offered_again_and_again_is_refused_and_mailed_no_more() {
    let app = TestApp::new().await;
    let (owner, heir) = (app.owner().await, app.learner().await);
    for _ in 0..5 {
        assert_eq!(offer(&app, &owner, heir.member).await.codes(), "");
        assert_eq!(answer(&app, &owner, "Withdraw").await.codes(), "");
    }
    assert_eq!(offer(&app, &owner, heir.member).await.codes(), "RATE_LIMITED");
    assert_eq!(
        factory::count(&app, "ownership_transfers where state = 'offered'").await,
        0
    );
}
