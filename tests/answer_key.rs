//! The proof that no learner reaches an answer key: a walk over the schema as it is served.
//!
//! Types that tell what is right are listed here; which fields lead to them, and which fields lead to the drafts of
//! authors, is compared with the schema, so a new way to either cannot come about unseen.

use apollo_compiler::Schema;
use apollo_compiler::schema::{ExtendedType, Implementers};
use lyceum::graphql::schema::sdl;
use std::collections::{BTreeMap, BTreeSet};

/// The types that tell what is right.
const TELL: [&str; 11] = [
    "AuthorAnswer",
    "AuthorAnswerKey",
    "CourseExport",
    "CriterionGrade",
    "OptionFeedback",
    "QuestionReview",
    "RightAnswer",
    "RightGap",
    "RightNumber",
    "RightTextRule",
    "RightUnit",
];

/// The fields that lead to one from elsewhere: each decides anew whether it may.
const DOORS: [&str; 4] = [
    "AttemptItem.review",
    "BankQuestionVersion.answerKey",
    "CourseExportPayload.export",
    "DraftQuestion.answerKey",
];

/// The types in which authors read drafts.
const DRAFTS: [&str; 15] = [
    "AssignmentContent",
    "CourseDraft",
    "DraftModule",
    "DraftQuestion",
    "DraftReview",
    "DraftTranslation",
    "DraftUnit",
    "DraftUnitContent",
    "FileContent",
    "LinkContent",
    "LiveContent",
    "QuestionPool",
    "QuizContent",
    "TextContent",
    "VideoContent",
];

/// The fields that lead to drafts from elsewhere: one that requires `courses.read_draft`, and what the mutations that
/// require `courses.update` answer.
const DRAFT_DOORS: [&str; 11] = [
    "Course.draft",
    "CourseTranslationsSetPayload.draft",
    "ModuleCreatePayload.module",
    "ModuleDeletePayload.draft",
    "ModuleMovePayload.module",
    "ModuleUpdatePayload.module",
    "UnitCreatePayload.unit",
    "UnitDeletePayload.draft",
    "UnitMovePayload.unit",
    "UnitReleaseSetPayload.unit",
    "UnitUpdatePayload.unit",
];

/// Fields beyond the types that tell, whose names sound as if they told.
const HARMLESS: [&str; 17] = [
    "AttemptItem.review",
    "BankQuestionVersion.answerKey",
    "Course.reviews",
    "CourseAccess.readAnswerKeys",
    "CourseDraft.requiresReview",
    "CourseDraft.review",
    "DraftQuestion.answerKey",
    "Mutation.courseReviewDecide",
    "Mutation.courseSubmitForReview",
    "Mutation.reviewHide",
    "Mutation.reviewRemove",
    "Mutation.reviewSet",
    "Mutation.reviewShow",
    "QuizPolicy.review",
    "ReviewHidePayload.review",
    "ReviewSetPayload.review",
    "ReviewShowPayload.review",
];

/// Every field of every type that can be answered, as `Type.field`, with the type that it leads to.
struct Walk {
    fields: BTreeMap<String, BTreeMap<String, String>>,
    roots: Vec<String>,
}

