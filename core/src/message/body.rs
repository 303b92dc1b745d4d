//! What is said on the queues: *this was seen*, and *look at this target now*. Never what to do.
//! Messages carry a version; one that cannot be read is rejected with its reason, never guessed at.

use serde::{Deserialize, Serialize};

use crate::id::{AssignmentId, ReferenceId, ResourceId, Target};
use crate::time::{Timestamp, deserialize_time};

use super::batch_run::{BatchRun, RunId};
use super::run_options::RunOptions;
use super::unreadable::{OF_EVENT, Unreadable, shape};

const VERSION: u32 = 1;
/// The version of deletions, and of what batch runs ask of their tasks. A worker that does not know it must not take the message for another.
const OF_RUNS: u32 = 2;

/// What an evaluation saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// The resource does not comply.
    NonCompliant,
    /// The resource complies (again).
    Compliant,
    /// There is no policy state of the resource any more.
    Deleted,
}

impl Finding {
    /// The word that stands in messages and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NonCompliant => "nonCompliant",
            Self::Compliant => "compliant",
            Self::Deleted => "deleted",
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
    /// What the batch run asks of the task that it causes.
    #[serde(default, skip_serializing_if = "RunOptions::is_default")]
    pub options: RunOptions,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
pub(super) fn is_zero(count: &u32) -> bool {
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
            version: if seen == Finding::Deleted { OF_RUNS } else { VERSION },
            seen,
            resource_id: resource,
            policy_assignment_id: assignment,
            policy_definition_reference_id: reference,
            observed_at: at,
            origin: OF_EVENT.to_owned(),
            returns: 0,
            options: RunOptions::default(),
        }
    }

    /// What a batch run found non-compliant, as it was evaluated at that time, cut to seconds as the host cuts those of events.
    #[must_use]
    pub fn of_run(run: &BatchRun, resource: ResourceId, target: &Target, at: Timestamp) -> Self {
        let options = run.options.of_chosen();
        Self {
            version: if options.is_default() { VERSION } else { OF_RUNS },
            origin: run.run_id.to_string(),
            options,
            ..Self::of_event(
                Finding::NonCompliant,
                resource,
                target.policy_assignment_id.clone(),
                target.policy_definition_reference_id.clone(),
                at.replace_nanosecond(0).unwrap_or(at),
            )
        }
    }

    /// The run that tells it; none where an event does.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        if self.is_of_event() { None } else { self.origin.parse().ok() }
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
        read(body, OF_RUNS)
    }
}

/// A message of `noncompliant-resources` that hands over a whole target: so many resources of it do not comply. Which, its policy
/// states tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handover {
    version: u32,
    seen: OfScope,
    /// The target.
    pub target: Target,
    /// So many resources.
    pub count: u64,
    /// When that was asked.
    #[serde(serialize_with = "time::serde::rfc3339::serialize", deserialize_with = "deserialize_time")]
    pub observed_at: Timestamp,
    /// The id of the batch run.
    pub origin: RunId,
    /// How often `recover` has sent it back from the dead-letter queue.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returns: u32,
    /// What the batch run asks of the tasks that it causes.
    #[serde(default, skip_serializing_if = "RunOptions::is_default")]
    pub options: RunOptions,
}

/// The word that tells a handover from an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum OfScope {
    Scope,
}

impl Handover {
    /// The word that stands in messages and logs.
    pub const SEEN: &str = "scope";

    /// Hands over a target of which so many resources do not comply.
    #[must_use]
    pub fn new(run: &BatchRun, target: Target, count: u64, at: Timestamp) -> Self {
        Self {
            version: OF_RUNS,
            seen: OfScope::Scope,
            target,
            count,
            observed_at: at.replace_nanosecond(0).unwrap_or(at),
            origin: run.run_id.clone(),
            returns: 0,
            options: run.options.clone(),
        }
    }
}

/// A message of `noncompliant-resources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// What was seen of one resource.
    Resource(Observation),
    /// What was seen of a whole target.
    Scope(Handover),
}

