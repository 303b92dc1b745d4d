//! The rules of one queue: duplicate detection, schedules, locks, delivery counts, expiry, dead-lettering, limits.
//! Pure: the time is an argument, and what is due by then happens first. Source: Microsoft documentation of Service Bus.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    LockLost, Message, Peeked, State,
    entity::{DeadLetter, Messages},
};

/// The settings of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRules {
    /// How long a receiver holds a message.
    pub lock_duration: Duration,
    /// A message that was received this often and not completed goes to the dead-letter queue.
    pub max_delivery_count: u32,
    /// How long message ids are remembered.
    pub duplicate_window: Duration,
    /// The longest life of a message.
    pub time_to_live: Duration,
    /// The largest message, and the largest batch, in bytes.
    pub max_message_bytes: usize,
    /// All messages of the queue together, in bytes.
    pub max_bytes: usize,
}

impl QueueRules {
    /// The settings that the worker's queues are deployed with (Standard tier), but for the delivery count: duplicate
    /// detection one day, lock five minutes, life 14 days, 256 KB a message, 5 GB.
    pub fn standard(max_delivery_count: u32) -> Self {
        Self {
            lock_duration: Duration::from_secs(5 * 60),
            max_delivery_count,
            duplicate_window: Duration::from_secs(24 * 3600),
            time_to_live: Duration::from_secs(14 * 24 * 3600),
            max_message_bytes: 256 * 1024,
            max_bytes: 5 << 30,
        }
    }
}

/// Why nothing of a send was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// A message, or all together, is over the limit.
    #[error(
        "The received message or batch of {bytes} bytes exceeds the limit of {limit} bytes for the queue '{queue}'."
    )]
    TooLarge {
        /// The queue.
        queue: String,
        /// The size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The queue is full.
    #[error("The maximum entity size has been reached or exceeded for the queue '{queue}'.")]
    Full {
        /// The queue.
        queue: String,
    },
}

/// A message in a receiver's hands.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// By which it is settled.
    pub lock_token: Uuid,
    /// When the lock ends.
    pub locked_until: OffsetDateTime,
    /// Its place in the entity.
    pub sequence_number: u64,
    /// How often it has been delivered, this time included.
    pub delivery_count: u32,
    /// When it became active.
    pub enqueued: OffsetDateTime,
    /// When its life ends.
    pub expires: OffsetDateTime,
    /// Why it was dead-lettered, when it was.
    pub dead_letter: Option<DeadLetter>,
    /// The message.
    pub message: Message,
}

/// How many messages are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Receivable.
    pub active: usize,
    /// Waiting for their time.
    pub scheduled: usize,
    /// In a receiver's hands.
    pub locked: usize,
    /// In the dead-letter queue, received or not.
    pub dead_lettered: usize,
    /// Accepted and dropped by duplicate detection, since the beginning.
    pub duplicates: u64,
    /// Stored, since the beginning.
    pub stored: u64,
    /// Completed, since the beginning.
    pub completed: u64,
}

/// A queue with its dead-letter queue.
#[derive(Debug)]
pub struct Queue {
    name: String,
    rules: QueueRules,
    main: Messages,
    dead: Messages,
    /// Ids within the duplicate window: of a day of events there are many.
    seen: HashSet<Arc<str>>,
    seen_until: VecDeque<(OffsetDateTime, Arc<str>)>,
    last_number: u64,
    tally: Counts,
}

impl Queue {
    /// An empty queue.
    pub fn new(name: impl Into<String>, rules: QueueRules) -> Self {
        Self {
            name: name.into(),
            rules,
            main: Messages::default(),
            dead: Messages::default(),
            seen: HashSet::new(),
            seen_until: VecDeque::new(),
            last_number: 0,
            tally: Counts::default(),
        }
    }

    /// Its name, as it was created.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its settings.
    pub fn rules(&self) -> &QueueRules {
        &self.rules
    }

    /// Stores messages, all or none. One whose id was seen within the duplicate window is accepted and dropped.
    ///
    /// # Errors
    /// When a message or the batch is too large, or the queue full; then nothing is stored.
    pub fn send(&mut self, messages: Vec<Message>, now: OffsetDateTime) -> Result<(), SendRefused> {
        self.tick(now);
        let limit = self.rules.max_message_bytes;
        let bytes: usize = messages.iter().map(Message::size).sum();
        if bytes > limit {
            return Err(SendRefused::TooLarge { queue: self.name.clone(), bytes, limit });
        }
        if self.main.bytes() + self.dead.bytes() + bytes > self.rules.max_bytes {
            return Err(SendRefused::Full { queue: self.name.clone() });
        }
        for mut message in messages {
            let id = message.message_id.get_or_insert_with(|| Uuid::new_v4().simple().to_string());
            let id: Arc<str> = Arc::from(id.as_str());
            if !self.seen.insert(Arc::clone(&id)) {
                self.tally.duplicates += 1;
                continue;
            }
            self.seen_until.push_back((now + self.rules.duplicate_window, id));
            self.tally.stored += 1;
            let due = message.scheduled_enqueue.filter(|due| *due > now);
            let state = due.map_or(State::Active, |due| State::Scheduled { due });
            let stored = self.stored(message, state, due.unwrap_or(now));
            self.main.insert(Peeked { enqueued: now, ..stored });
        }
        Ok(())
    }

    /// Hands out up to `most` of the oldest active messages, each with a lock of its own.
    pub fn receive(&mut self, dead_letter: bool, most: usize, now: OffsetDateTime) -> Vec<Delivery> {
        self.tick(now);
        let lock = self.rules.lock_duration;
        self.side(dead_letter)
            .lock(most, now, lock)
            .into_iter()
            .map(|(lock_token, stored)| Delivery {
                lock_token,
                locked_until: now + lock,
                sequence_number: stored.sequence_number,
                delivery_count: stored.delivery_count,
                enqueued: stored.enqueued,
                expires: stored.expires,
                dead_letter: stored.dead_letter,
                message: stored.message,
            })
            .collect()
    }

