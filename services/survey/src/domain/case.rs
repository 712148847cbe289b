//! What a case adds to the months' figures (M7.3). Facts of all services come in any order between logs; each is kept
//! under its own name, so that one that comes twice counts once, and a month's figures are sums over cases.

use std::collections::BTreeMap;

use redress_domain::{
    DeadlineBasis, Decision, Money, Timestamp,
    handbook::{Category, ClosingBasis, Priority},
};
use redress_proto::{
    compensation::v1::{RemedyExecuted, RemedyKind},
    deadlines::v1 as deadlines,
    fact,
    intake::v1 as intake,
    survey::v1 as pb,
    time_to_wire,
    triage::v1::CaseTriaged,
    types::v1 as types,
};
use serde::{Deserialize, Serialize};

use super::{Setting, count, month::Month, words};

/// What a case adds; its aggregate has the case's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFigures {
    /// Month in which the complaint was received.
    pub month: Month,
    /// When it was received.
    pub received_at: Timestamp,
    /// Language of the customer, a BCP 47 tag.
    pub language: String,
    /// Priority; none before triage.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Category; none before triage.
    #[serde(default)]
    pub category: Option<Category>,
    /// Primary sub-type; empty before triage.
    #[serde(default)]
    pub sub_type: String,
    /// Carrier line; empty where it is not known.
    #[serde(default)]
    pub line: String,
    /// How it was closed; none while it is not.
    #[serde(default)]
    pub closing: Option<Closing>,
    /// Months in which it was reopened.
    #[serde(default)]
    pub reopenings: Vec<Month>,
    /// Money that arrived at the customer, by remedy.
    #[serde(default)]
    pub payments: BTreeMap<String, Payment>,
    /// Deadlines that have ended, of all services, by id.
    #[serde(default)]
    pub deadlines: BTreeMap<String, EndedDeadline>,
}

/// How a case was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// The month of it.
    pub month: Month,
    /// How it ended.
    pub basis: Option<ClosingBasis>,
}

/// Money that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Month in which it did.
    pub month: Month,
    /// How much.
    pub money: Money,
}

/// A deadline that was met or missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedDeadline {
    /// Kind in the handbook.
    pub kind: String,
    /// What it rests on.
    pub basis: DeadlineBasis,
    /// When it fell due.
    pub due_at: Timestamp,
    /// The month of it.
    pub month: Month,
    /// Whether it was met.
    pub met: bool,
}

/// A complaint was registered.
pub fn registered(facts: &intake::CaseFacts, setting: &Setting<'_>) -> Decision<CaseFigures> {
    let received_at = words::time(facts.received_time.as_ref(), setting.now);
    let figures = CaseFigures {
        month: setting.month(received_at),
        received_at,
        language: facts.language.clone(),
        priority: None,
        category: None,
        sub_type: String::new(),
        line: line_of(facts),
        closing: None,
        reopenings: Vec::new(),
        payments: BTreeMap::new(),
        deadlines: BTreeMap::new(),
    };
    figures.noted(setting)
}

impl CaseFigures {
    /// What registration recorded was corrected.
    pub fn amended(&self, facts: &intake::CaseFacts, setting: &Setting<'_>) -> Option<Decision<Self>> {
        self.changed(setting, |next| {
            next.line = line_of(facts);
            next.language.clone_from(&facts.language);
        })
    }

    /// The order became known.
    pub fn order_known(&self, order: &types::OrderFacts, setting: &Setting<'_>) -> Option<Decision<Self>> {
        self.changed(setting, |next| {
            if !order.line.is_empty() {
                next.line.clone_from(&order.line);
            }
        })
    }

    /// Triage classified and ranked it.
    pub fn triaged(&self, triaged: &CaseTriaged, setting: &Setting<'_>) -> Option<Decision<Self>> {
        self.changed(setting, |next| {
            next.priority = Priority::try_from(triaged.priority()).ok();
            next.category = Category::try_from(triaged.category()).ok();
            next.sub_type.clone_from(&triaged.primary_sub_type);
        })
    }

    /// It was closed.
    pub fn closed(
        &self,
        at: Timestamp,
        basis: Option<ClosingBasis>,
        setting: &Setting<'_>,
    ) -> Option<Decision<Self>> {
        self.changed(setting, |next| next.closing = Some(Closing { at, month: setting.month(at), basis }))
    }

