//! What a unit is made of that is neither a text nor a quiz. Drafts and compiled revisions keep it in the same form.

use super::assignment::Assignment;
use super::markdown::Markdown;
use super::mentions::assets_in;
use crate::kernel::ids::{AssetId, AssetKey, OrgId};
use crate::kernel::language::canonical;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Characters of an address.
const MOST_ADDRESS: usize = 2_000;
/// Characters of a description.
pub const MOST_DESCRIPTION: usize = 50_000;
/// Captions of a video, each in a language of its own.
const MOST_CAPTIONS: usize = 50;
/// A week.
const MOST_SECONDS: i32 = 604_800;

/// The input field at fault, below the unit's content, and what it must be.
pub type Fault = (String, String);

/// What a unit is made of that is neither a text nor a quiz.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Material {
    /// A video to watch.
    Video(Arc<Video>),
    /// A file to keep.
    File(Arc<File>),
    /// A page elsewhere.
    Link(Arc<Link>),
    /// A meeting at a time.
    Live(Arc<Live>),
    /// Work that is handed in and graded by people.
    Assignment(Arc<Assignment>),
}

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A file that was uploaded.
    Asset(AssetId),
    /// An address elsewhere.
    Url(String),
}

/// A video to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
    /// How long it takes.
    pub duration_seconds: Option<i32>,
    /// Its captions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Caption>,
    /// What is said in it.
    pub transcript: Option<Markdown>,
}

/// The captions of a video in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// The language, as BCP 47 names it.
    pub language: String,
    /// Where they come from.
    #[serde(flatten)]
    pub source: Source,
}

/// A file to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The file.
    pub asset: AssetId,
    /// What it is.
    pub description: Markdown,
}

/// A page elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its address.
    pub url: String,
    /// What is there.
    pub description: Markdown,
    /// Whether it is shown in a tab of its own.
    pub opens_in_new_tab: bool,
}

/// A meeting at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The time zone that it was planned in, as the IANA names it.
    pub time_zone: String,
    /// Where to join it.
    pub join_url: Option<String>,
    /// What it is about.
    pub description: Markdown,
}

impl Material {
    /// The files of the organisation that it shows.
    pub fn assets(&self, org: OrgId) -> BTreeSet<AssetKey> {
        let sources: Vec<AssetId> = match self {
            Self::Video(video) => {
                let captions = video.captions.iter().map(|caption| &caption.source);
                captions
                    .chain([&video.source])
                    .filter_map(Source::asset)
                    .collect()
            }
            Self::File(file) => vec![file.asset],
            Self::Link(_) | Self::Live(_) | Self::Assignment(_) => Vec::new(),
        };
        let text = self.text().into_iter();
        let mentioned = text.flat_map(|text| assets_in(text.source(), org));
        mentioned
            .chain(sources.into_iter().map(|id| AssetKey::new(org, id)))
            .collect()
    }

    /// Puts other files in the place of those that it is made of, and leaves its text as it is.
    pub fn replace_assets(&mut self, mut other: impl FnMut(AssetId) -> AssetId) {
        match self {
            Self::Video(video) => {
                let video = Arc::make_mut(video);
                let captions = video.captions.iter_mut().map(|caption| &mut caption.source);
                for source in captions.chain([&mut video.source]) {
                    if let Source::Asset(asset) = source {
                        *asset = other(*asset);
                    }
                }
            }
            Self::File(file) => {
                let file = Arc::make_mut(file);
                file.asset = other(file.asset);
            }
            Self::Link(_) | Self::Live(_) | Self::Assignment(_) => {}
        }
    }

    /// The Markdown that it has: a transcript, a description, instructions.
    pub fn text(&self) -> Option<&Markdown> {
        match self {
            Self::Video(video) => video.transcript.as_ref(),
            Self::File(file) => Some(&file.description),
            Self::Link(link) => Some(&link.description),
            Self::Live(live) => Some(&live.description),
            Self::Assignment(assignment) => Some(&assignment.instructions),
        }
    }

    /// Says what is wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        let (kind, (field, message)) = match self {
            Self::Video(video) => ("video", video.fault()?),
            Self::File(file) => ("file", description("description", &file.description)?),
            Self::Link(link) => ("link", link.fault()?),
            Self::Live(live) => ("live", live.fault()?),
            Self::Assignment(assignment) => ("assignment", assignment.fault()?),
        };
        Some((format!("{kind}.{field}"), message))
    }
}

