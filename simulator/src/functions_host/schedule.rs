//! Schedules of timer triggers: NCRONTAB expressions of six fields from seconds to days of the week (five without seconds), or
//! a time span between runs. They tell when a timer is due; nothing here fires.

use std::str::FromStr;

use time::{Duration, OffsetDateTime};

/// When a timer is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Schedule {
    Cron(Cron),
    Every(Duration),
}

/// An NCRONTAB expression: the values of each field that it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    fields: [Vec<bool>; 6],
}

const NAMES: [&str; 6] = ["second", "minute", "hour", "day", "month", "day of the week"];
const LIMITS: [(usize, usize); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

impl FromStr for Schedule {
    type Err = String;

    fn from_str(expression: &str) -> Result<Self, String> {
        match span(expression.trim()) {
            Some(span) => Ok(Self::Every(span)),
            None => expression.parse().map(Self::Cron),
        }
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(expression: &str) -> Result<Self, String> {
        let mut parts: Vec<&str> = expression.split_whitespace().collect();
        if parts.len() == 5 {
            parts.insert(0, "0");
        }
        if parts.len() != 6 {
            return Err(format!("'{expression}' is not an NCRONTAB expression of five or six fields"));
        }
        let mut fields: [Vec<bool>; 6] = Default::default();
        for (index, part) in parts.into_iter().enumerate() {
            fields[index] = field(part, index).ok_or_else(|| {
                format!("'{part}' is not a {} of the NCRONTAB expression '{expression}'", NAMES[index])
            })?;
        }
        Ok(Self { fields })
    }
}

/// `hh:mm:ss`.
fn span(text: &str) -> Option<Duration> {
    let [hours, minutes, seconds] = text.split(':').collect::<Vec<_>>()[..] else { return None };
    let part = |text: &str, limit: i64| text.parse::<i64>().ok().filter(|number| (0..limit).contains(number));
    let span = Duration::seconds(part(hours, 24)? * 3600 + part(minutes, 60)? * 60 + part(seconds, 60)?);
    span.is_positive().then_some(span)
}

impl Schedule {
    /// The first time after `now`, within four years.
    pub(super) fn next(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Cron(cron) => cron.next(now),
            Self::Every(span) => now.checked_add(*span),
        }
    }

    /// Of a timer that is due more than once a minute the host keeps no status.
    pub(super) fn keeps_status(&self, now: OffsetDateTime) -> bool {
        let next = self.next(now);
        let after = next.and_then(|next| self.next(next));
        next.zip(after).is_some_and(|(next, after)| after - next >= Duration::MINUTE)
    }

    /// Whether it follows the clock of a place: a span does not. The recordings have no span; so says the source.
    pub(super) fn adjusts(&self) -> bool {
        matches!(self, Self::Cron(_))
    }
}

impl Cron {
    fn next(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let start = (now + Duration::seconds(1)).replace_nanosecond(0).ok()?;
        let midnight = start.replace_time(time::Time::MIDNIGHT);
        for day in 0..=(4 * 366) {
            let date = midnight + Duration::days(day);
            let weekday = date.weekday().number_days_from_sunday() as usize;
            if !self.has(3, date.day() as usize) || !self.has(4, date.month() as usize) || !self.has(5, weekday) {
                continue;
            }
            let first = if day == 0 { (start - midnight).whole_seconds() } else { 0 };
            let due = (first..86_400).find(|second| {
                let second = *second as usize;
                self.has(2, second / 3600) && self.has(1, second / 60 % 60) && self.has(0, second % 60)
            });
            if let Some(second) = due {
                return Some(date + Duration::seconds(second));
            }
        }
        None
    }

    fn has(&self, field: usize, value: usize) -> bool {
        self.fields[field].get(value).copied().unwrap_or_default()
    }
}

/// `*`, `a`, `a-b`, each with `/step`, and lists of them; names of months and days.
fn field(text: &str, index: usize) -> Option<Vec<bool>> {
    let (low, high) = LIMITS[index];
    let mut wanted = vec![false; high + 1];
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (number(first, index)?, number(last, index)?),
            None if part.contains('/') => (number(range, index)?, high),
            None => (number(range, index)?, number(range, index)?),
        };
        if first < low || last > high || first > last {
            return None;
        }
        (first..=last).step_by(step).for_each(|value| wanted[value] = true);
    }
    Some(wanted)
}

fn number(text: &str, index: usize) -> Option<usize> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let name = text.to_ascii_lowercase();
    let named = match index {
        4 => MONTHS.iter().position(|month| name.starts_with(month)).map(|month| month + 1),
        5 => DAYS.iter().position(|day| name.starts_with(day)),
        _ => None,
    };
    named.or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_next_time_is_the_first_that_every_field_allows() {
        let now = datetime!(2026-11-21 07:07:30.5 UTC);
        let cases = [
            ("0 */15 * * * *", datetime!(2026-11-21 07:15 UTC)),
            ("*/15 * * * *", datetime!(2026-11-21 07:15 UTC)),
            ("* * * * * *", datetime!(2026-11-21 07:07:31 UTC)),
            ("0 30 6 * * Mon-Fri", datetime!(2026-11-23 06:30 UTC)),
            ("5,10 0 0 1 jan *", datetime!(2027-01-01 00:00:05 UTC)),
            ("0 0 0 29 2 *", datetime!(2028-02-29 0:00 UTC)),
        ];
        for (expression, next) in cases {
            assert_eq!(expression.parse::<Schedule>().unwrap().next(now), Some(next), "{expression}");
        }
        assert_eq!("0 0 0 31 2 *".parse::<Schedule>().unwrap().next(now), None);
        assert_eq!("00:15:00".parse::<Schedule>().unwrap().next(now), Some(now + Duration::minutes(15)));
    }

    #[test]
    fn only_what_is_due_once_a_minute_or_less_has_a_status() {
        let now = datetime!(2026-11-21 07:07:30 UTC);
        for (expression, keeps) in
            [("*/10 * * * * *", false), ("0 * * * * *", true), ("*/15 * * * *", true), ("00:00:30", false)]
        {
            assert_eq!(expression.parse::<Schedule>().unwrap().keeps_status(now), keeps, "{expression}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_by_its_field() {
        for (expression, word) in [
            ("", "five or six"),
            ("0 60 * * * *", "minute"),
            ("0 */0 * * * *", "minute"),
            ("0 0 5-3 * * *", "hour"),
            ("0 0 0 0 * *", "day"),
            ("00:00:00", "five or six"),
        ] {
            assert!(expression.parse::<Schedule>().unwrap_err().contains(word), "{expression}");
        }
    }
}
