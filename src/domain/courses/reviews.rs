//! What a draft goes through before it is published: one author hands it in, another decides.
//!
//! A review is about one version of the draft, and about what would have been published of it then: what its quizzes draw from banks is
//! edited elsewhere. So whatever is edited afterwards is not approved. A course may demand it ([`CourseDraft::requires_review`]); then
//! nobody publishes what nobody else has looked at.

use super::authoring::{editable, load};
use super::drafts::{CourseDraft, DraftOf};
use super::model::{CourseState, SeenCourse};
use super::publish::compile;
use super::store::find_for_write;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::{course_drafts, courses};
use crate::domain::content::{AnswerKeys, Content};
use crate::domain::enrollments::seats;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::canonical::canonical;
use crate::kernel::error::Error;
use crate::kernel::ids::{CourseKey, MemberId};
use crate::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use sha2::{Digest, Sha256};

text_enum! {
    /// Where a draft stands on its way to being published.
    ReviewState {
        /// Nobody asked for a review since the last publication.
        None = "none",
        /// Handed in; nobody has decided yet.
        Requested = "requested",
        /// Somebody looked at it and found it good.
        Approved = "approved",
        /// Somebody looked at it and wants changes.
        ChangesRequested = "changes_requested",
    }
}

/// Hands a draft in for review, as it is now. It has to be one that could be published.
pub async fn request(
    write: &Write<'_>,
    key: CourseKey,
    note: Option<&str>,
    expected: Option<i32>,
) -> Result<CourseKey, Stop> {
    let course = editable(write, key, "id").await?;
    refuse_archived(&course)?;
    refuse_all([fault_of_note(note)])?;
    let draft = draft(write, key).await?;
    refuse_unless_current("expectedVersion", expected, draft.version)?;
    let frozen = compile(&draft, key, write.gate.conn()).await?;
    let handed_in = (
        course_drafts::review_state.eq(ReviewState::Requested),
        course_drafts::review_version.eq(Some(draft.version)),
        course_drafts::review_digest.eq(Some(digest(&frozen))),
        course_drafts::review_requested_by.eq(write.gate.member().map(|member| member.id)),
        course_drafts::review_requested_at.eq(diesel::dsl::now),
        course_drafts::review_decided_by.eq(None::<MemberId>),
        course_drafts::review_decided_at.eq(None::<DateTime<Utc>>),
        course_drafts::review_note.eq(note),
    );
    diesel::update(course_drafts::table.find((key.org.0, key.id.0)))
        .set(handed_in)
        .execute(&mut write.gate.conn())
        .await?;
    if course.course.state == CourseState::Draft {
        stand(write, key, CourseState::InReview).await?;
    }
    write.happened(
        "course.review_requested",
        key,
        json!({ "version": draft.version }),
    );
    Ok(key)
}

/// Decides about a draft that was handed in. Where a review is required, it is somebody else's than the one's who asked.
pub async fn decide(
    write: &Write<'_>,
    key: CourseKey,
    approved: bool,
    note: Option<&str>,
) -> Result<CourseKey, Stop> {
    let course = publishable(write, key).await?;
    refuse_all([fault_of_note(note)])?;
    let draft = draft(write, key).await?;
    if draft.review_state != ReviewState::Requested {
        let message = format!(
            "The draft's review is {}; only one that is requested can be decided.",
            draft.review_state.as_str()
        );
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    }
    if approved && !is_current(write, key, &draft).await? {
        let message = "The draft, or a bank that it draws from, was edited since it was handed in: have it handed in again with \
            `courseSubmitForReview`.";
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    }
    let member = write.gate.member().map(|member| member.id);
    if draft.requires_review && approved && member == draft.review_requested_by {
        let message = "You handed this draft in yourself: somebody else has to approve it.";
        return refuse_with(Refusal::at(Code::OwnWork, "id", message));
    }
    let state = if approved {
        ReviewState::Approved
    } else {
        ReviewState::ChangesRequested
    };
    let decided = (
        course_drafts::review_state.eq(state),
        course_drafts::review_decided_by.eq(member),
        course_drafts::review_decided_at.eq(diesel::dsl::now),
        note.map(|note| course_drafts::review_note.eq(note)),
    );
    diesel::update(course_drafts::table.find((key.org.0, key.id.0)))
        .set(decided)
        .execute(&mut write.gate.conn())
        .await?;
    if !approved && course.course.state == CourseState::InReview {
        stand(write, key, CourseState::Draft).await?;
    }
    write.happened(
        "course.review_decided",
        key,
        json!({ "version": draft.version, "approved": approved }),
    );
    Ok(key)
}

