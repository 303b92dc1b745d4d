//! The words for why a resource is where it is, as they stand in documents and logs.

use serde::{Deserialize, Serialize};

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureClass {
    /// Too many requests.
    Throttled,
    /// Passes by itself.
    Transient,
    /// Another operation holds the resource.
    Conflict,
    /// The resource is not there any more.
    Gone,
    /// Azure Policy knows no evaluation of the resource: it must be evaluated anew.
    Stale,
    /// The assignment's identity lacks a role.
    Permission,
    /// A deny assignment stands against it: no role helps.
    Denied,
    /// A lock stands against it.
    Locked,
    /// Another policy forbids what the deployment would make.
    Disallowed,
    /// Something else has what the deployment would take, and keeps it.
    PermanentConflict,
    /// It can work once the resource is in another state, or the service has made room.
    WaitsForResource,
    /// The subscription stands against it: a resource provider is not registered, or it is disabled.
    Subscription,
    /// Does not pass by itself. Unknown failures too: repeating what is not understood does harm.
    Permanent,
}

impl FailureClass {
    /// The class as it stands in documents and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Permission => "permission",
            Self::Denied => "denied",
            Self::Locked => "locked",
            Self::Disallowed => "disallowed",
            Self::PermanentConflict => "permanentConflict",
            Self::WaitsForResource => "waitsForResource",
            Self::Subscription => "subscription",
            Self::Permanent => "permanent",
        }
    }
}

/// Why a resource was parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParkReason {
    /// The failure will not go away by itself.
    PermanentFailure,
    /// The assignment's identity lacks a role.
    MissingPermission,
    /// A deny assignment forbids the deployment.
    DenyAssignment,
    /// A lock forbids the deployment.
    Locked,
    /// Another policy forbids what the deployment would make.
    DisallowedByPolicy,
    /// Something else has what the deployment would take.
    PermanentConflict,
    /// It can work once the resource is in another state, or the service has made room.
    WaitingForResource,
    /// `MAX_ATTEMPTS` were used up.
    AttemptsUsedUp,
    /// Deployments to it succeed, and the policy states find it non-compliant all the same.
    FixDidNotHelp,
    /// Fixed `FLAP_LIMIT` times within `FLAP_WINDOW` and non-compliant again.
    Flapping,
    /// A person canceled the task.
    Canceled,
    /// The policy's own template fails, whatever the resource.
    PolicyFails,
    /// The assignment has no identity to act with.
    NoIdentity,
    /// The policy assigns identities, which one that lives and dies with the assignment cannot.
    IdentityUnfit,
    /// The assignment is of an initiative, and the event named no policy within it.
    ReferenceMissing,
    /// Resource Manager does not let the worker itself ask what it must know, or open tasks.
    WorkerLacksPermission,
    /// Resource Manager refuses a question about the target, for a cause that only its words tell.
    TaskRefused,
    /// There is no such subscription for the worker.
    SubscriptionGone,
    /// The subscription is disabled.
    SubscriptionDisabled,
    /// Microsoft.PolicyInsights is not registered in the subscription.
    ProviderNotRegistered,
    /// A lock forbids the tasks themselves.
    ScopeLocked,
    /// The subscription is of another tenant, and not delegated to the worker's.
    DelegationWithdrawn,
}

impl ParkReason {
    /// The hint for a resource that was given up because no evaluation of it came.
    pub const NOT_EVALUATED: &str = "See why Azure Policy does not evaluate the resource (az policy state trigger-scan asks for an evaluation), and that the worker's identity may do Microsoft.PolicyInsights/policyStates/triggerEvaluation/action.";

