//! The tables that can be asked: policy states, subscriptions and management groups, and resources. Their columns are those of
//! the service; members of `properties` that a query does not look at are not made, since there may be many rows.

use super::{
    super::{
        policy_state::{COLUMNS, Evaluation, Window},
        world::World,
    },
    kql::{Query, Schema, Type},
    refusal::Told,
    scope::Reach,
};
use crate::estate::{ArmId, Subscription};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

type Row = Map<String, Value>;

/// Columns that all tables have ("Understanding the Azure Resource Graph query language", Microsoft documentation).
const COMMON: [(&str, Type); 9] = [
    ("id", Type::Text),
    ("name", Type::Text),
    ("type", Type::Text),
    ("tenantId", Type::Text),
    ("location", Type::Text),
    ("resourceGroup", Type::Text),
    ("subscriptionId", Type::Text),
    ("properties", Type::Dynamic),
    ("tags", Type::Dynamic),
];

impl World {
    /// The schema and the rows of the table that a query asks, as they were at a time.
    pub(super) fn graph_table(
        &self,
        query: &Query,
        reach: &Reach,
        at: OffsetDateTime,
    ) -> Result<(Schema, Vec<Row>), Told> {
        let schema = Schema(COMMON.map(|(name, kind)| (name.to_owned(), kind)).to_vec());
        let rows = match query.table.as_str() {
            "policyresources" => {
                let members = query.members("properties");
                let wanted = |column: &&str| members.as_ref().is_none_or(|members| members.contains(column));
                let columns: Vec<&str> = COLUMNS.into_iter().filter(wanted).collect();
                let states = self.states_of(reach, at);
                states.iter().map(|state| self.state_row(state, &columns)).collect()
            }
            "resourcecontainers" => self.container_rows(reach),
            "resources" => self.resource_rows(reach),
            other => {
                let words = format!("Table {other} is invalid, unsupported or disallowed.");
                return Err(Told::bad("DisallowedLogicalTableName", &words));
            }
        };
        Ok((schema, rows))
    }

    fn states_of(&self, reach: &Reach, at: OffsetDateTime) -> Vec<Evaluation<'_>> {
        // The latest state of everything, however long ago it was evaluated.
        let window = Window { from: OffsetDateTime::UNIX_EPOCH, to: at };
        self.evaluations_where(window, true, at, |record| {
            let resource = &record.key().resource;
            reach.holds(resource)
                && self
                    .estate
                    .assignment(&record.key().assignment)
                    .is_some_and(|one| self.estate.applies(one, resource))
        })
    }

    fn state_row(&self, state: &Evaluation<'_>, columns: &[&str]) -> Row {
        let key = state.record.key();
        let seed = format!("{}|{}", key.assignment.lower(), key.reference.as_deref().unwrap_or_default());
        let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).simple().to_string();
        let resource = key.resource.lower();
        row(
            format!("{resource}/providers/microsoft.policyinsights/policystates/{name}"),
            &name,
            "microsoft.policyinsights/policystates",
            self.tenant(&key.resource),
            ("", &key.resource),
            Value::Object(self.row(state, columns)),
        )
    }

    fn container_rows(&self, reach: &Reach) -> Vec<Row> {
        let is_in = |one: &&Subscription| reach.subscriptions.contains_key(&one.id.to_ascii_lowercase());
        let chain = |one: &Subscription| -> Value {
            let above = self.estate.groups_above(&one.id);
            above.iter().map(|group| json!({ "name": group.name, "displayName": group.display_name })).collect()
        };
        let subscriptions = self.estate.subscriptions.iter().filter(is_in).map(|one| {
            let managed_by: Value = one.managed_by.iter().map(|tenant| json!({ "tenantId": tenant })).collect();
            let id = ArmId::new(format!("/subscriptions/{}", one.id));
            let properties = json!({
                "state": "Enabled", "managementGroupAncestorsChain": chain(one), "managedByTenants": managed_by
            });
            let kind = "microsoft.resources/subscriptions";
            row(id.as_str().to_owned(), &one.display_name, kind, &one.tenant, ("", &id), properties)
        });
        let groups = self.groups().filter(|group| reach.holds(group)).map(|group| {
            let kind = "microsoft.resources/subscriptions/resourcegroups";
            let properties = json!({ "provisioningState": "Succeeded" });
            row(group.as_str().to_owned(), group.name(), kind, self.tenant(group), ("eastus", group), properties)
        });
        subscriptions.chain(groups).collect()
    }

    fn resource_rows(&self, reach: &Reach) -> Vec<Row> {
        let found = self.resources.iter().filter(|(id, _)| reach.holds(id));
        let rows = found.map(|(id, location)| {
            let kind = id.resource_type().unwrap_or_default().to_lowercase();
            row(id.as_str().to_owned(), id.name(), &kind, self.tenant(id), (location, id), json!({}))
        });
        rows.collect()
    }

    fn tenant(&self, id: &ArmId) -> &str {
        self.estate.tenant_of(id).unwrap_or_default()
    }
}

fn row(id: String, name: &str, kind: &str, tenant: &str, (location, place): (&str, &ArmId), properties: Value) -> Row {
    let texts = [
        ("id", id),
        ("name", name.to_owned()),
        ("type", kind.to_owned()),
        ("tenantId", tenant.to_owned()),
        ("location", location.to_owned()),
        ("resourceGroup", place.resource_group().unwrap_or_default().to_lowercase()),
        ("subscriptionId", place.subscription().unwrap_or_default().to_owned()),
    ];
    let mut row: Row = texts.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    row.insert("properties".to_owned(), properties);
    row.insert("tags".to_owned(), Value::Null);
    row
}
