//! What the words for skipped resources mean, as the second half of a sentence. Those of parks carry hints of their own.

use crate::document::SkipReason;

/// Why it is skipped, after "because".
pub(super) fn because(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Compliant => "the policy states say that it complies",
        SkipReason::Exempt => "the policy states say that it is exempt",
        SkipReason::NotApplicable => "the policy states say that the policy does not apply to it",
        SkipReason::Protected => "the policy states say that it is protected",
        SkipReason::Conflicting => "the policy states say that policies conflict over it",
        SkipReason::NotRemediable => "the effect of the policy is one that no task remediates",
        SkipReason::AssignmentGone => "the assignment does not exist for its subscription any more",
        SkipReason::ReferenceGone => "the initiative has no such policy any more",
        SkipReason::ResourceGone => "the resource is gone",
        SkipReason::AssignmentExcluded => "EXCLUDE_ASSIGNMENTS names the assignment",
        SkipReason::AssignmentNotIncluded => "INCLUDE_ASSIGNMENTS does not name the assignment",
        SkipReason::ScopeExcluded => "EXCLUDE_SCOPES names it, or what holds it",
        SkipReason::TypeExcluded => "EXCLUDE_RESOURCE_TYPES names its type",
        SkipReason::NotEnforced => "the assignment is not enforced, and REMEDIATE_DO_NOT_ENFORCE is not set",
        SkipReason::NotInScope => "the assignment itself excludes it (notScopes)",
        SkipReason::NotSelected => "the assignment's resourceSelectors do not let it in",
    }
}
