//! The documents, with ETags. A write may lose its answer, which looks like a conflict to the one who wrote.

use std::collections::BTreeMap;

use policy_remediator::remediation::{heal, needs_healing};
use policy_remediator::resource::{SubscriptionId, Target, TargetHash};
use policy_remediator::state::{
    ETag, Entry, EntryState, SubscriptionDocument, TargetDocument, TargetSummary, TaskPhase, Versioned,
};

use crate::world::World;

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) targets: BTreeMap<TargetHash, (TargetDocument, u64)>,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, (SubscriptionDocument, u64)>,
    etag: u64,
    pub(crate) conflicts: usize,
}

fn etag(number: u64) -> ETag {
    ETag(format!("\"{number}\""))
}

impl Store {
    pub(crate) fn target(&self, target: &Target) -> Versioned<TargetDocument> {
        match self.targets.get(&target.hash()) {
            Some((document, number)) => Versioned { document: document.clone(), etag: Some(etag(*number)) },
            None => Versioned { document: TargetDocument::new(target.clone()), etag: None },
        }
    }

    pub(crate) fn subscription(&self, id: &SubscriptionId) -> Versioned<SubscriptionDocument> {
        match self.subscriptions.get(id) {
            Some((document, number)) => Versioned { document: document.clone(), etag: Some(etag(*number)) },
            None => Versioned { document: SubscriptionDocument::new(id.clone()), etag: None },
        }
    }

    /// Writes if the ETag is still that of the stored document; the new ETag, or none on a conflict.
    pub(crate) fn save_target(&mut self, document: &TargetDocument, replaces: Option<&ETag>) -> Option<ETag> {
        let hash = document.target.hash();
        let stored = self.targets.get(&hash).map(|(_, number)| etag(*number));
        if stored.as_ref() != replaces {
            self.conflicts += 1;
            return None;
        }
        self.etag += 1;
        self.targets.insert(hash, (document.clone(), self.etag));
        Some(etag(self.etag))
    }

    pub(crate) fn save_subscription(
        &mut self,
        document: &SubscriptionDocument,
        replaces: Option<&ETag>,
    ) -> Option<ETag> {
        let stored = self.subscriptions.get(&document.subscription).map(|(_, number)| etag(*number));
        if stored.as_ref() != replaces {
            self.conflicts += 1;
            return None;
        }
        self.etag += 1;
        self.subscriptions.insert(document.subscription.clone(), (document.clone(), self.etag));
        Some(etag(self.etag))
    }
}

fn summary(document: &TargetDocument) -> TargetSummary {
    let parked = document.resources.values().filter_map(|entry| match entry.state {
        EntryState::Parked { until, .. } => Some(until),
        _ => None,
    });
    let parked = parked.chain(document.parked.as_ref().map(|park| park.until));
    let unsettled = |entry: &Entry| match entry.state {
        EntryState::Waiting { .. } => !document.holds(entry),
        EntryState::InTask => true,
        _ => false,
    };
    let is_unsettled = document.unlisted.is_some() || document.resources.values().any(unsettled);
    TargetSummary {
        blob: String::new(),
        wake_at: document.wake_at,
        parked_until: parked.min(),
        is_unsettled,
        hours: Vec::new(),
    }
}

impl World {
    /// Whether a sweep would find something to do, now or when what is planned has come to nothing.
    pub(crate) fn needs_sweep(&self) -> bool {
        self.store.targets.values().any(|(document, _)| {
            let summary = summary(document);
            summary.is_unsettled || document.active.as_ref().is_some_and(|a| a.phase == TaskPhase::Opening)
        })
    }

    /// What `sweep` does: raise the generation of overdue targets, then send.
    pub(crate) fn sweep(&mut self) {
        let slack = self.policy.opening_grace;
        let overdue: Vec<TargetDocument> = self
            .store
            .targets
            .values()
            .map(|(d, _)| d.clone())
            .filter(|d| needs_healing(&summary(d), slack, self.now))
            .collect();
        for mut document in overdue {
            let found = self.store.target(&document.target);
            heal(&mut document, self.now);
            self.tell(|| format!("sweep wakes {} generation {}", document.target.hash(), document.generation));
            if self.store.save_target(&document, found.etag.as_ref()).is_none() || self.strikes(0.1) {
                continue;
            }
            self.send_wake_up(&document.target, document.generation, self.now);
        }
    }
}
