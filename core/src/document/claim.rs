//! What a target's task may change, so that no other task does at the same time. All claims of a subscription are read in every
//! pass of each of its targets, so resources stand there as digests; that is enough to tell whether two tasks meet.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{IdDigest, ResourceId, Scope};

use super::task_name::TaskName;

/// What a target's task may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The task.
    pub task: TaskName,
    /// What it may change.
    #[serde(flatten)]
    pub on: Claimed,
}

/// Resources, or a scope with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Claimed {
    /// These resources.
    Resources(ClaimedResources),
    /// Everything in this scope, for all targets.
    Scope(Scope),
}

/// Resources of one subscription, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct ClaimedResources {
    ids: BTreeSet<IdDigest>,
    /// The resource groups in which they lie.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    groups: BTreeSet<IdDigest>,
}

impl ClaimedResources {
    /// Whether the resource is among them.
    #[must_use]
    pub fn holds(&self, resource: &IdDigest) -> bool {
        self.ids.contains(resource)
    }

    /// Their digests.
    pub fn ids(&self) -> impl Iterator<Item = &IdDigest> {
        self.ids.iter()
    }

    /// Whether one of them may lie in the scope, which is of the same subscription: what lies in a resource, digests do not tell.
    #[must_use]
    pub fn touch(&self, scope: &Scope) -> bool {
        let held_by = scope.container();
        held_by.is_whole_subscription() || self.groups.contains(&IdDigest::from(&held_by))
    }
}

impl<'a> FromIterator<&'a ResourceId> for ClaimedResources {
    fn from_iter<T: IntoIterator<Item = &'a ResourceId>>(resources: T) -> Self {
        let (mut ids, mut groups) = (BTreeSet::new(), BTreeSet::new());
        for resource in resources {
            ids.insert(IdDigest::from(resource));
            groups.extend(resource.resource_group().as_ref().map(IdDigest::from));
        }
        Self { ids, groups }
    }
}

/// The form in documents. A list of whole ids, as a person may have written it, is understood too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Digests {
        ids: BTreeSet<IdDigest>,
        #[serde(default)]
        groups: BTreeSet<IdDigest>,
    },
    Ids(Vec<ResourceId>),
}

impl From<Written> for ClaimedResources {
    fn from(written: Written) -> Self {
        match written {
            Written::Digests { ids, groups } => Self { ids, groups },
            Written::Ids(ids) => ids.iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{SUB, installation, resource, target};

    #[test]
    fn a_claim_says_in_one_word_what_it_is_on() {
        let task = TaskName::new(&installation(), &target().hash(), 1);
        for on in [Claimed::Resources([&resource(1)].into_iter().collect()), Claimed::Scope(target().scope)] {
            let claim = Claim { task: task.clone(), on };
            let json = serde_json::to_value(&claim).unwrap();
            let word = if matches!(claim.on, Claimed::Scope(_)) { "scope" } else { "resources" };
            assert!(json.get(word).is_some() && json.get("task").is_some(), "{json}");
            assert_eq!(serde_json::from_value::<Claim>(json).unwrap(), claim);
        }
    }

    #[test]
    fn ids_are_understood_and_a_hundred_take_little_room() {
        let ids: Vec<_> = (0..100).map(resource).collect();
        let claimed: ClaimedResources = ids.iter().collect();
        let text: Vec<_> = ids.iter().map(ResourceId::as_str).collect();
        assert_eq!(serde_json::from_value::<ClaimedResources>(text.into()).unwrap(), claimed);
        assert!(serde_json::to_string(&claimed).unwrap().len() < 100 * 11 + 50);
    }

    #[test]
    fn resources_touch_their_own_group_and_the_subscription_and_no_other_group() {
        let scope = |text: &str| -> Scope { format!("{SUB}{text}").parse().unwrap() };
        let claimed: ClaimedResources = [&resource(1)].into_iter().collect();
        for (text, touches) in [("", true), ("/resourceGroups/RG", true), ("/resourceGroups/rg2", false)] {
            assert_eq!(claimed.touch(&scope(text)), touches, "{text}");
        }
    }
}
