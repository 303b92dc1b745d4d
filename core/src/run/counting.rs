//! Counts of a place, page by page: what is handed over as a whole, and how much is left to be listed.

use crate::document::{Counted, Place, RunDocument, RunTarget, Work};
use crate::id::Target;
use crate::message::{Handover, Outgoing};
use crate::time::Timestamp;

use super::{CountedRow, Rows, Terms, is_remediable};

/// So many of the largest targets are left out of the list by name: the longer the filter, the less it saves.
const BY_NAME: usize = 5;
/// Most targets that the document of a dry run names.
const SHOWN: usize = 500;

/// Takes a page of counts in. What is to be sent.
pub(super) fn take_in(
    document: &mut RunDocument,
    (place, restarts, mut found): (Place, u32, Counted),
    page: Rows<CountedRow>,
    terms: Terms,
    now: Timestamp,
) -> Vec<Outgoing> {
    found.sums.questions += 1;
    found.sums.unreadable += page.unreadable;
    let mut sent = Vec::new();
    for row in page.rows {
        if !document.run.is_about(&row.assignment, row.reference.as_ref()) {
            found.sums.not_asked += row.count;
            continue;
        }
        if !is_remediable(&row.effect) {
            found.sums.not_remediable += row.count;
            continue;
        }
        let target = Target::within(&row.subscription, row.assignment, row.reference);
        let hash = target.hash();
        // What was sent of it one by one counts against the limit, of which the task of a handover would know nothing.
        let is_large =
            row.count > terms.escalate_above as u64 && covers(&place, &target) && !document.sent.contains_key(&hash);
        let is_known = document.handed_over.contains(&hash);
        found.effects.insert(row.effect);
        found.sums.resources += row.count;
        if !is_large {
            found.sums.targets += 1;
            found.small += if is_known { 0 } else { row.count };
        } else if found.large.insert(hash.clone()) {
            found.sums.targets += 1;
            found.sums.handed_over += 1;
            if !document.run.dry_run && !is_known {
                if document.run.options.resource_count.is_some() {
                    document.handed_over.insert(hash);
                }
                sent.push(Outgoing::handover(&Handover::new(&document.run, target.clone(), row.count, now)));
            }
            keep_largest(&mut found, RunTarget { target: target.clone(), count: row.count, handed_over: true });
        }
        if document.run.dry_run {
            if document.targets.len() < SHOWN {
                document.targets.push(RunTarget { target, count: row.count, handed_over: is_large });
                found.named += 1;
            } else {
                document.more_targets += 1;
                found.unnamed += 1;
            }
        }
    }
    let is_done = found.small == 0 || document.run.dry_run;
    match page.next {
        Some(next) => document.work.insert(0, Work::Count { place, next: Some(next), restarts, found }),
        None if is_done => end(document, &place, &found),
        None => document.work.insert(0, Work::List { place, next: None, restarts: 0, found }),
    }
    sent
}

/// The place was looked at: what was found there counts.
pub(super) fn end(document: &mut RunDocument, place: &Place, found: &Counted) {
    document.totals.add(&found.sums);
    document.totals.subscriptions += match place {
        Place::Group { subscriptions, .. } | Place::Graph { subscriptions } => subscriptions.len() as u64,
        Place::Scope { .. } => 1,
    };
}

/// The place is counted anew, or in parts: what a dry run has named of it is named again then.
pub(super) fn forget(document: &mut RunDocument, found: &Counted) {
    document.targets.truncate(document.targets.len().saturating_sub(found.named));
    document.more_targets = document.more_targets.saturating_sub(found.unnamed);
}

/// Whether all of the target lies in the place, so that it may be handed over as a whole.
fn covers(place: &Place, target: &Target) -> bool {
    match place {
        Place::Group { .. } | Place::Graph { .. } => true,
        Place::Scope { scope } => scope.is_whole_subscription() || *scope == target.scope,
    }
}

fn keep_largest(found: &mut Counted, target: RunTarget) {
    found.largest.push(target);
    found.largest.sort_by_key(|target| std::cmp::Reverse(target.count));
    found.largest.truncate(BY_NAME);
}
