//! The estate itself: lists of everything, builder functions that add to them, and the look-ups that rules need.
//! A value without life: nothing in it changes by itself.

use super::casing::is_same;
use super::{
    ArmId, Assignment, ComplianceRecord, Definition, Exemption, Initiative, ManagementGroup, RecordKey, Scope,
    Subscription,
};
use crate::rights::Access;
use serde::{Deserialize, Serialize};

/// A resource; its type follows from its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resource {
    /// Its id.
    pub id: ArmId,
    /// Its location, such as `westeurope`.
    pub location: String,
}

/// A small Azure world.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Estate {
    /// The tenant that we are at home in.
    pub home_tenant: String,
    /// Management groups.
    pub management_groups: Vec<ManagementGroup>,
    /// Subscriptions, delegated ones too.
    pub subscriptions: Vec<Subscription>,
    /// Policy definitions.
    pub definitions: Vec<Definition>,
    /// Initiatives.
    pub initiatives: Vec<Initiative>,
    /// Policy assignments.
    pub assignments: Vec<Assignment>,
    /// Resources.
    pub resources: Vec<Resource>,
    /// What is known of the compliance of resources.
    pub records: Vec<ComplianceRecord>,
    /// Exemptions from policies.
    #[serde(default)]
    pub exemptions: Vec<Exemption>,
    /// Who may do what.
    #[serde(default)]
    pub access: Access,
}

impl Estate {
    /// An empty estate.
    pub fn new(home_tenant: &str) -> Self {
        Self { home_tenant: home_tenant.to_owned(), ..Self::default() }
    }

    /// Adds a management group of the home tenant; `parent` is its parent's name.
    pub fn with_management_group(mut self, name: &str, parent: Option<&str>) -> Self {
        self.management_groups.push(ManagementGroup {
            name: name.to_owned(),
            display_name: name.to_owned(),
            parent: parent.map(str::to_owned),
            tenant: self.home_tenant.clone(),
        });
        self
    }

    /// Adds a subscription of the home tenant under a management group.
    pub fn with_subscription(mut self, id: &str, display_name: &str, parent: Option<&str>) -> Self {
        self.subscriptions.push(Subscription {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            tenant: self.home_tenant.clone(),
            parent: parent.map(str::to_owned),
            managed_by: Vec::new(),
            unregistered: Vec::new(),
        });
        self
    }

    /// Adds a customer's subscription that is delegated to the home tenant through Azure Lighthouse.
    pub fn with_delegated_subscription(mut self, id: &str, display_name: &str, tenant: &str) -> Self {
        self.subscriptions.push(Subscription {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            tenant: tenant.to_owned(),
            parent: None,
            managed_by: vec![self.home_tenant.clone()],
            unregistered: Vec::new(),
        });
        self
    }

    /// Adds a management group of another tenant.
    pub fn with_foreign_group(mut self, name: &str, parent: Option<&str>, tenant: &str) -> Self {
        self = self.with_management_group(name, parent);
        if let Some(group) = self.management_groups.last_mut() {
            group.tenant = tenant.to_owned();
        }
        self
    }

    /// Puts the last subscription under a management group.
    pub fn below(mut self, parent: &str) -> Self {
        if let Some(subscription) = self.subscriptions.last_mut() {
            subscription.parent = Some(parent.to_owned());
        }
        self
    }

    /// The last subscription has not registered this resource provider.
    pub fn without_provider(mut self, namespace: &str) -> Self {
        if let Some(subscription) = self.subscriptions.last_mut() {
            subscription.unregistered.push(namespace.to_owned());
        }
        self
    }

    /// Adds a policy definition.
    pub fn with_definition(mut self, definition: Definition) -> Self {
        self.definitions.push(definition);
        self
    }

    /// Adds an initiative.
    pub fn with_initiative(mut self, initiative: Initiative) -> Self {
        self.initiatives.push(initiative);
        self
    }

    /// Adds a policy assignment.
    pub fn with_assignment(mut self, assignment: Assignment) -> Self {
        self.assignments.push(assignment);
        self
    }

    /// Adds a resource.
    pub fn with_resource(mut self, id: impl Into<ArmId>, location: &str) -> Self {
        self.resources.push(Resource { id: id.into(), location: location.to_owned() });
        self
    }

    /// Adds a compliance record, and its resource (in `eastus`) when the estate has none of that id yet.
    pub fn with_record(mut self, record: ComplianceRecord) -> Self {
        if self.resource(&record.key.resource).is_none() {
            self = self.with_resource(record.key.resource.clone(), "eastus");
        }
        self.records.push(record);
        self
    }

    /// The same with these rights.
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The tenant that a scope belongs to; `None` for the tenant root and for what the estate does not know.
    pub fn tenant_of(&self, scope: &ArmId) -> Option<&str> {
        if let Some(subscription) = scope.subscription() {
            return self.subscription(subscription).map(|found| found.tenant.as_str());
        }
        self.management_group(scope.management_group()?).map(|group| group.tenant.as_str())
    }

