//! Builds a service's state anew from its own log: a fold of what the log carries. Nothing is decided again, so a
//! replay sends and pays nothing.

use std::collections::BTreeMap;

use redress_deadlines::{Deadline, SUBJECT_KIND, store::DeadlineRow};
use redress_domain::Ruling;
use redress_storage::{AggregateRow, Database, LoggedEvent, StorageError, aggregate, log, ruling};
use serde_json::Value;

use crate::{
    failure::{Failure, Result},
    reactor::Reactor,
};

/// Events read at once from a partition.
const PAGE: i64 = 1000;

/// Folds the log of `from` into `to`, whose tables exist and are empty. Returns how many events were read.
pub async fn replay(service: &str, from: &Database, to: &Database, reactor: &dyn Reactor) -> Result<u64> {
    let mut at: BTreeMap<i32, i64> = BTreeMap::new();
    let mut count = 0;
    loop {
        let (_, events) = log::read_after(from.pool(), service, &at, PAGE).await?;
        if events.is_empty() {
            return Ok(count);
        }
        let transaction = to.begin().await?;
        for logged in &events {
            at.insert(logged.position.partition, logged.position.n);
            count += 1;
            apply(&transaction, logged, reactor).await?;
        }
        transaction.commit().await?;
    }
}

async fn apply(
    transaction: &redress_storage::Transaction,
    logged: &LoggedEvent,
    reactor: &dyn Reactor,
) -> Result<()> {
    let event = &logged.event;
    let Some(effect) = &event.effect else { return Ok(()) };
    let broken = |error: serde_json::Error| {
        Failure::from(StorageError::CorruptRow {
            table: "event",
            row: event.id.to_string(),
            detail: format!("effect: {error}"),
        })
    };
    if event.subject_kind == SUBJECT_KIND {
        let deadline: Deadline = serde_json::from_value(effect["deadline"].clone()).map_err(broken)?;
        redress_deadlines::store::store(transaction, &DeadlineRow { deadline, chain: event.hash.clone() })
            .await?;
        return Ok(());
    }
    let mut row = match aggregate::load(transaction, &event.subject_kind, event.subject_id).await? {
        Some(row) => row,
        None => AggregateRow {
            kind: event.subject_kind.clone(),
            id: event.subject_id,
            case_id: event.case_id,
            region: event.region.clone(),
            handbook_hash: event.handbook_hash.clone(),
            calendar_hash: event.calendar_hash.clone(),
            revision: 0,
            state: Value::Null,
            seen: BTreeMap::new(),
            chain: Vec::new(),
            created_at: event.time,
            updated_at: event.time,
        },
    };
    let mut document = row.document();
    let patch: json_patch::Patch = serde_json::from_value(effect["patch"].clone()).map_err(broken)?;
    json_patch::patch(&mut document, &patch).map_err(|error| Failure::Internal(error.into()))?;
    row.revision = effect["revision"].as_i64().unwrap_or_default();
    row.state = document["state"].take();
    row.seen = serde_json::from_value(document["seen"].take()).map_err(broken)?;
    row.chain.clone_from(&event.hash);
    row.updated_at = event.time;
    row.handbook_hash.clone_from(&event.handbook_hash);
    row.calendar_hash.clone_from(&event.calendar_hash);
    aggregate::store(transaction, &row).await?;
    reactor.project(transaction, &row).await?;
    let rulings: Vec<Ruling> = serde_json::from_value(effect["rulings"].clone()).map_err(broken)?;
    ruling::insert(transaction, event.id, event.case_id, event.time, &event.handbook_hash, &rulings).await?;
    Ok(())
}
