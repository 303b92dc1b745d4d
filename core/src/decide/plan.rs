//! What is to be done for a target: decided once, written by act mode, shown by plan mode.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::document::{Entry, EntryState, PastTask, TargetCause, TargetDocument};
use crate::fact::NewTask;
use crate::id::{ResourceId, Scope, hex};
use crate::role::Grant;
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::left_out;
use crate::transition::park_target::park_target;
use crate::wave::skipped::{Skipped, apply_skipped};

/// The plan of one target at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The task that would be created, if any resource is left for one.
    pub task: Option<NewTask>,
    /// Why the task is of one resource that goes ahead of the others: what a person can do if it lacks permission.
    pub canary: Option<String>,
    /// The roles that would be granted first.
    pub grants: Vec<Grant>,
    /// Why the whole target would be parked instead.
    pub cause: Option<TargetCause>,
    /// The scope of which an evaluation would be asked for, because some resources wait for one.
    pub evaluation: Option<Scope>,
    /// The resources that leave, since they need no task or may have none.
    pub skipped: Vec<Skipped>,
    /// How many leave with them that wait without being listed.
    pub unlisted: u64,
    /// Whether the plan that was shown last was the same.
    pub is_known: bool,
}

impl Plan {
    /// How many resources leave.
    #[must_use]
    pub fn leaving(&self) -> u64 {
        self.unlisted + self.skipped.len() as u64
    }

    /// What the document would be once the plan was carried out and everything had worked: for whoever asks what comes after it.
    /// None where nothing would be different, so that nothing comes after it either.
    #[must_use]
    pub fn carried_out(&self, document: &TargetDocument, tuning: &Tuning, now: Timestamp) -> Option<TargetDocument> {
        let mut after = document.clone();
        apply_skipped(&mut after, &self.skipped, &tuning.guard_rails, now);
        left_out::leave_out_all(&mut after, tuning, now);
        if let Some(cause) = &self.cause {
            park_target(&mut after, cause, tuning, now);
        }
        if let Some(task) = &self.task {
            let fixed = || EntryState::Fixed { at: now, verified_at: None };
            let is_meant = |id: &ResourceId| task.kind.is_whole() || task.resources.contains(id);
            let waits = |entry: &Entry| matches!(entry.state, EntryState::Waiting { .. });
            let meant = after.resources.iter_mut().filter(|(id, entry)| is_meant(id) && waits(entry));
            let count = meant.map(|(_, entry)| entry.state = fixed()).count();
            if task.kind.is_whole() {
                after.unlisted = None;
            }
            after.sequence = task.name.sequence();
            let (name, state) = (task.name.clone(), "Succeeded".to_owned());
            let past = PastTask { name, state, opened_at: now, ended_at: now, fixed: count, unfixed: 0, seen_to: true };
            after.history.push(past);
            after.granting = None;
        }
        (after != *document).then_some(after)
    }

    /// A short text that is the same for the same plan. The name of its task is none of it: it carries the time.
    #[must_use]
    pub fn digest(&self) -> String {
        let task = self.task.as_ref().map(|task| {
            let NewTask { name: _, target, kind, resources, request } = task;
            (target, kind, resources, request)
        });
        let digest = Sha256::digest(format!(
            "{:?}",
            (task, &self.grants, &self.cause, &self.evaluation, &self.skipped, self.unlisted)
        ));
        hex(&digest[..8])
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Some(task) if task.kind.is_whole() => f.write_str("this task would be opened, for the whole scope")?,
            Some(task) => write!(f, "this task would be opened, resources: {}", task.resources.len())?,
            None => f.write_str("no task would be opened")?,
        }
        if self.canary.is_some() {
            f.write_str("; it goes ahead of the others, for nothing tells whether the identity may act")?;
        }
        if !self.grants.is_empty() {
            write!(f, "; roles that would be granted first: {}", self.grants.len())?;
        }
        if let Some(cause) = &self.cause {
            write!(f, "; the target would be parked: {}", cause.reason.as_str())?;
        }
        if self.leaving() > 0 {
            write!(f, "; resources that would leave: {}", self.leaving())?;
        }
        if let Some(scope) = &self.evaluation {
            write!(f, "; an evaluation would be asked for: {scope}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParkReason, SkipReason, TaskKind};
    use crate::fixture::{new_task, now, resource, tuning, waiting};
    use crate::wave::authorised::is_proven;

    #[test]
    fn a_plan_is_the_same_whatever_its_task_would_be_called_and_another_with_other_resources() {
        let plan = |sequence, count| Plan { task: Some(new_task(sequence, count)), ..Plan::default() }.digest();
        assert_eq!(plan(7, 2), plan(8, 2));
        assert_ne!(plan(7, 2), plan(7, 3));
        assert_ne!(plan(7, 2), Plan::default().digest());
    }

    #[test]
    fn once_all_is_carried_out_nothing_is_left_to_plan() {
        let (document, tuning) = (waiting(3), tuning());
        let skipped = vec![Skipped { resource: resource(2), reason: SkipReason::Compliant }];
        let plan = Plan { task: Some(new_task(7, 2)), skipped, ..Plan::default() };
        let after = plan.carried_out(&document, &tuning, now()).unwrap();
        assert_eq!((after.earliest_due(), after.sequence, after.history[0].fixed), (None, 7, 2));
        assert!(is_proven(&after), "its identity has shown that it can");
        let mut whole = new_task(8, 0);
        whole.kind = TaskKind::WholeScope { count: 3 };
        let plan = Plan { task: Some(whole), ..Plan::default() };
        assert_eq!(plan.carried_out(&document, &tuning, now()).unwrap().earliest_due(), None);
        assert_eq!(Plan::default().carried_out(&document, &tuning, now()), None);
    }

    #[test]
    fn a_plan_says_in_one_line_what_it_does() {
        let skipped = vec![Skipped { resource: resource(1), reason: SkipReason::Compliant }];
        let cause = Some(TargetCause { reason: ParkReason::NoIdentity, class: None, words: String::new(), hint: None });
        let task = Some(new_task(7, 2));
        for (plan, said) in [
            (Plan::default(), "no task would be opened"),
            (Plan { task, ..Plan::default() }, "this task would be opened, resources: 2"),
            (Plan { cause, ..Plan::default() }, "no task would be opened; the target would be parked: noIdentity"),
            (
                Plan { skipped, unlisted: 3, ..Plan::default() },
                "no task would be opened; resources that would leave: 4",
            ),
        ] {
            assert_eq!(plan.to_string(), said);
        }
    }
}
