//! When a deadline falls due: one pure function of the calendar, the start, the limit and what happened meanwhile.
//!
//! **The limit.** `m` and `h` are elapsed time. `d` ends at the same local time so many days later. `wd` ends at the
//! same local time on the n-th working day after the start's day; the start's day never counts, whether it works or
//! not. `wh` ends when so many working hours have passed. Nothing takes no time: a zero limit is due at its start.
//!
//! **Pauses** move the due time by as much of them as would have counted: for `m`, `h` and `d` their elapsed time; for
//! `wd` the part of them that lies in working days (midnight to midnight), for `wh` the part in working hours, and the
//! due time moves through just such time. Only what lies between the start and the due time reached so far counts,
//! and nothing falls due inside a pause. Pauses that overlap or touch are one.
//!
//! **Extensions** are further limits, each beginning where the one before is due.
//!
//! **`not_after`** cuts the result, and is itself never moved. What runs on through pauses, such as a statutory limit,
//! is a deadline of its own without pauses (X1).
//!
//! **Order.** A larger amount of the same unit, more pause, a further extension or a later cap never give an earlier due
//! time, nor does a later start of an undisturbed limit. The rule for `wd` brings one exception with it: starts that
//! have the same working days before them are due on the same *date*, each at its own time of day, so Saturday 10:00
//! plus `1wd` is due on Monday at 10:00, before Friday 17:00 plus `1wd`. The dates are always in order.
//!
//! Working time needs the notice of each year that it passes through; else [`CalendarError::YearWithoutNotice`].

mod explanation;

use chrono::{Days, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use self::explanation::Trace;
pub use self::explanation::{Explanation, Line};
use crate::calendar::{Span, in_range, midnight, next_day};
use crate::{Calendar, CalendarError, Limit, Timestamp, Unit};

/// A pause: from an instant to a later one, the end excluded; open when it has none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// When the clock was stopped.
    pub from: Timestamp,
    /// When it ran again.
    pub until: Option<Timestamp>,
}

/// All that a due time depends on, beside the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// When the limit begins to run.
    pub start: Timestamp,
    /// The limit.
    pub limit: Limit,
    /// When it stood still, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Interval>,
    /// Further limits, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Limit>,
    /// Never due later than this: a cap by tightening or by law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

impl Term {
    /// A term that nothing has happened to yet.
    #[must_use]
    pub const fn new(start: Timestamp, limit: Limit) -> Self {
        Self { start, limit, pauses: Vec::new(), extensions: Vec::new(), not_after: None }
    }
}

/// When the term falls due; `None` while an open pause holds it. A pause that opened only once the term was due (by
/// its limits or by its cap) holds nothing any more.
///
/// # Errors
/// [`CalendarError::YearWithoutNotice`] for working time, [`CalendarError::PauseEndsBeforeItBegins`],
/// [`CalendarError::OutOfRange`].
pub fn due(calendar: &Calendar, term: &Term) -> Result<Option<Timestamp>, CalendarError> {
    run(calendar, term, &mut Trace::off())
}

/// The same as [`due`], with what counted, line by line.
///
/// # Errors
/// As [`due`].
pub fn explain(calendar: &Calendar, term: &Term) -> Result<Explanation, CalendarError> {
    let mut trace = Trace::on(calendar);
    let due = run(calendar, term, &mut trace)?;
    Ok(Explanation { due, lines: trace.into_lines() })
}

/// The end of a `limit` that begins at `start` and is not disturbed.
///
/// # Errors
/// [`CalendarError::YearWithoutNotice`] for working time, [`CalendarError::OutOfRange`].
pub fn after(calendar: &Calendar, start: Timestamp, limit: Limit) -> Result<Timestamp, CalendarError> {
    undisturbed(calendar, start, limit, &mut Trace::off())
}

/// The due time of a clock that a raised priority tightens: `old_due`, or `new_limit` from the raise if that is
/// sooner (M3.2).
///
/// # Errors
/// As [`after`].
pub fn tighten(
    calendar: &Calendar,
    old_due: Timestamp,
    raised_at: Timestamp,
    new_limit: Limit,
) -> Result<Timestamp, CalendarError> {
    Ok(old_due.min(after(calendar, raised_at, new_limit)?))
}

/// Which time counts.
#[derive(Clone, Copy)]
enum Measure {
    Elapsed,
    Working(Working),
}

/// Which part of working days counts.
#[derive(Clone, Copy)]
enum Working {
    Days,
    Hours,
}

impl Measure {
    const fn of(limit: Limit) -> Self {
        match limit.unit() {
            Unit::Minutes | Unit::Hours | Unit::Days => Self::Elapsed,
            Unit::WorkingDays => Self::Working(Working::Days),
            Unit::WorkingHours => Self::Working(Working::Hours),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Elapsed => "elapsed time",
            Self::Working(Working::Days) => "working days",
            Self::Working(Working::Hours) => "working hours",
        }
    }
}

impl Working {
    /// The spans of the local `date` that count, in order.
    fn spans(self, calendar: &Calendar, date: NaiveDate) -> Result<Vec<Span>, CalendarError> {
        match self {
            Self::Days => Ok(calendar.working_day(date)?.into_iter().collect()),
            Self::Hours => calendar.working_hours(date),
        }
    }
}

