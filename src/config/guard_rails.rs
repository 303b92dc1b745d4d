//! What the worker must keep its hands off. Exclusion wins over inclusion, and a pattern that cannot be read stops the start:
//! a guard rail that is not understood must not become an open gate.
//!
//! Patterns are globs without regard to case; `*` also matches `/`. One without a `/` is matched against an assignment's name,
//! one with a `/` against its whole id. A scope pattern excludes what it matches and everything below.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};

use crate::resource::{AssignmentId, ResourceId, Scope};
use crate::state::SkipReason;

/// The guard rails of the settings `INCLUDE_ASSIGNMENTS`, `EXCLUDE_ASSIGNMENTS`, `EXCLUDE_SCOPES`, `EXCLUDE_RESOURCE_TYPES` and
/// `REMEDIATE_DO_NOT_ENFORCE`.
#[derive(Debug, Clone)]
pub struct GuardRails {
    include: Patterns,
    exclude: Patterns,
    scopes: Patterns,
    types: Patterns,
    /// Whether assignments with enforcement mode `DoNotEnforce` are remediated.
    pub remediate_do_not_enforce: bool,
}

impl Default for GuardRails {
    /// Everything is allowed but what is not enforced.
    fn default() -> Self {
        let all = Patterns::parse("*").unwrap_or_default();
        let none = Patterns::default;
        Self { include: all, exclude: none(), scopes: none(), types: none(), remediate_do_not_enforce: false }
    }
}

/// A list of globs.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    globs: GlobSet,
    texts: Vec<String>,
}

impl Patterns {
    /// Reads a list separated by commas, semicolons or line ends. None when a pattern cannot be read.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let texts: Vec<String> =
            text.split([',', ';', '\n']).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
        let mut builder = GlobSetBuilder::new();
        for text in &texts {
            let text = text.trim_end_matches('/');
            builder.add(GlobBuilder::new(text).case_insensitive(true).literal_separator(false).build().ok()?);
        }
        Some(Self { globs: builder.build().ok()?, texts })
    }

    /// The same for scopes: only what an id of a resource can tell.
    pub(super) fn parse_scopes(text: &str) -> Option<Self> {
        let below_subscription =
            |text: &String| text.starts_with('*') || text.to_ascii_lowercase().starts_with("/subscriptions/");
        Self::parse(text).filter(|patterns| patterns.texts.iter().all(below_subscription))
    }

    fn match_id_or_name(&self, id: &str) -> bool {
        let name = id.rsplit('/').next().unwrap_or_default();
        let ids = self.globs.matches(id).into_iter().map(|place| (place, true));
        let names = self.globs.matches(name).into_iter().map(|place| (place, false));
        ids.chain(names).any(|(place, whole)| self.texts[place].contains('/') == whole || self.texts[place] == "*")
    }
}

impl GuardRails {
    pub(super) fn new(
        include: Patterns,
        exclude: Patterns,
        scopes: Patterns,
        types: Patterns,
        remediate_do_not_enforce: bool,
    ) -> Self {
        Self { include, exclude, scopes, types, remediate_do_not_enforce }
    }

    /// Why nothing of this assignment is remediated, if so.
    #[must_use]
    pub fn forbid_assignment(&self, assignment: &AssignmentId) -> Option<SkipReason> {
        if self.exclude.match_id_or_name(assignment.as_str()) {
            return Some(SkipReason::AssignmentExcluded);
        }
        (!self.include.match_id_or_name(assignment.as_str())).then_some(SkipReason::AssignmentNotIncluded)
    }

    /// Whether something in the scope could be excluded, now or later. A pattern is judged by the text before its first wildcard,
    /// so the answer is "yes" where that is not certain.
    #[must_use]
    pub fn may_exclude_within(&self, scope: &Scope) -> bool {
        let scope = scope.as_str();
        let reaches = |pattern: &String| {
            let fixed = pattern.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default().to_lowercase();
            scope.starts_with(&fixed) || fixed.starts_with(scope)
        };
        !self.types.texts.is_empty() || self.scopes.texts.iter().any(reaches)
    }

    /// Why this resource is not remediated, if so.
    #[must_use]
    pub fn forbid_resource(&self, resource: &ResourceId) -> Option<SkipReason> {
        if self.scopes.texts.is_empty() && self.types.texts.is_empty() {
            return None;
        }
        let id = resource.as_str();
        let ends = id.match_indices('/').map(|(at, _)| at).skip(1).chain([id.len()]);
        if ends.into_iter().any(|end| self.scopes.globs.is_match(&id[..end])) {
            return Some(SkipReason::ScopeExcluded);
        }
        self.types.globs.is_match(resource.resource_type()).then_some(SkipReason::TypeExcluded)
    }

