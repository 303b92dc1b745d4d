//! The operations on remediation tasks: look up, apply the rules, change the world, show the task. Rules and life are
//! elsewhere; this is the order in which they are asked.

use super::{
    error::ArmError,
    odata::{Filter, Literal},
    paging::{self, Position},
    reply::Reply,
    request::Call,
    task::{Caller, Course, DiscoveryMode, ProvisioningState, Task, TaskRequest},
    task_life, task_request,
    task_rules::{self, ActiveTask, Application},
    task_wire::{deployment_bodies, task_body},
    world::World,
};
use crate::estate::{ArmId, Assignment, Scope, is_same};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A PUT, whoever it comes from.
pub(crate) struct Opening<'a> {
    pub(crate) scope: &'a ArmId,
    pub(crate) name: &'a str,
    pub(crate) request: TaskRequest,
    pub(crate) caller: Caller,
    pub(crate) correlation_id: String,
}

impl World {
    pub(crate) fn list_remediations(&self, scope: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        let kind = self.check_task_scope(scope, "read")?;
        let filter = call.query.get("$filter").map(read_filter).transpose()?;
        let position = Position::of(call)?;
        let newest = position.mark.parse().unwrap_or(u64::MAX);
        let seen = self.tasks.iter().map(|task| (task, self.seen_at(task, now) - self.tempo.lists_lag));
        let mut found: Vec<(&Task, OffsetDateTime)> = seen.filter(|(task, seen)| task.is_there(*seen)).collect();
        found.retain(|(task, _)| {
            // A management group lists its own tasks; whether the service adds those below is not known.
            let in_scope = match kind {
                Scope::ManagementGroup(_) => task.scope == *scope,
                Scope::Tenant | Scope::Subscription(_) | Scope::ResourceGroup(..) | Scope::Resource(_) => {
                    task.scope.is_within(scope)
                }
            };
            in_scope && task.sequence <= newest && filter.as_ref().is_none_or(|filter| matches(filter, &task.request))
        });
        found.sort_by_key(|(task, _)| std::cmp::Reverse(task.sequence));
        let mark = found.iter().map(|(task, _)| task.sequence).max().unwrap_or_default();
        let mark = if position.mark.is_empty() { mark.to_string() } else { position.mark.clone() };
        let (page, next) = paging::cut(call, found, &position, &mark, self.pages.remediations)?;
        Ok(Reply::list(page.into_iter().map(|(task, seen)| task_body(task, seen, &self.tempo)).collect(), next))
    }

    pub(crate) fn get_remediation(&self, scope: &ArmId, name: &str, now: OffsetDateTime) -> Result<Reply, ArmError> {
        self.check_task_scope(scope, "read")?;
        let (task, seen) = self.seen_task(scope, name, now)?;
        Ok(Reply::ok(task_body(task, seen, &self.tempo)))
    }

    pub(crate) fn put_remediation(
        &mut self,
        scope: &ArmId,
        name: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_task_scope(scope, "write")?;
        let request = task_request::read(&call.body)?;
        let opening =
            Opening { scope, name, request, caller: call.caller.clone(), correlation_id: call.correlation_id.clone() };
        let created = self.open_task(opening, now)?;
        let (_, task) = self.find_task(scope, name)?;
        Ok(Reply::with_status(if created { 201 } else { 200 }, task_body(task, now, &self.tempo)))
    }

    pub(crate) fn cancel_remediation(
        &mut self,
        scope: &ArmId,
        name: &str,
        caller: &Caller,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_task_scope(scope, "action")?;
        let (index, task) = self.find_task(scope, name)?;
        match task_life::state(task, now, &self.tempo) {
            ProvisioningState::Canceled | ProvisioningState::Succeeded | ProvisioningState::Failed => {
                return Err(ArmError::cancel_refused(&task.name));
            }
            ProvisioningState::Cancelling => {}
            ProvisioningState::Accepted | ProvisioningState::Evaluating | ProvisioningState::Running => {
                self.cancel(index, now);
            }
        }
        if let Some(task) = self.tasks.get_mut(index) {
            task.modified_by = caller.clone();
            task.modified_at = now;
            task.region = self.placing.here();
        }
        self.get_remediation(scope, name, now)
    }

