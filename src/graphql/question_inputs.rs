//! Questions as authors write them.

use super::support::mutation::key;
use crate::domain::content::number::{NumberRule, Tolerance, Unit};
use crate::domain::content::options::Options;
use crate::domain::content::text_rule::TextRule;
use crate::domain::content::{
    Answer, AnswerKey, Criterion, GapKind, GapPrompt, GapRule, PartialCredit, Points, QuestionKind,
    QuestionPrompt, Rule, Scoring,
};
use crate::domain::courses::draft_units::NewQuestion;
use crate::domain::courses::unit_faults::path_of_id;
use crate::domain::refusal::Refusal;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{OrgId, QuestionId, QuestionKey};
use async_graphql::{ID, InputObject, OneofObject};
use std::collections::BTreeSet;

/// A question as its author writes it.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionInput {
    /// The question of the same quiz that this one replaces, so that it keeps its identity; a new one where it is left out.
    pub id: Option<ID>,
    /// What is asked, Markdown. A cloze has each gap's key in it, in double brackets: `[[key]]`.
    pub text: String,
    /// How it is answered, with what is right.
    pub answer: QuestionAnswerInput,
    /// Why it is right, Markdown; shown when review opens.
    pub explanation: Option<String>,
    /// Points for a right answer, 0.01 to 1000.
    #[graphql(default_with = "Points::ONE")]
    pub points: Points,
    /// What an answer earns that is right in part.
    #[graphql(default_with = "PartialCredit::AllOrNothing")]
    pub partial_credit: PartialCredit,
    /// What a wrong answer costs at most, up to `points`. Nothing answered costs nothing, and an attempt has never less than
    /// 0 points in all.
    #[graphql(default_with = "Points::ZERO")]
    pub penalty: Points,
}

/// How a question is answered: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum QuestionAnswerInput {
    /// By one of several options.
    SingleChoice(ChoiceQuestionInput),
    /// By any number of several options.
    MultipleChoice(ChoiceQuestionInput),
    /// By saying whether the text is true.
    TrueFalse(TrueFalseQuestionInput),
    /// By a short text.
    ShortText(ShortTextQuestionInput),
    /// By a number.
    Numeric(NumericQuestionInput),
    /// By putting items in order.
    Ordering(OrderingQuestionInput),
    /// By finding what belongs together.
    Matching(MatchingQuestionInput),
    /// By filling the gaps of the text.
    Cloze(ClozeQuestionInput),
    /// By a text that people grade.
    Essay(EssayQuestionInput),
    /// By tracing a program.
    ProgramTracing(ProgramTracingInput),
}

/// The options of a choice question.
#[derive(Clone, Debug, InputObject)]
pub struct ChoiceQuestionInput {
    /// The options, at least two.
    pub options: Vec<ChoiceOptionInput>,
    /// Whether each attempt shows them in an order of its own.
    #[graphql(default = true)]
    pub shuffle: bool,
}

/// An option of a choice question.
#[derive(Clone, Debug, InputObject)]
pub struct ChoiceOptionInput {
    /// What the learner reads, Markdown.
    pub text: String,
    /// Whether it belongs to the right answer.
    pub is_right: bool,
    /// What is said of it, Markdown; shown when review opens.
    pub feedback: Option<String>,
}

/// A question whose text is true or false.
#[derive(Clone, Debug, InputObject)]
pub struct TrueFalseQuestionInput {
    /// Whether it is true.
    pub is_true: bool,
    /// What is said of the answer that it is true, Markdown; shown when review opens.
    pub feedback_if_true: Option<String>,
    /// What is said of the answer that it is false, Markdown; shown when review opens.
    pub feedback_if_false: Option<String>,
}

/// A question or a gap that a short text answers. Surrounding blanks and code marks do not matter.
#[derive(Clone, Debug, InputObject)]
pub struct ShortTextQuestionInput {
    /// The texts that count as right, at most 100.
    pub accepted: Vec<String>,
    /// Whether `*` in an accepted text stands for any run of characters, and `\\*` for the character.
    #[graphql(default)]
    pub wildcards: bool,
    /// Whether case matters.
    #[graphql(default)]
    pub case_sensitive: bool,
    /// Whether a text counts as right without its accents, and with others.
    #[graphql(default)]
    pub fold_accents: bool,
}

