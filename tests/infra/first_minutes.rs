//! The first minutes after `azd up`: events come, and runs are asked for, before the roles of the deployment act. They come to act one after
//! the other, in any order; until then each service refuses the worker. Nothing is lost by it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::LocalAzure;
use simulator::estate::ArmId;
use simulator::identity::Principal;
use simulator::resource_manager::{ResourceManager, Tempo};
use simulator::rights::{RoleAssignment, container, queue};

use crate::held::entitled;
use crate::least_roles::{of_worker, options};
use crate::play::{NOTHING, Play};
use crate::snapshot::role_actions;

/// What refuses the worker until its role there acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Storage,
    ServiceBus,
    ResourceManager,
}

use At::{ResourceManager as Manager, ServiceBus as Bus, Storage};

impl At {
    fn of(scope: &ArmId) -> Self {
        let is_below = |top: ArmId| scope.as_str().to_lowercase().starts_with(&top.as_str().to_lowercase());
        if is_below(container("")) {
            Storage
        } else if is_below(queue("")) {
            Bus
        } else {
            Manager
        }
    }
}

/// Where this principal was refused after so many calls.
fn refused_at(manager: &ResourceManager, worker: &Principal, after: usize) -> BTreeSet<At> {
    let calls = manager.refused_calls().into_iter().skip(after).filter(|call| call.caller == worker.object_id);
    calls.map(|call| At::of(&call.scope)).collect()
}

/// What is left somewhere, if anything.
fn left(azure: &LocalAzure) -> Vec<String> {
    let queues = azure.broker().queues();
    let dead = queues.into_iter().filter(|name| azure.broker().counts(name).dead_lettered > 0);
    let kept = azure.blobs().list("rejected", "").into_iter().map(|blob| format!("{blob:?}"));
    let parks = azure.blobs().list("state", "subscriptions/").into_iter().filter_map(|blob| {
        let content = azure.blobs().get("state", &blob.name)?.content;
        let document: Value = serde_json::from_slice(&content).unwrap();
        document["parks"].as_object().is_some_and(|parks| !parks.is_empty()).then(|| document.to_string())
    });
    dead.chain(kept).chain(parks).collect()
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_roles_come_to_act_in_any_order_nothing_is_lost() {
    for order in [[Storage, Bus, Manager], [Manager, Storage, Bus], [Bus, Manager, Storage]] {
        let mut play = Play::demo();
        // What is refused for longer is tried again after a quarter of an hour and more; this is a matter of seconds.
        play.settings.insert("PARK_FOR".to_owned(), "2s".to_owned());
        let (worker, home) = (Principal::random(), play.estate.home_tenant.clone());
        play.estate = entitled(play.estate, &worker, &of_worker(), &role_actions("default"), None);
        let own = |one: &RoleAssignment| one.principal == worker.object_id;
        let (late, early): (Vec<_>, Vec<_>) = std::mem::take(&mut play.estate.access.grants).into_iter().partition(own);
        play.estate.access.grants = early;
        let manager = ResourceManager::new(play.estate.clone(), Tempo::quick());
        let run = play.begin(manager.clone(), manager.router(), options(&manager, &worker, home)).await;
        let mut before = 0;
        for (count, at) in order.into_iter().enumerate() {
            // Resource Manager is asked nothing before storage has told what there is to ask.
            let acts = |one: At| order[..count].contains(&one);
            let asked =
                [Storage, Bus, Manager].into_iter().filter(|one| !acts(*one) && (*one != Manager || acts(Storage)));
            let asked: BTreeSet<_> = asked.collect();
            until(&format!("{order:?}: refused at {asked:?}"), || {
                refused_at(&manager, &worker, before).is_superset(&asked)
            })
            .await;
            let now = late.iter().filter(|one| At::of(&one.scope) == at).cloned();
            assert!(now.clone().next().is_some(), "{at:?}: {late:?}");
            manager.amends(|estate| estate.access.grants.extend(now));
            before = manager.refused_calls().len();
        }
        let (is_done, azure) = run.ended(NOTHING).await;
        assert!(is_done && left(&azure).is_empty(), "{order:?}: {:#?}", left(&azure));
    }
}
