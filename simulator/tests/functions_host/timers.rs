//! Timers over the life of hosts. Recordings `timer-past-due`, `timer-run-on-startup`, `timer-manual-first` and `-later`.

use serde_json::{Value, json};
use simulator::functions_host::{HostOptions, Status, TimerStore};
use time::{Duration, OffsetDateTime};

use crate::support::{broker, options, package_of, post, seen_at_least, start_package, until};

fn timer(more: Value) -> Value {
    let mut trigger = json!({"type": "timerTrigger", "name": "timer", "schedule": "0 0 0 1 1 *"});
    let (Value::Object(trigger), Value::Object(more)) = (&mut trigger, more) else { panic!("objects") };
    trigger.extend(more);
    json!([trigger])
}

#[tokio::test]
async fn a_timer_that_was_due_while_no_host_ran_runs_once_at_the_start_and_says_so() {
    let now = OffsetDateTime::now_utc();
    let timers = TimerStore::default();
    let missed = Status { last: now - Duration::DAY, next: now - Duration::HOUR, updated: now - Duration::DAY };
    timers.put("sweep", missed);
    let changes = || HostOptions { timers: timers.clone(), timers_run: true, ..options(&[]) };
    let functions = [("sweep", timer(json!({}))), ("atstart", timer(json!({"runOnStartup": true})))];
    let host = start_package(package_of(false, &functions), &broker(1), changes()).await;
    let run = seen_at_least(&host, "/sweep", 1).await.remove(0)["body"]["Data"]["timer"].clone();
    assert_eq!(run["IsPastDue"], true);
    let told = run["ScheduleStatus"]["Next"].as_str().unwrap();
    let format = time::format_description::well_known::Rfc3339;
    assert!((OffsetDateTime::parse(told, &format).unwrap() - missed.next).abs() < Duration::MICROSECOND, "{told}");
    let first = seen_at_least(&host, "/atstart", 1).await.remove(0)["body"]["Data"]["timer"].clone();
    assert_eq!(
        (&first["IsPastDue"], &first["ScheduleStatus"]["LastUpdated"]),
        (&json!(false), &json!("0001-01-01T00:00:00+00:00"))
    );
    until(|| timers.get("sweep").is_some_and(|status| status.last >= now && status.next > now)).await;
    drop(host);
    // The next host has nothing to make up for.
    let functions = [("sweep", timer(json!({}))), ("atstart", timer(json!({"runOnStartup": true})))];
    let host = start_package(package_of(false, &functions), &broker(1), changes()).await;
    seen_at_least(&host, "/atstart", 1).await;
    assert_eq!(crate::support::seen(&host, "/sweep").len(), 0);
}

#[tokio::test]
async fn a_timer_runs_by_its_schedule_where_that_is_wanted() {
    let functions = [("ten", timer(json!({"schedule": "* * * * * *"})))];
    let changes = HostOptions { timers_run: true, ..options(&[]) };
    let host = start_package(package_of(false, &functions), &broker(1), changes).await;
    let runs = seen_at_least(&host, "/ten", 2).await;
    assert_eq!(runs[1]["body"]["Data"]["timer"]["ScheduleStatus"], Value::Null);
}

#[tokio::test]
async fn a_run_by_hand_has_an_input_and_leaves_the_status_alone() {
    let timers = TimerStore::default();
    let changes = HostOptions { timers: timers.clone(), ..options(&[]) };
    let host = start_package(package_of(false, &[("sweep", timer(json!({})))]), &broker(1), changes).await;
    let before = timers.get("sweep").unwrap();
    assert_eq!(post(&host, "/admin/functions/sweep", "", json!({})).await.0, 202);
    let run = seen_at_least(&host, "/sweep", 1).await.remove(0)["body"].clone();
    assert_eq!(run["Metadata"]["timer"], "\"\"");
    assert_ne!(run["Data"]["timer"]["ScheduleStatus"]["LastUpdated"], "0001-01-01T00:00:00+00:00");
    assert_eq!(timers.get("sweep"), Some(before));
    host.fire("sweep").await.unwrap().unwrap();
    let run = seen_at_least(&host, "/sweep", 2).await.remove(1)["body"].clone();
    assert_eq!(run["Metadata"]["timer"], Value::Null);
    assert!(timers.get("sweep").unwrap().last > before.last);
    for (path, body, status) in [("sweep", "", 400), ("nothing", "{}", 404)] {
        let request = format!(
            "POST /admin/functions/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(crate::support::send(&host, request.as_bytes()).await.status, status, "{path}");
    }
}
