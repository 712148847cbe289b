//! The shipped calendars against what was published.
//!
//! The reference files lie beside the checkout; where they are missing, the tests over them have nothing to compare.

use std::collections::HashMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use redress_domain::deadline::after;
use redress_domain::{CalendarError, Limit, Unit};

use crate::shipped;

/// The rows of a reference file without its heading; none where the file is missing.
fn rows(file: &str) -> Option<Vec<Vec<String>>> {
    let path = format!("{}/../../../shared/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().skip(1).map(|line| line.split(',').map(Into::into).collect()).collect())
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

#[test]
fn china_agrees_with_all_published_days_from_2007_to_2026() {
    let Some(rows) = rows("cn_holidays.csv") else { return };
    let published: HashMap<NaiveDate, bool> = rows.iter().map(|row| (date(&row[0]), row[2] == "0")).collect();
    let calendar = shipped("cn");

    let first = date("2007-01-01");
    let days: Vec<NaiveDate> =
        (0..).map(|n| first + Days::new(n)).take_while(|day| *day <= date("2026-12-31")).collect();
    assert_eq!(days.len(), 7_305);
    for day in days {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let expected = published.get(&day).copied().unwrap_or(!weekend);
        assert_eq!(calendar.is_working_day(day), Ok(expected), "{day}");
    }
    for (day, year) in [("2006-12-31", 2006), ("2027-01-01", 2027)] {
        let unknown = CalendarError::YearWithoutNotice { calendar: "cn".into(), year };
        assert_eq!(calendar.is_working_day(date(day)), Err(unknown));
    }
}

#[test]
fn china_agrees_with_all_working_day_vectors() {
    let Some(rows) = rows("cn_workday_vectors.csv") else { return };
    let calendar = shipped("cn");
    assert_eq!(rows.len(), 100);
    for row in rows {
        let start = date(&row[0]);
        assert_eq!(calendar.is_working_day(start), Ok(row[1] == "1"), "{row:?}");
        for (hour, minute, second) in [(0, 0, 0), (10, 0, 0), (23, 59, 59)] {
            let shown = |day: NaiveDate| day.and_hms_opt(hour, minute, second).unwrap();
            let start = calendar.instant(shown(start)).unwrap();
            for (unit, amount, expected) in
                [(Unit::WorkingDays, row[2].parse().unwrap(), &row[3]), (Unit::Days, 7, &row[4])]
            {
                let end = after(&calendar, start, Limit::new(amount, unit).unwrap()).unwrap();
                assert_eq!(calendar.local(end), shown(date(expected)), "{row:?}");
            }
        }
    }
}

#[test]
fn brazil_has_its_national_holidays_and_nothing_else() {
    let calendar = shipped("br");
    let fixed = [(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)];
    for year in 2016..=2018 {
        let good_friday = easter(year) - Days::new(2);
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        for day in first.iter_days().take_while(|day| day.year() == year) {
            let holiday = fixed.contains(&(day.month(), day.day())) || day == good_friday;
            let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            assert_eq!(calendar.is_working_day(day), Ok(!holiday && !weekend), "{day}");
        }
    }
    assert!(calendar.is_working_day(date("2019-01-02")).is_err());
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher).
fn easter(year: i32) -> NaiveDate {
    let golden = year % 19;
    let (century, rest) = (year / 100, year % 100);
    let epact = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let from_march = epact + weekday - 7 * correction + 114;
    let (month, day) = (from_march / 31, from_march % 31 + 1);
    NaiveDate::from_ymd_opt(year, u32::try_from(month).expect("3 or 4"), u32::try_from(day).expect("1 to 31"))
        .expect("a date")
}
