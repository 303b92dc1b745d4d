//! Policy definitions and initiatives, as far as a decision needs them: effect, parameters that may matter, and the roles that are asked for.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2024-05-01.

use std::collections::BTreeMap;

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::CallKind;
use remediation::id::{ArmId, SubscriptionId, fold};
use remediation::policy::{Definition, PolicyText};
use remediation::role::RoleId;

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::content::content;
use super::identity_policy::identity_change;
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2024-05-01";
/// The oldest that has them.
const OLDEST: &str = "2019-06-01";
/// The oldest that knows versions of a definition.
const OLDEST_WITH_VERSIONS: &str = "2023-04-01";
/// Longest text that may be an effect, or name a parameter or a resource. All else of an initiative's parameters is not kept.
const LONGEST: usize = 120;
/// Longest id of an identity.
const LONGEST_ID: usize = 400;

/// A policy definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyDefinition {
    /// Its id, folded.
    pub(super) id: String,
    /// Its version, as the service counts.
    pub(super) version: Option<String>,
    /// What it does.
    pub(super) definition: Definition,
    /// A digest of its rule and its parameters.
    pub(super) content: u64,
}

/// An initiative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicySet {
    /// Its id, folded.
    pub(super) id: String,
    /// Its version, as the service counts.
    pub(super) version: Option<String>,
    /// Its policies, as far as they can be read.
    pub(super) members: Vec<SetMember>,
    /// The defaults of its parameters that may matter, by folded name.
    pub(super) defaults: BTreeMap<String, String>,
    /// Why not all members can be read.
    pub(super) unread: Option<String>,
    /// A digest of its parameters.
    pub(super) content: u64,
}

/// A policy of an initiative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetMember {
    /// Its reference id, in the initiative's own casing.
    pub(super) reference: String,
    /// The definition; its id, folded. Empty where it cannot be read.
    pub(super) definition: String,
    /// The version of it that is in force, or the pin that selects it (`1.*.*`), as far as the service tells.
    pub(super) effective_version: Option<String>,
    /// What the initiative gives for the policy's parameters and may matter, by folded name.
    pub(super) parameters: BTreeMap<String, PolicyText>,
    /// A digest of all that it gives for them.
    pub(super) content: u64,
}

/// Whose allowance the reading of a definition counts against: that of a subscription is its own matter.
fn quota(id: &str) -> QuotaScope {
    let home = id.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    home.and_then(|id| id.parse().ok()).map_or(QuotaScope::Tenant, QuotaScope::Subscription)
}

/// Reads a policy definition.
pub(super) fn policy_definition(id: &ArmId) -> Call<PolicyDefinition> {
    Call::new(CallKind::ReadDefinition, quota(id.as_str()), Method::Get, id.as_str(), &[], API_VERSION).down_to(OLDEST)
}

/// Reads a version of a policy definition: three numbers.
pub(super) fn policy_definition_version(id: &ArmId, version: &str) -> Call<PolicyDefinition> {
    let tail = ["versions", version];
    Call::new(CallKind::ReadDefinitionVersion, quota(id.as_str()), Method::Get, id.as_str(), &tail, API_VERSION)
        .down_to(OLDEST_WITH_VERSIONS)
}

/// Reads an initiative.
pub(super) fn policy_set(id: &ArmId) -> Call<PolicySet> {
    Call::new(CallKind::ReadSetDefinition, quota(id.as_str()), Method::Get, id.as_str(), &[], API_VERSION)
        .down_to(OLDEST)
        .with_query("$expand", EFFECTIVE.to_owned())
}

/// Reads a version of an initiative: three numbers.
pub(super) fn policy_set_version(id: &ArmId, version: &str) -> Call<PolicySet> {
    let tail = ["versions", version];
    Call::new(CallKind::ReadSetDefinitionVersion, quota(id.as_str()), Method::Get, id.as_str(), &tail, API_VERSION)
        .down_to(OLDEST_WITH_VERSIONS)
        .with_query("$expand", EFFECTIVE.to_owned())
}

