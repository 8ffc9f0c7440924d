//! Linking accounts: proposed to an address, answered by whoever has shown that it is theirs.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::links::{domain, domain_name, move_to};
use super::support::people::role_of;
use super::support::{TestApp, apps, factory, mail, servers};
use futures_util::future::join_all;
use lyceum::domain::accounts::links::linked_account;
use lyceum::kernel::ids::{OrganizationDomainKey, UserId};
use serde_json::{Value, json};

const FIELDS: &str = "accountLink { id email state } userErrors { code field message }";

/// An organisation with a domain, and somebody with an address there who is no member.
struct Scene {
    app: TestApp,
    owner: Person,
    domain: OrganizationDomainKey,
    user: UserId,
    email: String,
    person: Client,
}

impl Scene {
    async fn new() -> Self {
        Self::on(TestApp::new().await).await
    }

    async fn on(app: TestApp) -> Self {
        let owner = app.owner().await;
        let name = domain_name(&app);
        let (user, _, token) = factory::user(&app.app).await;
        let email = format!("ada@{name}");
        move_to(&app, user, &email).await;
        Self {
            domain: domain(&app, &name, true).await,
            person: app.bearer(&token),
            app,
            owner,
            user,
            email,
        }
    }

    async fn propose(&self, who: &Client, email: &str) -> Reply {
        let document = format!(
            "mutation($org: ID!, $email: String!) {{ accountLinkPropose(input: {{organizationId: $org, email: $email}}) {{ {FIELDS} }} }}"
        );
        who.run_with(&document, json!({ "org": self.app.org_id(), "email": email }))
            .await
    }

    /// Proposes to the person: the link's identifier.
    async fn proposed(&self) -> String {
        let reply = self.propose(&self.owner, &self.email).await;
        reply.text("/accountLinkPropose/accountLink/id").to_owned()
    }

    /// The links that the organisation sees, the newest first.
    async fn seen(&self) -> Vec<(String, String)> {
        let document =
            "query($org: ID!) { organization(id: $org) { accountLinks { nodes { email state } } } }";
        let reply = self
            .owner
            .run_with(document, json!({ "org": self.app.org_id() }))
            .await;
        let nodes = reply.data("/organization/accountLinks/nodes").as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        nodes
            .iter()
            .map(|node| (text(&node["email"]), text(&node["state"])))
            .collect()
    }

    async fn linked(&self) -> Option<UserId> {
        linked_account(&self.app.app.db, self.app.org, &self.email)
            .await
            .unwrap()
    }
}

async fn act(who: &Client, verb: &str, link: &str) -> Reply {
    let document =
        format!("mutation($id: ID!) {{ accountLink{verb}(input: {{accountLinkId: $id}}) {{ {FIELDS} }} }}");
    who.run_with(&document, json!({ "id": link })).await
}

/// Lets the time of all proposals run out.
async fn expire(app: &TestApp) {
    let update = format!(
        "update account_links set expires_at = now() - interval '1 second' where org_id = '{}'",
        app.org.0
    );
    servers::admin().await.batch_execute(&update).await.unwrap();
}

async fn own(who: &Client) -> Value {
    let document = "{ viewer { accountLinks { totalCount nodes { id email state organizationName organization { id } proposedBy { id } } } } }";
    who.run(document).await.data("/viewer/accountLinks").clone()
}

