//! No task is active: gather what is due into a wave, let it pass the questions, and write down the task that it makes.

use std::borrow::Cow;
use std::time::Duration;

use crate::control::AssignedControls;
use crate::document::{Entry, EntryState, ParkReason, TargetCause, TargetDocument};
use crate::fact::{ActiveTasks, Facts, Found, NewTask};
use crate::id::ResourceId;
use crate::role::Grant;
use crate::settings::Mode;
use crate::time::Timestamp;
use crate::transition::backoff::next_pass;
use crate::transition::park_target::park_target;
use crate::transition::{left_out, listing, open};
use crate::wave::allowed::{forbidden, forbids_all};
use crate::wave::due::Due;
use crate::wave::eligible::{is_never_remediable, unreadable};
use crate::wave::free::Free;
use crate::wave::skipped::{Skipped, apply_skipped};

use super::authorise::{Share, Stopped};
use super::context::Context;
use super::evaluate::Evaluating;
use super::idle::Idle;
use super::judge::Judged;
use super::plan::Plan;
use super::question::Question;
use super::step::{Next, Transition, Write};
use super::whole_scope::Escalation;

/// A list of tasks that was read whole is fresh for a minute: whoever needs one looks again earlier.
const SOON: Duration = Duration::from_secs(30);

/// How far the gathering of a wave has come.
enum Gathered {
    /// Something must be read, asked or written first, or nothing is to be done now.
    Next(Next),
    /// These leave by the guard rails, and what waits unlisted with them where that holds for the whole target. Go on without them.
    LeaveOut(Vec<Skipped>),
    /// These need no task. Go on without them.
    Skip(Vec<Skipped>),
    /// No task of the target is possible until a person fixes it.
    Park(TargetCause),
    /// The task; where one resource goes ahead of the others, what a person can do if it lacks permission.
    Task(Box<NewTask>, Option<String>),
    /// These roles are granted first.
    Grant(Vec<Grant>),
    /// Nothing that is due can go; when to try again.
    NoneFree(Timestamp),
}

impl From<Stopped> for Gathered {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::First(next) => Self::Next(next),
            Stopped::Grant(grants) => Self::Grant(grants),
            Stopped::Park(cause) => Self::Park(cause),
        }
    }
}

/// How plan mode goes on from a draft.
enum Beyond {
    /// With this as the draft.
    Draft(Box<TargetDocument>),
    /// The plan is what it is.
    Plan,
    /// This comes first.
    First(Next),
}

