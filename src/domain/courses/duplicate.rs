//! A copy of a course: its draft with identities of its own, for another course of the same organisation.
//!
//! Rows are copied as they are but for the columns that name what they belong to, so a column that is added to a draft
//! is copied too.

use super::authoring::{editable, taken};
use super::drafts::MayUpdate;
use super::store::NewCourse;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::{courses, draft_modules, draft_questions, draft_units};
use crate::db::{Conn, Statement};
use crate::domain::mutate::{At, Stop, Write, refuse_all};
use crate::domain::organizations::Here;
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{CourseId, CourseKey};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

/// Copies a course's draft into a new course that nobody has published. The actor may edit the one and make the other.
pub async fn duplicate(write: &Write<'_>, source: CourseKey, new: &NewCourse) -> Result<CourseKey, Stop> {
    let original = editable(write, source, "id").await?;
    let org = write.gate.org();
    let _: Allowed<'_, action::CoursesCreate, Here> = write.gate.allow(Some(Here(org))).at("id")?;
    refuse_all([
        Refusal::of_slug("slug", &new.slug),
        Refusal::of_name("title", &new.title, 200),
    ])?;
    let copy = CourseKey::new(org, CourseId(write.app.clock.uuid()));
    let mut conn = write.gate.conn();
    diesel::insert_into(courses::table)
        .values((
            courses::org_id.eq(org),
            courses::id.eq(copy.id),
            courses::slug.eq(&new.slug),
            courses::title.eq(&new.title),
            courses::summary.eq(&new.summary),
            courses::visibility.eq(new.visibility),
            courses::external_id.eq(&new.external_id),
            courses::tags.eq(&original.course.tags),
            courses::language.eq(&original.course.language),
        ))
        .execute(&mut conn)
        .await
        .map_err(taken)?;
    copy_head(&original, conn, copy, &new.title).await?;
    copy_tree(write, &original, copy).await?;
    write.happened("course.duplicated", copy, json!({ "from": source.to_string() }));
    Ok(copy)
}

