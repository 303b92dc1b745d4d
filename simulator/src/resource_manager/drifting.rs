//! Plans the drift of what a deployment fixes, and tells of it when it has happened.

use super::{
    drift::Drifted,
    records::{Cause, Change},
    world::World,
};
use crate::estate::{ComplianceState, EventKind, PolicyEvent};
use time::OffsetDateTime;
use uuid::Uuid;

impl World {
    /// A deployment fixes the record at `fixed_at`: plans its drift, if chance wants one.
    pub(crate) fn plan_drift(&mut self, record: usize, fixed_at: OffsetDateTime) {
        let Some(drift) = &self.drift else { return };
        let before = self.drifted.iter().filter(|one| one.record == record).count();
        let Some(found) = self.records.all.get_mut(record) else { return };
        let key = found.key();
        let of = format!("{}|{}|{}|{before}", drift.seed, key.resource.lower(), key.assignment.lower());
        let (chance, _) = Uuid::new_v5(&Uuid::NAMESPACE_URL, of.as_bytes()).as_u64_pair();
        if before >= drift.most || (chance >> 11) as f64 / (1_u64 << 53) as f64 >= drift.share {
            return;
        }
        let at = fixed_at + drift.after;
        let state = ComplianceState::NonCompliant;
        found.add(Change { at, state, reason: String::new(), cause: Cause::Evaluation });
        self.drifted.push(Drifted { record, fixed_at, at, told: false });
    }

    /// The deployment that would have fixed the record at `fixed_at` never happens: neither does the drift after it.
    pub(crate) fn take_back_drift(&mut self, record: usize, fixed_at: OffsetDateTime) {
        let is_it = |one: &Drifted| one.record == record && one.fixed_at == fixed_at;
        let Some(place) = self.drifted.iter().position(is_it) else { return };
        let drifted = self.drifted.remove(place);
        if let Some(record) = self.records.all.get_mut(record) {
            record.take_back_evaluation(drifted.at);
        }
    }

    /// The events of all drifts up to `now` that have not been told yet, oldest first.
    pub(crate) fn tell_drifts(&mut self, now: OffsetDateTime) -> Vec<PolicyEvent> {
        let mut told = Vec::new();
        for drifted in self.drifted.iter_mut().filter(|one| !one.told && one.at <= now) {
            drifted.told = true;
            let Some(record) = self.records.all.get(drifted.record).filter(|one| one.gone_at.is_none()) else {
                continue;
            };
            let state = ComplianceState::NonCompliant;
            told.push(PolicyEvent::new(&self.estate, record.key(), state, drifted.at, EventKind::Changed));
        }
        told.sort_by_key(|event| event.timestamp);
        told
    }
}
