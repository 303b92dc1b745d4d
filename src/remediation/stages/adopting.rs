//! A task of the target runs that its document does not name: a document was lost or restored, or a request came late. Nobody
//! else would follow it, and all others must keep out of its way: so it is taken in as the target's active task.

use super::super::step::Next;
use super::View;
use crate::arm::ListedTask;
use crate::event::Timestamp;
use crate::resource::ResourceId;
use crate::state::{ActiveTask, Entry, EntryState, Extent, TargetDocument, TaskName, TaskPhase};

/// Most resources of one task (Microsoft documentation, "Azure Policy remediation task structure").
const MOST: usize = 50_000;

impl View<'_> {
    /// Takes a listed task in that is the target's and that its document does not name.
    pub(super) fn adopt(self) -> Option<Next> {
        let (name, task) = self.known().stray()?;
        let mut changed = self.document.clone();
        adopt(&mut changed, name, task, self.now);
        Some(Self::step(changed))
    }
}

fn adopt(document: &mut TargetDocument, name: TaskName, task: &ListedTask, now: Timestamp) {
    // The number in the name is the time at which it was given.
    let named = i64::try_from(name.sequence()).ok().and_then(|seconds| Timestamp::from_unix_timestamp(seconds).ok());
    let opened_at = named.filter(|at| *at < now).unwrap_or(now);
    let resources = task.resources.iter().flatten().filter_map(|id| id.parse::<ResourceId>().ok());
    for id in resources {
        let entry = document.resources.entry(id).or_insert_with(|| Entry::waiting(opened_at, now));
        entry.state = EntryState::InTask;
    }
    document.sequence = document.sequence.max(name.sequence());
    document.active = Some(ActiveTask {
        name,
        extent: if task.resources.is_some() { Extent::Resources } else { Extent::Whole { count: MOST } },
        phase: TaskPhase::Open,
        opened_at,
        check_at: now,
        unanswered: 0,
        overdue_reported: false,
        giving_up: None,
        absence: None,
        missing_since: None,
        reading: None,
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::arm::TaskState;
    use crate::remediation::fixture::{installation, now, resource, target, waiting};

    fn listed(name: &TaskName, resources: Option<BTreeSet<String>>) -> ListedTask {
        ListedTask {
            name: name.to_string(),
            scope: target().scope.to_string(),
            assignment: target().policy_assignment_id.to_string(),
            reference: String::new(),
            resources,
            state: TaskState::Active,
        }
    }

    #[test]
    fn a_task_is_taken_in_with_all_its_resources_and_since_it_was_named() {
        let opened_at = now() - std::time::Duration::from_secs(90);
        let number = u64::try_from(opened_at.unix_timestamp()).unwrap();
        let name = TaskName::new(&installation(), &target().hash(), number);
        let mut document = waiting(1);
        let ids = [0, 7].map(|n| resource(n).to_string()).into();
        adopt(&mut document, name.clone(), &listed(&name, Some(ids)), now());
        assert_eq!(document.in_task().cloned().collect::<Vec<_>>(), [0, 7].map(resource));
        let active = document.active.unwrap();
        assert_eq!((active.name, active.extent, active.opened_at), (name.clone(), Extent::Resources, opened_at));
        assert_eq!(document.sequence, number);
        let mut document = waiting(1);
        adopt(&mut document, name.clone(), &listed(&name, None), now());
        assert!(document.active.is_some_and(|active| active.extent.is_whole()));
    }
}
