//! An alert asks for events and fields that the log has, and for a level as it is written.

use std::collections::BTreeMap;

use crate::snapshot::{last, of_type, text, words};

/// The fields of each event of docs/log-events.md, which tests hold to the log.
fn documented() -> BTreeMap<String, Vec<String>> {
    let document = text("docs/log-events.md");
    let rows = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let event = cells.next()?.trim_end_matches('`').to_owned();
        let fields = cells.nth(1)?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((event, fields))
    });
    rows.collect()
}

fn queries() -> BTreeMap<String, String> {
    let rules = of_type("default", "Microsoft.Insights/scheduledQueryRules");
    let query =
        |rule: &serde_json::Value| rule["properties"]["criteria"]["allOf"][0]["query"].as_str().unwrap().to_owned();
    rules.iter().map(|rule| (last(rule["name"].as_str().unwrap()).to_owned(), query(rule))).collect()
}

#[test]
pub(crate) fn each_event_and_each_field_of_a_query_is_written_by_the_worker() {
    let documented = documented();
    assert!(documented.len() > 40, "the document is read: {}", documented.len());
    let mut asked = 0;
    for (rule, query) in queries() {
        let after = |word: &'static str| {
            query.split(word).skip(1).map(|rest| rest.split([' ', ')', ',']).next().unwrap().to_owned())
        };
        let events: Vec<_> = query
            .split("log.event")
            .skip(1)
            .flat_map(|part| part.split(" and log.").next().unwrap().split('"').skip(1).step_by(2))
            .collect();
        for event in &events {
            assert!(documented.contains_key(*event), "{rule}: nothing logs {event}");
            asked += 1;
        }
        for field in after("log.").filter(|field| !["event", "level"].contains(&field.as_str())) {
            assert!(
                events.iter().any(|event| documented[*event].contains(&field)),
                "{rule}: {field} is no field of {events:?}"
            );
        }
    }
    assert!(asked >= 8, "{asked}");
}

#[test]
pub(crate) fn a_level_is_asked_for_as_the_log_writes_it() {
    let levels: Vec<_> = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].to_vec();
    let asked: Vec<_> = queries()
        .values()
        .flat_map(|query| {
            query
                .split("log.level == \"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|level| levels.contains(&level.as_str())), "{asked:?}");
}

#[test]
pub(crate) fn dead_letters_of_every_queue_are_told() {
    let metrics = of_type("default", "Microsoft.Insights/metricAlerts");
    let of = |metric: &str| {
        metrics
            .iter()
            .find(|alert| alert["properties"]["criteria"]["allOf"][0]["metricName"] == metric)
            .unwrap()
            .clone()
    };
    let queues = of_type("default", "Microsoft.ServiceBus/namespaces/queues");
    let mut queues: Vec<_> = queues.iter().map(|queue| last(queue["name"].as_str().unwrap())).collect();
    let dead_letters = of("DeadletteredMessages");
    let mut told = words(&dead_letters["properties"]["criteria"]["allOf"][0]["dimensions"][0]["values"]);
    queues.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, queues);
    of("ThrottledRequests");
}
