use std::time::Duration;

use proptest::prelude::*;

use super::{ChangeWindow, Windows};
use crate::fixture::now;
use crate::time::{Moment, Timestamp, parse_time};

/// The nights in which clocks are put forward or back, each from its beginning on, and what is open in the 24 hours from there, in UTC.
const NIGHTS: &[(&str, &str, &str)] = &[
    // Berlin, forward at 01:00 UTC: the clock shows 01:59 and then 03:00.
    ("2026-03-28T12:00:00Z", "20:00-06:00 Europe/Berlin", "19:00-04:00"),
    ("2026-03-28T12:00:00Z", "01:00-05:00 Europe/Berlin", "00:00-03:00"),
    ("2026-03-28T12:00:00Z", "02:00-03:00 Europe/Berlin", ""),
    ("2026-03-28T12:00:00Z", "02:15-02:45 Europe/Berlin", ""),
    ("2026-03-28T12:00:00Z", "02:30-05:00 Europe/Berlin", "01:00-03:00"),
    ("2026-03-28T12:00:00Z", "01:30-02:30 Europe/Berlin", "00:30-01:00"),
    ("2026-03-28T12:00:00Z", "03:00-04:00 Europe/Berlin", "01:00-02:00"),
    ("2026-03-28T12:00:00Z", "Sun Europe/Berlin", "23:00-12:00"),
    ("2026-03-28T12:00:00Z", "Sun 00:00-24:00 Europe/Berlin", "23:00-12:00"),
    ("2026-03-28T12:00:00Z", "Sat Europe/Berlin", "12:00-23:00"),
    ("2026-03-28T12:00:00Z", "Sat 22:00-04:00 Europe/Berlin", "21:00-02:00"),
    ("2026-03-28T12:00:00Z", "Sun 22:00-04:00 Europe/Berlin", ""),
    ("2026-03-28T12:00:00Z", "20:00-06:00 Europe/Berlin; closed 2026-03-29", "19:00-23:00"),
    ("2026-03-28T12:00:00Z", "closed 2026-03-29 Europe/Berlin", "12:00-23:00"),
    ("2026-03-28T12:00:00Z", "Sat 20:00-06:00 Europe/Berlin; closed 2026-03-28", "23:00-04:00"),
    // Berlin, back at 01:00 UTC: the clock shows 02:00 to 02:59 twice.
    ("2026-10-24T12:00:00Z", "20:00-06:00 Europe/Berlin", "18:00-05:00"),
    ("2026-10-24T12:00:00Z", "01:00-05:00 Europe/Berlin", "23:00-04:00"),
    ("2026-10-24T12:00:00Z", "02:00-03:00 Europe/Berlin", "01:00-02:00"),
    ("2026-10-24T12:00:00Z", "02:15-02:45 Europe/Berlin", "01:15-01:45"),
    ("2026-10-24T12:00:00Z", "02:30-05:00 Europe/Berlin", "01:30-04:00"),
    ("2026-10-24T12:00:00Z", "01:00-02:30 Europe/Berlin", "23:00-00:30"),
    ("2026-10-24T12:00:00Z", "03:00-04:00 Europe/Berlin", "02:00-03:00"),
    ("2026-10-24T12:00:00Z", "Sat 22:00-02:00 Europe/Berlin", "20:00-00:00"),
    ("2026-10-24T12:00:00Z", "Sun Europe/Berlin", "22:00-12:00"),
    ("2026-10-24T12:00:00Z", "Sat Europe/Berlin", "12:00-22:00"),
    ("2026-10-24T12:00:00Z", "closed 2026-10-25 Europe/Berlin", "12:00-22:00"),
    ("2026-10-24T12:00:00Z", "Sat 20:00-23:00 Europe/Berlin; Sun 01:00-02:00 Europe/Berlin", "18:00-21:00 23:00-00:00"),
    // New York, forward at 07:00 UTC, back at 06:00 UTC.
    ("2026-03-08T00:00:00Z", "01:00-04:00 America/New_York", "06:00-08:00"),
    ("2026-03-08T00:00:00Z", "02:00-02:30 America/New_York", ""),
    ("2026-03-08T00:00:00Z", "Sat 23:00-03:00 America/New_York", "04:00-07:00"),
    ("2026-11-01T00:00:00Z", "00:00-02:00 America/New_York", "04:00-07:00"),
    ("2026-11-01T00:00:00Z", "01:00-01:30 America/New_York", "06:00-06:30"),
    ("2026-11-01T00:00:00Z", "00:30-01:30 America/New_York", "04:30-05:30"),
    // By half an hour, and at midnight.
    ("2026-04-04T12:00:00Z", "01:45-03:00 Australia/Lord_Howe", "15:15-16:30"),
    ("2026-10-03T12:00:00Z", "02:15-03:00 Australia/Lord_Howe", "15:30-16:00"),
    ("2026-10-24T12:00:00Z", "Sun Atlantic/Azores", "00:00-12:00"),
    ("2026-10-24T12:00:00Z", "closed 2026-10-24 Atlantic/Azores", "01:00-12:00"),
    ("2026-03-28T12:00:00Z", "Sun Atlantic/Azores", "01:00-12:00"),
    // A zone without such nights, and none at all.
    ("2026-03-28T12:00:00Z", "20:00-06:00 Asia/Tokyo", "12:00-21:00 11:00-12:00"),
    ("2026-10-24T12:00:00Z", "20:00-06:00", "20:00-06:00"),
];

