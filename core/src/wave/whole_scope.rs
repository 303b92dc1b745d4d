//! More waits than waves are meant for: may one task take whatever is non-compliant in the scope? Only when that is just what
//! waits here and is due for the first time, so that nothing parked, excluded, settling or backing off comes along with it.

use std::collections::HashSet;

use crate::document::{EntryState, TargetDocument, TaskKind, TaskName};
use crate::event::ComplianceState;
use crate::fact::{Facts, NewTask, PolicyState};
use crate::id::ResourceId;
use crate::message::RunOptions;
use crate::settings::Tuning;
use crate::time::Timestamp;

use super::eligible::Eligible;
use super::free::task;
use super::non_compliant::NonCompliant;

/// More than `ESCALATE_ABOVE` resources that are all due for their first attempt, in a target that has no others.
#[derive(Debug, Clone)]
pub(crate) struct WholeScope<'a> {
    document: &'a TargetDocument,
    due: HashSet<&'a str>,
    options: &'a RunOptions,
    now: Timestamp,
}

impl<'a> WholeScope<'a> {
    /// What the document and the settings alone can tell. None when waves must do: at the end of a window a wave is the most that goes on.
    pub(crate) fn of(document: &'a TargetDocument, tuning: &Tuning, now: Timestamp) -> Option<Self> {
        let (target, rails) = (&document.target, &tuning.guard_rails);
        if document.resources.len() <= tuning.escalate_above
            || rails.forbid_assignment(&target.policy_assignment_id).is_some()
            || rails.may_exclude_within(&target.scope)
            || !tuning.change_window.is_always()
        {
            return None;
        }
        let (mut due, mut options) = (HashSet::new(), None);
        for (id, entry) in &document.resources {
            match entry.state {
                EntryState::Waiting { due: at } if at <= now && entry.attempt == 1 => {
                    // One task has one set of options.
                    if *options.get_or_insert(&entry.options) != &entry.options {
                        return None;
                    }
                    due.insert(id.as_str());
                }
                EntryState::Waiting { .. } | EntryState::InTask | EntryState::Parked { .. } => return None,
                EntryState::Fixed { .. } | EntryState::Skipped { .. } => {}
            }
        }
        let options = options?;
        (due.len() > tuning.escalate_above).then_some(Self { document, due, options, now })
    }

    /// The one task for all that is non-compliant in the scope. None when some of it does not wait here or cannot be
    /// remediated: then waves must do.
    pub(crate) fn into_task(
        self,
        name: TaskName,
        states: &[PolicyState],
        facts: &Facts,
        tuning: &Tuning,
    ) -> Option<NewTask> {
        // Where the location is not told, the resource may be one of them.
        let locations = &self.options.locations;
        let is_there = |state: &&PolicyState| {
            locations.is_empty() || state.location.as_ref().is_none_or(|location| locations.contains(location))
        };
        let bad = states.iter().filter(|state| state.state == ComplianceState::NonCompliant).filter(is_there);
        let waiting = |state: &PolicyState| {
            let id: ResourceId = state.resource.parse().ok()?;
            let waits = self.due.contains(id.as_str()) || self.is_unlisted(&id, state.at, tuning);
            waits.then(|| (id, state.effect.clone()))
        };
        let resources = bad.map(waiting).collect::<Option<Vec<_>>>()?;
        let (wave, skipped) =
            Eligible::among(NonCompliant { resources }, &self.document.target, facts, &tuning.guard_rails);
        // What parks the target is for the waves to say.
        let Eligible { mut resources, reference } = wave.ok()?;
        resources.sort();
        resources.dedup();
        if !skipped.is_empty() || resources.len() <= tuning.escalate_above {
            return None;
        }
        let count = resources.len().min(TaskKind::MOST);
        let mut task = task(name, self.document, tuning, reference, TaskKind::WholeScope { count }, resources);
        task.request.locations.clone_from(locations);
        Some(task)
    }

