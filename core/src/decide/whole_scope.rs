//! Very many resources wait: consider one task for the whole scope. Whatever speaks against it leaves them to waves.

use crate::fact::{ActiveTasks, Facts, NewTask};
use crate::wave::conflicts::Blockers;
use crate::wave::whole_scope::WholeScope;

use super::context::Context;
use super::question::Question;
use super::step::Next;

/// What follows from considering a task for the whole scope.
pub(crate) enum Escalation {
    /// Something must be read first.
    First(Next),
    /// The task.
    Task(Box<NewTask>),
    /// Waves must do.
    Waves,
}

impl Context<'_> {
    pub(crate) fn escalation(self, facts: &Facts, blockers: &Blockers<'_>) -> Escalation {
        let Some(many) = WholeScope::of(self.document, self.tuning, self.now) else { return Escalation::Waves };
        let scope = &self.pass.target.scope;
        if let Some(rival) = blockers.unknown_rival_in(scope) {
            return Escalation::First(Next::LoadRival(rival));
        }
        // Waves get past what is in the way in one corner of the scope.
        if blockers.block_scope(scope) {
            return Escalation::Waves;
        }
        // One that touches all must know of all that others touch.
        if !matches!(self.pass.answers.active_tasks, Some(ActiveTasks::All(_))) {
            return Escalation::Waves;
        }
        // A list so long that it is being read in parts does not show all of the scope at one time.
        let in_parts = self.document.unlisted.as_ref().is_some_and(|unlisted| unlisted.reading.is_some());
        match &self.pass.answers.all_non_compliant {
            None if in_parts || self.document.waves_first => Escalation::Waves,
            None => Escalation::First(self.ask(Question::AllNonCompliant(None))),
            Some(list) if list.is_complete() => many
                .into_task(self.new_name(), &list.states, facts, self.tuning)
                .map_or(Escalation::Waves, |task| Escalation::Task(Box::new(task))),
            Some(_) => Escalation::Waves,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::closed_gate_tests::play;
    use crate::decide::question::Answer;
    use crate::decide::step::{Observed, Transition};
    use crate::document::{StatesCursor, TaskKind, Unlisted};
    use crate::event::ComplianceState;
    use crate::fact::ScopeStates;
    use crate::fact::{Effect, PolicyState};
    use crate::fixture::{now, pass_over, resource, target, tuning, waiting};
    use crate::message::WakeUp;

    const COUNT: usize = 301;

    fn states(next: Option<&str>) -> Observed {
        let state = |n| PolicyState {
            resource: resource(n).to_string(),
            state: ComplianceState::NonCompliant,
            at: Some(now()),
            effect: Some(Effect::Remediable),
        };
        let mut states = ScopeStates::unread(None);
        states.push((0..COUNT).map(state).collect(), next.map(str::to_owned));
        Observed::Answer(Answer::AllNonCompliant(states))
    }

    #[test]
    fn only_a_list_that_came_as_a_whole_makes_a_task_for_the_whole_scope() {
        let document = waiting(COUNT);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| *next == Next::Ask(Question::AllNonCompliant(None)));
        let mut cut = pass.clone();
        pass.observe(states(None));
        let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("no task") };
        assert_eq!(write.transition, Transition::Opened);
        assert_eq!(write.document.active.unwrap().kind, TaskKind::WholeScope { count: COUNT });
        cut.observe(states(Some("rest")));
        let Next::Ask(Question::States(asked)) = cut.next(&tuning(), now()) else { panic!("no wave") };
        cut.observe(Observed::Answer(Answer::States(asked, Vec::new())));
        let Next::Save(write) = cut.next(&tuning(), now()) else { panic!("no task") };
        assert!(write.document.waves_first);
        let mut next = waiting(COUNT);
        next.waves_first = true;
        let mut pass = pass_over(&WakeUp::new(target(), next.generation));
        play(&mut pass, next, |next| matches!(next, Next::Save(_) | Next::Ask(Question::AllNonCompliant(_))));
        let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("the whole scope is asked for again") };
        assert!(!write.document.waves_first, "the pass after that may ask for it");
    }

    #[test]
    fn while_the_list_is_read_in_parts_waves_must_do() {
        let mut document = waiting(COUNT);
        let reading = Some(StatesCursor { next: "rest".to_owned(), found: 1, left_out: 0 });
        document.unlisted = Some(Unlisted { due: now(), seen: 1, evaluated_after: None, reading });
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| matches!(next, Next::Ask(Question::States(_) | Question::AllNonCompliant(_))));
        assert!(matches!(pass.next(&tuning(), now()), Next::Ask(Question::States(_))), "a wave");
    }
}
