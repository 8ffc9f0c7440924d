//! Parses and validates a document by `apollo-compiler`, an implementation that is independent of the
//! engine's, and puts its diagnostics into short messages that repeat at most a name.

use apollo_compiler::{
    ExecutableDocument, Schema,
    ast::Document,
    diagnostic::ToCliReport,
    parser::Parser,
    validation::{DiagnosticList, Valid},
};

use super::{
    Code, Refusal,
    position::Lines,
    refusal::{Fault, named},
};

/// Levels of the parser's own recursion; brackets are bounded before, so this never speaks first.
const RECURSION: usize = 500;

/// Parses the document.
pub(super) fn parse(source: &str, lines: &Lines<'_>) -> Result<Document, Refusal> {
    Parser::new()
        .recursion_limit(RECURSION)
        .parse_ast(source, "document")
        .map_err(|failed| refusal(Code::GraphqlParseFailed, &failed.errors, lines))
}

/// Validates the document against the schema.
pub(super) fn validate(
    schema: &Valid<Schema>,
    document: &Document,
    lines: &Lines<'_>,
) -> Result<Valid<ExecutableDocument>, Refusal> {
    document
        .to_executable_validate(schema)
        .map_err(|failed| refusal(Code::GraphqlValidationFailed, &failed.errors, lines))
}

fn refusal(code: Code, diagnostics: &DiagnosticList, lines: &Lines<'_>) -> Refusal {
    // Without a field that does not exist its parent looks empty, which is not worth telling.
    let kind = |name: Option<&str>| {
        diagnostics
            .iter()
            .any(|other| other.error.unstable_error_name() == name)
    };
    let echo = kind(Some("UndefinedField")).then_some("MissingSubselection");
    let told = diagnostics
        .iter()
        .filter(|diagnostic| echo.is_none() || diagnostic.error.unstable_error_name() != echo);
    let faults = told.take(Refusal::FAULTS).map(|diagnostic| {
        let message = match diagnostic.error.unstable_error_name() {
            // Its message repeats a string of the document.
            Some("DuplicateDeferLabel") => "Labels of `@defer` must differ.".to_owned(),
            _ => sentence(&diagnostic.error.to_string()),
        };
        let location = diagnostic.error.location().map(|span| lines.of(Some(span)));
        Fault { message, location }
    });
    Refusal::of(code, faults.collect()).unwrap_or_else(|| Refusal::new(code, "The document is not valid."))
}

/// Makes a sentence of a diagnostic and cuts its names.
fn sentence(diagnostic: &str) -> String {
    let mut sentence = String::with_capacity(diagnostic.len().min(256) + 1);
    for (at, part) in diagnostic.split('`').enumerate().take(16) {
        if at % 2 == 1 {
            sentence.push_str(&named(part));
        } else {
            sentence.extend(part.chars().take(200));
        }
    }
    let first = sentence.remove(0).to_ascii_uppercase();
    sentence.insert(0, first);
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_become_sentences_with_short_names() {
        assert_eq!(
            sentence("type `Query` does not have a field `x`"),
            "Type `Query` does not have a field `x`."
        );
        assert!(sentence(&format!("field `{}` is odd", "x".repeat(90_000))).len() < 100);
        assert!(sentence(&"x".repeat(90_000)).len() < 300);
    }
}
