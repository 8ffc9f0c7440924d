//! Sign-ins by providers that are under way, and what is done with them.

use super::TestApp;
use super::client::Client;
use super::factory;
use super::provider::Provider;
use super::world::Row;
use lyceum::auth::providers::{Profile, SocialProvider};
use lyceum::domain::sign_ins::attempt::{self, Purpose};
use lyceum::kernel::ids::{IdentityId, IdentityKey, UserId};
use lyceum::kernel::secret::{Token, TokenKind};
use reqwest::Url;
use serde_json::{Value, json};

/// Identities and sign-ins of a person, and a provider for their organisation.
pub struct SignIns {
    provider: Provider,
    page: String,
    signing_in: Value,
    linking: Value,
    linked: IdentityKey,
}

/// A sign-in that is proven: what its page completes it with.
pub async fn proven(app: &TestApp, purpose: Purpose, page: &str, subject: &str) -> Value {
    let app = &app.app;
    let begun = attempt::begin(app, purpose, &Url::parse(page).unwrap())
        .await
        .unwrap();
    let (_, start) = begun.start_url.rsplit_once('/').unwrap();
    let start = Token::parse(TokenKind::SignInStart, start).unwrap();
    let [state, cookie] = [TokenKind::SignInState, TokenKind::SignInCookie].map(Token::generate);
    attempt::start(app, &start, &state, &cookie)
        .await
        .unwrap()
        .unwrap();
    let attempt = attempt::returned(app, &state, &cookie).await.unwrap().unwrap();
    let profile = Profile {
        issuer: "https://provider.example".to_owned(),
        subject: subject.to_owned(),
        email: Some(format!("{subject}@people.example")),
        email_verified: true,
        first_name: Some("Ada".to_owned()),
        last_name: None,
    };
    let code = attempt::prove(app, &attempt, profile).await.unwrap();
    json!({ "code": code.expose(), "browserToken": begun.browser.expose() })
}

/// An identity of a person.
pub async fn identity(app: &TestApp, user: UserId) -> IdentityKey {
    let key = IdentityKey(IdentityId(app.app.clock.uuid()));
    let (id, user) = (key.0.0, user.0);
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{user}'; insert into identities (id, user_id, provider, issuer, subject, email) \
             values ('{id}', '{user}', 'google', 'https://provider.example', '{id}', '{id}@people.example')"
        ),
    )
    .await;
    key
}

impl SignIns {
    /// Makes them.
    pub async fn new(app: &TestApp, user: UserId) -> Self {
        let page = format!("https://academy.example/{}", app.slug);
        let google = SocialProvider::Google;
        let subject = || app.app.clock.uuid().simple().to_string();
        Self {
            signing_in: proven(app, Purpose::SignIn(google), &page, &subject()).await,
            linking: proven(app, Purpose::Link(google, user), &page, &subject()).await,
            linked: identity(app, user).await,
            provider: Provider::start().await,
            page,
        }
    }

    /// What is done with an organisation's own provider.
    pub fn of_organization(&self, app: &TestApp, owner: &Client) -> Vec<Row> {
        let set = json!({ "organizationId": app.org_id(), "issuer": self.provider.issuer(), "clientId": "academy", "clientSecret": "secret" });
        let begin = json!({ "organization": app.slug, "returnTo": self.page });
        let remove = json!({ "organizationId": app.org_id() });
        vec![
            Row::new("ssoConnectionSet", set, owner, "FORBIDDEN", "NOT_FOUND"),
            Row::new("ssoLoginBegin", begin, owner, "", "").for_everybody(),
            Row::new("ssoConnectionRemove", remove, owner, "FORBIDDEN", "NOT_FOUND"),
        ]
    }

    /// What the person does with services.
    pub fn of_person(&self, app: &TestApp, person: &Client) -> Vec<Row> {
        let begin = json!({ "provider": "GOOGLE", "returnTo": self.page });
        let anybody = app.anonymous();
        let (spent, foreign) = ("INVALID_TOKEN", "NOT_FOUND");
        vec![
            Row::new("socialLoginBegin", begin.clone(), &anybody, "", "").for_everybody(),
            Row::new("socialLoginComplete", self.signing_in.clone(), &anybody, "", "").for_everybody(),
            Row::new("identityLink", begin, person, "", ""),
            Row::new("identityLinkComplete", self.linking.clone(), person, spent, spent),
            Row::new(
                "identityUnlink",
                json!({ "id": self.linked.to_string() }),
                person,
                foreign,
                foreign,
            ),
        ]
    }
}
