//! No task is active: gather what is due into a wave, let it pass the questions, and write down the task that it makes.

use crate::document::TargetCause;
use crate::fact::{Facts, Found, NewTask};
use crate::id::ResourceId;
use crate::settings::Mode;
use crate::time::Timestamp;
use crate::transition::backoff::next_pass;
use crate::transition::park_target::park_target;
use crate::transition::{left_out, listing, open};
use crate::wave::allowed::{forbidden, forbids_all};
use crate::wave::conflicts::Free;
use crate::wave::due::Due;
use crate::wave::eligible::{Eligible, unreadable};
use crate::wave::non_compliant::NonCompliant;
use crate::wave::skipped::{Skipped, apply_skipped};

use super::context::Context;
use super::plan::Plan;
use super::step::{Idle, Next, Question, Transition};
use super::whole_scope::Escalation;

/// What the questions leave of what is due.
pub(crate) enum Judged {
    /// Something must be read or written first.
    First(Next),
    /// These, and in plan mode the skipped on the others.
    Left(Eligible, Vec<Skipped>),
}

impl Context<'_> {
    pub(crate) fn gathering(self) -> Next {
        let listed = Due::longest_waiting(self.document, self.now);
        let unlisted = self.document.unlisted.as_ref().map(|unlisted| unlisted.due).filter(|due| *due <= self.now);
        let not_evaluated = self.document.not_evaluated().next().is_some();
        let why = if not_evaluated { Idle::NotEvaluatedYet } else { Idle::NothingDue };
        if listed.or(unlisted).is_none() && Due::not_evaluated(self.document, self.now).is_none() {
            return self.clearing().unwrap_or_else(|| self.idle_until(self.document.earliest_due(), why));
        }
        if let Some(at) = Due::complete_at(self.document, self.tuning.coalesce_window, self.now) {
            return self.idle_until(Some(at), Idle::WaveFills);
        }
        if let Some(skip) = self.skip_forbidden(Due::all(self.document, self.now)) {
            return skip;
        }
        let Some(facts) = &self.pass.facts else { return self.ask(Question::Facts) };
        // Whoever may not read the assignment may often read nothing else either: that must not hide it.
        if let Some(cause) = unreadable(&self.pass.target, facts) {
            if let Some(anew) = self.facts_since(Due::all(self.document, self.now), facts) {
                return anew;
            }
            return self.park(cause, Vec::new());
        }
        if let Some(replaced) = self.replaced(facts) {
            return replaced;
        }
        if let Some(next) = not_evaluated.then(|| self.evaluating(facts)).flatten() {
            return next;
        }
        let Some(longest_waiting) = listed.or(unlisted) else {
            return self.show(Plan::default());
        };
        if self.pass.active_tasks.is_none() {
            return self.ask(Question::ActiveTasks);
        }
        if let Some(adopted) = self.adopt() {
            return adopted;
        }
        let blockers = self.blockers();
        let blocked = || self.idle_until_due(next_pass(longest_waiting, self.tuning, self.now), Idle::Blocked);
        match self.escalation(facts, &blockers) {
            Escalation::First(next) => return next,
            Escalation::Task(task) => return self.go(Some(*task), Vec::new(), blocked),
            Escalation::Waves => {}
        }
        if listed.is_none() {
            return self.list();
        }
        if let Some(rival) = blockers.unknown_rival(&self.pass.target.scope, self.document.resources.keys()) {
            return Next::LoadRival(rival);
        }
        let Some(due) = Due::of(self.document, &blockers, self.now) else { return blocked() };
        match self.judged(due, facts) {
            Judged::First(next) => next,
            Judged::Left(wave, skipped) => {
                let free = Free::among(wave, &blockers);
                self.go(free.map(|free| free.into_task(self.new_name(), self.document, self.tuning)), skipped, blocked)
            }
        }
    }

    /// Puts to what is due the questions that its own states and the facts of its assignment answer. When no more can be asked
    /// now, those go on that have an answer.
    pub(crate) fn judged(self, due: Due, facts: &Facts) -> Judged {
        let unasked: Vec<_> = due.ids().filter(|id| !self.pass.states_asked.contains(*id)).cloned().collect();
        let due = match due.only(|id| self.pass.states_asked.contains(id)) {
            Some(answered) if unasked.is_empty() || self.no_questions().is_some() => answered,
            Some(_) | None => return Judged::First(self.ask(Question::States(unasked))),
        };
        let ids: Vec<_> = due.ids().cloned().collect();
        let mut skipped = self.forbidden(due.ids());
        let (wave, more) = NonCompliant::among(due.without(&skipped), &self.pass.states);
        skipped.extend(more);
        let (wave, more) = Eligible::among(wave, &self.pass.target, facts, &self.tuning.guard_rails);
        let by_facts =
            more.iter().filter(|Skipped { reason, .. }| reason.is_of_assignment()).map(|skipped| &skipped.resource);
        let final_for: Vec<_> = if wave.is_err() { ids.iter().collect() } else { by_facts.collect() };
        if let Some(anew) = self.facts_since(final_for.into_iter(), facts) {
            return Judged::First(anew);
        }
        skipped.extend(more);
        if self.tuning.mode == Mode::Act && !skipped.is_empty() {
            let mut changed = self.document.clone();
            apply_skipped(&mut changed, &skipped, &self.tuning.guard_rails, self.now);
            return Judged::First(Self::step(changed));
        }
        match wave {
            Ok(wave) => Judged::Left(wave, skipped),
            Err(cause) => Judged::First(self.park(cause, skipped)),
        }
    }

    /// What is final is drawn from facts that were read after the observation, by whatever clock: older ones are read anew,
    /// once a pass.
    fn facts_since<'b>(self, resources: impl Iterator<Item = &'b ResourceId>, facts: &Facts) -> Option<Next> {
        let observed = resources.filter_map(|id| self.document.resources.get(id)).map(|entry| entry.observed_at);
        let since = (observed.max()? + self.tuning.clock_tolerance).min(self.now);
        (!self.pass.facts_read_anew && facts.read_at < since).then(|| self.ask(Question::FactsSince(since)))
    }

    /// An assignment that took the place of one of the same id inherits nothing: neither parks nor attempts nor fixes.
    fn replaced(self, facts: &Facts) -> Option<Next> {
        let Found::There(assignment) = &facts.assignment else { return None };
        let instance = assignment.instance.as_deref()?;
        if self.tuning.mode == Mode::Plan || self.document.instance.as_deref() == Some(instance) {
            return None;
        }
        let mut changed = self.document.clone();
        let known = changed.instance.replace(instance.to_owned());
        let kind = |text: &str| text.split(' ').next().map(str::to_owned);
        if known.is_some_and(|known| kind(&known) == kind(instance)) {
            changed.resources.values_mut().for_each(|entry| entry.inherit_nothing(self.now));
        }
        Some(Self::step(changed))
    }

    /// No task of the target is possible until a person fixes it: plan mode says so, act mode parks the whole target.
    fn park(self, cause: TargetCause, skipped: Vec<Skipped>) -> Next {
        match self.tuning.mode {
            Mode::Act => {
                let mut changed = self.document.clone();
                park_target(&mut changed, &cause, self.tuning, self.now);
                Self::step(changed)
            }
            Mode::Plan => self.show(Plan { cause: Some(cause), skipped, ..Plan::default() }),
        }
    }

    /// Plan mode: shows the plan, once, and rests. One that was shown before is only mentioned.
    fn show(self, plan: Plan) -> Next {
        let mut plan = Plan { evaluation: self.wanted_evaluation(), ..plan };
        let digest = Some(plan.digest());
        if self.pass.shown {
            let at = self.next_due_or(self.now + self.tuning.check_interval_max);
            let mut changed = self.document.clone();
            changed.plan_shown = digest;
            return self.idle_until_with(&changed, Some(at), Idle::PlanMode);
        }
        plan.is_known = self.document.plan_shown == digest;
        Next::Show(Box::new(plan))
    }

    /// Nothing that is listed is due: lists more of what waits.
    fn list(self) -> Next {
        let later = self.now + self.tuning.check_interval_max;
        let reading = self.document.unlisted.as_ref().and_then(|unlisted| unlisted.reading.as_ref());
        let from = reading.map(|reading| reading.next.clone());
        match self.pass.all_non_compliant.as_ref().filter(|list| list.from == from) {
            None => self.ask(Question::AllNonCompliant(from)),
            Some(list) if list.is_refused => {
                let mut changed = self.document.clone();
                listing::refused(&mut changed, self.tuning, self.now);
                Self::step(changed)
            }
            Some(list) if list.is_unanswered() => self.idle_until_due(later, Idle::Unanswered),
            Some(list) => {
                let mut changed = self.document.clone();
                listing::list(&mut changed, list, self.pass.unlisted_then, self.tuning, self.now);
                Self::step(changed)
            }
        }
    }

    /// Goes on with the task that was decided on: plan mode shows it, act mode writes it down as opening.
    fn go(self, task: Option<NewTask>, skipped: Vec<Skipped>, blocked: impl Fn() -> Next) -> Next {
        match (self.tuning.mode, task) {
            (Mode::Plan, task) => self.show(Plan { task, skipped, ..Plan::default() }),
            (Mode::Act, None) => blocked(),
            (Mode::Act, Some(task)) => {
                // A task that cannot be asked for now is not written down.
                if let Some(until) = self.floor() {
                    return self.idle_until(Some(until), Idle::Throttled);
                }
                if let Some(paused) = self.paused() {
                    return paused;
                }
                let mut changed = self.document.clone();
                changed.waves_first = self.pass.all_non_compliant.as_ref().is_some_and(|list| !list.is_complete());
                // Only what creates the task tells whether that is still refused.
                changed.parked = None;
                open::open(&mut changed, &task, self.tuning, self.moment);
                Self::write(changed, Transition::Opened)
            }
        }
    }

    /// Skips what the guard rails forbid, before anything is asked for it. In plan mode it stays, and the plan says so.
    pub(crate) fn skip_forbidden<'b>(self, resources: impl Iterator<Item = &'b ResourceId>) -> Option<Next> {
        if self.tuning.mode == Mode::Plan {
            return None;
        }
        let rails = &self.tuning.guard_rails;
        let skipped = self.forbidden(resources);
        let is_unlisted = self.document.unlisted.is_some() && forbids_all(&self.pass.target, rails).is_some();
        if skipped.is_empty() && !is_unlisted {
            return None;
        }
        let mut changed = self.document.clone();
        apply_skipped(&mut changed, &skipped, rails, self.now);
        left_out::leave_out_all(&mut changed, self.tuning, self.now);
        Some(Self::step(changed))
    }

    pub(crate) fn forbidden<'b>(self, resources: impl Iterator<Item = &'b ResourceId>) -> Vec<Skipped> {
        forbidden(resources, &self.pass.target, &self.tuning.guard_rails)
    }

    /// Rests until then, or until the next resource falls due: what is blocked now must not hold the others.
    fn idle_until_due(self, at: Timestamp, why: Idle) -> Next {
        self.idle_until(Some(self.next_due_or(at)), why)
    }

    fn next_due_or(self, at: Timestamp) -> Timestamp {
        self.document.next_due_after(self.now).map_or(at, |due| due.min(at))
    }
}
