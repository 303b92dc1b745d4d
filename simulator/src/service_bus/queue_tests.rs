//! The broker's rules, told as short stories with a clock in hand.

use super::*;
use time::macros::datetime;

const START: OffsetDateTime = datetime!(2026-11-21 07:00 UTC);

fn at(seconds: u64) -> OffsetDateTime {
    START + Duration::from_secs(seconds)
}

fn queue(max_delivery_count: u32) -> Queue {
    Queue::new("q", QueueRules::standard(max_delivery_count))
}

fn named(id: &str) -> Message {
    Message { message_id: Some(id.into()), ..Message::text(id) }
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().filter_map(|delivery| delivery.message.message_id.as_deref()).collect()
}

#[test]
fn messages_are_received_in_order_locked_and_completed() {
    let mut queue = queue(10);
    queue.send(vec![named("a"), named("b"), named("c")], START).unwrap();
    let first = queue.receive(false, 2, START);
    assert_eq!((ids(&first), first[0].delivery_count), (vec!["a", "b"], 1));
    assert_eq!(ids(&queue.receive(false, 9, START)), ["c"]);
    assert!(queue.receive(false, 9, START).is_empty());
    queue.complete(false, first[0].lock_token, START).unwrap();
    assert_eq!(queue.complete(false, first[0].lock_token, START), Err(LockLost));
    let counts = queue.counts(START);
    assert_eq!((counts.locked, counts.completed, counts.stored), (2, 1, 3));
}

#[test]
fn an_abandoned_message_is_back_in_its_place_at_once() {
    let mut queue = queue(10);
    queue.send(vec![named("a"), named("b")], START).unwrap();
    let first = queue.receive(false, 1, START);
    queue.abandon(false, first[0].lock_token, START).unwrap();
    let again = queue.receive(false, 2, START);
    assert_eq!((ids(&again), again[0].delivery_count, again[1].delivery_count), (vec!["a", "b"], 2, 1));
}

#[test]
fn a_lock_expires_to_the_second_unless_it_is_renewed() {
    let mut queue = queue(10);
    queue.send(vec![named("a")], START).unwrap();
    let first = queue.receive(false, 1, START);
    assert!(queue.receive(false, 1, at(299)).is_empty());
    queue.renew(false, first[0].lock_token, at(299)).unwrap();
    assert!(queue.receive(false, 1, at(598)).is_empty());
    let second = queue.receive(false, 1, at(599));
    assert_eq!(second[0].delivery_count, 2);
    assert_eq!(queue.complete(false, first[0].lock_token, at(599)), Err(LockLost));
    assert_eq!(queue.renew(false, first[0].lock_token, at(599)), Err(LockLost));
    queue.complete(false, second[0].lock_token, at(599)).unwrap();
}

#[test]
fn a_message_that_nobody_completes_is_dead_lettered_with_its_reason_and_can_be_received_there() {
    for abandon in [true, false] {
        let mut queue = queue(3);
        queue.send(vec![named("a")], START).unwrap();
        for delivery in 0..3 {
            let now = at(delivery * 300);
            let received = queue.receive(false, 1, now);
            assert_eq!(received[0].delivery_count, delivery as u32 + 1);
            if abandon {
                queue.abandon(false, received[0].lock_token, now).unwrap();
            }
        }
        let counts = queue.counts(at(900));
        assert_eq!((counts.active, counts.dead_lettered), (0, 1), "abandon: {abandon}");
        let dead = queue.receive(true, 9, at(900));
        let why = dead[0].dead_letter.clone().unwrap();
        assert_eq!((why.reason.as_str(), why.source.as_str()), ("MaxDeliveryCountExceeded", "q"));
        assert_eq!(dead[0].message.application_properties["DeadLetterReason"], "MaxDeliveryCountExceeded");
        queue.abandon(true, dead[0].lock_token, at(900)).unwrap();
        let again = queue.receive(true, 9, at(900));
        assert_eq!(again[0].delivery_count, 5, "a dead-letter queue has no dead-letter queue");
        queue.complete(true, again[0].lock_token, at(900)).unwrap();
        assert_eq!(queue.counts(at(900)).dead_lettered, 0);
    }
}

