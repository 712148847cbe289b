//! Carrying a resolution out: what begins with the agreement, and what ends it.

use redress_domain::{
    DeadlineChange, Decision, Money, Rejection, Timestamp,
    handbook::{Channel, DeadlineKind, Executor, NoticeKey},
};
use redress_proto::{compensation::v1 as pb, time_to_wire};
use uuid::Uuid;

use super::{
    Setting, calls, log,
    notice::Asking,
    offer,
    state::{Account, Remedy, RemedyState, Resolution, State},
    terms, words,
};

/// Begins to carry out every remedy. Its promises run from the agreement on.
///
/// # Errors
/// `CALENDAR_CANNOT_TELL`, `LIMIT_EXCEEDED`.
pub(crate) fn begin(decision: &mut Decision<Resolution>, setting: &Setting<'_>) -> Result<(), Rejection> {
    let Some(settlement) = decision.next.settlement.clone() else { return Ok(()) };
    offer::promise_each(&mut decision.next, settlement.at, setting)?;
    let planned: Vec<Uuid> = decision
        .next
        .remedies()
        .iter()
        .filter(|remedy| remedy.state == RemedyState::Planned)
        .map(|remedy| remedy.id)
        .collect();
    let context = decision.next.context.clone();
    for id in planned {
        let (rule, _) = setting.book.remedy_kind(decision.next.remedy(id)?.kind);
        if let Some(kind) = rule.promise.map(|kind| kind.value) {
            let (draft, _) = terms::draft(setting, &context, kind, &id.to_string(), settlement.at)?;
            decision.deadlines.push(DeadlineChange::Open(draft));
        }
        start(decision, id, setting)?;
    }
    stand(decision)
}

fn start(decision: &mut Decision<Resolution>, id: Uuid, setting: &Setting<'_>) -> Result<(), Rejection> {
    let remedy = decision.next.remedy(id)?.clone();
    let mut event = pb::RemedyStarted {
        remedy_id: id.to_string(),
        kind: pb::RemedyKind::from(remedy.kind).into(),
        executor: pb::RemedyExecutor::from(remedy.executor).into(),
        amount: remedy.amount.map(Into::into),
        ..pb::RemedyStarted::default()
    };
    set_state(decision, id, RemedyState::Started);
    match (remedy.executor, remedy.amount) {
        (Executor::Payments, Some(amount)) => {
            let key = calls::payment_key(setting, &remedy, "pay");
            event.key.clone_from(&key);
            event.notice_key = format!("{key}/accepted");
            log(decision, &event);
            tell_handed_over(decision, &remedy, amount, event.notice_key, setting)?;
            calls::add_payment(decision, id, key, Account::Finance, amount, setting);
        }
        (Executor::Fulfilment, _) => {
            event.key = calls::task_key(setting, &remedy, 1);
            log(decision, &event);
            calls::add_task(decision, &remedy, event.key);
        }
        (Executor::Payments | Executor::Staff, _) => log(decision, &event),
    }
    Ok(())
}

/// Handed to finance, the customer is told, with the time to expect (M6.2).
fn tell_handed_over(
    decision: &mut Decision<Resolution>,
    remedy: &Remedy,
    amount: Money,
    notice_key: String,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let context = decision.next.context.clone();
    let key = remedy.id.to_string();
    let (draft, due_at) = terms::draft(setting, &context, DeadlineKind::PaymentArrival, &key, setting.now)?;
    let language = words::language(setting.book, &context);
    let promise = terms::promise(setting, &draft, context.priority(), due_at);
    let notice = Asking::customer(notice_key, NoticeKey::PaymentAccepted)
        .say("amount", words::money(setting.book, amount, language))
        .say("due", words::time(setting, due_at, language))
        .through(step_channels(setting))
        .promising([&promise])
        .event(setting.book.notice(NoticeKey::PaymentAccepted));
    decision.deadlines.push(DeadlineChange::Open(draft));
    log(decision, &notice);
    Ok(())
}

