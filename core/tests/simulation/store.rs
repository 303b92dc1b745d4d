//! The documents, with ETags. A write may lose its answer, which looks like a conflict to the one who wrote.
//! What a write says is weighed by the ledger at once.

use std::collections::BTreeMap;

use remediation::document::{ETag, Rival, SubscriptionDocument, TargetDocument, Versioned};
use remediation::id::{SubscriptionId, Target, TargetHash};
use remediation::message::Nonce;

use crate::tally::Ingredient;
use crate::world::World;

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) targets: BTreeMap<Target, (TargetDocument, u64)>,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, (SubscriptionDocument, u64)>,
    etag: u64,
}

fn etag(number: u64) -> ETag {
    ETag(format!("\"{number}\""))
}

impl Store {
    pub(crate) fn target(&self, target: &Target) -> Versioned<TargetDocument> {
        match self.targets.get(target) {
            Some((document, number)) => Versioned { document: document.clone(), etag: Some(etag(*number)) },
            None => Versioned { document: TargetDocument::new(target.clone()), etag: None },
        }
    }

    /// What the document of this hash tells of its tasks.
    pub(crate) fn rival_of(&self, hash: &TargetHash) -> Rival {
        let found = self.targets.iter().find(|(target, _)| target.hash() == *hash);
        found.map(|(_, (document, _))| Rival::of(document)).unwrap_or_else(Rival::lost)
    }

    pub(crate) fn subscription(&self, id: &SubscriptionId) -> Versioned<SubscriptionDocument> {
        match self.subscriptions.get(id) {
            Some((document, number)) => Versioned { document: document.clone(), etag: Some(etag(*number)) },
            None => Versioned { document: SubscriptionDocument::new(id.clone()), etag: None },
        }
    }
}

impl World {
    /// Writes if the ETag is still that of the stored document; the new ETag, or none on a conflict. The nonce of a raised
    /// generation is drawn with the write, as the real store does: here it is the write's number.
    pub(crate) fn save_target(
        &mut self,
        document: &mut TargetDocument,
        replaces: Option<&ETag>,
    ) -> Result<Option<ETag>, String> {
        let stored = self.store.targets.get(&document.target).map(|(_, number)| etag(*number));
        if stored.as_ref() != replaces {
            self.meet(Ingredient::Conflict);
            return Ok(None);
        }
        self.store.etag += 1;
        let number = self.store.etag;
        document.nonce.get_or_insert_with(|| Nonce::of(u128::from(number)));
        let before = self.store.targets.insert(document.target.clone(), (document.clone(), number));
        self.weigh(before.as_ref().map(|(before, _)| before), document)?;
        Ok(Some(etag(number)))
    }

    /// Deletes a document, which forgets all that stands in it.
    pub(crate) fn delete_target(&mut self, document: &TargetDocument) -> Result<(), String> {
        let mut nothing = document.clone();
        nothing.resources.clear();
        self.weigh(Some(document), &nothing)?;
        self.store.targets.remove(&document.target);
        Ok(())
    }

    pub(crate) fn save_subscription(
        &mut self,
        document: &SubscriptionDocument,
        replaces: Option<&ETag>,
    ) -> Option<ETag> {
        let stored = self.store.subscriptions.get(&document.subscription).map(|(_, number)| etag(*number));
        if stored.as_ref() != replaces {
            self.meet(Ingredient::Conflict);
            return None;
        }
        if document.parks.values().any(|park| park.parked_since.is_some()) {
            self.meet(Ingredient::WorkerParked);
        }
        self.store.etag += 1;
        self.store.subscriptions.insert(document.subscription.clone(), (document.clone(), self.store.etag));
        Some(etag(self.store.etag))
    }
}
