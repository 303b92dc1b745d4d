//! The two instances of the worker: what they have in hand, one effect at a time, and their crashes between any two.
//! The looks are the real ones; `collect`'s order of load, merge, write, wake-up and acknowledgement is repeated here.

use std::time::Duration;

use policy_remediator::event::Timestamp;
use policy_remediator::queue::{Observation, Outgoing, Seen};
use policy_remediator::remediation::{Merged, Observed, Reconciliation, merge, wake_up_of};
use policy_remediator::state::{TargetDocument, Versioned};

use crate::broker::{Body, Message};
use crate::tally::Ingredient;
use crate::world::World;

/// Messages that an instance has in hand at most.
const IN_HAND: usize = 3;

pub(crate) struct Flow {
    pub(crate) instance: usize,
    pub(crate) message: Message,
    stage: Stage,
    /// The message is acknowledged and the look goes on by itself.
    detached: bool,
    /// No call before this time: what the look has read of it.
    pub(crate) floor: Option<Timestamp>,
}

enum Stage {
    Merge(Box<Observation>, Option<Box<Versioned<TargetDocument>>>),
    Wake(Box<TargetDocument>),
    Look(Box<Reconciliation>),
    Acknowledge,
}

impl World {
    /// One thing that the worker does; false when it has nothing to do.
    pub(crate) fn worker_step(&mut self) -> Result<bool, String> {
        let receivable = self.broker.receivable(self.now);
        let may_receive = self.flows.len() < 2 * IN_HAND && !receivable.is_empty();
        if self.flows.is_empty() && !may_receive {
            return Ok(false);
        }
        self.tick();
        if self.strikes(0.004) {
            self.crash();
            return Ok(true);
        }
        if may_receive && (self.flows.is_empty() || self.chance(0.4)) {
            let place = receivable[self.random.usize(..receivable.len())];
            self.receive(place);
            return Ok(true);
        }
        let place = self.random.usize(..self.flows.len());
        let mut flow = self.flows.swap_remove(place);
        if self.strikes(0.002) {
            // The lock is lost while the work goes on: the message comes a second time.
            self.broker.unlock(flow.message.number);
            self.tell(|| format!("lock lost: message {}", flow.message.number));
        }
        if self.advance(&mut flow)? {
            self.flows.push(flow);
        }
        Ok(true)
    }

    fn crash(&mut self) {
        let instance = self.random.usize(..2);
        self.meet(Ingredient::Crash);
        self.tell(|| format!("instance {instance} crashes"));
        let (gone, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flows).into_iter().partition(|flow| flow.instance == instance);
        self.flows = left;
        self.cloud.forget(instance);
        for flow in gone {
            self.broker.unlock(flow.message.number);
        }
    }

    fn receive(&mut self, place: usize) {
        let message = self.broker.lock(place, self.now);
        let instance = self.random.usize(..2);
        self.tell(|| match &message.body {
            Body::Seen(seen) => {
                format!("instance {instance} takes message {}: seen {}", message.number, seen.resource_id)
            }
            Body::Wake(wake) => format!(
                "instance {instance} takes message {}: wake-up {} generation {}",
                message.number,
                wake.target.hash(),
                wake.generation
            ),
        });
        let stage = match &message.body {
            Body::Seen(observation) => Stage::Merge(Box::new(observation.clone()), None),
            Body::Wake(wake_up) => Stage::Look(Box::new(Reconciliation::new(wake_up))),
        };
        self.flows.push(Flow { instance, message, stage, detached: false, floor: None });
    }

    /// A look takes long: a wake-up is left behind, the message is acknowledged, and the look goes on.
    fn detach(&mut self, flow: &mut Flow) {
        let Body::Wake(wake_up) = &flow.message.body else { return };
        self.meet(Ingredient::LeftBehind);
        self.tell(|| format!("[{}] goes on by itself", flow.message.number));
        let mut again = wake_up.clone();
        again.left_behind = true;
        let number = flow.message.number.to_string();
        self.send_wake_up(&Outgoing::wake_up_again(
            &again,
            std::iter::once(number.as_str()),
            self.now + Duration::from_secs(40),
        ));
        self.broker.complete(flow.message.number);
        flow.detached = true;
    }

    /// One effect; false when the flow has ended.
    fn advance(&mut self, flow: &mut Flow) -> Result<bool, String> {
        let next = match std::mem::replace(&mut flow.stage, Stage::Acknowledge) {
            Stage::Merge(observation, None) => {
                let found = self.store.target(&observation.target());
                Stage::Merge(observation, Some(Box::new(found)))
            }
            Stage::Merge(observation, Some(found)) => self.merge(observation, &found)?,
            Stage::Wake(document) => {
                if let Some(wake_up) = wake_up_of(&document) {
                    self.send_wake_up(&wake_up);
                }
                Stage::Acknowledge
            }
            Stage::Look(mut look) => {
                if !flow.detached && self.strikes(0.005) {
                    self.detach(flow);
                }
                if self.strikes(0.003) {
                    look.observe(Observed::OutOfTime);
                }
                // Now and then the gate closes between the decision and the call.
                if let Some(until) = self.cloud.gate(flow.instance)
                    && !self.chance(0.1)
                {
                    look.observe(Observed::Floor(until));
                }
                match self.look(flow, &look)? {
                    Some(observed) => {
                        look.observe(observed);
                        Stage::Look(look)
                    }
                    None => Stage::Acknowledge,
                }
            }
            Stage::Acknowledge => {
                self.broker.complete(flow.message.number);
                return Ok(false);
            }
        };
        flow.stage = next;
        Ok(true)
    }

    fn merge(&mut self, observation: Box<Observation>, found: &Versioned<TargetDocument>) -> Result<Stage, String> {
        let mut document = found.document.clone();
        let merged = merge(&mut document, &observation, &self.policy, self.now);
        self.tell(|| format!("merged {}: {merged:?}", observation.resource_id));
        if document != found.document
            && (self.save_target(&mut document, found.etag.as_ref())?.is_none() || self.strikes(0.02))
        {
            return Ok(Stage::Merge(observation, None));
        }
        let waited = |document: &TargetDocument| document.not_evaluated().any(|(id, _)| *id == observation.resource_id);
        if merged == Merged::StillWaiting && waited(&found.document) && !waited(&document) {
            self.meet(Ingredient::LetGoByEvent);
        }
        match (merged, observation.seen) {
            (Merged::Verified, _) => self.meet(Ingredient::Verified),
            (Merged::Remembered, Seen::Compliant) => self.meet(Ingredient::CompliantInTask),
            (Merged::Remembered, Seen::NonCompliant) => self.meet(Ingredient::DriftInTask),
            _ => {}
        }
        Ok(Stage::Wake(Box::new(document)))
    }
}
