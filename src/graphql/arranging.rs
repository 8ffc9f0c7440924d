//! What authors do with the modules and units that a draft has: rename, move, remove them.

use super::drafts::{CourseDraft, DraftModule, DraftUnit};
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::courses::arranging::{self, ModuleChanges, Place};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{Key, ModuleKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};

/// What `moduleUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleUpdateInput {
    /// The module.
    pub id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// The part of the course that it stands in; null for none.
    pub part: MaybeUndefined<String>,
    /// The module's version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `moduleMove` takes. Give `position` or `after`; with neither the module goes to the end.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleMoveInput {
    /// The module.
    pub id: ID,
    /// Where it will stand, from 0.
    pub position: Option<i32>,
    /// The module that it will stand right behind, wherever others have moved that in the meantime.
    pub after: Option<ID>,
    /// The module's version that this move was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `moduleDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleDeleteInput {
    /// The module.
    pub id: ID,
    /// Whether its units go with it; a module with units is refused otherwise.
    #[graphql(default)]
    pub with_units: bool,
    /// The module's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitMove` takes. Give `position` or `after`; with neither the unit goes to the end.
#[derive(Clone, Debug, InputObject)]
pub struct UnitMoveInput {
    /// The unit.
    pub id: ID,
    /// The module of the same course that it moves to; its own where this is left out.
    pub module_id: Option<ID>,
    /// Where it will stand in the module, from 0.
    pub position: Option<i32>,
    /// The unit of that module that it will stand right behind, wherever others have moved that in the meantime.
    pub after: Option<ID>,
    /// The unit's version that this move was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct UnitDeleteInput {
    /// The unit.
    pub id: ID,
    /// The unit's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    ModuleUpdateInput,
    ModuleMoveInput,
    ModuleDeleteInput,
    UnitMoveInput,
    UnitDeleteInput
);