/// What the service adds only where it is asked to.
pub(super) const EFFECTIVE: &str = "EffectiveDefinitionVersion";

/// Lists the policy definitions of people's own that a subscription sees, those of the management groups above it too. By its own id, one
/// of a management group is refused to whoever has a right at the subscription only, as in a delegated one.
pub(super) fn own_definitions(subscription: &SubscriptionId) -> Call<Page<PolicyDefinition>> {
    list(CallKind::ListDefinitions, subscription, "policyDefinitions")
}

/// Lists the initiatives of people's own that a subscription sees.
pub(super) fn own_sets(subscription: &SubscriptionId) -> Call<Page<PolicySet>> {
    list(CallKind::ListSetDefinitions, subscription, "policySetDefinitions").with_query("$expand", EFFECTIVE.to_owned())
}

fn list<T>(kind: CallKind, subscription: &SubscriptionId, of: &str) -> Call<Page<T>> {
    let (path, tail) = (format!("/subscriptions/{subscription}"), ["providers", "Microsoft.Authorization", of]);
    Call::new(kind, QuotaScope::Subscription(subscription.clone()), Method::Get, &path, &tail, API_VERSION)
        .down_to(OLDEST)
        .with_query("$filter", "policyType eq 'Custom'".to_owned())
}

impl Item for PolicyDefinition {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        // A version has its own id below the definition's.
        let id = members.id("id").map(without_version).unwrap_or_default();
        let mut properties = members.object("properties");
        let version = properties.text("version");
        let defaults = defaults(&properties);
        let content = content([properties.given("policyRule"), properties.given("parameters")]);
        let mut rule = properties.object("policyRule");
        let then = rule.object("then");
        let effect = then.given("effect").and_then(text).map(|text| PolicyText::of(&text));
        // Of some effects the details are a list, and ask for no role.
        let given = then.given("details");
        let details = given.and_then(Value::as_object);
        let roles = details.and_then(|details| member(details, "roleDefinitionIds")).and_then(Value::as_array);
        let roles: Vec<RoleId> =
            roles.into_iter().flatten().filter_map(text).filter_map(|id| RoleId::of(&id)).collect();
        let identity = identity_change(&id, given, &roles);
        let definition = Definition { effect: effect.unwrap_or(PolicyText::Computed), defaults, roles, identity };
        Some(Self { id, version, definition, content })
    }
}

impl Answer for PolicyDefinition {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

impl Item for PolicySet {
    /// A list without a set of policies may stand for one that cannot be read.
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let id = members.id("id").map(without_version).unwrap_or_default();
        let mut properties = members.object("properties");
        let version = properties.text("version");
        let defaults = defaults(&properties);
        let content = content([properties.given("parameters")]);
        let list = properties.list("policyDefinitions");
        if list.is_none() {
            properties.miss("policyDefinitions");
        }
        let mut all = Vec::new();
        for (place, given) in list?.iter().enumerate() {
            match given.get("policyDefinitionReferenceId").and_then(text).filter(|reference| !reference.is_empty()) {
                Some(reference) => all.push(set_member(reference, given)),
                None => properties.miss(&format!("policyDefinitions[{place}].policyDefinitionReferenceId")),
            }
        }
        let unread = (!members.are_sound()).then(|| members.words());
        Some(Self { id, version, members: all, defaults, unread, content })
    }
}

