//! A management group's id. Only its name stands in it, whatever the groups above are.

use serde::{Deserialize, Serialize};

use crate::id::path;

use super::path::{IdError, text_form};

/// Longest name (Microsoft documentation, "Naming rules and restrictions for Azure resources").
const LONGEST: usize = 90;

/// The folded id of a management group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ManagementGroup(String);

impl ManagementGroup {
    const HOME: &str = "/providers/microsoft.management/managementgroups/";

    /// The canonical ARM id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::shape("the id of a management group", text);
        let segments = path::segments(text)?;
        let [p, m, g, name] = segments.as_slice() else { return Err(wrong()) };
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
        let fits = name.len() <= LONGEST && name.chars().all(is_name);
        let is_one = p == "providers" && m == "microsoft.management" && g == "managementgroups" && fits;
        if is_one { Ok(Self(format!("{}{name}", Self::HOME))) } else { Err(wrong()) }
    }
}

text_form!(ManagementGroup);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_told_from_whatever_else_has_its_shape() {
        let group: ManagementGroup = "/providers/Microsoft.Management/managementGroups/Corp-1/".parse().unwrap();
        assert_eq!(group.as_str(), "/providers/microsoft.management/managementgroups/corp-1");
        for other in [
            "",
            "corp",
            "/providers/Microsoft.Management/managementGroups",
            "/providers/Microsoft.Management/managementGroups/a/b",
            "/providers/Microsoft.Management/managementGroups/a b",
            "/providers/Microsoft.Management/managementGroups/..",
            "/providers/Microsoft.Other/managementGroups/a",
            "/subscriptions/00000000-0000-0000-0000-000000000001",
        ] {
            assert!(other.parse::<ManagementGroup>().is_err(), "{other}");
        }
        assert!(format!("{}{}", ManagementGroup::HOME, "a".repeat(91)).parse::<ManagementGroup>().is_err());
    }
}
