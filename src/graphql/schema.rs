//! The schema: the only file that names every noun.

use super::access::AccessQuery;
use super::accounts::AccountMutation;
use super::app_mutations::AppMutation;
use super::attempt_mutations::AttemptMutation;
use super::attempts::AttemptQuery;
use super::audit;
use super::authoring::AuthoringMutation;
use super::certificates::CertificateQuery;
use super::content::{Module, QuizUnit, TextUnit, Unit};
use super::courses::{Course, CourseQuery};
use super::enrollments::{EnrollmentMutation, EnrollmentQuery};
use super::front::{Admitted, DocumentLimits, Front};
use super::groups::{self, GroupMutation};
use super::identities;
use super::invitation_mutations::InvitationMutation;
use super::invitations::{self, InvitationQuery};
use super::learner_session_mutations::LearnerSessionMutation;
use super::member_mutations::MemberMutation;
use super::members;
use super::organization_mutations::OrganizationMutation;
use super::organization_query::OrganizationQuery;
use super::organization_security_events;
use super::passwords::PasswordMutation;
use super::policies::{self, PolicyMutation, PolicyQuery};
use super::progress::ProgressMutation;
use super::provider_sign_in::ProviderSignInMutation;
use super::provisioning::ProvisioningMutation;
use super::role_mutations::RoleMutation;
use super::second_factor::SecondFactorMutation;
use super::sign_in::SignInMutation;
use super::sso::{self, SsoMutation};
use super::support::error::finish;
use super::support::operation::{Ask, Operation};
use super::transfers::TransferMutation;
use super::viewer::{Viewer as Person, ViewerQuery};
use crate::auth::standing::Viewer;
use crate::domain::accounts::{Identity, SecurityEvent, Session};
use crate::domain::app::App;
use crate::domain::apps;
use crate::domain::attempts::{self, Attempt};
use crate::domain::audit::AuditEntry;
use crate::domain::certificates::{self, Certificate};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::store::PinOf;
use crate::domain::enrollments::{self, Enrollment};
use crate::domain::groups::Group;
use crate::domain::invitations::Invitation;
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::policies::PolicyRevision;
use crate::domain::roles::Role;
use crate::domain::security_events::OrganizationSecurityEvent;
use crate::domain::sso::SsoConnection;
use crate::kernel::ids::{
    ApiTokenKey, AppKey, AttemptKey, AuditEntryKey, CertificateKey, CourseKey, EnrollmentKey, GroupKey,
    IdentityKey, InvitationKey, Key, LearnerSessionKey, MemberKey, ModuleKey, OrganizationKey,
    OrganizationSecurityEventKey, PolicyRevisionKey, RoleKey, SecurityEventKey, SessionKey, SsoConnectionKey,
    UnitKey, UserKey, prefix,
};
use crate::kernel::origin::Origin;
use async_graphql::{
    Context, EmptySubscription, ID, Interface, MergedObject, Object, Response, SDLExportOptions, Schema,
    ValidationMode,
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
    /// A group.
    Group(Arc<Group>),
    /// An invitation.
    Invitation(Arc<Invitation>),
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
    /// A unit to be answered.
    QuizUnit(QuizUnit),
    /// An enrolment.
    Enrollment(Arc<Enrollment>),
    /// An attempt at a quiz.
    Attempt(Arc<Attempt>),
    /// A certificate.
    Certificate(Arc<Certificate>),
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
    let (reader, viewer) = (&ctx.reader(), ctx.viewer());
    let myself = |key: UserKey| Person::current(ctx).filter(|person| person.key() == key);
    let unit = |unit| match unit {
        Unit::Text(text) => Node::TextUnit(text),
        Unit::Quiz(quiz) => Node::QuizUnit(quiz),
    };
    Ok(find_by_prefix! { id,
        OrganizationKey(key) => ctx.fetch(key).await? => Node::Organization;
        MemberKey(key) => members::find(ctx, key).await? => Node::Member;
        RoleKey(key) => ctx.fetch(key).await? => Node::Role;
        AppKey(key) => super::apps::find(ctx, key.org, key).await? => Node::App;
        ApiTokenKey(key) => super::apps::find(ctx, key.org, key).await? => Node::ApiToken;
        LearnerSessionKey(key) => super::apps::find_session(ctx, key).await? => Node::LearnerSession;
        AuditEntryKey(key) => audit::find(ctx, key).await? => Node::AuditEntry;
        PolicyRevisionKey(key) => policies::find(ctx, key).await? => Node::PolicyRevision;
        GroupKey(key) => groups::find_group(ctx, key).await? => Node::Group;
        InvitationKey(key) => invitations::find(ctx, key).await? => Node::Invitation;
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
        EnrollmentKey(key) => enrollments::store::find(reader, viewer, key).await? => Node::Enrollment;
        AttemptKey(key) => attempts::lists::find(reader, viewer, key).await? => Node::Attempt;
        CertificateKey(key) => certificates::store::find(reader, viewer, key).await? => Node::Certificate;
    })
}

