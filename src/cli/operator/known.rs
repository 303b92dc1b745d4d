//! What is known of an installation, read from its state. One document that cannot be used hides no other: it is told beside what is found.

use futures::{StreamExt, stream};
use serde::Serialize;

use policy_remediator::azure::{Deadline, error_chain};
use policy_remediator::blob::StateError;
use remediation::document::{Part, SubscriptionDocument, TargetDocument, TargetSummary, Versioned};
use remediation::id::{SubscriptionId, TargetHash};

use super::connection::{Connection, PATIENCE};
use super::progress::progress;

/// Documents that are read at a time.
const TOGETHER: usize = 16;

/// A document that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unusable {
    /// Its blob.
    pub(crate) blob: String,
    /// Why.
    pub(crate) why: String,
}

impl Unusable {
    /// As the store tells it: the blob, and why.
    pub(crate) fn of((blob, why): (String, String)) -> Self {
        Self { blob, why }
    }
}

/// Documents, and those that cannot be used.
#[derive(Debug)]
pub(crate) struct Documents<T> {
    pub(crate) found: Vec<Versioned<T>>,
    pub(crate) unusable: Vec<Unusable>,
}

impl<T: Clone> Documents<T> {
    /// The documents alone.
    pub(crate) fn values(&self) -> Vec<T> {
        self.found.iter().map(|found| found.document.clone()).collect()
    }
}

/// Tells on stderr what cannot be used.
pub(crate) fn complain(unusable: &[Unusable]) {
    for Unusable { blob, why } in unusable {
        eprintln!("warning: {blob} cannot be used: {why}");
    }
}

impl Connection {
    /// What the metadata of all targets tell: a call for 2,500 of them.
    ///
    /// # Errors
    /// When storage cannot be listed.
    pub(crate) async fn summaries(&self) -> anyhow::Result<Vec<TargetSummary>> {
        self.summaries_of(Part::whole()).await
    }

    /// The same of one subscription.
    ///
    /// # Errors
    /// As for [`Connection::summaries`].
    pub(crate) async fn summaries_in(&self, subscription: &SubscriptionId) -> anyhow::Result<Vec<TargetSummary>> {
        self.summaries_of(Part::of_subscription(subscription)).await
    }

    async fn summaries_of(&self, mut part: Part) -> anyhow::Result<Vec<TargetSummary>> {
        let mut all = Vec::new();
        loop {
            let (page, next) = self.app.reconciler.store.targets(&part, Deadline::after(PATIENCE)).await?;
            all.extend(page);
            match next {
                Some(marker) => part.marker = Some(marker),
                None => return Ok(all),
            }
        }
    }

    /// The documents of these targets: a call for each. One that is gone meanwhile is left out.
    ///
    /// # Errors
    /// When storage cannot be read.
    pub(crate) async fn targets(
        &self,
        summaries: impl IntoIterator<Item = TargetSummary>,
    ) -> anyhow::Result<Documents<TargetDocument>> {
        let store = &self.app.reconciler.store;
        let blobs: Vec<_> = summaries.into_iter().map(|summary| summary.blob).collect();
        let read = async |blob: String| {
            let found = store.target_named(&blob, Deadline::after(PATIENCE)).await;
            (blob, found)
        };
        documents("targets", blobs, read).await
    }

    /// The documents of these subscriptions.
    ///
    /// # Errors
    /// When storage cannot be read.
    pub(crate) async fn subscriptions(
        &self,
        ids: Vec<SubscriptionId>,
    ) -> anyhow::Result<Documents<SubscriptionDocument>> {
        let store = &self.app.reconciler.store;
        let read = async |id: SubscriptionId| {
            let found = store.subscription(&id, Deadline::after(PATIENCE)).await;
            (format!("subscriptions/{id}.json"), found.map(Some))
        };
        documents("subscriptions", ids, read).await
    }
}

/// Whether the blob is that of the target with this hash.
pub(crate) fn is_of(summary: &TargetSummary, hash: &TargetHash) -> bool {
    remediation::document::hash_in(&summary.blob) == Some(hash.as_str())
}

async fn documents<N, T>(
    what: &'static str,
    names: Vec<N>,
    read: impl AsyncFn(N) -> (String, Result<Option<Versioned<T>>, StateError>),
) -> anyhow::Result<Documents<T>> {
    let bar = progress(what, names.len());
    let mut reading = stream::iter(names).map(|name| read(name)).buffered(TOGETHER);
    let mut documents = Documents { found: Vec::new(), unusable: Vec::new() };
    while let Some((blob, found)) = reading.next().await {
        bar.inc(1);
        match found {
            Ok(found) => documents.found.extend(found),
            Err(error) if error.is_about_the_document() => {
                documents.unusable.push(Unusable { blob, why: error_chain(&error) });
            }
            Err(error) => return Err(error.into()),
        }
    }
    bar.finish_and_clear();
    Ok(documents)
}
