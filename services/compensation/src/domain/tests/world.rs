//! A case with findings under the shipped handbook, people who act on it, and the little that turns decisions into
//! the next state.

use std::cell::Cell;

use chrono::TimeDelta;
use redress_domain::{
    Calendar, Currency, DeadlineChange, Decision, Money, Rejection, Timestamp,
    handbook::{Category, DesiredSolution, Handbook, Priority, RemedyKind, Role, Signal, Validity},
};
use redress_proto::{Payload, compensation::v1 as pb, eventlog::v1::Event, types::v1::NoticeRequested};
use uuid::Uuid;

use crate::domain::{
    Setting,
    approve::{self, Deciding},
    bands::Draft,
    calls::{PaymentCall, PaymentOutcome, TaskCall, TaskOutcome},
    context::Context,
    offer, outcome,
    propose::{Proposing, propose},
    respond::{Answering, respond},
    state::{Actor, Person, Remedy, Resolution, ResponseKind, State},
    waybill::Stake,
};

const COURIER_MANUAL: &str = include_str!("../../../../../deploy/handbooks/courier-manual/2026.1.toml");
const CALENDAR: &str = include_str!("../../../../../deploy/calendars/cn.toml");

/// A case and its surroundings.
pub(crate) struct World {
    pub(crate) book: Handbook,
    pub(crate) calendar: Calendar,
    pub(crate) now: Timestamp,
    pub(crate) case_id: Uuid,
    pub(crate) resolution: Resolution,
    pub(crate) others: Stake,
    /// The decision made last.
    pub(crate) last: Option<Decision<Resolution>>,
    ids: Cell<u128>,
}

pub(crate) fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

pub(crate) fn person(subject: &str, role: Role) -> Person {
    let actor = Actor { subject: subject.to_owned(), role: role.to_string(), department: String::new() };
    Person { actor, roles: vec![role] }
}

pub(crate) fn draft(kind: RemedyKind) -> Draft {
    Draft { kind, upgrade: false, amount: None, basis_points: 0, quantity: 0 }
}

pub(crate) fn cash(minor: i64) -> Draft {
    Draft { amount: Some(yuan(minor)), ..draft(RemedyKind::Cash) }
}

pub(crate) fn accepted() -> Answering {
    Answering {
        kind: ResponseKind::Accepted,
        point: pb::ObjectionPoint::Unspecified,
        has_text: false,
        text_ref: String::new(),
        channel: None,
        said_at: None,
        payee_ref: String::new(),
        has_payee: false,
    }
}

pub(crate) fn objection() -> Answering {
    Answering { kind: ResponseKind::Objected, point: pb::ObjectionPoint::Amount, ..accepted() }
}

impl World {
    /// A founded general complaint about a delay: freight 100.00, goods 20,000.00, two days late, not delivered.
    pub(crate) fn delay() -> Self {
        Self::new(COURIER_MANUAL, "delay")
    }

    /// The same about a lost parcel.
    pub(crate) fn loss() -> Self {
        Self::new(COURIER_MANUAL, "parcel_lost")
    }

    /// The same about another sub-type.
    pub(crate) fn about(subtype: &str) -> Self {
        Self::new(COURIER_MANUAL, subtype)
    }

    /// A lost parcel under the handbook with some lines, each of which must stand in it once, replaced.
    pub(crate) fn loss_under(changes: &[(&str, &str)]) -> Self {
        let mut handbook = COURIER_MANUAL.to_owned();
        for (from, to) in changes {
            assert_eq!(handbook.matches(from).count(), 1, "`{from}` must stand in the handbook once");
            handbook = handbook.replace(from, to);
        }
        Self::new(&handbook, "parcel_lost")
    }

