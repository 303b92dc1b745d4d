//! Resource providers and whether a subscription has registered them (OpenAPI, resources 2024-11-01; Microsoft documentation,
//! "Azure resource providers and types"). One that the estate says is not registered shows so, and what is asked of it there is
//! refused, until somebody registers it.

use super::{api_versions, error::ArmError, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, is_same};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Providers that need no registration, with the types that are served here.
const FREE: [(&str, &[&str]); 4] = [
    (
        "Microsoft.Authorization",
        &[
            "policyAssignments",
            "policyDefinitions",
            "policySetDefinitions",
            "policyExemptions",
            "roleAssignments",
            "roleDefinitions",
            "denyAssignments",
            "locks",
        ],
    ),
    ("Microsoft.Management", &["managementGroups"]),
    ("Microsoft.ResourceGraph", &["resources"]),
    ("Microsoft.Resources", &["subscriptions", "resourceGroups", "deployments", "tenants", "providers"]),
];
/// Those that do.
const BOUND: [(&str, &[&str]); 2] = [
    ("Microsoft.ManagedServices", &["registrationAssignments", "registrationDefinitions"]),
    (
        "Microsoft.PolicyInsights",
        &["remediations", "policyStates", "policyEvents", "asyncOperationResults", "operations"],
    ),
];
/// The versions of types whose lists nobody here knows: one that any client takes.
const SOME_VERSION: &str = "2024-11-01";

impl World {
    pub(crate) fn list_providers(&self, subscription: Option<&str>, call: &Call) -> Result<Reply, ArmError> {
        let known = self.known(subscription)?;
        let bodies = known.iter().map(|(namespace, kinds)| self.provider(subscription, namespace, kinds));
        self.page(call, bodies.collect())
    }

    pub(crate) fn get_provider(&self, subscription: Option<&str>, namespace: &str) -> Result<Reply, ArmError> {
        let known = self.known(subscription)?;
        let found = known.iter().find(|(known, _)| is_same(known, namespace));
        let (namespace, kinds) = found.ok_or_else(|| ArmError::invalid_namespace(namespace))?;
        Ok(Reply::ok(self.provider(subscription, namespace, kinds)))
    }

    /// Registers a provider, or takes that back. The real one says `Registering` for a while; unverified how long.
    pub(crate) fn register(&mut self, id: &str, namespace: &str, registers: bool) -> Result<Reply, ArmError> {
        let known = self.known(Some(id))?;
        let found = known.iter().find(|(known, _)| is_same(known, namespace));
        let (namespace, kinds) = found.ok_or_else(|| ArmError::invalid_namespace(namespace))?;
        let subscriptions = self.estate.subscriptions.iter_mut();
        for subscription in subscriptions.filter(|one| one.id.eq_ignore_ascii_case(id)) {
            subscription.unregistered.retain(|one| !is_same(one, namespace));
            if !registers && FREE.iter().all(|(free, _)| free != namespace) {
                subscription.unregistered.push(namespace.clone());
            }
        }
        Ok(Reply::ok(self.provider(Some(id), namespace, kinds)))
    }

    /// Refuses what is asked of a provider in a subscription that has not registered it.
    pub(crate) fn check_registered(&self, namespace: &str, scope: &ArmId) -> Result<(), ArmError> {
        let subscription = scope.subscription().and_then(|id| self.estate.subscription(id));
        if subscription.is_none_or(|one| one.has_registered(namespace)) {
            return Ok(());
        }
        Err(ArmError::new(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how \
                 to register subscriptions."
            ),
        ))
    }

    /// Namespaces with the types of each: those that are served here, and those that something of the estate is of.
    fn known(&self, subscription: Option<&str>) -> Result<BTreeMap<String, BTreeSet<String>>, ArmError> {
        if let Some(id) = subscription {
            self.estate.subscription(id).ok_or_else(|| ArmError::subscription_not_found(id))?;
        }
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let own =
            FREE.iter().chain(&BOUND).flat_map(|(namespace, kinds)| kinds.iter().map(move |kind| (*namespace, *kind)));
        own.for_each(|(namespace, kind)| {
            known.entry(namespace.to_owned()).or_default().insert(kind.to_owned());
        });
        for kind in self.resources.keys().filter_map(ArmId::resource_type) {
            let Some((namespace, kind)) = kind.split_once('/') else { continue };
            let listed = known.keys().find(|known| is_same(known, namespace)).cloned();
            let kinds = known.entry(listed.unwrap_or_else(|| namespace.to_owned())).or_default();
            if !kinds.iter().any(|known| is_same(known, kind)) {
                kinds.insert(kind.to_owned());
            }
        }
        for namespace in self.estate.subscriptions.iter().flat_map(|one| &one.unregistered) {
            if !known.keys().any(|known| is_same(known, namespace)) {
                known.insert(namespace.clone(), BTreeSet::new());
            }
        }
        Ok(known)
    }

    fn provider(&self, subscription: Option<&str>, namespace: &str, kinds: &BTreeSet<String>) -> Value {
        let is_free = FREE.iter().any(|(free, _)| *free == namespace);
        let prefix = subscription.map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
        let types: Vec<Value> = kinds.iter().map(|kind| self.kind(namespace, kind)).collect();
        let mut body = json!({
            "id": format!("{prefix}/providers/{namespace}"),
            "namespace": namespace,
            "resourceTypes": types,
            "registrationPolicy": if is_free { "RegistrationFree" } else { "RegistrationRequired" }
        });
        if let Some(subscription) = subscription.and_then(|id| self.estate.subscription(id)) {
            let is_registered = subscription.has_registered(namespace);
            body["registrationState"] = if is_registered { "Registered" } else { "NotRegistered" }.into();
        }
        body
    }

    fn kind(&self, namespace: &str, kind: &str) -> Value {
        let whole = format!("{namespace}/{kind}");
        let of_kind =
            self.resources.iter().filter(|(id, _)| id.resource_type().is_some_and(|one| is_same(&one, &whole)));
        let locations: BTreeSet<&String> = of_kind.map(|(_, location)| location).collect();
        let versions = api_versions::of_kind(namespace, kind).unwrap_or(&[SOME_VERSION]);
        json!({ "resourceType": kind, "locations": locations, "apiVersions": versions, "capabilities": "None" })
    }
}
