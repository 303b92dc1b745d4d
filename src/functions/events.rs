//! What both receivers of events do with what they took: a message for the queue, a line of the log, or a rejection.

use tracing::info;

use remediation::event::{Refusal, Taken};
use remediation::message::Outgoing;

use crate::telemetry::about;

/// What is left to do for an event.
pub(super) enum Next {
    /// It is sent to `noncompliant-resources`.
    Send(Outgoing),
    /// It is rejected.
    Reject { reason: Refusal, payload: String },
}

/// What is left to do; nothing for an event that needs nothing, which is told.
pub(super) fn next(taken: Taken) -> Option<Next> {
    match taken {
        Taken::Queued { observation, event_id } => {
            let message = Outgoing::observation(&observation);
            about!(debug, &observation.target(), event = "event_queued", seen = observation.seen.as_str(), event_id, message_id = %message.id, resource = %observation.resource_id, "the event is queued");
            Some(Next::Send(message))
        }
        Taken::Ignored { reason, event_id, resource } => {
            info!(event = "event_ignored", reason, event_id, %resource, "the event needs nothing");
            None
        }
        Taken::Foreign(event_type) => {
            info!(event = "event_ignored", reason = "foreign_type", event_type, "an event of another type");
            None
        }
        Taken::Refused { reason, payload } => Some(Next::Reject { reason, payload }),
    }
}
