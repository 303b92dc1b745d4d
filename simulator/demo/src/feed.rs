//! Hands events to Event Grid's two ways as they are taken in, the queue and the webhook, and no further ahead of the worker than it needs:
//! a file of any size is read as it is delivered.

use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;
use simulator::service_bus::{Broker, event_grid};
use tokio::sync::mpsc::Sender;

use super::demo::EVENTS;

/// Every so many-th event comes by the webhook.
const BY_WEBHOOK: usize = 4;
/// What no queue of the standard tier takes, with its properties; Event Grid itself takes events of 1 MB.
const TOO_LARGE: usize = 250 * 1024;
/// So many events are in the queue before it is the worker's turn.
const QUEUED_AHEAD: usize = 2_000;
/// So many are ready for the webhook, which takes some at a time.
pub(crate) const POSTED_AHEAD: usize = 500;
/// So many are handed to the queue at once.
const AT_ONCE: usize = 100;
/// How often a full queue is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Events in the order of their delivery, taken one by one.
pub struct Events {
    count: usize,
    rest: Box<dyn Iterator<Item = anyhow::Result<Value>> + Send>,
}

impl Events {
    /// So many events, or an error where there should be one.
    pub fn new(count: usize, rest: impl Iterator<Item = anyhow::Result<Value>> + Send + 'static) -> Self {
        Self { count, rest: Box::new(rest) }
    }

    /// How many there are.
    #[must_use]
    pub fn number(&self) -> usize {
        self.count
    }
}

impl Iterator for Events {
    type Item = anyhow::Result<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.next()
    }
}

impl Default for Events {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<Value>> for Events {
    fn from(events: Vec<Value>) -> Self {
        Self::new(events.len(), events.into_iter().map(Ok))
    }
}

/// Delivers all of them: to the queue, and some to the webhook.
///
/// # Errors
/// When they cannot be read any more, or are not as many as there should be: a file may have been written in between.
pub(crate) async fn feed(events: Events, broker: Broker, webhook: Sender<Value>) -> anyhow::Result<()> {
    let (promised, mut came) = (events.number(), 0);
    let mut queued = Vec::with_capacity(AT_ONCE);
    for (place, event) in events.enumerate() {
        let event = event?;
        came += 1;
        if place % BY_WEBHOOK == BY_WEBHOOK - 1 || event.to_string().len() > TOO_LARGE {
            webhook.send(event).await?;
        } else {
            queued.push(event);
        }
        if queued.len() == AT_ONCE {
            hand_over(&mut queued, &broker).await?;
        }
    }
    hand_over(&mut queued, &broker).await?;
    ensure!(came == promised, "the file was changed while it was replayed: it held {promised} events, and {came} now");
    Ok(())
}

/// Puts events into the queue when it has room for them.
async fn hand_over(queued: &mut Vec<Value>, broker: &Broker) -> anyhow::Result<()> {
    while broker.counts(EVENTS).active >= QUEUED_AHEAD {
        tokio::time::sleep(LOOK).await;
    }
    event_grid::deliver(broker, EVENTS, queued)??;
    queued.clear();
    tokio::task::yield_now().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use simulator::service_bus::Entity;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::mpsc;

    const ALL: usize = 20_000;

    #[tokio::test]
    async fn events_are_taken_no_further_ahead_than_the_worker_needs_and_all_come() {
        let broker = Broker::with_worker_queues();
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let events = (0..ALL).map(move |number| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(json!({ "id": number }))
        });
        let (webhook, mut posted) = mpsc::channel(POSTED_AHEAD);
        let feeding = tokio::spawn(feed(Events::new(ALL, events), broker.clone(), webhook));
        let (entity, mut done, mut by_webhook) = (Entity::queue(EVENTS), 0, 0);
        while done < ALL {
            let got = broker.receive(&entity, 100).unwrap();
            for one in &got {
                broker.complete(&entity, one.lock_token).unwrap();
            }
            done += got.len();
            while posted.try_recv().is_ok() {
                done += 1;
                by_webhook += 1;
            }
            let ahead = taken.load(Ordering::Relaxed).saturating_sub(done);
            assert!(ahead <= QUEUED_AHEAD + POSTED_AHEAD + 2 * AT_ONCE, "{ahead} are at hand");
            tokio::task::yield_now().await;
        }
        feeding.await.unwrap().unwrap();
        assert_eq!((done, by_webhook, taken.load(Ordering::Relaxed)), (ALL, ALL / BY_WEBHOOK, ALL));
    }

    #[tokio::test]
    async fn events_that_have_become_fewer_or_more_are_told_of() {
        for came in [0, 2, 4] {
            let events = Events::new(3, (0..came).map(|number| Ok(json!({ "id": number }))));
            let (webhook, _posted) = mpsc::channel(POSTED_AHEAD);
            let error = feed(events, Broker::with_worker_queues(), webhook).await.unwrap_err().to_string();
            assert!(error.ends_with(&format!("it held 3 events, and {came} now")), "{error}");
        }
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_any_more_ends_the_delivery_with_its_words() {
        let events = [Ok(json!({})), Err(anyhow::anyhow!("the disk is gone"))];
        let (webhook, _posted) = mpsc::channel(1);
        let error = feed(Events::new(2, events.into_iter()), Broker::with_worker_queues(), webhook).await.unwrap_err();
        assert_eq!(error.to_string(), "the disk is gone");
    }
}
