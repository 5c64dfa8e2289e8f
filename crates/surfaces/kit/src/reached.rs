//! Whether the database that the store shares with others can be reached, asked at most once a second.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use docket_access::INSTANCE_ORG;
use docket_engine::Environment;
use docket_engine::store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// How long an answer counts.
const FRESH_MICROS: i64 = 1_000_000;
/// Longest time that a question may take. Later it is still waited for, by whoever asks next.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// A question on its way.
type Question = JoinHandle<Result<(), StoreError>>;

/// What is known of it.
#[derive(Default)]
pub(crate) struct Reached {
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    at_micros: i64,
    is_reached: bool,
    /// One that has taken too long.
    running: Option<Question>,
}

impl Reached {
    /// Whether the store answers, or has within the last second. What it said otherwise is logged, not told: it may name
    /// hosts, and nobody needs a token to ask.
    pub(crate) async fn is_reached(&self, store: &Arc<dyn Store>, clock: &Environment) -> bool {
        // Others wait here for the answer of the first.
        let mut last = self.last.lock().await;
        let age = clock.now_micros().saturating_sub(last.at_micros);
        if (0..FRESH_MICROS).contains(&age) {
            return last.is_reached;
        }
        let running = last.running.take();
        let mut running = running.unwrap_or_else(|| ask(Arc::clone(store)));
        let answer = tokio::time::timeout(ANSWER_TIME, &mut running).await;
        let problem = match answer {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => Some(error.to_string()),
            Ok(Err(_)) => Some("asking it ended badly".to_owned()),
            Err(_) => {
                last.running = Some(running);
                Some("it does not answer in time".to_owned())
            }
        };
        if let Some(problem) = &problem {
            tracing::warn!(problem, "the database cannot be reached");
        }
        last.is_reached = problem.is_none();
        last.at_micros = clock.now_micros();
        last.is_reached
    }
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reached(..)")
    }
}

/// The cheapest question: one row by its name.
fn ask(store: Arc<dyn Store>) -> Question {
    tokio::task::spawn_blocking(move || store.log_of(INSTANCE_ORG).map(drop))
}

#[cfg(test)]
mod tests {
    use docket_engine::testing::memory::{Memory, ReadFault};
    use docket_engine::testing::random::{TestClock, TestRandom};

    use super::*;

    #[tokio::test]
    async fn a_database_is_asked_once_a_second() {
        let memory = Memory::shared(64);
        let store: Arc<dyn Store> = Arc::new(memory.clone());
        let clock = Arc::new(TestClock::at(1_700_000_000_000_000));
        let environment = Environment {
            clock: Arc::clone(&clock) as Arc<_>,
            random: Arc::new(TestRandom::default()),
        };
        let reached = Reached::default();
        let now = || reached.is_reached(&store, &environment);
        assert!(now().await);
        memory.fail_read(0, ReadFault::Unavailable);
        assert!(now().await, "within the second");
        clock.move_by(FRESH_MICROS);
        assert!(!now().await);
        assert!(!now().await);
        clock.move_by(FRESH_MICROS);
        assert!(now().await);
        assert_eq!(memory.reads(), 3);
    }
}
