//! `Organization`: edges and root field.

use super::attempts::{self, AttemptConnection, AttemptFilterInput};
use super::certificates::{self, CertificateConnection, CertificateFilterInput};
use super::enrollments::{self, EnrollmentConnection, EnrollmentFilterInput};
use crate::domain::organizations::Organization;
use crate::domain::record_lists::Parent;
use crate::kernel::ids::OrganizationKey;
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};

#[ComplexObject]
impl Organization {
    /// The organisation's global identifier. Cost: 1.
    pub async fn id(&self) -> OrganizationKey {
        self.key()
    }

    /// The enrolments that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolments.")] filter: Option<EnrollmentFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<EnrollmentConnection> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = filter.unwrap_or_default().into();
        Ok(enrollments::page_of(ctx, Parent::Organization(self.org), filter, args).await?)
    }

    /// The attempts at quizzes that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempts.")] filter: Option<AttemptFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AttemptConnection> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = filter.unwrap_or_default().into();
        Ok(attempts::page_of(ctx, Parent::Organization(self.org), filter, args).await?)
    }

    /// The certificates that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; one SQL statement.
    async fn certificates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which certificates.")] filter: Option<CertificateFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<CertificateConnection> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = filter.unwrap_or_default().into();
        Ok(certificates::page_of(ctx, Parent::Organization(self.org), filter, args).await?)
    }
}
