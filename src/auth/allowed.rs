//! Proofs that a write is allowed.
//!
//! A store's write takes an [`Allowed`]. The only way to one leads through [`Gate`], which lives inside the write's
//! transaction, has read the actor's standing there, and is given a row that was read and locked there. The proof
//! borrows the gate, so it cannot outlive the transaction.

use super::permission::{Action, Permission};
use super::policy::{Decision, Facts, Policies, Question};
use super::standing::OrgStanding;
use crate::db::Conn;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberId, MemberKey, OrgId};
use std::marker::PhantomData;
use std::ops::Deref;

/// A row that a decision can be made on.
pub trait Protected {
    /// What the decision may depend on.
    fn facts(&self) -> Facts;
    /// What it takes to know that the row exists.
    fn read_permission(&self) -> Permission;
}

/// Who writes.
#[derive(Debug)]
pub enum Actor {
    /// A member of the organisation.
    Member(OrgStanding),
    /// The service itself: importer, sweeper, seeder.
    System(OrgId),
}

/// The decisions of one write transaction.
pub struct Gate<'tx> {
    conn: Conn<'tx>,
    policies: &'tx Policies,
    actor: Actor,
}

impl<'tx> Gate<'tx> {
    /// Opens the gate of a transaction for an actor whose standing was read inside it.
    pub const fn new(conn: Conn<'tx>, policies: &'tx Policies, actor: Actor) -> Self {
        Self {
            conn,
            policies,
            actor,
        }
    }

    /// The transaction's connection.
    pub const fn conn(&self) -> Conn<'tx> {
        self.conn
    }

    /// The organisation that the transaction writes in.
    pub const fn org(&self) -> OrgId {
        match &self.actor {
            Actor::Member(standing) => standing.org,
            Actor::System(org) => *org,
        }
    }

    /// The member who acts; nobody where the service itself does.
    pub const fn member(&self) -> Option<MemberKey> {
        match &self.actor {
            Actor::Member(standing) => Some(standing.key()),
            Actor::System(_) => None,
        }
    }

    /// The acting member's id, or the nil id for the service: what relations are computed against.
    pub fn member_id(&self) -> MemberId {
        self.member().map_or(MemberId(uuid::Uuid::nil()), |key| key.id)
    }

    /// Decides on facts alone.
    pub fn decide(&self, permission: Permission, facts: Facts) -> Decision {
        match &self.actor {
            Actor::Member(standing) => self.policies.decide(standing, Question { permission, facts }),
            Actor::System(org) => Decision {
                allowed: *org == facts.org,
                policies: vec!["system".to_owned()],
            },
        }
    }

    /// Proves that the actor may do this with the row: unseen is `NOT_FOUND`, seen but refused FORBIDDEN.
    pub fn allow<A: Action, R: Protected>(&self, row: Option<R>) -> Result<Allowed<'_, A, R>> {
        let row = row.ok_or(Error::NotFound)?;
        let facts = row.facts();
        if self.decide(A::PERMISSION, facts).allowed {
            return Ok(Allowed {
                row,
                proof: PhantomData,
            });
        }
        if self.decide(row.read_permission(), facts).allowed {
            Err(Error::Forbidden {
                permission: A::PERMISSION.as_str(),
            })
        } else {
            Err(Error::NotFound)
        }
    }
}

/// A proof that the actor may do `A` with this row, good inside its transaction.
#[derive(Debug)]
pub struct Allowed<'gate, A, R> {
    row: R,
    proof: PhantomData<Proof<'gate, A>>,
}

/// Lives no longer than its gate, and is `Send` whatever the action is.
type Proof<'gate, A> = (&'gate (), fn(A));

impl<A, R> Deref for Allowed<'_, A, R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.row
    }
}
