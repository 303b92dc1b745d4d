//! Resources of a place, page by page: each becomes a message as an event's would, under the name of the run.

use crate::document::{Counted, Place, RunDocument, Work};
use crate::id::Target;
use crate::message::{Observation, Outgoing};

use super::counting::end;
use super::{ListedRow, Rows, is_remediable};

/// Takes a page of resources in. What is to be sent.
pub(super) fn take_in(
    document: &mut RunDocument,
    (place, restarts, mut found): (Place, u32, Counted),
    page: Rows<ListedRow>,
) -> Vec<Outgoing> {
    found.sums.questions += 1;
    found.sums.unreadable += page.unreadable;
    let run = &document.run;
    let mut messages = Vec::new();
    for row in page.rows {
        if !run.is_about(&row.assignment, row.reference.as_ref()) || !is_remediable(&row.effect) {
            continue;
        }
        let target = Target::of(&row.resource, row.assignment, row.reference);
        let hash = target.hash();
        // Another place may have handed it over.
        if found.large.contains(&hash) || document.handed_over.contains(&hash) {
            continue;
        }
        if let Some(most) = run.options.resource_count {
            // A list that begins anew begins with what it has sent.
            if let Some(again) = found.again.get_mut(&hash).filter(|again| **again > 0) {
                *again -= 1;
                continue;
            }
            let so_far = document.sent.entry(hash.clone()).or_default();
            if *so_far >= most {
                continue;
            }
            *so_far += 1;
            *found.listed.entry(hash).or_default() += 1;
        }
        found.sums.sent += 1;
        messages.push(Outgoing::observation(&Observation::of_run(run, row.resource, &target, row.at)));
    }
    match page.next {
        Some(next) => document.work.insert(0, Work::List { place, next: Some(next), restarts, found }),
        None => end(document, &place, &found),
    }
    messages
}
