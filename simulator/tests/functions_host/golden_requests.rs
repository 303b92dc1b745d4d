//! What the host sends, byte for byte, and what the webhook answers, against recordings of a real one.

use serde::Deserialize;
use serde_json::{Value, json};
use simulator::functions_host::HostOptions;

use crate::{
    golden::{NOBODY, event_grid, normalised, raw, raw_all, raw_host, recording},
    support::{send, until},
};

const EVENT: &str = r#"[{"id":"1","data":{}}]"#;

fn notification(sent: &str) -> String {
    let length = sent.len();
    format!(
        "POST /runtime/webhooks/eventgrid?functionName=receive-event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         aeg-event-type: Notification\r\nContent-Length: {length}\r\n\r\n{sent}"
    )
}

/// A head as the recording tells it.
fn head(line: &str, headers: &Value) -> String {
    let headers = headers.as_array().unwrap().iter();
    let headers = headers.map(|header| format!("{}: {}\r\n", header[0].as_str().unwrap(), header[1].as_str().unwrap()));
    format!("{line}\r\n{}\r\n", headers.collect::<String>())
}

#[tokio::test]
async fn the_heads_of_requests_have_the_recorded_headers_in_their_order_and_spelling() {
    let heads: Value = recording("heads.json");
    for (kind, core_tools) in [("chunked", None), ("core tools", Some(("FUNCTIONS_CORETOOLS_ENVIRONMENT", "true")))] {
        let settings = core_tools.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let changes = HostOptions { settings, ..HostOptions::default() };
        let host = raw_host(false, &[("receive-event", event_grid())], changes).await;
        assert_eq!(send(&host, notification(EVENT).as_bytes()).await.status, 202);
        until(|| raw_all(&host).len() == 2).await;
        let seen = raw_all(&host);
        let expected = [("GET / HTTP/1.1", &heads["ping"]), ("POST /receive-event HTTP/1.1", &heads[kind])];
        for (seen, (line, headers)) in seen.iter().zip(expected) {
            let expected = head(line, headers).replace("<id>", "00000000-0000-4000-8000-000000000001");
            // The time of an invocation has no zeros at its end, so its length follows from it.
            let length = format!("Content-Length: {}\r\n", seen["body"].as_str().unwrap().len());
            let expected = expected.replace("Content-Length: 189\r\n", &length);
            assert_eq!(normalised(seen["head"].as_str().unwrap(), NOBODY), normalised(&expected, NOBODY), "{kind}");
        }
    }
}

#[tokio::test]
async fn the_webhook_answers_as_recorded_and_hands_on_what_was_recorded() {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Case {
        name: String,
        method: String,
        function: String,
        r#type: Option<String>,
        key: Option<bool>,
        origin: Option<String>,
        sent: Option<String>,
        caller: (u16, String),
        content_type: Option<String>,
        handler: Option<Vec<String>>,
    }
    let changes = HostOptions { key: Some("k".to_owned()), ..HostOptions::default() };
    let host = raw_host(false, &[("receive-event", event_grid())], changes).await;
    let address = host.address().to_string();
    for case in recording::<Vec<Case>>("webhook.json") {
        let before = raw(&host).len();
        let body = case.sent.as_deref().unwrap_or_default();
        let key = if case.key == Some(false) { "" } else { "&code=k" };
        let kind = case.r#type.map(|kind| format!("aeg-event-type: {kind}\r\n")).unwrap_or_default();
        let origin = case.origin.as_ref().map(|origin| format!("WebHook-Request-Origin: {origin}\r\n"));
        let request = format!(
            "{} /runtime/webhooks/eventgrid?functionName={}{key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{kind}{}\
             Content-Length: {}\r\n\r\n{body}",
            case.method,
            case.function,
            origin.unwrap_or_default(),
            body.len()
        );
        let answer = send(&host, request.as_bytes()).await;
        assert_eq!((answer.status, answer.body), case.caller, "{}", case.name);
        assert_eq!(answer.content_type, case.content_type, "{}", case.name);
        if let Some(origin) = &case.origin {
            assert!(
                answer.head.to_lowercase().contains(&format!("webhook-allowed-origin: {origin}")),
                "{}",
                answer.head
            );
        }
        if case.name == "no code" {
            assert!(answer.head.to_lowercase().contains("www-authenticate: bearer"), "{}", answer.head);
        }
        // The caller is answered when the worker has been.
        let seen: Vec<Value> = raw(&host).split_off(before);
        let bodies: Vec<String> =
            seen.iter().map(|seen| normalised(seen["body"].as_str().unwrap(), &address)).collect();
        let expected: Vec<String> = case.handler.iter().flatten().map(|body| normalised(body, NOBODY)).collect();
        assert_eq!(bodies, expected, "{}", case.name);
    }
}

#[tokio::test]
async fn a_body_of_more_than_a_chunk_is_sent_in_chunks() {
    let host = raw_host(false, &[("receive-event", event_grid())], HostOptions::default()).await;
    let event = json!([{ "id": "1", "data": { "text": "x".repeat(300_000) } }]).to_string();
    assert_eq!(send(&host, notification(&event).as_bytes()).await.status, 202);
    let seen = raw(&host);
    let (last, full) = seen[0]["chunks"].as_array().unwrap().split_last().unwrap();
    assert!(full.len() == 586 && full.iter().all(|size| size == 1024), "as the recording `concurrency` has it");
    let length: u64 = seen[0]["body"].as_str().unwrap().len().try_into().unwrap();
    assert_eq!(last.as_u64().unwrap() + 586 * 1024, length);
}
