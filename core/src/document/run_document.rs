//! What is known about a batch run: what was asked, what is left to be looked at, and what was found so far.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::id::{ManagementGroup, Scope, SubscriptionId, Target, TargetHash};
use crate::message::{BatchRun, Discovery, RunId};
use crate::time::{Timestamp, time_text};

use super::versioned::VERSION;

/// The document of a run, `runs/{runId}.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDocument {
    version: u32,
    /// What was asked.
    pub run: BatchRun,
    /// How it looks.
    pub discovery: Discovery,
    /// When it was begun.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: Timestamp,
    /// When something was last found or given up.
    #[serde(with = "time::serde::rfc3339")]
    pub progress_at: Timestamp,
    /// When it ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Raised with every message by which the run goes on; a message of an older generation is void.
    pub generation: u64,
    /// When the run goes on; none while somebody is at it, and when it has ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Timestamp>,
    /// How often in a row the next question was not answered.
    #[serde(default)]
    pub tries: u32,
    /// How often in a row it was woken without progress, because nobody went on with it.
    #[serde(default, skip_serializing_if = "super::target_document::is_zero")]
    pub woken: u32,
    /// Whether somebody took it up since it was woken last, and has not laid it down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
    /// What is left to be looked at, in this order.
    #[serde(default)]
    pub work: Vec<Work>,
    /// What was found where the looking is done.
    #[serde(default)]
    pub totals: RunTotals,
    /// Resources that were sent, by target, where the run limits them: over all places, however often those begin anew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<TargetHash, u32>,
    /// The targets that were handed over, where the run limits their resources.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub handed_over: BTreeSet<TargetHash>,
    /// What could not be looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<RunTrouble>,
    /// How many more.
    #[serde(default)]
    pub more_troubles: u64,
    /// The targets that a dry run found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<RunTarget>,
    /// How many more.
    #[serde(default)]
    pub more_targets: u64,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// There is something left to be looked at.
    Running,
    /// All was looked at.
    Done,
    /// It has ended, and some of it could not be looked at.
    Incomplete,
}

impl RunState {
    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Something to be looked at. Whatever is found of it is added to the totals at its end, so that it can begin anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Work {
    /// Which subscriptions are below the management group?
    Expand {
        /// The group.
        group: ManagementGroup,
        /// The link to the next page; none: at the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
        /// The subscriptions found so far.
        #[serde(default)]
        found: BTreeSet<SubscriptionId>,
        /// So many pages were read.
        #[serde(default)]
        pages: u64,
    },
    /// Which of the subscriptions does Resource Graph show at all?
    See {
        /// The subscriptions.
        subscriptions: Vec<SubscriptionId>,
    },
    /// How many resources of which target do not comply?
    Count {
        /// Where.
        place: Place,
        /// The link to the next page; none: at the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
        /// How often it was begun anew.
        #[serde(default)]
        restarts: u32,
        /// What was found so far.
        #[serde(default)]
        found: Counted,
    },
    /// Which resources are they, of the targets that are not handed over?
    List {
        /// Where.
        place: Place,
        /// The link to the next page; none: at the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
        /// How often it was begun anew.
        #[serde(default)]
        restarts: u32,
        /// What the counting found.
        found: Counted,
    },
}

/// Where a query looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Place {
    /// The policy states of all that is below a management group.
    Group {
        /// The group.
        group: ManagementGroup,
        /// The subscriptions below it, as far as they are known.
        subscriptions: Vec<SubscriptionId>,
    },
    /// The policy states of a subscription or a resource group.
    Scope {
        /// Which.
        scope: Scope,
    },
    /// Resource Graph's view of subscriptions.
    Graph {
        /// Which.
        subscriptions: Vec<SubscriptionId>,
    },
}

/// What counting has found in a place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counted {
    /// The targets that are handed over.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub large: BTreeSet<TargetHash>,
    /// The largest of them: a query leaves them out by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub largest: Vec<RunTarget>,
    /// Resources of all other targets.
    pub small: u64,
    /// The effects of what can be remediated, as the service writes them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub effects: BTreeSet<String>,
    /// Of a run with a limit: how many resources of each target the place's list has sent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub listed: BTreeMap<TargetHash, u32>,
    /// So many of them are passed over, since the list has begun anew.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub again: BTreeMap<TargetHash, u32>,
    /// So many targets of the place a dry run has named, the last of its list.
    pub named: usize,
    /// So many more it has counted.
    pub unnamed: u64,
    /// What is added to the totals at the end.
    pub sums: RunTotals,
}

