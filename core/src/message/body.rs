//! What is said on the queues: *this was seen*, and *look at this target now*. Never what to do.
//! Messages carry a version; one that cannot be read is rejected with its reason, never guessed at.

use serde::{Deserialize, Serialize};

use crate::id::{AssignmentId, ReferenceId, ResourceId, Target};
use crate::time::{Timestamp, deserialize_time};

const VERSION: u32 = 1;
/// The origin of what an event saw.
const OF_EVENT: &str = "event";

/// What an evaluation saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// The resource does not comply.
    NonCompliant,
    /// The resource complies (again).
    Compliant,
}

impl Finding {
    /// The word that stands in messages and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NonCompliant => "nonCompliant",
            Self::Compliant => "compliant",
        }
    }
}

/// A message of `noncompliant-resources`: what was seen of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    version: u32,
    /// What was seen.
    pub seen: Finding,
    /// The resource.
    pub resource_id: ResourceId,
    /// The assignment that was evaluated.
    pub policy_assignment_id: AssignmentId,
    /// The policy within the initiative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_definition_reference_id: Option<ReferenceId>,
    /// When it was evaluated.
    #[serde(serialize_with = "time::serde::rfc3339::serialize", deserialize_with = "deserialize_time")]
    pub observed_at: Timestamp,
    /// Where the message comes from: `event`, or the id of a batch run.
    pub origin: String,
    /// How often `recover` has sent it back from the dead-letter queue.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returns: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Observation {
    /// What an event saw.
    #[must_use]
    pub fn of_event(
        seen: Finding,
        resource: ResourceId,
        assignment: AssignmentId,
        reference: Option<ReferenceId>,
        at: Timestamp,
    ) -> Self {
        Self {
            version: VERSION,
            seen,
            resource_id: resource,
            policy_assignment_id: assignment,
            policy_definition_reference_id: reference,
            observed_at: at,
            origin: OF_EVENT.to_owned(),
            returns: 0,
        }
    }

    /// Whether an event tells it, and no batch run.
    #[must_use]
    pub fn is_of_event(&self) -> bool {
        self.origin == OF_EVENT
    }

    /// The same observation, marked as sent back from the dead-letter queue once more.
    #[must_use]
    pub fn returned(self) -> Self {
        Self { returns: self.returns.saturating_add(1), ..self }
    }

    /// The target whose document the observation belongs to.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::of(&self.resource_id, self.policy_assignment_id.clone(), self.policy_definition_reference_id.clone())
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// When it is not a message of a version that this worker knows.
    pub fn read(body: &str) -> Result<Self, Unreadable> {
        read(body)
    }
}

/// A message of `wake-ups`: look at this target now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WakeUp {
    version: u32,
    /// The target.
    pub target: Target,
    /// The generation of its document that the wake-up belongs to.
    pub generation: u64,
    /// Whether it was sent for the case that a pass under way would be cut off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_behind: bool,
}

impl WakeUp {
    /// The wake-up of this generation.
    #[must_use]
    pub fn new(target: Target, generation: u64) -> Self {
        Self { version: VERSION, target, generation, left_behind: false }
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// When it is not a message of a version that this worker knows.
    pub fn read(body: &str) -> Result<Self, Unreadable> {
        read(body)
    }
}

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of the expected shape.
    #[error("the message cannot be read: {0}")]
    Shape(String),
    /// Written by a newer worker.
    #[error("the message has version {0}, this worker knows up to {VERSION}; deploy the newer worker everywhere")]
    Version(u32),
}

fn read<T: for<'de> Deserialize<'de>>(body: &str) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let shape = |e: serde_json::Error| Unreadable::Shape(e.to_string());
    let head: Head = serde_json::from_str(body).map_err(shape)?;
    if head.version == 0 || head.version > VERSION {
        return Err(Unreadable::Version(head.version));
    }
    serde_json::from_str(body).map_err(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"version":1,"seen":"nonCompliant","resourceId":"/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/RG","policyAssignmentId":"/providers/Microsoft.Management/managementGroups/MG/providers/Microsoft.Authorization/policyAssignments/A","observedAt":"2021-03-27T18:37:42.4496956Z","origin":"event"}"#;

    #[test]
    fn a_message_survives_its_own_form() {
        let message = Observation::read(BODY).unwrap();
        assert_eq!(Observation::read(&serde_json::to_string(&message).unwrap()).unwrap(), message);
        let wake_up = WakeUp::new(message.target(), 7);
        assert_eq!(WakeUp::read(&serde_json::to_string(&wake_up).unwrap()).unwrap(), wake_up);
    }

    #[test]
    fn a_newer_or_broken_message_is_told_apart() {
        assert!(matches!(
            Observation::read(&BODY.replace("\"version\":1", "\"version\":2")),
            Err(Unreadable::Version(2))
        ));
        for broken in ["", "{}", "7", &BODY.replace("policyAssignments", "nothing"), &BODY.replace("2021-", "x")] {
            assert!(matches!(Observation::read(broken), Err(Unreadable::Shape(_))), "{broken}");
        }
    }

    #[test]
    fn an_observation_of_a_time_that_cannot_be_reckoned_with_cannot_be_read() {
        for time in
            ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00"]
        {
            let error = Observation::read(&BODY.replace("2021-03-27T18:37:42.4496956Z", time)).unwrap_err();
            assert!(error.to_string().contains("years 2000 to 2999"), "{time}: {error}");
        }
    }
}