impl Walk {
    fn of(sdl: &str) -> Self {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql").unwrap();
        let implementers = schema.implementers_map();
        let mut fields: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (name, kind) in &schema.types {
            let own = fields.entry(name.to_string()).or_default();
            let declared = match kind {
                ExtendedType::Object(object) => &object.fields,
                ExtendedType::Interface(interface) => {
                    let members = implementers.get(name).into_iter().flat_map(Implementers::iter);
                    own.extend(members.map(|member| (format!("<{member}>"), member.to_string())));
                    &interface.fields
                }
                ExtendedType::Union(union) => {
                    own.extend(
                        union
                            .members
                            .iter()
                            .map(|member| (format!("<{member}>"), member.to_string())),
                    );
                    continue;
                }
                _ => continue,
            };
            own.extend(
                declared
                    .iter()
                    .map(|(field, it)| (field.to_string(), it.ty.inner_named_type().to_string())),
            );
        }
        let root = &schema.schema_definition;
        let roots = [&root.query, &root.mutation, &root.subscription];
        Self {
            fields,
            roots: roots.into_iter().flatten().map(ToString::to_string).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = (String, &str, &str)> {
        self.fields.iter().flat_map(|(from, fields)| {
            fields
                .iter()
                .map(move |(field, to)| (format!("{from}.{field}"), from.as_str(), to.as_str()))
        })
    }

    /// The fields that lead into a set of types from outside of it.
    fn doors_to(&self, types: &[&str]) -> Vec<String> {
        let crosses = |from: &str, to: &str| types.contains(&to) && !types.contains(&from);
        self.all()
            .filter(|(_, from, to)| crosses(from, to))
            .map(|(field, ..)| field)
            .collect()
    }

    /// The types that can be reached from the roots without these fields.
    fn reached_without(&self, closed: &[&str]) -> BTreeSet<&str> {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = self.roots.iter().map(String::as_str).collect();
        while let Some(name) = next.pop() {
            if reached.insert(name) {
                let fields = self.fields.get(name).into_iter().flatten();
                let open = fields.filter(|(field, _)| !closed.contains(&format!("{name}.{field}").as_str()));
                next.extend(open.map(|(_, to)| to.as_str()));
            }
        }
        reached
    }
}

#[test]
fn four_fields_lead_to_what_is_right_and_no_other() {
    assert_eq!(Walk::of(&sdl()).doors_to(&TELL), DOORS);
}

#[test]
fn authors_enter_their_drafts_by_known_fields_and_no_other() {
    assert_eq!(Walk::of(&sdl()).doors_to(&DRAFTS), DRAFT_DOORS);
}

#[test]
fn from_no_root_field_does_a_path_lead_to_what_is_right_beside_the_review() {
    let walk = Walk::of(&sdl());
    let told = |closed: &[&str]| {
        let reached = walk.reached_without(closed);
        TELL.into_iter()
            .filter(|name| reached.contains(name))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&[]), TELL, "the walk sees the doors when they are open");
    let elsewhere = ["BankQuestionVersion.answerKey", "CourseExportPayload.export"];
    let authors = [&DRAFT_DOORS[..], &elsewhere].concat();
    assert_eq!(told(&authors), TELL[3..], "learners have the review");
    assert_eq!(
        told(&[&authors[..], &["AttemptItem.review"]].concat()),
        [""; 0],
        "and nothing else"
    );
}

#[test]
fn no_other_field_has_a_name_that_tells() {
    let sounds = |field: &str| {
        let field = field.to_lowercase();
        [
            "right",
            "correct",
            "answerkey",
            "solution",
            "explanation",
            "expected",
            "review",
        ]
        .iter()
        .any(|word| field.contains(word))
    };
    let walk = Walk::of(&sdl());
    let telling = walk.all().filter(|(_, from, _)| !TELL.contains(from));
    let telling: Vec<_> = telling
        .map(|(field, ..)| field)
        .filter(|field| sounds(field.split_once('.').map_or("", |(_, name)| name)) && !field.contains('<'))
        .collect();
    assert_eq!(telling, HARMLESS);
    let points: Vec<_> = walk
        .all()
        .map(|(field, ..)| field)
        .filter(|field| field.ends_with(".points"))
        .collect();
    assert_eq!(
        points,
        [
            "AssignmentCriterion.points",
            "Attempt.points",
            "AttemptReceipt.points",
            "CriterionGrade.points",
            "QuestionReview.points",
            "QuizResult.points",
            "Submission.points"
        ],
        "no points of a single answer"
    );
}

#[test]
fn the_walk_finds_a_way_through_interfaces_and_unions() {
    let walk = Walk::of(
        "type Query { any: Thing } union Thing = A | B type A { id: ID } type B { deep: Node } \
         interface Node { id: ID } type C implements Node { id: ID key: RightAnswer } type RightAnswer { text: String }",
    );
    assert!(walk.reached_without(&[]).contains("RightAnswer"));
    assert!(!walk.reached_without(&["C.key"]).contains("RightAnswer"));
    assert_eq!(walk.doors_to(&["RightAnswer"]), ["C.key"]);
}