payload! {
    /// What `moduleUpdate` answers.
    ModuleUpdatePayload {
        /// The module of the draft; with `VERSION_CONFLICT`, as it stands without your edit.
        module: DraftModule,
    }
    ModuleUpdateUserError, ModuleUpdateErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `moduleMove` answers.
    ModuleMovePayload {
        /// The module at its new position; with `VERSION_CONFLICT`, where it stands without your move.
        module: DraftModule,
    }
    ModuleMoveUserError, ModuleMoveErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `moduleDelete` answers.
    ModuleDeletePayload {
        /// The draft without the module.
        draft: CourseDraft,
        /// The module that was removed.
        deleted_module_id: ModuleKey,
    }
    ModuleDeleteUserError, ModuleDeleteErrorCode { NotFound, Invalid, InUse, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `unitMove` answers.
    UnitMovePayload {
        /// The unit at its new position; with `VERSION_CONFLICT`, where it stands without your move.
        unit: DraftUnit,
    }
    UnitMoveUserError, UnitMoveErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `unitDelete` answers.
    UnitDeletePayload {
        /// The draft without the unit.
        draft: CourseDraft,
        /// The unit that was removed.
        deleted_unit_id: UnitKey,
    }
    UnitDeleteUserError, UnitDeleteErrorCode { NotFound, Invalid, InUse, VersionConflict, IdempotencyMismatch }
}

/// Reads where something is to stand: one of index and neighbour, or the end.
fn place<K: Key, Id>(
    position: Option<i32>,
    after: Option<&ID>,
    id: impl Fn(K) -> Id,
) -> Result<Place<Id>, Vec<Refusal>> {
    match (position, after) {
        (Some(_), Some(_)) => Err(vec![Refusal::at(
            Code::Invalid,
            "after",
            "Give `position` or `after`, not both.",
        )]),
        (Some(position), None) => Ok(Place::At(position)),
        (None, Some(after)) => Ok(Place::After(id(key(after, "after")?))),
        (None, None) => Ok(Place::End),
    }
}

/// The mutations that arrange a draft.
#[derive(Default)]
pub struct ArrangingMutation;

#[Object]
impl ArrangingMutation {
    /// Edits a module of a course's draft. Requires: `courses.update`. Cost: 1.
    async fn module_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ModuleUpdateInput,
    ) -> Result<Option<ModuleUpdatePayload>> {
        signed_in(ctx)?;
        let module: ModuleKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return ModuleUpdatePayload::refused(refusals),
        };
        let expected = input.expected_version;
        let changes = ModuleChanges {
            title: input.title.clone(),
            part: input.part.as_opt_ref().map(Option::<&String>::cloned),
        };
        let done = ctx
            .operation()
            .mutate("moduleUpdate", module.course.org, &input, move |write| {
                Box::pin(async move { arranging::update_module(write, module, &changes, expected).await })
            });
        let (payload, shown) = ModuleUpdatePayload::of_edit(done.await?)?;
        let module = show(shown, DraftModule::find(ctx, module)).await?;
        Ok(Some(ModuleUpdatePayload { module, ..payload }))
    }

    /// Moves a module of a course's draft to another position. Requires: `courses.update`. Cost: 1.
    async fn module_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which module, and where to.")] input: ModuleMoveInput,
    ) -> Result<Option<ModuleMovePayload>> {
        signed_in(ctx)?;
        let module: Result<ModuleKey, _> = key(&input.id, "id");
        let place = place(input.position, input.after.as_ref(), |key: ModuleKey| key.id);
        let (module, place) = match (module, place) {
            (Ok(module), Ok(place)) => (module, place),
            (Err(refusals), _) | (_, Err(refusals)) => return ModuleMovePayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("moduleMove", module.course.org, &input, move |write| {
                Box::pin(async move { arranging::move_module(write, module, place, expected).await })
            });
        let (payload, shown) = ModuleMovePayload::of_edit(done.await?)?;
        let module = show(shown, DraftModule::find(ctx, module)).await?;
        Ok(Some(ModuleMovePayload { module, ..payload }))
    }

    /// Removes a module from a course's draft. Revisions that are published keep it.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn module_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which module.")] input: ModuleDeleteInput,
    ) -> Result<Option<ModuleDeletePayload>> {
        signed_in(ctx)?;
        let module: ModuleKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return ModuleDeletePayload::refused(refusals),
        };
        let (with_units, expected) = (input.with_units, input.expected_version);
        let done = ctx
            .operation()
            .mutate("moduleDelete", module.course.org, &input, move |write| {
                Box::pin(async move { arranging::delete_module(write, module, with_units, expected).await })
            });
        let done = done.await?;
        let deleted_module_id = done.is_ok().then_some(module);
        let (payload, shown) = ModuleDeletePayload::of_edit(done)?;
        let draft = show(shown, CourseDraft::find(ctx, module.course)).await?;
        Ok(Some(ModuleDeletePayload {
            draft,
            deleted_module_id,
            ..payload
        }))
    }

    /// Moves a unit of a course's draft to another position, in its module or in another one of the course.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn unit_move(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which unit, and where to.")] input: UnitMoveInput,
    ) -> Result<Option<UnitMovePayload>> {
        signed_in(ctx)?;
        let unit: Result<UnitKey, _> = key(&input.id, "id");
        let into: Result<Option<ModuleKey>, _> =
            input.module_id.as_ref().map(|id| key(id, "moduleId")).transpose();
        let place = place(input.position, input.after.as_ref(), |key: UnitKey| key.id);
        let (unit, into, place) = match (unit, into, place) {
            (Ok(unit), Ok(into), Ok(place)) => (unit, into, place),
            (Err(refusals), _, _) | (_, Err(refusals), _) | (_, _, Err(refusals)) => {
                return UnitMovePayload::refused(refusals);
            }
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("unitMove", unit.course.org, &input, move |write| {
                Box::pin(async move { arranging::move_unit(write, unit, into, place, expected).await })
            });
        let (payload, shown) = UnitMovePayload::of_edit(done.await?)?;
        let unit = show(shown, DraftUnit::find(ctx, unit)).await?;
        Ok(Some(UnitMovePayload { unit, ..payload }))
    }

    /// Removes a unit from a course's draft, with its questions. Revisions that are published keep it.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn unit_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which unit.")] input: UnitDeleteInput,
    ) -> Result<Option<UnitDeletePayload>> {
        signed_in(ctx)?;
        let unit: UnitKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return UnitDeletePayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("unitDelete", unit.course.org, &input, move |write| {
                Box::pin(async move { arranging::delete_unit(write, unit, expected).await })
            });
        let done = done.await?;
        let deleted_unit_id = done.is_ok().then_some(unit);
        let (payload, shown) = UnitDeletePayload::of_edit(done)?;
        let draft = show(shown, CourseDraft::find(ctx, unit.course)).await?;
        Ok(Some(UnitDeletePayload {
            draft,
            deleted_unit_id,
            ..payload
        }))
    }
}
