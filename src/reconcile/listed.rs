//! The non-compliant states of a target's scope, read page by page for a large wave: a page tells of a thousand resources, a question by
//! name of some twenty. What was read is kept for a while, so that the waves of a target share it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use remediation::decide::FEW;
use remediation::fact::{PolicyState, ScopeStates, Unread};
use remediation::id::{ResourceId, Target, TargetHash};
use remediation::time::Timestamp;

use crate::arm::{ArmError, Rest, calls};
use crate::azure::Deadline;
use crate::kept::Kept;

use super::reconciler::Reconciler;

/// Longest time that a list is shared, whatever `FACTS_TTL` is: it still says who was non-compliant, and not who has been exempted since.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// A page that tells of fewer than these of what waits does not pay: what is non-compliant is far more than what is known of.
const PAYS: usize = 40;
/// Most pages at a time: all that a document lists, where half of what does not comply is in it.
const PAGES: usize = 10;
/// Most bytes of states that are kept, by estimate.
const MOST_KEPT: usize = 16 << 20;
/// Bytes of a state, by estimate.
const SIZE: usize = 320;

/// When the first page of a list was asked for: by a clock that only runs, and by that of Azure, at the earliest.
type Since = (Instant, Timestamp);

/// The lists of all targets, as far as they were read.
#[derive(Debug)]
pub struct Listed {
    lists: Kept<TargetHash, (Since, Arc<ScopeStates>)>,
    ttl: Duration,
}

impl Listed {
    /// Lists that are shared for so long.
    #[must_use]
    pub fn new(facts_ttl: Duration) -> Self {
        Self { lists: Kept::at_most(MOST_KEPT), ttl: facts_ttl.min(LONGEST) }
    }

    /// What was read of the target's list, and since when; one that is unread as of now where that is too long ago.
    fn of(&self, target: &TargetHash, now: Timestamp) -> (Since, ScopeStates) {
        let kept = self.lists.get(target, self.ttl).filter(|((since, _), _)| since.elapsed() < self.ttl);
        kept.map(|(since, list)| (since, ScopeStates::clone(&list)))
            .unwrap_or_else(|| ((Instant::now(), now), ScopeStates::unread(None)))
    }

    fn keep(&self, target: &TargetHash, since: Since, list: ScopeStates) {
        let link = if let Unread::From(link) = &list.unread { link.as_ref().map_or(0, String::len) } else { 0 };
        let size = (list.states.len() + 1) * SIZE + link;
        self.lists.keep(target, (since, Arc::new(list)), size);
    }
}

impl Reconciler {
    /// The states of those of the wave that the list tells of, and since when it does. More of it is read while that takes fewer calls than to ask by name;
    /// where it is refused, the questions by name tell why.
    ///
    /// # Errors
    /// When Resource Manager is to be left alone.
    pub(super) async fn listed(
        &self,
        target: &Target,
        wave: &[ResourceId],
        waiting: &[ResourceId],
        slot: Deadline,
    ) -> Result<(Timestamp, Vec<PolicyState>), ArmError> {
        let hash = target.hash();
        let (since, mut list) = self.listed.of(&hash, self.clocks.moment().stored_after);
        let call = calls::all_non_compliant(target, crate::azure::now());
        let set = |ids: &[ResourceId]| ids.iter().map(|id| id.as_str().to_owned()).collect::<HashSet<_>>();
        let (wave, waiting) = (set(wave), set(waiting));
        let told = |of: &HashSet<String>, states: &[PolicyState]| {
            states.iter().filter(|state| of.contains(&state.resource)).count()
        };
        for _ in 0..PAGES {
            let Unread::From(link) = &list.unread else { break };
            if wave.len() <= FEW + told(&wave, &list.states) || slot.has_passed() {
                break;
            }
            match self.arm.send_part(&call, link.as_deref(), 1, slot).await {
                Ok((page, rest)) => {
                    let next = match rest {
                        Rest::At(next) if told(&waiting, &page) >= PAYS => Some(next),
                        Rest::At(_) | Rest::Nothing | Rest::Untold => None,
                    };
                    // What is seen later may be newer than the list; of what nobody knows nothing is kept.
                    list.push(page.into_iter().filter(|state| waiting.contains(&state.resource)).collect(), next);
                }
                Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => {
                    // The next pass goes on behind the pages that were let through.
                    self.listed.keep(&hash, since, list);
                    return Err(error);
                }
                Err(_) => list.unread = Unread::Nothing,
            }
        }
        let states = list.states.iter().filter(|state| wave.contains(&state.resource)).cloned().collect();
        self.listed.keep(&hash, since, list);
        Ok((since.1, states))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::event::ComplianceState;
    use remediation::fixture::{now, resource, target};

    fn state(n: usize) -> PolicyState {
        let resource = resource(n).as_str().to_owned();
        PolicyState { resource, state: ComplianceState::NonCompliant, at: None, effect: None, location: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_is_shared_since_its_first_page_and_never_for_longer_than_half_an_hour() {
        for (facts_ttl, shared) in [(Duration::from_secs(600), Duration::from_secs(600)), (LONGEST * 99, LONGEST)] {
            let (listed, hash) = (Listed::new(facts_ttl), target().hash());
            let (since, mut list) = listed.of(&hash, now());
            assert_eq!(list, ScopeStates::unread(None));
            list.push(vec![state(0)], Some("next".to_owned()));
            listed.keep(&hash, since, list.clone());
            tokio::time::advance(shared / 2).await;
            let (since, mut more) = listed.of(&hash, now());
            assert_eq!(more, list, "{facts_ttl:?}");
            // A later page does not make the first one younger.
            more.push(vec![state(1)], None);
            listed.keep(&hash, since, more.clone());
            tokio::time::advance(shared / 2 - Duration::from_millis(1)).await;
            assert_eq!(listed.of(&hash, now()).1, more, "{facts_ttl:?}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(listed.of(&hash, now()).1, ScopeStates::unread(None), "{facts_ttl:?}");
        }
    }
}
