//! What intake has told about a case, as far as triage decides on it. References only, no personal data.

use redress_domain::{
    Currency, Money, Timestamp,
    handbook::{Channel, CustomerFacts, DesiredSolution, OrderFacts, ProblemType},
};
use redress_proto::{
    google::r#type::Money as WireMoney, intake::v1 as intake, time_from_wire, types::v1 as types,
};
use serde::{Deserialize, Serialize};

use super::words::from_wire;

/// What registration recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Number to be spoken aloud.
    pub case_number: String,
    /// Language of the customer, a BCP 47 tag.
    pub language: String,
    /// Channel that it came through.
    pub channel: Option<Channel>,
    /// Problem as registered.
    pub problem_type: Option<ProblemType>,
    /// What the customer wants.
    pub desired_solution: Option<DesiredSolution>,
    /// Sub-type as registered; empty when not stated.
    pub sub_type: String,
    /// Further sub-types as registered.
    pub further_sub_types: Vec<String>,
    /// Pseudonym of the person; empty when nothing identifies the person.
    pub person_ref: String,
    /// Complaints of the same person in the last 90 days.
    pub complaints_90d: i64,
    /// A corporate customer.
    pub corporate: bool,
    /// Reference of the narrative; empty when there is none.
    pub narrative_ref: String,
    /// Carrier line as the customer states it; empty when not stated.
    pub stated_line: String,
    /// When the complaint was received.
    pub received_at: Timestamp,
    /// The order.
    pub order: Order,
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
        Self {
            case_number: facts.case_number.clone(),
            language: facts.language.clone(),
            channel: from_wire(facts.channel().as_str_name(), "CHANNEL_"),
            problem_type: from_wire(facts.problem_type().as_str_name(), "PROBLEM_TYPE_"),
            desired_solution: from_wire(facts.desired_solution().as_str_name(), "DESIRED_SOLUTION_"),
            sub_type: facts.sub_type.clone(),
            further_sub_types: facts.further_sub_types.clone(),
            person_ref: facts.person_ref.clone(),
            complaints_90d: facts.person_complaints.into(),
            corporate: facts.corporate,
            narrative_ref: facts.narrative_ref.clone(),
            stated_line: facts.stated_order.as_ref().map(|stated| stated.line.clone()).unwrap_or_default(),
            received_at: facts.received_time.as_ref().and_then(time).unwrap_or(otherwise_received),
            order,
        }
    }

    /// The facts about the customer.
    pub fn customer_facts(&self) -> CustomerFacts {
        CustomerFacts {
            corporate: self.corporate || self.order.corporate,
            complaints_90d: self.complaints_90d,
        }
    }

    /// The line: the order system's, or the customer's own word while that has none.
    pub fn line(&self) -> &str {
        if self.order.line.is_empty() { &self.stated_line } else { &self.order.line }
    }
}

impl Order {
    /// Reads the order facts of the contract. An amount in another currency than the handbook's counts as not
    /// known: no figure of the handbook can be compared with it.
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
    if money.currency_code != currency.code() {
        return None;
    }
    Money::from_units_nanos(currency, money.units, money.nanos).ok().map(|money| money.minor)
}

fn time(time: &prost_types::Timestamp) -> Option<Timestamp> {
    time_from_wire(time).ok()
}