const MINUTE: Duration = Duration::from_secs(60);

/// What is open in the day from there, minute by minute.
fn open_in(window: &ChangeWindow, from: Timestamp) -> String {
    let minutes = (0..=1_440_u32).map(|n| from + MINUTE * n);
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for at in minutes.take(1_440).filter(|at| window.is_open(*at)) {
        match spans.last_mut() {
            Some((_, end)) if *end == at => *end = at + MINUTE,
            _ => spans.push((at, at + MINUTE)),
        }
    }
    let clock = |at: Timestamp| format!("{:02}:{:02}", at.hour(), at.minute());
    spans.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect::<Vec<_>>().join(" ")
}

#[test]
fn in_the_nights_when_clocks_change_it_is_open_as_the_clock_on_the_wall_says() {
    assert!(NIGHTS.len() >= 30);
    for (from, window, expected) in NIGHTS {
        let (from, read) = (parse_time(from).unwrap(), ChangeWindow::parse(window).unwrap());
        assert_eq!(open_in(&read, from), *expected, "{window} from {from}");
    }
}

#[test]
fn an_opening_of_many_days_goes_on_and_the_closed_dates_between_the_years_end() {
    let at = |text: &str| parse_time(text).unwrap();
    let window =
        ChangeWindow::parse("Mon-Fri 20:00-06:00 Europe/Berlin; Sat,Sun; closed 2026-12-20..2027-01-04").unwrap();
    // Friday night, the week-end, and the night to Tuesday.
    assert_eq!(window.opens(at("2026-11-27T12:00:00Z")), at("2026-11-27T19:00:00Z"));
    assert_eq!(window.closes(at("2026-11-27T19:00:00Z")), Some(at("2026-11-29T23:00:00Z")));
    assert_eq!(window.opens(at("2026-11-30T00:00:00Z")), at("2026-11-30T19:00:00Z"));
    // The night of the last of the closed dates goes on when that date is over.
    assert_eq!(window.closes(at("2026-12-19T12:00:00Z")), Some(at("2026-12-19T23:00:00Z")));
    assert_eq!(window.opens(at("2026-12-20T12:00:00Z")), at("2027-01-04T23:00:00Z"));
    assert_eq!(window.closes(at("2027-01-04T23:00:00Z")), Some(at("2027-01-05T05:00:00Z")));
    let always = ChangeWindow::default();
    assert!(always.is_always() && always.is_open(now()) && always.opens(now()) == now());
    assert_eq!(always.closes(now()), None);
}