/// What publishing would freeze, with what is right in it.
type Frozen = (Content, AnswerKeys);

/// SHA-256 of what publishing would freeze.
fn digest((content, keys): &Frozen) -> Vec<u8> {
    let frozen = json!({ "content": content, "answer_keys": keys });
    Sha256::digest(canonical(&frozen)).to_vec()
}

/// Whether publishing would freeze what it would have frozen when the draft was handed in.
/// Whether a draft would be published now as it was handed in.
async fn is_current(write: &Write<'_>, key: CourseKey, draft: &CourseDraft) -> Result<bool, Stop> {
    match compile(draft, key, write.gate.conn()).await {
        Ok(frozen) => Ok(is_as_handed_in(draft, &frozen)),
        Err(Stop::Refused(_)) => Ok(false),
        Err(stop) => Err(stop),
    }
}

fn is_as_handed_in(draft: &CourseDraft, frozen: &Frozen) -> bool {
    draft.review_version == Some(draft.version) && draft.review_digest == Some(digest(frozen))
}

/// Refuses to publish what its course demands a review of and what was not approved as it is.
pub fn refuse_unless_reviewed(draft: &CourseDraft, frozen: &Frozen) -> Result<(), Stop> {
    let is_approved = || draft.review_state == ReviewState::Approved && is_as_handed_in(draft, frozen);
    let missing = draft.requires_review && !is_approved();
    let message = "This course is published only after a review: hand the draft in with `courseSubmitForReview`, and \
        have somebody else approve it as it is.";
    refuse_all([missing.then(|| Refusal::at(Code::ReviewRequired, "id", message))])
}

/// Takes a course out of the catalogue; its learners keep what they have.
pub async fn archive(write: &Write<'_>, key: CourseKey) -> Result<CourseKey, Stop> {
    let course = publishable(write, key).await?;
    refuse_archived(&course)?;
    stand(write, key, CourseState::Archived).await?;
    write.happened("course.archived", key, json!({}));
    Ok(key)
}

/// Brings an archived course back to where it was: to learners if it was ever published, else to its authors. Who waits for a seat
/// that is free by now gets it.
pub async fn restore(write: &Write<'_>, key: CourseKey) -> Result<CourseKey, Stop> {
    let course = publishable(write, key).await?;
    if course.course.state != CourseState::Archived {
        let message = format!(
            "The course is {}; only one that is archived can be restored.",
            course.course.state.as_str()
        );
        let to = CourseState::Published;
        return refuse_with(course.course.state.refuse("id", message, Some(to)));
    }
    let state = match course.course.revision_id {
        Some(_) => CourseState::Published,
        None => CourseState::Draft,
    };
    stand(write, key, state).await?;
    write.happened("course.restored", key, json!({}));
    // A seat that was freed meanwhile was given to nobody.
    seats::hold(write, key).await?;
    seats::move_up(write, &course, key).await?;
    Ok(key)
}

/// A course with the proof that the actor may publish it.
type MayPublish<'gate> = Allowed<'gate, action::CoursesPublish, SeenCourse>;

async fn publishable<'w>(write: &'w Write<'_>, key: CourseKey) -> Result<MayPublish<'w>, Stop> {
    write.gate.allow(find_for_write(&write.gate, key).await?).at("id")
}

async fn draft(write: &Write<'_>, key: CourseKey) -> Result<std::sync::Arc<CourseDraft>, Stop> {
    load(write, DraftOf(key)).await?.ok_or(Error::NotFound).at("id")
}

async fn stand(write: &Write<'_>, key: CourseKey, state: CourseState) -> Result<(), Stop> {
    diesel::update(courses::table.find((key.org.0, key.id.0)))
        .set(courses::state.eq(state))
        .execute(&mut write.gate.conn())
        .await?;
    write.outdates(crate::cache::Stale::Course(key));
    Ok(())
}

/// Refuses what an archived course does not take.
pub fn refuse_archived(course: &SeenCourse) -> Result<(), Stop> {
    let archived = course.course.state == CourseState::Archived;
    let message = "The course is archived; bring it back with `courseRestore` first.";
    refuse_all([archived.then(|| CourseState::Archived.refuse("id", message, None))])
}

fn fault_of_note(note: Option<&str>) -> Option<Refusal> {
    note.and_then(|note| Refusal::of_name("note", note, 2_000))
}
