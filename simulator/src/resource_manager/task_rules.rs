//! The rules by which the service takes or refuses a new remediation task: a table of plain checks on values, in the
//! order in which they are asked. Codes and texts are from recordings and public logs; "unverified" marks the others.

use super::{
    error::ArmError,
    task::{DiscoveryMode, TaskRequest},
};
use crate::estate::{ArmId, Assignment, Estate, Scope, lower};

/// Microsoft documentation: "Azure Policy remediation task structure".
const MAX_RESOURCE_COUNT: i64 = 50_000;
const MAX_PARALLEL_DEPLOYMENTS: i64 = 30;
/// OpenAPI description of `filters.resourceIds`, version 2024-10-01.
const MAX_RESOURCE_IDS: usize = 100;
/// "… maximum of 100 remediation tasks running in parallel for a single policy definition or policy reference".
const MAX_ACTIVE_TASKS: usize = 100;
const MAX_NAME: usize = 260;

/// What a rule looks at.
pub(crate) struct Application<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) scope: &'a ArmId,
    pub(crate) name: &'a str,
    pub(crate) request: &'a TaskRequest,
}

/// An active task, as far as the rules care.
pub(crate) struct ActiveTask<'a> {
    pub(crate) scope: &'a ArmId,
    pub(crate) name: &'a str,
    pub(crate) request: &'a TaskRequest,
}

/// Checks a request against everything but the other tasks. Returns the assignment it is for.
pub(crate) fn check<'a>(application: &Application<'a>) -> Result<&'a Assignment, ArmError> {
    check_name(application.name)?;
    check_limits(application)?;
    check_mode(application)?;
    let assignment = check_assignment(application)?;
    check_reference(application, assignment)?;
    check_resources(application)?;
    Ok(assignment)
}

