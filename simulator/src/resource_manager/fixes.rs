//! Tells of fixes as Azure does: not when a deployment has ended, but when an evaluation shows that it made the resource compliant.

use super::{
    records::{Cause, Record},
    world::World,
};
use crate::estate::{ComplianceState, EventKind, PolicyEvent};
use time::OffsetDateTime;

impl World {
    /// The events of the fixes that policy states show by `now` and that have not been told yet, oldest first.
    pub(crate) fn tell_fixes(&mut self, now: OffsetDateTime) -> Vec<PolicyEvent> {
        let since = self.fixes_told.replace(now);
        let is_new = |at: &OffsetDateTime| *at <= now && since.is_none_or(|since| *at > since);
        let mut told = Vec::new();
        for record in &self.records.all {
            // What has drifted back meanwhile is told by the event of that.
            let shown = self.shown_fixes(record).filter(is_new);
            let lasting = shown.filter(|at| record.at(*at).is_some_and(|one| one.state == ComplianceState::Compliant));
            told.extend(lasting.map(|at| {
                PolicyEvent::new(&self.estate, record.key(), ComplianceState::Compliant, at, EventKind::Changed)
            }));
        }
        told.sort_by_key(|event| event.timestamp);
        told
    }

    /// Whether there are fixes that policy states do not show yet.
    pub(crate) fn has_fixes_to_tell(&self) -> bool {
        let is_new = |at: OffsetDateTime| self.fixes_told.is_none_or(|since| at > since);
        self.records.all.iter().any(|record| self.shown_fixes(record).any(is_new))
    }

    /// When policy states show the fixes of a record.
    fn shown_fixes<'a>(&self, record: &'a Record) -> impl Iterator<Item = OffsetDateTime> + use<'a> {
        let lag = self.tempo.states_lag;
        let fixes = record.changes().iter().filter(|change| change.cause == Cause::Deployment);
        fixes.filter(|_| record.gone_at.is_none()).map(move |change| change.at + lag)
    }
}
