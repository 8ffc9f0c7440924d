//! What stands in front of the GraphQL engine on every transport: it bounds, validates, prices and plans a
//! document.
//!
//! ```text
//! source ─ lexer ─ parse ─ measure ─ validate ─ compile ──▶ Prepared   once per document, cached by its hash
//!                                    variables ─ coerce ─ lower ──▶ Admitted   once per request
//!                                                       engine ─ complete ──▶ answer
//! ```
//!
//! Invariants: no parser sees a document that is longer or deeper than its bounds; work is linear in the
//! document before fragments are known to expand to a bounded number of nodes; a document that passes is
//! valid by the specification (October 2021 with `@oneOf`); refusals never repeat the document. Nothing here
//! knows a noun.

mod coerce;
mod collect;
mod compile;
mod complete;
mod cost;
mod lexer;
mod limits;
mod literal;
mod lower;
mod measure;
mod operation;
mod position;
mod refusal;
#[cfg(test)]
mod tests;
mod types;
mod validate;

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::Schema;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

pub use coerce::ScalarCheck;
pub use complete::Completion;
pub use limits::DocumentLimits;
pub use operation::{Admitted, Kind, Operation, Prepared};
pub use refusal::{Code, Excess, Fault, Refusal};

use types::Types;

/// SHA-256 of a document's text, as persisted documents use it too.
pub type DocumentHash = [u8; 32];

/// What all operations of a schema share.
#[derive(Debug)]
struct Rules {
    types: Arc<Types>,
    limits: DocumentLimits,
    scalars: HashMap<String, ScalarCheck>,
}

/// Prepares documents for one schema.
#[derive(Debug)]
pub struct Front {
    rules: Arc<Rules>,
    known: Cache<DocumentHash, Result<Arc<Prepared>, Arc<Refusal>>>,
}

impl Front {
    /// Makes a front for the schema as the engine exports it, and says what is wrong when that is not valid.
    pub fn new(sdl: &str, limits: DocumentLimits) -> Result<Self, String> {
        let schema = Schema::builder()
            .ignore_builtin_redefinitions()
            .parse(sdl, "schema.graphql")
            // The validator's built-in types are those of October 2021; the engine answers this field too.
            .parse("extend type __Type { isOneOf: Boolean }", "introspection.graphql")
            .build()
            .map_err(|failed| failed.errors.to_string())?;
        let schema = schema.validate().map_err(|failed| failed.errors.to_string())?;
        let known = Cache::builder()
            .max_capacity(limits.cache_bytes)
            .weigher(|_, entry| weight(entry))
            .build();
        let rules = Rules {
            types: Types::new(schema),
            limits,
            scalars: HashMap::new(),
        };
        Ok(Self {
            rules: Arc::new(rules),
            known,
        })
    }

    /// Checks the values of a custom scalar in variables and literals, so that a wrong one is refused before
    /// execution.
    #[must_use]
    pub fn with_scalar(mut self, name: &str, check: ScalarCheck) -> Self {
        if let Some(rules) = Arc::get_mut(&mut self.rules) {
            rules.scalars.insert(name.to_owned(), check);
        }
        self
    }

    /// Gives the prepared document, from memory when it was seen before.
    ///
    /// # Errors
    /// A refusal when the document exceeds a bound, is not GraphQL or does not fit the schema.
    pub fn prepare(&self, source: &str) -> Result<Arc<Prepared>, Refusal> {
        lexer::check_length(source, &self.rules.limits)?;
        let hash = Sha256::digest(source.as_bytes()).into();
        let known = self.known.get(&hash).unwrap_or_else(|| {
            let made = Prepared::new(&self.rules, source, hash)
                .map(Arc::new)
                .map_err(Arc::new);
            self.known.insert(hash, made.clone());
            made
        });
        known.map_err(Arc::unwrap_or_clone)
    }

    /// Gives a prepared document by its hash when it is in memory.
    pub fn recall(&self, hash: &DocumentHash) -> Option<Arc<Prepared>> {
        self.known.get(hash)?.ok()
    }

    /// The bounds that hold.
    pub fn limits(&self) -> &DocumentLimits {
        &self.rules.limits
    }
}

/// Estimates the memory of an entry in bytes.
fn weight(entry: &Result<Arc<Prepared>, Arc<Refusal>>) -> u32 {
    const ENTRY: usize = 512;
    const PER_BYTE: usize = 24;
    let bytes = entry
        .as_ref()
        .map_or(0, |prepared| prepared.source_bytes() * PER_BYTE);
    u32::try_from(ENTRY + bytes).unwrap_or(u32::MAX)
}
