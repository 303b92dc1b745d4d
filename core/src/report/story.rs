//! The story of a target, and of a resource in it, in sentences: where it stands, what was tried, what it waits for, and what comes next.

use crate::document::{ActiveTask, Claimed, Entry, StoppedTarget, SubscriptionDocument, TargetDocument, TaskPhase};
use crate::id::{IdDigest, ResourceId};
use crate::settings::{Mode, Tuning};
use crate::time::Timestamp;
use crate::transition::refused_at;

use super::words::{count, sentence, told};

/// What a story is made of.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// The target's document.
    pub document: &'a TargetDocument,
    /// Its subscription's, where there is one.
    pub claims: Option<&'a SubscriptionDocument>,
    /// Whether the target is stopped.
    pub stopped: Option<&'a StoppedTarget>,
    /// The settings of the worker.
    pub tuning: &'a Tuning,
    /// The time at which it is told.
    pub now: Timestamp,
}

impl Story<'_> {
    /// The story of the target.
    #[must_use]
    pub fn of_target(&self) -> Vec<String> {
        let mut told = vec![self.head()];
        told.extend(self.obstacles());
        told.extend(self.active());
        told.extend(self.standing());
        told.extend(self.history());
        told.push(self.next());
        told
    }

    /// The story of a resource in it; none where its document does not list the resource.
    #[must_use]
    pub fn of_resource(&self, resource: &ResourceId) -> Option<Vec<String>> {
        let entry = self.document.resources.get(resource)?;
        let mut told = self.past(entry);
        told.extend(self.state(resource, entry));
        told.extend(self.obstacles());
        told.push(self.next());
        Some(told)
    }

    /// When that was or will be.
    pub(super) fn at(&self, at: Timestamp) -> String {
        told(at, self.now)
    }

    fn head(&self) -> String {
        let target = &self.document.target;
        let policy = match &target.policy_definition_reference_id {
            Some(reference) => format!(", policy {reference} of its initiative,"),
            None => String::new(),
        };
        format!("Target {}: assignment {}{policy} in {}.", target.hash(), target.policy_assignment_id, target.scope)
    }

    /// What holds the whole target.
    fn obstacles(&self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(stopped) = self.stopped.filter(|stopped| stopped.until > self.now) {
            told.push(format!("It is stopped since {}: {}", self.at(stopped.since), sentence(&stopped.reason)));
            told.push(format!("Nothing is done for it until {}, or until: {}", self.at(stopped.until), self.retry()));
        }
        if let Some(park) = &self.document.parked {
            told.push(format!(
                "The whole target is parked since {} for {}: {}",
                self.at(park.since),
                park.reason.as_str(),
                sentence(&park.words)
            ));
            told.push(format!("How to fix it: {}", sentence(&park.hint)));
            told.push(format!("It is tried again at {}, or now by: {}", self.at(park.until), self.retry()));
        }
        let Some(claims) = self.claims else { return told };
        if let (None, Some(park)) =
            (&self.document.parked, refused_at(claims, &self.document.target).and_then(|key| claims.parks.get(key)))
        {
            let (reason, words) = (park.reason.as_str(), sentence(&park.words));
            told.push(format!("Resource Manager refuses the worker what it asks there ({reason}): {words}"));
            told.push(format!("It is tried again at {}.", self.at(park.next_try)));
        }
        if let Some(until) = claims.throttled_until.filter(|until| *until > self.now) {
            told.push(format!(
                "Resource Manager asked to be left alone for this subscription: no call before {}.",
                self.at(until)
            ));
        }
        told
    }

    fn retry(&self) -> String {
        format!("policy-remediator parked retry {}", self.document.target.hash())
    }

    fn active(&self) -> Vec<String> {
        let Some(active) = &self.document.active else { return Vec::new() };
        let held = self.document.in_task().count();
        let of = if active.kind.is_whole() {
            "everything that does not comply in its scope".to_owned()
        } else {
            count(held, "resource", "resources")
        };
        let mut told = vec![format!("Task {} {} {}, for {of}.", active.name, phase(active), self.at(active.opened_at))];
        if let Some(since) = active.missing_since {
            told.push(format!("Resource Manager says since {} that there is no such task.", self.at(since)));
        }
        if active.unanswered > 0 {
            let asked = count(active.unanswered as usize, "time", "times");
            told.push(format!(
                "It was asked for {asked} without an answer; it is looked up before it is asked for again."
            ));
        }
        told
    }

    /// How many resources stand where.
    fn standing(&self) -> Vec<String> {
        let crate::document::Counts { waiting, in_task, fixed, parked, skipped } =
            crate::document::counts_of(self.document);
        let parts = [
            (waiting, "wait"),
            (in_task, "are in the task"),
            (fixed, "are fixed and remembered"),
            (parked, "are parked"),
            (skipped, "are skipped"),
        ];
        let parts: Vec<_> =
            parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
        let mut told = vec![match parts.as_slice() {
            [] => "Nothing of it is remembered: nothing waits.".to_owned(),
            parts => format!("Of its resources, {}.", parts.join(", ")),
        }];
        if let Some(unlisted) = self.document.unlisted.as_ref().filter(|unlisted| unlisted.seen > 0) {
            told.push(format!(
                "{} of those that wait are only counted; the policy states tell which they are, next at {}.",
                unlisted.seen,
                self.at(unlisted.due)
            ));
        }
        if let Some(noted) = &self.document.not_remediable {
            told.push(format!(
                "Its policy has the effect {}, which no task remediates: since {} what comes is only counted, {} so far; the facts are read again at {}.",
                noted.effect,
                self.at(noted.since),
                noted.seen,
                self.at(noted.look_at)
            ));
        }
        if let Some(excluded) = self.document.excluded.as_ref().filter(|excluded| excluded.seen > 0) {
            let why = excluded.rail.map_or("guard rails leave them out", super::reason_words::because);
            told.push(format!(
                "{} of those that are skipped are only counted since {}, because {why}; they are found again when the guard rails let them in.",
                excluded.seen,
                self.at(excluded.since)
            ));
        }
        told
    }

    fn history(&self) -> Vec<String> {
        let past = self.document.history.iter().rev();
        past.map(|task| {
            format!(
                "Task {} ended at {} as {}: {} fixed, {} not.",
                task.name,
                self.at(task.ended_at),
                task.state,
                task.fixed,
                task.unfixed
            )
        })
        .collect()
    }

    fn next(&self) -> String {
        if self.document.active.is_none() && self.document.earliest_due().is_some() {
            match self.tuning.mode {
                Mode::Plan => {
                    let words = "The worker is in plan mode: it shows what it would do, and nothing is opened.";
                    return words.to_owned();
                }
                Mode::Approve if self.document.plan_shown.is_some() => {
                    let words = "Nothing is opened but what is approved: policy-remediator approvals list shows what is, approve approves more.";
                    return words.to_owned();
                }
                Mode::Approve | Mode::Act => {}
            }
        }
        match self.document.wake_at {
            Some(at) if at <= self.now => {
                format!("The next look is due since {}: its wake-up is on its way.", self.at(at))
            }
            Some(at) => format!("The next look is at {}.", self.at(at)),
            None => "No look is planned: nothing waits. A newer evaluation that finds it non-compliant begins anew."
                .to_owned(),
        }
    }

    /// What became of a resource so far.
    fn past(&self, entry: &Entry) -> Vec<String> {
        let mut told = vec![format!(
            "It was first seen non-compliant at {}; the newest evaluation that was taken in is of {}.",
            self.at(entry.first_seen),
            self.at(entry.observed_at)
        )];
        if let (Some(last), false) = (entry.fixes.last(), entry.fixes.is_empty()) {
            let times = count(entry.fixes.len(), "time", "times");
            told.push(format!("It was fixed {times} of late, last at {}.", self.at(*last)));
        }
        if entry.attempt > 1 {
            let (used, most) =
                (count(entry.attempt as usize - 1, "attempt is", "attempts are"), self.tuning.max_attempts);
            told.push(format!("{used} used up, of {most}."));
        }
        if let Some(failure) = &entry.last_failure {
            let class = failure.class.map_or("no deployment", |class| class.as_str());
            told.push(format!("The last attempt failed ({class}): {}", sentence(&failure.words)));
        }
        told
    }

    /// Tasks of other targets that have the resource.
    pub(super) fn in_the_way(&self, resource: &ResourceId) -> Vec<String> {
        let own = self.document.target.hash();
        let digest = IdDigest::from(resource);
        let Some(claims) = self.claims else { return Vec::new() };
        let touches = |on: &Claimed| match on {
            Claimed::Resources(resources) => resources.holds(&digest),
            Claimed::Scope(scope) => resource.is_within(scope.as_str()),
        };
        let others = claims.claims.iter().filter(|(hash, claim)| **hash != own && touches(&claim.on));
        others
            .map(|(hash, claim)| {
                format!("Task {} of target {hash} has it now: it waits for that task's end.", claim.task)
            })
            .collect()
    }
}

fn phase(active: &ActiveTask) -> &'static str {
    match active.phase {
        TaskPhase::Opening => "is being opened since",
        TaskPhase::Open => "runs since",
    }
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
