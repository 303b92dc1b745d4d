//! What a person can do about one resource, from the service's own words: the scope, action, lock, deny assignment or other policy
//! that they name, with the command that shows or fixes it. Where they name nothing, the reason's own hint must do.

use crate::document::ParkReason;
use crate::id::{AssignmentId, ResourceId};

use super::named::{all_after, quoted_after, shell};

/// The hint for a resource that is parked for this reason, with these words of the service's.
pub(crate) fn hint(reason: ParkReason, words: &str, resource: &ResourceId) -> String {
    let named = match reason {
        ParkReason::MissingPermission => permission(words),
        ParkReason::DenyAssignment => deny_assignment(words),
        ParkReason::Locked => lock(words),
        ParkReason::DisallowedByPolicy => other_policy(words, resource),
        ParkReason::PermanentConflict => conflict(words, resource),
        ParkReason::WaitingForResource => waiting(words, resource),
        ParkReason::ProviderNotRegistered => registration(words, resource),
        ParkReason::PermanentFailure
        | ParkReason::PolicyFails
        | ParkReason::AttemptsUsedUp
        | ParkReason::FixDidNotHelp
        | ParkReason::Flapping
        | ParkReason::Canceled
        | ParkReason::NoIdentity
        | ParkReason::IdentityUnfit
        | ParkReason::ReferenceMissing
        | ParkReason::WorkerLacksPermission
        | ParkReason::TaskRefused
        | ParkReason::SubscriptionGone
        | ParkReason::SubscriptionDisabled
        | ParkReason::ScopeLocked
        | ParkReason::DelegationWithdrawn => None,
    };
    named.unwrap_or_else(|| reason.hint().to_owned())
}

/// "… does not have [permission|authorization] to perform action(s) 'A' [on the linked scope(s) 'S' | over scope 'S'] …"
pub(crate) fn permission(words: &str) -> Option<String> {
    let lacks = ["does not have permission to perform action", "does not have authorization to perform action"];
    let (_, rest) = lacks.iter().find_map(|lack| split_folded(words, lack))?;
    let action = quoted_after(rest, "")?;
    let linked = split_folded(rest, "linked scope").and_then(|(_, rest)| quoted_after(rest, ""));
    let (scope, what) = match linked {
        Some(scope) => (scope, "the linked scope"),
        None => (split_folded(rest, "scope").and_then(|(_, rest)| quoted_after(rest, ""))?, "the scope"),
    };
    let principal = quoted_after(words, "object id ").unwrap_or("PRINCIPAL");
    Some(format!(
        "Grant the assignment's identity a role with {action} at {what} {scope}: az role assignment create --assignee-object-id {} --assignee-principal-type ServicePrincipal --role ROLE --scope {}",
        shell(principal),
        shell(scope)
    ))
}

/// "… because of the deny assignment with name 'N' and Id 'I' at scope 'S'"
fn deny_assignment(words: &str) -> Option<String> {
    let (_, rest) = split_folded(words, "deny assignment with name ")?;
    let (name, scope) = (quoted_after(rest, "")?, quoted_after(rest, "at scope ")?);
    let url = format!(
        "{}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01",
        scope.trim_end_matches('/')
    );
    Some(format!(
        "The deny assignment '{name}' at {scope} forbids it, and no role helps: leave the resource to whoever manages it (a managed application, a deployment stack), or have them change it. az rest --method get --url {} shows it.",
        shell(&url)
    ))
}

/// "… because following scope(s) are locked: 'S'[, 'T']"
fn lock(words: &str) -> Option<String> {
    let (_, rest) = split_folded(words, "are locked:")?;
    let scopes = all_after(rest);
    let first = scopes.first()?;
    let url = format!("{}/providers/Microsoft.Authorization/locks?api-version=2020-05-01", first.trim_end_matches('/'));
    Some(format!(
        "A lock at {} forbids it: az rest --method get --url {} shows it, az lock delete --ids ID removes it. Or exclude what it protects (EXCLUDE_SCOPES).",
        scopes.join(", "),
        shell(&url)
    ))
}

