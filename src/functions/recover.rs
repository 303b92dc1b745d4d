//! `recover`, a timer: what the broker gave up on is sent back, or rejected when it is itself the cause. The dead-letter queues
//! are read one message at a time: a trigger there would be called again and again without a limit while it fails, and one
//! foreign message would block it. What follows is stored or sent before the message is deleted, so a crash in between, a lost
//! lock or a lost answer only makes it come again, and the id of what was sent makes the second copy harmless.

use std::time::Duration;

use tracing::{error, info, warn};

use remediation::message::Queue;

use crate::app::App;
use crate::azure::{Deadline, error_chain};
use crate::functions::{Failure, returning};
use crate::service_bus::DeadLetter;

use super::returning::{End, settle};

pub(super) const NAME: &str = returning::FUNCTION;

/// Most messages of a queue in one run, and the pause after each: what comes back in a flood must not be a flood again, and it
/// is in the way of nothing new. The numbers are those of docs/adr/0007.
const MOST: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(50);
/// So many messages in one run that could not be dealt with end the turn of their queue. One alone must not stop the others.
const FAILURES: u32 = 3;
/// How long an empty queue is waited for.
const WAIT: Duration = Duration::from_secs(2);
/// Longest time for one message, well inside its lock of five minutes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of the messages of one queue in one run.
#[derive(Debug, Default)]
struct Tally {
    returned: u32,
    rejected: u32,
    dropped: u32,
    kept: u32,
}

impl Tally {
    fn all(&self) -> u32 {
        self.returned + self.rejected + self.dropped + self.kept
    }
}

/// A timer that fails is not run again before its time, so each queue has its turn whatever befell the others. The run only
/// fails when no queue could be read, so that the host shows it, too.
pub(super) async fn run(app: &App, deadline: Deadline) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for (turns, queue) in (1..=Queue::ALL.len() as u32).rev().zip(Queue::ALL) {
        let share = deadline.within(deadline.left() / turns);
        if let Err(failure) = take_turn(app, queue, share).await {
            error!(
                event = "dead_letters_left",
                queue = queue.name(),
                reason = error_chain(&failure),
                "dead letters are left in their queue until the next run"
            );
            failures.push(failure);
        }
    }
    match failures.pop() {
        Some(failure) if failures.len() + 1 == Queue::ALL.len() => Err(failure),
        Some(_) | None => Ok(()),
    }
}

async fn take_turn(app: &App, queue: Queue, deadline: Deadline) -> Result<(), Failure> {
    let mut tally = Tally::default();
    let ended = work_off(app, queue, &mut tally, deadline).await;
    if tally.all() > 0 {
        let Tally { returned, rejected, dropped, kept } = tally;
        info!(
            event = "recovered",
            queue = queue.name(),
            returned,
            rejected,
            dropped,
            kept,
            "dead letters were dealt with"
        );
    }
    ended
}

async fn work_off(app: &App, queue: Queue, tally: &mut Tally, deadline: Deadline) -> Result<(), Failure> {
    let mut failures = 0;
    while tally.all() < MOST && !deadline.has_passed() {
        let Some(letter) = app.receiver.next(queue, WAIT, deadline).await? else { break };
        match deal_with(app, queue, &letter, deadline.within(PATIENCE)).await {
            Ok(End::Returned) => tally.returned += 1,
            Ok(End::Rejected) => tally.rejected += 1,
            Ok(End::Dropped) => tally.dropped += 1,
            Ok(End::Kept) => tally.kept += 1,
            Err(failure) => {
                (tally.kept, failures) = (tally.kept + 1, failures + 1);
                if failures == FAILURES {
                    return Err(failure);
                }
                kept(queue, &letter, &error_chain(&failure));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn deal_with(app: &App, queue: Queue, letter: &DeadLetter, deadline: Deadline) -> Result<End, Failure> {
    let end = settle(app, queue, letter, deadline).await?;
    match end {
        End::Kept => kept(queue, letter, "the target's document was being written by another"),
        End::Returned | End::Rejected | End::Dropped => {
            if !app.receiver.delete(queue, letter, deadline).await? {
                kept(queue, letter, "its lock was lost before it could be deleted, which is harmless");
            }
        }
    }
    Ok(end)
}

fn kept(queue: Queue, letter: &DeadLetter, reason: &str) {
    warn!(
        event = "dead_letter_kept",
        queue = queue.name(),
        message_id = letter.message_id,
        reason,
        "a dead letter stays where it is and comes again"
    );
}
