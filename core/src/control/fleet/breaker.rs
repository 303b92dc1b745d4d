//! The breaker: where most of what was tried of late failed for a cause of the policy, or is undone again, nothing more of it is begun,
//! until a person closes it or its time is over. Then it begins with the first step.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::document::{Breaker, BreakerOutcome, ClosedBreaker, FleetDocument, OpenBreaker};
use crate::id::SubscriptionId;
use crate::settings::Tuning;
use crate::time::Timestamp;

/// So many of the last outcomes count.
const LAST: usize = 20;
/// Fewer say nothing.
const LEAST: usize = 3;
/// So many in so many subscriptions are the policy's own, wherever it is assigned.
const SPREAD: (usize, usize) = (10, 3);

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRule {
    /// Share of the last resources above which it opens.
    pub failures: f32,
    /// For how long.
    pub park_for: Duration,
}

impl BreakerRule {
    pub(crate) fn of(tuning: &Tuning) -> Self {
        Self { failures: tuning.breaker_failures, park_for: tuning.park_for }
    }
}

/// The open breaker of the policy, if it holds what is begun in the subscription at this time.
pub(super) fn holding<'d>(
    document: &'d FleetDocument,
    reference: &str,
    subscription: &SubscriptionId,
    at: Timestamp,
) -> Option<&'d OpenBreaker> {
    let open = document.breakers.get(reference)?.open.as_ref()?;
    (open.until > at && open.holds(subscription)).then_some(open)
}

/// Whether the time of the policy's breaker is over, and it is still to be closed.
pub(super) fn is_over(document: &FleetDocument, reference: &str, at: Timestamp) -> bool {
    let open = document.breakers.get(reference).and_then(|breaker| breaker.open.as_ref());
    open.is_some_and(|open| open.until <= at)
}

/// Closes the breaker of a policy, which then begins with the first step; who did, where a person did. Whether it was open.
pub fn close(document: &mut FleetDocument, reference: &str, closed: Option<ClosedBreaker>) -> bool {
    let was_open = document.breakers.remove(reference).is_some_and(|breaker| breaker.open.is_some());
    if closed.is_some() {
        document.breakers.insert(reference.to_owned(), Breaker { closed, ..Breaker::default() });
    }
    document.steps.retain(|key, _| key.split_once('/').is_none_or(|(_, of)| of != reference));
    was_open
}

/// Takes in how many resources of a task were fixed, and how many failed for a cause of the policy.
pub(super) fn learn(
    document: &mut FleetDocument,
    reference: &str,
    subscription: &SubscriptionId,
    [fixed, failed]: [usize; 2],
    rule: BreakerRule,
    at: Timestamp,
) {
    let outcomes = [(fixed, false), (failed, true)];
    if outcomes.iter().all(|(count, _)| *count == 0) {
        return;
    }
    let breaker = document.breakers.entry(reference.to_owned()).or_default();
    for (count, failed) in outcomes {
        let outcome = BreakerOutcome { subscription: subscription.clone(), failed };
        breaker.outcomes.extend(std::iter::repeat_n(outcome, count.min(LAST)));
    }
    let surplus = breaker.outcomes.len().saturating_sub(LAST);
    breaker.outcomes.drain(..surplus);
    let of = breaker.outcomes.len();
    let failing = || breaker.outcomes.iter().filter(|outcome| outcome.failed).map(|outcome| &outcome.subscription);
    let (failed, wheres) = (failing().count(), failing().cloned().collect::<BTreeSet<_>>());
    let is_above = |of: usize| is_above(failed, of, rule.failures);
    let is_spread = wheres.len() >= SPREAD.1;
    if !(failed >= LEAST && is_above(LAST) || failed >= SPREAD.0 && is_spread && is_above(of)) {
        return;
    }
    let subscriptions = if is_spread { BTreeSet::new() } else { wheres };
    match &mut breaker.open {
        // What runs still may show that it is worse; that it is better is for a person to say.
        Some(open) if !open.subscriptions.is_empty() => {
            open.subscriptions = if is_spread { subscriptions } else { &open.subscriptions | &subscriptions };
            (open.failed, open.of) = (failed, of);
        }
        Some(_) => {}
        None => {
            let (since, until) = (at, at + rule.park_for);
            breaker.open = Some(OpenBreaker { since, until, failed, of, subscriptions });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "they are twenty at most")]
fn is_above(failed: usize, of: usize, share: f32) -> bool {
    failed as f32 > share * of as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::now;

    fn fleet_with(reports: &[(usize, usize, usize)], failures: f32) -> FleetDocument {
        let mut fleet = FleetDocument::new("a".to_owned());
        for (place, fixed, failed) in reports {
            let rule = BreakerRule { failures, park_for: Duration::from_secs(3_600) };
            learn(&mut fleet, "r", &subscription(*place), [*fixed, *failed], rule, now());
        }
        fleet
    }

    fn subscription(place: usize) -> SubscriptionId {
        format!("00000000-0000-4000-8000-{place:012}").parse().unwrap()
    }

    #[test]
    fn it_opens_where_most_of_the_last_fail_and_everywhere_where_that_is_in_three_subscriptions() {
        let holds = |reports: &[(usize, usize, usize)], failures| {
            let fleet = fleet_with(reports, failures);
            assert!(holding(&fleet, "other", &subscription(1), now()).is_none(), "another policy goes on");
            [1, 9].map(|place| holding(&fleet, "r", &subscription(place), now()).is_some())
        };
        for (reports, failures, expected) in [
            (vec![(1, 5, 10)], 0.5, [false, false]),
            (vec![(1, 5, 11)], 0.5, [true, false]),
            (vec![(1, 0, 4), (2, 0, 3), (3, 0, 3)], 0.5, [true, true]),
            (vec![(1, 0, 5), (2, 0, 5)], 0.5, [false, false]),
            (vec![(1, 9, 4), (2, 0, 3), (3, 0, 3)], 0.5, [true, true]),
            (vec![(1, 20, 0), (2, 0, 3)], 0.1, [false, false]),
            (vec![(1, 0, 3)], 0.1, [true, false]),
            (vec![(1, 0, 20), (2, 0, 20), (3, 0, 20)], 1.0, [false, false]),
            (vec![(1, 0, 11), (1, 20, 0)], 0.5, [true, false]),
            (vec![(1, 0, 11), (2, 0, 5), (9, 0, 5)], 0.5, [true, true]),
        ] {
            assert_eq!(holds(&reports, failures), expected, "{reports:?} {failures}");
        }
    }

    #[test]
    fn it_stays_open_until_a_person_closes_it_or_its_time_is_over_and_then_begins_anew() {
        let mut fleet = fleet_with(&[(1, 0, 11)], 0.5);
        fleet.steps.insert("Modify 1/r".to_owned(), crate::document::Steps::default());
        fleet.steps.insert("Modify 1/s".to_owned(), crate::document::Steps::default());
        let later = now() + Duration::from_secs(3_600);
        assert!(holding(&fleet, "r", &subscription(1), later).is_none() && is_over(&fleet, "r", later));
        assert!(!is_over(&fleet, "r", now()));
        assert!(close(&mut fleet, "r", None) && !close(&mut fleet, "r", None));
        assert_eq!(fleet.steps.keys().collect::<Vec<_>>(), ["Modify 1/s"]);
        assert!(holding(&fleet, "r", &subscription(1), now()).is_none());
    }
}
