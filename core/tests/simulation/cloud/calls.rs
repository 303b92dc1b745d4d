//! Calls that are refused or lost, the gate that each instance keeps for itself, and the lists that it keeps for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use remediation::fact::{ActiveTasks, Facts, Unanswered};
use remediation::id::Target;
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

use super::Cloud;

/// What an instance remembers from call to call; a crash forgets it.
#[derive(Default)]
pub(super) struct Instance {
    /// Until when it keeps away, as its gate does.
    gate: Option<Timestamp>,
    pub(super) facts: BTreeMap<Target, Kept<Facts>>,
    pub(super) tasks: Option<Kept<ActiveTasks>>,
}

/// Something that was read, and until when it is good enough.
pub(super) struct Kept<T> {
    value: T,
    until: Timestamp,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(value: T, read_at: Timestamp, ttl: Duration) -> Self {
        Self { value, until: read_at + ttl }
    }

    pub(super) fn get(&self, now: Timestamp) -> Option<T> {
        (now < self.until).then(|| self.value.clone())
    }
}

impl Cloud {
    pub(crate) fn forget(&mut self, instance: usize) {
        self.instances[instance] = Instance::default();
    }

    /// Until when the instance keeps away, as its gate tells before each decision.
    pub(crate) fn gate(&self, instance: usize) -> Option<Timestamp> {
        self.instances[instance].gate
    }

    pub(super) fn kept(&mut self, instance: usize) -> &mut Instance {
        &mut self.instances[instance]
    }
}

impl World {
    /// A call of this instance that Resource Manager, or the instance's own gate, refuses for now.
    pub(super) fn refusal(&mut self, instance: usize) -> Option<Unanswered> {
        let now = self.moment(instance).now;
        if let Some(until) = self.cloud.kept(instance).gate.filter(|until| *until > now) {
            return Some(until_then(until));
        }
        if self.strikes(0.05) {
            self.meet(Ingredient::Throttled);
            let until = now + self.span(1..90);
            self.cloud.kept(instance).gate = Some(until);
            return Some(until_then(until));
        }
        let lost = self.strikes(0.03);
        if lost {
            self.meet(Ingredient::LostAnswer);
        }
        lost.then(|| Unanswered { message: "no answer".to_owned(), ..Unanswered::default() })
    }
}

fn until_then(until: Timestamp) -> Unanswered {
    Unanswered { not_before: Some(until), message: "too many calls".to_owned(), ..Unanswered::default() }
}
