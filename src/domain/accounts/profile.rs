//! What a person says of themselves: their names, and what is optional, each with who sees it. Tables: `users`,
//! `profile_details`.

use super::register::name;
use super::write::AccountWrite;
use crate::db::error::violated;
use crate::db::schema::profile_details as details;
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::material::address;
use crate::domain::mutate::{Stop, refuse_all};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::UserId;
use crate::text_enum;
use async_graphql::SimpleObject;
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// Characters of what is told at length, and of what is told in a word.
const MOST: (usize, usize) = (2_000, 200);

text_enum! {
    /// Something that a person may say of themselves.
    ProfileDetail {
        /// Who they are.
        Bio = "bio",
        /// Where they learned.
        Education = "education",
        /// What they did.
        Experience = "experience",
        /// What they want to reach.
        Goals = "goals",
        /// Their telephone number.
        Phone = "phone",
        /// Where their picture is.
        AvatarUrl = "avatar_url",
        /// Where they work.
        Company = "company",
        /// As what they work.
        JobTitle = "job_title",
        /// Their user name.
        Username = "username",
        /// Their country.
        Country = "country",
    }
}

text_enum! {
    /// Who sees something that a person says of themselves.
    ProfileVisibility {
        /// They alone.
        Private = "private",
        /// Whoever may see them as a member of an organisation that both belong to.
        Members = "members",
    }
}

/// Who sees a detail.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct ProfileDetailVisibility {
    /// The detail. Cost: 1.
    pub detail: ProfileDetail,
    /// Who sees it. Cost: 1.
    pub visibility: ProfileVisibility,
}

/// What somebody says of themselves; null what they do not say, or not to you.
///
/// Requires: to be the person, or to see them as a member. Cost: 1.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct Profile {
    /// Who they are, as plain text. Cost: 1.
    pub bio: Option<String>,
    /// Where they learned, as plain text. Cost: 1.
    pub education: Option<String>,
    /// What they did, as plain text. Cost: 1.
    pub experience: Option<String>,
    /// What they want to reach, as plain text. Cost: 1.
    pub goals: Option<String>,
    /// Their telephone number: + and digits. Cost: 1.
    pub phone: Option<String>,
    /// The https address of their picture, which is not kept here. Cost: 1.
    pub avatar_url: Option<String>,
    /// Where they work. Cost: 1.
    pub company: Option<String>,
    /// As what they work. Cost: 1.
    pub job_title: Option<String>,
    /// Their user name, lower case: no other account has it. Nobody signs in with it. Cost: 1.
    pub username: Option<String>,
    /// Their country: two letters of ISO 3166-1. Cost: 1.
    pub country: Option<String>,
    /// Who sees which of it.
    #[graphql(skip)]
    pub visibilities: Vec<ProfileDetailVisibility>,
}

impl Profile {
    fn place(&mut self, detail: ProfileDetail) -> &mut Option<String> {
        match detail {
            ProfileDetail::Bio => &mut self.bio,
            ProfileDetail::Education => &mut self.education,
            ProfileDetail::Experience => &mut self.experience,
            ProfileDetail::Goals => &mut self.goals,
            ProfileDetail::Phone => &mut self.phone,
            ProfileDetail::AvatarUrl => &mut self.avatar_url,
            ProfileDetail::Company => &mut self.company,
            ProfileDetail::JobTitle => &mut self.job_title,
            ProfileDetail::Username => &mut self.username,
            ProfileDetail::Country => &mut self.country,
        }
    }
}

/// What a person says of themselves, for themselves; nothing before they said any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProfileOf(pub UserId);

impl Batch for ProfileOf {
    type Value = Arc<Profile>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let users = keys.iter().map(|key| key.0).collect();
        let profiles = read(users, None, conn).await?;
        let own = |(user, profile)| (Self(user), Arc::new(profile));
        Ok(profiles.into_iter().map(own).collect())
    }
}

/// What of it they let the members of their organisations see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharedProfileOf(pub UserId);

impl Batch for SharedProfileOf {
    type Value = Arc<Profile>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let users = keys.iter().map(|key| key.0).collect();
        let profiles = read(users, Some(ProfileVisibility::Members), conn).await?;
        let shared = |(user, profile)| (Self(user), Arc::new(profile));
        Ok(profiles.into_iter().map(shared).collect())
    }
}

