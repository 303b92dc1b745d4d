//! Resources of a place, page by page: each becomes a message as an event's would, under the name of the run.

use std::collections::BTreeMap;

use crate::document::{Counted, Place, RunDocument, Work};
use crate::id::{Target, TargetHash};
use crate::message::{Observation, Outgoing};

use super::counting::end;
use super::{ListedRow, Rows, is_remediable};

/// How far the list of a place was read.
pub(super) struct Listed {
    pub(super) place: Place,
    pub(super) restarts: u32,
    pub(super) found: Counted,
    pub(super) sent: BTreeMap<TargetHash, u32>,
}

/// Takes a page of resources in. What is to be sent.
pub(super) fn take_in(document: &mut RunDocument, listed: Listed, page: Rows<ListedRow>) -> Vec<Outgoing> {
    let Listed { place, restarts, mut found, mut sent } = listed;
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
        if found.large.contains(&hash) {
            continue;
        }
        if let Some(most) = run.options.resource_count {
            let so_far = sent.entry(hash).or_default();
            if *so_far >= most {
                continue;
            }
            *so_far += 1;
        }
        found.sums.sent += 1;
        messages.push(Outgoing::observation(&Observation::of_run(run, row.resource, &target, row.at)));
    }
    match page.next {
        Some(next) => document.work.insert(0, Work::List { place, next: Some(next), restarts, found, sent }),
        None => end(document, &place, &found),
    }
    messages
}
