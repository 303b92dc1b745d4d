//! How fast the simulated services are, and how late what they show: spans only, so that a demo takes seconds and a test
//! chooses its own time.

use std::time::Duration;

/// The spans of a remediation task's life and of what is seen of it.
#[derive(Debug, Clone)]
pub struct Tempo {
    /// From the PUT to the start of the first deployment (state `Accepted`).
    pub accepted: Duration,
    /// Additional time in state `Evaluating` for tasks with `ReEvaluateCompliance`.
    pub evaluating: Duration,
    /// An on-demand evaluation, from the call that asks for it to its end.
    pub on_demand: Duration,
    /// Each deployment.
    pub deployment: Duration,
    /// From a cancel to `Canceled`, if no running deployment takes longer.
    pub cancelling: Duration,
    /// How much a task's counters lag behind its deployments; state and deployment list do not.
    pub counters_lag: Duration,
    /// How much lists of tasks lag behind the tasks.
    pub lists_lag: Duration,
    /// How much policy states lag behind the deployments that made resources compliant.
    pub states_lag: Duration,
    /// How often every resource is evaluated again, which moves its policy state's timestamp.
    pub evaluation_cycle: Duration,
}

impl Tempo {
    /// As recorded of Azure: about 30 s until running, 50 s a deployment, 15 s to cancel, 10 min for an evaluation
    /// on demand, daily evaluation. What is seen of it lags: policy states by about 15 min ("Get compliance data of Azure
    /// resources", Microsoft documentation), counters for a while, as a public report says; that lists do, too, is assumed.
    pub fn azure() -> Self {
        Self {
            accepted: Duration::from_secs(30),
            evaluating: Duration::from_secs(60),
            on_demand: Duration::from_secs(600),
            deployment: Duration::from_secs(50),
            cancelling: Duration::from_secs(15),
            counters_lag: Duration::from_secs(15),
            lists_lag: Duration::from_secs(5),
            states_lag: Duration::from_secs(15 * 60),
            evaluation_cycle: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// For demos and tests against the wall clock: a task lives for some tenths of a second.
    pub fn quick() -> Self {
        Self {
            accepted: Duration::from_millis(100),
            evaluating: Duration::from_millis(100),
            on_demand: Duration::from_millis(300),
            deployment: Duration::from_millis(200),
            cancelling: Duration::from_millis(100),
            counters_lag: Duration::from_millis(60),
            lists_lag: Duration::from_millis(20),
            states_lag: Duration::from_millis(3_600),
            evaluation_cycle: Self::azure().evaluation_cycle,
        }
    }

    /// The same in so many times less time, all spans alike; budgets of calls follow by
    /// [`Allowance::quicker`](super::Allowance::quicker).
    #[must_use]
    pub fn quicker(mut self, times: u32) -> Self {
        for span in [
            &mut self.accepted,
            &mut self.evaluating,
            &mut self.on_demand,
            &mut self.deployment,
            &mut self.cancelling,
            &mut self.counters_lag,
            &mut self.lists_lag,
            &mut self.states_lag,
            &mut self.evaluation_cycle,
        ] {
            *span /= times.max(1);
        }
        self
    }

    /// The same without any lag: what is seen is what is.
    #[must_use]
    pub fn without_lag(self) -> Self {
        Self { counters_lag: Duration::ZERO, lists_lag: Duration::ZERO, states_lag: Duration::ZERO, ..self }
    }
}

impl Default for Tempo {
    fn default() -> Self {
        Self::azure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spans_become_shorter_alike() {
        let (slow, quick) = (Tempo::azure(), Tempo::azure().quicker(60));
        for (slow, quick) in [
            (slow.accepted, quick.accepted),
            (slow.evaluating, quick.evaluating),
            (slow.on_demand, quick.on_demand),
            (slow.deployment, quick.deployment),
            (slow.cancelling, quick.cancelling),
            (slow.counters_lag, quick.counters_lag),
            (slow.lists_lag, quick.lists_lag),
            (slow.states_lag, quick.states_lag),
            (slow.evaluation_cycle, quick.evaluation_cycle),
        ] {
            assert!(!slow.is_zero() && quick == slow / 60, "{slow:?} {quick:?}");
        }
    }
}
