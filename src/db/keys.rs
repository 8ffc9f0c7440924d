//! How a row selects its own key: `org_id` and `id` of its table.

use super::schema::{
    account_links, api_tokens, apps, assets, attempts, audit_entries, bank_questions, bookmarks,
    certificates, course_reviews, course_revisions, courses, draft_modules, draft_units, enrollments, groups,
    invitations, learner_sessions, learning_paths, member_exports, memberships, organization_domains,
    organization_security_events, path_enrollments, policy_revisions, question_banks, roles, sso_connections,
    submissions, support_grants, survey_responses, surveys,
};
use crate::kernel::ids::{
    AccountLinkKey, ApiTokenKey, AppKey, AssetKey, AttemptKey, AuditEntryKey, BankQuestionKey, BookmarkKey,
    CertificateKey, CourseKey, CourseReviewKey, EnrollmentKey, GroupKey, InvitationKey, LearnerSessionKey,
    LearningPathKey, MemberExportKey, MemberKey, ModuleKey, OrganizationDomainKey,
    OrganizationSecurityEventKey, PathEnrollmentKey, PolicyRevisionKey, QuestionBankKey, RevisionKey,
    RoleKey, SsoConnectionKey, SubmissionKey, SupportGrantKey, SurveyKey, SurveyResponseKey, UnitKey,
};
use diesel::Selectable;
use diesel::backend::Backend;

macro_rules! select_keys {
    ($($key:ident from $table:ident;)*) => {$(
        impl<DB: Backend> Selectable<DB> for $key {
            type SelectExpression = ($table::org_id, $table::id);
            fn construct_selection() -> Self::SelectExpression {
                ($table::org_id, $table::id)
            }
        }
    )*};
}

select_keys! {
    SupportGrantKey from support_grants;
    AccountLinkKey from account_links;
    MemberExportKey from member_exports;
    OrganizationDomainKey from organization_domains;
    LearnerSessionKey from learner_sessions;
    ApiTokenKey from api_tokens;
    AppKey from apps;
    AssetKey from assets;
    AttemptKey from attempts;
    AuditEntryKey from audit_entries;
    BankQuestionKey from bank_questions;
    BookmarkKey from bookmarks;
    CertificateKey from certificates;
    CourseReviewKey from course_reviews;
    CourseKey from courses;
    EnrollmentKey from enrollments;
    LearningPathKey from learning_paths;
    PathEnrollmentKey from path_enrollments;
    GroupKey from groups;
    InvitationKey from invitations;
    MemberKey from memberships;
    OrganizationSecurityEventKey from organization_security_events;
    PolicyRevisionKey from policy_revisions;
    QuestionBankKey from question_banks;
    RevisionKey from course_revisions;
    RoleKey from roles;
    SsoConnectionKey from sso_connections;
    SubmissionKey from submissions;
    SurveyResponseKey from survey_responses;
}

macro_rules! select_content_keys {
    ($($key:ident from $table:ident;)*) => {$(
        impl<DB: Backend> Selectable<DB> for $key {
            type SelectExpression = ($table::org_id, $table::course_id, $table::id);
            fn construct_selection() -> Self::SelectExpression {
                ($table::org_id, $table::course_id, $table::id)
            }
        }
    )*};
}

select_content_keys! {
    ModuleKey from draft_modules;
    UnitKey from draft_units;
    SurveyKey from surveys;
}