impl Context<'_> {
    /// Gathers a wave on a draft of the document, where what leaves has left already. So the plan is the same in both modes: act mode
    /// writes it, plan mode shows it.
    pub(crate) fn gathering(self) -> Next {
        let (mut draft, mut plan) = (Cow::Borrowed(self.document), Plan::default());
        let mut blocked_until = None;
        loop {
            match (Context { document: &draft, ..self }).gathered() {
                Gathered::LeaveOut(skipped) => {
                    let document = draft.to_mut();
                    plan.unlisted += document.unlisted.as_ref().map_or(0, |unlisted| unlisted.seen);
                    apply_skipped(document, &skipped, &self.tuning.guard_rails, self.now);
                    left_out::leave_out_all(document, self.tuning, self.now);
                    plan.unlisted -= document.unlisted.as_ref().map_or(0, |unlisted| unlisted.seen);
                    plan.skipped.extend(skipped);
                }
                Gathered::Skip(skipped) => {
                    apply_skipped(draft.to_mut(), &skipped, &self.tuning.guard_rails, self.now);
                    plan.skipped.extend(skipped);
                }
                // What a plan needs to know is asked; whatever else comes next is decided on the document that is written.
                Gathered::Next(next @ (Next::Ask(_) | Next::LoadRival(_) | Next::LoadFleet)) => return next,
                Gathered::Next(next) if matches!(draft, Cow::Borrowed(_)) => return next,
                Gathered::Next(next) => match self.tuning.mode {
                    Mode::Act => break,
                    Mode::Plan | Mode::Approve => match self.beyond(next) {
                        Beyond::Draft(document) => draft = Cow::Owned(*document),
                        Beyond::Plan => break,
                        Beyond::First(next) => return next,
                    },
                },
                Gathered::Park(cause) => {
                    plan.cause = Some(cause);
                    break;
                }
                Gathered::Task(task, canary) => {
                    (plan.task, plan.canary) = (Some(*task), canary);
                    break;
                }
                Gathered::Grant(grants) => {
                    plan.grants = grants;
                    break;
                }
                Gathered::NoneFree(at) => {
                    blocked_until = Some(at);
                    break;
                }
            }
            if matches!(draft, Cow::Owned(_)) && Due::all(&draft, self.now).next().is_none() {
                break;
            }
        }
        match self.tuning.mode {
            Mode::Plan | Mode::Approve => {
                plan.evaluation = Context { document: &draft, ..self }.wanted_evaluation();
                self.show(plan)
            }
            Mode::Act => self.carry_out(plan, draft, blocked_until),
        }
    }

    /// What plan mode, which takes nothing away, does about what comes next on a draft.
    fn beyond(self, next: Next) -> Beyond {
        match next {
            Next::Save(Write { document, transition: Transition::Step, .. }) => match self.adopt() {
                Some(adopted) if document.active.is_some() => Beyond::First(adopted),
                Some(_) | None => Beyond::Draft(document),
            },
            // No plan can be made now: the pass goes on another time.
            Next::Save(Write { document, transition: Transition::Settled(why), .. }) if !why.is_an_end() => {
                Beyond::First(self.idle_until(document.wake_at, why))
            }
            Next::Save(_) => Beyond::Plan,
            next => Beyond::First(next),
        }
    }

    fn gathered(self) -> Gathered {
        let listed = Due::longest_waiting(self.document, self.now);
        let unlisted = self.document.unlisted.as_ref().map(|unlisted| unlisted.due).filter(|due| *due <= self.now);
        let not_evaluated = self.document.not_evaluated().next().is_some();
        let why = if not_evaluated { Idle::NotEvaluatedYet } else { Idle::NothingDue };
        if listed.or(unlisted).is_none() && Due::not_evaluated(self.document, self.now).is_none() {
            let noted = self.document.not_remediable.as_ref();
            let rest = || match noted {
                Some(noted) => self.looking_again(noted),
                None => self.idle_until(self.document.earliest_due(), why),
            };
            return Gathered::Next(self.clearing().unwrap_or_else(rest));
        }
        if let Some(at) = Due::complete_at(self.document, self.tuning.coalesce_window, self.now) {
            return Gathered::Next(self.idle_until(Some(at), Idle::WaveFills));
        }
        if let Some(skipped) = self.left_out(Due::all(self.document, self.now)) {
            return Gathered::LeaveOut(skipped);
        }
        if let Some(held_back) = self.held_back() {
            return Gathered::Next(held_back);
        }
        let Some(facts) = &self.pass.answers.facts else { return Gathered::Next(self.ask(Question::Facts)) };
        if self.pass.said().is_some_and(AssignedControls::is_off) {
            return Gathered::Next(self.idle_until_due(self.now + self.tuning.check_interval_max, Idle::PlanMode));
        }
        // Whoever may not read the assignment may often read nothing else either: that must not hide it.
        if let Some(cause) = unreadable(&self.pass.target, facts) {
            let anew = self.facts_since(Due::all(self.document, self.now), facts);
            return anew.map_or(Gathered::Park(cause), Gathered::Next);
        }
        if let Some(replaced) = self.replaced(facts) {
            return Gathered::Next(replaced);
        }
        if let Some(noted) = self.never_remediable(facts) {
            return Gathered::Next(noted);
        }
        match not_evaluated.then(|| self.evaluating(facts)) {
            Some(Evaluating::Next(next)) => return Gathered::Next(next),
            Some(Evaluating::Judged(Judged::First(next))) => return Gathered::Next(next),
            Some(Evaluating::Judged(Judged::Skip(skipped))) => return Gathered::Skip(skipped),
            Some(Evaluating::Judged(Judged::Park(cause))) => return Gathered::Park(cause),
            Some(Evaluating::Judged(Judged::Left(_)) | Evaluating::Nothing) | None => {}
        }
        let Some(longest_waiting) = listed.or(unlisted) else { return Gathered::NoneFree(self.now) };
        if let Some(full) = listed.and_then(|_| self.no_room(facts)) {
            return Gathered::Next(full);
        }
        let again = next_pass(longest_waiting, self.tuning, self.now);
        // Nothing need be asked for whom no place is free.
        if self.pass.limits.is_crowded {
            return Gathered::NoneFree(again);
        }
        if let Some(next) = self.ask_rights(facts) {
            return Gathered::Next(next);
        }
        if self.pass.answers.active_tasks.is_none() {
            return Gathered::Next(self.ask(Question::ActiveTasks));
        }
        if let Some(adopted) = self.adopt() {
            return Gathered::Next(adopted);
        }
        let blockers = self.blockers();
        // Beside another deployment identities are lost: whoever changes them must know of all that others touch. Each pass reads on,
        // and a list that is whole is fresh for longer than the pause: so its end is met, whoever reads it.
        if facts.identity.is_any() && !matches!(self.pass.answers.active_tasks, Some(ActiveTasks::All(_))) {
            let soon = self.now + self.tuning.check_interval_min.min(SOON);
            return Gathered::Next(self.idle_until_due(soon, Idle::TaskListAwaited));
        }
        match self.escalation(facts, &blockers) {
            Escalation::First(next) => return Gathered::Next(next),
            Escalation::Task(task) => match self.authorised() {
                Ok(Share::Full) => return Gathered::Task(task, None),
                // Waves begin with one.
                Ok(Share::Canary(_)) => {}
                Err(stopped) => return stopped.into(),
            },
            Escalation::Waves => {}
        }
        if listed.is_none() {
            return Gathered::Next(self.list());
        }
        if let Some(rival) = blockers.unknown_rival(&self.pass.target.scope, self.document.resources.keys()) {
            return Gathered::Next(Next::LoadRival(rival));
        }
        // When no more can be asked now, whoever has an answer goes, however long others have waited.
        let answered = |id: &ResourceId| self.pass.answers.states_asked.contains(id);
        // Who is approved must not wait behind those who are not.
        let limits = self.limits();
        let approved = |id: &ResourceId| self.is_approved(id, &limits);
        let told = |id: &ResourceId| answered(id) && approved(id);
        let told = self.no_questions().and_then(|_| Due::of(self.document, &blockers, self.now, told));
        let Some(due) = told.or_else(|| Due::of(self.document, &blockers, self.now, approved)) else {
            return Gathered::Next(self.idle_until_due(again, Idle::Blocked));
        };
        if let Some(list) = self.listed(&due).filter(|_| !is_never_remediable(facts)) {
            return Gathered::Next(list);
        }
        match self.judged(due, facts) {
            Judged::First(next) => Gathered::Next(next),
            Judged::Skip(skipped) => Gathered::Skip(skipped),
            Judged::Park(cause) => Gathered::Park(cause),
            Judged::Left(wave) => match Free::among(wave, &blockers) {
                None => Gathered::NoneFree(again),
                Some(free) => match self.admitting(free, facts) {
                    Ok(free) => self.authorising(free),
                    Err(next) => Gathered::Next(next),
                },
            },
        }
    }

    /// The task of a free wave, as far as the rights of the identity let it go.
    fn authorising(self, free: Free) -> Gathered {
        let (free, canary) = match self.authorised() {
            Ok(Share::Full) => (free, None),
            Ok(Share::Canary(hint)) => {
                let tried = |entry: &Entry| entry.attempt > 1 || matches!(entry.state, EntryState::Parked { .. });
                let tried = self.document.resources.iter().filter(|(_, entry)| tried(entry)).map(|(id, _)| id);
                (free.canary(&tried.collect::<Vec<_>>()), Some(hint))
            }
            Err(stopped) => return stopped.into(),
        };
        Gathered::Task(Box::new(free.into_task(self.new_name(), self.document, self.tuning)), canary)
    }

    /// Writes what the plan says, in one write.
    fn carry_out(self, plan: Plan, draft: Cow<'_, TargetDocument>, blocked_until: Option<Timestamp>) -> Next {
        let mut changed = match draft {
            Cow::Owned(draft) => draft,
            Cow::Borrowed(document) => match (&plan.task, blocked_until) {
                (None, Some(at)) => return self.idle_until_due(at, Idle::Blocked),
                // A task that cannot be asked for now is not written down.
                (Some(_), _) if self.cannot_open().is_some() => {
                    return self.cannot_open().unwrap_or(Next::Done);
                }
                _ if !plan.grants.is_empty() && !self.may_grant(&plan.grants) => return self.show(plan),
                _ if !plan.grants.is_empty() => {
                    return self.cannot_open().unwrap_or_else(|| self.granting(&plan.grants));
                }
                _ => document.clone(),
            },
        };
        changed.instance =
            changed.instance.or_else(|| self.pass.answers.facts.as_ref().and_then(instance_of).map(str::to_owned));
        if let Some(cause) = &plan.cause {
            match cause.reason {
                ParkReason::MissingPermission | ParkReason::WorkerLacksPermission => {
                    self.park_and_check(&mut changed, cause);
                }
                _ => park_target(&mut changed, cause, self.tuning, self.now),
            }
        }
        let Some(task) = plan.task.filter(|_| self.cannot_open().is_none()) else { return Self::step(changed) };
        changed.waves_first = self.ran_out_of_time();
        // Only what creates the task tells whether that is still refused.
        (changed.parked, changed.granting, changed.canary) = (None, None, plan.canary);
        open::open(&mut changed, &task, self.tuning, self.moment);
        if let Some(active) = &mut changed.active {
            active.booked = !self.limits().are_none();
        }
        Self::write(changed, Transition::Opened)
    }

    /// What to do where no task can be asked for now.
    fn cannot_open(self) -> Option<Next> {
        let throttled = self.floor().map(|until| self.idle_until(Some(until), Idle::Throttled));
        throttled.or_else(|| self.held_back())
    }

    /// An assignment that took the place of one of the same id inherits nothing: neither parks nor attempts nor fixes. Where there is
    /// nothing to inherit yet, its instance is written down together with what comes first.
    fn replaced(self, facts: &Facts) -> Option<Next> {
        let instance = instance_of(facts)?;
        let is_known = self.document.instance.as_deref() == Some(instance);
        if self.tuning.mode != Mode::Act || is_known || (self.document.instance.is_none() && self.document.is_untried())
        {
            return None;
        }
        let mut changed = self.document.clone();
        let known = changed.instance.replace(instance.to_owned());
        let kind = |text: &str| text.split(' ').next().map(str::to_owned);
        if known.is_some_and(|known| kind(&known) == kind(instance)) {
            changed.resources.values_mut().for_each(|entry| entry.inherit_nothing(self.now));
            (changed.replaced_at, changed.granting, changed.canary) = (Some(self.now), None, None);
        }
        Some(Self::step(changed))
    }

    /// Plan mode, or no approval: shows the plan, once, and rests. One that was shown before is only mentioned; one that became another, since others
    /// wrote meanwhile, is shown as well.
    fn show(self, mut plan: Plan) -> Next {
        let digest = Some(plan.digest());
        if self.pass.end.shown == digest {
            let at = self.next_due_or(self.now + self.tuning.check_interval_max);
            let mut changed = self.document.clone();
            changed.plan_shown = digest;
            return self.idle_until_with(&changed, Some(at), self.planned());
        }
        plan.is_known = self.document.plan_shown == digest;
        Next::Show(Box::new(plan))
    }

    /// Nothing that is listed is due: lists more of what waits.
    fn list(self) -> Next {
        let later = self.now + self.tuning.check_interval_max;
        let reading = self.document.unlisted.as_ref().and_then(|unlisted| unlisted.reading.as_ref());
        let from = reading.map(|reading| reading.next.clone());
        match self.pass.answers.all_non_compliant.as_ref().filter(|list| list.from == from) {
            None => self.ask(Question::AllNonCompliant(from)),
            Some(list) if list.is_refused => {
                let mut changed = self.document.clone();
                listing::refused(&mut changed, self.tuning, self.now);
                Self::step(changed)
            }
            Some(list) if list.is_unanswered() => self.idle_until_due(later, Idle::Unanswered),
            Some(list) => {
                let mut changed = self.document.clone();
                listing::list(&mut changed, list, self.pass.answers.unlisted_then, self.tuning, self.now);
                Self::step(changed)
            }
        }
    }

    /// Those that the guard rails leave out, before anything is asked for them; none where there is nothing of the kind.
    pub(crate) fn left_out<'b>(self, resources: impl Iterator<Item = &'b ResourceId>) -> Option<Vec<Skipped>> {
        let rails = &self.tuning.guard_rails;
        let skipped = self.forbidden(resources);
        let is_unlisted = self.document.unlisted.is_some() && forbids_all(&self.pass.target, rails).is_some();
        (!skipped.is_empty() || is_unlisted).then_some(skipped)
    }

    /// What a parked target loses to the guard rails; plan mode takes nothing away.
    pub(crate) fn leave_out(self, resources: impl Iterator<Item = ResourceId>) -> Option<Next> {
        let resources: Vec<_> = resources.collect();
        let skipped = self.left_out(resources.iter()).filter(|_| self.tuning.mode == Mode::Act)?;
        let mut changed = self.document.clone();
        apply_skipped(&mut changed, &skipped, &self.tuning.guard_rails, self.now);
        left_out::leave_out_all(&mut changed, self.tuning, self.now);
        Some(Self::step(changed))
    }

    pub(crate) fn forbidden<'b>(self, resources: impl Iterator<Item = &'b ResourceId>) -> Vec<Skipped> {
        forbidden(resources, &self.pass.target, &self.tuning.guard_rails)
    }

    /// Rests until then, or until the next resource falls due: what is blocked now must not hold the others.
    pub(crate) fn idle_until_due(self, at: Timestamp, why: Idle) -> Next {
        self.idle_until(Some(self.next_due_or(at)), why)
    }

    fn next_due_or(self, at: Timestamp) -> Timestamp {
        self.document.next_due_after(self.now).map_or(at, |due| due.min(at))
    }
}

/// What tells the assignment from another of the same id.
fn instance_of(facts: &Facts) -> Option<&str> {
    let Found::There(assignment) = &facts.assignment else { return None };
    assignment.instance.as_deref()
}