    fn new(handbook: &str, subtype: &str) -> Self {
        let book = Handbook::parse("2026.1.toml", handbook).unwrap_or_else(|errors| panic!("{errors}"));
        let calendar = Calendar::parse(CALENDAR).unwrap();
        // A Monday morning in China.
        let now: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
        let mut context = Context {
            waybill_no: "SF1234567890123".to_owned(),
            person_ref: "person-1".to_owned(),
            received_at: Some(now - TimeDelta::hours(20)),
            promised_at: Some(now - TimeDelta::hours(50)),
            findings_ref: Uuid::from_u128(77).to_string(),
            ..Context::default()
        };
        let facts = &mut context.facts;
        facts.case.priority = Some(Priority::General);
        facts.case.category = Some(Category::ServiceQuality);
        facts.case.subtype = subtype.to_owned();
        facts.case.types = vec![subtype.to_owned()];
        facts.case.desired_solution = Some(DesiredSolution::Compensation);
        facts.case.language = "zh-CN".to_owned();
        facts.order.known = true;
        facts.order.freight_minor = 10_000;
        facts.order.goods_value_minor = 2_000_000;
        facts.investigation.concluded = true;
        facts.investigation.validity = Some(Validity::Founded);
        let opened = Resolution::open(&Default::default(), book.currency);
        let resolution = Resolution { context, ..opened.next };
        Self {
            book,
            calendar,
            now,
            case_id: Uuid::from_u128(1),
            resolution,
            others: Stake::NONE,
            last: None,
            ids: Cell::new(1000),
        }
    }

    pub(crate) fn prioritised(mut self, priority: Priority) -> Self {
        self.resolution.context.facts.case.priority = Some(priority);
        self
    }

    pub(crate) fn in_the_media(mut self) -> Self {
        self.resolution.context.media_risk = true;
        self.resolution.context.facts.signals.insert(Signal::Media);
        self
    }

    pub(crate) fn pass(&mut self, time: TimeDelta) {
        self.now += time;
    }

