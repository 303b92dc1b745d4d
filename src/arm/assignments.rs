//! Policy assignments, as far as a decision needs them.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2024-05-01.

use std::collections::BTreeMap;
use std::sync::Arc;

use azure_core::http::Method;
use serde_json::Value;

use remediation::control::AssignedControls;
use remediation::fact::{AssignedPolicy, Assignment, CallKind, Terms};
use remediation::id::{AssignmentId, Scope, SubscriptionId, fold};
use remediation::policy::{Override, OverrideKind, Selector, SelectorKind};
use remediation::time::parse_time;

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::content::content;
use super::definitions::{EFFECTIVE, may_matter};
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2024-05-01";
/// The oldest that tells of an assignment whether it is enforced. Selectors and overrides came with 2022-06-01, versions with 2023-04-01:
/// a cloud that is older has none.
const OLDEST: &str = "2019-06-01";

/// Lists the assignments that apply to a subscription or a resource group, inherited ones included. A reader of the subscription may do so
/// even where the management groups above are out of sight, as in a delegated subscription.
pub(super) fn list_assignments(scope: &Scope) -> Call<Page<Assignment>> {
    let quota = QuotaScope::Subscription(scope.subscription().clone());
    let tail = ["providers", "Microsoft.Authorization", "policyAssignments"];
    Call::new(CallKind::ListAssignments, quota, Method::Get, scope.as_str(), &tail, API_VERSION)
        .down_to(OLDEST)
        .with_query("$expand", EFFECTIVE.to_owned())
}

/// Reads one assignment, on the account of a subscription that it applies to.
pub(super) fn assignment(id: &AssignmentId, subscription: &SubscriptionId) -> Call<Assignment> {
    let quota = QuotaScope::Subscription(subscription.clone());
    Call::new(CallKind::ReadAssignment, quota, Method::Get, id.as_str(), &[], API_VERSION)
        .down_to(OLDEST)
        .with_query("$expand", EFFECTIVE.to_owned())
}

impl Answer for Assignment {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

impl Item for Assignment {
    /// One that cannot be read is there all the same: nothing may be taken for gone, or for let in, because of it.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id").unwrap_or_default();
        if id.is_empty() {
            members.miss("id");
        }
        let kind = members.object("identity").word("type").unwrap_or_default();
        // Where one of these cannot be read, the others must do.
        let told = |of: &str, member| members.given(of).and_then(|given| given.get(member)).and_then(text);
        let instance = [("properties", "instanceId"), ("systemData", "createdAt"), ("identity", "principalId")];
        let instance = instance.into_iter().find_map(|(of, member)| Some(format!("{member} {}", told(of, member)?)));
        let at = |member| parse_time(&told("systemData", member)?);
        let modified_at = at("lastModifiedAt").or_else(|| at("createdAt"));
        let (principal, user_assigned) = identity(members);
        let mut properties = members.object("properties");
        let definition = properties.id("policyDefinitionId");
        if definition.is_none() {
            properties.miss("policyDefinitionId");
        }
        let mode = properties.word("enforcementMode").unwrap_or_default();
        let not_scopes = properties.ids("notScopes").unwrap_or_default();
        let effective_version = properties.text("effectiveDefinitionVersion").or(properties.text("definitionVersion"));
        let terms = Terms {
            parameters: parameters(&properties),
            overrides: overrides(&properties),
            resource_selectors: resource_selectors(&properties),
        };
        let controls = properties.given("metadata").and_then(AssignedControls::read);
        let parameters = content([properties.given("parameters")]);
        let policy = match definition {
            Some(definition) if members.are_sound() => assigned(definition),
            Some(_) | None => AssignedPolicy::Unreadable(members.words()),
        };
        Some(Self {
            id,
            policy,
            has_identity: !kind.is_empty() && !kind.eq_ignore_ascii_case("None"),
            is_enforced: mode.is_empty() || mode.eq_ignore_ascii_case("Default"),
            not_scopes,
            instance,
            principal,
            user_assigned,
            parameters,
            modified_at,
            terms: (terms != Terms::default()).then(|| Arc::new(terms)),
            effective_version: effective_version.map(String::into_boxed_str),
            controls: controls.map(Arc::new),
        })
    }
}

/// The principal of the identity, and the user-assigned identity that it is, if it is one. An assignment has one at most.
fn identity(members: &mut Members<'_, '_>) -> (Option<Box<str>>, Option<Box<str>>) {
    let identity = members.object("identity");
    let given = |member: &str| identity.given(member);
    let own = given("principalId").and_then(text).filter(|id| !id.is_empty());
    let assigned = given("userAssignedIdentities").and_then(Value::as_object).and_then(|all| all.iter().next());
    match assigned {
        Some((id, told)) => {
            let principal = told.get("principalId").and_then(text).filter(|id| !id.is_empty());
            (principal.map(|id| fold(&id).into()), Some(fold(id.trim_end_matches('/')).into()))
        }
        None => (own.map(|id| fold(&id).into()), None),
    }
}

