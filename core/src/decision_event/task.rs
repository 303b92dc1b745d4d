//! The task that opened, is overdue, or ended.

use crate::decide::SHORT_LISTS;
use crate::document::{ActiveTask, TargetDocument, TaskPhase};

use super::DecisionEvent;

pub(super) fn events<'a>(
    before: &'a TargetDocument,
    after: &'a TargetDocument,
) -> impl Iterator<Item = DecisionEvent<'a>> {
    [opened(before, after), overdue(before, after), lacking(before, after), ended(before, after)].into_iter().flatten()
}

fn opened<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> Option<DecisionEvent<'a>> {
    let task = after.active.as_ref()?;
    let phase = before.active.as_ref().filter(|was| was.name == task.name).map(|was| was.phase);
    let resources = after.in_task().count();
    match (phase, task.phase) {
        (None, TaskPhase::Opening) => Some(DecisionEvent::TaskOpening { task, resources }),
        (Some(TaskPhase::Open), TaskPhase::Open) | (Some(_), TaskPhase::Opening) => None,
        (None | Some(TaskPhase::Opening), TaskPhase::Open) => Some(DecisionEvent::TaskOpen { task, resources }),
    }
}

fn overdue<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> Option<DecisionEvent<'a>> {
    let task = after.active.as_ref().filter(|task| task.overdue_reported)?;
    let is_news = before.active.as_ref().is_some_and(|was| !was.overdue_reported);
    is_news.then_some(DecisionEvent::TaskOverdue { task })
}

/// The task that was active before, and is not now.
fn gone<'a>(before: &'a TargetDocument, after: &TargetDocument) -> Option<&'a ActiveTask> {
    before.active.as_ref().filter(|was| after.active.as_ref().is_none_or(|active| active.name != was.name))
}

fn lacking<'a>(before: &'a TargetDocument, after: &TargetDocument) -> Option<DecisionEvent<'a>> {
    let task = &gone(before, after).filter(|_| before.short_lists >= SHORT_LISTS)?.name;
    Some(DecisionEvent::DeploymentsLacking { task, passes: before.short_lists })
}

fn ended<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> Option<DecisionEvent<'a>> {
    let gone = gone(before, after)?;
    let past = after.history.last().filter(|past| past.name == gone.name);
    Some(past.map_or(DecisionEvent::TaskNotOpened { task: &gone.name }, |task| DecisionEvent::TaskEnded { task }))
}
