//! From the log of a demo alone one can tell, for each resource, what was decided when and why. The log is replayed here, and
//! what it tells is held against the documents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulator_demo::{Burst, burst, estate};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::stage::{Stage, land, until};

/// What the log tells of one resource of one target.
#[derive(Debug, Default)]
struct Story {
    queued: usize,
    /// Where it stands, and the reason where there is one.
    stands: (String, String),
    tasks: Vec<String>,
    attempts: Vec<u64>,
    failures: Vec<String>,
}

fn text(entry: &Value, field: &str) -> String {
    entry[field].as_str().unwrap_or_default().to_owned()
}

/// Replays the log, line by line.
fn stories(log: &[Value]) -> BTreeMap<(String, String), Story> {
    let mut stories: BTreeMap<(String, String), Story> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry["resource"].is_string()) {
        let story = stories.entry((text(entry, "target"), text(entry, "resource"))).or_default();
        let reason = text(entry, "reason");
        match entry["event"].as_str().unwrap() {
            "event_queued" => story.queued += 1,
            "resource_waiting" => {
                assert_eq!(reason, "new", "{entry}");
                story.stands = ("waiting".into(), String::new());
            }
            "resource_retry" => {
                story.stands = ("waiting".into(), String::new());
                story.failures.push(text(entry, "words"));
            }
            // Another task was in the way: this one came to nothing, and the attempt does not count.
            "resource_blocked" => {
                story.stands = ("waiting".into(), String::new());
                assert_eq!(story.tasks.pop(), Some(text(entry, "task")));
                story.attempts.pop();
            }
            "resource_in_task" => {
                story.stands = ("inTask".into(), String::new());
                story.tasks.push(text(entry, "task"));
                story.attempts.push(entry["attempt"].as_u64().unwrap());
            }
            "resource_fixed" => {
                assert!(entry["observed_to_fixed_seconds"].as_f64().unwrap() > 0.0, "{entry}");
                story.stands = ("fixed".into(), String::new());
            }
            // Its task met what is wrong with the whole target; the attempt does not count.
            "resource_parked_with_target" => {
                story.stands = ("parked".into(), reason);
                if !text(entry, "task").is_empty() && story.tasks.last() == Some(&text(entry, "task")) {
                    story.attempts.pop();
                }
            }
            "resource_skipped" => story.stands = ("skipped".into(), reason),
            "resource_parked" => {
                assert!(!text(entry, "words").is_empty() && !text(entry, "hint").is_empty(), "{entry}");
                story.stands = ("parked".into(), reason);
            }
            // It has no entry: its target counts it.
            "observation_merged" if entry["merged"] == "notRemediable" => {
                story.stands = ("skipped".into(), text(entry, "merged"));
            }
            "observation_merged" => assert!(!text(entry, "merged").is_empty(), "{entry}"),
            other => panic!("an event that docs/log-events.md does not list: {other}"),
        }
    }
    stories
}

/// Where a resource stands and why, as its document has it.
fn end(document: &Value, entry: &Value) -> (String, String) {
    let park = &document["parked"];
    if park.is_object() && entry["state"]["is"] == "waiting" {
        ("parked".to_owned(), text(park, "reason"))
    } else {
        (text(&entry["state"], "is"), text(&entry["state"], "reason"))
    }
}

/// Whether it is of a policy that no task remediates.
fn is_only_counted(story: &Story) -> bool {
    story.stands.1 == "notRemediable"
}

/// Where each resource of each target stands.
type Stands = BTreeMap<(String, String), (String, String)>;

fn stands(stories: &BTreeMap<(String, String), Story>) -> Stands {
    let listed = stories.iter().filter(|(_, story)| !is_only_counted(story));
    listed.map(|(key, story)| (key.clone(), story.stands.clone())).collect()
}

fn stands_in_state(stage: &Stage) -> Stands {
    let mut stands = Stands::new();
    for (blob, document) in stage.documents() {
        let target = blob.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
        for (resource, entry) in document["resources"].as_object().unwrap() {
            stands.insert((target.clone(), resource.clone()), end(&document, entry));
        }
    }
    stands
}

