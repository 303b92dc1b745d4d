//! Whether the function app has all functions, and whether its host runs them.

use crate::fact::{AppFunction, HostState};

use super::{Finding, Level};

const CHECK: &str = "functions";

/// What the list of an app's functions, its host and each function tell. A function that the host could not tell of is not among
/// `of_functions`.
#[must_use]
pub fn functions(
    expected: &[&str],
    listed: &[AppFunction],
    host: Option<&HostState>,
    of_functions: &[(String, HostState)],
) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_listed = |name: &&&str| listed.iter().any(|one| one.name.eq_ignore_ascii_case(name));
    let missing: Vec<_> = expected.iter().filter(|name| !is_listed(name)).copied().collect();
    if !missing.is_empty() {
        found.push(Finding::of(
            CHECK,
            Level::Error,
            format!("the app lacks the functions {}", missing.join(", ")),
            "Deploy the package again (azd deploy), which tells the platform of its functions; doctor --package DIR says whether they are in it.",
        ));
    }
    let off: Vec<_> = listed.iter().filter(|one| one.is_disabled).map(|one| one.name.as_str()).collect();
    if !off.is_empty() {
        found.push(Finding::of(
            CHECK,
            Level::Error,
            format!("switched off are the functions {}", off.join(", ")),
            "Take the settings AzureWebJobs.NAME.Disabled out of the app.",
        ));
    }
    if let Some(host) = host.filter(|host| !is_well(host)) {
        let words = told(host);
        found.push(Finding::of(
            CHECK,
            Level::Error,
            format!("the host of the app is {}{words}", or_unknown(&host.state)),
            "Mostly a setting or a role of the app's identity is missing: azd provision, then az functionapp restart. Its log has the rest.",
        ));
    }
    for (name, state) in of_functions.iter().filter(|(_, state)| !state.errors.is_empty()) {
        found.push(Finding::of(
            CHECK,
            Level::Error,
            format!("function {name} is in error{}", told(state)),
            "Mend what the words name, most often a setting of its trigger or a queue that is not there (azd provision); then az functionapp restart.",
        ));
    }
    if found.is_empty() {
        let running = if host.is_some() { ", and its host runs" } else { "" };
        found.push(Finding::ok(CHECK, format!("the app has all {} functions{running}", expected.len())));
    }
    found
}

fn is_well(host: &HostState) -> bool {
    host.errors.is_empty() && host.state.eq_ignore_ascii_case("running")
}

fn or_unknown(state: &str) -> &str {
    if state.is_empty() { "in no known state" } else { state }
}

fn told(state: &HostState) -> String {
    if state.errors.is_empty() { String::new() } else { format!(": {}", state.errors.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[&str], off: &str) -> Vec<AppFunction> {
        names.iter().map(|name| AppFunction { name: (*name).to_owned(), is_disabled: *name == off }).collect()
    }

    fn state(word: &str, errors: &[&str]) -> HostState {
        HostState { state: word.to_owned(), errors: errors.iter().map(|error| (*error).to_owned()).collect() }
    }

    #[test]
    fn an_app_that_has_all_and_runs_is_well() {
        let found = functions(&["a", "b"], &listed(&["A", "b", "c"], ""), Some(&state("Running", &[])), &[]);
        assert_eq!(found.iter().map(|one| one.level).collect::<Vec<_>>(), [Level::Ok], "{found:?}");
    }

    #[test]
    fn what_is_missing_switched_off_or_in_error_is_named_each_with_its_fix() {
        let of = [("b".to_owned(), state("", &["no queue"])), ("a".to_owned(), state("", &[]))];
        let found = functions(&["a", "b"], &listed(&["a"], "a"), Some(&state("Error", &["no storage"])), &of);
        for words in [
            "lacks the functions b",
            "switched off are the functions a",
            "is Error: no storage",
            "function b is in error: no queue",
        ] {
            assert!(found.iter().any(|one| one.what.contains(words) && one.fix.is_some()), "{words}: {found:?}");
        }
        assert!(found.len() == 4 && found.iter().all(|one| one.level == Level::Error), "{found:?}");
        assert_eq!(functions(&["a"], &listed(&["a"], ""), Some(&state("", &[])), &[])[0].level, Level::Error);
        assert_eq!(
            functions(&["a"], &listed(&["a"], ""), None, &[])[0].level,
            Level::Ok,
            "what is not known is no finding"
        );
    }
}
