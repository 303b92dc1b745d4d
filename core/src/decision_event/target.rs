//! What became of the target as a whole: its park, and the guard rails.

use crate::document::{SkipReason, TargetDocument, TargetPark};

use super::DecisionEvent;

pub(super) fn events<'a>(
    before: &'a TargetDocument,
    after: &'a TargetDocument,
) -> impl Iterator<Item = DecisionEvent<'a>> {
    park(before, after).into_iter().flatten().chain(left_out(before, after)).chain(noted(before, after))
}

fn left_out<'a>(before: &TargetDocument, after: &TargetDocument) -> Option<DecisionEvent<'a>> {
    let rail = |document: &TargetDocument| -> Option<SkipReason> { document.excluded.as_ref()?.rail };
    let reason = rail(after).filter(|reason| rail(before) != Some(*reason))?;
    Some(DecisionEvent::TargetLeftOut { reason })
}

fn noted<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> Option<DecisionEvent<'a>> {
    match (&before.not_remediable, &after.not_remediable) {
        (Some(was), None) => Some(DecisionEvent::TargetRemediable { seen: was.seen }),
        (was, Some(is)) if was.as_ref().map(|was| &was.effect) != Some(&is.effect) => {
            Some(DecisionEvent::TargetNotRemediable { effect: &is.effect, seen: is.seen })
        }
        (_, _) => None,
    }
}

fn park<'a>(before: &'a TargetDocument, after: &'a TargetDocument) -> [Option<DecisionEvent<'a>>; 2] {
    let (was, is) = (told(before), told(after));
    // The pause until the next try of what is refused is no news.
    if was.map(|park| (park.reason, park.since)) == is.map(|park| (park.reason, park.since)) {
        return [None, None];
    }
    let held = |document: &TargetDocument| document.resources.values().filter(|entry| document.holds(entry)).count();
    [
        was.map(|park| DecisionEvent::TargetUnparked { park, resources: held(before) }),
        is.map(|park| DecisionEvent::TargetParked { park, resources: held(after) }),
    ]
}

/// The park that this target tells of: what is shared, another tells.
fn told(document: &TargetDocument) -> Option<&TargetPark> {
    document.parked.as_ref().filter(|park| !park.shared)
}
