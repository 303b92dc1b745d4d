//! A full batch of `noncompliant-resources`, as the host posts it, until each message is read.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use policy_remediator::host::Envelope;
use remediation::message::{Observation, Outgoing};

use crate::post::post;
use crate::sample::observation;

/// `maxMessageBatchSize` of host.json.
const MESSAGES: usize = 256;

/// What `collect` does first with each invocation: from the bytes of the host's post to the observations of its messages.
#[divan::bench]
fn parse_an_envelope_of_256_messages(bencher: Bencher<'_, '_>) {
    let messages: Vec<_> =
        (0..MESSAGES).map(|n| Outgoing::observation(&observation(n % 40, n, n as u64)).body).collect();
    let body = post("messages", &messages);
    bencher.counter(ItemsCount::new(MESSAGES)).counter(BytesCount::new(body.len())).bench(|| {
        let items = Envelope::read(divan::black_box(&body)).and_then(|e| e.items()).expect("an invocation");
        let observations: Vec<_> = items.iter().map(|item| Observation::read(&item.body)).collect();
        assert!(observations.len() == MESSAGES && observations.iter().all(Result::is_ok));
        observations
    });
}
