//! A copy of what an organisation has about a member, kept for a while. Table: `member_exports`.

use super::offboard::MayOffboard;
use crate::db::schema::member_exports as exports;
use crate::db::{Batch, Conn, Statement, each};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::record_lists::IdRange;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberExportId, MemberExportKey, MemberId, MemberKey, OrgId};
use crate::kernel::page::Page;
use async_graphql::SimpleObject;
use async_graphql::types::Json;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// How long a copy is kept.
const KEPT_DAYS: i64 = 7;
/// Bytes of a copy, and copies of an organisation at the same time.
const MOST: (usize, i64) = (2_000_000, 500);

/// A copy of what the organisation had about a member when they were let go: their membership, groups, enrolments with progress,
/// attempts with the answers that they gave, reviews, learning paths, and certificates. Not their bookmarks and their profile, which are
/// nobody's but their own. It is kept for 7 days.
///
/// Requires: `members.manage` with the reach `all`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = exports)]
#[graphql(complex)]
pub struct MemberExport {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: MemberExportKey,
    /// Whom it is about.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// Who made it.
    #[graphql(skip)]
    pub made_by: MemberId,
    /// When it was made. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it is removed. Cost: 1.
    pub expires_at: DateTime<Utc>,
}

impl MemberExport {
    /// Whom it is about.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }

    /// Who made it.
    pub const fn maker(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.made_by)
    }
}

impl Batch for MemberExportKey {
    type Value = Arc<MemberExport>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<MemberExportId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<MemberExport> = MemberExport::query()
            .filter(exports::org_id.eq_any(orgs).and(exports::id.eq_any(ids)))
            .filter(exports::expires_at.gt(diesel::dsl::now))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// What a copy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentOf(pub MemberExportKey);

impl Batch for DocumentOf {
    type Value = Arc<Json<Value>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<MemberExportId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, MemberExportId, Value)> = exports::table
            .filter(exports::org_id.eq_any(orgs).and(exports::id.eq_any(ids)))
            .select((exports::org_id, exports::id, exports::document))
            .load(&mut conn)
            .await?;
        let document = |(org, id, document)| (Self(MemberExportKey::new(org, id)), Arc::new(Json(document)));
        Ok(rows.into_iter().map(document).collect())
    }
}

/// The copies that an organisation has; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExportList(pub OrgId);

impl Batch for ExportList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        each(keys, |list: &Self| count(conn, list.0)).await
    }
}

/// One page of them, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExportPage(pub ExportList, pub Page, pub IdRange);

