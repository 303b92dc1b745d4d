//! What is to be done for a target: decided once, written by act mode, shown by plan mode.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::document::TargetCause;
use crate::fact::NewTask;
use crate::id::Scope;
use crate::role::Grant;
use crate::wave::skipped::Skipped;

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

    /// A short text that is the same for the same plan. The name of its task is none of it: it carries the time.
    pub(crate) fn digest(&self) -> String {
        let task = self.task.as_ref().map(|task| {
            let NewTask { name: _, target, kind, resources, request } = task;
            (target, kind, resources, request)
        });
        let digest = Sha256::digest(format!(
            "{:?}",
            (task, &self.grants, &self.cause, &self.evaluation, &self.skipped, self.unlisted)
        ));
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
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
    use crate::document::{ParkReason, SkipReason};
    use crate::fixture::{new_task, resource};

    #[test]
    fn a_plan_is_the_same_whatever_its_task_would_be_called_and_another_with_other_resources() {
        let plan = |sequence, count| Plan { task: Some(new_task(sequence, count)), ..Plan::default() }.digest();
        assert_eq!(plan(7, 2), plan(8, 2));
        assert_ne!(plan(7, 2), plan(7, 3));
        assert_ne!(plan(7, 2), Plan::default().digest());
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
