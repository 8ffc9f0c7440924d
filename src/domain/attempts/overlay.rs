//! The answer keys of a later revision, laid over those of the revision that an attempt was started in.

use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::{AnswerKey, AnswerKeys, ChoiceOption, GapPrompt, QuestionPrompt, Revision};
use crate::kernel::error::Result;
use crate::kernel::ids::{RevisionId, UnitId};
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

/// A revision, with the keys by which a quiz of it is graded once those of later revisions were applied: those of each are laid over the
/// former ones, so that none takes back what another has corrected. How a revision and its keys are read, the caller says.
pub async fn corrected<F>(
    quiz: UnitId,
    own: RevisionId,
    applied: &[RevisionId],
    read: impl Fn(RevisionId) -> F,
) -> Result<(SharedRevision, AnswerKeys)>
where
    F: Future<Output = Result<(SharedRevision, AnswerKeys)>>,
{
    let (revision, mut keys) = read(own).await?;
    for id in applied {
        let (later, later_keys) = read(*id).await?;
        let own = Keyed {
            revision: &revision,
            keys: &keys,
        };
        let later = Keyed {
            revision: &later,
            keys: &later_keys,
        };
        keys = overlaid(quiz, own, later);
    }
    Ok((revision, keys))
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

/// Whether an answer to a question means the same as one to a later question: of one kind, about the same program, by the same keys and
/// units. Where a question has no options, its text alone says what an answer means; one that is reworded is another question.
fn answers_alike(own: &QuestionPrompt, later: &QuestionPrompt) -> bool {
    let keys = |options: &[ChoiceOption]| {
        let mut keys: Vec<String> = options.iter().map(|option| option.key.clone()).collect();
        keys.sort();
        keys
    };
    let are_alike = |(own, later): (&GapPrompt, &GapPrompt)| {
        own.key == later.key
            && own.kind == later.kind
            && keys(&own.options) == keys(&later.options)
            && has_units(&later.units, &own.units)
    };
    own.kind == later.kind
        && own.program == later.program
        && (!own.options.is_empty() || own.text == later.text)
        && keys(&own.options) == keys(&later.options)
        && keys(&own.stems) == keys(&later.stems)
        && has_units(&later.units, &own.units)
        && own.gaps.len() == later.gaps.len()
        && own.gaps.iter().zip(&later.gaps).all(are_alike)
}

/// Whether a number in any of the units that there were can still be given, and one without a unit where there was none.
fn has_units(units: &[String], former: &[String]) -> bool {
    units.is_empty() == former.is_empty() && former.iter().all(|unit| units.contains(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{GapKind, QuestionKind};

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

    type Change = fn(&mut QuestionPrompt);

    #[test]
    fn a_question_without_options_is_another_one_when_it_is_reworded() {
        let own = |kind| QuestionPrompt {
            program: Some("fn main() {}".into()),
            units: vec!["m".into(), "cm".into()],
            gaps: vec![GapPrompt {
                key: "a".into(),
                kind: GapKind::Number,
                options: Vec::new(),
                units: vec!["m".into()],
            }],
            ..QuestionPrompt::new(kind, "X is safe.".into())
        };
        let changes: [(Change, bool); 7] = [
            (|_| (), true),
            (|it| it.units.insert(0, "mm".into()), true),
            (|it| it.units[0] = "metre".into(), false),
            (|it| it.units.clear(), false),
            (|it| it.text = "X is unsafe.".into(), false),
            (|it| it.program = Some("fn main() { loop {} }".into()), false),
            (|it| it.gaps[0].units[0] = "metre".into(), false),
        ];
        for kind in [
            QuestionKind::TrueFalse,
            QuestionKind::ShortText,
            QuestionKind::Numeric,
            QuestionKind::ProgramTracing,
            QuestionKind::Cloze,
        ] {
            for (place, (change, expected)) in changes.into_iter().enumerate() {
                let mut later = own(kind);
                change(&mut later);
                assert_eq!(answers_alike(&own(kind), &later), expected, "{kind:?} {place}");
            }
        }
    }
}
