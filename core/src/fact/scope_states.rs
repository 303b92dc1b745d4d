//! The non-compliant states of a whole scope, as far as they could be read in the time. To list what waits, a part will do; the
//! next pass goes on where this one stopped.

use super::policy_state::PolicyState;

/// A part of the list, or all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeStates {
    /// The link by which the part was asked for; none: the beginning of the list.
    pub from: Option<String>,
    /// The states of the part.
    pub states: Vec<PolicyState>,
    /// What is still to be read.
    pub unread: Unread,
    /// Whether Resource Manager refuses to tell it.
    pub is_refused: bool,
}

/// What is still to be read of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Nothing: this is its end.
    Nothing,
    /// What follows this link; none: all of it, from the beginning.
    From(Option<String>),
}

impl ScopeStates {
    /// A list of which nothing has been read yet.
    #[must_use]
    pub fn unread(from: Option<String>) -> Self {
        Self { states: Vec::new(), unread: Unread::From(from.clone()), from, is_refused: false }
    }

    /// Takes in the page that the list was to go on with, and the link that it gave.
    pub fn push(&mut self, page: Vec<PolicyState>, next: Option<String>) {
        self.states.extend(page);
        self.unread = next.map_or(Unread::Nothing, |next| Unread::From(Some(next)));
    }

    /// Takes in the first states of a list that is too large to be told whole: to learn of the others it is asked for anew, once
    /// these comply.
    pub fn cut(&mut self, page: Vec<PolicyState>) {
        self.states.extend(page);
        self.unread = Unread::From(None);
    }

    /// Whether no page came.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.states.is_empty() && self.unread == Unread::From(self.from.clone())
    }

    /// Whether this is the whole list, read at one time.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.from.is_none() && self.unread == Unread::Nothing
    }
}