fn assigned(definition: String) -> AssignedPolicy {
    if !definition.contains("/policysetdefinitions/") {
        return AssignedPolicy::Definition(definition);
    }
    match definition.parse() {
        Ok(id) => AssignedPolicy::Set(id),
        Err(error) => AssignedPolicy::Unreadable(format!("the id of its initiative cannot be used: {error}")),
    }
}

/// The values of its parameters that may matter.
fn parameters(properties: &Members<'_, '_>) -> BTreeMap<String, String> {
    let all = properties.given("parameters").and_then(Value::as_object).into_iter().flatten();
    let texts = all.filter_map(|(name, given)| Some((fold(name.trim()), text(given.get("value")?)?)));
    texts.filter(|(_, value)| may_matter(value)).collect()
}

fn overrides(properties: &Members<'_, '_>) -> Vec<Override> {
    let all = properties.given("overrides").and_then(Value::as_array).into_iter().flatten();
    let one = |given: &Value| {
        let kind = match fold(&given.get("kind").and_then(text)?).as_str() {
            "policyeffect" => OverrideKind::Effect,
            "definitionversion" => OverrideKind::Version,
            other => OverrideKind::Other(other.to_owned()),
        };
        let value = given.get("value").and_then(text)?;
        Some(Override { kind, value, selectors: selectors(given) })
    };
    all.filter_map(one).collect()
}

fn resource_selectors(properties: &Members<'_, '_>) -> Vec<Vec<Selector>> {
    let all = properties.given("resourceSelectors").and_then(Value::as_array).into_iter().flatten();
    all.map(selectors).collect()
}

/// The selectors of an override or a resource selector. One that cannot be read is one that nobody can judge from outside.
fn selectors(of: &Value) -> Vec<Selector> {
    let all = of.get("selectors").and_then(Value::as_array).into_iter().flatten();
    all.map(selector).collect()
}