/// A target of a run, and how many of its resources do not comply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunTarget {
    /// The target.
    pub target: Target,
    /// So many of its resources do not comply.
    pub count: u64,
    /// Whether it is handed over as a whole.
    pub handed_over: bool,
}

/// What a run found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunTotals {
    /// Subscriptions that were looked at, as far as the run knows them by name.
    pub subscriptions: u64,
    /// Targets with something that does not comply and can be remediated.
    pub targets: u64,
    /// Their resources that do not comply.
    pub resources: u64,
    /// Resources that were put on the queue.
    pub sent: u64,
    /// Targets that were handed over as a whole.
    pub handed_over: u64,
    /// States of effects that no task remediates.
    pub not_remediable: u64,
    /// States that the run is not about.
    pub not_asked: u64,
    /// Rows of answers that could not be read.
    pub unreadable: u64,
    /// Questions that were asked.
    pub questions: u64,
}

impl RunTotals {
    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.subscriptions += other.subscriptions;
        self.targets += other.targets;
        self.resources += other.resources;
        self.sent += other.sent;
        self.handed_over += other.handed_over;
        self.not_remediable += other.not_remediable;
        self.not_asked += other.not_asked;
        self.unreadable += other.unreadable;
        self.questions += other.questions;
    }
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunTrouble {
    /// Where: the id of a scope, or several.
    pub scope: String,
    /// Why, in the service's words.
    pub words: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
}

impl RunDocument {
    /// The document of a run that is begun now.
    #[must_use]
    pub fn new(run: BatchRun, discovery: Discovery, work: Vec<Work>, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            run,
            discovery,
            started_at: now,
            progress_at: now,
            ended_at: None,
            generation: 0,
            wake_at: None,
            tries: 0,
            woken: 0,
            taken: false,
            work,
            totals: RunTotals::default(),
            sent: BTreeMap::new(),
            handed_over: BTreeSet::new(),
            troubles: Vec::new(),
            more_troubles: 0,
            targets: Vec::new(),
            more_targets: 0,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> RunState {
        match self.ended_at {
            None => RunState::Running,
            Some(_) if self.troubles.is_empty() && self.totals.unreadable == 0 => RunState::Done,
            Some(_) => RunState::Incomplete,
        }
    }

    /// What was found so far, the place that is looked at now too.
    #[must_use]
    pub fn so_far(&self) -> RunTotals {
        let mut totals = self.totals;
        for work in &self.work {
            match work {
                Work::Count { found, .. } | Work::List { found, .. } => totals.add(&found.sums),
                Work::Expand { .. } | Work::See { .. } => {}
            }
        }
        totals
    }

    /// The metadata of its blob: what a list of runs tells of it.
    #[must_use]
    pub fn metadata(&self) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            ("version".to_owned(), VERSION.to_string()),
            ("state".to_owned(), self.state().as_str().to_owned()),
            ("startedat".to_owned(), time_text(self.started_at)),
            ("progressat".to_owned(), time_text(self.progress_at)),
        ]);
        let times = [("wakeat", self.wake_at), ("endedat", self.ended_at)];
        metadata.extend(times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), time_text(at?)))));
        metadata
    }
}

/// What the list of blobs tells of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub run_id: RunId,
    /// Whether it has ended, as far as the metadata tell.
    pub ended_at: Option<Timestamp>,
    /// When it goes on.
    pub wake_at: Option<Timestamp>,
    /// When something was last found or given up.
    pub progress_at: Option<Timestamp>,
}

impl RunSummary {
    /// What the blob's name and metadata tell; none where it is no run's.
    #[must_use]
    pub fn read(blob: &str, metadata: &HashMap<String, String>) -> Option<Self> {
        let run_id = blob.strip_prefix("runs/")?.strip_suffix(".json")?.parse().ok()?;
        let time = |name| super::metadata_value(metadata, name).and_then(crate::time::parse_time);
        Some(Self { run_id, ended_at: time("endedat"), wake_at: time("wakeat"), progress_at: time("progressat") })
    }
}