    /// The reason as it stands in documents and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PermanentFailure => "permanentFailure",
            Self::MissingPermission => "missingPermission",
            Self::DenyAssignment => "denyAssignment",
            Self::Locked => "locked",
            Self::DisallowedByPolicy => "disallowedByPolicy",
            Self::PermanentConflict => "permanentConflict",
            Self::WaitingForResource => "waitingForResource",
            Self::AttemptsUsedUp => "attemptsUsedUp",
            Self::FixDidNotHelp => "fixDidNotHelp",
            Self::Flapping => "flapping",
            Self::Canceled => "canceled",
            Self::PolicyFails => "policyFails",
            Self::NoIdentity => "noIdentity",
            Self::IdentityUnfit => "identityUnfit",
            Self::ReferenceMissing => "referenceMissing",
            Self::WorkerLacksPermission => "workerLacksPermission",
            Self::TaskRefused => "taskRefused",
            Self::SubscriptionGone => "subscriptionGone",
            Self::SubscriptionDisabled => "subscriptionDisabled",
            Self::ProviderNotRegistered => "providerNotRegistered",
            Self::ScopeLocked => "scopeLocked",
            Self::DelegationWithdrawn => "delegationWithdrawn",
        }
    }

    /// Whether Resource Manager refuses the worker itself. Such a park ends when a question is answered again, which is tried
    /// more and more rarely; no other is.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        match self {
            Self::WorkerLacksPermission
            | Self::TaskRefused
            | Self::SubscriptionGone
            | Self::SubscriptionDisabled
            | Self::ProviderNotRegistered
            | Self::ScopeLocked
            | Self::DelegationWithdrawn => true,
            Self::PermanentFailure
            | Self::MissingPermission
            | Self::DenyAssignment
            | Self::Locked
            | Self::DisallowedByPolicy
            | Self::PermanentConflict
            | Self::WaitingForResource
            | Self::AttemptsUsedUp
            | Self::Flapping
            | Self::FixDidNotHelp
            | Self::Canceled
            | Self::PolicyFails
            | Self::NoIdentity
            | Self::IdentityUnfit
            | Self::ReferenceMissing => false,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::PermanentFailure => {
                "Read the service's words and fix the policy's template or the resource; it is tried again when the park ends."
            }
            Self::MissingPermission => {
                "Grant the assignment's identity the roles that the policy definition lists in roleDefinitionIds, at the scope of the assignment."
            }
            Self::DenyAssignment => {
                "Leave the resource to whoever manages it (a managed application, a deployment stack), or have them change it: az rest --method get --url SCOPE/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01 shows the deny assignment. No role helps."
            }
            Self::Locked => {
                "Remove the lock, or exclude what it protects (EXCLUDE_SCOPES): az lock list shows the locks of a resource and above it."
            }
            Self::DisallowedByPolicy => {
                "Another policy forbids what this one deploys: read its name in the service's words, and exempt the resource from one of the two or change their parameters."
            }
            Self::PermanentConflict => {
                "Something else has what the policy would set: read its name in the service's words, and remove it or exempt the resource."
            }
            Self::WaitingForResource => {
                "Start the machine, or let its agent report; where a quota of deployments is full, delete old ones (az deployment group delete). It is tried again by itself, more and more rarely."
            }
            Self::AttemptsUsedUp => {
                "The same failure came back at every attempt: look at the deployments of the last task, and fix what they name."
            }
            Self::FixDidNotHelp => {
                "The policy's template deploys something else than its existence condition or rule asks for: compare the last deployment with the policy, and fix the policy or its parameters."
            }
            Self::Flapping => {
                "Something sets the resource back after each fix: find the pipeline, template or person that does, in the resource's activity log."
            }
            Self::Canceled => {
                "A person canceled the remediation task. If that was not meant to last, open a new one by hand or wait for the park to end."
            }
            Self::PolicyFails => {
                "The policy's own template or its parameters fail, whatever the resource: az policy definition show --name NAME shows the template, the deployments of the last task what it met. Mend it in a new version, and wait for the park to end."
            }
            Self::NoIdentity => {
                "Give the policy assignment a managed identity (and a location), and that identity the policy's roles."
            }
            Self::IdentityUnfit => {
                "Give the policy assignment a user-assigned identity, and that one the policy's roles before: Contributor at the subscription, and User Access Administrator at the identity that the policy assigns, or at its resource group. A system-assigned identity cannot be authorised ahead of the assignment."
            }
            Self::WorkerLacksPermission => {
                "Grant the worker's own identity Resource Policy Contributor on the subscription or a management group above it (in a delegated subscription: in the Lighthouse registration)."
            }
            Self::TaskRefused => {
                "Read the service's words: it refuses what must be asked about the target, and is asked again more and more rarely."
            }
            Self::SubscriptionGone => {
                "If the subscription exists, give the worker's identity a role in it, or renew its Lighthouse delegation; if it is gone, stop the events that name it."
            }
            Self::SubscriptionDisabled => "Enable the subscription again; until then Azure changes nothing in it.",
            Self::ProviderNotRegistered => {
                "Run: az provider register --namespace Microsoft.PolicyInsights --subscription ID"
            }
            Self::ScopeLocked => {
                "Remove the lock that the service's words name: az rest --method get --url SCOPE/providers/Microsoft.Authorization/locks?api-version=2020-05-01 shows it, az lock delete --ids ID removes it."
            }
            Self::DelegationWithdrawn => {
                "Have the customer deploy the Lighthouse registration again, with Resource Policy Contributor for the worker's identity."
            }
            Self::ReferenceMissing => {
                "See that policyDefinitionReferenceId is not lost between Event Grid and this worker; until then open a task for each policy of the initiative by hand."
            }
        }
    }
}