    /// It was reopened for the `reopenings`-th time.
    pub fn reopened(
        &self,
        reopenings: usize,
        at: Timestamp,
        setting: &Setting<'_>,
    ) -> Option<Decision<Self>> {
        if reopenings <= self.reopenings.len() {
            return None;
        }
        self.changed(setting, |next| {
            next.closing = None;
            next.reopenings.resize(reopenings, setting.month(at));
        })
    }

    /// A remedy was carried out. Only money counts here: cash and freight.
    pub fn paid(&self, executed: &RemedyExecuted, setting: &Setting<'_>) -> Option<Decision<Self>> {
        let is_money = matches!(
            executed.kind(),
            RemedyKind::Cash | RemedyKind::FreightReduction | RemedyKind::FreightWaiver
        );
        let money = executed.amount.as_ref().and_then(|amount| Money::try_from(amount).ok())?;
        if !is_money || money.is_zero() {
            return None;
        }
        let at = words::time(executed.execute_time.as_ref(), setting.now);
        self.changed(setting, |next| {
            next.payments.insert(executed.remedy_id.clone(), Payment { month: setting.month(at), money });
        })
    }

    /// A deadline of the case changed. Only what was met or missed counts, and not the times at which the suite acts; one
    /// that runs again, because its miss was undone, counts no more.
    pub fn deadline_changed(
        &self,
        deadline: &deadlines::Deadline,
        setting: &Setting<'_>,
    ) -> Option<Decision<Self>> {
        let id = &deadline.deadline_id;
        let met = match deadline.state() {
            deadlines::DeadlineState::Met => true,
            deadlines::DeadlineState::Missed => false,
            _ => return self.changed(setting, |next| drop(next.deadlines.remove(id))),
        };
        let basis =
            DeadlineBasis::try_from(deadline.basis()).ok().filter(|basis| *basis != DeadlineBasis::Action)?;
        let due_at = words::time(Some(deadline.due_time.as_ref()?), setting.now);
        let ended =
            EndedDeadline { kind: deadline.kind.clone(), basis, due_at, month: setting.month(due_at), met };
        self.changed(setting, |next| drop(next.deadlines.insert(id.clone(), ended)))
    }

    fn changed(&self, setting: &Setting<'_>, change: impl FnOnce(&mut Self)) -> Option<Decision<Self>> {
        let mut next = self.clone();
        change(&mut next);
        (next != *self).then(|| next.noted(setting))
    }

    fn noted(self, setting: &Setting<'_>) -> Decision<Self> {
        let closing = self.closing.as_ref();
        let event = pb::CaseFiguresNoted {
            region: setting.region.to_owned(),
            month: self.month.to_string(),
            priority: self.priority.map_or(types::Priority::Unspecified, Into::into).into(),
            category: self.category.map_or(types::Category::Unspecified, Into::into).into(),
            primary_sub_type: self.sub_type.clone(),
            line: self.line.clone(),
            received_time: Some(time_to_wire(self.received_at)),
            close_time: closing.map(|closing| time_to_wire(closing.at)),
            basis: closing
                .and_then(|closing| closing.basis)
                .map_or(types::ClosingBasis::Unspecified, Into::into)
                .into(),
            reopenings: count(self.reopenings.len()),
            paid: self.total_paid().map(Into::into),
            deadlines: self.deadlines.iter().map(|(id, deadline)| deadline.to_wire(id)).collect(),
        };
        Decision::new(self).fact(fact(&event))
    }

    /// All that was paid. A case has one currency.
    fn total_paid(&self) -> Option<Money> {
        let currency = self.payments.values().next()?.money.currency;
        Money::sum(currency, self.payments.values().map(|payment| payment.money)).ok()
    }
}

impl EndedDeadline {
    fn to_wire(&self, id: &str) -> pb::DeadlineFigure {
        pb::DeadlineFigure {
            deadline_id: id.to_owned(),
            kind: self.kind.clone(),
            basis: deadlines::DeadlineBasis::from(self.basis).into(),
            due_time: Some(time_to_wire(self.due_at)),
            met: self.met,
        }
    }
}

/// The order system's line, else what the customer stated.
fn line_of(facts: &intake::CaseFacts) -> String {
    let known = facts.order.as_ref().map(|order| &order.line).filter(|line| !line.is_empty());
    known.or(facts.stated_order.as_ref().map(|stated| &stated.line)).cloned().unwrap_or_default()
}