#[tokio::test]
async fn who_accepts_is_a_learner_and_is_found_by_their_address_until_they_end_it() {
    let scene = Scene::new().await;
    let link = scene.proposed().await;
    assert_eq!(scene.linked().await, None, "not before they accept");
    let shown = own(&scene.person).await;
    let expected = json!({ "totalCount": 1, "nodes": [{ "id": link, "email": scene.email, "state": "PROPOSED",
        "organizationName": scene.app.slug, "organization": null, "proposedBy": null }] });
    assert_eq!(shown, expected, "and nothing of who is in the organisation");
    let document = "mutation($id: ID!) { accountLinkAccept(input: {accountLinkId: $id}) { accountLink { state member { id } organization { slug } } \
        member { id email state } organization { slug } userErrors { code } } }";
    let accepted = scene.person.run_with(document, json!({ "id": link })).await;
    let accepted = accepted.data("/accountLinkAccept").clone();
    let member = accepted["member"]["id"].as_str().unwrap();
    assert_eq!(accepted["member"]["email"], scene.email);
    assert_eq!(accepted["accountLink"]["state"], "ACCEPTED");
    assert_eq!(accepted["accountLink"]["member"]["id"], member);
    assert_eq!(accepted["organization"]["slug"], scene.app.slug);
    assert_eq!(role_of(&scene.owner, member).await, "learner");
    assert_eq!(scene.seen().await, [(scene.email.clone(), "ACCEPTED".to_owned())]);
    assert_eq!(scene.linked().await, Some(scene.user));
    assert_eq!(act(&scene.person, "Accept", &link).await.codes(), "INVALID_STATE");
    assert_eq!(
        scene.propose(&scene.owner, &scene.email).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(
        act(&scene.owner, "Withdraw", &link).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(act(&scene.person, "End", &link).await.codes(), "");
    assert_eq!(scene.linked().await, None);
    assert_eq!(
        role_of(&scene.owner, member).await,
        "learner",
        "they leave by leaving"
    );
    for action in ["proposed", "accepted", "ended"] {
        let entries = factory::audit(&scene.app, &format!("account_link.{action}")).await;
        assert_eq!(entries.len(), 1, "{action}");
        assert_eq!(entries[0].0, link);
    }
}

#[tokio::test]
async fn an_account_is_linked_as_long_as_everything_that_it_rests_on_holds() {
    let scene = Scene::new().await;
    let link = scene.proposed().await;
    act(&scene.person, "Accept", &link).await;
    let set = |verified: &'static str| {
        let (app, key) = (&scene.app, scene.domain);
        async move {
            let update = format!(
                "update organization_domains set verified_at = {verified} where id = '{}'",
                key.id.0
            );
            factory::sql(app, &update).await;
        }
    };
    set("null").await;
    assert_eq!(scene.linked().await, None, "the domain is not theirs any more");
    set("now()").await;
    assert_eq!(scene.linked().await, Some(scene.user));
    let loud = linked_account(&scene.app.app.db, scene.app.org, &scene.email.to_uppercase()).await;
    assert_eq!(loud.unwrap(), Some(scene.user));
    let elsewhere = scene.app.elsewhere().await;
    let there = linked_account(&scene.app.app.db, elsewhere.org, &scene.email).await;
    assert_eq!(there.unwrap(), None, "of another organisation");
    for (column, value) in [("email_verified_at", "null"), ("email", "'moved@people.example'")] {
        let value = value.replace("moved", &scene.user.0.simple().to_string());
        let update = format!(
            "set local app.\"user\" = '{}'; update users set {column} = {value}",
            scene.user.0
        );
        factory::sql(&scene.app, &update).await;
        assert_eq!(scene.linked().await, None, "{column}");
        assert_eq!(
            own(&scene.person).await["totalCount"],
            1,
            "they still see what they accepted"
        );
        move_to(&scene.app, scene.user, &scene.email).await;
        assert_eq!(scene.linked().await, Some(scene.user));
    }
    let member = "query { viewer { memberships { id } } }";
    let member = scene
        .person
        .run(member)
        .await
        .text("/viewer/memberships/0/id")
        .to_owned();
    let remove = "mutation($id: ID!) { membershipRemove(input: {memberId: $id}) { userErrors { code } } }";
    assert_eq!(
        scene
            .owner
            .run_with(remove, json!({ "id": member }))
            .await
            .codes(),
        ""
    );
    assert_eq!(scene.linked().await, None, "who was removed is not linked");
    assert_eq!(scene.seen().await[0].1, "ENDED");
    let again = scene.proposed().await;
    assert_eq!(act(&scene.person, "Accept", &again).await.codes(), "");
    assert_eq!(
        role_of(&scene.owner, &member).await,
        "learner",
        "they are the same member again"
    );
}

#[tokio::test]
async fn a_member_who_accepts_stays_whom_they_are() {
    let scene = Scene::new().await;
    let member = factory::member(
        &scene.app.app,
        scene.app.org,
        scene.user,
        "other@people.example",
        "author",
    )
    .await;
    let link = scene.proposed().await;
    assert_eq!(act(&scene.person, "Accept", &link).await.codes(), "");
    assert_eq!(role_of(&scene.owner, &member.to_string()).await, "author");
    assert_eq!(
        factory::count(&scene.app, "memberships where email = 'other@people.example'").await,
        1
    );
    assert_eq!(scene.linked().await, Some(scene.user));
}

#[tokio::test]
async fn a_proposal_tells_nothing_of_whether_there_is_an_account() {
    let scene = Scene::on(mail::app().await).await;
    let name = scene.email.split_once('@').unwrap().1.to_owned();
    let nobody = format!("nobody@{name}");
    let (to_person, to_nobody) = (
        scene.propose(&scene.owner, &scene.email).await,
        scene.propose(&scene.owner, &nobody).await,
    );
    assert_eq!(to_person.codes(), "");
    let shape = |reply: &Reply, email: &str| {
        let mut link = reply.data("/accountLinkPropose/accountLink").clone();
        assert_eq!(link["email"], email);
        link["id"] = Value::Null;
        link["email"] = Value::Null;
        link
    };
    assert_eq!(shape(&to_person, &scene.email), shape(&to_nobody, &nobody));
    assert_eq!(to_person.statements(), to_nobody.statements());
    assert_eq!(
        scene
            .seen()
            .await
            .iter()
            .filter(|(_, state)| state == "PROPOSED")
            .count(),
        2
    );
    for email in [&scene.email, &nobody] {
        assert_eq!(scene.propose(&scene.owner, email).await.codes(), "INVALID_STATE");
    }
    let letters = mail::letters(&scene.app, &scene.email, 1).await;
    assert!(
        letters[0].contains(&format!("Subject: {} would like to link", scene.app.slug)),
        "{letters:?}"
    );
    assert!(!letters[0].contains("lyc_"), "it carries no token");
    // Mails are delivered in the order in which they were posted.
    assert_eq!(mail::delivered_to(&nobody), Vec::<String>::new());
}

#[tokio::test]
async fn a_proposal_can_be_refused_withdrawn_and_made_again_and_has_its_time() {
    let scene = Scene::new().await;
    for (verb, state) in [("Refuse", "REFUSED"), ("Withdraw", "WITHDRAWN")] {
        let link = scene.proposed().await;
        let who = if verb == "Refuse" {
            &scene.person
        } else {
            &scene.owner.client
        };
        assert_eq!(act(who, verb, &link).await.codes(), "");
        assert_eq!(scene.seen().await[0].1, state);
        for verb in ["Accept", "Refuse", "End"] {
            assert_eq!(act(&scene.person, verb, &link).await.codes(), "INVALID_STATE");
        }
        assert_eq!(
            act(&scene.owner, "Withdraw", &link).await.codes(),
            "INVALID_STATE"
        );
    }
    let link = scene.proposed().await;
    expire(&scene.app).await;
    assert_eq!(scene.seen().await[0].1, "EXPIRED");
    for verb in ["Accept", "Refuse"] {
        assert_eq!(act(&scene.person, verb, &link).await.codes(), "INVALID_STATE");
    }
    assert_eq!(
        factory::count(&scene.app, "memberships").await,
        1,
        "nobody came in"
    );
    scene.proposed().await;
    let states: Vec<_> = scene.seen().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["PROPOSED", "WITHDRAWN", "WITHDRAWN", "REFUSED"]);
}

