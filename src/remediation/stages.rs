//! The three stages of a target: a task that opens, a task that runs, and no task. Each names the first thing that is missing.

use super::backoff::next_look;
use super::opening;
use super::outcome::take_in;
use super::plan::Plan;
use super::reconciliation::Reconciliation;
use super::step::{Meaning, Next, Put, Question, Write};
use super::wake::apply_verdicts;
use super::wave::{Blockers, Due, Eligible, Free, NonCompliant, claim, reference};
use crate::arm::{NewTask, TaskState, TaskStatus};
use crate::config::{Mode, Policy};
use crate::event::Timestamp;
use crate::resource::ResourceId;
use crate::state::{EntryState, SubscriptionDocument, TargetDocument};

impl Reconciliation {
    /// A task is written down as opening: finish its opening, if that is ours to do.
    pub(super) fn opening(
        &self,
        document: &TargetDocument,
        claims: &SubscriptionDocument,
        policy: &Policy,
        now: Timestamp,
    ) -> Next {
        let Some(active) = &document.active else { return Next::Load };
        let mut changed = document.clone();
        let Some((_, ownership)) = self.mine.as_ref().filter(|(name, _)| *name == active.name) else {
            let grace_ends = active.opened_at + policy.opening_grace;
            if now < grace_ends {
                return self.settle(document, claims, Some(grace_ends), policy, now);
            }
            opening::take_over(&mut changed, policy, now);
            return Next::Save(Write { document: Box::new(changed), meaning: Meaning::TookOver });
        };
        let put = self.put.as_ref().filter(|(name, _)| *name == active.name).map(|(_, put)| put);
        let known = self.task.as_ref().filter(|(name, _)| *name == active.name).map(|(_, status)| status.is_some());
        match put {
            Some(Put::Accepted) => opening::opened(&mut changed, policy, now),
            Some(Put::Wait) => opening::back_to_waiting(&mut changed, next_look(now, policy, now)),
            Some(Put::Throttled(until)) => opening::back_to_waiting(&mut changed, *until),
            Some(Put::Refused(words)) => opening::refused(&mut changed, words, policy, now),
            Some(Put::Unknown) => match known {
                Some(true) => opening::opened(&mut changed, policy, now),
                // It may still be on its way: whoever comes after the grace looks again, and only then creates it.
                Some(false) => {
                    return self.settle(document, claims, Some(active.opened_at + policy.opening_grace), policy, now);
                }
                None => return self.ask_or_leave(Question::Task(active.name.clone()), document, claims, policy, now),
            },
            None => match (ownership, known) {
                (Meaning::TookOver, None) => {
                    return self.ask_or_leave(Question::Task(active.name.clone()), document, claims, policy, now);
                }
                (Meaning::TookOver, Some(true)) => opening::opened(&mut changed, policy, now),
                (Meaning::Opened | Meaning::Step | Meaning::Settled, _) | (Meaning::TookOver, Some(false)) => {
                    return self.claim_and_put(document, claims, policy, now);
                }
            },
        }
        Self::step(changed)
    }

    /// Asks about a task that is opening; when that is not possible now, it stays as it is until its grace ends.
    fn ask_or_leave(
        &self,
        question: Question,
        document: &TargetDocument,
        claims: &SubscriptionDocument,
        policy: &Policy,
        now: Timestamp,
    ) -> Next {
        let Some(active) = &document.active else { return Next::Load };
        match self.ask(question, document, claims, policy, now) {
            Next::Save(write) if write.meaning == Meaning::Settled => {
                let grace_ends = (active.opened_at + policy.opening_grace).max(self.floor(claims, now).unwrap_or(now));
                self.settle(document, claims, Some(grace_ends), policy, now)
            }
            other => other,
        }
    }

    fn claim_and_put(
        &self,
        document: &TargetDocument,
        claims: &SubscriptionDocument,
        policy: &Policy,
        now: Timestamp,
    ) -> Next {
        let Some(active) = &document.active else { return Next::Load };
        let give_up = |due| {
            let mut changed = document.clone();
            opening::back_to_waiting(&mut changed, due);
            Self::step(changed)
        };
        let taken_over = matches!(&self.mine, Some((_, Meaning::TookOver)));
        if policy.mode == Mode::Plan {
            return self.settle(document, claims, Some(now + policy.check_interval_max), policy, now);
        }
        let blockers = self.blockers(claims);
        if claims.claims.get(&self.hash).is_none_or(|c| c.task != active.name) {
            if let Some(rival) = blockers.unknown_rival(|id| is_in_task(document, id)) {
                return Next::LoadRival(rival);
            }
            if document.in_task().any(|id| blockers.block(id)) {
                return give_up(next_look(now, policy, now));
            }
            let mut claims = claims.clone();
            for rival in blockers.void_rivals() {
                claims.claims.remove(rival);
            }
            claims.claims.insert(self.hash.clone(), claim(&active.name, document.in_task().cloned()));
            return Next::SaveClaims(Box::new(claims));
        }
        let Some(facts) = &self.facts else { return self.ask_or_leave(Question::Facts, document, claims, policy, now) };
        // What was not sent by us can be given up; what another began may yet arrive, so it keeps its name until it is found.
        if let Some(until) = self.floor(claims, now) {
            return if taken_over { self.settle(document, claims, Some(until), policy, now) } else { give_up(until) };
        }
        if self.must_stop() {
            return if taken_over {
                self.settle(document, claims, Some(active.opened_at + policy.opening_grace), policy, now)
            } else {
                give_up(now)
            };
        }
        Next::Put(Box::new(NewTask {
            name: active.name.clone(),
            target: self.target.clone(),
            reference: reference(&self.target, facts).unwrap_or_default(),
            resources: document.in_task().cloned().collect(),
            parallel_deployments: policy.parallel_deployments,
            failure_threshold: policy.failure_threshold,
        }))
    }

