//! What people have approved, as an instance read it last, and how much of it a target may use. What cannot be read approves nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{Approval, ApprovalId, Covered, TargetDocument};
use crate::id::{IdDigest, Target};
use crate::time::Timestamp;

use super::pause::CONTROLS_COUNT_FOR;

/// What an instance knows of the approvals.
#[derive(Debug, Clone)]
pub struct KnownApprovals {
    /// Those that could be read.
    pub approvals: Arc<Vec<Approval>>,
    /// How long the process had been running, at most, when they were asked for.
    pub asked: Duration,
}

/// How much of a target's resources an approval lets go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The approval.
    pub approval: ApprovalId,
    /// Most resources in opened tasks.
    pub max: u32,
    /// Until when.
    pub until: Timestamp,
    /// Only these; none: all.
    pub only: Option<BTreeSet<IdDigest>>,
}

impl KnownApprovals {
    /// How long the process may have been running, at most, when something is sent by them.
    #[must_use]
    pub fn count_until(&self) -> Duration {
        self.asked + CONTROLS_COUNT_FOR
    }

    /// Those that cover something of the target at a time by storage's clock, the first to end first.
    pub(crate) fn covering(&self, target: &Target, at: Timestamp) -> Vec<(&Approval, Covered)> {
        let standing = self.approvals.iter().filter(|approval| approval.stands(at));
        let mut covering: Vec<_> = standing.filter_map(|one| Some((one, one.covers(target)?))).collect();
        covering.sort_by_key(|(approval, _)| (approval.until, approval.id.clone()));
        covering
    }

    /// What they let go of the target's resources.
    pub(crate) fn allowances(&self, document: &TargetDocument, at: Timestamp) -> Vec<Allowance> {
        let allowance = |(approval, covered): (&Approval, Covered)| {
            let group = approval.scope.as_ref().filter(|_| covered == Covered::InGroup);
            let only = group.map(|group| {
                let within = document.resources.keys().filter(|id| id.is_within(group.as_str()));
                within.map(IdDigest::from).collect()
            });
            Allowance { approval: approval.id.clone(), max: approval.max, until: approval.until, only }
        };
        self.covering(&document.target, at).into_iter().map(allowance).collect()
    }

    /// Whether roles may be granted for the target.
    pub(crate) fn let_grant(&self, target: &Target, at: Timestamp) -> bool {
        // A role reaches over all of the target, so an approval for a part of it is not enough.
        self.covering(target, at).iter().any(|(approval, covered)| approval.grants && *covered == Covered::Whole)
    }
}
