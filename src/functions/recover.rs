//! `recover`: what the broker gave up on is sent back once; when it comes here again, it is rejected.

use tracing::warn;

use super::Failure;
use super::rejection::reject;
use crate::app::App;
use crate::event::Timestamp;
use crate::host::Envelope;
use crate::queue::{Observation, Outgoing, Queue};
use crate::transport::Deadline;

pub(super) const NAME: &str = "recover";

pub(super) async fn run(app: &App, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let mut again = Vec::new();
    for item in envelope.items()? {
        match Observation::read(&item.body) {
            Ok(observation) if observation.returned == 0 => {
                warn!(event = "message_returned", resource = %observation.resource_id, message_id = item.message_id, "a dead-lettered message is sent back once");
                again.push(Outgoing::observation(&observation.returned_once()));
            }
            Ok(_) => {
                reject(app, NAME, "dead-lettered again after it was sent back once".to_owned(), &item.body, deadline)
                    .await?
            }
            Err(unreadable) => reject(app, NAME, unreadable.to_string(), &item.body, deadline).await?,
        }
    }
    if !again.is_empty() {
        app.reconciler.sender.send(Queue::NoncompliantResources, &again, Timestamp::now_utc(), deadline).await?;
    }
    Ok(())
}
