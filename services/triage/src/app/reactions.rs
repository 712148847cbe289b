//! What events of the other services do to a case.

use redress_chassis::{Place, Result, Unit, wire::payload};
use redress_domain::{Decision, handbook::ClosingBasis};
use redress_proto::{
    intake::v1::{
        CaseAmended, CaseClosed, CaseReopened, ComplaintRegistered, MessageDelivered, MessageReceived,
        OrderFactsAttached, ReadPurpose,
    },
    investigation::v1::InvestigationConcluded,
    time_from_wire,
};
use redress_storage::LoggedEvent;
use uuid::Uuid;

use super::change;
use crate::{
    Triage,
    domain::{Setting, case::Case, classify, turns, words},
};

const REGISTERED: &str = "redress.intake.v1.ComplaintRegistered";
const AMENDED: &str = "redress.intake.v1.CaseAmended";
/// How the names of amended fields begin that change the narrative.
const NARRATIVE: &str = "narrative";

/// Reads the text of a complaint before its event is applied, and keeps what it points to.
pub(crate) async fn prepare(app: &Triage, event: &LoggedEvent) -> Result<()> {
    let facts = match event.event.kind.as_str() {
        REGISTERED => payload::<ComplaintRegistered>(event)?.facts,
        AMENDED => {
            let amended: CaseAmended = payload(event)?;
            let rewritten = amended.changed_fields.iter().any(|field| field.starts_with(NARRATIVE));
            amended.facts.filter(|_| rewritten)
        }
        _ => None,
    };
    let Some(facts) = facts.filter(|facts| !facts.narrative_ref.is_empty()) else { return Ok(()) };
    let (text_ref, traceparent) = (&facts.narrative_ref, &event.event.traceparent);
    let Some((text, language)) = app.texts.read(text_ref, ReadPurpose::Classify, "", traceparent).await?
    else {
        return Ok(());
    };
    let book = app.engine.policies().handbook(&event.event.handbook_hash).await?;
    if let Some(found) = classify::read_text(&book, &language, &text, text_ref) {
        app.texts.keep(event.event.id, found);
    }
    Ok(())
}

/// Applies an event. Events of cases that triage does not know, or has seen end, change nothing.
pub(crate) async fn react(app: &Triage, unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    match event.event.kind.as_str() {
        REGISTERED => registered(app, unit, case_id, event).await,
        "redress.intake.v1.OrderFactsAttached" => {
            let attached: OrderFactsAttached = payload(event)?;
            let order = attached.order.unwrap_or_default();
            let work = |case: &Case, setting: &Setting<'_>| Ok(turns::order_known(case, &order, setting));
            change::revise(unit, case_id, "", work).await.map(drop)
        }
        AMENDED => {
            let amended: CaseAmended = payload(event)?;
            let Some(facts) = amended.facts else { return Ok(()) };
            let read = app.texts.take(event.event.id);
            let work =
                |case: &Case, setting: &Setting<'_>| Ok(turns::amended(case, &facts, read.clone(), setting));
            change::revise(unit, case_id, "", work).await.map(drop)
        }
        "redress.intake.v1.MessageReceived" => {
            let message: MessageReceived = payload(event)?;
            let work = |case: &Case, setting: &Setting<'_>| {
                Ok(turns::message_received(case, &message.signals, setting))
            };
            change::revise(unit, case_id, "", work).await.map(drop)
        }
        "redress.intake.v1.CaseReopened" => {
            let reopened: CaseReopened = payload(event)?;
            let reopenings = u32::try_from(reopened.reopenings).unwrap_or_default().max(1);
            let work = |case: &Case, _: &Setting<'_>| Ok(turns::reopened(case, reopenings));
            change::revise(unit, case_id, "", work).await.map(drop)
        }
        "redress.investigation.v1.InvestigationConcluded" => {
            let concluded: InvestigationConcluded = payload(event)?;
            let corrected = concluded.corrected_sub_type;
            let work = |case: &Case, setting: &Setting<'_>| Ok(turns::concluded(case, &corrected, setting));
            change::revise(unit, case_id, "", work).await.map(drop)
        }
        "redress.intake.v1.CaseRefused" => {
            change::end(unit, case_id, Some(ClosingBasis::Refused), false).await
        }
        "redress.intake.v1.CaseWithdrawn" => {
            change::end(unit, case_id, Some(ClosingBasis::Withdrawn), false).await
        }
        "redress.intake.v1.CaseClosed" => {
            let closed: CaseClosed = payload(event)?;
            change::end(unit, case_id, words::basis(closed.basis()), true).await
        }
        "redress.intake.v1.MessageDelivered" => {
            let message: MessageDelivered = payload(event)?;
            if message.asked_by != unit.engine().service() {
                return Ok(());
            }
            let at = message
                .delivery_time
                .as_ref()
                .and_then(|at| time_from_wire(at).ok())
                .unwrap_or(event.event.time);
            take(unit, case_id, |case| {
                turns::progress_delivered(case, &message.notice_key, at, message.proof())
            })
            .await
        }
        "redress.compensation.v1.ResolutionOffered" => take(unit, case_id, turns::offered).await,
        _ => Ok(()),
    }
}

async fn registered(app: &Triage, unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    if unit.find::<Case>(case_id).await?.is_some() {
        return Ok(());
    }
    let registered: ComplaintRegistered = payload(event)?;
    let facts = registered.facts.unwrap_or_default();
    let logged = &event.event;
    let policy = unit.engine().policies().get(&logged.handbook_hash, &logged.calendar_hash).await?;
    let place = Place {
        id: case_id,
        case_id: Some(case_id),
        region: logged.region.clone(),
        handbook_hash: logged.handbook_hash.clone(),
        calendar_hash: logged.calendar_hash.clone(),
    };
    let setting = super::setting(case_id, &logged.region, &policy, unit.now());
    let revision = turns::registered(&facts, app.texts.take(logged.id), &setting);
    change::register(unit, place, &policy, revision).await
}

/// A change that does not rank the case again.
async fn take(
    unit: &mut Unit,
    case_id: Uuid,
    decide: impl Fn(&Case) -> Option<Decision<Case>> + Send,
) -> Result<()> {
    let Some(case) = unit.find::<Case>(case_id).await? else { return Ok(()) };
    if let Some(decision) = decide(&case.state) {
        unit.save(case, decision).await?;
    }
    Ok(())
}
