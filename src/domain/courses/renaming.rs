//! A question of a document under another identity.
//!
//! The key of an option follows from its question's identity and from what it says, so a question that gets another identity gets the
//! keys that it would have if its author had written it here. Keys, and the orders that follow from them, tell nothing then,
//! whoever made the document.

use super::draft_units::NewQuestion;
use crate::domain::content::options::Options;
use crate::domain::content::{
    Answer, AnswerKey, ChoiceOption, GapKind, GapPrompt, GapRule, QuestionKind, QuestionPrompt, Rule,
};
use crate::kernel::ids::QuestionId;
use std::collections::{BTreeMap, BTreeSet};

/// Gives a question another identity. Says why where prompt and answer key do not belong together, or no author could have
/// written them.
pub(super) fn renamed(
    id: QuestionId,
    prompt: &QuestionPrompt,
    key: &AnswerKey,
) -> Result<NewQuestion, &'static str> {
    if !key.suits(prompt.kind) {
        return Err("The answer key is one of another kind of question.");
    }
    if !is_of_its_kind(prompt) {
        return Err("It has parts that only other kinds of questions have, or has not what its kind has.");
    }
    let (mut prompt, mut key) = (prompt.clone(), key.clone());
    if rename(id, &mut prompt, &mut key).is_none() {
        return Err(
            "What is right, or said of options, is not about its options, items, stems and gaps, each of which has a key of its own.",
        );
    }
    Ok(NewQuestion {
        id,
        replaces: false,
        prompt,
        key,
        external_id: None,
    })
}

/// Whether a question has the parts of its kind and no others.
fn is_of_its_kind(prompt: &QuestionPrompt) -> bool {
    use QuestionKind as Kind;
    let kind = prompt.kind;
    let has_options = matches!(
        kind,
        Kind::SingleChoice | Kind::MultipleChoice | Kind::Ordering | Kind::Matching
    );
    prompt.program.is_some() == (kind == Kind::ProgramTracing)
        && (has_options || prompt.options.is_empty())
        && (kind == Kind::Matching || prompt.stems.is_empty())
        && (kind == Kind::Cloze || prompt.gaps.is_empty())
        && (kind == Kind::Numeric || prompt.units.is_empty())
        && (kind == Kind::Essay || prompt.rubric.is_empty())
}

/// The new keys of options by those that they had.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// Gives options new keys, each one of its own; nothing where two had the same.
    fn give(&mut self, mut new: Options, old: &[ChoiceOption]) -> Option<Options> {
        for option in old {
            let key = new.add(option.text.clone());
            self.note(&option.key, key)?;
        }
        Some(new)
    }

    /// The same, where options that read alike are one.
    fn give_once(&mut self, mut new: Options, old: &[ChoiceOption]) -> Option<Options> {
        for option in old {
            let key = new.add_once(option.text.clone());
            self.note(&option.key, key)?;
        }
        Some(new)
    }

    fn note(&mut self, old: &str, new: String) -> Option<()> {
        self.0.insert(old.to_owned(), new).is_none().then_some(())
    }

    fn of(&self, old: &str) -> Option<String> {
        self.0.get(old).cloned()
    }
}

