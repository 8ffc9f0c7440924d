//! How long an organisation's provider signs in to an account that is linked.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::sso::Place;
use super::support::{factory, links, people};
use axum::http::StatusCode;
use lyceum::kernel::ids::OrganizationDomainKey;
use serde_json::{Value, json};

/// A member with an account of their own, who accepted that the organisation's provider signs in to it.
struct Linked {
    place: Place,
    person: Person,
    email: String,
    domain: OrganizationDomainKey,
}

impl Linked {
    async fn new() -> Self {
        let place = Place::new().await;
        let name = links::domain_name(&place.app);
        let domain = links::domain(&place.app, &name, true).await;
        let person = place.app.member("author").await;
        let email = format!("ada@{name}");
        links::move_to(&place.app, person.user, &email).await;
        place.provider.is(&place.subject, &email, true);
        Self {
            place,
            person,
            email,
            domain,
        }
    }

    /// Proposes the link and accepts it: what ends it.
    async fn accepted(&self) -> Value {
        let link = links::proposal(&self.place.app, self.place.owner.member, &self.email).await;
        let input = json!({ "accountLinkId": link.to_string() });
        self.person.does("accountLinkAccept", input.clone()).await;
        input
    }

    /// Signs in as the member: their session.
    async fn enters(&self) -> Client {
        let reply = self.place.sign_in().await;
        assert_eq!(who(&reply), self.person.member.to_string());
        self.place.app.bearer(reply.text("/socialLoginComplete/token"))
    }

    /// Signs in, and is refused for this reason without anybody becoming a member.
    async fn is_refused(&self, code: &str, why: &str) {
        let before = self.place.members().await;
        let reply = self.place.sign_in().await;
        assert_eq!(reply.codes(), code, "{why}: {:#}", reply.body);
        assert_eq!(self.place.members().await, before, "{why}");
    }
}

fn who(reply: &Reply) -> &str {
    reply.text("/socialLoginComplete/viewer/memberships/0/id")
}

async fn status(session: &Client) -> StatusCode {
    session.run("{ viewer { memberships { id } } }").await.status
}

