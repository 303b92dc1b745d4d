//! A task is open: look at it when it is time, and take in its outcome when it has ended.

use std::time::Duration;

use crate::document::ActiveTask;
use crate::fact::{DeploymentCounts, DeploymentList, TaskState, TaskStatus};
use crate::settings::Mode;
use crate::time::Timestamp;
use crate::transition::backoff::next_pass;
use crate::transition::park_target::{is_elsewhere, only_group};
use crate::transition::settle::{settle, settle_where};

use super::context::Context;
use super::idle::Idle;
use super::question::Question;
use super::step::Next;

/// Shortest pause of a look that gives way to others.
const GIVEN_WAY: Duration = Duration::from_secs(5);
/// For so long a task must be missing before it counts as deleted.
const MISSING_FOR: Duration = Duration::from_secs(180);

impl Context<'_> {
    pub(crate) fn running(self, active: &ActiveTask) -> Next {
        // The subscription's document may have been lost.
        if self.claims.claims.get(&self.pass.hash).is_none_or(|claim| claim.task != active.name) {
            return self.claim(active);
        }
        let overdue = active.opened_at + self.tuning.task_timeout < self.moment.stored_after;
        let mut changed = self.document.clone();
        let Some((_, status)) = self.pass.answers.task.as_ref().filter(|(name, _)| *name == active.name) else {
            if self.now < active.check_at {
                return self.idle_until(Some(active.check_at), Idle::TaskRunning);
            }
            // One that nobody can ask for must not run on unseen.
            if self.pass.limits.unanswered && overdue && !active.overdue_reported {
                changed.active = Some(ActiveTask { overdue_reported: true, ..active.clone() });
                return Self::step(changed);
            }
            if let Some(until) = self.refused_until() {
                let overdue_at = active.opened_at + self.tuning.task_timeout + Duration::from_secs(1);
                let at = if active.overdue_reported { until } else { until.min(overdue_at.max(self.now)) };
                return self.idle_until(Some(at), Idle::Unanswered);
            }
            if self.pass.limits.gives_way {
                let later = self.now + self.tuning.check_interval_min.max(GIVEN_WAY);
                return self.idle_until(Some(later), Idle::Throttled);
            }
            return self.ask(Question::Task(active.name.clone()));
        };
        let Some(status) = status else { return self.missing(active) };
        if active.missing_since.is_some() {
            changed.active = Some(ActiveTask { missing_since: None, ..active.clone() });
            return Self::step(changed);
        }
        if status.state == TaskState::Active {
            if let Some(canceling) = self.canceling(active) {
                return canceling;
            }
            changed.active = Some(ActiveTask {
                overdue_reported: active.overdue_reported || overdue,
                missing_since: None,
                ..active.clone()
            });
            return self.idle_until_with(
                &changed,
                Some(next_pass(active.opened_at, self.tuning, self.now)),
                Idle::TaskRunning,
            );
        }
        let from = active.reading.as_ref().map(|reading| reading.next.clone());
        match self.pass.answers.deployments.as_ref().filter(|(name, list)| *name == active.name && list.from == from) {
            None => self.ask(Question::Deployments(active.name.clone(), from)),
            Some((_, list)) if self.is_short(active, status, list) => {
                changed.short_lists += 1;
                self.idle_until_with(
                    &changed,
                    Some(next_pass(active.opened_at, self.tuning, self.now)),
                    Idle::TaskRunning,
                )
            }
            Some((_, list)) => {
                let group = list.next.is_none().then(|| only_group(self.document, &list.deployments)).flatten();
                let elsewhere = match (&group, &self.pass.answers.all_non_compliant) {
                    (None, _) => false,
                    (Some(_), None) if self.no_questions().is_none_or(|(_, why)| why != Idle::Unanswered) => {
                        return self.ask(Question::AllNonCompliant(None));
                    }
                    (Some(_), None) => false,
                    (Some(group), Some(list)) => is_elsewhere(list, group),
                };
                changed.short_lists = 0;
                let next = list.next.clone();
                settle_where(&mut changed, status, &list.deployments, next, elsewhere, self.tuning, self.now);
                Self::step(changed)
            }
        }
    }
}

