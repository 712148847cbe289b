//! Due times against a slow oracle that walks minute by minute through random calendars, zones, pauses and extensions.
//!
//! The oracle shares nothing with the code under test but the zone tables. It knows one thing of local time: the latest
//! time that clocks have shown so far, which it keeps while it walks.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use redress_domain::deadline::{Interval, Term, after, due, explain};
use redress_domain::{Calendar, Limit, Timestamp, Unit};

/// Zones with an instant at which their clocks change: none, forward and back, at midnight, at night, by half an hour.
const CHANGES: [(Tz, &str); 11] = [
    (Tz::Asia__Shanghai, "2018-02-17T16:00:00Z"),
    (Tz::America__Sao_Paulo, "2017-10-15T03:00:00Z"),
    (Tz::America__Sao_Paulo, "2018-02-18T02:00:00Z"),
    (Tz::Europe__Berlin, "2018-03-25T01:00:00Z"),
    (Tz::Europe__Berlin, "2018-10-28T01:00:00Z"),
    (Tz::America__New_York, "2018-03-11T07:00:00Z"),
    (Tz::America__New_York, "2018-11-04T06:00:00Z"),
    (Tz::Australia__Lord_Howe, "2018-03-31T15:00:00Z"),
    (Tz::Australia__Lord_Howe, "2018-10-06T15:30:00Z"),
    (Tz::America__Havana, "2018-03-11T05:00:00Z"),
    (Tz::America__Havana, "2018-11-04T05:00:00Z"),
];

const PATTERNS: [&[(u32, u32)]; 5] = [
    &[],
    &[(9 * 60, 12 * 60), (13 * 60, 18 * 60)],
    &[(0, 24 * 60)],
    &[(90, 150), (22 * 60 + 30, 23 * 60 + 30)],
    &[(23 * 60 + 15, 24 * 60)],
];

/// A calendar as the oracle sees it.
#[derive(Clone, Debug)]
struct Place {
    zone: Tz,
    weekdays: [usize; 7],
    make_up: usize,
    off: BTreeSet<NaiveDate>,
    made_up: BTreeSet<NaiveDate>,
}

impl Place {
    fn pattern(&self, date: NaiveDate) -> &'static [(u32, u32)] {
        let weekday = self.weekdays[usize::try_from(date.weekday().num_days_from_monday()).expect("0 to 6")];
        if self.off.contains(&date) {
            &[]
        } else if self.made_up.contains(&date) && PATTERNS[weekday].is_empty() {
            PATTERNS[self.make_up]
        } else {
            PATTERNS[weekday]
        }
    }

    fn works(&self, date: NaiveDate) -> bool {
        !self.pattern(date).is_empty()
    }

    fn calendar(&self) -> Calendar {
        let mut toml =
            format!("id = 'place'\ntitle = 'Place'\nzone = '{}'\n[working_hours]\n", self.zone.name());
        let names =
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "make_up_day"];
        for (name, pattern) in names.iter().zip(self.weekdays.iter().chain([&self.make_up])) {
            let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
            let spans: Vec<String> = PATTERNS[*pattern]
                .iter()
                .map(|(from, until)| format!("'{}-{}'", clock(*from), clock(*until)))
                .collect();
            writeln!(toml, "{name} = [{}]", spans.join(", ")).expect("a string takes all");
        }
        for year in 2016..=2020 {
            let of_year = |dates: &BTreeSet<NaiveDate>, counts: &dyn Fn(NaiveDate) -> bool| {
                let dates = dates.iter().filter(|date| date.year() == year && counts(**date));
                dates.map(ToString::to_string).collect::<Vec<_>>().join(", ")
            };
            let off = of_year(&self.off, &|_| true);
            let made_up =
                of_year(&self.made_up, &|date| !self.off.contains(&date) && self.by_weekday_off(date));
            write!(toml, "[[notice]]\nyear = {year}\nsources = ['a law']\n").expect("a string takes all");
            write!(toml, "days_off.Holiday = [{off}]\nmake_up_days.Holiday = [{made_up}]\n")
                .expect("a string takes all");
        }
        Calendar::parse(&toml).expect("a calendar")
    }

    fn by_weekday_off(&self, date: NaiveDate) -> bool {
        let weekday = self.weekdays[usize::try_from(date.weekday().num_days_from_monday()).expect("0 to 6")];
        PATTERNS[weekday].is_empty()
    }
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Walks forward in minutes and remembers the latest local time shown.
struct Walk<'a> {
    place: &'a Place,
    at: Timestamp,
    latest: NaiveDateTime,
    /// Whether clocks show less than they have shown: a repeated hour in its second passage.
    repeats: bool,
}

impl<'a> Walk<'a> {
    fn new(place: &'a Place, at: Timestamp) -> Self {
        let hours_before = at - TimeDelta::hours(4);
        let latest = hours_before.with_timezone(&place.zone).naive_local();
        let mut walk = Self { place, at: hours_before, latest, repeats: false };
        while walk.at < at {
            walk.step();
        }
        walk
    }

