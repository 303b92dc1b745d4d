//! Sends the wake-ups of several targets. One that Service Bus refuses for what it is, as too large, must not hold the others.

use tracing::error;

use remediation::message::{Outgoing, Queue};

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::service_bus::SendError;

/// Sends all, together; each alone when they are refused together for what one of them is. One that is refused alone is told:
/// the document of its target says that it is to be woken, so `sweep` tries again.
///
/// # Errors
/// When the queue does not serve until the deadline.
pub(super) async fn send(app: &App, messages: Vec<Outgoing>, deadline: Deadline) -> Result<(), SendError> {
    let sender = &app.reconciler.sender;
    let now = crate::azure::now();
    if messages.is_empty() {
        return Ok(());
    }
    let refused = match sender.send(Queue::WakeUps, &messages, now, deadline).await {
        Err(error) if error.is_about_the_message() => error,
        other => return other,
    };
    for message in messages {
        if deadline.has_passed() {
            return Err(refused);
        }
        match sender.send(Queue::WakeUps, &[message], now, deadline).await {
            Err(error) if error.is_about_the_message() => told(&error),
            other => other?,
        }
    }
    Ok(())
}

/// Says that a target cannot be woken.
pub(super) fn told(error: &SendError) {
    error!(
        event = "wake_up_refused",
        reason = error_chain(error),
        "Service Bus refuses the wake-up itself; sweep tries again"
    );
}
