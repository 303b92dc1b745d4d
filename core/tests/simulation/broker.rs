//! The queues: at least once, in no order, with duplicate detection by id, schedules, locks, and now and then a loss.

use std::collections::HashSet;
use std::time::Duration;

use remediation::message::{Observation, Outgoing, WakeUp};
use remediation::time::Timestamp;

use crate::tally::Ingredient;
use crate::world::World;

const LOCK: Duration = Duration::from_secs(300);

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Finding(Observation),
    Wake(WakeUp),
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) body: Body,
    pub(crate) due: Timestamp,
    locked_until: Option<Timestamp>,
}

#[derive(Default)]
pub(crate) struct Broker {
    pub(crate) messages: Vec<Message>,
    known: HashSet<String>,
    numbers: u64,
}

impl Broker {
    fn store(&mut self, id: &str, body: Body, due: Timestamp) -> bool {
        if !self.known.insert(id.to_owned()) {
            return false;
        }
        self.numbers += 1;
        self.messages.push(Message { number: self.numbers, body, due, locked_until: None });
        true
    }

    fn free_at(message: &Message) -> Timestamp {
        message.locked_until.map_or(message.due, |until| until.max(message.due))
    }

    pub(crate) fn receivable(&self, now: Timestamp) -> Vec<usize> {
        (0..self.messages.len()).filter(|place| Self::free_at(&self.messages[*place]) <= now).collect()
    }

    /// When the next message can be received that cannot be now.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.iter().map(Self::free_at).filter(|at| *at > now).min()
    }

    pub(crate) fn lock(&mut self, place: usize, now: Timestamp) -> Message {
        self.messages[place].locked_until = Some(now + LOCK);
        self.messages[place].clone()
    }

    pub(crate) fn unlock(&mut self, number: u64) {
        self.messages.iter_mut().filter(|m| m.number == number).for_each(|m| m.locked_until = None);
    }

    pub(crate) fn complete(&mut self, number: u64) {
        self.messages.retain(|message| message.number != number);
    }
}

impl World {
    pub(crate) fn send_observation(&mut self, observation: &Observation) {
        let id = Outgoing::observation(observation).id;
        self.broker.store(id.as_str(), Body::Finding(observation.clone()), self.now);
    }

    pub(crate) fn send_wake_up(&mut self, message: &Outgoing) {
        let wake_up = WakeUp::read(&message.body).expect("a message of ours can be read");
        let (target, generation) = (wake_up.target.hash(), wake_up.generation);
        if self.strikes(0.02) {
            self.meet(Ingredient::LostWakeUp);
            self.tell(|| format!("lost: wake-up {target} generation {generation}"));
            return;
        }
        let due = if self.strikes(0.05) { self.now } else { message.at.unwrap_or(self.now) };
        let stored = self.broker.store(message.id.as_str(), Body::Wake(wake_up), due);
        self.tell(|| {
            format!("sent: wake-up {target} generation {generation} due {due}{}", if stored { "" } else { " (known)" })
        });
    }
}
