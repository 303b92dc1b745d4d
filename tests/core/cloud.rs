//! Resource Manager: tasks with a life of their own, policy states that tell the truth, throttling, lost answers, and requests
//! that arrive late. What must never happen there is an error at once.

use std::collections::BTreeMap;
use std::time::Duration;

use policy_remediator::arm::{
    ArmError, AssignedPolicy, Assignment, CallKind, Deployment, DeploymentStatus, Effect, Facts, Found, ListedTask,
    NewTask, PolicyState, TaskState, TaskStatus,
};
use policy_remediator::event::{ComplianceState, Timestamp};
use policy_remediator::remediation::{DeploymentList, Observed, Put, Question};
use policy_remediator::resource::{ResourceId, Target};

use crate::scenario::Scenario;
use crate::world::World;

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) resources: Vec<ResourceId>,
    pub(crate) person: bool,
    pub(crate) anew: bool,
    pub(crate) ends_at: Timestamp,
    pub(crate) ended: bool,
    pub(crate) deployments: Vec<Deployment>,
}

#[derive(Debug, Clone)]
pub(crate) struct Truth {
    pub(crate) failures_left: usize,
    pub(crate) permanent: bool,
    pub(crate) stale: bool,
    pub(crate) compliant: bool,
    pub(crate) evaluated_at: Timestamp,
    pub(crate) attempts: usize,
}

pub(crate) struct Cloud {
    pub(crate) tasks: Vec<Task>,
    pub(crate) truth: BTreeMap<(Target, ResourceId), Truth>,
    late: Vec<(Timestamp, NewTask)>,
    /// Until when each instance keeps away, as its gate does.
    pub(crate) gates: [Option<Timestamp>; 2],
    pub(crate) throttled: usize,
    /// Tasks for a whole scope.
    pub(crate) whole: usize,
}

impl Cloud {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let truth = scenario.scripts.iter().map(|s| {
            let truth = Truth {
                failures_left: s.failures,
                permanent: s.permanent,
                stale: s.stale,
                compliant: false,
                evaluated_at: s.seen_at,
                attempts: 0,
            };
            ((s.target.clone(), s.resource.clone()), truth)
        });
        Self { tasks: Vec::new(), truth: truth.collect(), late: Vec::new(), gates: [None; 2], throttled: 0, whole: 0 }
    }

    /// When the next thing happens that is not to be waited for by a message: a late request arrives, a task ends.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.tasks.iter().filter(|t| !t.ended).map(|t| t.ends_at);
        self.late.iter().map(|(at, _)| *at).chain(ends).filter(|at| *at > now).min()
    }

    fn active(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.ended)
    }
}

fn status(task: &Task) -> TaskStatus {
    let failed = task.deployments.iter().any(|d| d.status != DeploymentStatus::Succeeded);
    let (state, word) = match (task.ended, failed) {
        (false, _) => (TaskState::Active, "Running"),
        (true, true) => (TaskState::Failed, "Failed"),
        (true, false) => (TaskState::Succeeded, "Succeeded"),
    };
    TaskStatus { state, word: word.to_owned(), created_on: None }
}

impl World {
    /// Ends tasks whose time has come, and lets late requests arrive.
    pub(crate) fn cloud_step(&mut self) -> Result<(), String> {
        let now = self.now;
        while let Some(place) = self.cloud.late.iter().position(|(at, _)| *at <= now) {
            let (_, task) = self.cloud.late.swap_remove(place);
            let answer = self.accept(&task)?;
            self.tell(|| format!("a late PUT of {} arrives: {answer:?}", task.name));
        }
        for place in 0..self.cloud.tasks.len() {
            if !self.cloud.tasks[place].ended && self.cloud.tasks[place].ends_at <= now {
                self.end(place);
            }
        }
        Ok(())
    }

