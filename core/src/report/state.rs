//! Where a resource stands, in sentences.

use crate::document::{Entry, EntryState};
use crate::id::ResourceId;

use super::reason_words::because;
use super::story::Story;
use super::words::sentence;

impl Story<'_> {
    /// Where the resource stands, and what it waits for.
    pub(super) fn state(&self, resource: &ResourceId, entry: &Entry) -> Vec<String> {
        let mut told = match &entry.state {
            EntryState::Waiting { due } if self.document.holds(entry) => {
                vec![format!("It waits behind the park of its target; it has been due since {}.", self.at(*due))]
            }
            EntryState::Waiting { due } => self.waiting(resource, entry, *due),
            EntryState::InTask => self.in_task(entry),
            EntryState::Fixed { at, verified_at } => {
                let verified = match verified_at {
                    Some(at) => format!("An evaluation found it compliant at {}.", self.at(*at)),
                    None => "No evaluation has found it compliant since.".to_owned(),
                };
                vec![format!("A deployment of the worker's task succeeded at {}.", self.at(*at)), verified]
            }
            EntryState::Parked { reason, words, hint, until, .. } => vec![
                format!("It is parked for {}: {}", reason.as_str(), sentence(words)),
                format!("How to fix it: {}", sentence(hint)),
                format!(
                    "It is tried again at {}, or now by: policy-remediator parked retry {resource}",
                    self.at(*until)
                ),
            ],
            EntryState::Skipped { reason, at, .. } => {
                let mut told = vec![format!(
                    "It is skipped since {} for {}: {}.",
                    self.at(*at),
                    reason.as_str(),
                    because(*reason)
                )];
                if reason.is_guard_rail() {
                    told.push("It is judged anew when the guard rails change.".to_owned());
                }
                told
            }
        };
        if let Some(deleted) = entry.doubt.as_ref().and_then(|doubt| doubt.deleted_at) {
            let deleted = self.at(deleted);
            told.push(format!(
                "An event said at {deleted} that its policy state was deleted: no task before that is asked."
            ));
        }
        if let Some(doubt) = &entry.doubt {
            told.push(format!("The policy states are asked about it at {}.", self.at(doubt.ask_at)));
        }
        told
    }

    fn waiting(&self, resource: &ResourceId, entry: &Entry, due: crate::time::Timestamp) -> Vec<String> {
        if let Some(since) = entry.not_evaluated_since() {
            let since = self.at(since);
            return vec![format!(
                "It waits for an evaluation that is newer than that of {since}: without one no task can work."
            )];
        }
        let mut told = self.in_the_way(resource);
        if due > self.now {
            told.push(format!("It waits, and goes into a task from {} on.", self.at(due)));
        } else if self.document.active.is_some() {
            told.push(format!("It is due since {}, and goes on when the target's task has ended.", self.at(due)));
        } else {
            told.push(format!("It is due since {}, and goes into the next task of its target.", self.at(due)));
        }
        told
    }

    fn in_task(&self, entry: &Entry) -> Vec<String> {
        let mut told = match &self.document.active {
            Some(active) => vec![format!(
                "It is in task {}, opened at {}; the next look at the task is at {}.",
                active.name,
                self.at(active.opened_at),
                self.at(active.check_at)
            )],
            None => vec!["It is in a task.".to_owned()],
        };
        if let Some(seen) = entry.seen_in_task {
            let seen = self.at(seen);
            told.push(format!("It was evaluated as non-compliant at {seen}, which is weighed when the task ends."));
        }
        told
    }
}