    /// Runs a decision without taking it over.
    pub(crate) fn decide<T>(&self, work: impl FnOnce(&Resolution, &Setting<'_>) -> T) -> T {
        let new_id = || {
            self.ids.set(self.ids.get() + 1);
            Uuid::from_u128(self.ids.get())
        };
        let setting = Setting {
            case_id: self.case_id,
            book: &self.book,
            calendar: &self.calendar,
            now: self.now,
            new_id: &new_id,
        };
        work(&self.resolution, &setting)
    }

    /// Takes a decision over.
    pub(crate) fn take(&mut self, decision: Decision<Resolution>) -> &mut Self {
        assert!(!decision.facts.is_empty(), "a decision states a fact");
        // What is stored must come back as it was.
        let stored = serde_json::to_value(&decision.next).unwrap();
        assert_eq!(serde_json::from_value::<Resolution>(stored).unwrap(), decision.next);
        self.resolution = decision.next.clone();
        self.last = Some(decision);
        self
    }

    pub(crate) fn proposing(drafts: Vec<Draft>) -> Proposing {
        Proposing {
            drafts,
            has_prevention: true,
            prevention_ref: Uuid::from_u128(88).to_string(),
            ..Proposing::default()
        }
    }

    pub(crate) fn try_propose(
        &self,
        command: &Proposing,
        by: &Person,
    ) -> Result<Decision<Resolution>, Rejection> {
        self.decide(|resolution, setting| propose(resolution, command, by, self.others, setting))
    }

    pub(crate) fn propose(&mut self, drafts: Vec<Draft>, by: &Person) -> &mut Self {
        let decision = self.try_propose(&Self::proposing(drafts), by).unwrap();
        self.take(decision)
    }

    pub(crate) fn try_approve(&self, by: &Person) -> Result<Decision<Resolution>, Rejection> {
        let approval = self.resolution.approvals.last().unwrap().id;
        let command =
            Deciding { approve: true, minutes_reference: "GM-2026-7".to_owned(), ..Deciding::default() };
        self.decide(|resolution, setting| {
            approve::decide(resolution, approval, &command, by, self.others, setting)
        })
    }

    pub(crate) fn approve(&mut self, by: &Person) -> &mut Self {
        let decision = self.try_approve(by).unwrap();
        self.take(decision)
    }

    pub(crate) fn offer(&mut self) -> &mut Self {
        let decision =
            self.decide(|resolution, setting| offer::offer(resolution, "", None, setting)).unwrap();
        self.take(decision)
    }

    pub(crate) fn try_answer(&self, answer: &Answering) -> Result<Decision<Resolution>, Rejection> {
        let agent = person("agent", Role::CsAgent);
        self.decide(|resolution, setting| respond(resolution, answer, &agent, setting))
    }

    pub(crate) fn answer(&mut self, answer: &Answering) -> &mut Self {
        let decision = self.try_answer(answer).unwrap();
        self.take(decision)
    }

    /// A lost parcel for which this much cash is being paid.
    pub(crate) fn paying(minor: i64) -> Self {
        let mut world = Self::loss();
        world
            .propose(vec![cash(minor)], &person("boss", Role::DepartmentManager))
            .offer()
            .answer(&accepted());
        assert_eq!(world.resolution.state, State::Executing);
        world
    }

    pub(crate) fn remedy(&self) -> &Remedy {
        &self.resolution.remedies()[0]
    }

    /// What a call about a payment came to. Whether that changed anything.
    pub(crate) fn payment(&mut self, key: &str, outcome: &PaymentOutcome) -> bool {
        let remedy_id = self.remedy().id;
        let decided = self.decide(|resolution, setting| {
            outcome::payment_outcome(resolution, remedy_id, key, outcome, 1, setting)
        });
        match decided.unwrap() {
            Some(decision) => {
                self.take(decision);
                true
            }
            None => false,
        }
    }

    /// What a call about a task came to. Whether that changed anything.
    pub(crate) fn task(&mut self, key: &str, outcome: &TaskOutcome) -> bool {
        let remedy_id = self.remedy().id;
        let decided = self.decide(|resolution, setting| {
            outcome::task_outcome(resolution, remedy_id, key, outcome, setting)
        });
        match decided.unwrap() {
            Some(decision) => {
                self.take(decision);
                true
            }
            None => false,
        }
    }

    /// The customer was told of the obstacle.
    pub(crate) fn told(&mut self) -> &mut Self {
        let key = self.remedy().obstacle.as_ref().unwrap().notice_key.clone();
        let decision = self
            .decide(|resolution, setting| crate::domain::obstacle::told(resolution, &key, self.now, setting));
        self.take(decision.unwrap().unwrap())
    }

    /// The names of the events of the last decision.
    pub(crate) fn events(&self) -> Vec<&str> {
        let facts = &self.last.as_ref().unwrap().facts;
        facts.iter().map(|fact| fact.name.rsplit('.').next().unwrap()).collect()
    }

    /// An event of the last decision.
    pub(crate) fn event<M: Payload>(&self) -> M {
        let facts = &self.last.as_ref().unwrap().facts;
        let of_type = facts.iter().filter_map(|fact| {
            let event =
                Event { r#type: fact.name.clone(), payload: fact.payload.clone(), ..Event::default() };
            M::from_event(&event).unwrap()
        });
        of_type.into_iter().next().unwrap_or_else(|| panic!("no {} in {:?}", M::full_name(), self.events()))
    }

    /// The notice of this name in the last decision.
    pub(crate) fn notice(&self, name: &str) -> Option<NoticeRequested> {
        let facts = &self.last.as_ref().unwrap().facts;
        facts
            .iter()
            .filter(|fact| fact.name == "redress.types.v1.NoticeRequested")
            .map(|fact| prost::Message::decode(fact.payload.as_slice()).unwrap())
            .find(|notice: &NoticeRequested| notice.notice == name)
    }

    /// The intents of the last decision, as kind and key of the outside system.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        let intents = &self.last.as_ref().unwrap().intents;
        let key = |payload: &serde_json::Value| {
            serde_json::from_value::<PaymentCall>(payload.clone())
                .map(|call| call.key)
                .or_else(|_| serde_json::from_value::<TaskCall>(payload.clone()).map(|call| call.key))
                .unwrap()
        };
        intents.iter().map(|intent| (intent.kind.clone(), key(&intent.payload))).collect()
    }

    /// The deadlines that the last decision opened, with their basis.
    pub(crate) fn opened(&self) -> Vec<String> {
        let deadlines = &self.last.as_ref().unwrap().deadlines;
        let opened = deadlines.iter().filter_map(|change| match change {
            DeadlineChange::Open(draft) => Some(draft.kind.clone()),
            _ => None,
        });
        opened.collect()
    }

    /// The deadlines that the last decision met.
    pub(crate) fn met(&self) -> Vec<(String, Timestamp)> {
        let deadlines = &self.last.as_ref().unwrap().deadlines;
        let met = deadlines.iter().filter_map(|change| match change {
            DeadlineChange::Meet { name, at } => {
                Some((name.split(':').next().unwrap_or_default().to_owned(), *at))
            }
            _ => None,
        });
        met.collect()
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Rejection>) -> &'static str {
    result.expect_err("refused").reason
}