    /// A task is open: look at it when it is time, and take in its outcome when it has ended.
    pub(super) fn following(
        &self,
        document: &TargetDocument,
        claims: &SubscriptionDocument,
        policy: &Policy,
        now: Timestamp,
    ) -> Next {
        let Some(active) = &document.active else { return Next::Load };
        let Some((_, status)) = self.task.as_ref().filter(|(name, _)| *name == active.name) else {
            if now < active.check_at {
                return self.settle(document, claims, Some(active.check_at), policy, now);
            }
            return self.ask(Question::Task(active.name.clone()), document, claims, policy, now);
        };
        let mut changed = document.clone();
        let Some(status) = status else {
            let deleted = TaskStatus { state: TaskState::Complete, word: "Deleted".to_owned(), created_on: None };
            take_in(&mut changed, &deleted, &[], policy, now);
            return Self::step(changed);
        };
        if status.state == TaskState::Active {
            if let Some(active) = &mut changed.active {
                active.overdue_reported |= active.opened_at + policy.task_timeout < now;
            }
            return self.settle(&changed, claims, Some(next_look(active.opened_at, policy, now)), policy, now);
        }
        match self.deployments.as_ref().filter(|(name, _)| *name == active.name) {
            None => self.ask(Question::Deployments(active.name.clone()), document, claims, policy, now),
            Some((_, deployments)) => {
                take_in(&mut changed, status, deployments, policy, now);
                Self::step(changed)
            }
        }
    }

    /// No task is active: gather what is due into a wave, and open it.
    pub(super) fn wave(
        &self,
        document: &TargetDocument,
        claims: &SubscriptionDocument,
        policy: &Policy,
        now: Timestamp,
    ) -> Next {
        let Some(longest_waiting) = Due::longest_waiting(document, now) else {
            return self.settle(document, claims, document.earliest_due(), policy, now);
        };
        // What is blocked now must not hold what falls due before the next look.
        let later = |at: Timestamp| {
            let at = document.next_due_after(now).map_or(at, |due| due.min(at));
            self.settle(document, claims, Some(at), policy, now)
        };
        let Some(facts) = &self.facts else { return self.ask(Question::Facts, document, claims, policy, now) };
        if self.active_tasks.is_none() {
            return self.ask(Question::ActiveTasks, document, claims, policy, now);
        }
        let blockers = self.blockers(claims);
        if let Some(rival) = blockers.unknown_rival(|id| document.resources.contains_key(id)) {
            return Next::LoadRival(rival);
        }
        let Some(due) = Due::of(document, &blockers, now) else {
            return later(next_look(longest_waiting, policy, now));
        };
        let unasked: Vec<_> = due.ids().filter(|id| !self.states_asked.contains(*id)).cloned().collect();
        if !unasked.is_empty() {
            return self.ask(Question::States(unasked), document, claims, policy, now);
        }
        let (wave, mut verdicts) = NonCompliant::among(due, &self.states);
        let (wave, more) = Eligible::among(wave, &self.target, facts);
        verdicts.extend(more);
        if policy.mode == Mode::Act && !verdicts.is_empty() {
            let mut changed = document.clone();
            apply_verdicts(&mut changed, &verdicts, policy, now);
            return Self::step(changed);
        }
        let task = Free::among(wave, &blockers).map(|free| free.into_task(&self.target, document.sequence + 1, policy));
        match (policy.mode, task) {
            (Mode::Plan, task) if !self.shown => Next::Show(Box::new(Plan { task, verdicts })),
            (Mode::Plan, _) => later(now + policy.check_interval_max),
            (Mode::Act, None) => later(next_look(longest_waiting, policy, now)),
            (Mode::Act, Some(_)) if self.must_stop() => later(now),
            (Mode::Act, Some(task)) => {
                let mut changed = document.clone();
                opening::open(&mut changed, &task, policy, now);
                Next::Save(Write { document: Box::new(changed), meaning: Meaning::Opened })
            }
        }
    }

    fn blockers<'a>(&'a self, claims: &'a SubscriptionDocument) -> Blockers<'a> {
        let tasks = self.active_tasks.as_deref().unwrap_or_default();
        Blockers::new(&self.target, &self.hash, claims, &self.rivals, tasks)
    }
}

fn is_in_task(document: &TargetDocument, id: &ResourceId) -> bool {
    document.resources.get(id).is_some_and(|entry| entry.state == EntryState::InTask)
}
