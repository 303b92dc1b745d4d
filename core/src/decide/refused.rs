//! Resource Manager refuses the worker what it must ask: all targets that this holds rest, whoever wakes first after the pause
//! tries again with its own questions, and an answer to what was refused lets everybody go on.

use crate::document::{
    EntryState, ParkReason, ScopePark, SkipReason, SubscriptionDocument, TargetDocument, TargetPark,
};
use crate::time::Timestamp;
use crate::transition::refusals::{holding, tell, try_again, wake_at};

use super::context::Context;
use super::idle::Idle;
use super::step::Next;

impl Context<'_> {
    /// What to do about a refusal that holds the target. None when there is none, or when it is for this pass to try.
    pub(crate) fn held(self) -> Option<Next> {
        if let Some(claims) = self.refusal_told() {
            return Some(Next::SaveClaims(Box::new(claims)));
        }
        let Some((key, park)) = holding(self.claims, &self.pass.target, &self.pass.hash) else {
            let is_over = self.document.parked.as_ref().is_some_and(TargetPark::is_of_refusal);
            return (is_over && self.pass.limits.refused.is_none()).then(|| {
                let mut changed = self.document.clone();
                changed.parked = None;
                Self::step(changed)
            });
        };
        if self.pass.answers.answered.contains(park.call.as_str()) {
            let mut claims = self.claims.clone();
            claims.parks.remove(key);
            return Some(Next::SaveClaims(Box::new(claims)));
        }
        if self.pass.limits.refused.is_none() {
            if self.pass.limits.tries_again {
                return None;
            }
            if self.is_given_up(park) {
                return Some(Self::step(give_up(self.document, self.now)));
            }
            if park.next_try <= self.now {
                // Who has nothing to ask, or may not now, leaves the try to others.
                self.asks_something().then_some(())?;
                let mut claims = self.claims.clone();
                try_again(claims.parks.get_mut(key)?, self.tuning, self.now);
                return Some(Next::SaveClaims(Box::new(claims)));
            }
        }
        let at = wake_at(park, &self.pass.hash, self.tuning, self.now);
        let mut changed = self.document.clone();
        show(&mut changed, park, park.by != self.pass.hash, at);
        let why = if park.parked_since.is_some() { Idle::SubscriptionParked } else { Idle::Unanswered };
        Some(self.idle_until_with(&changed, Some(at), why))
    }

    /// The subscription's document without the refusal that this pass tried again, now that the pass has come to its end
    /// without meeting it.
    pub(crate) fn refusal_over(self, why: Idle) -> Option<SubscriptionDocument> {
        let is_proof = self.pass.limits.tries_again && self.pass.limits.refused.is_none() && why.is_for_want_of_work();
        let (key, _) = holding(self.claims, &self.pass.target, &self.pass.hash).filter(|_| is_proof)?;
        let mut claims = self.claims.clone();
        claims.parks.remove(key);
        Some(claims)
    }

    /// When a pass that was refused an answer may ask again.
    pub(crate) fn refused_until(self) -> Option<Timestamp> {
        self.pass.limits.refused.as_ref()?;
        let (_, park) = holding(self.claims, &self.pass.target, &self.pass.hash)?;
        Some(wake_at(park, &self.pass.hash, self.tuning, self.now))
    }

    /// The subscription's document with what this pass was refused, if that is news.
    pub(crate) fn refusal_told(self) -> Option<SubscriptionDocument> {
        let refusal = self.pass.limits.refused.as_ref()?;
        let mut claims = self.claims.clone();
        tell(refusal, &mut claims, &self.pass.hash, self.tuning, self.now).then_some(claims)
    }

    /// Whether the pass, were nothing refused, would now turn to Resource Manager.
    fn asks_something(self) -> bool {
        let next = self.doubting().or_else(|| self.parked()).unwrap_or_else(|| self.gathering());
        matches!(next, Next::Ask(_) | Next::Evaluate(_) | Next::Grant(_) | Next::DeleteTask(_))
    }

    /// A subscription that has not been there for as long as a park lasts has nothing left to remediate. Whatever else is
    /// refused is tried for ever, once a day.
    fn is_given_up(self, park: &ScopePark) -> bool {
        let is_gone = park.reason == ParkReason::SubscriptionGone;
        let for_long = park.parked_since.is_some_and(|since| since + self.tuning.park_for <= self.now);
        is_gone && for_long && park.next_try <= self.now && self.document.earliest_due().is_some()
    }
}

/// Shows in the target's document that it is parked, for its readers; its resources wait as they did.
fn show(document: &mut TargetDocument, park: &ScopePark, shared: bool, until: Timestamp) {
    let Some(since) = park.parked_since else { return };
    let hint = park.reason.hint().to_owned();
    let shared = document.parked.as_ref().map_or(shared, |shown| shown.shared);
    let (reason, words) = (park.reason, park.words.clone());
    document.parked = Some(TargetPark { reason, class: None, words, hint, since, until, shared, check_at: None });
}

/// What waits in a subscription that is gone is gone with it. Whatever tells of it later begins anew.
fn give_up(document: &TargetDocument, now: Timestamp) -> TargetDocument {
    let mut changed = document.clone();
    (changed.parked, changed.unlisted) = (None, None);
    for entry in changed.resources.values_mut().filter(|e| matches!(e.state, EntryState::Waiting { .. })) {
        entry.state = EntryState::skipped(SkipReason::ResourceGone, now);
    }
    changed
}