async fn read(
    users: Vec<UserId>,
    visibility: Option<ProfileVisibility>,
    mut conn: Conn<'_>,
) -> QueryResult<HashMap<UserId, Profile>> {
    let mut query = details::table
        .filter(details::user_id.eq_any(users))
        .order(details::detail)
        .into_boxed();
    if let Some(visibility) = visibility {
        query = query.filter(details::visibility.eq(visibility));
    }
    let rows: Vec<(UserId, ProfileDetail, String, ProfileVisibility)> = query.load(&mut conn).await?;
    let mut profiles = HashMap::<UserId, Profile>::new();
    for (user, detail, value, visibility) in rows {
        let profile = profiles.entry(user).or_default();
        *profile.place(detail) = Some(value);
        profile
            .visibilities
            .push(ProfileDetailVisibility { detail, visibility });
    }
    Ok(profiles)
}

/// What is to be changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The first name; it stays where none is given.
    pub first_name: Option<String>,
    /// The last name; it stays where none is given.
    pub last_name: Option<String>,
    /// What is said now, or no more, with the name of its input field.
    pub details: Vec<(ProfileDetail, &'static str, Option<String>)>,
    /// Who is to see what, in the order of the input.
    pub visibilities: Vec<ProfileDetailVisibility>,
}

/// Makes the changes: all of them, or none.
pub async fn update(write: &AccountWrite<'_>, changes: &Changes) -> Result<(), Stop> {
    let mut faults = Vec::new();
    let mut name_of = |text: &Option<String>, path| {
        let read = text.as_deref().map(|text| name(text, path));
        read.and_then(|name| name.map_err(|fault| faults.push(Some(fault))).ok())
    };
    let first_name = name_of(&changes.first_name, "firstName");
    let last_name = name_of(&changes.last_name, "lastName");
    let (mut said, mut cleared) = ((Vec::new(), Vec::new()), Vec::new());
    for (detail, path, text) in &changes.details {
        match tidy(*detail, text.as_deref().unwrap_or_default()) {
            Ok(text) if text.is_empty() => cleared.push(detail.as_str()),
            Ok(text) => {
                said.0.push(detail.as_str());
                said.1.push(text);
            }
            Err(message) => faults.push(Some(Refusal::at(Code::Invalid, path, message))),
        }
    }
    faults.push(fault_of(&changes.visibilities));
    refuse_all(faults)?;
    if first_name.is_some() || last_name.is_some() {
        rename(write, first_name, last_name).await?;
    }
    if !cleared.is_empty() {
        clear(write, cleared).await?;
    }
    if !said.0.is_empty() {
        say(write, said).await?;
    }
    show(write, &changes.visibilities).await
}

/// What is stored of a text; nothing where it says nothing.
fn tidy(detail: ProfileDetail, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let (at_length, in_a_word) = MOST;
    match detail {
        ProfileDetail::Bio | ProfileDetail::Education | ProfileDetail::Experience | ProfileDetail::Goals => {
            let is_long = text.chars().count() > at_length;
            keep(text.to_owned(), !is_long, "This has at most 2000 characters.")
        }
        ProfileDetail::Company | ProfileDetail::JobTitle => {
            let is_sound = text.chars().count() <= in_a_word && !text.chars().any(char::is_control);
            keep(
                text.to_owned(),
                is_sound,
                "This has at most 200 characters, in one line.",
            )
        }
        ProfileDetail::Phone => {
            let number: String = text.chars().filter(|c| !" -()".contains(*c)).collect();
            let digits = number.strip_prefix('+').unwrap_or_default();
            let is_sound = (7..=15).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|digit| digit.is_ascii_digit());
            let message = "A number begins with + and the country's code, and has 7 to 15 digits, such as +43 1 234567.";
            keep(number, is_sound, message)
        }
        ProfileDetail::AvatarUrl => match address("avatarUrl", text) {
            Some((_, message)) => Err(message),
            None => Ok(text.to_owned()),
        },
        ProfileDetail::Username => {
            let username = text.to_ascii_lowercase();
            let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(&c);
            let is_sound = (3..=30).contains(&username.len()) && username.bytes().all(allowed);
            keep(
                username,
                is_sound,
                "A user name has 3 to 30 of a–z, 0–9, - and _.",
            )
        }
        ProfileDetail::Country => {
            let is_sound = text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase());
            let message = "A country is named by its two capital letters of ISO 3166-1, such as AT.";
            keep(text.to_owned(), is_sound, message)
        }
    }
}

