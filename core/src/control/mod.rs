//! Who may act, when, how much and how fast. All of it is decided from values; what says no makes a target wait, never leave.

pub(crate) mod approvals;
pub(crate) mod assigned;
pub mod fleet;
mod held;
pub(crate) mod mode;
mod pacing;
pub(crate) mod pause;
pub(crate) mod window;

pub use approvals::{Allowance, KnownApprovals};
pub use assigned::{AssignedControls, AssignedMode};
pub use held::ControlsNow;
pub(crate) use held::{SPREAD, ask_again, held_by_settings, held_for_approval, share};
pub use mode::unread_controls;
pub use pacing::Pacing;
pub use pause::{CONTROLS_COUNT_FOR, Controls, KnownControls, Paused};
pub use window::{ChangeWindow, Windows};
