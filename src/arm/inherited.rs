//! Assignments of management groups are in the lists of all subscriptions, and are kept once; and what an assignment takes in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use remediation::fact::{AssignedPolicy, Assignment, Terms};

/// The assignments of management groups, each kept once as long as the list of any subscription has it.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    all: Mutex<HashMap<String, Weak<Assignment>>>,
}

impl Inherited {
    /// The one that is kept already, if it says the same.
    pub(super) fn one(&self, assignment: Assignment) -> Arc<Assignment> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.get(&assignment.id).and_then(Weak::upgrade).filter(|kept| **kept == assignment) {
            return kept;
        }
        if all.len() == all.capacity() {
            all.retain(|_, kept| kept.strong_count() > 0);
        }
        let kept = Arc::new(assignment);
        all.insert(kept.id.clone(), Arc::downgrade(&kept));
        kept
    }
}

pub(super) fn is_inherited(assignment: &Assignment) -> bool {
    assignment.id.starts_with("/providers/microsoft.management/managementgroups/")
}

/// What an assignment takes in memory, by estimate.
pub(super) fn size_of_assignment(assignment: &Assignment) -> usize {
    let policy = match &assignment.policy {
        AssignedPolicy::Definition(text) | AssignedPolicy::Unreadable(text) => text.len(),
        AssignedPolicy::Set(id) => id.as_str().len(),
    };
    let scopes: usize = assignment.not_scopes.iter().map(|scope| scope.len() + size_of::<String>()).sum();
    let texts = [&assignment.principal, &assignment.user_assigned, &assignment.effective_version];
    let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
    let terms = assignment.terms.as_deref().map_or(0, size_of_terms);
    size_of::<Assignment>() + assignment.id.len() + policy + scopes + texts + terms + 64
}

fn size_of_terms(terms: &Terms) -> usize {
    let parameters: usize = terms.parameters.iter().map(|(name, value)| name.len() + value.len() + 96).sum();
    let selectors = terms.overrides.iter().map(|one| &one.selectors).chain(&terms.resource_selectors).flatten();
    let values: usize = selectors.map(|one| one.values.iter().map(|value| value.len() + 24).sum::<usize>() + 64).sum();
    size_of::<Terms>() + parameters + values + terms.overrides.len() * 64
}
