//! The answer keys of a later revision, laid over those of the revision that an attempt was started in.

use crate::domain::content::{AnswerKey, AnswerKeys, ChoiceOption, QuestionPrompt, Revision};
use crate::kernel::ids::UnitId;
use std::collections::HashMap;

/// Answer keys with the revision that they are of.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<'a> {
    /// The revision.
    pub revision: &'a Revision,
    /// Its answer keys.
    pub keys: &'a AnswerKeys,
}

/// The keys of a quiz's questions: of each the later one, where the later revision still asks the same question so that any answer
/// means what it meant; else the one of its own. What a question is worth stays as it was.
pub fn overlaid(quiz: UnitId, own: Keyed<'_>, later: Keyed<'_>) -> AnswerKeys {
    let mut keys = AnswerKeys::default();
    let later_questions: HashMap<_, _> = later
        .revision
        .questions(quiz)
        .map(|(id, prompt)| (id, prompt))
        .collect();
    for (id, prompt) in own.revision.questions(quiz) {
        let asked = later_questions.get(id).copied().zip(later.keys.0.get(id));
        if let Some(key) = laid_over(prompt, own.keys.0.get(id), asked) {
            keys.0.insert(*id, key.clone());
        }
    }
    keys
}

/// The key of one question: the later one, where the later revision still asks the same question; else its own.
pub fn laid_over<'k>(
    prompt: &QuestionPrompt,
    own: Option<&'k AnswerKey>,
    later: Option<(&QuestionPrompt, &'k AnswerKey)>,
) -> Option<&'k AnswerKey> {
    later
        .filter(|(asked, key)| answers_alike(prompt, asked) && key.suits(prompt.kind))
        .map(|(_, key)| key)
        .or(own)
}

/// Whether an answer to one question means the same as an answer to another: of one kind, by the same keys.
fn answers_alike(one: &QuestionPrompt, other: &QuestionPrompt) -> bool {
    let keys = |options: &[ChoiceOption]| {
        let mut keys: Vec<String> = options.iter().map(|option| option.key.clone()).collect();
        keys.sort();
        keys
    };
    let gaps = |prompt: &QuestionPrompt| {
        let gaps = prompt
            .gaps
            .iter()
            .map(|gap| (gap.key.clone(), gap.kind, keys(&gap.options)));
        gaps.collect::<Vec<_>>()
    };
    one.kind == other.kind
        && keys(&one.options) == keys(&other.options)
        && keys(&one.stems) == keys(&other.stems)
        && gaps(one) == gaps(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::QuestionKind;

    #[test]
    fn a_question_is_the_same_while_its_answers_are() {
        let option = |key: &str, text: &str| ChoiceOption {
            key: key.into(),
            text: text.into(),
        };
        let asked = |kind, options: &[(&str, &str)]| QuestionPrompt {
            options: options.iter().map(|(key, text)| option(key, text)).collect(),
            ..QuestionPrompt::new(kind, "Which?".into())
        };
        let single = QuestionKind::SingleChoice;
        let one = asked(single, &[("a", "A"), ("b", "B")]);
        for (other, expected) in [
            (asked(single, &[("b", "B"), ("a", "A, better said")]), true),
            (asked(single, &[("a", "A")]), false),
            (asked(single, &[("a", "A"), ("c", "B")]), false),
            (
                asked(QuestionKind::MultipleChoice, &[("a", "A"), ("b", "B")]),
                false,
            ),
        ] {
            assert_eq!(answers_alike(&one, &other), expected, "{other:?}");
        }
    }
}
