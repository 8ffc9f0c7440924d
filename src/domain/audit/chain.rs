//! Verifying that nothing was changed in an organisation's audit, removed from it or put into another order.

use crate::db::pool::Statements;
use crate::db::{Db, Scope, Session, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::OrgId;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Entries that are read at once.
const AT_ONCE: i64 = 1_000;

/// An entry that was noted apart from the chain, by the sequencer or by somebody elsewhere: it shows whether the end of the chain was
/// cut off, or written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its place.
    pub sequence: i64,
    /// Its seal.
    pub seal: Vec<u8>,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, hex::encode(&self.seal))
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (sequence, seal) = text.split_once(':')?;
            let byte = |at: usize| u8::from_str_radix(seal.get(2 * at..2 * at + 2)?, 16).ok();
            let seal = (seal.len() == 64).then(|| (0..32).map(byte).collect::<Option<Vec<u8>>>())??;
            Some(Self {
                sequence: sequence.parse().ok()?,
                seal,
            })
        };
        read().ok_or_else(|| "an anchor is a number, a colon and 64 hexadecimal digits".to_owned())
    }
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The entry of this place is not there.
    Removed(i64),
    /// The entry of this place is not the one that was sealed there.
    Changed(i64),
    /// The chain ends before the anchor, or has another seal there or where the sequencer ended.
    Rewritten(i64),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed(place) => write!(f, "entry {place} was removed"),
            Self::Changed(place) => write!(f, "entry {place} was changed, or stands in another's place"),
            Self::Rewritten(place) => write!(f, "entry {place} does not have the seal that was noted"),
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries are as they were sealed, from the first on.
    pub entries: i64,
    /// The last of them: worth noting elsewhere.
    pub end: Option<Anchor>,
    /// The first that is not.
    pub broken: Option<Broken>,
}

/// What a seal is over, but for the former seal: place, id, time, actor, action, target, detail, request.
const ENTRIES: &str = "select sequence, concat_ws(chr(31), org_id, sequence, id, \
    to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), coalesce(actor_id::text, ''), \
    action, target, detail::text, request_id), seal \
    from audit_entries where org_id = ? and sequence > ? order by sequence limit ?";

/// Where the sequencer ended, as it noted itself.
const END: &str = "select sequence, seal from audit_ends where org_id = ?";

/// Follows an organisation's chain from its first entry to where the sequencer ended.
pub async fn verify(db: &Db, org: OrgId, noted: Option<&Anchor>) -> Result<Verified> {
    let session = Session::new(db.clone(), Scope::one(None, org), Statements::default());
    let verified = follow(&session, org, noted).await;
    session.close().await;
    verified
}

/// The end that the sequencer noted; none where it has sealed nothing yet.
async fn end(session: &Session, org: OrgId) -> Result<Option<Anchor>> {
    let end = Statement::<(BigInt, Bytea)>::new(END).bind::<SqlUuid, _>(org);
    let end: Option<(i64, Vec<u8>)> = session
        .run(|mut conn| async move { end.get_result(&mut conn).await.optional() })
        .await?;
    Ok(end.map(|(sequence, seal)| Anchor { sequence, seal }))
}

async fn follow(session: &Session, org: OrgId, noted: Option<&Anchor>) -> Result<Verified> {
    let end = end(session, org).await?;
    let (mut place, mut seal) = (0, vec![0; 32]);
    let broken = 'chain: loop {
        let next = Statement::<(BigInt, Text, Bytea)>::new(ENTRIES)
            .bind::<SqlUuid, _>(org)
            .bind::<BigInt, _>(place)
            .bind::<BigInt, _>(AT_ONCE);
        let entries: Vec<(i64, String, Vec<u8>)> = session
            .run(|mut conn| async move { next.load(&mut conn).await })
            .await?;
        if entries.is_empty() {
            let cut = noted.filter(|noted| noted.sequence > place);
            let cut = cut.map(|noted| Broken::Rewritten(noted.sequence));
            let is_short = end.as_ref().is_some_and(|end| end.sequence > place);
            break cut.or(is_short.then_some(Broken::Removed(place + 1)));
        }
        for (sequence, sealed, written) in entries {
            if sequence != place + 1 {
                break 'chain Some(Broken::Removed(place + 1));
            }
            if Sha256::new().chain_update(&seal).chain_update(sealed).finalize()[..] != written[..] {
                break 'chain Some(Broken::Changed(sequence));
            }
            let mut anchors = noted.into_iter().chain(&end);
            if anchors.any(|anchor| anchor.sequence == sequence && anchor.seal != written) {
                break 'chain Some(Broken::Rewritten(sequence));
            }
            (place, seal) = (sequence, written);
        }
    };
    Ok(Verified {
        entries: place,
        end: (place > 0).then_some(Anchor {
            sequence: place,
            seal,
        }),
        broken,
    })
}
