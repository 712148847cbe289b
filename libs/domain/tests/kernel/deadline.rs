//! Due times by example; the oracle beside this file tries the rest.

use redress_domain::deadline::{Interval, Term, after, due, explain, tighten};
use redress_domain::{Calendar, CalendarError, Limit, Timestamp};

use crate::{at, shipped};

fn limit(text: &str) -> Limit {
    text.parse().expect("a limit")
}

fn term(start: &str, limit_text: &str) -> Term {
    Term::new(at(start), limit(limit_text))
}

fn paused(mut term: Term, pauses: &[(&str, &str)]) -> Term {
    term.pauses.extend(
        pauses
            .iter()
            .map(|(from, until)| Interval { from: at(from), until: (!until.is_empty()).then(|| at(until)) }),
    );
    term
}

fn assert_due(calendar: &Calendar, term: &Term, expected: &str) {
    let expected: Option<Timestamp> = (!expected.is_empty()).then(|| at(expected));
    assert_eq!(due(calendar, term), Ok(expected), "{term:?}");
    assert_eq!(explain(calendar, term).map(|explanation| explanation.due), Ok(expected), "{term:?}");
}

#[test]
fn each_unit_counts_its_own_time() {
    let china = shipped("cn");
    // 2026-02-14 is a make-up Saturday; 15 to 23 are off; 28 is a make-up Saturday.
    for (start, limit, expected) in [
        ("2026-02-13T10:00:00+08:00", "90m", "2026-02-13T11:30:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "24h", "2026-02-14T10:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "7d", "2026-02-20T10:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "1wd", "2026-02-14T10:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "3wd", "2026-02-25T10:00:00+08:00"),
        ("2026-02-13T23:59:59+08:00", "1wd", "2026-02-14T23:59:59+08:00"),
        ("2026-02-15T10:00:00+08:00", "1wd", "2026-02-24T10:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "1wh", "2026-02-13T11:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "2wh", "2026-02-13T12:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "3wh", "2026-02-13T14:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "8wh", "2026-02-14T10:00:00+08:00"),
        ("2026-02-13T10:00:00+08:00", "16wh", "2026-02-24T10:00:00+08:00"),
        ("2026-02-13T20:00:00+08:00", "8wh", "2026-02-14T18:00:00+08:00"),
        ("2026-02-15T03:00:00+08:00", "1wh", "2026-02-24T10:00:00+08:00"),
        ("2026-02-15T03:00:00+08:00", "0wh", "2026-02-15T03:00:00+08:00"),
        ("2026-02-15T03:00:00+08:00", "0wd", "2026-02-15T03:00:00+08:00"),
    ] {
        assert_due(&china, &term(start, limit), expected);
        assert_eq!(after(&china, at(start), self::limit(limit)), Ok(at(expected)));
    }
}

