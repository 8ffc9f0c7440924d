//! Who may read which assets: one condition, for loaders, `node` and writes.

use super::model::Asset;
use crate::auth::permission::{Permission, Reach};
use crate::auth::standing::{OrgStanding, Viewer};
use crate::db::{Batch, Conn, Reader, Statement};
use crate::domain::mutate::Write;
use crate::domain::record_lists::groups;
use crate::is_or_was_in_sql;
use crate::kernel::error::Result;
use crate::kernel::ids::{AssetId, AssetKey, CourseId, CourseKey, MemberId, OrgId, RevisionId, RevisionKey};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

type Columns = <Asset as Selectable<Pg>>::SelectExpression;

/// How far somebody sees the assets of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssetView {
    org: OrgId,
    member: MemberId,
    /// Whether they read courses at all.
    reads: bool,
    /// Whose drafts they read.
    drafts: Reach,
    /// Whose submissions they see.
    records: Reach,
}

impl AssetView {
    /// How far a standing sees.
    pub const fn of(standing: &OrgStanding) -> Self {
        Self {
            org: standing.org,
            member: standing.member,
            reads: standing.reach(Permission::CoursesRead).is_some(),
            drafts: standing.reach(Permission::CoursesReadDraft),
            records: standing.reach(Permission::LearningRecordsRead),
        }
    }

    /// The same without what editions show to their learners.
    const fn beyond_editions(self) -> Self {
        Self { reads: false, ..self }
    }

    /// Reads those of some assets that may be read.
    async fn load(self, keys: &[AssetKey], mut conn: Conn<'_>) -> QueryResult<Vec<Asset>> {
        let ids: Vec<AssetId> = keys
            .iter()
            .filter(|key| key.org == self.org)
            .map(|key| key.id)
            .collect();
        Statement::<SqlTypeOf<Columns>>::new(READABLE)
            .bind::<SqlTypeOf<Columns>, _>(<Asset as Selectable<Pg>>::construct_selection())
            .bind::<SqlUuid, _>(self.org)
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<SqlUuid, _>(self.member)
            .bind::<Bool, _>(self.reads)
            .bind::<SqlUuid, _>(self.member)
            .bind::<Bool, _>(self.drafts.all)
            .bind::<Bool, _>(self.drafts.taught)
            .bind::<SqlUuid, _>(self.member)
            .bind::<Bool, _>(self.records.all)
            .bind::<Bool, _>(self.records.own)
            .bind::<SqlUuid, _>(self.member)
            .bind::<Bool, _>(self.records.taught)
            .bind::<SqlUuid, _>(self.member)
            .bind::<Bool, _>(self.records.managed)
            .bind::<SqlUuid, _>(self.member)
            .load(&mut conn)
            .await
    }
}

/// Their own; what an edition shows that they are enrolled in; what drafts and editions show that they read as authors; what was
/// handed in with a submission that they see. Whether a unit of the edition is open to them is asked elsewhere.
const READABLE: &str = concat!(
    "select ? from assets where assets.org_id = ? and assets.id = any(?) and (assets.uploaded_by = ? \
    or assets.state = 'ready' and ( \
    ? and exists (select from revision_assets r join enrollments e on e.org_id = r.org_id and e.course_id = r.course_id \
        and e.revision_id = r.revision_id where r.org_id = assets.org_id and r.asset_id = assets.id and e.member_id = ? \
        and e.state in ",
    is_or_was_in_sql!(),
    ") \
    or exists (select from (select d.org_id, d.asset_id, d.course_id from draft_unit_assets d \
        union all select r.org_id, r.asset_id, r.course_id from revision_assets r) u \
        where u.org_id = assets.org_id and u.asset_id = assets.id and (? or ? and exists (select from course_instructors i \
        where i.org_id = u.org_id and i.course_id = u.course_id and i.member_id = ?))) \
    or exists (select from submission_assets f join submissions s on s.org_id = f.org_id and s.id = f.submission_id \
        where f.org_id = assets.org_id and f.asset_id = assets.id and (? or ? and s.member_id = ? \
        or ? and exists (select from course_instructors i where i.org_id = s.org_id and i.course_id = s.course_id and i.member_id = ?) \
        or ? and exists (select from group_members t join group_members m on m.org_id = t.org_id and m.group_id = t.group_id \
            where t.org_id = s.org_id and t.member_id = s.member_id and m.member_id = ? and m.is_manager)))))"
);

