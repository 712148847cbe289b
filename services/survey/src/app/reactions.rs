//! What events do to surveys and to the months' figures.

use redress_chassis::{Place, Policy, Result, Unit, wire::payload};
use redress_domain::{
    Decision,
    handbook::{ClosingBasis, NoticeKey, Priority},
};
use redress_proto::{
    compensation::v1::RemedyExecuted,
    deadlines::v1::{Deadline, DeadlineBasis, DeadlineChange, DeadlineChanged, DeadlineState},
    intake::v1::{
        CaseAmended, CaseClosed, CaseReopened, ComplaintRegistered, HandbookActivated, MessageDelivered,
        MessageFailed, OrderFactsAttached,
    },
    triage::v1::CaseTriaged,
};
use redress_storage::LoggedEvent;
use uuid::Uuid;

use super::{reviews, setting};
use crate::{
    Survey,
    domain::{
        Setting,
        case::{self, CaseFigures},
        survey::{self as on_case, ClosedCase},
        words,
    },
    store,
};

const ACTIVATED: &str = "redress.intake.v1.HandbookActivated";

/// Fetches the rules that were activated, before the event is applied.
pub(crate) async fn prepare(app: &Survey, event: &LoggedEvent) -> Result<()> {
    if event.event.kind != ACTIVATED {
        return Ok(());
    }
    let policy = payload::<HandbookActivated>(event)?.policy.unwrap_or_default();
    app.engine.policies().ensure(&policy.handbook_hash, &policy.calendar_hash).await
}

/// Applies an event. What cannot be told of a case that is not known here changes nothing.
pub(crate) async fn react(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    if event.event.kind == ACTIVATED {
        return activated(unit, event).await;
    }
    let Some(case_id) = event.event.case_id else { return Ok(()) };
    match event.event.kind.as_str() {
        "redress.intake.v1.ComplaintRegistered" => registered(unit, case_id, event).await,
        "redress.intake.v1.OrderFactsAttached" => {
            let order = payload::<OrderFactsAttached>(event)?.order.unwrap_or_default();
            note(unit, case_id, |case, rules| case.order_known(&order, rules)).await
        }
        "redress.intake.v1.CaseAmended" => {
            let Some(facts) = payload::<CaseAmended>(event)?.facts else { return Ok(()) };
            note(unit, case_id, |case, rules| case.amended(&facts, rules)).await
        }
        "redress.triage.v1.CaseTriaged" => {
            let triaged: CaseTriaged = payload(event)?;
            note(unit, case_id, |case, rules| case.triaged(&triaged, rules)).await
        }
        "redress.compensation.v1.RemedyExecuted" => {
            let executed: RemedyExecuted = payload(event)?;
            note(unit, case_id, |case, rules| case.paid(&executed, rules)).await
        }
        "redress.deadlines.v1.DeadlineChanged" => {
            let changed: DeadlineChanged = payload(event)?;
            if !counts(&changed) {
                return Ok(());
            }
            let deadline = changed.deadline.unwrap_or_default();
            note(unit, case_id, |case, rules| case.deadline_changed(&deadline, rules)).await
        }
        "redress.intake.v1.CaseClosed" => closed(unit, case_id, event).await,
        "redress.intake.v1.CaseReopened" => reopened(unit, case_id, event).await,
        "redress.intake.v1.MessageDelivered" => delivered(unit, case_id, event).await,
        "redress.intake.v1.MessageFailed" => failed(unit, event).await,
        _ => Ok(()),
    }
}

/// Most changes of deadlines count for nothing; told here, so that no case is loaded for them.
fn counts(changed: &DeadlineChanged) -> bool {
    let ends = |deadline: &Deadline| matches!(deadline.state(), DeadlineState::Met | DeadlineState::Missed);
    let counts = |deadline: &&Deadline| deadline.basis() != DeadlineBasis::Action;
    let deadline = changed.deadline.as_ref().filter(counts);
    deadline.is_some_and(|deadline| ends(deadline) || changed.change() == DeadlineChange::Corrected)
}

