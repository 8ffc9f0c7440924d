//! Signing in to an organisation by its own provider: what comes of it, and how far it goes.

use super::support::app::PASSWORD;
use super::support::browser::{PAGE, begin_sso, complete, found, page};
use super::support::links;
use super::support::sso::{Place, connect};
use super::support::{factory, servers};
use chrono::TimeDelta;
use serde_json::json;

const SESSION: &str = "mutation($token: String!) { sessionRefresh(input: {refreshToken: $token}) { token refreshToken refreshExpiresAt userErrors { code } } }";

#[tokio::test]
async fn a_first_sign_in_makes_a_learner_and_the_next_finds_them() {
    let place = Place::new().await;
    let before = place.members().await;
    // Of two first sign-ins at once, one makes the member.
    let (one, other) = (place.arrive().await, place.arrive().await);
    let anonymous = place.app.anonymous();
    let (one, other) = tokio::join!(
        complete(&anonymous, &one.0, &one.1),
        complete(&anonymous, &other.0, &other.1)
    );
    assert_eq!(one.codes(), "", "{:#}", one.body);
    let member = &one.data("/socialLoginComplete/viewer/memberships")[0];
    assert_eq!(member["name"], "Ada Lovelace");
    assert_eq!(member["email"], format!("{}@people.example", place.subject));
    assert_eq!(member["role"]["slug"], "learner");
    for again in [other, place.sign_in().await] {
        assert_eq!(
            again.data("/socialLoginComplete/viewer/memberships")[0]["id"],
            member["id"]
        );
    }
    assert_eq!(place.members().await, before + 1);
    // Nobody signs in to the account behind it otherwise.
    let login = "mutation($input: LoginInput!) { login(input: $input) { token userErrors { code } } }";
    for email in [
        format!("{}@people.example", place.subject),
        format!("{}@provisioned.invalid", place.subject),
    ] {
        let input = json!({ "input": { "email": email, "password": PASSWORD } });
        assert_eq!(
            place.app.anonymous().run_with(login, input).await.codes(),
            "WRONG_CREDENTIALS"
        );
    }
}

#[tokio::test]
async fn what_the_provider_decides_is_locked_and_follows_it() {
    let place = Place::new().await;
    let person = place.person().await;
    let policies = "{ viewer { fieldPolicies { field editable reason } memberships { name email fieldPolicies { field editable reason } } } }";
    let locked = json!([
        { "field": "NAME", "editable": false, "reason": "LOCKED_BY_SSO" },
        { "field": "EMAIL", "editable": false, "reason": "LOCKED_BY_SSO" },
    ]);
    let reply = person.run(policies).await;
    assert_eq!(reply.data("/viewer/fieldPolicies"), &locked);
    assert_eq!(reply.data("/viewer/memberships/0/fieldPolicies"), &locked);
    let reply = place.owner.run(policies).await;
    assert_eq!(reply.data("/viewer/fieldPolicies/0/editable"), &json!(true));
    // No mutation changes what an organisation calls its members, and which session it is makes no difference to that.
    assert_eq!(
        reply.data("/viewer/memberships/0/fieldPolicies/1"),
        &json!({ "field": "EMAIL", "editable": false, "reason": "SET_AT_JOINING" })
    );
    let before = servers::state_of(place.app.org).await;
    let profile = "mutation { profileUpdate(input: {firstName: \"Eve\", lastName: \"Eve\"}) { userErrors { code field } } }";
    let reply = person.run(profile).await;
    assert_eq!(reply.codes(), "FIELD_LOCKED_BY_SSO,FIELD_LOCKED_BY_SSO");
    assert_eq!(
        reply.data("/profileUpdate/userErrors/0/field"),
        &json!(["firstName"])
    );
    let email =
        "mutation { emailChange(input: {email: \"eve@people.example\"}) { userErrors { code field } } }";
    assert_eq!(person.run(email).await.codes(), "FIELD_LOCKED_BY_SSO");
    assert_eq!(servers::state_of(place.app.org).await, before);
    place.provider.says(|says| {
        says.claims["family_name"] = json!("King");
        says.claims["email"] = json!("king@people.example");
    });
    let member = &place
        .sign_in()
        .await
        .data("/socialLoginComplete/viewer/memberships")[0]
        .clone();
    assert_eq!(
        (member["name"].as_str(), member["email"].as_str()),
        (Some("Ada King"), Some("king@people.example"))
    );
    // What is not locked is taken over at the first sign-in alone.
    let more = json!({ "lockedFields": ["EMAIL"], "clientSecret": null });
    assert_eq!(
        connect(&place.app, &place.owner, &place.provider, more)
            .await
            .codes(),
        ""
    );
    place
        .provider
        .says(|says| says.claims["family_name"] = json!("Byron"));
    let member = &place
        .sign_in()
        .await
        .data("/socialLoginComplete/viewer/memberships")[0]
        .clone();
    assert_eq!(member["name"], "Ada King");
    // And cannot be changed in such a session either: it is of the account.
    let person = place.person().await;
    let reply = person.run(policies).await;
    let name = |reason: &str| json!({ "field": "NAME", "editable": false, "reason": reason });
    assert_eq!(reply.data("/viewer/fieldPolicies/0"), &name("SESSION_REQUIRED"));
    assert_eq!(
        reply.data("/viewer/memberships/0/fieldPolicies/0"),
        &name("SET_AT_JOINING")
    );
    assert_eq!(person.run(profile).await.codes(), "SESSION_REQUIRED");
}