#[test]
fn a_receiver_can_dead_letter_with_its_own_words() {
    let mut queue = queue(3);
    queue.send(vec![named("a")], START).unwrap();
    let token = queue.receive(false, 1, START)[0].lock_token;
    queue.dead_letter(token, "Poison", "cannot be read", START).unwrap();
    assert_eq!(queue.peek(true, START)[0].dead_letter.as_ref().unwrap().description, "cannot be read");
}

#[test]
fn an_id_seen_within_the_window_is_dropped_whatever_became_of_the_first() {
    let mut queue = queue(10);
    let later = Message { scheduled_enqueue: Some(at(3600)), ..named("b") };
    queue.send(vec![named("a"), named("a"), later.clone()], START).unwrap();
    queue.send(vec![later, named("b")], at(1)).unwrap();
    let received = queue.receive(false, 9, at(1));
    assert_eq!(ids(&received), ["a"]);
    queue.complete(false, received[0].lock_token, at(1)).unwrap();
    queue.send(vec![named("a")], at(86_399)).unwrap();
    assert_eq!((queue.counts(at(2)).scheduled, queue.counts(at(2)).duplicates), (0, 4), "the clock has gone on");
    queue.send(vec![named("a")], at(86_400)).unwrap();
    assert_eq!(ids(&queue.receive(false, 9, at(86_400))), ["b", "a"]);
}

#[test]
fn messages_without_an_id_are_never_duplicates() {
    let mut queue = queue(10);
    queue.send(vec![Message::text("x"), Message::text("x")], START).unwrap();
    assert_eq!(queue.counts(START).active, 2);
}

#[test]
fn a_scheduled_message_becomes_active_at_its_time_behind_what_was_there() {
    let mut queue = queue(10);
    let later = Message { scheduled_enqueue: Some(at(60)), ..named("later") };
    let past = Message { scheduled_enqueue: Some(at(0)), ..named("past") };
    queue.send(vec![later, past], at(10)).unwrap();
    queue.send(vec![named("now")], at(20)).unwrap();
    assert_eq!((queue.counts(at(59)).scheduled, queue.next_event()), (1, Some(at(60))));
    let received = queue.receive(false, 9, at(60));
    assert_eq!(ids(&received), ["past", "now", "later"]);
    assert_eq!(received[2].enqueued, at(60));
    assert!(received[2].sequence_number > received[1].sequence_number);
}

#[test]
fn an_expired_message_goes_to_the_dead_letter_queue_but_not_out_of_a_receivers_hands() {
    let mut queue = queue(10);
    let short = |id| Message { time_to_live: Some(Duration::from_secs(40)), ..named(id) };
    queue.send(vec![short("held"), short("left"), named("long")], START).unwrap();
    let held = queue.receive(false, 1, START);
    assert_eq!(queue.counts(at(40)).dead_lettered, 1);
    assert_eq!(queue.peek(true, at(40))[0].dead_letter.as_ref().unwrap().reason, "TTLExpiredException");
    queue.complete(false, held[0].lock_token, at(41)).unwrap();
    assert_eq!(queue.counts(at(14 * 86_400)).dead_lettered, 2, "the queue's own limit holds for all");
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    let mut queue = queue(10);
    let half = || Message::text("x".repeat(128 * 1024));
    queue.send(vec![half(), half()], START).unwrap();
    queue.purge();
    let refused = queue.send(vec![half(), named("a"), half()], START);
    assert!(matches!(refused, Err(SendRefused::TooLarge { bytes: 262_146, limit: 262_144, .. })), "{refused:?}");
    assert_eq!(queue.counts(START).active, 0);
    let rules = QueueRules { max_bytes: 10, ..QueueRules::standard(1) };
    let mut small = Queue::new("small", rules);
    small.send(vec![Message { message_id: Some("1".into()), ..Message::text("12345678") }], START).unwrap();
    assert!(matches!(small.send(vec![named("12")], START), Err(SendRefused::Full { .. })));
}
