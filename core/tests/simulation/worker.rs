//! The two instances of the worker: what they have in hand, one effect at a time, and their crashes between any two.
//! Passes and errands are the real ones.

use std::time::Duration;

use remediation::decide::{Afterwards, Effect, Errand, Observed, Outcome, Pass, Purpose, Turn};
use remediation::document::{Installation, TargetDocument};
use remediation::fact::NewTask;
use remediation::message::{Finding, Observation};
use remediation::settings::Mode;
use remediation::time::Timestamp;
use remediation::transition::Merged;

use crate::broker::{Body, Message};
use crate::tally::Ingredient;
use crate::world::World;

/// Messages that an instance has in hand at most.
const IN_HAND: usize = 3;

fn installation() -> Installation {
    Installation { id: "seeds".parse().expect("a name"), copied: None }
}

pub(crate) struct Flow {
    pub(crate) instance: usize,
    pub(crate) message: Message,
    stage: Stage,
    /// The message is acknowledged and the pass goes on by itself.
    detached: bool,
    /// No call before this time: what the pass has read of it.
    pub(crate) floor: Option<Timestamp>,
    /// Its instance stands still until then.
    pub(crate) stands_until: Option<Timestamp>,
    /// The task that was to be asked for when its instance stood still.
    pub(crate) unsent: Option<(Box<NewTask>, Duration)>,
}