impl Answer for PolicySet {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

fn set_member(reference: String, given: &Value) -> SetMember {
    let told = |name: &str| given.get(name).and_then(text).filter(|text| !text.is_empty());
    let values = given.get("parameters").and_then(Value::as_object).into_iter().flatten();
    let parameters = values
        .filter_map(|(name, value)| Some((fold(name.trim()), text(value.get("value")?)?)))
        .filter_map(|(name, value)| match PolicyText::of(&value) {
            // It is given all the same, so no default counts.
            PolicyText::Computed => Some((name, PolicyText::Computed)),
            known => may_matter(&value).then_some((name, known)),
        });
    SetMember {
        reference,
        definition: told("policyDefinitionId").map(|id| fold(id.trim_end_matches('/'))).unwrap_or_default(),
        effective_version: told("effectiveDefinitionVersion").or_else(|| told("definitionVersion")),
        parameters: parameters.collect(),
        content: content([given.get("parameters")]),
    }
}

/// The defaults of parameters that may matter, by folded name.
fn defaults(properties: &Members<'_, '_>) -> BTreeMap<String, String> {
    let all = properties.given("parameters").and_then(Value::as_object).into_iter().flatten();
    let texts = all.filter_map(|(name, value)| Some((fold(name.trim()), text(value.get("defaultValue")?)?)));
    texts.filter(|(_, value)| may_matter(value)).collect()
}

/// Whether a text may be an effect, name a parameter, or tell which identity a policy assigns: the name of a group or of an identity, or
/// that one's id. An initiative may have hundreds of other parameters.
pub(super) fn may_matter(text: &str) -> bool {
    let is_name = || text.chars().all(|c| c.is_alphanumeric() || "_-.()".contains(c));
    let is_short = !text.is_empty() && text.len() <= LONGEST && (text.starts_with('[') || is_name());
    is_short || text.len() <= LONGEST_ID && fold(text).contains("/userassignedidentities/")
}

/// A member of an object whose name is written in any casing.
fn member<'v>(of: &'v serde_json::Map<String, Value>, name: &str) -> Option<&'v Value> {
    of.get(name).or_else(|| of.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The id of a definition of which this may be a version.
fn without_version(id: String) -> String {
    id.split_once("/versions/").map_or(id.clone(), |(definition, _)| definition.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::read_item;
    use serde_json::json;

    #[test]
    fn a_definition_is_read_on_the_account_of_the_subscription_that_has_it() {
        let account = |home: &str| {
            let id = format!("{home}/providers/Microsoft.Authorization/policySetDefinitions/Baseline");
            policy_set(&id.parse().unwrap()).quota
        };
        let subscription = "086AECF4-23d6-4dfd-99a8-a5c6299f0322";
        let own = QuotaScope::Subscription(subscription.parse().unwrap());
        assert_eq!(account(&format!("/Subscriptions/{subscription}")), own);
        for home in ["", "/providers/Microsoft.Management/managementGroups/contoso"] {
            assert_eq!(account(home), QuotaScope::Tenant, "{home}");
        }
    }

    #[test]
    fn whatever_a_policy_deploys_and_is_given_counts() {
        let policy = |template: &str, default: &str| {
            let then = json!({ "effect": "deployIfNotExists", "details": { "deployment": { "to": template } } });
            let parameters = json!({ "to": { "defaultValue": default } });
            let wire =
                json!({ "id": "/d", "properties": { "policyRule": { "then": then }, "parameters": parameters } });
            read_item::<PolicyDefinition>(&wire).unwrap().content
        };
        assert_eq!(policy("/w/a", "/x"), policy("/w/a", "/x"));
        assert!(policy("/w/a", "/x") != policy("/w/b", "/x") && policy("/w/a", "/x") != policy("/w/a", "/y"));
        let set = |given: &str, default: &str| {
            let member = json!({ "policyDefinitionReferenceId": "r", "parameters": { "to": { "value": given } } });
            let parameters = json!({ "to": { "defaultValue": default } });
            let wire = json!({ "id": "/s", "properties": { "policyDefinitions": [member], "parameters": parameters } });
            let set = read_item::<PolicySet>(&wire).unwrap();
            (set.content, set.members[0].content)
        };
        assert!(set("/a", "/x") == set("/a", "/x") && set("/a", "/x").0 != set("/a", "/y").0);
        assert!(set("/a", "/x").1 != set("/b", "/x").1 && set("/a", "/x").1 == set("/a", "/y").1);
    }

    #[test]
    fn effect_and_roles_are_read_in_whatever_spelling() {
        let role = "/providers/microsoft.authorization/roleDefinitions/B24988AC-6180-42a0-ab88-20f7382dd24c";
        let read = |then: Value| {
            let parameters = json!({ "Effect": { "defaultValue": "Modify" }, "days": { "defaultValue": [5] }, "id": { "defaultValue": "/a/b" } });
            let wire = json!({ "id": "/D/versions/1.0.0", "properties": { "version": "1.2.3", "parameters": parameters, "policyRule": { "then": then } } });
            read_item::<PolicyDefinition>(&wire).unwrap()
        };
        let known =
            read(json!({ "effect": "[parameters('Effect')]", "details": { "RoleDefinitionIds": [role, 5, null] } }));
        assert_eq!((known.id.as_str(), known.version.as_deref()), ("/d", Some("1.2.3")));
        assert_eq!(known.definition.effect, PolicyText::Parameter("effect".to_owned()));
        assert_eq!(known.definition.defaults, BTreeMap::from([("effect".to_owned(), "Modify".to_owned())]));
        let names: Vec<_> = known.definition.roles.iter().map(RoleId::as_str).collect();
        assert_eq!(names, ["b24988ac-6180-42a0-ab88-20f7382dd24c", "5"]);
        let append = read(json!({ "effect": "append", "details": [{ "field": "tags", "value": "a" }] }));
        assert!(append.definition.roles.is_empty());
        assert_eq!(read(json!(null)).definition.effect, PolicyText::Computed, "the policy states say");
    }

    #[test]
    fn a_member_that_cannot_be_read_costs_only_itself() {
        let set = |list: Value| {
            let wire = json!({ "id": "/S", "properties": { "policyDefinitions": list } });
            one::<PolicySet>(&wire.to_string(), &mut Vec::new())
        };
        let references =
            |set: &PolicySet| set.members.iter().map(|member| member.reference.clone()).collect::<Vec<_>>();
        let both = set(json!([{ "policyDefinitionReferenceId": "A" }, { "policyDefinitionReferenceId": 5 }])).unwrap();
        assert_eq!((references(&both), both.unread), (vec!["A".to_owned(), "5".to_owned()], None));
        for odd in [json!(null), json!(5), json!({}), json!({ "policyDefinitionReferenceId": [] })] {
            let some = set(json!([{ "policyDefinitionReferenceId": "A" }, odd])).unwrap();
            assert_eq!(references(&some), ["A"], "{odd}");
            assert!(some.unread.unwrap().contains("policyDefinitions[1]"), "{odd}");
        }
        assert!(set(json!(null)).is_err() && set(json!({})).is_err());
    }

    #[test]
    fn of_an_initiative_only_what_may_matter_is_kept() {
        let parameters = json!({
            "Effect": { "value": "[parameters('tagsEffect')]" }, "list": { "value": ["a"] }, "none": null,
            "workspace": { "value": "/subscriptions/x" }, "other": { "value": "Disabled" },
            "name": { "value": "id-shared_1" }, "bring": { "value": true }, "computed": { "value": format!("[concat('{}')]", "x".repeat(200)) },
        });
        let member = json!({ "policyDefinitionReferenceId": "Tags", "policyDefinitionId": "/D/", "parameters": parameters, "effectiveDefinitionVersion": "1.2.0" });
        let wire = json!({ "id": "/S", "properties": { "policyDefinitions": [member] } });
        let set = read_item::<PolicySet>(&wire).unwrap();
        let member = &set.members[0];
        assert_eq!((member.definition.as_str(), member.effective_version.as_deref()), ("/d", Some("1.2.0")));
        let kept: Vec<_> = member.parameters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let literal = |text: &str| PolicyText::Literal(text.to_owned());
        let wanted = [
            ("bring", literal("true")),
            ("computed", PolicyText::Computed),
            ("effect", PolicyText::Parameter("tagseffect".to_owned())),
            ("name", literal("id-shared_1")),
            ("other", literal("Disabled")),
        ];
        assert_eq!(kept, wanted);
    }
}
