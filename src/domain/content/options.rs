//! What names an option of a question.

use super::question::ChoiceOption;
use crate::kernel::ids::QuestionId;
use sha2::{Digest, Sha256};

/// Options of a question with their keys. Learners see a key, so it must not tell where the author put the option.
#[derive(Clone, Debug)]
pub struct Options {
    question: QuestionId,
    scope: String,
    /// The options in the order in which they were added.
    pub list: Vec<ChoiceOption>,
}

impl Options {
    /// None yet. The scope tells apart the lists of a question: its stems from its options, one gap from another.
    pub fn new(question: QuestionId, scope: &str) -> Self {
        Self {
            question,
            scope: scope.to_owned(),
            list: Vec::new(),
        }
    }

    /// Adds an option and returns its key.
    pub fn add(&mut self, text: String) -> String {
        let alike = self.list.iter().filter(|other| other.text == text).count();
        let hash = Sha256::new()
            .chain_update(self.question.0)
            .chain_update(alike.to_be_bytes())
            .chain_update(&self.scope)
            .chain_update(&text)
            .finalize();
        let key = hex::encode(&hash[..6]);
        self.list.push(ChoiceOption {
            key: key.clone(),
            text,
        });
        key
    }

    /// The same, where one that reads alike is the same option.
    pub fn add_once(&mut self, text: String) -> String {
        match self.list.iter().find(|other| other.text == text) {
            Some(known) => known.key.clone(),
            None => self.add(text),
        }
    }

    /// The options in the order of their keys, which is that of nothing.
    pub fn unordered(mut self) -> Vec<ChoiceOption> {
        self.list.sort_by(|a, b| a.key.cmp(&b.key));
        self.list
    }
}
