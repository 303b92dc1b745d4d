//! The records of stopped targets in the store. They are listed seldom: a pass over a target that is well must cost nothing more.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use remediation::document::{StoppedTarget, hash_in, metadata_value};
use remediation::id::Target;
use remediation::time::{Timestamp, parse_time};

use crate::azure::Deadline;

use super::container::Replaces;
use super::state_error::StateError;
use super::stopped::Stopped;
use super::store::Store;

const UNTIL: &str = "until";

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
        let until = |metadata: &HashMap<String, String>| metadata_value(metadata, UNTIL).and_then(parse_time);
        let stopped = listed
            .into_iter()
            .filter_map(|blob| Some((hash_in(&blob.name)?.to_owned(), until(&blob.metadata)?)))
            .collect();
        let stopped = Arc::new(Stopped::of(stopped));
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

    /// The records of all targets that are stopped, also of those whose time is over. One that cannot be used is left out, as the
    /// worker does.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn stopped_targets(&self, deadline: Deadline) -> Result<Vec<StoppedTarget>, StateError> {
        let mut records = Vec::new();
        for blob in self.state.list("stopped/", deadline).await? {
            match self.state.read::<StoppedTarget>(&blob.name, deadline).await {
                Ok(found) => records.extend(found.map(|found| found.document)),
                Err(error) if error.is_about_the_document() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    /// Lets a target that was stopped be tried again.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn start_again(&self, target: &Target, deadline: Deadline) -> Result<(), StateError> {
        self.state.delete(&blob(target), deadline).await?;
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
