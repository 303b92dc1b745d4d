//! Resources of which Azure Policy had no evaluation wait for one that is newer than their failure: one that the worker asks
//! for, at most one of a scope within `REEVALUATE_INTERVAL`, or the natural one, once a day. They then go on with all others;
//! no task of theirs evaluates anew, since that would remediate whatever its scope holds, past every guard rail.

mod requests;

use std::time::Duration;

pub(crate) use requests::{give_up_overdue, learn, request};

use super::states::park;
use crate::document::{
    EntryState, Evaluation, EvaluationPhase, FailureClass, ParkReason, SubscriptionDocument, TargetDocument,
};
use crate::id::{ResourceId, Scope};
use crate::settings::Tuning;
use crate::time::Timestamp;

/// Longest pause between two passes over the policy states of what waits.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Longest time without any evaluation. A natural one comes once a day (Microsoft documentation, "Get compliance data").
const UNEVALUATED: Duration = Duration::from_secs(3 * 24 * 3_600);

/// What is next for a resource that waits for an evaluation of which one is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnderWay {
    /// Ask how far the evaluation of this scope is, at this link.
    Question(Scope, String),
    /// Look again then.
    Wait(Timestamp),
}

/// What is next for a resource that waits for an evaluation where none is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Ask for one.
    Request,
    /// Look again then.
    Wait(Timestamp),
    /// It has waited too long.
    GiveUp,
}

/// The scope whose evaluation tells of all of these: their group if they lie in one, else the subscription.
pub(crate) fn scope_of<'a>(mut resources: impl Iterator<Item = &'a ResourceId>) -> Option<Scope> {
    let first = resources.next()?;
    let group = first.resource_group().filter(|group| Evaluation::covers(group, first));
    let group = group.filter(|group| resources.all(|id| Evaluation::covers(group, id)));
    Some(group.unwrap_or_else(|| Scope::subscription_wide(first.subscription().clone())))
}

/// Lets go what an evaluation that is done tells of. None when there is nothing of the kind.
pub(crate) fn let_go(
    document: &TargetDocument,
    claims: &SubscriptionDocument,
    now: Timestamp,
) -> Option<TargetDocument> {
    let is_done = |evaluation: &Evaluation| matches!(evaluation.phase, EvaluationPhase::Ended { .. });
    let told = |id: &ResourceId, since: Timestamp| {
        let of_it = covering(claims, id, since).map(|(_, evaluation)| evaluation).filter(|e| is_done(e));
        of_it.map(|evaluation| evaluation.started_at).max()
    };
    let told: Vec<_> = document.not_evaluated().filter_map(|(id, since)| Some((id, told(id, since)?))).collect();
    (!told.is_empty()).then(|| evaluated(document, told.into_iter(), now))
}

/// Lets go these, each of which was evaluated then.
pub(crate) fn evaluated<'a>(
    document: &TargetDocument,
    resources: impl Iterator<Item = (&'a ResourceId, Timestamp)>,
    now: Timestamp,
) -> TargetDocument {
    let mut changed = document.clone();
    for (id, at) in resources {
        if let Some(entry) = changed.resources.get_mut(id) {
            entry.evaluated(at, now);
        }
    }
    changed
}

/// What is next for a resource that waits for an evaluation since then; none when no evaluation that would tell of it is under
/// way.
pub(crate) fn under_way(
    id: &ResourceId,
    since: Timestamp,
    claims: &SubscriptionDocument,
    tuning: &Tuning,
    now: Timestamp,
) -> Option<UnderWay> {
    let expected = covering(claims, id, since)
        .filter_map(|(scope, evaluation)| Some((requests::next_question(evaluation, tuning, now)?, scope, evaluation)));
    let (look_at, scope, evaluation) = expected.min_by_key(|(look_at, ..)| *look_at)?;
    Some(match &evaluation.phase {
        EvaluationPhase::Running { location, .. } if look_at <= now => {
            UnderWay::Question(scope.clone(), location.clone())
        }
        EvaluationPhase::Running { .. }
        | EvaluationPhase::Asked
        | EvaluationPhase::Ended { .. }
        | EvaluationPhase::Unavailable { .. } => UnderWay::Wait(look_at),
    })
}