impl Source {
    /// The file, if it is one that was uploaded.
    pub const fn asset(&self) -> Option<AssetId> {
        match self {
            Self::Asset(asset) => Some(*asset),
            Self::Url(_) => None,
        }
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        match self {
            Self::Asset(_) => None,
            Self::Url(url) => address(&format!("{field}.url"), url),
        }
    }
}

impl Video {
    fn fault(&self) -> Option<Fault> {
        let at = |field: &str, message: &str| Some((field.to_owned(), message.to_owned()));
        if self
            .duration_seconds
            .is_some_and(|seconds| !(1..=MOST_SECONDS).contains(&seconds))
        {
            return at("durationSeconds", "A video takes between 1 and 604800 seconds.");
        }
        if self.captions.len() > MOST_CAPTIONS {
            return at("captions", "A video has at most 50 captions.");
        }
        let mut languages = BTreeSet::new();
        let caption = |(index, caption): (usize, &Caption)| {
            let field = format!("captions.{index}");
            let language = canonical(&caption.language);
            if !language.is_some_and(|language| languages.insert(language)) {
                let message = "Each caption has a language of its own, such as `en` or `pt-BR`.";
                return Some((format!("{field}.language"), message.to_owned()));
            }
            caption.source.fault(&format!("{field}.source"))
        };
        self.source
            .fault("source")
            .or_else(|| self.captions.iter().enumerate().find_map(caption))
            .or_else(|| long("transcript", self.transcript.as_ref()?, 1_000_000))
    }
}

impl Link {
    fn fault(&self) -> Option<Fault> {
        address("url", &self.url).or_else(|| description("description", &self.description))
    }
}

impl Live {
    fn fault(&self) -> Option<Fault> {
        let at = |field: &str, message: &str| Some((field.to_owned(), message.to_owned()));
        if self.ends_at <= self.starts_at || self.ends_at - self.starts_at > chrono::TimeDelta::days(7) {
            return at(
                "endsAt",
                "A live session ends after it starts, and within seven days.",
            );
        }
        if !is_time_zone(&self.time_zone) {
            let message = "A time zone is named as the IANA names it, such as `Europe/Berlin` or `UTC`.";
            return at("timeZone", message);
        }
        let join_url = self.join_url.as_ref();
        join_url
            .and_then(|url| address("joinUrl", url))
            .or_else(|| description("description", &self.description))
    }
}

/// Says what is wrong with an address that learners are led to.
pub fn address(field: &str, url: &str) -> Option<Fault> {
    let sound = url.len() <= MOST_ADDRESS
        && Url::parse(url).is_ok_and(|url| {
            url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
        });
    let message = "An address begins with https://, has at most 2000 characters and names no user.";
    (!sound).then(|| (field.to_owned(), message.to_owned()))
}

/// Says what is wrong with a description.
pub fn description(field: &str, text: &Markdown) -> Option<Fault> {
    long(field, text, MOST_DESCRIPTION)
}

fn long(field: &str, text: &Markdown, most: usize) -> Option<Fault> {
    let is_long = text.source().chars().count() > most;
    is_long.then(|| (field.to_owned(), format!("This has at most {most} characters.")))
}

/// Whether the IANA's database has a time zone of this name; its old names without a place are not taken.
fn is_time_zone(name: &str) -> bool {
    (name == "UTC" || name.contains('/')) && name.parse::<Tz>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_a_page_that_anybody_may_be_led_to() {
        for good in [
            "https://a.example",
            "https://a.example:8443/b?c=d#e",
            "https://ä.example/ö",
        ] {
            assert_eq!(address("url", good), None, "{good}");
        }
        for bad in [
            "",
            "a.example",
            "//a.example",
            "http://a.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://user@a.example",
            "https://user:word@a.example",
            "ftp://a.example",
        ] {
            assert!(address("url", bad).is_some(), "{bad}");
        }
        assert!(address("url", &format!("https://a.example/{}", "a".repeat(2_000))).is_some());
    }

    #[test]
    fn time_zones_are_named_as_elsewhere() {
        for (name, sound) in [
            ("UTC", true),
            ("Europe/Berlin", true),
            ("America/Argentina/Buenos_Aires", true),
            ("Etc/GMT+1", true),
            ("Berlin", false),
            ("Europe/Berlinn", false),
            ("EST5EDT", false),
            ("Europe/", false),
            ("", false),
            ("../etc/passwd", false),
        ] {
            assert_eq!(is_time_zone(name), sound, "{name}");
        }
    }
}
