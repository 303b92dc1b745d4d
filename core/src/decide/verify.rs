//! Before anything else the policy states are asked what is in doubt: fixes that nothing verified, and events that say that a
//! resource complies which waits. One question a pass, so that waves have their turn.

use crate::transition::doubts;

use super::context::Context;
use super::question::Question;
use super::step::Next;

impl Context<'_> {
    /// What to do about what is in doubt; none when there is nothing to do now.
    pub(crate) fn doubting(self) -> Option<Next> {
        let due = doubts::due(self.document, self.now);
        let asked: Vec<_> = due.iter().filter(|id| self.pass.answers.states_asked.contains(*id)).collect();
        if asked.is_empty() {
            let may_ask = !due.is_empty() && self.pass.answers.states_asked.is_empty();
            return may_ask.then(|| self.ask(Question::States(due)));
        }
        let mut changed = self.document.clone();
        for id in asked {
            let Some(entry) = changed.resources.get_mut(id) else { continue };
            let of_it = self.pass.answers.states.iter().filter(|state| state.resource == id.as_str());
            doubts::settle(entry, of_it.max_by_key(|state| state.at), self.tuning, self.now);
        }
        Some(Self::step(changed))
    }
}
