//! The breakers that stand in the documents of assignments: told when they open and close, and closed by a person.

use tracing::{error, info};

use remediation::control::fleet::close;
use remediation::document::{Breaker, ClosedBreaker, FleetDocument};
use remediation::time::{Timestamp, time_text};

use crate::azure::{Contest, Deadline};

use super::container::Saved;
use super::state_error::StateError;
use super::store::Store;

/// Tells which breakers a write has opened, or made wider.
pub(super) fn tell_opened(before: &FleetDocument, after: &FleetDocument) {
    for (reference, breaker) in &after.breakers {
        let Some(open) = &breaker.open else { continue };
        let was = before.breakers.get(reference).and_then(|breaker| breaker.open.as_ref());
        if was.is_some_and(|was| was.subscriptions == open.subscriptions) {
            continue;
        }
        let wheres: Vec<String> = open.subscriptions.iter().map(ToString::to_string).collect();
        let wheres = if wheres.is_empty() { "all".to_owned() } else { wheres.join(", ") };
        error!(
            event = "breaker_opened",
            assignment = after.assignment,
            reference,
            subscriptions = wheres,
            failed = open.failed,
            of = open.of,
            until = time_text(open.until),
            "most of what was tried of late failed for a cause of the policy, or is undone again: nothing more of it is begun; look at what is parked, mend the policy, then run policy-remediator parked retry --assignment"
        );
    }
}

/// Tells which breakers were closed.
pub(super) fn tell_closed(before: &FleetDocument, after: &FleetDocument) {
    for (reference, _) in before.breakers.iter().filter(|(_, breaker)| breaker.open.is_some()) {
        let now = after.breakers.get(reference);
        if now.is_some_and(|now| now.open.is_some()) {
            continue;
        }
        let by = now.and_then(|now| now.closed.as_ref()?.by.clone());
        let assignment = &after.assignment;
        info!(event = "breaker_closed", assignment, reference, by, "the policy is begun again, with its first step");
    }
}

impl Store {
    /// Closes the breakers of all assignments of this name; how many were open.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn close_breakers(
        &self,
        assignment: &str,
        by: Option<&str>,
        at: Timestamp,
        deadline: Deadline,
    ) -> Result<usize, StateError> {
        let mut contest = Contest::until(deadline);
        loop {
            let found = self.fleet(assignment, deadline).await?;
            let mut document = found.document;
            let is_open = |(reference, breaker): (&String, &Breaker)| breaker.open.is_some().then(|| reference.clone());
            let open: Vec<String> = document.breakers.iter().filter_map(is_open).collect();
            for reference in &open {
                close(&mut document, reference, Some(ClosedBreaker { at, by: by.map(str::to_owned) }));
            }
            if open.is_empty() {
                return Ok(0);
            }
            match self.save_fleet(&document, found.etag.as_ref(), deadline).await? {
                Saved::As(_) => return Ok(open.len()),
                Saved::Conflict if contest.goes_on().await => {}
                Saved::Conflict => {
                    return Err(StateError::Contended { blob: FleetDocument::blob(assignment) });
                }
            }
        }
    }
}
