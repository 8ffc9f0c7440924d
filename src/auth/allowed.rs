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
use crate::kernel::ids::{AccountLinkKey, InvitationKey, MemberId, MemberKey, OrgId};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// A row that a decision can be made on.
pub trait Protected {
    /// What the decision may depend on.
    fn facts(&self) -> Facts;
    /// What it takes to know that the row exists; nothing where every member knows.
    fn read_permission(&self) -> Option<Permission>;
    /// What that may depend on, where it is less.
    fn read_facts(&self) -> Facts {
        self.facts()
    }
}

/// What somebody who has no standing comes into a write by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// An invitation whose token they hold.
    Invitation(InvitationKey),
    /// A proposal to link their account.
    AccountLink(AccountLinkKey),
}

impl Pass {
    /// The organisation that it lets them into.
    pub const fn org(self) -> OrgId {
        match self {
            Self::Invitation(key) => key.org,
            Self::AccountLink(key) => key.org,
        }
    }
}

/// An invitation or a proposal, read and locked, with the person who answers it.
pub trait Admission {
    /// Which one.
    fn pass(&self) -> Pass;
    /// Whether it lets this person in now.
    fn is_good(&self) -> bool;
}

/// Who writes.
#[derive(Debug)]
pub enum Actor {
    /// A member of the organisation.
    Member(Arc<OrgStanding>),
    /// Somebody who comes by this and has no standing: the policies allow them nothing, and the one proof that they can
    /// get is [`Gate::admit`].
    Newcomer(Pass),
    /// Who founds the organisation: the one proof that they can get is [`Gate::found`].
    Founder(OrgId),
    /// An operator of the platform, who is no member: the one proof that they can get is [`Gate::petition`].
    Operator(OrgId),
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
    pub fn org(&self) -> OrgId {
        match &self.actor {
            Actor::Member(standing) => standing.org,
            Actor::Newcomer(pass) => pass.org(),
            Actor::Founder(org) | Actor::Operator(org) | Actor::System(org) => *org,
        }
    }

    /// The standing of the member who acts; none where it is a newcomer or the service itself.
    pub fn standing(&self) -> Option<&OrgStanding> {
        match &self.actor {
            Actor::Member(standing) => Some(standing),
            Actor::Newcomer(_) | Actor::Founder(_) | Actor::Operator(_) | Actor::System(_) => None,
        }
    }

    /// The member who acts; nobody where it is a newcomer or the service itself.
    pub fn member(&self) -> Option<MemberKey> {
        self.standing().map(OrgStanding::key)
    }

    /// The acting member's id, or the nil id where no member acts: what relations are computed against.
    pub fn member_id(&self) -> MemberId {
        self.member().map_or(MemberId(uuid::Uuid::nil()), |key| key.id)
    }

    /// Decides on facts alone.
    pub fn decide(&self, permission: Permission, facts: Facts) -> Decision {
        match &self.actor {
            Actor::Member(standing) => self.policies.decide(standing, Question { permission, facts }),
            Actor::Newcomer(_) | Actor::Founder(_) | Actor::Operator(_) => Decision {
                allowed: false,
                policies: Vec::new(),
            },
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
        let is_seen = match row.read_permission() {
            Some(read) => self.decide(read, row.read_facts()).allowed,
            None => self.standing().is_some(),
        };
        if is_seen {
            Err(Error::Forbidden {
                permission: A::PERMISSION.as_str(),
            })
        } else {
            Err(Error::NotFound)
        }
    }

    /// Proves that the transaction's organisation may be founded in it.
    pub const fn found(&self) -> Result<Founding<'_>> {
        match self.actor {
            Actor::Founder(org) | Actor::System(org) => Ok(Founding {
                org,
                proof: PhantomData,
            }),
            Actor::Member(_) | Actor::Newcomer(_) | Actor::Operator(_) => Err(Error::NotFound),
        }
    }

    /// Proves that an operator may ask the transaction's organisation to let them in.
    pub const fn petition(&self) -> Result<Petition<'_>> {
        match self.actor {
            Actor::Operator(org) => Ok(Petition {
                org,
                proof: PhantomData,
            }),
            _ => Err(Error::NotFound),
        }
    }

    /// Proves that a newcomer may join by this acceptance, and nobody else.
    pub fn admit<R: Admission>(&self, row: R) -> Result<Admitted<'_, R>> {
        match &self.actor {
            Actor::Newcomer(pass) if row.pass() == *pass && row.is_good() => Ok(Admitted {
                row,
                proof: PhantomData,
            }),
            _ => Err(Error::NotFound),
        }
    }
}

/// A proof that an organisation may be founded, good inside its transaction.
#[derive(Debug)]
pub struct Founding<'gate> {
    org: OrgId,
    proof: PhantomData<&'gate ()>,
}

impl Founding<'_> {
    /// The organisation that comes into being.
    pub const fn org(&self) -> OrgId {
        self.org
    }
}

/// A proof that an operator may ask an organisation to let them in, good inside its transaction.
#[derive(Debug)]
pub struct Petition<'gate> {
    org: OrgId,
    proof: PhantomData<&'gate ()>,
}

impl Petition<'_> {
    /// The organisation that is asked.
    pub const fn org(&self) -> OrgId {
        self.org
    }
}

/// A proof that a newcomer may join by this row, good inside its transaction.
#[derive(Debug)]
pub struct Admitted<'gate, R> {
    row: R,
    proof: PhantomData<&'gate ()>,
}

impl<R> Deref for Admitted<'_, R> {
    type Target = R;
    fn deref(&self) -> &R {
        &self.row
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
