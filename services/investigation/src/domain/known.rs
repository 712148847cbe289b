//! What intake and triage have told about a case, as far as investigation decides on it. References only, no personal
//! data.

use std::collections::{BTreeMap, BTreeSet};

use redress_domain::{
    Currency, Money, Timestamp,
    handbook::{Channel, CustomerFacts, DesiredSolution, IncidentFacts, OrderFacts, ProblemType, Signal},
};
use redress_proto::{
    google::r#type::Money as WireMoney, intake::v1 as intake, time_from_wire, types::v1 as types,
};
use serde::{Deserialize, Serialize};

/// What registration recorded, and what was learnt since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Language of the customer, a BCP 47 tag.
    pub language: String,
    /// Channel that the complaint came through.
    pub channel: Option<Channel>,
    /// Problem as registered.
    pub problem_type: Option<ProblemType>,
    /// What the customer wants.
    pub desired_solution: Option<DesiredSolution>,
    /// Complaints of the same person in the last 90 days.
    pub complaints_90d: i64,
    /// A corporate customer.
    pub corporate: bool,
    /// When the complaint was received: the law's clock starts here.
    pub received_at: Timestamp,
    /// The order.
    pub order: Order,
    /// The customer's own pieces of evidence, and whether they may be kept.
    #[serde(default)]
    pub leads: BTreeMap<String, Consent>,
    /// Signals, from intake and triage.
    #[serde(default)]
    pub signals: BTreeSet<Signal>,
    /// Group incident that the case is part of.
    #[serde(default)]
    pub incident: IncidentFacts,
    /// The case was closed before and opened again.
    #[serde(default)]
    pub reopened: bool,
}

/// Whether the customer agreed that a piece of evidence is kept (M2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Not asked yet.
    Unknown,
    /// Agreed.
    Given,
    /// Refused.
    Refused,
    /// Agreed once and taken back.
    Withdrawn,
    /// The enterprise's own.
    NotNeeded,
}

impl Consent {
    /// From the wire.
    pub fn from_wire(consent: types::Consent) -> Self {
        match consent {
            types::Consent::Unspecified => Self::Unknown,
            types::Consent::Given => Self::Given,
            types::Consent::Refused => Self::Refused,
            types::Consent::Withdrawn => Self::Withdrawn,
            types::Consent::NotNeeded => Self::NotNeeded,
        }
    }

    /// To the wire.
    pub fn to_wire(self) -> types::Consent {
        match self {
            Self::Unknown => types::Consent::Unspecified,
            Self::Given => types::Consent::Given,
            Self::Refused => types::Consent::Refused,
            Self::Withdrawn => types::Consent::Withdrawn,
            Self::NotNeeded => types::Consent::NotNeeded,
        }
    }
}

/// What the order system told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// It has answered, and knows the waybill.
    pub known: bool,
    /// The service.
    pub service_type: String,
    /// The carrier line.
    pub line: String,
    /// The batch.
    pub batch: String,
    /// Category of the goods.
    pub goods_category: String,
    /// Value of the goods, in minor units.
    pub goods_value_minor: i64,
    /// Freight, in minor units.
    pub freight_minor: i64,
    /// Insured.
    pub insured: bool,
    /// Insured value, in minor units.
    pub insured_value_minor: i64,
    /// Status.
    pub status: String,
    /// When it was promised to arrive.
    pub promised_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// A contract customer.
    pub corporate: bool,
}

/// The order system's word for a parcel that it takes for delivered.
const DELIVERED: &str = "delivered";

