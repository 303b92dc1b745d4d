//! `controls.json`: what people have paused. It is written at the first start, before `installation.json`; where it is missing after
//! that, or cannot be read, everything is paused: somebody's pause may have been in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::Target;
use crate::time::Timestamp;

use super::pause_of::PauseOf;
use super::versioned::VERSION;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlsDocument {
    version: u32,
    /// All that is paused.
    pub pauses: Vec<Pause>,
    /// Who ended pauses of late, and why: the log of the instances tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<EndedPause>,
}

/// So many ended pauses are remembered, and beyond them those that ended so lately that an instance may not have read of them.
const REMEMBERED: usize = 20;
const UNREAD: Duration = Duration::from_secs(3_600);
/// Never more than these: the document is read all the time.
const MOST_REMEMBERED: usize = 1_000;

/// That a person has ended a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndedPause {
    /// What was paused.
    pub of: PauseOf,
    /// Who ended it: the `oid` of the token that wrote it, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
}

/// A pause, and who wanted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// What is paused.
    pub of: PauseOf,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who wanted it: the `oid` of the token that wrote it, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// Until when; none: until it is ended.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether tasks that run under it are canceled.
    #[serde(default)]
    pub cancel_tasks: bool,
}

impl Default for ControlsDocument {
    /// Nothing is paused.
    fn default() -> Self {
        Self { version: VERSION, pauses: Vec::new(), ended: Vec::new() }
    }
}

impl ControlsDocument {
    /// The pauses that hold for the target, at a time by storage's clock.
    pub fn holding<'a>(&'a self, target: &'a Target, at: Timestamp) -> impl Iterator<Item = &'a Pause> {
        self.pauses.iter().filter(move |pause| pause.until.is_none_or(|until| until > at) && pause.of.holds(target))
    }

    /// Adds a pause, in place of one of the same, and forgets those that are over. It ends no earlier than the one before, and cancels
    /// tasks where that one did: who pauses shortens nobody's pause.
    pub fn pause(&mut self, mut pause: Pause) {
        let of_it = |known: &&Pause| known.of == pause.of && known.until.is_none_or(|until| until > pause.at);
        if let Some(before) = self.pauses.iter().find(of_it).cloned() {
            pause.until = pause.until.and_then(|until| before.until.map(|before| before.max(until)));
            pause.cancel_tasks |= before.cancel_tasks;
        }
        self.pauses.retain(|known| known.of != pause.of && known.until.is_none_or(|until| until > pause.at));
        self.pauses.push(pause);
    }

    /// Ends the pauses of just this, or all, and remembers who did and why. How many were ended.
    pub fn resume(&mut self, of: Option<&PauseOf>, by: Option<&str>, reason: Option<&str>, at: Timestamp) -> usize {
        let ends = |pause: &mut Pause| of.is_none_or(|of| pause.of == *of);
        let ended: Vec<_> = self.pauses.extract_if(.., ends).collect();
        let count = ended.len();
        // What was over by itself was ended by nobody.
        let by_them = ended.into_iter().filter(|pause| pause.until.is_none_or(|until| until > at));
        self.remember(by_them.map(|pause| pause.of).collect(), by, reason, at);
        count
    }

    /// Remembers that what was lost no longer pauses everything.
    pub fn written_anew(by: Option<&str>, reason: Option<&str>, at: Timestamp) -> Self {
        let mut document = Self::default();
        document.remember(vec![PauseOf::default()], by, reason, at);
        document
    }

    fn remember(&mut self, all: Vec<PauseOf>, by: Option<&str>, reason: Option<&str>, at: Timestamp) {
        let (by, reason) = (by.map(str::to_owned), reason.map(str::to_owned));
        self.ended.extend(all.into_iter().map(|of| EndedPause { of, by: by.clone(), reason: reason.clone(), at }));
        let unread = self.ended.iter().filter(|ended| ended.at + UNREAD > at).count();
        let surplus = self.ended.len().saturating_sub(unread.clamp(REMEMBERED, MOST_REMEMBERED));
        self.ended.drain(..surplus);
    }

