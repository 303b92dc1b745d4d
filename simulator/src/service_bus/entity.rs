//! The messages of one entity, a queue or its dead-letter queue, and the states they are in. Each state has an index of
//! its own, so that receiving from a long queue costs nothing. Pure: every rule takes the time as an argument.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use time::OffsetDateTime;
use uuid::Uuid;

use super::Message;

/// The state of a message in an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Can be received.
    Active,
    /// Becomes active at this time.
    Scheduled {
        /// When.
        due: OffsetDateTime,
    },
    /// Held by a receiver.
    Locked {
        /// By which the receiver settles it.
        token: Uuid,
        /// When it becomes active again if the receiver says nothing.
        until: OffsetDateTime,
    },
}

/// The lock has expired or never was: the message is somebody else's, or gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue."
)]
pub struct LockLost;

/// A message as a peek shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Peeked {
    /// Its place in the entity.
    pub sequence_number: u64,
    /// Its state.
    pub state: State,
    /// When it became active; for a scheduled one, when it was accepted.
    pub enqueued: OffsetDateTime,
    /// When its life ends.
    pub expires: OffsetDateTime,
    /// How often it has been received and not completed.
    pub delivery_count: u32,
    /// Why it was dead-lettered, when it was.
    pub dead_letter: Option<DeadLetter>,
    /// The message.
    pub message: Message,
}

/// Why and from where a message was dead-lettered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// `DeadLetterReason`.
    pub reason: String,
    /// `DeadLetterErrorDescription`.
    pub description: String,
    /// `DeadLetterSource`: the queue it comes from.
    pub source: String,
}

#[derive(Debug, Default)]
pub(super) struct Messages {
    all: BTreeMap<u64, Peeked>,
    active: BTreeSet<u64>,
    scheduled: BTreeSet<(OffsetDateTime, u64)>,
    locked: BTreeSet<(OffsetDateTime, u64)>,
    expiring: BTreeSet<(OffsetDateTime, u64)>,
    tokens: HashMap<Uuid, u64>,
    bytes: usize,
}

impl Messages {
    /// Puts a message in, in whatever state it carries.
    pub(super) fn insert(&mut self, stored: Peeked) {
        let number = stored.sequence_number;
        match stored.state {
            State::Active => {
                self.active.insert(number);
                self.expiring.insert((stored.expires, number));
            }
            State::Scheduled { due } => {
                self.scheduled.insert((due, number));
            }
            State::Locked { token, until } => {
                self.locked.insert((until, number));
                self.tokens.insert(token, number);
            }
        }
        self.bytes += stored.message.size();
        self.all.insert(number, stored);
    }

    /// Takes a message out, of whatever state it is in.
    pub(super) fn remove(&mut self, number: u64) -> Option<Peeked> {
        let stored = self.all.remove(&number)?;
        match stored.state {
            State::Active => {
                self.active.remove(&number);
                self.expiring.remove(&(stored.expires, number));
            }
            State::Scheduled { due } => {
                self.scheduled.remove(&(due, number));
            }
            State::Locked { token, until } => {
                self.locked.remove(&(until, number));
                self.tokens.remove(&token);
            }
        }
        self.bytes -= stored.message.size();
        Some(stored)
    }

    /// Locks the oldest active messages for one receiver.
    pub(super) fn lock(&mut self, most: usize, now: OffsetDateTime, lock: Duration) -> Vec<(Uuid, Peeked)> {
        let numbers: Vec<u64> = self.active.iter().take(most).copied().collect();
        numbers
            .into_iter()
            .filter_map(|number| {
                let mut stored = self.remove(number)?;
                let token = Uuid::new_v4();
                stored.state = State::Locked { token, until: now + lock };
                stored.delivery_count += 1;
                self.insert(stored.clone());
                Some((token, stored))
            })
            .collect()
    }

    /// Prolongs a lock.
    pub(super) fn renew(&mut self, token: Uuid, now: OffsetDateTime, lock: Duration) -> Result<(), LockLost> {
        let mut stored = self.unlock(token)?;
        stored.state = State::Locked { token, until: now + lock };
        self.insert(stored);
        Ok(())
    }

    /// Takes out the message of a lock.
    pub(super) fn unlock(&mut self, token: Uuid) -> Result<Peeked, LockLost> {
        let number = self.tokens.get(&token).copied().ok_or(LockLost)?;
        self.remove(number).ok_or(LockLost)
    }

    /// Takes out the messages whose lock has expired.
    pub(super) fn expired_locks(&mut self, now: OffsetDateTime) -> Vec<Peeked> {
        let numbers = due(&self.locked, now);
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Takes out the scheduled messages whose time has come.
    pub(super) fn due(&mut self, now: OffsetDateTime) -> Vec<Peeked> {
        let numbers = due(&self.scheduled, now);
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Takes out the active messages whose life is over. Locked ones live until they are settled.
    pub(super) fn expired(&mut self, now: OffsetDateTime) -> Vec<Peeked> {
        let numbers = due(&self.expiring, now);
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// The next time at which something happens by itself.
    pub(super) fn next_event(&self) -> Option<OffsetDateTime> {
        [&self.locked, &self.scheduled, &self.expiring]
            .into_iter()
            .filter_map(|index| index.first().map(|(time, _)| *time))
            .min()
    }

    /// Everything, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Peeked> {
        self.all.values()
    }

    /// Active, scheduled, locked.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.active.len(), self.scheduled.len(), self.locked.len())
    }

    /// The size of all messages, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn due(index: &BTreeSet<(OffsetDateTime, u64)>, now: OffsetDateTime) -> Vec<u64> {
    index.iter().take_while(|(time, _)| *time <= now).map(|(_, number)| *number).collect()
}
