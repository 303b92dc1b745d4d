//! A burst of events that is taken into the documents of its targets, and the documents' own form in the store.

use std::collections::BTreeMap;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;

use remediation::document::{EntryState, SkipReason, TargetDocument};
use remediation::id::Target;
use remediation::message::Observation;
use remediation::transition::{Merged, merge};

use crate::sample::{document, now, observation, tuning};

const EVENTS: usize = 1_000;
const TARGETS: usize = 40;
const RESOURCES: usize = 200;

/// What `collect` does with what it has read: each observation goes into the document of its target, where a third is
/// new, a third is news of a known resource, and a third is known already.
#[divan::bench]
fn merge_1000_events_into_40_documents_of_200_resources(bencher: Bencher<'_, '_>) {
    let (documents, events, tuning) = (documents(), events(), tuning());
    bencher.counter(ItemsCount::new(EVENTS)).with_inputs(|| documents.clone()).bench_values(|mut documents| {
        let mut duplicates = 0_usize;
        for event in divan::black_box(&events) {
            let document = documents.get_mut(&event.target()).expect("each target has its document");
            duplicates += usize::from(merge(document, event, &tuning, now()) == Merged::Duplicate);
        }
        assert_eq!(duplicates, EVENTS / 3);
        documents
    });
}

/// What each step of a pass costs beside its decision: a document of 200 resources is written and read again.
#[divan::bench]
fn write_and_read_a_document_of_200_resources(bencher: Bencher<'_, '_>) {
    let document = document(0, RESOURCES, state);
    bencher.counter(ItemsCount::new(RESOURCES)).bench(|| {
        let text = serde_json::to_vec(divan::black_box(&document)).expect("plain values");
        serde_json::from_slice::<TargetDocument>(&text).expect("what was written")
    });
}

fn documents() -> BTreeMap<Target, TargetDocument> {
    (0..TARGETS).map(|n| document(n, RESOURCES, state)).map(|document| (document.target.clone(), document)).collect()
}

fn state(number: usize) -> EntryState {
    match number % 4 {
        0 => EntryState::Waiting { due: now() },
        1 => EntryState::InTask,
        2 => EntryState::Fixed { at: now() - Duration::from_secs(1_800), verified_at: None },
        _ => EntryState::skipped(SkipReason::Compliant, now()),
    }
}

fn events() -> Vec<Observation> {
    let event = |n: usize| {
        let known = n / TARGETS * 7 % RESOURCES;
        match n % 3 {
            0 => observation(n % TARGETS, RESOURCES + n, 30),
            1 => observation(n % TARGETS, known, 60),
            _ => observation(n % TARGETS, known, 86_400),
        }
    };
    (0..EVENTS).map(event).collect()
}
