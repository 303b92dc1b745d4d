//! The recordings of a real host, and what is not compared of them: ids, times, ports.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use simulator::functions_host::{FunctionsHost, HostOptions, LogStream};

use crate::support::{Running, broker, options, package_of, start_package};

pub(crate) fn recording<T: DeserializeOwned>(file: &str) -> T {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The address of no host.
pub(crate) const NOBODY: &str = "\u{0}";

/// A text with the ids as numbers, and without the time of the invocation and the ports.
pub(crate) fn normalised(text: &str, host: &str) -> String {
    let mut text = text.replace(host, "<host>").replace("127.0.0.1:<host port>", "<host>");
    for (before, after) in [("UtcNow\":\"", '"'), ("Host: 127.0.0.1:", '\r')] {
        let starts: Vec<usize> = text.match_indices(before).map(|(at, _)| at + before.len()).collect();
        for start in starts.into_iter().rev() {
            let end = start + text[start..].find(after).unwrap_or(text.len() - start);
            text.replace_range(start..end, "<>");
        }
    }
    let (mut ids, mut normalised, mut rest) = (Vec::new(), String::new(), text.as_str());
    while let Some(sign) = rest.chars().next() {
        match rest.get(..36).filter(|id| is_id(id)) {
            Some(id) => {
                let number = ids.iter().position(|known| *known == id).unwrap_or(ids.len());
                ids.push(id);
                normalised.push_str(&format!("<id {number}>"));
                rest = &rest[36..];
            }
            None => {
                normalised.push(sign);
                rest = &rest[sign.len_utf8()..];
            }
        }
    }
    normalised
}

fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A host whose worker writes down every byte, with these functions.
pub(crate) async fn raw_host(forward: bool, functions: &[(&str, Value)], changes: HostOptions) -> Running {
    let mut options = HostOptions { settings: options(&[("TEST_WORKER", "raw")]).settings, ..changes.clone() };
    options.settings.extend(changes.settings);
    start_package(package_of(forward, functions), &broker(10), options).await
}

pub(crate) fn event_grid() -> Value {
    json!([{"type": "eventGridTrigger", "name": "event"}])
}

/// What reached the worker so far, but for the question whether it is ready.
pub(crate) fn raw(host: &FunctionsHost) -> Vec<Value> {
    let all = raw_all(host);
    all.into_iter().filter(|seen| !seen["head"].as_str().unwrap().starts_with("GET / ")).collect()
}

pub(crate) fn raw_all(host: &FunctionsHost) -> Vec<Value> {
    let lines = host.log().into_iter().filter(|line| line.stream == LogStream::Stdout);
    lines.filter_map(|line| serde_json::from_str(line.text.strip_prefix("raw ")?).ok()).collect()
}
