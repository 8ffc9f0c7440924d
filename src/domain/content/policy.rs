//! How a quiz is taken.

use crate::text_enum;
use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// When a learner may see which answers were right, and why.
    ReviewPolicy {
        /// Never.
        Never = "never",
        /// As soon as the attempt is graded.
        AfterSubmission = "after_submission",
        /// Once the learner has passed the quiz.
        AfterPassing = "after_passing",
        /// Once the attempt is graded and the quiz is closed to everybody: after `closesAt`, the later one of the revision that the attempt was
        /// started in and of the course's current one. If the quiz never closes in the current one, the review does not open.
        AfterClosing = "after_closing",
    }
}

impl ReviewPolicy {
    /// Whether a graded attempt may be reviewed, given whether it passed and whether the quiz is closed to everybody.
    pub const fn is_open(self, is_passed: bool, is_closed: bool) -> bool {
        match self {
            Self::Never => false,
            Self::AfterSubmission => true,
            Self::AfterPassing => is_passed,
            Self::AfterClosing => is_closed,
        }
    }
}

text_enum! {
    /// Which of an enrolment's attempts at a quiz counts. Voided attempts never do; abandoned ones count as 0 points.
    CountedAttempt {
        /// The one with the greatest share of its points.
        Highest = "highest",
        /// The newest that is graded.
        Latest = "latest",
        /// The first.
        First = "first",
        /// All of them: their mean.
        Average = "average",
    }
}

/// How a quiz is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject, InputObject)]
#[graphql(input_name = "QuizPolicyInput")]
pub struct QuizPolicy {
    /// Seconds from the start of an attempt to its deadline; no deadline where null. At most 86400.
    pub time_limit_seconds: Option<i32>,
    /// Seconds after the deadline in which a learner may still submit what was saved before it, 0 to 3600. Then the server
    /// submits by itself. Nothing is saved after the deadline.
    #[graphql(default = 5)]
    #[serde(default = "usual_grace", skip_serializing_if = "is_usual_grace")]
    pub grace_seconds: i32,
    /// Attempts that each enrolment has; any number where null.
    pub max_attempts: Option<i32>,
    /// Seconds between the end of an attempt and the start of the next; none where null. At most 2592000, 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooldown_seconds: Option<i32>,
    /// From when on attempts may be started; at once where null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<Utc>>,
    /// Until when attempts may be started and answers are saved: no deadline is later, whatever the time limit. Any time where
    /// null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<DateTime<Utc>>,
    /// Share of the points that passes, in percent.
    #[graphql(default = 60)]
    pub pass_percent: i32,
    /// Which attempt counts.
    #[graphql(default_with = "CountedAttempt::Highest")]
    #[serde(default = "usually_counted", skip_serializing_if = "is_usually_counted")]
    pub counts: CountedAttempt,
    /// Whether questions come in an order of each attempt's own.
    #[graphql(default)]
    pub shuffle_questions: bool,
    /// Whether the options of questions that ask for it come in an order of each attempt's own; if not, in the author's.
    #[graphql(default = true)]
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub shuffle_options: bool,
    /// When learners may see what was right.
    #[graphql(default_with = "ReviewPolicy::AfterSubmission")]
    pub review: ReviewPolicy,
}

/// Seconds of grace where a policy says nothing of it.
const USUAL_GRACE: i32 = 5;

impl Default for QuizPolicy {
    fn default() -> Self {
        Self {
            time_limit_seconds: None,
            grace_seconds: USUAL_GRACE,
            max_attempts: None,
            cooldown_seconds: None,
            opens_at: None,
            closes_at: None,
            pass_percent: 60,
            counts: CountedAttempt::Highest,
            shuffle_questions: false,
            shuffle_options: true,
            review: ReviewPolicy::AfterSubmission,
        }
    }
}

