//! `redress calendar`

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat};
use clap::{Args, Subcommand};
use redress_domain::{
    Limit,
    calendar::Day,
    deadline::{self, Term},
};
use serde_json::json;

use super::Failure;
use crate::{
    output,
    shipped::{Document, Shelf},
};

/// Compute due times, and look at working calendars.
#[derive(Args)]
pub(super) struct Calendar {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Due(Due),
    Show(Show),
}

/// When a limit falls due, and why.
#[derive(Args)]
#[command(
    after_help = "Example:\n  redress calendar due --calendar cn --from 2026-02-13T10:00:00+08:00 --limit 3wd --explain"
)]
struct Due {
    /// Calendar: its id, or a file that ends in `.toml`.
    #[arg(long, default_value = "cn")]
    calendar: String,
    /// When it begins, RFC 3339 with its offset.
    #[arg(long)]
    from: String,
    /// The limit: 90m 2h 7d 3wd 8wh are minutes, hours, calendar days, working days, working hours.
    #[arg(long)]
    limit: Limit,
    /// Say what counted, day by day.
    #[arg(long)]
    explain: bool,
}

/// The days of a year that are exceptions from their weekday.
#[derive(Args)]
struct Show {
    /// Calendar: its id, or a file that ends in `.toml`.
    #[arg(default_value = "cn")]
    calendar: String,
    /// Which year; without it the latest that the calendar knows.
    #[arg(long)]
    year: Option<i32>,
}

impl Calendar {
    pub(super) fn run(self, as_json: bool) -> Result<(), Failure> {
        match self.verb {
            Verb::Due(due) => due.run(as_json),
            Verb::Show(show) => show.run(as_json),
        }
    }
}

impl Due {
    fn run(self, as_json: bool) -> Result<(), Failure> {
        let calendar = find(&self.calendar)?;
        let from = DateTime::parse_from_rfc3339(&self.from).map_err(|_| {
            Failure::Usage(format!(
                "--from `{}`: expected a time such as 2026-02-13T10:00:00+08:00",
                self.from
            ))
        })?;
        let explanation = deadline::explain(&calendar, &Term::new(from.to_utc(), self.limit))
            .map_err(anyhow::Error::from)?;
        let due = explanation
            .due
            .map(|due| due.with_timezone(&calendar.zone()).to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let due = due.unwrap_or_default();
        if as_json {
            let mut answer = json!({
                "calendar": calendar.id(), "calendar_hash": calendar.hash(), "from": self.from,
                "limit": self.limit, "due": due,
            });
            if self.explain {
                answer["lines"] = json!(explanation.lines);
            }
            output::json(&answer);
            return Ok(());
        }
        if self.explain {
            output::line(explanation.to_string().trim_end());
        }
        output::line(&due);
        Ok(())
    }
}

impl Show {
    fn run(self, as_json: bool) -> Result<(), Failure> {
        let calendar = find(&self.calendar)?;
        let years: Vec<i32> = calendar.years().collect();
        let year = self.year.or(years.last().copied()).unwrap_or_default();
        let first =
            NaiveDate::from_ymd_opt(year, 1, 1).ok_or_else(|| Failure::Usage(format!("no year {year}")))?;
        let mut exceptions = Vec::new();
        for date in first.iter_days().take_while(|date| date.year() == year) {
            let (kind, name) = match calendar.day(date).map_err(anyhow::Error::from)? {
                Day::Workday | Day::Weekend => continue,
                Day::Holiday(name) => ("holiday", name.to_owned()),
                Day::MakeUp(name) => ("make-up working day", name.to_owned()),
            };
            exceptions.push((date, kind, name));
        }
        if as_json {
            let days: Vec<_> = exceptions
                .iter()
                .map(|(date, kind, name)| json!({ "date": date, "kind": kind, "name": name }))
                .collect();
            output::json(&json!({
                "id": calendar.id(), "title": calendar.title(), "zone": calendar.zone().name(), "hash": calendar.hash(),
                "years": years, "year": year, "exceptions": days,
            }));
            return Ok(());
        }
        let known = match (years.first(), years.last()) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "none".to_owned(),
        };
        output::line(&format!(
            "{}: {}, {}, years {known}",
            calendar.id(),
            calendar.title(),
            calendar.zone().name()
        ));
        for (date, kind, name) in exceptions {
            output::line(&format!("{}  {kind}  {name}", date.format("%Y-%m-%d %a")));
        }
        Ok(())
    }
}

fn find(name: &str) -> Result<redress_domain::Calendar, Failure> {
    let path = Path::new(name);
    let document = if path.extension().is_some_and(|extension| extension == "toml") {
        Document::read(&PathBuf::from(path))
    } else {
        Shelf::find().calendar(name)
    };
    Ok(document.map_err(|error| Failure::Usage(format!("{error:#}")))?.calendar()?)
}
