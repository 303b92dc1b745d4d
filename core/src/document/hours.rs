//! What became of a target's resources in the last 24 hours, by the hour. It is summed from the very changes that the log tells,
//! and stands in the document whose entries changed: one write, so that no crash loses or doubles a count, as it would if the
//! sums of a subscription stood in a document of their own.

use crate::time::Timestamp;

use super::changes::{Change, changes};
use super::hour::{Hour, Sums};
use super::target_document::TargetDocument;

const HOUR: i64 = 3_600;
/// Hours that are kept: the one that runs and those before it.
const KEPT: i64 = 24;

/// Counts what a change means.
fn count(sums: &mut Sums, change: &Change<'_>) {
    if let Some(seconds) = change.seconds_to_fixed() {
        sums.fixed += 1;
        sums.seconds_to_fixed += seconds;
    }
    if let Some(seconds) = change.seconds_to_verified() {
        sums.verified += 1;
        sums.seconds_to_verified += seconds;
    }
    sums.parked += u64::from(change.is_parked());
    sums.retried += u64::from(change.is_counted_retry());
}

/// Adds what a write of the document changes to the hour of `now`, and drops the hours that are too old.
pub fn sum_up(before: &TargetDocument, after: &mut TargetDocument, now: Timestamp) {
    let mut news = Sums::default();
    changes(before, after).for_each(|change| count(&mut news, &change));
    after.hours.retain(|hour| is_recent(hour, now));
    if news == Sums::default() {
        return;
    }
    let begun = hour_of(now);
    let place = after.hours.partition_point(|hour| hour.begun < begun);
    match after.hours.get_mut(place).filter(|hour| hour.begun == begun) {
        Some(hour) => hour.sums.add(&news),
        None => after.hours.insert(place, Hour { begun, sums: news }),
    }
}

/// The sums of the last 24 hours: of the one that runs and the 23 before it.
pub fn last_24_hours<'a>(hours: impl IntoIterator<Item = &'a Hour>, now: Timestamp) -> Sums {
    let mut total = Sums::default();
    hours.into_iter().filter(|hour| is_recent(hour, now)).for_each(|hour| total.add(&hour.sums));
    total
}

fn is_recent(hour: &Hour, now: Timestamp) -> bool {
    hour.begun > hour_of(now) - time::Duration::hours(KEPT)
}

fn hour_of(now: Timestamp) -> Timestamp {
    now - time::Duration::nanoseconds_i128(now.unix_timestamp_nanos().rem_euclid(i128::from(HOUR) * 1_000_000_000))
}

/// The hours as a blob's metadata keeps them: `{hour since 1970}:{fixed}:{seconds}:{verified}:{seconds}:{parked}:{retried}`,
/// separated by semicolons. Each carries its time, so whoever lists a blob that has not been written for days still sums
/// rightly; at their largest they take a fifth of the 8 KiB that metadata may have.
pub(crate) fn to_metadata(hours: &[Hour]) -> String {
    let one = |hour: &Hour| {
        let Sums { fixed, seconds_to_fixed, verified, seconds_to_verified, parked, retried } = hour.sums;
        let number = hour.begun.unix_timestamp().div_euclid(HOUR);
        format!("{number}:{fixed}:{seconds_to_fixed:.3}:{verified}:{seconds_to_verified:.3}:{parked}:{retried}")
    };
    hours.iter().map(one).collect::<Vec<_>>().join(";")
}

