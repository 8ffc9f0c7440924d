//! Files that people upload: to show them in units, or to hand them in.
//!
//! An asset is pending until its uploader says that everything is there; then its content is settled and looked at (see
//! [`files`](crate::files)), and it is ready, or rejected. Who may read a ready one follows from where it is used: learners what
//! the units show that are open to them in their edition of a course, authors what the drafts and editions show that they read, and whoever sees a submission what was
//! handed in with it. Tables: `assets`; `draft_unit_assets`, `revision_assets` and `submission_assets` say where they are used.

pub mod access;
pub mod model;
pub mod upload;

pub use model::{Asset, AssetState};