    fn end(&mut self, place: usize) {
        let at = self.cloud.tasks[place].ends_at;
        let Task { target, resources, name, anew, .. } = self.cloud.tasks[place].clone();
        let mut deployments = Vec::new();
        for resource in resources {
            let Some(truth) = self.cloud.truth.get_mut(&(target.clone(), resource.clone())) else { continue };
            if truth.compliant {
                continue;
            }
            truth.attempts += 1;
            let failed =
                |code: &str| DeploymentStatus::Failed { code: code.to_owned(), message: "scripted".to_owned() };
            let status = if truth.permanent {
                failed("InvalidTemplateDeployment")
            } else if truth.stale && !anew {
                DeploymentStatus::Failed {
                    code: "PolicyEvaluationResultNotFound".to_owned(),
                    message: "No policy evaluation result was found.".to_owned(),
                }
            } else if truth.failures_left > 0 {
                truth.failures_left -= 1;
                failed("ServiceUnavailable")
            } else {
                truth.compliant = true;
                truth.evaluated_at = at;
                DeploymentStatus::Succeeded
            };
            deployments.push(Deployment { resource: resource.as_str().to_owned(), status, ended: Some(at) });
        }
        let task = &mut self.cloud.tasks[place];
        task.ended = true;
        task.deployments = deployments;
        self.tell(|| format!("task {name} ends"));
    }

    pub(crate) fn person_opens(&mut self, target: &Target, lasts: Duration) {
        if self.cloud.active().any(|task| task.target == *target) {
            return;
        }
        let resources: Vec<_> = self.cloud.truth.keys().filter(|(t, _)| t == target).map(|(_, r)| r.clone()).collect();
        if self.cloud.active().any(|task| task.resources.iter().any(|r| resources.contains(r))) {
            return;
        }
        let ends_at = self.now + lasts;
        let name = "a person's".to_owned();
        self.tell(|| format!("a person opens a task until {ends_at}"));
        self.cloud.tasks.push(Task {
            name,
            target: target.clone(),
            resources,
            person: true,
            anew: false,
            ends_at,
            ended: false,
            deployments: Vec::new(),
        });
    }

    fn overlapping(&self, resources: &[ResourceId]) -> Option<&Task> {
        self.cloud.active().find(|task| !task.person && task.resources.iter().any(|r| resources.contains(r)))
    }

    /// The creation of a task: what the answer would be, or what must never happen.
    fn accept(&mut self, new: &NewTask) -> Result<Put, String> {
        if let Some(old) = self.cloud.tasks.iter().find(|t| t.name == new.name.as_str()) {
            if old.ended {
                return Err(format!("{} is restarted after it has ended", new.name));
            }
            return Ok(Put::Accepted);
        }
        if self.cloud.active().any(|task| task.target == new.target) {
            return Ok(Put::Wait);
        }
        let persons = self.cloud.tasks.iter().any(|task| task.person);
        for resource in &new.resources {
            let truth = self.cloud.truth.get(&(new.target.clone(), resource.clone()));
            if truth.is_none_or(|t| t.compliant) && !persons {
                return Err(format!("{} remediates {resource}, which is compliant", new.name));
            }
        }
        let resources = if new.extent.is_whole() {
            // What is non-compliant in the scope, whatever the worker meant.
            let bad = self.cloud.truth.iter().filter(|((of, _), truth)| *of == new.target && !truth.compliant);
            bad.map(|((_, resource), _)| resource.clone()).collect()
        } else {
            new.resources.clone()
        };
        if let Some(other) = self.overlapping(&resources) {
            return Err(format!("{} and {} touch one resource at the same time", other.name, new.name));
        }
        let ends_at = self.now + Duration::from_secs(self.random.u64(20..1_200));
        self.cloud.whole += usize::from(new.extent.is_whole());
        self.cloud.tasks.push(Task {
            name: new.name.as_str().to_owned(),
            target: new.target.clone(),
            resources,
            person: false,
            anew: new.extent.own_scope().is_some(),
            ends_at,
            ended: false,
            deployments: Vec::new(),
        });
        Ok(Put::Accepted)
    }

