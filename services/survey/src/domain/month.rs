//! A month of a review, in the local time of a calendar.

use std::{fmt, str::FromStr};

use chrono::{Datelike, NaiveDate, NaiveTime};
use redress_domain::{Calendar, CalendarError, Timestamp};
use serde::{Deserialize, Serialize};

/// A month, written `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i32,
    month: u32,
}

/// A text that is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no month; expected such as `2026-03`")]
pub struct NotAMonth(String);

impl Month {
    /// The month that clocks show at `at`.
    pub fn of(calendar: &Calendar, at: Timestamp) -> Self {
        Self::containing(calendar.local_date(at))
    }

    /// The month of a date.
    pub fn containing(date: NaiveDate) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }

    /// Its first instant.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] outside the years 1 to 9999.
    pub fn start(self, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
        let first = NaiveDate::from_ymd_opt(self.year, self.month, 1).ok_or(CalendarError::OutOfRange)?;
        calendar.instant(first.and_time(NaiveTime::MIN))
    }

    /// The first instant after it.
    ///
    /// # Errors
    /// As [`Month::start`].
    pub fn end(self, calendar: &Calendar) -> Result<Timestamp, CalendarError> {
        self.next().start(calendar)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let wrong = || NotAMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits =
            |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        if !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self { year, month })
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_one_way_only() {
        for text in ["2026-03", "0001-12"] {
            assert_eq!(text.parse::<Month>().map(|month| month.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "2026", "2026-3", "2026-13", "2026-00", "+026-03", "2026-03-01"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth(text.to_owned())));
        }
        assert_eq!("2026-12".parse::<Month>().map(Month::next), "2027-01".parse());
    }
}
