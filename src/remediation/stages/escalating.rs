//! Very many resources wait: consider one task for the whole scope. Whatever speaks against it leaves them to waves.

use super::super::step::{Next, Question};
use super::super::wave::{Blockers, Many};
use super::View;
use crate::arm::{Facts, Found, NewTask};

/// What follows from considering a task for the whole scope.
pub(super) enum Escalation {
    /// Something must be read first.
    First(Next),
    /// The task.
    Task(Box<NewTask>),
    /// Waves must do.
    Waves,
}

impl View<'_> {
    pub(super) fn escalation(self, facts: &Facts, blockers: &Blockers<'_>) -> Escalation {
        let Some(many) = Many::of(self.document, self.policy, self.now) else { return Escalation::Waves };
        let scope = &self.look.target.scope;
        if let Some(rival) = blockers.unknown_rival_in(scope) {
            return Escalation::First(Next::LoadRival(rival));
        }
        // Waves get past what is in the way in one corner of the scope.
        if blockers.block_scope(scope) {
            return Escalation::Waves;
        }
        match &self.look.all_non_compliant {
            None => Escalation::First(self.ask(Question::AllNonCompliant)),
            Some(Found::There(states)) => many
                .into_task(states, facts, self.policy)
                .map_or(Escalation::Waves, |task| Escalation::Task(Box::new(task))),
            Some(Found::Gone | Found::Unreadable(_)) => Escalation::Waves,
        }
    }
}
