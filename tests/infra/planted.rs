//! Each check of the templates, seen failing on a mistake: one that somebody might make is planted in the text that the check reads.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use crate::snapshot::{planted, text};
use crate::{alerts, azure_yaml, events, parameters, queues, resource_table, rights, settings, site, storage};

const DEFAULT: &str = "tests/infra/default.snapshot.json";
const ALL_OPTIONS: &str = "tests/infra/all-options.snapshot.json";

/// A check with its name, and the mistake: in which file what becomes what.
type Mistake = (&'static str, fn(), &'static str, &'static str, &'static str);

macro_rules! mistakes {
    ($($module:ident :: $check:ident, $file:expr, $from:expr => $to:expr;)*) => {
        [$((concat!(stringify!($module), "::", stringify!($check)), $module::$check as fn(), $file, $from, $to)),*]
    };
}

fn mistakes() -> Vec<Mistake> {
    let all = mistakes! {
        alerts::each_event_and_each_field_of_a_query_is_written_by_the_worker, DEFAULT, r#"log.event == \"item_rejected\""# => r#"log.event == \"item_refused\""#;
        alerts::a_level_is_asked_for_as_the_log_writes_it, DEFAULT, r#"log.level == \"ERROR\""# => r#"log.level == \"Error\""#;
        alerts::dead_letters_of_every_queue_are_told, DEFAULT, r#""metricName": "DeadletteredMessages""# => r#""metricName": "ActiveMessages""#;
        azure_yaml::the_service_is_packaged_as_it_is, "azure.yaml", "language: python" => "language: custom";
        azure_yaml::what_it_names_is_there, "azure.yaml", "run: scripts/" => "run: script/";
        events::what_the_worker_queues_is_sent_once_and_nothing_else, DEFAULT, r#""NonCompliant""# => r#""Exempt""#;
        events::events_go_to_the_queue_with_the_identity_of_the_topic, DEFAULT, r#""maxDeliveryAttempts": 30"# => r#""maxDeliveryAttempts": 3"#;
        events::delivery_to_the_function_waits_for_the_code_and_its_hook, "tests/infra/to-function.snapshot.json", "Microsoft.EventGrid/systemTopics" => "Microsoft.EventGrid/topics";
        events::a_topic_stands_in_the_subscription_of_its_source, ALL_OPTIONS, r#""source": "/subscriptions/22222222"# => r#""source": "/subscriptions/11111111"#;
        parameters::each_has_a_parameter_and_its_default, "infra/main.parameters.json", "${TRIGGER_EVALUATIONS=true}" => "${TRIGGER_EVALUATIONS=false}";
        parameters::azd_asks_for_a_name_and_a_region_alone, "infra/main.bicep", "param remediationMode string = 'plan'" => "param remediationMode string";
        queues::each_function_reads_a_deployed_queue_and_each_deployed_queue_is_read, DEFAULT, r#"sb-pdmkq3vhuhbgq/wake-ups""# => r#"sb-pdmkq3vhuhbgq/wakeups""#;
        queues::the_connection_of_each_trigger_is_set, DEFAULT, r#""ServiceBus__credential""# => r#""ServiceBus_credential""#;
        queues::the_rules_are_those_of_the_local_azure, DEFAULT, r#""lockDuration": "PT5M""# => r#""lockDuration": "PT1M""#;
        queues::a_namespace_without_keys_and_of_the_tier_that_private_endpoints_need, DEFAULT, r#""disableLocalAuth": true"# => r#""disableLocalAuth": false"#;
        queues::a_private_network_leaves_no_way_in_and_every_way_out_that_is_needed, "tests/infra/private-network.snapshot.json", r#""allTraffic": true"# => r#""allTraffic": false"#;
        rights::the_actions_of_the_worker_are_those_of_its_calls, "infra/rights/actions.json", r#""Microsoft.PolicyInsights/remediations/write""# => r#""Microsoft.PolicyInsights/remediations/*""#;
        rights::an_option_adds_its_actions_and_no_other, DEFAULT, r#""Microsoft.PolicyInsights/remediations/write""# => r#""Microsoft.PolicyInsights/*""#;
        rights::the_roles_are_few_and_their_scopes_narrow, DEFAULT, "b7e6dc6d-f1e8-4753-8033-0f276bb0955b" => "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        rights::people_on_call_reach_what_the_commands_change_and_nothing_else, ALL_OPTIONS, r#""principalType": "Group""# => r#""principalType": "User""#;
        rights::grants_are_limited_to_the_given_roles_and_to_managed_identities, ALL_OPTIONS, "{'ServicePrincipal'}" => "{'User'}";
        rights::with_rights_from_a_management_group_nothing_stands_at_a_subscription, "tests/infra/management-group.snapshot.json", "/providers/Microsoft.Management/managementGroups/" => "/subscriptions/";
        rights::a_customer_delegates_what_remediation_needs_and_never_everything, "tests/infra/lighthouse.snapshot.json", "36243c78-bf99-498c-9df9-86d9f8d28608" => "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        rights::a_delegated_assignment_names_the_holder_of_its_identity_and_each_role_once, "tests/infra/delegated-assignment.snapshot.json", "delegatedManagedIdentityResourceId" => "managedIdentityResourceId";
        rights::the_document_has_every_action_and_every_role_with_its_reason, "docs/deployment.md", "Monitoring Metrics Publisher" => "Monitoring Publisher";
        settings::every_setting_is_read_by_somebody_and_what_must_be_set_is, DEFAULT, r#""REMEDIATION_MODE""# => r#""REMEDIATIONMODE""#;
        settings::the_worker_takes_the_values_and_plans_by_default, DEFAULT, r#""REMEDIATION_MODE": "plan""# => r#""REMEDIATION_MODE": "act""#;
        settings::parameters_win_over_further_settings_and_blank_ones_are_not_set, ALL_OPTIONS, r#""MAX_ATTEMPTS": "5""# => r#""MAX_ATTEMPTS": "8""#;
        settings::no_value_is_a_key, DEFAULT, r#""REMEDIATION_MODE": "plan""# => r#""REMEDIATION_MODE": "listKeys(x)""#;
        site::the_app_runs_on_flex_consumption_as_a_custom_handler, DEFAULT, r#""name": "FC1""# => r#""name": "Y1""#;
        site::azd_finds_the_app_and_nobody_comes_in_with_a_password, DEFAULT, r#""allow": false"# => r#""allow": true"#;
        site::the_log_takes_tokens_alone, DEFAULT, r#""DisableLocalAuth": true"# => r#""DisableLocalAuth": false"#;
        storage::the_account_takes_tokens_alone_and_shows_nothing_to_the_public, DEFAULT, r#""allowSharedKeyAccess": false"# => r#""allowSharedKeyAccess": true"#;
        storage::a_deleted_container_can_be_brought_back_and_a_rewritten_blob_leaves_no_copy, DEFAULT, r#""isVersioningEnabled": false"# => r#""isVersioningEnabled": true"#;
        storage::the_containers_are_those_of_host_worker_and_event_grid_and_only_leftovers_grow_old, DEFAULT, r#""rejected/""# => r#""state/""#;
        resource_table::the_table_in_the_document_is_that_of_the_snapshot, "docs/deployment.md", "| `Microsoft.Web/sites` |" => "| `Microsoft.Web/site` |";
    };
    all.to_vec()
}