#[tokio::test]
async fn nobody_proposes_beyond_their_reach_or_outside_the_verified_domains() {
    let scene = Scene::new().await;
    let pending = domain_name(&scene.app);
    domain(&scene.app, &pending, false).await;
    let sub = scene.email.replace('@', "@sub.");
    for (email, code) in [
        ("nonsense", "INVALID"),
        ("ada@people.example", "NOT_VERIFIED"),
        (format!("ada@{pending}").as_str(), "NOT_VERIFIED"),
        (sub.as_str(), "NOT_VERIFIED"),
    ] {
        assert_eq!(scene.propose(&scene.owner, email).await.codes(), code, "{email}");
    }
    for (who, code) in [
        (scene.app.member("manager").await.client, "FORBIDDEN"),
        (scene.app.learner().await.client, "FORBIDDEN"),
        (scene.app.elsewhere().await.owner().await.client, "NOT_FOUND"),
        (scene.app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(scene.propose(&who, &scene.email).await.codes(), code);
    }
    assert_eq!(factory::count(&scene.app, "account_links").await, 0);
    assert_eq!(
        factory::count(&scene.app, "audit_entries where action like 'account_link%'").await,
        0
    );
}

#[tokio::test]
async fn only_who_has_shown_that_the_address_is_theirs_answers_in_a_session() {
    let scene = Scene::new().await;
    let link = scene.proposed().await;
    let elsewhere = scene.app.elsewhere().await;
    let other = elsewhere.owner().await;
    let member = factory::member(
        &scene.app.app,
        elsewhere.org,
        scene.user,
        "x@people.example",
        "owner",
    )
    .await;
    let token = apps::token(&elsewhere, member, &apps::all_scopes()).await;
    let unverified = |value: &'static str| {
        let update = format!(
            "set local app.\"user\" = '{}'; update users set email_verified_at = {value}",
            scene.user.0
        );
        let app = &scene.app;
        async move { factory::sql(app, &update).await }
    };
    for verb in ["Accept", "Refuse", "End"] {
        for who in [&other.client, &scene.owner.client] {
            assert_eq!(act(who, verb, &link).await.codes(), "NOT_FOUND");
        }
        assert_eq!(
            act(&scene.app.anonymous(), verb, &link).await.codes(),
            "UNAUTHENTICATED"
        );
        assert_eq!(
            act(&scene.app.bearer(&token), verb, &link).await.codes(),
            "SESSION_REQUIRED"
        );
        unverified("null").await;
        assert_eq!(act(&scene.person, verb, &link).await.codes(), "NOT_FOUND");
        assert_eq!(own(&scene.person).await["totalCount"], 0);
        unverified("now()").await;
    }
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (who, sees) in [
        (&other.client, false),
        (&scene.person, true),
        (&scene.owner.client, true),
    ] {
        let reply = who.run_with(node, json!({ "id": link })).await;
        assert_eq!(!reply.data("/node").is_null(), sees);
    }
    factory::sql(&scene.app, "update organization_domains set verified_at = null").await;
    assert_eq!(act(&scene.person, "Accept", &link).await.codes(), "NOT_VERIFIED");
    factory::sql(
        &scene.app,
        "update organizations set deletes_at = now() + interval '1 day'",
    )
    .await;
    assert_eq!(
        act(&scene.person, "Refuse", &link).await.codes(),
        "ORGANIZATION_CLOSING"
    );
    assert_eq!(
        factory::count(&scene.app, "account_links where state = 'proposed'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accepting_refusing_and_withdrawing_at_once_have_one_outcome() {
    let scene = Scene::new().await;
    let link = scene.proposed().await;
    let answers = (0..18).map(|number| {
        let (scene, link) = (&scene, &link);
        async move {
            match number % 3 {
                0 => act(&scene.person, "Accept", link).await,
                1 => act(&scene.person, "Refuse", link).await,
                _ => act(&scene.owner, "Withdraw", link).await,
            }
        }
    });
    let replies = join_all(answers).await;
    let done = replies.iter().filter(|reply| reply.codes().is_empty()).count();
    assert_eq!(
        done,
        1,
        "{:?}",
        replies.iter().map(Reply::codes).collect::<Vec<_>>()
    );
    let is_in = scene.seen().await[0].1 == "ACCEPTED";
    assert_eq!(
        factory::count(&scene.app, "memberships").await,
        1 + i64::from(is_in)
    );
    let members = "query($org: ID!) { organization(id: $org) { members { totalCount } } }";
    let members = scene
        .owner
        .run_with(members, json!({ "org": scene.app.org_id() }))
        .await;
    assert_eq!(
        members.data("/organization/members/totalCount"),
        1 + i64::from(is_in)
    );
}