    fn step(&mut self) {
        self.at += MINUTE;
        let shown = self.at.with_timezone(&self.place.zone).naive_local();
        self.repeats = shown <= self.latest;
        self.latest = self.latest.max(shown);
    }

    /// The least local time that clocks have not yet gone beyond.
    fn reached(&self) -> NaiveDateTime {
        if self.repeats { self.latest + MINUTE } else { self.latest }
    }

    fn works(&self) -> bool {
        self.place.works(self.latest.date())
    }

    fn in_hours(&self) -> bool {
        let minute = self.latest.hour() * 60 + self.latest.minute();
        self.place.pattern(self.latest.date()).iter().any(|(from, until)| (*from..*until).contains(&minute))
    }

    fn counts(&self, unit: Unit) -> bool {
        match unit {
            Unit::Minutes | Unit::Hours | Unit::Days => true,
            Unit::WorkingDays => self.works(),
            Unit::WorkingHours => self.in_hours(),
        }
    }
}

/// When the limit ends undisturbed as far as clock time says, and how many counting minutes lie before.
fn needed(place: &Place, start: Timestamp, limit: Limit) -> (Timestamp, u32) {
    let shown = Walk::new(place, start).reached();
    let end = match limit.unit() {
        Unit::Minutes => return (start, limit.amount()),
        Unit::Hours | Unit::WorkingHours => return (start, limit.amount() * 60),
        Unit::Days => shown + Days::new(u64::from(limit.amount())),
        Unit::WorkingDays => {
            let working = shown.date().iter_days().skip(1).filter(|date| place.works(*date));
            let last = working.take(usize::try_from(limit.amount()).expect("small")).last();
            last.expect("at least one").and_time(shown.time())
        }
    };
    let mut walk = Walk::new(place, start);
    let mut minutes = 0;
    while walk.latest < end {
        minutes += u32::from(walk.counts(limit.unit()));
        walk.step();
    }
    (walk.at, minutes)
}

fn oracle(place: &Place, term: &Term) -> Option<Timestamp> {
    let paused = |at: Timestamp| {
        term.pauses.iter().any(|pause| pause.from <= at && pause.until.is_none_or(|until| at < until))
    };
    let for_ever = |at: Timestamp| term.pauses.iter().any(|pause| pause.until.is_none() && pause.from <= at);
    let mut due = term.start;
    for limit in std::iter::once(&term.limit).chain(&term.extensions).filter(|limit| !limit.is_zero()) {
        let start = due;
        let (not_before, mut missing) = needed(place, start, *limit);
        let mut walk = Walk::new(place, start);
        let mut paused_since = None;
        loop {
            let held = walk.at > start && paused(walk.at - MINUTE) && paused(walk.at);
            if missing == 0 && walk.at >= not_before && !held {
                break;
            }
            if paused(walk.at) {
                let since = *paused_since.get_or_insert(walk.at);
                if for_ever(walk.at) {
                    return term.not_after.filter(|cap| *cap <= since);
                }
            } else {
                paused_since = None;
                missing -= u32::from(missing > 0 && walk.counts(limit.unit()));
            }
            walk.step();
        }
        due = walk.at;
    }
    Some(term.not_after.map_or(due, |cap| cap.min(due)))
}

/// A place, and an instant at which its clocks change.
fn places() -> impl Strategy<Value = (Place, Timestamp)> {
    prop::sample::select(CHANGES.to_vec()).prop_flat_map(|(zone, change)| {
        let change: Timestamp = change.parse().expect("a time");
        let first = change.date_naive() - Days::new(15);
        let date = (0_u64..45).prop_map(move |days| first + Days::new(days));
        let weekday = prop_oneof![3 => Just(1), 2 => Just(0), 1 => Just(2), 1 => Just(3), 1 => Just(4)];
        let dates = prop::collection::btree_set(date, 0..12);
        (prop::array::uniform7(weekday), 1_usize..5, dates.clone(), dates).prop_map(
            move |(mut weekdays, make_up, off, made_up)| {
                // One ordinary weekday in each place keeps the walks short.
                weekdays[make_up] = 1;
                (Place { zone, weekdays, make_up, off, made_up }, change)
            },
        )
    })
}

fn limits() -> impl Strategy<Value = Limit> {
    prop_oneof![
        1 => (0_u32..50, Just(Unit::Minutes)).prop_map(|(amount, unit)| (amount * 30, unit)),
        1 => (0_u32..80, Just(Unit::Hours)),
        1 => (0_u32..9, Just(Unit::Days)),
        2 => (0_u32..5, Just(Unit::WorkingDays)),
        1 => (0_u32..14, Just(Unit::WorkingHours)),
    ]
    .prop_map(|(amount, unit)| Limit::new(amount, unit).expect("small"))
}

/// Minutes between two bounds: mostly half hours, so that edges meet, sometimes any.
fn minutes(from: i64, until: i64) -> impl Strategy<Value = TimeDelta> {
    let half_hours = (from / 30..until / 30).prop_map(|half_hours| half_hours * 30);
    prop_oneof![3 => half_hours.boxed(), 1 => (from..until).boxed()].prop_map(TimeDelta::minutes)
}

