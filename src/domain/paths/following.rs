//! Following a path, and leaving it: by oneself, or by the staff for a member.

use super::model::{Follower, LearningPath, LearningPathState, PathEnrollment, SeenPath};
use crate::auth::allowed::{Allowed, Gate, Protected};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::Relation;
use crate::db::schema::learning_paths;
use crate::db::{Conn, Statement};
use crate::domain::enrollments::EnrollmentSource;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{LearningPathKey, MemberKey, PathEnrollmentId, PathEnrollmentKey};
use crate::managed_sql;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

type MayEnroll<'w> = Allowed<'w, action::EnrollmentsManage, Follower>;

/// The acting member follows a path, or a member whom they name does. Who left it follows it anew.
pub async fn enroll(
    write: &Write<'_>,
    path: LearningPathKey,
    whom: Option<MemberKey>,
) -> Result<PathEnrollmentKey, Stop> {
    let actor = write.gate.member().ok_or(Error::Unauthenticated)?;
    refuse_unless_offered(&write.gate, path).await?;
    let member = whom.unwrap_or(actor);
    let found = find_member(&write.gate, member).await?;
    let permission = Permission::EnrollmentsManage.as_str();
    let follower: MayEnroll<'_> = write
        .gate
        .allow(found)
        .map_err(|error| match error {
            // Everybody knows of themselves.
            Error::NotFound if member == actor => Error::Forbidden { permission },
            error => error,
        })
        .at("memberId")?;
    if !follower.is_active {
        let message = "Only active members can follow a path.";
        return refuse_with(Refusal::at(Code::InvalidState, "memberId", message));
    }
    let id = PathEnrollmentId(write.app.clock.uuid());
    let Some(id) = insert(&follower, write.gate.conn(), path, id).await? else {
        let message = "The member follows this path already.";
        return refuse_with(Refusal::at(Code::AlreadyEnrolled, "pathId", message));
    };
    let key = PathEnrollmentKey::new(path.org, id);
    let detail = json!({ "path": path.to_string(), "member": member.to_string() });
    write.happened("path_enrollment.created", key, detail);
    Ok(key)
}

/// Reads a path that the actor sees, held in its state until the transaction ends, and refuses one that nobody can begin to follow.
async fn refuse_unless_offered(gate: &Gate<'_>, key: LearningPathKey) -> Result<(), Stop> {
    let row = LearningPath::query()
        .filter(
            learning_paths::org_id
                .eq(key.org)
                .and(learning_paths::id.eq(key.id)),
        )
        .for_share();
    let path: Option<LearningPath> = if key.org == gate.org() {
        row.first(&mut gate.conn()).await.optional()?
    } else {
        None
    };
    let sees = |path: &SeenPath| {
        let read = path.read_permission();
        read.is_none_or(|read| gate.decide(read, path.facts()).allowed)
    };
    match path.map(SeenPath).filter(sees) {
        None => refuse_with(Refusal::not_found("pathId")),
        Some(path) if path.0.state == LearningPathState::Published => Ok(()),
        Some(_) => {
            let message = "The path takes nobody, since it is not published.";
            refuse_with(Refusal::at(Code::NotPublished, "pathId", message))
        }
    }
}

/// Reads a member, held in their state until the transaction ends, with the actor's relation to them.
async fn find_member(gate: &Gate<'_>, member: MemberKey) -> Result<Option<Follower>> {
    if member.org != gate.org() {
        return Ok(None);
    }
    let row: Option<(bool, bool)> = Statement::<(Bool, Bool)>::new(concat!(
        "select m.state = 'active', ",
        managed_sql!("m", "id"),
        " from memberships m where m.org_id = ? and m.id = ? for share of m"
    ))
    .bind::<SqlUuid, _>(gate.member_id())
    .bind::<SqlUuid, _>(member.org)
    .bind::<SqlUuid, _>(member.id)
    .get_result(&mut gate.conn())
    .await
    .optional()?;
    Ok(row.map(|(is_active, managed)| Follower {
        member,
        is_active,
        relation: relation(gate, member, managed),
    }))
}

fn relation(gate: &Gate<'_>, member: MemberKey, managed: bool) -> Relation {
    Relation {
        own: gate.member() == Some(member),
        taught: false,
        managed,
    }
}

/// Records that a member follows a path; nothing where they do already, or somebody else has just said so.
async fn insert(
    follower: &MayEnroll<'_>,
    mut conn: Conn<'_>,
    path: LearningPathKey,
    id: PathEnrollmentId,
) -> QueryResult<Option<PathEnrollmentId>> {
    let source = if follower.relation.own {
        EnrollmentSource::Learner
    } else {
        EnrollmentSource::Staff
    };
    Statement::<SqlUuid>::new(
        "insert into path_enrollments as p (org_id, id, path_id, member_id, source) values (?, ?, ?, ?, ?) \
         on conflict (org_id, path_id, member_id) do update set source = excluded.source, enrolled_at = now(), withdrawn_at = null \
         where p.withdrawn_at is not null returning p.id",
    )
    .bind::<SqlUuid, _>(path.org)
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(path.id)
    .bind::<SqlUuid, _>(follower.member.id)
    .bind::<Text, _>(source)
    .get_result(&mut conn)
    .await
    .optional()
}

type Columns = <PathEnrollment as Selectable<Pg>>::SelectExpression;

/// Lets a member leave a path: the member themselves, or the staff. Their courses stay theirs.
pub async fn withdraw(write: &Write<'_>, key: PathEnrollmentKey) -> Result<PathEnrollmentKey, Stop> {
    let gate = &write.gate;
    let row = find_for_write(gate, key).await?;
    let is_left = row.as_ref().is_some_and(|(row, _)| row.withdrawn_at.is_some());
    let follower = row.map(|(row, managed)| Follower {
        member: row.member_key(),
        is_active: true,
        relation: relation(gate, row.member_key(), managed),
    });
    let _: MayEnroll<'_> = gate.allow(follower).at("pathEnrollmentId")?;
    if is_left {
        let message = "The member has left this path; they follow it anew with `pathEnroll`.";
        return refuse_with(Refusal::at(Code::InvalidState, "pathEnrollmentId", message));
    }
    Statement::<Untyped>::new("update path_enrollments set withdrawn_at = now() where org_id = ? and id = ?")
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .execute(&mut gate.conn())
        .await?;
    write.happened("path_enrollment.withdrawn", key, json!({}));
    Ok(key)
}

/// Reads for a write, locked until the transaction ends, that a member follows a path; with it, whether the actor manages them.
async fn find_for_write(gate: &Gate<'_>, key: PathEnrollmentKey) -> Result<Option<(PathEnrollment, bool)>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let row = Statement::<(SqlTypeOf<Columns>, Bool)>::new(concat!(
        "select ?, ",
        managed_sql!("path_enrollments", "member_id"),
        " from path_enrollments where org_id = ? and id = ? for no key update of path_enrollments"
    ))
    .bind::<SqlTypeOf<Columns>, _>(<PathEnrollment as Selectable<Pg>>::construct_selection())
    .bind::<SqlUuid, _>(gate.member_id())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id);
    Ok(row.get_result(&mut gate.conn()).await.optional()?)
}