    /// The receiver is done with a message: it is gone.
    ///
    /// # Errors
    /// When the lock is lost.
    pub fn complete(&mut self, dead_letter: bool, token: Uuid, now: OffsetDateTime) -> Result<(), LockLost> {
        self.tick(now);
        self.side(dead_letter).unlock(token)?;
        self.tally.completed += 1;
        Ok(())
    }

    /// The receiver gives a message back: it is active again at once, in its old place, or dead-lettered when it has
    /// been delivered too often.
    ///
    /// # Errors
    /// When the lock is lost.
    pub fn abandon(&mut self, dead_letter: bool, token: Uuid, now: OffsetDateTime) -> Result<(), LockLost> {
        self.tick(now);
        let stored = self.side(dead_letter).unlock(token)?;
        self.put_back(dead_letter, stored);
        self.tick(now);
        Ok(())
    }

    /// The receiver sends a message to the dead-letter queue, with its own words.
    ///
    /// # Errors
    /// When the lock is lost.
    pub fn dead_letter(
        &mut self,
        token: Uuid,
        reason: &str,
        description: &str,
        now: OffsetDateTime,
    ) -> Result<(), LockLost> {
        self.tick(now);
        let stored = self.main.unlock(token)?;
        self.bury(stored, reason, description);
        Ok(())
    }

    /// Prolongs a lock by the lock duration from now.
    ///
    /// # Errors
    /// When the lock is lost.
    pub fn renew(&mut self, dead_letter: bool, token: Uuid, now: OffsetDateTime) -> Result<(), LockLost> {
        self.tick(now);
        let lock = self.rules.lock_duration;
        self.side(dead_letter).renew(token, now, lock)
    }

    /// Everything in the queue or its dead-letter queue, oldest first.
    pub fn peek(&mut self, dead_letter: bool, now: OffsetDateTime) -> Vec<Peeked> {
        self.tick(now);
        self.side(dead_letter).all().cloned().collect()
    }

    /// How many messages are in which state.
    pub fn counts(&mut self, now: OffsetDateTime) -> Counts {
        self.tick(now);
        let (active, scheduled, locked) = self.main.counts();
        let (dead_active, _, dead_locked) = self.dead.counts();
        Counts { active, scheduled, locked, dead_lettered: dead_active + dead_locked, ..self.tally }
    }

    /// Active and locked messages of the dead-letter queue.
    pub fn dead_letter_counts(&mut self, now: OffsetDateTime) -> (usize, usize) {
        self.tick(now);
        let (active, _, locked) = self.dead.counts();
        (active, locked)
    }

    /// The next time at which something happens by itself: a schedule, a lock or a life ends.
    pub fn next_event(&self) -> Option<OffsetDateTime> {
        [self.main.next_event(), self.dead.next_event()].into_iter().flatten().min()
    }

    /// Removes all messages and forgets all ids.
    pub fn purge(&mut self) {
        self.main = Messages::default();
        self.dead = Messages::default();
        self.seen.clear();
        self.seen_until.clear();
    }

    /// Everything that happens by itself until `now`.
    fn tick(&mut self, now: OffsetDateTime) {
        while self.seen_until.front().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, id)) = self.seen_until.pop_front() {
                self.seen.remove(&id);
            }
        }
        for stored in self.main.due(now) {
            // An active message gets its number and its life when it becomes active.
            let State::Scheduled { due } = stored.state else { continue };
            let stored = self.stored(stored.message, State::Active, due);
            self.main.insert(stored);
        }
        for dead_letter in [false, true] {
            for stored in self.side(dead_letter).expired_locks(now) {
                self.put_back(dead_letter, stored);
            }
        }
        for stored in self.main.expired(now) {
            self.bury(stored, "TTLExpiredException", "The message expired and was dead lettered.");
        }
    }

    fn stored(&mut self, message: Message, state: State, active_from: OffsetDateTime) -> Peeked {
        self.last_number += 1;
        let life = message.time_to_live.map_or(self.rules.time_to_live, |life| life.min(self.rules.time_to_live));
        Peeked {
            sequence_number: self.last_number,
            state,
            enqueued: active_from,
            expires: active_from + life,
            delivery_count: 0,
            dead_letter: None,
            message,
        }
    }

    fn put_back(&mut self, dead_letter: bool, mut stored: Peeked) {
        if !dead_letter && stored.delivery_count >= self.rules.max_delivery_count {
            let most = self.rules.max_delivery_count;
            let words = format!("Message could not be consumed after {most} delivery attempts.");
            self.bury(stored, "MaxDeliveryCountExceeded", &words);
        } else {
            stored.state = State::Active;
            self.side(dead_letter).insert(stored);
        }
    }

    fn bury(&mut self, mut stored: Peeked, reason: &str, description: &str) {
        stored.state = State::Active;
        // Messages of a dead-letter queue do not expire; this is .NET's DateTime.MaxValue, as the service shows it.
        stored.expires = time::macros::datetime!(9999-12-31 23:59:59.999_999_9 UTC);
        for (name, value) in [("DeadLetterReason", reason), ("DeadLetterErrorDescription", description)] {
            stored.message.application_properties.insert(name.to_owned(), value.into());
        }
        stored.dead_letter = Some(DeadLetter {
            reason: reason.to_owned(),
            description: description.to_owned(),
            source: self.name.clone(),
        });
        self.dead.insert(stored);
    }

    fn side(&mut self, dead_letter: bool) -> &mut Messages {
        if dead_letter { &mut self.dead } else { &mut self.main }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
