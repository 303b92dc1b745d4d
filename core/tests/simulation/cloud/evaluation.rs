//! Evaluations: how Azure Policy learns what is true, with a lag, and tells of it in events. Resources that drift back.

use std::time::Duration;

use remediation::message::{Finding, Observation};
use remediation::time::Timestamp;

use crate::scenario::Happening;
use crate::tally::Ingredient;
use crate::world::World;

use super::{Key, Trouble};

impl World {
    /// Writes the policy state as it is now, and sends its event; nothing when there is nothing to evaluate any more.
    pub(crate) fn evaluate(&mut self, key: &Key) {
        let mut now = self.now;
        if self.cloud.is_gone(&key.0) {
            return;
        }
        let Some(truth) = self.cloud.truth.get_mut(key).filter(|truth| !truth.gone) else { return };
        // No two evaluations are of one time.
        if let Some(last) = truth.record.filter(|last| last.at >= now) {
            now = last.at + Duration::from_millis(1);
        }
        let was_compliant = truth.record.is_some_and(|last| last.compliant);
        truth.evaluated(now);
        // What stays as it was is no change, and of that there is no event.
        let is_silent = truth.trouble == Trouble::Unhelped && !truth.compliant && !was_compliant;
        let seen = if truth.compliant { Finding::Compliant } else { Finding::NonCompliant };
        let assignment = key.0.policy_assignment_id.clone();
        let reference = key.0.policy_definition_reference_id.clone();
        let observation = Observation::of_event(seen, key.1.clone(), assignment, reference, now);
        if self.cloud.truth.get(key).is_some_and(|truth| truth.stale_at.is_some()) {
            self.meet(Ingredient::EvaluatedNaturally);
        }
        self.tell(|| format!("evaluated: {} is {}", key.1, seen.as_str()));
        if !is_silent {
            self.send_event(&observation);
        }
    }

    /// The event of an evaluation: at once, or late, and now and then several times.
    pub(super) fn send_event(&mut self, observation: &Observation) {
        loop {
            let delay = match self.random.u8(0..3) {
                0 => Duration::ZERO,
                1 => self.span(0..300),
                _ => self.span(0..7_200),
            };
            self.scenario.plan(self.now + delay, Happening::Event(observation.clone()));
            if !self.chance(0.25) {
                return;
            }
        }
    }

    /// The natural evaluation of what lacks one, once a day; in some seeds there is none.
    pub(super) fn evaluates_naturally(&mut self, key: Key, at: Timestamp) {
        if !self.chance(self.scenario.spices.unevaluated) {
            let within_a_day = self.span(0..24 * 3_600);
            self.scenario.plan(at + within_a_day, Happening::Evaluates(key));
        }
    }

    /// The evaluation that follows a fix, and what undoes the fix later.
    pub(super) fn after_a_fix(&mut self, key: Key, at: Timestamp) {
        let lag = match self.random.u8(0..3) {
            0 => Duration::from_millis(self.random.u64(1..5_000)),
            1 => self.span(5..300),
            _ => self.span(300..3_600),
        };
        self.scenario.plan(at + lag, Happening::Evaluates(key.clone()));
        let soon = self.chance(0.3);
        let lasts = if soon { self.span(1..1_200) } else { self.span(600..90_000) };
        if let Some(truth) = self.cloud.truth.get_mut(&key)
            && truth.drifts_left > 0
        {
            truth.drifts_left -= 1;
            self.scenario.plan(at + lasts, Happening::Drifts(key));
        }
    }

    /// Something sets the resource back.
    pub(crate) fn drift(&mut self, key: &Key) {
        if self.cloud.is_gone(&key.0) {
            return;
        }
        let again = if self.chance(0.2) { 1 } else { 0 };
        let Some(truth) = self.cloud.truth.get_mut(key).filter(|truth| truth.compliant && !truth.gone) else { return };
        truth.compliant = false;
        truth.fixer = None;
        truth.failures_left = again;
        self.tell(|| format!("{} drifts", key.1));
        self.meet(Ingredient::Drift);
        self.evaluate(key);
    }
}
