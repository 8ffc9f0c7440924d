//! The schema: the only file that names every noun.

pub use super::api::Api;

use super::access::AccessQuery;
use super::account_link_mutations::AccountLinkMutation;
use super::account_links;
use super::accounts::AccountMutation;
use super::app_mutations::AppMutation;
use super::arranging::ArrangingMutation;
use super::assessment::{AssessmentMutation, AssessmentQuery};
use super::assets::{self, AssetMutation};
use super::audit;
use super::authoring::AuthoringMutation;
use super::catalog::CourseQuery;
use super::certificates::CertificateQuery;
use super::content::{
    AssignmentUnit, FileUnit, LinkUnit, LiveUnit, Module, QuizUnit, TextUnit, Unit, VideoUnit,
};
use super::course_exports::CourseExportMutation;
use super::course_moves::CourseMoveMutation;
use super::courses::Course;
use super::delivery::DeliveryMutations;
use super::domains::{self, DomainMutation};
use super::enrollments::EnrollmentQuery;
use super::events::{EventSubscription, cursor};
use super::groups::{self, GroupMutation};
use super::guardian_consents::GuardianConsentMutation;
use super::identities;
use super::invitation_mutations::InvitationMutation;
use super::invitations::{self, InvitationQuery};
use super::learner_session_mutations::LearnerSessionMutation;
use super::learning_path_mutations::LearningPathMutation;
use super::learning_paths;
use super::member_mutations::MemberMutation;
use super::members;
use super::offboarding::{self, OffboardingMutation};
use super::organization_mutations::OrganizationMutation;
use super::organization_query::OrganizationQuery;
use super::organization_security_events;
use super::passwords::PasswordMutation;
use super::path_enrollments;
use super::policies::{self, PolicyMutation, PolicyQuery};
use super::profiles::ProfileMutation;
use super::profiling::ProfilingMutation;
use super::progress::ProgressMutation;
use super::provider_sign_in::ProviderSignInMutation;
use super::provisioning::ProvisioningMutation;
use super::question_banks;
use super::releasing::ReleasingMutation;
use super::review_mutations;
use super::role_mutations::RoleMutation;
use super::search::SearchQuery;
use super::second_factor::SecondFactorMutation;
use super::sign_in::SignInMutation;
use super::sso::{self, SsoMutation};
use super::submission_mutations::SubmissionMutation;
use super::support::operation::Ask;
use super::support_grant_mutations::SupportGrantMutation;
use super::support_grants;
use super::surveys;
use super::transfers::TransferMutation;
use super::translations::TranslationMutation;
use super::viewer::{Viewer as Person, ViewerQuery};
use crate::domain::account_links::AccountLink;
use crate::domain::accounts::{Identity, SecurityEvent, Session};
use crate::domain::apps;
use crate::domain::assets::Asset;
use crate::domain::attempts::{self, Attempt};
use crate::domain::audit::AuditEntry;
use crate::domain::certificates::{self, Certificate};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::courses::banks::QuestionBank;
use crate::domain::domains::OrganizationDomain;
use crate::domain::enrollments::store::EnrollmentIn;
use crate::domain::enrollments::{self, Enrollment};
use crate::domain::events::Event;
use crate::domain::groups::Group;
use crate::domain::invitations::Invitation;
use crate::domain::members::Member;
use crate::domain::members::export::MemberExport;
use crate::domain::organizations::Organization;
use crate::domain::paths::{LearningPath, PathEnrollment};
use crate::domain::policies::PolicyRevision;
use crate::domain::reviews::CourseReview;
use crate::domain::roles::Role;
use crate::domain::security_events::OrganizationSecurityEvent;
use crate::domain::sso::SsoConnection;
use crate::domain::submissions::{self, Submission};
use crate::domain::support_grants::SupportGrant;
use crate::domain::surveys::{Survey, SurveyResponse};
use crate::kernel::ids::{
    AccountLinkKey, ApiTokenKey, AppKey, AssetKey, AttemptKey, AuditEntryKey, CertificateKey, CourseKey,
    CourseReviewKey, EnrollmentKey, EventKey, GroupKey, IdentityKey, InvitationKey, Key, LearnerSessionKey,
    LearningPathKey, MemberExportKey, MemberKey, ModuleKey, OrganizationDomainKey, OrganizationKey,
    OrganizationSecurityEventKey, PathEnrollmentKey, PolicyRevisionKey, QuestionBankKey, RoleKey,
    SecurityEventKey, SessionKey, SsoConnectionKey, SubmissionKey, SupportGrantKey, SurveyKey,
    SurveyResponseKey, UnitKey, UserKey, org_in, prefix,
};
use async_graphql::{
    ComplexObject, Context, ID, Interface, MergedObject, MergedSubscription, Object, SDLExportOptions,
    Schema, ValidationMode,
};
use std::sync::Arc;

