//! Exemptions: list, get, make, delete (OpenAPI 2022-07-01-preview).

use super::super::{error::ArmError, reply::Reply, request::Call, world::World};
use crate::estate::{ArmId, Category, Exemption, instant_text, parse_instant};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

#[derive(Deserialize)]
struct Body {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    policy_assignment_id: String,
    exemption_category: Category,
    display_name: Option<String>,
    expires_on: Option<String>,
    #[serde(default)]
    policy_definition_reference_ids: Vec<String>,
}

impl World {
    pub(crate) fn list_exemptions(&self, scope: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        self.check_scope(scope)?;
        let filter = call.query.get("$filter").unwrap_or_default().trim();
        let lower = filter.to_lowercase();
        let assignment = lower.strip_prefix("policyassignmentid eq '").and_then(|rest| rest.strip_suffix('\''));
        let found = self.estate.exemptions.iter().filter(|one| {
            let at = one.id.parent_scope();
            let above = self.estate.covers(&at, scope);
            let here = at == *scope;
            match lower.as_str() {
                "atscope()" => above,
                "atexactscope()" => here,
                "atscopeandbelow()" => self.estate.covers(scope, &at),
                "excludeexpired()" => !one.is_over(now) && (above || self.estate.covers(scope, &at)),
                _ => {
                    let is_asked = assignment.is_none_or(|id| one.assignment == ArmId::new(id));
                    is_asked && (above || self.estate.covers(scope, &at))
                }
            }
        });
        let known = ["", "atscope()", "atexactscope()", "atscopeandbelow()", "excludeexpired()"];
        if assignment.is_none() && !known.contains(&lower.as_str()) {
            return Err(ArmError::invalid_query("$filter", &format!("'{filter}' is not supported here.")));
        }
        self.page(call, found.map(body).collect())
    }

    pub(crate) fn get_exemption(&self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let found = self.estate.exemptions.iter().find(|one| one.id == *id);
        Ok(Reply::ok(body(found.ok_or_else(|| not_found(id))?)))
    }

    /// Besides the right to write it, its maker needs the right to exempt from the assignment.
    pub(crate) fn put_exemption(&mut self, id: &ArmId, call: &Call, now: OffsetDateTime) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let read = serde_json::from_slice::<Body>(&call.body);
        let asked = read.map_err(|error| ArmError::unreadable(&error))?.properties;
        let assignment = ArmId::new(&asked.policy_assignment_id);
        if self.estate.assignment(&assignment).is_none() {
            return Err(ArmError::assignment_not_found(assignment.name()));
        }
        self.require(call, "Microsoft.Authorization/policyAssignments/exempt/action", &assignment, now)?;
        let expires_on = asked.expires_on.as_deref().map(|text| {
            let wrong = || ArmError::invalid_content(&format!("'{text}' is no date and time"));
            parse_instant(text).ok_or_else(wrong)
        });
        let exemption = Exemption {
            id: id.clone(),
            display_name: asked.display_name.unwrap_or_else(|| id.name().to_owned()),
            assignment,
            references: asked.policy_definition_reference_ids,
            category: asked.exemption_category,
            expires_on: expires_on.transpose()?,
        };
        let shown = body(&exemption);
        let is_new = !self.estate.exemptions.iter().any(|one| one.id == *id);
        self.estate.exemptions.retain(|one| one.id != *id);
        self.estate.exemptions.push(exemption);
        Ok(Reply::with_status(if is_new { 201 } else { 200 }, shown))
    }

    pub(crate) fn delete_exemption(&mut self, id: &ArmId) -> Result<Reply, ArmError> {
        self.check_scope(&id.parent_scope())?;
        let before = self.estate.exemptions.len();
        self.estate.exemptions.retain(|one| one.id != *id);
        Ok(Reply::empty(if self.estate.exemptions.len() < before { 200 } else { 204 }))
    }
}

fn body(exemption: &Exemption) -> Value {
    let mut properties = json!({
        "policyAssignmentId": exemption.assignment.as_str(),
        "policyDefinitionReferenceIds": exemption.references,
        "exemptionCategory": match exemption.category {
            Category::Waiver => "Waiver",
            Category::Mitigated => "Mitigated",
        },
        "displayName": exemption.display_name,
        "metadata": {}
    });
    if let Some(end) = exemption.expires_on {
        properties["expiresOn"] = instant_text(end).into();
    }
    json!({
        "properties": properties,
        "id": exemption.id.as_str(),
        "type": "Microsoft.Authorization/policyExemptions",
        "name": exemption.id.name()
    })
}

/// Unverified: code and sentence.
fn not_found(id: &ArmId) -> ArmError {
    ArmError::new(404, "PolicyExemptionNotFound", format!("The policy exemption '{}' is not found.", id.name()))
}