#[test]
fn pauses_push_by_what_would_have_counted() {
    let china = shipped("cn");
    let monday = "2026-03-02T10:00:00+08:00";
    for (limit, pauses, expected) in [
        // Elapsed time: all of a pause counts.
        (
            "2h",
            &[("2026-03-02T11:00:00+08:00", "2026-03-02T11:30:00+08:00")][..],
            "2026-03-02T12:30:00+08:00",
        ),
        ("7d", &[("2026-03-03T00:00:00+08:00", "2026-03-05T06:00:00+08:00")], "2026-03-11T16:00:00+08:00"),
        // A pause that begins as the term falls due, or is over before it starts, does not.
        ("2h", &[("2026-03-02T12:00:00+08:00", "2026-03-02T13:00:00+08:00")], "2026-03-02T12:00:00+08:00"),
        ("2h", &[("2026-03-02T08:00:00+08:00", "2026-03-02T10:00:00+08:00")], "2026-03-02T12:00:00+08:00"),
        ("2h", &[("2026-03-02T08:00:00+08:00", "2026-03-02T10:15:00+08:00")], "2026-03-02T12:15:00+08:00"),
        // Overlapping, touching, unordered and empty pauses count once.
        (
            "2h",
            &[
                ("2026-03-02T11:20:00+08:00", "2026-03-02T11:30:00+08:00"),
                ("2026-03-02T11:00:00+08:00", "2026-03-02T11:20:00+08:00"),
                ("2026-03-02T11:10:00+08:00", "2026-03-02T11:25:00+08:00"),
                ("2026-03-02T10:30:00+08:00", "2026-03-02T10:30:00+08:00"),
            ],
            "2026-03-02T12:30:00+08:00",
        ),
        // One pause can bring the next one within reach.
        (
            "2h",
            &[
                ("2026-03-02T11:00:00+08:00", "2026-03-02T12:00:00+08:00"),
                ("2026-03-02T12:30:00+08:00", "2026-03-02T13:30:00+08:00"),
            ],
            "2026-03-02T14:00:00+08:00",
        ),
        // Working hours: lunch and night in a pause do not count.
        ("8wh", &[("2026-03-02T11:00:00+08:00", "2026-03-02T14:00:00+08:00")], "2026-03-03T12:00:00+08:00"),
        ("8wh", &[("2026-03-02T18:00:00+08:00", "2026-03-03T09:00:00+08:00")], "2026-03-03T10:00:00+08:00"),
        // Working days: the part of a pause in working days counts, weekends do not.
        ("3wd", &[("2026-03-03T09:00:00+08:00", "2026-03-03T12:00:00+08:00")], "2026-03-05T13:00:00+08:00"),
        ("5wd", &[("2026-03-06T18:00:00+08:00", "2026-03-09T09:00:00+08:00")], "2026-03-10T01:00:00+08:00"),
        ("5wd", &[("2026-03-07T00:00:00+08:00", "2026-03-08T23:00:00+08:00")], "2026-03-09T10:00:00+08:00"),
        // Open pauses hold the term, unless it was due before.
        ("3wd", &[("2026-03-03T09:00:00+08:00", "")], ""),
        ("2h", &[("2026-03-02T11:59:59+08:00", "")], ""),
        ("2h", &[("2026-03-02T12:00:00+08:00", "")], "2026-03-02T12:00:00+08:00"),
        ("0m", &[("2026-03-01T12:00:00+08:00", "")], monday),
    ] {
        assert_due(&china, &paused(term(monday, limit), pauses), expected);
    }
}

#[test]
fn nothing_falls_due_inside_a_pause() {
    let china = shipped("cn");
    // Midnight of Monday was due without any working time left, when it was paused on Sunday until Saturday.
    let held = paused(
        term("2026-03-06T00:00:00+08:00", "1wd"),
        &[("2026-03-08T12:00:00+08:00", "2026-03-14T12:00:00+08:00")],
    );
    assert_due(&china, &held, "2026-03-14T12:00:00+08:00");
}

#[test]
fn extensions_begin_where_the_limit_before_was_due() {
    let china = shipped("cn");
    let mut extended = term("2026-03-02T10:00:00+08:00", "72h");
    extended.extensions = vec![limit("72h")];
    assert_due(&china, &extended, "2026-03-08T10:00:00+08:00");

    extended.extensions.push(limit("1wd"));
    assert_due(&china, &extended, "2026-03-09T10:00:00+08:00");

    // A pause over the seam counts once: an hour in the limit, then the extension runs in full.
    let seam = paused(extended.clone(), &[("2026-03-05T09:00:00+08:00", "2026-03-05T11:00:00+08:00")]);
    assert_due(&china, &seam, "2026-03-09T12:00:00+08:00");

    // A pause that begins at the seam counts in the extension.
    extended.extensions.pop();
    let behind = paused(extended, &[("2026-03-05T10:00:00+08:00", "2026-03-05T11:00:00+08:00")]);
    assert_due(&china, &behind, "2026-03-08T11:00:00+08:00");
}