#[tokio::test]
async fn the_session_is_good_in_that_organisation_alone() {
    let place = Place::new().await;
    let reply = place.sign_in().await;
    let elsewhere = place.also_elsewhere().await;
    // A session from before that, one from after, and what comes of a refresh.
    let refreshed = place
        .app
        .anonymous()
        .run_with(
            SESSION,
            json!({ "token": reply.text("/socialLoginComplete/refreshToken") }),
        )
        .await;
    let sessions = [
        place.app.bearer(reply.text("/socialLoginComplete/token")),
        place.person().await,
        place.app.bearer(refreshed.text("/sessionRefresh/token")),
    ];
    let organization = elsewhere.org_id();
    for person in &sessions {
        let viewer = person
            .run("{ viewer { memberships { organization { id } } enrollments { totalCount } } }")
            .await;
        let memberships = viewer.data("/viewer/memberships").as_array().unwrap();
        assert_eq!(memberships.len(), 1);
        assert_eq!(memberships[0]["organization"]["id"], place.app.org_id());
        let node = person
            .run_with(
                "query($id: ID!) { node(id: $id) { id } organization(id: $id) { id } }",
                json!({ "id": organization }),
            )
            .await;
        assert!(node.data("/node").is_null() && node.data("/organization").is_null());
        let before = servers::state_of(elsewhere.org).await;
        let update = "mutation($id: ID!) { organizationUpdate(input: {organizationId: $id, name: \"Taken\"}) { userErrors { code } } }";
        assert_eq!(
            person
                .run_with(update, json!({ "id": organization }))
                .await
                .codes(),
            "NOT_FOUND"
        );
        let leave =
            "mutation($id: ID!) { membershipLeave(input: {organizationId: $id}) { userErrors { code } } }";
        assert_eq!(
            person
                .run_with(leave, json!({ "id": organization }))
                .await
                .codes(),
            "NOT_FOUND"
        );
        let found = "mutation { organizationCreate(input: {slug: \"sso-founded\", name: \"Founded\"}) { userErrors { code } } }";
        assert_eq!(person.run(found).await.codes(), "SESSION_REQUIRED");
        assert_eq!(servers::state_of(elsewhere.org).await, before);
    }
}

