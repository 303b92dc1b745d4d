//! All that a decision looks at, and the ways in which every stage can end its part: ask, write a step, or rest.

use std::time::Duration;

use crate::control::fleet::is_judged;
use crate::control::{held_by_settings, held_for_approval};
use crate::document::{Held, SubscriptionDocument, TargetDocument, TaskName, TaskPhase};
use crate::fact::{ActiveTasks, Scanned};
use crate::settings::{Mode, Tuning};
use crate::time::{Moment, Timestamp};
use crate::transition::backoff::{early_pause, next_pass};
use crate::transition::left_out::count_surplus;
use crate::transition::schedule::{forget_settled, schedule};
use crate::transition::{doubts, evaluate, retention};
use crate::wave::conflicts::Blockers;
use crate::wave::listed::Known;
use crate::wave::task_limit::TaskLimit;

use super::idle::{HeldBy, Idle};
use super::pass::Pass;
use super::question::Question;
use super::step::{Next, Transition, Write};

/// By so much at least, and at most, the list of tasks may be late.
const LISTED_LATE: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(600)];

/// The memory of the pass, the two documents as they were read, the settings, and the time, by all clocks and by this machine's.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) pass: &'a Pass,
    pub(crate) document: &'a TargetDocument,
    pub(crate) claims: &'a SubscriptionDocument,
    pub(crate) tuning: &'a Tuning,
    /// Whether the worker acts at all; `tuning` says whether it does so for this target.
    pub(crate) acts: bool,
    pub(crate) moment: Moment,
    pub(crate) now: Timestamp,
}

impl<'a> Context<'a> {
    /// What to do next.
    pub(crate) fn next(self) -> Next {
        if self.pass.is_stale() {
            return self.told().unwrap_or_else(|| self.pass.wake(self.document));
        }
        match self.document.active.as_ref() {
            Some(active) if active.phase == TaskPhase::Opening => self.opening(active),
            Some(active) => self.running(active),
            None => {
                let first =
                    self.reporting().or_else(|| self.held()).or_else(|| self.doubting()).or_else(|| self.parked());
                first.unwrap_or_else(|| self.gathering())
            }
        }
    }

    /// Asks a question, unless Resource Manager must be left alone or time is up; then the target rests.
    pub(crate) fn ask(self, question: Question) -> Next {
        match self.no_questions() {
            Some((until, why)) => self.idle_until(Some(until), why),
            None => Next::Ask(question),
        }
    }

    /// Until when no question can be asked, and why.
    pub(crate) fn no_questions(self) -> Option<(Timestamp, Idle)> {
        if let Some(until) = self.floor() {
            return Some((until, Idle::Throttled));
        }
        if self.pass.limits.out_of_time {
            return Some((self.now, Idle::OutOfTime));
        }
        if let Some(until) = self.refused_until() {
            return Some((until, Idle::Unanswered));
        }
        let began = || self.document.active.as_ref().map(|active| active.opened_at).or(self.document.earliest_due());
        self.pass
            .limits
            .unanswered
            .then(|| (next_pass(began().unwrap_or(self.now), self.tuning, self.now), Idle::Unanswered))
    }

    /// Until when Resource Manager wants no call for this subscription.
    pub(crate) fn floor(self) -> Option<Timestamp> {
        let told = self.claims.throttled_until.map(|until| self.moment.local(until));
        self.pass.limits.throttled.max(told).filter(|until| *until > self.now)
    }

    pub(crate) fn write(document: TargetDocument, transition: Transition) -> Next {
        Next::Save(Write { document: Box::new(document), transition, decided: Duration::ZERO })
    }

    /// Writes a step on the way.
    pub(crate) fn step(document: TargetDocument) -> Next {
        Self::write(document, Transition::Step)
    }

    /// Ends the pass: what the other targets must know is told, then the next wake-up is set.
    pub(crate) fn idle_until(self, at: Option<Timestamp>, why: Idle) -> Next {
        self.idle_until_with(self.document, at, why)
    }

    /// The same, with a changed document.
    pub(crate) fn idle_until_with(self, document: &TargetDocument, at: Option<Timestamp>, why: Idle) -> Next {
        if let Some(tell) = self.told() {
            return tell;
        }
        if let Some(claims) = self.refusal_over(why) {
            return Next::SaveClaims(Box::new(claims));
        }
        let mut document = document.clone();
        forget_settled(&mut document, self.tuning.flap_window, self.now);
        count_surplus(&mut document, self.tuning);
        // Plan mode has no task to take it back.
        document.waves_first |= self.ran_out_of_time() && self.tuning.mode == Mode::Act;
        // What is in doubt is asked about when no task runs, unless nothing can be asked.
        let doubt = doubts::next(&document).filter(|_| document.active.is_none() && !why.is_for_want_of_answers());
        let kept = retention::pass_over(&document, self.tuning, self.now);
        let kept = kept.filter(|_| document.active.is_none() && why.is_for_want_of_work());
        // A first step waits to hear what this write tells.
        let is_news = document.active.is_none() && document.resources.values().any(is_judged);
        let at = at.into_iter().chain(doubt).chain(kept).chain(is_news.then_some(self.now)).min();
        document.held_under = self.held_under(why);
        let planned = self.not_early(&mut document, at);
        schedule(&mut document, planned);
        if let (Some(active), Some(at)) = (&mut document.active, at) {
            active.check_at = at;
        }
        Self::write(document, Transition::Settled(why))
    }

