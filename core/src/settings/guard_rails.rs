//! What the worker must keep its hands off. Exclusion wins over inclusion, and a pattern that cannot be read or can never match
//! stops the start: a guard rail that is not understood must not become an open gate.
//!
//! Patterns are globs without regard to case; `*` also matches `/`. One without a `/` is matched against an assignment's name,
//! one with a `/` against its whole id. A scope pattern excludes what it matches and everything below.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::document::SkipReason;
use crate::id::{AssignmentId, ResourceId, Scope, hex};

use super::pattern_list::{Of, Pattern, parse, reaches_into};

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
        let all = Patterns::parse("*", Of::Assignments).unwrap_or_default();
        let none = Patterns::default;
        Self { include: all, exclude: none(), scopes: none(), types: none(), remediate_do_not_enforce: false }
    }
}

/// A list of globs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads a list separated by commas, semicolons or line ends.
    ///
    /// # Errors
    /// Why a pattern cannot be read, or can never match.
    pub(crate) fn parse(text: &str, of: Of) -> Result<Self, String> {
        parse(text, of).map(Self)
    }

    pub(crate) fn match_id_or_name(&self, id: &str) -> bool {
        let name = id.rsplit('/').next().unwrap_or_default();
        self.0.iter().any(|pattern| pattern.glob.matches(if pattern.is_whole { id } else { name }))
    }

    fn match_text(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.glob.matches(text))
    }
}

impl GuardRails {
    pub(crate) fn new(
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

    /// Whether something in the scope could be excluded, now or later.
    #[must_use]
    pub fn may_exclude_within(&self, scope: &Scope) -> bool {
        let scope = scope.as_str();
        // What holds the scope holds all that is in it.
        let holds = ends(scope).any(|end| self.scopes.match_text(&scope[..end]));
        !self.types.0.is_empty() || holds || self.scopes.0.iter().any(|pattern| reaches_into(pattern, scope))
    }

    /// Why this resource is not remediated, if so.
    #[must_use]
    pub fn forbid_resource(&self, resource: &ResourceId) -> Option<SkipReason> {
        let id = resource.as_str();
        if !self.scopes.0.is_empty() && ends(id).any(|end| self.scopes.match_text(&id[..end])) {
            return Some(SkipReason::ScopeExcluded);
        }
        let is_of = |kind: &String| self.types.match_text(kind);
        (!self.types.0.is_empty() && resource.spellings_of_type().iter().any(is_of)).then_some(SkipReason::TypeExcluded)
    }

    /// A short name for all that the guard rails say, whatever the order and the case of the patterns: what was left out under
    /// another one is to be judged anew.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for patterns in [&self.include, &self.exclude, &self.scopes, &self.types] {
            let texts: BTreeSet<&str> = patterns.0.iter().map(|pattern| pattern.text.as_str()).collect();
            // No pattern holds a line end, so that each list has a text of its own.
            texts.iter().for_each(|text| hash.update(format!("+{text}\n")));
            hash.update("\n");
        }
        hash.update([u8::from(self.remediate_do_not_enforce)]);
        hex(&hash.finalize()[..8])
    }
}

/// Where the segments of an id end: what lies above it is named by the text up to there.
fn ends(id: &str) -> impl Iterator<Item = usize> {
    id.match_indices('/').map(|(at, _)| at).skip(1).chain([id.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn rails(include: &str, exclude: &str, scopes: &str, types: &str) -> GuardRails {
        let parse = |text, of| Patterns::parse(text, of).unwrap();
        let [include, exclude] = [include, exclude].map(|text| parse(text, Of::Assignments));
        GuardRails::new(include, exclude, parse(scopes, Of::Scopes), parse(types, Of::Types), false)
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
    fn a_group_and_a_subscription_are_known_by_each_name_that_policies_have_for_them() {
        for (pattern, group, subscription) in [
            ("Microsoft.Resources/subscriptions/resourceGroups", true, false),
            ("microsoft.resources/RESOURCEGROUPS", true, false),
            ("Microsoft.Resources/subscriptions", false, true),
            ("Microsoft.Resources/subscriptions*", true, true),
            ("Microsoft.Resources/*", true, true),
            ("*/resourceGroups", true, false),
        ] {
            let rails = rails("*", "", "", pattern);
            let is_excluded = |rest: &str| resource(&rails, rest) == Some(SkipReason::TypeExcluded);
            assert_eq!((is_excluded("/resourceGroups/rg"), is_excluded("")), (group, subscription), "{pattern}");
            let deployment = "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a";
            assert_eq!(resource(&rails, deployment), None, "{pattern}");
        }
        let vault = "/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v/providers/Microsoft.Insights/diagnosticSettings/d";
        for pattern in
            ["Microsoft.Insights/diagnosticSettings", "Microsoft.KeyVault/vaults/providers/diagnosticSettings"]
        {
            assert_eq!(resource(&rails("*", "", "", pattern), vault), Some(SkipReason::TypeExcluded), "{pattern}");
        }
    }

    #[test]
    fn a_question_mark_and_a_set_stand_for_any_letter() {
        for scope in
            ["*/resourceGroups/RG-M?NCHEN", "*/resourceGroups/rg-m[üu]nchen", "*/resourcegroups/{rg-münchen,x}"]
        {
            let rails = rails("*", "", scope, "");
            assert_eq!(resource(&rails, "/resourceGroups/RG-München"), Some(SkipReason::ScopeExcluded), "{scope}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn a_pattern_made_of_an_id_matches_every_casing_of_it(name in "[\\p{L}\\p{N}_.()-]{1,12}") {
            proptest::prop_assume!(name != "." && name != "..");
            let group = format!("{SUB}/resourceGroups/{name}");
            let other = |c: char| {
                // Only what has one partner: `ß` in upper case is another name.
                let partner = |mut cases: Box<dyn Iterator<Item = char>>| cases.next().filter(|_| cases.next().is_none());
                [partner(Box::new(c.to_uppercase())), partner(Box::new(c.to_lowercase()))]
                    .into_iter()
                    .flatten()
                    .find(|p| *p != c && crate::id::fold_char(*p) == crate::id::fold_char(c))
                    .unwrap_or(c)
            };
            let cased: String = name.chars().map(other).collect();
            let rest = format!("/RESOURCEGROUPS/{cased}/providers/Microsoft.Storage/storageAccounts/a");
            assert_eq!(resource(&rails("*", "", &group, ""), &rest), Some(SkipReason::ScopeExcluded));
            assert!(rails("*", "", &group, "").may_exclude_within(&format!("{SUB}/resourceGroups/{cased}").parse().unwrap()));
            assert_eq!(assignment(&rails("*", &name, "", ""), &cased), Some(SkipReason::AssignmentExcluded));
            assert_eq!(assignment(&rails(&name, "", "", ""), &cased), None);
        }
    }
}
