//! What the host makes of the worker's answers, against recordings of a real one.

use futures::future::join_all;
use serde::Deserialize;
use serde_json::json;
use simulator::functions_host::{HostOptions, LogStream};

use crate::{
    golden::{event_grid, raw_host, recording},
    support::{post, until},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    recording: String,
    name: String,
    answer: Answer,
    caller: (u16, String),
    logs: Vec<String>,
    words: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: u16,
    content_type: Option<String>,
    body: String,
    #[serde(default)]
    chunked: bool,
}

impl Answer {
    fn bytes(&self) -> String {
        let reason = match self.status {
            200 => "OK",
            201 => "Created",
            204 => "No Content",
            302 => "Found",
            400 => "Bad Request",
            404 => "Not Found",
            _ => "Internal Server Error",
        };
        let kind = self.content_type.as_ref().map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        let place = if self.status == 302 { "Location: /hello\r\n" } else { "" };
        let body = match (self.chunked, self.status) {
            (true, _) => "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            (false, 204) => "\r\n".to_owned(),
            (false, _) => format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body),
        };
        format!("HTTP/1.1 {} {reason}\r\n{kind}{place}{body}", self.status)
    }
}

#[tokio::test]
async fn every_recorded_answer_ends_as_recorded() {
    let changes = |timeout: &str| {
        let settings = [("AzureFunctionsJobHost__functionTimeout".to_owned(), timeout.to_owned())].into();
        HostOptions { settings, ..HostOptions::default() }
    };
    let functions = [("receive-event", event_grid())];
    let (host, short) = (
        raw_host(false, &functions, changes("00:01:00")).await,
        raw_host(false, &functions, changes("00:00:01")).await,
    );
    let webhook = "/runtime/webhooks/eventgrid?functionName=receive-event";
    let (hanging, others): (Vec<Case>, Vec<Case>) =
        recording::<Vec<Case>>("answers.json").into_iter().partition(|case| case.caller.1.contains("Timeout"));
    assert!(hanging.len() == 6 && others.len() == 21, "{} {}", hanging.len(), others.len());
    let event = |case: &Case| json!({ "id": "1", "data": { "answer": case.answer.bytes() } });
    let log = || host.log().into_iter().filter(|line| line.stream == LogStream::Host).map(|line| line.text);
    for case in &others {
        let before = log().count();
        let caller = post(&host, webhook, "Notification", event(case)).await;
        let what = format!("{}: {}", case.recording, case.name);
        assert_eq!(caller, case.caller, "{what}");
        let told: Vec<String> = log().skip(before).collect();
        match &case.words {
            None => assert_eq!(told, case.logs, "{what}"),
            Some(words) => assert!(told.len() == 1 && told[0].contains(words), "{what}: {told:?}"),
        }
    }
    assert_eq!(host.starts(0), 1);
    // All at once, so that their time is over at once.
    let calls = hanging.iter().map(|case| post(&short, webhook, "Notification", event(case)));
    for (case, caller) in hanging.iter().zip(join_all(calls).await) {
        let expected = (case.caller.0, case.caller.1.replace("00:00:20", "00:00:01"));
        assert_eq!(caller, expected, "{}: {}", case.recording, case.name);
    }
    until(|| short.starts(0) == 2).await;
    let good = json!({ "id": "1", "data": {} });
    assert_eq!(post(&short, webhook, "Notification", good).await.0, 202, "the next worker is there");
}