    /// Whether the resource is one of those that wait without being listed, and has waited as long as `SETTLE_DELAY`.
    fn is_unlisted(&self, id: &ResourceId, evaluated_at: Option<Timestamp>, tuning: &Tuning) -> bool {
        let (Some(unlisted), Some(at)) = (&self.document.unlisted, evaluated_at) else { return false };
        unlisted.is_news(at, self.now)
            && at + tuning.settle_delay <= self.now
            && !self.document.resources.contains_key(id)
            && unlisted.of_run.as_ref().is_none_or(|run| run.options.resource_count.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ParkReason, SkipReason};
    use crate::fact::{Assignment, Effect};
    use crate::fixture::{assignment, facts_of, installation, now, resource, seen, target, tuning};
    use crate::message::Finding;
    use crate::transition::observe::merge;
    use crate::transition::states::park;
    use std::time::Duration;

    const COUNT: usize = 12;

    fn few() -> Tuning {
        Tuning { escalate_above: 10, ..tuning() }
    }

    fn document() -> TargetDocument {
        let mut document = TargetDocument::new(target());
        for n in 0..COUNT {
            merge(&mut document, &seen(Finding::NonCompliant, n, now() - Duration::from_secs(7_200)), &few(), now());
        }
        document
    }

    fn states(numbers: impl Iterator<Item = usize>) -> Vec<PolicyState> {
        let state = |n| PolicyState {
            resource: resource(n).to_string(),
            state: ComplianceState::NonCompliant,
            at: Some(now()),
            effect: Some(Effect::Remediable),
            location: None,
        };
        numbers.map(state).collect()
    }

    fn facts(not_scopes: Vec<String>) -> Facts {
        facts_of(Assignment { not_scopes, ..assignment() })
    }

    fn task_of(document: &TargetDocument, states: &[PolicyState], facts: &Facts) -> Option<NewTask> {
        WholeScope::of(document, &few(), now() + Duration::from_secs(60))?.into_task(
            TaskName::new(&installation(), &target().hash(), 1),
            states,
            facts,
            &few(),
        )
    }

    #[test]
    fn all_that_is_non_compliant_waits_here_so_one_task_takes_it() {
        let task = task_of(&document(), &states(0..COUNT), &facts(Vec::new())).unwrap();
        assert_eq!((task.kind, task.resources.len()), (TaskKind::WholeScope { count: COUNT }, COUNT));
        // What is compliant by now is left to the next wave, which skips it.
        let task = task_of(&document(), &states(1..COUNT), &facts(Vec::new())).unwrap();
        assert_eq!((task.kind, task.resources.len()), (TaskKind::WholeScope { count: COUNT - 1 }, COUNT - 1));
    }

    #[test]
    fn whatever_must_not_come_along_keeps_it_to_waves() {
        let mend = |change: fn(&mut EntryState, &mut u32)| {
            let mut document = document();
            let entry = document.resources.get_mut(&resource(3)).unwrap();
            change(&mut entry.state, &mut entry.attempt);
            document
        };
        let everything = states(0..COUNT);
        let none = facts(Vec::new());
        for (name, document) in [
            ("parked", mend(|s, _| *s = park(ParkReason::Canceled, None, String::new(), &tuning(), now()))),
            ("second attempt", mend(|_, attempt| *attempt = 2)),
            ("settling", mend(|s, _| *s = EntryState::Waiting { due: now() + Duration::from_secs(600) })),
            ("skipped", mend(|s, _| *s = EntryState::skipped(SkipReason::NotRemediable, now()))),
        ] {
            assert_eq!(task_of(&document, &everything, &none), None, "{name}");
        }
        assert_eq!(task_of(&document(), &states(0..COUNT + 1), &none), None, "one that is not known here");
        assert_eq!(task_of(&document(), &states(0..10), &none), None, "not more than ESCALATE_ABOVE");
        assert_eq!(task_of(&document(), &everything, &facts(vec![resource(5).to_string()])), None, "notScopes");
        let mut audited = states(0..COUNT);
        audited[4].effect = Some(Effect::Other("audit".to_owned()));
        assert_eq!(task_of(&document(), &audited, &none), None, "not remediable");
    }
}
