//! The queues that are deployed are those of the code, of the functions, and of the local Azure, by the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use policy_remediator::functions::FUNCTIONS;
use remediation::message::Queue;
use serde_json::Value;
use simulator::service_bus::Broker;

use crate::snapshot::{WORKERS, last, of_type, path, resources};

fn deployed(name: &str) -> BTreeMap<String, Value> {
    let queues = of_type(name, "Microsoft.ServiceBus/namespaces/queues");
    queues.into_iter().map(|mut q| (last(q["name"].as_str().unwrap()).to_owned(), q["properties"].take())).collect()
}

/// The queues that functions read, by function.
fn read() -> BTreeMap<String, (String, String)> {
    let folders = fs::read_dir(path("functions")).unwrap().map(|entry| entry.unwrap().path());
    let bindings = folders.map(|folder| {
        let function: Value = serde_json::from_str(&fs::read_to_string(folder.join("function.json")).unwrap()).unwrap();
        (folder.file_name().unwrap().to_str().unwrap().to_owned(), function["bindings"].as_array().unwrap().clone())
    });
    let queues = bindings.flat_map(|(name, bindings)| {
        bindings.into_iter().filter_map(move |binding| {
            let queue = binding["queueName"].as_str()?.to_owned();
            Some((name.clone(), (queue, binding["connection"].as_str()?.to_owned())))
        })
    });
    queues.collect()
}

#[test]
pub(crate) fn each_function_reads_a_deployed_queue_and_each_deployed_queue_is_read() {
    let read = read();
    assert!(read.keys().all(|function| FUNCTIONS.contains(&function.as_str())), "{read:?}");
    let mut expected: BTreeSet<_> = read.values().map(|(queue, _)| queue.as_str()).collect();
    let of_code: BTreeSet<_> = Queue::ALL.iter().map(|queue| queue.name()).collect();
    assert!(of_code.is_superset(&expected), "{of_code:?} {expected:?}");
    expected.extend(of_code);
    for name in WORKERS {
        assert_eq!(deployed(name).keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
    }
}

#[test]
pub(crate) fn the_connection_of_each_trigger_is_set() {
    let config = of_type("default", "Microsoft.Web/sites/config").remove(0);
    for (function, (_, connection)) in read() {
        for end in ["fullyQualifiedNamespace", "credential", "clientId"] {
            assert!(
                config["properties"][format!("{connection}__{end}")].is_string(),
                "{function}: {connection}__{end}"
            );
        }
    }
}

#[test]
pub(crate) fn the_rules_are_those_of_the_local_azure() {
    let broker = Broker::with_worker_queues();
    for name in WORKERS {
        for (queue, of) in deployed(name) {
            let rules = broker.rules(&queue);
            let rules = rules.unwrap_or_else(|| panic!("the local Azure has no {queue}"));
            assert_eq!(of["maxDeliveryCount"], rules.max_delivery_count, "{queue}");
            let minutes = |duration: &Value| {
                duration.as_str().unwrap().strip_prefix("PT")?.strip_suffix('M')?.parse::<u64>().ok()
            };
            let days =
                |duration: &Value| duration.as_str().unwrap().strip_prefix('P')?.strip_suffix('D')?.parse::<u64>().ok();
            assert_eq!(minutes(&of["lockDuration"]).unwrap() * 60, rules.lock_duration.as_secs(), "{queue}");
            assert_eq!(
                days(&of["duplicateDetectionHistoryTimeWindow"]).unwrap() * 86_400,
                rules.duplicate_window.as_secs(),
                "{queue}"
            );
            assert_eq!(
                days(&of["defaultMessageTimeToLive"]).unwrap() * 86_400,
                rules.time_to_live.as_secs(),
                "{queue}"
            );
            assert_eq!(of["maxSizeInMegabytes"].as_u64().unwrap() * 1024 * 1024, rules.max_bytes as u64, "{queue}");
            assert_eq!(of["requiresDuplicateDetection"], true, "{queue}");
            assert_eq!(of["requiresSession"], false, "{queue}");
        }
    }
}

#[test]
pub(crate) fn a_namespace_without_keys_and_of_the_tier_that_private_endpoints_need() {
    for name in WORKERS {
        let namespace = of_type(name, "Microsoft.ServiceBus/namespaces").remove(0);
        let is_private = name == "private-network";
        assert_eq!(namespace["properties"]["disableLocalAuth"], true, "{name}");
        assert_eq!(namespace["sku"]["tier"], if is_private { "Premium" } else { "Standard" }, "{name}");
        assert_eq!(
            namespace["properties"]["publicNetworkAccess"],
            if is_private { "Disabled" } else { "Enabled" },
            "{name}"
        );
    }
}

#[test]
pub(crate) fn a_private_network_leaves_no_way_in_and_every_way_out_that_is_needed() {
    let endpoints: Vec<_> = of_type("private-network", "Microsoft.Network/privateEndpoints");
    let groups: BTreeSet<_> = endpoints
        .iter()
        .map(|endpoint| {
            endpoint["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"][0].as_str().unwrap()
        })
        .collect();
    assert_eq!(groups, BTreeSet::from(["blob", "namespace"]));
    let site = of_type("private-network", "Microsoft.Web/sites").remove(0);
    assert_eq!(site["properties"]["outboundVnetRouting"]["allTraffic"], true);
    assert!(site["properties"]["virtualNetworkSubnetId"].is_string());
    assert!(
        !resources("default")
            .iter()
            .any(|resource| resource["type"].as_str().unwrap().starts_with("Microsoft.Network/"))
    );
}
