//! What authors write: the mutations on courses, modules and units.

use super::authoring_inputs::{
    CourseCreateInput, CoursePublishInput, CourseUpdateInput, ModuleCreateInput, UnitCreateInput,
    UnitUpdateInput,
};
use super::courses::Course;
use super::drafts::{DraftModule, DraftUnit};
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::courses::arranging::Place;
use crate::domain::courses::authoring::{self, CourseChanges};
use crate::domain::courses::drafts::DraftChanges;
use crate::domain::courses::publish;
use crate::domain::courses::store::NewCourse;
use crate::kernel::ids::{CourseKey, ModuleKey, OrganizationKey, UnitKey};
use crate::payload;
use async_graphql::{Context, Object, Result};

payload! {
    /// What `courseCreate` answers.
    CourseCreatePayload {
        /// The new course.
        course: Course,
    }
    CourseCreateUserError, CourseCreateErrorCode { NotFound, Invalid, Taken, IdempotencyMismatch }
}

payload! {
    /// What `courseUpdate` answers.
    CourseUpdatePayload {
        /// The course.
        course: Course,
    }
    CourseUpdateUserError, CourseUpdateErrorCode { NotFound, Invalid, Taken, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `coursePublish` answers.
    CoursePublishPayload {
        /// The course, as learners see it from now on.
        course: Course,
    }
    CoursePublishUserError, CoursePublishErrorCode {
        NotFound, Invalid, InvalidState, ReviewRequired, NothingToPublish, LimitReached, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `moduleCreate` answers.
    ModuleCreatePayload {
        /// The new module of the draft.
        module: DraftModule,
    }
    ModuleCreateUserError, ModuleCreateErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `unitCreate` answers.
    UnitCreatePayload {
        /// The new unit of the draft.
        unit: DraftUnit,
    }
    UnitCreateUserError, UnitCreateErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `unitUpdate` answers.
    UnitUpdatePayload {
        /// The unit of the draft; with `VERSION_CONFLICT`, as it stands without your edit.
        unit: DraftUnit,
    }
    UnitUpdateUserError, UnitUpdateErrorCode { NotFound, Invalid, InvalidState, VersionConflict, IdempotencyMismatch }
}

/// The mutations that author a course.
#[derive(Default)]
pub struct AuthoringMutation;

#[Object]
impl AuthoringMutation {
    /// Creates a course with an empty draft. Requires: `courses.create`. Cost: 1.
    async fn course_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new course.")] input: CourseCreateInput,
    ) -> Result<Option<CourseCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return CourseCreatePayload::refused(refusals),
        };
        let new = NewCourse {
            slug: input.slug.clone(),
            title: input.title.clone(),
            summary: input.summary.clone(),
            visibility: input.visibility,
            external_id: input.external_id.clone(),
        };
        let done = ctx
            .operation()
            .mutate("courseCreate", org.0, &input, move |write| {
                Box::pin(async move { authoring::create(write, &new).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseCreatePayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseCreatePayload::refused(refusals),
        }
    }

    /// Edits a course: its address and visibility at once, everything else in the draft. Requires: `courses.update`. Cost: 1.
    async fn course_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: CourseUpdateInput,
    ) -> Result<Option<CourseUpdatePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseUpdatePayload::refused(refusals),
        };
        let changes = CourseChanges {
            slug: input.slug.clone(),
            visibility: input.visibility,
            tags: input.tags.clone(),
            language: input.language.clone(),
            draft: DraftChanges {
                title: input.title.clone(),
                summary: input.summary.clone(),
                completion_rule: input.completion_rule,
                requires_review: input.requires_review,
                completion_percent: input.completion_percent,
            },
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("courseUpdate", course.org, &input, move |write| {
                Box::pin(async move { authoring::update(write, course, &changes, expected).await })
            });
        let (payload, shown) = CourseUpdatePayload::of_edit(done.await?)?;
        let course = show(shown, Course::find(ctx, course)).await?;
        Ok(Some(CourseUpdatePayload { course, ..payload }))
    }

    /// Publishes a course's draft as its next revision. Learners who are enrolled stay on theirs.
    ///
    /// Requires: `courses.publish`. Cost: 1.
    async fn course_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: CoursePublishInput,
    ) -> Result<Option<CoursePublishPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CoursePublishPayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("coursePublish", course.org, &input, move |write| {
                Box::pin(async move { publish::publish(write, course, expected).await })
            });
        let (payload, shown) = CoursePublishPayload::of_edit(done.await?)?;
        let course = show(shown, Course::find(ctx, course)).await?;
        Ok(Some(CoursePublishPayload { course, ..payload }))
    }

    /// Adds a module to a course's draft. Requires: `courses.update`. Cost: 1.
    async fn module_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new module.")] input: ModuleCreateInput,
    ) -> Result<Option<ModuleCreatePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return ModuleCreatePayload::refused(refusals),
        };
        let (title, part) = (input.title.clone(), input.part.clone());
        let place = input.position.map_or(Place::End, Place::At);
        let done = ctx
            .operation()
            .mutate("moduleCreate", course.org, &input, move |write| {
                Box::pin(async move {
                    authoring::create_module(write, course, &title, part.as_deref(), place).await
                })
            });
        match done.await? {
            Ok((course, id)) => {
                let module = DraftModule::find(ctx, ModuleKey::new(course, id)).await?;
                Ok(Some(ModuleCreatePayload {
                    module,
                    ..Default::default()
                }))
            }
            Err(refusals) => ModuleCreatePayload::refused(refusals),
        }
    }

    /// Adds a unit to a module of a course's draft. Requires: `courses.update`. Cost: 1.
    async fn unit_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new unit.")] input: UnitCreateInput,
    ) -> Result<Option<UnitCreatePayload>> {
        signed_in(ctx)?;
        let module: ModuleKey = match key(&input.module_id, "moduleId") {
            Ok(key) => key,
            Err(refusals) => return UnitCreatePayload::refused(refusals),
        };
        let (title, is_required) = (input.title.clone(), input.is_required);
        let place = input.position.map_or(Place::End, Place::At);
        let content = match input
            .content
            .clone()
            .into_draft(module.course.org, &ctx.app().clock)
        {
            Ok(content) => content,
            Err(refusals) => return UnitCreatePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("unitCreate", module.course.org, &input, move |write| {
                Box::pin(async move {
                    authoring::create_unit(write, module, &title, &content, place, is_required).await
                })
            });
        match done.await? {
            Ok((course, id)) => {
                let unit = DraftUnit::find(ctx, UnitKey::new(course, id)).await?;
                Ok(Some(UnitCreatePayload {
                    unit,
                    ..Default::default()
                }))
            }
            Err(refusals) => UnitCreatePayload::refused(refusals),
        }
    }

    /// Edits a unit of a course's draft. Requires: `courses.update`. Cost: 1.
    async fn unit_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UnitUpdateInput,
    ) -> Result<Option<UnitUpdatePayload>> {
        signed_in(ctx)?;
        let unit: UnitKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return UnitUpdatePayload::refused(refusals),
        };
        let (title, is_required) = (input.title.clone(), input.is_required);
        let expected = input.expected_version;
        let content = input.content.clone();
        let content = content.map(|content| content.into_draft(unit.course.org, &ctx.app().clock));
        let content = match content.transpose() {
            Ok(content) => content,
            Err(refusals) => return UnitUpdatePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("unitUpdate", unit.course.org, &input, move |write| {
                Box::pin(async move {
                    let (title, content) = (title.as_deref(), content.as_ref());
                    authoring::update_unit(write, unit, title, content, is_required, expected).await
                })
            });
        let (payload, shown) = UnitUpdatePayload::of_edit(done.await?)?;
        let unit = show(shown, DraftUnit::find(ctx, unit)).await?;
        Ok(Some(UnitUpdatePayload { unit, ..payload }))
    }
}
