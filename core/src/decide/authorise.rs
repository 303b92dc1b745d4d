//! May the assignment's identity do it? Asked once a target: after its first fix the identity has shown that it can. Roles are granted
//! one after the other, written down first, under names that follow from what they grant: a grant that is repeated after a crash or
//! a lost answer is the same one.

use std::time::Duration;

use crate::document::{FailureClass, Granting, ParkReason, TargetCause};
use crate::fact::Facts;
use crate::role::{Grant, GrantAnswer, Rights};
use crate::time::Timestamp;
use crate::transition::park_target::{park_target, unpark_target};
use crate::wave::authorised::{Authority, authority, is_proven};
use crate::wave::due::Due;
use crate::wave::eligible::is_never_remediable;

use super::context::Context;
use super::idle::Idle;
use super::question::Question;
use super::step::Next;

/// How long a role takes until it can be seen, and acts, in most cases.
const ARRIVES: Duration = Duration::from_secs(30);
/// How long it may take (Microsoft documentation, "Troubleshoot Azure RBAC": up to ten minutes).
const ARRIVES_AT_LAST: Duration = Duration::from_secs(600);
/// How often, at most and at least, it is looked whether a person has granted what is missing.
const CHECKS: (Duration, Duration) = (Duration::from_secs(900), Duration::from_secs(86_400));

/// What the identity's rights let the pass do.
pub(crate) enum Authorised {
    /// Something must be asked or written first.
    First(Next),
    /// The whole wave may go.
    Full,
    /// One resource goes first.
    Canary,
    /// These roles are granted first.
    Grant(Vec<Grant>),
    /// No task can work until a person acts.
    Park(TargetCause),
}

impl Context<'_> {
    /// Asks what is known of the rights, where that makes a difference. Before what is asked for each wave: whoever runs out of time
    /// with the states of a few resources can still open a task for them.
    pub(crate) fn ask_rights(self, facts: &Facts) -> Option<Next> {
        let granting = self.document.granting.as_ref();
        let is_needless = granting.is_none() && is_proven(self.document) || is_never_remediable(facts);
        if is_needless || self.pass.answers.rights.is_some() {
            return None;
        }
        Some(self.ask(Question::Rights(granting.map(|granting| granting.made_at.unwrap_or(granting.since)))))
    }

    /// What is known of the rights lets the pass do this.
    pub(crate) fn authorised(self) -> Authorised {
        let granting = self.document.granting.as_ref();
        let Some(rights) =
            self.pass.answers.rights.as_ref().filter(|_| granting.is_some() || !is_proven(self.document))
        else {
            return Authorised::Full;
        };
        let waited = granting.and_then(|granting| granting.made_at).is_some_and(|made_at| {
            let patience = if rights.is_delegated() { ARRIVES } else { ARRIVES_AT_LAST };
            made_at + patience <= self.now
        });
        match authority(rights, &self.pass.target, &self.tuning.grant_roles, waited) {
            // What was just granted may act a little later than it can be seen.
            Authority::Full if granting.is_some() => Authorised::Canary,
            Authority::Full => Authorised::Full,
            Authority::Canary => Authorised::Canary,
            Authority::Grant(grants) => Authorised::Grant(grants),
            Authority::Park(cause) => match self.rights_since(rights) {
                Some(anew) => Authorised::First(anew),
                None => Authorised::Park(cause),
            },
        }
    }

    /// What is final is drawn from rights that were read after the observation: older ones are read anew, once a pass.
    fn rights_since(self, rights: &Rights) -> Option<Next> {
        let observed = Due::all(self.document, self.now).filter_map(|id| self.document.resources.get(id));
        let since = (observed.map(|entry| entry.observed_at).max()? + self.tuning.clock_tolerance).min(self.now);
        let is_old = !self.pass.answers.rights_read_anew && rights.read_at < since;
        is_old.then(|| self.ask(Question::Rights(Some(since))))
    }

    /// Grants what is missing, one role after the other. Act mode only.
    pub(crate) fn granting(self, grants: &[Grant]) -> Next {
        let Some(granting) = &self.document.granting else {
            let mut changed = self.document.clone();
            changed.granting = Some(Granting { since: self.now, made_at: None });
            return Self::step(changed);
        };
        if granting.made_at.is_some() {
            return self.idle_until(Some(self.now + ARRIVES), Idle::RolesArrive);
        }
        if let Some((until, why)) = self.no_questions() {
            return self.idle_until(Some(until), why);
        }
        for grant in grants {
            match self.pass.answers.granted.get(&grant.name) {
                Some(GrantAnswer::Made) => {}
                Some(GrantAnswer::NotYet(words)) if granting.since + ARRIVES_AT_LAST <= self.now => {
                    return self.not_granted(grant, words);
                }
                Some(GrantAnswer::NotYet(_)) => {
                    return self.idle_until(Some(self.now + ARRIVES), Idle::RolesArrive);
                }
                Some(GrantAnswer::Refused(words)) => return self.not_granted(grant, words),
                // Once each: the shell asks the other way, and tells what came of that.
                Some(GrantAnswer::WithResource(words) | GrantAnswer::WithoutResource(words)) => {
                    return self.not_granted(grant, words);
                }
                None => return Next::Grant(Box::new(grant.clone())),
            }
        }
        let mut changed = self.document.clone();
        changed.granting = Some(Granting { since: granting.since, made_at: Some(self.now) });
        self.idle_until_with(&changed, Some(self.now + ARRIVES), Idle::RolesArrive)
    }

    /// The worker may not grant what it was to grant: a person must.
    fn not_granted(self, grant: &Grant, words: &str) -> Next {
        let Grant { role, scope, principal, .. } = grant;
        let words = format!("role {role} could not be granted to {principal} at {scope}: {words}");
        let (reason, class) = (ParkReason::MissingPermission, Some(FailureClass::Permission));
        let mut changed = self.document.clone();
        changed.granting = None;
        park_target(&mut changed, &TargetCause { reason, class, words, hint: None }, self.tuning, self.now);
        Self::step(changed)
    }

    /// Looks whether a person has granted what a parked target lacks; none while it is not time to look.
    pub(crate) fn still_missing(self) -> Option<Next> {
        let park = self.document.parked.as_ref()?;
        let check_at = park.check_at.filter(|at| *at <= self.now)?;
        let mut changed = self.document.clone();
        let Some(rights) = &self.pass.answers.rights else {
            return Some(self.ask(Question::Rights(Some(check_at))));
        };
        match authority(rights, &self.pass.target, &self.tuning.grant_roles, false) {
            Authority::Park(_) => {
                let since: Duration = (self.now - park.since).try_into().unwrap_or_default();
                let next = (self.now + since.clamp(CHECKS.0, CHECKS.1)).min(park.until);
                if let Some(park) = &mut changed.parked {
                    park.check_at = Some(next);
                }
                Some(self.idle_until_with(&changed, Some(next), Idle::TargetParked))
            }
            Authority::Full | Authority::Canary | Authority::Grant(_) => {
                if let Some(park) = &mut changed.parked {
                    park.until = self.now;
                }
                unpark_target(&mut changed, self.now);
                Some(Self::step(changed))
            }
        }
    }

    /// When a park for want of roles is looked at first.
    pub(crate) fn first_check(self) -> Timestamp {
        self.now + CHECKS.0
    }
}
