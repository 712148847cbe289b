//! What intake decides on under a revision, and the rows by which it is found.

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_storage::{AggregateRow, StorageError, Transaction};

use crate::{
    domain::{case::Case, handbook::Activation, message::Message},
    store::{case_index, policy},
};

#[async_trait]
impl Aggregate for Case {
    const KIND: &'static str = "case";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        case_index::store(transaction, row.id, self).await
    }
}

#[async_trait]
impl Aggregate for Message {
    const KIND: &'static str = "message";
    const NOT_FOUND: &'static str = "MESSAGE_NOT_FOUND";
}

#[async_trait]
impl Aggregate for Activation {
    const KIND: &'static str = "handbook";
    const NOT_FOUND: &'static str = "HANDBOOK_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, _row: &AggregateRow) -> Result<(), StorageError> {
        policy::store(transaction, self).await
    }
}