#[test]
fn each_check_fails_on_the_mistake_that_it_is_there_for() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        // The check of a document would write the mistake into it.
        return;
    }
    let mut unseen = Vec::new();
    for (name, check, file, from, to) in mistakes() {
        assert!(text(file).contains(from), "{name}: {file} has no {from}");
        if !planted(file, from, to, || catch_unwind(check).is_err()) {
            unseen.push(name);
        }
        check();
    }
    assert_eq!(unseen, Vec::<&str>::new());
}

#[test]
fn every_check_of_the_templates_has_its_mistake() {
    let modules = [
        "alerts",
        "azure_yaml",
        "events",
        "parameters",
        "queues",
        "resource_table",
        "rights",
        "settings",
        "site",
        "storage",
    ];
    let checks = modules.iter().flat_map(|module| {
        let file = text(&format!("tests/infra/{module}.rs"));
        let of = file
            .split("#[test]")
            .skip(1)
            .map(|rest| rest.split("fn ").nth(1).unwrap().split('(').next().unwrap().to_owned());
        of.map(|check| format!("{module}::{check}")).collect::<Vec<_>>()
    });
    let known: BTreeSet<_> = mistakes().into_iter().map(|mistake| mistake.0.to_owned()).collect();
    assert_eq!(checks.collect::<BTreeSet<_>>(), known);
}
