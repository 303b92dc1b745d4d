//! `receive-queued-events`: events that Event Grid has delivered to a queue with its own identity. The same as `receive-event`, in
//! batches: what they become is sent in one go, and then the messages are acknowledged. After a crash in between they come again,
//! and the broker knows the ids of what was sent.

use std::sync::Arc;

use remediation::event::take_message;
use remediation::message::Queue;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::Failure;
use crate::host::{Envelope, Item};

use super::events::{Next, next};
use super::failed::Failed;
use super::isolate::each_or_rejected;
use super::rejection::{Refused, reject_all};

pub(super) const NAME: &str = "receive-queued-events";

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let handle = |items| receive(Arc::clone(&app), items, deadline);
    each_or_rejected(&app, NAME, envelope, deadline, handle).await
}

async fn receive(app: Arc<App>, items: Vec<Item>, deadline: Deadline) -> Vec<Failed> {
    let (tolerance, now) = (app.settings.tuning.clock_tolerance, app.reconciler.clocks.moment().latest());
    let (mut messages, mut of, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let before = messages.len();
        for taken in take_message(&item.body, tolerance, now) {
            match next(taken) {
                Some(Next::Send(message)) => messages.push(message),
                Some(Next::Reject { reason, payload }) => {
                    refused.push(Refused::part(item.clone(), error_chain(&reason), payload));
                }
                None => {}
            }
        }
        if messages.len() > before {
            of.push(item);
        }
    }
    let mut failed = reject_all(&app, NAME, refused, deadline).await;
    if !messages.is_empty() {
        let sender = &app.reconciler.sender;
        let sent = sender.send(Queue::NoncompliantResources, &messages, crate::azure::now(), deadline).await;
        failed.extend(sent.err().map(|error| Failed { failure: error.into(), items: of }));
    }
    failed
}
