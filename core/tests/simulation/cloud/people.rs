//! What people do meanwhile, and what happens to assignments and resources.

use std::time::Duration;

use remediation::control::ChangeWindow;
use remediation::document::{EntryState, TaskName};
use remediation::fact::{Deployment, DeploymentStatus, Unanswered};
use remediation::id::{ResourceId, Target};
use remediation::message::{Finding, Observation};
use remediation::settings::GuardRails;
use remediation::time::Timestamp;

use crate::scenario::{Happening, Interference};
use crate::tally::Ingredient;
use crate::world::{MOST_SKEW, World};

use super::truth::Truth;
use super::{Ending, Fixer, Key, Task, Trouble};

/// How often a person looks whether something can be done.
const LOOKS: usize = 20;

impl World {
    /// Opens a task for all of the target, or looks again when the service would refuse it.
    pub(crate) fn person_opens(&mut self, target: Target, lasts: Duration, looks: usize) {
        let resources: Vec<ResourceId> =
            self.cloud.truth.keys().filter(|(t, _)| *t == target).map(|(_, r)| r.clone()).collect();
        let overlaps = |task: &Task| task.target == target || task.resources.iter().any(|r| resources.contains(r));
        if self.cloud.is_gone(&target) {
            return;
        }
        if self.cloud.active().any(overlaps) {
            return self.look_again(looks, |looks| Happening::PersonOpens(target, lasts, looks));
        }
        let ends_at = self.now + lasts;
        self.meet(Ingredient::PersonsTask);
        self.tell(|| format!("a person opens a task until {ends_at}"));
        self.begin("a person's".to_owned(), target, resources, ends_at, |task| task.person = true);
    }

    /// Cancels or deletes the running task of the target, or looks again a little later. Most people cancel a task that has
    /// done something.
    pub(crate) fn person_interferes(&mut self, target: Target, how: Interference, looks: usize) {
        let patient = looks < LOOKS / 2 && self.chance(0.8);
        let running = |task: &Task| {
            let begun = !patient || (!task.deployments.is_empty() && !task.turns.is_empty());
            !task.ended && !task.person && task.target == target && task.ending == Ending::Normal && begun
        };
        match (self.cloud.tasks.iter().position(running), how) {
            (Some(place), Interference::Cancels) => self.cancel(place),
            (Some(place), Interference::Deletes) => {
                self.delete(place);
                self.meet(Ingredient::Deleted);
            }
            (None, _) => self.look_again(looks, |looks| Happening::PersonInterferes(target, how, looks)),
        }
    }

    fn look_again(&mut self, looks: usize, happening: impl FnOnce(usize) -> Happening) {
        if looks < LOOKS {
            let at = self.now + self.span(10..400);
            self.scenario.plan(at, happening(looks + 1));
        }
    }

    /// Deployments that ended stay; some of the others were begun and are never finished, the rest is not in the list.
    pub(super) fn cancel(&mut self, place: usize) {
        let lasts = self.span(5..90);
        let task = &mut self.cloud.tasks[place];
        task.ending = Ending::Canceled;
        task.ends_at = self.now + lasts;
        let begun = task.turns.len().min(task.parallel / 2);
        let open = |(_, resource): (Timestamp, ResourceId)| Deployment {
            resource: resource.as_str().to_owned(),
            status: DeploymentStatus::Open,
            ended: None,
        };
        let halfway = !task.deployments.is_empty() && !task.turns.is_empty();
        task.deployments.extend(std::mem::take(&mut task.turns).into_iter().take(begun).map(open));
        let name = task.name.clone();
        self.meet(Ingredient::Canceled);
        if halfway {
            self.meet(Ingredient::CanceledHalfway);
        }
        self.tell(|| format!("{name} is canceled"));
    }

    /// The worker cancels a task of its own: only one that people want to end, or wanted until right now.
    pub(crate) fn cancel_paused(&mut self, target: &Target, name: &TaskName) -> Result<(), String> {
        if !self.may_cancel(target) {
            return Err(format!("nobody wants {name} to end"));
        }
        self.meet(Ingredient::CanceledByPause);
        let running = |task: &Task| task.name == name.as_str() && !task.ended && task.ending == Ending::Normal;
        if let Some(place) = self.cloud.tasks.iter().position(running) {
            self.cancel(place);
        }
        Ok(())
    }

    /// The task is not there any more, and nobody can learn how its deployments ended.
    fn delete(&mut self, place: usize) {
        let task = self.cloud.tasks.swap_remove(place);
        self.tell(|| format!("{} is deleted", task.name));
        if task.deployments.is_empty() {
            self.fleet.never_began(&task.name);
        }
        for resource in &task.resources {
            let Some(truth) = self.cloud.truth.get_mut(&(task.target.clone(), resource.clone())) else { continue };
            truth.fixes.retain(|(_, by)| *by != task.name);
            if truth.fixer == Some(Fixer::Task(task.name.clone())) {
                truth.fixer = Some(Fixer::Person);
            }
        }
        self.cloud.deleted.insert(task.name);
    }

    /// The worker deletes a task of its own, which must have ended and must have been taken in.
    pub(crate) fn delete_finished(
        &mut self,
        instance: usize,
        name: &TaskName,
    ) -> Result<Result<(), Unanswered>, String> {
        if let Some(error) = self.refusal(instance) {
            return Ok(Err(error));
        }
        if let Some(place) = self.cloud.tasks.iter().position(|task| task.name == name.as_str()) {
            let task = self.cloud.tasks.swap_remove(place);
            if !task.ended || self.tuning.keep_tasks_for.is_none_or(|keep| task.ends_at + keep > self.now + MOST_SKEW) {
                return Err(format!("{name} is deleted too early"));
            }
            self.cloud.deleted.insert(task.name);
            self.meet(Ingredient::Cleared);
        }
        Ok(Ok(()))
    }

