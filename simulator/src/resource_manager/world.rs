//! The state behind the API: the estate, the records through time, and all tasks that ever were. `advance` brings it up
//! to a given time by starting the tasks and ending the evaluations that are due, in their order; nothing else moves by itself.

use super::{
    Drift, Tempo,
    authorization::refused_call::RefusedCall,
    drift::Drifted,
    error::ArmError,
    evaluation::Evaluation,
    graph::{limits::GraphLimits, quota::GraphQuota},
    namespace::Namespace,
    observation::Write,
    paging::PageSizes,
    quota::Quota,
    records::{Cause, Change, Record, Records},
    regions::Placing,
    shown_platform::{FunctionApp, SystemTopic},
    task::{Course, Deployment, Task},
    task_life::{self, Candidate},
};
use crate::estate::{ArmId, Attempt, ComplianceState, Estate, Failure, Identity, Scope};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// Everything that the API stands on.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) estate: Estate,
    /// The estate describes no rights: each identity is shown to have what its policies ask for.
    pub(crate) shows_roles: bool,
    pub(crate) tempo: Tempo,
    pub(crate) pages: PageSizes,
    pub(crate) quota: Quota,
    pub(crate) graph_quota: GraphQuota,
    pub(crate) graph_limits: GraphLimits,
    pub(crate) placing: Placing,
    pub(crate) records: Records,
    pub(crate) tasks: Vec<Task>,
    /// Tasks that a GET finds, by id.
    pub(crate) live: HashMap<ArmId, usize>,
    pub(crate) writes: Vec<Write>,
    /// Calls of any service that were refused for a missing right.
    pub(crate) refused: Vec<RefusedCall>,
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) drift: Option<Drift>,
    pub(crate) drifted: Vec<Drifted>,
    /// The namespace whose queues are shown, where there is one.
    pub(crate) namespace: Option<Namespace>,
    pub(crate) topics: Vec<SystemTopic>,
    pub(crate) app: Option<FunctionApp>,
    /// Up to when fixes were told.
    pub(crate) fixes_told: Option<OffsetDateTime>,
    /// Resources that exist, with their locations.
    pub(crate) resources: HashMap<ArmId, String>,
    groups: HashSet<ArmId>,
}

impl World {
    pub(crate) fn new(estate: Estate, tempo: Tempo) -> Self {
        let shows_roles = !estate.describes_rights();
        let estate = if shows_roles { estate.with_roles_of_identities() } else { estate };
        let resources: HashMap<ArmId, String> =
            estate.resources.iter().map(|resource| (resource.id.clone(), resource.location.clone())).collect();
        let assignments = estate.assignments.iter().map(|assignment| &assignment.id);
        let groups = resources.keys().chain(assignments).filter_map(group_of).collect();
        Self {
            records: Records::of(&estate),
            estate,
            shows_roles,
            tempo,
            pages: PageSizes::default(),
            quota: Quota::default(),
            graph_quota: GraphQuota::default(),
            graph_limits: GraphLimits::default(),
            placing: Placing::default(),
            tasks: Vec::new(),
            live: HashMap::new(),
            writes: Vec::new(),
            refused: Vec::new(),
            evaluations: Vec::new(),
            drift: None,
            drifted: Vec::new(),
            namespace: None,
            topics: Vec::new(),
            app: None,
            fixes_told: None,
            resources,
            groups,
        }
    }

    /// Brings everything up to `now`.
    pub(crate) fn advance(&mut self, now: OffsetDateTime) {
        while let Some(ends_at) = self.next_evaluation().filter(|ends_at| *ends_at <= now) {
            self.start_tasks(ends_at);
            self.end_evaluations(ends_at);
        }
        self.start_tasks(now);
    }

