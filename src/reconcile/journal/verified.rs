//! Verified fixes share a line. An evaluation verifies many at once, and a line for each was a third of the whole log.

use remediation::decision_event::{DecisionEvent, ResourceEvent};
use remediation::id::Target;

use super::pass::LONGEST_BODY;
use crate::telemetry::about;

/// Fixes of a target that are verified, until their line is told.
pub(super) struct Verified<'a> {
    target: &'a Target,
    /// Resource ids, a line each: no name of a resource has a line's end in it.
    which: String,
    resources: usize,
    seconds: f64,
}

impl<'a> Verified<'a> {
    pub(super) fn of(target: &'a Target) -> Self {
        Self { target, which: String::new(), resources: 0, seconds: 0.0 }
    }

    /// Takes the event in, if it is a verified fix.
    pub(super) fn take(&mut self, event: &DecisionEvent<'_>) {
        let DecisionEvent::Resource { resource, what: ResourceEvent::Verified { seconds }, .. } = event else { return };
        let id = resource.to_string();
        if self.which.len() + id.len() > LONGEST_BODY {
            self.tell();
        }
        if !self.which.is_empty() {
            self.which.push('\n');
        }
        self.which.push_str(&id);
        self.resources += 1;
        self.seconds += seconds;
    }

    /// The line, if there is something to tell.
    pub(super) fn tell(&mut self) {
        let Self { target, which, resources, seconds } = std::mem::replace(self, Self::of(self.target));
        if resources > 0 {
            about!(
                info,
                target,
                event = "fixes_verified",
                resources,
                which,
                observed_to_verified_seconds = seconds,
                "fixes are verified"
            );
        }
    }
}