impl QuizPolicy {
    /// Says what is wrong with the policy: the field and what it must be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let beyond = |value: Option<i32>, least, most| value.is_some_and(|it| !(least..=most).contains(&it));
        let is_never_open = self
            .opens_at
            .zip(self.closes_at)
            .is_some_and(|(opens, closes)| closes <= opens);
        let fault = |field, message| Some((field, message));
        if beyond(self.time_limit_seconds, 10, 86_400) {
            fault(
                "timeLimitSeconds",
                "A time limit is between 10 and 86400 seconds.",
            )
        } else if beyond(Some(self.grace_seconds), 0, 3_600) {
            fault("graceSeconds", "The grace is between 0 and 3600 seconds.")
        } else if beyond(self.max_attempts, 1, 100) {
            fault("maxAttempts", "The number of attempts is between 1 and 100.")
        } else if beyond(self.cooldown_seconds, 1, 2_592_000) {
            fault(
                "cooldownSeconds",
                "The pause between attempts is between 1 and 2592000 seconds.",
            )
        } else if is_never_open {
            fault("closesAt", "A quiz closes after it opens.")
        } else if beyond(Some(self.pass_percent), 0, 100) {
            fault(
                "passPercent",
                "The share that passes is between 0 and 100 percent.",
            )
        } else if self.review == ReviewPolicy::AfterClosing && self.closes_at.is_none() {
            fault("review", "A review after closing needs `closesAt`.")
        } else {
            None
        }
    }
}

const fn usual_grace() -> i32 {
    USUAL_GRACE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_usual_grace(seconds: &i32) -> bool {
    *seconds == USUAL_GRACE
}

const fn usually_counted() -> CountedAttempt {
    CountedAttempt::Highest
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn is_usually_counted(counts: &CountedAttempt) -> bool {
    *counts == CountedAttempt::Highest
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_yes(shuffles: &bool) -> bool {
    *shuffles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_cannot_be_kept_is_refused_at_its_field() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        let usual = QuizPolicy::default;
        let (spring, autumn) = (at("2026-03-29T00:30:00Z"), at("2026-10-25T00:30:00Z"));
        for (policy, field) in [
            (usual(), None),
            (
                QuizPolicy {
                    time_limit_seconds: Some(9),
                    ..usual()
                },
                Some("timeLimitSeconds"),
            ),
            (
                QuizPolicy {
                    grace_seconds: 3_601,
                    ..usual()
                },
                Some("graceSeconds"),
            ),
            (
                QuizPolicy {
                    grace_seconds: -1,
                    ..usual()
                },
                Some("graceSeconds"),
            ),
            (
                QuizPolicy {
                    max_attempts: Some(0),
                    ..usual()
                },
                Some("maxAttempts"),
            ),
            (
                QuizPolicy {
                    cooldown_seconds: Some(0),
                    ..usual()
                },
                Some("cooldownSeconds"),
            ),
            (
                QuizPolicy {
                    opens_at: spring,
                    closes_at: autumn,
                    ..usual()
                },
                None,
            ),
            (
                QuizPolicy {
                    opens_at: autumn,
                    closes_at: spring,
                    ..usual()
                },
                Some("closesAt"),
            ),
            (
                QuizPolicy {
                    opens_at: spring,
                    closes_at: spring,
                    ..usual()
                },
                Some("closesAt"),
            ),
            (
                QuizPolicy {
                    pass_percent: 101,
                    ..usual()
                },
                Some("passPercent"),
            ),
            (
                QuizPolicy {
                    review: ReviewPolicy::AfterClosing,
                    ..usual()
                },
                Some("review"),
            ),
            (
                QuizPolicy {
                    review: ReviewPolicy::AfterClosing,
                    closes_at: autumn,
                    ..usual()
                },
                None,
            ),
        ] {
            assert_eq!(policy.fault().map(|(field, _)| field), field, "{policy:?}");
        }
    }

    #[test]
    fn what_a_policy_says_nothing_of_is_written_nowhere() {
        let usual = serde_json::to_value(QuizPolicy::default()).unwrap();
        let fields: Vec<_> = usual.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "max_attempts",
            "pass_percent",
            "review",
            "shuffle_questions",
            "time_limit_seconds",
        ];
        assert_eq!(fields.len(), expected.len());
        assert!(expected.iter().all(|field| fields.contains(field)), "{fields:?}");
        assert_eq!(
            serde_json::from_value::<QuizPolicy>(usual).unwrap(),
            QuizPolicy::default()
        );
    }
}