/// Checks a request against the tasks that are active now.
pub(crate) fn check_against(
    application: &Application<'_>,
    active: &[ActiveTask<'_>],
    assignment: &Assignment,
) -> Result<(), ArmError> {
    let Application { estate, scope, name, request } = application;
    let conflicting: Vec<&str> = active
        .iter()
        .filter(|task| task.request.is_same_target(request))
        .filter(|task| estate.covers(task.scope, scope) || estate.covers(scope, task.scope))
        .map(|task| task.name)
        .collect();
    if !conflicting.is_empty() {
        return Err(ArmError::create_refused(
            name,
            &format!(
                "The following remediations: '{}' are already running for policy assignment '{}', definition reference \
                 ID '{}' on a scope conflicting with requested scope.",
                conflicting.join(","),
                request.assignment.lower(),
                lower(request.reference.as_deref().unwrap_or_default())
            ),
        ));
    }
    let policy = |assigned: &Assignment, reference: Option<&str>| {
        let reference = estate.initiative(&assigned.definition).and(reference).map(lower);
        (assigned.definition.clone(), reference)
    };
    let wanted = policy(assignment, request.reference.as_deref());
    let same_policy = active.iter().filter(|task| {
        let assigned = estate.assignment(&task.request.assignment);
        assigned.is_some_and(|assigned| policy(assigned, task.request.reference.as_deref()) == wanted)
    });
    if same_policy.count() >= MAX_ACTIVE_TASKS {
        // Unverified: the limit is documented, its error is not.
        let reason = format!(
            "The maximum number of {MAX_ACTIVE_TASKS} concurrently running remediations for policy '{}' has been reached.",
            assignment.definition.lower()
        );
        return Err(ArmError::create_refused(name, &reason));
    }
    Ok(())
}

/// Limits of the name (public source: terraform-provider-azurerm; the service names the length).
fn check_name(name: &str) -> Result<(), ArmError> {
    if name.chars().count() > MAX_NAME {
        let reason = format!("The remediation name must not exceed '{MAX_NAME}' characters.");
        return Err(ArmError::create_refused(name, &reason));
    }
    if name.is_empty() || name.contains(['%', '^', '#', '/', '\\', '&', '?']) || name.chars().any(char::is_control) {
        // Unverified: the sentence.
        return Err(ArmError::create_refused(name, "The remediation name contains characters that are not allowed."));
    }
    Ok(())
}

/// Ranges are documented, their errors are not: unverified.
fn check_limits(application: &Application<'_>) -> Result<(), ArmError> {
    let Application { name, request, .. } = application;
    let refuse = |reason: String| Err(ArmError::create_refused(name, &reason));
    if let Some(count) = request.resource_count.filter(|count| !(1..=MAX_RESOURCE_COUNT).contains(count)) {
        return refuse(format!("The resource count '{count}' must be between 1 and {MAX_RESOURCE_COUNT}."));
    }
    let parallel = request.parallel_deployments;
    if let Some(count) = parallel.filter(|count| !(1..=MAX_PARALLEL_DEPLOYMENTS).contains(count)) {
        return refuse(format!("The parallel deployments '{count}' must be between 1 and {MAX_PARALLEL_DEPLOYMENTS}."));
    }
    if let Some(share) = request.failure_threshold.filter(|share| !(0.0..=1.0).contains(share)) {
        return refuse(format!("The failure threshold percentage '{share}' must be between 0 and 1."));
    }
    match &request.resource_ids {
        Some(ids) if ids.is_empty() => refuse("The resource IDs filter cannot be empty.".to_owned()),
        Some(ids) if ids.len() > MAX_RESOURCE_IDS => {
            refuse(format!("The resource IDs filter can specify at most {MAX_RESOURCE_IDS} IDs."))
        }
        Some(_) if request.mode == DiscoveryMode::ReEvaluateCompliance => {
            refuse("The resource IDs filter cannot be used when re-evaluating compliance.".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

/// Recorded: azure-powershell session records, RemediationTests/ErrorHandling.
fn check_mode(application: &Application<'_>) -> Result<(), ArmError> {
    let Application { scope, name, request, .. } = application;
    let above = matches!(Scope::parse(scope), Some(Scope::ManagementGroup(_) | Scope::Tenant));
    if above && request.mode == DiscoveryMode::ReEvaluateCompliance {
        let reason = format!(
            "Evaluating compliance before remediation is only supported for remediations at subscription scope and \
             below. The requested scope was '{scope}'."
        );
        return Err(ArmError::create_refused(name, &reason));
    }
    Ok(())
}

fn check_assignment<'a>(application: &Application<'a>) -> Result<&'a Assignment, ArmError> {
    let Application { estate, scope, name, request } = application;
    // Unverified: code and status for an assignment that does not exist.
    let assignment = estate
        .assignment(&request.assignment)
        .ok_or_else(|| ArmError::assignment_not_found(request.assignment.name()))?;
    if !estate.covers(&assignment.scope(), scope) {
        // Unverified: the sentence. A task may be below its assignment (recorded), so this is about all others.
        let reason = format!(
            "The policy assignment '{}' does not apply to the requested scope '{scope}'.",
            request.assignment.lower()
        );
        return Err(ArmError::create_refused(name, &reason));
    }
    Ok(assignment)
}

/// An initiative needs a reference to one of its policies (public logs: terraform-azurerm-policy-as-code issue 49 and
/// others). Whether there is one of that name is not asked: an unknown one, or one with a single definition, is taken, and
/// the task finds nothing (public report: Azure/azure-powershell issue 25588).
fn check_reference(application: &Application<'_>, assignment: &Assignment) -> Result<(), ArmError> {
    let Application { estate, name, request, .. } = application;
    if request.reference.is_some() || estate.initiative_of(assignment).is_none() {
        return Ok(());
    }
    let reason = format!(
        "The policy assignment '{}' assigns a policy set definition. Remediations must specify a single policy definition \
         reference ID within the policy set definition.",
        request.assignment.lower()
    );
    Err(ArmError::create_refused(name, &reason))
}

/// Resources must lie in the task's scope. Unverified: the sentence.
fn check_resources(application: &Application<'_>) -> Result<(), ArmError> {
    let Application { estate, scope, name, request } = application;
    let outside = request.resource_ids.iter().flatten().find(|id| !estate.covers(scope, id));
    match outside {
        Some(id) => {
            let reason = format!("The resource ID '{id}' of the filter is not within the requested scope '{scope}'.");
            Err(ArmError::create_refused(name, &reason))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Definition, Initiative};

    const SUB: &str = "/subscriptions/s1";
    const GROUP: &str = "/subscriptions/s1/resourceGroups/g1";
    const MG: &str = "/providers/Microsoft.Management/managementGroups/root";

    fn assignment(scope: &str, name: &str) -> ArmId {
        Assignment::new(scope, name, "/d").id
    }

    fn estate() -> Estate {
        Estate::new("t")
            .with_management_group("root", None)
            .with_subscription("s1", "S", Some("root"))
            .with_subscription("s2", "S", None)
            .with_definition(Definition::new("/d/one", "Modify"))
            .with_initiative(Initiative::new("/i/one").with_member("Ref_A", "/d/one").with_member("Ref_B", "/d/one"))
            .with_assignment(Assignment::new(SUB, "single", "/d/one"))
            .with_assignment(Assignment::new(MG, "set", "/i/one"))
            .with_assignment(Assignment::new(GROUP, "low", "/d/one"))
    }

    fn refusal(scope: &str, name: &str, request: &TaskRequest) -> Option<ArmError> {
        let (estate, scope) = (estate(), ArmId::new(scope));
        check(&Application { estate: &estate, scope: &scope, name, request }).err()
    }

    #[test]
    fn what_is_right_is_taken() {
        let single = TaskRequest::new(assignment(SUB, "SINGLE"), None);
        let set = TaskRequest::new(assignment(MG, "set"), Some("ref_a"));
        for (scope, request) in [
            (SUB, single.clone()),
            (GROUP, single.clone()),
            (&format!("{GROUP}/providers/a.b/c/d"), single.clone()),
            (SUB, TaskRequest { reference: Some("any".into()), ..single.clone() }),
            (MG, set.clone()),
            (SUB, set.clone()),
            (SUB, TaskRequest { reference: Some("none".into()), ..set.clone() }),
            (SUB, TaskRequest { mode: DiscoveryMode::ReEvaluateCompliance, ..set.clone() }),
            (
                SUB,
                TaskRequest {
                    resource_count: Some(50_000),
                    parallel_deployments: Some(30),
                    failure_threshold: Some(0.0),
                    ..set
                },
            ),
            (SUB, single.with_resources((0..100).map(|n| ArmId::new(format!("{GROUP}/providers/a.b/c/{n}"))))),
        ] {
            assert_eq!(refusal(scope, "name with blanks:-", &request), None, "{scope}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_in_the_services_words() {
        let single = TaskRequest::new(assignment(SUB, "single"), None);
        let set = TaskRequest::new(assignment(MG, "set"), Some("ref_a"));
        let resource = |n: usize| ArmId::new(format!("{GROUP}/providers/a.b/c/{n}"));
        let re_evaluating =
            |one: &TaskRequest| TaskRequest { mode: DiscoveryMode::ReEvaluateCompliance, ..one.clone() };
        for (scope, request, words) in [
            (
                SUB,
                TaskRequest { reference: None, ..set.clone() },
                "Remediations must specify a single policy definition reference ID within the policy set definition.",
            ),
            (
                MG,
                re_evaluating(&set),
                "The requested scope was '/providers/Microsoft.Management/managementGroups/root'.",
            ),
            (SUB, TaskRequest { resource_count: Some(0), ..single.clone() }, "resource count"),
            (SUB, TaskRequest { resource_count: Some(50_001), ..single.clone() }, "resource count"),
            (SUB, TaskRequest { parallel_deployments: Some(31), ..single.clone() }, "parallel deployments"),
            (SUB, TaskRequest { parallel_deployments: Some(-1), ..single.clone() }, "parallel deployments"),
            (SUB, TaskRequest { failure_threshold: Some(1.1), ..single.clone() }, "failure threshold"),
            (SUB, TaskRequest { failure_threshold: Some(f32::NAN), ..single.clone() }, "failure threshold"),
            (SUB, single.clone().with_resources([]), "cannot be empty"),
            (SUB, single.clone().with_resources((0..101).map(resource)), "at most 100"),
            (SUB, re_evaluating(&single.clone().with_resources([resource(1)])), "cannot be used when re-evaluating"),
            (
                SUB,
                single.clone().with_resources(["/subscriptions/s2/resourceGroups/g/providers/a.b/c/d".into()]),
                "not within the requested scope",
            ),
            ("/subscriptions/s2", single.clone(), "does not apply"),
            (SUB, TaskRequest::new(assignment(GROUP, "low"), None), "does not apply"),
        ] {
            let error = refusal(scope, "n", &request).expect(words);
            assert_eq!((error.status, error.code.as_str()), (400, "InvalidCreateRemediationRequest"), "{words}");
            assert!(error.message.contains(words), "{words}: {}", error.message);
            assert!(
                error.message.starts_with("The request to create remediation 'n' is invalid. "),
                "{}",
                error.message
            );
        }
        let missing = refusal(SUB, "n", &TaskRequest::new(assignment(SUB, "none"), None)).expect("missing");
        assert_eq!((missing.status, missing.code.as_str()), (404, "PolicyAssignmentNotFound"));
        for name in ["", "a%b", "a#b", "a?b", "a/b", "a\\b", "a&b", "a^b", &"n".repeat(261)] {
            assert!(refusal(SUB, name, &single).is_some(), "{name}");
        }
        assert_eq!(refusal(SUB, &"n".repeat(260), &single), None);
    }

    #[test]
    fn tasks_of_one_target_may_not_overlap() {
        let request = |reference| TaskRequest::new(assignment(MG, "set"), Some(reference));
        let vm = format!("{GROUP}/providers/a.b/c/d");
        for (running, wanted, reference, taken) in [
            (SUB, SUB, "REF_A", false),
            (SUB, GROUP, "ref_a", false),
            (GROUP, SUB, "ref_a", false),
            (MG, vm.as_str(), "ref_a", false),
            (vm.as_str(), MG, "ref_a", false),
            (SUB, SUB, "ref_b", true),
            ("/subscriptions/s2", SUB, "ref_a", true),
            ("/subscriptions/s1/resourceGroups/g10", GROUP, "ref_a", true),
        ] {
            let (estate, running, wanted) = (estate(), ArmId::new(running), ArmId::new(wanted));
            let (active, request) = (request("ref_a"), request(reference));
            let application = Application { estate: &estate, scope: &wanted, name: "n", request: &request };
            let active = [ActiveTask { scope: &running, name: "Other", request: &active }];
            let assignment = estate.assignment(&request.assignment).expect("it exists");
            let verdict = check_against(&application, &active, assignment);
            assert_eq!(verdict.is_ok(), taken, "{running} {wanted} {reference}");
            if let Err(error) = verdict {
                assert_eq!(error.code, "InvalidCreateRemediationRequest");
                assert!(
                    error
                        .message
                        .contains("The following remediations: 'Other' are already running for policy assignment")
                );
            }
        }
    }

    #[test]
    fn a_policy_has_at_most_a_hundred_active_tasks() {
        let estate = estate();
        let request = TaskRequest::new(assignment(SUB, "single"), None);
        let scopes: Vec<ArmId> = (0..100).map(|n| ArmId::new(format!("{SUB}/resourceGroups/other{n}"))).collect();
        let tasks = |count: usize| -> Vec<ActiveTask<'_>> {
            scopes.iter().take(count).map(|scope| ActiveTask { scope, name: "x", request: &request }).collect()
        };
        let scope = ArmId::new(GROUP);
        let application = Application { estate: &estate, scope: &scope, name: "n", request: &request };
        let assignment = estate.assignment(&request.assignment).expect("it exists");
        assert!(check_against(&application, &tasks(99), assignment).is_ok());
        let error = check_against(&application, &tasks(100), assignment).expect_err("full");
        assert!(error.message.contains("maximum number of 100"), "{}", error.message);
    }
}
