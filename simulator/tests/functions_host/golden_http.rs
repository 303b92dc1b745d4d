//! HTTP triggers, handed to the worker and forwarded to it, against recordings of a real host.

use serde::Deserialize;
use serde_json::{Value, json};
use simulator::functions_host::{FunctionsHost, HostOptions};

use crate::{
    golden::{NOBODY, normalised, raw, raw_host, recording},
    support::send,
};

#[derive(Deserialize)]
struct Recordings {
    plain: Vec<Case>,
    forwarded: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    client: Client,
    answer: Option<(u16, String)>,
    caller: Caller,
    handler: Option<Vec<Handler>>,
}

#[derive(Deserialize)]
struct Client {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    bytes: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    status: u16,
    content_type: Option<String>,
    body: String,
}

/// What the handler got.
#[derive(Deserialize)]
struct Handler {
    line: String,
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
    chunks: Option<Vec<usize>>,
}

const KEY: &str = "functionkeyfunctionkey0000000000000000000";

fn functions() -> [(&'static str, Value); 3] {
    let function = |more: Value| {
        let mut trigger = json!({"type": "httpTrigger", "name": "req", "authLevel": "anonymous"});
        let (Value::Object(trigger), Value::Object(more)) = (&mut trigger, more) else { panic!("objects") };
        trigger.extend(more);
        json!([trigger, {"type": "http", "direction": "out", "name": "res"}])
    };
    [
        ("hello", function(json!({"methods": ["get", "post"]}))),
        ("routed", function(json!({"methods": ["get"], "route": "a/{id}/{name}"}))),
        ("keyed", function(json!({"methods": ["get"], "authLevel": "function"}))),
    ]
}

impl Client {
    fn bytes(&self, host: &str) -> Vec<u8> {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.replace("<host>", host)));
        let head = format!("{} {} HTTP/1.1\r\n{}\r\n", self.method, self.target, headers.collect::<String>());
        let body = match (&self.bytes, self.body.as_deref().unwrap_or_default()) {
            (Some(bytes), _) => bytes.clone(),
            (None, body) if head.contains("Transfer-Encoding") => {
                format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes()
            }
            (None, body) => body.as_bytes().to_vec(),
        };
        [head.into_bytes(), body].concat()
    }
}

async fn asked(host: &FunctionsHost, case: &Case) -> Vec<Value> {
    let before = raw(host).len();
    let answer = send(host, &case.client.bytes(&host.address().to_string())).await;
    let caller = Caller { status: answer.status, content_type: answer.content_type, body: answer.body };
    assert_eq!(caller, case.caller, "{}", case.name);
    raw(host).split_off(before)
}

#[tokio::test]
async fn requests_reach_the_worker_as_recorded_and_its_outputs_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer");
    let settings = [("RAW_ANSWER".to_owned(), file.display().to_string())].into();
    let changes = HostOptions { settings, key: Some(KEY.to_owned()), ..HostOptions::default() };
    let host = raw_host(false, &functions(), changes).await;
    let address = host.address().to_string();
    for case in recording::<Recordings>("http.json").plain {
        let (status, body) = case.answer.as_ref().unwrap();
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        std::fs::write(&file, format!("{head}\r\n\r\n{body}")).unwrap();
        let seen = asked(&host, &case).await;
        let Some(handler) = &case.handler else { continue };
        assert_eq!(seen.len(), handler.len(), "{}", case.name);
        for (seen, expected) in seen.iter().zip(handler) {
            assert_eq!(seen["head"].as_str().unwrap().lines().next(), Some(expected.line.as_str()), "{}", case.name);
            let (body, recorded) = (seen["body"].as_str().unwrap(), expected.body.as_deref().unwrap());
            assert_eq!(normalised(body, &address), normalised(recorded, NOBODY), "{}", case.name);
            // Ports have as many digits as theirs.
            let sizes: Vec<u64> =
                seen["chunks"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap()).collect();
            assert_eq!(sizes.len(), expected.chunks.as_ref().unwrap().len(), "{}", case.name);
        }
    }
}

#[tokio::test]
async fn requests_are_forwarded_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer");
    let answer =
        "HTTP/1.1 418 X\r\nContent-Type: text/plain\r\nX-B: c\r\nSet-Cookie: a=1\r\nContent-Length: 5\r\n\r\nshort";
    std::fs::write(&file, answer).unwrap();
    let settings = [("RAW_ANSWER".to_owned(), file.display().to_string())].into();
    let changes = HostOptions { settings, key: Some(KEY.to_owned()), ..HostOptions::default() };
    let host = raw_host(true, &functions(), changes).await;
    let address = host.address().to_string();
    for case in recording::<Recordings>("http.json").forwarded {
        let seen = asked(&host, &case).await;
        let handler = case.handler.as_ref().unwrap();
        assert_eq!(seen.len(), handler.len(), "{}", case.name);
        for (seen, expected) in seen.iter().zip(handler) {
            let headers = expected.headers.iter().flatten().map(|(name, value)| format!("{name}: {value}\r\n"));
            let head = format!("{}\r\n{}\r\n", expected.line, headers.collect::<String>());
            let found = normalised(seen["head"].as_str().unwrap(), &address);
            assert_eq!(found, normalised(&head, NOBODY), "{}", case.name);
            if let Some(body) = &expected.body {
                assert_eq!(seen["body"].as_str().unwrap(), body, "{}", case.name);
            }
        }
    }
}
