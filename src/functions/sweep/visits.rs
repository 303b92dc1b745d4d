//! The visits of `sweep` to single targets. What befalls one must not stop the others: a document that cannot be used is told and
//! passed over, and one that somebody holds has its time and no more. When several fail, it is a service that does not serve.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tracing::error;

use remediation::document::TargetSummary;

use crate::azure::{Deadline, error_chain};
use crate::functions::Failure;

/// Targets of a page that are visited at the same time. A visit is three calls of some 10 ms, so that is about a thousand a
/// second, and several pages are visited side by side.
pub(super) const TOGETHER: usize = 20;
/// Targets that are visited at the same time, of all pages.
const AT_A_TIME: usize = 40;
/// Longest time for one target: one that cannot be written must not hold all that come after it.
const OF_ONE_TARGET: Duration = Duration::from_secs(10);
/// So many targets that could not be visited, and it is storage or Service Bus that does not serve.
const MOST_FAILED: usize = 5;

/// How the visits of one sweep went.
#[derive(Debug)]
pub(super) struct Visits {
    deadline: Deadline,
    /// Each holds a document in memory, twice, and several pages are visited side by side.
    permits: Semaphore,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    first: Option<Failure>,
    count: usize,
}

impl Visits {
    /// None yet, and none begun after the deadline.
    pub(super) fn until(deadline: Deadline) -> Self {
        Self { deadline, permits: Semaphore::new(AT_A_TIME), failures: Mutex::default() }
    }

    /// Visits these targets, many at a time, as long as there is time and services serve. How many visits came to something.
    pub(super) async fn visit_all<'a, F>(
        &self,
        targets: &[&'a TargetSummary],
        visit: impl Fn(&'a TargetSummary, Deadline) -> F,
    ) -> usize
    where
        F: Future<Output = Result<bool, Failure>>,
    {
        let mut successes = 0;
        for some in targets.chunks(TOGETHER) {
            if !self.go_on() {
                break;
            }
            let visits = some.iter().map(|summary| async {
                let _permit = self.permits.acquire().await;
                visit(summary, self.deadline.within(OF_ONE_TARGET)).await
            });
            for (summary, result) in some.iter().zip(join_all(visits).await) {
                match result {
                    Ok(success) => successes += usize::from(success),
                    Err(failure) => self.fail(&summary.blob, failure),
                }
            }
        }
        successes
    }

    /// How long what follows of some visits may take.
    pub(super) fn limit(&self) -> Deadline {
        self.deadline.within(OF_ONE_TARGET)
    }

    /// Whether what follows of some visits was done.
    pub(super) fn end_with(&self, result: Result<(), impl Into<Failure>>) -> bool {
        match result {
            Ok(()) => true,
            Err(failure) => {
                self.count(failure.into());
                false
            }
        }
    }

    /// Whether there is another one.
    pub(super) fn go_on(&self) -> bool {
        !self.deadline.has_passed() && self.failures().count < MOST_FAILED
    }

    /// The visit to the target with this blob has failed.
    fn fail(&self, blob: &str, failure: Failure) {
        if failure.is_about_one_target() {
            error!(
                event = "target_stopped",
                blob,
                reason = error_chain(&failure),
                "nothing is done for this target until its document can be used"
            );
            return;
        }
        self.count(failure);
    }

    fn count(&self, failure: Failure) {
        let mut failures = self.failures();
        failures.count += 1;
        failures.first.get_or_insert(failure);
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first failure that was not one target's own, if any.
    pub(super) fn end(self) -> Result<(), Failure> {
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.first.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defect() -> Failure {
        Failure::Defect("a test".to_owned())
    }

    #[test]
    fn one_that_fails_stops_no_other_and_several_stop_all() {
        let visits = Visits::until(Deadline::after(Duration::from_secs(60)));
        for _ in 1..MOST_FAILED {
            visits.fail("targets/s/t.json", defect());
            assert!(visits.go_on());
        }
        visits.fail("targets/s/t.json", defect());
        assert!(!visits.go_on() && visits.end().is_err());
        assert!(!Visits::until(Deadline::after(Duration::ZERO)).go_on());
        assert!(Visits::until(Deadline::after(Duration::ZERO)).end().is_ok());
    }
}
