//! The paces of a scenario, as the local Azure takes them.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};
use simulator::resource_manager::{Allowance, Tempo};

use super::format::{Budgets, Lags, Latency};

impl Lags {
    /// All that are said.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + use<> {
        let Self { accepted, evaluating, on_demand, deployment, cancelling, counters, states } = self;
        [*accepted, *evaluating, *on_demand, *deployment, *cancelling, *counters, *states].into_iter().flatten()
    }

    /// The demo's tempo, but for what is said.
    pub(super) fn tempo(&self) -> Tempo {
        let mut tempo = Tempo::quick();
        for (said, span) in [
            (self.accepted, &mut tempo.accepted),
            (self.evaluating, &mut tempo.evaluating),
            (self.on_demand, &mut tempo.on_demand),
            (self.deployment, &mut tempo.deployment),
            (self.cancelling, &mut tempo.cancelling),
            (self.counters, &mut tempo.counters_lag),
            (self.states, &mut tempo.states_lag),
        ] {
            if let Some(seconds) = said {
                *span = Duration::from_secs_f64(seconds);
            }
        }
        tempo
    }
}

impl Latency {
    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + use<> {
        [self.resource_manager, self.service_bus, self.blob].into_iter()
    }

    /// What makes the services so slow.
    pub(super) fn rules(&self) -> Vec<Rule> {
        let places = [
            (self.resource_manager, Service::ResourceManager),
            (self.service_bus, Service::ServiceBus),
            (self.blob, Service::Blob),
        ];
        let slow = places.into_iter().filter(|(seconds, _)| *seconds > 0.0);
        slow.map(|(seconds, service)| {
            let delay = Kind::Delay(Duration::from_secs_f64(seconds));
            Rule::new(format!("latency of {service}"), service, Which::Always, delay)
        })
        .collect()
    }
}

/// What Resource Manager takes: as much as any run makes, or as told, refusing what is above.
pub(super) fn allowance(budgets: Option<Budgets>) -> Allowance {
    let Some(budgets) = budgets else { return Allowance::default() };
    let mut allowance = Allowance::recorded();
    allowance.remediations = budgets.insights.unwrap_or(allowance.remediations);
    allowance.queries = budgets.insights.unwrap_or(allowance.queries);
    allowance.reads = budgets.reads.unwrap_or(allowance.reads);
    allowance.writes = budgets.writes.unwrap_or(allowance.writes);
    allowance.refuses = true;
    allowance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_in_the_demo() {
        let lags = Lags { states: Some(1.5), ..Lags::default() };
        let (told, quick) = (lags.tempo(), Tempo::quick());
        assert_eq!((told.states_lag, told.accepted), (Duration::from_millis(1500), quick.accepted));
        assert_eq!(Latency::default().rules(), []);
        assert_eq!(Latency { blob: 0.1, ..Latency::default() }.rules().len(), 1);
        assert_eq!(allowance(None), Allowance::default());
        let told = allowance(Some(Budgets { insights: Some(3), ..Budgets::default() }));
        assert_eq!((told.remediations, told.queries, told.refuses), (3, 3, true));
        assert_eq!(told.reads, Allowance::recorded().reads);
    }
}