#[tokio::test(flavor = "multi_thread")]
async fn for_each_resource_the_log_alone_tells_what_was_decided_when_and_why() {
    let estate = estate(OffsetDateTime::now_utc());
    let events = burst(&estate, Burst::default());
    let (records, sent) = (estate.records.len(), events.len());
    // With a short grace the creation of a task has little time, and one that is only found later is told of differently.
    let stage = Stage::with(estate, &[("OPENING_GRACE", "20s")]).await;
    let again = stage.deliver(events).await;
    stage.settled(records).await;
    // A pass may go on when its invocation has ended, and tells what it wrote a moment after it has written it.
    until("the log tells where each resource stands", || stands(&stories(&stage.log())) == stands_in_state(&stage))
        .await;
    let log = stage.log();
    let times: Vec<_> = log.iter().map(|entry| OffsetDateTime::parse(&text(entry, "timestamp"), &Rfc3339)).collect();
    assert!(times.iter().all(Result::is_ok), "every line has its time");

    let stories = stories(&log);
    let mut known = 0;
    for (blob, document) in stage.documents() {
        let target = blob.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
        for (resource, entry) in document["resources"].as_object().unwrap() {
            let story = stories
                .get(&(target.clone(), resource.clone()))
                .unwrap_or_else(|| panic!("{resource} is not in the log"));
            assert_eq!(story.stands, end(&document, entry), "{resource}: {story:?}");
            assert!(story.queued > 0, "{resource} came from an event");
            assert_eq!(
                story.attempts,
                (1..=story.attempts.len() as u64).collect::<Vec<_>>(),
                "{resource}: every attempt is told once"
            );
            assert!(
                story.failures.len() < story.attempts.len().max(1)
                    && story.failures.iter().all(|words| !words.is_empty())
            );
            known += 1;
        }
    }
    let counted = stories.values().filter(|story| is_only_counted(story)).count();
    assert!(counted > 0, "the demo has a policy that audits");
    assert_eq!((known + counted, stories.len()), (records, records));
    let queued: usize = stories.values().map(|story| story.queued).sum();
    assert!((sent..=sent + again).contains(&queued), "{sent} events and {again} once more, {queued} told of");
    assert!(stories.values().any(|story| !story.failures.is_empty()), "some attempt failed and its words are told");

    let of_task =
        |event: &str| -> BTreeSet<String> { stage.logged(event).iter().map(|entry| text(entry, "task")).collect() };
    let tasks: BTreeSet<String> = stories.values().flat_map(|story| story.tasks.clone()).collect();
    for event in ["task_created", "task_open", "task_ended"] {
        assert_eq!(of_task(event), tasks, "{event}");
    }
    let given_up = of_task("task_not_opened");
    assert_eq!(of_task("task_opening"), tasks.union(&given_up).cloned().collect());
    assert!(tasks.is_disjoint(&given_up));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_tells_the_guard_rails_in_full_and_every_value_that_is_not_the_default() {
    let rails =
        [("EXCLUDE_SCOPES", "*/resourceGroups/RG-MÜNCHEN, *-prod"), ("EXCLUDE_RESOURCE_TYPES", "Microsoft.Sql/*")];
    let stage = Stage::with(land(1), &rails).await;
    until("the start is told", || !stage.logged("started").is_empty()).await;
    let line = stage.logged("started").remove(0);
    let told = |field: &str| line[field].as_str().unwrap().split(" | ").map(str::to_owned).collect::<Vec<_>>();
    let expected = [
        "INCLUDE_ASSIGNMENTS=*",
        "EXCLUDE_ASSIGNMENTS=none",
        "EXCLUDE_SCOPES=*/resourceGroups/RG-MÜNCHEN, *-prod",
        "EXCLUDE_RESOURCE_TYPES=Microsoft.Sql/*",
        "REMEDIATE_DO_NOT_ENFORCE=false",
    ];
    assert_eq!(told("guard_rails"), expected);
    let changed = told("changed");
    assert!(changed.contains(&"SETTLE_DELAY=0s".to_owned()) && changed.contains(&"REMEDIATION_MODE=act".to_owned()));
    assert!(!changed.iter().any(|value| value.starts_with("PARK_FOR") || value.starts_with("EXCLUDE")), "{changed:?}");
    stage.at_rest().await;
}