enum Stage {
    TakeIn(Box<Errand>),
    Look(Box<Pass>),
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
            let instance = self.random.usize(..2);
            self.crash(instance);
            return Ok(true);
        }
        if self.switches_mode() {
            return Ok(true);
        }
        self.people_pause();
        self.people_close_breakers();
        self.people_approve();
        if may_receive && (self.flows.is_empty() || self.chance(0.4)) {
            let place = receivable[self.random.usize(..receivable.len())];
            self.receive(place);
            return Ok(true);
        }
        let is_awake = |place: &usize| self.flows[*place].stands_until.is_none_or(|until| until <= self.now);
        let awake: Vec<usize> = (0..self.flows.len()).filter(is_awake).collect();
        if awake.is_empty() {
            if may_receive {
                let place = receivable[self.random.usize(..receivable.len())];
                self.receive(place);
            }
            return Ok(may_receive);
        }
        let place = awake[self.random.usize(..awake.len())];
        let mut flow = self.flows.swap_remove(place);
        if self.stalls(&mut flow) {
            self.flows.push(flow);
            return Ok(true);
        }
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

    /// Whether the instance stands still before the next effect.
    pub(crate) fn stalls(&mut self, flow: &mut Flow) -> bool {
        let stalls = self.strikes(self.scenario.spices.stalls);
        if stalls {
            let until = self.now + self.span(30..900);
            flow.stands_until = Some(until);
            self.meet(Ingredient::Stall);
            self.tell(|| format!("[{}] stands still until {until}", flow.message.number));
        }
        stalls
    }

    /// Now and then people change the mode, and every instance starts anew. In the end it is act.
    fn switches_mode(&mut self) -> bool {
        let share = self.scenario.spices.mode_switches;
        let (to, switches) = match self.tuning.mode {
            Mode::Act => (Mode::Plan, self.strikes(share)),
            Mode::Plan | Mode::Approve => (Mode::Act, !self.strikes(1.0) || self.chance(share)),
        };
        if !switches {
            return false;
        }
        // Half the time something can be approved meanwhile.
        let to = if to == Mode::Plan && self.chance(0.5) { Mode::Approve } else { to };
        self.tuning.mode = to;
        self.meet(Ingredient::ModeSwitch);
        self.tell(|| format!("the mode is {to:?} now"));
        self.crash(0);
        self.crash(1);
        true
    }

    pub(crate) fn crash(&mut self, instance: usize) {
        self.meet(Ingredient::Crash);
        self.tell(|| format!("instance {instance} crashes"));
        let (gone, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flows).into_iter().partition(|flow| flow.instance == instance);
        self.flows = left;
        self.cloud.forget(instance);
        self.pauses.forget(instance);
        self.fleet.forget(instance);
        self.approvals.forget(instance);
        for flow in gone {
            self.broker.unlock(flow.message.number);
        }
    }

    fn receive(&mut self, place: usize) {
        let message = self.broker.lock(place, self.now);
        let instance = self.random.usize(..2);
        self.tell(|| match &message.body {
            Body::Finding(seen) => {
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
            Body::Finding(observation) => {
                Stage::TakeIn(Box::new(Errand::new(Purpose::TakeIn(vec![observation.clone().into()]))))
            }
            Body::Wake(wake_up) => Stage::Look(Box::new(Pass::new(wake_up, installation()))),
        };
        self.flows.push(Flow {
            instance,
            message,
            stage,
            detached: false,
            floor: None,
            stands_until: None,
            unsent: None,
        });
    }

    /// A pass takes long: a wake-up is left behind, the message is acknowledged, and the pass goes on.
    fn detach(&mut self, flow: &mut Flow) {
        let Body::Wake(wake_up) = &flow.message.body else { return };
        self.meet(Ingredient::LeftBehind);
        self.tell(|| format!("[{}] goes on by itself", flow.message.number));
        let number = flow.message.number.to_string();
        if let Afterwards::SendFirst(again) =
            Turn::GoesOn.afterwards(wake_up, std::iter::once(number.as_str()), self.now)
        {
            self.send_wake_up(&again);
        }
        self.broker.complete(flow.message.number);
        flow.detached = true;
    }

    /// One effect; false when the flow has ended.
    fn advance(&mut self, flow: &mut Flow) -> Result<bool, String> {
        let next = match std::mem::replace(&mut flow.stage, Stage::Acknowledge) {
            Stage::TakeIn(mut errand) => match self.errand(flow, &mut errand)? {
                true => Stage::TakeIn(errand),
                false => Stage::Acknowledge,
            },
            Stage::Look(mut pass) => {
                if flow.stands_until.take().is_some() {
                    pass.observe(Observed::StoodStill);
                }
                if !flow.detached && self.strikes(0.005) {
                    self.detach(flow);
                }
                if self.strikes(0.003) {
                    pass.observe(Observed::OutOfTime);
                }
                // Now and then the gate closes between the decision and the call.
                if let Some(until) = self.cloud.gate(flow.instance)
                    && !self.chance(0.1)
                {
                    pass.observe(Observed::Floor(until));
                }
                pass.observe(Observed::Controls(self.controls_known(flow.instance)));
                match self.pass(flow, &pass)? {
                    Some(observed) => {
                        pass.observe(observed);
                        Stage::Look(pass)
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

    /// The next effect of taking an observation in; false when there is none.
    fn errand(&mut self, flow: &Flow, errand: &mut Errand) -> Result<bool, String> {
        let Body::Finding(observation) = &flow.message.body else { return Ok(false) };
        match errand.next(&self.tuning, self.moment(flow.instance)) {
            Effect::Load => errand.loaded(self.store.target(&observation.target())),
            Effect::Save(mut document) => {
                let is_saved = self.save_target(&mut document, errand.etag())?.is_some() && !self.strikes(0.02);
                if is_saved {
                    self.weigh_merge(observation, errand, Some(&document));
                    errand.saved(*document);
                } else {
                    errand.lost_race();
                }
            }
            Effect::Send(wake_up) => {
                self.send_wake_up(&wake_up);
                errand.ended();
            }
            Effect::Delete => return Err("collect deletes a document".to_owned()),
            Effect::Done => return Ok(false),
        }
        Ok(true)
    }

    fn weigh_merge(&mut self, observation: &Observation, errand: &Errand, written: Option<&TargetDocument>) {
        let Outcome::TakenIn(merged) = errand.outcome() else { return };
        let Some(&[merged]) = merged.first_chunk() else { return };
        self.tell(|| format!("merged {}: {merged:?}", observation.resource_id));
        let waited = |document: &TargetDocument| document.not_evaluated().any(|(id, _)| *id == observation.resource_id);
        let did_wait = errand.found().is_some_and(|found| waited(&found.document));
        if merged == Merged::StillWaiting && did_wait && !written.is_some_and(waited) {
            self.meet(Ingredient::LetGoByEvent);
        }
        match (merged, observation.seen) {
            (Merged::Verified, _) => self.meet(Ingredient::Verified),
            (Merged::ToConfirm, Finding::Deleted) => self.meet(Ingredient::DeletedWhileItWaits),
            (Merged::ToConfirm, _) => self.meet(Ingredient::ToConfirm),
            (Merged::Remembered, Finding::Compliant) => self.meet(Ingredient::CompliantInTask),
            (Merged::Remembered, Finding::NonCompliant) => self.meet(Ingredient::DriftInTask),
            _ => {}
        }
    }
}