#[tokio::test]
async fn who_ends_the_link_is_signed_in_by_the_provider_no_more_until_they_accept_again() {
    let linked = Linked::new().await;
    let link = linked.accepted().await;
    let (former, other) = (linked.enters().await, linked.enters().await);
    assert_eq!(status(&former).await, StatusCode::OK);
    linked.person.does("accountLinkEnd", link).await;
    for session in [&former, &other] {
        assert_eq!(status(session).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        status(&linked.person).await,
        StatusCode::OK,
        "their own session stays"
    );
    linked.is_refused("LINK_REQUIRED", "ended").await;
    let policies = "{ viewer { memberships { fieldPolicies { reason } } } }";
    let policies = linked.person.run(policies).await;
    let theirs = json!([{ "reason": "SET_AT_JOINING" }, { "reason": "SET_AT_JOINING" }]);
    assert_eq!(
        policies.data("/viewer/memberships/0/fieldPolicies"),
        &theirs,
        "nor does it decide about them"
    );
    linked.accepted().await;
    let again = linked.enters().await;
    assert_eq!(status(&again).await, StatusCode::OK);
    assert_eq!(
        status(&former).await,
        StatusCode::UNAUTHORIZED,
        "what ended does not come back"
    );
}

#[tokio::test]
async fn no_provider_gets_an_account_back_by_making_and_erasing_a_namesake() {
    let linked = Linked::new().await;
    let place = &linked.place;
    let link = linked.accepted().await;
    linked.enters().await;
    linked.person.does("accountLinkEnd", link).await;
    let namesake = format!("namesake-of-{}", place.subject);
    place.provider.is(&namesake, &linked.email, true);
    let made = who(&place.sign_in().await).to_owned();
    assert_ne!(made, linked.person.member.to_string());
    let erase = json!({ "memberId": made, "policy": "ANONYMISE" });
    place.owner.does("membershipOffboard", erase).await;
    place.provider.is(&place.subject, &linked.email, true);
    linked.is_refused("LINK_REQUIRED", "ended").await;
}

#[tokio::test]
async fn nobody_becomes_an_owner_to_whose_account_nobody_signs_in() {
    let place = Place::new().await;
    let org = place.app.org_id();
    let by_provider = who(&place.sign_in().await).to_owned();
    let input = json!({ "organizationId": org, "externalId": "hr-1", "firstName": "Ada", "lastName": "Lee" });
    let reply = place
        .owner
        .mutate("membershipProvision", &input, "member { id }")
        .await;
    let by_backend = reply.text("/membershipProvision/member/id").to_owned();
    let owner = people::role_id(&place.app, &place.owner, "owner").await;
    for member in [by_provider, by_backend] {
        for (mutation, input) in [
            (
                "membershipRoleChange",
                json!({ "memberId": member, "roleId": owner }),
            ),
            (
                "organizationTransferOwnership",
                json!({ "organizationId": org, "memberId": member }),
            ),
        ] {
            let reply = place.owner.mutate(mutation, &input, "").await;
            assert_eq!(reply.codes(), "INVALID_STATE", "{mutation}: {:#}", reply.body);
        }
        assert_eq!(people::role_of(&place.owner, &member).await, "learner");
    }
    assert_eq!(factory::count(&place.app, "ownership_transfers").await, 0);
    assert_eq!(place.sign_in().await.codes(), "");
}

#[tokio::test]
async fn who_was_removed_and_joins_another_way_is_not_the_providers_to_sign_in() {
    let linked = Linked::new().await;
    linked.accepted().await;
    let session = linked.enters().await;
    let member = linked.person.member;
    let input = json!({ "memberId": member.to_string() });
    linked.place.owner.does("membershipRemove", input).await;
    linked.is_refused("MEMBERSHIP_ENDED", "removed").await;
    let rejoin = format!(
        "update memberships set state = 'active' where id = '{}'",
        member.id.0
    );
    factory::sql(&linked.place.app, &rejoin).await;
    linked.is_refused("LINK_REQUIRED", "joined anew").await;
    assert_eq!(status(&session).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_member_who_becomes_an_owner_is_not_the_providers_to_sign_in() {
    let linked = Linked::new().await;
    linked.accepted().await;
    let session = linked.enters().await;
    assert_eq!(status(&session).await, StatusCode::OK);
    let (place, member) = (&linked.place, linked.person.member.to_string());
    let owner = people::role_id(&place.app, &place.owner, "owner").await;
    let input = json!({ "memberId": member, "roleId": owner });
    place.owner.does("membershipRoleChange", input).await;
    assert_eq!(status(&session).await, StatusCode::UNAUTHORIZED);
    linked.is_refused("LINK_REQUIRED", "an owner").await;
}

#[tokio::test]
async fn each_sign_in_asks_whether_domain_and_address_still_are_whose_they_were() {
    let linked = Linked::new().await;
    linked.accepted().await;
    linked.enters().await;
    let (app, user) = (&linked.place.app, linked.person.user);
    let verified = |at: &str| {
        format!(
            "update organization_domains set verified_at = {at} where id = '{}'",
            linked.domain.id.0
        )
    };
    factory::sql(app, &verified("null")).await;
    linked
        .is_refused("LINK_REQUIRED", "the domain is not theirs any more")
        .await;
    factory::sql(app, &verified("now()")).await;
    linked.enters().await;
    let elsewhere = format!("{}@people.example", user.0.simple());
    links::move_to(app, user, &elsewhere).await;
    linked
        .is_refused("LINK_REQUIRED", "the account has another address")
        .await;
    links::move_to(app, user, &linked.email).await;
    linked.enters().await;
}
