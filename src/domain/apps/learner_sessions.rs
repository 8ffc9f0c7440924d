//! Opening and ending sessions for learners: for a backend that acts for them, and for a page that shows them one course.

use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::schema::{courses, learner_sessions, memberships};
use crate::db::{Batch, Conn};
use crate::domain::courses::CourseState;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::organizations::model::OriginsOf;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    ApiTokenId, ApiTokenKey, CourseId, CourseKey, LearnerSessionId, LearnerSessionKey, MemberId, MemberKey,
    OrgId, UserId,
};
use crate::kernel::secret::{Token, TokenHash};
use async_graphql::SimpleObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// How long a session lasts at most, in seconds.
pub const MOST_SECONDS: i64 = 12 * 60 * 60;
/// How long one that is for a browser lasts at most.
pub const MOST_EMBED_SECONDS: i64 = 60 * 60;
/// Pages that may share a session.
const MOST_ORIGINS: usize = 20;
/// Documents that a session may send.
const MOST_OPERATIONS: usize = 100;
/// What those may cost together.
const MOST_BUDGET: i64 = 1_000_000;

/// A session that an app opened for a learner: with it, a backend acts for them, or a page shows them one course. It is the
/// learner's role and nothing more, whatever else they are, and ends with the app's token.
///
/// Requires: `learner_sessions.create`, or to be asked with it. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = learner_sessions)]
#[graphql(complex)]
pub struct LearnerSession {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: LearnerSessionKey,
    /// Whose it is.
    #[graphql(skip)]
    member_id: MemberId,
    /// What opened it.
    #[graphql(skip)]
    token_id: ApiTokenId,
    /// When it was opened. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it ends. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked; null where it was not. Cost: 1.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The one course that exists for it.
    #[graphql(skip)]
    course_id: Option<CourseId>,
    /// The origins whose pages may use it, where it is for a browser. Cost: 1.
    pub origins: Option<Vec<String>>,
    /// SHA-256 of the documents that it may send, in hexadecimal digits, where it is for a browser. Cost: 1.
    pub operations: Option<Vec<String>>,
    /// What its requests may cost together.
    #[graphql(skip)]
    pub budget: Option<i64>,
    /// What they have cost.
    #[graphql(skip)]
    pub spent: i64,
}

impl LearnerSession {
    /// Whose it is.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }

    /// What opened it.
    pub const fn token_key(&self) -> ApiTokenKey {
        ApiTokenKey::new(self.key.org, self.token_id)
    }

    /// The one course that exists for it.
    pub fn course_key(&self) -> Option<CourseKey> {
        self.course_id.map(|course| CourseKey::new(self.key.org, course))
    }
}

