//! What events of the other services do to an investigation.

use redress_chassis::{Place, Result, Unit, wire::payload};
use redress_domain::{Rejection, Timestamp, handbook::ClosingBasis};
use redress_proto::{
    intake::v1::{
        CaseAmended, CaseClosed, CaseReopened, ComplaintRegistered, MessageDelivered, MessageFailed,
        MessageReceived, OrderFactsAttached,
    },
    time_from_wire,
    triage::v1::{CaseDispatched, CaseJoinedIncident, CaseReassigned, CaseTriaged},
};
use redress_storage::LoggedEvent;
use uuid::Uuid;

use super::setting;
use crate::domain::{
    Draft, Setting,
    case::{Case, Person},
    extension, reporting, triage, turns,
};

/// Applies an event. Events of cases that investigation does not know, or has seen end, change nothing.
pub(crate) async fn react(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    let kind = event.event.kind.as_str();
    let by = service(unit);
    match kind {
        "redress.intake.v1.ComplaintRegistered" => registered(unit, case_id, event).await,
        "redress.intake.v1.OrderFactsAttached" => {
            let order = payload::<OrderFactsAttached>(event)?.order.unwrap_or_default();
            take(unit, case_id, |case, setting| turns::order_known(case, &order, kind, setting)).await
        }
        "redress.intake.v1.CaseAmended" => {
            let Some(facts) = payload::<CaseAmended>(event)?.facts else { return Ok(()) };
            take(unit, case_id, |case, setting| turns::amended(case, &facts, kind, &by, setting)).await
        }
        "redress.intake.v1.MessageReceived" => {
            let message: MessageReceived = payload(event)?;
            let at = time(message.received_time.as_ref(), event);
            take(unit, case_id, |case, setting| {
                turns::message_received(case, &message, at, kind, &by, setting)
            })
            .await
        }
        "redress.intake.v1.MessageDelivered" => delivered(unit, case_id, event).await,
        "redress.intake.v1.MessageFailed" => {
            let message: MessageFailed = payload(event)?;
            if message.asked_by != unit.engine().service() {
                return Ok(());
            }
            take(unit, case_id, |case, _| Ok(turns::message_failed(case, &message.notice_key))).await
        }
        "redress.intake.v1.CaseRefused" => ended(unit, case_id, ClosingBasis::Refused, kind).await,
        "redress.intake.v1.CaseWithdrawn" => ended(unit, case_id, ClosingBasis::Withdrawn, kind).await,
        "redress.intake.v1.CaseClosed" => {
            let closed: CaseClosed = payload(event)?;
            let keep_until = closed.keep_until_time.as_ref().and_then(|at| time_from_wire(at).ok());
            take(unit, case_id, |case, _| Ok(turns::closed(case, keep_until, kind))).await
        }
        "redress.intake.v1.CaseReopened" => {
            let reopened: CaseReopened = payload(event)?;
            take(unit, case_id, |case, _| Ok(turns::reopened(case, &reopened.seal_ids))).await
        }
        "redress.triage.v1.CaseTriaged" => triaged(unit, case_id, event).await,
        "redress.triage.v1.CaseDispatched" => {
            let dispatch = payload::<CaseDispatched>(event)?.dispatch.unwrap_or_default();
            let own_matter = triage::is_own_matter(&dispatch);
            take(unit, case_id, |case, setting| {
                Ok(triage::dispatched(case, &dispatch.department, own_matter, setting))
            })
            .await
        }
        "redress.triage.v1.CaseReassigned" => {
            let dispatch = payload::<CaseReassigned>(event)?.dispatch.unwrap_or_default();
            let own_matter = triage::is_own_matter(&dispatch);
            take(unit, case_id, |case, setting| {
                Ok(triage::dispatched(case, &dispatch.department, own_matter, setting))
            })
            .await
        }
        "redress.triage.v1.CaseJoinedIncident" => {
            let joined: CaseJoinedIncident = payload(event)?;
            let grouped = joined.recognised && !joined.linked_only;
            take(unit, case_id, |case, setting| {
                turns::joined_incident(case, grouped, joined.people, kind, setting)
            })
            .await
        }
        _ => Ok(()),
    }
}

async fn registered(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    if unit.find::<Case>(case_id).await?.is_some() {
        return Ok(());
    }
    let logged = &event.event;
    let facts = payload::<ComplaintRegistered>(event)?.facts.unwrap_or_default();
    let policy = unit.engine().policies().get(&logged.handbook_hash, &logged.calendar_hash).await?;
    let setting = Setting {
        case_id,
        region: &logged.region,
        book: &policy.handbook,
        calendar: &policy.calendar,
        now: logged.time,
    };
    let decision = turns::registered(&facts, &logged.kind, &setting);
    let place = Place {
        id: case_id,
        case_id: Some(case_id),
        region: logged.region.clone(),
        handbook_hash: logged.handbook_hash.clone(),
        calendar_hash: logged.calendar_hash.clone(),
    };
    unit.create(place, decision).await?;
    Ok(())
}

/// A triage opens the investigation, so a case that is not known parks instead of being passed over.
async fn triaged(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    let case = unit.load::<Case>(case_id).await?;
    let triaged: CaseTriaged = payload(event)?;
    // Limits run from when it happened, however late it is learnt.
    let at = time(triaged.raise_time.as_ref(), event);
    let policy = unit.policy(&case).await?;
    let decision = triage::triaged(&case.state, &triaged, at, &setting(&case, &policy, unit.now()))?;
    if let Some(decision) = decision {
        unit.save(case, decision).await?;
    }
    Ok(())
}

async fn delivered(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    let message: MessageDelivered = payload(event)?;
    let at = time(message.delivery_time.as_ref(), event);
    let (key, proof) = (&message.notice_key, message.proof());
    let ours = message.asked_by == unit.engine().service();
    let to_customer = message.audience.as_ref().is_some_and(|audience| audience.customer);
    take(unit, case_id, |case, setting| {
        let mut decision = None;
        if ours {
            decision = extension::told(case, key, at, setting)?;
            decision = decision.or_else(|| reporting::progress_delivered(case, key, at, proof));
        }
        if to_customer {
            decision =
                decision.or_else(|| reporting::outcome_delivered(case, key, &message.notice, at, proof));
        }
        Ok(decision)
    })
    .await
}

async fn ended(unit: &mut Unit, case_id: Uuid, basis: ClosingBasis, kind: &str) -> Result<()> {
    take(unit, case_id, |case, setting| Ok(turns::ended(case, basis, kind, setting))).await
}

async fn take(
    unit: &mut Unit,
    case_id: Uuid,
    decide: impl FnOnce(&Case, &Setting<'_>) -> std::result::Result<Option<Draft>, Rejection> + Send,
) -> Result<()> {
    let Some(case) = unit.find::<Case>(case_id).await? else { return Ok(()) };
    let policy = unit.policy(&case).await?;
    let decision = decide(&case.state, &setting(&case, &policy, unit.now()))?;
    if let Some(decision) = decision {
        unit.save(case, decision).await?;
    }
    Ok(())
}

/// The service itself, as the actor of what follows from events.
fn service(unit: &Unit) -> Person {
    let actor = unit.actor();
    Person { subject: actor.subject.clone(), role: actor.role.clone(), department: String::new() }
}

/// When something happened; the time of its event where it does not say.
fn time(at: Option<&prost_types::Timestamp>, event: &LoggedEvent) -> Timestamp {
    at.and_then(|at| time_from_wire(at).ok()).unwrap_or(event.event.time)
}