/// About a change of clocks, so many days before it, or at a local midnight: where edges are.
fn starts(zone: Tz, change: Timestamp) -> impl Strategy<Value = Timestamp> {
    let days = 0_u64..10;
    let midnight = move |days| {
        let date = change.date_naive() - Days::new(days);
        zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().map_or(change, |at| at.to_utc())
    };
    prop_oneof![
        minutes(-90, 90).prop_map(move |minutes| change + minutes),
        (days.clone(), minutes(-300, 300))
            .prop_map(move |(days, minutes)| change - Days::new(days) + minutes),
        days.prop_map(midnight),
    ]
}

fn pauses(start: Timestamp) -> impl Strategy<Value = Vec<Interval>> {
    let pause = (minutes(-600, 6_000), minutes(0, 3_000), prop::bool::weighted(0.07));
    prop::collection::vec(pause, 0..4).prop_map(move |pauses| {
        let interval = |(from, length, open)| {
            let from: Timestamp = start + from;
            Interval { from, until: if open { None } else { Some(from + length) } }
        };
        pauses.into_iter().map(interval).collect()
    })
}

fn terms(zone: Tz, change: Timestamp) -> impl Strategy<Value = Term> {
    starts(zone, change).prop_flat_map(|start| {
        let extensions = prop::collection::vec(limits(), 0..3);
        let cap = prop::option::weighted(0.4, (minutes(-100, 10_000), 0_usize..6));
        (limits(), pauses(start), extensions, cap).prop_map(move |(limit, pauses, extensions, cap)| {
            // Half of the caps fall on the beginning of a pause.
            let not_after =
                cap.map(|(after, pause)| pauses.get(pause).map_or(start + after, |pause| pause.from));
            Term { start, limit, pauses, extensions, not_after }
        })
    })
}

fn places_and_terms() -> impl Strategy<Value = (Place, Term)> {
    places().prop_flat_map(|(place, change)| (Just(place.clone()), terms(place.zone, change)))
}

fn places_and_starts() -> impl Strategy<Value = (Place, Timestamp)> {
    places().prop_flat_map(|(place, change)| (Just(place.clone()), starts(place.zone, change)))
}

/// `None` is later than any time: the term is held.
fn order(due: Option<Timestamp>) -> Timestamp {
    due.unwrap_or(Timestamp::MAX_UTC)
}

proptest! {
    #[test]
    fn due_agrees_with_the_walk((place, term) in places_and_terms()) {
        let calendar = place.calendar();
        let expected = oracle(&place, &term);
        prop_assert_eq!(due(&calendar, &term), Ok(expected));
        prop_assert_eq!(explain(&calendar, &term).map(|explanation| explanation.due), Ok(expected));
    }

    #[test]
    fn undisturbed_limits_agree_with_the_walk((place, start) in places_and_starts(), limit in limits()) {
        let expected = oracle(&place, &Term::new(start, limit));
        prop_assert_eq!(after(&place.calendar(), start, limit).map(Some), Ok(expected));
    }

    #[test]
    fn a_later_start_or_a_larger_limit_is_never_due_earlier(
        (place, start) in places_and_starts(),
        limit in limits(),
        later in prop_oneof![minutes(0, 180), minutes(0, 4_000)],
        more in 0_u32..20,
    ) {
        let calendar = place.calendar();
        let end = after(&calendar, start, limit)?;
        prop_assert!(end >= start);
        let larger = Limit::new(limit.amount() + more, limit.unit())?;
        prop_assert!(after(&calendar, start, larger)? >= end);

        let later = after(&calendar, start + later, limit)?;
        if limit.unit() == Unit::WorkingDays {
            prop_assert!(calendar.local_date(later) >= calendar.local_date(end));
        } else {
            prop_assert!(later >= end);
        }
    }

    #[test]
    fn more_pause_a_further_extension_or_a_later_cap_is_never_due_earlier(
        (place, term) in places_and_terms(),
        (from, length) in (minutes(-600, 8_000), minutes(0, 3_000)),
        further in limits(),
    ) {
        // An extension by working days may begin later and yet end at an earlier time of the same day.
        let mut term = term;
        term.extensions.retain(|limit| limit.unit() != Unit::WorkingDays);
        let calendar = place.calendar();
        let before = order(due(&calendar, &term)?);

        let mut more = term.clone();
        let from = term.start + from;
        more.pauses.push(Interval { from, until: Some(from + length) });
        prop_assert!(order(due(&calendar, &more)?) >= before);

        let mut extended = term.clone();
        extended.extensions.push(further);
        prop_assert!(order(due(&calendar, &extended)?) >= before);

        let mut uncapped = term.clone();
        uncapped.not_after = term.not_after.map(|cap| cap + length);
        prop_assert!(order(due(&calendar, &uncapped)?) >= before);
        if let (Some(cap), Some(end)) = (term.not_after, due(&calendar, &term)?) {
            prop_assert!(end <= cap);
        }
    }
}
