//! A management group of many subscriptions under the same policies, each assigned once at the group: the estate of large runs, and
//! what its run needs at least.

use simulator::estate::{Assignment, ComplianceRecord, Definition, Estate, RecordKey};

use super::estate::{CONTRIBUTOR, DEFINITION, account, land, record, subscription};

/// The group that all lies under.
pub(crate) const GROUP: &str = "/providers/Microsoft.Management/managementGroups/contoso";

/// How large a group is. Of its assignments the last lacks its roles, and the one before only audits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub(crate) subscriptions: usize,
    pub(crate) assignments: usize,
    /// How many resources do not comply. All targets have the same number of them, and the first has what is over.
    pub(crate) resources: usize,
    /// More than so many of a target go in one task.
    pub(crate) escalate_above: usize,
}

/// What remediating all of it takes at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Least {
    /// One task a hundred resources of a target, or one for all.
    pub(crate) tasks: usize,
    /// Of each task its states before it, its end and its deployments after it; of each target its identity's roles and the tasks that
    /// run; of each subscription its assignments, their definitions and what is denied.
    pub(crate) reads: usize,
}

impl Group {
    /// How many targets there are.
    pub(crate) fn targets(self) -> usize {
        self.subscriptions * self.assignments
    }

    /// How many targets a task can remediate.
    pub(crate) fn fixable_targets(self) -> usize {
        self.subscriptions * (self.assignments - 2)
    }

    /// How many resources a task can fix.
    pub(crate) fn fixable(self) -> usize {
        self.resources - 2 * self.subscriptions * self.each()
    }

    /// How many resources are of the assignment that lacks its roles.
    pub(crate) fn without_roles(self) -> usize {
        self.subscriptions * self.each()
    }

    fn each(self) -> usize {
        self.resources / self.targets()
    }

    fn of(self, target: usize) -> usize {
        self.each() + if target == 0 { self.resources % self.targets() } else { 0 }
    }

    /// What it takes at least.
    pub(crate) fn least(self) -> Least {
        let first = if self.of(0) > self.escalate_above { 1 } else { self.of(0).div_ceil(100) };
        let tasks = first + (self.fixable_targets() - 1) * self.each().div_ceil(100);
        let with_identity = self.fixable_targets() + self.subscriptions;
        Least { tasks, reads: 3 * tasks + with_identity + 4 * self.subscriptions }
    }

    /// The estate.
    pub(crate) fn estate(self) -> Estate {
        let mut estate = land(0);
        for number in 0..self.subscriptions {
            estate = estate.with_subscription(&subscription(number), &format!("Number {number}"), Some("contoso"));
        }
        for number in 0..self.assignments {
            estate = self.assigned(estate, number);
        }
        for of in 0..self.subscriptions {
            let mut place = 0;
            for number in 0..self.assignments {
                for _ in 0..self.of(of * self.assignments + number) {
                    estate = estate.with_record(not_complying(of, place, number));
                    place += 1;
                }
            }
        }
        estate
    }

    fn assigned(self, estate: Estate, number: usize) -> Estate {
        let id = format!("{DEFINITION}-{number}");
        let effect = if number + 2 == self.assignments { "Audit" } else { "Modify" };
        let home = estate.home_tenant.clone();
        let principal = format!("e6d23f8d-af97-4fbc-bda6-{number:012}");
        let assignment = Assignment::new(GROUP, &name(number), id.as_str());
        let assignment = assignment.with_system_identity(&principal, &home, "westeurope");
        let assignment = if number + 1 == self.assignments { assignment.without_roles() } else { assignment };
        let definition = Definition::new(id.as_str(), effect);
        estate.with_definition(definition.with_role(CONTRIBUTOR)).with_assignment(assignment)
    }
}

fn name(number: usize) -> String {
    format!("Rule-{number}")
}

fn not_complying(subscription: usize, place: usize, number: usize) -> ComplianceRecord {
    let assignment = format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/{}", name(number));
    let key = RecordKey::new(account(subscription, place), assignment, None);
    ComplianceRecord { key, ..record(subscription, 0, "Tag") }
}
