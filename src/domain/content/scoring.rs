//! What an answer earns for being right in part, or costs for being wrong.

use super::points::{MOST, Points};
use crate::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// What an answer earns that is right in part.
    PartialCredit {
        /// Nothing: only an answer that is right as a whole earns points.
        AllOrNothing = "all_or_nothing",
        /// The share of what is right; of a multiple choice, the right options chosen out of as many as are right or as were chosen, whichever is more.
        Proportional = "proportional",
        /// The share of what is right less the share of what is wrong.
        RightMinusWrong = "right_minus_wrong",
    }
}

/// How a question's answer becomes points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoring {
    /// Points for an answer that is right as a whole.
    pub points: Points,
    /// What an answer earns that is right in part.
    pub partial: PartialCredit,
    /// What an answer costs at most.
    pub penalty: Points,
}

impl Default for Scoring {
    fn default() -> Self {
        Self {
            points: Points::ONE,
            partial: PartialCredit::AllOrNothing,
            penalty: Points::ZERO,
        }
    }
}

impl Scoring {
    /// Whether it is what a question has that says nothing of it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Says what is wrong with it: the field and what it must be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.points <= Points::ZERO || self.points > MOST {
            Some(("points", "A question earns between 0.01 and 1000 points."))
        } else if self.penalty < Points::ZERO || self.penalty > self.points {
            Some((
                "penalty",
                "A wrong answer costs between 0 and as many points as a right one earns.",
            ))
        } else {
            None
        }
    }

    /// Points for an answer of which so much was right. One in which nothing was answered earns and costs nothing.
    pub fn earned(&self, share: Share) -> Points {
        let Share { right, wrong, of } = share;
        let of = i64::from(of.max(1));
        let (right, wrong) = (i64::from(right).min(of), i64::from(wrong));
        if right == 0 && wrong == 0 {
            return Points::ZERO;
        }
        match self.partial {
            PartialCredit::AllOrNothing if right == of && wrong == 0 => self.points,
            PartialCredit::Proportional if right > 0 => self.points.share(right, of.max(right + wrong)),
            PartialCredit::AllOrNothing | PartialCredit::Proportional => -self.penalty,
            PartialCredit::RightMinusWrong => self.points.share(right - wrong, of).max(-self.penalty),
        }
    }
}

/// How much of an answer is right and how much is wrong, in parts: options, items, pairs or gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Parts that are right.
    pub right: u32,
    /// Parts that are wrong; what was left out is neither.
    pub wrong: u32,
    /// Parts that make a right answer.
    pub of: u32,
}

impl Share {
    /// Of an answer that is one part: right, wrong, or none at all.
    pub fn whole(is_right: Option<bool>) -> Self {
        Self {
            right: u32::from(is_right == Some(true)),
            wrong: u32::from(is_right == Some(false)),
            of: 1,
        }
    }

    /// Of an answer of several parts, each right, wrong, or left out.
    pub fn of_parts(parts: impl Iterator<Item = Option<bool>>) -> Self {
        parts.map(Self::whole).fold(Self::default(), |sum, part| Self {
            right: sum.right + part.right,
            wrong: sum.wrong + part.wrong,
            of: sum.of + part.of,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PartialCredit::{AllOrNothing, Proportional, RightMinusWrong};

    #[test]
    fn each_policy_gives_what_it_says() {
        let share = |right, wrong, of| Share { right, wrong, of };
        for (given, all, part, less) in [
            (share(3, 0, 3), 300, 300, 300),
            (share(2, 0, 3), -50, 200, 200),
            (share(2, 1, 3), -50, 200, 100),
            (share(3, 1, 3), -50, 225, 200),
            (share(1, 1, 3), -50, 100, 0),
            (share(0, 1, 3), -50, -50, -50),
            (share(0, 3, 3), -50, -50, -50),
            (share(0, 0, 3), 0, 0, 0),
        ] {
            for (partial, expected) in [(AllOrNothing, all), (Proportional, part), (RightMinusWrong, less)] {
                let scoring = Scoring {
                    points: Points(300),
                    partial,
                    penalty: Points(50),
                };
                assert_eq!(scoring.earned(given), Points(expected), "{partial:?} {given:?}");
            }
        }
    }
}
