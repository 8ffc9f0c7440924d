//! The three types that every mutation has besides its input: payload, user error, error code.

/// Declares a mutation's payload with its user errors.
///
/// ```text
/// payload! {
///     /// What `courseCreate` answers.
///     CourseCreatePayload { /// The new course. course: Course }
///     CourseCreateUserError, CourseCreateErrorCode { NotFound, Taken, … }
/// }
/// ```
#[macro_export]
macro_rules! payload {
    (
        $(#[$doc:meta])*
        $payload:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $error:ident, $code:ident { $($variant:ident),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Default, async_graphql::SimpleObject)]
        pub struct $payload {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
            /// What to correct in the input; empty when the mutation did its work. When it is not, nothing was changed.
            pub user_errors: Vec<$error>,
        }

        #[doc = concat!("Something in the input of `", stringify!($payload), "`'s mutation that can be corrected.")]
        #[derive(Clone, Debug, async_graphql::SimpleObject)]
        pub struct $error {
            /// Which of the mutation's codes: branch on this.
            pub code: $code,
            /// The path to the input field at fault; null where it is the input as a whole.
            pub field: Option<Vec<String>>,
            /// What is wrong and what to do next, for people.
            pub message: String,
            /// With `INVALID_STATE` about a membership, an enrolment, an attempt, a course or a survey, the move that was refused; else null.
            pub transition: Option<$crate::domain::refusal::StateTransition>,
        }

        #[doc = concat!("Why the mutation answering `", stringify!($payload), "` did nothing.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub enum $code {
            $(#[doc = $crate::code_doc!($variant)] $variant),+
        }

        impl $payload {
            /// Answers refusals. A code that this mutation does not declare is a fault of ours.
            pub fn refused(refusals: Vec<$crate::domain::refusal::Refusal>) -> async_graphql::Result<Option<Self>> {
                use $crate::domain::refusal::Code;
                let user_errors = refusals.into_iter().map(|refusal| {
                    let code = match refusal.code {
                        $(Code::$variant => $code::$variant,)+
                        other => return Err($crate::kernel::error::Error::internal(format!("{} does not declare {other:?}", stringify!($code)))),
                    };
                    Ok($error { code, field: refusal.field, message: refusal.message, transition: refusal.transition.map(|transition| *transition) })
                });
                let user_errors = user_errors.collect::<Result<Vec<_>, _>>()?;
                Ok(Some(Self { $($field: None,)* user_errors }))
            }

            /// Begins the answer of an edit that names the version that it was made on; tells whether it shows what is stored: after
            /// the edit, and where the version was another.
            pub fn of_edit<K>(done: Result<K, Vec<$crate::domain::refusal::Refusal>>) -> async_graphql::Result<(Self, bool)> {
                use $crate::domain::refusal::Code;
                let Err(refusals) = done else { return Ok((Self::default(), true)) };
                let is_stale = refusals.iter().any(|refusal| refusal.code == Code::VersionConflict);
                Ok((Self::refused(refusals)?.unwrap_or_default(), is_stale))
            }
        }
    };
}

/// What each code means, the same in every mutation.
#[macro_export]
macro_rules! code_doc {
    (NotFound) => {
        "Something that the input names does not exist, or you may not see it."
    };
    (Invalid) => {
        "A value is malformed or out of its bounds; the message says which and what is allowed."
    };
    (IdempotencyMismatch) => {
        "The idempotency key was used with another input."
    };
    (VersionConflict) => {
        "It was edited in the meantime: the answer shows what is stored; repeat the edit on that version."
    };
    (Taken) => {
        "Another one has this slug, external id, address or user name; choose another."
    };
    (NothingToPublish) => {
        "The draft has no unit, or a quiz without questions or with less than it draws; the message says which."
    };
    (InvalidState) => {
        "The move is not one that the present state allows; the message names the state."
    };
    (ReviewRequired) => {
        "The course is published only after a review, and the draft was not approved as it is."
    };
    (PrerequisitesMissing) => {
        "Other courses are to be completed before this one; the message names them. The staff may enrol you all the same."
    };
    (OwnWork) => {
        "It is your own work: somebody else has to decide about it."
    };
    (AlreadyEnrolled) => {
        "The learner is enrolled already."
    };
    (NotPublished) => {
        "The course takes no learners: it is not published."
    };
    (EnrollmentClosed) => {
        "Nobody joins the course by themselves: somebody of its staff enrols learners."
    };
    (NotEnrolled) => {
        "There is no active enrolment that this belongs to."
    };
    (AttemptOpen) => {
        "An attempt at this quiz is open already: go on with it."
    };
    (NoAttemptsLeft) => {
        "The quiz allows no further attempt."
    };
    (Cooldown) => {
        "The quiz has a pause between attempts; the message says when the next may be started."
    };
    (Locked) => {
        "It is not open yet, or closed by now; the message says since when or until when."
    };
    (DeadlinePassed) => {
        "The attempt's time is over; what was saved before counts."
    };
    (LastOwner) => {
        "The organisation would have no owner left."
    };
    (InvitationSpent) => {
        "The invitation was used, declined, revoked or is past its time, or who sent it may not give its role any more; ask for a new one."
    };
    (WrongAddress) => {
        "The invitation is for another email address than yours."
    };
    (WrongCredentials) => {
        "What should prove who you are does not: address and password do not belong together, or a code is not the right one."
    };
    (InvalidToken) => {
        "The token opens nothing: it is malformed, of another kind, past its time or used up."
    };
    (WeakPassword) => {
        "The password is too short or too easy to guess; the message says why. There are no rules about its characters."
    };
    (UnderAge) => {
        "Whoever is under 13 has an account with the consent of a parent or guardian alone: `register` with `guardianEmail`. Nothing was stored."
    };
    (GuardianConsentRequired) => {
        "A parent or guardian is to consent to the account first; they were asked by mail."
    };
    (EmailNotVerified) => {
        "Verify your email address first: use the token that was mailed to you with `emailVerify`, or ask for another with `emailVerificationSend`."
    };
    (TokenReplayed) => {
        "The token was used before, so somebody has a copy of it; what it belongs to has been ended."
    };
    (RoleNotAllowed) => {
        "It would give somebody more than you may give: more than you hold yourself. Only an owner makes owners, and who manages less than the whole organisation makes learners only."
    };
    (InUse) => {
        "Something else still refers to it; the message says what to do with that."
    };
    (RateLimited) => {
        "It was done too often in too short a time; the message says when it may be done again."
    };
    (LimitReached) => {
        "There are as many as there may be."
    };
    (SecondFactorRequired) => {
        "It takes an account with a second factor: set one up with `totpBegin` first."
    };
    (NotOwner) => {
        "It is somebody else's; only its owner can do this."
    };
    (NotVerified) => {
        "It was not shown that the domain is the organisation's; the message says what is missing."
    };
    (DnsUnavailable) => {
        "The name servers did not answer, so nothing is known yet: try again in a while."
    };
    (LinkRequired) => {
        "There is an account that the provider does not sign in to: sign in to it yourself, and link the provider with `identityLink`, or accept the organisation's link of accounts."
    };
    (MembershipEnded) => {
        "The membership is suspended or was removed: an administrator of the organisation can say why."
    };
    (ProviderUnavailable) => {
        "The provider cannot be asked, or what it says of itself is of no use; check the issuer, and whether it is up."
    };
    (FieldLockedBySso) => {
        "The organisation's provider decides about this field: change it there, and it changes with the next sign-in."
    };
    (AlreadyMember) => {
        "The person is a member of the organisation already."
    };
}
