use super::*;

fn questions(text: &str) -> Vec<Question> {
    let quiz = parse("q.toml", text, "").expect("the quiz is sound");
    assert_eq!(quiz.skipped, []);
    quiz.questions.into_iter().map(|(_, question)| question).collect()
}

fn only(text: &str) -> Question {
    questions(text).remove(0)
}

fn faults(text: &str) -> Vec<String> {
    let faults = parse("q.toml", text, "").expect_err("the quiz is broken");
    faults.iter().map(ToString::to_string).collect()
}

/// A choice question with the given answer and further fields.
fn choice_text(answer: &str, more: &str) -> String {
    format!(
        "[[questions]]\nid = \"q1\"\ntype = \"MultipleChoice\"\nprompt.prompt = \"Which?\"\n\
         answer.answer = {answer}\nprompt.distractors = [\"b\", \"c\"]\n{more}\n"
    )
}

fn texts(options: &[AnswerOption]) -> Vec<&str> {
    options.iter().map(|option| option.markdown.as_str()).collect()
}

#[test]
fn one_answer_makes_a_single_choice() {
    let question = only(&choice_text(
        "\"\\n```\\na\\n```\\n\"",
        "context = \"\\nBecause.\\n\"",
    ));
    let QuestionKind::SingleChoice { options } = &question.prompt.kind else {
        panic!("{question:?}")
    };
    let AnswerKey::SingleChoice { correct } = &question.key else {
        panic!("{question:?}")
    };
    let right: Vec<_> = options
        .iter()
        .filter(|option| option.external_key == *correct)
        .collect();
    assert_eq!(right[0].markdown, "```\na\n```");
    assert_eq!((options.len(), right.len(), question.shuffle), (3, 1, true));
    assert_eq!(question.external_key, "q1");
    assert_eq!(question.explanation.as_deref(), Some("Because."));
}

#[test]
fn a_list_of_answers_makes_a_multiple_choice_even_of_one() {
    for (answer, count) in [("[\"a\", \"d\"]", 2), ("[\"a\"]", 1)] {
        let question = only(&choice_text(answer, ""));
        let AnswerKey::MultipleChoice { correct } = &question.key else {
            panic!("{question:?}")
        };
        let QuestionKind::MultipleChoice { options } = &question.prompt.kind else {
            panic!("{question:?}")
        };
        assert_eq!((correct.len(), options.len()), (count, count + 2));
    }
}

#[test]
fn an_order_that_means_something_is_kept() {
    let cases = [
        ("\"a\"", "prompt.answerIndex = 0", vec!["a", "b", "c"]),
        ("\"a\"", "prompt.answerIndex = 2", vec!["b", "c", "a"]),
        (
            "[\"z\", \"a\"]",
            "prompt.answerIndex = 1",
            vec!["b", "z", "a", "c"],
        ),
        (
            "[\"d\", \"a\"]",
            "prompt.sortAnswers = true",
            vec!["a", "b", "c", "d"],
        ),
    ];
    for (answer, more, expected) in cases {
        let question = only(&choice_text(answer, more));
        let (QuestionKind::SingleChoice { options } | QuestionKind::MultipleChoice { options }) =
            &question.prompt.kind
        else {
            panic!("{question:?}")
        };
        assert_eq!(texts(options), expected, "{answer} {more}");
        assert!(!question.shuffle, "{more}");
    }
    assert!(only(&choice_text("\"a\"", "prompt.sortAnswers = false")).shuffle);
}

#[test]
fn option_keys_follow_question_and_text_but_not_order() {
    let one = only(&choice_text("\"a\"", "prompt.answerIndex = 0"));
    let other = only(&choice_text("\"a\"", "prompt.answerIndex = 2"));
    assert_eq!(one.key, other.key);
    let elsewhere = only(&choice_text("\"a\"", "").replace("q1", "q2"));
    assert_ne!(one.key, elsewhere.key);
}

#[test]
fn shuffled_options_are_listed_without_regard_to_what_is_right() {
    let one = only(&choice_text("\"a\"", ""));
    let turned = choice_text("\"b\"", "").replace("[\"b\", \"c\"]", "[\"a\", \"c\"]");
    assert_eq!(one.prompt, only(&turned).prompt);
}

#[test]
fn a_short_answer_accepts_its_alternatives() {
    let question = only(
        "[[questions]]\ntype = \"ShortAnswer\"\nprompt.prompt = \"Call it\"\nanswer.answer = \" run \"\n\
         answer.alternatives = [\"run()\", \"run\"]",
    );
    let accepted = vec!["run".to_owned(), "run()".to_owned()];
    assert_eq!(question.key, AnswerKey::ShortAnswer { accepted });
    assert_eq!(question.external_key, "q.toml:1");
    assert!(!question.shuffle);
}

