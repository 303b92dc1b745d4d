//! Very many customers, each with subscriptions of its own that are delegated through Azure Lighthouse, of which one is told to wait by every
//! answer: how long the others take beside a run in which nobody is.

use std::time::Instant;

use simulator::Service;
use simulator::estate::{Assignment, Definition, Estate};
use simulator::faults::{Kind, Rule, Which};

use crate::stage::{Stage, events, land, record, subscription, until};

/// Subscriptions of each customer, with one target each.
const OF_ONE: usize = 5;
const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
/// So many seconds the customer that is throttled is told to wait.
const WAIT: u64 = 60;

/// With so many customers.
pub(crate) async fn measure(customers: usize) -> String {
    let (alone, _) = run(customers, false).await;
    let (beside, calls) = run(customers, true).await;
    format!(
        "{customers} customers of {OF_ONE} subscriptions: {alone:.1} s; {beside:.1} s for the others where one is throttled to nothing \
         ({:.2}); {calls:.1} calls a target",
        beside / alone
    )
}

/// Seconds until the others are fixed, and calls for each target of theirs.
async fn run(customers: usize, throttled: bool) -> (f64, f64) {
    let estate = estate(customers);
    let all = events(&estate);
    let mut stage = Stage::without_worker(estate).await;
    let first: Vec<_> = (0..OF_ONE).map(subscription).collect();
    if throttled {
        for id in &first {
            let kind = Kind::Throttle { retry_after: WAIT };
            let rule = Rule::new(id, Service::ResourceManager, Which::Always, kind);
            stage.azure.faults().add(rule.path_contains(id));
        }
    }
    let settings = [("FACTS_TTL", "10m"), ("CHECK_INTERVAL_MIN", "2s"), ("CHECK_INTERVAL_MAX", "4s")];
    stage.start_worker(&settings, 1).await;
    let begun = Instant::now();
    stage.deliver(all).await;
    let others = (customers - 1) * OF_ONE;
    let fixed = |stage: &Stage| {
        let is_fixed = |(_, resource, entry): &(String, String, serde_json::Value)| {
            entry["state"]["is"] == "fixed" && !first.iter().any(|id| resource.contains(id))
        };
        stage.entries().iter().filter(|entry| is_fixed(entry)).count()
    };
    until("the others are fixed", || fixed(&stage) >= others).await;
    let took = begun.elapsed().as_secs_f64();
    let calls = stage.azure.ledger().of(Service::ResourceManager);
    let of_others = calls.iter().filter(|call| !first.iter().any(|id| call.path.contains(id))).count();
    stage.stop_worker().await;
    (took, of_others as f64 / others as f64)
}

/// Each customer has a tenant, a management group with a policy, and subscriptions to which that is assigned.
fn estate(customers: usize) -> Estate {
    let mut estate = land(0);
    for customer in 0..customers {
        let tenant = format!("9d2c1a4e-7b1f-4d51-9b7e-{customer:012}");
        let group = format!("customer-{customer}");
        let definition = format!(
            "/providers/Microsoft.Management/managementGroups/{group}/providers/Microsoft.Authorization/policyDefinitions/Tag"
        );
        estate = estate
            .with_foreign_group(&group, None, &tenant)
            .with_definition(Definition::new(definition.as_str(), "Modify").with_role(CONTRIBUTOR));
        for number in customer * OF_ONE..(customer + 1) * OF_ONE {
            let id = subscription(number);
            let assigned = Assignment::new(&format!("/subscriptions/{id}"), "Tag", definition.as_str());
            estate = estate
                .with_delegated_subscription(&id, &format!("Number {number}"), &tenant)
                .below(&group)
                .with_assignment(assigned.with_system_identity(&format!("p{number}"), &tenant, "westeurope"))
                .with_record(record(number, 0, "Tag"));
        }
    }
    estate
}
