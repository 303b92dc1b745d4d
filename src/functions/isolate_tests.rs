//! How items are parted by the marks that a death has left behind.

use super::*;

fn items(count: usize) -> Vec<(String, Item)> {
    let item = |n: usize| Item { body: format!("body {n}"), message_id: String::new(), delivery_count: FROM_DELIVERY };
    (0..count).map(|n| (crash_key(&item(n).body), item(n))).collect()
}

fn mark(items: &[(String, Item)]) -> CrashMark {
    CrashMark::new(items.iter().map(|(key, _)| key.clone()).collect(), Timestamp::UNIX_EPOCH)
}

fn sizes(groups: &[Group]) -> Vec<usize> {
    groups.iter().map(|group| group.items.len()).collect()
}

#[test]
fn without_a_death_all_stay_together() {
    let groups = groups(items(1_000), [].iter(), Timestamp::UNIX_EPOCH);
    assert_eq!((sizes(&groups), groups[0].suspected), (vec![1_000], false));
}

#[test]
fn after_deaths_items_are_parted_in_few_steps_and_others_stay_together() {
    let all = items(1_000);
    let first = mark(&all[..900]);
    let groups_then = groups(all.clone(), [first.clone()].iter(), Timestamp::UNIX_EPOCH);
    assert_eq!(groups_then[0].items.len(), 100, "what no mark holds is handled first, together");
    assert!(groups_then.len() <= 1 + 900_usize.div_ceil(FEW) && groups_then[1..].iter().all(|group| group.suspected));
    // The worker dies with the second of the small groups in hand.
    let second = groups_then[2].mark.clone();
    let groups_then = groups(all.clone(), [first.clone(), second.clone()].iter(), Timestamp::UNIX_EPOCH);
    let alone = groups_then.iter().filter(|group| group.items.len() == 1 && group.deaths == 0).count();
    assert_eq!(alone, FEW, "only these are handled one by one");
    // It dies of one of them.
    let culprit = groups_then.last().unwrap().mark.clone();
    let groups_then = groups(all, [first, second, culprit].iter(), Timestamp::UNIX_EPOCH);
    let deaths: Vec<_> = groups_then.iter().filter(|group| group.deaths > 0).map(|group| group.deaths).collect();
    assert_eq!(deaths, [1]);
}

#[test]
fn an_item_that_came_twice_is_handled_twice_and_alone() {
    let one = items(1);
    let twice = [one.clone(), one.clone()].concat();
    assert_eq!(sizes(&groups(twice, [mark(&one)].iter(), Timestamp::UNIX_EPOCH)), [1, 1]);
}

mod defects {
    //! A defect that is caught: the items of its piece are parted in the same invocation.

    use super::super::*;
    use crate::settings;
    use std::sync::{Arc, Mutex};

    fn app() -> App {
        let value = [
            ("ServiceBus__fullyQualifiedNamespace", "ns.servicebus.windows.net"),
            ("STATE_BLOB_ENDPOINT", "https://account.blob.core.windows.net"),
        ];
        App::new(settings::settings(value).unwrap()).unwrap()
    }

    fn item(body: &str) -> Item {
        Item { body: body.to_owned(), message_id: String::new(), delivery_count: 1 }
    }

    #[tokio::test]
    async fn the_item_that_panics_is_given_up_and_all_others_are_done_in_the_same_invocation() {
        let (app, done, given_up) = (app(), Arc::new(Mutex::new(BTreeSet::new())), Mutex::new(Vec::new()));
        let isolation = Isolation {
            app: &app,
            function: "f",
            deadline: Deadline::after(Duration::from_secs(60)),
            handle: |items: Vec<Item>| {
                let done = Arc::clone(&done);
                async move {
                    assert!(items.iter().all(|item| item.body != "bad"), "on purpose");
                    done.lock().unwrap().extend(items.into_iter().map(|item| item.body));
                    Vec::new()
                }
            },
            give_up: |item: Item, reason, deaths| {
                given_up.lock().unwrap().push((item.body, reason, deaths));
                async { Ok(()) }
            },
        };
        isolation.run(["a", "bad", "b"].map(item).to_vec()).await.unwrap();
        assert_eq!(*done.lock().unwrap(), ["a", "b"].map(str::to_owned).into());
        let given_up = given_up.into_inner().unwrap();
        assert_eq!(given_up.len(), 1);
        assert!(given_up[0].0 == "bad" && given_up[0].1.contains("failed by itself twice"), "{given_up:?}");
    }

    #[tokio::test]
    async fn what_a_service_caused_counts_against_nothing_and_what_is_not_reached_is_given_back() {
        let app = app();
        let handle = |items: Vec<Item>| async move { vec![Failed { failure: Failure::OutOfTime(items.len()), items }] };
        let give_up = |_: Item, _: String, _: u32| async { panic!("nothing is given up") };
        let run = |span| {
            let deadline = Deadline::after(span);
            let isolation = Isolation { app: &app, function: "f", deadline, handle, give_up };
            async move { isolation.run(vec![item("a")]).await }
        };
        for span in [Duration::ZERO, Duration::from_secs(9)] {
            assert!(matches!(run(span).await, Err(Failure::OutOfTime(1))));
        }
    }
}
