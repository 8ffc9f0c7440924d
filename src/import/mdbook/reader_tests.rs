use std::collections::HashSet;

use super::super::book::{AnswerKey, Question, QuestionKind};
use super::super::testing::TempBook;
use super::*;

const QUIZ: &str =
    "[[questions]]\nid = \"q1\"\ntype = \"ShortAnswer\"\nprompt.prompt = \"?\"\nanswer.answer = \"!\"\n";

fn imported(book: &TempBook) -> Book {
    read(book.path()).expect("the book is sound")
}

fn faults(book: &TempBook) -> Vec<String> {
    read(book.path())
        .expect_err("the book is broken")
        .0
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// The modules and units of a book as lines of key and title.
fn outline(book: &Book) -> Vec<String> {
    let mut lines = Vec::new();
    for module in &book.modules {
        let part = module.part.as_deref().unwrap_or("-");
        lines.push(format!("{part} / {} = {}", module.external_key, module.title));
        lines.extend(
            module
                .units
                .iter()
                .map(|unit| format!("  {} = {}", unit.external_key, unit.title)),
        );
    }
    lines
}

/// Every external key of a book.
fn keys(book: &Book) -> Vec<String> {
    let mut keys = Vec::new();
    for module in &book.modules {
        keys.push(module.external_key.clone());
        for unit in &module.units {
            keys.push(unit.external_key.clone());
            keys.extend(questions(unit).iter().flat_map(|question| {
                let options = match &question.prompt.kind {
                    QuestionKind::SingleChoice { options } | QuestionKind::MultipleChoice { options } => {
                        options.as_slice()
                    }
                    _ => &[],
                };
                let options = options.iter().map(|option| option.external_key.clone());
                options.chain([question.external_key.clone()]).collect::<Vec<_>>()
            }));
        }
    }
    keys
}

fn questions(unit: &BookUnit) -> &[Question] {
    match &unit.body {
        UnitBody::Quiz(questions) => questions,
        UnitBody::Text(_) => &[],
    }
}

#[test]
fn a_book_becomes_modules_and_units() {
    let book = TempBook::with(
        "# Summary\n[Preface](pre.md)\n[Thanks](thanks.md)\n## First part\n- [A `b`](a.md)\n\
         \x20 - [Below](x/below.md)\n- [Later]()\n  - [There](there.md)\n- [Never]()\n## Second part\n- [C](c.md)\n\n[Glossary](end.md)\n",
        &[
            ("src/pre.md", "pre"),
            ("src/thanks.md", "thanks"),
            ("src/a.md", "# A\na\n{{#quiz ../q/1.toml}}\n## More\nb"),
            ("src/x/below.md", "{{#quiz ../../q/2.toml}}\nbelow"),
            ("src/there.md", "there"),
            ("src/c.md", "c"),
            ("src/end.md", "end"),
            ("q/1.toml", QUIZ),
            ("q/2.toml", &QUIZ.replace("q1", "q2")),
        ],
    );
    let read = imported(&book);
    assert_eq!(
        outline(&read),
        [
            "- / prefix = Introduction",
            "  pre.md#1 = Preface",
            "  thanks.md#1 = Thanks",
            "First part / a.md = A b",
            "  a.md#1 = A b",
            "  q/1.toml = Quiz: A",
            "  a.md#2 = More",
            "  q/2.toml = Quiz: Below",
            "  x/below.md#2 = Below",
            "First part / draft:Later = Later",
            "  there.md#1 = There",
            "Second part / c.md = C",
            "  c.md#1 = C",
            "- / suffix = Glossary",
            "  end.md#1 = Glossary",
        ]
    );
    let report = &read.report;
    assert_eq!(
        (report.modules, report.units, report.quizzes, report.questions),
        (5, 10, 2, 2)
    );
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.place, s.what))
        .collect();
    assert_eq!(
        skipped,
        [
            "src/SUMMARY.md:7: draft chapter \"Later\"",
            "src/SUMMARY.md:9: draft chapter \"Never\""
        ]
    );
}

