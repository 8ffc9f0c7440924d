//! The asset row.

use crate::db::schema::assets;
use crate::kernel::ids::{AssetKey, MemberId, MemberKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

text_enum! {
    /// Where an asset stands.
    AssetState {
        /// It waits for its content, or for its uploader to say that it is there.
        Pending = "pending",
        /// It can be used, and read by whoever may.
        Ready = "ready",
        /// Its content was not taken, and is gone.
        Rejected = "rejected",
    }
}

text_enum! {
    /// Why the content of an asset was not taken.
    AssetRejection {
        /// It has another number of bytes than was said.
        WrongSize = "wrong_size",
        /// It is a program, which is taken from nobody. Pack it into an archive.
        Program = "program",
    }
}

/// A file that somebody uploaded.
///
/// Requires: your own upload; or one that a unit shows which you read as its learner (enrolled in the edition, and the unit is open to
/// you) or author (`courses.read_draft`); or one of a submission that you see. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = assets)]
#[graphql(complex)]
pub struct Asset {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: AssetKey,
    /// Where it stands. Cost: 1.
    pub state: AssetState,
    /// What its uploader calls it. Cost: 1.
    pub file_name: String,
    /// What its uploader said that it is, which nobody believes. Cost: 1.
    pub declared_type: String,
    /// What it is by its content; null before that was looked at. Cost: 1.
    pub media_type: Option<String>,
    /// How many bytes it has. Cost: 1.
    pub bytes: i32,
    #[graphql(skip)]
    sha256: Option<Vec<u8>>,
    /// Why its content was not taken; null where it was, or was not looked at. Cost: 1.
    pub rejection: Option<AssetRejection>,
    /// Where its settled content lies.
    #[graphql(skip)]
    pub object_id: Option<Uuid>,
    /// Who uploads it.
    #[graphql(skip)]
    pub uploaded_by: MemberId,
    /// When its upload began. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When its content was looked at; null before. Cost: 1.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Asset {
    /// Who uploads it.
    pub const fn uploader_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.uploaded_by)
    }

    /// The SHA-256 of its content, in hexadecimal digits.
    pub fn digest(&self) -> Option<String> {
        self.sha256.as_ref().map(hex::encode)
    }
}
