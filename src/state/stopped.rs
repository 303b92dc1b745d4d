//! Targets that are stopped because the worker died of a look at them, twice. The record stands apart from the target's document:
//! reading that may be what kills. Until its time is over every wake-up of the target is passed over; a person ends it earlier by
//! deleting the blob. What is known of them is listed seldom, so that a look at a target that is well costs nothing more.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use super::blob_store::Store;
use super::container::Replaces;
use super::state_error::StateError;
use super::target_document::VERSION;
use crate::event::{Timestamp, parse_time};
use crate::resource::Target;
use crate::transport::Deadline;

const UNTIL: &str = "until";

/// Why and until when nothing is done for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoppedTarget {
    version: u32,
    /// The target.
    pub target: Target,
    /// Why, in words.
    pub reason: String,
    /// How many deaths of the worker, or of looks at the target, led here.
    pub deaths: u32,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: Timestamp,
    /// When it is tried again by itself.
    #[serde(with = "time::serde::rfc3339")]
    pub until: Timestamp,
}

impl StoppedTarget {
    /// The record of a target that is stopped now.
    #[must_use]
    pub fn new(target: Target, reason: String, deaths: u32, now: Timestamp, until: Timestamp) -> Self {
        Self { version: VERSION, target, reason, deaths, since: now, until }
    }
}

/// The targets that are stopped, by hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped(HashMap<String, Timestamp>);

impl Stopped {
    /// Whether the target with this hash is stopped.
    #[must_use]
    pub fn holds(&self, hash: &str, now: Timestamp) -> bool {
        self.0.get(hash).is_some_and(|until| *until > now)
    }
}

/// What was listed last, and when.
pub(super) type Known = Option<(Instant, Arc<Stopped>)>;

impl Store {
    /// The targets that are stopped, as they were at most `age` ago.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn stopped(&self, age: Duration, deadline: Deadline) -> Result<Arc<Stopped>, StateError> {
        if let Some((at, known)) = &*self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < age
        {
            return Ok(Arc::clone(known));
        }
        let listed = self.state.list("stopped/", deadline).await?;
        // One without a time that can be read is nobody's record: it must not stop anything.
        let until = |metadata: &HashMap<String, String>| {
            metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(UNTIL)).and_then(|(_, value)| parse_time(value))
        };
        let stopped = listed
            .into_iter()
            .filter_map(|blob| Some((hash_in(&blob.name)?.to_owned(), until(&blob.metadata)?)))
            .collect();
        let stopped = Arc::new(Stopped(stopped));
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&stopped)));
        Ok(stopped)
    }

    /// Stops a target.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn stop(&self, record: &StoppedTarget, deadline: Deadline) -> Result<(), StateError> {
        let metadata = record.until.format(&Rfc3339).ok().map(|until| HashMap::from([(UNTIL.to_owned(), until)]));
        self.state.write(&blob(&record.target), record, Replaces::Anything, metadata, deadline).await?;
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// How many deaths stopped the target; none when it is not stopped. A record that cannot be used counts as none.
    pub(super) async fn deaths_of_stopped(
        &self,
        target: &Target,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<u32, StateError> {
        match self.state.read::<StoppedTarget>(&blob(target), deadline).await {
            Ok(found) => Ok(found.map(|found| found.document).filter(|it| it.until > now).map_or(0, |it| it.deaths)),
            Err(error) if error.is_about_the_document() => Ok(0),
            Err(error) => Err(error),
        }
    }
}

fn blob(target: &Target) -> String {
    format!("stopped/{}/{}.json", target.subscription(), target.hash())
}

/// The target's hash in the name of a blob that is named for a target.
#[must_use]
pub fn hash_in(blob: &str) -> Option<&str> {
    blob.rsplit('/').next()?.strip_suffix(".json")
}
