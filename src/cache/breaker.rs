//! A circuit breaker: after a few failures in a row a dependency is left alone for a while.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const FAILURES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether the dependency may be asked now. After the pause one caller at a time may try.
    pub fn allows(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                state.open_until = Some(Instant::now() + PAUSE);
                true
            }
            None => true,
        }
    }

    /// Notes how it went.
    pub fn note(&self, succeeded: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            *state = State::default();
        } else {
            state.failures += 1;
            if state.failures >= FAILURES {
                state.open_until = Some(Instant::now() + PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_a_row_open_it_and_a_success_closes_it() {
        let breaker = Breaker::default();
        breaker.note(false);
        breaker.note(false);
        breaker.note(true);
        breaker.note(false);
        breaker.note(false);
        assert!(breaker.allows());
        breaker.note(false);
        assert!(!breaker.allows());
        breaker.note(true);
        assert!(breaker.allows());
    }
}
