//! Points for the answers of an attempt.

use super::receipt::{Stored, StoredAnswers};
use crate::domain::content::{Answer, AnswerKeys, Points, QuestionKind, QuestionPrompt};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::QuestionId;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The saved answers of an attempt, by question.
pub type Answers = BTreeMap<QuestionId, Answer>;

/// The answers alone.
pub fn answers_of(stored: &StoredAnswers) -> Answers {
    let answer = |(id, stored): (&QuestionId, &Stored)| (*id, stored.answer.clone());
    stored.iter().map(answer).collect()
}

/// What an attempt earned, answer by answer. A question without an answer earns nothing and is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grading {
    /// The questions that were answered.
    pub questions: Vec<QuestionId>,
    /// The points of each; nothing where people have still to grade it.
    pub points: Vec<Option<Points>>,
}

impl Grading {
    /// Points in all, so far; never less than none, whatever wrong answers cost.
    pub fn total(&self) -> Points {
        self.points
            .iter()
            .flatten()
            .copied()
            .sum::<Points>()
            .max(Points::ZERO)
    }

    /// Takes the points of essays from what people gave, in the place of what a key says: they may have graded a blank one too.
    pub fn keep_essays(
        &mut self,
        questions: &[(QuestionId, QuestionPrompt)],
        given: impl Fn(QuestionId) -> Option<Points>,
    ) {
        let essays: HashSet<QuestionId> = questions
            .iter()
            .filter(|(_, prompt)| prompt.kind == QuestionKind::Essay)
            .map(|(id, _)| *id)
            .collect();
        for (id, points) in self.questions.iter().zip(&mut self.points) {
            if essays.contains(id) {
                *points = given(*id);
            }
        }
    }

    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// Whether people have still to grade something.
    pub fn is_open(&self) -> bool {
        self.points.contains(&None)
    }
}

