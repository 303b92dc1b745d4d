//! The creation of tasks: what the service would answer, and what must never be asked of it.

use std::collections::VecDeque;
use std::time::Duration;

use remediation::fact::{Creation, NewTask, Unanswered};
use remediation::id::{ResourceId, Target};
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

use super::{Ending, Task};

/// How long the worker may not know of a person's task: its list is kept for a minute, and a pass takes its time.
const UNKNOWN_TO_US: Duration = Duration::from_secs(300);

impl World {
    /// The creation of a task by an instance: refused, taken, or nobody knows.
    pub(crate) fn put(&mut self, instance: usize, new: &NewTask) -> Result<Creation, String> {
        match self.refusal(instance) {
            Some(Unanswered { not_before: Some(until), .. }) => return Ok(Creation::Throttled(until)),
            Some(_) => {
                // Taken and the answer lost; or still under way; or never to arrive.
                match self.random.u8(0..3) {
                    0 => drop(self.accept_unheard(new)?),
                    1 => {
                        let arrives = self.now + self.span(0..20);
                        self.cloud.late.push((arrives, new.clone()));
                    }
                    _ => {}
                }
                return Ok(Creation::Unknown);
            }
            None => {}
        }
        self.accept(new)
    }

    pub(super) fn late_requests(&mut self) -> Result<(), String> {
        while let Some(place) = self.cloud.late.iter().position(|(at, _)| *at <= self.now) {
            let (_, task) = self.cloud.late.swap_remove(place);
            let answer = self.accept_unheard(&task)?;
            self.meet(Ingredient::LateRequest);
            self.tell(|| format!("a late PUT of {} arrives: {answer:?}", task.name));
        }
        Ok(())
    }

    /// A request whose answer nobody hears: where that is a refusal, nobody can know that anything was tried.
    fn accept_unheard(&mut self, new: &NewTask) -> Result<Creation, String> {
        let answer = self.accept(new)?;
        if answer != Creation::Accepted {
            for truth in self.cloud.truth.values_mut() {
                truth.tried.remove(new.name.as_str());
            }
        }
        Ok(answer)
    }

    fn accept(&mut self, new: &NewTask) -> Result<Creation, String> {
        check_limits(new)?;
        if let Some(old) = self.cloud.task(new.name.as_str()) {
            if old.ended {
                return Err(format!("{} is restarted after it has ended", new.name));
            }
            return Ok(Creation::Accepted);
        }
        if let Some(other) = self.cloud.active().find(|task| task.target == new.target) {
            if !other.person {
                return Err(format!("{} and {} are of one target at the same time", other.name, new.name));
            }
            return Ok(Creation::Wait);
        }
        let resources = self.taken(new);
        self.check_overlap(new, &resources)?;
        for resource in &resources {
            self.check_resource(new, resource)?;
        }
        if self.cloud.is_gone(&new.target) {
            return Ok(Creation::Refused(
                "InvalidCreateRemediationRequest: the assignment could not be found".to_owned(),
            ));
        }
        let long = self.chance(self.scenario.spices.long_tasks);
        let lasts = match self.random.u8(0..3) {
            _ if long => self.span(25 * 3_600..40 * 3_600),
            0 => self.span(300..1_200),
            _ => self.span(20..300),
        };
        let ends_at = self.now + lasts;
        let name = new.name.as_str().to_owned();
        self.cloud.created += 1;
        self.check_limits(new)?;
        self.begin(name, new.target.clone(), resources, ends_at, |task| {
            task.whole = new.kind.is_whole();
            task.threshold = f64::from(new.request.failure_threshold);
            task.parallel = usize::try_from(new.request.parallel_deployments).unwrap_or(1);
        });
        Ok(Creation::Accepted)
    }

    /// What a task takes: the resources that it names, or whatever is on record as non-compliant in its scope.
    fn taken(&mut self, new: &NewTask) -> Vec<ResourceId> {
        if !new.kind.is_whole() {
            return new.resources.clone();
        }
        self.meet(Ingredient::WholeScope);
        let of_target = self.cloud.truth.iter().filter(|((of, _), _)| *of == new.target);
        let bad = of_target.filter(|(_, truth)| truth.record.is_some_and(|record| !record.compliant));
        bad.map(|((_, id), _)| id.clone()).collect()
    }

    /// A task begins: its deployments get their turns, and how it will end is drawn.
    pub(super) fn begin(
        &mut self,
        name: String,
        target: Target,
        resources: Vec<ResourceId>,
        ends_at: Timestamp,
        with: impl FnOnce(&mut Task),
    ) {
        let seconds = (ends_at - self.now).whole_seconds().unsigned_abs().max(2);
        let mut turns: Vec<_> = resources.iter().map(|id| (self.now + self.span(1..seconds), id.clone())).collect();
        turns.sort();
        let completes = self.chance(self.scenario.spices.completes);
        let odd = self.chance(self.scenario.spices.odd_words).then(|| {
            let from = self.now + self.span(0..seconds);
            (from, from + self.span(1..seconds))
        });
        let mut task = Task {
            name,
            target,
            resources,
            person: false,
            whole: false,
            threshold: 1.0,
            parallel: 10,
            began_at: self.now,
            turns: VecDeque::from(turns),
            ends_at,
            odd,
            ending: if completes { Ending::Complete } else { Ending::Normal },
            ended: false,
            deployments: Vec::new(),
        };
        with(&mut task);
        self.cloud.tasks.push(task);
    }

    /// Never two tasks on one resource, whatever their policies; a person's task may be too new to be known.
    fn check_overlap(&self, new: &NewTask, resources: &[ResourceId]) -> Result<(), String> {
        let touches = |task: &&Task| task.resources.iter().any(|r| resources.contains(r));
        let known = |task: &&Task| !task.person || task.began_at + UNKNOWN_TO_US < self.now;
        match self.cloud.active().filter(touches).find(known) {
            Some(other) => Err(format!("{} and {} touch one resource at the same time", other.name, new.name)),
            None => Ok(()),
        }
    }

    fn check_resource(&mut self, new: &NewTask, resource: &ResourceId) -> Result<(), String> {
        let most = usize::try_from(self.tuning.max_attempts).unwrap_or(usize::MAX);
        let key = (new.target.clone(), resource.clone());
        let Some(truth) = self.cloud.truth.get_mut(&key) else {
            return Err(format!("{} has {resource}, which never was non-compliant", new.name));
        };
        if truth.excluded {
            return Err(format!("{} has {resource}, which the guard rails exclude", new.name));
        }
        if truth.stale_at.is_some_and(|at| truth.evaluated_at.is_none_or(|evaluated| evaluated <= at)) {
            return Err(format!("{} has {resource}, which was not evaluated since it was found to need it", new.name));
        }
        if let Some(by) = truth.fixed_by_task() {
            return Err(format!("{} remediates {resource}, which {by} has fixed", new.name));
        }
        truth.tried.insert(new.name.as_str().to_owned());
        if truth.tried.len() > most {
            return Err(format!("{resource} is tried more than {most} times: {:?}", truth.tried));
        }
        Ok(())
    }
}

/// No task reaches beyond what was decided on: it names its resources, unless it is for the whole scope on purpose.
fn check_limits(new: &NewTask) -> Result<(), String> {
    if !new.kind.is_whole() && !(1..=100).contains(&new.resources.len()) {
        return Err(format!("{} names {} resources", new.name, new.resources.len()));
    }
    Ok(())
}