fn selector(given: &Value) -> Selector {
    let kind = match fold(&given.get("kind").and_then(text).unwrap_or_default()).as_str() {
        "policydefinitionreferenceid" => SelectorKind::Reference,
        "resourcetype" => SelectorKind::ResourceType,
        _ => SelectorKind::Unseen,
    };
    let values = |member: &str| {
        let list = given.get(member).and_then(Value::as_array).filter(|list| !list.is_empty())?;
        list.iter().map(|value| text(value).map(|value| fold(&value))).collect::<Option<Vec<_>>>()
    };
    match (values("in"), values("notIn")) {
        (Some(values), None) => Selector { kind, values, is_exclusion: false },
        (None, Some(values)) => Selector { kind, values, is_exclusion: true },
        (Some(_), Some(_)) | (None, None) => {
            Selector { kind: SelectorKind::Unseen, values: Vec::new(), is_exclusion: false }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::{read, read_item};
    use serde_json::{Value, json};

    #[test]
    fn only_a_mode_that_is_known_to_enforce_does() {
        let enforced = |properties: Value| -> bool {
            read_item::<Assignment>(&json!({ "properties": properties })).unwrap().is_enforced
        };
        assert!(enforced(json!({})));
        for (mode, expected) in [
            (Value::Null, true),
            (json!(""), true),
            (json!("Default"), true),
            (json!("default"), true),
            (json!("DoNotEnforce"), false),
            (json!("donotenforce"), false),
            (json!("Enroll"), false),
        ] {
            assert_eq!(enforced(json!({ "enforcementMode": mode })), expected, "{mode}");
        }
    }

    #[test]
    fn every_value_of_a_parameter_counts_in_whatever_order_and_when_it_was_changed_is_told_apart() {
        let read = |parameters: Value, changed: &str| -> Assignment {
            let data = json!({ "createdAt": "2024-01-01T00:00:00Z", "lastModifiedAt": changed });
            read_item(&json!({ "id": "/a", "systemData": data, "properties": { "parameters": parameters } })).unwrap()
        };
        let first = "2025-01-01T00:00:00Z";
        let workspace = |name: &str| json!({ "value": format!("/subscriptions/s/resourceGroups/g/workspaces/{name}") });
        let one = read(json!({ "to": workspace("a"), "days": { "value": [1, { "x": 1, "y": 2 }] } }), first);
        let same =
            read(json!({ "days": { "value": [1, { "y": 2, "x": 1 }] }, "to": workspace("a") }), "2025-06-01T00:00:00Z");
        assert_eq!(one.parameters, same.parameters);
        assert!(same.modified_at > one.modified_at && one.modified_at.is_some());
        for other in [
            json!({ "to": workspace("b"), "days": { "value": [1, { "x": 1, "y": 2 }] } }),
            json!({ "to": workspace("a") }),
        ] {
            assert_ne!(one.parameters, read(other, first).parameters);
        }
        assert_eq!(read(json!({}), first).parameters, 0);
        assert_eq!(
            read(Value::Null, "").modified_at,
            parse_time("2024-01-01T00:00:00Z"),
            "what is not told was not changed"
        );
    }

    #[test]
    fn an_assignment_that_cannot_be_read_is_there_and_lets_nothing_in() {
        let good = json!({
            "id": "/Sub/", "identity": { "type": "SystemAssigned" },
            "properties": { "policyDefinitionId": "/D", "notScopes": ["/Sub/A/"], "enforcementMode": "Default" },
        });
        let read = |item: &Value| read::<Assignment>(item).0.unwrap();
        let assignment = read(&good);
        assert_eq!((assignment.id.as_str(), assignment.not_scopes.as_slice()), ("/sub", &["/sub/a".to_owned()][..]));
        assert_eq!(assignment.policy, AssignedPolicy::Definition("/d".to_owned()));
        for (place, odd) in [
            ("/id", json!(null)),
            ("/identity", json!("SystemAssigned")),
            ("/identity/type", json!({})),
            ("/properties", json!(null)),
            ("/properties/policyDefinitionId", json!(null)),
            ("/properties/policyDefinitionId", json!("/policySetDefinitions/50%off")),
            ("/properties/notScopes", json!("/sub/a")),
            ("/properties/notScopes/0", json!(5)),
            ("/properties/enforcementMode", json!([])),
        ] {
            let mut item = good.clone();
            *item.pointer_mut(place).unwrap() = odd.clone();
            let assignment = read(&item);
            assert!(matches!(assignment.policy, AssignedPolicy::Unreadable(_)), "{place} {odd}: {assignment:?}");
            assert_eq!(assignment.id.is_empty(), place == "/id");
        }
        for place in ["/identity", "/properties/notScopes", "/properties/notScopes/0", "/properties/enforcementMode"] {
            let mut item = good.clone();
            *item.pointer_mut(place).unwrap() = Value::Null;
            assert_eq!(read(&item).policy, assignment.policy, "{place}: null is absent");
        }
        assert_eq!(read(&Value::Null).id, "", "there may be one more");
    }

    #[test]
    fn identity_effect_and_selectors_are_read_as_far_as_they_can_be_judged() {
        let assignment: Assignment = read_item(&json!({
            "id": "/A",
            "identity": { "type": "UserAssigned", "userAssignedIdentities": { "/Sub/Id": { "principalId": "P" } } },
            "properties": {
                "policyDefinitionId": "/D", "effectiveDefinitionVersion": "1.4.0",
                "parameters": { "Effect": { "value": "Modify" }, "list": { "value": [] }, "none": null },
                "overrides": [
                    { "kind": "policyEffect", "value": "audit", "selectors": [{ "kind": "policyDefinitionReferenceId", "in": ["Tags"] }] },
                    { "kind": "new", "value": "x" }, { "value": 5 }, null,
                ],
                "resourceSelectors": [
                    { "name": "a", "selectors": [{ "kind": "resourceType", "notIn": ["Microsoft.Web/Sites"] }, { "kind": "resourceRolloutPercentage", "progress": 5 }] },
                ],
            },
        }))
        .unwrap();
        assert_eq!(
            (assignment.principal.as_deref(), assignment.user_assigned.as_deref()),
            (Some("p"), Some("/sub/id"))
        );
        let terms = assignment.terms.as_deref().unwrap();
        assert_eq!(terms.parameters, BTreeMap::from([("effect".to_owned(), "Modify".to_owned())]));
        assert_eq!(assignment.effective_version.as_deref(), Some("1.4.0"));
        let kinds: Vec<_> = terms.overrides.iter().map(|one| one.kind.clone()).collect();
        assert_eq!(kinds, [OverrideKind::Effect, OverrideKind::Other("new".to_owned())]);
        let [selectors] = terms.resource_selectors.as_slice() else { panic!("{assignment:?}") };
        assert_eq!(selectors[0].values, ["microsoft.web/sites"]);
        assert!(selectors[0].is_exclusion && selectors[1].kind == SelectorKind::Unseen);
        let own: Assignment =
            read_item(&json!({ "id": "/A", "identity": { "type": "SystemAssigned", "principalId": "P" } })).unwrap();
        assert_eq!((own.principal.as_deref(), own.user_assigned), (Some("p"), None));
    }
}
