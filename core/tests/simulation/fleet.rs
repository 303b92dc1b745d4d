//! What the assignments have taken of first steps and paces; and an opinion of its own on that nothing goes over them: what was asked
//! for is counted here task by task, whoever asked and however often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use remediation::control::fleet::{Entered, Entry, close, enter};
use remediation::decide::Observed;
use remediation::document::{ClosedBreaker, EntryState, FleetDocument, Steps, TargetDocument, TaskName};
use remediation::fact::NewTask;
use remediation::id::{AssignmentId, IdDigest, ResourceId, Target};
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

/// As the shell keeps it.
const COUNTS_FOR: Duration = Duration::from_secs(60);
/// A person looks at what a breaker has stopped after this.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(6 * 3_600);

/// The documents, what each instance knows of them, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    documents: BTreeMap<String, FleetDocument>,
    known: [BTreeMap<String, (Timestamp, Arc<FleetDocument>)>; 2],
    /// When each task was entered.
    booked: BTreeMap<TaskName, Timestamp>,
    /// The tasks that came to be, each with the time of its booking and the number of its resources.
    begun_tasks: BTreeMap<AssignmentId, Vec<(Timestamp, usize, TaskName)>>,
    touched: BTreeMap<AssignmentId, BTreeSet<ResourceId>>,
    begun: BTreeMap<AssignmentId, Timestamp>,
}

/// The steps that are over in the second, each as it was in the first.
fn begun_steps(before: &BTreeMap<String, Steps>, after: &BTreeMap<String, Steps>) -> Vec<(String, Steps)> {
    let is_over = |(key, was): &(&String, &Steps)| after.get(*key).is_some_and(|now| now.step > was.step);
    before.iter().filter(is_over).map(|(key, was)| (key.clone(), was.clone())).collect()
}

impl Fleet {
    pub(crate) fn forget(&mut self, instance: usize) {
        self.known[instance].clear();
    }

    /// A person deleted the task before it touched anything: made again, it is the same under its booking.
    pub(crate) fn never_began(&mut self, name: &str) {
        self.begun_tasks.values_mut().for_each(|begun| begun.retain(|(_, _, task)| task.as_str() != name));
    }
}

impl World {
    pub(crate) fn fleet_known(&mut self, instance: usize, target: &Target) -> Arc<FleetDocument> {
        let name = FleetDocument::name_of(target);
        if let Some((at, known)) = self.fleet.known[instance].get(&name)
            && self.now < *at + COUNTS_FOR
        {
            return Arc::clone(known);
        }
        let document = self.fleet.documents.entry(name.clone()).or_insert_with(|| FleetDocument::new(name.clone()));
        let read = Arc::new(document.clone());
        self.fleet.known[instance].insert(name, (self.now, Arc::clone(&read)));
        read
    }

    /// Enters it in the document as it stands; what an instance knew is known anew.
    pub(crate) fn enter(&mut self, instance: usize, target: &Target, entry: &Entry) -> Result<Observed, String> {
        let (name, at) = (FleetDocument::name_of(target), self.moment(instance).stored_before);
        let document = self.fleet.documents.entry(name.clone()).or_insert_with(|| FleetDocument::new(name.clone()));
        let before = document.steps.clone();
        let entered = enter(document, entry, at);
        let begun = begun_steps(&before, &document.steps);
        let payer = document.bookings.get(entry.task()).and_then(|booking| booking.approval.clone());
        let read = Arc::new(document.clone());
        self.fleet.known[instance].insert(name, (self.now, read));
        self.tell(|| format!("enters {entry:?}: {entered:?}"));
        for (key, step) in &begun {
            self.check_verified(target, key, step)?;
        }
        Ok(match entry {
            Entry::Book(taken) => {
                self.meet(Ingredient::Booked);
                if entered == Entered::Yes {
                    self.fleet.booked.entry(taken.task.clone()).or_insert(self.now);
                    self.approvals.paid.insert(taken.task.clone(), payer);
                }
                Observed::Entered(entry.task().clone(), entered)
            }
            Entry::Report(..) => Observed::Reported(entry.task().clone(), entered),
            Entry::Judge(judged, _) => {
                self.meet(Ingredient::FixesJudged);
                Observed::Judged(Box::new(judged.clone()))
            }
        })
    }

