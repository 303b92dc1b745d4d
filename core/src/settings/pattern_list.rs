//! A list of patterns as a setting gives it: taken apart, each read, and each asked whether it can match at all. What cannot be
//! understood and what can never match stops the start with its reason.

use crate::id::{fold, is_harmful};

use super::error::shown_in_full;
use super::glob::{Glob, Set, Unit, can_agree, end_of_set};

/// Most alternatives that the braces of a list may make.
const MOST: usize = 10_000;

/// What a list is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Names and ids of policy assignments.
    Assignments,
    /// Ids in a subscription.
    Scopes,
    /// Types of resources.
    Types,
}

/// What ids, names and types look like. `G` is a GUID, `N` a name, `T` any text that is not empty; all else is itself.
const SCOPES: &[&str] = &[
    "/subscriptions",
    "/subscriptions/G",
    "/subscriptions/G/resourcegroups",
    "/subscriptions/G/resourcegroups/N",
    "/subscriptions/G/resourcegroups/N/providers",
    "/subscriptions/G/resourcegroups/N/providers/T",
    "/subscriptions/G/providers",
    "/subscriptions/G/providers/T",
];
const TYPES: &[&str] = &["N.N/N", "N.N/N/T"];
const ASSIGNMENTS: &[&str] = &[
    "/providers/microsoft.management/managementgroups/N/providers/microsoft.authorization/policyassignments/N",
    "/subscriptions/G/providers/microsoft.authorization/policyassignments/N",
    "/subscriptions/G/resourcegroups/N/providers/microsoft.authorization/policyassignments/N",
    "/subscriptions/G/resourcegroups/N/providers/T/providers/microsoft.authorization/policyassignments/N",
    "/subscriptions/G/providers/T/providers/microsoft.authorization/policyassignments/N",
];
const NAMES: &[&str] = &["N"];

/// One pattern of a list.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// As it was written, folded.
    pub(crate) text: String,
    pub(crate) glob: Glob,
    /// Whether it is held against a whole id, not only against its name.
    pub(crate) is_whole: bool,
}

/// Reads a list.
///
/// # Errors
/// The reason, with the pattern.
pub(crate) fn parse(text: &str, of: Of) -> Result<Vec<Pattern>, String> {
    let mut patterns = Vec::new();
    for item in split(text, &[',', ';', '\n', '\r']) {
        let item = item.trim();
        if item.is_empty() {
            continue;
        }
        let wrong = |why: &str| format!("the pattern {:?} {why}", shown_in_full(item));
        for one in alternatives(item).map_err(|why| wrong(&format!("cannot be read: {why}")))? {
            patterns.push(pattern(&one, of).map_err(|why| wrong(&why))?);
            if patterns.len() > MOST {
                return Err(format!("it has more than {MOST} patterns"));
            }
        }
    }
    Ok(patterns)
}

fn pattern(text: &str, of: Of) -> Result<Pattern, String> {
    let is_whole = of != Of::Types && text.contains('/');
    // A slash at the end of an id says nothing. At the end of a name or a type it shows that something else was meant.
    let text = if is_whole && text.starts_with(['/', '*', '?', '[']) { text.trim_end_matches('/') } else { text };
    let glob = Glob::parse(text).map_err(|why| format!("cannot be read: {why}"))?;
    match never_matches(text, &glob, of, is_whole) {
        Some(why) => Err(format!("can never match: {why}")),
        None => Ok(Pattern { text: fold(text), glob, is_whole }),
    }
}

/// Why no id, name or type can ever be what the pattern says, if so.
fn never_matches(text: &str, glob: &Glob, of: Of, is_whole: bool) -> Option<String> {
    let only = |unit: &Unit, wanted: &dyn Fn(char) -> bool| match unit {
        Unit::One(Set::Of(those)) => those.iter().copied().find(|c| wanted(*c)).filter(|_| those.len() == 1),
        Unit::One(Set::Not(_)) | Unit::Many(_) => None,
    };
    let cannot_stand = |c: char| is_harmful(c) || is_invisible(c);
    if let Some(c) = glob.units().iter().find_map(|unit| only(unit, &cannot_stand)) {
        return Some(format!("nothing in Azure has a {} in its name", c.escape_debug()));
    }
    if text.len() > 1 && text.starts_with(['\'', '‘', '“', '„']) && text.ends_with(['\'', '’', '”', '“']) {
        return Some("it stands in quotes; leave them out".to_owned());
    }
    let is_slash = |unit: &Unit| only(unit, &|c| c == '/').is_some();
    if glob.units().windows(2).any(|two| two.iter().all(is_slash)) {
        return Some("nothing is named between two of its slashes".to_owned());
    }
    let ends_in_slash = glob.units().last().is_some_and(is_slash);
    let (shapes, why) = match (of, is_whole) {
        (Of::Types, _) => (
            TYPES,
            "a type is a namespace and what is in it, without a slash before or behind, such as Microsoft.Sql/servers",
        ),
        (Of::Scopes, _) => (
            SCOPES,
            "an id begins with /subscriptions/GUID; after that come /resourceGroups/NAME and /providers/NAMESPACE/TYPE/NAME",
        ),
        (Of::Assignments, true) => (
            ASSIGNMENTS,
            "the id of an assignment begins with a slash and ends in /providers/Microsoft.Authorization/policyAssignments/NAME",
        ),
        (Of::Assignments, false) => (NAMES, "no assignment has such a name"),
    };
    let is_possible = !ends_in_slash && shapes.iter().any(|known| can_agree(glob.units(), &shape(known)));
    (!is_possible).then(|| why.to_owned())
}

