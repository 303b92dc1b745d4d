//! The storage account: no keys, nothing public, and no copies of documents that are rewritten all day.

use std::collections::BTreeSet;

use crate::snapshot::{WORKERS, last, of_type, only};

#[test]
pub(crate) fn the_account_takes_tokens_alone_and_shows_nothing_to_the_public() {
    for name in WORKERS {
        let account = only(name, "Microsoft.Storage/storageAccounts");
        let of = &account["properties"];
        assert_eq!(of["allowSharedKeyAccess"], false, "{name}");
        assert_eq!(of["allowBlobPublicAccess"], false, "{name}");
        assert_eq!(of["supportsHttpsTrafficOnly"], true, "{name}");
        let is_private = name == "private-network";
        assert_eq!(of["publicNetworkAccess"], if is_private { "Disabled" } else { "Enabled" }, "{name}");
        assert_eq!(of["networkAcls"]["defaultAction"], if is_private { "Deny" } else { "Allow" }, "{name}");
    }
}

#[test]
pub(crate) fn a_deleted_container_can_be_brought_back_and_a_rewritten_blob_leaves_no_copy() {
    let blobs = only("default", "Microsoft.Storage/storageAccounts/blobServices");
    assert_eq!(blobs["properties"]["containerDeleteRetentionPolicy"]["enabled"], true);
    assert_eq!(blobs["properties"]["deleteRetentionPolicy"]["enabled"], false);
    assert_eq!(blobs["properties"]["isVersioningEnabled"], false);
}

#[test]
pub(crate) fn the_containers_are_those_of_host_worker_and_event_grid_and_only_leftovers_grow_old() {
    let containers = of_type("default", "Microsoft.Storage/storageAccounts/blobServices/containers");
    let names: BTreeSet<_> = containers.iter().map(|container| last(container["name"].as_str().unwrap())).collect();
    assert_eq!(names, BTreeSet::from(["deployment", "events-dead-letter", "rejected", "state"]));
    let policy = only("default", "Microsoft.Storage/storageAccounts/managementPolicies");
    let rules = policy["properties"]["policy"]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.len(), 1);
    let prefixes = &rules[0]["definition"]["filters"]["prefixMatch"];
    assert_eq!(crate::snapshot::words(prefixes), ["rejected/", "events-dead-letter/"]);
}
