//! Operators of the platform, and the grants that they get.

use super::app::Person;
use super::client::{Client, Reply};
use super::world::Row;
use super::{TestApp, factors, factory, servers};
use lyceum::domain::support_grants::ending::set_operator;
use lyceum::kernel::ids::UserId;
use serde_json::{Value, json};

/// An operator with a second factor, who is a member of nothing.
pub struct Operator {
    /// Their account.
    pub user: UserId,
    /// Its address.
    pub email: String,
    /// What they ask through.
    pub client: Client,
}

impl std::ops::Deref for Operator {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A new operator.
pub async fn operator(app: &TestApp) -> Operator {
    let (user, email, token) = factory::user(&app.app).await;
    let client = app.bearer(&token);
    factors::enrol(app, &client).await;
    appoint(&email).await;
    Operator { user, email, client }
}

/// Makes an account an operator's.
pub async fn appoint(email: &str) {
    assert!(set_operator(servers::owner_url(), email, true).await.unwrap());
}

/// What `supportGrantRequest` takes.
pub fn request(app: &TestApp, permissions: &[&str]) -> Value {
    let reason = "A learner's quiz does not open; see the ticket of today.";
    json!({ "organization": app.slug, "reason": reason, "permissions": permissions, "hours": 2 })
}

/// Sends one of the mutations on grants.
pub async fn send(client: &Client, mutation: &str, input: &Value) -> Reply {
    client
        .mutate(mutation, input, "grant { id state expiresAt }")
        .await
}

/// Asks for a grant; its identifier.
pub async fn ask(app: &TestApp, operator: &Client, permissions: &[&str]) -> String {
    let reply = send(operator, "supportGrantRequest", &request(app, permissions)).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/supportGrantRequest/grant/id").to_owned()
}

/// Lets an operator in for some permissions; the grant's identifier.
pub async fn let_in(app: &TestApp, owner: &Person, operator: &Client, permissions: &[&str]) -> String {
    let grant = ask(app, operator, permissions).await;
    let reply = send(owner, "supportGrantApprove", &json!({ "grantId": grant })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    grant
}

/// An operator who asks to see the members, with the grant that they ask for.
pub async fn asking(app: &TestApp) -> (Client, String) {
    let operator = operator(app).await.client;
    let grant = ask(app, &operator, &["MEMBERS_READ"]).await;
    (operator, grant)
}

/// What the table of all mutations does with two operators who ask, in an order in which everything can be done.
pub fn rows(app: &TestApp, [declined, approved]: &[(Client, String); 2], owner: &Client) -> Vec<Row> {
    let decide = |mutation, grant: &str| {
        Row::new(
            mutation,
            json!({ "grantId": grant }),
            owner,
            "FORBIDDEN",
            "NOT_FOUND",
        )
    };
    let again = request(app, &["MEMBERS_READ"]);
    vec![
        decide("supportGrantDecline", &declined.1),
        Row::new(
            "supportGrantRequest",
            again,
            &declined.0,
            "NOT_FOUND",
            "NOT_FOUND",
        ),
        decide("supportGrantApprove", &approved.1),
        decide("supportGrantRevoke", &approved.1),
    ]
}
