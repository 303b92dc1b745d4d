//! Batch runs, decided: which question is next, and what follows of its answer. A run is a list of work in its document; every step
//! takes one answer, says what is sent, and leaves a document from which the next step goes on, after a crash too: whatever was sent
//! before the document was written is sent again under the same ids.

mod advance;
mod begin;
mod counting;
mod listing;
mod pages;
mod question;
mod receive;
mod scan;
#[cfg(test)]
mod tests;
mod trouble;
mod wake;

pub use advance::{Step, advance};
pub use begin::begin;
pub use question::{Filter, Question, question};
pub use receive::{Reception, is_stranded, put_off, receive};
pub use scan::{due_scan, is_outdated, is_scan, scan};
pub use wake::{lay_down, take, wake};

use crate::fact::Effect;
use crate::id::{AssignmentId, ReferenceId, ResourceId, SubscriptionId};
use crate::message::Discovery;
use crate::time::Timestamp;

/// What the steps depend on, beside the document.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// More resources of a target than this: it is handed over as a whole.
    pub escalate_above: usize,
    /// How a run looks that does not say.
    pub discovery: Discovery,
}

/// So many resources of a policy do not comply in a subscription, by a grouped query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedRow {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// The policy within the initiative.
    pub reference: Option<ReferenceId>,
    /// The effect, as the service writes it; empty where it does not say.
    pub effect: String,
    /// So many resources.
    pub count: u64,
}

/// A resource that does not comply with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// The resource.
    pub resource: ResourceId,
    /// The assignment.
    pub assignment: AssignmentId,
    /// The policy within the initiative.
    pub reference: Option<ReferenceId>,
    /// The effect, as the service writes it; empty where it does not say.
    pub effect: String,
    /// When it was evaluated.
    pub at: Timestamp,
}

/// A page of rows; those that could not be read are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many more could not be read.
    pub unreadable: u64,
    /// The link to the next page.
    pub next: Option<String>,
}

/// The answer to the question of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Subscriptions below a management group.
    Descendants(Rows<SubscriptionId>),
    /// Subscriptions that Resource Graph shows.
    Visible(Vec<SubscriptionId>),
    /// Counts of targets.
    Counts(Rows<CountedRow>),
    /// Resources.
    Resources(Rows<ListedRow>),
    /// It was refused, and would be again.
    Refused(String),
    /// It was not answered, and may be another time: not before this one, where the service told.
    Unanswered(String, Option<Timestamp>),
}

/// Whether a task can remediate what was evaluated with this effect. One that is not told is left for the facts to say.
fn is_remediable(effect: &str) -> bool {
    effect.is_empty() || Effect::of(effect) == Effect::Remediable
}
