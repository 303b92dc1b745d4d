//! How fast the simulated services are: spans only, so that a demo takes seconds and a test chooses its own time.

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
    /// How much policy states lag behind the deployments that made resources compliant.
    pub states_lag: Duration,
    /// How often every resource is evaluated again, which moves its policy state's timestamp.
    pub evaluation_cycle: Duration,
}

impl Tempo {
    /// As recorded of Azure: about 30 s until running, 50 s a deployment, 15 s to cancel, 10 min for an evaluation
    /// on demand, daily evaluation.
    pub fn azure() -> Self {
        Self {
            accepted: Duration::from_secs(30),
            evaluating: Duration::from_secs(60),
            on_demand: Duration::from_secs(600),
            deployment: Duration::from_secs(50),
            cancelling: Duration::from_secs(15),
            counters_lag: Duration::ZERO,
            states_lag: Duration::ZERO,
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
            ..Self::azure()
        }
    }
}

impl Default for Tempo {
    fn default() -> Self {
        Self::azure()
    }
}
