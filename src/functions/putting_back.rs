//! Puts back, because a person says so, what was rejected or what Event Grid has dead-lettered. It goes the way that `recover` sends a
//! dead letter, so nothing comes of it that would not have come of the message.

use remediation::decide::{Errand, Outcome, Purpose};
use remediation::message::{Outgoing, Queue};

use crate::app::App;
use crate::azure::{Deadline, error_chain, now};
use crate::blob::StateError;
use crate::service_bus::SendError;

use super::dead_letter::Fate;
use super::errand::{Left, carry_out};
use super::events::{self, Next};

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBack {
    /// So many messages were sent.
    Sent(usize),
    /// Its target was woken.
    Woken,
    /// It needs nothing any more.
    Nothing,
    /// It cannot be handled now either: so many messages were sent of it all the same, and why no more.
    Refused(usize, String),
}

/// Why something could not be put back: nothing is lost, and it can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum PutBackError {
    /// Storage does not serve.
    #[error("the state cannot be kept")]
    State(#[from] StateError),
    /// Service Bus does not serve.
    #[error("it cannot be sent")]
    Send(#[from] SendError),
}

/// Puts the payload back onto its queue; an event's, which has none, by way of the parser.
///
/// # Errors
/// When storage or Service Bus does not serve until the deadline.
pub async fn put_back(
    app: &App,
    queue: Option<Queue>,
    payload: &[u8],
    deadline: Deadline,
) -> Result<PutBack, PutBackError> {
    let queue = queue.unwrap_or(Queue::PolicyEvents);
    let (tolerance, latest) = (app.settings.tuning.clock_tolerance, app.reconciler.clocks.moment().latest());
    match Fate::of(queue, payload, 0, tolerance, latest) {
        Fate::Reject(why) => Ok(PutBack::Refused(0, why)),
        Fate::Return(sighting) => {
            let message = Outgoing::sighting(&sighting);
            app.reconciler.sender.send(queue, &[message], now(), deadline).await?;
            Ok(PutBack::Sent(1))
        }
        Fate::Run(run) => {
            app.reconciler.sender.send(queue, &[Outgoing::batch_run(&run)], now(), deadline).await?;
            Ok(PutBack::Sent(1))
        }
        // A run that was cut off is found by its document.
        Fate::Continue(_) => Ok(PutBack::Nothing),
        Fate::Wake(wake_up) => {
            let mut errand = Errand::new(Purpose::Wake);
            let left = carry_out(app, &wake_up.target, &mut errand, deadline).await?;
            let Left::Send(message) = left else { return Ok(PutBack::Nothing) };
            app.reconciler.sender.send(Queue::WakeUps, &[message], now(), deadline).await?;
            Ok(if *errand.outcome() == Outcome::Woken { PutBack::Woken } else { PutBack::Nothing })
        }
        Fate::TakeIn(taken) => {
            let (mut messages, mut refused) = (Vec::new(), Vec::new());
            for next in taken.into_iter().filter_map(events::next) {
                match next {
                    Next::Send(message) => messages.push(message),
                    Next::Reject { reason, .. } => refused.push(error_chain(&reason)),
                }
            }
            app.reconciler.sender.send(Queue::NoncompliantResources, &messages, now(), deadline).await?;
            Ok(match (messages.len(), refused.first()) {
                (sent, Some(why)) => PutBack::Refused(sent, format!("{why} ({} such events)", refused.len())),
                (0, None) => PutBack::Nothing,
                (sent, None) => PutBack::Sent(sent),
            })
        }
    }
}