/// An asset, as far as somebody may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeenAsset {
    key: AssetKey,
    view: AssetView,
}

impl Batch for SeenAsset {
    type Value = Arc<Asset>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |seen| seen.view) {
            let view = keys[0].view;
            let wanted: Vec<AssetKey> = keys.iter().map(|seen| seen.key).collect();
            let rows = view.load(&wanted, conn).await?;
            let seen = |asset: Asset| (Self { key: asset.key, view }, Arc::new(asset));
            found.extend(rows.into_iter().map(seen));
        }
        Ok(found)
    }
}

/// The editions by which a member may read an asset as a learner, if a unit that shows it is open to them: each with its course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EditionsShowing(pub AssetKey, pub MemberId);

impl Batch for EditionsShowing {
    type Value = Arc<Vec<(CourseKey, RevisionKey)>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let assets: Vec<AssetId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(OrgId, AssetId, MemberId, CourseId, RevisionId)> =
            Statement::<(SqlUuid, SqlUuid, SqlUuid, SqlUuid, SqlUuid)>::new(concat!(
                "select k.org_id, k.asset_id, k.member_id, e.course_id, e.revision_id \
                 from unnest(?, ?, ?) as k (org_id, asset_id, member_id) \
                 join revision_assets r on r.org_id = k.org_id and r.asset_id = k.asset_id \
                 join enrollments e on e.org_id = r.org_id and e.course_id = r.course_id and e.revision_id = r.revision_id \
                 and e.member_id = k.member_id where e.state in ",
                is_or_was_in_sql!()
            ))
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(assets)
            .bind::<Array<SqlUuid>, _>(members)
            .load(&mut conn)
            .await?;
        let mut editions: HashMap<Self, Vec<(CourseKey, RevisionKey)>> = HashMap::new();
        for (org, asset, member, course, revision) in rows {
            let edition = (CourseKey::new(org, course), RevisionKey::new(org, revision));
            let key = Self(AssetKey::new(org, asset), member);
            editions.entry(key).or_default().push(edition);
        }
        let shared = |(key, editions)| (key, Arc::new(editions));
        Ok(editions.into_iter().map(shared).collect())
    }
}

/// Finds an asset that a unit shows which is open to the viewer, as the caller has seen; batched.
pub async fn find_in_open_unit(
    reader: &Reader,
    viewer: &Viewer,
    key: AssetKey,
) -> Result<Option<Arc<Asset>>> {
    find(reader, viewer, key, |view| view).await
}

/// Finds an asset that a viewer may read, whatever is open to them as a learner; batched.
pub async fn find_beyond_editions(
    reader: &Reader,
    viewer: &Viewer,
    key: AssetKey,
) -> Result<Option<Arc<Asset>>> {
    find(reader, viewer, key, AssetView::beyond_editions).await
}

async fn find(
    reader: &Reader,
    viewer: &Viewer,
    key: AssetKey,
    narrow: fn(AssetView) -> AssetView,
) -> Result<Option<Arc<Asset>>> {
    let Some(standing) = viewer.in_org(key.org) else {
        return Ok(None);
    };
    let view = narrow(AssetView::of(standing));
    reader.fetch(SeenAsset { key, view }).await
}

/// Which of some assets are ready and may be read by who writes.
pub async fn readable_in(write: &Write<'_>, keys: &BTreeSet<AssetKey>) -> Result<BTreeSet<AssetKey>> {
    let Some(standing) = write.gate.standing() else {
        return Ok(keys.clone());
    };
    let keys: Vec<AssetKey> = keys.iter().copied().collect();
    let rows = AssetView::of(standing).load(&keys, write.gate.conn()).await?;
    let ready = rows.into_iter().filter(|asset| asset.object_id.is_some());
    Ok(ready.map(|asset| asset.key).collect())
}
