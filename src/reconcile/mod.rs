//! The loop that does what `remediation::decide` says (`ask` what it wants to know, `change` what it decided), and the log of it. What an instance remembers between passes stands in `begun`,
//! `listed`, `opened` and `slots`: it only saves calls.

mod ask;
mod begun;
mod change;
mod journal;
mod listed;
mod opened;
mod reconciler;
mod slots;

pub use begun::Begun;
pub use journal::written;
pub use listed::Listed;
pub use opened::Opened;
pub use reconciler::{ReconcileError, Reconciler};
pub use slots::Slots;
