//! What a wave would do. In `act` mode the same task is created; in `plan` mode it is shown and everything keeps waiting.

use sha2::{Digest, Sha256};

use crate::document::TargetCause;
use crate::fact::NewTask;
use crate::id::Scope;
use crate::wave::skipped::Skipped;

/// The plan of one target at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The task that would be created, if any resource is left for one.
    pub task: Option<NewTask>,
    /// Why the whole target would be parked instead.
    pub cause: Option<TargetCause>,
    /// The scope of which an evaluation would be asked for, because some resources wait for one.
    pub evaluation: Option<Scope>,
    /// The resources that would leave the wave.
    pub skipped: Vec<Skipped>,
    /// Whether the plan that was shown last was the same.
    pub is_known: bool,
}

impl Plan {
    /// A short text that is the same for the same plan. The name of its task is none of it: it carries the time.
    pub(crate) fn digest(&self) -> String {
        let task = self.task.as_ref().map(|task| {
            let NewTask { name: _, target, kind, resources, request } = task;
            (target, kind, resources, request)
        });
        let digest = Sha256::digest(format!("{:?}", (task, &self.cause, &self.evaluation, &self.skipped)));
        digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::new_task;

    #[test]
    fn a_plan_is_the_same_whatever_its_task_would_be_called_and_another_with_other_resources() {
        let plan = |sequence, count| Plan { task: Some(new_task(sequence, count)), ..Plan::default() }.digest();
        assert_eq!(plan(7, 2), plan(8, 2));
        assert_ne!(plan(7, 2), plan(7, 3));
        assert_ne!(plan(7, 2), Plan::default().digest());
    }
}
