//! The demonstration's own small data set: made-up orders and complaints of a month, in Chinese and English.

use anyhow::{Context as _, Result};
use redress_connectors::Order;
use serde::Deserialize;

use crate::staff::Plan;

const ORDERS: &str = include_str!("../demo/orders.jsonl");
const CASES: &str = include_str!("../demo/cases.toml");

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Plan>,
}

/// What the order system knows.
///
/// # Errors
/// When a line is no order.
pub fn orders() -> Result<Vec<Order>> {
    let order = |(index, line)| {
        serde_json::from_str(line).with_context(|| format!("demo/orders.jsonl:{}", index + 1))
    };
    ORDERS.lines().enumerate().map(order).collect()
}

/// What comes in, in order of time.
///
/// # Errors
/// When the file does not hold plans.
pub fn plans() -> Result<Vec<Plan>> {
    // By way of JSON, where times are texts.
    let table: toml::Table = CASES.parse().context("demo/cases.toml")?;
    let cases: Cases =
        serde_json::from_value(times_as_text(toml::Value::Table(table))).context("demo/cases.toml")?;
    Ok(cases.cases)
}

fn times_as_text(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(elements) => elements.into_iter().map(times_as_text).collect(),
        toml::Value::Table(fields) => {
            fields.into_iter().map(|(name, value)| (name, times_as_text(value))).collect()
        }
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::contract::{Method, message_from_json};

    #[test]
    fn the_data_can_be_read_and_fit_together() {
        let waybills: BTreeSet<String> =
            orders().expect("orders").into_iter().map(|order| order.waybill).collect();
        let plans = plans().expect("plans");
        assert!((40..=80).contains(&plans.len()), "{}", plans.len());
        assert!(plans.is_sorted_by_key(|plan| plan.received));
        let method = Method::find("IntakeService/RegisterComplaint").expect("is there");
        for plan in &plans {
            assert!(plan.waybill.iter().all(|waybill| waybills.contains(waybill)), "{:?}", plan.waybill);
            message_from_json(method.input(), &plan.registration(Uuid::nil())).expect("fits the contract");
        }
    }
}
