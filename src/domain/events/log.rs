//! Statements on `outbox_events`, as far as it is numbered.

use super::model::{Event, Record};
use crate::db::schema::outbox_events;
use crate::db::{Conn, Statement};
use crate::kernel::ids::{CourseId, CourseKey, EventId, EventKey, MemberId, OrgId};
use chrono::{DateTime, Utc};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use uuid::Uuid;

type Row = (EventId, Option<i64>, DateTime<Utc>, String, String);

/// Reads the events behind a number, at most so many.
pub(super) async fn behind(
    mut conn: Conn<'_>,
    org: OrgId,
    sequence: i64,
    most: i64,
) -> QueryResult<Vec<Event>> {
    let rows: Vec<Row> = outbox_events::table
        .filter(outbox_events::org_id.eq(org))
        .filter(outbox_events::sequence.gt(sequence))
        .order_by(outbox_events::sequence)
        .limit(most)
        .select((
            outbox_events::id,
            outbox_events::sequence,
            outbox_events::at,
            outbox_events::kind,
            outbox_events::subject,
        ))
        .load(&mut conn)
        .await?;
    let event = |(id, sequence, at, kind, subject): Row| Event {
        key: EventKey::new(org, id),
        sequence: sequence.unwrap_or_default(),
        at,
        kind,
        subject,
        record: None,
    };
    let mut events: Vec<Event> = rows.into_iter().map(event).collect();
    find_records(conn, org, &mut events).await?;
    Ok(events)
}

/// Finds whose learning the events are about.
async fn find_records(mut conn: Conn<'_>, org: OrgId, events: &mut [Event]) -> QueryResult<()> {
    let ids: Vec<Uuid> = events.iter().filter_map(Event::record_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Vec<(Uuid, CourseId, MemberId)> = Statement::<(SqlUuid, SqlUuid, SqlUuid)>::new(
        "select r.id, r.course_id, r.member_id from (values (?, ?)) asked (org, ids) cross join lateral \
         (select id, course_id, member_id from enrollments where org_id = asked.org and id = any(asked.ids) \
         union all select id, course_id, member_id from attempts where org_id = asked.org and id = any(asked.ids) \
         union all select id, course_id, member_id from submissions where org_id = asked.org and id = any(asked.ids) \
         union all select id, course_id, member_id from certificates where org_id = asked.org and id = any(asked.ids)) r",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<Array<SqlUuid>, _>(ids)
    .load(&mut conn)
    .await?;
    let records: HashMap<Uuid, Record> = rows
        .into_iter()
        .map(|(id, course, learner)| {
            let course = CourseKey::new(org, course);
            (id, Record { course, learner })
        })
        .collect();
    for event in events {
        event.record = event.record_id().and_then(|id| records.get(&id).copied());
    }
    Ok(())
}

/// The first number that the log still has, and the last; 0 for both while it has none.
pub(super) async fn bounds(mut conn: Conn<'_>, org: OrgId) -> QueryResult<(i64, i64)> {
    let numbered = outbox_events::table.filter(outbox_events::org_id.eq(org));
    let (first, last): (Option<i64>, Option<i64>) = numbered
        .select((min(outbox_events::sequence), max(outbox_events::sequence)))
        .first(&mut conn)
        .await?;
    Ok((first.unwrap_or_default(), last.unwrap_or_default()))
}