/// Changes what a case adds to the figures.
async fn note(
    unit: &mut Unit,
    case_id: Uuid,
    decide: impl FnOnce(&CaseFigures, &Setting<'_>) -> Option<Decision<CaseFigures>> + Send,
) -> Result<()> {
    let Some(case) = unit.find::<CaseFigures>(case_id).await? else { return Ok(()) };
    let policy = unit.policy(&case).await?;
    if let Some(decision) = decide(&case.state, &setting(case.region(), &policy, unit.now())) {
        unit.save(case, decision).await?;
    }
    Ok(())
}

/// Changes a survey.
async fn change(
    unit: &mut Unit,
    survey_id: Uuid,
    decide: impl FnOnce(&on_case::Survey, &Setting<'_>) -> Option<Decision<on_case::Survey>> + Send,
) -> Result<()> {
    let Some(survey) = unit.find::<on_case::Survey>(survey_id).await? else { return Ok(()) };
    let policy = unit.policy(&survey).await?;
    if let Some(decision) = decide(&survey.state, &setting(survey.region(), &policy, unit.now())) {
        unit.save(survey, decision).await?;
    }
    Ok(())
}

async fn policy_of(unit: &Unit, event: &LoggedEvent) -> Result<Policy> {
    unit.policy_of(&event.event.handbook_hash, &event.event.calendar_hash).await
}

fn place_of(event: &LoggedEvent, id: Uuid) -> Place {
    Place {
        id,
        case_id: event.event.case_id,
        region: event.event.region.clone(),
        handbook_hash: event.event.handbook_hash.clone(),
        calendar_hash: event.event.calendar_hash.clone(),
    }
}

async fn activated(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    let activated: HandbookActivated = payload(event)?;
    let named = activated.policy.unwrap_or_default();
    let policy = unit.policy_of(&named.handbook_hash, &named.calendar_hash).await?;
    for region in &activated.regions {
        reviews::activated(unit, region, &policy).await?;
    }
    Ok(())
}

async fn registered(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    if unit.find::<CaseFigures>(case_id).await?.is_some() {
        return Ok(());
    }
    let facts = payload::<ComplaintRegistered>(event)?.facts.unwrap_or_default();
    let policy = policy_of(unit, event).await?;
    let region = &event.event.region;
    let decision = case::registered(&facts, &setting(region, &policy, unit.now()));
    let month = decision.next.month;
    unit.create(place_of(event, case_id), decision).await?;
    reviews::begin(unit, region, month, &policy).await
}

/// The case counts as closed, and its survey is to be sent, where the handbook asks after such an end (M7.2).
async fn closed(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    let closed: CaseClosed = payload(event)?;
    let at = words::time(closed.close_time.as_ref(), event.event.time);
    let basis = ClosingBasis::try_from(closed.basis()).ok();
    note(unit, case_id, |case, rules| case.closed(at, basis, rules)).await?;
    let earlier = latest(unit, case_id).await?;
    if earlier.as_ref().is_some_and(|survey| survey.closed_at >= at) {
        return Ok(());
    }
    let round = earlier.map_or(1, |survey| survey.round + 1);
    let survey_id = on_case::id_of(case_id, round);
    let known = unit.find::<CaseFigures>(case_id).await?.map(|case| case.state);
    let closed = ClosedCase {
        case_id,
        round,
        at,
        basis,
        language: known.as_ref().map(|case| case.language.clone()).unwrap_or_default(),
        priority: known.and_then(|case| case.priority).unwrap_or(Priority::General),
    };
    let policy = policy_of(unit, event).await?;
    let decision = on_case::schedule(&closed, &setting(&event.event.region, &policy, unit.now()));
    unit.create(place_of(event, survey_id), decision).await?;
    Ok(())
}

/// The case does not count as closed any more, and the survey on that closing is not wanted.
async fn reopened(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    let reopened: CaseReopened = payload(event)?;
    let reopenings = usize::try_from(reopened.reopenings).unwrap_or_default();
    note(unit, case_id, |case, rules| case.reopened(reopenings, event.event.time, rules)).await?;
    let Some(survey) = latest(unit, case_id).await? else { return Ok(()) };
    change(unit, survey.id(), |survey, _| survey.reopened()).await
}

/// The latest survey of a case. Cases that were refused or withdrawn are reopened without one.
async fn latest(unit: &mut Unit, case_id: Uuid) -> Result<Option<on_case::Survey>> {
    let Some(id) = store::survey::latest_of_case(unit.transaction().connection(), case_id).await? else {
        return Ok(None);
    };
    Ok(unit.find::<on_case::Survey>(id).await?.map(|survey| survey.state))
}

/// Our invitation arrived; or somebody's message did, with which low scores are followed up.
async fn delivered(unit: &mut Unit, case_id: Uuid, event: &LoggedEvent) -> Result<()> {
    let message: MessageDelivered = payload(event)?;
    let at = words::time(message.delivery_time.as_ref(), event.event.time);
    if message.asked_by == unit.engine().service() {
        let Some(survey_id) = invitation(&message.notice, &message.notice_key) else { return Ok(()) };
        let channel = words::channel_from_wire(message.channel());
        return change(unit, survey_id, |survey, _| survey.delivered(at, channel, message.proof())).await;
    }
    if !message.audience.is_some_and(|audience| audience.customer) {
        return Ok(());
    }
    for survey_id in store::survey::followed_up(unit.transaction(), case_id).await? {
        change(unit, survey_id, |survey, _| survey.followed_up(at)).await?;
    }
    Ok(())
}

async fn failed(unit: &mut Unit, event: &LoggedEvent) -> Result<()> {
    let message: MessageFailed = payload(event)?;
    if message.asked_by != unit.engine().service() {
        return Ok(());
    }
    let Some(survey_id) = invitation(&message.notice, &message.notice_key) else { return Ok(()) };
    let channel = words::channel_from_wire(message.channel());
    change(unit, survey_id, |survey, rules| survey.failed(channel, rules)).await
}

/// The survey that a message invites to.
fn invitation(notice: &str, notice_key: &str) -> Option<Uuid> {
    (notice == NoticeKey::SurveyInvitation.as_str()).then(|| on_case::of_notice_key(notice_key)).flatten()
}
