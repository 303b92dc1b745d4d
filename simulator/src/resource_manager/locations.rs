//! The regions of a subscription, as Microsoft.Resources lists them (OpenAPI, subscriptions 2022-12-01; places and pairs:
//! Microsoft documentation, "List of Azure regions"). Not all of Azure's: those that are used most, and with its bare name any
//! other that something of the estate is in.

use super::{error::ArmError, reply::Reply, request::Call, world::World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Name, display name, geography, its group, longitude, latitude, place, pair.
type Region = [&'static str; 8];

const REGIONS: [Region; 12] = [
    ["eastus", "East US", "United States", "US", "-79.8164", "37.3719", "Virginia", "westus"],
    ["eastus2", "East US 2", "United States", "US", "-78.3889", "36.6681", "Virginia", "centralus"],
    ["centralus", "Central US", "United States", "US", "-93.6208", "41.5908", "Iowa", "eastus2"],
    ["westus", "West US", "United States", "US", "-122.417", "37.783", "California", "eastus"],
    ["westus2", "West US 2", "United States", "US", "-119.852", "47.233", "Washington", "westcentralus"],
    ["northeurope", "North Europe", "Europe", "Europe", "-6.2597", "53.3478", "Ireland", "westeurope"],
    ["westeurope", "West Europe", "Europe", "Europe", "4.9", "52.3667", "Netherlands", "northeurope"],
    ["uksouth", "UK South", "United Kingdom", "UK", "-0.799", "50.941", "London", "ukwest"],
    ["francecentral", "France Central", "France", "Europe", "2.373", "46.3772", "Paris", "francesouth"],
    [
        "germanywestcentral",
        "Germany West Central",
        "Germany",
        "Europe",
        "8.682127",
        "50.110924",
        "Frankfurt",
        "germanynorth",
    ],
    ["swedencentral", "Sweden Central", "Sweden", "Europe", "17.14127", "60.67488", "Gävle", "swedensouth"],
    ["southeastasia", "Southeast Asia", "Asia Pacific", "Asia Pacific", "103.833", "1.283", "Singapore", "eastasia"],
];

impl World {
    pub(crate) fn list_locations(&self, subscription: &str, call: &Call) -> Result<Reply, ArmError> {
        let found = self.estate.subscription(subscription);
        let id = &found.ok_or_else(|| ArmError::subscription_not_found(subscription))?.id;
        let listed = REGIONS.iter().map(|region| whole(id, region));
        let used: BTreeSet<String> = self.resources.values().map(|location| location.to_lowercase()).collect();
        let is_more = |name: &String| name != "global" && REGIONS.iter().all(|region| region[0] != name);
        let more = used.iter().filter(|name| is_more(name)).map(|name| bare(id, name));
        self.page(call, listed.chain(more).collect())
    }
}

fn whole(subscription: &str, region: &Region) -> Value {
    let [name, display_name, geography, group, longitude, latitude, place, pair] = region;
    let mut body = bare(subscription, name);
    body["displayName"] = json!(display_name);
    body["regionalDisplayName"] = json!(format!("({group}) {display_name}"));
    body["metadata"] = json!({
        "regionType": "Physical",
        "regionCategory": "Recommended",
        "geography": geography,
        "geographyGroup": group,
        "longitude": longitude,
        "latitude": latitude,
        "physicalLocation": place,
        "pairedRegion": [{ "name": pair, "id": id(subscription, pair) }]
    });
    body
}

fn bare(subscription: &str, name: &str) -> Value {
    json!({
        "id": id(subscription, name),
        "name": name,
        "type": "Region",
        "displayName": name,
        "regionalDisplayName": name,
        "metadata": { "regionType": "Physical", "regionCategory": "Other" }
    })
}

fn id(subscription: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/locations/{name}")
}
