//! The Functions host against real child processes, story by story.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[cfg(unix)]
mod ctrl_c;
mod golden;
mod golden_answers;
mod golden_http;
mod golden_requests;
mod lives;
mod raw_worker;
mod split;
mod stops;
mod support;
mod timers;
mod worker;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use simulator::{
    Faults, Ledger, Service,
    faults::{Kind, Rule, Which},
    functions_host::{FunctionsHost, HostError, HostOptions, LogStream, Phase},
    service_bus::{Entity, Message},
};

use time::OffsetDateTime;

use support::{
    Gate, LIMIT, broker, decoded, get, options, package, post, seen, seen_at_least, start, start_package, until,
};

#[tokio::test]
async fn the_worker_gets_its_settings_and_little_else_of_the_environment() {
    let host = start(&broker(10), options(&[("ONE", "two")])).await;
    let env =
        |host: &FunctionsHost| host.log().iter().find_map(|line| line.text.strip_prefix("env ").map(str::to_owned));
    until(|| env(&host).is_some()).await;
    let env: BTreeMap<String, String> = serde_json::from_str(&env(&host).unwrap()).unwrap();
    let expected = [
        "FUNCTIONS_APP_ROOT_PATH",
        "FUNCTIONS_CUSTOMHANDLER_PORT",
        "FUNCTIONS_CUSTOMHANDLER_WORKER_ID",
        "FUNCTIONS_HTTPWORKER_ID",
        "FUNCTIONS_HTTPWORKER_PORT",
        "ONE",
        "QUEUE",
        "ServiceBus__fullyQualifiedNamespace",
        "TEST_WORKER",
    ];
    let optional = ["PATH", "SSL_CERT_FILE", "RUST_BACKTRACE", "TMPDIR", "HOME", "SYSTEMROOT"];
    let found: Vec<&str> = env.keys().map(String::as_str).filter(|name| !optional.contains(name)).collect();
    assert_eq!(found, expected);
    assert_eq!(host.functions(), ["collect", "receive-event", "recover", "status", "sweep"]);
    if cfg!(target_os = "linux") {
        assert!(host.peak_rss_bytes(0) > 100_000, "{}", host.peak_rss_bytes(0));
    }
}

#[tokio::test]
async fn messages_come_in_batches_one_at_a_time_and_are_completed() {
    let (broker, gate) = (broker(10), Gate::closed());
    let ledger = Ledger::new();
    let host = start(&broker, HostOptions { ledger: ledger.clone(), ..options(&[]) }).await;
    host.pause(0);
    let text = |n: u64| format!("{n} {}", gate.word());
    let message = |n: u64| Message { message_id: Some(format!("m{n}")), ..Message::text(text(n)) };
    broker.send("work", (0..7).map(message).collect()).unwrap().unwrap();
    let resumed = OffsetDateTime::now_utc();
    host.resume(0);
    until(|| seen(&host, "/collect").len() == 1).await;
    assert_eq!((broker.counts("work").locked, broker.counts("work").active), (3, 4), "one batch at a time");
    gate.open();
    assert!(host.until_idle(LIMIT).await);
    let batches = seen_at_least(&host, "/collect", 3).await;
    let bodies: Vec<Value> = batches.iter().map(|seen| decoded(&seen["body"]["Data"]["msgs"])).collect();
    let expected = [json!([text(0), text(1), text(2)]), json!([text(3), text(4), text(5)]), json!([text(6)])];
    assert_eq!(bodies, expected);
    assert_eq!(batches[0]["body"]["Metadata"]["MessageIdArray"], "[\"m0\",\"m1\",\"m2\"]");
    assert_eq!(batches[0]["body"]["Metadata"]["Client"]["FullyQualifiedNamespace"], "ns.example");
    assert_eq!(broker.counts("work").completed, 7);
    let early = ledger.count(|entry| entry.path == "/collect" && entry.received < resumed);
    assert_eq!(early, 0, "a paused instance receives nothing");
    assert!(batches.iter().all(|seen| seen["chunked"] == "chunked" && seen["length"].is_null()), "{batches:?}");
    assert!(batches[0]["agent"].as_str().unwrap().starts_with("Azure-Functions-Host/4."));
    assert_eq!(batches[0]["type"], "application/json; charset=utf-8");
    let logged = |host: &FunctionsHost| {
        host.log().iter().filter(|line| line.stream == LogStream::Host && line.text == "all is well").count()
    };
    assert_eq!(logged(&host), 0, "these answers carry no logs");
}

