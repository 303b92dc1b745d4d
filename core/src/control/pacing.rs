//! What holds for what is planned of a target: for whoever foretells how long it takes.

use super::fleet::{Asked, Limits};
use super::window::ChangeWindow;

/// What a wave of a target is of, and what holds for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pacing {
    /// What it is of.
    pub asked: Asked,
    /// The limits of the settings, narrowed by the assignment.
    pub limits: Limits,
    /// The windows that hold.
    pub windows: Vec<ChangeWindow>,
}
