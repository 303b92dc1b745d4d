//! `controls.json`: what people have paused. It is written at the first start, before `installation.json`; where it is missing after
//! that, or cannot be read, everything is paused: somebody's pause may have been in it.

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
        Self { version: VERSION, pauses: Vec::new() }
    }
}

impl ControlsDocument {
    /// The pauses that hold for the target, at a time by storage's clock.
    pub fn holding<'a>(&'a self, target: &'a Target, at: Timestamp) -> impl Iterator<Item = &'a Pause> {
        self.pauses.iter().filter(move |pause| pause.until.is_none_or(|until| until > at) && pause.of.holds(target))
    }

    /// Adds a pause, in place of one of the same, and forgets those that are over.
    pub fn pause(&mut self, pause: Pause) {
        self.pauses.retain(|known| known.of != pause.of && known.until.is_none_or(|until| until > pause.at));
        self.pauses.push(pause);
    }

    /// Ends the pauses of just this, or all; those that were ended.
    pub fn resume(&mut self, of: Option<&PauseOf>) -> Vec<Pause> {
        let (ended, left) =
            std::mem::take(&mut self.pauses).into_iter().partition(|pause| of.is_none_or(|of| pause.of == *of));
        self.pauses = left;
        ended
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
        assert_eq!(document.resume(Some(&scope)).len(), 1);
        assert_eq!(document.resume(None).len(), 1);
        assert_eq!(document, ControlsDocument::default());
    }

    #[test]
    fn what_is_no_such_document_is_not_taken_for_one_without_pauses() {
        for text in ["{}", r#"{"version":1}"#, r#"{"version":1,"pauses":null}"#, r#"{"version":1,"pauses":[{}]}"#] {
            assert!(serde_json::from_str::<ControlsDocument>(text).is_err(), "{text}");
        }
    }
}
