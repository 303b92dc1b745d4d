//! Small words that all reports share.

use crate::time::{Timestamp, time_text};

/// How long ago that was, or how soon it will be, in words.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let span = now - at;
    let length = |seconds: u64| match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    let words = length(span.whole_seconds().unsigned_abs());
    if span.is_negative() { format!("in {words}") } else { format!("{words} ago") }
}

/// The time, with how long ago that was.
pub(super) fn told(at: Timestamp, now: Timestamp) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    format!("{} ({})", time_text(whole), ago(at, now))
}

/// So many, with the right form of the word.
pub(super) fn count(number: usize, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
}

/// A text as the end of a sentence: with one full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn a_time_is_told_by_its_distance() {
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, words) in
            [(0, "0 s ago"), (119, "119 s ago"), (7_199, "119 min ago"), (-7_200, "in 2 h"), (-900_000, "in 10 days")]
        {
            assert_eq!(ago(now - Duration::seconds(seconds), now), words);
        }
        assert_eq!(told(now + Duration::milliseconds(1_500), now), "1970-01-01T00:00:01Z (in 1 s)");
        assert_eq!((sentence("It is so. ").as_str(), sentence("gone").as_str()), ("It is so.", "gone."));
        assert_eq!((count(1, "task", "tasks").as_str(), count(0, "task", "tasks").as_str()), ("1 task", "0 tasks"));
    }
}
