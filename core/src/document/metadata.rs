//! What stands in a target blob's metadata, so that `sweep` need not read the documents.

use std::collections::HashMap;

use time::format_description::well_known::Rfc3339;

use crate::time::{Timestamp, parse_time};

use super::entry::{Entry, EntryState};
use super::held::Held;
use super::hour::Hour;
use super::hours;
use super::noted::Noted;
use super::quiet::quiet_since;
use super::rival::Rival;
use super::target_document::TargetDocument;
use super::task_name::TaskName;
use super::versioned::VERSION;

const WAKE_AT: &str = "wakeat";
const HOURS: &str = "hours";
const PARKED_UNTIL: &str = "parkeduntil";
const LEFT_OUT: &str = "leftout";
const LEFT_OUT_SINCE: &str = "leftoutsince";
const QUIET_SINCE: &str = "quietsince";
const NOTED: &str = "noted";
const HELD_UNDER: &str = "heldunder";
/// In place of a digest, where there are several.
const SEVERAL: &str = "several";
/// The format version of the document.
const FORMAT: &str = "version";
/// The names of the active task, if there is one, and of those that ended.
const TASK: &str = "task";
const PAST_TASKS: &str = "pasttasks";
const COUNTS: [&str; 5] = ["waiting", "intask", "fixed", "parked", "skipped"];

/// How many resources of a target stand where. What waits in a parked target counts as parked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the state of the same name")]
pub struct Counts {
    pub waiting: u64,
    pub in_task: u64,
    pub fixed: u64,
    pub parked: u64,
    pub skipped: u64,
}

impl Counts {
    /// Adds other counts to these.
    pub fn add(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.in_task += other.in_task;
        self.fixed += other.fixed;
        self.parked += other.parked;
        self.skipped += other.skipped;
    }
}

/// A target's blob as a listing shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetSummary {
    /// The blob's name.
    pub blob: String,
    /// Whether a newer worker wrote it, which alone may change it.
    pub is_newer: bool,
    /// When the target is to be looked at next.
    pub wake_at: Option<Timestamp>,
    /// What holds it until then.
    pub held_under: Option<Held>,
    /// When the first park ends, of a resource or of the target.
    pub parked_until: Option<Timestamp>,
    /// How many resources stand where; none where the metadata do not tell.
    pub counts: Option<Counts>,
    /// Whether a resource waits or is in a task. What the target's park holds is parked.
    pub is_unsettled: bool,
    /// What the guard rails leave out of it.
    pub left_out: Option<LeftOut>,
    /// Since when nothing happened in it, where nothing waits, is parked or left out.
    pub quiet_since: Option<Timestamp>,
    /// That no task remediates it.
    pub noted: Option<Noted>,
    /// What became of its resources in the 24 hours before it was written.
    pub hours: Vec<Hour>,
}

/// What the guard rails leave out of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The digest of the guard rails; none where they were not the same for all of it.
    pub rails_digest: Option<String>,
    /// Since when the first of it is left out.
    pub since: Timestamp,
}

impl LeftOut {
    /// What is left out of a document; none when nothing is.
    #[must_use]
    pub fn of(document: &TargetDocument) -> Option<Self> {
        let entries = document.resources.values().filter_map(|entry| match &entry.state {
            EntryState::Skipped { reason, at, rails_digest } if reason.is_guard_rail() => Some((rails_digest, *at)),
            EntryState::Skipped { .. }
            | EntryState::Waiting { .. }
            | EntryState::InTask
            | EntryState::Fixed { .. }
            | EntryState::Parked { .. } => None,
        });
        let counted = document.excluded.iter().map(|excluded| (&excluded.rails_digest, excluded.since));
        let both = |(digest, since): (Option<String>, Timestamp), (other, at): (&Option<String>, Timestamp)| {
            (digest.filter(|digest| Some(digest) == other.as_ref()), since.min(at))
        };
        let mut all = entries.chain(counted);
        let (digest, since) = all.next()?;
        let (rails_digest, since) = all.fold((digest.clone(), since), both);
        Some(Self { rails_digest, since })
    }

    /// Reads what stands in metadata.
    fn read(digest: &str, since: Timestamp) -> Self {
        Self { rails_digest: Some(digest.to_owned()).filter(|digest| digest != SEVERAL), since }
    }
}

