//! The questions that resources which are due are put to before anything is done for them.

use crate::document::{LastFailure, SkipReason, TargetCause};
use crate::fact::Facts;
use crate::id::ResourceId;
use crate::transition::evaluate::give_up;
use crate::wave::due::Due;
use crate::wave::eligible::{Eligible, is_never_remediable};
use crate::wave::non_compliant::{NonCompliant, without_result};
use crate::wave::skipped::Skipped;

use super::context::Context;
use super::question::Question;
use super::step::Next;

/// Of so many resources the states are asked for by name, which takes two questions; of more a list is asked for first.
pub const FEW: usize = 40;
/// So many evaluations without a result are waited for.
const MOST_IN_VAIN: u32 = 3;

/// What the questions leave of what is due.
pub(crate) enum Judged {
    /// Something must be asked first.
    First(Next),
    /// These leave; the others are to be judged again.
    Skip(Vec<Skipped>),
    /// No task of the target is possible.
    Park(TargetCause),
    /// These go on.
    Left(Eligible),
}

impl Context<'_> {
    /// Puts to what is due the questions that its own states and the facts of its assignment answer. When no more can be asked
    /// now, those go on that have an answer.
    pub(crate) fn judged(self, due: Due, facts: &Facts) -> Judged {
        // A policy that only audits has nothing for a task: that needs no question about each resource.
        if is_never_remediable(facts) {
            let anew = self.facts_since(due.ids(), facts);
            let skipped = due.ids().map(|id| Skipped { resource: id.clone(), reason: SkipReason::NotRemediable });
            return anew.map_or_else(|| Judged::Skip(skipped.collect()), Judged::First);
        }
        let unasked: Vec<_> = due.ids().filter(|id| !self.pass.answers.states_asked.contains(*id)).cloned().collect();
        let due = match due.only(|id| self.pass.answers.states_asked.contains(id)) {
            Some(answered) if unasked.is_empty() || self.no_questions().is_some() => answered,
            Some(_) | None => return Judged::First(self.ask(Question::States(unasked))),
        };
        if let Some(step) = self.waits_for_a_result(&due) {
            return Judged::First(step);
        }
        let ids: Vec<_> = due.ids().cloned().collect();
        let (wave, mut skipped) = NonCompliant::among(due, &self.pass.answers.states);
        let (wave, more) = Eligible::among(wave, &self.pass.target, facts, &self.tuning.guard_rails);
        let by_facts = more.iter().filter(|skipped| skipped.reason.is_of_assignment()).map(|skipped| &skipped.resource);
        let final_for: Vec<_> = if wave.is_err() { ids.iter().collect() } else { by_facts.collect() };
        if let Some(anew) = self.facts_since(final_for.into_iter(), facts) {
            return Judged::First(anew);
        }
        skipped.extend(more);
        match wave {
            _ if !skipped.is_empty() => Judged::Skip(skipped),
            Ok(wave) => Judged::Left(wave),
            Err(cause) => Judged::Park(cause),
        }
    }

    /// Where a wave is so large that its states take several questions by name, a list of what does not comply is asked for first. It may
    /// be a while old: it counts for those alone of which nothing was seen since.
    pub(crate) fn listed(self, due: &Due) -> Option<Next> {
        let answers = &self.pass.answers;
        let is_in_doubt = |id: &ResourceId| self.document.resources.get(id).is_some_and(|entry| entry.doubt.is_some());
        let wave = due.ids().filter(|id| !answers.states_asked.contains(*id) && !is_in_doubt(id));
        let wave: Vec<_> = wave.cloned().collect();
        let is_wanted = wave.len() > FEW && !answers.listed && answers.all_non_compliant.is_none();
        let waiting = || Due::or_later(self.document).cloned().collect();
        (is_wanted && self.no_questions().is_none()).then(|| self.ask(Question::Listed { wave, waiting: waiting() }))
    }

    /// What Azure Policy could not evaluate waits for an evaluation that is newer than that: at first than the state, which may be told of
    /// late, and then than this look, since what was there was no better. After some of them a person is told.
    fn waits_for_a_result(self, due: &Due) -> Option<Next> {
        let mut changed = self.document.clone();
        let mut any = false;
        for (id, (state, at)) in without_result(due, &self.pass.answers.states) {
            if let Some(entry) = changed.resources.get_mut(&id).filter(|entry| entry.not_evaluated_since().is_none()) {
                let words = format!("the latest policy state is {state}");
                let in_vain = entry.last_failure.as_ref().map_or(0, |failure| failure.in_vain);
                let not_evaluated_since = Some(if in_vain == 0 { at } else { at.max(self.now) });
                let failure =
                    LastFailure { words, not_evaluated_since, in_vain: in_vain + 1, ..LastFailure::default() };
                entry.last_failure = Some(failure);
                any = true;
                if in_vain >= MOST_IN_VAIN {
                    give_up(&mut changed, &id, self.tuning, self.now);
                }
            }
        }
        any.then(|| Self::step(changed))
    }

    /// What is final is drawn from facts that were read after the observation, by whatever clock: older ones are read anew,
    /// once a pass.
    pub(crate) fn facts_since<'b>(
        self,
        resources: impl Iterator<Item = &'b ResourceId>,
        facts: &Facts,
    ) -> Option<Next> {
        let observed = resources.filter_map(|id| self.document.resources.get(id)).map(|entry| entry.observed_at);
        let since = (observed.max()? + self.tuning.clock_tolerance).min(self.now);
        (!self.pass.answers.facts_read_anew && facts.read_at < since).then(|| self.ask(Question::FactsSince(since)))
    }
}
