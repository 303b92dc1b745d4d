//! `receive-event`: an event becomes a message, or is acknowledged with a reason. A malformed one is rejected, never failed:
//! Event Grid would only repeat it.

use serde_json::Value;
use tracing::info;

use remediation::event;
use remediation::event::{Parsed, PolicyEvent, Relevance};
use remediation::message::{Finding, Observation, Outgoing, Queue};

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::Failure;
use crate::host::Envelope;
use crate::telemetry::about;

use super::rejection::reject;

pub(super) const NAME: &str = "receive-event";

pub(super) async fn run(app: &App, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let mut messages = Vec::new();
    for payload in envelope.events()? {
        match event::read(&payload) {
            Ok(Parsed::Policy(event)) => match refused(app, &event) {
                Some(reason) => reject(app, NAME, reason, &text(&payload), deadline).await?,
                None => messages.extend(message(*event)),
            },
            Ok(Parsed::Foreign(event_type)) => {
                info!(event = "event_ignored", reason = "foreign_type", event_type, "an event of another type")
            }
            Err(malformed) => reject(app, NAME, error_chain(&malformed), &text(&payload), deadline).await?,
        }
    }
    if !messages.is_empty() {
        app.reconciler.sender.send(Queue::NoncompliantResources, &messages, crate::azure::now(), deadline).await?;
    }
    Ok(())
}

/// Why an event that would count is not believed.
fn refused(app: &App, event: &PolicyEvent) -> Option<String> {
    let counts = !matches!(event.relevance(), Relevance::Ignored(_));
    let tolerance = app.settings.tuning.clock_tolerance;
    event::from_the_future(event.observed_at, tolerance, app.reconciler.clocks.moment().latest()).filter(|_| counts)
}

fn message(event: PolicyEvent) -> Option<Outgoing> {
    let resource = event.resource.to_string();
    let seen = match event.relevance() {
        Relevance::NonCompliant => Finding::NonCompliant,
        Relevance::Compliant => Finding::Compliant,
        Relevance::Ignored(reason) => {
            info!(event = "event_ignored", reason, event_id = event.id, resource, "the event needs nothing");
            return None;
        }
    };
    let observation = Observation::of_event(seen, event.resource, event.assignment, event.reference, event.observed_at);
    let message = Outgoing::observation(&observation);
    about!(debug, &observation.target(), event = "event_queued", seen = seen.as_str(), event_id = event.id, message_id = %message.id, resource, "the event is queued");
    Some(message)
}

fn text(payload: &Value) -> String {
    payload.as_str().map_or_else(|| payload.to_string(), str::to_owned)
}
