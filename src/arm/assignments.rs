//! Policy assignments and the members of initiatives, as far as a decision needs them.
//! Source: the service's OpenAPI description, Microsoft.Authorization 2024-05-01.

use azure_core::http::Method;
use serde::Deserialize;

use super::call::{Account, Call, CallKind};
use super::page::Page;
use crate::resource::{ArmId, SubscriptionId, fold};

const API_VERSION: &str = "2024-05-01";

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignedPolicy {
    /// A single policy; its id, folded.
    Definition(String),
    /// An initiative.
    Set(ArmId),
}

/// A policy assignment that applies to a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id, folded.
    pub id: String,
    /// What it assigns.
    pub policy: AssignedPolicy,
    /// Whether it has a managed identity to act with.
    pub has_identity: bool,
    /// Whether its effect is enforced (`enforcementMode` is `Default` or not given): a mode that is not known is not.
    pub is_enforced: bool,
    /// Scopes that it excludes, folded.
    pub not_scopes: Vec<String>,
}

/// The reference ids of an initiative's policies, in its own casing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members(pub(super) Vec<String>);

/// Lists the assignments that apply to the subscription, inherited ones included. A reader of the subscription may do so
/// even where the management groups above are out of sight, as in a delegated subscription.
pub(super) fn list_assignments(subscription: &SubscriptionId) -> Call<Page<Assignment>> {
    let account = Account::Subscription(subscription.clone());
    let tail = ["providers", "Microsoft.Authorization", "policyAssignments"];
    Call::new(
        CallKind::ListAssignments,
        account,
        Method::Get,
        &format!("/subscriptions/{subscription}"),
        &tail,
        API_VERSION,
    )
}

/// Reads an initiative. That of a subscription is the subscription's matter, so that it holds no other customer's calls.
pub(super) fn set_definition(id: &ArmId) -> Call<Members> {
    let home = id.as_str().strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
    let account = home.and_then(|id| id.parse().ok()).map_or(Account::Tenant, Account::Subscription);
    Call::new(CallKind::ReadSetDefinition, account, Method::Get, id.as_str(), &[], API_VERSION)
}

mod wire {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Assignment {
        #[serde(default)]
        pub(super) id: String,
        #[serde(default)]
        pub(super) identity: Option<Identity>,
        pub(super) properties: AssignmentProperties,
    }

    #[derive(Deserialize)]
    pub(super) struct Identity {
        #[serde(default, rename = "type")]
        pub(super) kind: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct AssignmentProperties {
        #[serde(default)]
        pub(super) policy_definition_id: String,
        #[serde(default)]
        pub(super) enforcement_mode: Option<String>,
        #[serde(default)]
        pub(super) not_scopes: Vec<String>,
    }

    #[derive(Deserialize)]
    pub(super) struct SetDefinition {
        pub(super) properties: SetProperties,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct SetProperties {
        #[serde(default)]
        pub(super) policy_definitions: Vec<Member>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Member {
        #[serde(default)]
        pub(super) policy_definition_reference_id: String,
    }
}

impl<'de> Deserialize<'de> for Assignment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = wire::Assignment::deserialize(deserializer)?;
        let policy = &wire.properties.policy_definition_id;
        let policy = if fold(policy).contains("/policysetdefinitions/") {
            AssignedPolicy::Set(policy.parse().map_err(serde::de::Error::custom)?)
        } else {
            AssignedPolicy::Definition(fold(policy))
        };
        let has_identity = wire.identity.is_some_and(|i| !i.kind.is_empty() && !i.kind.eq_ignore_ascii_case("None"));
        let mode = wire.properties.enforcement_mode.as_deref().unwrap_or_default();
        let is_enforced = mode.is_empty() || mode.eq_ignore_ascii_case("Default");
        let not_scopes = wire.properties.not_scopes.iter().map(|scope| fold(scope.trim())).collect();
        Ok(Self { id: fold(&wire.id), policy, has_identity, is_enforced, not_scopes })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let set = wire::SetDefinition::deserialize(deserializer)?;
        Ok(Self(set.properties.policy_definitions.into_iter().map(|m| m.policy_definition_reference_id).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_initiative_is_read_on_the_account_of_the_subscription_that_has_it() {
        let set = "providers/Microsoft.Authorization/policySetDefinitions/Baseline";
        let account = |home: &str| set_definition(&format!("{home}/{set}").parse().unwrap()).account;
        let subscription = "086AECF4-23d6-4dfd-99a8-a5c6299f0322";
        let own = Account::Subscription(subscription.parse().unwrap());
        assert_eq!(account(&format!("/Subscriptions/{subscription}")), own);
        for home in ["", "/providers/Microsoft.Management/managementGroups/contoso"] {
            assert_eq!(account(home), Account::Tenant, "{home}");
        }
    }

    #[test]
    fn only_a_mode_that_is_known_to_enforce_does() {
        let enforced = |properties: Value| -> bool {
            serde_json::from_value::<Assignment>(json!({ "properties": properties })).unwrap().is_enforced
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
}
