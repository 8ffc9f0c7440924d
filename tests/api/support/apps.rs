//! Apps and their tokens.

use super::client::Client;
use super::world::Row;
use super::{TestApp, factory};
use chrono::{DateTime, TimeDelta, Utc};
use lyceum::auth::permission::Permission;
use lyceum::kernel::ids::{
    ApiTokenId, ApiTokenKey, AppId, AppKey, LearnerSessionId, LearnerSessionKey, MemberKey,
};
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::json;

/// An app without tokens.
pub async fn app(app: &TestApp, creator: MemberKey) -> AppKey {
    let key = AppKey::new(creator.org, AppId(app.app.clock.uuid()));
    factory::sql(
        app,
        &format!(
            "insert into apps (org_id, id, name, created_by) values ('{}', '{}', 'Backend', '{}')",
            key.org.0, key.id.0, creator.id.0
        ),
    )
    .await;
    key
}

/// A token of an app that acts as a member until a time: its key and its secret.
pub async fn token_until(
    app: &TestApp,
    of: AppKey,
    owner: MemberKey,
    scopes: &[Permission],
    expires_at: DateTime<Utc>,
) -> (ApiTokenKey, String) {
    let key = ApiTokenKey::new(of.org, ApiTokenId(app.app.clock.uuid()));
    let secret = Token::generate(TokenKind::ApiToken);
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    factory::sql(
        app,
        &format!(
            "insert into api_tokens (org_id, id, app_id, owner_id, name, prefix, scopes, expires_at) \
             values ('{org}', '{id}', '{}', '{}', 'Token', '{}', '{{{}}}', '{expires_at}'); \
             insert into api_token_secrets values ('{org}', '{id}', sha256('{}'), '{expires_at}')",
            of.id.0,
            owner.id.0,
            secret.prefix(),
            scopes.join(","),
            secret.expose(),
            org = of.org.0,
            id = key.id.0,
        ),
    )
    .await;
    (key, secret.expose().to_owned())
}

/// A token that is good for an hour, of an app of its own: its secret.
pub async fn token(app: &TestApp, owner: MemberKey, scopes: &[Permission]) -> String {
    let of = self::app(app, owner).await;
    let until = app.app.clock.now() + TimeDelta::hours(1);
    token_until(app, of, owner, scopes, until).await.1
}

/// Every permission that may be a scope.
pub fn all_scopes() -> Vec<Permission> {
    let all = Permission::ALL.iter().copied();
    all.filter(|permission| permission.is_scope()).collect()
}

/// A session that an app opened for a learner: its key.
pub async fn learner_session(app: &TestApp, token: ApiTokenKey, member: MemberKey) -> LearnerSessionKey {
    let key = LearnerSessionKey::new(member.org, LearnerSessionId(app.app.clock.uuid()));
    factory::sql(
        app,
        &format!(
            "insert into learner_sessions (org_id, id, member_id, token_id, token_hash, expires_at) \
             values ('{}', '{}', '{}', '{}', sha256('{}'), now() + interval '1 hour')",
            key.org.0, key.id.0, member.id.0, token.id.0, key.id.0
        ),
    )
    .await;
    key
}

/// What apps do for learners, in an organisation that has this session.
pub fn session_rows(
    app: &TestApp,
    course: &str,
    member: MemberKey,
    session: LearnerSessionKey,
    able: [&Client; 2],
) -> Vec<Row> {
    let [backend, owner] = able;
    let (org, member) = (app.org_id(), member.to_string());
    let of = json!({ "organizationId": org, "memberId": member });
    let hash = "0".repeat(64);
    let embed = json!({ "organizationId": org, "memberId": member, "courseId": course,
        "origins": ["https://portal.example"], "operations": [hash] });
    let new =
        json!({ "organizationId": org, "externalId": "new", "firstName": "New", "lastName": "Learner" });
    let (no_app, refused) = ("API_TOKEN_REQUIRED", "FORBIDDEN");
    vec![
        Row::new("membershipProvision", new, owner, refused, "NOT_FOUND"),
        Row::new(
            "membershipUpdate",
            json!({ "memberId": member, "externalId": "x" }),
            owner,
            refused,
            "NOT_FOUND",
        ),
        Row::new("learnerSessionCreate", of, backend, no_app, no_app),
        Row::new("embedSessionCreate", embed, backend, no_app, no_app),
        Row::new(
            "learnerSessionRevoke",
            json!({ "sessionId": session.to_string() }),
            owner,
            refused,
            "NOT_FOUND",
        ),
    ]
}

/// What is done with apps and their tokens, in an organisation that has this app with this token.
pub fn rows(org: &str, app: AppKey, token: ApiTokenKey, owner: &Client) -> Vec<Row> {
    let (app, token) = (app.to_string(), token.to_string());
    let new = json!({ "appId": app, "name": "New", "scopes": ["COURSES_READ"] });
    let inputs = [
        ("appCreate", json!({ "organizationId": org, "name": "New" })),
        ("appUpdate", json!({ "appId": app, "name": "New" })),
        ("apiTokenCreate", new),
        ("apiTokenRotate", json!({ "tokenId": token })),
        ("apiTokenRevoke", json!({ "tokenId": token })),
        ("appDelete", json!({ "appId": app })),
    ];
    let row = |(mutation, input)| Row::new(mutation, input, owner, "FORBIDDEN", "NOT_FOUND");
    inputs.map(row).into()
}
