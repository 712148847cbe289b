//! From the TOML text of a calendar to a checked [`Calendar`]; every complaint has its line and column.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::value::Datetime;

use super::{Calendar, CalendarError, Exception, Hours};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    id: Spanned<String>,
    title: String,
    zone: Spanned<String>,
    working_hours: Spanned<WorkingHours>,
    notice: Vec<Notice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct WorkingHours {
    monday: Vec<Spanned<String>>,
    tuesday: Vec<Spanned<String>>,
    wednesday: Vec<Spanned<String>>,
    thursday: Vec<Spanned<String>>,
    friday: Vec<Spanned<String>>,
    saturday: Vec<Spanned<String>>,
    sunday: Vec<Spanned<String>>,
    make_up_day: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notice {
    year: Spanned<i32>,
    sources: Spanned<Vec<String>>,
    #[serde(default)]
    days_off: BTreeMap<String, Vec<Spanned<Datetime>>>,
    #[serde(default)]
    make_up_days: BTreeMap<String, Vec<Spanned<Datetime>>>,
}

/// Something wrong at a place in the text.
struct Problem {
    at: Range<usize>,
    what: String,
}

impl Problem {
    fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

pub(super) fn parse(source: &str) -> Result<Calendar, CalendarError> {
    let problem = |problem: Problem| {
        let before = source.get(..problem.at.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        CalendarError::Source {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.what,
        }
    };
    let file: CalendarFile = toml::from_str(source)
        .map_err(|error| problem(Problem::new(error.span().unwrap_or(0..0), error.message().trim_end())))?;
    let hash = hex::encode(Sha256::digest(source));
    check(file, hash).map_err(problem)
}

fn check(file: CalendarFile, hash: String) -> Result<Calendar, Problem> {
    let id = file.id.get_ref();
    if id.is_empty()
        || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        let what = "a calendar's id consists of small letters, digits and dashes, such as `cn`";
        return Err(Problem::new(file.id.span(), what));
    }
    let zone: Tz = file.zone.get_ref().parse().map_err(|_| {
        let what =
            format!("unknown zone `{}`; expected an IANA name such as `Asia/Shanghai`", file.zone.get_ref());
        Problem::new(file.zone.span(), what)
    })?;
    let at_hours = file.working_hours.span();
    let hours = file.working_hours.into_inner();
    let weekday_hours = [
        day_hours(&hours.monday)?,
        day_hours(&hours.tuesday)?,
        day_hours(&hours.wednesday)?,
        day_hours(&hours.thursday)?,
        day_hours(&hours.friday)?,
        day_hours(&hours.saturday)?,
        day_hours(&hours.sunday)?,
    ];
    if weekday_hours.iter().all(Vec::is_empty) {
        return Err(Problem::new(
            at_hours,
            "no weekday works; expected hours for at least one of `monday` to `sunday`",
        ));
    }
    let mut calendar = Calendar {
        id: file.id.into_inner(),
        title: file.title,
        zone,
        weekday_hours,
        make_up_hours: day_hours(&hours.make_up_day)?,
        years: BTreeSet::new(),
        exceptions: BTreeMap::new(),
        hash,
    };
    for notice in file.notice {
        add_notice(&mut calendar, notice)?;
    }
    let makes_up = calendar.exceptions.values().any(|exception| matches!(exception, Exception::MakeUp(_)));
    if makes_up && calendar.make_up_hours.is_empty() {
        let what = "there are make-up working days, but no hours for them; expected `make_up_day`";
        return Err(Problem::new(at_hours, what));
    }
    Ok(calendar)
}

fn add_notice(calendar: &mut Calendar, notice: Notice) -> Result<(), Problem> {
    let year = *notice.year.get_ref();
    if !(1900..=2999).contains(&year) {
        return Err(Problem::new(
            notice.year.span(),
            format!("{year} is no year of a notice; expected 1900 to 2999"),
        ));
    }
    if !calendar.years.insert(year) {
        return Err(Problem::new(
            notice.year.span(),
            format!("a second notice for {year}; expected one for each year"),
        ));
    }
    if notice.sources.get_ref().is_empty() {
        let what = "a notice without a source; expected where it was published or which law it is";
        return Err(Problem::new(notice.sources.span(), what));
    }
    for (name, dates) in notice.days_off {
        for date in dates {
            add_exception(calendar, year, &date, Exception::Off(name.clone()))?;
        }
    }
    for (name, dates) in notice.make_up_days {
        for date in dates {
            add_exception(calendar, year, &date, Exception::MakeUp(name.clone()))?;
        }
    }
    Ok(())
}

fn add_exception(
    calendar: &mut Calendar,
    year: i32,
    written: &Spanned<Datetime>,
    exception: Exception,
) -> Result<(), Problem> {
    let wrong = |what: String| Problem::new(written.span(), what);
    let date = plain_date(written.get_ref())
        .ok_or_else(|| wrong(format!("`{}` is no date; expected such as 2026-10-01", written.get_ref())))?;
    // A notice may reach over New Year, but no further.
    if (date.year() - year).abs() > 1 {
        return Err(wrong(format!("{date} does not belong into the notice for {year}")));
    }
    if matches!(exception, Exception::MakeUp(_)) && !calendar.by_weekday(date).is_empty() {
        let weekday = date.format("%A");
        return Err(wrong(format!(
            "{date} is a {weekday}, which works anyway; expected a day that does not"
        )));
    }
    if calendar.exceptions.insert(date, exception).is_some() {
        return Err(wrong(format!("{date} is listed twice; expected each date once in all notices")));
    }
    Ok(())
}

fn plain_date(written: &Datetime) -> Option<NaiveDate> {
    let Datetime { date: Some(date), time: None, offset: None } = written else {
        return None;
    };
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
}

/// The spans of one day, which must be in order and apart.
fn day_hours(written: &[Spanned<String>]) -> Result<Vec<Hours>, Problem> {
    let mut hours: Vec<Hours> = Vec::new();
    for text in written {
        let span = read_hours(text.get_ref()).ok_or_else(|| {
            let what = format!(
                "`{}` are no hours; expected such as `09:00-18:00`, at most to `24:00`",
                text.get_ref()
            );
            Problem::new(text.span(), what)
        })?;
        if hours.last().is_some_and(|last| last.until >= span.from) {
            let what =
                "these hours touch or precede the ones before; expected spans in order with a break between";
            return Err(Problem::new(text.span(), what));
        }
        hours.push(span);
    }
    Ok(hours)
}

fn read_hours(text: &str) -> Option<Hours> {
    let (from, until) = text.split_once('-')?;
    let hours = Hours { from: read_minute(from)?, until: read_minute(until)? };
    (hours.from < hours.until).then_some(hours)
}

/// `hh:mm`, up to `24:00`, as minutes since midnight.
fn read_minute(text: &str) -> Option<u16> {
    let two_digits = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits { part.parse::<u16>().ok() } else { None }
    };
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}
