//! What stands in a target blob's metadata, so that `sweep` need not read the documents.

use std::collections::HashMap;

use time::format_description::well_known::Rfc3339;

use super::entry::EntryState;
use super::hours::{self, Hour};
use super::target_document::TargetDocument;
use crate::event::{Timestamp, parse_time};

const WAKE_AT: &str = "wakeat";
const HOURS: &str = "hours";
const PARKED_UNTIL: &str = "parkeduntil";
const COUNTS: [&str; 5] = ["waiting", "intask", "fixed", "parked", "skipped"];

/// A target's blob as a listing shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetSummary {
    /// The blob's name.
    pub blob: String,
    /// When the target is to be looked at next.
    pub wake_at: Option<Timestamp>,
    /// When the first park ends, of a resource or of the target.
    pub parked_until: Option<Timestamp>,
    /// Whether a resource waits or is in a task. What the target's park holds is parked.
    pub is_unsettled: bool,
    /// What became of its resources in the 24 hours before it was written.
    pub hours: Vec<Hour>,
}

impl TargetSummary {
    pub(super) fn read(blob: String, metadata: &HashMap<String, String>) -> Self {
        let value = |name: &str| {
            metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let time = |name| value(name).and_then(parse_time);
        // A document that a person or a tool has put back tells nothing here: it is looked at, and then it does.
        let some = |name| value(name).is_none_or(|value| value != "0");
        let is_unsettled = some(COUNTS[0]) || some(COUNTS[1]);
        let hours = value(HOURS).map(hours::from_metadata).unwrap_or_default();
        Self { blob, wake_at: time(WAKE_AT), parked_until: time(PARKED_UNTIL), is_unsettled, hours }
    }
}

/// The metadata of a document.
pub(super) fn of(document: &TargetDocument) -> HashMap<String, String> {
    let mut counts = [0_usize; 5];
    let mut parked_until: Option<Timestamp> = document.parked.as_ref().map(|park| park.until);
    for entry in document.resources.values() {
        let index = match &entry.state {
            EntryState::Waiting { .. } if document.holds(entry) => 3,
            EntryState::Waiting { .. } => 0,
            EntryState::InTask => 1,
            EntryState::Fixed { .. } => 2,
            EntryState::Parked { until, .. } => {
                parked_until = Some(parked_until.map_or(*until, |earliest| earliest.min(*until)));
                3
            }
            EntryState::Skipped { .. } => 4,
        };
        counts[index] += 1;
    }
    if let Some(unlisted) = &document.unlisted {
        let place = if document.parked.is_some() { 3 } else { 0 };
        counts[place] = counts[place].saturating_add(usize::try_from(unlisted.seen).unwrap_or(usize::MAX));
    }
    let time = |at: Timestamp| at.format(&Rfc3339).ok();
    let times = [(WAKE_AT, document.wake_at), (PARKED_UNTIL, parked_until)];
    let times = times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), time(at?)?)));
    let counts = COUNTS.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), count.to_string()));
    // Metadata has no empty values.
    let hours = Some(hours::to_metadata(&document.hours)).filter(|text| !text.is_empty());
    counts.chain(times).chain(hours.map(|text| (HOURS.to_owned(), text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Seen;
    use crate::remediation::fixture::{now, policy, seen, target};
    use crate::remediation::merge;
    use crate::state::{ParkReason, TargetPark};
    use std::time::Duration;

    #[test]
    fn what_the_targets_park_holds_counts_as_parked_until_the_park_ends() {
        let mut document = TargetDocument::new(target());
        for n in 0..3 {
            merge(&mut document, &seen(Seen::NonCompliant, n, now()), &policy(), now());
        }
        let read = |document: &TargetDocument| TargetSummary::read(String::new(), &of(document));
        assert!(read(&document).is_unsettled && read(&document).parked_until.is_none());
        let until = now() + Duration::from_secs(60);
        document.parked = Some(TargetPark {
            reason: ParkReason::NoIdentity,
            class: None,
            words: String::new(),
            hint: String::new(),
            since: now(),
            until,
        });
        assert!(TargetSummary::read(String::new(), &HashMap::new()).is_unsettled, "nothing is told");
        let metadata = of(&document);
        assert_eq!((metadata["waiting"].as_str(), metadata["parked"].as_str()), ("0", "3"));
        let summary = read(&document);
        assert_eq!((summary.is_unsettled, summary.parked_until), (false, Some(until)));
    }
}
