//! How many of a wave's resources the approvals let go. A task is paid for by one of them.

use crate::control::Allowance;
use crate::document::FleetDocument;
use crate::id::IdDigest;
use crate::time::Timestamp;

use super::limits::Limits;
use super::room::{Room, size_of};

/// What may go, and the approval that pays for it; none where no approval is needed.
pub(super) type Paid<'l> = (Vec<IdDigest>, Option<&'l Allowance>);

/// As many of the resources as one approval lets go: the one that lets most of them.
pub(super) fn approved<'l>(
    document: &FleetDocument,
    limits: &'l Limits,
    resources: &[IdDigest],
    at: Timestamp,
) -> Result<Paid<'l>, Room> {
    let Some(allowances) = &limits.approvals else { return Ok((resources.to_vec(), None)) };
    let mut most: Option<Paid<'l>> = None;
    for allowance in allowances {
        let left = left(document, allowance, at);
        let covered: Vec<_> = resources.iter().filter(|id| covers(allowance, **id)).copied().collect();
        if covered.is_empty() {
            continue;
        }
        let chosen: Vec<_> = covered.into_iter().take(left).collect();
        if most.as_ref().is_none_or(|(known, _)| known.len() < chosen.len()) {
            most = Some((chosen, Some(allowance)));
        }
    }
    match most {
        None => Err(Room::Unapproved),
        Some((chosen, _)) if chosen.is_empty() => Err(Room::ApprovalUsedUp),
        Some(paid) => Ok(paid),
    }
}

/// Whether an approval has a place left for the resource, or none is needed.
pub(crate) fn lets(document: &FleetDocument, limits: &Limits, id: IdDigest, at: Timestamp) -> bool {
    limits.approvals.as_ref().is_none_or(|allowances| {
        allowances.iter().any(|allowance| covers(allowance, id) && left(document, allowance, at) > 0)
    })
}

fn covers(allowance: &Allowance, id: IdDigest) -> bool {
    allowance.only.as_ref().is_none_or(|only| only.contains(&id))
}

/// How many more resources it lets go.
fn left(document: &FleetDocument, allowance: &Allowance, at: Timestamp) -> usize {
    let used = document.approvals.get(&allowance.approval).map_or(0, |used| used.count);
    if allowance.until > at { size_of(allowance.max.saturating_sub(used)) } else { 0 }
}