    /// What holds the target that rests for this, where that may be over before its next wake-up.
    fn held_under(self, why: Idle) -> Option<Held> {
        let (target, facts, at) = (&self.pass.target, self.pass.facts(), self.moment.stored_after);
        match why.may_be_over_before()? {
            HeldBy::Settings => Some(held_by_settings(target, facts, self.tuning)),
            HeldBy::Approvals => Some(held_for_approval(target, self.pass.approvals.as_ref(), self.tuning, at)),
        }
    }

    /// A clock that is behind the broker's makes wake-ups come early, at once again and again until it has caught up. So the
    /// next is planned later: by as much as the last ones came early, once it is not chance, and a little more each time.
    fn not_early(self, document: &mut TargetDocument, at: Option<Timestamp>) -> Option<Timestamp> {
        if document.generation == self.pass.generation() {
            let pause = early_pause(document.early, document.ahead);
            let early = document.wake_at.and_then(|planned| Duration::try_from(planned - pause - self.now).ok());
            match early.filter(|early| !early.is_zero()) {
                Some(early) => {
                    document.early = document.early.saturating_add(1);
                    if document.early > 1 {
                        document.ahead = document.ahead.max((pause + early).as_secs() + 1);
                    }
                }
                None => (document.early, document.ahead) = (document.early.saturating_sub(1), document.ahead / 2),
            }
        }
        at.map(|at| at + early_pause(document.early, document.ahead))
    }

    /// Writes the subscription's document if it lacks something: a claim whose task is not the target's active one goes, all
    /// learn what became of an evaluation, one that was not asked for goes, and all instances learn how long to leave Resource
    /// Manager alone.
    pub(crate) fn told(self) -> Option<Next> {
        let active = self.document.active.as_ref().map(|active| &active.name);
        let void = self.claims.claims.get(&self.pass.hash).is_some_and(|claim| Some(&claim.task) != active);
        let known = self.claims.throttled_until.map(|until| self.moment.local(until));
        let learned = self.pass.limits.throttled.filter(|until| *until > self.now && known < Some(*until));
        let news = learned.map(|until| self.moment.stored(until));
        if let Some(claims) = self.refusal_told() {
            return Some(Next::SaveClaims(Box::new(claims)));
        }
        let evaluations = self.evaluations_told();
        if !void && news.is_none() && evaluations.is_none() {
            return None;
        }
        let mut claims = evaluations.unwrap_or_else(|| self.claims.clone());
        if void {
            claims.claims.remove(&self.pass.hash);
        }
        claims.throttled_until = claims.throttled_until.max(news);
        Some(Next::SaveClaims(Box::new(claims)))
    }

    /// The subscription's document with what it lacks of evaluations.
    fn evaluations_told(self) -> Option<SubscriptionDocument> {
        if self.claims.evaluations.is_empty() {
            return None;
        }
        let mut claims = self.claims.clone();
        let learned = self.pass.evaluation.scanned.as_ref().map(|(scope, at, scanned)| (scope, *at, scanned));
        let unsent = self.pass.evaluation.requested.as_ref().map(|(scope, at)| (scope, *at, &Scanned::NotSent));
        let learned = learned.or(unsent);
        let is_news = learned.is_some_and(|(scope, at, scanned)| {
            evaluate::learn(&mut claims, scope, at, scanned, self.tuning, self.moment.stored_after)
        });
        let is_over = evaluate::give_up_overdue(&mut claims, self.moment.stored_after);
        (is_news || is_over).then_some(claims)
    }

    /// What is known of the tasks of others.
    pub(crate) fn known(self) -> Known<'a> {
        Known {
            document: self.document,
            hash: &self.pass.hash,
            claims: self.claims,
            rivals: &self.pass.documents.rivals,
            tasks: self.pass.answers.active_tasks.as_ref().map(ActiveTasks::known).unwrap_or_default(),
            ended: &self.pass.answers.ended,
            installation: &self.pass.installation.id,
            new_since: self.moment.stored_after
                - (self.tuning.check_interval_max * 2).clamp(LISTED_LATE[0], LISTED_LATE[1]),
        }
    }

    /// What other tasks touch, and whether there is a place for one more.
    pub(crate) fn blockers(self) -> Blockers<'a> {
        let siblings = self.pass.answers.facts.as_ref().map(|facts| facts.siblings.as_slice()).unwrap_or_default();
        let known = self.known();
        Blockers::new(known).among(&TaskLimit { siblings, known, is_known: self.pass.limits.is_crowded })
    }

    /// The name of the target's next task. A document that was restored is behind, so the time is in it: no name comes again.
    pub(crate) fn new_name(self) -> TaskName {
        let time = u64::try_from(self.moment.stored_after.unix_timestamp()).unwrap_or_default();
        TaskName::new(&self.pass.installation.id, &self.pass.hash, time.max(self.document.sequence + 1))
    }
}
