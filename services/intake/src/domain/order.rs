//! What is known about the order behind a complaint. Places are cities and regions, never addresses.

use redress_domain::{Money, Timestamp, handbook::OrderFacts};
use redress_proto::{time_to_wire, types::v1 as types};
use serde::{Deserialize, Serialize};

/// What is known about an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "knowledge", rename_all = "snake_case")]
pub enum Order {
    /// The complaint names no waybill.
    #[default]
    Unnamed,
    /// The order system has not answered yet. The carrier may be guessed from the number's pattern.
    Pending {
        /// Guessed carrier; empty for none.
        carrier: String,
    },
    /// The order system answered that it does not know it.
    NotFound {
        /// Guessed carrier; empty for none.
        carrier: String,
        /// When it answered.
        at: Timestamp,
    },
    /// The order system knows it.
    Known(Box<KnownOrder>),
}

/// An order as the order system tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "each is the field of its name in redress.types.v1.OrderFacts, where it is documented"
)]
pub struct KnownOrder {
    pub order_no: String,
    pub carrier: String,
    pub line: String,
    pub batch: String,
    pub service_type: String,
    pub goods_category: String,
    pub goods_value: Option<Money>,
    pub freight: Option<Money>,
    pub insured_value: Option<Money>,
    pub status: String,
    pub ordered_at: Option<Timestamp>,
    pub promised_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub origin: String,
    pub destination: String,
    pub legs: Vec<Leg>,
    pub scans: Vec<Scan>,
    pub corporate: bool,
    pub fetched_at: Option<Timestamp>,
}

/// One leg of the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as redress.types.v1.OrderLeg")]
pub struct Leg {
    pub carrier: String,
    pub from: String,
    pub to: String,
}

/// One scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as redress.types.v1.OrderScan")]
pub struct Scan {
    pub code: String,
    pub at: Timestamp,
    pub place: String,
}

/// Legs and scans kept at most; the contract's own limits.
pub const LEGS_MAX: usize = 50;
/// See [`LEGS_MAX`].
pub const SCANS_MAX: usize = 200;

impl Order {
    /// What is known, on the wire.
    pub fn knowledge(&self) -> types::OrderKnowledge {
        match self {
            Self::Unnamed => types::OrderKnowledge::Unspecified,
            Self::Pending { .. } => types::OrderKnowledge::Pending,
            Self::NotFound { .. } => types::OrderKnowledge::NotFound,
            Self::Known(_) => types::OrderKnowledge::Known,
        }
    }

    /// The order, where it is known.
    pub fn known(&self) -> Option<&KnownOrder> {
        match self {
            Self::Known(order) => Some(order),
            _ => None,
        }
    }

    /// The facts on the wire.
    pub fn to_wire(&self, waybill_no: &str) -> types::OrderFacts {
        let knowledge = self.knowledge().into();
        match self {
            Self::Unnamed => types::OrderFacts { knowledge, ..types::OrderFacts::default() },
            Self::Pending { carrier } => types::OrderFacts {
                knowledge,
                waybill_no: waybill_no.to_owned(),
                carrier: carrier.clone(),
                ..types::OrderFacts::default()
            },
            Self::NotFound { carrier, at } => types::OrderFacts {
                knowledge,
                waybill_no: waybill_no.to_owned(),
                carrier: carrier.clone(),
                fetch_time: Some(time_to_wire(*at)),
                ..types::OrderFacts::default()
            },
            Self::Known(order) => order.to_wire(knowledge, waybill_no),
        }
    }

    /// The facts that conditions of the handbook see.
    pub fn to_facts(&self, now: Timestamp) -> OrderFacts {
        let Self::Known(order) = self else { return OrderFacts::default() };
        let minor = |money: Option<Money>| money.map_or(0, |money| money.minor);
        let arrived = order.delivered_at.unwrap_or(now);
        OrderFacts {
            known: true,
            service_type: order.service_type.clone(),
            line: order.line.clone(),
            batch: order.batch.clone(),
            goods_category: order.goods_category.clone(),
            goods_value_minor: minor(order.goods_value),
            freight_minor: minor(order.freight),
            insured: order.insured_value.is_some(),
            insured_value_minor: minor(order.insured_value),
            status: order.status.clone(),
            delivered: order.delivered_at.is_some() || order.status == "delivered",
            days_late: order.promised_at.map_or(0, |promised| (arrived - promised).num_days().max(0)),
        }
    }
}

impl KnownOrder {
    fn to_wire(&self, knowledge: i32, waybill_no: &str) -> types::OrderFacts {
        types::OrderFacts {
            knowledge,
            waybill_no: waybill_no.to_owned(),
            order_no: self.order_no.clone(),
            carrier: self.carrier.clone(),
            line: self.line.clone(),
            batch: self.batch.clone(),
            service_type: self.service_type.clone(),
            goods_category: self.goods_category.clone(),
            goods_value: self.goods_value.map(Into::into),
            freight: self.freight.map(Into::into),
            insured_value: self.insured_value.map(Into::into),
            status: self.status.clone(),
            ordered_time: self.ordered_at.map(time_to_wire),
            promised_time: self.promised_at.map(time_to_wire),
            delivered_time: self.delivered_at.map(time_to_wire),
            origin: self.origin.clone(),
            destination: self.destination.clone(),
            legs: self
                .legs
                .iter()
                .map(|leg| types::OrderLeg {
                    carrier: leg.carrier.clone(),
                    from: leg.from.clone(),
                    to: leg.to.clone(),
                })
                .collect(),
            scans: self
                .scans
                .iter()
                .map(|scan| types::OrderScan {
                    code: scan.code.clone(),
                    time: Some(time_to_wire(scan.at)),
                    place: scan.place.clone(),
                })
                .collect(),
            corporate: self.corporate,
            fetch_time: self.fetched_at.map(time_to_wire),
        }
    }
}
