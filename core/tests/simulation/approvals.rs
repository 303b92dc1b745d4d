//! In the mode `approve` people approve something now and then, and take it back; and an opinion of its own on that never more is begun
//! than was approved, nor anything else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use remediation::control::{CONTROLS_COUNT_FOR, KnownApprovals};
use remediation::document::{Approval, ApprovalId, FleetDocument, Revoked, TaskName};
use remediation::fact::NewTask;
use remediation::id::{Target, TargetHash};
use remediation::settings::Mode;

use crate::tally::Ingredient;
use crate::world::World;

/// As the shell does.
const READ_AFTER: Duration = Duration::from_secs(10);

/// What is approved, what each instance has read of it, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Approvals {
    given: Vec<Approval>,
    known: [Option<KnownApprovals>; 2],
    /// How often `sweep` has woken each target for an approval.
    woken: BTreeMap<TargetHash, usize>,
    /// What each task was entered for.
    pub(crate) paid: BTreeMap<TaskName, Option<ApprovalId>>,
    /// The tasks that came to be.
    begun: BTreeMap<ApprovalId, BTreeMap<TaskName, usize>>,
}

impl Approvals {
    pub(crate) fn forget(&mut self, instance: usize) {
        self.known[instance] = None;
    }

    /// What whoever reads them now knows.
    pub(crate) fn known_now(&self) -> KnownApprovals {
        KnownApprovals { approvals: Arc::new(self.given.clone()), plans: Arc::default(), asked: Duration::ZERO }
    }

    fn of(&self, id: &ApprovalId) -> Option<&Approval> {
        self.given.iter().find(|approval| approval.id == *id)
    }
}

impl World {
    /// What the instance knows of the approvals at this step.
    pub(crate) fn approvals_known(&mut self, instance: usize) -> KnownApprovals {
        let asked = self.moment(instance).running;
        if let Some(known) = self.approvals.known[instance].as_ref().filter(|known| asked < known.asked + READ_AFTER) {
            return known.clone();
        }
        let approvals = Arc::new(self.approvals.given.clone());
        let known = KnownApprovals { approvals, plans: Arc::default(), asked };
        self.approvals.known[instance] = Some(known.clone());
        known
    }

    /// Now and then people approve something, or take it back.
    pub(crate) fn people_approve(&mut self) {
        if self.tuning.mode != Mode::Approve || !self.chance(0.03) || self.scenario.assigned.is_empty() {
            return;
        }
        let at = self.now;
        if self.chance(0.3) {
            if let Some(approval) = self.approvals.given.last_mut() {
                approval.revoked.get_or_insert(Revoked { by: None, at, reason: None });
                self.tell(|| "people take an approval back".to_owned());
            }
            return;
        }
        let place = self.random.usize(..self.scenario.assigned.len());
        let target = self.scenario.assigned[place].0.clone();
        let id = format!("a{}", self.approvals.given.len()).parse().expect("an id");
        let until = at + self.span(60..14_400);
        let mut approval = Approval::new(id, self.random.u32(1..6), at, until);
        let by_name = self.chance(0.5);
        let name = FleetDocument::name_of(&target);
        let named = if by_name { name } else { target.policy_assignment_id.to_string() };
        (approval.assignment, approval.grants) = (named.parse().ok(), self.chance(0.5));
        approval.scope = self.chance(0.3).then(|| target.scope.clone());
        self.tell(|| format!("people approve {approval:?}"));
        self.approvals.given.push(approval);
    }

    /// An approval wakes a target once; and once more, where it was looked at by what an instance had read before.
    pub(crate) fn check_woken_for_approval(&mut self, target: &Target) -> Result<(), String> {
        let given = self.approvals.given.len();
        let woken = self.approvals.woken.entry(target.hash()).or_default();
        *woken += 1;
        match *woken > 2 * given {
            true => Err(format!("{} is woken {woken} times for {given} approvals", target.hash())),
            false => Ok(()),
        }
    }

    /// What is sent in the mode `approve` was approved, by what stands or was taken back less than half a minute ago.
    pub(crate) fn check_approved(&mut self, task: &NewTask) -> Result<(), String> {
        if self.tuning.mode != Mode::Approve {
            return Ok(());
        }
        let name = &task.name;
        let paid = self.approvals.paid.get(name).and_then(Option::as_ref);
        let approval = paid.and_then(|id| self.approvals.of(id));
        let Some(approval) = approval else { return Err(format!("{name} is sent, and nobody has approved it")) };
        if !self.stands(approval) || !names(approval, &task.target) {
            return Err(format!("{name} is sent by {approval:?} at {}", self.now));
        }
        self.meet(Ingredient::Approved);
        Ok(())
    }

    /// A role is granted only for what was approved with grants.
    pub(crate) fn check_grant_approved(&self, target: &Target) -> Result<(), String> {
        let lets = |one: &Approval| one.grants && self.stands(one) && names(one, target);
        match self.tuning.mode == Mode::Approve && !self.approvals.given.iter().any(lets) {
            true => Err(format!("a role is granted for {target:?}, and nobody has approved that")),
            false => Ok(()),
        }
    }

    fn stands(&self, approval: &Approval) -> bool {
        let revoked = approval.revoked.as_ref().is_some_and(|revoked| revoked.at + CONTROLS_COUNT_FOR < self.now);
        !revoked && approval.until >= self.now
    }

    /// Never does more come to be than was approved, whatever was repeated.
    pub(crate) fn check_approvals(&mut self, task: &NewTask) -> Result<(), String> {
        let Some(Some(id)) = self.approvals.paid.get(&task.name).cloned() else { return Ok(()) };
        let begun = self.approvals.begun.entry(id.clone()).or_default();
        begun.insert(task.name.clone(), task.resources.len());
        let sum: usize = begun.values().sum();
        let max = self.approvals.of(&id).map_or(0, |approval| approval.max);
        if sum > usize::try_from(max).unwrap_or_default() {
            return Err(format!("{sum} resources are begun by approval {id}, and {max} may be"));
        }
        Ok(())
    }
}

/// Whether the approval is of this target, by what its document says.
fn names(approval: &Approval, target: &Target) -> bool {
    let text =
        serde_json::to_value(approval).expect("plain values")["assignment"].as_str().unwrap_or_default().to_owned();
    let id = target.policy_assignment_id.as_str();
    (text == id || id.ends_with(&format!("/policyassignments/{text}")))
        && approval.scope.as_ref().is_none_or(|scope| target.scope.as_str().starts_with(scope.as_str()))
}