fn run(calendar: &Calendar, term: &Term, trace: &mut Trace<'_>) -> Result<Option<Timestamp>, CalendarError> {
    let pauses = merged(&term.pauses)?;
    in_range(term.start)?;
    term.not_after.map(in_range).transpose()?;
    trace.at(term.start, || format!("starts, limit {}", term.limit));
    let mut due = term.start;
    for (index, limit) in std::iter::once(&term.limit).chain(&term.extensions).enumerate() {
        if index > 0 {
            trace.at(due, || format!("extension {limit} begins"));
        }
        let start = due;
        due = undisturbed(calendar, start, *limit, trace)?;
        let measure = Measure::of(*limit);
        for pause in &pauses {
            let from = pause.from.max(start);
            if from >= due || pause.until.is_some_and(|until| until <= from) {
                continue;
            }
            let Some(until) = pause.until else {
                return Ok(match term.not_after {
                    Some(cap) if cap <= from => {
                        trace.at(cap, || "due by its cap, before the open pause".into());
                        Some(cap)
                    }
                    _ => {
                        trace.at(from, || "paused, not due until resumed".into());
                        None
                    }
                });
            };
            let counted = measured(calendar, measure, from, until)?;
            due = advanced(calendar, measure, due, counted, &mut Trace::off())?.max(until);
            trace.pause(from, until, counted, measure.name(), due);
        }
    }
    match term.not_after {
        Some(cap) if cap < due => {
            trace.at(cap, || "due by its cap".into());
            Ok(Some(cap))
        }
        _ => {
            trace.at(due, || "due".into());
            Ok(Some(due))
        }
    }
}

/// Sorts pauses and joins those that overlap or touch.
fn merged(pauses: &[Interval]) -> Result<Vec<Interval>, CalendarError> {
    let mut sorted = pauses.to_vec();
    sorted.sort_by_key(|pause| pause.from);
    let mut merged: Vec<Interval> = Vec::with_capacity(sorted.len());
    for pause in sorted {
        in_range(pause.from)?;
        pause.until.map(in_range).transpose()?;
        if let Some(until) = pause.until.filter(|until| *until < pause.from) {
            return Err(CalendarError::PauseEndsBeforeItBegins { from: pause.from, until });
        }
        match merged.last_mut() {
            Some(last) if last.until.is_none_or(|until| until >= pause.from) => {
                last.until = last.until.zip(pause.until).map(|(one, other)| one.max(other));
            }
            _ => merged.push(pause),
        }
    }
    Ok(merged)
}

fn undisturbed(
    calendar: &Calendar,
    start: Timestamp,
    limit: Limit,
    trace: &mut Trace<'_>,
) -> Result<Timestamp, CalendarError> {
    let amount = limit.amount();
    if limit.is_zero() {
        return in_range(start);
    }
    match limit.unit() {
        Unit::Minutes => later(start, TimeDelta::minutes(i64::from(amount))),
        Unit::Hours => later(start, TimeDelta::hours(i64::from(amount))),
        Unit::Days => {
            let shown = calendar.latest_shown(start)?;
            let end =
                shown.checked_add_days(Days::new(u64::from(amount))).ok_or(CalendarError::OutOfRange)?;
            calendar.instant(end)
        }
        Unit::WorkingDays => {
            let shown = calendar.latest_shown(start)?;
            let mut date = shown.date();
            let mut counted = 0;
            while counted < amount {
                date = next_day(date)?;
                let day = calendar.day(date)?;
                counted += u32::from(day.is_working());
                trace.day(date, day, || format!("{counted} of {amount}"));
            }
            calendar.instant(date.and_time(shown.time()))
        }
        Unit::WorkingHours => {
            advanced(calendar, Measure::of(limit), start, TimeDelta::hours(i64::from(amount)), trace)
        }
    }
}

fn later(at: Timestamp, by: TimeDelta) -> Result<Timestamp, CalendarError> {
    in_range(at.checked_add_signed(by).ok_or(CalendarError::OutOfRange)?)
}

/// How much of the time from `from` to `until` counts.
fn measured(
    calendar: &Calendar,
    measure: Measure,
    from: Timestamp,
    until: Timestamp,
) -> Result<TimeDelta, CalendarError> {
    let Measure::Working(working) = measure else {
        return Ok(until - from);
    };
    let mut total = TimeDelta::zero();
    let mut date = calendar.local_date(from);
    // A day that begins at the end is not looked into: its year may have no notice yet.
    while calendar.instant(midnight(date))? < until {
        for (begins, ends) in working.spans(calendar, date)? {
            total += (ends.min(until) - begins.max(from)).max(TimeDelta::zero());
        }
        date = next_day(date)?;
    }
    Ok(total)
}

/// The first instant from `at` on by which `amount` of counting time has passed.
fn advanced(
    calendar: &Calendar,
    measure: Measure,
    at: Timestamp,
    amount: TimeDelta,
    trace: &mut Trace<'_>,
) -> Result<Timestamp, CalendarError> {
    let Measure::Working(working) = measure else {
        return later(at, amount);
    };
    if amount.is_zero() {
        return Ok(at);
    }
    let mut missing = amount;
    let mut date = calendar.local_date(at);
    loop {
        let mut today = TimeDelta::zero();
        let day = calendar.day(date)?;
        for (begins, ends) in working.spans(calendar, date)? {
            let begins = begins.max(at);
            let available = (ends - begins).max(TimeDelta::zero());
            today += available.min(missing);
            if available >= missing {
                trace.hours(date, day, today, amount, amount);
                return later(begins, missing);
            }
            missing -= available;
        }
        trace.hours(date, day, today, amount - missing, amount);
        date = next_day(date)?;
    }
}
