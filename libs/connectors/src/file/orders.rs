//! Orders in `orders.jsonl`: a line an [`Order`], the last one of a waybill counts.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::behaviour::{Behaviour, Port};
use super::journal::{Fold, Journal};
use super::outside::{Outside, beside};
use crate::{BatchMember, Order, OrderDirectory, PortError};

const CAN: [Behaviour; 3] = [Behaviour::Down, Behaviour::Slow, Behaviour::Unknown];

/// The order system as a file.
pub struct FileOrders {
    outside: Arc<Outside>,
    journal: Arc<Journal<Orders>>,
}

#[derive(Default)]
struct Orders {
    by_waybill: HashMap<String, Order>,
    batches: HashMap<String, BTreeSet<String>>,
}

impl Fold for Orders {
    type Entry = Order;

    fn apply(&mut self, order: Order) {
        if let Some(batch) = self.by_waybill.get(&order.waybill).and_then(|old| old.batch.as_ref())
            && let Some(members) = self.batches.get_mut(batch)
        {
            members.remove(&order.waybill);
        }
        if let Some(batch) = &order.batch {
            self.batches.entry(batch.clone()).or_default().insert(order.waybill.clone());
        }
        self.by_waybill.insert(order.waybill.clone(), order);
    }
}

/// How many orders were taken in, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Put {
    /// Not known before.
    pub added: usize,
    /// Known with other content, which is replaced.
    pub replaced: usize,
    /// Known just so.
    pub unchanged: usize,
    /// For each order in turn, whether it was taken in, and not known as it is.
    pub taken: Vec<bool>,
}

impl FileOrders {
    pub(super) fn open(directory: &Path, outside: Arc<Outside>) -> io::Result<Self> {
        Ok(Self { outside, journal: Arc::new(Journal::open(&directory.join("orders.jsonl"))?) })
    }

    /// Takes orders in, as the order system's own operators would. Taking the same ones in again changes nothing.
    pub async fn put(&self, orders: Vec<Order>) -> Result<Put, PortError> {
        let journal = self.journal.clone();
        beside(move || {
            journal.with(|page| {
                let mut put = Put::default();
                for order in orders {
                    match page.state().by_waybill.get(&order.waybill) {
                        Some(known) if *known == order => {
                            put.unchanged += 1;
                            put.taken.push(false);
                            continue;
                        }
                        Some(_) => put.replaced += 1,
                        None => put.added += 1,
                    }
                    page.append(order)?;
                    put.taken.push(true);
                }
                Ok(Ok(put))
            })
        })
        .await
    }
}

#[async_trait]
impl OrderDirectory for FileOrders {
    async fn lookup(&self, waybill: &str) -> Result<Option<Order>, PortError> {
        let (outside, journal, waybill) = (self.outside.clone(), self.journal.clone(), waybill.to_owned());
        beside(move || {
            let found = journal.with(|page| Ok(page.state().by_waybill.get(&waybill).cloned()))?;
            Ok(match outside.reading(Port::Orders, &CAN, &waybill)? {
                Behaviour::Unknown => Ok(None),
                behaviour => behaviour.deliver(Ok(found)),
            })
        })
        .await
    }

    async fn batch_members(&self, batch: &str) -> Result<Vec<BatchMember>, PortError> {
        let (outside, journal, batch) = (self.outside.clone(), self.journal.clone(), batch.to_owned());
        beside(move || {
            let members = journal.with(|page| {
                let state = page.state();
                let waybills = state.batches.get(&batch).into_iter().flatten();
                let orders = waybills.filter_map(|waybill| state.by_waybill.get(waybill));
                Ok(orders
                    .map(|order| BatchMember {
                        waybill: order.waybill.clone(),
                        customer_ref: order.customer_ref.clone(),
                    })
                    .collect::<Vec<_>>())
            })?;
            Ok(match outside.reading(Port::Orders, &CAN, &batch)? {
                Behaviour::Unknown => Ok(Vec::new()),
                behaviour => behaviour.deliver(Ok(members)),
            })
        })
        .await
    }
}
