//! As whom the services are asked, and whether that gets tokens for each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use policy_remediator::azure::{error_chain, http_client};
use remediation::report::doctor::{Finding, Level};

use crate::cli::operator::Connection;

const CHECK: &str = "identity";
const STORAGE: &str = "https://storage.azure.com/.default";
const SERVICE_BUS: &str = "https://servicebus.azure.net/.default";

/// Which services there are tokens for.
pub(super) struct Tokens {
    pub(super) resource_manager: bool,
}

/// Asks for a token of each service.
///
/// # Errors
/// When no identity can be made at all.
pub(super) async fn look(connection: &Connection, findings: &mut Vec<Finding>) -> anyhow::Result<Tokens> {
    let settings = &connection.app.settings;
    let client = http_client(settings.ca_file.as_deref())?;
    let credential = connection.login.identity(&client)?.credential();
    let services = [
        ("Resource Manager", settings.resource_manager_audience.as_str()),
        ("Blob Storage", STORAGE),
        ("Service Bus", SERVICE_BUS),
    ];
    let mut tokens = Tokens { resource_manager: false };
    for (service, scope) in services {
        match credential.get_token(&[scope], None).await {
            Ok(token) => {
                if service == "Resource Manager" {
                    tokens.resource_manager = true;
                    let who = who(token.token.secret()).unwrap_or_else(|| connection.login.words().to_owned());
                    findings.push(Finding::ok(CHECK, format!("asking as {who}")));
                }
            }
            Err(error) => findings.push(Finding::of(
                CHECK,
                Level::Error,
                format!("no token for {service}: {}", error_chain(&error)),
                format!(
                    "Asked is {}: log in with az login (or azd auth login), or run it where the app's identity is.",
                    connection.login.words()
                ),
            )),
        }
    }
    Ok(tokens)
}

/// Who the token is for, by its claims (Microsoft documentation, "Access token claims reference").
fn who(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |name: &str| claims[name].as_str();
    let name = ["upn", "unique_name", "preferred_username", "appid", "azp"].into_iter().find_map(text);
    let (object, tenant) = (text("oid")?, text("tid").unwrap_or("a tenant that is not told"));
    Some(format!("{} (object id {object}) of tenant {tenant}", name.unwrap_or("somebody without a name")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_who_it_is_for() {
        let token = |claims: &str| format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims));
        let told = who(&token(r#"{"oid":"o","tid":"t","upn":"ann@example.org"}"#)).unwrap();
        assert_eq!(told, "ann@example.org (object id o) of tenant t");
        assert_eq!(who("opaque"), None);
        assert_eq!(who(&token("{}")), None);
    }
}
