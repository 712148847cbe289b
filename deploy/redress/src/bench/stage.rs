//! Suites to measure on, under the handbook that comes with Redress.

use anyhow::{Context, Result};
use redress_connectors::{ConnectorSettings, Manners, Order};
use redress_domain::{Currency, Money, Timestamp};
use redress_testkit::{Home, PrivateServers};

use crate::{
    shipped::{DEFAULT_HANDBOOK, DEFAULT_REGION, Shelf},
    suite::{ClockChoice, Databases, PolicyChoice, PortChoice, Suite, SuiteOptions},
};

/// When business time begins on a virtual clock: a Wednesday morning.
const START: &str = "2026-03-04T09:00:00+08:00";

/// Orders that complaints are about, in turn.
const ORDERS: u64 = 1_000;

/// Where suites are set up, each with databases and an outside world of its own.
pub(super) struct Stage {
    databases: Databases,
    redis_url: String,
    policy: PolicyChoice,
    home: Home,
    pub(super) start: Timestamp,
}

impl Stage {
    pub(super) fn new(servers: &PrivateServers) -> Result<Self> {
        let start = chrono::DateTime::parse_from_rfc3339(START).context("the start is an instant")?.to_utc();
        let shelf = Shelf::find();
        let handbook = shelf.handbook(DEFAULT_HANDBOOK, start.date_naive())?;
        let calendar = shelf.calendar(&handbook.handbook()?.calendar)?;
        Ok(Self {
            databases: Databases::on(servers.postgres.server()),
            redis_url: servers.redis.url().to_string(),
            policy: PolicyChoice { handbook, calendar, regions: vec![DEFAULT_REGION.to_owned()] },
            home: Home::temporary()?,
            start,
        })
    }

    /// A suite whose outside world is quick and faultless: what is measured is ours.
    pub(super) async fn suite(&self, clock: ClockChoice) -> Result<Suite> {
        let options = SuiteOptions {
            clock,
            redis_url: self.redis_url.clone(),
            connectors: ConnectorSettings {
                directory: self.home.path().join(redress_testkit::unique("outside")),
                seed: 1,
                manners: Manners::Quiet,
                channels_without_receipts: Vec::new(),
            },
            ports: PortChoice::Free,
            keys: None,
            policies: vec![self.policy.clone()],
            id_seed: None,
            otlp_endpoint: String::new(),
        };
        Suite::start(&self.databases, options).await
    }
}

/// Puts the orders of [`waybill`] into a suite's order system.
pub(super) async fn put_orders(suite: &Suite) -> Result<()> {
    let promised = suite.now() - chrono::TimeDelta::days(2);
    let orders = (0..ORDERS).map(|number| order(number, promised)).collect::<Result<_>>()?;
    suite.enterprise().orders.put(orders).await.context("orders cannot be taken in")?;
    Ok(())
}

/// The waybill of the `number`-th complaint.
pub(super) fn waybill(number: u64) -> String {
    format!("SF{:013}", 1_026_000_000_000 + number % ORDERS)
}

/// An order that is late; on no batch and no line, so that complaints do not become one group.
fn order(number: u64, promised: Timestamp) -> Result<Order> {
    let currency: Currency = "CNY".parse()?;
    let mut order = Order::new(waybill(number));
    order.order_no = Some(format!("B{number}"));
    order.customer_ref = Some(format!("p{number}"));
    order.ordered_at = Some(promised - chrono::TimeDelta::days(2));
    order.promised_at = Some(promised);
    order.carrier = Some("SF".to_owned());
    order.service_type = Some("express".to_owned());
    order.goods_category = Some("clothing".to_owned());
    order.goods_value = Some(Money { minor: 26_800, currency });
    order.freight = Some(Money { minor: 2_300, currency });
    Ok(order)
}