/// Why a resource needs no remediation, or cannot have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipReason {
    /// A policy state not older than the event says Compliant.
    Compliant,
    /// A policy state not older than the event says Exempt.
    Exempt,
    /// A policy state not older than the event says that the policy does not apply to it.
    NotApplicable,
    /// A policy state not older than the event says that it is protected.
    Protected,
    /// A policy state not older than the event says that policies conflict over it.
    Conflicting,
    /// The effective effect is neither deployIfNotExists nor modify.
    NotRemediable,
    /// The assignment no longer exists for this subscription.
    AssignmentGone,
    /// The initiative has no such policy any more.
    ReferenceGone,
    /// The resource no longer exists, or has no policy state any more.
    ResourceGone,
    /// `EXCLUDE_ASSIGNMENTS` names the assignment.
    AssignmentExcluded,
    /// `INCLUDE_ASSIGNMENTS` does not name the assignment.
    AssignmentNotIncluded,
    /// `EXCLUDE_SCOPES` names the resource or what holds it.
    ScopeExcluded,
    /// `EXCLUDE_RESOURCE_TYPES` names the resource's type.
    TypeExcluded,
    /// The assignment is not enforced, and `REMEDIATE_DO_NOT_ENFORCE` is not set.
    NotEnforced,
    /// The assignment itself excludes the resource (`notScopes`).
    NotInScope,
    /// The assignment's `resourceSelectors` do not let in the resource's type.
    NotSelected,
}

impl SkipReason {
    /// Whether the assignment as it was read is the reason.
    #[must_use]
    pub fn is_of_assignment(self) -> bool {
        match self {
            Self::AssignmentGone | Self::ReferenceGone | Self::NotEnforced | Self::NotInScope | Self::NotSelected => {
                true
            }
            Self::Compliant
            | Self::Exempt
            | Self::NotApplicable
            | Self::Protected
            | Self::Conflicting
            | Self::NotRemediable
            | Self::ResourceGone
            | Self::AssignmentExcluded
            | Self::AssignmentNotIncluded
            | Self::ScopeExcluded
            | Self::TypeExcluded => false,
        }
    }

    /// Whether the guard rails are the reason. What they leave out is not forgotten: they may be widened.
    #[must_use]
    pub fn is_guard_rail(self) -> bool {
        match self {
            Self::AssignmentExcluded
            | Self::AssignmentNotIncluded
            | Self::ScopeExcluded
            | Self::TypeExcluded
            | Self::NotEnforced => true,
            Self::Compliant
            | Self::Exempt
            | Self::NotApplicable
            | Self::Protected
            | Self::Conflicting
            | Self::NotRemediable
            | Self::AssignmentGone
            | Self::ReferenceGone
            | Self::ResourceGone
            | Self::NotInScope
            | Self::NotSelected => false,
        }
    }

    /// The reason as it stands in documents and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Exempt => "exempt",
            Self::NotApplicable => "notApplicable",
            Self::Protected => "protected",
            Self::Conflicting => "conflicting",
            Self::NotRemediable => "notRemediable",
            Self::AssignmentGone => "assignmentGone",
            Self::ReferenceGone => "referenceGone",
            Self::ResourceGone => "resourceGone",
            Self::AssignmentExcluded => "assignmentExcluded",
            Self::AssignmentNotIncluded => "assignmentNotIncluded",
            Self::ScopeExcluded => "scopeExcluded",
            Self::TypeExcluded => "typeExcluded",
            Self::NotEnforced => "notEnforced",
            Self::NotInScope => "notInScope",
            Self::NotSelected => "notSelected",
        }
    }
}
