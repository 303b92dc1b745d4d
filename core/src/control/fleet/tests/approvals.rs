//! What approvals let go, and no more.

use super::*;

fn allowed(approval: &str, max: u32, hours: u32, only: Option<&[IdDigest]>) -> Allowance {
    let only = only.map(|only| only.iter().copied().collect());
    Allowance { approval: approval.parse().unwrap(), max, until: now() + HOUR * hours, only }
}

fn under(allowances: Vec<Allowance>) -> Limits {
    Limits { approvals: Some(allowances), ..limits(&[], None, None) }
}

#[test]
fn an_approval_lets_go_what_it_covers_until_it_is_used_up_or_over() {
    let ids: Vec<_> = (0..5).map(digest).collect();
    let (mut fleet, one) = (fleet(), under(vec![allowed("a", 3, 2, None)]));
    let may =
        |fleet: &FleetDocument, limits: &Limits, hours: u32| room(fleet, &asked(1), &ids, limits, now() + HOUR * hours);
    assert_eq!(may(&fleet, &under(Vec::new()), 0), Room::Unapproved);
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..3].to_vec()));
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..4], &one), now()), Entered::NoRoom);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..2], &one), now()), Entered::Yes);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids[..2], &one), now()), Entered::Yes, "the same again");
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()));
    enter(&mut fleet, &book(2, 2, &ids[..1], &one), now());
    assert_eq!(may(&fleet, &one, 0), Room::ApprovalUsedUp);
    enter(&mut fleet, &void(2), now());
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()), "nothing was taken");
    enter(&mut fleet, &ended(1, &ids[..2], &[]), now());
    assert_eq!(may(&fleet, &one, 0), Room::Some(ids[..1].to_vec()), "a retry counts again");
    assert_eq!(may(&fleet, &one, 2), Room::ApprovalUsedUp, "it is over");
    let two = under(vec![allowed("a", 3, 2, None), allowed("b", 9, 2, Some(&ids[3..]))]);
    assert_eq!(may(&fleet, &two, 0), Room::Some(ids[3..].to_vec()), "the one that lets most go pays");
    let elsewhere = under(vec![allowed("b", 9, 2, Some(&[digest(9)]))]);
    assert_eq!(may(&fleet, &elsewhere, 0), Room::Unapproved);
}

#[test]
fn what_an_approval_let_in_does_not_go_on_when_that_was_taken_back() {
    let ids: Vec<_> = (0..2).map(digest).collect();
    let (mut fleet, one) = (fleet(), under(vec![allowed("a", 3, 2, None)]));
    enter(&mut fleet, &book(1, 1, &ids, &one), now());
    let another = under(vec![allowed("b", 3, 2, None)]);
    for (limits, hours, entered) in
        [(&one, 1, Entered::Yes), (&another, 1, Entered::NoRoom), (&one, 2, Entered::NoRoom)]
    {
        assert_eq!(enter(&mut fleet, &book(1, 1, &ids, limits), now() + HOUR * hours), entered);
    }
    let unasked = limits(&[], None, None);
    assert_eq!(enter(&mut fleet, &book(1, 1, &ids, &unasked), now() + HOUR * 2), Entered::Yes, "nothing asks for it");
    enter(&mut fleet, &book(2, 1, &ids, &unasked), now());
    assert_eq!(enter(&mut fleet, &book(2, 1, &ids, &one), now()), Entered::NoRoom, "it was never approved");
}

proptest! {
    #[test]
    fn never_is_more_begun_than_an_approval_lets(
        entries in proptest::collection::vec((1..20_u64, 1..5_usize, 0..3_u8), 1..60),
        max in 1..12_u32,
    ) {
        let (mut fleet, limits) = (fleet(), under(vec![allowed("a", max, 1, None)]));
        // What came to be asked for, and never was void.
        let mut begun: BTreeMap<u64, usize> = BTreeMap::new();
        let mut reported = std::collections::BTreeSet::new();
        for (n, count, what) in entries {
            let ids: Vec<_> = (0..count).map(|place| digest(usize::try_from(n).unwrap() * 10 + place)).collect();
            match what {
                // A task has the same resources however often it is entered, and is not entered after its end.
                0 | 1 if !reported.contains(&n) => {
                    let count = *begun.get(&n).unwrap_or(&count);
                    if enter(&mut fleet, &book(n, 1, &ids[..count.min(ids.len())], &limits), now()) == Entered::Yes {
                        begun.entry(n).or_insert(count);
                    }
                }
                2 if begun.contains_key(&n) && reported.insert(n) => {
                    let is_void = n % 2 == 0;
                    enter(&mut fleet, &if is_void { void(n) } else { ended(n, &ids, &[]) }, now());
                    if is_void {
                        begun.remove(&n);
                    }
                }
                _ => {}
            }
            let sum: usize = begun.values().sum();
            prop_assert!(sum <= usize::try_from(max).unwrap(), "{sum} of {max}");
        }
    }
}