#[test]
fn chapters_outside_the_list_are_named_after_the_heading_above_them() {
    let book = TempBook::with(
        "# Summary\n## Before\n[P](p.md)\n\n[Q](q.md)\n## Main\n- [A](a.md)\n## After\n[Y](y.md)\n[Z](z.md)\n",
        &["p", "q", "a", "y", "z"]
            .map(|name| (format!("src/{name}.md"), name))
            .each_ref()
            .map(|(p, t)| (p.as_str(), *t)),
    );
    assert_eq!(
        outline(&imported(&book)),
        [
            "Before / prefix = Before",
            "  p.md#1 = P",
            "  q.md#1 = Q",
            "Main / a.md = A",
            "  a.md#1 = A",
            "After / suffix = After",
            "  y.md#1 = Y",
            "  z.md#1 = Z",
        ]
    );
}

#[test]
fn a_book_says_what_it_is() {
    let book = TempBook::with("# The summary\n- [A](a.md)", &[("text/a.md", "a")]);
    book.write("text/SUMMARY.md", "# Other\n- [A](./a.md)");
    book.write(
        "book.toml",
        "[book]\nauthors = [\"Ada\", \"Bo\"]\nlanguage = \"de\"\ndescription = \"D\"\nsrc = \"text\"\n\n\
         [preprocessor.quiz]\n[preprocessor.links]\n[preprocessor.katex]\n",
    );
    let read = imported(&book);
    assert_eq!(read.title, "Other");
    assert_eq!(read.authors, ["Ada", "Bo"]);
    assert_eq!(
        (read.language.as_deref(), read.description.as_deref()),
        (Some("de"), Some("D"))
    );
    let skipped: Vec<_> = read
        .report
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.place, s.what))
        .collect();
    assert_eq!(skipped, ["book.toml:9: preprocessor `katex`"]);
    assert_eq!(outline(&read)[0], "- / a.md = A");
}

#[test]
fn a_quiz_that_occurs_twice_has_two_units_with_keys_of_their_own() {
    let choice = "[[questions]]\nid = \"q1\"\ntype = \"MultipleChoice\"\nprompt.prompt = \"?\"\nanswer.answer = \"a\"\n\
                  prompt.distractors = [\"b\"]\n";
    let book = TempBook::with(
        "- [A](a.md)\n- [B](b.md)",
        &[
            ("src/a.md", "a {{#quiz q.toml}}"),
            ("src/b.md", "b {{#quiz q.toml}}"),
            ("src/q.toml", choice),
        ],
    );
    let read = imported(&book);
    let keys = keys(&read);
    assert!(
        ["src/q.toml", "src/q.toml~2", "q1", "q1~2"]
            .iter()
            .all(|key| keys.iter().any(|k| k == key))
    );
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
}

#[test]
fn a_second_import_gives_the_same_keys_though_texts_have_changed() {
    let book = TempBook::with(
        "- [A](a.md)",
        &[("src/a.md", "a {{#quiz q.toml}} b"), ("src/q.toml", QUIZ)],
    );
    let first = imported(&book);
    book.write("src/a.md", "# New\nwords {{#quiz q.toml}}\n## And\nmore");
    book.write("src/q.toml", &QUIZ.replace('?', "Well?"));
    let second = imported(&book);
    assert_ne!(first, second);
    assert_eq!(keys(&first), keys(&second));
}

#[test]
fn every_broken_file_is_named_at_once() {
    let book = TempBook::with(
        "- [A](a.md)\n- [Gone](gone.md)\n- [Out](../../out.md)\n- [B](b.md)\n- [A again](a.md)\n",
        &[
            (
                "src/a.md",
                "{{#quiz broken.toml}} {{#quiz typo.toml}} {{#quiz typo.toml}}",
            ),
            ("src/b.md", "b {{#quiz other.toml}} {{#quiz same.toml}}"),
            ("src/broken.toml", "\n[[questions]\n"),
            ("src/typo.toml", &QUIZ.replace("ShortAnswer", "Short")),
            ("src/other.toml", QUIZ),
            ("src/same.toml", QUIZ),
        ],
    );
    let faults = faults(&book);
    let starts = [
        "src/broken.toml:2: not valid TOML: ",
        "src/typo.toml:3: unknown type `Short`",
        "src/SUMMARY.md:2: chapter `gone.md`: no such file",
        "src/SUMMARY.md:3: chapter `../../out.md`: the path leaves the book's folder",
        "src/same.toml:1: `q1` is in use already, at src/other.toml:1; each needs its own",
        "src/SUMMARY.md:5: `a.md` is in use already, at src/SUMMARY.md:1; each needs its own",
    ];
    assert_eq!(faults.len(), starts.len(), "{faults:#?}");
    for (fault, start) in faults.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault}");
    }
}