    /// A subscription by its id, compared without case.
    pub fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id.eq_ignore_ascii_case(id))
    }

    /// A management group by its name, compared without case.
    pub fn management_group(&self, name: &str) -> Option<&ManagementGroup> {
        self.management_groups.iter().find(|group| is_same(&group.name, name))
    }

    /// A policy assignment by its id.
    pub fn assignment(&self, id: &ArmId) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.id == *id)
    }

    /// A policy definition by its id.
    pub fn definition(&self, id: &ArmId) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.id == *id)
    }

    /// An initiative by its id.
    pub fn initiative(&self, id: &ArmId) -> Option<&Initiative> {
        self.initiatives.iter().find(|initiative| initiative.id == *id)
    }

    /// A resource by its id.
    pub fn resource(&self, id: &ArmId) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == *id)
    }

    /// A compliance record by its key.
    pub fn record(&self, key: &RecordKey) -> Option<&ComplianceRecord> {
        self.records.iter().find(|record| record.key == *key)
    }

    /// The management groups above a subscription, nearest first; a loop in the tree ends the list.
    pub fn groups_above(&self, subscription: &str) -> Vec<&ManagementGroup> {
        let mut above: Vec<&ManagementGroup> = Vec::new();
        let mut next = self.subscription(subscription).and_then(|found| found.parent.as_deref());
        while let Some(group) = next.and_then(|name| self.management_group(name)) {
            if above.iter().any(|seen| seen.name == group.name) {
                break;
            }
            next = group.parent.as_deref();
            above.push(group);
        }
        above
    }

    /// Whether `inner` is `outer` or lies below it, through management groups too. The tenant covers everything.
    pub fn covers(&self, outer: &ArmId, inner: &ArmId) -> bool {
        match Scope::parse(outer) {
            Some(Scope::Tenant) => true,
            Some(Scope::ManagementGroup(name)) => match (inner.subscription(), inner.management_group()) {
                (Some(subscription), _) => {
                    self.groups_above(subscription).iter().any(|group| is_same(&group.name, &name))
                }
                (None, Some(group)) => self.group_is_within(group, &name),
                (None, None) => false,
            },
            Some(_) | None => inner.is_within(outer),
        }
    }

    /// Whether a policy assignment concerns a resource: in its scope and not in one of its excluded scopes.
    pub fn applies(&self, assignment: &Assignment, resource: &ArmId) -> bool {
        self.covers(&assignment.scope(), resource)
            && !assignment.not_scopes.iter().any(|excluded| self.covers(excluded, resource))
            && self.is_selected(assignment, resource)
    }

    fn group_is_within(&self, group: &str, ancestor: &str) -> bool {
        let mut next = Some(group);
        // A tree has no path longer than the number of its nodes; that bounds a broken one.
        for _ in 0..=self.management_groups.len() {
            match next {
                Some(name) if is_same(name, ancestor) => return true,
                Some(name) => next = self.management_group(name).and_then(|found| found.parent.as_deref()),
                None => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estate() -> Estate {
        Estate::new("t")
            .with_management_group("root", None)
            .with_management_group("landing", Some("root"))
            .with_management_group("other", Some("root"))
            .with_subscription("s1", "One", Some("landing"))
            .with_delegated_subscription("s2", "Two", "t2")
    }

    #[test]
    fn management_groups_cover_what_hangs_below_them() {
        let group = |name: &str| ArmId::new(format!("/providers/Microsoft.Management/managementGroups/{name}"));
        let resource = ArmId::new("/subscriptions/S1/resourceGroups/g/providers/a.b/c/d");
        for (outer, inner, covered) in [
            (group("ROOT"), resource.clone(), true),
            (group("landing"), resource.clone(), true),
            (group("other"), resource.clone(), false),
            (group("root"), group("landing"), true),
            (group("landing"), group("root"), false),
            (group("root"), ArmId::new("/subscriptions/s2"), false),
            (ArmId::new("/subscriptions/s1"), resource.clone(), true),
            (resource.clone(), ArmId::new("/subscriptions/s1"), false),
            (ArmId::new(""), resource, true),
        ] {
            assert_eq!(estate().covers(&outer, &inner), covered, "{outer} over {inner}");
        }
    }

    #[test]
    fn excluded_scopes_do_not_apply() {
        let assignment =
            Assignment::new("/subscriptions/s1", "a", "/d").without_scope("/subscriptions/s1/resourceGroups/x");
        assert!(estate().applies(&assignment, &"/subscriptions/s1/resourceGroups/g/providers/a.b/c/d".into()));
        assert!(!estate().applies(&assignment, &"/subscriptions/S1/resourcegroups/X/providers/a.b/c/d".into()));
    }

    #[test]
    fn an_estate_survives_json() {
        let estate = crate::estate::sample(time::OffsetDateTime::UNIX_EPOCH);
        let text = serde_json::to_string(&estate).expect("an estate serialises");
        let read: Estate = serde_json::from_str(&text).expect("and reads back");
        assert_eq!(serde_json::to_string(&read).expect("again"), text);
    }

    #[test]
    fn a_loop_of_groups_ends() {
        let estate = Estate::new("t")
            .with_management_group("a", Some("b"))
            .with_management_group("b", Some("a"))
            .with_subscription("s", "S", Some("a"));
        assert_eq!(estate.groups_above("s").len(), 2);
        assert!(
            !estate.covers(&"/providers/Microsoft.Management/managementGroups/z".into(), &"/subscriptions/s".into())
        );
        let (a, z) = (
            "/providers/Microsoft.Management/managementGroups/a",
            "/providers/Microsoft.Management/managementGroups/z",
        );
        assert!(!estate.covers(&z.into(), &a.into()));
    }
}
