//! An organisation whose people sign in by a provider of its own.

use super::app::Person;
use super::browser::{PAGE, Page, begin_sso, complete, found, page};
use super::client::{Client, Reply};
use super::provider::Provider;
use super::{TestApp, servers};
use serde_json::{Value, json};

const SET: &str = "mutation($input: SsoConnectionSetInput!) { ssoConnectionSet(input: $input) { ssoConnection { id issuer clientId isEnabled lockedFields version } \
    userErrors { code field message } } }";
/// An organisation with a provider of its own.
pub struct Place {
    /// The node.
    pub app: TestApp,
    /// What it signs in by.
    pub provider: Provider,
    /// Its owner.
    pub owner: Person,
    /// Whom the provider means.
    pub subject: String,
}

/// Sets an organisation's provider.
pub async fn connect(app: &TestApp, owner: &Client, provider: &Provider, more: Value) -> Reply {
    let mut input = json!({ "organizationId": app.org_id(), "issuer": provider.issuer(), "clientId": "academy", "clientSecret": "secret" });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    owner.run_with(SET, json!({ "input": input })).await
}

impl Place {
    /// Makes one, whose provider means somebody whose address it has not seen.
    pub async fn new() -> Self {
        Self::on(TestApp::new().await).await
    }

    /// The same in the organisation of this node.
    pub async fn on(app: TestApp) -> Self {
        let (provider, owner) = (Provider::start().await, app.owner().await);
        assert_eq!(connect(&app, &owner, &provider, json!({})).await.codes(), "");
        let subject = app.app.clock.uuid().simple().to_string();
        provider.is(&subject, &format!("{subject}@people.example"), false);
        Self {
            app,
            provider,
            owner,
            subject,
        }
    }

    /// Goes as far as the code.
    pub async fn arrive(&self) -> (String, Page) {
        let begun = begin_sso(&self.app.anonymous(), &self.app.slug, PAGE).await;
        let page = page(&begun, "ssoLoginBegin");
        let back = self.provider.walk(&self.app, &page).await;
        let code = found(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
        (code, page)
    }

    /// Signs in: what the page is answered.
    pub async fn sign_in(&self) -> Reply {
        let (code, page) = self.arrive().await;
        complete(&self.app.anonymous(), &code, &page).await
    }

    /// Signs in: who is signed in now.
    pub async fn person(&self) -> Client {
        let reply = self.sign_in().await;
        self.app.bearer(reply.text("/socialLoginComplete/token"))
    }

    /// How many members there are.
    pub async fn members(&self) -> i64 {
        let reply = self
            .owner
            .run_with(
                "query($org: ID!) { organization(id: $org) { members(first: 1) { totalCount } } }",
                json!({ "org": self.app.org_id() }),
            )
            .await;
        reply.data("/organization/members/totalCount").as_i64().unwrap()
    }

    /// Makes the provider's person a member of another organisation too, as an owner, and one whose password is known.
    pub async fn also_elsewhere(&self) -> TestApp {
        let elsewhere = self.app.elsewhere().await;
        let admin = servers::admin().await;
        let statement = "insert into memberships (org_id, id, user_id, role_id, state, name, email) \
            select r.org_id, gen_random_uuid(), m.user_id, r.id, 'active', 'Elsewhere', 'elsewhere@people.example' \
            from roles r, sso_identities i join memberships m on m.org_id = i.org_id and m.id = i.member_id \
            where r.org_id::text = $1 and r.slug = 'owner' and i.subject = $2";
        let made = admin
            .execute(statement, &[&elsewhere.org.0.to_string(), &self.subject])
            .await
            .unwrap();
        assert_eq!(made, 1);
        elsewhere
    }
}
