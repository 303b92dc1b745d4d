//! A message on its way out: its queue, its body, and the id by which the broker drops a second copy.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::id::{ReferenceId, hex};
use crate::time::Timestamp;

use super::batch_run::{BatchRun, Continuation};
use super::body::{Handover, Observation, Sighting, WakeUp};
use super::nonce::Nonce;

/// The worker's own queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What Event Grid delivers. The worker only reads it.
    PolicyEvents,
    /// What was seen of a resource.
    NoncompliantResources,
    /// Targets to look at.
    WakeUps,
    /// Batch runs.
    BatchRuns,
}

impl Queue {
    /// All of them, in the order in which `recover` empties their dead-letter queues: what was seen first, it is known nowhere
    /// else; a target without its wake-up is found by `sweep`, too.
    pub const ALL: [Self; 4] = [Self::PolicyEvents, Self::NoncompliantResources, Self::WakeUps, Self::BatchRuns];

    /// The queue's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PolicyEvents => "policy-events",
            Self::NoncompliantResources => "noncompliant-resources",
            Self::WakeUps => "wake-ups",
            Self::BatchRuns => "batch-runs",
        }
    }
}

/// A `MessageId`: the same for the same message, so that sending it twice is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageId(String);

impl MessageId {
    fn of(parts: &[&str]) -> Self {
        let digest = Sha256::digest(parts.join("\n"));
        Self(hex(&digest[..16]))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub id: MessageId,
    /// Its body.
    pub body: String,
    /// When it is to become visible; at once when none or past.
    pub at: Option<Timestamp>,
}

impl Outgoing {
    /// An observation. Its id is a hash of target, resource, time, kind, origin and returns: one that is sent back from the
    /// dead-letter queue is no duplicate of itself.
    #[must_use]
    pub fn observation(observation: &Observation) -> Self {
        let reference = observation.policy_definition_reference_id.as_ref().map_or("", ReferenceId::as_str);
        let id = MessageId::of(&[
            observation.policy_assignment_id.as_str(),
            reference,
            observation.resource_id.as_str(),
            &observation.observed_at.unix_timestamp_nanos().to_string(),
            observation.seen.as_str(),
            &observation.origin,
            &observation.returns.to_string(),
        ]);
        Self { id, body: body(observation), at: None }
    }

    /// A handover of a target. Its id is a hash of target, run, count and returns: when it was counted makes no difference.
    #[must_use]
    pub fn handover(handover: &Handover) -> Self {
        let Handover { target, count, origin, returns, .. } = handover;
        let hash = target.hash();
        let parts = [Handover::SEEN, hash.as_str(), origin.as_str(), &count.to_string(), &returns.to_string()];
        Self { id: MessageId::of(&parts), body: body(handover), at: None }
    }

    /// What was seen, whatever it is.
    #[must_use]
    pub fn sighting(sighting: &Sighting) -> Self {
        match sighting {
            Sighting::Resource(observation) => Self::observation(observation),
            Sighting::Scope(handover) => Self::handover(handover),
        }
    }

    /// A batch run. Its id is a hash of all of it: sent twice, it is one, and another of the same name is told from it.
    #[must_use]
    pub fn batch_run(run: &BatchRun) -> Self {
        let body = body(run);
        Self { id: MessageId::of(&["run", &body]), body, at: None }
    }

    /// The message by which a run goes on at a time. Its id is a hash of name, generation and time: where generations count from an earlier
    /// one again, since a document was restored, the broker does not know the id.
    #[must_use]
    pub fn continuation(continuation: &Continuation, at: Timestamp) -> Self {
        let (generation, time) = (continuation.continues.to_string(), at.unix_timestamp_nanos().to_string());
        let id = MessageId::of(&["continue", continuation.run_id.as_str(), &generation, &time]);
        Self { id, body: body(continuation), at: Some(at) }
    }

    /// A wake-up. Its id is a hash of target, generation and the generation's nonce: of one generation the broker keeps one.
    /// Only a document that nobody of ours has written has no nonce.
    #[must_use]
    pub fn wake_up(wake_up: &WakeUp, nonce: Option<&Nonce>, at: Timestamp) -> Self {
        let (target, generation) = (wake_up.target.hash(), wake_up.generation.to_string());
        let id = MessageId::of(&["wake-up", target.as_str(), &generation, nonce.map_or("", Nonce::as_str)]);
        Self { id, body: body(wake_up), at: Some(at) }
    }

    /// The wake-up once more, at a later time, in place of the messages with these ids. Its own id follows from all of them: whoever
    /// handles the same messages twice sends it on once, and a message that comes together with the one that it was sent on as does
    /// not make that one again. Messages of which no id is known are told apart by the time.
    #[must_use]
    pub fn wake_up_again<'a>(wake_up: &WakeUp, in_place_of: impl Iterator<Item = &'a str>, at: Timestamp) -> Self {
        let (time, ids) = (at.unix_timestamp_nanos().to_string(), in_place_of.collect::<BTreeSet<_>>());
        let (target, generation) = (wake_up.target.hash(), wake_up.generation.to_string());
        let mut parts = vec!["again", target.as_str(), &generation];
        parts.extend(ids.iter().map(|id| if id.is_empty() { time.as_str() } else { *id }));
        Self { id: MessageId::of(&parts), body: body(wake_up), at: Some(at) }
    }
}

fn body(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).expect("messages are plain values")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, target};

    #[test]
    fn a_message_that_comes_with_the_one_that_it_was_sent_on_as_is_sent_on_under_an_id_that_is_new() {
        let wake_up = WakeUp::new(target(), 7);
        let again = |ids: &[&str]| Outgoing::wake_up_again(&wake_up, ids.iter().copied(), now()).id.to_string();
        let next = again(&["first"]);
        assert_eq!(again(&["first"]), next, "handled twice it is one");
        let both = again(&["first", &next]);
        assert_eq!(again(&[&next, "first"]), both, "whatever their order");
        assert!(both != next && both != again(&[&next]), "the broker knows those");
    }
}
