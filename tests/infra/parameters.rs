//! `main.parameters.json` names parameters that the template has, with the template's own defaults: what nobody sets is the same
//! whether azd deploys it or somebody else.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::snapshot::text;

/// The parameters of `infra/main.bicep` and their defaults, as text.
fn declared() -> BTreeMap<String, Option<String>> {
    let template = text("infra/main.bicep");
    let lines = template.lines().filter_map(|line| line.strip_prefix("param "));
    let declared = lines.map(|line| {
        let (head, default) = line.split_once(" = ").map_or((line, None), |(head, default)| (head, Some(default)));
        let name = head.split(' ').next().unwrap().to_owned();
        (name, default.map(|value| value.trim_matches('\'').to_owned()))
    });
    declared.collect()
}

#[test]
pub(crate) fn each_has_a_parameter_and_its_default() {
    let declared = declared();
    assert!(declared.len() > 25, "the template is read: {declared:?}");
    let file: Value = serde_json::from_str(&text("infra/main.parameters.json")).unwrap();
    for (name, parameter) in file["parameters"].as_object().unwrap() {
        let default = declared.get(name).unwrap_or_else(|| panic!("infra/main.bicep has no parameter {name}"));
        let value = parameter["value"].as_str().unwrap();
        let of =
            value.strip_prefix("${").and_then(|v| v.strip_suffix('}')).unwrap_or_else(|| panic!("{name}: {value}"));
        match (of.split_once('='), default) {
            (Some((_, given)), Some(default)) => assert_eq!(given, default, "{name}"),
            (None, None) => {}
            (given, default) => panic!("{name}: {given:?} here, {default:?} in the template"),
        }
    }
}

#[test]
pub(crate) fn azd_asks_for_a_name_and_a_region_alone() {
    let without: Vec<_> =
        declared().into_iter().filter(|(_, default)| default.is_none()).map(|(name, _)| name).collect();
    assert_eq!(without, ["environmentName", "location"]);
    assert_eq!(declared()["remediationMode"].as_deref(), Some("plan"));
}
