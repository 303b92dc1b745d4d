//! All that was seen of a target goes into its document in one write.

use crate::document::{TargetDocument, sum_up};
use crate::message::{Finding, Sighting};
use crate::settings::Tuning;
use crate::time::Moment;

use super::observe::{Merged, merge};
use super::{handover, left_out};

/// Merges what was seen of one target into its document, as one write: the document afterwards, and what became of each.
#[must_use]
pub fn merge_all<'a>(
    known: &TargetDocument,
    seen: impl IntoIterator<Item = &'a Sighting>,
    tuning: &Tuning,
    moment: impl Into<Moment>,
) -> (TargetDocument, Vec<Merged>) {
    let (mut document, moment) = (known.clone(), moment.into());
    let now = moment.now;
    let mut merged = Vec::new();
    let mut deletions = Vec::new();
    for (place, sighting) in seen.into_iter().enumerate() {
        match sighting {
            // A deletion may overtake what it ends.
            Sighting::Resource(observation) if observation.seen == Finding::Deleted => {
                deletions.push((place, observation));
            }
            Sighting::Resource(observation) => {
                merged.push((place, merge(&mut document, observation, tuning, moment)));
            }
            Sighting::Scope(handover) => {
                merged.push((place, handover::hand_over(&mut document, handover, tuning, now)));
            }
        }
    }
    merged.extend(deletions.into_iter().map(|(place, seen)| (place, merge(&mut document, seen, tuning, moment))));
    merged.sort_unstable_by_key(|(place, _)| *place);
    let merged = merged.into_iter().map(|(_, merged)| merged).collect();
    if document != *known {
        left_out::count_surplus(&mut document, tuning);
        sum_up(known, &mut document, now);
    }
    (document, merged)
}