    /// What is news to whoever knew the document as it was before: pauses that were begun, and that ended. One that was over by itself
    /// has ended by nobody.
    #[must_use]
    pub fn news(&self, before: &Self) -> (Vec<Pause>, Vec<EndedPause>) {
        let begun: Vec<_> = self.pauses.iter().filter(|pause| !before.pauses.contains(pause)).cloned().collect();
        let mut ended: Vec<_> = self.ended.iter().filter(|ended| !before.ended.contains(ended)).cloned().collect();
        let is_told = |of: &PauseOf| self.pauses.iter().any(|pause| pause.of == *of);
        for Pause { of, until, at, .. } in &before.pauses {
            if !is_told(of) && !ended.iter().any(|ended| ended.of == *of) {
                ended.push(EndedPause { of: of.clone(), by: None, reason: None, at: until.unwrap_or(*at) });
            }
        }
        (begun, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, target};

    fn pause(of: PauseOf) -> Pause {
        Pause { of, reason: None, by: None, at: now(), until: None, cancel_tasks: false }
    }

    #[test]
    fn a_pause_takes_the_place_of_the_same_and_is_ended_by_its_name() {
        let scope = PauseOf { scope: Some(target().scope), assignment: None };
        let mut document = ControlsDocument::default();
        document.pause(Pause { until: Some(now() + time::Duration::hours(1)), ..pause(PauseOf::default()) });
        document.pause(pause(scope.clone()));
        document.pause(Pause { reason: Some("again".into()), ..pause(scope.clone()) });
        assert_eq!(document.pauses.len(), 2);
        assert_eq!(document.holding(&target(), now()).count(), 2);
        assert_eq!(document.holding(&target(), now() + time::Duration::hours(1)).count(), 1, "one is over");
        let read: ControlsDocument = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
        assert_eq!(read, document);
        assert_eq!(document.resume(Some(&scope), None, None, now()), 1);
        assert_eq!(document.resume(None, None, None, now()), 1);
        assert_eq!(document.pauses, []);
    }

    #[test]
    fn nobody_shortens_a_pause_by_another() {
        let until = |hours| Some(now() + time::Duration::hours(hours));
        for (first, second, expected) in [
            (None, until(1), None),
            (until(1), None, None),
            (until(2), until(1), until(2)),
            (until(1), until(2), until(2)),
        ] {
            let mut document = ControlsDocument::default();
            document.pause(Pause { until: first, cancel_tasks: true, ..pause(PauseOf::default()) });
            document.pause(Pause { until: second, ..pause(PauseOf::default()) });
            let [pause] = document.pauses.as_slice() else { panic!("{document:?}") };
            assert_eq!((pause.until, pause.cancel_tasks), (expected, true));
        }
        let mut document = ControlsDocument::default();
        document.pause(Pause { until: until(1), ..pause(PauseOf::default()) });
        document.pause(Pause { at: now() + time::Duration::hours(1), until: until(3), ..pause(PauseOf::default()) });
        assert_eq!(document.pauses[0].until, until(3), "one that was over counts for nothing");
    }

    #[test]
    fn who_ended_a_pause_and_why_is_news_once_and_what_was_over_has_ended_by_nobody() {
        let scope = PauseOf { scope: Some(target().scope), assignment: None };
        let hour = now() + time::Duration::hours(1);
        let mut document = ControlsDocument::default();
        document.pause(Pause { until: Some(hour), ..pause(PauseOf::default()) });
        let mut more = document.clone();
        more.pause(Pause { at: hour, ..pause(scope.clone()) });
        let over = EndedPause { of: PauseOf::default(), by: None, reason: None, at: hour };
        assert_eq!(more.news(&document), (more.pauses.clone(), vec![over]));
        let mut replaced = more.clone();
        replaced.pause(Pause { reason: Some("again".into()), at: hour, ..pause(scope.clone()) });
        assert_eq!(replaced.news(&more), (replaced.pauses.clone(), vec![]), "it goes on");
        let mut resumed = more.clone();
        resumed.resume(None, Some("me"), Some("over"), hour);
        let ended = EndedPause { of: scope, by: Some("me".into()), reason: Some("over".into()), at: hour };
        assert_eq!(resumed.news(&more), (vec![], vec![ended.clone()]));
        assert_eq!(resumed.news(&resumed), (vec![], vec![]));
        let mut told = 0;
        for n in 0..3_000 {
            let before = resumed.clone();
            resumed.pause(pause(PauseOf { assignment: Some(format!("a{n}")), scope: None }));
            resumed.resume(None, Some("me"), None, hour + time::Duration::minutes(n));
            told += resumed.news(&before).1.len();
            assert!(
                resumed.ended.len() <= 61 && (n < 60) == resumed.ended.contains(&ended),
                "it does not grow for ever"
            );
        }
        assert_eq!(told, 3_000);
        let many = (0..REMEMBERED + 10).map(|n| PauseOf { scope: None, assignment: Some(format!("a{n}")) });
        let mut night = ControlsDocument::default();
        many.for_each(|of| night.pause(pause(of)));
        let mut morning = night.clone();
        assert_eq!(morning.resume(None, Some("me"), None, hour), REMEMBERED + 10);
        let told = morning.news(&night).1;
        assert!(told.len() == REMEMBERED + 10 && told.iter().all(|one| one.by.is_some() && one.at == hour));
        let anew = ControlsDocument::written_anew(Some("me"), None, hour);
        assert_eq!(anew.news(&ControlsDocument::default()).1.len(), 1);
    }

    #[test]
    fn what_is_no_such_document_is_not_taken_for_one_without_pauses() {
        for text in ["{}", r#"{"version":1}"#, r#"{"version":1,"pauses":null}"#, r#"{"version":1,"pauses":[{}]}"#] {
            assert!(serde_json::from_str::<ControlsDocument>(text).is_err(), "{text}");
        }
    }
}
