//! The ledger's rows and the timeline. What they hold is computed in `domain::ledger`.

use std::collections::BTreeMap;

use redress_domain::Timestamp;
use redress_proto::{
    intake::v1::{CaseStep, ListCasesRequest},
    types::v1::RuleRef,
};
use redress_storage::{
    Actor, LoggedEvent, Position, Result, StorageError, Transaction,
    transaction::{query_all, query_one},
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::json;
use uuid::Uuid;

use crate::{
    domain::ledger::{Parts, SOURCES, order::Occurrence, source_index},
    store::column,
};

/// Events of one case that are put in order at once. Cases have some hundreds.
const EVENTS_MAX: i64 = 20_000;

/// The parts of a case, empty where nothing was recorded yet; its row is locked until the transaction ends.
pub async fn lock(transaction: &Transaction, case_id: Uuid) -> Result<Parts> {
    let locked = "select parts from ledger where case_id = $1 for update";
    if let Some(row) = transaction.one("lock a ledger row", locked, [case_id.into()]).await? {
        return parts(&row, case_id);
    }
    // Two logs may bring the first event of a case at once: whoever comes second waits here for the first.
    transaction
        .execute(
            "open a ledger row",
            "insert into ledger (case_id) values ($1) on conflict do nothing",
            [case_id.into()],
        )
        .await?;
    match transaction.one("lock a ledger row", locked, [case_id.into()]).await? {
        Some(row) => parts(&row, case_id),
        None => Err(StorageError::Conflict(format!("ledger row {case_id}"))),
    }
}

/// Writes the row of a case, which is locked, and the entry of the event that changed it.
pub async fn record(
    transaction: &Transaction,
    case_id: Uuid,
    parts: &Parts,
    logged: &LoggedEvent,
    standing: CaseStep,
) -> Result<()> {
    let event = &logged.event;
    let (intake, triage) = (&parts.intake.says, &parts.triage.says);
    let department = parts.owner().map(|owner| owner.department).unwrap_or_default();
    let document =
        serde_json::to_value(parts).map_err(|error| corrupt("ledger", case_id, &error.to_string()))?;
    let decided = event.effect.as_ref().and_then(|effect| effect["rulings"].as_array()).into_iter().flatten();
    let rules: Vec<&serde_json::Value> = decided.map(|ruling| &ruling["rule"]).collect();
    let causes: Vec<(&str, i64)> = event
        .causes
        .iter()
        .filter(|cause| cause.position.partition == logged.position.partition)
        .map(|cause| (cause.source.as_str(), cause.position.n))
        .collect();
    transaction
        .execute(
            "record an event in the ledger",
            include_str!("sql/record_event.sql"),
            [
                case_id.into(),
                document.into(),
                parts.events().into(),
                parts.is_registered().into(),
                parts.region().into(),
                i32::from(parts.state()).into(),
                i32::from(parts.step()).into(),
                parts.priority().into(),
                triage.category.into(),
                triage.primary_sub_type.as_str().into(),
                intake.waybill_no.as_str().into(),
                triage.incident_id.as_str().into(),
                department.into(),
                intake.person_ref.as_str().into(),
                intake.external_id.as_str().into(),
                intake.received_at.into(),
                event.id.into(),
                logged.source.as_str().into(),
                logged.position.partition.into(),
                logged.position.n.into(),
                logged.position.generation.into(),
                event.time.into(),
                event.kind.as_str().into(),
                event.subject_kind.as_str().into(),
                event.subject_id.into(),
                json!(event.actor).into(),
                event.handbook_hash.as_str().into(),
                json!(rules).into(),
                json!(causes).into(),
                i32::from(standing).into(),
                event.payload.clone().into(),
                parts.next_due_at().into(),
            ],
        )
        .await?;
    Ok(())
}

/// The parts of a case; none before its first event arrived.
pub async fn read(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<Option<Parts>> {
    let sql = "select parts from ledger where case_id = $1";
    let row = query_one(connection, "read a ledger row", sql, [case_id.into()]).await?;
    row.map(|row| parts(&row, case_id)).transpose()
}

/// How many events of a case were taken in: grows with every change of its row.
pub async fn events(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<i64> {
    let sql = "select events from ledger where case_id = $1";
    let row = query_one(connection, "count a case's events", sql, [case_id.into()]).await?;
    row.map_or(Ok(0), |row| column(&row, "events"))
}

/// Registered cases that fulfil `request` within `regions` (empty: all), the latest registration first, from the one
/// after `after` on.
pub async fn list(
    connection: &impl ConnectionTrait,
    request: &ListCasesRequest,
    regions: &[String],
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, Parts)>> {
    let mut query = Conditions::default();
    query.any_of("region", regions.iter().map(|region| region.as_str().into()));
    query.any_of("state", request.states.iter().map(|number| (*number).into()));
    query.any_of("step", request.steps.iter().map(|number| (*number).into()));
    query.any_of("priority", request.priorities.iter().map(|number| (*number).into()));
    query.any_of("category", (request.category != 0).then(|| request.category.into()));
    for (name, value) in [
        ("primary_sub_type", &request.primary_sub_type),
        ("waybill_no", &request.waybill_no),
        ("incident_id", &request.incident_id),
        ("owner_department", &request.owner_department),
        ("person_ref", &request.person_ref),
        ("external_id", &request.external_id),
    ] {
        query.any_of(name, (!value.is_empty()).then(|| value.as_str().into()));
    }
    query.that("next_due_at <", time(request.due_before.as_ref()));
    query.that("received_at >=", time(request.received_from.as_ref()));
    query.that("received_at <", time(request.received_before.as_ref()));
    // Case ids are in the order of registration.
    query.that("case_id <", after.map(Into::into));
    let limit = query.place(limit.into());
    let sql = format!(
        "select case_id, parts from ledger where registered{} order by case_id desc limit {limit}",
        query.sql
    );
    let rows = query_all(connection, "list the ledger", &sql, query.values).await?;
    rows.iter()
        .map(|row| {
            let case_id: Uuid = column(row, "case_id")?;
            Ok((case_id, parts(row, case_id)?))
        })
        .collect()
}

/// Conditions of a query that all hold, with their values.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// The column is one of `values`; nothing is no condition.
    fn any_of(&mut self, name: &str, values: impl IntoIterator<Item = Value>) {
        let places: Vec<String> = values.into_iter().map(|value| self.place(value)).collect();
        if !places.is_empty() {
            self.sql.push_str(&format!(" and {name} in ({})", places.join(", ")));
        }
    }

    /// The comparison holds for `value`; nothing is no condition.
    fn that(&mut self, comparison: &str, value: Option<Value>) {
        if let Some(value) = value {
            let place = self.place(value);
            self.sql.push_str(&format!(" and {comparison} {place}"));
        }
    }
}

fn time(wire: Option<&prost_types::Timestamp>) -> Option<Value> {
    wire.and_then(|time| redress_proto::time_from_wire(time).ok()).map(Into::into)
}

/// What orders a case's events, in no particular order.
pub async fn occurrences(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<Vec<Occurrence>> {
    let rows = query_all(
        connection,
        "order a timeline",
        "select source, n, time, causes, standing from timeline where case_id = $1 order by source, n limit $2",
        [case_id.into(), EVENTS_MAX.into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let source: String = column(row, "source")?;
            let causes: serde_json::Value = column(row, "causes")?;
            let causes: Vec<(String, i64)> = serde_json::from_value(causes)
                .map_err(|error| corrupt("timeline", case_id, &error.to_string()))?;
            Ok(Occurrence {
                source: source_index(&source).ok_or_else(|| corrupt("timeline", case_id, &source))?,
                n: column(row, "n")?,
                time: column(row, "time")?,
                causes: causes.iter().filter_map(|(source, n)| Some((source_index(source)?, *n))).collect(),
                standing: CaseStep::try_from(column::<i32>(row, "standing")?)
                    .unwrap_or(CaseStep::Unspecified),
            })
        })
        .collect()
}

/// An event as the timeline keeps it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Service.
    pub source: String,
    /// Place in its log.
    pub position: Position,
    /// Id of the event.
    pub event_id: Uuid,
    /// When it happened.
    pub time: Timestamp,
    /// Full name of the payload's message.
    pub kind: String,
    /// Aggregate: kind and id.
    pub subject: (String, Uuid),
    /// Who did it.
    pub actor: Actor,
    /// Handbook that the case is pinned to.
    pub handbook_hash: String,
    /// Rules that decided it.
    pub rules: Vec<RuleRef>,
    /// The message, encoded.
    pub payload: Vec<u8>,
}

/// The entries at these places of a case's timeline, by service index and number.
pub async fn entries(
    connection: &impl ConnectionTrait,
    case_id: Uuid,
    places: &[(usize, i64)],
) -> Result<BTreeMap<(usize, i64), Entry>> {
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted: Vec<_> = places
        .iter()
        .filter_map(|(source, n)| Some(json!({ "source": SOURCES.get(*source)?, "n": n })))
        .collect();
    let rows = query_all(
        connection,
        "read a timeline",
        "select t.* from timeline t
           join jsonb_to_recordset($2) as wanted (source text, n bigint)
             on t.source = wanted.source and t.n = wanted.n
          where t.case_id = $1",
        [case_id.into(), serde_json::Value::Array(wanted).into()],
    )
    .await?;
    rows.iter()
        .map(|row| {
            let entry = entry(row, case_id)?;
            let source =
                source_index(&entry.source).ok_or_else(|| corrupt("timeline", case_id, &entry.source))?;
            Ok(((source, entry.position.n), entry))
        })
        .collect()
}

fn entry(row: &QueryResult, case_id: Uuid) -> Result<Entry> {
    let json = |name: &'static str| -> Result<serde_json::Value> { column(row, name) };
    let actor = serde_json::from_value(json("actor")?);
    let rules = json("rules")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Entry {
        source: column(row, "source")?,
        position: Position {
            generation: column(row, "generation")?,
            partition: column(row, "partition")?,
            n: column(row, "n")?,
        },
        event_id: column(row, "event_id")?,
        time: column(row, "time")?,
        kind: column(row, "type")?,
        subject: (column(row, "subject_kind")?, column(row, "subject_id")?),
        actor: actor.map_err(|error| corrupt("timeline", case_id, &error.to_string()))?,
        handbook_hash: column(row, "handbook_hash")?,
        rules: rules
            .as_array()
            .into_iter()
            .flatten()
            .map(|rule| RuleRef { id: text(&rule["id"]), cite: text(&rule["cite"]) })
            .collect(),
        payload: column(row, "payload")?,
    })
}

fn parts(row: &QueryResult, case_id: Uuid) -> Result<Parts> {
    let document: serde_json::Value = column(row, "parts")?;
    serde_json::from_value(document).map_err(|error| corrupt("ledger", case_id, &error.to_string()))
}

fn corrupt(table: &'static str, case_id: Uuid, detail: &str) -> StorageError {
    StorageError::CorruptRow { table, row: case_id.to_string(), detail: detail.to_owned() }
}
