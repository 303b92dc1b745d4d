//! The worker's log as its readers have it: one JSON object a line. Whoever looks has all that the worker wrote before, however
//! late its pipe is read; what the worker has done but not yet told is waited for.

use serde_json::Value;
use simulator::functions_host::LogStream;

use super::{Stage, until};

impl Stage {
    /// What the worker logged, line by line. A line that is not a JSON object fails the test.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log_with("")
    }

    /// The log entries of one event.
    pub(crate) fn logged(&self, event: &str) -> Vec<Value> {
        self.log_with(event).into_iter().filter(|entry| entry["event"] == event).collect()
    }

    /// How many fixes the log tells to be verified; each is named in its line.
    pub(crate) fn verified(&self) -> usize {
        let lines = self.logged("fixes_verified");
        let which: Vec<&str> = lines.iter().flat_map(|line| line["which"].as_str().unwrap().lines()).collect();
        assert_eq!(which.len() as u64, lines.iter().map(|line| line["resources"].as_u64().unwrap()).sum::<u64>());
        which.len()
    }

    /// The lines that hold these words, parsed: tests look often, and parsing all of a long log takes long.
    fn log_with(&self, words: &str) -> Vec<Value> {
        let worker =
            self.lines().into_iter().filter(|line| line.stream != LogStream::Host && line.text.contains(words));
        worker
            .map(|line| {
                let parsed: Option<Value> = serde_json::from_str(&line.text).ok();
                parsed.filter(Value::is_object).unwrap_or_else(|| panic!("a log line is not JSON: {}", line.text))
            })
            .collect()
    }

    /// The log entries of one event, once there are so many; one more fails the test. A pass over a target may go on when its
    /// invocation has ended, and tells what it wrote a moment after it has written it.
    pub(crate) async fn told(&self, event: &str, count: usize) -> Vec<Value> {
        until(&format!("{event} is told {count} times"), || self.logged(event).len() >= count).await;
        let told = self.logged(event);
        assert_eq!(told.len(), count, "{event}: {told:#?}");
        told
    }
}