/// The revision in which the viewer reads a course: their enrolment's, else the current one.
async fn edition(ctx: &Context<'_>, key: CourseKey) -> crate::kernel::error::Result<Option<SharedRevision>> {
    let Some(course) = Course::find(ctx, key).await? else {
        return Ok(None);
    };
    let pin = match ctx.viewer().in_org(key.org) {
        Some(standing) => ctx.fetch(PinOf(key, standing.member)).await?,
        None => None,
    };
    match pin {
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
    AttemptQuery,
    CertificateQuery,
    InvitationQuery,
    AccessQuery,
    PolicyQuery,
);

/// What can be done about who somebody is. The compiler follows the members of one merged object only so deep.
#[derive(MergedObject, Default)]
pub struct IdentityMutation(
    SignInMutation,
    ProviderSignInMutation,
    SsoMutation,
    AccountMutation,
    PasswordMutation,
    SecondFactorMutation,
);

/// What can be done. Root fields run one after the other; each is one transaction.
#[derive(MergedObject, Default)]
pub struct Mutation(
    IdentityMutation,
    OrganizationMutation,
    TransferMutation,
    MemberMutation,
    ProvisioningMutation,
    GroupMutation,
    RoleMutation,
    PolicyMutation,
    AppMutation,
    LearnerSessionMutation,
    InvitationMutation,
    AuthoringMutation,
    EnrollmentMutation,
    ProgressMutation,
    AttemptMutation,
);

type LyceumSchema = Schema<Query, Mutation, EmptySubscription>;

fn build() -> LyceumSchema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
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

/// The schema in service: the front before it, the node behind it.
pub struct Api {
    schema: LyceumSchema,
    /// What every document passes first.
    pub front: Front,
    /// The node.
    pub app: Arc<App>,
}

impl Api {
    /// Puts the schema in service.
    pub fn new(app: Arc<App>, limits: DocumentLimits) -> anyhow::Result<Self> {
        let front = Front::new(&sdl(), limits)
            .map_err(|error| anyhow::anyhow!("the schema is not valid: {error}"))?;
        Ok(Self {
            schema: build(),
            front,
            app,
        })
    }

    /// Executes an admitted operation and gives its answer with the number of its data statements.
    pub async fn execute(
        &self,
        viewer: Viewer,
        admitted: Admitted,
        request_id: &str,
        origin: &Origin,
    ) -> (Response, u32) {
        let mut operation = Operation::new(self.app.clone(), viewer, request_id.to_owned(), origin.clone());
        operation.idempotency_key = admitted.idempotency_key;
        let operation = Arc::new(operation);
        let statements = operation.statements.clone();
        let request = admitted.request.data(operation.clone());
        // Unconstrained: a batch must see all that is asked for in a turn, not what a budget lets it see.
        let mut response = tokio::task::unconstrained(self.schema.execute(request)).await;
        if let Some(operation) = Arc::into_inner(operation) {
            tokio::spawn(operation.close());
        }
        response = admitted.completion.complete(response);
        finish(&mut response, request_id);
        (response, statements.count())
    }
}