/// Renames what a question offers, and with it what is right; nothing where the one does not fit the other.
fn rename(id: QuestionId, prompt: &mut QuestionPrompt, key: &mut AnswerKey) -> Option<()> {
    use QuestionKind as Kind;
    let options = |scope: &str| Options::new(id, scope);
    // What something may be said of when review opens.
    let mut names = Names::default();
    let rule = match (prompt.kind, &key.rule) {
        (Kind::SingleChoice | Kind::MultipleChoice, Rule::Right(right)) => {
            let [Answer::Choice(right)] = right.as_slice() else {
                return None;
            };
            prompt.options = names.give(options(""), &prompt.options)?.list;
            let right: Option<BTreeSet<String>> = right.iter().map(|key| names.of(key)).collect();
            Rule::Right(vec![Answer::Choice(right?)])
        }
        (Kind::TrueFalse, Rule::Right(right)) if right.len() == 1 => {
            for answer in ["true", "false"] {
                names.note(answer, answer.to_owned())?;
            }
            key.rule.clone()
        }
        (Kind::ProgramTracing, Rule::Right(right)) if right.len() == 1 => key.rule.clone(),
        (Kind::Numeric, Rule::Number(rule)) => {
            let units = rule.units.iter().map(|unit| &unit.name);
            prompt.units.iter().eq(units).then(|| key.rule.clone())?
        }
        (Kind::Ordering, Rule::Order(order)) => {
            let mut items = Names::default();
            let new = items.give(options("item"), &prompt.options)?;
            let order: Option<Vec<String>> = order.iter().map(|key| items.of(key)).collect();
            let order = order?;
            let places: BTreeSet<&String> = order.iter().collect();
            if places.len() != order.len() || order.len() != prompt.options.len() {
                return None;
            }
            prompt.options = new.unordered();
            prompt.shuffle_options = true;
            Rule::Order(order)
        }
        (Kind::Matching, Rule::Pairs(pairs)) => {
            let (mut stems, mut others) = (Names::default(), Names::default());
            let new_stems = stems.give(options("stem"), &prompt.stems)?;
            let new_options = others.give_once(options("option"), &prompt.options)?;
            let pairs: Option<BTreeMap<String, String>> = pairs
                .iter()
                .map(|(stem, option)| Some((stems.of(stem)?, others.of(option)?)))
                .collect();
            let pairs = pairs.filter(|pairs| pairs.len() == prompt.stems.len())?;
            prompt.stems = new_stems.list;
            prompt.options = new_options.unordered();
            prompt.shuffle_options = true;
            Rule::Pairs(pairs)
        }
        (Kind::Cloze, Rule::Gaps(rules)) => {
            let mut renamed = BTreeMap::new();
            for gap in &mut prompt.gaps {
                let rule = rules.get(&gap.key)?;
                let rule = rename_gap(id, gap, rule, &mut names)?;
                renamed.insert(gap.key.clone(), rule);
            }
            let is_whole = renamed.len() == prompt.gaps.len() && renamed.len() == rules.len();
            is_whole.then_some(Rule::Gaps(renamed))?
        }
        (Kind::Essay, Rule::People { .. }) => {
            let mut titles = options("criterion");
            for criterion in &mut prompt.rubric {
                criterion.key = titles.add(criterion.title.clone());
            }
            key.rule.clone()
        }
        (Kind::ShortText, Rule::Texts(_)) => key.rule.clone(),
        _ => return None,
    };
    let feedback: Option<BTreeMap<String, String>> = key
        .feedback
        .iter()
        .map(|(option, text)| Some((names.of(option)?, text.clone())))
        .collect();
    key.feedback = feedback?;
    key.rule = rule;
    Some(())
}