impl Sighting {
    /// Reads a message's body.
    ///
    /// # Errors
    /// When it is not a message of a version that this worker knows.
    pub fn read(body: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            seen: serde_json::Value,
        }
        let head: Head = serde_json::from_str(body).map_err(shape)?;
        match head.seen == Handover::SEEN {
            true => read(body, OF_RUNS).map(Self::Scope),
            false => Observation::read(body).map(Self::Resource),
        }
    }

    /// The target whose document it belongs to.
    #[must_use]
    pub fn target(&self) -> Target {
        match self {
            Self::Resource(observation) => observation.target(),
            Self::Scope(handover) => handover.target.clone(),
        }
    }

    /// When that was seen.
    #[must_use]
    pub fn observed_at(&self) -> Timestamp {
        match self {
            Self::Resource(observation) => observation.observed_at,
            Self::Scope(handover) => handover.observed_at,
        }
    }

    /// How often `recover` has sent it back.
    #[must_use]
    pub fn returns(&self) -> u32 {
        match self {
            Self::Resource(observation) => observation.returns,
            Self::Scope(handover) => handover.returns,
        }
    }

    /// What it is about, for the log: a resource, or a scope.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Resource(observation) => observation.resource_id.as_str(),
            Self::Scope(handover) => handover.target.scope.as_str(),
        }
    }

    /// The same, marked as sent back from the dead-letter queue once more.
    #[must_use]
    pub fn returned(self) -> Self {
        match self {
            Self::Resource(observation) => Self::Resource(observation.returned()),
            Self::Scope(handover) => Self::Scope(Handover { returns: handover.returns.saturating_add(1), ..handover }),
        }
    }
}

impl From<Observation> for Sighting {
    fn from(observation: Observation) -> Self {
        Self::Resource(observation)
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
        read(body, VERSION)
    }
}

fn read<T: for<'de> Deserialize<'de>>(body: &str, known: u32) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_str(body).map_err(shape)?;
    if head.version == 0 || head.version > known {
        return Err(Unreadable::Version { found: head.version, known });
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
            Sighting::read(&BODY.replace("\"version\":1", "\"version\":3")),
            Err(Unreadable::Version { found: 3, known: 2 })
        ));
        for broken in ["", "{}", "7", &BODY.replace("policyAssignments", "nothing"), &BODY.replace("2021-", "x")] {
            assert!(matches!(Observation::read(broken), Err(Unreadable::Shape(_))), "{broken}");
        }
    }

    #[test]
    fn what_a_run_tells_survives_its_own_form_and_only_what_it_asks_for_needs_a_newer_reader() {
        let scope = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322".parse().unwrap();
        let event = Observation::read(BODY).unwrap();
        let at = event.observed_at;
        let mut run = BatchRun::over("Run-1".parse().unwrap(), vec![scope]);
        let found = Observation::of_run(&run, event.resource_id.clone(), &event.target(), at);
        assert_eq!((found.version, found.observed_at.nanosecond(), found.run()), (1, 0, Some(run.run_id.clone())));
        run.options.resource_count = Some(5);
        assert_eq!(Observation::of_run(&run, event.resource_id.clone(), &event.target(), at).version, 1, "chosen");
        run.options.parallel_deployments = Some(3);
        let found = Observation::of_run(&run, event.resource_id.clone(), &event.target(), at);
        assert_eq!((found.version, found.options.resource_count), (2, None));
        let handover = Handover::new(&run, event.target(), 4_711, at);
        for sighting in [Sighting::Resource(event), Sighting::Resource(found), Sighting::Scope(handover)] {
            let body = match &sighting {
                Sighting::Resource(observation) => serde_json::to_string(observation),
                Sighting::Scope(handover) => serde_json::to_string(handover),
            };
            assert_eq!(Sighting::read(&body.unwrap()).unwrap(), sighting);
            assert_eq!(sighting.clone().returned().returns(), 1);
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