#[test]
fn a_cap_cuts_and_is_not_moved() {
    let china = shipped("cn");
    let mut capped = term("2026-03-02T10:00:00+08:00", "72h");
    capped.extensions = vec![limit("72h")];
    capped.not_after = Some(at("2026-03-07T00:00:00+08:00"));
    assert_due(&china, &capped, "2026-03-07T00:00:00+08:00");
    capped.not_after = Some(at("2026-03-09T00:00:00+08:00"));
    assert_due(&china, &capped, "2026-03-08T10:00:00+08:00");

    let pushed = paused(capped.clone(), &[("2026-03-03T00:00:00+08:00", "2026-03-13T00:00:00+08:00")]);
    assert_due(&china, &pushed, "2026-03-09T00:00:00+08:00");
    let held = paused(capped.clone(), &[("2026-03-03T00:00:00+08:00", "")]);
    assert_due(&china, &held, "");

    // Due by its cap before the pause began.
    capped.not_after = Some(at("2026-03-03T00:00:00+08:00"));
    let late = paused(capped, &[("2026-03-03T00:00:00+08:00", "")]);
    assert_due(&china, &late, "2026-03-03T00:00:00+08:00");
}

#[test]
fn a_raise_tightens_to_the_sooner_of_old_and_new() {
    let china = shipped("cn");
    let old = at("2026-03-05T10:00:00+08:00");
    let raised = at("2026-03-03T10:00:00+08:00");
    assert_eq!(tighten(&china, old, raised, limit("24h")), Ok(at("2026-03-04T10:00:00+08:00")));
    assert_eq!(tighten(&china, old, raised, limit("48h")), Ok(old));
    assert_eq!(tighten(&china, old, raised, limit("72h")), Ok(old));
}

#[test]
fn working_time_asks_for_the_notice_of_each_year_it_looks_into_and_no_other() {
    let china = shipped("cn");
    let unknown = |year| Err(CalendarError::YearWithoutNotice { calendar: "cn".into(), year });
    assert_eq!(due(&china, &term("2026-12-30T10:00:00+08:00", "2wd")), unknown(2027));
    assert_eq!(due(&china, &term("2026-12-31T17:30:00+08:00", "1wh")), unknown(2027));
    assert_due(&china, &term("2026-12-30T10:00:00+08:00", "1wd"), "2026-12-31T10:00:00+08:00");
    assert_due(&china, &term("2026-12-31T17:00:00+08:00", "1wh"), "2026-12-31T18:00:00+08:00");
    // The start's own day never counts, so its year is not asked for. 2006-12-31 is named by the notice for 2007.
    assert_due(&china, &term("2006-12-31T10:00:00+08:00", "1wd"), "2007-01-04T10:00:00+08:00");
    let pause = [("2026-12-29T00:00:00+08:00", "2027-01-01T12:00:00+08:00")];
    assert_eq!(due(&china, &paused(term("2026-12-28T10:00:00+08:00", "1wd"), &pause)), unknown(2027));
    // Elapsed time asks for none.
    assert_due(&china, &term("2030-01-01T10:00:00+08:00", "7d"), "2030-01-08T10:00:00+08:00");
}

#[test]
fn calendar_days_keep_the_local_time_over_a_change_of_clocks() {
    let brazil = shipped("br");
    for (start, limit, expected) in [
        // Clocks go forward on 2017-10-15 at 00:00: seven days are 167 hours.
        ("2017-10-10T10:00:00-03:00", "7d", "2017-10-17T10:00:00-02:00"),
        ("2017-10-10T10:00:00-03:00", "168h", "2017-10-17T11:00:00-02:00"),
        ("2017-10-14T00:30:00-03:00", "1d", "2017-10-15T01:00:00-02:00"),
        // They go back on 2018-02-18 at 00:00: 23:30 comes twice, and a start in the second passage is not due earlier.
        ("2018-02-10T23:30:00-02:00", "7d", "2018-02-17T23:30:00-02:00"),
        ("2018-02-17T23:59:00-02:00", "1d", "2018-02-18T23:59:00-03:00"),
        ("2018-02-17T23:10:00-03:00", "1d", "2018-02-19T00:00:00-03:00"),
        ("2018-02-18T00:00:00-03:00", "1d", "2018-02-19T00:00:00-03:00"),
        ("2018-02-16T12:00:00-02:00", "1wd", "2018-02-19T12:00:00-03:00"),
    ] {
        assert_due(&brazil, &term(start, limit), expected);
    }
}