/// What is copied along from a page and seen by nobody.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fffd}')
}

/// The units of a shape.
fn shape(text: &str) -> Vec<Unit> {
    let in_name = || Set::Not(['/'].into());
    let guid = || Unit::One(Set::Of("0123456789abcdef-".chars().collect()));
    let units = text.chars().flat_map(|c| match c {
        'G' => vec![guid(); 36],
        'N' => vec![Unit::One(in_name()), Unit::Many(in_name())],
        'T' => vec![Unit::One(in_name()), Unit::Many(Set::any())],
        c => vec![Unit::One(Set::of(c))],
    });
    units.collect()
}

/// Whether some id at or below the scope, which is folded, is what the pattern says.
pub(crate) fn reaches_into(pattern: &Pattern, scope: &str) -> bool {
    let mut units: Vec<Unit> = scope.chars().map(|c| Unit::One(Set::of(c))).collect();
    if can_agree(pattern.glob.units(), &units) {
        return true;
    }
    units.extend(shape("/T"));
    can_agree(pattern.glob.units(), &units)
}

/// The parts of a text between these signs, where they stand on their own: not in brackets, not in braces, not after a `\`.
fn split<'a>(text: &'a str, signs: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    for (at, c) in on_their_own(text) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 && signs.contains(&c) => {
                parts.push(&text[begin..at]);
                begin = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// The characters that a `\` or brackets do not take the meaning of.
fn on_their_own(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut chars = text.char_indices();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = chars.next()?;
            match c {
                '\\' => drop(chars.next()),
                '[' => match end_of_set(&text[at + 1..]) {
                    Some(end) => while chars.next().is_some_and(|(inside, _)| inside < at + 1 + end) {},
                    None => return Some((at, c)),
                },
                c => return Some((at, c)),
            }
        }
    })
}

