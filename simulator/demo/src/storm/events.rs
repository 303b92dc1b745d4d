//! The events of a storm: each record's newest evaluation and some that came just before it, three in ten of all events said
//! twice or more often, and one in five at a place that has nothing to do with its time.

use serde_json::Value;
use time::Duration;

use super::Storm;
use simulator::estate::{ComplianceRecord, ComplianceState, Estate, EventKind, PolicyEvent};

const DUPLICATES: f64 = 0.3;
const DISORDER: f64 = 0.2;

impl Storm {
    /// The events, in the order of their delivery.
    pub fn events(&self, estate: &Estate) -> Vec<Value> {
        let mut random = self.random(3);
        let duplicates = (self.events as f64 * DUPLICATES).round() as usize;
        let distinct = self.events.saturating_sub(duplicates).max(estate.records.len());
        let mut ages = vec![1_i64; estate.records.len()];
        for _ in estate.records.len()..distinct {
            ages[random.usize(..estate.records.len())] += 1;
        }
        let mut said = Vec::new();
        for (record, ages) in estate.records.iter().zip(ages) {
            for age in 0..ages {
                let at = record.evaluated_at - Duration::milliseconds(5 * age);
                said.push((at, event(estate, record, 5 * age, &mut random)));
            }
        }
        said.sort_by_key(|(at, _)| *at);
        let said: Vec<Value> = said.into_iter().map(|(_, event)| event).collect();
        // A place from 0 to 1: its own, one behind it for a copy, or any.
        let mut placed: Vec<(f64, Value)> = Vec::with_capacity(self.events);
        let own = |number: usize| number as f64 / said.len() as f64;
        for (number, event) in said.iter().enumerate() {
            placed.push((own(number), event.clone()));
        }
        for _ in said.len()..self.events {
            let number = random.usize(..said.len());
            placed.push((own(number) + random.f64() * (1.0 - own(number)), said[number].clone()));
        }
        for (place, _) in &mut placed {
            if random.f64() < DISORDER {
                *place = random.f64();
            }
        }
        placed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        placed.into_iter().map(|(_, event)| event).collect()
    }
}

fn event(estate: &Estate, record: &ComplianceRecord, milliseconds: i64, random: &mut fastrand::Rng) -> Value {
    let at = record.evaluated_at - Duration::milliseconds(milliseconds);
    let kind = if random.bool() { EventKind::Created } else { EventKind::Changed };
    let event = PolicyEvent::new(estate, &record.key, ComplianceState::NonCompliant, at, kind);
    if random.bool() { event.cloud_event() } else { event.event_grid() }
}