    /// With `VERIFY_STEPS` no step begins while a fix of the one before stands that nothing has confirmed, and that may still be asked
    /// about: as the documents of the targets tell it.
    fn check_verified(&self, target: &Target, key: &str, step: &Steps) -> Result<(), String> {
        if !self.tuning.verify_steps {
            return Ok(());
        }
        let (name, asked_after) = (FleetDocument::name_of(target), self.tuning.verify_after);
        let reference = |target: &Target| {
            target.policy_definition_reference_id.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        let of_policy = |one: &&TargetDocument| {
            FleetDocument::name_of(&one.target) == name && key.ends_with(&format!("/{}", reference(&one.target)))
        };
        for document in self.store.targets.values().map(|(document, _)| document).filter(of_policy) {
            for (id, entry) in
                document.resources.iter().filter(|(id, _)| step.let_in.contains_key(&IdDigest::from(*id)))
            {
                if let EntryState::Fixed { at, verified_at: None } = entry.state
                    && at + asked_after > self.now
                {
                    return Err(format!("a step of {name} begins, and the fix of {id} at {at} is not verified"));
                }
            }
        }
        Ok(())
    }

    /// People let a policy begin again that a breaker has stopped.
    pub(crate) fn people_close_breakers(&mut self) {
        let now = self.now;
        let mut closed = 0;
        for document in self.fleet.documents.values_mut().filter(|document| document.has_open_breaker()) {
            let breakers = document.breakers.iter();
            let long_open =
                breakers.filter(|(_, one)| one.open.as_ref().is_some_and(|open| open.since + LOOKED_AT_AFTER < now));
            let references: Vec<String> = long_open.map(|(reference, _)| reference.clone()).collect();
            for reference in references {
                closed += usize::from(close(document, &reference, Some(ClosedBreaker { at: now, by: None })));
            }
        }
        if closed > 0 {
            self.meet(Ingredient::BreakerClosed);
            self.tell(|| format!("people close {closed} breakers"));
        }
    }

    /// No task that comes to be was entered when its policy was stopped already.
    fn check_breaker(&self, task: &NewTask, booked: Timestamp) -> Result<(), String> {
        let Some(document) = self.fleet.documents.get(&FleetDocument::name_of(&task.target)) else { return Ok(()) };
        let reference =
            task.target.policy_definition_reference_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let open = document.breakers.get(&reference).and_then(|breaker| breaker.open.as_ref());
        // Storage tells whole seconds.
        let since = |since: Timestamp| since + Duration::from_secs(2);
        match open
            .filter(|open| open.holds(task.target.subscription()) && since(open.since) < booked && booked < open.until)
        {
            Some(open) => {
                Err(format!("{} was entered at {booked}, and the breaker is open since {}", task.name, open.since))
            }
            None => Ok(()),
        }
    }

    /// No task that comes to be goes over a pace or a first step, whatever was repeated.
    pub(crate) fn check_limits(&mut self, task: &NewTask) -> Result<(), String> {
        self.check_approvals(task)?;
        let have_held = |any: &[Ingredient]| any.iter().any(|one| self.met.contains(one));
        if [&[Ingredient::OutsideWindow][..], &[Ingredient::Paused], &[Ingredient::FirstSteps, Ingredient::PaceReached]]
            .into_iter()
            .all(have_held)
        {
            self.meet(Ingredient::EveryControl);
        }
        let (now, tuning) = (self.now, &self.tuning);
        if self.scenario.spices.limits == 0.0 {
            return Ok(());
        }
        let limits = (tuning.max_per_hour, tuning.max_per_day, tuning.first_steps.is_empty());
        let assignment = &task.target.policy_assignment_id;
        let Some(booked) = self.fleet.booked.get(&task.name) else {
            return if limits == (None, None, true) { Ok(()) } else { Err(format!("{} was never entered", task.name)) };
        };
        let booked = *booked;
        self.check_breaker(task, booked)?;
        let begun = self.fleet.begun_tasks.entry(assignment.clone()).or_default();
        begun.push((booked, task.resources.len(), task.name.clone()));
        for (most, hours) in [(tuning.max_per_hour, 1), (tuning.max_per_day, 24)] {
            let Some(most) = most.and_then(|most| usize::try_from(most).ok()) else { continue };
            let span = Duration::from_secs(hours * 3_600);
            for (end, _, _) in begun.iter() {
                let within = begun.iter().filter(|(at, _, _)| *at <= *end && *at > *end - span);
                let count: usize = within.map(|(_, count, _)| count).sum();
                if count > most {
                    return Err(format!("{count} resources of {assignment} in {hours} h, and {most} may be"));
                }
            }
        }
        if tuning.first_steps.is_empty() {
            return Ok(());
        }
        let begun = *self.fleet.begun.entry(assignment.clone()).or_insert(now);
        let touched = self.fleet.touched.entry(assignment.clone()).or_default();
        touched.extend(task.resources.iter().cloned());
        // No step begins before the one before it has soaked, and each place of it may be given back once.
        let steps = (now - begun).whole_seconds() / i64::try_from(tuning.step_soak.as_secs()).unwrap_or(i64::MAX);
        let steps = usize::try_from(steps).unwrap_or_default();
        if steps < tuning.first_steps.len() {
            let most: u32 = tuning.first_steps[..=steps].iter().sum();
            if touched.len() > 2 * usize::try_from(most).unwrap_or_default() {
                return Err(format!("{} resources of {assignment} are touched in step {steps}", touched.len()));
            }
        }
        Ok(())
    }
}
