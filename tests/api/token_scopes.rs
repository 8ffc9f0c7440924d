//! An app's token can do whatever its scopes say and its owner may, and nothing else: tried with every mutation, and with
//! everything that can be read.

use super::support::TestApp;
use super::support::academy::Academy;
use super::support::apps::{self, all_scopes};
use super::support::client::{Client, Reply};
use super::support::harvest::Harvest;
use super::support::walk::Walk;
use super::support::world::{Row, World};
use chrono::TimeDelta;
use lyceum::auth::permission::Permission;
use lyceum::kernel::ids::MemberKey;
use lyceum::kernel::origin::Origin;
use serde_json::Value;
use std::collections::BTreeSet;

/// What only the person themselves does, with the answer that a token gets.
const PERSONAL: &[(&str, &str)] = &[
    ("accountLinkAccept", "SESSION_REQUIRED"),
    ("accountLinkEnd", "SESSION_REQUIRED"),
    ("accountLinkRefuse", "SESSION_REQUIRED"),
    ("apiTokenCreate", "SESSION_REQUIRED"),
    ("membershipLeave", "FORBIDDEN"),
    ("membershipOffboard", "SESSION_REQUIRED"),
    ("invitationAccept", "SESSION_REQUIRED"),
    ("invitationDecline", "SESSION_REQUIRED"),
    ("organizationCreate", "SESSION_REQUIRED"),
    ("organizationDelete", "SESSION_REQUIRED"),
    ("organizationDeletionCancel", "FORBIDDEN"),
    ("organizationTransferOwnership", "SESSION_REQUIRED"),
    ("ownershipTransferAccept", "FORBIDDEN"),
    ("ownershipTransferDecline", "FORBIDDEN"),
    ("ownershipTransferWithdraw", "FORBIDDEN"),
    ("policiesSet", "SESSION_REQUIRED"),
    ("supportGrantApprove", "SESSION_REQUIRED"),
    ("supportGrantDecline", "FORBIDDEN"),
    ("supportGrantRequest", "SESSION_REQUIRED"),
    ("supportGrantRevoke", "FORBIDDEN"),
    ("ssoConnectionRemove", "SESSION_REQUIRED"),
    ("ssoConnectionSet", "SESSION_REQUIRED"),
];

/// What is of accounts, as `Type.field`: tokens do not see it.
/// The walk asks for a viewer with everything, and so gets none.
const ACCOUNT: &[&str] = &[
    "Query.viewer",
    "Viewer.",
    "Session",
    "Identity.",
    "SecurityEvent",
    "SecondFactor.",
    "BookmarkConnection.",
    "BookmarkEdge.",
    "GuardianConsent.",
    "ProcessingObjection.",
    "ProfileDetailVisibility.",
    "Recommendation",
    "OwnershipTransfer.",
    "SupportGrant",
    "Organization.supportGrants",
    "Organization.ownershipTransfer",
];

/// What every member of an organisation knows, and who holds an invitation.
const KNOWN: &[&str] = &[
    "AccessRefusal.missing",
    "AccessRefusal.policies",
    "CourseReview.hiddenReason",
    "CourseReview.text",
    "InvitationPreview.roleName",
    "OrganizationLegal.address",
    "OrganizationLegal.companyName",
    "OrganizationLegal.contactEmail",
    "OrganizationLegal.registrationNumber",
    "OrganizationSettings.allowedOrigins",
    "Role.name",
    "Role.slug",
];

async fn send(client: &Client, mutation: &str, input: &Value) -> Reply {
    client.mutate(mutation, input, "").await
}

/// The membership of the world's organisation that a client acts with; none where it has none.
async fn member(world: &World, client: &Client) -> Option<MemberKey> {
    let viewer = world
        .app
        .app
        .viewer(client.token()?, &Origin::default())
        .await
        .ok()?;
    viewer.in_org(world.app.org).map(|standing| standing.key())
}

fn is_of_accounts(world: &World, row: &Row) -> bool {
    let accounts = world.of_accounts();
    accounts
        .into_iter()
        .any(|account| account.mutation == row.mutation)
}

#[tokio::test]
async fn a_token_without_the_scope_does_nothing_that_its_owner_may() {
    let world = World::new().await;
    let mut tokens = Vec::new();
    for row in world.rows() {
        if let Some(member) = member(&world, &row.able).await {
            tokens.push((
                row,
                apps::token(&world.app, member, &[Permission::SecurityRead]).await,
            ));
        }
    }
    assert!(tokens.len() > 40, "most rows are of members");
    for (_, token) in &tokens {
        // Its first use is noted.
        world.app.bearer(token).run("{ __typename }").await;
    }
    let before = world.state().await;
    for (row, token) in tokens.iter().filter(|(row, _)| !row.anonymous.is_empty()) {
        let reply = send(&world.app.bearer(token), row.mutation, &row.input).await;
        let refused = ["FORBIDDEN", "NOT_FOUND", "SESSION_REQUIRED"].contains(&reply.codes().as_str());
        assert!(refused, "{}: {:#}", row.mutation, reply.body);
        assert_eq!(
            world.state().await,
            before,
            "{} left something behind",
            row.mutation
        );
    }
}