/// Grades saved answers by the questions and the answer keys of their revision.
pub fn grade(
    answers: &Answers,
    questions: &[(QuestionId, QuestionPrompt)],
    keys: &AnswerKeys,
) -> Result<Grading> {
    let prompts: HashMap<QuestionId, &QuestionPrompt> =
        questions.iter().map(|(id, prompt)| (*id, prompt)).collect();
    let mut grading = Grading::default();
    for (question, answer) in answers {
        let (prompt, key) = prompts
            .get(question)
            .zip(keys.0.get(question))
            .ok_or_else(|| Error::internal(format!("question {} has no answer key", question.0)))?;
        grading.questions.push(*question);
        grading.points.push(key.grade(&prompt.scoring, answer));
    }
    Ok(grading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::text_rule::TextRule;
    use crate::domain::content::{AnswerKey, Rule, Scoring};
    use uuid::Uuid;

    fn question(n: u128) -> QuestionId {
        QuestionId(Uuid::from_u128(n))
    }

    fn choice(keys: &str) -> Answer {
        Answer::Choice(keys.chars().map(String::from).collect())
    }

    fn text(text: &str) -> Answer {
        Answer::Text(text.into())
    }

    fn traced(compiles: bool, stdout: Option<&str>, line: Option<i32>) -> Answer {
        Answer::Tracing {
            compiles,
            stdout: stdout.map(str::to_owned),
            line,
        }
    }

    type Quiz = (Vec<(QuestionId, QuestionPrompt)>, AnswerKeys);

    fn quiz(rules: Vec<Rule>) -> Quiz {
        let prompt = |n: usize| QuestionPrompt::new(QuestionKind::ShortText, n.to_string());
        let questions = (0..rules.len()).map(|n| (question(n as u128 + 1), prompt(n)));
        let keys = (1..)
            .zip(rules)
            .map(|(n, rule)| (question(n), AnswerKey::new(rule)));
        (questions.collect(), AnswerKeys(keys.collect()))
    }

    fn texts(accepted: &[&str]) -> Rule {
        Rule::Texts(TextRule {
            accepted: accepted.iter().map(ToString::to_string).collect(),
            ..TextRule::default()
        })
    }

    fn points(whole: &[i32]) -> Vec<Option<Points>> {
        whole.iter().map(|points| Some(Points(points * 100))).collect()
    }

    #[test]
    fn each_right_answer_earns_one_point_and_a_missing_one_nothing() {
        let (questions, keys) = quiz(vec![
            Rule::Right(vec![choice("a")]),
            Rule::Right(vec![choice("bc")]),
            texts(&["42"]),
            Rule::Right(vec![choice("")]),
        ]);
        let all = vec![
            (1, choice("a")),
            (2, choice("bc")),
            (3, text("`42`")),
            (4, choice("")),
        ];
        let cases = [
            (vec![], vec![]),
            (vec![(1, choice("a"))], vec![1]),
            (vec![(1, choice("b")), (2, choice("cb"))], vec![0, 1]),
            (vec![(2, choice("b")), (3, text(" 42 "))], vec![0, 1]),
            (vec![(4, choice("a"))], vec![0]),
            (all, vec![1, 1, 1, 1]),
        ];
        for (given, earned) in cases {
            let answers = given
                .iter()
                .map(|(n, answer)| (question(*n), answer.clone()))
                .collect();
            let grading = grade(&answers, &questions, &keys).unwrap();
            assert_eq!(grading.points, points(&earned), "{given:?}");
            assert_eq!(grading.total(), Points(earned.iter().sum::<i32>() * 100));
            assert!(!grading.is_open());
            assert_eq!(grading.is_empty(), given.is_empty());
        }
    }

    #[test]
    fn any_one_of_several_right_answers_earns_the_point() {
        let (questions, keys) = quiz(vec![
            texts(&["colour", "color"]),
            Rule::Right(vec![choice("a"), choice("ab")]),
            Rule::Right(vec![traced(true, Some("1"), None), traced(false, None, Some(2))]),
        ]);
        let cases = [
            (1, text("Colour"), 1),
            (1, text("COLOR"), 1),
            (1, text("colors"), 0),
            (2, choice("ab"), 1),
            (2, choice("b"), 0),
            (3, traced(true, Some("1\n"), None), 1),
            (3, traced(false, None, Some(2)), 1),
            (3, traced(false, None, Some(3)), 0),
            (3, traced(false, None, None), 0),
        ];
        for (n, answer, earned) in cases {
            let answers = Answers::from([(question(n), answer.clone())]);
            let grading = grade(&answers, &questions, &keys).unwrap();
            assert_eq!(grading.points, points(&[earned]), "{answer:?}");
        }
    }

    #[test]
    fn an_answer_without_a_key_is_a_fault_of_ours_and_no_grade() {
        let answers = Answers::from([(question(9), text("x"))]);
        assert_eq!(
            grade(&answers, &[], &AnswerKeys::default()).unwrap_err().code(),
            "INTERNAL_SERVER_ERROR"
        );
    }

    #[test]
    fn wrong_answers_cost_no_more_than_the_right_ones_earned() {
        let (mut questions, keys) = quiz(vec![texts(&["1"]), texts(&["2"]), texts(&["3"])]);
        for (_, prompt) in &mut questions {
            prompt.scoring = Scoring {
                penalty: Points(75),
                ..Scoring::default()
            };
        }
        for (given, expected) in [
            (["1", "2", "x"], 125),
            (["1", "x", "x"], 0),
            (["x", "x", "x"], 0),
            (["1", "", ""], 100),
        ] {
            let answers = (1..)
                .zip(given)
                .map(|(n, given)| (question(n), text(given)))
                .collect();
            let grading = grade(&answers, &questions, &keys).unwrap();
            assert_eq!(grading.total(), Points(expected), "{given:?}");
        }
    }

    #[test]
    fn an_essay_stays_open_unless_it_is_blank() {
        let (questions, keys) = quiz(vec![Rule::People { sample: None }, texts(&["2"])]);
        for (essay, open) in [("An essay.", true), (" \n", false)] {
            let answers = Answers::from([(question(1), text(essay)), (question(2), text("2"))]);
            let grading = grade(&answers, &questions, &keys).unwrap();
            assert_eq!(
                (grading.is_open(), grading.total()),
                (open, Points::ONE),
                "{essay}"
            );
        }
    }
}
