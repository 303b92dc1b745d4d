//! What must hold at every moment, and what must hold when the dust has settled.

use policy_remediator::state::EntryState;

use crate::world::World;

impl World {
    pub(crate) fn check_always(&self) -> Result<(), String> {
        for (document, _) in self.store.targets.values() {
            let in_task = document.in_task().count();
            if document.active.is_none() && in_task > 0 {
                return Err(format!(
                    "{in_task} resources of {} are in a task that is not there",
                    document.target.hash()
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn check_settled(&self) -> Result<(), String> {
        for ((target, resource), truth) in &self.cloud.truth {
            let entry = self.store.targets.get(&target.hash()).and_then(|(d, _)| d.resources.get(resource));
            let state = entry.map(|e| &e.state);
            let is_right = match state {
                Some(EntryState::Fixed { .. } | EntryState::Skipped { .. }) => truth.compliant,
                Some(EntryState::Parked { .. }) => truth.permanent,
                Some(EntryState::Waiting { .. } | EntryState::InTask) => false,
                // What is settled beyond doubt makes room for others.
                None => truth.compliant && self.policy.most_entries < 100,
            };
            if !is_right {
                return Err(format!("{resource} of {} ended as {state:?}, the truth is {truth:?}", target.hash()));
            }
        }
        for (document, _) in self.store.targets.values() {
            if let Some(unlisted) = &document.unlisted {
                return Err(format!("{} still has unlisted resources: {unlisted:?}", document.target.hash()));
            }
            if let Some(active) = &document.active {
                return Err(format!("task {} is still active", active.name));
            }
        }
        for (document, _) in self.store.subscriptions.values() {
            if let Some((_, claim)) = document.claims.iter().next() {
                return Err(format!("the claim of {} stays behind", claim.task));
            }
        }
        if let Some(message) = self.broker.messages.first() {
            return Err(format!("message {} stays behind", message.number));
        }
        Ok(())
    }
}