    pub(crate) fn delete_remediation(
        &mut self,
        scope: &ArmId,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_task_scope(scope, "delete")?;
        let Ok((index, task)) = self.find_task(scope, name) else { return Ok(Reply::empty(204)) };
        if !task_life::state(task, now, &self.tempo).is_terminal() {
            return Err(ArmError::delete_refused(&task.name));
        }
        let (id, body) = (task.id(), task_body(task, now, &self.tempo));
        self.live.remove(&id);
        if let Some(task) = self.tasks.get_mut(index) {
            task.gone_at = Some(now);
            task.region = self.placing.here();
        }
        Ok(Reply::ok(body))
    }

    pub(crate) fn list_deployments(
        &self,
        scope: &ArmId,
        name: &str,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Reply, ArmError> {
        self.check_task_scope(scope, "read")?;
        let (task, seen) = self.seen_task(scope, name, now)?;
        let position = Position::of(call)?;
        let (page, next) =
            paging::cut(call, deployment_bodies(task, seen), &position, "deployments", self.pages.remediations)?;
        Ok(Reply::list(page, next))
    }

    /// Opens a task, or restarts the finished one of its name. Says whether it is new.
    pub(crate) fn open_task(&mut self, opening: Opening<'_>, now: OffsetDateTime) -> Result<bool, ArmError> {
        let Opening { scope, name, request, caller, correlation_id } = opening;
        let application = Application { estate: &self.estate, scope, name, request: &request };
        let assignment = task_rules::check(&application)?;
        let existing = self.find_task(scope, name).ok();
        if let Some((_, task)) = existing
            && !task_life::state(task, now, &self.tempo).is_terminal()
        {
            return Err(ArmError::update_refused(&task.name));
        }
        task_rules::check_against(&application, &self.active_tasks(now), assignment)?;
        let remediable = self.can_remediate(assignment, request.reference.as_deref());
        let (first_caller, first_created_at, name) = match existing {
            Some((_, old)) => (old.first_caller.clone(), old.first_created_at, old.name.clone()),
            None => (caller.clone(), now, name.to_owned()),
        };
        let replaced = existing.map(|(index, _)| index);
        let evaluating = match request.mode {
            DiscoveryMode::ReEvaluateCompliance => self.tempo.evaluating,
            DiscoveryMode::ExistingNonCompliant => std::time::Duration::ZERO,
        };
        let index = self.tasks.len();
        let task = Task {
            sequence: u64::try_from(index).unwrap_or(u64::MAX),
            scope: scope.clone(),
            name,
            request,
            caller: caller.clone(),
            correlation_id,
            created_on: now,
            starts_at: now + self.tempo.accepted + evaluating,
            cancelled_at: None,
            gone_at: None,
            first_caller,
            first_created_at,
            modified_by: caller,
            modified_at: now,
            region: self.placing.here(),
            course: if remediable { Course::Pending } else { Course::Nothing },
        };
        if let Some(old) = replaced.and_then(|index| self.tasks.get_mut(index)) {
            old.gone_at = Some(now);
            old.region = self.placing.here();
        }
        self.live.insert(task.id(), index);
        self.tasks.push(task);
        self.advance(now);
        Ok(replaced.is_none())
    }

    fn active_tasks(&self, now: OffsetDateTime) -> Vec<ActiveTask<'_>> {
        let live = self.live.values().filter_map(|index| self.tasks.get(*index));
        live.filter(|task| !task_life::state(task, now, &self.tempo).is_terminal())
            .map(|task| ActiveTask { scope: &task.scope, name: &task.name, request: &task.request })
            .collect()
    }

