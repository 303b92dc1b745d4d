//! When changes may be made: the openings of a `CHANGE_WINDOW`, and the dates on which it stays closed. A night belongs to the day on
//! which it begins. What the text means is read by `parse`, what a time of day is on a date by `local_day`.

mod local_day;
mod parse;
#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::time::{Moment, Timestamp};

use local_day::{Closed, Opening};

/// Most steps from one opening to the next: closed dates are taken as a whole, and a week has so few openings.
const MOST_STEPS: usize = 4_000;
/// Most openings that follow each other at once; what goes on for longer closes some other time.
const MOST_IN_A_ROW: usize = 40;
/// Where no opening is found in so many steps, it is looked again after this.
const MUCH_LATER: Duration = Duration::from_secs(86_400);

/// When changes may be made. The default is always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeWindow {
    /// None: always, but for the closed dates.
    openings: Option<Vec<Opening>>,
    closed: Vec<Closed>,
}

impl ChangeWindow {
    /// Reads a window such as `Mon-Fri 20:00-06:00 Europe/Berlin; Sat,Sun; closed 2026-12-20..2027-01-04`.
    ///
    /// # Errors
    /// What is wrong with which part of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parse(text)
    }

    /// Whether it is never closed.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.openings.is_none() && self.closed.is_empty()
    }

    /// Whether changes may be made at this time.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let at = at.unix_timestamp();
        self.closed_until(at).is_none() && self.open_until(at).is_some()
    }

    /// Whether changes may be made now, whatever storage's clock may show: by that all instances judge.
    #[must_use]
    pub fn is_open_for_certain(&self, moment: &Moment) -> bool {
        self.is_open(moment.stored_after) && self.closes(moment.stored_after).is_none_or(|at| moment.stored_before < at)
    }

    /// When it opens, at this time or later.
    #[must_use]
    pub fn opens(&self, at: Timestamp) -> Timestamp {
        let mut time = at.unix_timestamp();
        for step in 0..MOST_STEPS {
            if let Some(end) = self.closed_until(time) {
                time = end;
            } else if self.open_until(time).is_some() {
                // What opens at the end of all dates does not open for long.
                let opens = Timestamp::from_unix_timestamp(time).unwrap_or(at + MUCH_LATER);
                return if step == 0 { at } else { opens };
            } else {
                let starts = self.openings.iter().flatten().filter_map(|opening| opening.next_start(time));
                let Some(start) = starts.min() else { break };
                time = start;
            }
        }
        at + MUCH_LATER
    }

    /// When it closes, if it is open at this time; none where it does not, or stays open for weeks.
    #[must_use]
    pub fn closes(&self, at: Timestamp) -> Option<Timestamp> {
        let mut time = at.unix_timestamp();
        for _ in 0..MOST_IN_A_ROW {
            if self.closed_until(time).is_some() {
                return Some(timestamp(time));
            }
            let Some(end) = self.open_until(time) else { return Some(timestamp(time)) };
            let next_closed = self.closed.iter().map(|closed| closed.bounds().0).filter(|start| *start > time).min();
            time = match (end, next_closed) {
                (i64::MAX, None) => return None,
                (end, start) => start.map_or(end, |start| end.min(start)),
            };
        }
        None
    }

    /// Until when no date that is closed ends, if one holds at this time.
    fn closed_until(&self, at: i64) -> Option<i64> {
        let holding = self.closed.iter().map(Closed::bounds).filter(|(start, end)| (*start..*end).contains(&at));
        holding.map(|(_, end)| end).max()
    }

    /// Until when the openings that hold at this time go on; none where none does.
    fn open_until(&self, at: i64) -> Option<i64> {
        match &self.openings {
            None => Some(i64::MAX),
            Some(openings) => openings.iter().filter_map(|opening| opening.ends(at)).max(),
        }
    }
}

/// Several windows of which all must be open.
#[derive(Debug, Clone, Copy)]
pub struct Windows<'a>(pub &'a [&'a ChangeWindow]);

impl Windows<'_> {
    /// Whether all are open now, for certain.
    #[must_use]
    pub fn are_open(&self, moment: &Moment) -> bool {
        self.0.iter().all(|window| window.is_open_for_certain(moment))
    }

    /// When all are open, at this time or later.
    #[must_use]
    pub fn open(&self, at: Timestamp) -> Timestamp {
        let mut time = at;
        for _ in 0..MOST_STEPS {
            let later = self.0.iter().map(|window| window.opens(time)).max().unwrap_or(time);
            if later == time {
                return time;
            }
            time = later;
        }
        at + MUCH_LATER
    }

    /// When the first of them closes.
    #[must_use]
    pub fn close(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.iter().filter_map(|window| window.closes(at)).min()
    }
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_unix_timestamp(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The zone where none is named.
fn utc() -> TimeZone {
    TimeZone::UTC
}
