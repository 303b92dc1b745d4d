//! `receive-event`: an event becomes a message, or is acknowledged with a reason. A malformed one is rejected, never failed:
//! Event Grid would only repeat it.

use remediation::event::take;
use remediation::message::Queue;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::Failure;
use crate::host::Envelope;

use super::events::{Next, next};
use super::rejection::reject;

pub(super) const NAME: &str = "receive-event";

pub(super) async fn run(app: &App, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let (tolerance, now) = (app.settings.tuning.clock_tolerance, app.reconciler.clocks.moment().latest());
    let mut messages = Vec::new();
    for payload in envelope.events()? {
        match next(take(&payload, tolerance, now)) {
            Some(Next::Send(message)) => messages.push(message),
            Some(Next::Reject { reason, payload }) => {
                reject(app, NAME, error_chain(&reason), &payload, deadline).await?;
            }
            None => {}
        }
    }
    if !messages.is_empty() {
        app.reconciler.sender.send(Queue::NoncompliantResources, &messages, crate::azure::now(), deadline).await?;
    }
    Ok(())
}
