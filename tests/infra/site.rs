//! The function app: Flex Consumption with a custom handler, an identity of its own, and no passwords.

use crate::snapshot::{WORKERS, of_type, only, text};

#[test]
pub(crate) fn the_app_runs_on_flex_consumption_as_a_custom_handler() {
    for name in WORKERS {
        assert_eq!(only(name, "Microsoft.Web/serverfarms")["sku"]["name"], "FC1", "{name}");
        let app = only(name, "Microsoft.Web/sites");
        assert_eq!(app["properties"]["functionAppConfig"]["runtime"]["name"], "custom", "{name}");
        assert_eq!(app["identity"]["type"], "UserAssigned", "{name}");
        assert_eq!(app["properties"]["httpsOnly"], true, "{name}");
        let storage = &app["properties"]["functionAppConfig"]["deployment"]["storage"];
        assert_eq!(storage["authentication"]["type"], "UserAssignedIdentity", "{name}");
        // Refused on Flex Consumption.
        assert!(app["properties"]["siteConfig"].get("linuxFxVersion").is_none(), "{name}");
    }
}

#[test]
pub(crate) fn azd_finds_the_app_and_nobody_comes_in_with_a_password() {
    let service = text("azure.yaml").lines().skip_while(|line| *line != "services:").nth(1).unwrap().trim().to_owned();
    let app = only("default", "Microsoft.Web/sites");
    assert_eq!(app["tags"]["azd-service-name"], service.trim_end_matches(':'));
    let doors = of_type("default", "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
    assert_eq!(doors.len(), 2);
    assert!(doors.iter().all(|door| door["properties"]["allow"] == false));
}

#[test]
pub(crate) fn the_log_takes_tokens_alone() {
    for name in WORKERS {
        assert_eq!(only(name, "Microsoft.Insights/components")["properties"]["DisableLocalAuth"], true, "{name}");
        let workspace = only(name, "Microsoft.OperationalInsights/workspaces");
        assert_eq!(workspace["properties"]["features"]["disableLocalAuth"], true, "{name}");
    }
}
