//! Tables over what investigation decides, under the courier manual that is shipped.

mod ends;
mod evidence;
mod extension;
mod limits;

use std::sync::LazyLock;

use chrono::{TimeDelta, TimeZone as _, Utc};
use redress_domain::{
    Calendar, DeadlineChange, Rejection, Timestamp,
    handbook::{Category, Handbook, Priority, Signal, Validity},
};
use redress_proto::{Payload, intake::v1 as intake, time_to_wire, triage::v1 as wire, types::v1 as types};
use uuid::Uuid;

use super::{
    Draft, Setting,
    case::{By, Case, Person, Stage},
    clock,
    evidence::{File, Source, receive, waive},
    findings::{Conclusion, conclude},
    known::Consent,
    triage, turns,
};

static BOOK: LazyLock<Handbook> = LazyLock::new(|| {
    let text = include_str!("../../../../../deploy/handbooks/courier-manual/2026.1.toml");
    Handbook::parse("2026.1.toml", text).expect("the shipped handbook is right")
});
static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    Calendar::parse(include_str!("../../../../../deploy/calendars/cn.toml"))
        .expect("the shipped calendar is right")
});

/// Monday, 2 March 2026, 9:00 in Shanghai.
fn start() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 3, 2, 1, 0, 0).unwrap()
}

fn after(hours: i64) -> Timestamp {
    start() + TimeDelta::hours(hours)
}

fn at(now: Timestamp) -> Setting<'static> {
    Setting { case_id: Uuid::from_u128(7), region: "cn", book: &BOOK, calendar: &CALENDAR, now }
}

fn person(subject: &str, role: &str, department: &str) -> Person {
    Person { subject: subject.into(), role: role.into(), department: department.into() }
}

fn agent() -> Person {
    person("li.na", "cs-agent", "")
}

fn supervisor() -> By {
    let person = person("wang.fang", "cs-supervisor", "");
    By { roles: vec!["cs-supervisor".parse().unwrap()], person }
}

/// What a case is about.
#[derive(Clone, Copy)]
struct Matter {
    category: Category,
    sub_type: &'static str,
    channel: types::Channel,
    doubts: bool,
}

const DELAY: Matter = Matter {
    category: Category::ServiceQuality,
    sub_type: "delay",
    channel: types::Channel::Email,
    doubts: false,
};
const DAMAGE: Matter = Matter { category: Category::CargoDamageLoss, sub_type: "damage", ..DELAY };
const ATTITUDE: Matter = Matter { sub_type: "bad_attitude", ..DELAY };

fn registered(matter: Matter, received: Timestamp) -> Case {
    let facts = intake::CaseFacts {
        region: "cn".into(),
        language: "zh-CN".into(),
        channel: matter.channel.into(),
        received_time: Some(time_to_wire(received)),
        evidence_leads: [types::Consent::Given, types::Consent::Refused]
            .into_iter()
            .enumerate()
            .map(|(index, consent)| intake::EvidenceLeadFact {
                lead_id: lead(index),
                consent: consent.into(),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    turns::registered(&facts, "redress.intake.v1.ComplaintRegistered", &at(received)).next
}

fn lead(index: usize) -> String {
    Uuid::from_u128(100 + index as u128).to_string()
}

fn triaged_event(matter: Matter, priority: Priority) -> wire::CaseTriaged {
    wire::CaseTriaged {
        priority: types::Priority::from(priority).into(),
        category: types::Category::from(matter.category).into(),
        primary_sub_type: matter.sub_type.into(),
        signals: if matter.doubts {
            vec![types::SignalKind::from(Signal::DoubtsEvidence).into()]
        } else {
            vec![]
        },
        trigger: wire::TriageTrigger::Registered.into(),
        ..Default::default()
    }
}

/// Opened at [`start`].
fn opened(matter: Matter, priority: Priority) -> Draft {
    let case = registered(matter, start());
    triage::triaged(&case, &triaged_event(matter, priority), start(), &at(start())).unwrap().unwrap()
}

fn open_case(matter: Matter, priority: Priority) -> Case {
    opened(matter, priority).next
}

fn due(case: &Case) -> Option<Timestamp> {
    case.clock.as_ref().and_then(|clock| clock.due(&at(start())).unwrap())
}

fn file(item_id: &str) -> File {
    File {
        item_id: item_id.into(),
        source: Source::Internal,
        sha256: "ab".repeat(32),
        size: 10,
        media_type: "application/pdf".into(),
        consent: Consent::Unknown,
        lead_id: String::new(),
        captured_at: None,
    }
}

/// With every required item received.
fn with_evidence(case: &Case, now: Timestamp) -> Case {
    let required: Vec<String> = case
        .checklist
        .iter()
        .filter(|item| item.required && !item.is_settled())
        .map(|item| item.id.clone())
        .collect();
    let mut case = case.clone();
    for (index, id) in required.iter().enumerate() {
        let evidence_id = Uuid::from_u128(1_000 + index as u128);
        case = receive(&case, file(id), evidence_id, "", &agent(), &at(now)).unwrap().next;
    }
    case
}

fn conclusion(validity: Validity) -> Conclusion {
    Conclusion {
        validity,
        cause: "line_delay".into(),
        party: "transport".into(),
        unit: String::new(),
        evidence_ids: vec![],
        corrected_sub_type: String::new(),
        text_ref: "text".into(),
    }
}

fn concluded(validity: Validity) -> Case {
    let case = with_evidence(&open_case(DELAY, Priority::General), after(1));
    conclude(&case, conclusion(validity), &agent(), &at(after(2))).unwrap().next
}

/// Names of the facts, without their package.
fn names(decision: &Draft) -> Vec<&str> {
    decision.facts.iter().map(|fact| fact.name.rsplit('.').next().unwrap()).collect()
}

fn payload<M: Payload>(decision: &Draft) -> M {
    let fact = decision.facts.iter().find(|fact| fact.name == M::full_name()).expect("it is stated");
    M::decode(fact.payload.as_slice()).unwrap()
}

fn met(decision: &Draft) -> Option<Timestamp> {
    decision.deadlines.iter().find_map(|change| match change {
        DeadlineChange::Meet { name, at } if name == clock::NAME => Some(*at),
        _ => None,
    })
}

fn reason<T: std::fmt::Debug>(result: Result<T, Rejection>) -> &'static str {
    result.expect_err("it is refused").reason
}

fn in_stage(stage: Stage) -> Case {
    let open = open_case(DELAY, Priority::General);
    let mut case = match stage {
        Stage::Known => return registered(DELAY, start()),
        Stage::Concluded | Stage::Archived | Stage::Sealed => concluded(Validity::Founded),
        Stage::Open | Stage::Paused | Stage::Cancelled => open,
    };
    case.stage = stage;
    case
}

fn waive_all(case: &Case, now: Timestamp) -> Case {
    let open: Vec<String> =
        case.checklist.iter().filter(|item| item.required).map(|item| item.id.clone()).collect();
    open.iter().fold(case.clone(), |case, id| waive(&case, id, "why", &agent(), &at(now)).unwrap().next)
}