/// The first policy assignment that is named after the sentence of the refusal is the one that denies.
fn other_policy(words: &str, resource: &ResourceId) -> Option<String> {
    let named = split_folded(words, "disallowed by policy").map_or(words, |(_, behind)| behind);
    let id = named.split(['\'', '"', ' ', ',', '\\']).find(|part| part.parse::<AssignmentId>().is_ok())?;
    let (scope, name) = (
        id.to_ascii_lowercase().find("/providers/microsoft.authorization/").map(|at| &id[..at])?,
        id.rsplit('/').next()?,
    );
    Some(format!(
        "The policy assignment {id} denies what this one deploys: az policy assignment show --name {} --scope {} shows it. Exempt the resource from one of the two, az policy exemption create --name NAME --exemption-category Waiver --policy-assignment {} --scope {}, or change their parameters.",
        shell(name),
        shell(scope),
        shell(id),
        shell(resource.as_str())
    ))
}

/// "Data sink 'S' is already used in diagnostic setting 'N' …", or as many of them as there may be.
fn conflict(words: &str, resource: &ResourceId) -> Option<String> {
    let of_network = [
        "client address is not authorized",
        "firewall",
        "approved private link",
        "public network access is disabled",
        "virtual network rule",
        "ip address is not allowed",
        "not allowed to access the server",
        "not authorized to perform this operation",
        "network security perimeter",
    ];
    if of_network.iter().any(|told| split_folded(words, told).is_some()) {
        let is_vault = resource.as_str().contains("/microsoft.keyvault/vaults/");
        let id = shell(resource.as_str());
        let command =
            if is_vault { format!(" (az keyvault update --ids {id} --bypass AzureServices)") } else { String::new() };
        return Some(format!(
            "The firewall of {resource} or of what it needs refuses the policy's deployment: let trusted services in{command}, or exempt the resource."
        ));
    }
    let (_, rest) = split_folded(words, "diagnostic setting")?;
    let id = shell(resource.as_str());
    Some(
        match quoted_after(rest, "diagnostic setting ").or(quoted_after(rest, "").filter(|_| rest.starts_with(" '"))) {
            Some(name) => format!(
                "The diagnostic setting '{name}' has what the policy would set: az monitor diagnostic-settings delete --name {} --resource {id} removes it. Or exempt the resource.",
                shell(name)
            ),
            None => format!(
                "Remove a diagnostic setting of the resource, or exempt it: az monitor diagnostic-settings list --resource {id} shows them."
            ),
        },
    )
}

fn waiting(words: &str, resource: &ResourceId) -> Option<String> {
    if split_folded(words, "exceed the quota").is_some() {
        let group = resource.resource_group()?;
        let name = group.as_str().rsplit('/').next().map(shell)?;
        let subscription = resource.subscription();
        return Some(format!(
            "Delete old deployments of the group: az deployment group list --resource-group {name} --subscription {subscription} shows them, az deployment group delete --name NAME deletes one. It is tried again by itself, more and more rarely."
        ));
    }
    if split_folded(words, "quota").is_some() {
        return Some(
            "A quota is used up, which the service's words name: delete what is not needed, or ask for more of it (Quotas, in the portal). It is tried again by itself, more and more rarely."
                .to_owned(),
        );
    }
    let is_machine = resource.as_str().contains("/microsoft.compute/virtualmachines/");
    let machine = resource.as_str().split("/extensions/").next().filter(|_| is_machine)?;
    Some(format!(
        "Start the machine, or let its agent report: az vm start --ids {}. It is tried again by itself, more and more rarely.",
        shell(machine)
    ))
}

/// "The subscription is not registered to use namespace 'N'"
fn registration(words: &str, resource: &ResourceId) -> Option<String> {
    let (_, rest) = split_folded(words, "to use namespace")?;
    let namespace = quoted_after(rest, "")?;
    let subscription = resource.subscription();
    Some(format!(
        "Register the resource provider that the policy's template needs: az provider register --namespace {} --subscription {subscription}",
        shell(namespace)
    ))
}

