//! All that is known about one target.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{IdDigest, ResourceId, Target};
use crate::message::{Nonce, RunId, RunOptions};
use crate::time::Timestamp;

use super::approval_id::ApprovalId;
use super::entry::{Entry, EntryState};
use super::excluded::Excluded;
use super::fleet_document::Unreported;
use super::granting::Granting;
use super::held::Held;
use super::hour::Hour;
use super::not_remediable::NotRemediable;
use super::target_park::TargetPark;
use super::task::{ActiveTask, PastTask};
use super::task_name::TaskName;
use super::versioned::VERSION;

/// The state document of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetDocument {
    version: u32,
    /// What the document is about.
    pub target: Target,
    /// The number of the last task that was named; never used again.
    pub sequence: u64,
    /// Raised with every new wake-up; a wake-up of an older generation is void.
    pub generation: u64,
    /// What makes the wake-up of this generation its own; none when the generation was raised and is not written yet. The
    /// write draws it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// When the target is looked at next; none when nothing waits.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub wake_at: Option<Timestamp>,
    /// What holds the target until then, where that may be over before: settings, what its assignment says of itself, a missing approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_under: Option<Held>,
    /// How many passes in a row took long, went on by themselves and were not heard of again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_off: u32,
    /// How many wake-ups in a row came before their time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub early: u32,
    /// By how many seconds they did, as far as was seen: the broker's clock is so far ahead at least.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub ahead: u64,
    /// How many passes over the ended task found fewer deployments in its list than its counters tell of.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub short_lists: u32,
    /// Which assignment of this id it was when a decision was last drawn from it.
    #[serde(default, rename = "assignmentInstance", skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Whose the assignment is, as it says of itself in its metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<str>>,
    /// Approvals whose plan names the target, and is void for it: it was made on other facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void_approvals: Vec<ApprovalId>,
    /// When another assignment of this id was seen to have taken the place of the one before.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<Timestamp>,
    /// The task that is opening or open. At most one a target.
    #[serde(default)]
    pub active: Option<ActiveTask>,
    /// Roles that are being granted before a task is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granting: Option<Granting>,
    /// The last task was of one resource that went ahead of the others, because nothing told whether the identity may act: what a person
    /// can do where it lacked permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// Why nothing is remediated for the target; never together with an active task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<TargetPark>,
    /// The resources, by id.
    #[serde(default)]
    pub resources: BTreeMap<ResourceId, Entry>,
    /// The last batch runs that handed the target over, newest last: the same one does so once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunId>,
    /// What waits beside the resources that are listed, when those are too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<Unlisted>,
    /// What the guard rails leave out without an entry of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Excluded>,
    /// That no task remediates its policy, and what was counted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_remediable: Option<NotRemediable>,
    /// Whether Resource Manager refused to tell the policy states of the scope when they were last asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub states_refused: bool,
    /// Whether the policy states of the whole scope could not be read in time when they were last asked for: then waves have the
    /// next pass to themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waves_first: bool,
    /// The digest of the plan that plan mode showed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_shown: Option<String>,
    /// The last tasks that ended, newest last.
    #[serde(default)]
    pub history: Vec<PastTask>,
    /// What became of tasks that had booked, until the fleet's document has taken it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreported: Vec<Unreported>,
    /// Fixes that a first step waits to see confirmed and of which no entry tells any more, by their task, until the fleet's document
    /// has heard of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forgotten_fixes: BTreeMap<TaskName, Vec<IdDigest>>,
    /// What became of the resources in the last 24 hours, oldest first; an hour in which nothing did is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hour>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none_at_all(seconds: &u64) -> bool {
    *seconds == 0
}