impl Known {
    /// Reads what an event of intake carries. `otherwise_received` stands in where no time of receipt is stated.
    pub fn from_wire(facts: &intake::CaseFacts, currency: Currency, otherwise_received: Timestamp) -> Self {
        let order = facts.order.as_ref().map(|order| Order::from_wire(order, currency)).unwrap_or_default();
        let mut known = Self {
            language: facts.language.clone(),
            channel: facts.channel().try_into().ok(),
            problem_type: facts.problem_type().try_into().ok(),
            desired_solution: facts.desired_solution().try_into().ok(),
            complaints_90d: facts.person_complaints.into(),
            corporate: facts.corporate,
            received_at: facts.received_time.as_ref().and_then(time).unwrap_or(otherwise_received),
            order,
            leads: BTreeMap::new(),
            signals: signals(&facts.signals),
            incident: IncidentFacts::default(),
            reopened: false,
        };
        if facts.regulator_appeal.is_some() {
            known.signals.insert(Signal::Regulator);
        }
        known.learn_leads(&facts.evidence_leads);
        known
    }

    /// Follows an amended registration. What was learnt since stays.
    pub fn amend(&mut self, facts: &intake::CaseFacts, currency: Currency) {
        let before = self.clone();
        *self = Self::from_wire(facts, currency, before.received_at);
        self.signals.extend(before.signals);
        self.incident = before.incident;
        self.reopened = before.reopened;
        for (lead_id, consent) in before.leads {
            self.leads.entry(lead_id).or_insert(consent);
        }
    }

    /// Notes the customer's pieces of evidence.
    pub fn learn_leads(&mut self, leads: &[intake::EvidenceLeadFact]) {
        for lead in leads {
            self.leads.insert(lead.lead_id.clone(), Consent::from_wire(lead.consent()));
        }
    }

    /// The facts about the customer.
    pub fn customer_facts(&self) -> CustomerFacts {
        CustomerFacts {
            corporate: self.corporate || self.order.corporate,
            complaints_90d: self.complaints_90d,
        }
    }
}

/// The signals that an event carries.
pub fn signals(signals: &[types::Signal]) -> BTreeSet<Signal> {
    signals.iter().filter_map(|signal| signal.kind().try_into().ok()).collect()
}

impl Order {
    /// Reads the order facts of the contract. An amount in another currency than the handbook's counts as not known:
    /// no figure of the handbook can be compared with it.
    pub fn from_wire(order: &types::OrderFacts, currency: Currency) -> Self {
        let minor = |money: &Option<WireMoney>| money.as_ref().and_then(|money| minor(money, currency));
        Self {
            known: order.knowledge() == types::OrderKnowledge::Known,
            service_type: order.service_type.clone(),
            line: order.line.clone(),
            batch: order.batch.clone(),
            goods_category: order.goods_category.clone(),
            goods_value_minor: minor(&order.goods_value).unwrap_or_default(),
            freight_minor: minor(&order.freight).unwrap_or_default(),
            insured: order.insured_value.is_some(),
            insured_value_minor: minor(&order.insured_value).unwrap_or_default(),
            status: order.status.clone(),
            promised_at: order.promised_time.as_ref().and_then(time),
            delivered_at: order.delivered_time.as_ref().and_then(time),
            corporate: order.corporate,
        }
    }

    /// The facts about the order at `now`.
    pub fn facts(&self, now: Timestamp) -> OrderFacts {
        if !self.known {
            return OrderFacts::default();
        }
        let arrival = self.delivered_at.unwrap_or(now);
        let late = self.promised_at.map_or(0, |promised| (arrival - promised).num_days().max(0));
        OrderFacts {
            known: true,
            service_type: self.service_type.clone(),
            line: self.line.clone(),
            batch: self.batch.clone(),
            goods_category: self.goods_category.clone(),
            goods_value_minor: self.goods_value_minor,
            freight_minor: self.freight_minor,
            insured: self.insured,
            insured_value_minor: self.insured_value_minor,
            status: self.status.clone(),
            delivered: self.delivered_at.is_some() || self.status == DELIVERED,
            days_late: late,
        }
    }
}

fn minor(money: &WireMoney, currency: Currency) -> Option<i64> {
    Money::try_from(money).ok().filter(|money| money.currency == currency).map(|money| money.minor)
}

fn time(time: &prost_types::Timestamp) -> Option<Timestamp> {
    time_from_wire(time).ok()
}
