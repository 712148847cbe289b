//! How resolutions and waybills are kept, and how approvals are found.

pub(crate) mod approvals;

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_storage::{AggregateRow, StorageError, Transaction};

use crate::domain::{state::Resolution, waybill::Waybill};

#[async_trait]
impl Aggregate for Resolution {
    const KIND: &'static str = "resolution";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        approvals::write(transaction, row.id, &row.region, &self.approvals).await
    }
}

impl Aggregate for Waybill {
    const KIND: &'static str = "waybill";
    const NOT_FOUND: &'static str = "NOT_FOUND";
}
