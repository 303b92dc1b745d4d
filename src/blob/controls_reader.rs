//! What people have paused, read again and again: an instance believes what it read for a few seconds, and sends nothing by what is older
//! than half a minute. What is new is told by each instance, with who wanted it and why.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{error, info, warn};

use remediation::control::{Controls, KnownControls};
use remediation::document::{ControlsDocument, EndedPause, Pause};
use remediation::time::{Timestamp, time_text};

use crate::azure::{Clocks, Deadline};

use super::state_error::StateError;
use super::store::Store;

/// What was read is read again after this: so it is young when something is sent.
const READ_AFTER: Duration = Duration::from_secs(10);

/// An instance that reads for the first time tells of pauses that were ended since then.
const OF_LATE: Duration = Duration::from_secs(3_600);

/// Knows what was read last.
#[derive(Debug, Default)]
pub struct ControlsReader {
    known: Mutex<Option<KnownControls>>,
}

impl ControlsReader {
    /// What is paused.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline: then nothing may be begun.
    pub async fn read(&self, store: &Store, clocks: &Clocks, deadline: Deadline) -> Result<KnownControls, StateError> {
        let asked = clocks.running();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| asked < known.asked + READ_AFTER) {
            return Ok(known);
        }
        let controls = match store.controls(deadline).await {
            Ok(Some(found)) => Controls::Read(found.document),
            Ok(None) => Controls::Unusable("controls.json is missing".to_owned()),
            Err(error) if error.is_about_the_document() => Controls::Unusable(crate::azure::error_chain(&error)),
            Err(error) => return Err(error),
        };
        let read = KnownControls { controls: Arc::new(controls), asked };
        let before = self.known.lock().unwrap_or_else(PoisonError::into_inner).replace(read.clone());
        let at = clocks.moment().stored_before;
        tell(before.as_ref().map(|known| known.controls.as_ref()), &read.controls, at);
        Ok(read)
    }
}

fn tell(before: Option<&Controls>, after: &Controls, at: Timestamp) {
    if before == Some(after) {
        return;
    }
    let document = match after {
        Controls::Read(document) => document,
        Controls::Unusable(reason) => {
            error!(
                event = "controls_unusable",
                reason,
                "nobody can tell what is paused, so everything is: look at controls.json in the container state, then run policy-remediator resume"
            );
            return;
        }
    };
    let before = match before {
        Some(Controls::Read(before)) => before.clone(),
        Some(Controls::Unusable(_)) => ControlsDocument::default(),
        // Another instance may have had no occasion to read, and to tell, what was ended of late.
        None => {
            let mut known = document.clone();
            known.pauses.clear();
            known.ended.retain(|ended| ended.at + OF_LATE <= at);
            known
        }
    };
    let (begun, ended) = document.news(&before);
    for Pause { of, reason, by, until, cancel_tasks, .. } in begun {
        let until = until.map(time_text).unwrap_or_default();
        warn!(event = "pause_begun", of = %of, reason, by, until, cancel_tasks, "a person has paused this: nothing of it is begun; what runs is followed");
    }
    for EndedPause { of, by, reason, at } in ended {
        let at = time_text(at);
        info!(event = "pause_ended", of = %of, by, reason, at, "a pause is ended; what it held goes on");
    }
}
