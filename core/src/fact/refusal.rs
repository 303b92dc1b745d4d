//! What Resource Manager refuses to the worker itself, and for whom that holds.

use crate::document::{ParkReason, TargetCause};
use crate::id::{Scope, Target, fold};

use super::call_kind::CallKind;

/// What Resource Manager refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: ParkReason,
    /// The service's words, with the action that was refused.
    pub words: String,
    /// What was asked.
    pub call: CallKind,
    /// The scope that it holds for, or the hash of the one target.
    pub key: String,
    /// It need not last to be believed.
    pub is_sure: bool,
}

impl Refusal {
    /// Whether it holds the whole subscription, whatever is asked in it.
    #[must_use]
    pub fn is_of_subscription(&self) -> bool {
        match self.reason {
            ParkReason::SubscriptionGone
            | ParkReason::SubscriptionDisabled
            | ParkReason::ProviderNotRegistered
            | ParkReason::DelegationWithdrawn => true,
            ParkReason::WorkerLacksPermission
            | ParkReason::TaskRefused
            | ParkReason::PermanentFailure
            | ParkReason::MissingPermission
            | ParkReason::DenyAssignment
            | ParkReason::Locked
            | ParkReason::DisallowedByPolicy
            | ParkReason::PermanentConflict
            | ParkReason::WaitingForResource
            | ParkReason::AttemptsUsedUp
            | ParkReason::Flapping
            | ParkReason::FixDidNotHelp
            | ParkReason::Canceled
            | ParkReason::NoIdentity
            | ParkReason::IdentityUnfit
            | ParkReason::PolicyFails
            | ParkReason::ScopeLocked
            | ParkReason::ReferenceMissing => false,
        }
    }

    /// What the refusal of a task says of the worker's own standing.
    pub(crate) fn of_task(cause: &TargetCause, target: &Target) -> Option<Self> {
        let call = CallKind::CreateTask;
        let words = format!("{} ({})", cause.words, call.action());
        let key = target.scope.to_string();
        let refusal = Self { reason: cause.reason, words, call, key, is_sure: true };
        let whole = Scope::subscription_wide(target.subscription().clone()).to_string();
        // A lock reaches as far as what it stands on.
        let is_locked_whole =
            cause.reason == ParkReason::ScopeLocked && fold(&cause.words).contains(&format!("'{whole}'"));
        let is_whole = refusal.is_of_subscription() || is_locked_whole;
        let refusal = if is_whole { Self { key: whole, ..refusal } } else { refusal };
        cause.reason.is_refusal().then_some(refusal)
    }
}
