//! Tags: what a course, or somebody's interest, is about in a word each.

use super::refusal::{Code, Refusal};
use std::collections::BTreeSet;

/// How many tags stand together, and the characters of one.
const MOST_TAGS: usize = 20;
const MOST_OF_TAG: usize = 50;

/// Tags in lower case and in order, each once.
pub fn tidy(tags: &[String]) -> Vec<String> {
    let tags: BTreeSet<String> = tags.iter().map(|tag| tag.trim().to_lowercase()).collect();
    tags.into_iter().collect()
}

/// Says what is wrong with tags: at most 20 of 1 to 50 characters.
pub fn fault_of_tags(path: &str, tags: &[String]) -> Option<Refusal> {
    if tags.len() > MOST_TAGS {
        let message = format!("There are at most {MOST_TAGS} tags.");
        return Some(Refusal::at(Code::Invalid, path, message));
    }
    let mut faults = tags.iter().enumerate();
    faults.find_map(|(index, tag)| Refusal::of_name(&format!("{path}.{index}"), tag, MOST_OF_TAG))
}