/// Everything that has a global identifier (Relay Object Identification).
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The object's global identifier. Cost: 1."))]
pub enum Node {
    /// An organisation.
    Organization(Arc<Organization>),
    /// A member.
    Member(Arc<Member>),
    /// A role.
    Role(Arc<Role>),
    /// An entry of an organisation's audit.
    AuditEntry(Arc<AuditEntry>),
    /// A revision of an organisation's own policies.
    PolicyRevision(Arc<PolicyRevision>),
    /// A program that acts in an organisation.
    App(Arc<apps::App>),
    /// A token of an app.
    ApiToken(Arc<apps::ApiToken>),
    /// A session that an app opened for a learner.
    LearnerSession(Arc<apps::LearnerSession>),
    /// Leave for an operator of the platform to help.
    SupportGrant(Arc<SupportGrant>),
    /// A group.
    Group(Arc<Group>),
    /// An invitation.
    Invitation(Arc<Invitation>),
    /// A copy of what an organisation had about a member.
    MemberExport(Arc<MemberExport>),
    /// A domain that an organisation says is its own.
    OrganizationDomain(Arc<OrganizationDomain>),
    /// A proposal that an account belongs to an organisation.
    AccountLink(Arc<AccountLink>),
    /// The signed-in person.
    Viewer(Person),
    /// An open session of the signed-in person.
    Session(Arc<Session>),
    /// Something that happened to the signed-in person's account.
    SecurityEvent(Arc<SecurityEvent>),
    /// An identity of the signed-in person at a service.
    Identity(Arc<Identity>),
    /// An organisation's own provider.
    SsoConnection(Arc<SsoConnection>),
    /// Something that happened to a member's account.
    OrganizationSecurityEvent(Arc<OrganizationSecurityEvent>),
    /// A course.
    Course(Course),
    /// A module of a course.
    Module(Module),
    /// A unit to read.
    TextUnit(TextUnit),
    /// A unit to watch.
    VideoUnit(VideoUnit),
    /// A unit to keep.
    FileUnit(FileUnit),
    /// A unit that lies elsewhere.
    LinkUnit(LinkUnit),
    /// A unit to be answered.
    QuizUnit(QuizUnit),
    /// A unit to be handed in.
    AssignmentUnit(AssignmentUnit),
    /// A unit to be at.
    LiveUnit(LiveUnit),
    /// A bank of questions.
    QuestionBank(Arc<QuestionBank>),
    /// A file that somebody uploaded.
    Asset(Arc<Asset>),
    /// An enrolment.
    Enrollment(Arc<Enrollment>),
    /// An attempt at a quiz.
    Attempt(Arc<Attempt>),
    /// What was handed in for an assignment.
    Submission(Arc<Submission>),
    /// A certificate.
    Certificate(Arc<Certificate>),
    /// A review of a course.
    CourseReview(Arc<CourseReview>),
    /// What the staff of a course asks its learners.
    Survey(Arc<Survey>),
    /// What somebody answered to a survey.
    SurveyResponse(Arc<SurveyResponse>),
    /// Courses that are worked through in an order.
    LearningPath(Arc<LearningPath>),
    /// That a member follows a learning path.
    PathEnrollment(Arc<PathEnrollment>),
}

/// Finds what an identifier names by its prefix: for each key, how it is found and which node it is.
macro_rules! find_by_prefix {
    ($id:expr, $($kind:ident($key:pat) => $found:expr => $node:expr;)*) => {
        match prefix($id) {
            $(Some($kind::PREFIX) => match $kind::parse($id) {
                Some($key) => $found.map($node),
                None => None,
            },)*
            _ => None,
        }
    };
}

/// Finds what an identifier names, if the viewer may see it.
async fn find_node(ctx: &Context<'_>, id: &str) -> crate::kernel::error::Result<Option<Node>> {
    let found = find_by_type(ctx, id).await?;
    Ok(match org_in(id) {
        Some(org) => ctx.seen(org, found),
        None => found,
    })
}

