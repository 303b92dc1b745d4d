//! A batch run over very many subscriptions, of which each fifth is delegated, with budgets of calls as they were recorded: what there is,
//! and what it took until all is fixed.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::Service;
use simulator::estate::Estate;
use simulator::ledger::Entry;
use simulator::resource_manager::Allowance;
use simulator_demo::judgement::too_early;

use super::{Stage, land, record, subscription, until_done};

const CUSTOMER: &str = "9d2c1a4e-7b1f-4d51-9b7e-3f6f2f5b8c11";

/// So many subscriptions, each with one target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Many(pub(crate) usize);

/// What the run took.
pub(crate) struct ManyTook {
    pub(crate) seconds: f64,
    pub(crate) writes: usize,
    pub(crate) reads: usize,
    /// Calls that were refused for want of budget.
    pub(crate) refused: usize,
    /// Those that came before their `Retry-After`.
    pub(crate) early: Vec<String>,
    /// The longest invocation.
    pub(crate) longest: Duration,
    pub(crate) peak_rss_bytes: u64,
}

impl Many {
    /// How many are delegated.
    pub(crate) fn delegated(self) -> usize {
        self.0 / 5
    }

    /// How many resources do not comply. Of each tenth subscription the target is large.
    pub(crate) fn resources(self) -> usize {
        (0..self.0).map(Self::of).sum()
    }

    fn of(number: usize) -> usize {
        if number.is_multiple_of(10) { 12 } else { 3 }
    }

    /// One task a target, and one more of a single resource where nothing tells whether the identity may act: where it is delegated.
    pub(crate) fn least_writes(self) -> usize {
        self.0 + self.delegated()
    }

    /// Of each target one task with its states before it, its end and its deployments after it, its identity's roles and the tasks that
    /// run, and of each subscription its assignments, their definitions and what is denied.
    pub(crate) fn least_reads(self) -> usize {
        8 * self.0
    }

    /// The estate.
    pub(crate) fn estate(self) -> Estate {
        let mut estate = land(self.0);
        for number in 0..self.0 {
            if number < self.delegated() {
                let of_one = &mut estate.subscriptions[number];
                of_one.managed_by = vec![std::mem::replace(&mut of_one.tenant, CUSTOMER.to_owned())];
                of_one.parent = None;
            }
            estate =
                (0..Self::of(number)).fold(estate, |estate, place| estate.with_record(record(number, place, "Tag")));
        }
        estate
    }

    /// The message of a run over all of them.
    pub(crate) fn message(self, is_dry: bool) -> String {
        let scopes: Vec<String> =
            (0..self.0).map(|number| format!("/subscriptions/{}", subscription(number))).collect();
        json!({ "version": 1, "runId": "all", "scopes": scopes, "dryRun": is_dry }).to_string()
    }
}

impl ManyTook {
    /// In words, beside the least.
    pub(crate) fn line(&self, many: Many) -> String {
        format!(
            "{} subscriptions, {} delegated: {} fixed in {:.0} s; {} writes ({:.2} of the least), {} reads ({:.2} of the least); {} refused \
             for want of budget; longest invocation {:.1} s; {} MiB at most",
            many.0,
            many.delegated(),
            many.resources(),
            self.seconds,
            self.writes,
            self.writes as f64 / many.least_writes() as f64,
            self.reads,
            self.reads as f64 / many.least_reads() as f64,
            self.refused,
            self.longest.as_secs_f64(),
            self.peak_rss_bytes >> 20,
        )
    }
}

impl Stage {
    /// A stage for them with one worker, with the recorded budgets.
    pub(crate) async fn of_many(many: Many) -> Self {
        let mut stage = Self::without_worker(many.estate()).await;
        stage.azure.ledger().keep_bodies(false);
        let _ = stage.manager.clone().with_allowance(Allowance::recorded());
        let settings = [
            ("ESCALATE_ABOVE", "10"),
            ("FACTS_TTL", "10m"),
            ("COALESCE_WINDOW", "5s"),
            ("CHECK_INTERVAL_MIN", "2s"),
            ("CHECK_INTERVAL_MAX", "8s"),
            ("RUST_LOG", "warn,policy_remediator=info"),
        ];
        stage.start_worker(&settings, 1).await;
        stage
    }

    /// Puts a run over all of them on the queue, and waits until all is fixed and nothing is left to be done.
    pub(crate) async fn run_over_many(&self, many: Many) -> ManyTook {
        let begun = Instant::now();
        self.enqueue("batch-runs", [many.message(false)]);
        assert_eq!(self.told("run_ended", 1).await[0]["troubles"], 0);
        // Many take longer than a test waits for one thing.
        let calls = || self.azure.ledger().count(|entry| entry.service == Service::ResourceManager);
        until_done("all is fixed", calls, || {
            self.host().peak_rss_bytes(0) > 0 && self.count("fixed") >= many.resources()
        })
        .await;
        self.settled(many.resources()).await;
        let entries = self.azure.ledger().of(Service::ResourceManager);
        let count = |is: &dyn Fn(&Entry) -> bool| entries.iter().filter(|entry| is(entry)).count();
        let invocations = self.azure.ledger().of(Service::Functions);
        ManyTook {
            seconds: begun.elapsed().as_secs_f64(),
            writes: count(&|entry| entry.method == "PUT"),
            reads: count(&|entry| entry.method != "PUT"),
            refused: count(&|entry| entry.status == Some(429)),
            early: too_early(&entries).iter().map(|early| format!("{early:?}")).collect(),
            longest: invocations.iter().map(|entry| entry.took).max().unwrap_or_default(),
            peak_rss_bytes: self.host().peak_rss_bytes(0),
        }
    }
}