#[tokio::test]
async fn a_failed_batch_is_given_back_whole_until_it_is_dead_lettered_and_recovered() {
    for (word, told) in [("fail", "does not indicate success: 500"), ("plain", "Invalid HttpResponseMessage")] {
        let broker = broker(2);
        let host = start(&broker, options(&[])).await;
        host.pause(0);
        broker.send("work", vec![Message::text(word), Message::text("good")]).unwrap().unwrap();
        host.resume(0);
        // The dead-letter queue's function fails on the bad one too, again and again, until it is stopped here.
        let recovered = seen_at_least(&host, "/recover", 2).await;
        let batches = seen(&host, "/collect");
        let counts: Vec<&Value> = batches.iter().map(|seen| &seen["body"]["Metadata"]["DeliveryCountArray"]).collect();
        assert_eq!(counts, ["[1,1]", "[2,2]"]);
        let properties = &recovered[0]["body"]["Metadata"]["ApplicationProperties"];
        assert_eq!(properties["DeadLetterReason"], "MaxDeliveryCountExceeded");
        assert!(host.log().iter().any(|line| line.stream == LogStream::Host && line.text.contains(told)), "{told}");
    }
}

#[tokio::test]
async fn an_empty_answer_hangs_until_the_timeout_which_kills_the_worker() {
    let broker = broker(1);
    let host = start(&broker, options(&[("AzureFunctionsJobHost__functionTimeout", "00:00:00.4")])).await;
    let started = Instant::now();
    broker.send("work", vec![Message::text("hang")]).unwrap().unwrap();
    until(|| host.starts(0) >= 2).await;
    assert!(started.elapsed() >= Duration::from_millis(2400), "two seconds after the time is over");
    until(|| host.log().iter().any(|line| line.text.contains("Timeout value of 00:00:00.4000000 was exceeded"))).await;
    // Its one delivery failed.
    until(|| broker.counts("work").dead_lettered == 1).await;
}

#[tokio::test]
async fn exit_codes_decide_what_follows() {
    let message = |body: &str| vec![Message::text(body)];
    // 200 restarts for ever, uncounted; the batch that was in hand is delivered again.
    let again = broker(4);
    let host = start(&again, options(&[])).await;
    again.send("work", message("exit 200")).unwrap().unwrap();
    until(|| host.starts(0) >= 5).await;
    assert_ne!(*host.phase(0).unwrap().borrow(), Phase::Stopped { reason: String::new() });
    drop(host);
    // 0 is never restarted: later deliveries are refused a connection.
    let broker = broker(3);
    let host = start(&broker, options(&[])).await;
    broker.send("work", message("exit 0")).unwrap().unwrap();
    until(|| matches!(*host.phase(0).unwrap().borrow(), Phase::Exited { .. })).await;
    until(|| broker.counts("work").dead_lettered == 1).await;
    assert_eq!(host.starts(0), 1);
    let report = host.deliver("receive-event", vec![json!({"id": "1"})]).await;
    assert_eq!((report.delivered, report.attempts, report.dropped.len()), (0, 3, 1));
}

#[tokio::test]
async fn the_third_crash_stops_the_host_and_the_platform_brings_it_back() {
    let broker = broker(1000);
    let restart = Some(Duration::from_millis(20));
    let host = start(&broker, HostOptions { platform_restart: restart, ..options(&[]) }).await;
    let mut stopped = host.phase(0).unwrap();
    let mut phase = host.phase(0).unwrap();
    let before = host.peak_rss_bytes(0);
    for life in 1..=3 {
        let ready = phase.wait_for(|phase| matches!(phase, Phase::Ready { .. }));
        tokio::time::timeout(LIMIT, ready).await.unwrap().unwrap();
        until(|| host.starts(0) == life).await;
        host.kill(0);
        if life < 3 {
            until(|| host.starts(0) > life).await;
        }
    }
    let gone = stopped.wait_for(|phase| matches!(phase, Phase::Stopped { reason } if reason.contains("retry count")));
    tokio::time::timeout(LIMIT, gone).await.unwrap().unwrap();
    broker.send("work", vec![Message::text("good")]).unwrap().unwrap();
    until(|| broker.counts("work").completed == 1).await;
    assert_eq!(host.starts(0), 4);
    assert!(host.peak_rss_bytes(0) >= before, "a killed worker's memory is remembered");
}

#[tokio::test]
async fn event_grid_redelivers_what_failed_and_drops_it_in_the_end() {
    let ledger = Ledger::new();
    let host = start(&broker(10), HostOptions { ledger: ledger.clone(), ..options(&[]) }).await;
    let event = |word: &str| json!({"id": word, "eventTime": "2026-11-21T07:00:00.1200Z", "data": {"word": word}});
    let report = host.deliver("receive-event", vec![event("good"), event("fail"), event("fine")]).await;
    assert_eq!((report.delivered, report.attempts, report.redeliveries), (2, 5, 2));
    assert_eq!(report.dropped, [(event("fail"), Some(500))]);
    let good = seen_at_least(&host, "/receive-event", 5).await;
    let good = good.iter().find(|seen| seen["body"]["Data"]["event"]["id"] == "good").unwrap();
    assert_eq!(good["body"]["Data"]["event"]["eventTime"], "2026-11-21T07:00:00.12Z");
    assert_eq!(good["body"]["Metadata"]["data"], json!({"word": "good"}));
    let posts = ledger.count(|entry| entry.path.starts_with("/runtime/webhooks/eventgrid"));
    let invocations = ledger.count(|entry| entry.service == Service::Functions && entry.path == "/receive-event");
    assert_eq!((posts, invocations), (5, 5));

    let report = host.deliver("nothing", vec![event("good")]).await;
    assert_eq!(report.dropped, [(event("good"), Some(404))], "tried again all the same: a cold host answers so");
    let client = |kind: &'static str, body: Value| {
        post(&host, "/runtime/webhooks/eventgrid?functionName=receive-event", kind, body)
    };
    let handshake = json!([{"data": {"validationCode": "512d38b6"}}]);
    assert_eq!(
        client("SubscriptionValidation", handshake).await,
        (200, "{\"validationResponse\":\"512d38b6\"}".to_owned())
    );
    assert_eq!(client("Unsubscribe", json!(null)).await.0, 202);
    assert_eq!(client("Other", json!([])).await.0, 400);
    assert_eq!(client("Notification", json!("x")).await, (500, String::new()));
    assert_eq!(client("Notification", json!({"id": "single", "data": {}})).await.0, 202);
    let (status, words) = client("Notification", json!([event("a"), event("fail"), event("b")])).await;
    assert_eq!(status, 500, "one failure fails the payload");
    assert_eq!(words, "Exception while executing function: Functions.receive-event");
}

