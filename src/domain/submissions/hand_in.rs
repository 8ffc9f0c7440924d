//! How a learner hands something in.

use super::store::{self, NewSubmission};
use crate::domain::content::assignment::{Assignment, SubmissionKind};
use crate::domain::content::material::address;
use crate::domain::enrollments::own;
use crate::domain::enrollments::release::refuse_locked;
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{AssetId, AssetKey, EnrollmentKey, SubmissionId, SubmissionKey, UnitKey};
use serde_json::json;
use std::collections::BTreeSet;

/// Characters of a text that is handed in.
const MOST_CHARACTERS: usize = 100_000;

/// What somebody hands in.
#[derive(Clone, Debug)]
pub struct Work {
    /// A text, Markdown.
    pub text: Option<String>,
    /// The address of a page.
    pub link: Option<String>,
    /// Files in order.
    pub files: Vec<AssetKey>,
}

/// Hands something in for an assignment of the revision that the enrolment is pinned to, as often as the assignment allows in each
/// cycle and until it is passed in the present one. What waits for a grade is superseded.
pub async fn hand_in(
    write: &Write<'_>,
    enrollment: EnrollmentKey,
    unit: UnitKey,
    work: Work,
) -> Result<SubmissionKey, Stop> {
    let enrolled = own::find(write, enrollment).await?;
    let row = &enrolled.enrollment;
    own::refuse_unless_in(row)?;
    let conn = write.gate.conn();
    let revision = write
        .app
        .contents
        .find_for_write(conn, row.revision_key())
        .await?;
    let found = revision
        .assignment(unit.id)
        .filter(|_| unit.course == revision.course);
    let Some(assignment) = found else {
        return refuse_with(Refusal::not_found("unitId"));
    };
    refuse_all(faults(assignment, &work))?;
    let units = [(unit.id, "unitId".to_owned())];
    refuse_locked(write, row, &revision, &units, &[]).await?;
    let files: Vec<AssetId> = work.files.iter().map(|file| file.id).collect();
    if store::own_files(&enrolled, conn, &files).await?.len() < files.len()
        || work.files.iter().any(|file| file.org != enrollment.org)
    {
        let message = "One of these is no file that you uploaded and that is ready.";
        return refuse_with(Refusal::at(Code::NotFound, "assetIds", message));
    }
    let before = store::before(&enrolled, conn, unit.id).await?;
    if before.is_passed {
        let message = "The assignment is passed; nothing more is taken.";
        return refuse_with(Refusal::at(Code::InvalidState, "unitId", message));
    }
    if let Some(most) = assignment.max_submissions.filter(|most| before.count >= *most) {
        let message = format!("This assignment takes {most} submissions, and all were handed in.");
        return refuse_with(Refusal::at(Code::NoAttemptsLeft, "unitId", message));
    }
    let new = NewSubmission {
        id: SubmissionId(write.app.clock.uuid()),
        unit: unit.id,
        number: before.last + 1,
        body: work.text,
        link: work.link,
        files,
        due_at: assignment.due.map(|due| due.of(row.begun_at())),
        max_points: assignment.max_points,
        pass_points: assignment.pass_points,
    };
    store::insert(&enrolled, conn, &new).await?;
    let key = SubmissionKey::new(enrollment.org, new.id);
    let detail =
        json!({ "enrollment": enrollment.to_string(), "unit": unit.to_string(), "number": new.number });
    write.happened("submission.created", key, detail);
    Ok(key)
}

/// Says what an assignment does not take of this.
fn faults(assignment: &Assignment, work: &Work) -> [Option<Refusal>; 4] {
    let refuse = |path: &str, message: String| Some(Refusal::at(Code::Invalid, path, message));
    let takes = |kind| assignment.accepts.contains(&kind);
    let text = match &work.text {
        Some(_) if !takes(SubmissionKind::Text) => refuse("text", "This assignment takes no text.".into()),
        Some(text) if text.trim().is_empty() || text.chars().count() > MOST_CHARACTERS => {
            refuse("text", format!("This has 1 to {MOST_CHARACTERS} characters."))
        }
        _ => None,
    };
    let link = match &work.link {
        Some(_) if !takes(SubmissionKind::Link) => refuse("link", "This assignment takes no link.".into()),
        Some(link) => address("link", link).and_then(|(path, message)| refuse(&path, message)),
        None => None,
    };
    let most = usize::try_from(assignment.max_files).unwrap_or_default();
    let distinct: BTreeSet<&AssetKey> = work.files.iter().collect();
    let files = if !work.files.is_empty() && !takes(SubmissionKind::Files) {
        refuse("assetIds", "This assignment takes no files.".into())
    } else if work.files.len() > most && !work.files.is_empty() {
        refuse("assetIds", format!("This assignment takes {most} files at most."))
    } else if distinct.len() < work.files.len() {
        refuse("assetIds", "Each file is named once.".into())
    } else {
        None
    };
    let is_nothing = work.text.is_none() && work.link.is_none() && work.files.is_empty();
    let nothing = is_nothing.then(|| {
        Refusal::whole(
            Code::Invalid,
            "Hand in a text, a link or files: what the assignment accepts.",
        )
    });
    [text, link, files, nothing]
}
