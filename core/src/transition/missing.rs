//! Whether what an error reports as missing is the resource itself or what holds it. A template refers to other things, such
//! as a workspace, and their end is not the resource's: so the error must name the resource, its parent, its group or its
//! subscription, whole and in quotes.

use crate::id::ResourceId;

/// Whether an error of the class `gone` says so of `resource`; code and message folded.
pub(crate) fn is_own_end(code: &str, message: &str, resource: &ResourceId) -> bool {
    let group = resource.resource_group();
    let group = group.as_ref().and_then(|group| group.as_str().rsplit('/').next());
    match code {
        "subscriptionnotfound" => is_quoted(message, resource.subscription().as_str()),
        "resourcegroupnotfound" => group.is_some_and(|group| is_quoted(message, group)),
        _ => {
            // "The Resource 'type/name' under resource group 'group' was not found", "Parent resource 'name' not found".
            let (missing, holder) = (quoted_after(message, "resource "), quoted_after(message, "resource group "));
            let in_its_group = holder.is_none() || holder == group;
            in_its_group
                && match missing {
                    Some(missing) => with_parents(resource).iter().any(|id| id.is(missing)),
                    None => with_parents(resource)
                        .iter()
                        .any(|id| is_quoted(message, &id.whole) || is_quoted(message, &id.typed)),
                }
        }
    }
}

/// How the service names the resource or a parent of it.
#[derive(Debug, Default)]
struct Names {
    /// The id.
    whole: String,
    /// The part of it from the last namespace on: types and names in turn.
    typed: String,
    /// Its name behind those of its parents.
    behind: String,
    /// Its name. Many a thing may have the same.
    own: String,
}

impl Names {
    fn is(&self, name: &str) -> bool {
        !name.is_empty() && [&self.whole, &self.typed, &self.behind, &self.own].into_iter().any(|known| known == name)
    }
}

/// The resource and its parents.
fn with_parents(resource: &ResourceId) -> Vec<Names> {
    let mut parts = resource.as_str().split("/providers/");
    let mut home = parts.next().unwrap_or_default().to_owned();
    let whole = resource.as_str().to_owned();
    let mut ids = vec![Names { typed: whole.clone(), whole, ..Names::default() }];
    for part in parts {
        let segments: Vec<_> = part.split('/').collect();
        for end in (3..=segments.len()).step_by(2) {
            let typed = segments[..end].join("/");
            ids.push(Names {
                whole: format!("{home}/providers/{typed}"),
                behind: segments[2..end].iter().step_by(2).copied().collect::<Vec<_>>().join("/"),
                own: segments[end - 1].to_owned(),
                typed,
            });
        }
        home = format!("{home}/providers/{part}");
    }
    ids
}

/// Whether the name stands in quotes and alone in them.
fn is_quoted(message: &str, name: &str) -> bool {
    let quote = |c: Option<char>| matches!(c, Some('\'' | '"'));
    message.match_indices(name).any(|(start, _)| {
        quote(message[..start].chars().next_back()) && quote(message[start + name.len()..].chars().next())
    })
}

