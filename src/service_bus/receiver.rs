//! Takes messages out of dead-letter queues over Service Bus REST, one at a time, each under a lock. The lock is settled at the
//! address that the service gave with the message: it is never built here, and nothing is sent to it outside the namespace.
//! Source: Microsoft documentation, "Peek-Lock Message (Non-Destructive Read)", "Delete Message" and "Unlock Message".

use std::time::Duration;

use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Context, Method, StatusCode};
use serde::Deserialize;
use url::Url;

use remediation::message::Queue;

use crate::azure::{Deadline, FailureKind, header, retry};

use super::namespace::Namespace;

/// Tries of a call, and the time for all of them: the lock lasts five minutes.
const TRIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(10);

const LOCATION: HeaderName = HeaderName::from_static("location");
const BROKER_PROPERTIES: HeaderName = HeaderName::from_static("brokerproperties");
const REASON: HeaderName = HeaderName::from_static("deadletterreason");

/// Why a dead-letter queue does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Out of reach, or it refuses.
    #[error(
        "the dead-letter queue of {queue} cannot be {verb}; check ServiceBus__fullyQualifiedNamespace, the queue, and the role Azure Service Bus Data Receiver of the app's identity"
    )]
    Refused {
        /// The queue.
        queue: &'static str,
        /// What was tried.
        verb: &'static str,
        /// What the client says.
        source: Box<azure_core::Error>,
    },
    /// The address of the lock is not there, or leads elsewhere.
    #[error(
        "the dead-letter queue of {queue} gave a lock whose address is not in the namespace of ServiceBus__fullyQualifiedNamespace (host {host:?}); the message is left alone"
    )]
    Elsewhere {
        /// The queue.
        queue: &'static str,
        /// The host of the address.
        host: String,
    },
}

/// A message of a dead-letter queue, locked for this receiver.
#[derive(Debug)]
pub struct DeadLetter {
    /// The body, whatever it is.
    pub body: Vec<u8>,
    /// Its id; empty when the service does not tell.
    pub message_id: String,
    /// How often it was delivered.
    pub deliveries: u64,
    /// Why the broker gave it up; empty when the service does not tell.
    pub reason: String,
    lock: Url,
}

/// What the broker says of a message; only what is used here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct BrokerProperties {
    message_id: String,
    delivery_count: u64,
}

/// Receives from the dead-letter queues of one namespace.
pub struct Receiver {
    namespace: Namespace,
}

impl Receiver {
    /// A receiver for this namespace.
    #[must_use]
    pub fn new(namespace: Namespace) -> Self {
        Self { namespace }
    }

    /// Locks the next message of the queue's dead-letter queue; none when none comes within `wait`, in whole seconds.
    ///
    /// # Errors
    /// When the queue cannot be read, or the lock could not be settled. A message whose answer was lost comes again when its
    /// lock is over.
    pub async fn next(
        &self,
        queue: Queue,
        wait: Duration,
        deadline: Deadline,
    ) -> Result<Option<DeadLetter>, ReceiveError> {
        let mut url = self.namespace.at(&[queue.name(), "$deadletterqueue", "messages", "head"]);
        url.set_query(Some(&format!("timeout={}", wait.as_secs())));
        let receive = || async {
            let mut request = Namespace::request(url.clone(), Method::Post);
            request.insert_header("content-length", "0");
            let answer = self.namespace.pipeline.send(&Context::new(), &mut request, None).await?;
            let (status, headers, body) = answer.deconstruct();
            Ok((status, headers, body))
        };
        let (status, headers, body) = retry(deadline.within(PATIENCE), TRIES, is_transient, receive)
            .await
            .map_err(|source| refused(queue, "read", source))?;
        if status == StatusCode::NoContent {
            return Ok(None);
        }
        let text = |name: &HeaderName| header(&headers, name).unwrap_or_default();
        let lock = self.lock(queue, text(&LOCATION))?;
        let properties: BrokerProperties = serde_json::from_str(text(&BROKER_PROPERTIES)).unwrap_or_default();
        Ok(Some(DeadLetter {
            body: body.to_vec(),
            message_id: properties.message_id,
            deliveries: properties.delivery_count,
            reason: unquoted(&headers, &REASON),
            lock,
        }))
    }

    /// Deletes the message. False when its lock was lost: then it comes again, or another has deleted it.
    ///
    /// # Errors
    /// When that was not possible; then it comes again.
    pub async fn delete(&self, queue: Queue, letter: &DeadLetter, deadline: Deadline) -> Result<bool, ReceiveError> {
        let delete = || async {
            let mut request = Namespace::request(letter.lock.clone(), Method::Delete);
            self.namespace.pipeline.send(&Context::new(), &mut request, None).await.map(drop)
        };
        match retry(deadline.within(PATIENCE), TRIES, is_transient, delete).await {
            Ok(()) => Ok(true),
            Err(error) if matches!(FailureKind::of(&error), FailureKind::Status(404 | 410)) => Ok(false),
            Err(source) => Err(refused(queue, "emptied", source)),
        }
    }

    /// Gives the message back at once, for whoever only looks whether there is one.
    ///
    /// # Errors
    /// When that was not possible; then it comes again when its lock is over.
    pub async fn give_back(&self, queue: Queue, letter: &DeadLetter, deadline: Deadline) -> Result<(), ReceiveError> {
        let unlock = || async {
            let mut request = Namespace::request(letter.lock.clone(), Method::Put);
            request.insert_header("content-length", "0");
            self.namespace.pipeline.send(&Context::new(), &mut request, None).await.map(drop)
        };
        let unlocked = retry(deadline.within(PATIENCE), TRIES, is_transient, unlock).await;
        unlocked.map_err(|source| refused(queue, "given back to", source))
    }

    fn lock(&self, queue: Queue, location: &str) -> Result<Url, ReceiveError> {
        let own = self.namespace.own(location).filter(|_| !location.is_empty());
        own.ok_or_else(|| {
            let host = Url::parse(location).ok().and_then(|url| url.host_str().map(str::to_owned));
            ReceiveError::Elsewhere { queue: queue.name(), host: host.unwrap_or_default() }
        })
    }
}

/// Whether another try is worth its time. What lasts is for the next run: nothing is lost meanwhile.
fn is_transient(error: &azure_core::Error) -> bool {
    let trouble = FailureKind::of(error);
    trouble.is_transient() || trouble == FailureKind::Status(429)
}

fn refused(queue: Queue, verb: &'static str, source: azure_core::Error) -> ReceiveError {
    ReceiveError::Refused { queue: queue.name(), verb, source: Box::new(source) }
}

/// Properties of a message travel as headers, texts in quotes.
fn unquoted(headers: &Headers, name: &HeaderName) -> String {
    header(headers, name).unwrap_or_default().trim().trim_matches('"').to_owned()
}
