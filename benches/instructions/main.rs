//! How many instructions the worker itself needs for an event: from the host's post to a message, and from a message to its document.
//! No socket, no clock, no thread, so the count is the same each time. `scripts/check-instructions` has callgrind count [`measured`]
//! alone, and compares; without callgrind it only runs.

#[path = "../core/post.rs"]
mod post;
#[path = "../core/sample.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod sample;

use std::collections::BTreeMap;
use std::hint::black_box;

use serde_json::json;

use policy_remediator::host::Envelope;
use remediation::document::TargetDocument;
use remediation::event::{Taken, take_message};
use remediation::id::Target;
use remediation::message::{Observation, Outgoing};
use remediation::transition::merge;

use post::post;
use sample::{assignment, now, resource, tuning};

/// `maxMessageBatchSize` of host.json.
const BATCH: usize = 256;
const BATCHES: usize = 4;
/// Targets of a batch.
const TARGETS: usize = 4;

fn main() {
    let events: Vec<String> = (0..BATCHES * BATCH).map(event).collect();
    let posts: Vec<_> = events.chunks(BATCH).map(|some| post("events", some)).collect();
    println!("{}", measured(black_box(&posts)));
}

/// All that is counted. How many events it took in.
#[inline(never)]
fn measured(posts: &[Vec<u8>]) -> usize {
    let mut documents = BTreeMap::new();
    posts.iter().map(|body| collect(&mut documents, &receive(body))).sum()
}

/// What `receive-queued-events` makes of a batch: the post of the next function.
fn receive(body: &[u8]) -> Vec<u8> {
    let items = Envelope::read(body).and_then(|envelope| envelope.items()).expect("an invocation");
    let taken = items.iter().flat_map(|item| take_message(&item.body, tuning().clock_tolerance, now()));
    let messages: Vec<_> = taken
        .map(|taken| match taken {
            Taken::Queued { observation, .. } => Outgoing::observation(&observation).body,
            Taken::Ignored { .. } | Taken::Foreign(_) | Taken::Refused { .. } => panic!("each event is queued"),
        })
        .collect();
    post("messages", &messages)
}

/// What `collect` makes of it: documents, each written once a batch.
fn collect(documents: &mut BTreeMap<Target, TargetDocument>, body: &[u8]) -> usize {
    let items = Envelope::read(body).and_then(|envelope| envelope.items()).expect("an invocation");
    let mut seen: BTreeMap<Target, Vec<Observation>> = BTreeMap::new();
    for item in &items {
        let observation = Observation::read(&item.body).expect("an observation");
        seen.entry(observation.target()).or_default().push(observation);
    }
    for (target, seen) in seen {
        let document = documents.entry(target.clone()).or_insert_with(|| TargetDocument::new(target));
        for observation in &seen {
            merge(document, observation, &tuning(), now());
        }
        black_box(serde_json::to_vec(document).expect("plain values"));
    }
    items.len()
}

/// An event as Event Grid writes it.
fn event(number: usize) -> String {
    let (resource, assignment) = (resource(number), assignment(number % TARGETS));
    let id = format!("{number:064X}");
    json!({
        "id": id, "topic": "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322", "subject": resource.as_str(),
        "eventType": "Microsoft.PolicyInsights.PolicyStateCreated", "eventTime": "2026-11-21T06:59:00.1Z",
        "dataVersion": "1", "metadataVersion": "1",
        "data": {
            "timestamp": "2026-11-21T06:58:00.123Z", "policyAssignmentId": assignment.as_str(),
            "policyDefinitionId": "/providers/microsoft.authorization/policydefinitions/ea3f2387-9b95-492a-a190-fcdc54f7b070",
            "policyDefinitionReferenceId": "", "complianceState": "NonCompliant",
            "subscriptionId": "086aecf4-23d6-4dfd-99a8-a5c6299f0322", "complianceReasonCode": "",
        },
    })
    .to_string()
}
