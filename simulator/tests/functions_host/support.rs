//! Packages, hosts and waiting, for the stories.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use simulator::{
    functions_host::{CtrlC, EventGridPolicy, FunctionsHost, HostOptions, LogStream},
    service_bus::{Broker, QueueRules},
};

pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A package whose executable is this test binary.
pub(crate) fn package(forward: bool) -> tempfile::TempDir {
    let bus = |queue: &str, many: bool| {
        let cardinality = if many { "many" } else { "one" };
        json!({"type": "serviceBusTrigger", "name": "msgs", "queueName": queue, "connection": "ServiceBus",
               "cardinality": cardinality, "dataType": "string", "maxMessageBatchSize": 3})
    };
    let functions = [
        ("collect", json!([bus("%QUEUE%", true)])),
        ("recover", json!([bus("work/$DeadLetterQueue", false)])),
        ("receive-event", json!([{"type": "eventGridTrigger", "name": "event"}])),
        ("sweep", json!([{"type": "timerTrigger", "name": "timer", "schedule": "0 */15 * * * *"}])),
        (
            "status",
            json!([{"type": "httpTrigger", "name": "req", "methods": ["get"]}, {"type": "http", "direction": "out", "name": "res"}]),
        ),
    ];
    package_of(forward, &functions)
}

/// The same with these functions.
pub(crate) fn package_of(forward: bool, functions: &[(&str, Value)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let arguments = ["worker::serve", "--exact", "--nocapture", "--test-threads", "1"];
    let host = json!({
        "version": "2.0",
        "functionTimeout": "00:00:30",
        "customHandler": {
            "description": { "defaultExecutablePath": std::env::current_exe().unwrap(), "arguments": arguments },
            "enableForwardingHttpRequest": forward,
        },
        "extensions": { "serviceBus": { "maxConcurrentCalls": 2 } },
    });
    write(root.path(), "host.json", &host);
    for (name, bindings) in functions {
        fs::create_dir(root.path().join(name)).unwrap();
        write(root.path(), &format!("{name}/function.json"), &json!({ "bindings": bindings }));
    }
    root
}

fn write(root: &Path, file: &str, content: &Value) {
    fs::write(root.join(file), content.to_string()).unwrap();
}

pub(crate) fn options(settings: &[(&str, &str)]) -> HostOptions {
    let fixed = [("TEST_WORKER", "1"), ("QUEUE", "work"), ("ServiceBus__fullyQualifiedNamespace", "ns.example")];
    let settings = fixed.iter().chain(settings).map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let pauses = vec![Duration::from_millis(10)];
    let event_grid = EventGridPolicy { pauses, max_attempts: 3, ..EventGridPolicy::default() };
    HostOptions { settings, event_grid, ctrl_c: CtrlC::Ignore, platform_restart: None, ..HostOptions::default() }
}

pub(crate) fn broker(max_delivery_count: u32) -> Broker {
    let broker = Broker::new();
    broker.create("work", QueueRules::standard(max_delivery_count));
    broker
}

/// Holds what the worker does with a message that has its word in it, until it is opened.
pub(crate) struct Gate(tempfile::TempDir);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn word(&self) -> String {
        format!("gate:{}", self.0.path().join("open").display())
    }

    pub(crate) fn open(&self) {
        fs::write(self.0.path().join("open"), "").unwrap();
    }
}

/// A host with the package that its workers start from.
pub(crate) struct Running {
    pub(crate) host: FunctionsHost,
    _package: tempfile::TempDir,
}

impl std::ops::Deref for Running {
    type Target = FunctionsHost;

    fn deref(&self) -> &FunctionsHost {
        &self.host
    }
}

pub(crate) async fn start(broker: &Broker, options: HostOptions) -> Running {
    start_package(package(false), broker, options).await
}

pub(crate) async fn start_package(package: tempfile::TempDir, broker: &Broker, options: HostOptions) -> Running {
    let host = FunctionsHost::start(package.path(), broker.clone(), options).await.unwrap();
    Running { host, _package: package }
}

/// What the worker saw at a path, in order.
pub(crate) fn seen(host: &FunctionsHost, path: &str) -> Vec<Value> {
    let lines = host.log().into_iter().filter(|line| line.stream == LogStream::Stdout);
    let seen = lines.filter_map(|line| serde_json::from_str(line.text.strip_prefix("seen ")?).ok());
    seen.filter(|seen: &Value| seen["path"] == path).collect()
}

/// Waits until the worker has seen so much at a path: its lines come through a pipe.
pub(crate) async fn seen_at_least(host: &FunctionsHost, path: &str, count: usize) -> Vec<Value> {
    until(|| seen(host, path).len() >= count).await;
    seen(host, path)
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < LIMIT, "waited too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn decoded(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

pub(crate) async fn post(host: &FunctionsHost, path: &str, kind: &str, body: Value) -> (u16, String) {
    request(
        host,
        &format!("POST {path} HTTP/1.1\r\naeg-event-type: {kind}\r\ncontent-type: application/json"),
        &body.to_string(),
    )
    .await
}

pub(crate) async fn get(host: &FunctionsHost, path: &str) -> (u16, String) {
    request(host, &format!("GET {path} HTTP/1.1"), "").await
}

async fn request(host: &FunctionsHost, head: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    let answer = send(host, request.as_bytes()).await;
    (answer.status, answer.body)
}

/// What a caller gets.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends these bytes to the host and reads until it closes the connection.
pub(crate) async fn send(host: &FunctionsHost, request: &[u8]) -> Answer {
    send_to(host.address(), request).await
}

pub(crate) async fn send_to(address: std::net::SocketAddr, request: &[u8]) -> Answer {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let body = if header("transfer-encoding").is_some() { unchunked(body).0 } else { body.to_owned() };
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        content_type: header("content-type"),
        head: head.to_owned(),
        body,
    }
}

/// The text of a chunked body, and the sizes of its chunks.
pub(crate) fn unchunked(body: &str) -> (String, Vec<usize>) {
    let (mut text, mut sizes, mut rest) = (String::new(), Vec::new(), body);
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        text.push_str(&more[..size]);
        sizes.push(size);
        rest = &more[size + 2..];
    }
    (text, sizes)
}
