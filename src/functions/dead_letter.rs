//! What becomes of a message that the broker gave up on. Pure: it is decided from the body and from what is known of it.
//! The broker gives up whatever the cause, a service that refused for hours or a foreign message in the same batch; so a message
//! is only rejected for what it caused itself, never for how often it came back.

use std::time::Duration;

use remediation::event::{Taken, take_message};
use remediation::message::{BatchMessage, BatchRun, Continuation, Queue, Sighting, WakeUp};
use remediation::time::Timestamp;

use super::isolate::DEATHS;

/// No message of this worker comes near this size, so what is larger is none; and it could not be sent back for sure. Event Grid's
/// may be as large as the queue takes, and is not sent back as it is; a batch run may name a thousand scopes.
const LARGEST: usize = 64 * 1024;

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is sent back.
    Return(Box<Sighting>),
    /// What its events become is sent on, or rejected.
    TakeIn(Vec<Taken>),
    /// Its target is woken, if something waits there.
    Wake(Box<WakeUp>),
    /// The batch run is sent back.
    Run(Box<BatchRun>),
    /// The batch run goes on, if it has not ended.
    Continue(Box<Continuation>),
    /// It goes to the container `rejected`, for this reason.
    Reject(String),
}

impl Fate {
    /// The fate of a body that was found in the dead-letter queue of `queue`. `deaths` tells how often the worker died while it
    /// handled only this one, `tolerance` how far clocks may differ.
    pub(super) fn of(queue: Queue, body: &[u8], deaths: u32, tolerance: Duration, now: Timestamp) -> Self {
        let Ok(text) = std::str::from_utf8(body) else { return Self::Reject("the message is no text".to_owned()) };
        if deaths >= DEATHS {
            return Self::Reject(format!("the worker died {deaths} times while it handled only this message"));
        }
        if body.len() > LARGEST && !matches!(queue, Queue::PolicyEvents | Queue::BatchRuns) {
            return Self::Reject(format!(
                "the message has {} bytes, no message of this worker has as many",
                body.len()
            ));
        }
        let read = match queue {
            Queue::PolicyEvents => Ok(Self::TakeIn(take_message(text, tolerance, now))),
            Queue::NoncompliantResources => Sighting::read(text).map(|seen| Self::Return(Box::new(seen.returned()))),
            Queue::WakeUps => WakeUp::read(text).map(|wake_up| Self::Wake(Box::new(wake_up))),
            Queue::BatchRuns => BatchMessage::read(text).map(|message| match message {
                BatchMessage::Run(run) => Self::Run(Box::new(run.returned())),
                BatchMessage::Continuation(continuation) => Self::Continue(Box::new(continuation)),
            }),
        };
        read.unwrap_or_else(|unreadable| Self::Reject(unreadable.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(queue: Queue, body: &[u8], deaths: u32) -> Fate {
        Fate::of(queue, body, deaths, Duration::from_secs(300), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn events_are_taken_in_however_large_their_message_is_unless_it_is_deadly() {
        let many = format!("[{}7]", "7,".repeat(LARGEST));
        let Fate::TakeIn(taken) = fate(Queue::PolicyEvents, many.as_bytes(), 1) else { panic!() };
        assert!(taken.len() < 20, "{}", taken.len());
        assert!(
            matches!(fate(Queue::PolicyEvents, b"[7]", 2), Fate::Reject(reason) if reason.contains("died 2 times"))
        );
        assert!(matches!(fate(Queue::PolicyEvents, b"\xff", 0), Fate::Reject(reason) if reason.contains("no text")));
    }

    fn seen(returns: u32) -> String {
        format!(
            r#"{{"version":1,"seen":"nonCompliant","resourceId":"/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/RG","policyAssignmentId":"/providers/Microsoft.Management/managementGroups/MG/providers/Microsoft.Authorization/policyAssignments/A","observedAt":"2026-03-27T18:37:42Z","origin":"event","returns":{returns}}}"#
        )
    }

    #[test]
    fn what_can_be_read_is_sent_back_however_often_it_came_back() {
        for returns in [0, 1, 7, u32::MAX] {
            let Fate::Return(back) = fate(Queue::NoncompliantResources, seen(returns).as_bytes(), 1) else {
                panic!("{returns}")
            };
            assert_eq!(back.returns(), returns.saturating_add(1));
        }
        let target = Sighting::read(&seen(0)).unwrap().target();
        let wake_up = WakeUp::new(target, 3);
        let body = serde_json::to_vec(&wake_up).unwrap();
        let Fate::Wake(woken) = fate(Queue::WakeUps, &body, 0) else { panic!() };
        assert_eq!(*woken, wake_up);
    }

    #[test]
    fn what_it_caused_itself_is_rejected_with_the_reason() {
        let padded = format!("{}{}", seen(0), " ".repeat(LARGEST));
        let newer = seen(0).replace("\"version\":1", "\"version\":3");
        for (queue, body, deaths, words) in [
            (Queue::NoncompliantResources, [0xff_u8].as_slice(), 0, "no text"),
            (Queue::NoncompliantResources, b"7", 0, "cannot be read"),
            (Queue::NoncompliantResources, b"", 0, "cannot be read"),
            (Queue::NoncompliantResources, newer.as_bytes(), 0, "newer worker"),
            (Queue::NoncompliantResources, padded.as_bytes(), 0, "bytes"),
            (Queue::NoncompliantResources, seen(0).as_bytes(), 2, "died 2 times"),
            (Queue::WakeUps, seen(0).as_bytes(), 0, "cannot be read"),
            (Queue::BatchRuns, seen(0).as_bytes(), 0, "runId"),
        ] {
            let Fate::Reject(reason) = fate(queue, body, deaths) else { panic!("{words}") };
            assert!(reason.contains(words), "{reason}");
        }
    }
}