    fn can_remediate(&self, assignment: &Assignment, reference: Option<&str>) -> bool {
        let by_override = |effect: &str| matches!(effect.to_lowercase().as_str(), "deployifnotexists" | "modify");
        // Without a policy of that reference there is nothing that an override could change.
        self.estate.definition_of(assignment, reference).is_some()
            && (self.estate.is_remediable(assignment, reference, None)
                || assignment.overrides.iter().any(|one| by_override(&one.effect)))
    }

    /// As of when the region of the present call sees the task.
    fn seen_at(&self, task: &Task, now: OffsetDateTime) -> OffsetDateTime {
        now - self.placing.lag(task.region)
    }

    /// The task of a name as the region of the present call sees it, and as of when: maybe one that is replaced or deleted.
    fn seen_task(&self, scope: &ArmId, name: &str, now: OffsetDateTime) -> Result<(&Task, OffsetDateTime), ArmError> {
        if let Ok((_, task)) = self.find_task(scope, name) {
            let seen = self.seen_at(task, now);
            if task.is_there(seen) {
                return Ok((task, seen));
            }
        }
        let of_name = self.tasks.iter().rev().filter(|task| task.scope == *scope && is_same(&task.name, name));
        let mut seen = of_name.map(|task| (task, self.seen_at(task, now)));
        seen.find(|(task, seen)| task.is_there(*seen)).ok_or_else(|| ArmError::remediation_not_found(name))
    }

    pub(crate) fn find_task(&self, scope: &ArmId, name: &str) -> Result<(usize, &Task), ArmError> {
        let id = ArmId::new(format!("{scope}/providers/Microsoft.PolicyInsights/remediations/{name}"));
        let found = self.live.get(&id).and_then(|index| Some((*index, self.tasks.get(*index)?)));
        found.ok_or_else(|| ArmError::remediation_not_found(name))
    }

    /// Refuses scopes that have no tasks, or do not exist. `verb` is what was to be done.
    fn check_task_scope(&self, scope: &ArmId, verb: &str) -> Result<Scope, ArmError> {
        match self.check_scope(scope) {
            Ok(Scope::Tenant) => Err(ArmError::invalid_type("Microsoft.PolicyInsights", "remediations", "")),
            Err(error) if error.code == "ResourceNotFound" => {
                Err(ArmError::parent_not_found(verb, "remediations", scope.as_str()))
            }
            found => found,
        }
    }
}

/// The only filter of the list: by assignment, by reference, or by both joined with `and`.
fn read_filter(text: &str) -> Result<Filter, ArmError> {
    let filter = Filter::parse(text).map_err(|reason| ArmError::invalid_query("$filter", &reason))?;
    fn is_simple(filter: &Filter) -> bool {
        match filter {
            Filter::And(a, b) => is_simple(a) && is_simple(b),
            Filter::Compare { field, operator: super::odata::Operator::Eq, literal: Literal::Text(_) } => {
                field.eq_ignore_ascii_case("policyAssignmentId")
                    || field.eq_ignore_ascii_case("policyDefinitionReferenceId")
            }
            Filter::Compare { .. } | Filter::Or(..) | Filter::Not(_) => false,
        }
    }
    if is_simple(&filter) {
        return Ok(filter);
    }
    let reason = "only PolicyAssignmentId and PolicyDefinitionReferenceId can be compared, with 'eq' and 'and'.";
    Err(ArmError::invalid_query("$filter", reason))
}

fn matches(filter: &Filter, request: &TaskRequest) -> bool {
    let assignment = json!(request.assignment.lower());
    let reference = request.reference.as_ref().map(|reference| json!(reference));
    filter.matches(&|name: &str| -> Option<&Value> {
        if name.eq_ignore_ascii_case("policyAssignmentId") { Some(&assignment) } else { reference.as_ref() }
    })
}
