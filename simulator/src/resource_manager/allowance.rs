//! How many calls Resource Manager and Microsoft.PolicyInsights let a principal make in a subscription.

use std::time::Duration;

/// How generous Resource Manager is with calls. Deletes have a budget of their own, of the size of that for writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Calls about remediations of which so many may lie in one window, any verb.
    pub remediations: u32,
    /// The same of queries over policy states, which have a budget of their own.
    pub queries: u32,
    /// The same of evaluations that are asked for.
    pub evaluations: u32,
    /// Queries of Resource Graph that a principal may send in one of its windows.
    pub graph_queries: u32,
    /// How long such a window is.
    pub graph_window: Duration,
    /// How long a call counts.
    pub window: Duration,
    /// Reads that a principal may make at once in a subscription.
    pub reads: u32,
    /// How many of them come back in a second.
    pub reads_refill: f64,
    /// Writes that a principal may make at once in a subscription.
    pub writes: u32,
    /// How many of them come back in a second.
    pub writes_refill: f64,
    /// Whether a call is refused when a budget is used up. Otherwise the headers stop at zero and nothing happens.
    pub refuses: bool,
}

/// How many times as generous as Azure the default is. Tasks that take tenths of a second instead of a minute or two make
/// so many times the calls in the same time.
const QUICK: u32 = 250;

impl Allowance {
    /// As recorded. The numbers of reads and writes are those of 2025 (`…-subscription-reads: 1099`), their refills those of
    /// "Understand how Azure Resource Manager throttles requests" (Microsoft documentation). Those of Microsoft.PolicyInsights
    /// start at 149; the values of two official recordings (azure-sdk-for-net, `Remediations_IndividualResourceCrud`;
    /// azure-cli, `test_policy_insights_triggerscan`) fit 150 calls in any minute, and another budget for queries. Evaluations
    /// start at 9 (`…-subscription-resource-requests`); that they come back in the same time is not known. Resource Graph's are
    /// those of "Guidance for throttled requests in Azure Resource Graph" (Microsoft documentation).
    pub fn recorded() -> Self {
        Self {
            remediations: 150,
            queries: 150,
            evaluations: 10,
            graph_queries: 15,
            graph_window: Duration::from_secs(5),
            window: Duration::from_secs(60),
            reads: 1100,
            reads_refill: 25.0,
            writes: 800,
            writes_refill: 10.0,
            refuses: true,
        }
    }

    /// The same budgets in so many times less time: for tasks at [`Tempo::quicker`](super::Tempo::quicker).
    #[must_use]
    pub fn quicker(mut self, times: u32) -> Self {
        self.window /= times.max(1);
        self.graph_window /= times.max(1);
        self.reads_refill *= f64::from(times.max(1));
        self.writes_refill *= f64::from(times.max(1));
        self
    }

    /// So many times the calls in the same time: as many as [`Allowance::quicker`] on the whole, and all of them at once if
    /// need be. For clients whose pauses do not become shorter with the tasks.
    #[must_use]
    pub fn ampler(mut self, times: u32) -> Self {
        for calls in [
            &mut self.remediations,
            &mut self.queries,
            &mut self.evaluations,
            &mut self.graph_queries,
            &mut self.reads,
            &mut self.writes,
        ] {
            *calls *= times;
        }
        self.reads_refill *= f64::from(times);
        self.writes_refill *= f64::from(times);
        self
    }
}

impl Default for Allowance {
    /// In relation to tasks as quick as those of demos and tests: what is recorded, 250 times over.
    fn default() -> Self {
        Self::recorded().ampler(QUICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_a_quick_demo_has_as_much_to_spend_as_a_slow_azure() {
        let (quick, slow) = (Allowance::default(), Allowance::recorded());
        assert_eq!((quick.remediations, quick.reads, quick.writes), (150 * QUICK, 1100 * QUICK, 800 * QUICK));
        assert!(quick.window == slow.window && quick.reads_refill / slow.reads_refill == f64::from(QUICK));
    }

    #[test]
    fn in_less_time_there_are_as_many_calls_as_before_and_they_come_back_sooner() {
        let (quick, slow) = (Allowance::recorded().quicker(10), Allowance::recorded());
        assert_eq!((quick.remediations, quick.reads), (slow.remediations, slow.reads));
        assert_eq!((quick.window, quick.reads_refill, quick.writes_refill), (Duration::from_secs(6), 250.0, 100.0));
    }
}
