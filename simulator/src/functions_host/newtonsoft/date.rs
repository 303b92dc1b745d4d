//! Texts that look like dates: they are read as dates and written again in one form. The host's zone is UTC, as in Azure, so an
//! offset becomes `+00:00`.

use std::fmt;

use time::{Duration, OffsetDateTime, PrimitiveDateTime, Time, macros::datetime};

/// A .NET `DateTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Date {
    time: PrimitiveDateTime,
    zone: Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Utc,
    /// The host's own, which is UTC as well but written as an offset.
    Host,
    Unsaid,
}

const FIRST: PrimitiveDateTime = datetime!(0001-01-01 0:00);
const LAST: PrimitiveDateTime = datetime!(9999-12-31 23:59:59.999_999_9);
/// The fewest and the most characters that a date has.
const LENGTHS: std::ops::RangeInclusive<usize> = 19..=40;

impl Date {
    /// The date that a text is, if it looks like one.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
            Some(milliseconds) => Self::in_milliseconds(milliseconds),
            None if text.is_ascii() && LENGTHS.contains(&text.len()) => Self::in_iso(text),
            None => None,
        }
    }

    /// `yyyy-MM-ddTHH:mm:ss`, at most seven digits of a fraction, and a zone.
    fn in_iso(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(11)?;
        let [year, month, day] = numbers(date.strip_suffix('T')?, '-', [4, 2, 2])?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let digits = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        let (ticks, zone) = match digits {
            None => (0, rest),
            // From the eighth digit on it is no date.
            Some(count @ 1..=7) => (format!("{:0<7}", &rest[1..=count]).parse::<u32>().ok()?, &rest[1 + count..]),
            Some(_) => return None,
        };
        let is_end_of_day = hour == 24 && (minute, second, ticks) == (0, 0, 0);
        let hour = if is_end_of_day { 0 } else { hour };
        let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
        let date = time::Date::from_calendar_date(year.into(), month, day.try_into().ok()?).ok()?;
        let [hour, minute, second] = [hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?];
        let time = PrimitiveDateTime::new(date, Time::from_hms_nano(hour, minute, second, ticks * 100).ok()?);
        let day = if is_end_of_day { Duration::DAY } else { Duration::ZERO };
        let time = time.checked_add(day).filter(|time| *time >= FIRST)?;
        match zone {
            "" => Some(Self { time, zone: Zone::Unsaid }),
            "Z" | "z" => Some(Self { time, zone: Zone::Utc }),
            offset => {
                // Beyond the first and the last date there is none.
                let moved = time.checked_sub(offset_in(offset)?);
                let nearest = if offset.starts_with('+') { FIRST } else { LAST };
                let time = moved.filter(|time| *time >= FIRST).unwrap_or(nearest);
                Some(Self { time, zone: Zone::Host })
            }
        }
    }

    /// `/Date(ms)/`, with an offset that only says that the host's zone is meant.
    fn in_milliseconds(text: &str) -> Option<Self> {
        let sign = text.get(1..)?.find(['+', '-']).map(|at| at + 1);
        let (number, zone) = match sign {
            None => (text, Zone::Utc),
            Some(at) => {
                offset_in(&text[at..])?;
                (&text[..at], Zone::Host)
            }
        };
        let since = Duration::milliseconds(number.parse().ok()?);
        let time = OffsetDateTime::UNIX_EPOCH.checked_add(since)?;
        let time = PrimitiveDateTime::new(time.date(), time.time());
        (time >= FIRST).then_some(Self { time, zone })
    }

    /// As `ToString` writes it, without a country's customs: `01/31/2026 23:59:59`.
    pub(super) fn plain(self) -> String {
        let (date, time) = (self.time.date(), self.time.time());
        let (hour, minute, second) = time.as_hms();
        let (year, month, day) = date.to_calendar_date();
        format!("{:02}/{day:02}/{year:04} {hour:02}:{minute:02}:{second:02}", u8::from(month))
    }
}

/// The form in JSON.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.time.as_hms();
        let (year, month, day) = self.time.to_calendar_date();
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month))?;
        let ticks = self.time.nanosecond() / 100;
        if ticks > 0 {
            f.write_str(format!(".{ticks:07}").trim_end_matches('0'))?;
        }
        f.write_str(match self.zone {
            Zone::Utc => "Z",
            Zone::Host => "+00:00",
            Zone::Unsaid => "",
        })
    }
}

/// Three numbers of so many digits each.
fn numbers(text: &str, between: char, lengths: [usize; 3]) -> Option<[u16; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let [first, second, third] = parts[..] else { return None };
    let number = |text: &str, length: usize| {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
    };
    Some([number(first, lengths[0])?, number(second, lengths[1])?, number(third, lengths[2])?])
}

/// `+02:00`, `+0200` or `+02`.
fn offset_in(text: &str) -> Option<Duration> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let two = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i64>().ok()).flatten()
    };
    let minutes = if minutes.is_empty() && rest.len() == 2 { 0 } else { two(minutes)? };
    Some(Duration::minutes(sign * (60 * two(hours)? + minutes)))
}
