//! The broker: all queues of the namespace behind one lock, with a clock that tests can push ahead, and a way to wait
//! for messages. It adds time and waiting to the rules of `queue` and decides nothing itself.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use time::OffsetDateTime;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Batches, Counts, Delivery, LockLost, Message, Peeked, Queue, QueueRules, SendRefused, batches::Sizes};

/// A queue, or the dead-letter queue of one, by its path: `queue` or `queue/$DeadLetterQueue`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity {
    queue: String,
    dead_letter: bool,
}

/// There is no such queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The messaging entity '{0}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.")]
pub struct UnknownEntity(
    /// Its path, as asked for.
    pub String,
);

/// A Service Bus namespace. Clones share it.
#[derive(Clone)]
pub struct Broker {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    queues: BTreeMap<String, Queue>,
    shift: Duration,
    sizes: Sizes,
}

/// The worker's queues, and how often each of their messages is delivered before it is dead-lettered (docs/adr/0007).
const WORKER_QUEUES: [(&str, u32); 4] =
    [("policy-events", 100), ("noncompliant-resources", 100), ("wake-ups", 100), ("batch-runs", 20)];

/// The longest that a receiver sleeps without looking again; only a safety net behind the change signal.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

impl Broker {
    /// A namespace without queues.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { inner: Mutex::default(), changed: watch::Sender::new(0) }) }
    }

    /// A namespace with the worker's queues, as they are deployed.
    pub fn with_worker_queues() -> Self {
        let broker = Self::new();
        for (name, deliveries) in WORKER_QUEUES {
            broker.create(name, QueueRules::standard(deliveries));
        }
        broker
    }

    /// Hands out full batches from now on to those who wait for them, or parts.
    pub fn hand_out(&self, batches: Batches) {
        self.lock().sizes = Sizes::new(batches);
    }

    /// Creates a queue, or empties and resets the one of that name. Names compare case-insensitively.
    pub fn create(&self, name: &str, rules: QueueRules) {
        self.lock().queues.insert(name.to_ascii_lowercase(), Queue::new(name, rules));
        self.announce();
    }

    /// Deletes a queue with all that is in it; says whether there was one.
    pub fn delete(&self, name: &str) -> bool {
        self.lock().queues.remove(&name.to_ascii_lowercase()).is_some()
    }

    /// The names of all queues.
    pub fn queues(&self) -> Vec<String> {
        self.lock().queues.values().map(|queue| queue.name().to_owned()).collect()
    }

    /// The broker's own time: the machine's, and what it was pushed ahead.
    pub fn now(&self) -> OffsetDateTime {
        self.lock().now()
    }

    /// Pushes the broker's clock ahead, so that locks expire and scheduled messages come due.
    pub fn shift(&self, by: Duration) {
        self.lock().shift += by;
        self.announce();
    }

    /// Stores messages, all or none.
    ///
    /// # Errors
    /// [`UnknownEntity`], or the refusal of the queue.
    pub fn send(&self, queue: &str, messages: Vec<Message>) -> Result<Result<(), SendRefused>, UnknownEntity> {
        let sent = self.with(queue, |queue, now| queue.send(messages, now))?;
        self.announce();
        Ok(sent)
    }

    /// Hands out up to `most` messages at once, with locks; none when there are none.
    ///
    /// # Errors
    /// When there is no such entity.
    pub fn receive(&self, entity: &Entity, most: usize) -> Result<Vec<Delivery>, UnknownEntity> {
        self.with(&entity.queue, |queue, now| queue.receive(entity.dead_letter, most, now))
    }

    /// As [`Broker::receive`], but waits until there is at least one message, or an entity of that name again. How many it is
    /// of those that are there, [`Broker::hand_out`] says.
    pub async fn wait_and_receive(&self, entity: &Entity, most: usize) -> Vec<Delivery> {
        let most = self.lock().sizes.next(most);
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            match self.receive(entity, most) {
                Ok(deliveries) if !deliveries.is_empty() => return deliveries,
                Ok(_) | Err(UnknownEntity(_)) => {}
            }
            let sleep = self.until_next_event(entity);
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// The receiver is done with a message.
    ///
    /// # Errors
    /// When the lock is lost, or the queue gone.
    pub fn complete(&self, entity: &Entity, token: Uuid) -> Result<(), LockLost> {
        self.settle(entity, |queue, now| queue.complete(entity.dead_letter, token, now))
    }

    /// The receiver gives a message back.
    ///
    /// # Errors
    /// When the lock is lost, or the queue gone.
    pub fn abandon(&self, entity: &Entity, token: Uuid) -> Result<(), LockLost> {
        let settled = self.settle(entity, |queue, now| queue.abandon(entity.dead_letter, token, now));
        self.announce();
        settled
    }

    /// The receiver sends a message to the dead-letter queue.
    ///
    /// # Errors
    /// When the lock is lost, the queue gone, or the entity is a dead-letter queue itself.
    pub fn dead_letter(&self, entity: &Entity, token: Uuid, reason: &str, description: &str) -> Result<(), LockLost> {
        if entity.dead_letter {
            return Err(LockLost);
        }
        let settled = self.settle(entity, |queue, now| queue.dead_letter(token, reason, description, now));
        self.announce();
        settled
    }

    /// Prolongs a lock.
    ///
    /// # Errors
    /// When the lock is lost, or the queue gone.
    pub fn renew(&self, entity: &Entity, token: Uuid) -> Result<(), LockLost> {
        self.settle(entity, |queue, now| queue.renew(entity.dead_letter, token, now))
    }

    /// Everything in an entity, in whatever state, oldest first; nothing when there is no such entity.
    pub fn peek(&self, entity: &Entity) -> Vec<Peeked> {
        self.with(&entity.queue, |queue, now| queue.peek(entity.dead_letter, now)).unwrap_or_default()
    }

    /// How many messages of a queue are in which state; zero when there is no such queue.
    pub fn counts(&self, queue: &str) -> Counts {
        self.with(queue, |queue, now| queue.counts(now)).unwrap_or_default()
    }

    /// Active and locked messages of an entity: what a receiver has before it or in its hands.
    pub fn at_hand(&self, entity: &Entity) -> usize {
        let at_hand = self.with(&entity.queue, |queue, now| {
            if entity.dead_letter {
                let (active, locked) = queue.dead_letter_counts(now);
                active + locked
            } else {
                let counts = queue.counts(now);
                counts.active + counts.locked
            }
        });
        at_hand.unwrap_or_default()
    }

    /// The next time at which something happens in a queue by itself: a schedule, a lock or a life ends.
    pub fn next_event(&self, queue: &str) -> Option<OffsetDateTime> {
        self.with(queue, |queue, _| queue.next_event()).ok().flatten()
    }

    /// The settings of a queue.
    pub fn rules(&self, queue: &str) -> Option<QueueRules> {
        self.with(queue, |queue, _| queue.rules().clone()).ok()
    }

    fn until_next_event(&self, entity: &Entity) -> Duration {
        let next = self.with(&entity.queue, |queue, now| queue.next_event().map(|event| event - now));
        let wait = next.ok().flatten().map_or(LONGEST_SLEEP, |wait| Duration::try_from(wait).unwrap_or_default());
        // A millisecond more, so that the timer's rounding does not wake it just before the event.
        (wait + Duration::from_millis(1)).min(LONGEST_SLEEP)
    }

    fn settle(
        &self,
        entity: &Entity,
        settle: impl FnOnce(&mut Queue, OffsetDateTime) -> Result<(), LockLost>,
    ) -> Result<(), LockLost> {
        self.with(&entity.queue, settle).unwrap_or(Err(LockLost))
    }

    fn with<T>(&self, queue: &str, act: impl FnOnce(&mut Queue, OffsetDateTime) -> T) -> Result<T, UnknownEntity> {
        let mut inner = self.lock();
        let now = inner.now();
        let found = inner.queues.get_mut(&queue.to_ascii_lowercase());
        found.map(|queue| act(queue, now)).ok_or_else(|| UnknownEntity(queue.to_owned()))
    }

    fn announce(&self) {
        self.shared.changed.send_modify(|version| *version = version.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Broker {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.shift
    }
}

impl Entity {
    /// A queue.
    pub fn queue(name: impl Into<String>) -> Self {
        Self { queue: name.into(), dead_letter: false }
    }

    /// The dead-letter queue of a queue.
    pub fn dead_letter_of(name: impl Into<String>) -> Self {
        Self { queue: name.into(), dead_letter: true }
    }

    /// The queue's name.
    pub fn queue_name(&self) -> &str {
        &self.queue
    }

    /// Whether it is the dead-letter queue.
    pub fn is_dead_letter(&self) -> bool {
        self.dead_letter
    }
}

impl FromStr for Entity {
    type Err = UnknownEntity;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        match path.trim_matches('/').split_once('/') {
            None if !path.is_empty() => Ok(Self::queue(path.trim_matches('/'))),
            Some((queue, part)) if part.eq_ignore_ascii_case("$DeadLetterQueue") => Ok(Self::dead_letter_of(queue)),
            _ => Err(UnknownEntity(path.to_owned())),
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.queue)?;
        if self.dead_letter { f.write_str("/$DeadLetterQueue") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiting_receiver_is_woken_by_a_send_a_shift_and_a_schedule() {
        let broker = Broker::with_worker_queues();
        let entity: Entity = "WAKE-UPS".parse().unwrap();
        let waiting = tokio::spawn({
            let (broker, entity) = (broker.clone(), entity.clone());
            async move { broker.wait_and_receive(&entity, 1).await }
        });
        broker.send("wake-ups", vec![Message::text("now")]).unwrap().unwrap();
        let received = tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap();
        assert_eq!(received[0].message.body, "now");

        let soon =
            Message { scheduled_enqueue: Some(broker.now() + Duration::from_millis(30)), ..Message::text("soon") };
        let far = Message { scheduled_enqueue: Some(broker.now() + Duration::from_secs(200)), ..Message::text("far") };
        broker.send("wake-ups", vec![soon, far]).unwrap().unwrap();
        let wait = || tokio::time::timeout(Duration::from_secs(60), broker.wait_and_receive(&entity, 1));
        assert_eq!(wait().await.unwrap()[0].message.body, "soon");
        broker.shift(Duration::from_secs(200));
        assert_eq!(wait().await.unwrap()[0].message.body, "far");
        assert_eq!(broker.at_hand(&entity), 3, "nobody has settled them");
        broker.shift(Duration::from_secs(300));
        assert_eq!(broker.counts("wake-ups").active, 3, "their locks are over");
    }

    #[tokio::test]
    async fn batches_come_in_parts_where_that_is_wanted_and_nothing_is_lost() {
        let broker = Broker::with_worker_queues();
        broker.hand_out(Batches::Partial { seed: 3 });
        broker.send("wake-ups", (0..100).map(|number| Message::text(number.to_string())).collect()).unwrap().unwrap();
        let entity = Entity::queue("wake-ups");
        let mut sizes = Vec::new();
        while broker.counts("wake-ups").active > 0 {
            sizes.push(broker.wait_and_receive(&entity, 20).await.len());
        }
        assert!(sizes.iter().sum::<usize>() == 100 && sizes.len() > 5, "{sizes:?}");
    }

    #[test]
    fn entities_are_read_from_their_paths() {
        assert_eq!("q".parse(), Ok(Entity::queue("q")));
        assert_eq!("q/$deadletterqueue".parse(), Ok(Entity::dead_letter_of("q")));
        assert_eq!(Entity::dead_letter_of("q").to_string(), "q/$DeadLetterQueue");
        for wrong in ["", "q/subscriptions/x", "q/$DeadLetterQueue/x"] {
            assert!(wrong.parse::<Entity>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_queue_is_named() {
        let broker = Broker::new();
        assert_eq!(broker.send("nowhere", Vec::new()), Err(UnknownEntity("nowhere".into())));
        assert_eq!(broker.complete(&Entity::queue("nowhere"), Uuid::new_v4()), Err(LockLost));
    }
}
