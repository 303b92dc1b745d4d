use super::ChangeWindow;

#[test]
fn what_is_wrong_with_a_window_is_said_in_words() {
    for (window, words) in [
        ("Mon-Fry 20:00-06:00", "\"Mon-Fry\" is no day"),
        ("Mon-Fri,Sum", "\"Sum\" is no day"),
        ("20:00", "\"20:00\" is no time of day"),
        ("20-06", "\"20-06\" is no time of day"),
        ("20:00-25:00", "\"20:00-25:00\" is no time of day"),
        ("20:00-24:30", "\"20:00-24:30\" is no time of day"),
        ("24:00-06:00", "\"24:00-06:00\" is no time of day"),
        ("20:00-20:00", "\"20:00-20:00\" is empty"),
        ("20:0-21:00", "\"20:0-21:00\" is no time of day"),
        ("20:00-06:00 Europe/Berln", "is Europe/Berlin meant?"),
        ("20:00-06:00 nowhere", "\"nowhere\" is neither a day nor a time zone"),
        ("20:00-06:00 +01:00", "\"+01:00\" is neither a day nor a time zone"),
        ("08:00-10:00 14:00-16:00", "has two times of day"),
        ("Mon Tue", "has two lists of days"),
        ("Mon UTC GMT", "has two time zones"),
        ("Europe/Berlin", "names neither days nor a time of day"),
        ("always; Mon", "stands alone"),
        ("closed", "names no date"),
        ("closed 2026-02-30", "\"2026-02-30\" is no date"),
        ("closed 20261224", "\"20261224\" is no date"),
        ("closed 2027-01-04..2026-12-20", "ends before it begins"),
        ("Mon closed 2026-12-24", "closes whole dates"),
        ("Mon UTC; Tue Europe/Berlin; Wed", "\"Wed\" names no time zone"),
        (";", "it has no part"),
    ] {
        let error = ChangeWindow::parse(window).expect_err(window);
        assert!(error.contains(words), "{window}: {error}");
    }
}

#[test]
fn the_same_window_may_be_written_in_several_ways() {
    for (one, other) in [
        ("Mon-Fri 20:00-06:00 Europe/Berlin", "20:00-06:00 europe/berlin monday-FRIDAY"),
        ("Sat,Sun", "Sat, Sun UTC"),
        ("Fri-Mon", "Fri,Sat,Sun,Mon"),
        ("Mon 8:00-9:00; Tue Europe/Berlin", "Mon 08:00-09:00 Europe/Berlin\nTue Europe/Berlin;"),
        ("always", " ALWAYS "),
        ("closed 2026-12-24", "closed 2026-12-24..2026-12-24"),
    ] {
        assert_eq!(ChangeWindow::parse(one).unwrap(), ChangeWindow::parse(other).unwrap(), "{one}");
    }
    assert_ne!(ChangeWindow::parse("Mon").unwrap(), ChangeWindow::parse("Mon 00:00-24:00").unwrap());
}
