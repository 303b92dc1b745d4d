//! Outside of `CHANGE_WINDOW` nothing is changed and nothing is asked; when it opens, what waited goes.

use std::time::Duration;

use simulator::Service;
use time::OffsetDateTime;

use crate::stage::{Stage, events, land, record, until};

/// A window of every day that lies so many hours from now.
fn in_hours(from: i64, to: i64) -> String {
    let clock = |hours| (OffsetDateTime::now_utc() + time::Duration::hours(hours)).hour();
    format!("{:02}:00-{:02}:00 UTC", clock(from), clock(to))
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_the_window_everything_waits_for_its_opening_and_inside_it_goes() {
    let mut estate = land(2);
    for place in 0..3 {
        estate = estate.with_record(record(0, place, "Tag")).with_record(record(1, place, "Tag"));
    }
    let events = events(&estate);
    let mut stage = Stage::with(estate, &[("CHANGE_WINDOW", &in_hours(5, 9))]).await;
    stage.deliver(events).await;
    let rests = |stage: &Stage| -> Vec<_> {
        stage.logged("target_reconciled").into_iter().filter(|pass| pass["idle"] == "outsideWindow").collect()
    };
    until("both targets wait", || rests(&stage).len() >= 2 && stage.count("waiting") == 6).await;
    for pass in rests(&stage) {
        let at =
            OffsetDateTime::parse(pass["wake_at"].as_str().unwrap(), &time::format_description::well_known::Rfc3339);
        let after = at.unwrap() - OffsetDateTime::now_utc();
        assert!(after > time::Duration::hours(3) && after < time::Duration::minutes(5 * 60 + 10), "{after}");
    }
    let asked = stage.azure.ledger().filter(|entry| entry.service == Service::ResourceManager);
    assert!(asked.is_empty(), "nothing is asked: {asked:#?}");
    stage.stop_worker().await;
    // The wake-ups of the opening come.
    stage.azure.broker().shift(Duration::from_secs(7 * 3_600));
    stage.start_worker(&[("CHANGE_WINDOW", &in_hours(-2, 3))], 1).await;
    stage.settled(6).await;
    assert_eq!((stage.count("fixed"), stage.unfit()), (6, 0));
    stage.at_rest().await;
}