    /// A call of this instance that Resource Manager, or the instance's own gate, refuses for now.
    fn refusal(&mut self, instance: usize) -> Option<ArmError> {
        let call = CallKind::ReadTask;
        if let Some(until) = self.cloud.gates[instance].filter(|until| *until > self.now) {
            return Some(ArmError::Held { call, until });
        }
        // An answer may say that few calls are left: it counts, and the next one is held.
        if self.strikes(0.02) {
            self.cloud.gates[instance] = Some(self.now + Duration::from_secs(60));
        }
        if self.strikes(0.05) {
            self.cloud.throttled += 1;
            let until = self.now + Duration::from_secs(self.random.u64(1..90));
            self.cloud.gates[instance] = Some(until);
            return Some(ArmError::Throttled { call, until });
        }
        self.strikes(0.03).then(|| ArmError::Lost { call, words: "no answer".to_owned() })
    }

    pub(crate) fn put(&mut self, instance: usize, new: &NewTask) -> Result<Put, String> {
        match self.refusal(instance) {
            Some(ArmError::Throttled { until, .. } | ArmError::Held { until, .. }) => return Ok(Put::Throttled(until)),
            Some(_) => {
                // Taken and the answer lost; or still under way; or never to arrive.
                match self.random.u8(0..3) {
                    0 => drop(self.accept(new)?),
                    1 => self.cloud.late.push((self.now + Duration::from_secs(self.random.u64(0..20)), new.clone())),
                    _ => {}
                }
                return Ok(Put::Unknown);
            }
            None => {}
        }
        self.accept(new)
    }

    pub(crate) fn answer(&mut self, instance: usize, target: &Target, question: Question) -> Observed {
        if let Some(error) = self.refusal(instance) {
            return Observed::Unanswered(error);
        }
        match question {
            Question::Facts => Observed::Facts(Facts {
                assignment: Found::There(Assignment {
                    id: target.policy_assignment_id.to_string(),
                    policy: AssignedPolicy::Definition("d".to_owned()),
                    has_identity: true,
                    is_enforced: true,
                    not_scopes: Vec::new(),
                }),
                references: None,
                siblings: Vec::new(),
            }),
            Question::ActiveTasks => {
                let list = self.cloud.active().map(|task| ListedTask {
                    name: task.name.clone(),
                    scope: task.target.scope.to_string(),
                    assignment: task.target.policy_assignment_id.to_string(),
                    reference: String::new(),
                    resources: Some(task.resources.iter().map(ToString::to_string).collect()),
                    state: TaskState::Active,
                });
                Observed::ActiveTasks(list.collect())
            }
            Question::States(asked) => {
                let state = |id: &ResourceId| {
                    let truth = self.cloud.truth.get(&(target.clone(), id.clone()))?;
                    let state =
                        if truth.compliant { ComplianceState::Compliant } else { ComplianceState::NonCompliant };
                    Some(PolicyState {
                        resource: id.to_string(),
                        state,
                        at: Some(truth.evaluated_at),
                        effect: Some(Effect::Remediable),
                    })
                };
                let states = asked.iter().filter_map(state).collect();
                Observed::States(asked, states)
            }
            Question::AllNonCompliant => {
                let bad = self.cloud.truth.iter().filter(|((of, _), truth)| of == target && !truth.compliant);
                let state = |((_, resource), truth): (&(Target, ResourceId), &Truth)| PolicyState {
                    resource: resource.to_string(),
                    state: ComplianceState::NonCompliant,
                    at: Some(truth.evaluated_at),
                    effect: Some(Effect::Remediable),
                };
                Observed::AllNonCompliant(Found::There(bad.map(state).collect()))
            }
            Question::Task(name, _) => {
                let found = self.cloud.tasks.iter().find(|task| task.name == name.as_str()).map(status);
                Observed::Task(name, found)
            }
            Question::Deployments(name, _, from) => {
                let found = self.cloud.tasks.iter().find(|task| task.name == name.as_str());
                let all = found.map(|task| task.deployments.clone()).unwrap_or_default();
                // Parts of three; now and then a link leads nowhere any more.
                let begin = from.as_deref().and_then(|link| link.parse::<usize>().ok()).unwrap_or_default();
                let begin = if from.is_some() && self.strikes(0.02) { all.len() } else { begin };
                let deployments: Vec<_> = all.iter().skip(begin).take(3).cloned().collect();
                let next = (begin + 3 < all.len()).then(|| (begin + 3).to_string());
                Observed::Deployments(name, DeploymentList { from, deployments, next })
            }
        }
    }
}
