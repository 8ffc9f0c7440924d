//! What a user can correct: the codes of `userErrors`.

use crate::db::text_enum::TextEnum;
use crate::kernel::language;
use async_graphql::SimpleObject;
use serde::{Deserialize, Serialize};

/// Every code that a mutation may refuse with. Each mutation's own enum in GraphQL names the ones it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Code {
    /// Something that the input names does not exist for this actor.
    NotFound,
    /// A value is malformed or out of its bounds.
    Invalid,
    /// The key was used with another input.
    IdempotencyMismatch,
    /// The object was edited in the meantime.
    VersionConflict,
    /// Another object has this slug, external id, address or user name.
    Taken,
    /// The course has nothing that could be published.
    NothingToPublish,
    /// The move is not one that this state allows.
    InvalidState,
    /// The draft was not approved as it is.
    ReviewRequired,
    /// Other courses come first.
    PrerequisitesMissing,
    /// It is the actor's own, and somebody else has to do this.
    OwnWork,
    /// The learner is enrolled already.
    AlreadyEnrolled,
    /// The course takes no learners.
    NotPublished,
    /// The course takes nobody who comes by themselves.
    EnrollmentClosed,
    /// There is no enrolment that this belongs to.
    NotEnrolled,
    /// An attempt is open already.
    AttemptOpen,
    /// No attempts are left.
    NoAttemptsLeft,
    /// It is too early for the next attempt.
    Cooldown,
    /// It is not open yet, or closed by now.
    Locked,
    /// The attempt's time is over.
    DeadlinePassed,
    /// The organisation would have no owner left.
    LastOwner,
    /// The invitation was used, declined, revoked or is past its time, or its sender may not give its role any more.
    InvitationSpent,
    /// The invitation is for another address.
    WrongAddress,
    /// Address and password do not belong together, or a code is not the right one.
    WrongCredentials,
    /// The token opens nothing.
    InvalidToken,
    /// The token was used before.
    TokenReplayed,
    /// The password is too easy to guess.
    WeakPassword,
    /// The person is too young for an account to which nobody is asked to consent.
    UnderAge,
    /// The account waits for the consent of a parent or guardian.
    GuardianConsentRequired,
    /// The account's address is not verified.
    EmailNotVerified,
    /// The actor may not give this role.
    RoleNotAllowed,
    /// The person is a member already.
    AlreadyMember,
    /// Something else still refers to it.
    InUse,
    /// It was done too often in too short a time.
    RateLimited,
    /// The organisation has as many as it may.
    LimitReached,
    /// It is somebody else's.
    NotOwner,
    /// It takes an account with a second factor.
    SecondFactorRequired,
    /// The domain was not shown to be the organisation's.
    NotVerified,
    /// The name servers did not answer.
    DnsUnavailable,
    /// There is an account, which must be linked first.
    LinkRequired,
    /// The membership is suspended or was removed.
    MembershipEnded,
    /// The provider cannot be asked.
    ProviderUnavailable,
    /// The organisation's provider decides about this field.
    FieldLockedBySso,
}

/// A move from state to state that is none of those that may be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct StateTransition {
    /// The present state, as its enum spells it.
    pub from: String,
    /// The state that it would have come into; null where it would have stayed.
    pub to: Option<String>,
    /// The states that may follow the present one.
    pub allowed: Vec<String>,
}

/// Where something stands that moves from state to state.
pub trait State: TextEnum {
    /// The states that may follow.
    fn next(self) -> &'static [Self];

    /// Refuses what this state does not take: a move into another, or what leaves it.
    fn refuse(self, path: &str, message: impl Into<String>, to: Option<Self>) -> Refusal {
        let shown = |state: Self| state.word().to_uppercase();
        let transition = StateTransition {
            from: shown(self),
            to: to.map(shown),
            allowed: self.next().iter().copied().map(shown).collect(),
        };
        Refusal {
            transition: Some(Box::new(transition)),
            ..Refusal::at(Code::InvalidState, path, message)
        }
    }
}

/// Something in the input that the user can correct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which of the mutation's codes.
    pub code: Code,
    /// The path to the input field at fault; `None` where it is the whole.
    pub field: Option<Vec<String>>,
    /// What is wrong and what to do next.
    pub message: String,
    /// With [`Code::InvalidState`], the move that was refused, of what moves from state to state.
    #[serde(default)]
    pub transition: Option<Box<StateTransition>>,
}

impl Refusal {
    /// Refuses for a fault at a path of input fields, separated by dots.
    pub fn at(code: Code, path: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            field: Some(path.split('.').map(str::to_owned).collect()),
            message: message.into(),
            transition: None,
        }
    }

    /// Refuses the whole.
    pub fn whole(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            field: None,
            message: message.into(),
            transition: None,
        }
    }

    /// Refuses what cannot stand in addresses.
    pub fn of_slug(path: &str, slug: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let sound = (1..=63).contains(&slug.len())
            && slug.chars().all(allowed)
            && !slug.starts_with('-')
            && !slug.ends_with('-');
        let message = "A slug has 1 to 63 of a–z, 0–9 and -, and neither begins nor ends with -.";
        (!sound).then(|| Self::at(Code::Invalid, path, message))
    }

    /// Refuses what is no name: nothing, or more than so many characters.
    pub fn of_name(path: &str, name: &str, most: usize) -> Option<Self> {
        let sound = !name.trim().is_empty() && name.chars().count() <= most;
        (!sound).then(|| Self::at(Code::Invalid, path, format!("This has 1 to {most} characters.")))
    }

    /// Refuses what is no tag of a language.
    pub fn of_language(path: &str, tag: &str) -> Option<Self> {
        let message = "A language is a tag of BCP 47, such as en, de-AT or zh-Hans.";
        language::canonical(tag)
            .is_none()
            .then(|| Self::at(Code::Invalid, path, message))
    }

    /// Refuses because what a field names does not exist for this actor.
    pub fn not_found(path: &str) -> Self {
        Self::at(
            Code::NotFound,
            path,
            "There is no such thing, or you may not see it. Check the id.",
        )
    }
}