#[tokio::test]
async fn the_session_reaches_nothing_of_the_account() {
    let place = Place::new().await;
    let person = place.person().await;
    let member = place.owner.member.to_string();
    for field in [
        "id",
        "email",
        "emailVerifiedAt",
        "ageAttestedAt",
        "guardianConsent { givenAt }",
        "firstName",
        "lastName",
        "createdAt",
        "steppedUpUntil",
        "secondFactor { confirmedAt }",
        "identities { id }",
        "sessions { totalCount }",
        "securityEvents { totalCount }",
        "interests",
        "processingObjections { purpose }",
        "profile { bio }",
        "profileVisibilities { detail }",
        "recommendations { reasons { kind } }",
    ] {
        let reply = person.run(&format!("{{ viewer {{ {field} }} }}")).await;
        assert_eq!(reply.codes(), "SESSION_REQUIRED", "{field}");
    }
    let before = servers::state_of(place.app.org).await;
    for mutation in [
        "passwordChange(input: {newPassword: \"lange nacht im hafen\"})",
        "totpBegin(input: {})",
        "totpConfirm(input: {code: \"000000\"})",
        "totpRemove(input: {})",
        "recoveryCodesRegenerate(input: {})",
        "identityLink(input: {provider: GOOGLE, returnTo: \"https://academy.example/\"})",
        "identityLinkComplete(input: {code: \"x\", browserToken: \"x\"})",
        "identityUnlink(input: {id: \"idn_AAAAAAAAAAAAAAAAAAAAAA\"})",
        "interestsSet(input: {interests: []})",
        "processingObject(input: {purpose: PROFILING})",
        "processingObjectionWithdraw(input: {purpose: PROFILING})",
        "emailVerificationSend(input: {})",
        "profileUpdate(input: {})",
        "stepUp(input: {password: \"x\"})",
        "sessionRevoke(input: {others: true})",
        "sessionRevoke(input: {everywhere: true})",
        "invitationAccept(input: {token: \"x\"})",
    ] {
        let reply = person
            .run(&format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}"))
            .await;
        let refused = [
            "SESSION_REQUIRED",
            "INVITATION_SPENT",
            "NOT_FOUND",
            "INVALID_TOKEN",
        ]
        .contains(&reply.codes().as_str());
        assert!(refused, "{mutation}: {:#}", reply.body);
        assert_eq!(servers::state_of(place.app.org).await, before, "{mutation}");
    }
    let node = person
        .run_with(
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": member }),
        )
        .await;
    assert!(node.data("/node").is_null(), "a learner sees no other members");
    // It ends itself, and ends with the connection.
    let other = place.person().await;
    assert_eq!(
        person
            .run("mutation { sessionRevoke(input: {}) { revokedSessions userErrors { code } } }")
            .await
            .codes(),
        ""
    );
    assert_eq!(person.run("{ viewer { memberships { id } } }").await.status, 401);
    assert_eq!(other.run("{ viewer { memberships { id } } }").await.status, 200);
}

#[tokio::test]
async fn sessions_last_half_a_day_and_end_with_the_connection() {
    let place = Place::new().await;
    let reply = place.sign_in().await;
    let until = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let ends = until(reply.text("/socialLoginComplete/refreshExpiresAt"));
    assert!(ends <= place.app.app.clock.now() + TimeDelta::hours(12));
    place.app.app.clock.advance(TimeDelta::hours(6));
    let token = json!({ "token": reply.text("/socialLoginComplete/refreshToken") });
    let refreshed = place.app.anonymous().run_with(SESSION, token).await;
    let still = until(refreshed.text("/sessionRefresh/refreshExpiresAt"));
    assert!(
        (still - ends).abs() < TimeDelta::seconds(1),
        "a refresh prolongs nothing"
    );
    let person = place.app.bearer(refreshed.text("/sessionRefresh/token"));
    let viewer = "{ viewer { memberships { id } } }";
    assert_eq!(person.run(viewer).await.status, 200);
    let owner = place.app.owner().await;
    let more = json!({ "isEnabled": false, "clientSecret": null });
    assert_eq!(
        connect(&place.app, &owner, &place.provider, more).await.codes(),
        ""
    );
    assert_eq!(person.run(viewer).await.status, 401, "switched off");
    assert_eq!(
        begin_sso(&place.app.anonymous(), &place.app.slug, PAGE)
            .await
            .codes(),
        "NOT_FOUND"
    );
    let more = json!({ "clientSecret": null });
    assert_eq!(
        connect(&place.app, &owner, &place.provider, more).await.codes(),
        ""
    );
    assert_eq!(person.run(viewer).await.status, 200, "and on again");
    let remove =
        "mutation($org: ID!) { ssoConnectionRemove(input: {organizationId: $org}) { userErrors { code } } }";
    let reply = owner.run_with(remove, json!({ "org": place.app.org_id() })).await;
    assert_eq!(reply.codes(), "");
    assert_eq!(person.run(viewer).await.status, 401, "removed");
}

