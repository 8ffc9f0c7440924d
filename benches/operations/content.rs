//! The content of a course that is measured: 5 modules of five texts of 2 kB and a quiz, of five questions and in the last of fifty.

use lyceum::domain::content::{
    Answer, AnswerKey, AnswerKeys, ChoiceOption, CompletionRule, Content, ModuleContent, QuestionKind,
    QuestionPrompt, QuizPolicy, Rule, Translations, UnitBody, UnitContent,
};
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{ModuleId, QuestionId, UnitId};

const MODULES: usize = 5;
const TEXTS: usize = 5;
const QUESTIONS: usize = 5;
const QUESTIONS_OF_LAST: usize = 50;

/// The content of a course with this title.
pub fn content(clock: &Clock, title: String) -> Content {
    Content {
        title,
        summary: "What this course is about, in a sentence or two that a catalogue shows.".to_owned(),
        completion_rule: CompletionRule::AllUnits,
        completion_percent: None,
        language: None,
        translations: Translations::default(),
        modules: (0..MODULES).map(|number| module(clock, number)).collect(),
    }
}

fn module(clock: &Clock, number: usize) -> ModuleContent {
    let text = "A paragraph of a text that a learner reads, with *emphasis* and `code` in it.\n\n".repeat(25);
    let mut units: Vec<UnitContent> = (0..TEXTS)
        .map(|unit| UnitContent {
            id: UnitId(clock.uuid()),
            title: format!("Text {unit} of module {number}"),
            release: Vec::new(),
            translations: Translations::default(),
            is_required: true,
            body: UnitBody::Text(text.clone().into()),
        })
        .collect();
    let questions = if number + 1 == MODULES {
        QUESTIONS_OF_LAST
    } else {
        QUESTIONS
    };
    units.push(UnitContent {
        id: UnitId(clock.uuid()),
        title: format!("Quiz of module {number}"),
        release: Vec::new(),
        translations: Translations::default(),
        is_required: true,
        body: UnitBody::Quiz {
            policy: QuizPolicy::default(),
            questions: (0..questions).map(|number| question(clock, number)).collect(),
            pools: Vec::new(),
        },
    });
    ModuleContent {
        id: ModuleId(clock.uuid()),
        title: format!("Module {number}"),
        part: None,
        translations: Translations::default(),
        units,
    }
}

/// A single choice of four options.
pub fn question(clock: &Clock, number: usize) -> (QuestionId, QuestionPrompt) {
    let option = |key: &str| ChoiceOption {
        key: key.to_owned(),
        text: format!("Option {key} of question {number}"),
    };
    let text = format!("Which is right, in question {number}?");
    let prompt = QuestionPrompt {
        options: ["o1", "o2", "o3", "o4"].map(option).into(),
        ..QuestionPrompt::new(QuestionKind::SingleChoice, text)
    };
    (QuestionId(clock.uuid()), prompt)
}

/// The quizzes of a course, each with the ids of its questions.
pub fn quizzes(content: &Content) -> Vec<(UnitId, Vec<QuestionId>)> {
    let units = content.modules.iter().flat_map(|module| &module.units);
    units
        .filter_map(|unit| match &unit.body {
            UnitBody::Quiz { questions, .. } => {
                Some((unit.id, questions.iter().map(|(id, _)| *id).collect()))
            }
            _ => None,
        })
        .collect()
}

/// The answer keys of a course: the second option is always right.
pub fn answer_keys(content: &Content) -> AnswerKeys {
    let key = right("o2");
    let questions = quizzes(content).into_iter().flat_map(|(_, questions)| questions);
    AnswerKeys(questions.map(|question| (question, key.clone())).collect())
}

/// The key by which one option is right.
pub fn right(option: &str) -> AnswerKey {
    AnswerKey {
        explanation: Some("Because it is so.".to_owned()),
        ..AnswerKey::new(Rule::Right(vec![chosen(option)]))
    }
}

/// The answer that one option was chosen.
pub fn chosen(option: &str) -> Answer {
    Answer::Choice([option.to_owned()].into())
}
