//! What is done to a target's document outside of a pass, and in which order: the document is read, changed by compare-and-swap, and
//! only then its wake-up is sent. A crash between two of these leaves what the next delivery, or the next sweep, goes on from.

use crate::control::ask_again;
use crate::control::fleet::note_forgotten;
use crate::document::{ETag, Held, TargetDocument, Versioned};
use crate::message::{Outgoing, Sighting};
use crate::settings::Tuning;
use crate::time::Moment;
use crate::transition::schedule::{reschedule_overdue, wake_up_of};
use crate::transition::{
    Chosen, LetIn, Merged, Touched, forget_parked, is_settled, keeps_tasks, let_in, merge_all, retry_parked,
};

/// What is to be done.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// `collect`: take in what was seen. The wake-up is sent for duplicates too: they may be here again because it was not sent
    /// the last time.
    TakeIn(Vec<Sighting>),
    /// `sweep`: wake a target whose wake-up will not come any more.
    Wake,
    /// `sweep`: wake a target that is held by this, which is no more.
    AskAgain(Held),
    /// `sweep`: let in what today's guard rails do not leave out.
    LetIn,
    /// `sweep`: delete the document if nothing is left in it; wake its target where finished tasks are still to be deleted.
    Clear,
    /// `remediate`: forget how many passes were cut off, once the target is stopped for that.
    ForgetCutOff,
    /// A person: let what is parked and meant be tried again.
    Retry(Chosen),
    /// A person: forget what is parked and meant.
    Forget(Chosen),
}

/// The next effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read the document.
    Load,
    /// Write it in place of the one that was read.
    Save(Box<TargetDocument>),
    /// Delete the one that was read.
    Delete,
    /// Send its wake-up.
    Send(Outgoing),
    /// Nothing more.
    Done,
}

/// What the document says of what was to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was to be done, or another was faster.
    #[default]
    Nothing,
    /// What became of each observation.
    TakenIn(Vec<Merged>),
    /// The target is woken.
    Woken,
    /// What was let in.
    LetIn(LetIn),
    /// Nothing is left.
    Settled,
    /// What was meant of what is parked.
    Touched(Touched),
}

/// One errand to one target.
#[derive(Debug, Clone)]
pub struct Errand {
    purpose: Purpose,
    found: Option<Versioned<TargetDocument>>,
    outcome: Outcome,
    /// The document as it stands now.
    stands: Option<TargetDocument>,
    has_ended: bool,
}

impl Errand {
    /// An errand to a target whose document is still to be read.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, found: None, outcome: Outcome::Nothing, stands: None, has_ended: false }
    }

    /// An errand to the target of this document.
    #[must_use]
    pub fn to(found: Versioned<TargetDocument>, purpose: Purpose) -> Self {
        Self { found: Some(found), ..Self::new(purpose) }
    }

    /// What is next.
    pub fn next(&mut self, tuning: &Tuning, moment: impl Into<Moment>) -> Effect {
        if self.has_ended {
            return Effect::Done;
        }
        if self.stands.is_none() {
            let Some(found) = &self.found else { return Effect::Load };
            let (effect, outcome) = decide(&self.purpose, &found.document, tuning, moment.into());
            self.outcome = outcome;
            if effect != Effect::Done {
                return effect;
            }
            self.stands = Some(found.document.clone());
        }
        let wakes = match &self.outcome {
            Outcome::TakenIn(_) | Outcome::Woken => true,
            Outcome::LetIn(let_in) => *let_in != LetIn::default(),
            Outcome::Touched(touched) => !touched.is_nothing(),
            Outcome::Nothing | Outcome::Settled => false,
        };
        self.stands.as_ref().filter(|_| wakes).and_then(wake_up_of).map_or(Effect::Done, Effect::Send)
    }

    /// The document as it was read.
    #[must_use]
    pub fn found(&self) -> Option<&Versioned<TargetDocument>> {
        self.found.as_ref()
    }

    /// The ETag that a write must name.
    #[must_use]
    pub fn etag(&self) -> Option<&ETag> {
        self.found.as_ref().and_then(|found| found.etag.as_ref())
    }

    /// What the document says of what was to be done.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The document was read.
    pub fn loaded(&mut self, found: Versioned<TargetDocument>) {
        self.found = Some(found);
    }

    /// The document was written, and is this now.
    pub fn saved(&mut self, document: TargetDocument) {
        self.stands = Some(document);
    }

    /// Another wrote first. What was seen, what is to be forgotten and what a person says is so all the same; for the rest the next
    /// sweep comes again.
    pub fn lost_race(&mut self) {
        match self.purpose {
            Purpose::TakeIn(_) | Purpose::ForgetCutOff | Purpose::Retry(_) | Purpose::Forget(_) => self.found = None,
            Purpose::Wake | Purpose::AskAgain(_) | Purpose::LetIn | Purpose::Clear => {
                (self.outcome, self.has_ended) = (Outcome::Nothing, true)
            }
        }
    }

    /// The wake-up was sent, or the document deleted.
    pub fn ended(&mut self) {
        self.has_ended = true;
    }
}

