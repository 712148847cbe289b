//! The state keeps a copy of its limit's term, by which it decides. Whatever happens, the copy and the deadline row that
//! the engine keeps say the same.

use redress_deadlines::{Deadline, Owner};
use redress_domain::{
    Calendar, DeadlineChange, Timestamp,
    handbook::{Handbook, Priority, Validity},
};
use redress_investigation::domain::{
    Setting,
    case::{By, Case, ExtensionState, Person, Stage},
    clock,
    extension::{self, Application, Verdict},
    findings::{self, Conclusion},
    reporting, triage, turns, waiting,
};
use redress_proto::{intake::v1::CaseFacts, time_to_wire, triage::v1 as wire, types::v1 as types};
use uuid::Uuid;

use crate::world::{after, policy, start};

/// Numbers from a seed; the same ones every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Pair {
    case: Case,
    row: Option<Deadline>,
}

impl Pair {
    fn take(&mut self, decision: redress_domain::Decision<Case>, calendar: &Calendar) {
        for change in &decision.deadlines {
            match change {
                DeadlineChange::Open(draft) if draft.kind == clock::NAME => {
                    let id = Uuid::nil();
                    let owner = Owner {
                        kind: "investigation".into(),
                        id,
                        case_id: None,
                        region: "cn".into(),
                        handbook_hash: String::new(),
                        calendar_hash: String::new(),
                    };
                    self.row = Some(Deadline::open(id, owner, draft.clone(), calendar, "").unwrap());
                }
                DeadlineChange::Open(_) => {}
                DeadlineChange::Meet { name, .. }
                | DeadlineChange::Cancel { name }
                | DeadlineChange::Pause { name, .. }
                | DeadlineChange::Resume { name, .. }
                | DeadlineChange::Extend { name, .. }
                | DeadlineChange::Tighten { name, .. }
                    if name == clock::NAME =>
                {
                    if let Some(row) = &mut self.row {
                        row.apply(change, calendar).unwrap();
                    }
                }
                _ => {}
            }
        }
        self.case = decision.next;
    }
}

fn triaged(priority: Priority) -> wire::CaseTriaged {
    wire::CaseTriaged {
        priority: types::Priority::from(priority).into(),
        category: types::Category::ServiceQuality.into(),
        primary_sub_type: "bad_attitude".into(),
        ..Default::default()
    }
}

fn step(pair: &mut Pair, chance: &mut Chance, setting: &Setting<'_>) {
    let agent = Person { subject: "agent".into(), role: "cs-agent".into(), department: String::new() };
    let supervisor = By {
        person: Person { subject: "supervisor".into(), ..agent.clone() },
        roles: vec!["cs-supervisor".parse().unwrap()],
    };
    let case = &pair.case;
    let decision = match chance.below(8) {
        0 => waiting::pause(case, &[], "text", setting).ok(),
        1 => waiting::resume(case, setting).ok(),
        2 => {
            let priority = Priority::ALL[usize::try_from(chance.below(3)).unwrap()];
            triage::triaged(case, &triaged(priority), setting.now, setting).unwrap()
        }
        3 => {
            let application = Application { id: Uuid::nil(), limit: None, text_ref: String::new() };
            extension::apply(case, application, &agent, setting).ok()
        }
        4 => {
            let verdict = Verdict { approved: true, text_ref: String::new() };
            extension::decide(case, verdict, &supervisor, setting).ok()
        }
        5 => {
            let waiting =
                case.extensions.iter().find(|extension| extension.state == ExtensionState::Approved);
            waiting
                .and_then(|waiting| extension::told(case, &waiting.notice_key, setting.now, setting).unwrap())
        }
        6 => reporting::progress(case, "text", &agent, setting).ok().and_then(|asked| {
            let key = asked.next.progress.last().unwrap().notice_key.clone();
            reporting::progress_delivered(&asked.next, &key, setting.now, types::DeliveryProof::Receipt)
        }),
        _ if chance.below(10) == 0 => {
            let conclusion = Conclusion {
                validity: Validity::Founded,
                cause: "staff_conduct".into(),
                party: "nobody".into(),
                unit: String::new(),
                evidence_ids: vec![],
                corrected_sub_type: String::new(),
                text_ref: String::new(),
            };
            findings::conclude(case, conclusion, &agent, setting).ok()
        }
        _ => None,
    };
    if let Some(decision) = decision {
        pair.take(decision, setting.calendar);
    }
}

#[test]
fn the_copy_of_the_limit_agrees_with_the_deadline_row() {
    let book =
        Handbook::parse("manual", &policy("handbook", "handbooks/courier-manual/2026.1.toml").text).unwrap();
    let calendar = Calendar::parse(&policy("calendar", "calendars/cn.toml").text).unwrap();
    let at = |now: Timestamp| Setting {
        case_id: Uuid::nil(),
        region: "cn",
        book: &book,
        calendar: &calendar,
        now,
    };
    let mut extended = 0;
    for seed in 0..400 {
        let mut chance = Chance(seed);
        let facts = CaseFacts { received_time: Some(time_to_wire(start())), ..Default::default() };
        let mut pair = Pair { case: turns::registered(&facts, "told", &at(start())).next, row: None };
        let opened =
            triage::triaged(&pair.case, &triaged(Priority::General), start(), &at(start())).unwrap().unwrap();
        pair.take(opened, &calendar);
        let mut hours = 0;
        for _ in 0..12 {
            hours += i64::try_from(chance.below(10)).unwrap();
            let now = after(hours);
            if let Some(row) = &mut pair.row {
                while row.look(now).is_some() {}
            }
            step(&mut pair, &mut chance, &at(now));
            let (copy, row) = (pair.case.clock.as_ref().unwrap(), pair.row.as_ref().unwrap());
            // Once it is missed, nothing moves the row any more; the copy only says since when it was due.
            if row.missed_at.is_none() && row.met_at.is_none() && pair.case.stage != Stage::Concluded {
                assert_eq!(copy.due(&at(now)).unwrap(), row.due_at, "seed {seed}, after {hours} h");
            }
            assert_eq!(copy.met_at.is_some(), row.met_at.is_some(), "seed {seed}, after {hours} h");
            extended += usize::from(!row.extensions.is_empty());
        }
    }
    assert!(extended > 0, "some of the ways lead to an extension");
}
