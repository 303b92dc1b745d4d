//! What the host does when the worker has ended, by its exit code. Pure. Source: WorkerProcess and
//! HttpFunctionInvocationDispatcher of the Functions host.

use time::{Duration, OffsetDateTime};

/// What the host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterExit {
    /// Nothing: exit code 0 is taken for intended, and later invocations are refused a connection.
    Nothing,
    /// Starts the worker again.
    Restart,
    /// Stops itself: too many errors.
    StopHost,
}

/// How many errors the host bears, and how long it remembers them.
const MOST_ERRORS: usize = 3;
const MEMORY: Duration = Duration::minutes(30);
const INTENDED_RESTART: i32 = 200;

/// The errors of one host's life.
#[derive(Debug, Default)]
pub(super) struct RestartBudget {
    errors: Vec<OffsetDateTime>,
}

impl RestartBudget {
    /// Decides; `None` is a death by signal.
    pub(super) fn on_exit(&mut self, code: Option<i32>, now: OffsetDateTime) -> AfterExit {
        match code {
            Some(0) => AfterExit::Nothing,
            Some(INTENDED_RESTART) => AfterExit::Restart,
            Some(_) | None => self.on_error(now),
        }
    }

    /// An error that is no exit: the worker did not get ready in time.
    pub(super) fn on_error(&mut self, now: OffsetDateTime) -> AfterExit {
        if self.errors.last().is_some_and(|last| now - *last > MEMORY) {
            self.errors.clear();
        }
        self.errors.push(now);
        if self.errors.len() >= MOST_ERRORS { AfterExit::StopHost } else { AfterExit::Restart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AfterExit::{Nothing, Restart, StopHost};
    use time::macros::datetime;

    #[test]
    fn exits_are_judged_by_code_and_by_what_went_before() {
        let start = datetime!(2026-11-21 07:00 UTC);
        type Story = (&'static str, &'static [(i64, Option<i32>)], AfterExit);
        let stories: [Story; 6] = [
            ("zero is never restarted", &[(0, Some(0))], Nothing),
            ("200 costs nothing", &[(0, Some(200)), (1, Some(200)), (2, Some(200)), (3, Some(200))], Restart),
            ("two errors are borne", &[(0, Some(1)), (1, None)], Restart),
            ("the third is not", &[(0, Some(101)), (1, None), (30, Some(2))], StopHost),
            ("30 quiet minutes wipe the slate", &[(0, Some(1)), (1, Some(1)), (32, Some(1))], Restart),
            ("200 does not wipe it", &[(0, Some(1)), (1, Some(200)), (2, Some(1)), (3, Some(1))], StopHost),
        ];
        for (name, exits, last) in stories {
            let mut budget = RestartBudget::default();
            let decided = exits.iter().map(|(at, code)| budget.on_exit(*code, start + Duration::minutes(*at))).last();
            assert_eq!(decided, Some(last), "{name}");
        }
    }
}
