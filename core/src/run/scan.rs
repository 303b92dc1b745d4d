//! Scans: batch runs that nobody asked for by a message, one a scope and time. The name follows from both, so that two timers, two
//! instances and a timer that comes late begin one and the same run.

use std::time::Duration;

use sha2::{Digest, Sha256};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::document::RunSummary;
use crate::id::{RunScope, hex};
use crate::message::{BatchRun, RunId};
use crate::time::Timestamp;

/// What the name of each scan begins with.
const SCAN: &str = "scan-";
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]t[hour][minute][second]z");
/// How long the documents of runs are kept that have ended: of those that somebody asked for, and of scans.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
const SCANS_KEPT: Duration = Duration::from_secs(7 * 86_400);

/// The scan of this scope that belongs to this time: the same for all times between two multiples of the interval.
#[must_use]
pub fn scan(scope: &RunScope, interval: Duration, now: Timestamp) -> BatchRun {
    let interval = i128::try_from(interval.as_nanos()).unwrap_or(i128::MAX).max(1);
    let nanoseconds = now.unix_timestamp_nanos();
    let begins = Timestamp::from_unix_timestamp_nanos(nanoseconds - nanoseconds.rem_euclid(interval)).unwrap_or(now);
    let begins = begins.to_offset(time::UtcOffset::UTC).format(TIME).expect("UTC times have parts");
    let digest = hex(&Sha256::digest(scope.as_str())[..6]);
    let run_id = format!("{SCAN}{digest}-{begins}").parse().expect("letters, digits and dashes");
    BatchRun::over(run_id, vec![scope.clone()])
}

/// Whether the run is a scan.
#[must_use]
pub fn is_scan(run_id: &RunId) -> bool {
    run_id.as_str().starts_with(SCAN)
}

/// The scan to begin, if any: not one that was begun, and none while an earlier one of the scope goes on.
#[must_use]
pub fn due_scan(scope: &RunScope, interval: Duration, known: &[RunSummary], now: Timestamp) -> Option<BatchRun> {
    let scan = scan(scope, interval, now);
    let of_scope = scan.run_id.as_str().rsplit_once('-').map(|(before, _)| format!("{before}-")).unwrap_or_default();
    let is_in_the_way = |run: &RunSummary| {
        run.run_id == scan.run_id || (run.ended_at.is_none() && run.run_id.as_str().starts_with(&of_scope))
    };
    (!known.iter().any(is_in_the_way)).then_some(scan)
}

/// Whether the document of the run has been kept for long enough: that of a scan until none of its name is due any more.
#[must_use]
pub fn is_outdated(run: &RunSummary, interval: Duration, now: Timestamp) -> bool {
    let kept = if is_scan(&run.run_id) { SCANS_KEPT.max(interval.saturating_mul(2)) } else { KEPT };
    run.ended_at.is_some_and(|ended_at| ended_at + kept < now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{SUB, now};

    const HOUR: Duration = Duration::from_secs(3_600);

    fn scope(text: &str) -> RunScope {
        text.parse().unwrap()
    }

    fn summary(run_id: &RunId, ended_at: Option<Timestamp>) -> RunSummary {
        RunSummary { run_id: run_id.clone(), ended_at, wake_at: None, progress_at: ended_at }
    }

    #[test]
    fn a_scope_has_one_scan_a_time_whoever_begins_it_and_when() {
        let sub = scope(SUB);
        let first = scan(&sub, 6 * HOUR, now());
        assert_eq!(first.run_id.as_str(), format!("scan-{}-20261121t060000z", &first.run_id.as_str()[5..17]));
        assert_eq!(scan(&sub, 6 * HOUR, now() + 4 * HOUR), first, "a timer that comes late");
        assert_ne!(scan(&sub, 6 * HOUR, now() + 5 * HOUR).run_id, first.run_id);
        let group = scope("/providers/Microsoft.Management/managementGroups/contoso");
        assert_ne!(scan(&group, 6 * HOUR, now()).run_id, first.run_id);
        for odd in [Duration::from_nanos(1), Duration::MAX] {
            assert!(is_scan(&scan(&sub, odd, now()).run_id));
        }
    }

    #[test]
    fn a_scan_is_begun_once_and_not_beside_an_earlier_one() {
        let sub = scope(SUB);
        let this = scan(&sub, 6 * HOUR, now());
        let earlier = scan(&sub, 6 * HOUR, now() - 6 * HOUR).run_id;
        let other = scan(&scope(&format!("{SUB}/resourceGroups/rg")), 6 * HOUR, now()).run_id;
        let due = |known: &[RunSummary]| due_scan(&sub, 6 * HOUR, known, now());
        assert_eq!(due(&[summary(&earlier, Some(now())), summary(&other, None)]), Some(this.clone()));
        for known in [summary(&earlier, None), summary(&this.run_id, None), summary(&this.run_id, Some(now()))] {
            assert_eq!(due(&[known]), None);
        }
    }

    #[test]
    fn scans_are_forgotten_sooner_than_what_somebody_asked_for_and_nothing_that_goes_on() {
        let scan = scan(&scope(SUB), HOUR, now()).run_id;
        let asked: RunId = "night".parse().unwrap();
        let days = |days: u32| Some(now() - days * 24 * HOUR);
        let is_outdated = |run, at, interval| super::is_outdated(&summary(run, at), interval, now());
        assert!(is_outdated(&scan, days(8), HOUR) && !is_outdated(&scan, days(6), HOUR));
        assert!(!is_outdated(&scan, days(59), 30 * 24 * HOUR) && is_outdated(&scan, days(61), 30 * 24 * HOUR));
        assert!(is_outdated(&asked, days(31), HOUR) && !is_outdated(&asked, days(29), HOUR));
        assert!(!is_outdated(&scan, None, HOUR));
    }
}
