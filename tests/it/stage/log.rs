//! The worker's log as its readers have it: one JSON object a line.

use serde_json::Value;
use simulator::functions_host::LogStream;

use super::Stage;

impl Stage {
    /// What the worker logged, line by line. A line that is not a JSON object fails the test.
    pub(crate) fn log(&self) -> Vec<Value> {
        let worker = self.lines().into_iter().filter(|line| line.stream != LogStream::Host);
        worker
            .map(|line| {
                let parsed: Option<Value> = serde_json::from_str(&line.text).ok();
                parsed.filter(Value::is_object).unwrap_or_else(|| panic!("a log line is not JSON: {}", line.text))
            })
            .collect()
    }

    /// The log entries of one event.
    pub(crate) fn logged(&self, event: &str) -> Vec<Value> {
        self.log().into_iter().filter(|entry| entry["event"] == event).collect()
    }
}
