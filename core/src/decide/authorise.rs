//! May the assignment's identity do it? Asked once a target: after its first fix the identity has shown that it can. Roles are granted
//! one after the other, written down first, under names that follow from what they grant: a grant that is repeated after a crash or
//! a lost answer is the same one.

use std::time::Duration;

use crate::document::{FailureClass, Granting, ParkReason, TargetCause, TargetDocument};
use crate::fact::Facts;
use crate::role::{Grant, GrantAnswer, Remedy, Rights};
use crate::transition::park_target::{FIRST_CHECK, park_target};
use crate::wave::authorised::{Authority, authority, is_proven};
use crate::wave::due::Due;
use crate::wave::eligible::{is_never_remediable, unreadable};

use super::context::Context;
use super::idle::Idle;
use super::question::Question;
use super::step::Next;

/// How long a role takes until it can be seen, and acts, in most cases.
const ARRIVES: Duration = Duration::from_secs(30);
/// How long it may take (Microsoft documentation, "Troubleshoot Azure RBAC": up to ten minutes).
const ARRIVES_AT_LAST: Duration = Duration::from_secs(600);
/// How often, at most and at least, it is looked whether a person has granted what is missing.
const CHECKS: (Duration, Duration) = (FIRST_CHECK, Duration::from_secs(86_400));

/// What is told of a user-assigned identity whose grant was refused in a delegated subscription.
const UNPROVEN: &str = " (nobody has shown yet that a user-assigned identity can be granted to from another tenant)";

/// What is told where a role that was just granted does not act.
const JUST_GRANTED: &str = "The roles were granted minutes ago and can be seen: they may act later, or the policy's template does more than its roles allow.";

/// How much of a wave the identity's rights let go.
pub(crate) enum Share {
    /// All of it.
    Full,
    /// One resource, ahead of the others; what a person can do where it lacks permission.
    Canary(String),
}

/// Why nothing of it may go now.
pub(crate) enum Stopped {
    /// Something must be asked or written first.
    First(Next),
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
        // What was granted arrives while it is looked for: what was read a while ago does not show it.
        let since = granting.map(|granting| granting.made_at.unwrap_or(granting.since).max(self.now - ARRIVES / 2));
        Some(self.ask(Question::Rights(since)))
    }

    /// What is known of the rights lets so much go.
    pub(crate) fn authorised(self) -> Result<Share, Stopped> {
        let granting = self.document.granting.as_ref();
        let Some(rights) =
            self.pass.answers.rights.as_ref().filter(|_| granting.is_some() || !is_proven(self.document))
        else {
            return Ok(Share::Full);
        };
        let waited = granting.and_then(|granting| granting.made_at).is_some_and(|made_at| {
            let patience = if rights.is_delegated() { ARRIVES } else { ARRIVES_AT_LAST };
            made_at + patience <= self.now
        });
        match authority(rights, &self.pass.target, &self.tuning.grant_roles, waited) {
            // What was just granted may act a little later than it can be seen.
            Authority::Full if granting.is_some() => Ok(Share::Canary(JUST_GRANTED.to_owned())),
            Authority::Full => Ok(Share::Full),
            Authority::Canary(hint) => Ok(Share::Canary(hint)),
            Authority::Grant(grants) => Err(Stopped::Grant(grants)),
            Authority::Park(cause) => Err(self.rights_since(rights).map_or(Stopped::Park(cause), Stopped::First)),
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
        // What was refused is tried once more when the park for that is over.
        let Some(granting) = self.document.granting.as_ref().filter(|granting| !granting.refused) else {
            let mut changed = self.document.clone();
            changed.granting = Some(Granting::begun(self.now));
            return Self::step(changed);
        };
        if granting.made_at.is_some() {
            return self.idle_until(Some(self.now + ARRIVES), Idle::RolesArrive);
        }
        if let Some((until, why)) = self.no_questions() {
            return self.idle_until(Some(until), why);
        }
        if let Some(held_back) = self.held_back() {
            return held_back;
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
        changed.granting = Some(Granting { made_at: Some(self.now), ..granting.clone() });
        self.idle_until_with(&changed, Some(self.now + ARRIVES), Idle::RolesArrive)
    }

    /// The worker may not grant what it was to grant: a person must.
    fn not_granted(self, grant: &Grant, words: &str) -> Next {
        let Grant { role, scope, principal, .. } = grant;
        let rights = self.pass.answers.rights.as_ref();
        let is_unproven = rights.is_some_and(|rights| rights.is_delegated() && rights.is_user_assigned());
        let unproven = if is_unproven { UNPROVEN } else { "" };
        let words = format!("role {role} could not be granted to {principal} at {scope}: {words}{unproven}");
        let allowed = &self.tuning.grant_roles;
        let command =
            rights.map(|rights| Remedy { rights, scope, allowed, was_refused: true }.of(std::slice::from_ref(role)));
        let (reason, class) = (ParkReason::MissingPermission, Some(FailureClass::Permission));
        let mut changed = self.document.clone();
        self.park_and_check(&mut changed, &TargetCause { reason, class, words, hint: command });
        changed.granting = Some(Granting { refused: true, ..Granting::begun(self.now) });
        Self::step(changed)
    }

    /// Parks the target for what can be seen when a person has mended it: roles, or an assignment that cannot be read. It is looked now and
    /// then.
    pub(crate) fn park_and_check(self, document: &mut TargetDocument, cause: &TargetCause) {
        park_target(document, cause, self.tuning, self.now);
        (document.granting, document.canary) = (None, None);
        if let Some(park) = &mut document.parked {
            park.check_at = Some(self.now + CHECKS.0);
        }
    }

    /// Looks whether a person has mended what a target is parked for; none while it is not time to look.
    pub(crate) fn still_missing(self) -> Option<Next> {
        let park = self.document.parked.as_ref()?;
        let check_at = park.check_at.filter(|at| *at <= self.now)?;
        let is_missing = match park.reason {
            ParkReason::WorkerLacksPermission => {
                let Some(facts) = self.pass.answers.facts.as_ref().filter(|facts| facts.read_at >= check_at) else {
                    return Some(self.ask(Question::FactsSince(check_at)));
                };
                unreadable(&self.pass.target, facts).is_some()
            }
            _ => {
                let Some(rights) = &self.pass.answers.rights else {
                    return Some(self.ask(Question::Rights(Some(check_at))));
                };
                self.lacks_roles(rights)
            }
        };
        let mut changed = self.document.clone();
        if is_missing {
            let since: Duration = (self.now - park.since).try_into().unwrap_or_default();
            let next = (self.now + since.clamp(CHECKS.0, CHECKS.1)).min(park.until);
            if let Some(park) = &mut changed.parked {
                park.check_at = Some(next);
            }
            return Some(self.idle_until_with(&changed, Some(next), Idle::TargetParked));
        }
        changed.parked = None;
        Some(Self::step(changed))
    }

    /// Whether the roles for which the target is parked are missing still.
    fn lacks_roles(self, rights: &Rights) -> bool {
        let was_refused = self.document.granting.as_ref().is_some_and(|granting| granting.refused);
        match authority(rights, &self.pass.target, &self.tuning.grant_roles, false) {
            Authority::Park(_) => true,
            // One that went ahead has shown that the identity may not: what tells otherwise is seen, or there is none.
            Authority::Canary(_) => self.document.canary.is_some(),
            // The worker is refused what it would grant; to ask again every quarter of an hour tells nobody anything.
            Authority::Grant(_) => was_refused,
            Authority::Full => false,
        }
    }
}