#[tokio::test]
async fn timers_are_fired_by_hand_and_http_functions_answer_both_ways() {
    let host = start(&broker(10), options(&[])).await;
    host.fire("sweep").await.unwrap().unwrap();
    assert_eq!(post(&host, "/admin/functions/sweep", "", json!({"input": ""})).await.0, 202);
    let fired = seen_at_least(&host, "/sweep", 2).await;
    let last = |n: usize| fired[n]["body"]["Data"]["timer"]["ScheduleStatus"]["Last"].clone();
    assert_eq!(last(0), "0001-01-01T00:00:00+00:00");
    assert_ne!(last(1), last(0));
    assert!(matches!(host.fire("collect").await, Err(HostError::NoFunction { .. })));

    assert_eq!(get(&host, "/api/status?full=1").await, (202, "made".to_owned()));
    assert_eq!(seen_at_least(&host, "/status", 1).await[0]["body"]["Data"]["req"]["Query"], json!({"full": "1"}));
    assert_eq!(get(&host, "/api/nothing").await.0, 404);
    let forwarding = start_package(package(true), &broker(10), options(&[])).await;
    assert_eq!(get(&forwarding, "/api/status").await, (418, "a page".to_owned()));
}

#[tokio::test]
async fn a_lost_acknowledgement_makes_a_second_delivery() {
    let (broker, faults) = (broker(10), Faults::new());
    faults.add(Rule::new("lost", Service::Functions, Which::First(1), Kind::CutAfter).path_contains("/collect"));
    let host = start(&broker, HostOptions { faults: faults.clone(), ..options(&[]) }).await;
    broker.send("work", vec![Message::text("good")]).unwrap().unwrap();
    until(|| broker.counts("work").completed == 1).await;
    assert_eq!(seen_at_least(&host, "/collect", 2).await.len(), 2);
    assert_eq!(faults.hits("lost"), 1);
}

#[tokio::test]
async fn instances_share_the_queue_and_die_with_the_host() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, HostOptions { instances: 2, ..options(&[]) }).await;
    host.pause(0);
    host.pause(1);
    broker.send("work", (0..6).map(|n| Message::text(format!("{n} {}", gate.word()))).collect()).unwrap().unwrap();
    host.resume(0);
    host.resume(1);
    until(|| broker.counts("work").locked == 6).await;
    gate.open();
    assert!(host.until_idle(LIMIT).await);
    let ports: Vec<u16> = (0..2)
        .map(|instance| match *host.phase(instance).unwrap().borrow() {
            Phase::Ready { port } => port,
            ref other => panic!("{other:?}"),
        })
        .collect();
    drop(host);
    for port in ports {
        until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_err()).await;
    }
}

#[tokio::test]
async fn messages_in_hand_at_a_shutdown_stay_locked_until_their_locks_expire() {
    let (broker, gate) = (broker(10), Gate::closed());
    let host = start(&broker, options(&[])).await;
    broker.send("work", vec![Message::text(gate.word())]).unwrap().unwrap();
    until(|| broker.counts("work").locked == 1).await;
    host.host.shutdown().await;
    assert!(broker.receive(&Entity::queue("work"), 1).unwrap().is_empty());
    broker.shift(Duration::from_secs(300));
    assert_eq!(broker.receive(&Entity::queue("work"), 1).unwrap()[0].delivery_count, 2);
}

#[tokio::test]
async fn a_worker_that_does_not_start_is_an_error_with_its_last_words() {
    let broken = package(false);
    let error = FunctionsHost::start(broken.path(), broker(1), options(&[("TEST_WORKER", "broken")])).await;
    let Err(HostError::Worker { reason, last_words }) = error else { panic!("it started") };
    assert!(reason.contains("restart retry count"), "{reason}");
    assert!(last_words.contains("'soon' is not a duration"), "{last_words}");
}
