//! Marks of what is in hand. A mark is written before items that have come too often are handled and taken away when that has
//! ended in any way, so what stays behind tells of a death of the worker. A death counts against an item only when the item was
//! alone in hand; and little when it came late: whoever waits for a service is likely to be killed by something else (ADR 0006).

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use remediation::document::VERSION;
use remediation::message::{BatchMessage, Observation, WakeUp};
use remediation::time::Timestamp;

use crate::azure::Deadline;

use super::container::Replaces;
use super::rejected::digest;
use super::state_error::StateError;
use super::store::Store;

/// So many late deaths count as one.
const LATE_DEATHS: u32 = 4;
/// A mark that is found so long after it was written tells of a late death, whatever it says: while storage refuses, it cannot be
/// told that the handling takes long.
const LATE: Duration = Duration::from_secs(60);
/// Marks that nothing came back for are kept for so long: twice as long as a message lives.
const KEPT: Duration = Duration::from_secs(28 * 86_400);

/// What an item is counted under: a wake-up under its target, a batch run under its name, an observation under what was seen, however often it was sent.
#[must_use]
pub fn crash_key(body: &str) -> String {
    if let Ok(wake_up) = WakeUp::read(body) {
        return wake_up.target.hash().to_string();
    }
    if let Ok(message) = BatchMessage::read(body) {
        return digest(format!("run\n{}", message.run_id()));
    }
    match Observation::read(body) {
        Ok(seen) => {
            let (target, at) = (seen.target().hash(), seen.observed_at.unix_timestamp_nanos());
            digest(format!("{target}\n{}\n{at}\n{}\n{}", seen.resource_id, seen.seen.as_str(), seen.origin))
        }
        Err(_) => digest(body),
    }
}

/// What is in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrashMark {
    version: u32,
    /// The items, by [`crash_key`].
    pub keys: BTreeSet<String>,
    /// Whether the item was alone in hand, of all that the process handled: only then a death counts.
    alone: bool,
    /// When their handling began.
    #[serde(with = "time::serde::rfc3339")]
    begun_at: Timestamp,
    /// Whether it has lasted so long that a death would be a late one.
    late: bool,
    /// How often the worker died early in an earlier handling.
    early_deaths: u32,
    /// How often it died late.
    late_deaths: u32,
}

impl CrashMark {
    /// The mark of items that are about to be handled together.
    #[must_use]
    pub fn new(keys: BTreeSet<String>, now: Timestamp) -> Self {
        Self { version: VERSION, keys, alone: false, begun_at: now, late: false, early_deaths: 0, late_deaths: 0 }
    }

    /// The mark of one item that is about to be handled alone, after what an earlier mark of it tells.
    #[must_use]
    pub fn alone(key: String, earlier: Option<&Self>, now: Timestamp) -> Self {
        let (early_deaths, late_deaths) = earlier.map_or((0, 0), |mark| mark.counts(now));
        Self { alone: true, early_deaths, late_deaths, ..Self::new(BTreeSet::from([key]), now) }
    }

    /// The same mark, saying that the handling takes long.
    #[must_use]
    pub fn late(self) -> Self {
        Self { late: true, ..self }
    }

    /// How many deaths count against what is in hand, for one who finds the mark.
    #[must_use]
    pub fn deaths(&self, now: Timestamp) -> u32 {
        let (early, late) = self.counts(now);
        early.saturating_add(late / LATE_DEATHS)
    }

    fn counts(&self, now: Timestamp) -> (u32, u32) {
        let late = self.late || self.begun_at + LATE < now;
        let (early, later) = (u32::from(self.alone && !late), u32::from(self.alone && late));
        (self.early_deaths.saturating_add(early), self.late_deaths.saturating_add(later))
    }

    /// The blob that holds the mark.
    #[must_use]
    pub fn blob(&self, function: &str) -> String {
        match self.keys.first() {
            Some(only) if self.keys.len() == 1 => blob_of_one(function, only),
            Some(_) | None => {
                let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
                format!("{}{}.json", groups(function), digest(keys.join("\n")))
            }
        }
    }
}