/// A question or a gap that a number answers. Numbers are compared exactly, without rounding.
#[derive(Clone, Debug, InputObject)]
pub struct NumericQuestionInput {
    /// The right number: a decimal number of at most 40 digits, such as -1.5 or 6.02e23.
    pub value: String,
    /// How far from it is still right; only the number itself where this is left out.
    pub tolerance: Option<ToleranceInput>,
    /// The units in which it may be answered, at most 50. An answer names one of them, if there are any.
    #[graphql(default)]
    pub units: Vec<UnitInput>,
}

/// How far from the right number is still right: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum ToleranceInput {
    /// By so much at most, a decimal number in the unit of the right number.
    Absolute(String),
    /// By this share of the right number at most: 0.01 is a hundredth.
    Relative(String),
}

/// A unit in which a number may be answered.
#[derive(Clone, Debug, InputObject)]
pub struct UnitInput {
    /// How it is written, 1 to 50 characters.
    pub name: String,
    /// What a number in it is multiplied by to be in the unit of the right number: a decimal number above 0.
    pub factor: String,
}

/// Items to put in order.
#[derive(Clone, Debug, InputObject)]
pub struct OrderingQuestionInput {
    /// The items in the right order, Markdown: 2 to 100, no two alike. Each attempt shows them in an order of its own.
    pub items: Vec<String>,
}

/// What belongs together.
#[derive(Clone, Debug, InputObject)]
pub struct MatchingQuestionInput {
    /// Stems, each with the option that belongs to it: 2 to 100. Options that read alike are one.
    pub pairs: Vec<MatchingPairInput>,
    /// Options that belong to no stem.
    #[graphql(default)]
    pub others: Vec<String>,
}

/// A stem with the option that belongs to it.
#[derive(Clone, Debug, InputObject)]
pub struct MatchingPairInput {
    /// The stem, Markdown.
    pub stem: String,
    /// The option, Markdown.
    pub option: String,
}

/// The gaps of a text.
#[derive(Clone, Debug, InputObject)]
pub struct ClozeQuestionInput {
    /// The gaps, 1 to 50.
    pub gaps: Vec<GapInput>,
}

/// A gap of a text.
#[derive(Clone, Debug, InputObject)]
pub struct GapInput {
    /// Its key, 1 to 50 characters, which stands once in the question's text in double brackets.
    pub key: String,
    /// What fills it.
    pub answer: GapRuleInput,
}

/// What fills a gap: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum GapRuleInput {
    /// A short text.
    Text(ShortTextQuestionInput),
    /// A number.
    Number(NumericQuestionInput),
    /// One of several options, which are shown in an order that tells nothing.
    Choice(ChoiceGapInput),
}

/// A gap that one of several options fills.
#[derive(Clone, Debug, InputObject)]
pub struct ChoiceGapInput {
    /// The options, at least two, one of them right.
    pub options: Vec<ChoiceOptionInput>,
}

/// A question that people grade.
#[derive(Clone, Debug, InputObject)]
pub struct EssayQuestionInput {
    /// What a good answer is like, Markdown; shown when review opens.
    pub sample: Option<String>,
    /// By what it is graded, at most 20 criteria, whose points come to those of the question. Learners see them from the
    /// beginning. Graded as a whole where there are none.
    #[graphql(default)]
    pub rubric: Vec<CriterionInput>,
}

/// By what people grade an answer, among other things.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "RubricCriterionInput")]
pub struct CriterionInput {
    /// What is looked at, Markdown, 1 to 500 characters; no two of a question alike.
    pub title: String,
    /// Points that it can earn, above 0.
    pub points: Points,
}

