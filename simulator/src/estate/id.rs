//! A Resource Manager id as a value: it keeps the casing it was written with and compares without it, because the
//! service hands the same id back in several casings. It knows the shape of ids, not what exists.

use super::casing;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// An id such as `/subscriptions/{id}/resourceGroups/{rg}/providers/{namespace}/{type}/{name}`.
#[derive(Clone)]
pub struct ArmId {
    text: Arc<str>,
    lower: Arc<str>,
}

impl ArmId {
    /// Takes any text: a leading slash is added, doubled and trailing slashes are dropped.
    pub fn new(text: impl AsRef<str>) -> Self {
        let mut normal = String::with_capacity(text.as_ref().len() + 1);
        for segment in text.as_ref().split('/').filter(|segment| !segment.is_empty()) {
            normal.push('/');
            normal.push_str(segment);
        }
        let (lower, text) = (casing::lower(&normal), Arc::from(normal));
        // Many ids come in lower case, and there are as many as resources.
        let lower = if lower == *text { Arc::clone(&text) } else { Arc::from(lower) };
        Self { text, lower }
    }

    /// The id as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id in lower case, the way Policy Insights answers with it.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// The last segment, in the casing it was written with; empty for the tenant root.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The segments, in the casing they were written with.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1)
    }

    /// Whether this id is `other` or, by its text, lies below it. Management groups do not contain subscriptions by
    /// text; that takes [`Estate::covers`](crate::estate::Estate::covers).
    pub fn is_within(&self, other: &ArmId) -> bool {
        self.lower.strip_prefix(&*other.lower).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The subscription's id (the GUID), when there is one.
    pub fn subscription(&self) -> Option<&str> {
        self.value_after("subscriptions", 0)
    }

    /// The resource group's name, when there is one.
    pub fn resource_group(&self) -> Option<&str> {
        self.subscription()?;
        self.value_after("resourcegroups", 2)
    }

    /// The management group's name, when the id starts with one.
    pub fn management_group(&self) -> Option<&str> {
        let mut segments = self.segments();
        let is_group = segments.next().is_some_and(|s| s.eq_ignore_ascii_case("providers"))
            && segments.next().is_some_and(|s| s.eq_ignore_ascii_case("microsoft.management"))
            && segments.next().is_some_and(|s| s.eq_ignore_ascii_case("managementgroups"));
        if is_group { segments.next() } else { None }
    }

    /// `{namespace}/{type}[/{nested type}…]` of the last provider segment, as written; `None` for ids that name no
    /// provider's resource.
    pub fn resource_type(&self) -> Option<String> {
        let segments: Vec<&str> = self.segments().collect();
        let at = segments.iter().rposition(|s| s.eq_ignore_ascii_case("providers"))?;
        let rest = segments.get(at + 1..)?;
        let (namespace, pairs) = rest.split_first()?;
        if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
            return None;
        }
        let mut kind = (*namespace).to_owned();
        for segment in pairs.iter().step_by(2) {
            kind.push('/');
            kind.push_str(segment);
        }
        Some(kind)
    }

    /// What stands before the last provider segment: the scope that an extension resource such as a policy assignment
    /// is attached to. The tenant root is the empty id.
    pub fn parent_scope(&self) -> ArmId {
        match self.lower.rfind("/providers/") {
            Some(at) => ArmId::new(self.text.get(..at).unwrap_or_default()),
            None => ArmId::new(""),
        }
    }

    /// The same id with everything from its last provider segment on in lower case, as policy events carry it.
    pub fn with_lower_provider(&self) -> String {
        match self.lower.rfind("/providers/").and_then(|at| self.text.get(..at).zip(self.lower.get(at..))) {
            Some((scope, provider)) => format!("{scope}{provider}"),
            None => self.as_str().to_owned(),
        }
    }

    fn value_after(&self, keyword: &str, at: usize) -> Option<&str> {
        let mut segments = self.segments().skip(at);
        segments.next().filter(|s| s.eq_ignore_ascii_case(keyword))?;
        segments.next()
    }
}

impl PartialEq for ArmId {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}
impl Eq for ArmId {}
impl PartialOrd for ArmId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ArmId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.lower.cmp(&other.lower)
    }
}
impl Hash for ArmId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}
impl fmt::Display for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for ArmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
impl From<&str> for ArmId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
impl From<String> for ArmId {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}
impl Serialize for ArmId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
impl<'de> Deserialize<'de> for ArmId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VM: &str = "/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Compute/virtualMachines/Vm1";

    #[test]
    fn ids_compare_without_case_and_slashes() {
        assert_eq!(ArmId::new(VM), ArmId::new(VM.to_uppercase()));
        assert_eq!(ArmId::new("//subscriptions//S1/"), ArmId::new("/Subscriptions/s1"));
        assert_ne!(ArmId::new("/subscriptions/s1"), ArmId::new("/subscriptions/s10"));
    }

    #[test]
    fn parts_of_an_id() {
        let nested = ArmId::new(format!("{VM}/extensions/Ext"));
        let assignment = ArmId::new("/subscriptions/S1/providers/Microsoft.Authorization/policyAssignments/A1");
        let group = ArmId::new("/providers/Microsoft.Management/managementGroups/Mg1");
        for (id, subscription, rg, mg, kind, name) in [
            (ArmId::new(VM), Some("S1"), Some("Rg1"), None, Some("Microsoft.Compute/virtualMachines"), "Vm1"),
            (nested, Some("S1"), Some("Rg1"), None, Some("Microsoft.Compute/virtualMachines/extensions"), "Ext"),
            (assignment, Some("S1"), None, None, Some("Microsoft.Authorization/policyAssignments"), "A1"),
            (group, None, None, Some("Mg1"), Some("Microsoft.Management/managementGroups"), "Mg1"),
            (ArmId::new("/subscriptions/S1"), Some("S1"), None, None, None, "S1"),
            (ArmId::new("/subscriptions/S1/resourceGroups/R"), Some("S1"), Some("R"), None, None, "R"),
            (ArmId::new(""), None, None, None, None, ""),
        ] {
            assert_eq!(id.subscription(), subscription, "{id}");
            assert_eq!(id.resource_group(), rg, "{id}");
            assert_eq!(id.management_group(), mg, "{id}");
            assert_eq!(id.resource_type().as_deref(), kind, "{id}");
            assert_eq!(id.name(), name, "{id}");
        }
    }

    #[test]
    fn containment_is_by_segment() {
        let group = ArmId::new("/subscriptions/s1/resourcegroups/rg1");
        assert!(ArmId::new(VM).is_within(&group));
        assert!(group.is_within(&group));
        assert!(!ArmId::new("/subscriptions/s1/resourcegroups/rg10").is_within(&group));
        assert!(!group.is_within(&ArmId::new(VM)));
    }

    #[test]
    fn extension_ids_know_their_scope_and_lower_their_provider() {
        let id =
            ArmId::new("/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Authorization/policyAssignments/A");
        assert_eq!(id.parent_scope().as_str(), "/subscriptions/S1/resourceGroups/Rg");
        assert_eq!(
            id.with_lower_provider(),
            "/subscriptions/S1/resourceGroups/Rg/providers/microsoft.authorization/policyassignments/a"
        );
        assert_eq!(ArmId::new("/providers/Microsoft.Authorization/policyDefinitions/D").parent_scope(), ArmId::new(""));
    }
}
