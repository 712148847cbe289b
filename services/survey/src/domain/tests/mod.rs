//! Decisions by example, under the shipped handbook and calendar.

mod case;
mod report;
mod survey;

use std::sync::LazyLock;

use redress_domain::{Calendar, Timestamp, handbook::Handbook};

use super::Setting;

static BOOK: LazyLock<Handbook> = LazyLock::new(|| {
    let text = include_str!("../../../../../deploy/handbooks/courier-manual/2026.1.toml");
    Handbook::parse("2026.1.toml", text).expect("the shipped handbook")
});
static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    Calendar::parse(include_str!("../../../../../deploy/calendars/cn.toml")).expect("the shipped calendar")
});

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn setting(now: &str) -> Setting<'static> {
    Setting { region: "cn", book: &BOOK, calendar: &CALENDAR, now: at(now) }
}