async fn find_by_type(ctx: &Context<'_>, id: &str) -> crate::kernel::error::Result<Option<Node>> {
    let (reader, viewer) = (&ctx.reader(), ctx.viewer());
    let myself = |key: UserKey| Person::current(ctx).filter(|person| person.key() == key);
    let unit = |unit| match unit {
        Unit::Text(text) => Node::TextUnit(text),
        Unit::Video(video) => Node::VideoUnit(video),
        Unit::File(file) => Node::FileUnit(file),
        Unit::Link(link) => Node::LinkUnit(link),
        Unit::Quiz(quiz) => Node::QuizUnit(quiz),
        Unit::Assignment(assignment) => Node::AssignmentUnit(assignment),
        Unit::Live(live) => Node::LiveUnit(live),
    };
    Ok(find_by_prefix! { id,
        OrganizationKey(key) => ctx.fetch(key).await? => Node::Organization;
        MemberKey(key) => members::find(ctx, key).await? => Node::Member;
        RoleKey(key) => ctx.fetch(key).await? => Node::Role;
        AppKey(key) => super::apps::find(ctx, key.org, key).await? => Node::App;
        ApiTokenKey(key) => super::apps::find(ctx, key.org, key).await? => Node::ApiToken;
        LearnerSessionKey(key) => super::apps::find_session(ctx, key).await? => Node::LearnerSession;
        SupportGrantKey(key) => support_grants::find(ctx, key).await? => Node::SupportGrant;
        AuditEntryKey(key) => audit::find(ctx, key).await? => Node::AuditEntry;
        PolicyRevisionKey(key) => policies::find(ctx, key).await? => Node::PolicyRevision;
        GroupKey(key) => groups::find_group(ctx, key).await? => Node::Group;
        InvitationKey(key) => invitations::find(ctx, key).await? => Node::Invitation;
        MemberExportKey(key) => offboarding::find(ctx, key).await? => Node::MemberExport;
        OrganizationDomainKey(key) => domains::find(ctx, key).await? => Node::OrganizationDomain;
        AccountLinkKey(key) => account_links::find(ctx, key).await? => Node::AccountLink;
        UserKey(key) => myself(key) => Node::Viewer;
        SessionKey(key) => ctx.fetch(key).await? => Node::Session;
        IdentityKey(key) => identities::find(ctx, key).await? => Node::Identity;
        SsoConnectionKey(key) => sso::find(ctx, key).await? => Node::SsoConnection;
        SecurityEventKey(key) => ctx.fetch(key).await? => Node::SecurityEvent;
        OrganizationSecurityEventKey(key) => organization_security_events::find(ctx, key).await?
            => Node::OrganizationSecurityEvent;
        CourseKey(key) => Course::find(ctx, key).await? => Node::Course;
        ModuleKey(key) => edition(ctx, key.course).await?.and_then(|revision| Module::find(&revision, key)) => Node::Module;
        UnitKey(key) => edition(ctx, key.course).await?.and_then(|revision| Unit::find(&revision, key)) => unit;
        QuestionBankKey(key) => question_banks::find(ctx, key).await? => Node::QuestionBank;
        AssetKey(key) => assets::find(ctx, key).await? => Node::Asset;
        EnrollmentKey(key) => enrollments::store::find(reader, viewer, key).await? => Node::Enrollment;
        AttemptKey(key) => attempts::lists::find(reader, viewer, key).await? => Node::Attempt;
        CourseReviewKey(key) => review_mutations::find(ctx, key).await? => Node::CourseReview;
        SurveyKey(key) => surveys::find(ctx, key).await? => Node::Survey;
        SurveyResponseKey(key) => surveys::find_response(ctx, key).await? => Node::SurveyResponse;
        LearningPathKey(key) => learning_paths::find(ctx, key).await? => Node::LearningPath;
        PathEnrollmentKey(key) => path_enrollments::find(ctx, key).await? => Node::PathEnrollment;
        SubmissionKey(key) => submissions::lists::find(reader, viewer, key).await? => Node::Submission;
        CertificateKey(key) => certificates::store::find(reader, viewer, key).await? => Node::Certificate;
    })
}

/// The revision in which the viewer reads a course: their enrolment's, else the current one.
async fn edition(ctx: &Context<'_>, key: CourseKey) -> crate::kernel::error::Result<Option<SharedRevision>> {
    let Some(course) = Course::find(ctx, key).await? else {
        return Ok(None);
    };
    let enrollment = match ctx.viewer().in_org(key.org) {
        Some(standing) => ctx.fetch(EnrollmentIn(key, standing.member)).await?,
        None => None,
    };
    match enrollment.and_then(|enrollment| enrollment.pin()) {
        Some(pin) => course.pinned_to(pin).revision(ctx).await,
        None => course.revision(ctx).await,
    }
}