/// What stands around the first of these words, whatever their case.
fn split_folded<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let at = text.as_bytes().windows(words.len()).position(|part| part.eq_ignore_ascii_case(words.as_bytes()))?;
    Some((text.get(..at)?, text.get(at + words.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn of(reason: ParkReason, words: &str) -> String {
        let id = format!("{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm1/extensions/agent");
        hint(reason, words, &id.parse().unwrap())
    }

    #[test]
    fn a_want_of_permission_names_the_action_and_the_scope_where_it_is_wanted() {
        let linked = format!(
            "LinkedAuthorizationFailed: The client 'c' with object id 'o-1' has permission to perform action 'Microsoft.Compute/virtualMachines/write' on scope '{SUB}/resourceGroups/rg'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '{SUB}/resourceGroups/ids' (respectively) or the linked scope(s) are invalid."
        );
        let found = of(ParkReason::MissingPermission, &linked);
        assert!(
            found.contains("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action at the linked scope"),
            "{found}"
        );
        assert!(
            found.contains("--assignee-object-id 'o-1'")
                && found.ends_with(&format!("--scope '{SUB}/resourceGroups/ids'")),
            "{found}"
        );
        let own = format!(
            "AuthorizationFailed: The client 'c' with object id 'o-2' does not have authorization to perform action 'Microsoft.Sql/servers/write' over scope '{SUB}/resourceGroups/rg' or the scope is invalid."
        );
        let found = of(ParkReason::MissingPermission, &own);
        assert!(found.contains("Microsoft.Sql/servers/write at the scope") && found.contains("'o-2'"), "{found}");
        for silent in [
            "",
            "does not have the necessary permissions to create deployment 'd'",
            "does not have permission to perform action 'x",
        ] {
            assert_eq!(of(ParkReason::MissingPermission, silent), ParkReason::MissingPermission.hint(), "{silent}");
        }
    }

    #[test]
    fn what_the_network_refuses_is_named_and_a_command_for_a_vault_only_at_a_vault() {
        let vault = format!("{SUB}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v").parse().unwrap();
        for words in [
            "Client address is not authorized and caller is not a trusted service.",
            "Connection is not an approved private link and caller was ignored.",
            "The client IP address is not allowed.",
            "The request does not match the virtual network rules.",
        ] {
            let found = of(ParkReason::PermanentConflict, words);
            assert!(found.starts_with("The firewall of") && !found.contains("az keyvault"), "{found}");
            let found = hint(ParkReason::PermanentConflict, words, &vault);
            assert!(found.contains("az keyvault update --ids"), "{found}");
        }
    }

    #[test]
    fn each_other_cause_is_named_with_the_command_that_shows_it() {
        for (reason, words, parts) in [
            (
                ParkReason::DenyAssignment,
                format!(
                    "the access is denied because of the deny assignment with name 'System deny' and Id 'i' at scope '{SUB}/resourceGroups/managed'."
                ),
                vec![
                    "'System deny'".to_owned(),
                    format!(
                        "az rest --method get --url '{SUB}/resourceGroups/managed/providers/Microsoft.Authorization/denyAssignments?"
                    ),
                ],
            ),
            (
                ParkReason::Locked,
                format!(
                    "cannot perform write operation because following scope(s) are locked: '{SUB}/resourceGroups/rg'. Please remove the lock and try again."
                ),
                vec![format!("A lock at {SUB}/resourceGroups/rg forbids"), "az lock delete".to_owned()],
            ),
            (
                ParkReason::DisallowedByPolicy,
                format!(
                    r#"Resource 'x' was disallowed by policy. Policy identifiers: '[{{"policyAssignment":{{"name":"No public","id":"{SUB}/providers/Microsoft.Authorization/policyAssignments/no-public"}},"policyDefinition":{{}}}}]'."#
                ),
                vec![
                    format!(
                        "The policy assignment {SUB}/providers/Microsoft.Authorization/policyAssignments/no-public denies"
                    ),
                    "az policy exemption create".to_owned(),
                ],
            ),
            (
                ParkReason::PermanentConflict,
                "Data sink 's' is already used in diagnostic setting 'toLogs' for category 'c'.".to_owned(),
                vec!["--name 'toLogs'".to_owned()],
            ),
            (
                ParkReason::PermanentConflict,
                "The maximum number of diagnostic settings is 5.".to_owned(),
                vec!["az monitor diagnostic-settings list".to_owned()],
            ),
            (
                ParkReason::WaitingForResource,
                "Cannot modify extensions in the VM when the VM is not running.".to_owned(),
                vec!["az vm start --ids".to_owned(), "/virtualmachines/vm1'".to_owned()],
            ),
            (
                ParkReason::WaitingForResource,
                "Creating the deployment would exceed the quota of '800'.".to_owned(),
                vec!["--resource-group 'rg'".to_owned()],
            ),
        ] {
            let found = of(reason, &words);
            assert!(parts.iter().all(|part| found.contains(part)), "{found}");
            assert!(!of(reason, "words that name nothing").is_empty());
        }
    }

    #[test]
    fn a_name_in_a_command_means_nothing_to_a_shell() {
        let words = "because of the deny assignment with name 'n' and Id 'i' at scope '/x/$(reboot)`y`'";
        assert!(of(ParkReason::DenyAssignment, words).contains("--url '/x/$(reboot)`y`/providers"));
        assert_eq!(shell("o'neill"), r"'o'\''neill'");
    }
}
