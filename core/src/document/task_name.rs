//! How a remediation task of ours is named, and which names are ours.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::TargetHash;

use super::installation::InstallationId;

/// The name of a remediation task of ours: `pr-{installation}-{target hash}-{sequence}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskName(String);

impl TaskName {
    /// The name of the target's task with this number.
    #[must_use]
    pub fn new(installation: &InstallationId, target: &TargetHash, sequence: u64) -> Self {
        Self(format!("pr-{installation}-{target}-{sequence}"))
    }

    /// The name, if it is one that this installation gives to its tasks, and the target whose task it is. A name of another
    /// installation, or of a person, says nothing of its target.
    #[must_use]
    pub fn of_ours(name: &str, installation: &InstallationId) -> Option<(Self, TargetHash)> {
        let name = name.to_ascii_lowercase();
        let (hash, sequence) = name.strip_prefix(&format!("pr-{installation}-"))?.split_once('-')?;
        let is_number = !sequence.is_empty() && sequence.bytes().all(|b| b.is_ascii_digit());
        let hash = hash.parse().ok().filter(|_| is_number)?;
        Some((Self(name), hash))
    }

    /// The name as it stands in a document's metadata.
    pub(crate) fn stored(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Names in few letters: after one that is whole come those that differ from it in their number, as numbers.
    pub(crate) fn to_list<'a>(names: impl Iterator<Item = &'a Self>) -> String {
        let mut all = String::new();
        let mut before = "";
        for (beginning, number) in names.filter_map(|name| name.0.rsplit_once('-')) {
            if !all.is_empty() {
                all.push(',');
            }
            if beginning != before {
                all.push_str(beginning);
                all.push('-');
            }
            all.push_str(number);
            before = beginning;
        }
        all
    }

    /// The names of such a list.
    pub(crate) fn from_list(list: &str) -> Vec<Self> {
        let mut beginning = "";
        let name = |item| match str::rsplit_once(item, '-') {
            Some((before, _)) => {
                beginning = before;
                Self(item.to_owned())
            }
            None => Self(format!("{beginning}-{item}")),
        };
        list.split(',').map(name).collect()
    }

    /// The number in the name.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.0.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{installation, target};

    #[test]
    fn a_name_tells_whose_it_is_in_any_casing() {
        let name = TaskName::new(&installation(), &target().hash(), 7);
        assert_eq!(name.sequence(), 7);
        for text in [name.to_string(), name.to_string().to_uppercase()] {
            assert_eq!(TaskName::of_ours(&text, &installation()), Some((name.clone(), target().hash())));
            assert_eq!(TaskName::of_ours(&text, &"other".parse().unwrap()), None);
        }
        let hash = target().hash();
        for foreign in [
            "by-hand".to_owned(),
            format!("pr-{}-{hash}-", installation()),
            format!("pr-{}-{hash}-7x", installation()),
            format!("pr-{}-nothex-7", installation()),
            format!("pr-{hash}-7"),
        ] {
            assert_eq!(TaskName::of_ours(&foreign, &installation()), None, "{foreign}");
        }
    }
}