#[tokio::test]
async fn a_token_with_every_scope_does_what_its_owner_may_but_what_takes_the_person() {
    let world = World::new().await;
    for row in world.rows() {
        if is_of_accounts(&world, &row) {
            continue;
        }
        let Some(member) = member(&world, &row.able).await else {
            // Newcomers come in by an invitation, which a token of another organisation does not open.
            assert!(
                PERSONAL.iter().any(|(name, _)| *name == row.mutation),
                "{}",
                row.mutation
            );
            continue;
        };
        let token = apps::token(&world.app, member, &all_scopes()).await;
        let reply = send(&world.app.bearer(&token), row.mutation, &row.input).await;
        let expected = PERSONAL.iter().find(|(name, _)| *name == row.mutation);
        let expected = expected.map_or("", |(_, code)| code);
        assert_eq!(reply.codes(), expected, "{}: {:#}", row.mutation, reply.body);
        if !expected.is_empty() {
            // What comes after it in the table counts on it.
            let reply = send(&row.able, row.mutation, &row.input).await;
            assert_eq!(reply.codes(), "", "{}: {:#}", row.mutation, reply.body);
        }
    }
}

#[tokio::test]
async fn what_is_done_to_accounts_takes_a_session() {
    let world = World::new().await;
    let owner = world.app.owner().await;
    let token = apps::token(&world.app, owner.member, &all_scopes()).await;
    let client = world.app.bearer(&token);
    for row in world.of_accounts() {
        if row.anonymous == "UNAUTHENTICATED" {
            let reply = send(&client, row.mutation, &row.input).await;
            assert_eq!(
                reply.codes(),
                "SESSION_REQUIRED",
                "{}: {:#}",
                row.mutation,
                reply.body
            );
        }
    }
}

#[tokio::test]
async fn a_token_with_every_scope_sees_what_its_owner_sees_but_the_account() {
    let academy = Academy::found(&TestApp::new().await.unlimited(), false).await;
    let owner = academy.person("owner");
    let documents = Walk::new().documents();
    let token = apps::token(&academy.app, owner.member, &all_scopes()).await;
    let client = academy.app.bearer(&token);
    let words = academy.words();
    let (of_owner, of_token) = tokio::join!(
        academy.secrets().grown(&documents, owner, &words),
        academy.secrets().grown(&documents, &client, &words)
    );
    let fields = |harvest: Harvest| harvest.fields.into_keys().collect::<BTreeSet<_>>();
    let is_of_accounts = |field: &String| ACCOUNT.iter().any(|kind| field.starts_with(kind));
    let (owners, tokens) = (fields(of_owner), fields(of_token));
    let missing: Vec<_> = owners
        .difference(&tokens)
        .filter(|field| !is_of_accounts(field))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
    let shown: Vec<_> = tokens.iter().filter(|field| is_of_accounts(field)).collect();
    assert_eq!(shown, Vec::<&String>::new());
}

#[tokio::test]
async fn a_token_without_a_reading_scope_sees_what_every_member_knows_and_nothing_else() {
    let academy = Academy::found(&TestApp::new().await.unlimited(), false).await;
    let owner = academy.person("owner");
    let documents = Walk::new().documents();
    let token = apps::token(&academy.app, owner.member, &[Permission::CoursesCreate]).await;
    let words = [academy.hidden.as_str(), academy.key.as_str()];
    // The first page of the catalogue may be full of other academies' courses, so this one is named.
    let mut known = academy.secrets();
    known.ids.insert(academy.app.org_id());
    let seen = known.grown(&documents, &academy.app.bearer(&token), &words).await;
    let seen: BTreeSet<_> = seen
        .fields
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(field, _)| field)
        .collect();
    assert_eq!(seen, KNOWN.iter().map(ToString::to_string).collect());
    let ended = academy.app.app.clock.now() + TimeDelta::seconds(1);
    let program = apps::app(&academy.app, owner.member).await;
    let (_, expired) = apps::token_until(&academy.app, program, owner.member, &all_scopes(), ended).await;
    academy.app.app.clock.advance(TimeDelta::seconds(2));
    for document in documents.iter().filter(|document| !document.names_below()) {
        for filling in academy.secrets().fillings(document).into_iter().take(1) {
            let reply = academy
                .app
                .bearer(&expired)
                .run_with(&document.text, filling)
                .await;
            assert_eq!(reply.status, 401, "{}", document.label);
        }
    }
}