    /// A person mends the cause of a permanent failure.
    pub(crate) fn person_mends(&mut self, key: &Key) {
        let Some(truth) = self.cloud.truth.get_mut(key).filter(|t| t.trouble == Trouble::Permanent) else { return };
        truth.trouble = Trouble::None;
        if self.is_parked(key) {
            self.meet(Ingredient::MendedWhileParked);
        }
        self.tell(|| format!("a person mends what is wrong with {}", key.1));
    }

    /// A person sets the resource right by hand.
    pub(crate) fn person_fixes(&mut self, key: Key) {
        let Some(truth) = self.cloud.truth.get_mut(&key).filter(|t| !t.compliant && !t.gone) else { return };
        truth.compliant = true;
        truth.fixer = Some(Fixer::Person);
        self.meet(Ingredient::FixedByPerson);
        self.tell(|| format!("a person fixes {}", key.1));
        self.after_a_fix(key, self.now);
    }

    pub(crate) fn person_grants(&mut self, target: &Target) {
        let Some(assigned) = self.cloud.assigned.get_mut(target).filter(|a| a.lacks_roles && !a.gone) else { return };
        assigned.lacks_roles = false;
        self.meet(Ingredient::RolesGranted);
        self.tell(|| format!("a person grants the roles of {}", target.hash()));
    }

    /// The assignment goes, and its policy states. What it still had to deploy never begins; or its tasks go with it.
    pub(crate) fn assignment_goes(&mut self, target: &Target) {
        let Some(assigned) = self.cloud.assigned.get_mut(target) else { return };
        assigned.gone = true;
        self.cloud.truth.iter_mut().filter(|((t, _), _)| t == target).for_each(|(_, truth)| truth.record = None);
        self.meet(Ingredient::AssignmentGone);
        self.tell(|| format!("the assignment of {} is deleted", target.hash()));
        self.stragglers(target);
        let Some(place) = self.cloud.tasks.iter().position(|t| !t.ended && t.target == *target) else { return };
        self.meet(Ingredient::AssignmentGoneInTask);
        if self.chance(0.5) {
            return self.delete(place);
        }
        let task = &mut self.cloud.tasks[place];
        if task.ending != Ending::Canceled {
            task.ending = Ending::GivenUp;
        }
        task.turns.clear();
        task.ends_at = self.now;
    }

    /// Events of evaluations that had begun before the assignment was deleted come after it.
    fn stragglers(&mut self, target: &Target) {
        // One that waits for an evaluation is not evaluated by them.
        let is_plain = |truth: &Truth| !truth.compliant && !truth.gone && truth.trouble == Trouble::None;
        let mut bad = self.cloud.truth.iter().filter(|((of, _), truth)| of == target && is_plain(truth));
        let Some(resource) = bad.next().map(|((_, id), _)| id.clone()) else { return };
        for _ in 0..2 {
            let at = self.now + self.span(60..1_800);
            let assignment = target.policy_assignment_id.clone();
            let reference = target.policy_definition_reference_id.clone();
            let event = Observation::of_event(Finding::NonCompliant, resource.clone(), assignment, reference, at);
            self.scenario.plan(at, Happening::Event(event));
        }
    }

    pub(crate) fn resource_goes(&mut self, key: &Key) {
        let Some(truth) = self.cloud.truth.get_mut(key) else { return };
        truth.gone = true;
        truth.compliant = false;
        // Of what was never evaluated no state is deleted.
        let last = truth.record.take();
        self.meet(Ingredient::ResourceGone);
        self.tell(|| format!("{} is deleted", key.1));
        let Some(last) = last.filter(|_| self.chance(0.8)) else { return };
        let (assignment, reference) =
            (key.0.policy_assignment_id.clone(), key.0.policy_definition_reference_id.clone());
        let at = self.now.max(last.at);
        self.send_event(&Observation::of_event(Finding::Deleted, key.1.clone(), assignment, reference, at));
    }

    /// Nothing is excluded any more, and the worker is started with the new settings.
    pub(crate) fn guard_rails_widen(&mut self) {
        self.tuning.guard_rails = GuardRails::default();
        self.cloud.truth.values_mut().for_each(|truth| truth.excluded = false);
        self.tell(|| "nothing is excluded any more".to_owned());
    }

    /// People know the policy by now: it may act at any time, and as fast as it can.
    pub(crate) fn controls_widen(&mut self) {
        self.tuning.change_window = ChangeWindow::default();
        (self.tuning.first_steps, self.tuning.max_per_hour, self.tuning.max_per_day) = (Vec::new(), None, None);
        self.widened_at = Some(self.now);
        self.meet(Ingredient::ControlsWidened);
        self.tell(|| "nothing is held by window, steps or pace any more".to_owned());
        self.crash(0);
        self.crash(1);
    }

    fn is_parked(&self, (target, resource): &Key) -> bool {
        let entry = self.store.targets.get(target).and_then(|(document, _)| document.resources.get(resource));
        entry.is_some_and(|entry| matches!(entry.state, EntryState::Parked { .. }))
    }
}