/// What stands in quotes right after these words.
fn quoted_after<'a>(message: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(&format!("{words}'"))?;
    rest.split_once('\'').map(|(quoted, _)| quoted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::fold;

    const SUB: &str = "086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn is_gone(resource: &str, code: &str, message: &str) -> bool {
        let id = format!("/subscriptions/{SUB}/resourceGroups/{resource}").parse().unwrap();
        is_own_end(code, &fold(message), &id)
    }

    const DATABASE: &str = "rg/providers/Microsoft.Sql/servers/srv1/databases/db1";

    #[test]
    fn the_end_of_what_holds_the_resource_is_its_own() {
        let rule = |code, message: &str| is_gone(DATABASE, code, message);
        for subscription in [SUB, "35ee058e-5fa0-414c-8145-3ebb8d09b6e2"] {
            let message = format!("The subscription '{subscription}' could not be found.");
            assert_eq!(rule("subscriptionnotfound", &message), subscription == SUB, "{subscription}");
        }
        for (group, own) in [("rg", true), ("RG", true), ("hub", false), ("rg2", false), ("my-rg", false)] {
            let message = format!("Resource group '{group}' could not be found.");
            assert_eq!(rule("resourcegroupnotfound", &message), own, "{group}");
        }
        for (parent, own) in [("srv1", true), ("srv1/db1", true), ("srv10", false), ("srv", false), ("logs", false)] {
            let message = format!(
                "Can not perform requested operation on nested resource. Parent resource '{parent}' not found."
            );
            assert_eq!(rule("parentresourcenotfound", &message), own, "{parent}");
        }
    }

    #[test]
    fn a_resource_that_is_not_found_is_known_by_type_and_name_in_its_own_group() {
        for (missing, group, own) in [
            ("Microsoft.Sql/servers/srv1", "rg", true),
            ("Microsoft.Sql/servers/srv1/databases/db1", "RG", true),
            ("Microsoft.Sql/servers/srv1", "other", false),
            ("Microsoft.Sql/servers/srv1/databases/db10", "rg", false),
            ("Microsoft.OperationalInsights/workspaces/logs", "rg", false),
            ("Microsoft.OperationalInsights/workspaces/srv1", "rg", false),
        ] {
            let message = format!("The Resource '{missing}' under resource group '{group}' was not found.");
            assert_eq!(is_gone(DATABASE, "resourcenotfound", &message), own, "{missing} in {group}");
            // What a modify reports names the resource first, whatever is missing.
            let id = format!("/subscriptions/{SUB}/resourceGroups/{DATABASE}");
            let patch = format!(
                "Failed to remediate resource: '{id}'. The 'PATCH' request failed with status code: 'NotFound'."
            );
            assert!(is_gone(DATABASE, "", &patch));
            assert_eq!(
                is_gone(DATABASE, "", &format!("{patch} Inner Error: '{message}'")),
                own,
                "{missing} in {group}"
            );
        }
    }

    #[test]
    fn a_short_name_or_one_that_a_workspace_has_too_is_not_found_in_its_words() {
        for name in ["a", "logs", "resource", "hub"] {
            let resource = format!("rg/providers/Microsoft.Storage/storageAccounts/{name}");
            let workspace = "The Resource 'Microsoft.OperationalInsights/workspaces/logs' under resource group 'hub' was not found.";
            assert!(!is_gone(&resource, "resourcenotfound", workspace), "{name}");
            for loose in [
                "The resource '' was not found.",
                "A workspace, /workspaces/logs, was not found.",
                "The workspace 'logs' was not found.",
            ] {
                assert!(!is_gone(&resource, "resourcenotfound", loose), "{name}");
            }
            let own = format!(
                "The Resource 'Microsoft.Storage/storageAccounts/{name}' under resource group 'rg' was not found."
            );
            assert!(is_gone(&resource, "resourcenotfound", &own), "{name}");
        }
    }

    #[test]
    fn a_group_and_an_extension_are_known_too() {
        let remediated = |id: &str| {
            format!("The resource being remediated '/subscriptions/{SUB}/resourceGroups/{id}' could not be retrieved.")
        };
        let extension =
            "rg/providers/Microsoft.Compute/virtualMachines/vm/providers/Microsoft.Insights/diagnosticSettings/x";
        for resource in ["rg", DATABASE, extension] {
            assert!(is_gone(resource, "remediatedresourcenotfound", &remediated(resource)), "{resource}");
            assert!(!is_gone(resource, "", &remediated("elsewhere")), "{resource}");
        }
        assert!(is_gone(
            extension,
            "",
            "The Resource 'Microsoft.Compute/virtualMachines/vm' under resource group 'rg' was not found."
        ));
    }
}
