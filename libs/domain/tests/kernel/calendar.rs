//! Calendars: what they know, what they refuse, and local times.

use chrono::{NaiveDate, NaiveDateTime};
use redress_domain::calendar::Day;
use redress_domain::{Calendar, CalendarError};

use crate::{at, shipped};

const SMALL: &str = r#"id = "test"
title = "Test"
zone = "Asia/Shanghai"
[working_hours]
monday = ["09:00-12:00", "13:30-24:00"]
make_up_day = ["10:00-11:00"]
[[notice]]
year = 2026
sources = ["a law"]
[notice.days_off]
"New Year" = [2026-01-05]
[notice.make_up_days]
"New Year" = [2026-01-11, 2027-01-02]
"#;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().expect("a local time")
}

#[test]
fn days_are_what_weekday_and_notice_make_them() {
    let calendar = Calendar::parse(SMALL).unwrap();
    for (day, kind) in [
        ("2026-01-05", Day::Holiday("New Year")),
        ("2026-01-06", Day::Weekend),
        ("2026-01-11", Day::MakeUp("New Year")),
        ("2026-01-12", Day::Workday),
    ] {
        assert_eq!(calendar.day(date(day)), Ok(kind));
        assert_eq!(calendar.is_working_day(date(day)), Ok(kind.is_working()));
    }
    assert_eq!((calendar.id(), calendar.title(), calendar.zone().name()), ("test", "Test", "Asia/Shanghai"));
    assert_eq!(calendar.years().collect::<Vec<_>>(), [2026]);
}

#[test]
fn a_year_without_a_notice_is_unknown_even_where_a_neighbour_names_a_day_of_it() {
    let calendar = Calendar::parse(SMALL).unwrap();
    for (day, year) in [("2025-12-31", 2025), ("2027-01-01", 2027), ("2027-01-02", 2027)] {
        let unknown = CalendarError::YearWithoutNotice { calendar: "test".into(), year };
        assert_eq!(calendar.is_working_day(date(day)), Err(unknown.clone()));
        assert_eq!(calendar.working_hours(date(day)), Err(unknown.clone()));
        assert!(unknown.to_string().contains(&year.to_string()), "{unknown}");
    }
}

#[test]
fn working_hours_are_those_of_the_kind_of_day() {
    let calendar = Calendar::parse(SMALL).unwrap();
    let monday = calendar.working_hours(date("2026-01-12")).unwrap();
    assert_eq!(
        monday,
        [
            (at("2026-01-12T09:00:00+08:00"), at("2026-01-12T12:00:00+08:00")),
            (at("2026-01-12T13:30:00+08:00"), at("2026-01-13T00:00:00+08:00")),
        ]
    );
    let made_up = calendar.working_hours(date("2026-01-11")).unwrap();
    assert_eq!(made_up, [(at("2026-01-11T10:00:00+08:00"), at("2026-01-11T11:00:00+08:00"))]);
    assert_eq!(calendar.working_hours(date("2026-01-05")), Ok(vec![]));
    assert_eq!(calendar.working_hours(date("2026-01-06")), Ok(vec![]));
}

#[test]
fn the_hash_is_that_of_the_text() {
    let calendar = Calendar::parse(SMALL).unwrap();
    assert_eq!(calendar.hash(), "c65da356a9817e03eac9f23225d71a58adb3423aa84245403839fe30a9f8ef03");
    assert_eq!(Calendar::parse(SMALL).unwrap().hash(), calendar.hash());
    assert_ne!(Calendar::parse(&format!("{SMALL}\n")).unwrap().hash(), calendar.hash());
}

