//! One step of a run: the answer to its next question is taken in.

use crate::document::{RunDocument, RunTrouble, Work};
use crate::id::SubscriptionId;
use crate::message::{Discovery, Outgoing};
use crate::time::Timestamp;

use super::{Answer, Rows, Terms, begin, counting, listing, pages, trouble};

/// What follows of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The document as it stands then; it is written once the messages are sent.
    pub document: RunDocument,
    /// These are sent first: after a crash in between they are sent again, under the same ids.
    pub send: Vec<Outgoing>,
    /// When to go on, where not at once.
    pub wait_until: Option<Timestamp>,
}

/// Takes in the answer to the next question of the run.
#[must_use]
pub fn advance(known: &RunDocument, answer: Answer, terms: Terms, now: Timestamp) -> Step {
    let mut document = known.clone();
    document.wake_at = None;
    if document.work.is_empty() {
        return ended(document, Vec::new(), now);
    }
    if let Answer::Unanswered(words, until) = answer {
        return match trouble::unanswered(&mut document, until, now) {
            Some(at) => Step { document, send: Vec::new(), wait_until: Some(at) },
            None => {
                trouble::refused(&mut document, words, now);
                ended(document, Vec::new(), now)
            }
        };
    }
    (document.tries, document.progress_at) = (0, now);
    (document.woken, document.taken) = (0, false);
    let answer = pages::refusal(&document.work[0], &answer).map_or(answer, Answer::Refused);
    let send = match (document.work.remove(0), answer) {
        (Work::Expand { group, mut found, pages, .. }, Answer::Descendants(page)) => {
            document.totals.questions += 1;
            document.totals.unreadable += page.unreadable;
            let Rows { rows, next, .. } = page;
            found.extend(rows);
            match next {
                Some(next) => {
                    document.work.insert(0, Work::Expand { group, next: Some(next), found, pages: pages + 1 })
                }
                None => trouble::put_first(&mut document, begin::of_group(group, found, known.discovery)),
            }
            Vec::new()
        }
        (Work::See { subscriptions }, Answer::Visible(visible)) => {
            document.totals.questions += 1;
            see(&mut document, &subscriptions, &visible, now);
            Vec::new()
        }
        (Work::Count { place, restarts, found, .. }, Answer::Counts(page)) => {
            counting::take_in(&mut document, (place, restarts, found), page, terms, now)
        }
        (Work::List { place, restarts, found, .. }, Answer::Resources(page)) => {
            listing::take_in(&mut document, (place, restarts, found), page)
        }
        (work, Answer::Refused(words)) => {
            document.work.insert(0, work);
            trouble::refused(&mut document, words, now);
            Vec::new()
        }
        // Not the answer to this question: it is asked again.
        (work, _) => {
            document.work.insert(0, work);
            Vec::new()
        }
    };
    ended(document, send, now)
}

fn ended(mut document: RunDocument, send: Vec<Outgoing>, now: Timestamp) -> Step {
    if document.work.is_empty() {
        document.ended_at.get_or_insert(now);
    }
    Step { document, send, wait_until: None }
}

/// What Resource Graph shows is asked there; what it does not show is asked one by one, unless the run wants it otherwise.
fn see(document: &mut RunDocument, asked: &[SubscriptionId], visible: &[SubscriptionId], now: Timestamp) {
    let (seen, unseen): (Vec<_>, Vec<_>) = asked.iter().cloned().partition(|id| visible.contains(id));
    let mut work = begin::by_graph(&seen);
    if document.discovery == Discovery::ResourceGraph {
        for id in unseen {
            let words = "Resource Graph does not show it: the worker may not read there".to_owned();
            let scope = format!("/subscriptions/{id}");
            trouble::note(document, RunTrouble { scope, words, at: now });
        }
    } else {
        work.extend(begin::one_by_one(&unseen));
    }
    trouble::put_first(document, work);
}
