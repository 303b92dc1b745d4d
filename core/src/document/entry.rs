//! What is known about one resource of a target.

use serde::{Deserialize, Serialize};

use crate::message::RunOptions;
use crate::time::Timestamp;

use super::reasons::{FailureClass, ParkReason, SkipReason};
use super::task_name::TaskName;

/// One resource of a target. Written by `collect` (what was seen) and by `remediate` (what became of it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The newest evaluation that was taken in; nothing older changes the entry.
    #[serde(with = "time::serde::rfc3339")]
    pub observed_at: Timestamp,
    /// When the present episode of non-compliance began.
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen: Timestamp,
    /// The attempt that is waiting or under way, from 1.
    pub attempt: u32,
    /// How often in a row it had to wait for a person or for time, which uses no attempt up, or for an evaluation.
    #[serde(default, skip_serializing_if = "super::target_document::is_zero")]
    pub waits: u32,
    /// When the resource was fixed before, within `FLAP_WINDOW`.
    #[serde(default, with = "timestamps", skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Timestamp>,
    /// The newest non-compliant evaluation that came while a task had the resource; weighed when the task ends.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub seen_in_task: Option<Timestamp>,
    /// How the last attempt failed, until the resource is fixed, a park of its own ends, or a new episode begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
    /// What the policy states are to be asked about the resource, apart from any wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Two assignments of the worker's own that undo each other on the resource, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing: Option<String>,
    /// The task whose fix of the resource a first step waits to see confirmed by an evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_awaited: Option<TaskName>,
    /// What the batch run asks of its tasks that told of the present episode.
    #[serde(default, skip_serializing_if = "RunOptions::is_default")]
    pub options: RunOptions,
    /// Where the resource stands.
    pub state: EntryState,
}

/// A question to the policy states: whether a fix that nothing verified helped, or whether an event is true that says that a
/// waiting resource complies, or has no state any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// When it is asked next.
    #[serde(with = "time::serde::rfc3339")]
    pub ask_at: Timestamp,
    /// How often it was asked, and nothing as new as it must be was known.
    #[serde(default)]
    pub asks: u32,
    /// The time of the evaluation that is said to have found it compliant.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub compliant_at: Option<Timestamp>,
    /// When its policy state is said to have been deleted. Neither of the two: it is a fix.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

impl Entry {
    /// The first entry of a resource, seen non-compliant at that time.
    #[must_use]
    pub fn waiting(seen_at: Timestamp, due: Timestamp) -> Self {
        Self {
            observed_at: seen_at,
            first_seen: seen_at,
            attempt: 1,
            waits: 0,
            fixes: Vec::new(),
            seen_in_task: None,
            last_failure: None,
            doubt: None,
            undoing: None,
            fix_awaited: None,
            options: RunOptions::default(),
            state: EntryState::Waiting { due },
        }
    }

    /// Begins a new episode, of which nothing was tried yet: non-compliant, as seen at that time.
    pub fn begin_anew(&mut self, seen_at: Timestamp) {
        self.observed_at = self.observed_at.max(seen_at);
        self.first_seen = seen_at;
        (self.attempt, self.waits) = (1, 0);
        self.seen_in_task = None;
        self.last_failure = None;
        self.doubt = None;
        self.options = RunOptions::default();
    }

    /// The resource is under an assignment of which it is known nothing but that it does not comply, or did.
    pub fn inherit_nothing(&mut self, now: Timestamp) {
        self.fixes.clear();
        self.undoing = None;
        match &self.state {
            EntryState::Waiting { .. } => (self.attempt, self.last_failure) = (1, None),
            EntryState::Parked { .. } => {
                (self.attempt, self.last_failure) = (1, None);
                self.state = EntryState::Waiting { due: now };
            }
            EntryState::InTask | EntryState::Fixed { .. } | EntryState::Skipped { .. } => {}
        }
    }

    /// Whether nothing was done about the resource yet that another assignment of the same id could inherit.
    #[must_use]
    pub fn is_untried(&self) -> bool {
        let waits = matches!(self.state, EntryState::Waiting { .. });
        waits && self.attempt == 1 && self.fixes.is_empty() && self.last_failure.is_none() && self.undoing.is_none()
    }

