//! Gaps in knowledge by what questions of banks are about.

use super::support::operation::Ask;
use crate::domain::attempts::review;
use crate::domain::content::ReviewPolicy;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::tag_gaps::{Answered, AnsweredBy, AnsweredIn, OwnAnswer, Sums, TagGap};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, EnrollmentKey, OrgId, RevisionId, RevisionKey, UnitId, UnitKey};
use async_graphql::Context;
use std::collections::BTreeMap;

/// The gaps of a learner, by those answers of which they may know what they earned.
pub async fn of_enrollment(ctx: &Context<'_>, key: EnrollmentKey) -> Result<Vec<TagGap>> {
    let Some(answers) = ctx.fetch(AnsweredIn(key)).await? else {
        return Ok(Vec::new());
    };
    let mut sums = Sums::default();
    for ((revision, quiz), own) in by_quiz(answers.iter(), |own| &own.answered) {
        let revision = edition(ctx, key.org, revision).await?;
        let Some((policy, _)) = revision.quiz(quiz) else {
            continue;
        };
        let closes = if policy.review == ReviewPolicy::AfterClosing {
            let quiz = UnitKey::new(revision.course, quiz);
            review::closes(ctx.app(), &ctx.reader(), quiz, policy).await?
        } else {
            None
        };
        let is_shown = |own: &&OwnAnswer| {
            let is_closed = closes.is_some_and(|closes| closes <= own.now);
            policy.review.is_open(own.is_passed, is_closed)
        };
        let shown = own.into_iter().filter(is_shown);
        let shown: Vec<&Answered> = shown.map(|own| &own.answered).collect();
        sums.add(&revision, quiz, &shown);
    }
    Ok(sums.gaps(|_| true))
}

/// The gaps of the learners of a course whom the viewer sees, by the tags that enough of them have answered questions of.
pub async fn of_course(ctx: &Context<'_>, course: CourseKey, view: View) -> Result<Vec<TagGap>> {
    let found = ctx.fetch_one(AnsweredBy(course, view)).await?;
    let mut sums = Sums::default();
    for ((revision, quiz), answers) in by_quiz(found.answers.iter(), |answered| answered) {
        let revision = edition(ctx, course.org, revision).await?;
        sums.add(&revision, quiz, &answers);
    }
    Ok(sums.gaps(|tag| found.told.contains(tag)))
}

/// Sorts answers by the edition and the quiz that they are of.
fn by_quiz<'a, T>(
    answers: impl Iterator<Item = &'a T>,
    answered: impl Fn(&T) -> &Answered,
) -> BTreeMap<(RevisionId, UnitId), Vec<&'a T>> {
    let mut sorted: BTreeMap<_, Vec<&T>> = BTreeMap::new();
    for answer in answers {
        let Answered { revision, quiz, .. } = answered(answer);
        sorted.entry((*revision, *quiz)).or_default().push(answer);
    }
    sorted
}

async fn edition(ctx: &Context<'_>, org: OrgId, revision: RevisionId) -> Result<SharedRevision> {
    let key = RevisionKey::new(org, revision);
    ctx.app().contents.find(&ctx.reader(), key).await
}
