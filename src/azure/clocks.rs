//! The clocks of a decision: this machine's, and that of storage, which is read off the `Date` of every answer that storage
//! gives. A machine may stand still (a paused virtual machine) while only some of its clocks go on, and its wall clock may be
//! set: so spans are measured by whichever clock goes faster.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use remediation::time::{Moment, Timestamp};

use super::header::header;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const DATE: HeaderName = HeaderName::from_static("date");
/// The header tells whole seconds, and servers make it once a second: it is so far behind at most.
const BEHIND: Duration = Duration::from_secs(2);

/// The time by this machine's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "whoever wants to know it asks here")]
pub fn now() -> Timestamp {
    Timestamp::now_utc()
}

#[expect(clippy::disallowed_methods, reason = "whoever wants to know it asks here")]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// The clocks, shared by all who decide.
#[derive(Debug, Clone)]
pub struct Clocks(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    monotonic: Instant,
    wall: SystemTime,
    /// Since the beginning, by whichever was faster each time.
    running: Duration,
    storage: Option<StorageTime>,
}

/// What storage's last answer told.
#[derive(Debug, Clone, Copy)]
struct StorageTime {
    date: Timestamp,
    /// The process had been running so long at most when it asked.
    asked: Duration,
    answered: Instant,
}

impl Default for Clocks {
    fn default() -> Self {
        let inner = Inner { monotonic: Instant::now(), wall: wall(), running: Duration::ZERO, storage: None };
        Self(Arc::new(Mutex::new(inner)))
    }
}

impl Clocks {
    /// The time of a decision. Before storage has answered at all, this machine's clock stands for storage's.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tick(Instant::now(), wall());
        inner.moment(now())
    }

    /// How long the process has been running, at most.
    #[must_use]
    pub fn running(&self) -> Duration {
        self.moment().running
    }

    fn answered(&self, date: Timestamp, asked: Duration) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.storage = Some(StorageTime { date, asked, answered: Instant::now() });
    }
}

impl Inner {
    fn tick(&mut self, monotonic: Instant, wall: SystemTime) {
        let by_monotonic = monotonic.saturating_duration_since(self.monotonic);
        let by_wall = wall.duration_since(self.wall).unwrap_or_default();
        self.running += by_monotonic.max(by_wall);
        (self.monotonic, self.wall) = (monotonic, wall);
    }

    fn moment(&self, now: Timestamp) -> Moment {
        let running = self.running;
        let Some(StorageTime { date, asked, answered }) = self.storage else {
            return Moment { running, ..Moment::from(now) };
        };
        let stored_after = date + self.monotonic.saturating_duration_since(answered);
        let stored_before = date + BEHIND + running.saturating_sub(asked);
        Moment { now, stored_after, stored_before, running }
    }
}

/// Reads storage's clock off each of its answers.
#[derive(Debug)]
pub struct StorageDate(pub Clocks);

#[async_trait]
impl Policy for StorageDate {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let asked = self.0.running();
        let answer = next[0].send(ctx, request, &next[1..]).await?;
        // What has no id of storage's is of somebody on the way, whose clock is another.
        let is_storages = header(answer.headers(), &REQUEST_ID).is_some();
        let date = header(answer.headers(), &DATE).and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
        if let Some(date) = date.filter(|_| is_storages) {
            self.0.answered(date, asked);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const DATED: Timestamp = datetime!(2026-11-21 07:00 UTC);

    fn clocks(now: Instant, wall: SystemTime) -> Inner {
        let storage = StorageTime { date: DATED, asked: Duration::ZERO, answered: now };
        Inner { monotonic: now, wall, running: Duration::ZERO, storage: Some(storage) }
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let read = OffsetDateTime::parse("Sat, 21 Nov 2026 07:00:00 GMT", &Rfc2822).unwrap();
        assert_eq!(read, DATED);
    }

    #[test]
    fn spans_are_measured_by_the_faster_clock_and_storages_time_lies_between_both() {
        let (now, wall, second) = (Instant::now(), wall(), Duration::from_secs(1));
        // The machine was suspended: only its wall clock went on.
        let mut inner = clocks(now, wall);
        inner.tick(now + second, wall + 40 * second);
        let moment = inner.moment(DATED);
        assert_eq!(moment.running, 40 * second);
        assert_eq!((moment.stored_after, moment.stored_before), (DATED + second, DATED + 42 * second));
        // The wall clock was set back.
        inner.tick(now + 3 * second, wall);
        let moment = inner.moment(DATED);
        assert_eq!(moment.running, 42 * second);
        assert_eq!((moment.stored_after, moment.stored_before), (DATED + 3 * second, DATED + 44 * second));
    }

    #[test]
    fn until_storage_has_answered_this_machines_clock_stands_for_its() {
        let moment = Clocks::default().moment();
        assert_eq!((moment.stored_after, moment.stored_before), (moment.now, moment.now));
    }
}
