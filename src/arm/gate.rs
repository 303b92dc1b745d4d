//! One call at a time to each subscription, and none before the time that it told. In this way no call can slip out after
//! a 429 of another, and one customer's throttling or slowness never holds another's calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::call::Account;
use crate::event::Timestamp;

/// When an account may be called again; none: at once.
type Floor = Option<Timestamp>;

/// The gates of all accounts.
#[derive(Debug, Default)]
pub(super) struct Gates {
    floors: Mutex<HashMap<Account, Arc<tokio::sync::Mutex<Floor>>>>,
}

/// The right to make one call; held until its answer is in.
#[derive(Debug)]
pub(super) struct Turn(OwnedMutexGuard<Floor>);

impl Gates {
    /// Waits for the account's turn. Later callers wait behind earlier ones.
    pub(super) async fn turn(&self, account: &Account) -> Turn {
        let gate = {
            let mut gates = self.floors.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(gates.entry(account.clone()).or_default())
        };
        Turn(gate.lock_owned().await)
    }
}

impl Turn {
    /// The floor that is still ahead, if any.
    pub(super) fn floor(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.filter(|floor| *floor > now)
    }

    /// Keeps later calls back until then.
    pub(super) fn close(&mut self, until: Timestamp) {
        *self.0 = Some(self.0.map_or(until, |floor| floor.max(until)));
    }
}
