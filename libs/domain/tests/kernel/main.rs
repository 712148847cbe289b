//! What the pure kernel promises: time, ids, money, case numbers, calendars, limits and deadlines.

mod calendar;
mod case_number;
mod deadline;
mod deadline_oracle;
mod limit;
mod money;
mod published_days;
mod time_and_ids;

use redress_domain::{Calendar, Timestamp};

/// An instant from its RFC 3339 text.
fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in RFC 3339")
}

/// A calendar that the repository ships.
fn shipped(id: &str) -> Calendar {
    let path = format!("{}/../../deploy/calendars/{id}.toml", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).expect("the file exists");
    Calendar::parse(&source).expect("it is a calendar")
}
