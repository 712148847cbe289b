//! Working calendars: which days and hours work in a place, including make-up working days (调休), as versioned data.
//!
//! A calendar is one TOML file (see `deploy/calendars/README.md`). It knows only the years whose notice it holds:
//! asked about another, it answers [`CalendarError::YearWithoutNotice`] rather than guess from the weekday (X5).
//!
//! **Local time.** The zone is an IANA name. [`Calendar::instant`] turns a local time into *the first instant at which
//! clocks there show that time or a later one*: a time that clocks pass twice (summer time ends) means its first
//! passage, a time that they skip (summer time begins) means the end of the skip. So later local times never come out
//! earlier.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta,
    TimeZone,
};
use chrono_tz::{GapInfo, Tz};

use crate::Timestamp;

/// The working time of one place, from one source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    id: String,
    title: String,
    zone: Tz,
    weekday_hours: [Vec<Hours>; 7],
    make_up_hours: Vec<Hours>,
    years: BTreeSet<i32>,
    exceptions: BTreeMap<NaiveDate, Exception>,
    hash: String,
}

/// One span of working hours: minutes since local midnight, the end excluded and at most 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    from: u16,
    until: u16,
}

/// A date that a notice makes an exception from its weekday, with the occasion's name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Off(String),
    MakeUp(String),
}

/// What kind of day a date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day<'a> {
    /// Works by its weekday.
    Workday,
    /// Does not work by its weekday.
    Weekend,
    /// A holiday by notice, with its name.
    Holiday(&'a str),
    /// Works by notice although its weekday does not (调休), with the holiday it makes up for.
    MakeUp(&'a str),
}

impl Day<'_> {
    /// Whether people work on it.
    #[must_use]
    pub const fn is_working(self) -> bool {
        matches!(self, Self::Workday | Self::MakeUp(_))
    }
}

/// From an instant to a later one, the end excluded.
pub(crate) type Span = (Timestamp, Timestamp);

impl Calendar {
    /// Reads a calendar from the text of its file.
    ///
    /// # Errors
    /// [`CalendarError::Source`] with line and column of the first thing that is wrong.
    pub fn parse(source: &str) -> Result<Self, CalendarError> {
        source::parse(source)
    }

