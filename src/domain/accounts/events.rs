//! Security events: what happened to an account, written once and never changed.

use crate::db::schema::security_events;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::clock::Clock;
use crate::kernel::ids::{SecurityEventId, SecurityEventKey, SessionId, UserId};
use crate::kernel::origin::Origin;
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

text_enum! {
    /// What happened to an account.
    SecurityEventKind {
        /// Somebody signed in.
        SignedIn = "signed_in",
        /// Somebody tried to sign in and did not prove who they are.
        SignInFailed = "sign_in_failed",
        /// The person proved anew who they are.
        SteppedUp = "stepped_up",
        /// Somebody at an open session failed to prove who they are.
        StepUpFailed = "step_up_failed",
        /// A session was ended.
        SessionRevoked = "session_revoked",
        /// A refresh token was used a second time, so it was copied: the session was ended.
        RefreshTokenReplayed = "refresh_token_replayed",
        /// The address was verified.
        EmailVerified = "email_verified",
        /// The address was changed.
        EmailChanged = "email_changed",
        /// The password was changed by somebody who is signed in.
        PasswordChanged = "password_changed",
        /// The password was set by somebody who had a mail to the account's address.
        PasswordReset = "password_reset",
        /// A second factor was added.
        SecondFactorAdded = "second_factor_added",
        /// The second factor was removed.
        SecondFactorRemoved = "second_factor_removed",
        /// New recovery codes took the place of the former.
        RecoveryCodesMade = "recovery_codes_made",
        /// A recovery code was used up.
        RecoveryCodeUsed = "recovery_code_used",
        /// A token of an app was used from a network that it was not used from before; its owner is told of it.
        ApiTokenUsedFromNewNetwork = "api_token_used_from_new_network",
        /// Somebody signed in by a service, or by an organisation's own provider.
        SignedInByProvider = "signed_in_by_provider",
        /// A service was linked, and signs in to the account from now on.
        IdentityLinked = "identity_linked",
        /// A service was unlinked, and signs in to the account no more.
        IdentityUnlinked = "identity_unlinked",
        /// Somebody named what is of an organisation that they are not in, and got nothing; told once in ten minutes. To the
        /// organisation whose it is, no member is named.
        CrossTenantAttempt = "cross_tenant_attempt",
        /// A parent or guardian consented to the account.
        GuardianConsented = "guardian_consented",
    }
}

impl SecurityEventKind {
    /// Whether the organisations are told in which the person is an active member. While a guardian is asked there are none.
    pub const fn concerns_organizations(self) -> bool {
        !matches!(
            self,
            Self::SteppedUp | Self::EmailVerified | Self::GuardianConsented
        )
    }
}

/// Something that happened to your account.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = security_events)]
#[graphql(complex)]
pub struct SecurityEvent {
    /// Its id.
    #[diesel(column_name = id)]
    #[graphql(skip)]
    pub event: SecurityEventId,
    /// What happened. Cost: 1.
    pub kind: SecurityEventKind,
    /// When it happened. Cost: 1.
    pub at: DateTime<Utc>,
    /// The session that it happened in or to.
    #[graphql(skip)]
    pub session_id: Option<SessionId>,
    /// What the client called itself; null where it did not. Cost: 1.
    pub user_agent: Option<String>,
    /// The network it came from, such as `192.0.2.0/24`; null where that is not known. Cost: 1.
    pub network: Option<String>,
}

own_list!(security_events, SecurityEvent);

impl Batch for SecurityEventKey {
    type Value = Arc<SecurityEvent>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<SecurityEventId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<SecurityEvent> = SecurityEvent::query()
            .filter(security_events::id.eq_any(ids))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (SecurityEventKey(row.event), Arc::new(row)))
            .collect())
    }
}

/// Writes what happened, and tells the organisations in which the person is an active member of what concerns them.
pub(super) async fn insert(
    mut conn: Conn<'_>,
    clock: &Clock,
    user: UserId,
    origin: &Origin,
    events: &[(SecurityEventKind, Option<SessionId>)],
) -> QueryResult<()> {
    let ids: Vec<Uuid> = events.iter().map(|_| clock.uuid()).collect();
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    let sessions: Vec<Option<SessionId>> = events.iter().map(|(_, session)| *session).collect();
    let concern: Vec<bool> = events
        .iter()
        .map(|(kind, _)| kind.concerns_organizations())
        .collect();
    Statement::<Untyped>::new(
        "with happened as (select ?::uuid as user_id, ?::timestamptz as at, ? as user_agent, ? as network, e.* \
         from unnest(?, ?, ?, ?) as e(id, kind, session_id, concerns_organizations)), \
         told as (insert into organization_security_events (org_id, at, kind, member_id) \
         select m.org_id, h.at, h.kind, m.id from happened h join memberships m on m.user_id = h.user_id and m.state = 'active' \
         where h.concerns_organizations) \
         insert into security_events (id, user_id, at, kind, session_id, user_agent, network) \
         select id, user_id, at, kind, session_id, user_agent, network from happened",
    )
    .bind::<SqlUuid, _>(user)
    .bind::<Timestamptz, _>(clock.now())
    .bind::<Nullable<Text>, _>(origin.user_agent.clone())
    .bind::<Nullable<Text>, _>(origin.network.clone())
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<Nullable<SqlUuid>>, _>(sessions)
    .bind::<Array<Bool>, _>(concern)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
