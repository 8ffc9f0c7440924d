//! Points for the answers of an attempt.

use crate::domain::content::{Answer, AnswerKeys};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::QuestionId;
use std::collections::BTreeMap;

/// The saved answers of an attempt, by question.
pub type Answers = BTreeMap<QuestionId, Answer>;

/// What an attempt earned, answer by answer. A question without an answer earns nothing and is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grading {
    /// The questions that were answered.
    pub questions: Vec<QuestionId>,
    /// The points of each.
    pub points: Vec<i32>,
}

impl Grading {
    /// Points in all.
    pub fn total(&self) -> i32 {
        self.points.iter().sum()
    }

    /// Whether nothing was answered.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }
}

/// Grades saved answers by the answer keys of their revision.
pub fn grade(answers: &Answers, keys: &AnswerKeys) -> Result<Grading> {
    let mut grading = Grading::default();
    for (question, answer) in answers {
        let key = keys.0.get(question);
        let key = key.ok_or_else(|| Error::internal(format!("question {} has no answer key", question.0)))?;
        grading.questions.push(*question);
        grading.points.push(key.grade(answer));
    }
    Ok(grading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::AnswerKey;
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

    fn keys(rights: Vec<Vec<Answer>>) -> AnswerKeys {
        let keys = (1..).zip(rights).map(|(n, right)| {
            (
                question(n),
                AnswerKey {
                    right,
                    explanation: None,
                },
            )
        });
        AnswerKeys(keys.collect())
    }

    #[test]
    fn each_right_answer_earns_one_point_and_a_missing_one_nothing() {
        let keys = keys(vec![
            vec![choice("a")],
            vec![choice("bc")],
            vec![text("42")],
            vec![choice("")],
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
        for (given, points) in cases {
            let answers = given
                .iter()
                .map(|(n, answer)| (question(*n), answer.clone()))
                .collect();
            let grading = grade(&answers, &keys).unwrap();
            assert_eq!(grading.points, points, "{given:?}");
            assert_eq!(grading.total(), points.iter().sum::<i32>());
            assert_eq!(grading.is_empty(), given.is_empty());
        }
    }

    #[test]
    fn any_one_of_several_right_answers_earns_the_point() {
        let keys = keys(vec![
            vec![text("colour"), text("color")],
            vec![choice("a"), choice("ab")],
            vec![traced(true, Some("1"), None), traced(false, None, Some(2))],
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
        for (n, answer, points) in cases {
            let grading = grade(&Answers::from([(question(n), answer.clone())]), &keys).unwrap();
            assert_eq!(grading.points, [points], "{answer:?}");
        }
    }

    #[test]
    fn an_answer_without_a_key_is_a_fault_of_ours_and_no_grade() {
        let answers = Answers::from([(question(9), text("x"))]);
        assert_eq!(
            grade(&answers, &AnswerKeys::default()).unwrap_err().code(),
            "INTERNAL_SERVER_ERROR"
        );
    }
}
