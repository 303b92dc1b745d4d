//! The question of a step, as a value: what is asked of whom. The words of the query are the shell's.

use std::collections::BTreeSet;

use crate::document::{Place, RunDocument, RunTarget, Work};
use crate::id::{ManagementGroup, SubscriptionId};
use crate::message::Location;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// What is below the management group?
    Descendants(ManagementGroup, Option<String>),
    /// Which of the subscriptions does Resource Graph show?
    Visible(Vec<SubscriptionId>),
    /// How many resources of which target do not comply?
    Counts(Place, Filter, Option<String>),
    /// Which resources do not comply?
    Resources(Place, Filter, Option<String>),
}

/// Which states are asked for, beside that they do not comply. Whatever else comes along is left out when it is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// In these locations; empty: in all.
    pub locations: BTreeSet<Location>,
    /// With these effects; empty: with any.
    pub effects: BTreeSet<String>,
    /// Not of these targets.
    pub but: Vec<RunTarget>,
}

/// The next question; none where there is no work left.
#[must_use]
pub fn question(document: &RunDocument) -> Option<Question> {
    let locations = document.run.options.locations.clone();
    Some(match document.work.first()? {
        Work::Expand { group, next, .. } => Question::Descendants(group.clone(), next.clone()),
        Work::See { subscriptions } => Question::Visible(subscriptions.clone()),
        Work::Count { place, next, .. } => {
            Question::Counts(place.clone(), Filter { locations, ..Filter::default() }, next.clone())
        }
        Work::List { place, next, found, .. } => {
            let all = found.effects.contains("");
            let effects = if all { BTreeSet::new() } else { found.effects.clone() };
            Question::Resources(place.clone(), Filter { locations, effects, but: found.largest.clone() }, next.clone())
        }
    })
}