fn keep(text: String, is_sound: bool, message: &str) -> Result<String, String> {
    if is_sound {
        Ok(text)
    } else {
        Err(message.to_owned())
    }
}

/// Says what is wrong with a list of who is to see what: a detail stands in it once.
fn fault_of(visibilities: &[ProfileDetailVisibility]) -> Option<Refusal> {
    let again = |at: &usize| {
        let is_named = |other: &ProfileDetailVisibility| other.detail == visibilities[*at].detail;
        visibilities[..*at].iter().any(is_named)
    };
    // The first is found early: there are few details.
    let at = (0..visibilities.len()).find(again)?;
    let message = "This detail is named twice: say once who sees it.";
    Some(Refusal::at(
        Code::Invalid,
        &format!("visibilities.{at}.detail"),
        message,
    ))
}

async fn rename(
    write: &AccountWrite<'_>,
    first_name: Option<String>,
    last_name: Option<String>,
) -> QueryResult<usize> {
    Statement::<Untyped>::new(
        "update users set first_name = coalesce(?, first_name), last_name = coalesce(?, last_name) where id = ?",
    )
    .bind::<Nullable<Text>, _>(first_name)
    .bind::<Nullable<Text>, _>(last_name)
    .bind::<Uuid, _>(write.user)
    .execute(&mut write.conn())
    .await
}

async fn clear(write: &AccountWrite<'_>, cleared: Vec<&'static str>) -> QueryResult<usize> {
    Statement::<Untyped>::new("delete from profile_details where user_id = ? and detail = any(?)")
        .bind::<Uuid, _>(write.user)
        .bind::<Array<Text>, _>(cleared)
        .execute(&mut write.conn())
        .await
}

async fn say(write: &AccountWrite<'_>, (said, texts): (Vec<&'static str>, Vec<String>)) -> Result<(), Stop> {
    let said = Statement::<Untyped>::new(
        "insert into profile_details (user_id, detail, value) select ?, k.detail, k.value from unnest(?, ?) as k(detail, value) \
         on conflict (user_id, detail) do update set value = excluded.value",
    )
    .bind::<Uuid, _>(write.user)
    .bind::<Array<Text>, _>(said)
    .bind::<Array<Text>, _>(texts)
    .execute(&mut write.conn())
    .await;
    match said {
        Ok(_) => Ok(()),
        Err(error) if violated(&error) == Some("profile_details_of_usernames") => {
            let message = "Somebody else has this user name; choose another.";
            Err(Stop::Refused(vec![Refusal::at(Code::Taken, "username", message)]))
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(write: &AccountWrite<'_>, visibilities: &[ProfileDetailVisibility]) -> Result<(), Stop> {
    if visibilities.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = visibilities.iter().map(|shown| shown.detail.as_str()).collect();
    let to: Vec<_> = visibilities
        .iter()
        .map(|shown| shown.visibility.as_str())
        .collect();
    let changed: Vec<ProfileDetail> = Statement::<Text>::new(
        "update profile_details p set visibility = k.visibility from unnest(?, ?) as k(detail, visibility) \
         where p.user_id = ? and p.detail = k.detail returning p.detail",
    )
    .bind::<Array<Text>, _>(named)
    .bind::<Array<Text>, _>(to)
    .bind::<Uuid, _>(write.user)
    .load(&mut write.conn())
    .await?;
    let missing = |(at, shown): (usize, &ProfileDetailVisibility)| {
        let message = "You say nothing here that anybody could see: give it with a text.";
        let refusal = || Refusal::at(Code::Invalid, &format!("visibilities.{at}.detail"), message);
        (!changed.contains(&shown.detail)).then(refusal)
    };
    refuse_all(visibilities.iter().enumerate().map(missing))
}
