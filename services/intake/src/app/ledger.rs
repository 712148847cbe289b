//! The ledger: the read model over all services' events.

use redress_chassis::{Call, Failure, Loaded, Result, Unit, unit, wire};
use redress_domain::Rejection;
use redress_proto::{intake::v1 as pb, types::v1 as types};
use redress_storage::{LoggedEvent, Transaction};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{
    Intake,
    domain::{
        case::Case,
        ledger::{
            Happened, Refused,
            details::Details,
            order::{self, Occurrence},
            source_index,
            titles::title,
        },
    },
    store,
};

/// Carries one event of any service into the ledger and the timeline. Called first for every event, in its unit.
pub async fn record(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    record_in(unit.transaction(), event).await
}

/// The same in any transaction: a ledger is built anew by recording all logs into empty tables, each in its order.
/// Events that belong to no case, and events that were recorded before, change nothing.
pub async fn record_in(transaction: &Transaction, event: &LoggedEvent) -> Result<()> {
    let Some(case_id) = event.event.case_id.filter(|_| source_index(&event.source).is_some()) else {
        return Ok(());
    };
    let mut parts = store::ledger::lock(transaction, case_id).await?;
    let happened = Happened {
        source: &event.source,
        position: (event.position.generation, event.position.n),
        kind: &event.event.kind,
        time: event.event.time,
        region: &event.event.region,
        payload: &event.event.payload,
    };
    let unreadable =
        |refused: Refused| Failure::Internal(anyhow::anyhow!("event `{}`: {refused}", event.event.id));
    if let Some(standing) = parts.apply(&happened).map_err(unreadable)? {
        store::ledger::record(transaction, case_id, &parts, event, standing).await?;
    }
    Ok(())
}

/// The ledger row of a case, for `GetCase`; none before its first event arrived.
pub async fn row(connection: &impl ConnectionTrait, case_id: Uuid) -> Result<Option<pb::LedgerRow>> {
    let parts = store::ledger::read(connection, case_id).await?;
    Ok(parts.map(|parts| parts.to_wire(&case_id.to_string())))
}

/// The case that a caller asks to read, if the caller may see it.
pub(crate) async fn case_to_read(app: &Intake, call: &Call, case_id: &str) -> Result<Loaded<Case>> {
    let id = Uuid::parse_str(case_id)
        .map_err(|_| Rejection::invalid("INVALID_FIELDS", "case_id", "must be a UUID"))?;
    if call.caller.is_customer() && call.caller.case_id != id.to_string() {
        // Before looking, so that a customer cannot learn which other cases there are.
        return Err(Rejection::denied("CASE_NOT_ALLOWED", "the token opens another case").into());
    }
    let case = unit::read::<Case>(&app.engine, id).await?;
    call.caller.may_see(case.region(), Some(id))?;
    Ok(case)
}

/// A case's events in the order of its timeline.
#[derive(Debug)]
pub(crate) struct Timeline {
    case_id: Uuid,
    occurrences: Vec<Occurrence>,
    ordered: Vec<usize>,
    steps: Vec<pb::CaseStep>,
}

impl Timeline {
    /// Reads the order of a case's timeline.
    pub(crate) async fn read(app: &Intake, case_id: Uuid) -> Result<Self> {
        let occurrences = store::ledger::occurrences(app.pool(), case_id).await?;
        let ordered = order::in_order(&occurrences);
        let steps = order::steps(&occurrences, &ordered);
        Ok(Self { case_id, occurrences, ordered, steps })
    }

    /// Places of the events, oldest first: service index and number in its log, and the step that each brought.
    pub(crate) fn places(&self) -> impl Iterator<Item = ((usize, i64), pb::CaseStep)> {
        self.ordered.iter().zip(&self.steps).filter_map(|(index, step)| {
            let event = self.occurrences.get(*index)?;
            Some(((event.source, event.n), *step))
        })
    }

    /// The entries at `places`, in their order.
    pub(crate) async fn entries(
        &self,
        app: &Intake,
        places: &[((usize, i64), pb::CaseStep)],
    ) -> Result<Vec<pb::TimelineEntry>> {
        let wanted: Vec<(usize, i64)> = places.iter().map(|(place, _)| *place).collect();
        let mut found = store::ledger::entries(app.pool(), self.case_id, &wanted).await?;
        let mut entries = Vec::with_capacity(places.len());
        for (place, step) in places {
            if let Some(entry) = found.remove(place) {
                entries.push(to_wire(app, entry, *step).await);
            }
        }
        Ok(entries)
    }
}

async fn to_wire(app: &Intake, entry: store::ledger::Entry, step: pb::CaseStep) -> pb::TimelineEntry {
    // An entry is shown also where its handbook cannot be read; then without names from it.
    let handbook = app.engine.policies().handbook(&entry.handbook_hash).await.ok();
    let mut details = Details::of(&entry.kind, &entry.payload);
    details.add_rules(entry.rules);
    let (kind, id) = entry.subject;
    pb::TimelineEntry {
        event_id: entry.event_id.to_string(),
        time: Some(redress_proto::time_to_wire(entry.time)),
        service: entry.source,
        title: Some(title(&entry.kind, &details, handbook.as_deref())),
        r#type: entry.kind,
        step: step.into(),
        subject: Some(types::Subject { kind, id: id.to_string() }),
        actor: Some(wire::actor(&entry.actor)),
        rules: details.rules,
        handbook_version: handbook.map(|handbook| handbook.version.clone()).unwrap_or_default(),
        position: Some(types::Position {
            generation: entry.position.generation,
            partition: entry.position.partition,
            n: entry.position.n,
        }),
        details: details.fields,
    }
}