impl Batch for LearnerSessionKey {
    type Value = Arc<LearnerSession>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<LearnerSessionId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<LearnerSession> = LearnerSession::query()
            .filter(
                learner_sessions::org_id
                    .eq_any(orgs)
                    .and(learner_sessions::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// How a learner is named.
#[derive(Clone, Debug)]
pub enum Learner {
    /// By what the partner's own system calls them.
    ExternalId(String),
    /// By their identifier; `None` where it names nobody.
    Member(Option<MemberKey>),
}

/// What confines a session that is for a browser.
#[derive(Clone, Debug)]
pub struct NewEmbed {
    /// The course; `None` where the identifier names none.
    pub course: Option<CourseKey>,
    /// The origins whose pages may use it.
    pub origins: Vec<String>,
    /// SHA-256 of the documents that it may send, in hexadecimal digits.
    pub operations: Vec<String>,
    /// What those may cost together.
    pub budget: i64,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// For whom.
    pub learner: Learner,
    /// For how many seconds.
    pub seconds: i64,
    /// What confines it, where it is for a browser.
    pub embed: Option<NewEmbed>,
    /// The app's token that opens it.
    pub opener: ApiTokenKey,
}

/// A session that was opened, and what its token is known by.
pub type Opened = (LearnerSessionKey, TokenHash);

type MayCreate<'g> = Allowed<'g, action::LearnerSessionsCreate, Here>;

/// Opens a session for a learner.
pub async fn open(write: &Write<'_>, new: NewSession, token: &Token) -> Result<Opened, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let allowed: MayCreate<'_> = gate.allow(Some(Here(org)))?;
    let member = find_learner(gate.conn(), org, &new.learner).await?;
    let most = if new.embed.is_some() {
        MOST_EMBED_SECONDS
    } else {
        MOST_SECONDS
    };
    if !(1..=most).contains(&new.seconds) {
        let message = format!("The session lasts 1 to {most} seconds.");
        return refuse_with(Refusal::at(Code::Invalid, "ttlSeconds", message));
    }
    let course = match &new.embed {
        Some(embed) => Some(check(gate.conn(), org, embed).await?),
        None => None,
    };
    let key = LearnerSessionKey::new(org, LearnerSessionId(write.app.clock.uuid()));
    let expires_at = write.app.clock.now() + TimeDelta::seconds(new.seconds);
    insert(
        &allowed,
        gate.conn(),
        key,
        (member, &new, course),
        (token.hash(), expires_at),
    )
    .await?;
    let learner = MemberKey::new(org, member).to_string();
    let course = course.map(|course| CourseKey::new(org, course).to_string());
    write.happened(
        "learner_session.created",
        key,
        json!({ "learner": learner, "course": course }),
    );
    Ok((key, token.hash()))
}

/// Ends a session: from now on its token opens nothing. To do it again does no harm.
pub async fn revoke(write: &Write<'_>, key: LearnerSessionKey) -> Result<LearnerSessionKey, Stop> {
    let gate = &write.gate;
    let _: MayCreate<'_> = gate.allow(Some(Here(key.org)))?;
    let found: Option<(UserId, Option<DateTime<Utc>>)> = learner_sessions::table
        .inner_join(
            memberships::table.on(memberships::org_id
                .eq(learner_sessions::org_id)
                .and(memberships::id.eq(learner_sessions::member_id))),
        )
        .filter(
            learner_sessions::org_id
                .eq(key.org)
                .and(learner_sessions::id.eq(key.id)),
        )
        .select((memberships::user_id, learner_sessions::revoked_at))
        .first(&mut gate.conn())
        .await
        .optional()?;
    let (user, revoked_at) = found.ok_or(Error::NotFound).at("sessionId")?;
    if revoked_at.is_none() {
        diesel::update(learner_sessions::table.find((key.org.0, key.id.0)))
            .set(learner_sessions::revoked_at.eq(write.app.clock.now()))
            .execute(&mut gate.conn())
            .await?;
        write.happened("learner_session.revoked", key, json!({}));
        write.outdates(Stale::Standing(user));
    }
    Ok(key)
}

async fn find_learner(mut conn: Conn<'_>, org: OrgId, learner: &Learner) -> Result<MemberId, Stop> {
    let here = memberships::table
        .filter(memberships::org_id.eq(org).and(memberships::state.eq("active")))
        .select(memberships::id)
        .into_boxed();
    let (named, path) = match learner {
        Learner::ExternalId(external) => (
            here.filter(memberships::external_id.eq(external.clone())),
            "externalId",
        ),
        Learner::Member(Some(member)) if member.org == org => {
            (here.filter(memberships::id.eq(member.id)), "memberId")
        }
        Learner::Member(_) => return refuse_with(Refusal::not_found("memberId")),
    };
    let found = named.first(&mut conn).await.optional()?;
    found.ok_or(Error::NotFound).at(path)
}

/// Checks what confines a session, and finds its course.
async fn check(conn: Conn<'_>, org: OrgId, embed: &NewEmbed) -> Result<CourseId, Stop> {
    let own = OriginsOf::load_many(&[OriginsOf(org)], conn).await?;
    let own = own
        .get(&OriginsOf(org))
        .map(|origins| origins.to_vec())
        .unwrap_or_default();
    let foreign = embed.origins.iter().position(|origin| !own.contains(origin));
    let foreign = foreign.map(|at| {
        let message =
            "The organisation does not allow this origin: list it with `organizationSettingsUpdate` first.";
        Refusal::at(Code::Invalid, &format!("origins.{at}"), message)
    });
    let count = |path, count: usize, most| {
        let message = format!("Name 1 to {most}.");
        (!(1..=most).contains(&count)).then(|| Refusal::at(Code::Invalid, path, message))
    };
    let is_hash =
        |text: &String| text.len() == 64 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let unhashed = embed.operations.iter().position(|operation| !is_hash(operation));
    let unhashed = unhashed.map(|at| {
        let message = "This is no SHA-256: it has 64 of 0–9 and a–f. It is taken over the document's bytes as they are sent.";
        Refusal::at(Code::Invalid, &format!("operations.{at}"), message)
    });
    let budget = (!(1..=MOST_BUDGET).contains(&embed.budget)).then(|| {
        let message = format!("The budget has 1 to {MOST_BUDGET} points.");
        Refusal::at(Code::Invalid, "budget", message)
    });
    refuse_all([
        count("origins", embed.origins.len(), MOST_ORIGINS),
        foreign,
        count("operations", embed.operations.len(), MOST_OPERATIONS),
        unhashed,
        budget,
    ])?;
    let published = courses::table
        .filter(
            courses::org_id
                .eq(org)
                .and(courses::state.eq(CourseState::Published.as_str())),
        )
        .filter(
            courses::id.eq(embed
                .course
                .filter(|course| course.org == org)
                .map_or(uuid::Uuid::nil(), |course| course.id.0)),
        )
        .select(courses::id)
        .first(&mut &*conn)
        .await
        .optional()?;
    published.ok_or(Error::NotFound).at("courseId")
}

async fn insert(
    _: &MayCreate<'_>,
    mut conn: Conn<'_>,
    key: LearnerSessionKey,
    (member, new, course): (MemberId, &NewSession, Option<CourseId>),
    (hash, expires_at): (TokenHash, DateTime<Utc>),
) -> QueryResult<()> {
    let embed = new.embed.as_ref();
    diesel::insert_into(learner_sessions::table)
        .values((
            learner_sessions::org_id.eq(key.org),
            learner_sessions::id.eq(key.id),
            learner_sessions::member_id.eq(member),
            learner_sessions::token_id.eq(new.opener.id),
            learner_sessions::token_hash.eq(hash.to_vec()),
            learner_sessions::expires_at.eq(expires_at),
            learner_sessions::course_id.eq(course),
            learner_sessions::origins.eq(embed.map(|embed| &embed.origins)),
            learner_sessions::operations.eq(embed.map(|embed| &embed.operations)),
            learner_sessions::budget.eq(embed.map(|embed| embed.budget)),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}