/// What the braces of a pattern stand for.
fn alternatives(text: &str) -> Result<Vec<String>, &'static str> {
    let Some((open, _)) = on_their_own(text).find(|(_, c)| matches!(c, '{' | '}')) else {
        return Ok(vec![text.to_owned()]);
    };
    let mut depth = 0;
    let mut close = None;
    for (at, c) in on_their_own(text).skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Err("it has a } without a {"),
            '}' => depth -= 1,
            ';' | '\n' | '\r' => return Err("inside of braces only commas separate"),
            _ => {}
        }
        if depth == 0 {
            close = Some(at);
            break;
        }
    }
    let close = close.ok_or("it has a { without a }")?;
    let (before, after) = (&text[..open], &text[close + 1..]);
    let mut all = Vec::new();
    for inner in split(&text[open + 1..close], &[',']) {
        all.extend(alternatives(&format!("{before}{}{after}", inner.trim()))?);
        if all.len() > MOST {
            return Err("its braces make too many patterns");
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "/subscriptions/086AECF4-23d6-4dfd-99a8-a5c6299f0322";

    fn texts(list: &str, of: Of) -> Vec<String> {
        parse(list, of).unwrap().into_iter().map(|pattern| pattern.glob.literal).collect()
    }

    #[test]
    fn a_list_is_taken_apart_where_nothing_holds_it_together() {
        assert_eq!(texts(" a, b;\r\n,c\n", Of::Assignments), ["a", "b", "c"]);
        assert_eq!(texts("deploy-{logs, tags}-x,y", Of::Assignments), ["deploy-logs-x", "deploy-tags-x", "y"]);
        assert_eq!(texts("{a,b{c,d}}", Of::Assignments), ["a", "bc", "bd"]);
        assert_eq!(texts("a[,;]b,c", Of::Assignments), ["a[,;]b", "c"]);
        assert_eq!(texts("a\\,b", Of::Assignments), ["a\\,b"]);
        assert_eq!(texts(" , ;", Of::Assignments), Vec::<String>::new());
        for torn in ["{a,b", "a}", "{a;b}", "a[,b", "a\\"] {
            assert!(parse(torn, Of::Assignments).is_err(), "{torn}");
        }
    }

    #[test]
    fn what_can_match_is_taken() {
        for (of, patterns) in [
            (
                Of::Types,
                &[
                    "*",
                    "Microsoft.Sql/servers",
                    "Microsoft.Sql/*",
                    "Microsoft.Sql*",
                    "*/databases",
                    "*sql*",
                    "?icrosoft.Sql/{servers,managedInstances}/databases",
                    "Microsoft.Resources/subscriptions/resourceGroups",
                    "Microsoft.KeyVault/vaults/providers/diagnosticSettings",
                ][..],
            ),
            (
                Of::Scopes,
                &[
                    SUB,
                    "/subscriptions/086aecf4*",
                    "/subscriptions/*/resourceGroups/prod-*/",
                    "*/resourceGroups/RG-MÜNCHEN",
                    "*-prod",
                    "*",
                    "?subscriptions/*",
                    "/*/resourcegroups",
                    "*/storageAccounts/x*",
                ],
            ),
            (
                Of::Assignments,
                &[
                    "Deploy-*",
                    "a b",
                    "Löschen",
                    "*/policyAssignments/tag",
                    "*/policyAssignments/tag/",
                    "/subscriptions/*",
                    "/providers/Microsoft.Management/managementGroups/corp/*",
                ],
            ),
        ] {
            for pattern in patterns {
                assert!(parse(pattern, of).is_ok(), "{pattern}: {:?}", parse(pattern, of).err());
            }
        }
        assert!(parse(&format!("{SUB}/resourceGroups/rg/"), Of::Scopes).is_ok());
        assert!(parse(&format!("{SUB}/*"), Of::Assignments).is_ok());
    }

    #[test]
    fn what_can_never_match_is_refused_with_the_reason() {
        let in_sub = |rest: &str| format!("{SUB}{rest}");
        let list = [
            (
                Of::Types,
                vec![
                    "storageAccounts".to_owned(),
                    "Microsoft.Sql".to_owned(),
                    "Microsoft.Sql/servers/".to_owned(),
                    "Microsoft.Sql/".to_owned(),
                    "/Microsoft.Sql/servers".to_owned(),
                    "Microsoft.Sql//servers".to_owned(),
                    "virtualMachines/extensions".to_owned(),
                    "Microsoft.Sql/ser\"vers".to_owned(),
                    in_sub("/resourceGroups/rg/providers/Microsoft.Sql/servers/s"),
                ],
            ),
            (
                Of::Scopes,
                vec![
                    "subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322".to_owned(),
                    "/subscription/*".to_owned(),
                    "/subscriptions/my-subscription".to_owned(),
                    "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f032".to_owned(),
                    "/providers/Microsoft.Management/managementGroups/mg".to_owned(),
                    "/resourceGroups/prod".to_owned(),
                    "prod".to_owned(),
                    in_sub("/resourceGroup/prod"),
                    in_sub("/resourceGroups/prod/Microsoft.Sql/servers/s"),
                    in_sub("//resourceGroups/prod"),
                    in_sub("/resourceGroups/pro\u{200b}d"),
                    in_sub("/resourceGroups/100%"),
                    format!("'{SUB}'"),
                ],
            ),
            (
                Of::Assignments,
                vec![
                    SUB.to_owned(),
                    in_sub("/resourceGroups/rg"),
                    "/providers/Microsoft.Management/managementGroups/corp".to_owned(),
                    "/providers/Microsoft.Authorization/policyDefinitions/x".to_owned(),
                    "providers/Microsoft.Authorization/policyAssignments/x".to_owned(),
                    "Deploy-Logs/".to_owned(),
                    "a/b".to_owned(),
                    "\"Deploy-Logs\"".to_owned(),
                    "'Deploy-Logs'".to_owned(),
                    "a\u{feff}".to_owned(),
                    "<name>".to_owned(),
                ],
            ),
        ];
        for (of, patterns) in list {
            for pattern in patterns {
                let why = parse(&pattern, of).unwrap_err();
                assert!(why.contains("can never match: "), "{why}");
                assert!(parse(&format!("*,{pattern}"), of).is_err() && parse(&format!("{{*,{pattern}}}"), of).is_err());
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_list_makes_it_panic(list in "[\\PC\\[\\]{}!,;/\\\\*?-]{0,20}") {
            for of in [Of::Assignments, Of::Scopes, Of::Types] {
                let _ = parse(&list, of);
            }
        }
    }
}
