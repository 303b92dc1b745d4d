//! The answers that a file of policy states gives. What it does not tell, the identity, its roles and running tasks, counts as well:
//! the plan is the best case, and says so.

use std::collections::BTreeMap;

use remediation::decide::{Answer, Observed, Question};
use remediation::event::ComplianceState;
use remediation::fact::{
    ActiveTasks, AssignedPolicy, Assignment, DeploymentList, Effect, Facts, Found, PolicyState, ScopeStates,
};
use remediation::id::{ResourceId, Target};
use remediation::policy::{IdentityChange, Resolved};
use remediation::report::StateRow;
use remediation::role::{Home, Rights};
use remediation::time::Timestamp;

/// The states of a file, by target.
pub(super) struct Offline {
    states: BTreeMap<Target, BTreeMap<ResourceId, PolicyState>>,
    references: BTreeMap<Target, String>,
    now: Timestamp,
}

impl Offline {
    /// Of a file of which nothing was read yet.
    pub(super) fn begun(now: Timestamp) -> Self {
        Self { states: BTreeMap::new(), references: BTreeMap::new(), now }
    }

    /// One state more; of several of one resource the newest counts.
    pub(super) fn add(&mut self, row: &StateRow) {
        let target = row.target();
        let state = PolicyState {
            resource: row.resource.to_string(),
            state: row.state.clone(),
            at: Some(row.at.unwrap_or(self.now)),
            effect: row.effect.as_deref().map(Effect::of),
            location: None,
        };
        self.references.extend(row.reference.clone().map(|reference| (target.clone(), reference)));
        let known = self.states.entry(target).or_default();
        match known.get(&row.resource) {
            Some(newer) if newer.at > state.at => {}
            Some(_) | None => drop(known.insert(row.resource.clone(), state)),
        }
    }

    fn of_target(&self, target: &Target) -> impl Iterator<Item = &PolicyState> {
        self.states.get(target).into_iter().flat_map(|states| states.values())
    }

    pub(super) fn answer(&self, question: Question, target: &Target) -> Observed {
        let answer = match question {
            Question::Facts | Question::FactsSince(_) => Answer::Facts(self.facts(target)),
            Question::Rights(_) => Answer::Rights(self.rights(target)),
            Question::ActiveTasks => Answer::ActiveTasks(ActiveTasks::All(Vec::new())),
            Question::States(asked) => {
                let known = self.states.get(target);
                let states = asked.iter().filter_map(|id| known?.get(id).cloned()).collect();
                Answer::States(asked, states)
            }
            // Each is known by its name at no cost.
            Question::Listed { .. } => Answer::Listed(self.now, Vec::new()),
            Question::AllNonCompliant(from) => {
                let mut list = ScopeStates::unread(from);
                let bad = self.of_target(target).filter(|state| state.state == ComplianceState::NonCompliant);
                list.push(bad.cloned().collect(), None);
                Answer::AllNonCompliant(list)
            }
            Question::Task(name) => Answer::Task(name, None),
            Question::Deployments(name, from) => {
                Answer::Deployments(name, DeploymentList { from, deployments: Vec::new(), next: None })
            }
            // No evaluation was asked for in documents that begin empty.
            Question::Evaluation(..) => return Observed::OutOfTime,
        };
        Observed::Answer(answer)
    }

    fn facts(&self, target: &Target) -> Facts {
        let id = target.policy_assignment_id.to_string();
        let reference = self.references.get(target);
        let policy = match (reference, id.parse()) {
            (Some(_), Ok(set)) => AssignedPolicy::Set(set),
            (Some(_), Err(_)) | (None, _) => AssignedPolicy::Definition(id.clone()),
        };
        let assignment = Assignment::plain(id, policy);
        Facts {
            assignment: Found::There(assignment),
            references: reference.map(|reference| Found::There(vec![reference.clone()])),
            member_version: None,
            content: [0; 3],
            effect: Some(Resolved::PerResource),
            policies: None,
            identity: IdentityChange::Nothing,
            siblings: Vec::new(),
            read_at: self.now,
        }
    }

    fn rights(&self, target: &Target) -> Rights {
        Rights {
            home: Home::Ours,
            required: Found::There(Vec::new()),
            principal: Some(String::new()),
            holder: target.policy_assignment_id.to_string(),
            assignments: Found::There(Vec::new()),
            preauthorised: None,
            denials: Found::There(Vec::new()),
            definitions: BTreeMap::new(),
            read_at: self.now,
        }
    }
}