/// A program to trace, with what is right.
#[derive(Clone, Debug, InputObject)]
pub struct ProgramTracingInput {
    /// The program.
    pub program: String,
    /// Whether it compiles.
    pub compiles: bool,
    /// What it prints, if it compiles.
    pub stdout: Option<String>,
    /// The first line at fault, if it does not.
    pub line: Option<i32>,
}

impl QuestionInput {
    /// The question at a place of a quiz, as a draft of the organisation keeps it.
    pub fn into_new(self, org: OrgId, index: usize, clock: &Clock) -> Result<NewQuestion, Vec<Refusal>> {
        let Some(id) = &self.id else {
            return Ok(self.identified(QuestionId(clock.uuid())));
        };
        let path = path_of_id(index);
        let replaced: QuestionKey = key(id, &path)?;
        if replaced.course.org != org {
            return Err(vec![Refusal::not_found(&path)]);
        }
        let question = self.identified(replaced.id);
        Ok(NewQuestion {
            replaces: true,
            ..question
        })
    }

    /// The question with this identity.
    pub fn identified(self, id: QuestionId) -> NewQuestion {
        let mut question = NewQuestion {
            id,
            replaces: false,
            prompt: QuestionPrompt::new(QuestionKind::Essay, self.text),
            key: AnswerKey {
                explanation: self.explanation,
                ..AnswerKey::new(Rule::People { sample: None })
            },
            external_id: None,
        };
        question.prompt.scoring = Scoring {
            points: self.points,
            partial: self.partial_credit,
            penalty: self.penalty,
        };
        self.answer.apply(&mut question);
        question
    }
}

impl QuestionAnswerInput {
    /// Writes into a question how it is answered, and what is right.
    fn apply(self, question: &mut NewQuestion) {
        let NewQuestion { id, prompt, key, .. } = question;
        (prompt.kind, key.rule) = match self {
            Self::SingleChoice(choice) => (QuestionKind::SingleChoice, choice.apply(*id, prompt, key)),
            Self::MultipleChoice(choice) => (QuestionKind::MultipleChoice, choice.apply(*id, prompt, key)),
            Self::TrueFalse(statement) => {
                let feedback = [
                    ("true", statement.feedback_if_true),
                    ("false", statement.feedback_if_false),
                ];
                let feedback = feedback
                    .into_iter()
                    .filter_map(|(answer, text)| Some((answer.to_owned(), text?)));
                key.feedback = feedback.collect();
                (
                    QuestionKind::TrueFalse,
                    Rule::Right(vec![Answer::Truth(statement.is_true)]),
                )
            }
            Self::ShortText(text) => (QuestionKind::ShortText, Rule::Texts(text.into())),
            Self::Numeric(number) => {
                prompt.units = number.unit_names();
                (QuestionKind::Numeric, Rule::Number(number.into()))
            }
            Self::Ordering(ordering) => {
                let mut items = Options::new(*id, "item");
                let right = ordering.items.into_iter().map(|item| items.add(item)).collect();
                prompt.options = items.unordered();
                prompt.shuffle_options = true;
                (QuestionKind::Ordering, Rule::Order(right))
            }
            Self::Matching(matching) => (QuestionKind::Matching, matching.apply(*id, prompt)),
            Self::Cloze(cloze) => (QuestionKind::Cloze, cloze.apply(*id, prompt, key)),
            Self::Essay(essay) => {
                let mut titles = Options::new(*id, "criterion");
                let criterion = |input: CriterionInput| Criterion {
                    key: titles.add(input.title.clone()),
                    title: input.title,
                    max_points: input.points,
                };
                prompt.rubric = essay.rubric.into_iter().map(criterion).collect();
                (QuestionKind::Essay, Rule::People { sample: essay.sample })
            }
            Self::ProgramTracing(tracing) => {
                prompt.program = Some(tracing.program);
                let right = Answer::Tracing {
                    compiles: tracing.compiles,
                    stdout: tracing.stdout,
                    line: tracing.line,
                };
                (QuestionKind::ProgramTracing, Rule::Right(vec![right]))
            }
        };
    }
}

