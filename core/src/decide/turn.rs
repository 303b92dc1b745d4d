//! What becomes of a wake-up whose batch does not wait until its pass has ended. Another is sent in its place, and only then its
//! messages are acknowledged: a crash between the two leaves one too many, which is stale, and never none. No document is written.

use std::time::Duration;

use crate::message::{Outgoing, WakeUp};
use crate::time::Timestamp;

/// When a pass that takes long is taken for cut off: its slot, and time to write its end.
const FALLBACK_AFTER: Duration = Duration::from_secs(40);

/// How far the pass of a wake-up came while its batch waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It has ended.
    Ended,
    /// It goes on by itself.
    GoesOn,
    /// Its document could not be stored, while storage served others of the batch.
    Unstored,
    /// It has not begun: its turn may come after this time.
    NotYet(Duration),
}

/// What is to be done about the wake-up.
#[derive(Debug, Clone, PartialEq)]
pub enum Afterwards {
    /// Acknowledge its messages.
    Acknowledge,
    /// Send this, then acknowledge them.
    SendFirst(Outgoing),
}

impl Turn {
    /// What is to be done about the wake-up that came with these messages.
    pub fn afterwards<'a>(
        self,
        wake_up: &WakeUp,
        message_ids: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Afterwards {
        let (after, left_behind) = match self {
            Self::Ended => return Afterwards::Acknowledge,
            // Whoever finds such a wake-up knows that a pass may have been cut off.
            Self::GoesOn | Self::Unstored => (FALLBACK_AFTER, true),
            Self::NotYet(after) => (after, wake_up.left_behind),
        };
        let mut again = wake_up.clone();
        again.left_behind = left_behind;
        Afterwards::SendFirst(Outgoing::wake_up_again(&again, message_ids, now + after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{now, target};

    fn again(turn: Turn, left_behind: bool) -> Option<(bool, Duration)> {
        let mut wake_up = WakeUp::new(target(), 3);
        wake_up.left_behind = left_behind;
        match turn.afterwards(&wake_up, std::iter::once("m"), now()) {
            Afterwards::Acknowledge => None,
            Afterwards::SendFirst(outgoing) => {
                let sent = WakeUp::read(&outgoing.body).unwrap();
                assert_eq!((sent.generation, &sent.target), (3, &wake_up.target), "no new generation");
                Some((sent.left_behind, (outgoing.at.unwrap() - now()).try_into().unwrap()))
            }
        }
    }

    #[test]
    fn only_a_pass_that_may_be_cut_off_marks_its_wake_up() {
        for marked in [false, true] {
            assert_eq!(again(Turn::Ended, marked), None);
            assert_eq!(again(Turn::GoesOn, marked), Some((true, FALLBACK_AFTER)));
            assert_eq!(again(Turn::Unstored, marked), Some((true, FALLBACK_AFTER)));
            let soon = Duration::from_secs(2);
            assert_eq!(again(Turn::NotYet(soon), marked), Some((marked, soon)));
        }
    }
}
