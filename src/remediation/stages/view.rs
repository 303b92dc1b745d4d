//! All that a decision looks at, and the ways in which every stage can end its part: ask, write a step, or rest.

use super::super::backoff::next_look;
use super::super::evaluation;
use super::super::left_out::count_surplus;
use super::super::reconciliation::Reconciliation;
use super::super::scanned::Scanned;
use super::super::step::{Meaning, Next, Question, Rest, Write};
use super::super::wake::{forget_settled, rouse};
use super::super::wave::{Blockers, Crowd};
use crate::arm::ActiveTasks;
use crate::config::Policy;
use crate::event::Timestamp;
use crate::state::{SubscriptionDocument, TargetDocument, TaskPhase};

/// The memory of the look, the two documents as they were read, the settings, and the time.
#[derive(Clone, Copy)]
pub(in crate::remediation) struct View<'a> {
    pub(in crate::remediation) look: &'a Reconciliation,
    pub(in crate::remediation) document: &'a TargetDocument,
    pub(in crate::remediation) claims: &'a SubscriptionDocument,
    pub(in crate::remediation) policy: &'a Policy,
    pub(in crate::remediation) now: Timestamp,
}

impl<'a> View<'a> {
    /// What to do next.
    pub(in crate::remediation) fn next(self) -> Next {
        if self.look.is_stale() {
            return self.told().unwrap_or_else(|| self.look.wake(self.document));
        }
        match self.document.active.as_ref() {
            Some(active) if active.phase == TaskPhase::Opening => self.opening(active),
            Some(active) => self.running(active),
            None => self.parked().unwrap_or_else(|| self.gathering()),
        }
    }

    /// Asks a question, unless Resource Manager must be left alone or time is up; then the target rests.
    pub(super) fn ask(self, question: Question) -> Next {
        match self.no_questions() {
            Some((until, why)) => self.rest(Some(until), why),
            None => Next::Ask(question),
        }
    }

    /// Until when no question can be asked, and why.
    pub(super) fn no_questions(self) -> Option<(Timestamp, Rest)> {
        if let Some(until) = self.floor() {
            return Some((until, Rest::Throttled));
        }
        if self.look.out_of_time {
            return Some((self.now, Rest::OutOfTime));
        }
        let began = || self.document.active.as_ref().map(|active| active.opened_at).or(self.document.earliest_due());
        self.look.unanswered.then(|| (next_look(began().unwrap_or(self.now), self.policy, self.now), Rest::Unanswered))
    }

    /// Until when Resource Manager wants no call for this subscription.
    pub(super) fn floor(self) -> Option<Timestamp> {
        self.look.throttled.max(self.claims.throttled_until).filter(|until| *until > self.now)
    }

    /// Writes a step on the way.
    pub(in crate::remediation) fn step(document: TargetDocument) -> Next {
        Next::Save(Write { document: Box::new(document), meaning: Meaning::Step })
    }

    /// Ends the look: what the other targets must know is told, then the next wake-up is set.
    pub(super) fn rest(self, at: Option<Timestamp>, why: Rest) -> Next {
        self.rest_as(self.document, at, why)
    }

    /// The same, with a changed document.
    pub(super) fn rest_as(self, document: &TargetDocument, at: Option<Timestamp>, why: Rest) -> Next {
        if let Some(tell) = self.told() {
            return tell;
        }
        let mut document = document.clone();
        forget_settled(&mut document, self.policy.flap_window, self.now);
        count_surplus(&mut document, self.policy);
        rouse(&mut document, at);
        Next::Save(Write { document: Box::new(document), meaning: Meaning::Settled(why) })
    }

    /// Writes the subscription's document if it lacks something: a claim whose task is not the target's active one goes, all
    /// learn what became of an evaluation, one that was not asked for goes, and all instances learn how long to leave Resource
    /// Manager alone.
    pub(super) fn told(self) -> Option<Next> {
        let active = self.document.active.as_ref().map(|active| &active.name);
        let void = self.claims.claims.get(&self.look.hash).is_some_and(|claim| Some(&claim.task) != active);
        let news = self.look.throttled.filter(|until| *until > self.now && self.claims.throttled_until < Some(*until));
        let evaluations = self.evaluations_told();
        if !void && news.is_none() && evaluations.is_none() {
            return None;
        }
        let mut claims = evaluations.unwrap_or_else(|| self.claims.clone());
        if void {
            claims.claims.remove(&self.look.hash);
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
        let learned = self.look.scanned.as_ref().map(|(scope, at, scanned)| (scope, *at, scanned));
        let unsent = self.look.requested.as_ref().map(|(scope, at)| (scope, *at, &Scanned::NotSent));
        let learned = learned.or(unsent);
        let is_news = learned.is_some_and(|(scope, at, scanned)| {
            evaluation::learn(&mut claims, scope, at, scanned, self.policy, self.now)
        });
        let is_over = evaluation::give_up_overdue(&mut claims, self.now);
        (is_news || is_over).then_some(claims)
    }

    /// What other tasks touch, and whether there is a place for one more.
    pub(super) fn blockers(self) -> Blockers<'a> {
        let tasks = self.look.active_tasks.as_ref().map(ActiveTasks::known).unwrap_or_default();
        let (hash, claims, rivals) = (&self.look.hash, self.claims, &self.look.rivals);
        let siblings = self.look.facts.as_ref().map(|facts| facts.siblings.as_slice()).unwrap_or_default();
        let crowd = Crowd { siblings, hash, claims, rivals, tasks, is_known: self.look.is_crowded };
        Blockers::new(&self.look.target, hash, claims, rivals, tasks).among(&crowd)
    }
}
