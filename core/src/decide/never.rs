//! A policy that no task remediates: its target is noted as such before anything is asked about a resource, and the facts are read
//! again once a day.

use crate::document::NotRemediable;
use crate::fact::{Effect, Facts, Found};
use crate::policy::Resolved;
use crate::settings::Mode;
use crate::transition::never;
use crate::wave::due::Due;
use crate::wave::eligible::reference;

use super::context::Context;
use super::idle::Idle;
use super::question::Question;
use super::step::Next;

/// The effect, where it is one that no task remediates, whatever the policy states say.
fn effect_of(facts: &Facts) -> Option<&str> {
    match &facts.effect {
        Some(Resolved::Known(Effect::Other(effect))) => Some(effect),
        Some(Resolved::Known(Effect::Remediable) | Resolved::PerResource) | None => None,
    }
}

impl Context<'_> {
    /// Notes that what is due cannot be remediated. Plan mode takes nothing away: it shows what would leave.
    pub(crate) fn never_remediable(self, facts: &Facts) -> Option<Next> {
        let effect = effect_of(facts).filter(|_| self.tuning.mode == Mode::Act)?;
        if let Some(anew) = self.facts_since(Due::all(self.document, self.now), facts) {
            return Some(anew);
        }
        let mut changed = self.document.clone();
        never::note(&mut changed, effect, facts, self.now);
        Some(Self::step(changed))
    }

    /// Nothing is due in a target that cannot be remediated: rests until its facts are to be read again, and reads them then.
    pub(crate) fn looking_again(self, noted: &NotRemediable) -> Next {
        // One of all that have these facts is woken for the next look (`transition/looks.rs`).
        if noted.look_at > self.now {
            return self.idle_until(self.document.next_due_after(self.now), Idle::NothingDue);
        }
        // What plan mode shows it takes from what is seen then. Where only this assignment is planned for, `sweep` would wake it for ever.
        if self.tuning.mode == Mode::Plan {
            let mut changed = self.document.clone();
            if let Some(noted) = &mut changed.not_remediable {
                noted.look_at = never::next_look(self.pass.target.subscription(), self.now);
            }
            return Self::step(changed);
        }
        let anew = Question::FactsSince(noted.look_at);
        let Some(facts) = &self.pass.answers.facts else { return self.ask(anew) };
        if facts.read_at < noted.look_at && !self.pass.answers.facts_read_anew {
            return self.ask(anew);
        }
        let mut changed = self.document.clone();
        match (&facts.assignment, effect_of(facts), &facts.effect) {
            (Found::Gone, _, _) => never::forget(&mut changed),
            (Found::There(_), None, _) if reference(&self.pass.target, facts).is_err() => never::forget(&mut changed),
            (_, Some(effect), _) => never::note(&mut changed, effect, facts, self.now),
            (Found::There(_), None, Some(_)) => never::let_go(&mut changed, self.now),
            // What cannot be read says nothing new, and must not be compared with what others read.
            (Found::There(_), None, None) | (Found::Unreadable(_), None, _) => {
                if let Some(noted) = &mut changed.not_remediable {
                    noted.facts_digest.clear();
                    noted.look_at = never::next_look(self.pass.target.subscription(), self.now);
                }
            }
        }
        Self::step(changed)
    }
}