#[tokio::test]
async fn who_is_suspended_or_removed_is_refused() {
    let place = Place::new().await;
    place.person().await;
    for state in ["suspended", "removed"] {
        let statement = format!(
            "update memberships set state = '{state}' where id = (select member_id from sso_identities where subject = '{}')",
            place.subject
        );
        factory::sql(&place.app, &statement).await;
        let before = place.members().await;
        assert_eq!(place.sign_in().await.codes(), "MEMBERSHIP_ENDED", "{state}");
        assert_eq!(place.members().await, before);
    }
}

#[tokio::test]
async fn an_address_of_a_member_makes_nobody_that_member() {
    let place = Place::new().await;
    place.provider.is(&place.subject, &place.owner.email, true);
    let reply = place.sign_in().await;
    let member = &reply.data("/socialLoginComplete/viewer/memberships")[0];
    assert_ne!(member["id"], place.owner.member.to_string());
    assert_eq!(member["role"]["slug"], "learner");
    // Nor is the same person meant by another organisation's provider of the same issuer.
    let elsewhere = place.app.elsewhere().await;
    let owner = elsewhere.owner().await;
    assert_eq!(
        connect(&elsewhere, &owner, &place.provider, json!({}))
            .await
            .codes(),
        ""
    );
    let begun = page(
        &begin_sso(&elsewhere.anonymous(), &elsewhere.slug, PAGE).await,
        "ssoLoginBegin",
    );
    let code = found(&place.provider.walk(&elsewhere, &begun).await, "code").unwrap();
    let there = complete(&elsewhere.anonymous(), &code, &begun).await;
    let there = there
        .data("/socialLoginComplete/viewer/memberships")
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(there.len(), 1);
    assert_ne!(there[0]["id"], member["id"]);
}

#[tokio::test]
async fn who_accepted_to_be_linked_is_found_by_their_address_unless_they_are_an_owner() {
    for (role, is_found) in [("learner", true), ("owner", false)] {
        let place = Place::new().await;
        let name = links::domain_name(&place.app);
        links::domain(&place.app, &name, true).await;
        let person = place.app.member(role).await;
        let email = format!("ada@{name}");
        links::move_to(&place.app, person.user, &email).await;
        let link = links::proposal(&place.app, place.owner.member, &email).await;
        // An address that the provider does not answer for finds nobody.
        place.provider.is(&place.subject, &email, true);
        let accept =
            "mutation($id: ID!) { accountLinkAccept(input: {accountLinkId: $id}) { userErrors { code } } }";
        let reply = person.run_with(accept, json!({ "id": link.to_string() })).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let reply = place.sign_in().await;
        let member = reply.data("/socialLoginComplete/viewer/memberships/0/id");
        assert_eq!(
            *member == json!(person.member.to_string()),
            is_found,
            "{role}: {:#}",
            reply.body
        );
        // What it opens is this organisation alone, and nothing of the account.
        let session = place.app.bearer(reply.text("/socialLoginComplete/token"));
        assert_eq!(
            session.run("{ viewer { email } }").await.codes(),
            "SESSION_REQUIRED"
        );
    }
}