impl TargetDocument {
    /// The document of a target of which nothing is known.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            version: VERSION,
            target,
            sequence: 0,
            generation: 0,
            nonce: None,
            wake_at: None,
            held_under: None,
            cut_off: 0,
            early: 0,
            ahead: 0,
            short_lists: 0,
            instance: None,
            owner: None,
            void_approvals: Vec::new(),
            replaced_at: None,
            active: None,
            granting: None,
            canary: None,
            parked: None,
            resources: BTreeMap::new(),
            runs: Vec::new(),
            unlisted: None,
            excluded: None,
            not_remediable: None,
            states_refused: false,
            waves_first: false,
            plan_shown: None,
            history: Vec::new(),
            unreported: Vec::new(),
            forgotten_fixes: BTreeMap::new(),
            hours: Vec::new(),
        }
    }

    /// Whether the task is the active one, or one that the target is done with.
    #[must_use]
    pub fn knows(&self, task: &TaskName) -> bool {
        self.active.as_ref().is_some_and(|active| active.name == *task)
            || PastTask::is_past(self.history.iter().map(|past| &past.name), task)
    }

    /// The resources of the active task, in the order of their ids.
    pub fn in_task(&self) -> impl Iterator<Item = &ResourceId> + Clone {
        self.resources.iter().filter(|(_, entry)| entry.state == EntryState::InTask).map(|(id, _)| id)
    }

    /// Whether nothing was done about the target yet that another assignment of the same id could inherit.
    #[must_use]
    pub fn is_untried(&self) -> bool {
        let at_rest = self.active.is_none() && self.granting.is_none() && self.parked.is_none();
        let never = self.history.is_empty() && self.canary.is_none() && self.not_remediable.is_none();
        at_rest && never && self.resources.values().all(Entry::is_untried)
    }

    /// The waiting resources that go on only when a newer evaluation of them is known, each with the time since when.
    pub fn not_evaluated(&self) -> impl Iterator<Item = (&ResourceId, Timestamp)> {
        self.resources.iter().filter_map(|(id, entry)| Some((id, entry.not_evaluated_since()?)))
    }

    /// Whether the target's own park holds the resource with this entry: it waits, and it is not its turn whatever its due time.
    #[must_use]
    pub fn holds(&self, entry: &Entry) -> bool {
        self.parked.as_ref().is_some_and(|park| !park.shared) && matches!(entry.state, EntryState::Waiting { .. })
    }

    /// When the first waiting resource is due.
    #[must_use]
    pub fn earliest_due(&self) -> Option<Timestamp> {
        self.dues().min()
    }

    /// When the first resource is due of those that are not due at `now`.
    #[must_use]
    pub fn next_due_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.dues().filter(|due| *due > now).min()
    }

    fn dues(&self) -> impl Iterator<Item = Timestamp> {
        let listed = self.resources.values().filter_map(|entry| match entry.state {
            EntryState::Waiting { due } => Some(entry.deletion_asked_at().map_or(due, |asked_at| due.max(asked_at))),
            EntryState::InTask | EntryState::Fixed { .. } | EntryState::Parked { .. } | EntryState::Skipped { .. } => {
                None
            }
        });
        listed.chain(self.unlisted.as_ref().map(|unlisted| unlisted.due))
    }
}

/// Resources that wait and are not listed: a document of tens of thousands could not be written with every step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlisted {
    /// When the policy states of the scope are read for them.
    #[serde(with = "time::serde::rfc3339")]
    pub due: Timestamp,
    /// How many they are, as far as is known: observations, and later resources.
    pub seen: u64,
    /// Only states that were evaluated after this time count.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub evaluated_after: Option<Timestamp>,
    /// How far the policy states were read, when they are too many for one pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<StatesCursor>,
    /// The batch run that handed the target over; none where they were counted one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_run: Option<OfRun>,
}

/// What a batch run has handed over, as far as it is not listed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfRun {
    /// The run.
    pub run_id: RunId,
    /// What it asks for.
    pub options: RunOptions,
    /// So many of its resources were listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub listed: u32,
    /// So many others were counted in the meantime, by events: they are looked for when the run's are listed.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub beside: u64,
}

impl OfRun {
    /// How many more of the target's resources the run may list.
    #[must_use]
    pub fn left(&self) -> usize {
        let most = self.options.resource_count.unwrap_or(u32::MAX);
        usize::try_from(most.saturating_sub(self.listed)).unwrap_or(usize::MAX)
    }

    /// Whether it takes each resource of the target that does not comply.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.options.resource_count.is_none() && self.options.locations.is_empty()
    }
}

/// How far the policy states of a scope were read for what is not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatesCursor {
    /// Resource Manager's link to the rest of the list.
    pub next: String,
    /// How many resources were found so far that were not listed, or came to be counted since.
    pub found: u64,
    /// How many were found so far that the guard rails leave out and that have no entry.
    #[serde(default)]
    pub left_out: u64,
}

impl Unlisted {
    /// A full evaluation of all resources comes once a day (Microsoft documentation, "Get compliance data"); an hour to spare.
    const EVALUATED_ANEW: Duration = Duration::from_secs(25 * 3_600);

    /// Whether a state that was evaluated at that time tells what is still so.
    #[must_use]
    pub fn is_news(&self, evaluated_at: Timestamp, now: Timestamp) -> bool {
        self.evaluated_after.is_none_or(|after| evaluated_at > after || now > after + Self::EVALUATED_ANEW)
    }
}
