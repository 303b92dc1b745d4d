//! What is known of one resource under one policy at the start, and the script of what remediation does to it.

use super::casing::lower;
use super::{ArmId, Failure, Nature, instant_text, parse_instant};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

/// Compliance of one resource with one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComplianceState {
    /// It is as the policy wants it.
    Compliant,
    /// It is not.
    NonCompliant,
    /// Somebody exempted it.
    Exempt,
    /// Not evaluated yet, or it cannot be told.
    Unknown,
}

impl ComplianceState {
    /// The state's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ComplianceState::Compliant => "Compliant",
            ComplianceState::NonCompliant => "NonCompliant",
            ComplianceState::Exempt => "Exempt",
            ComplianceState::Unknown => "Unknown",
        }
    }
}

/// How one deployment of a remediation ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Attempt {
    /// The resource becomes compliant.
    Succeed,
    /// It stays as it is.
    Fail(Failure),
}

impl Attempt {
    /// What the resource needs before a deployment can work; `None` when this one does.
    pub fn nature(&self) -> Option<Nature> {
        match self {
            Attempt::Succeed => None,
            Attempt::Fail(failure) => Some(failure.nature()),
        }
    }
}

/// What happens to a resource that its script knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A deployment to it, by a task that evaluated it anew or by one that did not.
    Deployment {
        /// Whether the task did.
        anew: bool,
    },
    /// An evaluation of it that is no task's.
    Evaluation,
}

/// What a compliance record is about: resource, assignment and, in an initiative, the policy's reference id (kept in
/// lower case). Compares without case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordKey {
    /// The resource.
    pub resource: ArmId,
    /// The policy assignment.
    pub assignment: ArmId,
    /// Reference id within an initiative, lower case; `None` for a single definition.
    pub reference: Option<String>,
}

impl RecordKey {
    /// A key; an empty reference counts as none, as in policy events.
    pub fn new(resource: impl Into<ArmId>, assignment: impl Into<ArmId>, reference: Option<&str>) -> Self {
        Self {
            resource: resource.into(),
            assignment: assignment.into(),
            reference: reference.filter(|text| !text.is_empty()).map(lower),
        }
    }
}

/// What is known of one resource under one policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ComplianceRecord {
    /// Which resource, under which policy.
    pub key: RecordKey,
    /// The state at the start.
    pub state: ComplianceState,
    /// When it was evaluated last.
    #[serde(serialize_with = "write_instant", deserialize_with = "read_instant")]
    pub evaluated_at: OffsetDateTime,
    /// `complianceReasonCode`; empty when there is none.
    pub reason: String,
    /// How the deployments of remediation tasks end, one after another; the last one repeats, none means success.
    pub script: Vec<Attempt>,
}

impl ComplianceRecord {
    /// A non-compliant resource whose remediation works at once.
    pub fn non_compliant(key: RecordKey, evaluated_at: OffsetDateTime) -> Self {
        Self { key, state: ComplianceState::NonCompliant, evaluated_at, reason: String::new(), script: Vec::new() }
    }

    /// The same in another state.
    pub fn in_state(mut self, state: ComplianceState) -> Self {
        self.state = state;
        self
    }

    /// The same with a script.
    pub fn with_script(mut self, script: Vec<Attempt>) -> Self {
        self.script = script;
        self
    }

    /// The same, failing so many times before it works.
    pub fn failing(mut self, times: usize, failure: Failure) -> Self {
        self.script = vec![Attempt::Fail(failure); times];
        self.script.push(Attempt::Succeed);
        self
    }

    /// The same, failing always.
    pub fn always_failing(mut self, failure: Failure) -> Self {
        self.script = vec![Attempt::Fail(failure)];
        self
    }

    /// How the attempt of this number (from 0) ends.
    pub fn attempt(&self, number: usize) -> Attempt {
        self.script.get(number).or(self.script.last()).cloned().unwrap_or(Attempt::Succeed)
    }

    /// How the last deployment among these steps ends. An evaluation result that is missing stays missing until it has been
    /// missed and an evaluation comes, or until a task evaluates anew, and that one goes on with the script.
    pub fn outcome(&self, steps: impl IntoIterator<Item = Step>) -> Attempt {
        let is_stale = |place| self.attempt(place).nature() == Some(Nature::Stale);
        let (mut place, mut end, mut is_missed) = (0, Attempt::Succeed, false);
        for step in steps {
            match step {
                Step::Evaluation => {
                    place += usize::from(is_missed);
                    is_missed = false;
                }
                Step::Deployment { anew } => {
                    place += usize::from(anew && is_stale(place));
                    end = self.attempt(place);
                    is_missed = is_stale(place);
                    place += usize::from(!is_missed);
                }
            }
        }
        end
    }
}

fn write_instant<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant_text(*at))
}

fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_instant(&text).ok_or_else(|| serde::de::Error::custom(format!("not an RFC 3339 instant: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_run_to_their_last_element_and_stay_there() {
        let key = RecordKey::new("/subscriptions/s/resourceGroups/g", "/a", Some(""));
        assert_eq!(key.reference, None);
        let record = ComplianceRecord::non_compliant(key, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(record.attempt(5), Attempt::Succeed);
        let busy = Failure::another_operation_in_progress();
        let twice = record.clone().failing(2, busy.clone());
        let outcomes: Vec<bool> = (0..4).map(|n| twice.attempt(n) == Attempt::Succeed).collect();
        assert_eq!(outcomes, [false, false, true, true]);
        assert_eq!(record.always_failing(busy.clone()).attempt(9), Attempt::Fail(busy));
    }

    #[test]
    fn a_missing_evaluation_result_stays_missing_until_it_is_evaluated() {
        let key = RecordKey::new("/subscriptions/s/resourceGroups/g", "/a", None);
        let (stale, busy) = (Failure::no_evaluation_result(), Failure::service_unavailable());
        let record = ComplianceRecord::non_compliant(key, OffsetDateTime::UNIX_EPOCH);
        let ends = |script: &[Attempt], anew: &[bool]| -> Vec<Option<Nature>> {
            let record = record.clone().with_script(script.to_vec());
            let steps = |count: usize| anew[..count].iter().map(|anew| Step::Deployment { anew: *anew });
            (1..=anew.len()).map(|count| record.outcome(steps(count)).nature()).collect()
        };
        let (stale, busy) = (Attempt::Fail(stale), Attempt::Fail(busy));
        let (s, p) = (Some(Nature::Stale), Some(Nature::Passing));
        assert_eq!(ends(&[stale.clone(), Attempt::Succeed], &[false, false, true]), [s, s, None]);
        assert_eq!(ends(&[stale.clone(), Attempt::Succeed], &[true]), [None]);
        let script = [busy.clone(), stale.clone(), busy, Attempt::Succeed];
        assert_eq!(ends(&script, &[false, false, true, false]), [p, s, p, None]);
        assert_eq!(ends(std::slice::from_ref(&stale), &[false, true, true]), [s, s, s], "it never comes");
        let (task, evaluation) = (Step::Deployment { anew: false }, Step::Evaluation);
        let record = record.with_script(vec![stale.clone(), stale, Attempt::Succeed]);
        for (steps, end) in [
            (vec![evaluation, task], s),
            (vec![task, evaluation, task], s),
            (vec![task, evaluation, evaluation, task], s),
            (vec![task, evaluation, task, task], s),
            (vec![task, evaluation, task, evaluation, task], None),
        ] {
            assert_eq!(record.outcome(steps.clone()).nature(), end, "{steps:?}");
        }
    }
}
