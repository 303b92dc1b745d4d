//! An assignment that took the place of one of the same id inherits nothing: what was parked under the old one is tried under the new.

use serde_json::Value;
use simulator::estate::{Failure, Identity};

use crate::stage::{Stage, account, assignment, events, land, record, until};

const ANOTHER: &str = "0f1c9a5e-2b77-4c1e-8a4d-5b6f3c2d1e00";

/// The first resource is parked for good, as its script says once; the event of the second is still to come.
async fn parked() -> (Stage, Value) {
    let hopeless = record(0, 0, "Tag").failing(1, Failure::disallowed_by_policy(&account(0, 0), "Deny"));
    let estate = land(1).with_record(hopeless).with_record(record(0, 1, "Tag"));
    let mut all = events(&estate);
    let stage = Stage::start(estate).await;
    stage.deliver(vec![all.remove(0)]).await;
    until("it is parked", || stage.count("parked") == 1).await;
    (stage, all.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_under_an_assignment_is_tried_under_the_one_that_replaced_it() {
    let (stage, other) = parked().await;
    stage.manager.amends(|estate| {
        for assignment in &mut estate.assignments {
            let Identity::SystemAssigned { principal, .. } = &mut assignment.identity else { continue };
            ANOTHER.clone_into(principal);
        }
    });
    stage.deliver(vec![other]).await;
    stage.settled(2).await;
    assert_eq!((stage.count("fixed"), stage.count("parked")), (2, 0));
    assert!((0..2).all(|place| stage.complies(&assignment(0, "Tag"), &account(0, place))));
    stage.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_stays_so_under_the_same_assignment() {
    let (stage, other) = parked().await;
    stage.deliver(vec![other]).await;
    stage.settled(2).await;
    assert_eq!((stage.count("fixed"), stage.count("parked")), (1, 1));
    stage.at_rest().await;
}
