//! What the generated tests of isolation leave out, each with its reason, and what is for everybody.

/// Text columns that hold nothing that people write.
pub const TYPED: &[(&str, &str)] = &[
    ("courses.language", "a language tag"),
    ("courses.published_language", "a language tag"),
    ("draft_translations.language", "a language tag"),
    ("draft_units.quiz", "settings of fixed types"),
    ("draft_units.release_rules", "rules of fixed types"),
    ("organizations.locale", "a language tag"),
    ("published_texts.language", "a language tag"),
];

/// Root fields that answer whoever has the secret that they take, and what they show.
pub const PROOFS: &[(&str, &[&str])] = &[
    (
        "invitation",
        &[
            "InvitationPreview.emailHint",
            "InvitationPreview.organizationName",
            "InvitationPreview.roleName",
        ],
    ),
    (
        "verifyCertificate",
        &[
            "CertificateVerification.courseTitle",
            "CertificateVerification.holderName",
            "CertificateVerification.organizationName",
        ],
    ),
];

/// What is there for programs alone, and no session reaches.
pub const OF_PROGRAMS: &[&str] = &[
    "ActingAs.apiToken",
    "ActingAs.appName",
    "ActingAs.learnerSession",
    "Viewer.actingAs",
];

/// What is null unless an argument that names nothing says otherwise.
pub const OF_NUMBERS: &[&str] = &["RevisionDiff.to"];

/// What is there for operators of the platform alone.
pub const OF_OPERATORS: &[&str] = &["Viewer.supportAccess", "Viewer.supportGrants"];

/// What is told alone where five learners have answered questions of a bank.
pub const OF_MANY: &[&str] = &["Course.tagGaps"];

/// What owners are never told, since nothing of it is refused to them.
pub const OF_OTHERS: &[&str] = &[
    "GroupAccess.refusals",
    "InvitationAccess.refusals",
    "RoleAccess.refusals",
    "SurveyAccess.refusals",
];

/// What an open academy shows of its public courses to everybody: everything else shows its words to members alone.
pub const PUBLIC: &[&str] = &[
    "AssignmentCriterion.description",
    "AssignmentCriterion.title",
    "AssignmentUnit.instructions",
    "AssignmentUnit.instructionsHtml",
    "AssignmentUnit.title",
    "Caption.url",
    "Course.externalId",
    "Course.slug",
    "Course.summary",
    "Course.tags",
    "Course.summaryHtml",
    "Course.title",
    "CourseHit.excerpt",
    "FileUnit.description",
    "FileUnit.descriptionHtml",
    "FileUnit.title",
    "LinkUnit.description",
    "LinkUnit.descriptionHtml",
    "LinkUnit.title",
    "LinkUnit.url",
    "LiveUnit.description",
    "LiveUnit.descriptionHtml",
    "LiveUnit.title",
    "LocalizedText.text",
    "LocalizedText.textHtml",
    "LocalizedText.title",
    "Module.part",
    "Module.title",
    "Organization.name",
    "Organization.slug",
    "QuizUnit.title",
    "TextUnit.body",
    "TextUnit.bodyHtml",
    "TextUnit.title",
    "UnitHit.excerpt",
    "VideoUnit.title",
    "VideoUnit.transcript",
    "VideoUnit.transcriptHtml",
    "VideoUnit.videoUrl",
];