impl Context<'_> {
    /// A person has paused what the task is of, and wants it to end: that is written down before it is asked to, once a pass.
    fn canceling(self, active: &ActiveTask) -> Option<Next> {
        let is_wanted =
            self.tuning.mode != Mode::Plan && self.pass.pause(self.moment).is_some_and(|pause| pause.cancels);
        if !is_wanted || self.pass.installation.copied.is_some() || self.no_questions().is_some() {
            return None;
        }
        if !active.canceling {
            let mut changed = self.document.clone();
            changed.active = Some(ActiveTask { canceling: true, ..active.clone() });
            return Some(Self::step(changed));
        }
        let is_asked = self.pass.end.canceled.as_ref() == Some(&active.name);
        (!is_asked).then(|| Next::CancelTask(active.name.clone()))
    }
}

/// Looks at a list that has fewer deployments than its task's counters tell of, before it is taken as it is.
pub const SHORT_LISTS: u32 = 5;

impl Context<'_> {
    /// Resource Manager says that there is no such task. It may err for a while, so one answer is not enough, and the list of
    /// tasks must agree.
    fn missing(self, active: &ActiveTask) -> Next {
        let since = active.missing_since.unwrap_or(self.moment.stored_before);
        let (least, most) = (self.tuning.check_interval_min, self.tuning.check_interval_max);
        let sure_at = since + MISSING_FOR.min(most).max(least);
        let wait = |until: Timestamp| {
            let mut changed = self.document.clone();
            changed.active = Some(ActiveTask { missing_since: Some(since), ..active.clone() });
            self.idle_until_with(&changed, Some(until), Idle::TaskRunning)
        };
        if let Some(left) = Duration::try_from(sure_at - self.moment.stored_after).ok().filter(|left| !left.is_zero()) {
            return wait(self.now + left);
        }
        let Some(listed) = &self.pass.answers.active_tasks else { return self.ask(Question::ActiveTasks) };
        if listed.known().iter().any(|task| task.name.eq_ignore_ascii_case(active.name.as_str())) {
            return wait(next_pass(active.opened_at, self.tuning, self.now));
        }
        let deleted = TaskStatus {
            state: TaskState::Complete,
            word: "Deleted".to_owned(),
            created_on: None,
            deployments: DeploymentCounts::default(),
        };
        let mut changed = self.document.clone();
        settle(&mut changed, &deleted, &[], self.tuning, self.now);
        Self::step(changed)
    }

    /// Whether the end of the list lacks deployments that the counters tell of: one of the two lags, and what is not in the
    /// list may yet have been deployed.
    fn is_short(self, active: &ActiveTask, status: &TaskStatus, list: &DeploymentList) -> bool {
        let before = active.reading.as_ref().map_or(0, |reading| reading.fixed + reading.unfixed);
        let read = u64::try_from(before + list.deployments.len()).unwrap_or(u64::MAX);
        let lacks = status.deployments.total.is_some_and(|total| total > read);
        lacks && list.next.is_none() && self.document.short_lists < SHORT_LISTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::pass::Pass;
    use crate::decide::question::Answer;
    use crate::decide::step::{Observed, Transition, Write};
    use crate::document::{ETag, SubscriptionDocument, Versioned};
    use crate::fact::{ActiveTasks, ListedTask, Unanswered};
    use crate::fixture::{in_task, now, pass_over, target, tuning};
    use crate::message::WakeUp;
    use crate::wave::conflicts::claim;

    /// What follows when a task that was opened so many hours ago is asked for and there is no answer.
    fn unanswered_after(hours: i64) -> Next {
        let mut document = in_task(1);
        let opened_at = now() - time::Duration::hours(hours);
        document.active = document.active.map(|active| ActiveTask { opened_at, check_at: now(), ..active });
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), &document));
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(ETag("1".to_owned())) })));
        let asked = pass.next(&tuning(), now());
        assert!(matches!(asked, Next::Ask(Question::Task(..))), "{asked:?}");
        pass.observe(Observed::Unanswered(Unanswered::default()));
        pass.next(&tuning(), now())
    }

    /// What follows when a task is not found, for the first time or again after so many seconds.
    fn not_found(missing_for: Option<i64>) -> Pass {
        let mut document = in_task(1);
        let missing_since = missing_for.map(|seconds| now() - time::Duration::seconds(seconds));
        document.active = document.active.map(|active| ActiveTask { missing_since, check_at: now(), ..active });
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), &document));
        let name = document.active.as_ref().unwrap().name.clone();
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(ETag("1".to_owned())) })));
        pass.observe(Observed::Answer(Answer::Task(name, None)));
        pass
    }

    #[test]
    fn a_look_that_gives_way_asks_nothing_and_comes_again_soon() {
        let mut document = in_task(1);
        let mut pass = pass_over(&WakeUp::new(target(), document.generation));
        let mut claims = SubscriptionDocument::new(target().subscription().clone());
        claims.claims.insert(target().hash(), claim(document.active.as_ref().unwrap(), &document));
        pass.observe(Observed::Claims(Versioned { document: claims, etag: None }));
        document.active.as_mut().unwrap().check_at = now();
        pass.observe(Observed::Target(Box::new(Versioned { document, etag: Some(ETag("1".to_owned())) })));
        assert!(pass.follows() && matches!(pass.next(&tuning(), now()), Next::Ask(Question::Task(_))));
        pass.observe(Observed::GivesWay);
        let Next::Save(Write { document, transition, .. }) = pass.next(&tuning(), now()) else { panic!("not idle") };
        assert_eq!(transition, Transition::Settled(Idle::Throttled));
        let later = now() + tuning().check_interval_min.max(GIVEN_WAY);
        assert_eq!((document.active.map(|active| active.check_at), document.wake_at), (Some(later), Some(later)));
    }

    #[test]
    fn a_task_counts_as_deleted_when_it_was_missing_for_minutes_and_the_list_agrees() {
        for early in [None, Some(179)] {
            let Next::Save(Write { document, transition, .. }) = not_found(early).next(&tuning(), now()) else {
                panic!("not idle")
            };
            assert_eq!(transition, Transition::Settled(Idle::TaskRunning));
            assert!(document.active.is_some_and(|active| active.missing_since.is_some()));
        }
        let mut pass = not_found(Some(180));
        assert_eq!(pass.next(&tuning(), now()), Next::Ask(Question::ActiveTasks));
        let mut listed = pass.clone();
        let name = pass.document().unwrap().active.as_ref().unwrap().name.to_string();
        let task = ListedTask {
            name,
            scope: target().scope.to_string(),
            assignment: String::new(),
            reference: String::new(),
            resources: None,
            state: TaskState::Active,
        };
        listed.observe(Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(vec![task]))));
        let Next::Save(Write { transition, .. }) = listed.next(&tuning(), now()) else { panic!("not idle") };
        assert_eq!(transition, Transition::Settled(Idle::TaskRunning));
        pass.observe(Observed::Answer(Answer::ActiveTasks(ActiveTasks::All(Vec::new()))));
        let Next::Save(Write { document, .. }) = pass.next(&tuning(), now()) else { panic!("not taken in") };
        assert_eq!((document.active, document.history.len()), (None, 1));
    }

    #[test]
    fn a_task_that_runs_too_long_is_reported_also_when_nobody_can_ask_for_it() {
        let Next::Save(Write { document, transition, .. }) = unanswered_after(25) else { panic!("not written") };
        assert_eq!(transition, Transition::Step);
        assert!(document.active.is_some_and(|active| active.overdue_reported));
        let Next::Save(Write { document, transition, .. }) = unanswered_after(23) else { panic!("not idle") };
        assert_eq!(transition, Transition::Settled(Idle::Unanswered));
        assert!(document.active.is_some_and(|active| !active.overdue_reported));
    }
}