#[test]
fn a_folder_that_is_no_book_is_refused() {
    let book = TempBook::empty();
    assert_eq!(faults(&book), ["book.toml: no such file"]);
    book.write("book.toml", "title = 1");
    assert_eq!(
        faults(&book),
        ["book.toml:1: has no table `[book]`; is this the folder of an mdBook?"]
    );
    book.write("book.toml", "[book]\ntitle = 1");
    assert_eq!(
        faults(&book),
        ["book.toml:2: `book.title` must be a string, not: integer"]
    );
    book.write("book.toml", "[book]\nsrc = \"../other\"");
    assert_eq!(faults(&book), ["book.toml:2: the path leaves the book's folder"]);
    book.write("book.toml", "[book]");
    assert_eq!(faults(&book), ["src/SUMMARY.md: no such file"]);
    book.write("src/SUMMARY.md", "- [Draft]()");
    assert_eq!(
        faults(&book),
        ["src/SUMMARY.md: no chapter of the book has any text"]
    );
    let absent = read(&book.path().join("absent")).expect_err("there is no such folder");
    assert!(
        absent
            .to_string()
            .ends_with("absent: no such folder, or it cannot be read")
    );
}

#[test]
fn what_the_database_would_not_hold_is_refused_or_cut() {
    let long = "x".repeat(300);
    let book = TempBook::with(
        &format!("- [{long}](a.md)\n- [B]({long}.md)\n"),
        &[("src/a.md", "a"), (&format!("src/{}.md", "y".repeat(200)), "b")],
    );
    assert_eq!(faults(&book)[0].split(':').next(), Some("src/SUMMARY.md"));
    book.write("src/SUMMARY.md", &format!("- [{long}](a.md)"));
    let title = &imported(&book).modules[0].title;
    assert_eq!((title.chars().count(), title.ends_with("x…")), (200, true));
    book.write("src/a.md", &"a".repeat(MAX_BODY + 1));
    assert!(faults(&book)[0].starts_with("src/a.md: the text \"xxx"));
}

/// Imports a whole book of this kind where there is one beside the project.
#[test]
fn the_rust_book_is_imported_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/rust-book");
    if !folder.exists() {
        println!("skipped: there is no book at {}", folder.display());
        return;
    }
    let book = read(&folder).expect("the book is sound");
    assert_eq!(book.title, "The Rust Programming Language");
    let report = &book.report;
    assert_eq!(
        (report.modules, report.quizzes, report.questions, report.included),
        (24, 93, 222, 0)
    );
    assert_eq!((report.missing.len(), report.units), (684, 248));

    let units: Vec<_> = book.modules.iter().flat_map(|module| &module.units).collect();
    let questions: Vec<_> = units.iter().flat_map(|unit| questions(unit)).collect();
    let count = |of: fn(&AnswerKey) -> bool| questions.iter().filter(|question| of(&question.key)).count();
    assert_eq!(
        (
            count(|key| matches!(key, AnswerKey::SingleChoice { .. })),
            count(|key| matches!(key, AnswerKey::MultipleChoice { .. })),
            count(|key| matches!(key, AnswerKey::ShortAnswer { .. })),
            count(|key| matches!(key, AnswerKey::Tracing { .. })),
        ),
        (102, 39, 17, 64)
    );
    let keys = keys(&book);
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    let texts = units.iter().filter_map(|unit| match &unit.body {
        UnitBody::Text(text) => Some(text),
        UnitBody::Quiz(_) => None,
    });
    assert!(
        texts
            .clone()
            .all(|text| !text.contains("{{#") && !text.trim().is_empty())
    );
    assert_eq!(
        texts
            .map(|text| text.matches("[not included: ").count())
            .sum::<usize>(),
        684
    );
    assert_eq!(read(&folder), Ok(book));
}