async fn copy_head(
    original: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    copy: CourseKey,
    title: &str,
) -> QueryResult<()> {
    let source = original.course.key;
    Statement::<()>::new(
        "insert into course_drafts select n.* from course_drafts d \
         cross join lateral jsonb_populate_record(d, jsonb_build_object('course_id', ?, 'title', ?, 'version', 1, \
             'updated_at', now(), 'review_state', 'none', 'review_version', null, 'review_digest', null, 'review_requested_by', null, \
             'review_requested_at', null, 'review_decided_by', null, 'review_decided_at', null, 'review_note', null)) n \
         where d.org_id = ? and d.course_id = ?",
    )
    .bind::<SqlUuid, _>(copy.id)
    .bind::<Text, _>(title)
    .bind::<SqlUuid, _>(source.org)
    .bind::<SqlUuid, _>(source.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Identities with those of their copies.
type Renamed = (Vec<Uuid>, Vec<Uuid>);

async fn copy_tree(write: &Write<'_>, original: &MayUpdate<'_>, copy: CourseKey) -> QueryResult<()> {
    let source = original.course.key;
    let mut conn = write.gate.conn();
    let renamed = |ids: Vec<Uuid>| -> Renamed {
        let new = ids.iter().map(|_| write.app.clock.uuid()).collect();
        (ids, new)
    };
    let modules = draft_modules::table
        .filter(draft_modules::org_id.eq(source.org))
        .filter(draft_modules::course_id.eq(source.id))
        .select(draft_modules::id);
    let modules = renamed(modules.load(&mut conn).await?);
    let units = draft_units::table
        .filter(draft_units::org_id.eq(source.org))
        .filter(draft_units::course_id.eq(source.id))
        .select(draft_units::id);
    let units = renamed(units.load(&mut conn).await?);
    let questions = draft_questions::table
        .filter(draft_questions::org_id.eq(source.org))
        .filter(draft_questions::unit_id.eq_any(&units.0))
        .select(draft_questions::id);
    let questions = renamed(questions.load(&mut conn).await?);
    Statement::<()>::new(
        "insert into draft_modules select n.* from draft_modules m join unnest(?, ?) as i (old, new) on i.old = m.id \
         cross join lateral jsonb_populate_record(m, jsonb_build_object('id', i.new, 'course_id', ?, 'version', 1)) n \
         where m.org_id = ?",
    )
    .bind::<Array<SqlUuid>, _>(&modules.0)
    .bind::<Array<SqlUuid>, _>(&modules.1)
    .bind::<SqlUuid, _>(copy.id)
    .bind::<SqlUuid, _>(source.org)
    .execute(&mut conn)
    .await?;
    Statement::<()>::new(
        "insert into draft_units select n.* from draft_units u join unnest(?, ?) as i (old, new) on i.old = u.id \
         join unnest(?, ?) as m (old, new) on m.old = u.module_id \
         cross join lateral jsonb_populate_record(u, jsonb_build_object('id', i.new, 'course_id', ?, 'module_id', m.new, 'version', 1)) n \
         where u.org_id = ?",
    )
    .bind::<Array<SqlUuid>, _>(&units.0)
    .bind::<Array<SqlUuid>, _>(&units.1)
    .bind::<Array<SqlUuid>, _>(&modules.0)
    .bind::<Array<SqlUuid>, _>(&modules.1)
    .bind::<SqlUuid, _>(copy.id)
    .bind::<SqlUuid, _>(source.org)
    .execute(&mut conn)
    .await?;
    Statement::<()>::new(
        "insert into draft_questions select n.* from draft_questions q join unnest(?, ?) as i (old, new) on i.old = q.id \
         join unnest(?, ?) as u (old, new) on u.old = q.unit_id \
         cross join lateral jsonb_populate_record(q, jsonb_build_object('id', i.new, 'unit_id', u.new)) n where q.org_id = ?",
    )
    .bind::<Array<SqlUuid>, _>(&questions.0)
    .bind::<Array<SqlUuid>, _>(&questions.1)
    .bind::<Array<SqlUuid>, _>(&units.0)
    .bind::<Array<SqlUuid>, _>(&units.1)
    .bind::<SqlUuid, _>(source.org)
    .execute(&mut conn)
    .await?;
    Statement::<()>::new(
        "insert into draft_unit_assets (org_id, unit_id, asset_id, course_id) \
         select a.org_id, u.new, a.asset_id, ? from draft_unit_assets a join unnest(?, ?) as u (old, new) on u.old = a.unit_id \
         where a.org_id = ?",
    )
    .bind::<SqlUuid, _>(copy.id)
    .bind::<Array<SqlUuid>, _>(&units.0)
    .bind::<Array<SqlUuid>, _>(&units.1)
    .bind::<SqlUuid, _>(source.org)
    .execute(&mut conn)
    .await?;
    rename_in_rules(copy, conn, &units).await?;
    copy_translations(source, copy, conn, &modules, &units).await
}

async fn copy_translations(
    source: CourseKey,
    copy: CourseKey,
    mut conn: Conn<'_>,
    modules: &Renamed,
    units: &Renamed,
) -> QueryResult<()> {
    Statement::<()>::new(
        "insert into draft_translations (org_id, course_id, module_id, unit_id, language, title, body) \
         select t.org_id, ?, m.new, u.new, t.language, t.title, t.body from draft_translations t \
         left join unnest(?, ?) as m (old, new) on m.old = t.module_id left join unnest(?, ?) as u (old, new) on u.old = t.unit_id \
         where t.org_id = ? and t.course_id = ?",
    )
    .bind::<SqlUuid, _>(copy.id)
    .bind::<Array<SqlUuid>, _>(&modules.0)
    .bind::<Array<SqlUuid>, _>(&modules.1)
    .bind::<Array<SqlUuid>, _>(&units.0)
    .bind::<Array<SqlUuid>, _>(&units.1)
    .bind::<SqlUuid, _>(source.org)
    .bind::<SqlUuid, _>(source.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Lets the rules of a copy name the copy's units.
async fn rename_in_rules(copy: CourseKey, mut conn: Conn<'_>, units: &Renamed) -> QueryResult<()> {
    let waiting: Vec<(Uuid, Value)> = draft_units::table
        .filter(draft_units::org_id.eq(copy.org))
        .filter(draft_units::course_id.eq(copy.id))
        .filter(draft_units::release_rules.ne(json!([])))
        .select((draft_units::id, draft_units::release_rules))
        .load(&mut conn)
        .await?;
    for (id, rules) in waiting {
        let names = units.0.iter().zip(&units.1);
        let text = names.fold(rules.to_string(), |text, (old, new)| {
            text.replace(&old.to_string(), &new.to_string())
        });
        let rules: Value = serde_json::from_str(&text).unwrap_or_default();
        diesel::update(draft_units::table.find((copy.org.0, id)))
            .set(draft_units::release_rules.eq(rules))
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}
