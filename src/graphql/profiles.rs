//! What people say of themselves: their names, and a profile of which everything is optional.

use super::support::operation::Ask;
use super::viewer::{Viewer, locked};
use crate::domain::accounts::profile::{
    self, Changes, ProfileDetail, ProfileDetailVisibility, ProfileVisibility,
};
use crate::domain::sso::ProfileField;
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, MaybeUndefined, Object, Result};

/// Who is to see a detail of your profile.
#[derive(Clone, Debug, InputObject)]
pub struct ProfileVisibilityInput {
    /// The detail: one that you give, now or before.
    pub detail: ProfileDetail,
    /// Who is to see it.
    pub visibility: ProfileVisibility,
}

/// What `profileUpdate` takes: what is left out stays as it is. Everything but the names can be taken back by null or an empty
/// text, and is seen by nobody else until `visibilities` says so; what was taken back and is given again is private again.
#[derive(Clone, Debug, InputObject)]
pub struct ProfileUpdateInput {
    /// Your first name; 1 to 100 characters.
    pub first_name: Option<String>,
    /// Your last name; 1 to 100 characters.
    pub last_name: Option<String>,
    /// Who you are; at most 2000 characters.
    pub bio: MaybeUndefined<String>,
    /// Where you learned; at most 2000 characters.
    pub education: MaybeUndefined<String>,
    /// What you did; at most 2000 characters.
    pub experience: MaybeUndefined<String>,
    /// What you want to reach; at most 2000 characters. What you want to be recommended, `interestsSet` says.
    pub goals: MaybeUndefined<String>,
    /// Your telephone number: +, the country's code and the number, 7 to 15 digits; spaces, hyphens and brackets are left out.
    pub phone: MaybeUndefined<String>,
    /// The https address of your picture, at most 2000 characters. The picture stays where it is: whoever looks at it calls that
    /// server, and files that are uploaded here are an organisation's.
    pub avatar_url: MaybeUndefined<String>,
    /// Where you work; at most 200 characters.
    pub company: MaybeUndefined<String>,
    /// As what you work; at most 200 characters.
    pub job_title: MaybeUndefined<String>,
    /// Your user name: 3 to 30 of a–z, 0–9, - and _, which no other account has; capital letters are stored as small ones. You
    /// sign in with your address, not with it.
    pub username: MaybeUndefined<String>,
    /// Your country: two capital letters of ISO 3166-1.
    pub country: MaybeUndefined<String>,
    /// Who is to see what; each detail once. What is not named here is seen by whom it was seen before, and by you alone where
    /// it is new.
    pub visibilities: Option<Vec<ProfileVisibilityInput>>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(ProfileUpdateInput);

impl ProfileUpdateInput {
    /// What it changes.
    fn changes(&self) -> Changes {
        use ProfileDetail as Detail;
        let details = [
            (Detail::Bio, "bio", &self.bio),
            (Detail::Education, "education", &self.education),
            (Detail::Experience, "experience", &self.experience),
            (Detail::Goals, "goals", &self.goals),
            (Detail::Phone, "phone", &self.phone),
            (Detail::AvatarUrl, "avatarUrl", &self.avatar_url),
            (Detail::Company, "company", &self.company),
            (Detail::JobTitle, "jobTitle", &self.job_title),
            (Detail::Username, "username", &self.username),
            (Detail::Country, "country", &self.country),
        ];
        let given = details.into_iter().filter(|(.., text)| !text.is_undefined());
        let shown = |shown: &ProfileVisibilityInput| ProfileDetailVisibility {
            detail: shown.detail,
            visibility: shown.visibility,
        };
        Changes {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            details: given
                .map(|(detail, path, text)| (detail, path, text.value().cloned()))
                .collect(),
            visibilities: self.visibilities.iter().flatten().map(shown).collect(),
        }
    }
}

payload! {
    /// What `profileUpdate` answers.
    ProfileUpdatePayload {
        /// You, as you are now.
        viewer: Viewer,
    }
    ProfileUpdateUserError, ProfileUpdateErrorCode { FieldLockedBySso, Taken, Invalid, IdempotencyMismatch }
}

/// The mutations on profiles.
#[derive(Default)]
pub struct ProfileMutation;

#[Object]
impl ProfileMutation {
    /// Changes your names and what you say of yourself, all of it or nothing. Your places in organisations keep the names that
    /// those know; what you let their members see of the rest, they see at once in `Member.profile`.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn profile_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ProfileUpdateInput,
    ) -> Result<Option<ProfileUpdatePayload>> {
        let names = [("firstName", &input.first_name), ("lastName", &input.last_name)];
        let renamed: Vec<_> = names
            .iter()
            .filter(|(_, name)| name.is_some())
            .map(|(path, _)| (*path, ProfileField::Name))
            .collect();
        if let Some(refusals) = locked(ctx, &renamed).await? {
            return ProfileUpdatePayload::refused(refusals);
        }
        let changes = input.changes();
        let done = ctx.operation().mutate_own("profileUpdate", &input, move |write| {
            Box::pin(async move { profile::update(write, &changes).await })
        });
        match done.await? {
            Ok(()) => Ok(Some(ProfileUpdatePayload {
                viewer: Viewer::current(ctx),
                ..Default::default()
            })),
            Err(refusals) => ProfileUpdatePayload::refused(refusals),
        }
    }
}
