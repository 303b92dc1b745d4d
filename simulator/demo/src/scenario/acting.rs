//! What events name can be remediated, as the form of scenarios says, also where it is a built-in policy that only audits or denies
//! as long as nobody says otherwise: the file is about what the worker does, and says itself which policy does something else.

use simulator::estate::{ArmId, BuiltIn, Definition, Estate};

const CONTRIBUTOR: &str = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
const USUAL: &str = "DeployIfNotExists";

/// Lets each policy of an estate that was made of events act.
pub(super) fn let_all_act(estate: &mut Estate) {
    let is_idle = |id: &ArmId| {
        BuiltIn::of(id).is_some_and(|policy| !matches!(policy.acting_effect(), "deployifnotexists" | "modify"))
    };
    for one in estate.definitions.iter_mut().filter(|one| is_idle(&one.id)) {
        let target = one.target_type.clone();
        *one = Definition::new(one.id.clone(), USUAL).with_role(CONTRIBUTOR).with_target_type(&target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use simulator::estate::derive;

    /// A built-in policy that audits, by Azure's table.
    const AUDITS: &str = "/providers/Microsoft.Authorization/policyDefinitions/7f89b1eb-583c-429a-8828-af049802c1d9";

    #[test]
    fn a_built_in_policy_that_audits_acts_where_events_name_it() {
        let assignment = "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/a";
        let mut estate = derive(&[json!({
            "eventType": "Microsoft.PolicyInsights.PolicyStateChanged",
            "subject": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st",
            "data": {
                "timestamp": "2025-03-11T18:01:00.1234567Z",
                "policyAssignmentId": assignment,
                "policyDefinitionId": AUDITS,
                "policyDefinitionReferenceId": "",
                "complianceState": "NonCompliant"
            }
        })]);
        let acts = |estate: &Estate| {
            let assignment = estate.assignment(&ArmId::new(assignment)).unwrap();
            estate.is_remediable(assignment, None, None)
        };
        assert!(!acts(&estate), "its own effect remediates nothing");
        let_all_act(&mut estate);
        assert!(acts(&estate));
        assert!(!estate.definition(&ArmId::new(AUDITS)).unwrap().roles.is_empty());
    }
}