    fn start_tasks(&mut self, now: OffsetDateTime) {
        let mut due: Vec<(OffsetDateTime, usize)> = self
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, task)| matches!(task.course, Course::Pending) && task.cancelled_at.is_none())
            .filter(|(_, task)| task.starts_at <= now)
            .map(|(index, task)| (task.starts_at, index))
            .collect();
        due.sort_unstable();
        for (_, index) in due {
            self.start(index);
        }
    }

    /// The resource groups that hold something.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &ArmId> {
        self.groups.iter()
    }

    /// Refuses scopes that do not exist.
    pub(crate) fn check_scope(&self, scope: &ArmId) -> Result<Scope, ArmError> {
        let unknown = || ArmError::path_not_found(scope.as_str());
        let parsed = Scope::parse(scope).ok_or_else(unknown)?;
        if let Some(id) = scope.subscription()
            && self.estate.subscription(id).is_none()
        {
            return Err(ArmError::subscription_not_found(id));
        }
        match &parsed {
            Scope::Tenant | Scope::Subscription(_) => {}
            Scope::ManagementGroup(name) => {
                self.estate.management_group(name).ok_or_else(|| ArmError::management_group_not_found(name))?;
            }
            Scope::ResourceGroup(_, name) => {
                if !self.groups.contains(scope) {
                    return Err(ArmError::resource_group_not_found(name));
                }
            }
            Scope::Resource(id) => {
                if !self.resources.contains_key(id) {
                    let kind = id.resource_type().unwrap_or_default();
                    return Err(ArmError::resource_not_found(&kind, id.name(), id.resource_group()));
                }
            }
        }
        Ok(parsed)
    }

    /// Cancels a task that is not over; deployments that have not begun are taken back.
    pub(crate) fn cancel(&mut self, index: usize, now: OffsetDateTime) {
        let never = self.tasks.get_mut(index).map(|task| task_life::cancel(task, now)).unwrap_or_default();
        for deployment in never {
            self.take_back(&deployment);
        }
    }

    /// Ends a resource: its records vanish, and deployments to it that have not begun will fail.
    pub(crate) fn end_resource(&mut self, resource: &ArmId, now: OffsetDateTime) {
        self.resources.remove(resource);
        for record in self.records.all.iter_mut().filter(|record| record.key().resource == *resource) {
            record.gone_at = record.gone_at.or(Some(now));
        }
        for task in &mut self.tasks {
            let Course::Laid { deployments, .. } = &mut task.course else { continue };
            for deployment in deployments.iter_mut().filter(|one| one.resource == *resource && one.began_at > now) {
                deployment.outcome = Attempt::Fail(Failure::resource_not_found(resource.lower()));
            }
        }
    }

    fn take_back(&mut self, deployment: &Deployment) {
        if let Some(record) = self.records.all.get_mut(deployment.record) {
            record.undeploy();
            if deployment.outcome == Attempt::Succeed {
                record.take_back(deployment.ends_at);
                self.take_back_drift(deployment.record, deployment.ends_at);
            }
        }
    }

    fn start(&mut self, index: usize) {
        let Some(task) = self.tasks.get(index) else { return };
        let chosen = task_life::choose(self.candidates(task), &task.request);
        let course = task_life::lay_out(chosen, &task.request, task.starts_at, &self.tempo, |candidate| {
            self.deployment(task, candidate)
        });
        let mut fixed = Vec::new();
        if let Course::Laid { deployments, .. } = &course {
            for deployment in deployments {
                let Some(record) = self.records.all.get_mut(deployment.record) else { continue };
                record.deploy(task.request.mode, deployment.ends_at);
                if deployment.outcome == Attempt::Succeed {
                    fixed.push((deployment.record, deployment.ends_at));
                    record.add(Change {
                        at: deployment.ends_at,
                        state: ComplianceState::Compliant,
                        reason: String::new(),
                        cause: Cause::Deployment,
                    });
                }
            }
        }
        fixed.into_iter().for_each(|(record, at)| self.plan_drift(record, at));
        if let Some(task) = self.tasks.get_mut(index) {
            task.course = course;
        }
    }

    /// The resources that a task may take at its start: non-compliant, in its scope, and with an effect that changes them.
    fn candidates(&self, task: &Task) -> Vec<Candidate> {
        let Some(assignment) = self.estate.assignment(&task.request.assignment) else { return Vec::new() };
        let reference = task.request.reference.as_deref();
        let named = task.request.resource_ids.as_ref();
        let known: Vec<(usize, &Record)> = match named {
            Some(ids) => ids.iter().filter_map(|id| self.records.find(id, &assignment.id, reference)).collect(),
            None => self.records.of_target(&assignment.id, reference).collect(),
        };
        known
            .into_iter()
            .filter(|(_, record)| self.estate.covers(&task.scope, &record.key().resource))
            .filter(|(_, record)| self.estate.applies(assignment, &record.key().resource))
            .filter(|(_, record)| !self.estate.is_exempt(record.key(), task.starts_at))
            .filter(|(_, record)| self.estate.is_remediable(assignment, reference, Some(&record.location)))
            .filter_map(|(index, record)| {
                let change = record.at(task.starts_at).filter(|now| now.state == ComplianceState::NonCompliant)?;
                Some(Candidate {
                    record: index,
                    resource: record.key().resource.clone(),
                    location: record.location.clone(),
                    non_compliant_since: change.at,
                })
            })
            .collect()
    }

    /// The id of a deployment and how it will end.
    fn deployment(&self, task: &Task, candidate: &Candidate) -> (String, Attempt) {
        let seed = format!("{}|{}", task.sequence, candidate.resource.lower());
        let (number, _) = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).as_u64_pair();
        let place = group_of(&candidate.resource)
            .or_else(|| candidate.resource.subscription().map(|id| ArmId::new(format!("/subscriptions/{id}"))))
            .unwrap_or_else(|| ArmId::new(""));
        let id = format!("{}/providers/microsoft.resources/deployments/policydeployment_{number}", place.lower());
        let outcome = match self.refusal(task, candidate, &id).or_else(|| self.locked_out_of(task, candidate)) {
            Some(failure) => Attempt::Fail(failure),
            None => match self.records.all.get(candidate.record) {
                Some(record) => record.outcome(task.request.mode),
                None => Attempt::Succeed,
            },
        };
        (id, outcome)
    }

    /// Why nobody may deploy for the task's assignment: it has no identity, or one without the roles.
    fn refusal(&self, task: &Task, candidate: &Candidate, deployment: &str) -> Option<Failure> {
        let assignment = self.estate.assignment(&task.request.assignment)?;
        if self.estate.access.enforced {
            let reference = task.request.reference.as_deref();
            return self.lacking(assignment, reference, candidate, deployment, task.starts_at);
        }
        let has_identity = !matches!(assignment.identity, Identity::None);
        if has_identity && assignment.has_roles {
            return None;
        }
        if self.modifies(task, candidate) {
            let kind = candidate.resource.resource_type().unwrap_or_default();
            return Some(Failure::missing_modify_permission(candidate.resource.lower(), &format!("{kind}/write")));
        }
        Some(Failure::missing_deployment_permission(assignment.id.as_str(), deployment))
    }

    /// Why a lock stands against the deployment of one who may deploy.
    fn locked_out_of(&self, task: &Task, candidate: &Candidate) -> Option<Failure> {
        self.locked_out(&candidate.resource, self.modifies(task, candidate))
    }

    fn modifies(&self, task: &Task, candidate: &Candidate) -> bool {
        let Some(assignment) = self.estate.assignment(&task.request.assignment) else { return false };
        let reference = task.request.reference.as_deref();
        let effect = self.estate.effective_effect(assignment, reference, Some(&candidate.location));
        effect.as_deref() == Some("modify")
    }
}

fn group_of(id: &ArmId) -> Option<ArmId> {
    let (subscription, group) = (id.subscription()?, id.resource_group()?);
    Some(ArmId::new(format!("/subscriptions/{subscription}/resourceGroups/{group}")))
}