#[test]
fn what_is_wrong_is_said_with_line_and_column() {
    let table: &[(&str, &str, (usize, usize), &str)] = &[
        // (what is replaced, by what, where it is reported, what it says)
        ("id = \"test\"", "id = \"Test 1\"", (1, 6), "small letters"),
        ("id = \"test\"", "id = ", (1, 6), ""),
        ("title = \"Test\"", "titel = \"Test\"", (2, 1), "unknown field `titel`"),
        ("Asia/Shanghai", "Asia/Peking", (3, 8), "`Asia/Shanghai`"),
        ("zone = \"Asia/Shanghai\"\n", "", (1, 1), "missing field `zone`"),
        ("monday = ", "mondays = ", (5, 1), "unknown field `mondays`"),
        ("monday = [\"09:00-12:00\", \"13:30-24:00\"]\n", "", (4, 1), "no weekday works"),
        ("09:00-12:00", "9:00-12:00", (5, 11), "expected such as `09:00-18:00`"),
        ("13:30-24:00", "13:30-24:01", (5, 26), "at most to `24:00`"),
        ("13:30-24:00", "13:30-13:30", (5, 26), "are no hours"),
        ("13:30-24:00", "13:60-14:00", (5, 26), "are no hours"),
        ("13:30-24:00", "12:00-13:00", (5, 26), "in order"),
        ("make_up_day = [\"10:00-11:00\"]\n", "", (4, 1), "expected `make_up_day`"),
        ("year = 2026", "year = 26", (8, 8), "no year"),
        ("year = 2026", "year = \"2026\"", (8, 8), "invalid type"),
        ("sources = [\"a law\"]", "sources = []", (9, 11), "without a source"),
        ("[2026-01-05]", "[2026-01-05, 2026-02-30]", (11, 27), "invalid date"),
        ("[2026-01-05]", "[2026-01-05T08:00:00]", (11, 15), "no date"),
        ("[2026-01-05]", "[2024-01-05]", (11, 15), "does not belong"),
        ("[2026-01-05]", "[2026-01-05, 2026-01-11]", (13, 15), "listed twice"),
        ("\"New Year\" = [2026-01-05]", "\"元旦\" = [2026-01-05, 2026-01-05]", (11, 21), "listed twice"),
        ("[2026-01-11, 2027-01-02]", "[2026-01-12]", (13, 15), "Monday, which works anyway"),
        (
            "[[notice]]",
            "[[notice]]\nyear = 2026\nsources = [\"b\"]\n[[notice]]",
            (11, 8),
            "second notice for 2026",
        ),
    ];
    for (old, new, place, says) in table {
        assert!(SMALL.contains(old), "{old}");
        let error = Calendar::parse(&SMALL.replace(old, new)).unwrap_err();
        let CalendarError::Source { line, column, problem } = &error else {
            panic!("{error}");
        };
        assert_eq!((*line, *column), *place, "{new}: {error}");
        assert!(problem.contains(says), "{new}: {error}");
    }
}

#[test]
fn a_skipped_local_time_means_the_end_of_the_skip_and_a_repeated_one_its_first_passage() {
    let brazil = shipped("br");
    for (shown, instant) in [
        // Summer time begins on 2017-10-15: 00:00 to 01:00 are skipped.
        ("2017-10-14T23:59:59", "2017-10-14T23:59:59-03:00"),
        ("2017-10-15T00:00:00", "2017-10-15T01:00:00-02:00"),
        ("2017-10-15T00:30:00", "2017-10-15T01:00:00-02:00"),
        ("2017-10-15T01:00:00", "2017-10-15T01:00:00-02:00"),
        // Summer time ends on 2018-02-18 at 00:00: 23:00 to 24:00 of the day before come twice.
        ("2018-02-17T22:59:59", "2018-02-17T22:59:59-02:00"),
        ("2018-02-17T23:00:00", "2018-02-17T23:00:00-02:00"),
        ("2018-02-17T23:59:59", "2018-02-17T23:59:59-02:00"),
        ("2018-02-18T00:00:00", "2018-02-18T00:00:00-03:00"),
    ] {
        assert_eq!(brazil.instant(local(shown)), Ok(at(instant)), "{shown}");
    }
    assert_eq!(brazil.local(at("2018-02-17T23:30:00-03:00")), local("2018-02-17T23:30:00"));
    assert_eq!(brazil.local_date(at("2018-02-18T02:59:59Z")), date("2018-02-17"));

    // A whole day that Samoa skipped when it crossed the date line.
    let samoa = Calendar::parse(&SMALL.replace("Asia/Shanghai", "Pacific/Apia")).unwrap();
    assert_eq!(samoa.instant(local("2011-12-30T12:00:00")), Ok(at("2011-12-31T00:00:00+14:00")));
}
