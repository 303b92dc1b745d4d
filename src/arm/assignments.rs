//! Policy assignments and the members of initiatives, as far as a decision needs them.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2024-05-01.

use azure_core::http::Method;

use remediation::fact::{AssignedPolicy, Assignment, CallKind};
use remediation::id::{ArmId, SubscriptionId};

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2024-05-01";
/// The oldest that tells of an assignment whether it is enforced. Whoever reads selectors or overrides needs 2022-06-01.
const OLDEST: &str = "2019-06-01";

/// The members of an initiative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetMembers {
    /// The reference ids of those that could be read, in its own casing.
    pub(super) references: Vec<String>,
    /// Why not all of them could be read.
    pub(super) unread: Option<String>,
}

/// Lists the assignments that apply to the subscription, inherited ones included. A reader of the subscription may do so
/// even where the management groups above are out of sight, as in a delegated subscription.
pub(super) fn list_assignments(subscription: &SubscriptionId) -> Call<Page<Assignment>> {
    let quota = QuotaScope::Subscription(subscription.clone());
    let tail = ["providers", "Microsoft.Authorization", "policyAssignments"];
    Call::new(
        CallKind::ListAssignments,
        quota,
        Method::Get,
        &format!("/subscriptions/{subscription}"),
        &tail,
        API_VERSION,
    )
    .down_to(OLDEST)
}

/// Reads an initiative. That of a subscription is the subscription's matter, so that it holds no other customer's calls.
pub(super) fn set_definition(id: &ArmId) -> Call<SetMembers> {
    let home = id.as_str().strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let quota = home.and_then(|id| id.parse().ok()).map_or(QuotaScope::Tenant, QuotaScope::Subscription);
    Call::new(CallKind::ReadSetDefinition, quota, Method::Get, id.as_str(), &[], API_VERSION).down_to(OLDEST)
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
        let mut properties = members.object("properties");
        let definition = properties.id("policyDefinitionId");
        if definition.is_none() {
            properties.miss("policyDefinitionId");
        }
        let mode = properties.word("enforcementMode").unwrap_or_default();
        let not_scopes = properties.ids("notScopes").unwrap_or_default();
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
        })
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

impl Answer for SetMembers {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

impl Item for SetMembers {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let mut properties = members.object("properties");
        let list = properties.list("policyDefinitions");
        if list.is_none() {
            properties.miss("policyDefinitions");
        }
        let mut references = Vec::new();
        for (place, member) in list?.iter().enumerate() {
            match member.get("policyDefinitionReferenceId").and_then(text).filter(|reference| !reference.is_empty()) {
                Some(reference) => references.push(reference),
                None => properties.miss(&format!("policyDefinitions[{place}].policyDefinitionReferenceId")),
            }
        }
        let unread = (!members.are_sound()).then(|| members.words());
        Some(Self { references, unread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::lenient::{read, read_item};
    use serde_json::{Value, json};

    #[test]
    fn an_initiative_is_read_on_the_account_of_the_subscription_that_has_it() {
        let set = "providers/Microsoft.Authorization/policySetDefinitions/Baseline";
        let account = |home: &str| set_definition(&format!("{home}/{set}").parse().unwrap()).quota;
        let subscription = "086AECF4-23d6-4dfd-99a8-a5c6299f0322";
        let own = QuotaScope::Subscription(subscription.parse().unwrap());
        assert_eq!(account(&format!("/Subscriptions/{subscription}")), own);
        for home in ["", "/providers/Microsoft.Management/managementGroups/contoso"] {
            assert_eq!(account(home), QuotaScope::Tenant, "{home}");
        }
    }

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
    fn a_member_that_cannot_be_read_costs_only_itself() {
        let members = |list: Value| {
            one::<SetMembers>(&json!({ "properties": { "policyDefinitions": list } }).to_string(), &mut Vec::new())
        };
        let all =
            members(json!([{ "policyDefinitionReferenceId": "A" }, { "policyDefinitionReferenceId": 5 }])).unwrap();
        assert_eq!(all, SetMembers { references: vec!["A".to_owned(), "5".to_owned()], unread: None });
        for odd in [json!(null), json!(5), json!({}), json!({ "policyDefinitionReferenceId": [] })] {
            let some = members(json!([{ "policyDefinitionReferenceId": "A" }, odd])).unwrap();
            assert_eq!(some.references, ["A"], "{odd}");
            assert!(some.unread.unwrap().contains("policyDefinitions[1]"), "{odd}");
        }
        assert!(members(json!(null)).is_err() && members(json!({})).is_err());
    }
}
