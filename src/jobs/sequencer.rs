//! Numbers the events of each organisation and seals its audit entries, and tells the nodes that there are more.
//!
//! A number is given only below the oldest running transaction, so that no event ever appears behind one that a reader
//! has passed. One sequencer at a time works on an organisation; the others go on to the next.

use crate::cache::Stale;
use crate::db::pool::Statements;
use crate::db::{Scope, Statement, Tx};
use crate::domain::app::App;
use crate::kernel::error::Result;
use crate::kernel::ids::OrgId;
use diesel::sql_types::{Integer, Untyped, Uuid};
use diesel_async::RunQueryDsl;

/// Organisations of one round.
const MOST: i32 = 100;

#[derive(diesel::QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Uuid)]
    org_id: OrgId,
}

/// Numbers what waits. Returns how many events got their number.
pub async fn run_once(app: &App) -> Result<usize> {
    let door = Statement::<Untyped>::new("select org_id from door.unsequenced_orgs(?)");
    let waiting: Vec<Waiting> = app.db.door(door.bind::<Integer, _>(MOST)).await?;
    metrics::gauge!("lyceum_unnumbered_organizations").set(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
    let mut numbered = 0;
    for Waiting { org_id } in waiting {
        let tx = Tx::begin(&app.db, &Scope::one(None, org_id), &Statements::default()).await?;
        let sequence = Statement::<Untyped>::new("select id from door.sequence_records(?)");
        let sequence = sequence.bind::<Uuid, _>(org_id);
        let here = tx
            .run(|mut conn| async move { sequence.execute(&mut conn).await })
            .await?;
        tx.commit().await?;
        if here > 0 {
            app.announce(Stale::Events(org_id)).await;
        }
        numbered += here;
    }
    Ok(numbered)
}
