//! The story of a batch run, in sentences: what was asked, how far it is, what it found, and what it could not look at.

use crate::document::{Place, RunDocument, RunState, Work};
use crate::message::{BatchRun, Discovery};
use crate::time::Timestamp;

use super::words::{count, sentence, told};

/// Scopes that are named in a sentence.
const NAMED: usize = 5;

/// Tells the story of a run.
#[must_use]
pub fn run_story(document: &RunDocument, now: Timestamp) -> Vec<String> {
    let mut said = vec![asked(&document.run)];
    said.extend(limits(&document.run));
    said.push(match document.state() {
        RunState::Running => {
            format!(
                "It began at {}, and something was found or given up last at {}.",
                told(document.started_at, now),
                told(document.progress_at, now)
            )
        }
        RunState::Done | RunState::Incomplete => {
            let ended = document.ended_at.unwrap_or(document.progress_at);
            let seconds = (ended - document.started_at).whole_seconds();
            format!("It ended at {}, after {seconds} s.", told(ended, now))
        }
    });
    said.extend(found(document));
    said.extend(next(document, now));
    for trouble in &document.troubles {
        said.push(format!("It could not look at {}: {}", trouble.scope, sentence(&trouble.words)));
    }
    if document.more_troubles > 0 {
        said.push(format!("It could not look at {} more.", count_of(document.more_troubles, "place", "places")));
    }
    said
}

fn count_of(number: u64, one: &str, more: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), one, more)
}

fn asked(run: &BatchRun) -> String {
    let named: Vec<_> = run.scopes.iter().take(NAMED).map(ToString::to_string).collect();
    let more = run.scopes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let dry = if run.dry_run { "; only to be reported" } else { "" };
    format!("Run {} goes over {}{more}{dry}.", run.run_id, named.join(", "))
}

fn limits(run: &BatchRun) -> Option<String> {
    let list = |texts: Vec<String>| texts.join(", ");
    let mut parts = Vec::new();
    if !run.assignments.is_empty() {
        parts.push(format!("assignments {}", list(run.assignments.clone().into_texts())));
    }
    if !run.references.is_empty() {
        parts.push(format!("policies {}", list(run.references.iter().map(ToString::to_string).collect())));
    }
    if !run.options.locations.is_empty() {
        parts.push(format!("locations {}", list(run.options.locations.iter().map(ToString::to_string).collect())));
    }
    if let Some(most) = run.options.resource_count {
        parts.push(format!("{most} resources of a target at most"));
    }
    (!parts.is_empty()).then(|| format!("It is limited to {}.", parts.join("; ")))
}

fn found(document: &RunDocument) -> Vec<String> {
    let totals = document.so_far();
    let how = match document.discovery {
        Discovery::Auto => "policy states or Resource Graph",
        Discovery::PolicyStates => "policy states",
        Discovery::ResourceGraph => "Resource Graph",
    };
    let mut said = vec![format!(
        "By {how} it found {} that do not comply, in {} of {}, with {}.",
        count_of(totals.resources, "resource", "resources"),
        count_of(totals.targets, "target", "targets"),
        count_of(totals.subscriptions, "subscription", "subscriptions"),
        count_of(totals.questions, "question", "questions")
    )];
    if !document.run.dry_run {
        said.push(format!(
            "{} put on the queue, {} handed over as a whole.",
            count_of(totals.sent, "resource was", "resources were"),
            count_of(totals.handed_over, "target was", "targets were")
        ));
    }
    let others = [
        (totals.not_remediable, "have an effect that no task remediates"),
        (totals.not_asked, "are of what the run is not about"),
        (totals.unreadable, "could not be read"),
    ];
    let others: Vec<_> =
        others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    if !others.is_empty() {
        said.push(format!("Of all states, {}.", others.join(", ")));
    }
    said
}

fn next(document: &RunDocument, now: Timestamp) -> Option<String> {
    let work = document.work.first()?;
    let place = |place: &Place| match place {
        Place::Group { group, .. } => group.to_string(),
        Place::Scope { scope } => scope.to_string(),
        Place::Graph { subscriptions } => count(subscriptions.len(), "subscription", "subscriptions"),
    };
    let what = match work {
        Work::Expand { group, .. } => format!("which subscriptions are below {group}"),
        Work::See { subscriptions } => {
            format!("which of {} Resource Graph shows", count(subscriptions.len(), "subscription", "subscriptions"))
        }
        Work::Count { place: at, .. } => format!("how many resources of which target do not comply in {}", place(at)),
        Work::List { place: at, .. } => format!("which resources do not comply in {}", place(at)),
    };
    let when = document.wake_at.map_or_else(String::new, |at| format!(" at {}", told(at, now)));
    let left = document.work.len() - 1;
    let left =
        if left > 0 { format!(", then {}", count(left, "other question", "other questions")) } else { String::new() };
    Some(format!("Next it asks{when} {what}{left}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Counted, RunTotals, RunTrouble};
    use crate::fixture::{SUB, now, target};
    use std::time::Duration;

    fn run() -> BatchRun {
        BatchRun::over("night".parse().unwrap(), vec![SUB.parse().unwrap()])
    }

    #[test]
    fn a_run_is_told_from_what_was_asked_to_what_is_left() {
        let place = Place::Scope { scope: target().scope };
        let sums =
            RunTotals { subscriptions: 1, targets: 2, resources: 340, questions: 3, sent: 1, ..RunTotals::default() };
        let found = Counted { sums, ..Counted::default() };
        let work = vec![
            Work::Count { place: place.clone(), next: None, restarts: 0, found },
            Work::Count { place, next: None, restarts: 0, found: Counted::default() },
        ];
        let mut document = RunDocument::new(run(), Discovery::PolicyStates, work, now());
        document.wake_at = Some(now() + Duration::from_secs(60));
        let said = run_story(&document, now());
        assert!(said.iter().all(|sentence| sentence.ends_with('.')), "{said:#?}");
        let said = said.join("\n");
        for words in [
            "Run night goes over /subscriptions/",
            "It began at 2026-11-21T07:00:00Z (0 s ago)",
            "By policy states it found 340 resources that do not comply, in 2 targets of 1 subscription, with 3 questions.",
            "1 resource was put on the queue, 0 targets were handed over",
            "Next it asks at 2026-11-21T07:01:00Z (in 60 s) how many",
            "do not comply in /subscriptions/",
            ", then 1 other question.",
        ] {
            assert!(said.contains(words), "{words} is missing in:\n{said}");
        }
    }

    #[test]
    fn what_a_run_could_not_look_at_is_told_and_a_dry_one_sends_nothing() {
        let mut asked = BatchRun { dry_run: true, ..run() };
        asked.options.resource_count = Some(10);
        let mut document = RunDocument::new(asked, Discovery::Auto, Vec::new(), now());
        document.ended_at = Some(now() + Duration::from_secs(7));
        document.troubles =
            vec![RunTrouble { scope: SUB.to_owned(), words: "AuthorizationFailed".to_owned(), at: now() }];
        document.more_troubles = 2;
        let said = run_story(&document, now() + Duration::from_secs(7)).join("\n");
        for words in [
            "only to be reported",
            "10 resources of a target at most",
            "after 7 s",
            "AuthorizationFailed.",
            "2 places more.",
        ] {
            assert!(said.contains(words), "{words} is missing in:\n{said}");
        }
        assert!(!said.contains("queue") && !said.contains("Next"), "{said}");
    }
}
