//! Why a question cannot be meant as its author wrote it.

use super::draft_units::NewQuestion;
use crate::domain::content::{
    Answer, ChoiceOption, Criterion, GapPrompt, GapRule, Points, QuestionKind, QuestionPrompt, Rule,
};
use std::collections::{BTreeMap, BTreeSet};

/// Options, items, stems that a question may have, and gaps.
const MOST_OPTIONS: usize = 100;
const MOST_GAPS: usize = 50;
/// Criteria that a rubric may have, and characters that each may have.
const MOST_CRITERIA: usize = 20;
const MOST_OF_CRITERION: usize = 500;
/// Characters that a text of a question may have.
const MOST_CHARACTERS: usize = 50_000;

/// The input field at fault below the question's own, and what it must be.
pub type Fault = (String, String);

/// Says why no answer could ever earn a question's points, or what else is wrong with it.
pub fn fault_of(question: &NewQuestion) -> Option<Fault> {
    let (prompt, key) = (&question.prompt, &question.key);
    let at = |field: &str, message: &str| Some((field.to_owned(), message.to_owned()));
    if prompt.text.trim().is_empty() {
        return at("text", "A question asks something; its text is blank.");
    }
    let said = key.explanation.iter().chain(key.feedback.values());
    let shown = prompt
        .options
        .iter()
        .chain(&prompt.stems)
        .map(|option| &option.text);
    let long = |text: &String| text.chars().count() > MOST_CHARACTERS;
    if [&prompt.text]
        .into_iter()
        .chain(prompt.program.iter())
        .chain(said)
        .chain(shown)
        .any(long)
    {
        return at("text", "No text of a question has more than 50000 characters.");
    }
    if let Some((field, message)) = prompt.scoring.fault() {
        return at(field, message);
    }
    let (field, message) = fault_of_rule(prompt, &key.rule)?;
    Some((format!("answer.{field}"), message))
}

fn fault_of_rule(prompt: &QuestionPrompt, rule: &Rule) -> Option<Fault> {
    let below = |kind: &str, fault: (String, &str)| (format!("{kind}.{}", fault.0), fault.1.to_owned());
    match (prompt.kind, rule) {
        (QuestionKind::SingleChoice, Rule::Right(right)) => {
            let message = "A single choice has exactly one right option.";
            fault_of_choice("singleChoice.options", prompt, chosen(right) != 1, message)
        }
        (QuestionKind::MultipleChoice, Rule::Right(right)) => {
            let message = "A multiple choice has at least one right option.";
            fault_of_choice("multipleChoice.options", prompt, chosen(right) == 0, message)
        }
        (QuestionKind::ShortText, Rule::Texts(rule)) => rule.fault().map(|fault| below("shortText", fault)),
        (QuestionKind::Numeric, Rule::Number(rule)) => rule.fault().map(|fault| below("numeric", fault)),
        (QuestionKind::Ordering, Rule::Order(_)) => {
            let texts: BTreeSet<&str> = prompt.options.iter().map(|item| item.text.as_str()).collect();
            let is_sound =
                (2..=MOST_OPTIONS).contains(&prompt.options.len()) && texts.len() == prompt.options.len();
            let message = "An ordering has 2 to 100 items, no two of them alike.";
            (!is_sound).then(|| ("ordering.items".to_owned(), message.to_owned()))
        }
        (QuestionKind::Matching, Rule::Pairs(_)) => {
            let is_sound = (2..=MOST_OPTIONS).contains(&prompt.stems.len()) && are_options(&prompt.options);
            let message = "A matching has 2 to 100 stems, and 2 to 100 different options.";
            (!is_sound).then(|| ("matching.pairs".to_owned(), message.to_owned()))
        }
        (QuestionKind::Cloze, Rule::Gaps(rules)) => fault_of_gaps(prompt, rules),
        (QuestionKind::Essay, Rule::People { .. }) => {
            let message = fault_of_rubric(prompt)?;
            Some(("essay.rubric".to_owned(), message.to_owned()))
        }
        _ => None,
    }
}

fn chosen(right: &[Answer]) -> usize {
    match right {
        [Answer::Choice(keys), ..] => keys.len(),
        _ => 0,
    }
}

fn are_options(options: &[ChoiceOption]) -> bool {
    (2..=MOST_OPTIONS).contains(&options.len())
}

fn fault_of_choice(field: &str, prompt: &QuestionPrompt, is_wrong: bool, message: &str) -> Option<Fault> {
    let few = "A choice question has 2 to 100 options.";
    let message = if are_options(&prompt.options) {
        message
    } else {
        few
    };
    (is_wrong || !are_options(&prompt.options)).then(|| (field.to_owned(), message.to_owned()))
}

fn fault_of_rubric(prompt: &QuestionPrompt) -> Option<&'static str> {
    let rubric = &prompt.rubric;
    let titles: BTreeSet<&str> = rubric.iter().map(|criterion| criterion.title.trim()).collect();
    let is_titled = |criterion: &Criterion| {
        !criterion.title.trim().is_empty() && criterion.title.chars().count() <= MOST_OF_CRITERION
    };
    if rubric.len() > MOST_CRITERIA || titles.len() != rubric.len() || !rubric.iter().all(is_titled) {
        return Some("A rubric has at most 20 criteria of 1 to 500 characters, no two of them alike.");
    }
    let sum: Points = rubric.iter().map(|criterion| criterion.max_points).sum();
    let is_sound =
        rubric.iter().all(|criterion| criterion.max_points > Points::ZERO) && sum == prompt.scoring.points;
    (!rubric.is_empty() && !is_sound)
        .then_some("The points of the criteria are above 0 and come to those of the question.")
}

fn fault_of_gaps(prompt: &QuestionPrompt, rules: &BTreeMap<String, GapRule>) -> Option<Fault> {
    let at = |message: String| Some(("cloze.gaps".to_owned(), message));
    if !(1..=MOST_GAPS).contains(&prompt.gaps.len()) || rules.len() != prompt.gaps.len() {
        return at(format!(
            "A cloze has 1 to {MOST_GAPS} gaps, no two with the same key."
        ));
    }
    prompt.gaps.iter().find_map(|gap| {
        let message = fault_of_gap(prompt, gap, rules.get(&gap.key)?)?;
        at(format!("The gap `{}`: {message}", gap.key))
    })
}

fn fault_of_gap(prompt: &QuestionPrompt, gap: &GapPrompt, rule: &GapRule) -> Option<String> {
    let is_key = (1..=50).contains(&gap.key.chars().count()) && !gap.key.contains(['[', ']']);
    if !is_key || prompt.text.matches(&format!("[[{}]]", gap.key)).count() != 1 {
        let message = "the text has its key of 1 to 50 characters once, in double brackets.";
        return Some(message.to_owned());
    }
    match rule {
        GapRule::Text(rule) => rule.fault().map(|(_, message)| message.to_owned()),
        GapRule::Number(rule) => rule.fault().map(|(_, message)| message.to_owned()),
        GapRule::Choice(right) => {
            let is_sound = are_options(&gap.options) && !right.is_empty();
            (!is_sound).then(|| "it has 2 to 100 options, exactly one of them right.".to_owned())
        }
    }
}
