//! Port to the order and waybill system.

use async_trait::async_trait;
use redress_domain::{Currency, Money, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

use crate::PortError;

/// Looks up what the enterprise knows about a waybill. Read only.
#[async_trait]
pub trait OrderDirectory: Send + Sync {
    /// The order of a waybill; `None` when the order system does not know it (which is an answer, not an error).
    async fn lookup(&self, waybill: &str) -> Result<Option<Order>, PortError>;

    /// Everybody on a batch, by waybill (X9). Empty when the batch is not known.
    async fn batch_members(&self, batch: &str) -> Result<Vec<BatchMember>, PortError>;
}

/// An order as the order system tells it. Only `waybill` is certain; whatever is missing stays missing.
///
/// This is also the shape of a line in `orders.jsonl` and of `[[orders]]` in a case script, so the field names are a
/// contract. There are no names, addresses or phone numbers here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Waybill number 运单号; any format.
    #[serde(alias = "waybill_no")]
    pub waybill: String,
    /// Number of the order this waybill belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// The order system's pseudonym of the customer; stable per person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_ref: Option<String>,
    /// A contract customer (M5.1, L3).
    #[serde(default)]
    pub corporate: bool,
    /// When the order was placed.
    #[serde(default, alias = "order_time", skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Timestamp>,
    /// Delivery was promised until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Timestamp>,
    /// Delivered, by the system's word; the customer may say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// Who carries it, where one carrier does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Carrier line 承运线路, as the enterprise names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The batch it travelled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// City or region it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// City or region it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Hub to hub, in the order of travel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// `express`, `economy`, or the enterprise's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    /// `fresh`, `medicine`, or the enterprise's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods_category: Option<String>,
    /// What the goods are worth. Read as `{minor, currency}` or in the wire's form `{units, nanos, currency_code}`.
    #[serde(default, deserialize_with = "money", skip_serializing_if = "Option::is_none")]
    pub goods_value: Option<Money>,
    /// Freight paid.
    #[serde(default, deserialize_with = "money", skip_serializing_if = "Option::is_none")]
    pub freight: Option<Money>,
    /// Insured value 保价; absent when not insured.
    #[serde(default, deserialize_with = "money", skip_serializing_if = "Option::is_none")]
    pub insured_value: Option<Money>,
    /// Where it stands, by the system's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    /// What was scanned, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<Scan>,
}

impl Order {
    /// An order of which nothing but the waybill is known.
    pub fn new(waybill: impl Into<String>) -> Self {
        Self {
            waybill: waybill.into(),
            order_no: None,
            customer_ref: None,
            corporate: false,
            ordered_at: None,
            promised_at: None,
            delivered_at: None,
            carrier: None,
            line: None,
            batch: None,
            origin: None,
            destination: None,
            legs: Vec::new(),
            service_type: None,
            goods_category: None,
            goods_value: None,
            freight: None,
            insured_value: None,
            status: None,
            scans: Vec::new(),
        }
    }
}

/// One stretch of the way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// Hub, station or city it starts at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Hub, station or city it ends at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Who carried it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
}

/// One scan event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// When it was scanned.
    pub at: Timestamp,
    /// The enterprise's event code.
    pub code: String,
    /// Hub, station or city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The carrier's wording, with couriers' names and numbers masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Where a parcel stands: the states that carriers' own words are mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Ordered, not yet handed to a carrier.
    #[serde(alias = "created", alias = "accepted")]
    Pending,
    /// Held: goods, payment or papers are missing.
    OnHold,
    /// With the carrier.
    #[serde(alias = "collected")]
    PickedUp,
    /// Under way.
    #[serde(alias = "shipped")]
    InTransit,
    /// Under way and late, as the carrier admits.
    Delayed,
    /// With the courier.
    OutForDelivery,
    /// In a station, shop or locker.
    ReadyForPickup,
    /// An attempt failed.
    DeliveryFailed,
    /// Signed for, by the system's word.
    #[serde(alias = "signed")]
    Delivered,
    /// Going or gone back to the sender.
    Returned,
    /// Lost.
    Lost,
    /// Cancelled.
    #[serde(alias = "canceled")]
    Cancelled,
}

impl OrderStatus {
    /// The name as in JSON, for facts and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::OnHold => "on_hold",
            Self::PickedUp => "picked_up",
            Self::InTransit => "in_transit",
            Self::Delayed => "delayed",
            Self::OutForDelivery => "out_for_delivery",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::DeliveryFailed => "delivery_failed",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Somebody whose parcel is on a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchMember {
    /// Their waybill.
    pub waybill: String,
    /// The order system's pseudonym of the customer.
    pub customer_ref: Option<String>,
}

/// Money as we write it, or as `google.type.Money` has it in JSON (where 64-bit integers may be strings).
fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Integer {
        Number(i64),
        Text(String),
    }
    #[derive(Deserialize)]
    #[serde(untagged, deny_unknown_fields)]
    enum Either {
        Minor {
            minor: i64,
            currency: Currency,
        },
        Wire {
            currency_code: Currency,
            units: Option<Integer>,
            #[serde(default)]
            nanos: i32,
        },
    }
    use serde::de::Error as _;
    Ok(match Option::<Either>::deserialize(deserializer)? {
        None => None,
        Some(Either::Minor { minor, currency }) => Some(Money { minor, currency }),
        Some(Either::Wire { currency_code, units, nanos }) => {
            let units = match units {
                None => 0,
                Some(Integer::Number(units)) => units,
                Some(Integer::Text(text)) => text.parse().map_err(D::Error::custom)?,
            };
            Some(Money::from_units_nanos(currency_code, units, nanos).map_err(D::Error::custom)?)
        }
    })
}