impl ExportPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<MemberExport>>> {
        let Self(ExportList(org), page, range) = self;
        let query = MemberExport::query()
            .filter(exports::org_id.eq(*org))
            .filter(exports::expires_at.gt(diesel::dsl::now))
            .filter(exports::id.gt(range.above).and(exports::id.lt(range.below)))
            .limit(page.size + 1)
            .into_boxed();
        let query = if page.backward {
            query.order_by(exports::id.asc())
        } else {
            query.order_by(exports::id.desc())
        };
        let rows: Vec<MemberExport> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for ExportPage {
    type Value = Arc<Vec<Arc<MemberExport>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

async fn count(mut conn: Conn<'_>, org: OrgId) -> QueryResult<i64> {
    let here = exports::table.filter(
        exports::org_id
            .eq(org)
            .and(exports::expires_at.gt(diesel::dsl::now)),
    );
    here.count().get_result(&mut conn).await
}

/// Makes a copy of what the organisation has about a member, as they are before they are let go.
pub(super) async fn make(write: &Write<'_>, member: &MayOffboard<'_>) -> Result<MemberExportKey, Stop> {
    let gate = &write.gate;
    let (conn, key) = (gate.conn(), member.member.key);
    let maker = gate.member().ok_or(Error::NotFound)?;
    let (most_bytes, most) = MOST;
    if count(conn, key.org).await? >= most {
        let message = format!(
            "An organisation has at most {most} copies at a time; each is removed after {KEPT_DAYS} days."
        );
        return refuse_with(Refusal::at(Code::LimitReached, "memberId", message));
    }
    let document = document(conn, key).await?;
    if document.to_string().len() > most_bytes {
        let message = format!(
            "What there is of this member is more than the {most_bytes} bytes of a copy. Read it from their lists."
        );
        return refuse_with(Refusal::at(Code::LimitReached, "memberId", message));
    }
    let export = MemberExportKey::new(key.org, MemberExportId(write.app.clock.uuid()));
    diesel::insert_into(exports::table)
        .values((
            exports::org_id.eq(key.org),
            exports::id.eq(export.id),
            exports::member_id.eq(key.id),
            exports::made_by.eq(maker.id),
            exports::document.eq(document),
            exports::expires_at.eq(write.app.clock.now() + TimeDelta::days(KEPT_DAYS)),
        ))
        .execute(&mut &*conn)
        .await?;
    Ok(export)
}

/// Everything in one snapshot of one statement. What is right stands in other tables, which it does not read.
async fn document(mut conn: Conn<'_>, key: MemberKey) -> QueryResult<Value> {
    Statement::<Jsonb>::new(
        "select jsonb_build_object(\
         'member', jsonb_build_object('name', m.name, 'email', m.email, 'externalId', m.external_id, 'state', m.state, \
         'role', r.slug, 'joinedAt', m.joined_at), \
         'groups', coalesce((select jsonb_agg(jsonb_build_object('name', g.name, 'isManager', gm.is_manager) order by g.name) \
         from group_members gm join groups g on g.org_id = gm.org_id and g.id = gm.group_id \
         where gm.org_id = m.org_id and gm.member_id = m.id), '[]'), \
         'teaches', coalesce((select jsonb_agg(c.title order by c.title) from course_instructors i \
         join courses c on c.org_id = i.org_id and c.id = i.course_id where i.org_id = m.org_id and i.member_id = m.id), '[]'), \
         'enrollments', coalesce((select jsonb_agg(jsonb_build_object('course', c.title, 'state', e.state, 'source', e.source, \
         'enrolledAt', e.enrolled_at, 'startedAt', e.started_at, 'completedAt', e.completed_at, 'cycle', e.cycle, 'dueAt', e.due_at, \
         'expiresAt', e.expires_at, 'requestedAt', e.requested_at, 'declineReason', e.decline_reason, \
         'unitsCompleted', e.units_completed, 'unitCount', e.unit_count, \
         'progress', coalesce((select jsonb_agg(jsonb_build_object('unit', p.unit_id, 'state', p.state, 'seconds', p.seconds, \
         'completedAt', p.completed_at) order by p.unit_id) from unit_progress p where p.org_id = e.org_id and p.enrollment_id = e.id), '[]'), \
         'accommodations', coalesce((select jsonb_agg(jsonb_build_object('quiz', x.unit_id, 'extraTimePercent', x.extra_time_percent, \
         'extraAttempts', x.extra_attempts, 'reason', x.reason, 'setAt', x.set_at) order by x.id) from accommodations x \
         where x.org_id = e.org_id and x.enrollment_id = e.id), '[]'), \
         'attempts', coalesce((select jsonb_agg(jsonb_build_object('quiz', a.unit_id, 'number', a.number, 'state', a.state, \
         'voidReason', a.void_reason, 'startedAt', a.started_at, 'submittedAt', a.submitted_at, 'points', a.points / 100.0, 'maxPoints', a.max_points / 100.0, \
         'answers', coalesce((select jsonb_agg(jsonb_build_object('question', w.question_id, 'answer', w.answer, 'savedAt', w.saved_at, \
         'points', w.points / 100.0) order by w.question_id) from attempt_answers w where w.org_id = a.org_id and w.attempt_id = a.id), '[]')) \
         order by a.id) from attempts a where a.org_id = e.org_id and a.enrollment_id = e.id), '[]'), \
         'submissions', coalesce((select jsonb_agg(jsonb_build_object('assignment', s.unit_id, 'cycle', s.cycle, 'number', s.number, 'state', s.state, \
         'text', s.body, 'link', s.link, 'submittedAt', s.submitted_at, 'isLate', s.is_late, 'points', s.points / 100.0, \
         'maxPoints', s.max_points / 100.0, 'feedback', s.feedback, 'gradedAt', s.graded_at, \
         'files', coalesce((select jsonb_agg(jsonb_build_object('fileName', x.file_name, 'mediaType', x.media_type, 'bytes', x.bytes) \
         order by f.position) from submission_assets f join assets x on x.org_id = f.org_id and x.id = f.asset_id \
         where f.org_id = s.org_id and f.submission_id = s.id), '[]')) order by s.id) \
         from submissions s where s.org_id = e.org_id and s.enrollment_id = e.id), '[]')) order by e.id) \
         from enrollments e join courses c on c.org_id = e.org_id and c.id = e.course_id \
         where e.org_id = m.org_id and e.member_id = m.id), '[]'), \
         'reviews', coalesce((select jsonb_agg(jsonb_build_object('course', c.title, 'stars', v.stars, 'text', v.text, \
         'updatedAt', v.updated_at, 'hiddenReason', v.hidden_reason) order by v.id) from course_reviews v \
         join courses c on c.org_id = v.org_id and c.id = v.course_id where v.org_id = m.org_id and v.member_id = m.id), '[]'), \
         'surveys', coalesce((select jsonb_agg(jsonb_build_object('course', c.title, 'survey', s.title, 'submittedAt', r.submitted_at, \
         'questions', case when r.id is not null then s.questions end, 'answers', r.answers) order by s.id) from survey_participants p \
         join surveys s on s.org_id = p.org_id and s.id = p.survey_id join courses c on c.org_id = s.org_id and c.id = s.course_id \
         left join survey_responses r on r.org_id = p.org_id and r.survey_id = p.survey_id and r.member_id = p.member_id \
         where p.org_id = m.org_id and p.member_id = m.id), '[]'), \
         'paths', coalesce((select jsonb_agg(jsonb_build_object('path', l.title, 'source', w.source, 'enrolledAt', w.enrolled_at, \
         'withdrawnAt', w.withdrawn_at) order by w.id) from path_enrollments w join learning_paths l on l.org_id = w.org_id \
         and l.id = w.path_id where w.org_id = m.org_id and w.member_id = m.id), '[]'), \
         'certificates', coalesce((select jsonb_agg(jsonb_build_object('holderName', c.holder_name, 'courseTitle', c.course_title, \
         'organizationName', c.organization_name, 'issuedAt', c.issued_at, 'revokedAt', c.revoked_at, \
         'revocationReason', c.revocation_reason) order by c.id) from certificates c \
         where c.org_id = m.org_id and c.member_id = m.id), '[]')) \
         from memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id where m.org_id = ? and m.id = ?",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
}
