//! Triage under the handbook `courier-manual`, and under copies of it with one figure changed.

mod dispatching;
mod grouping;
mod ranking;

use chrono::Duration;
use redress_domain::{Calendar, Decision, Timestamp, handbook::Handbook};
use redress_proto::{google::r#type::Money, intake::v1 as intake, time_to_wire, types::v1 as types};
use uuid::Uuid;

use super::{
    Setting,
    case::{Case, Suggestion},
    commands::Revision,
    rank, turns,
};

/// The rules that a test runs under.
struct World {
    book: Handbook,
    calendar: Calendar,
}

const HANDBOOK: &str = include_str!("../../../../../deploy/handbooks/courier-manual/2026.1.toml");
const CALENDAR: &str = include_str!("../../../../../deploy/calendars/cn.toml");

impl World {
    fn new() -> Self {
        Self::changed(&[])
    }

    /// The handbook with texts replaced; each must be there.
    fn changed(changes: &[(&str, &str)]) -> Self {
        let mut text = HANDBOOK.to_owned();
        for (old, new) in changes {
            assert!(text.contains(old), "the handbook does not contain {old:?}");
            text = text.replace(old, new);
        }
        let book = Handbook::parse("2026.1.toml", &text).unwrap_or_else(|errors| panic!("{errors}"));
        let calendar = Calendar::parse(CALENDAR).expect("the calendar is valid");
        Self { book, calendar }
    }

    fn setting(&self, case: u128, now: Timestamp) -> Setting<'_> {
        Setting {
            case_id: Uuid::from_u128(case),
            region: "CN",
            book: &self.book,
            calendar: &self.calendar,
            now,
        }
    }

    fn register(&self, facts: &intake::CaseFacts, read: Option<Suggestion>) -> Decision<Case> {
        let setting = self.setting(1, start());
        let Revision { draft, occasion } = turns::registered(facts, read, &setting);
        rank::rank(None, draft, occasion, &setting).expect("ranked")
    }

    fn revise(&self, case: &Case, revision: Revision, now: Timestamp) -> Decision<Case> {
        rank::rank(Some(case), revision.draft, revision.occasion, &self.setting(1, now)).expect("ranked")
    }
}

/// Monday 2026-03-02, 09:00 in Shanghai.
fn start() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().expect("a valid time")
}

fn hours(hours: i64) -> Duration {
    Duration::hours(hours)
}

/// A complaint of one person about a known order with nothing special about it.
fn complaint(sub_type: &str) -> intake::CaseFacts {
    intake::CaseFacts {
        sub_type: sub_type.to_owned(),
        person_ref: "p1".into(),
        order: Some(types::OrderFacts {
            knowledge: types::OrderKnowledge::Known.into(),
            goods_category: "books".into(),
            line: "SHA-PEK".into(),
            ..Default::default()
        }),
        received_time: Some(time_to_wire(start())),
        ..Default::default()
    }
}

fn with_order(sub_type: &str, change: impl FnOnce(&mut types::OrderFacts)) -> intake::CaseFacts {
    let mut facts = complaint(sub_type);
    change(facts.order.get_or_insert_default());
    facts
}

fn with_signal(sub_type: &str, kind: types::SignalKind) -> intake::CaseFacts {
    let signals = vec![types::Signal { kind: kind.into(), ..Default::default() }];
    intake::CaseFacts { signals, ..complaint(sub_type) }
}

fn yuan(units: i64, nanos: i32) -> Option<Money> {
    Some(Money { currency_code: "CNY".into(), units, nanos })
}

fn facts_of<S>(decision: &Decision<S>) -> Vec<&str> {
    decision.facts.iter().map(|fact| fact.name.rsplit('.').next().unwrap_or_default()).collect()
}