#[test]
fn a_traced_program_compiles_and_prints_or_is_refused_at_a_line() {
    let text = |answer: &str| {
        format!(
            "[[questions]]\ntype = \"Tracing\"\nprompt.program = \"\"\"\nfn main() {{\n}}\n\"\"\"\n{answer}"
        )
    };
    let runs = only(&text("answer.doesCompile = true\nanswer.stdout = \"1\\n\""));
    let stdout = Some("1\n".to_owned());
    assert_eq!(
        runs.key,
        AnswerKey::Tracing {
            does_compile: true,
            stdout,
            line_number: None
        }
    );
    assert_eq!(
        runs.prompt.kind,
        QuestionKind::Tracing {
            program: "fn main() {\n}".to_owned()
        }
    );
    let refused = only(&text("answer.doesCompile = false\nanswer.lineNumber = 2"));
    assert_eq!(
        refused.key,
        AnswerKey::Tracing {
            does_compile: false,
            stdout: None,
            line_number: Some(2)
        }
    );
    assert_eq!(
        faults(&text("answer.doesCompile = false\nanswer.lineNumber = 3")),
        ["q.toml:8: `answer.lineNumber` is no line of the program, which has 2"]
    );
    let odd = parse(
        "q.toml",
        &text("answer.doesCompile = false\nanswer.stdout = \"1\""),
        "",
    );
    assert_eq!(
        odd.expect("it is sound").skipped[0].what,
        "field `questions 1.answer.stdout`"
    );
}

#[test]
fn a_shared_prompt_stands_before_the_question() {
    let text = choice_text(
        "\"a\"",
        "multipart = \"m\"\n[multipart]\nm = \"\"\"\nShared.\n\"\"\"",
    );
    assert_eq!(only(&text).prompt.markdown, "Shared.\n\nWhich?");
    assert_eq!(
        faults(&text.replace("m =", "n =")),
        ["q.toml:7: `[multipart]` has no text named `m`"]
    );
}

#[test]
fn a_field_without_a_place_is_reported() {
    let quiz = parse(
        "q.toml",
        &choice_text("\"a\"", "promptExplanation = true\n[multipart]\nm = \"x\""),
        "",
    );
    let skipped = quiz.expect("it is sound").skipped;
    let named: Vec<_> = skipped
        .iter()
        .map(|skipped| format!("{} {}", skipped.place, skipped.what))
        .collect();
    assert_eq!(
        named,
        [
            "q.toml:7 field `questions 1.promptExplanation`",
            "q.toml:9 multipart.m"
        ]
    );
}

#[test]
fn a_quiz_that_occurs_again_has_other_keys() {
    let again = parse("q.toml", &choice_text("\"a\"", ""), "~2").expect("it is sound");
    let first = only(&choice_text("\"a\"", ""));
    assert_eq!(again.questions[0].1.external_key, "q1~2");
    assert_ne!(again.questions[0].1.key, first.key);
}

#[test]
fn what_breaks_the_format_is_named_with_its_line() {
    let cases = [
        (
            String::new(),
            "q.toml:1: has no questions; begin each with `[[questions]]`",
        ),
        (
            "questions = 1".to_owned(),
            "q.toml:1: `questions` must be a list of tables, not: integer",
        ),
        (
            choice_text("[]", ""),
            "q.toml:5: `answer.answer` names no correct option",
        ),
        (
            choice_text("3", ""),
            "q.toml:5: `questions 1.answer.answer` must be a string, not: integer",
        ),
        (choice_text("\"b\"", ""), "q.toml:4: two options read alike: b"),
        (choice_text("[\" \"]", ""), "q.toml:4: an option is blank"),
        (
            choice_text("\"a\"", "prompt.answerIndex = 3"),
            "q.toml:7: `answerIndex` 3 is beyond the 2 distractors",
        ),
        (
            choice_text("\"a\"", "").replace("MultipleChoice", "Essay"),
            "q.toml:3: unknown type `Essay`: MultipleChoice, ShortAnswer and Tracing are known",
        ),
        (
            choice_text("\"a\"", "").replace("q1", ""),
            "q.toml:2: the id of a question has 1 to 255 characters",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(&text), [expected], "{text}");
    }
}

#[test]
fn every_broken_question_of_a_quiz_is_named() {
    let text = format!(
        "{}{}",
        choice_text("[]", ""),
        choice_text("4", "").replace("q1", "q2")
    );
    assert_eq!(faults(&text).len(), 2);
}

#[test]
fn a_quiz_has_at_most_five_hundred_questions() {
    let text = |count| -> String {
        (0..count)
            .map(|_| choice_text("\"a\"", "").replace("id = \"q1\"", ""))
            .collect()
    };
    assert_eq!(questions(&text(500)).len(), 500);
    assert_eq!(faults(&text(501)), ["q.toml:1: has more than 500 questions"]);
}