#[test]
fn a_pause_that_ends_before_it_begins_is_refused() {
    let china = shipped("cn");
    let wrong = paused(
        term("2026-03-02T10:00:00+08:00", "2h"),
        &[("2026-03-02T11:00:00+08:00", "2026-03-02T10:59:59+08:00")],
    );
    let error = due(&china, &wrong).unwrap_err();
    assert!(matches!(error, CalendarError::PauseEndsBeforeItBegins { .. }), "{error}");
}

#[test]
fn times_beyond_the_representable_are_refused() {
    let china = shipped("cn");
    let outside = Err(CalendarError::OutOfRange);
    for start in [at("9999-12-30T23:59:59Z"), Timestamp::MAX_UTC, Timestamp::MIN_UTC] {
        for text in ["1000000m", "1000000h", "1000000d", "3000d"] {
            assert_eq!(due(&china, &Term::new(start, limit(text))), outside);
        }
    }
    let mut term = term("2026-03-02T10:00:00+08:00", "2h");
    term.not_after = Some(Timestamp::MAX_UTC);
    assert_eq!(due(&china, &term).and(explain(&china, &term)), Err(CalendarError::OutOfRange));
    term.not_after = None;
    term.pauses.push(Interval { from: term.start, until: Some(Timestamp::MAX_UTC) });
    assert_eq!(due(&china, &term), outside);
}

#[test]
fn an_explanation_says_what_counted_day_by_day() {
    let china = shipped("cn");
    let mut told = paused(
        term("2026-02-13T10:00:00+08:00", "3wd"),
        &[("2026-02-24T09:00:00+08:00", "2026-02-24T12:30:00+08:00")],
    );
    let text = explain(&china, &told).unwrap().to_string();
    let expected = "\
2026-02-13 Fri          10:00:00+08:00 starts, limit 3wd
2026-02-14 Sat  1 of 3  make-up working day (春节)
2026-02-15 Sun          holiday (春节)
2026-02-16 Mon          holiday (春节)
2026-02-17 Tue          holiday (春节)
2026-02-18 Wed          holiday (春节)
2026-02-19 Thu          holiday (春节)
2026-02-20 Fri          holiday (春节)
2026-02-21 Sat          holiday (春节)
2026-02-22 Sun          holiday (春节)
2026-02-23 Mon          holiday (春节)
2026-02-24 Tue  2 of 3  working day
2026-02-25 Wed  3 of 3  working day
2026-02-24 Tue          09:00:00+08:00 paused to 2026-02-24 12:30:00+08:00: 3h30m of working days, so due 2026-02-25 13:30:00+08:00
2026-02-25 Wed          13:30:00+08:00 due
";
    assert_eq!(text, expected);

    told.pauses.clear();
    told.limit = limit("9wh");
    told.extensions = vec![limit("90m")];
    told.not_after = Some(at("2026-02-14T12:00:00.25+08:00"));
    let text = explain(&china, &told).unwrap().to_string();
    let expected = "\
2026-02-13 Fri       10:00:00+08:00 starts, limit 9wh
2026-02-13 Fri  +7h  working day, 7h of 9h
2026-02-14 Sat  +2h  make-up working day (春节), 9h of 9h
2026-02-14 Sat       11:00:00+08:00 extension 90m begins
2026-02-14 Sat       12:00:00.250+08:00 due by its cap
";
    assert_eq!(text, expected);
}

#[test]
fn a_term_is_stored_as_plain_text() {
    let term = term("2026-03-02T10:00:00+08:00", "72h");
    let json = serde_json::to_string(&term).unwrap();
    assert_eq!(json, r#"{"start":"2026-03-02T02:00:00Z","limit":"72h"}"#);
    assert_eq!(serde_json::from_str::<Term>(&json).unwrap(), term);
}