/// What to do with this document; [`Effect::Done`] where it stays as it is.
fn decide(purpose: &Purpose, known: &TargetDocument, tuning: &Tuning, moment: Moment) -> (Effect, Outcome) {
    let write = |mut document: TargetDocument| {
        note_forgotten(known, &mut document, moment.now);
        match document == *known {
            true => Effect::Done,
            false => Effect::Save(Box::new(document)),
        }
    };
    let woken = || {
        let mut document = known.clone();
        reschedule_overdue(&mut document, moment.now);
        (write(document), Outcome::Woken)
    };
    match purpose {
        Purpose::TakeIn(seen) => {
            let (document, merged) = merge_all(known, seen, tuning, moment);
            (write(document), Outcome::TakenIn(merged))
        }
        Purpose::Wake => woken(),
        Purpose::AskAgain(held) => {
            let mut document = known.clone();
            let is_woken = ask_again(&mut document, held, moment.now);
            (write(document), if is_woken { Outcome::Woken } else { Outcome::Nothing })
        }
        Purpose::LetIn => {
            let mut document = known.clone();
            let let_in = let_in(&mut document, tuning, moment.now);
            (write(document), Outcome::LetIn(let_in))
        }
        Purpose::Clear if !is_settled(known, tuning.flap_window, moment.now) => (Effect::Done, Outcome::Nothing),
        Purpose::Clear if keeps_tasks(known, tuning) => woken(),
        Purpose::Clear => (Effect::Delete, Outcome::Settled),
        Purpose::ForgetCutOff => {
            let mut document = known.clone();
            document.cut_off = 0;
            (write(document), Outcome::Nothing)
        }
        Purpose::Retry(chosen) => {
            let mut document = known.clone();
            let touched = retry_parked(&mut document, chosen, moment.now);
            (write(document), Outcome::Touched(touched))
        }
        Purpose::Forget(chosen) => {
            let mut document = known.clone();
            let touched = forget_parked(&mut document, chosen, moment.now);
            (write(document), Outcome::Touched(touched))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, seen, target, tuning, waiting};
    use crate::message::{Finding, Sighting};

    fn versioned(document: TargetDocument) -> Versioned<TargetDocument> {
        Versioned { document, etag: Some(ETag("1".to_owned())) }
    }

    #[test]
    fn what_was_seen_is_taken_in_whoever_is_faster_and_its_wake_up_is_sent_for_a_duplicate_too() {
        let observation: Sighting = seen(Finding::NonCompliant, 1, now()).into();
        let mut errand = Errand::new(Purpose::TakeIn(vec![observation.clone()]));
        assert_eq!(errand.next(&tuning(), now()), Effect::Load);
        errand.loaded(Versioned { document: TargetDocument::new(target()), etag: None });
        assert!(matches!(errand.next(&tuning(), now()), Effect::Save(_)));
        errand.lost_race();
        assert_eq!(errand.next(&tuning(), now()), Effect::Load, "it is read again");
        errand.loaded(Versioned { document: TargetDocument::new(target()), etag: None });
        let Effect::Save(document) = errand.next(&tuning(), now()) else { panic!("not written") };
        errand.saved((*document).clone());
        let wake_up = wake_up_of(&document).unwrap();
        assert_eq!(errand.next(&tuning(), now()), Effect::Send(wake_up.clone()));
        errand.ended();
        assert_eq!(errand.next(&tuning(), now()), Effect::Done);

        let mut again = Errand::to(versioned(*document), Purpose::TakeIn(vec![observation]));
        assert_eq!(again.next(&tuning(), now()), Effect::Send(wake_up));
        assert_eq!(again.outcome(), &Outcome::TakenIn(vec![Merged::Duplicate]));
    }

    #[test]
    fn what_sweep_would_do_is_left_to_the_next_one_where_another_was_faster() {
        let mut errand = Errand::to(versioned(waiting(2)), Purpose::Wake);
        assert!(matches!(errand.next(&tuning(), now()), Effect::Save(_)));
        errand.lost_race();
        assert_eq!((errand.next(&tuning(), now()), errand.outcome()), (Effect::Done, &Outcome::Nothing));
        for purpose in [Purpose::LetIn, Purpose::Clear] {
            let mut errand = Errand::to(versioned(waiting(2)), purpose);
            assert_eq!(errand.next(&tuning(), now()), Effect::Done, "nothing is left out, and something waits");
        }
    }
}
