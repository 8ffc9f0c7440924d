//! Groups of members, some of whom manage the others. Tables: `groups`, `group_members`.

pub mod model;
pub mod places;
pub mod store;
pub mod write;

pub use model::{Group, GroupList, GroupPage, GroupsOfMember, ManagersOf, StandingToGroup};