impl TargetSummary {
    /// What a listing tells of the blob.
    #[must_use]
    pub fn read(blob: String, metadata: &HashMap<String, String>) -> Self {
        let value = |name: &str| metadata_value(metadata, name);
        let time = |name| value(name).and_then(parse_time);
        // A document that a person or a tool has put back tells nothing here: it is looked at, and then it does.
        let some = |name| value(name).is_none_or(|value| value != "0");
        let is_unsettled = some(COUNTS[0]) || some(COUNTS[1]);
        let hours = value(HOURS).map(hours::from_metadata).unwrap_or_default();
        let left_out = value(LEFT_OUT).zip(time(LEFT_OUT_SINCE)).map(|(digest, since)| LeftOut::read(digest, since));
        let (wake_at, parked_until, quiet_since) = (time(WAKE_AT), time(PARKED_UNTIL), time(QUIET_SINCE));
        let count = |index: usize| value(COUNTS[index])?.parse().ok();
        let counts = || {
            let (waiting, in_task, fixed) = (count(0)?, count(1)?, count(2)?);
            Some(Counts { waiting, in_task, fixed, parked: count(3)?, skipped: count(4)? })
        };
        let is_newer = value(FORMAT).and_then(|version| version.parse().ok()).is_some_and(|found: u32| found > VERSION);
        let (noted, counts) = (value(NOTED).and_then(Noted::read), counts());
        let held_under = value(HELD_UNDER).map(|text| Held::from(text.to_owned()));
        Self {
            blob,
            is_newer,
            left_out,
            wake_at,
            held_under,
            parked_until,
            counts,
            is_unsettled,
            quiet_since,
            noted,
            hours,
        }
    }
}

/// What the metadata tell of the target's tasks; none where they do not tell, or are a newer worker's.
#[must_use]
pub fn rival_in(metadata: &HashMap<String, String>) -> Option<Rival> {
    let value = |name: &str| metadata_value(metadata, name);
    if value(FORMAT)?.parse() != Ok(VERSION) {
        return None;
    }
    let active = value(TASK).map(TaskName::stored);
    Some(Rival { active, past: value(PAST_TASKS).map(TaskName::from_list).unwrap_or_default(), is_lost: false })
}

/// What stands there under the name: storage keeps no case.
#[must_use]
pub fn metadata_value<'a>(metadata: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// How many resources of a document stand where.
#[must_use]
pub fn counts_of(document: &TargetDocument) -> Counts {
    let mut counts = Counts::default();
    let is_parked = document.parked.is_some();
    for entry in document.resources.values() {
        *match &entry.state {
            EntryState::Waiting { .. } if is_parked => &mut counts.parked,
            EntryState::Waiting { .. } => &mut counts.waiting,
            EntryState::InTask => &mut counts.in_task,
            EntryState::Fixed { .. } => &mut counts.fixed,
            EntryState::Parked { .. } => &mut counts.parked,
            EntryState::Skipped { .. } => &mut counts.skipped,
        } += 1;
    }
    if let Some(unlisted) = &document.unlisted {
        let place = if is_parked { &mut counts.parked } else { &mut counts.waiting };
        *place = place.saturating_add(unlisted.seen);
    }
    let excluded = document.excluded.as_ref().map_or(0, |excluded| excluded.seen);
    let noted = document.not_remediable.as_ref().map_or(0, |noted| noted.seen);
    counts.skipped = counts.skipped.saturating_add(excluded).saturating_add(noted);
    counts
}