    /// Its id, by which handbooks name it, such as `cn`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is the calendar of, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The zone of its local times.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// SHA-256 of the source text, in lower-case hex: the version that a case is pinned to.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The years that it knows, ascending.
    pub fn years(&self) -> impl Iterator<Item = i32> + '_ {
        self.years.iter().copied()
    }

    /// What kind of day the local `date` is.
    ///
    /// # Errors
    /// [`CalendarError::YearWithoutNotice`].
    pub fn day(&self, date: NaiveDate) -> Result<Day<'_>, CalendarError> {
        if !self.years.contains(&date.year()) {
            return Err(CalendarError::YearWithoutNotice { calendar: self.id.clone(), year: date.year() });
        }
        Ok(match self.exceptions.get(&date) {
            Some(Exception::Off(name)) => Day::Holiday(name),
            Some(Exception::MakeUp(name)) => Day::MakeUp(name),
            None if self.by_weekday(date).is_empty() => Day::Weekend,
            None => Day::Workday,
        })
    }

    /// Whether people work on the local `date`.
    ///
    /// # Errors
    /// [`CalendarError::YearWithoutNotice`].
    pub fn is_working_day(&self, date: NaiveDate) -> Result<bool, CalendarError> {
        Ok(self.day(date)?.is_working())
    }

    /// What clocks show at `at`. At the very ends of representable time, where local time is beyond, UTC.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> NaiveDateTime {
        let utc = at.naive_utc();
        utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc)
    }

    /// The local date at `at`.
    #[must_use]
    pub fn local_date(&self, at: Timestamp) -> NaiveDate {
        self.local(at).date()
    }

    /// The first instant at which clocks show `local` or later; see the module's text.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`].
    pub fn instant(&self, local: NaiveDateTime) -> Result<Timestamp, CalendarError> {
        let found = match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Some(at),
            MappedLocalTime::None => GapInfo::new(&local, &self.zone).and_then(|gap| gap.end),
        };
        in_range(found.ok_or(CalendarError::OutOfRange)?.to_utc())
    }

    /// The latest time that clocks have shown by `at`.
    ///
    /// That is [`Calendar::local`], but for the second passage of a repeated hour: there it is the end of the first
    /// one. Adding days to it, and not to what clocks show, keeps a later start from being due earlier.
    pub(crate) fn latest_shown(&self, at: Timestamp) -> Result<NaiveDateTime, CalendarError> {
        let local = self.local(at);
        let MappedLocalTime::Ambiguous(first, second) = self.zone.from_local_datetime(&local) else {
            return Ok(local);
        };
        if at < second.to_utc() {
            return Ok(local);
        }
        // Clocks were set back somewhere between the two passages. Search for it to the second, as zones have it.
        let mut before = first.timestamp();
        let mut after = second.timestamp();
        let offset =
            |second: i64| DateTime::from_timestamp(second, 0).map(|at| self.local(at) - at.naive_utc());
        let offset_before = offset(before).ok_or(CalendarError::OutOfRange)?;
        while after - before > 1 {
            let middle = before.midpoint(after);
            if offset(middle) == Some(offset_before) {
                before = middle;
            } else {
                after = middle;
            }
        }
        let set_back = DateTime::from_timestamp(after, 0).ok_or(CalendarError::OutOfRange)?;
        set_back.naive_utc().checked_add_signed(offset_before).ok_or(CalendarError::OutOfRange)
    }

    /// The whole local `date`, midnight to midnight, if it is a working day.
    pub(crate) fn working_day(&self, date: NaiveDate) -> Result<Option<Span>, CalendarError> {
        if !self.is_working_day(date)? {
            return Ok(None);
        }
        Ok(Some((self.instant(midnight(date))?, self.instant(midnight(next_day(date)?))?)))
    }

    /// The working hours of the local `date`, in order; none on days that do not work.
    ///
    /// # Errors
    /// [`CalendarError::YearWithoutNotice`], [`CalendarError::OutOfRange`].
    pub fn working_hours(&self, date: NaiveDate) -> Result<Vec<(Timestamp, Timestamp)>, CalendarError> {
        let hours = match self.day(date)? {
            Day::Workday => self.by_weekday(date),
            Day::MakeUp(_) => &self.make_up_hours,
            Day::Weekend | Day::Holiday(_) => return Ok(Vec::new()),
        };
        let at = |minute: u16| {
            let local = midnight(date).checked_add_signed(TimeDelta::minutes(i64::from(minute)));
            self.instant(local.ok_or(CalendarError::OutOfRange)?)
        };
        hours.iter().map(|hours| Ok((at(hours.from)?, at(hours.until)?))).collect()
    }

    fn by_weekday(&self, date: NaiveDate) -> &[Hours] {
        let monday_first = usize::try_from(date.weekday().num_days_from_monday()).unwrap_or(0);
        &self.weekday_hours[monday_first]
    }
}

/// `at`, if it lies in the years 1 to 9999: what RFC 3339 and the wire can say.
pub(crate) fn in_range(at: Timestamp) -> Result<Timestamp, CalendarError> {
    if (1..=9999).contains(&at.year()) { Ok(at) } else { Err(CalendarError::OutOfRange) }
}

/// The day after `date`.
pub(crate) fn next_day(date: NaiveDate) -> Result<NaiveDate, CalendarError> {
    date.checked_add_days(Days::new(1)).ok_or(CalendarError::OutOfRange)
}

/// The beginning of `date`, as clocks show it.
pub(crate) fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

/// Why a calendar could not be read, or could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The file is not a calendar.
    #[error("line {line}, column {column}: {problem}")]
    Source {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Nobody knows yet which days work that year.
    #[error(
        "calendar `{calendar}` has no notice for {year}: its holidays and make-up working days are unknown"
    )]
    YearWithoutNotice {
        /// The calendar's id.
        calendar: String,
        /// The year that was looked into.
        year: i32,
    },
    /// A pause that is over before it begins.
    #[error("a pause ends at {until}, before it begins at {from}")]
    PauseEndsBeforeItBegins {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
    /// A time outside the years 1 to 9999.
    #[error("the time lies outside the years 1 to 9999")]
    OutOfRange,
}
