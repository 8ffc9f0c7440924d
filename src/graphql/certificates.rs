//! `Certificate`: edges, connections and root fields; and verification.

use super::courses::Course;
use super::record_lists;
use super::support::{Ask, Paged, connection::Count};
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::certificates::verification::{self, CertificateVerification};
use crate::domain::certificates::{Certificate, CertificateFilter, CertificateState, store};
use crate::domain::enrollments::Enrollment;
use crate::domain::members::Member;
use crate::domain::record_lists::Parent;
use crate::kernel::error::Result;
use crate::kernel::ids::{CertificateKey, CourseId, CourseKey, Key};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use std::sync::Arc;

connection!(
    CertificateConnection,
    CertificateEdge,
    Arc<Certificate>,
    "certificates"
);

/// Which certificates a page has.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "CertificateFilter")]
pub struct CertificateFilterInput {
    /// Only of this course, by its id.
    pub course_id: Option<ID>,
}

impl From<CertificateFilterInput> for CertificateFilter {
    fn from(input: CertificateFilterInput) -> Self {
        // An id that names no course matches none.
        let course = |id: ID| CourseKey::parse(&id).map_or(CourseId(uuid::Uuid::nil()), |key| key.id);
        Self {
            course: input.course_id.map(course),
        }
    }
}

#[ComplexObject]
impl Certificate {
    /// The certificate's global identifier. Cost: 1.
    pub async fn id(&self) -> CertificateKey {
        self.key
    }

    /// The code that everybody can verify the certificate by; who is given it learns what the certificate says. Null
    /// where the service no longer has the key that it was derived with. Cost: 1.
    #[graphql(name = "code")]
    async fn shown_code(&self, ctx: &Context<'_>) -> Option<String> {
        self.code(&ctx.app().keyring).map(|code| code.to_string())
    }

    /// Whether the certificate holds. Cost: 1.
    #[graphql(name = "state")]
    async fn shown_state(&self) -> CertificateState {
        self.state()
    }

    /// The course, in the edition that was completed. Cost: 1, from memory or batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Course> {
        let row = ctx
            .app()
            .faces
            .find_of_record(&ctx.reader(), self.course_key())
            .await?;
        Ok(Course::pinned(row, self.revision_key()))
    }

    /// The holder. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// The enrolment that it certifies. Cost: 1, batched.
    async fn enrollment(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Enrollment>> {
        Ok(ctx.fetch_one(self.enrollment_key()).await?)
    }
}

/// Reads a page of what the viewer may see of the certificates of an organisation, a course or a member; batched.
pub async fn page_of(
    ctx: &Context<'_>,
    parent: Parent,
    filter: CertificateFilter,
    args: PageArgs,
) -> Result<CertificateConnection> {
    let paged = record_lists::page_of(ctx, "certificates", parent, filter, args, cursor).await?;
    Ok(paged.into())
}

/// Reads a page of the viewer's own certificates in all of their organisations.
pub async fn page_of_viewer(
    ctx: &Context<'_>,
    filter: CertificateFilter,
    args: PageArgs,
) -> Result<CertificateConnection> {
    let list = format!("own certificates {filter:?}");
    let page = ctx.page(&args, &list)?;
    let slice = store::list_own(&ctx.reader(), ctx.viewer(), filter, &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let viewer = viewer.clone();
        Box::pin(async move { store::count_own(&reader, &viewer, filter).await })
    });
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count).into())
}

fn cursor(certificate: &Arc<Certificate>) -> [String; 1] {
    [certificate.key.id.write()]
}

/// The root fields about certificates.
#[derive(Default)]
pub struct CertificateQuery;

#[Object]
impl CertificateQuery {
    /// Finds a certificate by its id. Null when there is none that you may see.
    ///
    /// Requires: `learning_records.read` for the holder. Cost: 1.
    async fn certificate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The certificate's global identifier.")] id: ID,
    ) -> async_graphql::Result<Option<Arc<Certificate>>> {
        match CertificateKey::parse(&id) {
            Some(key) => Ok(ctx.seen(key.org, store::find(&ctx.reader(), ctx.viewer(), key).await?)),
            None => Ok(None),
        }
    }

    /// Verifies a certificate by the code that its holder gave you.
    ///
    /// Requires: nothing; nobody needs to sign in. Cost: 1.
    async fn verify_certificate(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The code, with or without hyphens, in capital or small letters; O is read as 0, I and L as 1."
        )]
        code: String,
    ) -> async_graphql::Result<CertificateVerification> {
        Ok(verification::verify(&ctx.app().db, &code).await?)
    }
}