    /// A short name for all that the guard rails say, whatever the order and the case of the patterns: what was left out under
    /// another one is to be judged anew.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for patterns in [&self.include, &self.exclude, &self.scopes, &self.types] {
            let texts: BTreeSet<String> =
                patterns.texts.iter().map(|text| text.trim_end_matches('/').to_lowercase()).collect();
            // No pattern holds a line end, so that each list has a text of its own.
            texts.iter().for_each(|text| hash.update(format!("+{text}\n")));
            hash.update("\n");
        }
        hash.update([u8::from(self.remediate_do_not_enforce)]);
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn rails(include: &str, exclude: &str, scopes: &str, types: &str) -> GuardRails {
        let parse = |text| Patterns::parse(text).unwrap();
        GuardRails::new(parse(include), parse(exclude), Patterns::parse_scopes(scopes).unwrap(), parse(types), false)
    }

    fn assignment(rails: &GuardRails, name: &str) -> Option<SkipReason> {
        rails.forbid_assignment(
            &format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/{name}").parse().unwrap(),
        )
    }

    fn resource(rails: &GuardRails, rest: &str) -> Option<SkipReason> {
        rails.forbid_resource(&format!("{SUB}{rest}").parse().unwrap())
    }

    #[test]
    fn exclusion_wins_and_names_are_matched_without_case() {
        let rails = rails("Deploy-*, */policyassignments/tag", "deploy-secret*", "", "");
        assert_eq!(assignment(&rails, "deploy-Logs"), None);
        assert_eq!(assignment(&rails, "tag"), None);
        assert_eq!(assignment(&rails, "Deploy-Secrets"), Some(SkipReason::AssignmentExcluded));
        assert_eq!(assignment(&rails, "audit"), Some(SkipReason::AssignmentNotIncluded));
        assert_eq!(assignment(&GuardRails::default(), "anything"), None);
    }

    #[test]
    fn a_scope_excludes_everything_below_it_and_no_namesake() {
        let rails = rails("*", "", &format!("{SUB}/resourceGroups/prod*,*/resourcegroups/rg1/"), "");
        let storage = "/providers/Microsoft.Storage/storageAccounts/a";
        assert_eq!(resource(&rails, &format!("/resourceGroups/Prod-1{storage}")), Some(SkipReason::ScopeExcluded));
        assert_eq!(resource(&rails, "/resourceGroups/prod"), Some(SkipReason::ScopeExcluded));
        assert_eq!(resource(&rails, &format!("/resourceGroups/rg1{storage}")), Some(SkipReason::ScopeExcluded));
        assert_eq!(resource(&rails, &format!("/resourceGroups/rg12{storage}")), None);
        assert_eq!(resource(&rails, ""), None);
    }

    #[test]
    fn whether_a_scope_could_hold_something_excluded_is_answered_on_the_safe_side() {
        let within = |scopes: &str, types: &str, scope: &str| {
            rails("*", "", scopes, types).may_exclude_within(&format!("{SUB}{scope}").parse().unwrap())
        };
        assert!(!within("", "", ""));
        assert!(within("", "Microsoft.Sql/*", ""));
        assert!(within("*-prod", "", "/resourceGroups/rg"));
        assert!(within(&format!("{SUB}/resourceGroups/Prod*"), "", ""));
        assert!(within(&format!("{SUB}/resourceGroups/rg/providers/a.b/c/d"), "", "/resourceGroups/rg"));
        assert!(!within(&format!("{SUB}/resourceGroups/prod"), "", "/resourceGroups/rg"));
        assert!(!within("/subscriptions/00000000-0000-0000-0000-000000000001/*", "", ""));
    }

    #[test]
    fn a_type_is_the_whole_type_of_the_resource() {
        let rails = rails("*", "", "", "Microsoft.Sql/servers/databases; microsoft.compute/*");
        assert_eq!(
            resource(&rails, "/resourceGroups/r/providers/Microsoft.Sql/servers/s/databases/d"),
            Some(SkipReason::TypeExcluded)
        );
        assert_eq!(resource(&rails, "/resourceGroups/r/providers/Microsoft.Sql/servers/s"), None);
        assert_eq!(
            resource(&rails, "/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v"),
            Some(SkipReason::TypeExcluded)
        );
    }

    #[test]
    fn the_digest_changes_with_what_is_said_and_not_with_how_it_is_written() {
        let digest =
            |include: &str, exclude: &str, scopes: &str, types: &str| rails(include, exclude, scopes, types).digest();
        let group = format!("{SUB}/resourceGroups/rg");
        let one = digest("a,b", "c", &group, "Microsoft.Sql/*");
        assert_eq!(one, digest(" B ; a,A", "C", &format!("{group}/"), "microsoft.sql/*"));
        for other in [
            digest("a,b,c", "", &group, "Microsoft.Sql/*"),
            digest("a", "c", &group, "Microsoft.Sql/*"),
            digest("a,b", "c", "", "Microsoft.Sql/*"),
            digest("a,b", "c", &group, ""),
            digest("ab", "c", &group, "Microsoft.Sql/*"),
        ] {
            assert_ne!(one, other);
        }
        let enforced = rails("*", "", "", "");
        let all = GuardRails { remediate_do_not_enforce: true, ..enforced.clone() };
        assert_eq!(enforced.digest(), GuardRails::default().digest());
        assert_ne!(enforced.digest(), all.digest());
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        assert!(Patterns::parse("a[").is_none());
        assert!(Patterns::parse_scopes("/providers/Microsoft.Management/managementGroups/mg").is_none());
        assert!(Patterns::parse_scopes("prod").is_none());
        assert!(Patterns::parse_scopes("").is_some());
    }
}
