//! The life of tasks: each deployment has its turn, and ends as the truth wants it.

use remediation::fact::{Deployment, DeploymentStatus};
use remediation::id::ResourceId;
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

use super::{Ending, Fixer, Task, Trouble};

const PASSING: [&str; 4] = ["ServiceUnavailable", "AnotherOperationInProgress", "TooManyRequests", "DeploymentActive"];

fn failed(code: &str, message: impl Into<String>) -> DeploymentStatus {
    DeploymentStatus::Failed { code: code.to_owned(), message: message.into() }
}

impl World {
    /// Lets deployments and tasks end whose time has come, and late requests arrive.
    pub(crate) fn cloud_step(&mut self) -> Result<(), String> {
        self.late_requests()?;
        self.end_scans();
        for place in 0..self.cloud.tasks.len() {
            while !self.cloud.tasks[place].ended && self.cloud.tasks[place].next() <= self.now {
                match self.cloud.tasks[place].turns.pop_front() {
                    Some((at, resource)) => self.deploy(place, &resource, at)?,
                    None => self.end(place),
                }
            }
        }
        Ok(())
    }

    fn deploy(&mut self, place: usize, resource: &ResourceId, at: Timestamp) -> Result<(), String> {
        let task = self.cloud.tasks[place].clone();
        let Some(status) = self.outcome(&task, resource, at)? else { return Ok(()) };
        self.tell(|| format!("task {} on {resource}: {status:?}", task.name));
        let task = &mut self.cloud.tasks[place];
        task.deployments.push(Deployment { resource: resource.as_str().to_owned(), status, ended: Some(at) });
        let share = task.failures() as f64 / task.resources.len() as f64;
        if share > task.threshold && task.turns.len() >= task.parallel {
            task.turns.truncate(task.parallel - 1);
            task.ending = Ending::GivenUp;
            self.meet(Ingredient::Threshold);
        }
        Ok(())
    }

    /// How the deployment ends; none when the task sees nothing to deploy.
    fn outcome(
        &mut self,
        task: &Task,
        resource: &ResourceId,
        at: Timestamp,
    ) -> Result<Option<DeploymentStatus>, String> {
        let key = (task.target.clone(), resource.clone());
        let lacks_roles = self.cloud.assigned.get(&task.target).is_some_and(|assigned| assigned.lacks_roles(self.now));
        let passing = PASSING[self.random.usize(..PASSING.len())];
        let Some(truth) = self.cloud.truth.get_mut(&key) else { return Ok(None) };
        if truth.trouble == Trouble::Unseen {
            self.evaluates_naturally(key, at);
            return Ok(None);
        }
        if truth.gone {
            let own_name = resource.as_str().rsplit('/').next().unwrap_or_default();
            return Ok(Some(failed("ResourceNotFound", format!("The resource '{own_name}' was not found."))));
        }
        if truth.record.is_some_and(|record| record.compliant) {
            return Ok(None);
        }
        if matches!(truth.trouble, Trouble::Stale | Trouble::NeverEvaluated) {
            let words = "No policy evaluation result was found.";
            if truth.stale_at.is_some() && !task.person {
                self.meet(Ingredient::NeverEvaluated);
            }
            self.evaluates_naturally(key, at);
            return Ok(Some(failed("PolicyEvaluationResultNotFound", words)));
        }
        if lacks_roles {
            let words = "The client does not have authorization to perform action.";
            self.meet(Ingredient::RolesMissing);
            return Ok(Some(failed("AuthorizationFailed", words)));
        }
        if truth.trouble == Trouble::Permanent {
            return Ok(Some(failed("InvalidTemplateDeployment", "The template is wrong.")));
        }
        if truth.failures_left > 0 {
            truth.failures_left -= 1;
            return Ok(Some(failed(passing, "It passes.")));
        }
        let helps = truth.trouble != Trouble::Unhelped;
        truth.compliant = helps;
        if task.person && !helps {
            self.evaluates_naturally(key, at);
            return Ok(Some(DeploymentStatus::Succeeded));
        }
        if task.person {
            truth.fixer = Some(Fixer::Person);
        } else {
            truth.fixer = Some(Fixer::Task(task.name.clone()));
            truth.fixes.push((at, task.name.clone()));
            let within = truth.fixes.iter().filter(|(fix, _)| *fix + self.tuning.flap_window > at).count();
            if within > usize::try_from(self.tuning.flap_limit).unwrap_or(usize::MAX) {
                return Err(format!("{resource} is fixed {within} times within the flap window: {:?}", truth.fixes));
            }
            if truth.stale_at.take().is_some() {
                self.meet(Ingredient::FixedAfterEvaluation);
            }
        }
        if helps {
            self.after_a_fix(key, at);
        } else {
            let within_a_day = self.span(0..24 * 3_600);
            self.scenario.plan(at + within_a_day, crate::scenario::Happening::Evaluates(key));
        }
        Ok(Some(DeploymentStatus::Succeeded))
    }

    fn end(&mut self, place: usize) {
        let task = &mut self.cloud.tasks[place];
        task.ended = true;
        let name = task.name.clone();
        let nothing = task.deployments.is_empty() && task.ending == Ending::Normal && !task.person;
        if nothing {
            self.meet(Ingredient::NothingDeployed);
        }
        self.tell(|| format!("task {name} ends"));
    }
}
