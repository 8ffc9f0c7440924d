//! Invitations to an organisation, and what is done with them.

use super::client::Client;
use super::world::Row;
use super::{TestApp, factory};
use lyceum::kernel::ids::{InvitationId, InvitationKey, MemberKey, UserId};
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};

/// One to accept, one to decline, and one to send again and revoke.
pub struct Invited {
    /// Who joins.
    pub joining: UserId,
    /// Who joins, asking.
    pub newcomer: Client,
    /// The token of the invitation that they accept.
    pub invitation: Token,
    unwilling: Client,
    declined: Token,
    sent: InvitationKey,
}

async fn invite(app: &TestApp, by: MemberKey, email: &str) -> (InvitationKey, Token) {
    let key = InvitationKey::new(app.org, InvitationId(app.app.clock.uuid()));
    let token = Token::generate(TokenKind::Invitation);
    let insert = format!(
        "insert into invitations (org_id, id, email, role_id, token_hash, invited_by, expires_at) \
         select org_id, '{}', '{email}', id, sha256('{}'), '{}', now() + interval '1 day' from roles where slug = 'learner'",
        key.id.0,
        token.expose(),
        by.id.0
    );
    factory::sql(app, &insert).await;
    (key, token)
}

impl Invited {
    /// Makes them.
    pub async fn new(app: &TestApp, by: MemberKey) -> Self {
        let (joining, email, newcomer) = factory::user(&app.app).await;
        let (_, declining, unwilling) = factory::user(&app.app).await;
        let (_, invitation) = invite(app, by, &email).await;
        let (_, declined) = invite(app, by, &declining).await;
        let (sent, _) = invite(app, by, "sent@people.example").await;
        Self {
            joining,
            newcomer: app.bearer(&newcomer),
            invitation,
            unwilling: app.bearer(&unwilling),
            declined,
            sent,
        }
    }

    /// The rows, in an order in which everything can be done.
    pub fn rows(&self, app: &TestApp, role: &Value, owner: &Client) -> Vec<Row> {
        let new = json!([{ "email": "new@people.example", "roleId": role }]);
        let send = json!({ "organizationId": app.org_id(), "invitations": new });
        let by_token = |mutation, token: &Token, who| {
            let input = json!({ "token": token.expose() });
            Row::new(mutation, input, who, "WRONG_ADDRESS", "WRONG_ADDRESS")
        };
        let open = json!({ "invitationId": self.sent.to_string() });
        let of_owner = |mutation, input, learner| Row::new(mutation, input, owner, learner, "NOT_FOUND");
        vec![
            of_owner("invitationsSend", send, "FORBIDDEN"),
            by_token("invitationAccept", &self.invitation, &self.newcomer),
            by_token("invitationDecline", &self.declined, &self.unwilling),
            of_owner("invitationResend", open.clone(), "NOT_FOUND"),
            of_owner("invitationRevoke", open, "NOT_FOUND"),
        ]
    }
}
