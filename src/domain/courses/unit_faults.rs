//! Why a unit cannot be what its author wrote.

use super::authoring::{UnitDraftContent, load};
use super::draft_units::UnitDraft;
use super::drafts::DraftQuestionsOf;
use super::pools::fault_of_pools;
use super::question_faults::fault_of;
use crate::domain::assets;
use crate::domain::content::{Material, QuizPolicy};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{QuestionId, UnitKey};
use std::collections::HashSet;

/// Questions that a quiz may have.
const MOST_QUESTIONS: usize = 500;
/// Characters that a text may have.
const MOST_CHARACTERS: usize = 1_000_000;

/// Says what is wrong with a unit's content.
pub fn fault_of_content(content: &UnitDraftContent) -> Option<Refusal> {
    let fault =
        |path: &str, message: String| Some(Refusal::at(Code::Invalid, &format!("content.{path}"), message));
    match &content.unit {
        UnitDraft::Text(body) if body.chars().count() > MOST_CHARACTERS => fault(
            "text.body",
            format!("A text has at most {MOST_CHARACTERS} characters."),
        ),
        UnitDraft::Text(_) => None,
        UnitDraft::Quiz(_)
            if content
                .pools
                .as_deref()
                .is_some_and(|pools| fault_of_pools(pools).is_some()) =>
        {
            content.pools.as_deref().and_then(fault_of_pools)
        }
        UnitDraft::Quiz(policy) => {
            let (path, message) = fault_of_quiz(policy.as_ref(), content)?;
            fault(&format!("quiz.{path}"), message)
        }
        UnitDraft::Material(material) => {
            let (path, message) = material.fault()?;
            fault(&path, message)
        }
    }
}

fn fault_of_quiz(policy: Option<&QuizPolicy>, content: &UnitDraftContent) -> Option<(String, String)> {
    if let Some((field, message)) = policy.and_then(QuizPolicy::fault) {
        return Some((format!("policy.{field}"), message.to_owned()));
    }
    let questions = content.questions.as_deref().unwrap_or_default();
    if questions.len() > MOST_QUESTIONS {
        return Some((
            "questions".to_owned(),
            format!("A quiz has at most {MOST_QUESTIONS} questions."),
        ));
    }
    let mut faults = questions.iter().map(fault_of).enumerate();
    let (index, (field, message)) = faults.find_map(|(index, fault)| Some((index, fault?)))?;
    Some((format!("questions.{index}.{field}"), message))
}

/// The input field that says which question one in a quiz replaces.
pub fn path_of_id(index: usize) -> String {
    format!("content.quiz.questions.{index}.id")
}

/// Refuses a question that replaces none of the quiz's own, or the same as another of them.
pub async fn refuse_unless_own(
    write: &Write<'_>,
    quiz: UnitKey,
    content: &UnitDraftContent,
) -> Result<(), Stop> {
    let questions = content.questions.iter().flatten().enumerate();
    let replacing: Vec<(usize, QuestionId)> = questions
        .filter(|(_, question)| question.replaces)
        .map(|(index, question)| (index, question.id))
        .collect();
    if replacing.is_empty() {
        return Ok(());
    }
    let own = load(write, DraftQuestionsOf(quiz)).await?.unwrap_or_default();
    let own: HashSet<QuestionId> = own.iter().map(|question| question.id).collect();
    let mut seen = HashSet::new();
    for (index, id) in replacing {
        let path = path_of_id(index);
        if !own.contains(&id) {
            return refuse_with(Refusal::not_found(&path));
        }
        if !seen.insert(id) {
            let message = "Another question of this quiz has this id; leave it out of one of them.";
            return refuse_with(Refusal::at(Code::Invalid, &path, message));
        }
    }
    Ok(())
}

/// Refuses a unit with a file that its author may not read, or that nobody may as yet.
pub async fn refuse_unless_readable(write: &Write<'_>, unit: &UnitDraft) -> Result<(), Stop> {
    let named = unit.assets(write.gate.org());
    if named.is_empty() {
        return Ok(());
    }
    let readable = assets::access::readable_in(write, &named).await?;
    if readable == named {
        return Ok(());
    }
    let path = match unit {
        UnitDraft::Material(Material::File(_)) => "content.file.assetId",
        UnitDraft::Material(Material::Video(_)) => "content.video",
        _ => "content",
    };
    let message = "A file that this shows does not exist, is not ready, or is none that you may read.";
    refuse_with(Refusal::at(Code::NotFound, path, message))
}
