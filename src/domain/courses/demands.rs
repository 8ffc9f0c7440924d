//! Which units a course demands of who is to complete it.

use super::drafts::MayUpdate;
use crate::db::Conn;
use crate::db::schema::draft_units;
use crate::kernel::ids::UnitId;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Says whether the course demands a unit.
pub async fn require_unit(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    id: UnitId,
    is_required: bool,
) -> QueryResult<()> {
    let key = course.course.key;
    let row = draft_units::table
        .find((key.org.0, id.0))
        .filter(draft_units::course_id.eq(key.id));
    diesel::update(row)
        .set(draft_units::is_required.eq(is_required))
        .execute(&mut conn)
        .await
        .map(|_| ())
}
