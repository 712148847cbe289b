//! What can be mapped to: the fields of our rows, and what is odd about a row whatever it came from.

use serde::de::DeserializeOwned;

use super::Problem;
use crate::{ComplaintRow, Order, OrderStatus};

/// A row that mapping files can make.
pub trait Target: DeserializeOwned + sealed::Sealed {
    /// As mapping files name it.
    const NAME: &'static str;
    #[doc(hidden)]
    const FIELDS: &'static [Field];

    #[doc(hidden)]
    fn check(&mut self, findings: &mut Findings);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Order {}
    impl Sealed for crate::ComplaintRow {}
}

/// Problems of a row while it is judged.
#[derive(Default)]
pub struct Findings {
    pub(super) refusals: Vec<Problem>,
    pub(super) notes: Vec<Problem>,
}

impl Findings {
    pub(super) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.refusals.push(Problem { field: field.into(), message: message.into() });
    }

    pub(super) fn note(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.notes.push(Problem { field: field.into(), message: message.into() });
    }
}

/// A field of ours.
#[derive(Debug)]
pub struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// What a field of ours holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Flag,
    Time,
    Money,
    Choice(&'static [&'static str]),
    List(&'static [Field]),
}

const fn needed(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const STATUSES: [OrderStatus; 12] = [
    OrderStatus::Pending,
    OrderStatus::OnHold,
    OrderStatus::PickedUp,
    OrderStatus::InTransit,
    OrderStatus::Delayed,
    OrderStatus::OutForDelivery,
    OrderStatus::ReadyForPickup,
    OrderStatus::DeliveryFailed,
    OrderStatus::Delivered,
    OrderStatus::Returned,
    OrderStatus::Lost,
    OrderStatus::Cancelled,
];

const STATUS_NAMES: [&str; STATUSES.len()] = {
    let mut names = [""; STATUSES.len()];
    let mut index = 0;
    while index < STATUSES.len() {
        names[index] = STATUSES[index].as_str();
        index += 1;
    }
    names
};

impl Target for Order {
    const NAME: &'static str = "order";
    const FIELDS: &'static [Field] = &[
        needed("waybill", Kind::Text),
        may("order_no", Kind::Text),
        may("customer_ref", Kind::Text),
        may("corporate", Kind::Flag),
        may("ordered_at", Kind::Time),
        may("promised_at", Kind::Time),
        may("delivered_at", Kind::Time),
        may("carrier", Kind::Text),
        may("line", Kind::Text),
        may("batch", Kind::Text),
        may("origin", Kind::Text),
        may("destination", Kind::Text),
        may(
            "legs",
            Kind::List(&[may("from", Kind::Text), may("to", Kind::Text), may("carrier", Kind::Text)]),
        ),
        may("service_type", Kind::Text),
        may("goods_category", Kind::Text),
        may("goods_value", Kind::Money),
        may("freight", Kind::Money),
        may("insured_value", Kind::Money),
        may("status", Kind::Choice(&STATUS_NAMES)),
        may(
            "scans",
            Kind::List(&[
                needed("at", Kind::Time),
                needed("code", Kind::Text),
                may("place", Kind::Text),
                may("text", Kind::Text),
            ]),
        ),
    ];

    fn check(&mut self, findings: &mut Findings) {
        check_id("waybill", &self.waybill, findings);
        let amounts = [
            ("goods_value", self.goods_value),
            ("freight", self.freight),
            ("insured_value", self.insured_value),
        ];
        for (field, amount) in amounts {
            if amount.is_some_and(|amount| amount.minor < 0) {
                findings.refuse(field, "is less than nothing");
            }
        }
        if self.status == Some(OrderStatus::Delivered) && self.delivered_at.is_none() {
            findings.note("delivered_at", "is missing on an order that is delivered");
        }
        if matches!(self.status, Some(OrderStatus::Pending | OrderStatus::Cancelled))
            && self.delivered_at.is_some()
        {
            findings.note("status", "says that it is not delivered, and yet there is a time of delivery");
        }
        for (field, time) in [("promised_at", self.promised_at), ("delivered_at", self.delivered_at)] {
            if let (Some(time), Some(ordered)) = (time, self.ordered_at)
                && time < ordered
            {
                findings.note(field, "is before the order was placed");
            }
        }
        if !self.scans.is_sorted_by_key(|scan| scan.at) {
            findings.note("scans", "are not in the order of their times; they are sorted");
            self.scans.sort_by_key(|scan| scan.at);
        }
    }
}

impl Target for ComplaintRow {
    const NAME: &'static str = "complaint";
    const FIELDS: &'static [Field] = &[
        needed("source_id", Kind::Text),
        may("waybill", Kind::Text),
        needed("received_at", Kind::Time),
        needed("channel", Kind::Text),
        needed("language", Kind::Text),
        needed("narrative", Kind::Text),
        may("region", Kind::Text),
        may("customer_ref", Kind::Text),
        may("customer_name", Kind::Text),
        may("contact", Kind::Text),
        may("problem_type", Kind::Text),
        may("desired_solution", Kind::Text),
    ];

    fn check(&mut self, findings: &mut Findings) {
        check_id("source_id", &self.source_id, findings);
    }
}

fn check_id(field: &str, id: &str, findings: &mut Findings) {
    const LENGTH_MAX: usize = 128;
    if id.len() > LENGTH_MAX {
        findings.refuse(field, format!("is longer than {LENGTH_MAX} bytes"));
    }
    if id.chars().any(char::is_control) {
        findings.refuse(field, "has control characters in it");
    }
}
