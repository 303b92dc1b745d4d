//! What was asked and written on the wire, counted from the ledger: the calls to Policy Insights, and what was put into storage.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use simulator::Service;
use simulator::ledger::{Entry, Ledger};
use simulator_demo::calls::kind;

/// Calls to Policy Insights by kind.
pub(crate) struct Insights(BTreeMap<&'static str, usize>);

impl Insights {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let mut kinds = BTreeMap::new();
        let path = |entry: &Entry| entry.path.to_ascii_lowercase();
        let asked = |entry: &Entry| {
            entry.service == Service::ResourceManager && path(entry).contains("microsoft.policyinsights")
        };
        for entry in ledger.filter(asked) {
            *kinds.entry(kind(&entry).unwrap_or("another")).or_default() += 1;
        }
        Self(kinds)
    }

    /// For so many of what was done, in words.
    pub(crate) fn line(&self, done: f64) -> String {
        let all = self.0.values().sum::<usize>() as f64 / done;
        let kinds: Vec<_> = self.0.iter().map(|(kind, count)| format!("{:.2} {kind}", *count as f64 / done)).collect();
        format!("{all:.2} calls of Policy Insights ({})", kinds.join(", "))
    }
}

/// What was put into the container `state`, by folder.
pub(crate) struct Writes(BTreeMap<String, usize>);

impl Writes {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let mut folders = BTreeMap::new();
        for write in ledger.filter(is_write) {
            *folders.entry(place(&write).0).or_default() += 1;
        }
        Self(folders)
    }

    /// For so many of what was done, in words.
    pub(crate) fn line(&self, done: f64) -> String {
        let all = self.0.values().sum::<usize>() as f64 / done;
        let folders: Vec<_> =
            self.0.iter().map(|(name, count)| format!("{:.2} {name}", *count as f64 / done)).collect();
        format!("{all:.2} writes ({})", folders.join(", "))
    }
}

/// Bytes of the targets' documents that were written, and bytes of the entries in them that had changed. Bodies must have been kept.
pub(crate) fn bytes(ledger: &Ledger) -> (usize, usize) {
    let mut before: HashMap<String, Value> = HashMap::new();
    let (mut written, mut changed) = (0, 0);
    for write in ledger.filter(|entry| is_write(entry) && place(entry).0 == "targets") {
        let Some(body) = &write.request_body else { continue };
        written += body.len();
        let Ok(document) = serde_json::from_slice::<Value>(body) else { continue };
        let name = place(&write).1;
        let known = before.get(&name).and_then(|document| document["resources"].as_object());
        let is_news = |(id, entry): &(&String, &Value)| known.and_then(|known| known.get(*id)) != Some(entry);
        let news = document["resources"].as_object().into_iter().flatten().filter(is_news);
        changed += news.map(|(id, entry)| id.len() + entry.to_string().len()).sum::<usize>();
        before.insert(name, document);
    }
    (written, changed)
}

fn is_write(entry: &Entry) -> bool {
    let done = entry.status.is_some_and(|status| status < 300);
    entry.service == Service::Blob && entry.method == "PUT" && entry.path.contains("/state/") && done
}

/// The folder that it is in, and its name.
fn place(entry: &Entry) -> (String, String) {
    let name = entry.path.rsplit("/state/").next().unwrap_or_default().replace("%2F", "/");
    (name.split('/').next().unwrap_or_default().to_owned(), name)
}
