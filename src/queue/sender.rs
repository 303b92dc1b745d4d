//! Sends over Service Bus REST (ADR 0001). All or nothing a batch; a lost answer is sent again, which the ids make harmless.

use azure_core::http::headers::CONTENT_TYPE;
use azure_core::http::{Context, Method};
use url::Url;

use super::batch;
use super::namespace::Namespace;
use super::outgoing::{Outgoing, Queue};
use crate::event::Timestamp;
use crate::transport::{Deadline, Trouble, passes_or_is_throttled, repeat};

const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// Messages could not be sent before the deadline.
#[derive(Debug, thiserror::Error)]
#[error(
    "queue {queue} does not take messages; check ServiceBus__fullyQualifiedNamespace, the queue, and the role Azure Service Bus Data Sender of the app's identity"
)]
pub struct SendError {
    queue: &'static str,
    source: azure_core::Error,
}

impl SendError {
    /// Whether the service will never take these messages, however often they are sent: they are wrong, or too large.
    #[must_use]
    pub fn is_of_the_message(&self) -> bool {
        matches!(Trouble::of(&self.source), Trouble::Status(400 | 413))
    }
}

/// Sends messages to the queues of one namespace.
pub struct Sender {
    namespace: Namespace,
}

impl Sender {
    /// A sender for this namespace.
    #[must_use]
    pub fn new(namespace: Namespace) -> Self {
        Self { namespace }
    }

    /// Stores all messages in the queue, trying again until the deadline.
    ///
    /// # Errors
    /// When the queue did not take them all. Those of earlier batches are stored; sending all again is harmless.
    pub async fn send(
        &self,
        queue: Queue,
        messages: &[Outgoing],
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<(), SendError> {
        let url = self.namespace.at(&[queue.name(), "messages"]);
        for body in batch::pack(messages, now) {
            let send = || self.send_batch(&url, &body);
            repeat(deadline, usize::MAX, passes_or_is_throttled, send)
                .await
                .map_err(|source| SendError { queue: queue.name(), source })?;
        }
        Ok(())
    }

    async fn send_batch(&self, url: &Url, body: &str) -> azure_core::Result<()> {
        let mut request = Namespace::request(url.clone(), Method::Post);
        request.insert_header(CONTENT_TYPE, BATCH);
        request.set_body(body.as_bytes().to_vec());
        self.namespace.pipeline.send(&Context::new(), &mut request, None).await.map(drop)
    }
}
