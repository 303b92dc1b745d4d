//! The evaluations that the targets of a subscription ask for: what stands in its document, from the claim to the end.

use std::time::Duration;

use crate::document::{Evaluation, EvaluationPhase, SubscriptionDocument};
use crate::fact::Scanned;
use crate::id::Scope;
use crate::settings::Tuning;
use crate::time::Timestamp;
use crate::transition::backoff::next_pass;
use crate::transition::evaluate::UNEVALUATED;

/// How long an evaluation is asked after: one of a large subscription takes more than half an hour. What it found is then to
/// be seen in the policy states.
const ASKED_AFTER: Duration = Duration::from_secs(3 * 3_600);

/// So many of the longest pauses between two looks pass before a service that was too busy is asked again.
const BUSY: u32 = 6;

/// Writes down that an evaluation is about to be asked for. What no target can learn anything from any more goes.
pub(crate) fn request(claims: &mut SubscriptionDocument, scope: Scope, tuning: &Tuning, now: Timestamp) {
    let kept = tuning.reevaluate_interval.max(UNEVALUATED);
    claims.evaluations.retain(|_, evaluation| evaluation.started_at + kept > now);
    claims.evaluations.insert(scope, Evaluation { started_at: now, phase: EvaluationPhase::Asked });
}

/// Takes in what was learned of the evaluation that was asked for then. Whether that is news.
pub(crate) fn learn(
    claims: &mut SubscriptionDocument,
    scope: &Scope,
    started_at: Timestamp,
    scanned: &Scanned,
    tuning: &Tuning,
    now: Timestamp,
) -> bool {
    let Some(evaluation) = claims.evaluations.get_mut(scope).filter(|known| known.started_at == started_at) else {
        return false;
    };
    let pause = next_pass(started_at, tuning, now);
    evaluation.phase = match (scanned, &evaluation.phase) {
        (_, EvaluationPhase::Ended { .. } | EvaluationPhase::Unavailable { .. }) => return false,
        (Scanned::NotSent, EvaluationPhase::Asked) => {
            claims.evaluations.remove(scope);
            return true;
        }
        (Scanned::NotSent, EvaluationPhase::Running { .. }) | (Scanned::Unanswered, EvaluationPhase::Asked) => {
            return false;
        }
        (Scanned::Unanswered, EvaluationPhase::Running { location, .. }) => {
            EvaluationPhase::Running { location: location.clone(), look_at: pause }
        }
        (Scanned::Running(location, not_before), _) => {
            let look_at = not_before.map_or(pause, |floor| floor.max(pause));
            EvaluationPhase::Running { location: location.clone(), look_at }
        }
        (Scanned::Ended, _) => EvaluationPhase::Ended { at: now },
        (Scanned::Unavailable(words), _) => EvaluationPhase::Unavailable { words: words.clone(), again_at: None },
        // It was not taken, so the interval does not begin. Of very many groups some are refused so; who has waited for too long
        // gives up before it asks once more.
        (Scanned::Throttled(until, words), _) => {
            let again_at = (*until).max(now + BUSY * tuning.check_interval_max) + tuning.check_interval_min;
            EvaluationPhase::Unavailable { words: words.clone(), again_at: Some(again_at) }
        }
    };
    true
}

/// Gives up what has run for too long, or was never heard of again. Whether there was any.
pub(crate) fn give_up_overdue(claims: &mut SubscriptionDocument, now: Timestamp) -> bool {
    let mut any = false;
    for evaluation in claims.evaluations.values_mut().filter(|evaluation| is_overdue(evaluation, now)) {
        let words = format!("not done after {}", humantime::format_duration(ASKED_AFTER));
        evaluation.phase = EvaluationPhase::Unavailable { words, again_at: None };
        any = true;
    }
    any
}

/// When to ask after an evaluation next; none when there is nothing to be expected of it any more.
pub(crate) fn next_question(evaluation: &Evaluation, tuning: &Tuning, now: Timestamp) -> Option<Timestamp> {
    let at = match &evaluation.phase {
        // Whoever asks has an answer, or none, within that time.
        EvaluationPhase::Asked => Some(evaluation.started_at + tuning.opening_grace).filter(|at| *at > now),
        EvaluationPhase::Running { look_at, .. } => Some(*look_at),
        EvaluationPhase::Ended { .. } | EvaluationPhase::Unavailable { .. } => None,
    };
    at.filter(|_| !is_overdue(evaluation, now))
}

/// Whether an evaluation that has not ended is not expected to do so any more.
fn is_overdue(evaluation: &Evaluation, now: Timestamp) -> bool {
    let is_open = matches!(evaluation.phase, EvaluationPhase::Asked | EvaluationPhase::Running { .. });
    is_open && evaluation.started_at + ASKED_AFTER <= now
}
