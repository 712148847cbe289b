//! What survey decides on under a revision, and the rows by which it is found.

use async_trait::async_trait;
use redress_chassis::Aggregate;
use redress_storage::{AggregateRow, StorageError, Transaction};

use crate::{
    domain::{case::CaseFigures, improvement::Improvement, review::Review, survey::Survey},
    store,
};

#[async_trait]
impl Aggregate for CaseFigures {
    const KIND: &'static str = "case";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        store::figures::store(transaction, row).await
    }
}

#[async_trait]
impl Aggregate for Survey {
    const KIND: &'static str = "survey";
    const NOT_FOUND: &'static str = "CASE_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        store::survey::store(transaction, row, self).await
    }
}

#[async_trait]
impl Aggregate for Review {
    const KIND: &'static str = "review";
    const NOT_FOUND: &'static str = "NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        store::review::store(transaction, row, self).await
    }
}

#[async_trait]
impl Aggregate for Improvement {
    const KIND: &'static str = "improvement";
    const NOT_FOUND: &'static str = "IMPROVEMENT_NOT_FOUND";

    async fn project(&self, transaction: &Transaction, row: &AggregateRow) -> Result<(), StorageError> {
        store::improvement::store(transaction, row, self).await
    }
}
