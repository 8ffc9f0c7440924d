//! In which order an attempt shows questions and options.
//!
//! It follows from the attempt's seed alone: `ChaCha20` keyed with the seed, stream 0 for the questions and one stream
//! for the options of each question and one for each pool that it draws from, shuffled by Fisher and Yates. Nothing here may ever change for stored attempts,
//! so the shuffle is our own and not a library's, and a test holds on to its outcome.

use crate::domain::content::{QuestionPrompt, QuizPolicy, Revision};
use crate::kernel::ids::{QuestionId, UnitId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::borrow::Cow;

/// How an attempt's quiz is taken, and the questions that the attempt has, in the author's order: the quiz's own, then those that it
/// drew by its seed, which are the same whenever they are asked for.
pub fn asked(revision: &Revision, quiz: UnitId, seed: i64) -> Option<(&QuizPolicy, Cow<'_, Questions>)> {
    let (policy, own) = revision.quiz(quiz)?;
    let pools = revision.pools(quiz);
    if pools.is_empty() {
        return Some((policy, Cow::Borrowed(own)));
    }
    let mut questions = own.to_vec();
    for (place, pool) in pools.iter().enumerate() {
        let drawn = drawn(seed, place, pool.questions.len(), pool.draw);
        questions.extend(drawn.into_iter().map(|at| pool.questions[at].clone()));
    }
    Some((policy, Cow::Owned(questions)))
}

/// Questions with their identities.
pub type Questions = [(QuestionId, QuestionPrompt)];

/// Which of a pool's questions an attempt draws, in the pool's order.
fn drawn(seed: i64, pool: usize, of: usize, draw: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..of).collect();
    shuffle(&mut rng(seed, FIRST_POOL + pool as u64), &mut places);
    places.truncate(draw);
    places.sort_unstable();
    places
}

/// The stream of the first pool, behind those of all questions that there can be.
const FIRST_POOL: u64 = 1 << 32;

/// A question as an attempt shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the question stands in the author's order.
    pub question: usize,
    /// Where its options stand in the author's order.
    pub options: Vec<usize>,
}

/// The questions of a quiz in an attempt's own order.
pub fn own_order(seed: i64, policy: &QuizPolicy, questions: &[(QuestionId, QuestionPrompt)]) -> Vec<Place> {
    let mut places = author_order(questions);
    for (place, (_, prompt)) in places.iter_mut().zip(questions) {
        if prompt.shuffle_options && policy.shuffle_options {
            shuffle(&mut rng(seed, place.question as u64 + 1), &mut place.options);
        }
    }
    if policy.shuffle_questions {
        shuffle(&mut rng(seed, 0), &mut places);
    }
    places
}

/// The questions of a quiz in their author's order.
pub fn author_order(questions: &[(QuestionId, QuestionPrompt)]) -> Vec<Place> {
    let place = |(question, (_, prompt)): (usize, &(QuestionId, QuestionPrompt))| Place {
        question,
        options: (0..prompt.options.len()).collect(),
    };
    questions.iter().enumerate().map(place).collect()
}

fn rng(seed: i64, stream: u64) -> ChaCha20Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha20Rng::from_seed(key);
    rng.set_stream(stream);
    rng
}