impl ChoiceQuestionInput {
    fn apply(self, question: QuestionId, prompt: &mut QuestionPrompt, key: &mut AnswerKey) -> Rule {
        prompt.shuffle_options = self.shuffle;
        let (options, right) = choose(Options::new(question, ""), self.options, key);
        prompt.options = options.list;
        Rule::Right(vec![Answer::Choice(right)])
    }
}

impl MatchingQuestionInput {
    fn apply(self, question: QuestionId, prompt: &mut QuestionPrompt) -> Rule {
        let (mut stems, mut options) = (Options::new(question, "stem"), Options::new(question, "option"));
        let pairs = self
            .pairs
            .into_iter()
            .map(|pair| (stems.add(pair.stem), options.add_once(pair.option)));
        let right = pairs.collect();
        for other in self.others {
            options.add_once(other);
        }
        prompt.stems = stems.list;
        prompt.options = options.unordered();
        prompt.shuffle_options = true;
        Rule::Pairs(right)
    }
}

impl ClozeQuestionInput {
    fn apply(self, question: QuestionId, prompt: &mut QuestionPrompt, key: &mut AnswerKey) -> Rule {
        let mut rules = Vec::new();
        for gap in self.gaps {
            let mut shown = GapPrompt {
                key: gap.key.clone(),
                kind: GapKind::Text,
                options: Vec::new(),
                units: Vec::new(),
            };
            let rule = match gap.answer {
                GapRuleInput::Text(text) => GapRule::Text(text.into()),
                GapRuleInput::Number(number) => {
                    shown.kind = GapKind::Number;
                    shown.units = number.unit_names();
                    GapRule::Number(number.into())
                }
                GapRuleInput::Choice(choice) => {
                    shown.kind = GapKind::Choice;
                    let (options, right) = choose(Options::new(question, &gap.key), choice.options, key);
                    shown.options = options.unordered();
                    // That it is exactly one is checked with the rest of the question.
                    let right = if right.len() == 1 {
                        right.into_iter().next()
                    } else {
                        None
                    };
                    GapRule::Choice(right.unwrap_or_default())
                }
            };
            prompt.gaps.push(shown);
            rules.push((gap.key, rule));
        }
        let text = prompt.text.clone();
        prompt
            .gaps
            .sort_by_key(|gap| text.find(&format!("[[{}]]", gap.key)));
        Rule::Gaps(rules.into_iter().collect())
    }
}

impl NumericQuestionInput {
    fn unit_names(&self) -> Vec<String> {
        self.units.iter().map(|unit| unit.name.clone()).collect()
    }
}

impl From<ShortTextQuestionInput> for TextRule {
    fn from(input: ShortTextQuestionInput) -> Self {
        Self {
            accepted: input.accepted,
            wildcards: input.wildcards,
            case_sensitive: input.case_sensitive,
            fold_accents: input.fold_accents,
        }
    }
}

impl From<NumericQuestionInput> for NumberRule {
    fn from(input: NumericQuestionInput) -> Self {
        let unit = |unit: UnitInput| Unit {
            name: unit.name,
            factor: unit.factor,
        };
        Self {
            value: input.value,
            tolerance: input.tolerance.map(|tolerance| match tolerance {
                ToleranceInput::Absolute(most) => Tolerance::Absolute(most),
                ToleranceInput::Relative(share) => Tolerance::Relative(share),
            }),
            units: input.units.into_iter().map(unit).collect(),
        }
    }
}

/// Gives each option a key, and notes what is said of it. Returns the options and the keys of the right ones.
fn choose(
    mut options: Options,
    inputs: Vec<ChoiceOptionInput>,
    key: &mut AnswerKey,
) -> (Options, BTreeSet<String>) {
    let mut right = BTreeSet::new();
    for input in inputs {
        let option = options.add(input.text);
        if input.is_right {
            right.insert(option.clone());
        }
        if let Some(feedback) = input.feedback {
            key.feedback.insert(option, feedback);
        }
    }
    (options, right)
}
