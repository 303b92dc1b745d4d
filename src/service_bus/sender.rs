//! Sends over Service Bus REST (ADR 0001). All or nothing a batch; a lost answer is sent again, which the ids make harmless.

use azure_core::http::headers::CONTENT_TYPE;
use azure_core::http::{Context, Method};
use url::Url;

use remediation::message::{Outgoing, Queue};
use remediation::time::Timestamp;

use crate::azure::{Deadline, FailureKind, is_of_the_request, may_pass, retry};
use crate::service_bus::batch;

use super::namespace::Namespace;

const BATCH: &str = "application/vnd.microsoft.servicebus.json";

/// Messages could not be sent before the deadline.
#[derive(Debug, thiserror::Error)]
#[error(
    "queue {queue} does not take messages; check ServiceBus__fullyQualifiedNamespace, the queue, and the role Azure Service Bus Data Sender of the app's identity"
)]
pub struct SendError {
    queue: &'static str,
    source: azure_core::Error,
    /// Whether it was a single message above the limit of a batch: Service Bus says 403 then, as it does for a missing role.
    oversized: bool,
}

impl SendError {
    /// Whether a message itself was refused, so that it is no use to send the same one again.
    #[must_use]
    pub fn is_about_the_message(&self) -> bool {
        is_of_the_request(&self.source) || self.oversized && is_forbidden(&self.source)
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
            let oversized = body.len() > batch::LIMIT;
            let passes = |error: &_| may_pass(error) && !(oversized && is_forbidden(error));
            retry(deadline, usize::MAX, passes, send).await.map_err(|source| SendError {
                queue: queue.name(),
                source,
                oversized,
            })?;
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

fn is_forbidden(error: &azure_core::Error) -> bool {
    FailureKind::of(error) == FailureKind::Status(403)
}
