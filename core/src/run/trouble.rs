//! Questions that are not answered: they are asked again for some time, then in smaller parts, and what cannot be looked at at all is
//! noted. A run always ends.

use std::time::Duration;

use crate::document::{Counted, Place, RunDocument, RunTotals, RunTrouble, Work};
use crate::message::Discovery;
use crate::time::Timestamp;

use super::{begin, counting};

/// So many times in a row without an answer, and the question counts as refused.
const TRIES: u32 = 8;
/// First pause, doubled each time; and the longest.
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(900);
/// However long a service asks to be left alone: after such a time without progress the place is given up.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// So often a list is begun anew whose next page is refused.
const RESTARTS: u32 = 2;
/// Most troubles that the document names.
const NAMED: usize = 100;

/// When to ask again what was not answered; none where it has been asked often enough.
pub(super) fn unanswered(document: &mut RunDocument, until: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    if now >= document.progress_at + PATIENCE {
        return None;
    }
    if let Some(until) = until {
        return Some(until.max(now));
    }
    document.tries += 1;
    let pause = FIRST.saturating_mul(1 << document.tries.saturating_sub(1).min(16)).min(LONGEST);
    (document.tries < TRIES).then_some(now + pause)
}

/// The first question is refused: it is asked anew, in smaller parts, or given up.
pub(super) fn refused(document: &mut RunDocument, words: String, now: Timestamp) {
    document.tries = 0;
    document.progress_at = now;
    if document.work.is_empty() {
        return;
    }
    let discovery = document.discovery;
    let (place, next, restarts) = match document.work.remove(0) {
        Work::Expand { group, .. } => {
            return note(document, RunTrouble { scope: group.as_str().to_owned(), words, at: now });
        }
        Work::See { subscriptions } if discovery != Discovery::ResourceGraph => {
            return put_first(document, begin::one_by_one(&subscriptions));
        }
        Work::See { subscriptions } => (Place::Graph { subscriptions }, None, RESTARTS),
        Work::Count { place, next, restarts, found } => {
            counting::forget(document, &found);
            (place, next, restarts)
        }
        Work::List { place, next, restarts, found, .. } => {
            // What a limit counts is not sent again; all else is, under the same ids.
            let sent = if document.run.options.resource_count.is_some() { found.sums.sent } else { 0 };
            // Counted it is, so that what was handed over is not told twice; the list begins anew.
            if next.is_some() && restarts < RESTARTS {
                let again = found.listed.clone();
                let found = Counted { sums: RunTotals { sent, ..found.sums }, again, ..found };
                return put_first(document, vec![Work::List { place, next: None, restarts: restarts + 1, found }]);
            }
            document.totals.sent += sent;
            (place, None, RESTARTS)
        }
    };
    if next.is_some() && restarts < RESTARTS {
        let found = Counted::default();
        return put_first(document, vec![Work::Count { place, next: None, restarts: restarts + 1, found }]);
    }
    match place {
        Place::Group { subscriptions, .. } => put_first(document, begin::one_by_one(&subscriptions)),
        Place::Graph { subscriptions } if subscriptions.len() > 1 => {
            let (first, second) = subscriptions.split_at(subscriptions.len() / 2);
            let half = |some: &[_]| begin::count(Place::Graph { subscriptions: some.to_vec() });
            put_first(document, vec![half(first), half(second)]);
        }
        Place::Graph { subscriptions } if discovery != Discovery::ResourceGraph => {
            put_first(document, begin::one_by_one(&subscriptions));
        }
        Place::Graph { subscriptions } => {
            let scopes: Vec<_> = subscriptions.iter().map(|id| format!("/subscriptions/{id}")).collect();
            note(document, RunTrouble { scope: scopes.join(", "), words, at: now });
        }
        Place::Scope { scope } => note(document, RunTrouble { scope: scope.as_str().to_owned(), words, at: now }),
    }
}

/// Notes what could not be looked at.
pub(super) fn note(document: &mut RunDocument, trouble: RunTrouble) {
    if document.troubles.len() < NAMED {
        document.troubles.push(trouble);
    } else {
        document.more_troubles += 1;
    }
}

/// What is to be done before all that is left.
pub(super) fn put_first(document: &mut RunDocument, work: Vec<Work>) {
    document.work.splice(0..0, work);
}