/// What is next for a resource that waits for an evaluation since then, when one of `scope` would tell of it and none is under
/// way; `may_ask` when this pass may ask for one.
pub(crate) fn fate(
    since: Timestamp,
    scope: &Scope,
    claims: &SubscriptionDocument,
    may_ask: bool,
    tuning: &Tuning,
    now: Timestamp,
) -> Fate {
    let again_at = claims.evaluations.get(scope).map(|last| last.again_at(tuning.reevaluate_interval));
    let waited = Duration::try_from(now - since).unwrap_or_default();
    let pause = now + (waited / 2).clamp(tuning.check_interval_min.min(PAUSE), PAUSE);
    match again_at.filter(|at| *at > now) {
        None if may_ask => Fate::Request,
        _ if since + UNEVALUATED <= now => Fate::GiveUp,
        None => Fate::Wait(pause),
        Some(at) => Fate::Wait(pause.min(at)),
    }
}

/// The evaluations that tell, or will tell, of a resource that waits for one since then.
fn covering<'a>(
    claims: &'a SubscriptionDocument,
    id: &'a ResourceId,
    since: Timestamp,
) -> impl Iterator<Item = (&'a Scope, &'a Evaluation)> {
    let of_it = move |(scope, evaluation): &(&Scope, &Evaluation)| {
        evaluation.started_at > since && Evaluation::covers(scope, id)
    };
    claims.evaluations.iter().filter(of_it)
}

/// Looks at the resource again then.
pub(crate) fn wait(document: &mut TargetDocument, id: &ResourceId, at: Timestamp) {
    if let Some(entry) = document.resources.get_mut(id) {
        entry.state = EntryState::Waiting { due: at };
    }
}

/// Parks a resource that has waited for too long.
pub(crate) fn give_up(document: &mut TargetDocument, id: &ResourceId, tuning: &Tuning, now: Timestamp) {
    let Some(entry) = document.resources.get_mut(id) else { return };
    let Some(since) = entry.not_evaluated_since() else { return };
    let words = entry.last_failure.as_ref().map(|failure| failure.words.as_str()).unwrap_or_default();
    let words = format!("{words} (not evaluated since {since})");
    entry.state = park(ParkReason::PermanentFailure, Some(FailureClass::Stale), words, tuning, now);
    if let EntryState::Parked { hint, .. } = &mut entry.state {
        ParkReason::NOT_EVALUATED.clone_into(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::SUB;

    #[test]
    fn the_smallest_scope_that_tells_of_all_is_evaluated() {
        let storage = "providers/Microsoft.Storage/storageAccounts";
        let (one, two) = (format!("/resourceGroups/one/{storage}/a"), format!("/resourceGroups/two/{storage}/a"));
        let nested = "/resourceGroups/one/providers/Microsoft.Sql/servers/s/databases/d".to_owned();
        let pricing = "/providers/Microsoft.Security/pricings/p".to_owned();
        let (group, whole) = ("/resourceGroups/one".to_owned(), String::new());
        for (resources, expected) in [
            (vec![&one], "/resourceGroups/one"),
            (vec![&one, &nested], "/resourceGroups/one"),
            (vec![&one, &two], ""),
            (vec![&one, &pricing], ""),
            (vec![&group], ""),
            (vec![&one, &group], ""),
            (vec![&whole], ""),
        ] {
            let ids: Vec<ResourceId> = resources.iter().map(|id| format!("{SUB}{id}").parse().unwrap()).collect();
            let scope = scope_of(ids.iter()).unwrap();
            assert_eq!(scope.as_str(), format!("{SUB}{expected}").to_lowercase(), "{resources:?}");
            assert!(ids.iter().all(|id| Evaluation::covers(&scope, id)), "{resources:?}");
        }
        assert_eq!(scope_of(std::iter::empty()), None);
    }
}
