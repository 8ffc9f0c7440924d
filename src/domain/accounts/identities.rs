//! Identities: whom services by which people sign in mean by a person. Table: `identities`.

use super::events::SecurityEventKind;
use super::notices::notify;
use super::person::Person;
use super::write::AccountWrite;
use crate::auth::providers::{Profile, SocialProvider};
use crate::db::error::violated;
use crate::db::schema::identities;
use crate::db::{Batch, Conn, Db, Statement};
use crate::domain::mutate::{Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{IdentityId, IdentityKey, UserId};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// How many identities an account may have.
const MOST_IDENTITIES: usize = 20;

/// An identity of yours at a service: signing in there signs in to your account.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = identities)]
#[graphql(complex)]
pub struct Identity {
    /// Its id.
    #[diesel(column_name = id)]
    #[graphql(skip)]
    pub identity: IdentityId,
    /// The service. Cost: 1.
    pub provider: SocialProvider,
    /// The address that the service told last; null where it told none. It is not the address of your account. Cost: 1.
    pub email: Option<String>,
    /// When it was linked. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it last signed in. Cost: 1.
    pub last_used_at: DateTime<Utc>,
}

impl Batch for IdentityKey {
    type Value = Arc<Identity>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<IdentityId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<Identity> = Identity::query()
            .filter(identities::id.eq_any(ids))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (IdentityKey(row.identity), Arc::new(row)))
            .collect())
    }
}

/// The identities of a person, the oldest first.
pub async fn list(mut conn: Conn<'_>, user: UserId) -> QueryResult<Vec<Arc<Identity>>> {
    let rows: Vec<Identity> = Identity::query()
        .filter(identities::user_id.eq(user))
        .order_by(identities::id)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// Whose account an identity signs in to: through its door.
pub async fn owner(db: &Db, profile: &Profile) -> Result<Option<UserId>> {
    let door = Statement::<SqlUuid>::new("select user_id from door.identity(?, ?)")
        .bind::<Text, _>(profile.issuer.clone())
        .bind::<Text, _>(profile.subject.clone());
    Ok(db.door(door).await?.pop())
}

/// Notes that an identity has signed in. It may have been unlinked in the meantime.
pub async fn touch(write: &AccountWrite<'_>, profile: &Profile) -> Result<(), Stop> {
    let known = identities::table
        .filter(identities::user_id.eq(write.user))
        .filter(identities::issuer.eq(&profile.issuer))
        .filter(identities::subject.eq(&profile.subject));
    let touched = diesel::update(known)
        .set((
            identities::last_used_at.eq(write.app.clock.now()),
            identities::email.eq(address(profile)),
        ))
        .execute(&mut write.conn())
        .await?;
    if touched == 0 {
        return Err(Stop::Failed(Error::Unavailable));
    }
    Ok(())
}

/// Links an identity to the account of a write.
pub async fn link(
    write: &AccountWrite<'_>,
    provider: SocialProvider,
    profile: &Profile,
) -> Result<IdentityId, Stop> {
    let own = list(write.conn(), write.user).await?;
    if own.len() >= MOST_IDENTITIES {
        let message = format!("An account has at most {MOST_IDENTITIES} identities. Unlink one first.");
        return refuse_with(Refusal::whole(Code::LimitReached, message));
    }
    let id = IdentityId(write.app.clock.uuid());
    let linked = diesel::insert_into(identities::table)
        .values((
            identities::id.eq(id),
            identities::user_id.eq(write.user),
            identities::provider.eq(provider),
            identities::issuer.eq(&profile.issuer),
            identities::subject.eq(&profile.subject),
            identities::email.eq(address(profile)),
            identities::created_at.eq(write.app.clock.now()),
            identities::last_used_at.eq(write.app.clock.now()),
        ))
        .execute(&mut write.conn())
        .await;
    match linked {
        Ok(_) => Ok(id),
        Err(error) if violated(&error) == Some("identities_issuer_subject_key") => {
            let message = "This identity signs in to an account already, yours or another.";
            refuse_with(Refusal::whole(Code::Taken, message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells the person that an identity was linked to, or unlinked from, their account.
pub async fn tell(write: &AccountWrite<'_>, event: SecurityEventKind) -> Result<(), Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    write.happened(event);
    notify(write, person.email, event).await
}

/// Unlinks an identity, unless nobody could sign in to the account any more.
pub async fn unlink(write: &AccountWrite<'_>, identity: IdentityId) -> Result<(), Stop> {
    let own = list(write.conn(), write.user).await?;
    if !own.iter().any(|other| other.identity == identity) {
        return refuse_with(Refusal::not_found("id"));
    }
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    if own.len() == 1 && !person.signs_in_by_password() {
        let message = "Nobody could sign in to your account any more: set a password with `passwordChange`, or link another service first.";
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    }
    diesel::delete(identities::table.find(identity.0))
        .execute(&mut write.conn())
        .await?;
    tell(write, SecurityEventKind::IdentityUnlinked).await
}

/// Unlinks everything from an account whose address was unverified until now: who linked it had not shown that the address
/// is theirs, and who has shown it now may be another.
pub(super) async fn unlink_unproven(write: &AccountWrite<'_>) -> Result<(), Stop> {
    let own = identities::table.filter(identities::user_id.eq(write.user));
    if diesel::delete(own).execute(&mut write.conn()).await? > 0 {
        write.happened(SecurityEventKind::IdentityUnlinked);
    }
    Ok(())
}

/// The address that a profile tells, as far as it is one that can be kept.
fn address(profile: &Profile) -> Option<&str> {
    profile
        .email
        .as_deref()
        .filter(|email| (3..=254).contains(&email.chars().count()))
}