fn shuffle<T>(rng: &mut ChaCha20Rng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let among = last as u64 + 1;
        let chosen = (u128::from(rng.next_u64()) * u128::from(among)) >> 64;
        items.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{ChoiceOption, QuestionKind};
    use uuid::Uuid;

    fn quiz(questions: u128, options: usize, shuffle_options: bool) -> Vec<(QuestionId, QuestionPrompt)> {
        let option = |n: usize| ChoiceOption {
            key: format!("k{n}"),
            text: format!("option {n}"),
        };
        let question = |n: u128| {
            let prompt = QuestionPrompt {
                options: (0..options).map(option).collect(),
                shuffle_options,
                ..QuestionPrompt::new(QuestionKind::SingleChoice, format!("question {n}"))
            };
            (QuestionId(Uuid::from_u128(n)), prompt)
        };
        (0..questions).map(question).collect()
    }

    fn policy(shuffle_questions: bool) -> QuizPolicy {
        QuizPolicy {
            shuffle_questions,
            ..QuizPolicy::default()
        }
    }

    fn written(places: &[Place]) -> String {
        let digits = |options: &[usize]| options.iter().map(ToString::to_string).collect::<String>();
        let place = |place: &Place| format!("{}:{}", place.question, digits(&place.options));
        places.iter().map(place).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_same_seed_gives_the_same_order_for_ever() {
        let questions = quiz(5, 4, true);
        for (seed, expected) in [
            (0, "4:2103 1:2031 3:0321 0:0213 2:2301"),
            (1, "0:1320 3:3012 1:2103 4:3012 2:2013"),
            (-1, "1:3102 2:0213 3:0123 0:1302 4:3210"),
            (i64::MIN, "0:0321 3:0132 2:1230 4:0123 1:1302"),
        ] {
            assert_eq!(
                written(&own_order(seed, &policy(true), &questions)),
                expected,
                "seed {seed}"
            );
        }
    }

    #[test]
    fn what_is_drawn_follows_from_the_seed_and_nothing_is_drawn_twice() {
        assert_eq!(drawn(7, 0, 10, 4), drawn(7, 0, 10, 4));
        assert_ne!(
            drawn(7, 0, 100, 10),
            drawn(7, 1, 100, 10),
            "each pool has a stream of its own"
        );
        let mut counts = [0_u32; 8];
        for seed in 0..4_000 {
            let drawn = drawn(seed, 0, 8, 2);
            assert!(drawn.len() == 2 && drawn[0] < drawn[1], "{drawn:?}");
            for at in drawn {
                counts[at] += 1;
            }
        }
        assert!(
            counts.iter().all(|count| (880..=1_120).contains(count)),
            "{counts:?}"
        );
        assert_eq!(drawn(7, 0, 3, 3), [0, 1, 2]);
    }

    #[test]
    fn the_same_seed_draws_the_same_for_ever() {
        for (seed, pool, expected) in [
            (42, 0, [2, 6, 8, 14, 19]),
            (42, 1, [2, 5, 7, 13, 19]),
            (7, 0, [2, 4, 7, 9, 15]),
            (7, 1, [0, 4, 6, 18, 19]),
        ] {
            assert_eq!(drawn(seed, pool, 20, 5), expected, "{seed} {pool}");
        }
    }

    #[test]
    fn what_is_not_to_be_shuffled_stays_in_the_authors_order() {
        let still = quiz(5, 4, false);
        assert_eq!(own_order(7, &policy(false), &still), author_order(&still));
        let moved = own_order(7, &policy(true), &still);
        assert!(
            moved.iter().all(|place| place.options == [0, 1, 2, 3]),
            "{moved:?}"
        );
        assert_ne!(moved, author_order(&still));
    }

    #[test]
    fn the_order_of_options_does_not_depend_on_that_of_the_questions() {
        let questions = quiz(6, 4, true);
        let mut moved = own_order(7, &policy(true), &questions);
        moved.sort_by_key(|place| place.question);
        assert_eq!(moved, own_order(7, &policy(false), &questions));
    }

    #[test]
    fn every_place_is_as_likely_as_any_other() {
        let questions = quiz(4, 0, false);
        let mut first = [0_u32; 4];
        for seed in 0..4_000 {
            first[own_order(seed, &policy(true), &questions)[0].question] += 1;
        }
        assert!(
            first.iter().all(|count| (900..=1_100).contains(count)),
            "{first:?}"
        );
    }

    #[test]
    fn a_quiz_of_one_question_without_options_has_one_order() {
        assert_eq!(written(&own_order(3, &policy(true), &quiz(1, 0, true))), "0:");
    }
}
