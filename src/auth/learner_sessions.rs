//! Sessions that apps open for learners: found by their token through a door, since there is no scope yet.

use super::credential::{Credential, Embed, LearnerSession};
use super::permission::{Grants, Permission, Scopes};
use super::standing::{OrgStanding, Standing};
use crate::db::{Db, Statement};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    ApiTokenId, ApiTokenKey, CourseId, LearnerSessionId, LearnerSessionKey, MemberId, MemberKey, OrgId,
    UserId,
};
use crate::kernel::secret::TokenHash;
use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Bool, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid,
};
use std::sync::Arc;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    org_id: OrgId,
    #[diesel(sql_type = Uuid)]
    session_id: LearnerSessionId,
    #[diesel(sql_type = Uuid)]
    token_id: ApiTokenId,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Uuid>)]
    course_id: Option<CourseId>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    origins: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    operations: Option<Vec<String>>,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    org_slug: String,
    #[diesel(sql_type = Uuid)]
    member_id: MemberId,
    #[diesel(sql_type = Jsonb)]
    grants: serde_json::Value,
    #[diesel(sql_type = Nullable<Integer>)]
    policy_number: Option<i32>,
    #[diesel(sql_type = Uuid)]
    behind_user_id: UserId,
    #[diesel(sql_type = Jsonb)]
    behind_grants: serde_json::Value,
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<String>,
}

impl Row {
    /// Whether the app may still open sessions: what its owner may no longer do ends what they did.
    fn is_backed(&self) -> bool {
        let scopes = Scopes::read(self.scopes.iter().map(String::as_str));
        let behind = Grants::read(&self.behind_grants).within(scopes);
        behind.reach(Permission::LearnerSessionsCreate).all
    }

    fn embed(&mut self) -> Option<Arc<Embed>> {
        Some(Arc::new(Embed {
            course: self.course_id?,
            origins: self.origins.take()?,
            operations: self.operations.take()?,
        }))
    }
}

/// Reads the standing behind a session's token: the learner's in the session's organisation. One statement.
pub async fn load(db: &Db, token: &TokenHash) -> Result<Option<Standing>> {
    let door =
        Statement::<Untyped>::new("select * from door.learner_session(?)").bind::<Bytea, _>(token.to_vec());
    let rows: Vec<Row> = db.door(door).await?;
    Ok(rows.into_iter().find(Row::is_backed).map(|mut row| {
        let member = MemberKey::new(row.org_id, row.member_id);
        let credential = Credential::LearnerSession(LearnerSession {
            key: LearnerSessionKey::new(row.org_id, row.session_id),
            token: ApiTokenKey::new(row.org_id, row.token_id),
            behind: row.behind_user_id,
            embed: row.embed(),
        });
        let standing = OrgStanding::new(member, row.org_slug, String::new(), &row.grants);
        Standing {
            user: row.user_id,
            orgs: vec![Arc::new(
                credential.narrow(standing).under(row.policy_number.into()),
            )],
            credential,
            expires_at: row.expires_at,
            authenticated_at: DateTime::UNIX_EPOCH,
            last_used_at: DateTime::UNIX_EPOCH,
        }
    }))
}

/// Lets a request of a session that is for a browser in: from one of its pages, with one of its documents, within its budget.
pub async fn admit(
    db: &Db,
    (session, embed): (LearnerSessionKey, &Embed),
    origin: Option<&str>,
    operation: &str,
    cost: u64,
) -> Result<()> {
    if !embed
        .origins
        .iter()
        .any(|allowed| Some(allowed.as_str()) == origin)
    {
        return Err(Error::OriginNotAllowed);
    }
    if !embed.operations.iter().any(|allowed| allowed == operation) {
        return Err(Error::OperationNotAllowed);
    }
    let door = Statement::<Bool>::new("select granted from door.learner_session_spends(?, ?, ?)")
        .bind::<Uuid, _>(session.org)
        .bind::<Uuid, _>(session.id)
        .bind::<BigInt, _>(i64::try_from(cost).unwrap_or(i64::MAX));
    let granted: Vec<bool> = db.door(door).await?;
    if granted == [true] {
        Ok(())
    } else {
        Err(Error::BudgetSpent)
    }
}