#[test]
fn an_opening_that_comes_once_in_a_long_time_is_found_and_one_that_never_comes_is_looked_for_again() {
    let at = |text: &str| parse_time(text).unwrap();
    let far = ChangeWindow::parse("Sun 03:00-04:00 UTC; closed 2020-01-01..2031-12-31").unwrap();
    assert_eq!(far.opens(at("2026-11-27T12:00:00Z")), at("2032-01-04T03:00:00Z"));
    let [day, night] = ["08:00-09:00", "20:00-21:00"].map(|text| ChangeWindow::parse(text).unwrap());
    let never = Windows(&[&day, &night]);
    assert!(never.open(now()) > now() && !never.are_open(&now().into()));
}

#[test]
fn it_is_open_only_where_it_is_whatever_storages_clock_shows() {
    let window = ChangeWindow::parse("20:00-21:00").unwrap();
    let moment = |after: &str, before: &str| Moment {
        now: now(),
        stored_after: parse_time(after).unwrap(),
        stored_before: parse_time(before).unwrap(),
        running: Duration::ZERO,
    };
    for (after, before, is_open) in [
        ("2026-11-27T20:00:00Z", "2026-11-27T20:59:59Z", true),
        ("2026-11-27T19:59:59Z", "2026-11-27T20:00:01Z", false),
        ("2026-11-27T20:59:59Z", "2026-11-27T21:00:01Z", false),
        ("2026-11-27T20:30:00Z", "2026-11-28T20:30:00Z", false),
    ] {
        assert_eq!(window.is_open_for_certain(&moment(after, before)), is_open, "{after} {before}");
    }
}

/// Windows of all kinds.
fn windows() -> impl Strategy<Value = String> {
    let zone = prop_oneof![Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("UTC")];
    let days = prop_oneof![Just(""), Just("Mon-Fri "), Just("Sat,Sun "), Just("Fri-Mon ")];
    let hours = (0_u8..24, 0_u8..60, 0_u8..24, 0_u8..60)
        .prop_filter("empty", |(a, b, c, d)| (a, b) != (c, d))
        .prop_map(|(a, b, c, d)| format!("{a:02}:{b:02}-{c:02}:{d:02}"));
    let closed = prop_oneof![Just(""), Just("; closed 2026-03-29,2026-10-25..2026-10-26")];
    (days, hours, zone, closed).prop_map(|(days, hours, zone, closed)| format!("{days}{hours} {zone}{closed}"))
}

proptest! {
    #[test]
    fn between_two_times_it_opens_and_closes_just_where_it_is_said_to(window in windows(), day in 0_i64..365, minute in 0_i64..1_440) {
        let window = ChangeWindow::parse(&window).unwrap();
        let at = parse_time("2026-01-01T00:00:00Z").unwrap() + time::Duration::days(day) + time::Duration::minutes(minute);
        let opens = window.opens(at);
        prop_assert!(opens >= at && window.is_open(opens));
        prop_assert!(opens == at || !window.is_open(opens - Duration::from_secs(1)));
        let between = (0..).map(|n| at + time::Duration::minutes(n)).take_while(|t| *t < opens);
        prop_assert!(between.take(2_000).all(|t| !window.is_open(t)));
        let closes = window.closes(opens).expect("it closes within a week");
        prop_assert!(closes > opens && !window.is_open(closes) && window.is_open(closes - Duration::from_secs(1)));
        prop_assert_eq!(Windows(&[&window, &ChangeWindow::default()]).open(at), opens);
    }
}

#[test]
fn who_is_closed_until_the_end_of_all_dates_is_asked_again_a_day_later_and_not_at_once() {
    for text in ["closed 2026-11-20..9999-12-31", "Mon-Sun; closed 2026-11-20..9999-12-30"] {
        let window = ChangeWindow::parse(text).unwrap();
        let at = now();
        assert!(!window.is_open(at), "{text}");
        assert!(window.opens(at) >= at + Duration::from_secs(86_400), "{text}");
        assert!(window.closes(at).is_none_or(|closes| closes >= at), "{text}");
    }
}
