//! What people have approved, as an instance read it last, and how much of it a target may use. What cannot be read approves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::document::{
    Approval, ApprovalId, ApprovedPlan, Covered, FleetDocument, PlanDigest, PlannedTarget, TargetDocument,
};
use crate::fact::Facts;
use crate::id::{IdDigest, ResourceId, Target};
use crate::role::Grant;
use crate::time::Timestamp;

use super::pause::CONTROLS_COUNT_FOR;

/// What an instance knows of the approvals.
#[derive(Debug, Clone)]
pub struct KnownApprovals {
    /// Those that could be read.
    pub approvals: Arc<Vec<Approval>>,
    /// The plans that they approve.
    pub plans: Arc<BTreeMap<PlanDigest, Arc<ApprovedPlan>>>,
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

/// What an approval covers of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'p> {
    /// All of it, or what lies in a group.
    Of(Covered),
    /// What a plan names.
    Planned(&'p PlannedTarget),
}

impl KnownApprovals {
    /// How long the process may have been running, at most, when something is sent by them.
    #[must_use]
    pub fn count_until(&self) -> Duration {
        self.asked + CONTROLS_COUNT_FOR
    }

    /// Those that cover something of the target at a time by storage's clock, the first to end first. A plan was made on facts: where
    /// others are known by now, it is void.
    pub(crate) fn covering(&self, target: &Target, facts: Option<&Facts>, at: Timestamp) -> Vec<(&Approval, Part<'_>)> {
        let part = |approval: &Approval| match &approval.plan {
            None => approval.covers(target).map(Part::Of),
            Some(digest) => {
                let planned = self.plans.get(digest)?.of(target)?;
                facts.is_none_or(|facts| facts.digest() == planned.facts).then_some(Part::Planned(planned))
            }
        };
        let standing = self.approvals.iter().filter(|approval| approval.stands(at));
        let mut covering: Vec<_> = standing.filter_map(|one| Some((one, part(one)?))).collect();
        covering.sort_by_key(|(approval, _)| (approval.until, approval.id.clone()));
        covering
    }

    /// Those whose plan names the target, and is void for it, since it was made on other facts than these.
    pub(crate) fn void(&self, target: &Target, facts: &Facts, at: Timestamp) -> Vec<ApprovalId> {
        let is_void = |approval: &&Approval| {
            let plan = approval.plan.as_ref().and_then(|digest| self.plans.get(digest));
            approval.stands(at)
                && plan.and_then(|plan| plan.of(target)).is_some_and(|planned| facts.digest() != planned.facts)
        };
        self.approvals.iter().filter(is_void).map(|approval| approval.id.clone()).collect()
    }

    /// What they let go of the target's resources.
    pub(crate) fn allowances(&self, document: &TargetDocument, facts: Option<&Facts>, at: Timestamp) -> Vec<Allowance> {
        let name = FleetDocument::name_of(&document.target);
        let allowance = |(approval, part): (&Approval, Part<'_>)| {
            let plan = approval.plan.as_ref().and_then(|digest| self.plans.get(digest));
            let group = approval.scope.as_ref();
            let only = match part {
                Part::Of(Covered::Whole) => None,
                Part::Of(Covered::InGroup) => {
                    let is_within = |id: &&ResourceId| group.is_some_and(|group| id.is_within(group.as_str()));
                    let within = document.resources.keys().filter(is_within);
                    Some(within.map(IdDigest::from).collect())
                }
                Part::Planned(planned) => Some(planned.resources.clone()),
            };
            // What is used of a plan is counted by names of assignments: of each, no more than it names.
            let max = plan.map_or(approval.max, |plan| plan.most(&name).min(approval.max));
            Allowance { approval: approval.id.clone(), max, until: approval.until, only }
        };
        self.covering(&document.target, facts, at).into_iter().map(allowance).collect()
    }

    /// Whether these roles may be granted for the target. A role reaches over all of it, so an approval for a part is not enough; a plan
    /// names the roles.
    pub(crate) fn let_grant(&self, target: &Target, facts: Option<&Facts>, grants: &[Grant], at: Timestamp) -> bool {
        let lets = |part: &Part<'_>| match part {
            Part::Of(covered) => *covered == Covered::Whole,
            Part::Planned(planned) => grants.iter().all(|grant| planned.names_grant(grant)),
        };
        self.covering(target, facts, at).iter().any(|(approval, part)| approval.grants && lets(part))
    }
}
