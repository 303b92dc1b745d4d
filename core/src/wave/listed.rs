//! What the tasks in Resource Manager's list are to a target. Those of this installation are known better by claims and documents,
//! for the list is up to a minute old; but one that neither knows is in the way as a person's task is: a document or a claim may
//! have been lost, or a request may have come late.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Claim, InstallationId, Rival, SubscriptionDocument, TargetDocument, TaskName};
use crate::fact::ListedTask;
use crate::id::TargetHash;
use crate::time::Timestamp;

/// What a target knows of the tasks of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The target's document.
    pub(crate) document: &'a TargetDocument,
    /// The target.
    pub(crate) hash: &'a TargetHash,
    /// The claims of the subscription.
    pub(crate) claims: &'a SubscriptionDocument,
    /// What the documents of other targets tell, as far as they were looked at.
    pub(crate) rivals: &'a BTreeMap<TargetHash, Rival>,
    /// The active tasks of the subscription, once listed.
    pub(crate) tasks: &'a [ListedTask],
    /// Listed tasks of the target that were looked up and have ended.
    pub(crate) ended: &'a BTreeSet<TaskName>,
    /// This installation.
    pub(crate) installation: &'a InstallationId,
    /// Tasks that were named since then may lack in the list, which is kept for a while.
    pub(crate) new_since: Timestamp,
}

/// What a listed task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A person's, another installation's, or one of ours that nobody knows.
    Stranger,
    /// One of ours, as it seems; this target's document tells.
    Unsure(TargetHash),
    /// One of ours that its claim stands for, or that has ended since it was listed.
    Known,
}

impl<'a> Known<'a> {
    /// What the listed task is.
    pub(crate) fn standing(&self, task: &ListedTask) -> Standing {
        let Some((name, hash)) = TaskName::of_ours(&task.name, self.installation) else { return Standing::Stranger };
        if hash == *self.hash {
            return if self.is_own(&name) { Standing::Known } else { Standing::Stranger };
        }
        let is_claimed = self.claims.claims.get(&hash).is_some_and(|claim| claim.task == name);
        match self.rivals.get(&hash) {
            Some(rival) if rival.is_past(&name) => Standing::Known,
            Some(rival) if is_claimed && rival.active.as_ref() == Some(&name) => Standing::Known,
            Some(_) => Standing::Stranger,
            None if is_claimed => Standing::Known,
            None => Standing::Unsure(hash),
        }
    }

    /// Whether the task was named so lately that the list may lack it.
    pub(crate) fn is_new(&self, task: &TaskName) -> bool {
        u64::try_from(self.new_since.unix_timestamp()).is_ok_and(|since| task.sequence() >= since)
    }

    /// A listed task of the target that its document does not know.
    pub(crate) fn stray(&self) -> Option<(TaskName, &'a ListedTask)> {
        let of_target = |task: &'a ListedTask| {
            let (name, hash) = TaskName::of_ours(&task.name, self.installation)?;
            (hash == *self.hash && !self.is_own(&name)).then_some((name, task))
        };
        self.tasks.iter().find_map(of_target)
    }

    /// Whether the target's own document knows the task, or it was looked up and has ended.
    fn is_own(&self, name: &TaskName) -> bool {
        self.document.knows(name) || self.ended.contains(name)
    }
}

/// Whether the claim is known to be void. A document that is not there tells nothing of a task that the list may lack still.
pub(crate) fn is_void(known: &Known<'_>, rival: &TargetHash, claim: &Claim) -> bool {
    let Some(rival) = known.rivals.get(rival) else { return false };
    rival.active.as_ref() != Some(&claim.task) && !(rival.is_lost && known.is_new(&claim.task))
}
