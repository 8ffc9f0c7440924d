//! Whatever is taken from somebody on one node is gone on the other: one row for each kind of credential and of change.
//!
//! Within a second, as is promised. On a busy machine one message may be late, so a single row may take longer, though not as long
//! as a node trusts what it knows without a message; half of them may not.

use super::support::client::{Client, Reply};
use super::support::nodes::{AT_ONCE, Nodes};
use super::support::sso::Place;
use super::support::{apps, factory, links, operators, people};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use lyceum::auth::permission::Permission;
use lyceum::kernel::ids::ApiTokenKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

const PAGE: &str = "https://portal.example";
const ASK: &str =
    "query($id: ID!) { viewer { memberships { id } } organization(id: $id) { viewerCan { createCourses } } }";

/// Something that somebody has on the other node, and what takes it from them on the first.
struct Taken {
    what: &'static str,
    from: Client,
    has: fn(&Reply) -> bool,
    by: Client,
    mutation: &'static str,
    input: Value,
}

impl Taken {
    async fn is_there(&self, nodes: &Nodes) -> bool {
        let body = json!({ "query": ASK, "variables": { "id": nodes.app.org_id() } }).to_string();
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, PAGE);
        let reply = self.from.send(request.body(Body::from(body)).unwrap()).await;
        (self.has)(&reply)
    }

    /// Takes it away, and waits until it is gone.
    async fn taken_away(&self, nodes: &Nodes) {
        assert!(self.is_there(nodes).await, "{} is not there", self.what);
        self.by.does(self.mutation, self.input.clone()).await;
        let since = Instant::now();
        while self.is_there(nodes).await {
            assert!(since.elapsed() < AT_ONCE, "{} is still there", self.what);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn opens(reply: &Reply) -> bool {
    reply.status != StatusCode::UNAUTHORIZED
}

fn is_in(reply: &Reply) -> bool {
    reply.body["data"]["organization"].is_object()
}

fn creates_courses(reply: &Reply) -> bool {
    reply.body.pointer("/data/organization/viewerCan/createCourses") == Some(&json!(true))
}

#[tokio::test]
async fn what_is_taken_on_one_node_is_gone_on_the_other_at_once() {
    let nodes = Nodes::new("revocations").await;
    let mut rows = Vec::from(sessions(&nodes).await);
    rows.extend(memberships(&nodes).await);
    rows.extend(roles(&nodes).await);
    rows.extend(of_apps(&nodes).await);
    let (_place, of_provider) = of_provider(&nodes).await;
    rows.extend(of_provider);
    rows.push(policy(&nodes).await);
    for row in &rows {
        row.taken_away(&nodes).await;
    }
}

async fn sessions(nodes: &Nodes) -> [Taken; 2] {
    let (leaving, changing) = (nodes.app.learner().await, nodes.app.learner().await);
    let elsewhere = factory::session(&nodes.app.app, changing.user).await;
    [
        Taken {
            what: "a session that is ended",
            from: leaving.at(nodes.other.routes()),
            has: opens,
            by: leaving.client,
            mutation: "sessionRevoke",
            input: json!({}),
        },
        Taken {
            what: "a session from before another password",
            from: nodes.other.bearer(&elsewhere),
            has: opens,
            by: changing.client,
            mutation: "passwordChange",
            input: json!({ "newPassword": "lange nacht im hafen" }),
        },
    ]
}

async fn memberships(nodes: &Nodes) -> [Taken; 3] {
    let (suspended, removed) = (nodes.app.learner().await, nodes.app.learner().await);
    let operator = operators::operator(&nodes.app).await;
    let grant = operators::let_in(&nodes.app, &nodes.owner, &operator, &["MEMBERS_READ"]).await;
    let taken = |what, from: &Client, mutation, input| Taken {
        what,
        from: from.at(nodes.other.routes()),
        has: is_in,
        by: nodes.owner.client.clone(),
        mutation,
        input,
    };
    [
        taken(
            "a membership that is suspended",
            &suspended,
            "membershipSuspend",
            json!({ "memberId": suspended.member.to_string() }),
        ),
        taken(
            "a membership that is ended",
            &removed,
            "membershipRemove",
            json!({ "memberId": removed.member.to_string() }),
        ),
        taken(
            "a grant of support access",
            &operator,
            "supportGrantRevoke",
            json!({ "grantId": grant }),
        ),
    ]
}

async fn roles(nodes: &Nodes) -> [Taken; 2] {
    let grant = |permission: &str| json!({ "permission": permission, "reach": ["ALL"] });
    let role = json!({ "organizationId": nodes.app.org_id(), "slug": "editor", "name": "Editor",
        "grants": [grant("COURSES_READ"), grant("COURSES_CREATE")] });
    let role = nodes.owner.mutate("roleCreate", &role, "role { id }").await;
    let role = role.text("/roleCreate/role/id");
    let learner = people::role_id(&nodes.app, &nodes.owner, "learner").await;
    let (demoted, editor) = (nodes.app.member("admin").await, nodes.app.member("editor").await);
    let taken = |what, from: &Client, mutation, input| Taken {
        what,
        from: from.at(nodes.other.routes()),
        has: creates_courses,
        by: nodes.owner.client.clone(),
        mutation,
        input,
    };
    [
        taken(
            "a role that is taken for a lesser one",
            &demoted,
            "membershipRoleChange",
            json!({ "memberId": demoted.member.to_string(), "roleId": learner }),
        ),
        taken(
            "what a role of the organisation's own gave",
            &editor,
            "roleUpdate",
            json!({ "roleId": role, "grants": [grant("COURSES_READ")] }),
        ),
    ]
}

/// A token of an app that may open sessions: its key and its secret.
async fn token(nodes: &Nodes) -> (ApiTokenKey, String) {
    let owner = nodes.owner.member;
    let program = apps::app(&nodes.app, owner).await;
    let until = nodes.app.app.clock.now() + TimeDelta::hours(1);
    let scopes = [Permission::LearnerSessionsCreate];
    apps::token_until(&nodes.app, program, owner, &scopes, until).await
}

async fn of_apps(nodes: &Nodes) -> [Taken; 3] {
    let (own, backend, browsers) = (token(nodes).await, token(nodes).await, token(nodes).await);
    let (author, learner) = (nodes.app.member("author").await, nodes.app.learner().await);
    let course = factory::published_course(&nodes.app, &author, 1).await;
    let origin = format!(
        "insert into organization_origins values ('{}', '{PAGE}')",
        nodes.app.org.0
    );
    factory::sql(&nodes.app, &origin).await;
    let of = json!({ "organizationId": nodes.app.org_id(), "memberId": learner.member.to_string() });
    let mut embed = of.clone();
    embed["courseId"] = json!(course.id);
    embed["origins"] = json!([PAGE]);
    embed["operations"] = json!([format!("{:x}", Sha256::digest(ASK))]);
    let open = async |secret: &str, mutation: &str, input: &Value| {
        let backend = nodes.app.bearer(secret);
        let opened = backend.mutate(mutation, input, "token session { id }").await;
        let text = |field: &str| opened.text(&format!("/{mutation}/{field}")).to_owned();
        (text("session/id"), text("token"))
    };
    let (session, for_backend) = open(&backend.1, "learnerSessionCreate", &of).await;
    let (_, for_browser) = open(&browsers.1, "embedSessionCreate", &embed).await;
    let taken = |what, secret: &str, mutation, input| Taken {
        what,
        from: nodes.other.bearer(secret),
        has: opens,
        by: nodes.owner.client.clone(),
        mutation,
        input,
    };
    [
        taken(
            "an app's token",
            &own.1,
            "apiTokenRevoke",
            json!({ "tokenId": own.0.to_string() }),
        ),
        taken(
            "a learner's session for a backend",
            &for_backend,
            "learnerSessionRevoke",
            json!({ "sessionId": session }),
        ),
        taken(
            "a learner's session for a browser, with the token that opened it",
            &for_browser,
            "apiTokenRevoke",
            json!({ "tokenId": browsers.0.to_string() }),
        ),
    ]
}

/// The provider is there as long as what it is part of.
async fn of_provider(nodes: &Nodes) -> (Place, [Taken; 2]) {
    let place = Place::on(nodes.app.unlimited()).await;
    let sign_in = async || {
        let reply = place.sign_in().await;
        reply.text("/socialLoginComplete/token").to_owned()
    };
    let provisioned = sign_in().await;
    let name = links::domain_name(&nodes.app);
    links::domain(&nodes.app, &name, true).await;
    let (person, email) = (nodes.app.learner().await, format!("ada@{name}"));
    links::move_to(&nodes.app, person.user, &email).await;
    let link = links::proposal(&nodes.app, place.owner.member, &email).await;
    let link = json!({ "accountLinkId": link.to_string() });
    person.does("accountLinkAccept", link.clone()).await;
    place.provider.is(&format!("linked-{name}"), &email, true);
    let linked = sign_in().await;
    let off = json!({ "organizationId": nodes.app.org_id(), "issuer": place.provider.issuer(), "clientId": "academy",
        "clientSecret": null, "isEnabled": false });
    let rows = [
        Taken {
            what: "a session by an account that is linked",
            from: nodes.other.bearer(&linked),
            has: opens,
            by: person.client,
            mutation: "accountLinkEnd",
            input: link,
        },
        Taken {
            what: "a session by a provider that is switched off",
            from: nodes.other.bearer(&provisioned),
            has: opens,
            by: place.owner.client.clone(),
            mutation: "ssoConnectionSet",
            input: off,
        },
    ];
    (place, rows)
}

/// The last: it speaks against all that the others have.
async fn policy(nodes: &Nodes) -> Taken {
    let author = nodes.app.member("author").await;
    let source = "@id(\"closed\")\nforbid (principal is Member, action == Action::\"courses.create\", resource) \
        unless { principal.isOwner };";
    Taken {
        what: "what a policy forbids from now on",
        from: author.at(nodes.other.routes()),
        has: creates_courses,
        by: nodes.owner.client.clone(),
        mutation: "policiesSet",
        input: json!({ "organizationId": nodes.app.org_id(), "source": source }),
    }
}
