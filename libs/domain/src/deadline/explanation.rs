//! How a due time explains itself.

use std::fmt;

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use crate::calendar::Day;
use crate::{Calendar, Timestamp};

/// What counted towards a due time, in the order in which it was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The due time; none while an open pause holds it.
    pub due: Option<Timestamp>,
    /// What counted, ending with the due time or the pause that holds it.
    pub lines: Vec<Line>,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Local date.
    pub date: NaiveDate,
    /// What this line adds, such as `2 of 3` or `+1h30m`; empty for what does not count.
    pub counted: String,
    /// What happened, in English, with local times.
    pub text: String,
}

/// A line a row: date, weekday, what counted, text.
impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|line| line.counted.chars().count()).max().unwrap_or(0);
        for line in &self.lines {
            writeln!(
                formatter,
                "{}  {:<width$}  {}",
                line.date.format("%Y-%m-%d %a"),
                line.counted,
                line.text
            )?;
        }
        Ok(())
    }
}

/// Collects lines, or nothing at all when nobody asked for an explanation.
pub(super) struct Trace<'a> {
    calendar: Option<&'a Calendar>,
    lines: Vec<Line>,
}

impl<'a> Trace<'a> {
    pub(super) const fn off() -> Self {
        Self { calendar: None, lines: Vec::new() }
    }

    pub(super) const fn on(calendar: &'a Calendar) -> Self {
        Self { calendar: Some(calendar), lines: Vec::new() }
    }

    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// Something at an instant.
    pub(super) fn at(&mut self, at: Timestamp, what: impl FnOnce() -> String) {
        if let Some(calendar) = self.calendar {
            let text = format!("{} {}", clock(calendar, at), what());
            self.lines.push(Line { date: calendar.local_date(at), counted: String::new(), text });
        }
    }

    /// A day that counts as a whole or not at all.
    pub(super) fn day(&mut self, date: NaiveDate, day: Day<'_>, counted: impl FnOnce() -> String) {
        if self.calendar.is_some() {
            let counted = if day.is_working() { counted() } else { String::new() };
            self.lines.push(Line { date, counted, text: name(day) });
        }
    }

    /// A day of which `today` counts, which makes `so_far` of `whole`.
    pub(super) fn hours(
        &mut self,
        date: NaiveDate,
        day: Day<'_>,
        today: TimeDelta,
        so_far: TimeDelta,
        whole: TimeDelta,
    ) {
        if self.calendar.is_some() {
            let counted = if today.is_zero() { String::new() } else { format!("+{}", duration(today)) };
            let text = format!("{}, {} of {}", name(day), duration(so_far), duration(whole));
            self.lines.push(Line { date, counted, text });
        }
    }

    /// A pause and where it moved the due time.
    pub(super) fn pause(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        counted: TimeDelta,
        measure: &str,
        due: Timestamp,
    ) {
        if let Some(calendar) = self.calendar {
            let text = format!(
                "{} paused to {} {}: {} of {measure}, so due {} {}",
                clock(calendar, from),
                calendar.local_date(until),
                clock(calendar, until),
                duration(counted),
                calendar.local_date(due),
                clock(calendar, due),
            );
            self.lines.push(Line { date: calendar.local_date(from), counted: String::new(), text });
        }
    }
}

/// Local time of day with its offset; as fine as it has to be.
fn clock(calendar: &Calendar, at: Timestamp) -> String {
    at.with_timezone(&calendar.zone()).format("%H:%M:%S%.f%:z").to_string()
}

fn name(day: Day<'_>) -> String {
    match day {
        Day::Workday => "working day".into(),
        Day::Weekend => "weekend".into(),
        Day::Holiday(name) => format!("holiday ({name})"),
        Day::MakeUp(name) => format!("make-up working day ({name})"),
    }
}

/// Such as `1h30m`; seconds and fractions only where there are any.
fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let mut text = String::new();
    for (amount, unit) in [(seconds / 3600, "h"), (seconds / 60 % 60, "m")] {
        if amount > 0 {
            text.push_str(&format!("{amount}{unit}"));
        }
    }
    let fraction = length.subsec_nanos();
    if fraction > 0 {
        let decimals = format!("{fraction:09}");
        text.push_str(&format!("{}.{}s", seconds % 60, decimals.trim_end_matches('0')));
    } else if seconds % 60 > 0 || text.is_empty() {
        text.push_str(&format!("{}s", seconds % 60));
    }
    text
}
