//! One call at a time to each subscription, and none before the time until which it is to be left alone, because a 429 told so
//! or because little of a budget was left. In this way no call can slip out after a 429 of another, and one customer's
//! throttling or slowness never holds another's calls. The floor can be asked for without waiting for a turn, so that nothing
//! is begun that needs a call which the gate would hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::call::Account;
use crate::event::Timestamp;

/// An account's gate.
#[derive(Debug, Default)]
struct Gate {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// When the account may be called again; none: at once.
    floor: Mutex<Option<Timestamp>>,
}

/// The gates of all accounts.
#[derive(Debug, Default)]
pub(super) struct Gates {
    all: Mutex<HashMap<Account, Arc<Gate>>>,
}

/// The right to make one call; held until its answer is in.
#[derive(Debug)]
pub(super) struct Turn {
    gate: Arc<Gate>,
    _held: OwnedMutexGuard<()>,
}

impl Gates {
    /// Waits for the account's turn. Later callers wait behind earlier ones.
    pub(super) async fn turn(&self, account: &Account) -> Turn {
        let gate = self.gate(account);
        let held = Arc::clone(&gate.turn).lock_owned().await;
        Turn { gate, _held: held }
    }

    /// The account's floor that is still ahead, if any, whoever has the turn.
    pub(super) fn floor(&self, account: &Account, now: Timestamp) -> Option<Timestamp> {
        self.gate(account).floor(now)
    }

    fn gate(&self, account: &Account) -> Arc<Gate> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(account.clone()).or_default())
    }
}

impl Gate {
    fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner).filter(|floor| *floor > now)
    }
}

impl Turn {
    /// The floor that is still ahead, if any.
    pub(super) fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.gate.floor(now)
    }

    /// Keeps later calls back until then.
    pub(super) fn close(&mut self, until: Timestamp) {
        let mut floor = self.gate.floor.lock().unwrap_or_else(PoisonError::into_inner);
        *floor = Some(floor.map_or(until, |floor| floor.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse_time;
    use crate::remediation::fixture::target;

    #[tokio::test]
    async fn a_floor_is_seen_by_everybody_at_once_and_only_for_its_account() {
        let gates = Gates::default();
        let account = Account::Subscription(target().subscription().clone());
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let later = now + time::Duration::seconds(5);
        let mut turn = gates.turn(&account).await;
        assert_eq!(gates.floor(&account, now), None);
        turn.close(later);
        turn.close(now);
        assert_eq!(gates.floor(&account, now), Some(later), "while the turn is held; the later floor stays");
        assert_eq!(turn.floor(now), Some(later));
        assert_eq!((gates.floor(&Account::Tenant, now), gates.floor(&account, later)), (None, None));
        drop(turn);
        assert_eq!(gates.turn(&account).await.floor(now), Some(later));
    }
}
