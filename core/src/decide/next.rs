//! What is next in a pass.
//!
//! `next` is pure. It holds no place in a script: it looks at the documents and at what has been observed, and names the first
//! thing that is missing. So a lost race simply forgets the document and decides again, and a crash between any two steps
//! leaves what the next wake-up can go on from.
//!
//! Order of writes when a wave opens: (1) document `opening`, (2) claim, (3) PUT, (4) document `open` with its next wake-up,
//! (5) that sent, (6) acknowledgement. Under first steps or a pace the fleet document books the wave between (1) and (2). When a task
//! ends: outcome into the document, then the claim is released, then the outcome is reported to the fleet document.

use crate::control::fleet::{note_forgotten, note_outcome};
use crate::document::{TargetDocument, Versioned, sum_up};
use crate::settings::{Mode, Tuning};
use crate::time::Moment;

use super::context::Context;
use super::pass::Pass;
use super::step::{Next, Transition};

impl Pass {
    /// What a person is told of the assignment stands in the document from the first write on after it was read.
    fn note_facts(&self, document: &mut TargetDocument, moment: Moment) {
        let Some(facts) = &self.answers.facts else { return };
        document.owner = self.owner().map(Into::into);
        document.void_approvals = match &self.approvals {
            Some(known) => known.void(&self.target, facts, moment.stored_after),
            None => Vec::new(),
        };
    }

    /// Decides what to do next.
    #[must_use]
    pub fn next(&self, tuning: &Tuning, moment: impl Into<Moment>) -> Next {
        let moment = moment.into();
        let acts = tuning.mode != Mode::Plan;
        let tuning = &*self.narrowed(tuning);
        // Claims before the document: a claim is written after its task stands in the document, so one that a later read of the
        // document does not name is void for certain.
        let Some(Versioned { document: claims, .. }) = &self.documents.claims else { return Next::LoadClaims };
        let Some(Versioned { document, etag }) = &self.documents.document else { return Next::Load };
        if etag.is_none() {
            // Nothing is known of the target: there is nothing to look at.
            return Next::Done;
        }
        if self.end.settled.is_some() {
            return self.wake(document);
        }
        if self.left_behind && !self.is_stale() {
            let mut document = document.clone();
            document.cut_off = document.cut_off.saturating_add(1);
            return Context::step(document);
        }
        let Some(tuning) = self.approved(tuning, moment) else { return Next::LoadApprovals };
        let tuning = &*tuning;
        match (Context { pass: self, document, claims, tuning, acts, moment, now: moment.now }).next() {
            Next::Save(mut write) => {
                write.decided = moment.running;
                sum_up(document, &mut write.document, moment.now);
                let verifies = tuning.verify_steps && !tuning.first_steps.is_empty();
                self.note_facts(&mut write.document, moment);
                note_outcome(document, &mut write.document, verifies);
                note_forgotten(document, &mut write.document, moment.now);
                if let Transition::Settled(_) = write.transition {
                    write.document.cut_off = 0;
                }
                Next::Save(write)
            }
            other => other,
        }
    }
}
