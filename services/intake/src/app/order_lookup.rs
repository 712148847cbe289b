//! Asks the order system about a waybill. Never refuses a complaint: what is not known now is asked for again.

use redress_connectors::PortError;
use redress_domain::{Timestamp, handbook::Handbook};

use crate::{
    Intake,
    domain::order::{KnownOrder, LEGS_MAX, Leg, Order, SCANS_MAX, Scan},
};

/// What came of a lookup.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is known now.
    pub order: Order,
    /// The order system's pseudonym of the customer; empty where it has none.
    pub customer_ref: String,
}

/// Looks a waybill up, for as long as a registration may wait. Made outside any transaction.
pub async fn look_up(app: &Intake, book: &Handbook, waybill_no: &str, now: Timestamp) -> Found {
    if waybill_no.is_empty() {
        return Found::default();
    }
    let carrier = book.guess_carrier(waybill_no).unwrap_or_default().to_owned();
    let only = |order| Found { order, customer_ref: String::new() };
    match tokio::time::timeout(app.order_lookup, app.orders.lookup(waybill_no)).await {
        Ok(Ok(Some(order))) => {
            let customer_ref = order.customer_ref.clone().unwrap_or_default();
            Found { order: Order::Known(Box::new(known(order, carrier, now))), customer_ref }
        }
        // A number that the order system refuses is one that it does not know.
        Ok(Ok(None) | Err(PortError::Rejected { .. })) => only(Order::NotFound { carrier, at: now }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the order system does not answer; the order is asked for again later");
            only(Order::Pending { carrier })
        }
        Err(_) => {
            tracing::warn!("the order system is slow; the order is asked for again later");
            only(Order::Pending { carrier })
        }
    }
}

fn known(order: redress_connectors::Order, guessed_carrier: String, now: Timestamp) -> KnownOrder {
    let skipped = order.scans.len().saturating_sub(SCANS_MAX);
    KnownOrder {
        order_no: order.order_no.unwrap_or_default(),
        carrier: order.carrier.unwrap_or(guessed_carrier),
        line: order.line.unwrap_or_default(),
        batch: order.batch.unwrap_or_default(),
        service_type: order.service_type.unwrap_or_default(),
        goods_category: order.goods_category.unwrap_or_default(),
        goods_value: order.goods_value,
        freight: order.freight,
        insured_value: order.insured_value,
        status: order.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        ordered_at: order.ordered_at,
        promised_at: order.promised_at,
        delivered_at: order.delivered_at,
        origin: order.origin.unwrap_or_default(),
        destination: order.destination.unwrap_or_default(),
        legs: order
            .legs
            .into_iter()
            .take(LEGS_MAX)
            .map(|leg| Leg {
                carrier: leg.carrier.unwrap_or_default(),
                from: leg.from.unwrap_or_default(),
                to: leg.to.unwrap_or_default(),
            })
            .collect(),
        scans: order
            .scans
            .into_iter()
            .skip(skipped)
            .map(|scan| Scan { code: scan.code, at: scan.at, place: scan.place.unwrap_or_default() })
            .collect(),
        corporate: order.corporate,
        fetched_at: Some(now),
    }
}
