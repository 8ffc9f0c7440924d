//! Domains of organisations, and proposals to link accounts.

use super::client::Client;
use super::world::Row;
use super::{TestApp, dns, factory};
use lyceum::domain::domains::OrganizationDomain;
use lyceum::kernel::ids::{
    AccountLinkId, AccountLinkKey, MemberKey, OrganizationDomainId, OrganizationDomainKey, UserId,
};
use serde_json::{Value, json};

/// A domain that no other test has.
pub fn domain_name(app: &TestApp) -> String {
    format!("d{}.example", app.app.clock.uuid().simple())
}

/// A domain of the organisation that is verified, or is not.
pub async fn domain(app: &TestApp, name: &str, is_verified: bool) -> OrganizationDomainKey {
    let key = OrganizationDomainKey::new(app.org, OrganizationDomainId(app.app.clock.uuid()));
    let at = if is_verified { "now()" } else { "null" };
    let insert = format!(
        "insert into organization_domains (org_id, id, domain, challenge, verified_at) values ('{}', '{}', '{name}', '{}', {at})",
        key.org.0,
        key.id.0,
        challenge(key)
    );
    factory::sql(app, &insert).await;
    key
}

/// Lets the name server say that a domain is the organisation's.
pub fn publish(name: &str, key: OrganizationDomainKey) {
    let domain = OrganizationDomain {
        key,
        domain: name.to_owned(),
        challenge: challenge(key),
        created_at: chrono::DateTime::UNIX_EPOCH,
        verified_at: None,
    };
    dns::set(&domain.record_name(), &[domain.record_value()]);
}

fn challenge(key: OrganizationDomainKey) -> String {
    key.id.0.simple().to_string()
}

/// Gives an account an address that is shown to be its person's.
pub async fn move_to(app: &TestApp, user: UserId, email: &str) {
    let update = format!(
        "set local app.\"user\" = '{}'; update users set email = '{email}', email_verified_at = now()",
        user.0
    );
    factory::sql(app, &update).await;
}

/// A proposal to an address.
pub async fn proposal(app: &TestApp, by: MemberKey, email: &str) -> AccountLinkKey {
    let key = AccountLinkKey::new(app.org, AccountLinkId(app.app.clock.uuid()));
    let insert = format!(
        "insert into account_links (org_id, id, email, organization_name, proposed_by, expires_at) \
         values ('{}', '{}', '{email}', 'An academy', '{}', now() + interval '1 day')",
        key.org.0, key.id.0, by.id.0
    );
    factory::sql(app, &insert).await;
    key
}

/// What the table of all mutations does with domains and links.
pub struct Linked {
    name: String,
    pending: OrganizationDomainKey,
    accepting: (Client, AccountLinkKey),
    refusing: (Client, AccountLinkKey),
    open: AccountLinkKey,
}

impl Linked {
    /// Makes a domain that is verified, one that can be, and three proposals.
    pub async fn new(app: &TestApp, by: MemberKey) -> Self {
        let (name, other) = (domain_name(app), domain_name(app));
        domain(app, &name, true).await;
        let pending = domain(app, &other, false).await;
        publish(&other, pending);
        let mut people = Vec::new();
        for word in ["accepting", "refusing"] {
            let (user, _, token) = factory::user(&app.app).await;
            let email = format!("{word}@{name}");
            move_to(app, user, &email).await;
            people.push((app.bearer(&token), proposal(app, by, &email).await));
        }
        let open = proposal(app, by, &format!("open@{name}")).await;
        let (refusing, accepting) = (people.pop().unwrap(), people.pop().unwrap());
        Self {
            name,
            pending,
            accepting,
            refusing,
            open,
        }
    }

    /// The rows, in an order in which everything can be done.
    pub fn rows(&self, org: &str, owner: &Client) -> Vec<Row> {
        let of_org = |mutation, input| Row::new(mutation, input, owner, "FORBIDDEN", "NOT_FOUND");
        let pending = json!({ "domainId": self.pending.to_string() });
        let new = json!({ "organizationId": org, "domain": format!("new.{}", self.name) });
        let propose = json!({ "organizationId": org, "email": format!("new@{}", self.name) });
        let answer = |mutation, (client, link): &(Client, AccountLinkKey)| {
            Row::new(mutation, named(*link), client, "NOT_FOUND", "NOT_FOUND")
        };
        vec![
            of_org("domainAdd", new),
            of_org("domainVerify", pending.clone()),
            of_org("domainRemove", pending),
            of_org("accountLinkPropose", propose),
            of_org("accountLinkWithdraw", named(self.open)),
            answer("accountLinkAccept", &self.accepting),
            answer("accountLinkRefuse", &self.refusing),
            answer("accountLinkEnd", &self.accepting),
        ]
    }
}

fn named(link: AccountLinkKey) -> Value {
    json!({ "accountLinkId": link.to_string() })
}
