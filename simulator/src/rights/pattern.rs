//! Patterns of actions: `*` stands for any text, slashes included, and letter case does not matter (Microsoft
//! documentation: "Understand Azure role definitions").

/// Whether a pattern matches an action. Another pattern may stand for the action: its `*` is taken as a character, so the
/// answer is whether everything that it matches is matched.
pub(crate) fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = action.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Whether there is an action that both patterns match.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let one: Vec<u8> = one.to_ascii_lowercase().into_bytes();
    let other: Vec<u8> = other.to_ascii_lowercase().into_bytes();
    // `meets[j]`: whether what is left of `one` from here on and of `other` from j on have a word in common.
    let mut meets = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let below = meets.clone();
        for j in (0..=other.len()).rev() {
            let (a, b) = (one.get(i).copied(), other.get(j).copied());
            // A star ends here, or takes in what the other pattern has next.
            let right = j < other.len() && meets[j + 1];
            let down = i < one.len() && below[j];
            meets[j] = match (a, b) {
                (None, None) => true,
                (Some(b'*'), _) | (_, Some(b'*')) => right || down,
                (Some(a), Some(b)) => a == b && below[j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
    }
    meets[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_spans_slashes_and_case_does_not_matter() {
        for (pattern, action, is_covered) in [
            ("*", "Microsoft.Storage/storageAccounts/write", true),
            ("*/read", "microsoft.authorization/policyAssignments/READ", true),
            ("*/read", "Microsoft.Authorization/policyAssignments/write", false),
            ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/write", true),
            ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/write", false),
            ("Microsoft.Insights/diagnosticSettings/*", "Microsoft.Insights/diagnosticSettings/write", true),
            ("Microsoft.ServiceBus/*/send/action", "Microsoft.ServiceBus/namespaces/messages/send/action", true),
            ("a/b", "a/b", true),
            ("a/b", "a/b/c", false),
            ("a*a", "a", false),
            ("Microsoft.Resources/deployments/*", "Microsoft.Resources/deployments/*", true),
            ("*/read", "*", false),
            ("*", "*/read", true),
        ] {
            assert_eq!(covers(pattern, action), is_covered, "{pattern} over {action}");
        }
    }

    #[test]
    fn patterns_overlap_when_one_action_fits_both() {
        for (one, other, meets) in [
            ("*/read", "Microsoft.Authorization/*/Delete", false),
            ("*/read", "Microsoft.Authorization/*", true),
            ("Microsoft.Support/*", "Microsoft.Authorization/*/write", false),
            ("*", "a", true),
            ("a*", "*b", true),
            ("a*c", "ab*d", false),
            ("", "*", true),
            ("", "a", false),
            ("a", "a", true),
        ] {
            assert_eq!(overlap(one, other), meets, "{one} and {other}");
            assert_eq!(overlap(other, one), meets, "{other} and {one}");
        }
    }
}
