//! What a write of a subscription's document changed.

use remediation::document::{EvaluationPhase, SubscriptionDocument};
use remediation::time::time_text;
use tracing::{info, warn};

/// A write of the subscription's document: what Resource Manager refuses from now on, and what it does not any more.
pub(in crate::reconcile) fn scope_parks(before: &SubscriptionDocument, after: &SubscriptionDocument) {
    let subscription = &after.subscription;
    let parked = |document: &SubscriptionDocument, key: &String| {
        document.parks.get(key).is_some_and(|park| park.parked_since.is_some())
    };
    for (scope, park) in after.parks.iter().filter(|(key, _)| parked(after, key) && !parked(before, key)) {
        warn!(event = "subscription_parked", %subscription, scope, reason = park.reason.as_str(), words = park.words, hint = park.reason.hint(), next_try = time_text(park.next_try), "Resource Manager refuses the worker what it asks here; all that this holds rests, and is tried again more and more rarely");
    }
    for (scope, park) in before.parks.iter().filter(|(key, _)| parked(before, key) && !parked(after, key)) {
        info!(event = "subscription_unparked", %subscription, scope, reason = park.reason.as_str(), since = time_text(park.since), "Resource Manager answers again; all that was held goes on");
    }
}

/// A write of the subscription's document: what is new of its evaluations.
pub(in crate::reconcile) fn evaluations(before: &SubscriptionDocument, after: &SubscriptionDocument) {
    for (scope, evaluation) in &after.evaluations {
        let known = before.evaluations.get(scope).filter(|known| known.started_at == evaluation.started_at);
        let was_asked = known.is_some_and(|known| known.phase == EvaluationPhase::Asked);
        if known.is_some_and(|known| known.phase == evaluation.phase) {
            continue;
        }
        match &evaluation.phase {
            EvaluationPhase::Asked => {
                info!(event = "evaluation_requested", %scope, "Azure Policy is about to be asked for an evaluation");
            }
            EvaluationPhase::Running { .. } if was_asked => {
                info!(event = "evaluation_running", %scope, "Azure Policy evaluates");
            }
            EvaluationPhase::Running { .. } => {}
            EvaluationPhase::Ended { at } => {
                let seconds = (*at - evaluation.started_at).as_seconds_f64();
                info!(event = "evaluation_ended", %scope, seconds, "the evaluation is done; what waits for it goes on");
            }
            EvaluationPhase::Unavailable { words, .. } => {
                warn!(event = "evaluation_unavailable", %scope, reason = words, "there is no such evaluation, or nobody can tell; what waits for it goes on after the next natural one");
            }
        }
    }
    let asked = before.evaluations.iter().filter(|(_, known)| known.phase == EvaluationPhase::Asked);
    for (scope, _) in asked.filter(|(scope, _)| !after.evaluations.contains_key(*scope)) {
        info!(event = "evaluation_not_sent", %scope, "the evaluation was not asked for: the subscription is to be left alone, or could not be reached");
    }
}
