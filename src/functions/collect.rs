//! `collect`: a batch of observations becomes what is known of their targets, and each target has a wake-up.
//! The wake-up is sent for duplicates too: the batch may be here again because it was not sent the last time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::info;

use super::Failure;
use super::alone::{one_by_one, part};
use super::rejection::reject;
use super::side_by_side::side_by_side;
use crate::app::App;
use crate::event::Timestamp;
use crate::host::{Envelope, Item};
use crate::queue::{Observation, Outgoing, Queue};
use crate::remediation::{merge_all, wake_up_of, written};
use crate::resource::Target;
use crate::state::{Saved, StateError};
use crate::transport::Deadline;

pub(super) const NAME: &str = "collect";

/// Targets that are written at the same time.
const TARGETS: usize = 16;

pub(super) async fn run(app: Arc<App>, envelope: &Envelope, deadline: Deadline) -> Result<(), Failure> {
    let (together, alone) = part(envelope.items()?);
    collect(&app, together, deadline).await?;
    one_by_one(&app, NAME, alone, deadline, |item| collect(&app, vec![item], deadline)).await
}

async fn collect(app: &Arc<App>, items: Vec<Item>, deadline: Deadline) -> Result<(), Failure> {
    let mut by_target: BTreeMap<Target, Vec<(Observation, Item)>> = BTreeMap::new();
    for item in items {
        match Observation::read(&item.body) {
            Ok(observation) => by_target.entry(observation.target()).or_default().push((observation, item)),
            Err(unreadable) => reject(app, NAME, unreadable.to_string(), &item.body, deadline).await?,
        }
    }
    let pieces = by_target.into_iter().map(|(target, seen)| take_in(Arc::clone(app), target, seen, deadline));
    let mut wake_ups = Vec::new();
    let mut failure = None;
    for result in side_by_side(TARGETS, pieces).await {
        match result {
            Ok(Ok(wake_up)) => wake_ups.extend(wake_up),
            Ok(Err(error)) => failure = Some(Failure::State(error)),
            Err(panic) => failure = Some(Failure::Defect(panic)),
        }
    }
    if !wake_ups.is_empty() {
        app.reconciler.sender.send(Queue::WakeUps, &wake_ups, Timestamp::now_utc(), deadline).await?;
    }
    failure.map_or(Ok(()), Err)
}

/// Merges what was seen into the target's document; its current wake-up, if it has one.
async fn take_in(
    app: Arc<App>,
    target: Target,
    seen: Vec<(Observation, Item)>,
    deadline: Deadline,
) -> Result<Option<Outgoing>, StateError> {
    match store_merged(&app, &target, &seen, deadline).await {
        Err(error) if error.is_about_the_document() => {
            for (_, item) in &seen {
                reject(&app, NAME, error.to_string(), &item.body, deadline).await?;
            }
            Ok(None)
        }
        other => other,
    }
}

async fn store_merged(
    app: &App,
    target: &Target,
    seen: &[(Observation, Item)],
    deadline: Deadline,
) -> Result<Option<Outgoing>, StateError> {
    let store = &app.reconciler.store;
    loop {
        let found = store.target(target, deadline).await?;
        let observations = seen.iter().map(|(observation, _)| observation);
        let (mut document, merged) =
            merge_all(&found.document, observations, &app.settings.policy, Timestamp::now_utc());
        if document != found.document {
            match store.save_target(&mut document, found.etag.as_ref(), deadline).await? {
                Saved::As(_) => written(&found.document, &document),
                // Another wrote first: what was seen is merged into that.
                Saved::Conflict => continue,
            }
        }
        let hash = target.hash();
        for ((observation, item), merged) in seen.iter().zip(merged) {
            info!(event = "observation_merged", target = %hash, resource = %observation.resource_id, message_id = item.message_id, delivery_count = item.delivery_count, merged = merged.as_str(), "an observation is taken in");
        }
        return Ok(wake_up_of(&document));
    }
}