/// The channels of key steps (M6.2).
fn step_channels(setting: &Setting<'_>) -> Vec<Channel> {
    setting.book.execution().0.channels.iter().map(|channel| channel.value).collect()
}

/// A remedy is carried out.
///
/// # Errors
/// `REMEDY_NOT_FOUND`.
pub(crate) fn complete(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    at: Timestamp,
    proof_reference: &str,
    by_fallback: bool,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let Some(remedy) = decision.next.remedy_mut(remedy_id) else { return Ok(()) };
    remedy.state = RemedyState::Executed;
    remedy.executed_at = Some(at);
    remedy.by_fallback = by_fallback;
    proof_reference.clone_into(&mut remedy.proof_reference);
    let remedy = remedy.clone();
    let next = &decision.next;
    let event = pb::RemedyExecuted {
        remedy_id: remedy_id.to_string(),
        kind: pb::RemedyKind::from(remedy.kind).into(),
        amount: remedy.amount.map(Into::into),
        key: if remedy.executor == Executor::Staff { String::new() } else { proof_reference.to_owned() },
        execute_time: Some(time_to_wire(at)),
        by_fallback,
        proof_reference: proof_reference.to_owned(),
        case_paid: Some(Money::new(next.paid_minor(), next.currency).into()),
    };
    let language = words::language(setting.book, &next.context);
    log(decision, &event);
    let key = remedy_id.to_string();
    let promise = remedy.promise.as_ref().map(|promise| promise.kind.as_str());
    let others = [DeadlineKind::PaymentArrival.as_str(), DeadlineKind::ObstacleDelay.as_str()];
    for kind in promise.into_iter().chain(others) {
        decision.deadlines.push(terms::meet(kind, &key, at));
    }
    let (rule, _) = setting.book.remedy_kind(remedy.kind);
    if rule.offer.is_some() {
        let notice =
            Asking::customer(calls::payment_key(setting, &remedy, "executed"), NoticeKey::RemedyExecuted)
                .say("remedy", words::done(setting.book, &remedy, language))
                .through(step_channels(setting))
                .event(setting.book.notice(NoticeKey::RemedyExecuted));
        log(decision, &notice);
    }
    Ok(())
}

/// The resolution's state as it follows from its remedies, while it is carried out.
///
/// # Errors
/// `LIMIT_EXCEEDED`.
pub(crate) fn stand(decision: &mut Decision<Resolution>) -> Result<(), Rejection> {
    let next = &decision.next;
    let carried_out =
        matches!(next.state, State::Accepted | State::FinalPosition | State::Executing | State::Obstructed);
    if !carried_out {
        return Ok(());
    }
    let open = next
        .remedies()
        .iter()
        .any(|remedy| !matches!(remedy.state, RemedyState::Executed | RemedyState::Cancelled));
    let obstructed = next.remedies().iter().any(|remedy| remedy.state == RemedyState::Obstructed);
    if open {
        decision.next.state = if obstructed { State::Obstructed } else { State::Executing };
        return Ok(());
    }
    let last = next.remedies().iter().filter_map(|remedy| remedy.executed_at).max();
    let executed_at = last.or(next.settlement.as_ref().map(|settlement| settlement.at));
    let event = pb::ResolutionExecuted {
        proposal_id: next.proposal.as_ref().map(|proposal| proposal.id.to_string()).unwrap_or_default(),
        round: next.round(),
        paid: Some(Money::new(next.paid_minor(), next.currency).into()),
        totals: Some(next.totals()?.wire()),
        execute_time: executed_at.map(time_to_wire),
    };
    decision.next.executed_at = executed_at;
    decision.next.state = State::Executed;
    log(decision, &event);
    Ok(())
}

/// Puts a remedy into a state.
pub(crate) fn set_state(decision: &mut Decision<Resolution>, remedy_id: Uuid, state: RemedyState) {
    if let Some(remedy) = decision.next.remedy_mut(remedy_id) {
        remedy.state = state;
    }
}