fn rename_gap(id: QuestionId, gap: &mut GapPrompt, rule: &GapRule, names: &mut Names) -> Option<GapRule> {
    match (gap.kind, rule) {
        (GapKind::Text, GapRule::Text(_)) if gap.options.is_empty() && gap.units.is_empty() => {
            Some(rule.clone())
        }
        (GapKind::Number, GapRule::Number(number)) if gap.options.is_empty() => {
            let units = number.units.iter().map(|unit| &unit.name);
            gap.units.iter().eq(units).then(|| rule.clone())
        }
        (GapKind::Choice, GapRule::Choice(right)) if gap.units.is_empty() => {
            let new = names.give(Options::new(id, &gap.key), &gap.options)?;
            let is_own = gap.options.iter().any(|option| option.key == *right);
            let right = names.of(right).filter(|_| is_own)?;
            gap.options = new.unordered();
            Some(GapRule::Choice(right))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{AnswerKeys, Content, UnitContent};
    use serde_json::{Value, json};
    use uuid::Uuid;

    const CONTENT: &str = include_str!("../content/fixtures/format_3.json");
    const KEYS: &str = include_str!("../content/fixtures/format_3_keys.json");

    /// One question of each kind, with its key.
    fn questions() -> Vec<(QuestionPrompt, AnswerKey)> {
        let content: Content = serde_json::from_str(CONTENT).unwrap();
        let keys: AnswerKeys = serde_json::from_str(KEYS).unwrap();
        let units = content.modules.iter().flat_map(|module| &module.units);
        let questions = units.flat_map(UnitContent::questions);
        questions
            .map(|(id, prompt)| (prompt.clone(), keys.0[id].clone()))
            .collect()
    }

    fn id(number: u128) -> QuestionId {
        QuestionId(Uuid::from_u128(number))
    }

    /// A question with the texts of its options in the place of their keys, in the order of the texts.
    fn plain(prompt: &QuestionPrompt, key: &AnswerKey) -> Value {
        let mut text = json!([prompt, key]).to_string();
        let offered = prompt.options.iter().chain(&prompt.stems);
        let offered = offered.chain(prompt.gaps.iter().flat_map(|gap| &gap.options));
        let criteria = prompt
            .rubric
            .iter()
            .map(|criterion| (&criterion.key, &criterion.title));
        for (key, said) in offered.map(|option| (&option.key, &option.text)).chain(criteria) {
            text = text.replace(&format!("\"{key}\""), &format!("\"of {said}\""));
        }
        let mut value: Value = serde_json::from_str(&text).unwrap();
        sort(&mut value);
        value
    }

    fn sort(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(sort),
            Value::Object(members) => {
                for (name, member) in members {
                    sort(member);
                    if let (true, Value::Array(items)) = (name == "options" || name == "choice", member) {
                        items.sort_by_key(ToString::to_string);
                    }
                }
            }
            _ => {}
        }
    }

    #[test]
    fn a_question_of_any_kind_stays_the_same_but_for_the_keys_of_its_options() {
        let questions = questions();
        let kinds: BTreeSet<&str> = questions.iter().map(|(prompt, _)| prompt.kind.as_str()).collect();
        assert_eq!(kinds.len(), 10, "{kinds:?}");
        for (prompt, key) in questions {
            let new = renamed(id(1), &prompt, &key).unwrap_or_else(|why| panic!("{}: {why}", prompt.text));
            assert_eq!(plain(&new.prompt, &new.key), plain(&prompt, &key));
            let again = renamed(id(1), &new.prompt, &new.key).unwrap();
            assert_eq!(
                (&again.prompt, &again.key),
                (&new.prompt, &new.key),
                "keys follow from identities"
            );
            let other = renamed(id(2), &prompt, &key).unwrap();
            assert_eq!(
                other.prompt == new.prompt,
                !plain(&prompt, &key).to_string().contains("\"of ")
            );
        }
    }

    #[test]
    fn a_key_that_is_about_something_else_is_refused() {
        for (prompt, key) in questions() {
            let is_refused = |prompt: &QuestionPrompt, key: &AnswerKey| renamed(id(1), prompt, key).is_err();
            let mut said = key.clone();
            said.feedback
                .insert("nothing".to_owned(), "Said of nothing.".to_owned());
            assert!(is_refused(&prompt, &said), "{}", prompt.text);
            for (other, foreign) in questions() {
                let suits = foreign.suits(prompt.kind);
                assert!(
                    suits || is_refused(&prompt, &foreign),
                    "{} with the key of {}",
                    prompt.text,
                    other.text
                );
            }
            let (mut doubled, mut emptied) = (prompt.clone(), prompt.clone());
            doubled.options.extend(prompt.options.clone());
            doubled.stems.extend(prompt.stems.clone());
            doubled.gaps.extend(prompt.gaps.clone());
            emptied.options.clear();
            emptied.stems.clear();
            emptied.gaps.clear();
            for other in [doubled, emptied] {
                assert!(other == prompt || is_refused(&other, &key), "{other:?}");
            }
        }
    }
}
