//! `demo --storm`: a storm as a person runs it, with its JSON and its exit code.

use serde_json::Value;
use tokio::process::Command;

use crate::stage::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_the_demo_is_weathered_with_few_tasks_and_no_violation_and_says_so_in_json() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    command.args(["demo", "--storm", "500", "--seed", "3", "--json"]).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{report}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!((report["events"].as_u64(), report["duplicates"].as_u64()), (Some(500), Some(150)));
    for nothing in ["unfixed", "waiting", "duplicateTasks", "overlaps", "retryAfterViolations", "wronglyParked"] {
        assert_eq!(report[nothing], 0, "{nothing}: {report}");
    }
    let count = |name: &str| report[name].as_u64().unwrap();
    let (writes, least) = (count("armWrites"), count("leastArmWrites"));
    assert!(least >= 2 && writes >= least && writes <= 2 * least, "{report}");
    assert!(count("armReads") > writes && count("refusedArmWrites") <= count("armReads"), "{report}");
    assert!(report["eventsPerSecond"].as_f64().unwrap() > 0.0, "{report}");
    let parked: u64 = report["parked"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert!(count("fixed") + parked >= 100, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_and_a_file_of_events_or_a_mode_exclude_each_other() {
    for more in [["--events", "x.json"], ["--mode", "plan"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        let ended = command.args(["demo", "--storm", "100"]).args(more).output().await.unwrap();
        assert_eq!(ended.status.code(), Some(2), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}
