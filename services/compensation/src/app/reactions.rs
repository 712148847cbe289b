//! What events of the other services do to a case's resolution.

use redress_chassis::{Place, Result, Unit, wire::payload};
use redress_proto::{
    intake::v1::{CaseAmended, ComplaintRegistered, MessageDelivered, OrderFactsAttached},
    investigation::v1::InvestigationConcluded,
    time_from_wire,
    triage::v1::{CaseJoinedIncident, CaseTriaged},
};
use redress_storage::LoggedEvent;
use uuid::Uuid;

use super::change;
use crate::{
    Compensation,
    domain::{context, obstacle, offer, state::Resolution},
};

/// Applies an event. Events of cases that are not known here change nothing, and neither do repeats.
pub(crate) async fn react(app: &Compensation, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    match event.event.kind.as_str() {
        "redress.intake.v1.ComplaintRegistered" => registered(app, unit, case_id, event).await,
        "redress.intake.v1.OrderFactsAttached" => {
            let attached: OrderFactsAttached = payload(event)?;
            let order = attached.order.unwrap_or_default();
            let currency = currency(app, event).await?;
            change::learn(unit, case_id, |known| known.take_order(&order, currency)).await
        }
        "redress.intake.v1.CaseAmended" => {
            let amended: CaseAmended = payload(event)?;
            let Some(facts) = amended.facts else { return Ok(()) };
            let currency = currency(app, event).await?;
            change::learn(unit, case_id, |known| known.take(&facts, currency)).await
        }
        "redress.intake.v1.CaseRefused" | "redress.intake.v1.CaseWithdrawn" => {
            change::revise(unit, case_id, |resolution, _, _| Ok(context::cancel(resolution))).await
        }
        "redress.intake.v1.CaseReopened" => {
            change::revise(unit, case_id, |resolution, _, _| Ok(context::reopen(resolution, false))).await
        }
        "redress.intake.v1.MessageDelivered" => delivered(app, unit, case_id, &payload(event)?).await,
        "redress.triage.v1.CaseTriaged" => {
            let triaged: CaseTriaged = payload(event)?;
            change::learn(unit, case_id, |known| known.take_triage(&triaged)).await
        }
        "redress.triage.v1.CaseJoinedIncident" => {
            let joined: CaseJoinedIncident = payload(event)?;
            change::learn(unit, case_id, |known| known.take_incident(&joined)).await
        }
        "redress.investigation.v1.InvestigationConcluded" => {
            let concluded: InvestigationConcluded = payload(event)?;
            change::learn(unit, case_id, |known| known.take_findings(&concluded)).await
        }
        _ => Ok(()),
    }
}

async fn registered(app: &Compensation, unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    if unit.find::<Resolution>(case_id).await?.is_some() {
        return Ok(());
    }
    let registered: ComplaintRegistered = payload(event)?;
    let place = Place {
        id: case_id,
        case_id: Some(case_id),
        region: event.event.region.clone(),
        handbook_hash: event.event.handbook_hash.clone(),
        calendar_hash: event.event.calendar_hash.clone(),
    };
    let currency = currency(app, event).await?;
    unit.create(place, Resolution::open(&registered, currency)).await?;
    Ok(())
}

/// The currency of the handbook that the case is pinned to.
async fn currency(app: &Compensation, event: &LoggedEvent) -> Result<redress_domain::Currency> {
    Ok(app.engine.policies().handbook(&event.event.handbook_hash).await?.currency)
}

/// A message of ours reached the customer: an offer, a notice, or word of an obstacle.
async fn delivered(
    app: &Compensation,
    unit: &mut Unit,
    case_id: Uuid,
    message: &MessageDelivered,
) -> Result<()> {
    if message.asked_by != app.engine.service() {
        return Ok(());
    }
    let at = message.delivery_time.as_ref().and_then(|time| time_from_wire(time).ok());
    change::revise(unit, case_id, |resolution, _, setting| {
        let at = at.unwrap_or(setting.now);
        match obstacle::told(resolution, &message.notice_key, at, setting)? {
            Some(decision) => Ok(Some(decision)),
            None => Ok(offer::delivered(resolution, &message.notice_key, at, message.proof())),
        }
    })
    .await
}
