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
    /// Whether this pass has asked for all of the scope and was not told all: the next goes to waves first.
    pub(crate) fn ran_out_of_time(self) -> bool {
        self.pass.answers.all_non_compliant.as_ref().is_some_and(|list| !list.is_complete())
    }

    pub(crate) fn escalation(self, facts: &Facts, blockers: &Blockers<'_>) -> Escalation {
        let Some(many) = WholeScope::of(self.document, self.tuning, self.now) else { return Escalation::Waves };
        // What is counted one by one goes in waves; a plan shows what would be without.
        if self.pass.said().is_some_and(|said| said.window.is_some()) || !self.limits().are_none() {
            return Escalation::Waves;
        }
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
    use std::collections::BTreeSet;

    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use crate::decide::closed_gate_tests::play;
    use crate::decide::question::Answer;
    use crate::decide::step::{Observed, Transition};
    use crate::document::{StatesCursor, TaskKind, Unlisted};
    use crate::event::ComplianceState;
    use crate::fact::{Effect, PolicyState, ScopeStates, Unanswered};
    use crate::fixture::{now, pass_over, resource, target, tuning, waiting};
    use crate::message::WakeUp;

    const COUNT: usize = 301;

    fn states(places: impl IntoIterator<Item = usize>, next: Option<&str>) -> Observed {
        let state = |n| PolicyState {
            resource: resource(n).to_string(),
            state: ComplianceState::NonCompliant,
            at: Some(now()),
            effect: Some(Effect::Remediable),
            location: None,
        };
        let mut states = ScopeStates::unread(None);
        states.push(places.into_iter().map(state).collect(), next.map(str::to_owned));
        Observed::Answer(Answer::AllNonCompliant(states))
    }

    #[test]
    fn only_a_list_that_came_as_a_whole_makes_a_task_for_the_whole_scope() {
        let document = waiting(COUNT);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| *next == Next::Ask(Question::AllNonCompliant(None)));
        let mut cut = pass.clone();
        pass.observe(states(0..COUNT, None));
        let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("no task") };
        assert_eq!(write.transition, Transition::Opened);
        assert_eq!(write.document.active.unwrap().kind, TaskKind::WholeScope { count: COUNT });
        cut.observe(states(0..COUNT, Some("rest")));
        // What is in the list is known not to comply, and is not asked for.
        let Next::Save(write) = cut.next(&tuning(), now()) else { panic!("no task") };
        assert_eq!((write.transition, write.document.in_task().count()), (Transition::Opened, 100));
        assert!(write.document.waves_first);
        let mut next = waiting(COUNT);
        next.waves_first = true;
        let mut pass = pass_over(&WakeUp::new(target(), next.generation));
        play(&mut pass, next, |next| matches!(next, Next::Save(_) | Next::Ask(Question::AllNonCompliant(_))));
        let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("the whole scope is asked for again") };
        assert!(!write.document.waves_first, "the pass after that may ask for it");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_pass_that_is_cut_off_goes_with_whoever_has_an_answer(
            told in btree_set(0..COUNT, 0..COUNT),
            asked in btree_set(0..COUNT, 0..100),
            is_late: bool,
        ) {
            let document = waiting(COUNT);
            let mut order: Vec<_> = document.resources.iter().map(|(id, entry)| (entry.first_seen, id.clone())).collect();
            order.sort_unstable();
            let known: BTreeSet<_> = told.iter().chain(&asked).map(|n| resource(*n)).collect();
            let mut wanted: Vec<_> = order.into_iter().map(|(_, id)| id).filter(|id| known.contains(id)).take(100).collect();
            wanted.sort_unstable();
            let mut pass = pass_over(&WakeUp::new(target(), document.generation));
            play(&mut pass, document, |next| *next == Next::Ask(Question::AllNonCompliant(None)));
            pass.observe(if told.is_empty() {
                Observed::Answer(Answer::AllNonCompliant(ScopeStates::unread(None)))
            } else {
                states(told, Some("rest"))
            });
            pass.observe(Observed::Answer(Answer::States(asked.iter().map(|n| resource(*n)).collect(), Vec::new())));
            pass.observe(if is_late { Observed::OutOfTime } else { Observed::Unanswered(Unanswered::default()) });
            let Next::Save(write) = pass.next(&tuning(), now()) else { panic!("nothing is written") };
            prop_assert!(write.document.waves_first, "the next pass goes to waves first");
            let in_task: Vec<_> = write.document.in_task().cloned().collect();
            prop_assert_eq!(&in_task, &wanted);
            match write.transition {
                Transition::Opened => prop_assert!(!wanted.is_empty()),
                Transition::Settled(why) => prop_assert!(wanted.is_empty() && !why.is_an_end()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn while_the_list_is_read_in_parts_waves_must_do() {
        let mut document = waiting(COUNT);
        let reading = Some(StatesCursor { next: "rest".to_owned(), found: 1, left_out: 0 });
        document.unlisted = Some(Unlisted { due: now(), seen: 1, evaluated_after: None, reading, of_run: None });
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        play(&mut pass, document, |next| {
            matches!(next, Next::Ask(Question::Listed { .. } | Question::AllNonCompliant(_)))
        });
        assert!(matches!(pass.next(&tuning(), now()), Next::Ask(Question::Listed { .. })), "a wave");
    }
}
