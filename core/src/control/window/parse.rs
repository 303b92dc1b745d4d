//! Reads a window. Its parts are separated by `;`, each of days, hours and a time zone in any order, or of closed dates. Where only
//! one zone is named in all, it holds for all parts; where several are, each part names its own.

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::local_day::{Closed, Hours, Opening};
use super::{ChangeWindow, utc};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const CLOSED: &str = "closed";
const ALWAYS: &str = "always";
/// Names further away are not what was meant.
const NEAR: usize = 3;

/// A part as it stands, before it is known which zone it is in.
#[derive(Debug, Default)]
struct Part {
    days: Option<[bool; 7]>,
    hours: Option<Hours>,
    closed: Option<Vec<(Date, Date)>>,
    zone: Option<TimeZone>,
}

pub(super) fn parse(text: &str) -> Result<ChangeWindow, String> {
    if text.trim().eq_ignore_ascii_case(ALWAYS) {
        return Ok(ChangeWindow::default());
    }
    let parts = text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<_> = parts.map(|words| Ok((words, part(words)?))).collect::<Result<_, String>>()?;
    if parts.is_empty() {
        return Err("it has no part".to_owned());
    }
    let mut zones: Vec<TimeZone> = Vec::new();
    for zone in parts.iter().filter_map(|(_, part)| part.zone.as_ref()) {
        if !zones.contains(zone) {
            zones.push(zone.clone());
        }
    }
    let (mut openings, mut closed) = (Vec::new(), Vec::new());
    for (words, Part { days, hours, closed: dates, zone }) in parts {
        let zone = match (zone, zones.as_slice()) {
            (Some(zone), _) => zone,
            (None, []) => utc(),
            (None, [only]) => only.clone(),
            (None, _) => return Err(format!("{words:?} names no time zone, while other parts name several")),
        };
        match dates {
            Some(dates) => {
                closed.extend(dates.into_iter().map(|(first, last)| Closed { first, last, zone: zone.clone() }));
            }
            None => openings.push(Opening { days: days.unwrap_or([true; 7]), hours, zone }),
        }
    }
    Ok(ChangeWindow { openings: (!openings.is_empty()).then_some(openings), closed })
}

fn part(text: &str) -> Result<Part, String> {
    let mut part = Part::default();
    // A space after a comma separates nothing.
    let joined = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
    let mut words = joined.split_whitespace();
    let twice = |what: &str| format!("{text:?} has two {what}; put the second into a part of its own, after a \";\"");
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(CLOSED) {
            let list = words.next().ok_or_else(|| format!("{text:?} names no date, such as closed 2026-12-24"))?;
            if part.closed.replace(dates(list)?).is_some() {
                return Err(twice("lists of closed dates"));
            }
        } else if word.eq_ignore_ascii_case(ALWAYS) {
            return Err("\"always\" stands alone, or not at all".to_owned());
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            if part.hours.replace(hours(word)?).is_some() {
                return Err(twice("times of day"));
            }
        } else if let Some(found) = days(word)? {
            if part.days.replace(found).is_some() {
                return Err(twice("lists of days"));
            }
        } else if part.zone.replace(zone(word)?).is_some() {
            return Err(twice("time zones"));
        }
    }
    match &part {
        Part { closed: Some(_), days: None, hours: None, .. }
        | Part { closed: None, days: Some(_), .. }
        | Part { closed: None, hours: Some(_), .. } => Ok(part),
        Part { closed: Some(_), .. } => {
            Err(format!("{text:?} closes whole dates; days and times of day cannot stand with them"))
        }
        Part { .. } => Err(format!("{text:?} names neither days nor a time of day")),
    }
}

/// Days such as `Mon-Fri,Sun`; none where it is no list of days.
fn days(word: &str) -> Result<Option<[bool; 7]>, String> {
    let day = |name: &str| {
        let name = name.to_ascii_lowercase();
        DAYS.iter().position(|day| *day == name || (name.len() == 3 && day.starts_with(&name)))
    };
    let ends = |range: &str| match range.split_once('-') {
        Some((first, last)) => Some((day(first)?, day(last)?)),
        None => day(range).map(|only| (only, only)),
    };
    let mut found = [false; 7];
    let (mut known, mut unknown) = (0, None);
    for range in word.split(',') {
        match ends(range) {
            None => unknown = Some(range),
            Some((first, last)) => {
                known += 1;
                (0..7).map(|n| (first + n) % 7).take((last + 7 - first) % 7 + 1).for_each(|day| found[day] = true);
            }
        }
    }
    match unknown {
        None => Ok(Some(found)),
        Some(unknown) if known > 0 || word.split('-').any(|name| day(name).is_some()) => Err(format!(
            "{unknown:?} is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, and ranges such as Mon-Fri"
        )),
        Some(_) => Ok(None),
    }
}

fn hours(word: &str) -> Result<Hours, String> {
    let wrong = || format!("{word:?} is no time of day; times are written as 20:00-06:00, to 24:00 at most");
    let (from, to) = word.split_once('-').ok_or_else(wrong)?;
    let from = time(from).filter(|from| from.0 < 24).ok_or_else(wrong)?;
    let to = time(to).ok_or_else(wrong)?;
    if from == to {
        return Err(format!("{word:?} is empty; for the whole day name its days alone"));
    }
    let clock = |(hour, minute): (i8, i8)| Time::new(hour % 24, minute, 0, 0).map_err(|_| wrong());
    Ok(Hours { from: clock(from)?, to: clock(to)? })
}

fn time(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, most: i8| {
        let is_number = (1..=2).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten().filter(|n| *n <= most)
    };
    let (hour, minute) = (number(hour, 24)?, number(minute, 59).filter(|_| minute.len() == 2)?);
    (hour < 24 || minute == 0).then_some((hour, minute))
}

fn dates(list: &str) -> Result<Vec<(Date, Date)>, String> {
    let date = |text: &str| {
        let is_date = text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
        is_date.then(|| text.parse::<Date>().ok()).flatten().ok_or_else(|| {
            format!("{text:?} is no date; dates are written as 2026-12-24, ranges as 2026-12-20..2027-01-04")
        })
    };
    let range = |range: &str| {
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        let (first, last) = (date(first)?, date(last)?);
        if last < first { Err(format!("{range:?} ends before it begins")) } else { Ok((first, last)) }
    };
    list.split(',').map(range).collect()
}

fn zone(name: &str) -> Result<TimeZone, String> {
    let zones = TimeZoneDatabase::bundled();
    zones.get(name).map_err(|_| {
        let folded = name.to_ascii_lowercase();
        let distance = |known: &str| strsim::levenshtein(&known.to_ascii_lowercase(), &folded);
        let known: Vec<_> = zones.available().map(|known| known.to_string()).collect();
        let near = known.iter().filter(|known| distance(known) <= NEAR).min_by_key(|known| distance(known));
        let near = near.map(|near| format!("; is {near} meant?")).unwrap_or_default();
        format!("{name:?} is neither a day nor a time zone such as Europe/Berlin{near}")
    })
}