    /// Whether the last attempt failed for want of an evaluation.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.failed_as(FailureClass::Stale)
    }

    /// Since when the resource waits for an evaluation: none newer than the failure of its last attempt is known.
    #[must_use]
    pub fn not_evaluated_since(&self) -> Option<Timestamp> {
        let waits = matches!(self.state, EntryState::Waiting { .. });
        self.last_failure.as_ref().filter(|_| waits).and_then(|failure| failure.not_evaluated_since)
    }

    /// Takes in an evaluation of that time. If the resource waited for it, it is due at `due`; whether it did.
    pub fn evaluated(&mut self, at: Timestamp, due: Timestamp) -> bool {
        if self.not_evaluated_since().is_none_or(|since| since >= at) {
            return false;
        }
        self.state = EntryState::Waiting { due };
        if let Some(failure) = &mut self.last_failure {
            failure.not_evaluated_since = None;
        }
        true
    }

    /// When it is asked whether the resource, which waits, has a policy state at all: before that it goes into no wave.
    #[must_use]
    pub fn deletion_asked_at(&self) -> Option<Timestamp> {
        self.doubt.as_ref().filter(|doubt| doubt.deleted_at.is_some()).map(|doubt| doubt.ask_at)
    }

    /// Whether the deployment to the resource is known to have lacked permission while its task's outcome is still being read.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.state == EntryState::InTask && self.failed_as(FailureClass::Permission)
    }

    fn failed_as(&self, class: FailureClass) -> bool {
        self.last_failure.as_ref().is_some_and(|failure| failure.class == Some(class))
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// Its class; none when the task ended without a deployment to the resource, or was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// The service's own words.
    pub words: String,
    /// Another resource that its deployment met with others at. What meets there again goes one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets: Option<String>,
    /// When it failed for want of an evaluation, until a newer one is known: there is no further attempt before.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub not_evaluated_since: Option<Timestamp>,
    /// How many evaluations were waited for in a row since the latest state had no result.
    #[serde(default, skip_serializing_if = "super::target_document::is_zero")]
    pub in_vain: u32,
}

/// Where a resource stands. Exactly one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EntryState {
    /// To be remediated, not before `due`.
    Waiting {
        /// When it may go into a wave.
        #[serde(with = "time::serde::rfc3339")]
        due: Timestamp,
    },
    /// In the target's active task.
    InTask,
    /// A deployment of a task of ours succeeded.
    Fixed {
        /// Resource Manager's time of the deployment's end.
        #[serde(with = "time::serde::rfc3339")]
        at: Timestamp,
        /// When a later evaluation found it compliant.
        #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
        verified_at: Option<Timestamp>,
    },
    /// Given up until `until`, for a person to look at.
    Parked {
        /// Why it was given up.
        reason: ParkReason,
        /// The class of the last failure, if one led here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<FailureClass>,
        /// The service's own words.
        words: String,
        /// How to fix it.
        hint: String,
        /// When it is tried again by itself.
        #[serde(with = "time::serde::rfc3339")]
        until: Timestamp,
    },
    /// Needs no remediation, or cannot have one.
    Skipped {
        /// Why.
        reason: SkipReason,
        /// Since when.
        #[serde(with = "time::serde::rfc3339")]
        at: Timestamp,
        /// The digest of the guard rails, where they are the reason: when they change, it is judged anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rails_digest: Option<String>,
    },
}

impl EntryState {
    /// Skipped for a reason that lies outside of the guard rails.
    #[must_use]
    pub fn skipped(reason: SkipReason, at: Timestamp) -> Self {
        Self::Skipped { reason, at, rails_digest: None }
    }

    /// Whether a guard rail leaves the resource out.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        matches!(self, Self::Skipped { reason, .. } if reason.is_guard_rail())
    }

    /// Whether the resource stands as in the other state: which guard rails were asked makes no difference.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Skipped { reason, at, rails_digest: _ },
                Self::Skipped { reason: reason_then, at: at_then, rails_digest: _ },
            ) => (reason, at) == (reason_then, at_then),
            (one, other) => one == other,
        }
    }
}

/// A list of times in RFC 3339.
mod timestamps {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::time::Timestamp;

    #[derive(Serialize, Deserialize)]
    struct Time(#[serde(with = "time::serde::rfc3339")] Timestamp);

    pub(crate) fn serialize<S: Serializer>(times: &[Timestamp], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(times.iter().map(|t| Time(*t)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Timestamp>, D::Error> {
        Ok(Vec::<Time>::deserialize(deserializer)?.into_iter().map(|t| t.0).collect())
    }
}
