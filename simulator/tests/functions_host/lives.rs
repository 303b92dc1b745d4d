//! How a worker's life ends and the next begins, as it was recorded of a real host.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{
    functions_host::{FunctionErrors, FunctionsHost, HostError, HostOptions, LogStream},
    service_bus::Message,
};

use crate::{
    golden::event_grid,
    support::{Gate, broker, options, package, package_of, post, start, start_package, until},
};

const TIMEOUT: (&str, &str) = ("AzureFunctionsJobHost__customHandler__initializationTimeout", "00:00:00.5");

/// Recording `function-timeout`.
#[tokio::test]
async fn a_function_whose_time_is_over_takes_the_other_calls_with_it_two_seconds_later() {
    let functions = [("receive-event", event_grid()), ("other", event_grid())];
    let changes = options(&[("AzureFunctionsJobHost__functionTimeout", "00:00:03")]);
    let (host, gate) = (start_package(package_of(false, &functions), &broker(1), changes).await, Gate::closed());
    let call = async |function: &str, word: String| {
        let path = format!("/runtime/webhooks/eventgrid?functionName={function}");
        post(&host, &path, "Notification", json!({ "id": "1", "data": { "word": word } })).await
    };
    let is_over = || host.log().iter().any(|line| line.text.contains("exceeded by function 'Functions.receive-event'"));
    let other = async {
        until(is_over).await;
        assert_eq!(host.starts(0), 1, "not yet");
        call("other", gate.word()).await
    };
    let (hanging, other) = tokio::join!(call("receive-event", "hang".to_owned()), other);
    let words = "Timeout value of 00:00:03 was exceeded by function: Functions.receive-event";
    assert_eq!(hanging, (500, words.to_owned()));
    assert_eq!(other, (500, "Exception while executing function: Functions.other".to_owned()));
    until(|| host.starts(0) == 2).await;
    assert_eq!(call("other", "good".to_owned()).await.0, 202);
}

/// Recording `exit-at-start`: 0 is only noticed when the time to get ready is over.
#[tokio::test]
async fn a_worker_that_ends_with_0_before_it_listens_is_waited_for_until_its_time_is_over() {
    let begun = Instant::now();
    let folder = package(false);
    let changes = options(&[("TEST_WORKER", "ends"), TIMEOUT]);
    let error = FunctionsHost::start(folder.path(), broker(1), changes).await;
    let Err(HostError::Worker { reason, .. }) = error else { panic!("it started") };
    assert!(reason.contains("restart retry count"), "{reason}");
    assert!(begun.elapsed() >= Duration::from_millis(1500), "three times half a second");
}

/// Recording `start-ping-answers`: an answer that takes its time is waited for.
#[tokio::test]
async fn a_slow_answer_to_the_question_whether_it_is_ready_is_waited_for() {
    let host = start(&broker(1), options(&[("ANSWERS_AFTER", "1500"), TIMEOUT])).await;
    assert_eq!(host.starts(0), 1);
}

/// Recording `start-late-or-not-at-all`.
#[tokio::test]
async fn a_package_without_an_executable_is_refused_here_and_says_that_azure_would_not() {
    let folder = package(false);
    let path = folder.path().join("host.json");
    let mut host: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    host["customHandler"]["description"]["defaultExecutablePath"] = "nothing-of-this-name".into();
    std::fs::write(&path, host.to_string()).unwrap();
    let error = FunctionsHost::start(folder.path(), broker(1), options(&[])).await;
    let Err(HostError::Worker { reason, .. }) = error else { panic!("it started") };
    assert!(reason.contains("Failed to start Worker Channel") && reason.contains("in Azure"), "{reason}");
}

/// Recordings `names-and-settings`.
#[tokio::test]
async fn a_function_that_azure_would_not_run_leaves_the_others_alone() {
    let timer = json!([{"type": "timerTrigger", "name": "timer", "schedule": "%NOWHERE%"}]);
    let functions = [("receive-event", event_grid()), ("sweep", timer)];
    let changes = HostOptions { function_errors: FunctionErrors::Disable, ..options(&[]) };
    let host = start_package(package_of(false, &functions), &broker(1), changes).await;
    assert_eq!(host.functions(), ["receive-event"]);
    let words = "The 'sweep' function is in error: '%NOWHERE%' does not resolve to a value.";
    assert!(host.log().iter().any(|line| line.stream == LogStream::Host && line.text == words), "{:?}", host.log());
    let good = json!({ "id": "1", "data": {} });
    let path = "/runtime/webhooks/eventgrid?functionName=";
    assert_eq!(post(&host, &format!("{path}receive-event"), "Notification", good.clone()).await.0, 202);
    assert_eq!(post(&host, &format!("{path}sweep"), "Notification", good).await.0, 404);
    assert!(matches!(host.fire("sweep").await, Err(HostError::NoFunction { .. })));
}

/// Recording `servicebus-one-at-a-time`, and the 20 ms that were measured.
#[tokio::test]
async fn messages_that_come_right_behind_the_first_are_of_its_batch() {
    let broker = broker(10);
    let host = start(&broker, options(&[])).await;
    let message = |n: u64| vec![Message { message_id: Some(format!("m{n}")), ..Message::text("good") }];
    // On a busy machine the second may come too late; not every time.
    let mut first = 0;
    let batch = loop {
        for n in [first, first + 1] {
            broker.send("work", message(n)).unwrap().unwrap();
        }
        first += 2;
        until(|| broker.counts("work").completed == first).await;
        let seen = crate::support::seen(&host, "/collect");
        let mut ids = seen.iter().map(|seen| seen["body"]["Metadata"]["MessageIdArray"].as_str().unwrap().to_owned());
        if let Some(two) = ids.find(|ids| ids.contains(',')) {
            break two;
        }
        assert!(first < 200, "never two in one batch");
    };
    assert!(batch.starts_with("[\"m"), "{batch}");
}