impl Store {
    /// The marks of a function that can concern these items, each with its blob and what is in it.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn crash_marks(
        &self,
        function: &str,
        keys: &HashSet<String>,
        deadline: Deadline,
    ) -> Result<Vec<(String, Result<CrashMark, StateError>)>, StateError> {
        let ours: HashSet<_> = keys.iter().map(|key| blob_of_one(function, key)).collect();
        let mut marks = Vec::new();
        for listed in self.state.list(&format!("suspects/{function}/"), deadline).await? {
            if !ours.contains(&listed.name) && !listed.name.starts_with(&groups(function)) {
                continue;
            }
            match self.state.read::<CrashMark>(&listed.name, deadline).await {
                Ok(None) => {}
                Ok(Some(found)) => marks.push((listed.name, Ok(found.document))),
                Err(error) if error.is_about_the_document() => marks.push((listed.name, Err(error))),
                Err(error) => return Err(error),
            }
        }
        Ok(marks)
    }

    /// Writes a mark.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn set_mark(&self, function: &str, mark: &CrashMark, deadline: Deadline) -> Result<(), StateError> {
        self.state.write(&mark.blob(function), mark, Replaces::Anything, None, deadline).await.map(drop)
    }

    /// Takes a mark away.
    ///
    /// # Errors
    /// As for [`Store::set_mark`].
    pub async fn clear_mark(&self, blob: &str, deadline: Deadline) -> Result<(), StateError> {
        self.state.delete(blob, deadline).await
    }

    /// How often the handling of exactly this item, or a pass over this wake-up's target, has ended in a death of the worker. To be
    /// asked while nobody has it in hand, as of what was dead-lettered.
    ///
    /// # Errors
    /// When storage does not serve until the deadline. A mark that cannot be used counts as none.
    pub async fn crashes(
        &self,
        function: &str,
        body: &str,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<u32, StateError> {
        let stopped = match WakeUp::read(body) {
            Ok(wake_up) => self.deaths_of_stopped(&wake_up.target, now, deadline).await?,
            Err(_) => 0,
        };
        match self.state.read::<CrashMark>(&blob_of_one(function, &crash_key(body)), deadline).await {
            Ok(found) => Ok(found.map_or(0, |found| found.document.deaths(now)).max(stopped)),
            Err(error) if error.is_about_the_document() => Ok(stopped),
            Err(error) => Err(error),
        }
    }

    /// Forgets the deaths of an item that is given up: put back by a person, it is not judged by what was.
    ///
    /// # Errors
    /// As for [`Store::set_mark`].
    pub async fn forget_crashes(&self, function: &str, body: &str, deadline: Deadline) -> Result<(), StateError> {
        self.clear_mark(&blob_of_one(function, &crash_key(body)), deadline).await
    }

    /// Takes away marks that nothing came back for.
    ///
    /// # Errors
    /// As for [`Store::set_mark`].
    pub async fn forget_marks(&self, now: Timestamp, deadline: Deadline) -> Result<(), StateError> {
        for listed in self.state.list("suspects/", deadline).await? {
            if listed.modified.is_some_and(|at| at + KEPT < now) {
                self.state.delete(&listed.name, deadline).await?;
            }
        }
        Ok(())
    }
}

fn blob_of_one(function: &str, key: &str) -> String {
    format!("suspects/{function}/{key}.json")
}

fn groups(function: &str) -> String {
    format!("suspects/{function}/group-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::{now, seen, target};
    use remediation::message::Finding;

    fn mark(keys: &[&str]) -> CrashMark {
        CrashMark::new(keys.iter().map(|key| (*key).to_owned()).collect(), now())
    }

    fn alone(earlier: Option<&CrashMark>) -> CrashMark {
        CrashMark::alone("a".to_owned(), earlier, now())
    }

    #[test]
    fn two_early_deaths_weigh_as_much_as_eight_late_ones() {
        let after = |seconds| now() + Duration::from_secs(seconds);
        assert_eq!(mark(&["a"]).deaths(after(1)), 0, "it was not alone in hand");
        let early = alone(Some(&mark(&["a"])));
        assert_eq!(early.deaths(after(1)), 1);
        assert_eq!(alone(Some(&early)).deaths(after(1)), 2);
        for (told, found) in [(true, after(1)), (false, after(61))] {
            let mut mark = alone(None);
            let mut deaths = Vec::new();
            for _ in 0..8 {
                let left_behind = if told { mark.late() } else { mark };
                deaths.push(left_behind.deaths(found));
                mark = CrashMark { begun_at: now(), ..CrashMark::alone("a".to_owned(), Some(&left_behind), found) };
            }
            assert_eq!(deaths, [0, 0, 0, 1, 1, 1, 1, 2], "told {told}");
        }
    }

    #[test]
    fn an_item_is_the_same_however_often_it_was_sent_back_and_a_wake_up_is_its_target() {
        let once = seen(Finding::NonCompliant, 1, now());
        let body = |observation: &Observation| serde_json::to_string(observation).unwrap();
        assert_eq!(crash_key(&body(&once)), crash_key(&body(&once.clone().returned())));
        assert_ne!(crash_key(&body(&once)), crash_key(&body(&seen(Finding::NonCompliant, 2, now()))));
        let wake_up = |generation| serde_json::to_string(&WakeUp::new(target(), generation)).unwrap();
        assert_eq!(crash_key(&wake_up(1)), target().hash().as_str());
        assert_eq!(crash_key(&wake_up(1)), crash_key(&wake_up(2)));
        assert_ne!(crash_key("no JSON"), crash_key("no JSON either"));
    }

    #[test]
    fn the_mark_of_one_is_named_for_it_and_the_mark_of_more_for_all_of_them() {
        assert_eq!(mark(&["a"]).blob("f"), "suspects/f/a.json");
        assert!(mark(&["a", "b"]).blob("f").starts_with("suspects/f/group-"));
        assert_ne!(mark(&["a", "b"]).blob("f"), mark(&["a", "c"]).blob("f"));
    }
}