/// The metadata of a document.
#[must_use]
pub fn metadata_of(document: &TargetDocument) -> HashMap<String, String> {
    let of_resource = |entry: &Entry| match entry.state {
        EntryState::Parked { until, .. } => Some(until),
        EntryState::Waiting { .. } | EntryState::InTask | EntryState::Fixed { .. } | EntryState::Skipped { .. } => None,
    };
    let of_target = document.parked.as_ref().map(|park| park.until);
    let parked_until = document.resources.values().filter_map(of_resource).chain(of_target).min();
    let Counts { waiting, in_task, fixed, parked, skipped } = counts_of(document);
    let counts = [waiting, in_task, fixed, parked, skipped];
    let left_out = LeftOut::of(document);
    let time = |at: Timestamp| at.format(&Rfc3339).ok();
    let times = [
        (WAKE_AT, document.wake_at),
        (PARKED_UNTIL, parked_until),
        (QUIET_SINCE, quiet_since(document)),
        (LEFT_OUT_SINCE, left_out.as_ref().map(|left_out| left_out.since)),
    ];
    let times = times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), time(at?)?)));
    let counts = COUNTS.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), count.to_string()));
    // Metadata has no empty values.
    let hours = Some(hours::to_metadata(&document.hours)).filter(|text| !text.is_empty());
    let digest = left_out.map(|left_out| left_out.rails_digest.unwrap_or_else(|| SEVERAL.to_owned()));
    let digest = digest.map(|digest| (LEFT_OUT.to_owned(), digest));
    let past = TaskName::to_list(document.history.iter().map(|past| &past.name));
    let tasks = [
        (FORMAT, Some(VERSION.to_string())),
        (TASK, document.active.as_ref().map(|active| active.name.to_string())),
        (PAST_TASKS, Some(past).filter(|past| !past.is_empty())),
        (HELD_UNDER, document.held_under.clone().filter(|_| document.active.is_none()).map(String::from)),
        (NOTED, Noted::of(document).and_then(|noted| noted.to_metadata())),
    ];
    let tasks = tasks.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    counts.chain(tasks).chain(times).chain(digest).chain(hours.map(|text| (HOURS.to_owned(), text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ActiveTask, ParkReason, TargetPark, TaskPhase};
    use crate::fixture::{now, past_task, seen, target, tuning, tuning_with};
    use crate::message::Finding;
    use crate::transition::merge;
    use std::time::Duration;

    #[test]
    fn what_is_left_out_is_told_with_the_digest_that_all_of_it_has_or_with_none() {
        let read = |document: &TargetDocument| TargetSummary::read(String::new(), &metadata_of(document)).left_out;
        let mut document = TargetDocument::new(target());
        assert_eq!(read(&document), None);
        let excluding = tuning_with("EXCLUDE_SCOPES", "*");
        for n in 0..102 {
            merge(&mut document, &seen(Finding::NonCompliant, n, now()), &excluding, now());
        }
        let digest = Some(excluding.guard_rails.digest());
        assert_eq!(read(&document), Some(LeftOut { rails_digest: digest, since: now() }));
        assert_eq!(metadata_of(&document)["skipped"], "102");
        let other = tuning_with("INCLUDE_ASSIGNMENTS", "another");
        merge(&mut document, &seen(Finding::NonCompliant, 102, now()), &other, now() + Duration::from_secs(9));
        assert_eq!(read(&document), Some(LeftOut { rails_digest: None, since: now() }));
        assert_eq!(document.excluded.as_ref().map(|e| (e.seen, e.rail)), Some((3, None)));
    }

    #[test]
    fn metadata_tell_of_the_tasks_what_the_document_does_unless_they_are_another_workers() {
        let hash = target().hash();
        let name = |of: &str, sequence| TaskName::new(&of.parse().unwrap(), &hash, sequence);
        let mut document = TargetDocument::new(target());
        assert_eq!(rival_in(&metadata_of(&document)), Some(Rival::default()));
        for tasks in [vec![("one", 7)], vec![("one", 7), ("one", 8), ("two", 9), ("two", 12), ("one", 13)]] {
            document.history = tasks.into_iter().map(|(of, sequence)| past_task(name(of, sequence))).collect();
            for active in [None, Some(name("two", 20))] {
                let opening =
                    |name| ActiveTask::new(name, crate::document::TaskKind::Listed, TaskPhase::Opening, now(), now());
                document.active = active.map(opening);
                assert_eq!(rival_in(&metadata_of(&document)), Some(Rival::of(&document)));
            }
        }
        let mut newer = metadata_of(&document);
        newer.insert(FORMAT.to_owned(), (VERSION + 1).to_string());
        assert_eq!((rival_in(&newer), rival_in(&HashMap::new())), (None, None));
    }

    #[test]
    fn what_the_targets_park_holds_counts_as_parked_until_the_park_ends() {
        let mut document = TargetDocument::new(target());
        for n in 0..3 {
            merge(&mut document, &seen(Finding::NonCompliant, n, now()), &tuning(), now());
        }
        let read = |document: &TargetDocument| TargetSummary::read(String::new(), &metadata_of(document));
        assert!(read(&document).is_unsettled && read(&document).parked_until.is_none());
        let until = now() + Duration::from_secs(60);
        document.parked = Some(TargetPark {
            reason: ParkReason::NoIdentity,
            class: None,
            words: String::new(),
            hint: String::new(),
            since: now(),
            until,
            shared: false,
            check_at: None,
        });
        assert!(TargetSummary::read(String::new(), &HashMap::new()).is_unsettled, "nothing is told");
        let metadata = metadata_of(&document);
        assert_eq!((metadata["waiting"].as_str(), metadata["parked"].as_str()), ("0", "3"));
        let summary = read(&document);
        assert_eq!((summary.is_unsettled, summary.parked_until), (false, Some(until)));
    }
}
