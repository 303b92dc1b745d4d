//! Every line of the log is as `docs/log-events.md` lists it: its level, and its fields. What is about a target says which one, in words that a
//! person knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulator_demo::{Burst, burst, estate};
use time::OffsetDateTime;

use crate::stage::{Stage, until};

const DOCUMENT: &str = include_str!("../../docs/log-events.md");
/// What every line has.
const COMMON: [&str; 5] = ["timestamp", "level", "message", "event", "spans"];
/// What names a target.
const TARGET: [&str; 4] = ["target", "subscription", "scope", "assignment"];

/// The levels and the fields of an event.
type Listed = BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>;

/// The rows of the document, by event.
fn listed() -> Listed {
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = DOCUMENT.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, event, level, fields, ..] = cells[..] else { return None };
        let event = event.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        let levels = level.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Some((event, (levels, words(fields))))
    });
    rows.collect()
}

fn wrong(line: &Value, listed: &Listed) -> Option<String> {
    let event = line["event"].as_str()?;
    let Some((levels, fields)) = listed.get(event) else { return Some(format!("{event} is not listed")) };
    let level = line["level"].as_str()?.to_lowercase();
    if !levels.contains(&level) {
        return Some(format!("{event} is {level}, listed as {levels:?}"));
    }
    let own = line.as_object()?.keys().filter(|field| !COMMON.contains(&field.as_str()));
    let is_of_target = line["target"].is_string();
    let names_target = |field: &str| is_of_target && (TARGET.contains(&field) || field == "reference");
    let unknown: Vec<_> = own.filter(|field| !fields.contains(*field) && !names_target(field)).collect();
    let lacking: Vec<_> = TARGET.iter().filter(|field| is_of_target && line[**field].is_null()).collect();
    (!unknown.is_empty() || !lacking.is_empty()).then(|| format!("{event} has {unknown:?} and lacks {lacking:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_demo_has_the_level_and_the_fields_that_are_listed() {
    let listed = listed();
    assert!(listed.len() > 40, "the table is read: {}", listed.len());
    for mode in ["act", "plan"] {
        let estate = estate(OffsetDateTime::now_utc());
        let (records, events) = (estate.records.len(), burst(&estate, Burst::default()));
        let stage = Stage::with(estate, &[("REMEDIATION_MODE", mode)]).await;
        stage.deliver(events).await;
        if mode == "act" {
            stage.settled(records).await;
        } else {
            until("a plan is told", || !stage.logged("plan").is_empty()).await;
        }
        stage.host().fire("sweep").await.unwrap().unwrap();
        stage.told("swept", 1).await;
        let all: BTreeSet<_> = stage.log().iter().filter_map(|line| wrong(line, &listed)).collect();
        assert!(all.is_empty(), "{all:#?}");
        if mode == "act" {
            stage.at_rest().await;
        }
    }
}