/// Reads what [`to_metadata`] wrote; what cannot be read is left out.
pub(crate) fn from_metadata(text: &str) -> Vec<Hour> {
    let one = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        let [number, fixed, seconds_to_fixed, verified, seconds_to_verified, parked, retried] = parts.as_slice() else {
            return None;
        };
        let seconds = number.parse::<i64>().ok()?.checked_mul(HOUR)?;
        let sums = Sums {
            fixed: fixed.parse().ok()?,
            seconds_to_fixed: seconds_to_fixed.parse().ok()?,
            verified: verified.parse().ok()?,
            seconds_to_verified: seconds_to_verified.parse().ok()?,
            parked: parked.parse().ok()?,
            retried: retried.parse().ok()?,
        };
        Some(Hour { begun: Timestamp::from_unix_timestamp(seconds).ok()?, sums })
    };
    text.split(';').filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::EntryState;
    use crate::fixture::{now, resource, seen, target, tuning};
    use crate::message::Finding;
    use crate::transition::observe::merge;
    use std::time::Duration;

    /// A document in which so many resources become fixed, ten seconds after they were seen.
    fn fix(document: &TargetDocument, from: usize, count: usize, now: Timestamp) -> TargetDocument {
        let mut before = document.clone();
        let at = now - Duration::from_secs(10);
        for n in from..from + count {
            merge(&mut before, &seen(Finding::NonCompliant, n, at), &tuning(), now);
            before.resources.get_mut(&resource(n)).unwrap().state = EntryState::InTask;
        }
        let mut after = before.clone();
        for entry in after.resources.values_mut().filter(|entry| entry.state == EntryState::InTask) {
            entry.fixes.push(now);
            entry.state = EntryState::Fixed { at: now, verified_at: None };
        }
        sum_up(&before, &mut after, now);
        after
    }

    #[test]
    fn what_is_written_within_an_hour_shares_its_bucket_and_a_day_later_it_is_forgotten() {
        let hours = |count: u64| now() + Duration::from_secs(3_600 * count);
        let mut document = fix(&TargetDocument::new(target()), 0, 3, now());
        document = fix(&document, 3, 2, now() + Duration::from_secs(3_599));
        assert_eq!((document.hours.len(), document.hours[0].begun), (1, now()));
        assert_eq!((document.hours[0].sums.fixed, document.hours[0].sums.seconds_to_fixed), (5, 50.0));
        for hour in 1..30 {
            document = fix(&document, 10 + hour as usize, 1, hours(hour));
        }
        assert_eq!((document.hours.len(), document.hours[0].begun), (24, hours(6)));
        assert_eq!(last_24_hours(&document.hours, hours(29)).fixed, 24);
        assert_eq!(last_24_hours(&document.hours, hours(35)).fixed, 18, "what was not written since tells its age");
        assert_eq!(last_24_hours(&document.hours, hours(90)), Sums::default());
    }

    #[test]
    fn a_write_that_changes_no_resource_adds_nothing_and_the_clock_of_another_instance_does_no_harm() {
        let document = fix(&TargetDocument::new(target()), 0, 1, now());
        let mut same = document.clone();
        sum_up(&document, &mut same, now());
        assert_eq!(same, document);
        let earlier = now() - Duration::from_secs(1);
        let document = fix(&document, 1, 1, earlier);
        assert_eq!(document.hours.iter().map(|hour| hour.sums.fixed).collect::<Vec<_>>(), [1, 1]);
        assert!(document.hours.is_sorted_by_key(|hour| hour.begun));
    }

    #[test]
    fn metadata_gives_back_what_it_was_given_and_stays_small() {
        let sums = Sums {
            fixed: 50_000,
            seconds_to_fixed: 123_456_789_012.125,
            verified: 50_000,
            seconds_to_verified: 123_456_789_012.5,
            parked: 50_000,
            retried: 50_000,
        };
        let hours: Vec<Hour> = (0..24).map(|n| Hour { begun: now() + Duration::from_secs(3_600 * n), sums }).collect();
        let text = to_metadata(&hours);
        assert!(text.len() < 2_000 && text.bytes().all(|b| b.is_ascii_graphic()), "{}", text.len());
        assert_eq!(from_metadata(&text), hours);
        assert_eq!(from_metadata(&format!("x;1:2;{text};1:2:3:4:5:6:-7")), hours);
        assert_eq!(from_metadata(""), []);
    }
}
