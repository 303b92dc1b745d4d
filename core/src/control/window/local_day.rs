//! Days and times of day in a time zone, with what happens to them where clocks are put forward or back. A time that the clock on the
//! wall skips is the one at which it skips. One that it shows twice begins an opening the second time, and ends it as soon as it is
//! shown: where there is a choice the opening is the shorter one, and closed dates are the longer ones.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Days around a time on which an opening that matters for it may begin: a night, and a week to the next of its kind.
const DAYS: std::ops::RangeInclusive<i32> = -2..=9;

/// When it is open, again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    /// From Monday on.
    pub(super) days: [bool; 7],
    /// None: the whole day.
    pub(super) hours: Option<Hours>,
    pub(super) zone: TimeZone,
}

/// From one time of day to another, perhaps of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) from: Time,
    /// Midnight is the end of the day.
    pub(super) to: Time,
}

/// Dates on which it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) zone: TimeZone,
}

impl Opening {
    /// When what is open at this time ends.
    pub(super) fn ends(&self, at: i64) -> Option<i64> {
        self.around(at).filter(|(start, end)| (*start..*end).contains(&at)).map(|(_, end)| end).max()
    }

    /// When it begins next, after this time.
    pub(super) fn next_start(&self, at: i64) -> Option<i64> {
        self.around(at).filter(|(start, end)| *start > at && start < end).map(|(start, _)| start).min()
    }

    fn around(&self, at: i64) -> impl Iterator<Item = (i64, i64)> {
        let today = Timestamp::from_second(at).map(|at| self.zone.to_datetime(at).date()).ok();
        let days = DAYS.filter_map(move |day| today?.checked_add(jiff::Span::new().days(day)).ok());
        days.filter(|date| self.days[index(date.weekday())]).filter_map(|date| self.on(date))
    }

    fn on(&self, date: Date) -> Option<(i64, i64)> {
        let tomorrow = date.tomorrow().ok()?;
        let Some(Hours { from, to }) = self.hours else {
            return Some((first_instant(date, &self.zone)?, first_instant(tomorrow, &self.zone)?));
        };
        let [start, ..] = readings(date.to_datetime(from), &self.zone)?.latest_first();
        let end = readings((if to <= from { tomorrow } else { date }).to_datetime(to), &self.zone)?;
        let [late, early] = end.latest_first();
        Some((start, if early > start { early } else { late }))
    }
}

impl Closed {
    /// From when until when.
    pub(super) fn bounds(&self) -> (i64, i64) {
        let start = readings(self.first.to_datetime(Time::midnight()), &self.zone).map(|r| r.latest_first()[1]);
        let end = self.last.tomorrow().ok().and_then(|day| readings(day.to_datetime(Time::midnight()), &self.zone));
        (start.unwrap_or(i64::MIN), end.map_or(i64::MAX, |r| r.latest_first()[0]))
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}

fn first_instant(date: Date, zone: &TimeZone) -> Option<i64> {
    readings(date.to_datetime(Time::midnight()), zone).map(|readings| readings.latest_first()[1])
}

/// When the clock on the wall shows a time of a date.
struct Readings(i64, i64);

impl Readings {
    fn latest_first(&self) -> [i64; 2] {
        [self.0.max(self.1), self.0.min(self.1)]
    }
}

fn readings(shown: DateTime, zone: &TimeZone) -> Option<Readings> {
    let instant = |offset: Offset| offset.to_timestamp(shown).ok();
    match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            let at = instant(offset)?.as_second();
            Some(Readings(at, at))
        }
        AmbiguousOffset::Fold { before, after } => {
            Some(Readings(instant(before)?.as_second(), instant(after)?.as_second()))
        }
        // By the offset of the time after it, what was skipped lies before it was skipped.
        AmbiguousOffset::Gap { after, .. } => {
            let at = zone.following(instant(after)?).next()?.timestamp().as_second();
            Some(Readings(at, at))
        }
    }
}
