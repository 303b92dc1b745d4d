//! Selectors: which policies of an initiative an override means, and which resources an assignment lets in. Some ask for what cannot be
//! seen from outside, as a share of all resources or who makes a request: there the policy state decides.

use crate::id::fold;

/// What a selector looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectorKind {
    /// `policyDefinitionReferenceId`.
    Reference,
    /// `resourceType`.
    ResourceType,
    /// `resourceLocation`, `resourceWithoutLocation`, and whatever else cannot be told from an id.
    Unseen,
}

/// One selector: `in`, or `notIn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// What it looks at.
    pub kind: SelectorKind,
    /// Its values, folded.
    pub values: Vec<String>,
    /// Whether the values are those that are left out.
    pub is_exclusion: bool,
}

/// What an override changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverrideKind {
    /// `policyEffect`.
    Effect,
    /// `definitionVersion`.
    Version,
    /// A kind that is not known.
    Other(String),
}

/// An override of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// What it changes.
    pub kind: OverrideKind,
    /// To what.
    pub value: String,
    /// For which; all of these must hold.
    pub selectors: Vec<Selector>,
}

/// Whether something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That cannot be told from outside.
    Unknown,
}

impl Selected {
    /// Both of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// One of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }
}

impl Selector {
    /// Whether it means the policy with this reference id, of a resource whose type has these spellings; none is any.
    fn means(&self, reference: Option<&str>, spellings: &[String]) -> Selected {
        let is_listed = match (&self.kind, reference) {
            (SelectorKind::Reference, Some(reference)) => self.values.contains(&fold(reference.trim())),
            (SelectorKind::ResourceType, _) if !spellings.is_empty() => {
                spellings.iter().any(|spelling| self.values.contains(&fold(spelling)))
            }
            (SelectorKind::Reference | SelectorKind::ResourceType | SelectorKind::Unseen, _) => {
                return Selected::Unknown;
            }
        };
        if is_listed == self.is_exclusion { Selected::No } else { Selected::Yes }
    }
}

impl Override {
    /// Whether it means the policy with this reference id.
    #[must_use]
    pub fn means(&self, reference: Option<&str>) -> Selected {
        self.selectors.iter().fold(Selected::Yes, |all, one| all.and(one.means(reference, &[])))
    }
}

/// Whether the assignment's `resourceSelectors` let in a resource whose type has these spellings: one of them is enough, each with all its
/// selectors.
#[must_use]
pub fn lets_in(resource_selectors: &[Vec<Selector>], spellings: &[String]) -> Selected {
    if resource_selectors.is_empty() {
        return Selected::Yes;
    }
    let one = |selectors: &Vec<Selector>| {
        selectors.iter().fold(Selected::Yes, |all, one| all.and(one.means(None, spellings)))
    };
    resource_selectors.iter().map(one).fold(Selected::No, Selected::or)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(kind: SelectorKind, values: &[&str], is_exclusion: bool) -> Selector {
        Selector { kind, values: values.iter().map(|value| fold(value)).collect(), is_exclusion }
    }

    #[test]
    fn what_cannot_be_seen_is_unknown_and_no_guess() {
        let storage = selector(SelectorKind::ResourceType, &["Microsoft.Storage/storageAccounts"], false);
        let not_storage = Selector { is_exclusion: true, ..storage.clone() };
        let region = selector(SelectorKind::Unseen, &["westeurope"], false);
        let of = |all: &[Vec<Selector>]| lets_in(all, &["microsoft.storage/STORAGEACCOUNTS".to_owned()]);
        assert_eq!(of(&[]), Selected::Yes);
        assert_eq!(of(&[vec![storage.clone()]]), Selected::Yes);
        assert_eq!(of(&[vec![not_storage.clone()]]), Selected::No);
        assert_eq!(of(&[vec![region.clone()]]), Selected::Unknown);
        assert_eq!(of(&[vec![not_storage.clone(), region.clone()]]), Selected::No, "all of one must hold");
        assert_eq!(of(&[vec![not_storage], vec![region]]), Selected::Unknown, "one of them is enough");
    }

    #[test]
    fn an_override_means_the_references_that_it_names() {
        let effect = |selectors| Override { kind: OverrideKind::Effect, value: "audit".to_owned(), selectors };
        assert_eq!(effect(Vec::new()).means(None), Selected::Yes);
        let named = effect(vec![selector(SelectorKind::Reference, &["Tags"], false)]);
        assert_eq!((named.means(Some("TAGS")), named.means(Some("other"))), (Selected::Yes, Selected::No));
        let place = effect(vec![selector(SelectorKind::Unseen, &["westeurope"], true)]);
        assert_eq!(place.means(Some("tags")), Selected::Unknown);
    }
}
