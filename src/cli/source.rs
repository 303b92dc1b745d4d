//! Where the events of a demo come from: made ones are at hand, captured ones are read from their file as often as they are needed.

use serde_json::Value;
use simulator_demo::{CapturedFile, Events};

/// Events that can be taken more than once.
pub(super) enum Source {
    /// Made ones.
    Made(Vec<Value>),
    /// So many in a file.
    Captured(CapturedFile, usize),
}

impl Source {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Made(events) => events.len(),
            Self::Captured(_, count) => *count,
        }
    }

    /// All of them, from the first one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn events(&self) -> anyhow::Result<Events> {
        Ok(match self {
            Self::Made(events) => events.clone().into(),
            Self::Captured(file, count) => Events::new(*count, file.events()?),
        })
    }
}
