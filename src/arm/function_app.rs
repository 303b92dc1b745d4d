//! The functions of an app, and what its host says of itself, for whoever asks how an installation is. Source: Microsoft.Web's OpenAPI
//! description (`WebApps_ListFunctions`); the host's own `admin/host/status` and `admin/functions/{name}/status` (Azure/azure-functions-host,
//! `HostController`, `FunctionsController`), which Resource Manager passes on below `hostruntime`, as the portal asks for them.

use azure_core::http::Method;
use serde_json::Value;

use remediation::fact::{AppFunction, CallKind, HostState};
use remediation::id::ArmId;

use super::answer::{Answer, Oddity, one};
use super::call::{Call, QuotaScope};
use super::lenient::{Item, Members, text};
use super::page::Page;

const API_VERSION: &str = "2022-03-01";

/// Lists the functions of an app. None where the id names no subscription.
#[must_use]
pub fn list_functions(app: &ArmId) -> Option<Call<Page<AppFunction>>> {
    Some(Call::new(CallKind::ListFunctions, quota(app)?, Method::Get, app.as_str(), &["functions"], API_VERSION))
}

/// Asks how the host of an app is, which may have to start for that.
#[must_use]
pub fn host_state(app: &ArmId) -> Option<Call<HostState>> {
    host(app, &["host", "status"])
}

/// Asks the host of an app how a function is.
#[must_use]
pub fn function_state(app: &ArmId, function: &str) -> Option<Call<HostState>> {
    host(app, &["functions", function, "status"])
}

fn host(app: &ArmId, asked: &[&str]) -> Option<Call<HostState>> {
    let tail: Vec<_> = ["hostruntime", "admin"].iter().chain(asked).copied().collect();
    Some(Call::new(CallKind::ReadHost, quota(app)?, Method::Get, app.as_str(), &tail, API_VERSION))
}

fn quota(app: &ArmId) -> Option<QuotaScope> {
    Some(QuotaScope::Subscription(app.as_str().split('/').nth(2)?.parse().ok()?))
}

impl Item for AppFunction {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        // Of the list it is the app's name, a slash, and its own.
        let name = members.text("name")?;
        let is_disabled = members.object("properties").given("isDisabled").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { name: name.rsplit('/').next().unwrap_or_default().to_owned(), is_disabled })
    }
}

impl Item for HostState {
    fn read(members: &mut Members<'_, '_>) -> Option<Self> {
        let errors = members.given("errors").and_then(Value::as_array).into_iter().flatten().filter_map(text).collect();
        Some(Self { state: members.word("state").unwrap_or_default(), errors })
    }
}

impl Answer for HostState {
    fn read(text: &str, oddities: &mut Vec<Oddity>) -> Result<Self, String> {
        one(text, oddities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::read_item;
    use serde_json::json;

    #[test]
    fn a_function_has_its_own_name_and_may_be_switched_off() {
        let read = |value: Value| read_item::<AppFunction>(&value).unwrap();
        let one = read(json!({ "name": "app/collect", "properties": { "isDisabled": true } }));
        assert_eq!((one.name.as_str(), one.is_disabled), ("collect", true));
        assert!(!read(json!({ "name": "collect", "properties": null })).is_disabled);
    }

    #[test]
    fn the_host_says_what_went_wrong() {
        let read = |value: Value| read_item::<HostState>(&value).unwrap();
        let wrong = read(json!({ "id": "x", "state": "Error", "errors": ["no storage", 5] }));
        assert_eq!((wrong.state.as_str(), wrong.errors), ("Error", vec!["no storage".to_owned(), "5".to_owned()]));
        assert_eq!(read(json!({ "state": "Running", "errors": null })).errors, Vec::<String>::new());
    }
}
