//! A few resources that can be remediated beside very many states of policies that only audit: what is asked depends on how many
//! assignments there are in how many subscriptions, and not on how many states. Small, unless `LONG_STORMS` is set: then as large as the
//! estate that it was measured in.

use std::time::Instant;

use simulator::Service;
use simulator::estate::{ComplianceRecord, Definition, Estate};
use simulator::ledger::Entry;

use crate::stage::{Stage, events, land, observation, plot, record, until};

const AUDIT: &str = "/providers/Microsoft.Management/managementGroups/contoso/providers/Microsoft.Authorization/policyDefinitions/Audit-Skus";

/// An estate: each subscription has one policy that can be remediated, and others that audit.
#[derive(Clone, Copy)]
struct Size {
    subscriptions: usize,
    /// Assignments of a subscription that audit.
    audits: usize,
    remediable: usize,
    /// States that do not comply with what only audits.
    audited: usize,
}

const SMALL: Size = Size { subscriptions: 4, audits: 5, remediable: 40, audited: 4_000 };
const LARGE: Size = Size { subscriptions: 20, audits: 8, remediable: 320, audited: 499_144 };

impl Size {
    /// Assignments, each counted once a subscription.
    fn pairs(self) -> usize {
        self.subscriptions * (self.audits + 1)
    }

    fn estate(self) -> Estate {
        let mut estate = land(self.subscriptions).with_definition(Definition::new(AUDIT, "Audit"));
        for subscription in 0..self.subscriptions {
            for number in 0..self.audits {
                estate = plot(estate, subscription, &format!("Watch-{number}"), AUDIT);
            }
        }
        estate
    }

    /// All states, in the order of their events: a subscription after the other, what can be remediated spread among the rest.
    fn records(self) -> Vec<ComplianceRecord> {
        let share = |all: usize, of: usize| all / self.subscriptions + usize::from(of < all % self.subscriptions);
        let mut records = Vec::with_capacity(self.remediable + self.audited);
        for subscription in 0..self.subscriptions {
            let (some, many) = (share(self.remediable, subscription), share(self.audited, subscription));
            for place in 0..many {
                records.push(record(subscription, place / self.audits, &format!("Watch-{}", place % self.audits)));
                if place * some / many != (place + 1) * some / many {
                    records.push(record(subscription, place * some / many, "Tag"));
                }
            }
        }
        records
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_what_only_audits_cost_no_question_however_many_there_are() {
    let size = if std::env::var_os("LONG_STORMS").is_some() { LARGE } else { SMALL };
    let mut estate = size.estate();
    estate.records = size.records();
    assert_eq!(estate.records.len(), size.remediable + size.audited);
    let bodies: Vec<String> = estate.records.iter().map(|one| observation(one, one.evaluated_at).to_string()).collect();
    let mut stage = Stage::without_worker(estate).await;
    stage.azure.ledger().keep_bodies(false);
    stage.enqueue("noncompliant-resources", bodies);
    let begun = Instant::now();
    let settings = [("FACTS_TTL", "10m"), ("SETTLE_DELAY", "5s"), ("RUST_LOG", "warn,policy_remediator=info")];
    stage.start_worker(&settings, 1).await;
    // A large one takes longer than a test waits for one thing.
    for tenth in 1..=10 {
        until(&format!("{tenth} tenths are fixed"), || stage.count("fixed") >= size.remediable * tenth / 10).await;
    }
    let (took, queries) = (begun.elapsed(), stage.calls("queryStates"));
    let seen = || {
        let noted = |document: &serde_json::Value| document["notRemediable"]["seen"].as_u64().unwrap_or_default();
        stage.documents().values().map(noted).sum::<u64>() as usize
    };
    let mut counted = 0;
    while counted < size.audited {
        until("more is counted", || seen() > counted).await;
        counted = seen();
    }
    until("nothing is left", || stage.is_settled()).await;
    let documents = stage.documents();
    let bytes: usize = documents.values().map(|document| document.to_string().len()).sum();
    let calls = stage.azure.ledger().count(|entry| entry.service == Service::ResourceManager);
    println!(
        "{} remediable beside {} states of {} pairs: {queries} queries of states until all are fixed after {:.0} s, {} in all; {calls} calls; \
         {} documents of {bytes} bytes; all counted after {:.0} s",
        size.remediable,
        size.audited,
        size.pairs(),
        took.as_secs_f64(),
        stage.calls("queryStates"),
        documents.len(),
        begun.elapsed().as_secs_f64(),
    );
    assert_eq!(stage.count("fixed"), size.remediable);
    assert_eq!(documents.len(), size.pairs());
    // A target whose resources come over a longer time than `SETTLE_DELAY` asks once a wave.
    assert!(stage.calls("queryStates") <= 2 * size.pairs(), "{} queries", stage.calls("queryStates"));
    assert!(calls <= 20 * size.pairs(), "{calls} calls");
    let of_audits = documents.values().filter(|document| document["notRemediable"].is_object());
    assert!(of_audits.clone().count() == size.subscriptions * size.audits);
    assert!(of_audits.clone().all(|document| document.to_string().len() < 2_000), "no entries");
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_policy_that_only_audits_write_small_documents_few_times() {
    const EVENTS: usize = 2_000;
    let mut estate = plot(land(1).with_definition(Definition::new(AUDIT, "Audit")), 0, "Watch", AUDIT);
    estate.records = (0..EVENTS).map(|place| record(0, place, "Watch")).collect();
    let mut first = events(&estate);
    let others = first.split_off(1);
    let stage = Stage::with(estate, &[]).await;
    let seen =
        || stage.documents().values().map(|one| one["notRemediable"]["seen"].as_u64().unwrap_or_default()).sum::<u64>();
    // How many come before somebody has looked at the effect is a matter of time: those are entries, until it is known.
    stage.deliver(first).await;
    until("the effect is known", || seen() == 1 && stage.is_settled()).await;
    stage.deliver(others).await;
    until("all is counted", || seen() == EVENTS as u64 && stage.is_settled()).await;
    let is_document =
        |entry: &Entry| entry.service == Service::Blob && entry.method == "PUT" && entry.path.contains("/state/");
    let writes = stage.azure.ledger().filter(is_document);
    let sizes: Vec<usize> = writes.iter().filter_map(|entry| Some(entry.request_body.as_ref()?.len())).collect();
    let (bytes, largest) = (sizes.iter().sum::<usize>(), sizes.iter().max().copied().unwrap_or_default());
    println!(
        "{EVENTS} events: {} writes of documents, {bytes} bytes, {largest} at most; {} queries",
        writes.len(),
        stage.calls("queryStates")
    );
    assert!(bytes > 0 && bytes < 200_000, "{bytes} bytes in {} writes", writes.len());
    assert!(largest < 2_000, "{largest} bytes in one write: there are entries");
    assert_eq!(stage.calls("queryStates"), 0);
    stage.at_rest().await;
}
