//! What people have approved, read again and again, and believed for half a minute. What is new is told by each instance, with who wanted
//! it and why; what cannot be read approves nothing, and is told once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use remediation::control::KnownApprovals;
use remediation::document::{Approval, Versioned};
use remediation::time::{Timestamp, time_text};

use crate::azure::{Clocks, Deadline};

use super::approvals_store::ReadApprovals;
use super::state_error::StateError;
use super::store::Store;

/// What was read is read again after this.
const READ_AFTER: Duration = Duration::from_secs(10);

/// Knows what was read last.
#[derive(Debug, Default)]
pub struct ApprovalsReader {
    known: tokio::sync::Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    read: ReadApprovals,
    told: Option<KnownApprovals>,
}

impl ApprovalsReader {
    /// What is approved.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline: then nothing may be begun.
    pub async fn read(&self, store: &Store, clocks: &Clocks, deadline: Deadline) -> Result<KnownApprovals, StateError> {
        let mut known = self.known.lock().await;
        let asked = clocks.running();
        if let Some(told) = known.told.as_ref().filter(|told| asked < told.asked + READ_AFTER) {
            return Ok(told.clone());
        }
        let at = clocks.moment().stored_before;
        let mut read = store.approvals(&known.read.approvals, Some(at), deadline).await?;
        let known_plans = known.told.as_ref().map(|told| Arc::clone(&told.plans)).unwrap_or_default();
        let mut plans = BTreeMap::new();
        for Versioned { document, .. } in read.approvals.iter().filter(|found| found.document.stands(at)) {
            let Some(digest) = &document.plan else { continue };
            let plan = match known_plans.get(digest) {
                Some(plan) => Some(Arc::clone(plan)),
                None => store.plan(digest, deadline).await?.map(Arc::new),
            };
            match plan {
                Some(plan) => drop(plans.insert(digest.clone(), plan)),
                None => {
                    let why = format!("{} is missing, damaged or no plan", digest.blob());
                    read.unusable.push((Approval::blob(&document.id), why));
                }
            }
        }
        tell(&known.read, &read, at);
        let approvals = read.approvals.iter().map(|found| found.document.clone()).collect();
        let told = KnownApprovals { approvals: Arc::new(approvals), plans: Arc::new(plans), asked };
        (known.read, known.told) = (read, Some(told.clone()));
        Ok(told)
    }
}

fn tell(before: &ReadApprovals, after: &ReadApprovals, at: Timestamp) {
    for (blob, reason) in after.unusable.iter().filter(|unusable| !before.unusable.contains(unusable)) {
        error!(event = "approval_unusable", blob, reason, "this approval cannot be used, so it approves nothing");
    }
    for Versioned { document, .. } in &after.approvals {
        let known = before.approvals.iter().map(|known| &known.document).find(|known| known.id == document.id);
        let Approval { id, max, until, grants, by, reason, revoked, .. } = document;
        match revoked {
            None if known.is_none() && document.stands(at) => {
                let until = time_text(*until);
                info!(event = "approval_given", approval = %id, of = document.of(), max, until, grants, by, reason, "a person has approved this");
            }
            Some(revoked) if known.is_some_and(|known| known.revoked.is_none()) => {
                warn!(event = "approval_revoked", approval = %id, of = document.of(), by = revoked.by, reason = revoked.reason, "an approval was taken back: nothing more is begun by it; what runs is followed");
            }
            None | Some(_) => {}
        }
    }
}
