//! A run over a management group: what `plan` names is what `act` then remediates, all that can be fixed is, and that takes not many
//! more calls than it must. Small, unless `LONG_STORMS` is set: then as large as a company's.

use std::time::Duration;

use serde_json::json;
use simulator::Service;

use crate::commands::ended;
use crate::commands::plans::{planned, remediated};
use crate::stage::{GROUP, Group, Stage};

const SMALL: Group = Group { subscriptions: 4, assignments: 7, resources: 190, escalate_above: 20 };
const LARGE: Group = Group { subscriptions: 50, assignments: 30, resources: 20_000, escalate_above: 300 };
/// The time of an invocation.
const BUDGET: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_a_management_group_remediates_exactly_what_was_planned_with_few_calls() {
    let group = if std::env::var_os("LONG_STORMS").is_some() { LARGE } else { SMALL };
    let (escalate_above, budget) = (group.escalate_above.to_string(), format!("{BUDGET}s"));
    let settings = [
        ("ESCALATE_ABOVE", escalate_above.as_str()),
        ("INVOCATION_BUDGET", budget.as_str()),
        // What was read is kept, as in earnest, and a task is not asked after ten times a second.
        ("FACTS_TTL", "10m"),
        ("COALESCE_WINDOW", "5s"),
        ("CHECK_INTERVAL_MIN", "1s"),
        ("CHECK_INTERVAL_MAX", "8s"),
        ("RUST_LOG", "warn,policy_remediator=info"),
    ];
    let mut stage = Stage::without_worker(group.estate()).await;
    stage.azure.ledger().keep_bodies(false);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["plan", "--json", "--scope", GROUP]).env_clear().envs(stage.worker_settings(&settings));
    let plan = ended(&mut command).await;
    assert_eq!(plan.code, Some(3), "roles are missing: {}", plan.stderr);
    let plan = plan.json();
    assert!(stage.manager.accepted_writes().is_empty() && stage.azure.blobs().list("state", "").is_empty());
    let targets = plan["targets"].as_array().unwrap();
    assert_eq!(
        targets.len(),
        group.fixable_targets() + group.subscriptions,
        "of what only audits there is nothing to plan"
    );
    let missing = targets.iter().filter(|target| target["parked"]["reason"] == "missingPermission").count();
    assert_eq!((missing, &plan["totals"]["resources"]), (group.subscriptions, &json!(group.fixable())));

    stage.start_worker(&settings, 1).await;
    let took = stage.run_over(group).await;
    println!("{}", took.line(group));
    assert_eq!(planned(&plan), remediated(&stage));
    assert_eq!((stage.count("fixed"), stage.count("parked")), (group.fixable(), group.without_roles()));
    assert_eq!(stage.unfit(), group.resources - group.fixable());
    assert_eq!(took.ended["subscriptions"], json!(group.subscriptions));
    let least = group.least();
    assert_eq!((&plan["totals"]["tasks"], &plan["totals"]["writes"]), (&json!(least.tasks), &json!(least.tasks)));
    assert_eq!(stage.manager.refused_writes().len(), 0);
    // What a target learns of late goes in a second task.
    assert!(took.writes <= least.tasks + least.tasks.div_ceil(20), "{} writes, {} at least", took.writes, least.tasks);
    assert!(took.reads <= 3 * least.reads, "{} reads, {} at least: {}", took.reads, least.reads, took.kinds);
    assert!(took.longest <= Duration::from_secs(BUDGET), "an invocation took {:?}", took.longest);
    let failed = stage.azure.ledger().count(|e| e.service == Service::Functions && e.status != Some(200));
    assert_eq!(failed, 0, "no invocation fails");
    stage.at_rest().await;
}
