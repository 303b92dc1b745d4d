//! Budgets, told with a clock in hand.

use super::*;
use std::time::Duration;

const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn at(seconds: i64) -> OffsetDateTime {
    START + time::Duration::seconds(seconds)
}

fn asked(principal: &'static str, subscription: &'static str, operation: Operation) -> Asked<'static> {
    Asked { principal, subscription: Some(subscription), operation, kind: None }
}

fn of(kind: Kind) -> Asked<'static> {
    Asked { kind: Some(kind), ..asked("p", "s", Operation::Read) }
}

fn left(headers: &Headers, name: &str) -> Option<u64> {
    headers.iter().find(|(key, _)| key.ends_with(name)).map(|(_, value)| value.parse().unwrap())
}

#[test]
fn tokens_are_drawn_and_come_back() {
    let mut quota = Quota { allowance: Allowance { refuses: false, ..Allowance::recorded() }, ..Quota::default() };
    let first = quota.pass(asked("p", "S", Operation::Read), START).unwrap();
    assert_eq!(left(&first, "remaining-subscription-reads"), Some(1099));
    assert_eq!(left(&first, "remaining-subscription-global-reads"), Some(16_499));
    for _ in 0..900 {
        quota.pass(asked("p", "s", Operation::Write), START).unwrap();
    }
    let empty = quota.pass(asked("p", "s", Operation::Write), START).unwrap();
    assert_eq!(left(&empty, "remaining-subscription-writes"), Some(0), "nothing is refused");
    let other = quota.pass(asked("q", "s", Operation::Write), START).unwrap();
    assert_eq!(left(&other, "remaining-subscription-writes"), Some(799), "each principal has its own");
    assert_eq!(left(&other, "remaining-subscription-global-writes"), Some(15 * 800 - 902), "and all have one together");
    let later = quota.pass(asked("p", "s", Operation::Write), at(10)).unwrap();
    assert_eq!(left(&later, "remaining-subscription-writes"), Some(99));
    let tenant = Asked { subscription: None, ..asked("p", "s", Operation::Delete) };
    assert_eq!(left(&quota.pass(tenant, START).unwrap(), "remaining-tenant-deletes"), Some(799));
}

#[test]
fn reads_writes_and_deletes_have_budgets_of_their_own_and_say_when_to_come_back() {
    let allowance = Allowance { reads: 3, reads_refill: 1.0, writes: 2, ..Allowance::recorded() };
    let mut quota = Quota { allowance, ..Quota::default() };
    let mut taken =
        |operation, seconds| (0..9).map_while(|_| quota.pass(asked("p", "s", operation), at(seconds)).ok()).count();
    assert_eq!((taken(Operation::Read, 0), taken(Operation::Write, 0), taken(Operation::Delete, 0)), (3, 2, 2));
    assert_eq!(taken(Operation::Read, 2), 2, "one comes back in a second");
    let refused = quota.pass(asked("p", "s", Operation::Read), at(2)).unwrap_err();
    assert_eq!((refused.retry_after, refused.limit), (1, None));
    assert_eq!(left(&refused.headers, "remaining-subscription-reads"), Some(0));
}

#[test]
fn a_call_counts_for_a_minute_and_not_a_second_longer() {
    let mut quota = Quota { allowance: Allowance::recorded(), ..Quota::default() };
    let name = "policy-insights-requests";
    // Calls ten seconds apart, as in a recording: 149, 148 … and rising again within the second minute.
    let seconds = [0, 1, 12, 24, 35, 47, 59, 70, 81];
    let told: Vec<u64> =
        seconds.map(|second| left(&quota.count(of(Kind::Remediations), at(second)).unwrap(), name).unwrap()).to_vec();
    assert_eq!(told, [149, 148, 147, 146, 145, 144, 143, 144, 144]);
    for _ in 0..144 {
        quota.count(of(Kind::Remediations), at(81)).unwrap();
    }
    let refused = quota.count(of(Kind::Remediations), at(82)).unwrap_err();
    assert_eq!((refused.retry_after, refused.limit), (2, Some(150)), "the one of second 24 goes first");
    assert!(quota.count(of(Kind::Remediations), at(83)).is_err());
    assert!(quota.count(of(Kind::Remediations), at(84)).is_ok(), "it came when it was told to");
    assert!(quota.count(of(Kind::Remediations), at(84)).is_err(), "one went, one came");
}

#[test]
fn queries_evaluations_other_principals_and_other_subscriptions_have_their_own() {
    let allowance = Allowance { remediations: 1, queries: 2, evaluations: 3, ..Allowance::recorded() };
    let mut quota = Quota { allowance, ..Quota::default() };
    let mut taken = |asked: Asked<'_>| (0..9).map_while(|_| quota.count(asked, START).ok()).count();
    assert_eq!(taken(of(Kind::Remediations)), 1);
    assert_eq!(
        taken(Asked { principal: "P", subscription: Some("S"), ..of(Kind::Remediations) }),
        0,
        "case is nothing"
    );
    assert_eq!(taken(Asked { principal: "q", ..of(Kind::Remediations) }), 1);
    assert_eq!(taken(Asked { subscription: Some("t"), ..of(Kind::Remediations) }), 1);
    assert_eq!((taken(of(Kind::Queries)), taken(of(Kind::Evaluations))), (2, 3));
    assert_eq!(taken(asked("p", "s", Operation::Read)), 9, "calls of others are not counted");
}

#[test]
fn a_budget_that_refuses_nobody_stops_at_zero() {
    let allowance = Allowance { remediations: 2, refuses: false, ..Allowance::recorded() };
    let mut quota = Quota { allowance, ..Quota::default() };
    let told = [0, 0, 0, 61].map(|second| {
        left(&quota.count(of(Kind::Remediations), at(second)).unwrap(), "policy-insights-requests").unwrap()
    });
    assert_eq!(told, [1, 0, 0, 1]);
}

#[test]
fn in_less_time_a_call_counts_for_less() {
    let mut quota =
        Quota { allowance: Allowance { remediations: 1, ..Allowance::recorded() }.quicker(60), ..Quota::default() };
    assert_eq!(quota.allowance.window, Duration::from_secs(1));
    assert!(quota.count(of(Kind::Remediations), at(0)).is_ok());
    assert_eq!(quota.count(of(Kind::Remediations), at(0)).unwrap_err().retry_after, 1);
    assert!(quota.count(of(Kind::Remediations), at(1)).is_ok());
}
