//! The burst of events: one for each record that was non-compliant, some of them twice, some out of order, in both schemas.
//! Seeded, so that a run can be repeated.

use serde_json::Value;
use time::Duration;

use simulator::estate::{ComplianceState, Estate, EventKind, PolicyEvent};

/// How a burst is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Share of events that come twice, 0.0 to 1.0.
    pub duplicates: f64,
    /// Share of events that come at a random place, 0.0 to 1.0.
    pub disorder: f64,
    /// The seed.
    pub seed: u64,
}

impl Default for Burst {
    /// 30 % duplicates, 20 % disorder.
    fn default() -> Self {
        Self { duplicates: 0.3, disorder: 0.2, seed: 1 }
    }
}

/// The events of an estate. A record that is compliant now has an event of the time when it was not.
pub fn burst(estate: &Estate, burst: Burst) -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(burst.seed);
    let mut events = Vec::new();
    for (place, record) in estate.records.iter().enumerate() {
        let earlier = match record.state {
            ComplianceState::NonCompliant => Duration::ZERO,
            ComplianceState::Compliant | ComplianceState::Exempt | ComplianceState::Unknown => Duration::minutes(5),
        };
        let kind = if place % 4 == 0 { EventKind::Created } else { EventKind::Changed };
        let event =
            PolicyEvent::new(estate, &record.key, ComplianceState::NonCompliant, record.evaluated_at - earlier, kind);
        let wire = if place % 3 == 0 { event.cloud_event() } else { event.event_grid() };
        events.push((record.evaluated_at, wire));
    }
    events.sort_by_key(|(at, _)| *at);
    let mut ordered: Vec<Value> = events.into_iter().map(|(_, event)| event).collect();
    let once = ordered.len();
    for place in 0..once {
        if random.f64() < burst.duplicates {
            let copy = ordered[place].clone();
            ordered.insert(random.usize(place..=ordered.len()), copy);
        }
    }
    for place in 0..ordered.len() {
        if random.f64() < burst.disorder {
            let other = random.usize(..ordered.len());
            ordered.swap(place, other);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_repeats_and_disorders_about_as_told_and_the_same_way_each_time() {
        let estate = crate::estate(time::OffsetDateTime::now_utc());
        let events = burst(&estate, Burst::default());
        let distinct: std::collections::HashSet<_> = events.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), estate.records.len());
        let extra = (events.len() - distinct.len()) as f64 / distinct.len() as f64;
        assert!((0.2..0.4).contains(&extra), "{extra}");
        assert_eq!(events, burst(&estate, Burst::default()));
    }
}