/// The root fields about objects of any type.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Finds the object of an identifier; null when there is none that you may see. Requires: nothing. Cost: 1.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identifier.")] id: ID,
    ) -> async_graphql::Result<Option<Node>> {
        Ok(find_node(ctx, &id).await?)
    }

    /// Finds the objects of up to 100 identifiers, null in the place of each that you may not see.
    ///
    /// Requires: nothing. Cost: 1 for each identifier.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identifiers.")] ids: Vec<ID>,
    ) -> async_graphql::Result<Vec<Option<Node>>> {
        let nodes = ids.iter().map(|id| find_node(ctx, id));
        Ok(futures_util::future::try_join_all(nodes).await?)
    }
}

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    NodeQuery,
    ViewerQuery,
    OrganizationQuery,
    CourseQuery,
    EnrollmentQuery,
    AssessmentQuery,
    CertificateQuery,
    InvitationQuery,
    AccessQuery,
    PolicyQuery,
    SearchQuery,
);

/// What is done to accounts.
#[derive(MergedObject, Default)]
pub struct AccountMutations(
    SignInMutation,
    ProviderSignInMutation,
    AccountMutation,
    GuardianConsentMutation,
    PasswordMutation,
    SecondFactorMutation,
    ProfileMutation,
    ProfilingMutation,
    AccountLinkMutation,
);

/// What is done to organisations and the people in them.
#[derive(MergedObject, Default)]
pub struct OrganizationMutations(
    OrganizationMutation,
    TransferMutation,
    DomainMutation,
    SsoMutation,
    MemberMutation,
    OffboardingMutation,
    InvitationMutation,
    GroupMutation,
    RoleMutation,
    PolicyMutation,
);

/// What lets programs, their learners and operators in.
#[derive(MergedObject, Default)]
pub struct EntranceMutations(
    AppMutation,
    ProvisioningMutation,
    LearnerSessionMutation,
    SupportGrantMutation,
);

/// What authors do with courses.
#[derive(MergedObject, Default)]
pub struct CourseMutations(
    AuthoringMutation,
    ArrangingMutation,
    CourseMoveMutation,
    CourseExportMutation,
    ReleasingMutation,
    TranslationMutation,
);

/// What is done in learning, and with files.
#[derive(MergedObject, Default)]
pub struct LearningMutations(
    AssetMutation,
    LearningPathMutation,
    ProgressMutation,
    AssessmentMutation,
    SubmissionMutation,
);

// Merged in groups: each in a row of merged objects is resolved inside the one behind, and neither the compiler nor a stack goes
// down as far as one likes.
/// What can be done. Root fields run one after the other; each is one transaction.
#[derive(MergedObject, Default)]
pub struct Mutation(
    AccountMutations,
    OrganizationMutations,
    EntranceMutations,
    CourseMutations,
    LearningMutations,
    DeliveryMutations,
);

/// What can be listened to. A subscription has one root field.
#[derive(MergedSubscription, Default)]
pub struct Subscription(EventSubscription);

/// What an event leads to may be of any type.
#[ComplexObject]
impl Event {
    /// The event's global identifier: the same however often it is told. Cost: 1.
    async fn id(&self) -> EventKey {
        self.key
    }

    /// Give it as `after` to go on behind this event. Cost: 1.
    async fn cursor(&self, ctx: &Context<'_>) -> String {
        cursor(&ctx.app().keyring, self)
    }

    /// The organisation that it happened in. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The identifier of what it happened to. Cost: 1.
    async fn subject_id(&self) -> ID {
        ID::from(&self.subject)
    }

    /// What it happened to, as it is by now; null where you may not see it. Cost: 1.
    async fn node(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Node>> {
        Ok(find_node(ctx, &self.subject).await?)
    }
}

/// The schema.
pub type LyceumSchema = Schema<Query, Mutation, Subscription>;

/// Builds the schema.
pub fn build() -> LyceumSchema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .validation_mode(ValidationMode::Fast)
        .disable_suggestions()
        .limit_recursive_depth(usize::MAX)
        .finish()
}

/// The schema as text, sorted, as it stands in `schema.graphql`.
pub fn sdl() -> String {
    build().sdl_with_options(
        SDLExportOptions::new()
            .sorted_fields()
            .sorted_enum_items()
            .sorted_arguments()
            .include_specified_by(),
    )
}
