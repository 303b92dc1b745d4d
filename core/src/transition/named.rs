//! What the service's words name: texts in quotes, ids, and what of them is another resource's. Words are bounded where they are read.

use crate::id::{ResourceId, fold};

/// Most texts in quotes that are looked at.
const MOST: usize = 16;

/// What stands in quotes after these words, or first of all where there are none.
pub(crate) fn quoted_after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let rest = if words.is_empty() { text } else { text.split_once(words)?.1 };
    let rest = &rest[rest.find('\'')? + 1..];
    rest.split_once('\'').map(|(quoted, _)| quoted).filter(|quoted| !quoted.trim().is_empty())
}

/// The texts in quotes up to the end of the sentence.
pub(crate) fn all_after(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((quoted, behind)) = rest.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
        if found.len() == MOST {
            break;
        }
        found.push(quoted);
        rest = behind.trim_start_matches([',', ' ']);
    }
    found.retain(|quoted| !quoted.trim().is_empty());
    found
}

/// A word of a shell's command line: names in Azure may have signs in them that a shell gives a meaning.
pub(crate) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Where an id in words ends.
const ENDS: [char; 10] = ['\'', '"', ' ', ',', ';', ')', ']', '}', '\n', '\r'];

/// The first resource that the words name and that is neither the resource itself nor what holds it or lies in it, nor a deployment:
/// folded.
pub(crate) fn other_resource(words: &str, resource: &ResourceId) -> Option<String> {
    let words = fold(words);
    let ids = words.match_indices("/subscriptions/").take(MOST).filter_map(|(at, _)| {
        let id = words[at..].split(ENDS).next()?.trim_end_matches(['.', ':', '/', '\\']);
        id.parse::<ResourceId>().ok()
    });
    let is_other = |id: &ResourceId| {
        let is_deployment = id.resource_type().starts_with("microsoft.resources/deployments");
        id.as_str().contains("/providers/")
            && !is_deployment
            && !id.is_within(resource.as_str())
            && !resource.is_within(id.as_str())
    };
    ids.filter(is_other).map(|id| id.as_str().to_owned()).next()
}

/// The words without what is the resource's own in them: its names, ids, and every number. Two resources whose failures have one
/// cause fail with the same words but for these.
pub(crate) fn cause(words: &str, resource: &ResourceId) -> String {
    let mut text = fold(words);
    let mut names: Vec<&str> = resource.as_str().split('/').filter(|part| !part.is_empty()).collect();
    names.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
    text = text.replace(resource.as_str(), "<id>");
    // Types and words of the path stand in words of every resource alike.
    let is_name = |at: usize| at % 2 == 1;
    let own: Vec<&str> =
        resource.as_str().split('/').skip(1).enumerate().filter(|(at, _)| is_name(*at)).map(|(_, name)| name).collect();
    names.retain(|name| own.contains(name));
    for name in names {
        text = without_name(&text, name);
    }
    without_numbers(&text)
}

/// Shorter names are taken for names only right behind a quote or a slash: as a word of its own, `a` is an article.
const SHORT: usize = 4;

fn without_name(text: &str, name: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let (mut result, mut done) = (String::with_capacity(text.len()), 0);
    for (at, _) in text.match_indices(name) {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        let is_whole = !is_part(before) && !is_part(after);
        let is_sure = name.len() >= SHORT || matches!(before, Some('\'' | '"' | '/'));
        if at >= done && is_whole && is_sure {
            result.push_str(&text[done..at]);
            result.push('#');
            done = at + name.len();
        }
    }
    result.push_str(&text[done..]);
    result
}

/// GUIDs, times and numbers: what holds a digit, with the letters and signs that belong to it.
fn without_numbers(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))) {
        let word = part.trim_end_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')));
        if word.contains(|c: char| c.is_ascii_digit()) {
            result.push('#');
            result.push_str(&part[word.len()..]);
        } else {
            result.push_str(part);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUB: &str = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";

    fn vm(group: &str, name: &str) -> ResourceId {
        format!("{SUB}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}").parse().unwrap()
    }

    #[test]
    fn the_other_resource_is_neither_the_own_one_nor_what_holds_it_nor_a_deployment() {
        let own = vm("rg", "vm1");
        let alert = format!("{SUB}/resourceGroups/hub/providers/microsoft.insights/metricAlerts/Shared");
        for (words, found) in [
            (format!("Another operation is in progress on '{alert}'."), Some(fold(&alert))),
            (format!("on {alert}. Try again."), Some(fold(&alert))),
            (format!("'{own}' in '{SUB}/resourceGroups/rg' at {own}/extensions/x, {alert}"), Some(fold(&alert))),
            (format!("{SUB}/resourceGroups/rg/providers/Microsoft.Resources/deployments/d"), None),
            (
                format!("{SUB}/providers/Microsoft.Security/pricings/VirtualMachines is busy"),
                Some(fold(&format!("{SUB}/providers/Microsoft.Security/pricings/VirtualMachines"))),
            ),
            (format!("'{own}'"), None),
            ("nothing".to_owned(), None),
            ("/subscriptions/".to_owned(), None),
        ] {
            assert_eq!(other_resource(&words, &own), found, "{words}");
        }
    }

    #[test]
    fn failures_with_one_cause_differ_in_what_is_the_resources_own() {
        let said = |group: &str, name: &str, n: u32| {
            let own = vm(group, name);
            cause(
                &format!(
                    "InvalidTemplate: Deployment template validation failed: 'The template resource '{name}/Microsoft.Insights/set' at line '1' and column '{n}' is not a valid {own}. Tracking id 0a1b2c3d-{n:04}-4e5f-8a9b-0c1d2e3f4a5b in group {group}.'"
                ),
                &own,
            )
        };
        let one = said("rg-app", "vm-frontend", 7);
        for (group, name, n) in [("rg-app", "vm2", 100), ("other", "a", 3), ("rg9", "is", 12), ("rg-app", "größe", 1)]
        {
            assert_eq!(said(group, name, n), one, "{group} {name}");
        }
        let own = vm("rg", "vm1");
        assert_ne!(cause("The sku 'Basic' is not supported.", &own), cause("The sku 'Free' is not supported.", &own));
        assert_ne!(cause("A: words", &own), cause("B: words", &own));
    }

    proptest! {
        #[test]
        fn any_words_are_taken(words in ".{0,200}", name in "[a-zA-Z0-9ß-]{1,12}") {
            let own = vm("rg", &name);
            let _ = (cause(&words, &own), other_resource(&words, &own), all_after(&words).len(), quoted_after(&words, ""));
        }
    }
}
