//! An obstacle in the way of a remedy: first the customer is told what is the matter and the new time, then the
//! fallback starts, once the first way is known not to pay (M6.3).

use redress_domain::{
    DeadlineChange, Decision, Rejection, Ruling, Timestamp,
    handbook::{DeadlineKind, Executor, NoticeKey},
};
use redress_proto::{compensation::v1 as pb, time_to_wire};
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting, calls, execute, log,
    notice::Asking,
    state::{Account, Obstacle, ObstacleKind, RemedyState, Resolution, State, TaskState},
    terms, words,
};

/// Staff, or a system of the enterprise, reports an obstacle. `text_ref` are their own words for the customer.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `REMEDY_NOT_FOUND`, `REMEDY_STATE_NOT_ALLOWED`, `INVALID_FIELDS`.
pub fn report(
    resolution: &Resolution,
    remedy_id: Uuid,
    (kind, has_text): (ObstacleKind, bool),
    text_ref: &str,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    resolution.expect_state(&[State::Executing, State::Obstructed])?;
    let remedy = resolution.remedy(remedy_id)?;
    let executor = match kind {
        ObstacleKind::FinanceDown | ObstacleKind::PaymentRefused => Some(Executor::Payments),
        ObstacleKind::FulfilmentDown | ObstacleKind::GoodsUnavailable => Some(Executor::Fulfilment),
        ObstacleKind::NotDeliverable | ObstacleKind::Other => None,
    };
    if executor.is_some_and(|executor| executor != remedy.executor) {
        let what = format!("does not stand in the way of `{}`", remedy.kind);
        return Err(Rejection::invalid("INVALID_FIELDS", "obstacle", what));
    }
    if kind == ObstacleKind::Other && !has_text {
        return Err(Rejection::invalid(
            "INVALID_FIELDS",
            "text",
            "an obstacle of another kind is told in words",
        ));
    }
    let allowed =
        [RemedyState::Started, RemedyState::Reserved, RemedyState::Unknown, RemedyState::Obstructed];
    if !allowed.contains(&remedy.state) {
        return Err(Rejection::state(
            "REMEDY_STATE_NOT_ALLOWED",
            remedy.state.name(),
            &["STARTED", "RESERVED", "UNKNOWN", "OBSTRUCTED"],
        ));
    }
    let mut decision = Decision::new(resolution.clone());
    obstruct(&mut decision, remedy_id, kind, false, text_ref, setting)?;
    execute::stand(&mut decision)?;
    Ok(decision)
}

/// An obstacle stands in the way: the customer is told, and a payment that has not arrived is stopped.
pub(crate) fn obstruct(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    kind: ObstacleKind,
    by_system: bool,
    text_ref: &str,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let context = decision.next.context.clone();
    let Some(remedy) = decision.next.remedy_mut(remedy_id) else { return Ok(()) };
    let telling = remedy.obstacle.as_ref().map_or(0, |obstacle| obstacle.telling).saturating_add(1);
    let notice_key = format!("{}/{telling}", calls::payment_key(setting, remedy, "obstacle"));
    let key = remedy_id.to_string();
    let (deadline, new_time) =
        terms::draft(setting, &context, DeadlineKind::ObstacleDelay, &key, setting.now)?;
    let promise = terms::promise(setting, &deadline, context.priority(), new_time);
    remedy.state = RemedyState::Obstructed;
    remedy.obstacle =
        Some(Obstacle { kind, telling, notice_key: notice_key.clone(), new_time, told_at: None });
    let unpaid: Vec<String> = remedy
        .payments
        .iter()
        .filter(|payment| payment.account == Account::Finance && !payment.state.is_final())
        .map(|payment| payment.key.clone())
        .collect();
    let language = words::language(setting.book, &context);
    let reason = words::obstacle(kind, language);
    let notice = Asking::customer(notice_key.clone(), NoticeKey::Obstacle)
        .say_text("reason", text_ref, reason)
        .say("due", words::time(setting, new_time, language))
        .promising([&promise])
        .event(setting.book.notice(NoticeKey::Obstacle));
    log(
        decision,
        &pb::RemedyObstructed {
            remedy_id: key,
            obstacle: kind.wire().into(),
            by_system,
            notice_key,
            new_time: Some(time_to_wire(new_time)),
            text_ref: text_ref.to_owned(),
        },
    );
    log(decision, &notice);
    decision.deadlines.push(DeadlineChange::Open(deadline));
    let (_, rule) = setting.book.execution();
    decision.rulings.push(Ruling::new("obstacle", rule, kind.name(), json!({ "by_system": by_system })));
    for key in unpaid {
        calls::stop(decision, remedy_id, &key);
    }
    Ok(())
}

/// The customer has been told of an obstacle. Nothing, where that is known, or the notice is another.
///
/// # Errors
/// Those of starting the fallback.
pub fn told(
    resolution: &Resolution,
    notice_key: &str,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    let remedies = resolution.all_remedies();
    let waiting = remedies.filter_map(|remedy| Some((remedy.id, remedy.obstacle.as_ref()?)));
    let found = waiting
        .filter(|(_, obstacle)| obstacle.notice_key == notice_key && obstacle.told_at.is_none())
        .map(|(id, _)| id)
        .next();
    let Some(remedy_id) = found.filter(|_| resolution.seal.is_none()) else { return Ok(None) };
    let mut decision = Decision::new(resolution.clone());
    if let Some(obstacle) = decision.next.remedy_mut(remedy_id).and_then(|remedy| remedy.obstacle.as_mut()) {
        obstacle.told_at = Some(at);
    }
    log(
        &mut decision,
        &pb::ObstacleTold {
            remedy_id: remedy_id.to_string(),
            notice_key: notice_key.to_owned(),
            told_time: Some(time_to_wire(at)),
        },
    );
    proceed(&mut decision, remedy_id, setting)?;
    execute::stand(&mut decision)?;
    Ok(Some(decision))
}

/// Goes on another way, when the customer has been told (I4) and the first way is known not to lead anywhere (I2).
pub(crate) fn proceed(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let Some(remedy) = decision.next.all_remedies().find(|remedy| remedy.id == remedy_id).cloned() else {
        return Ok(());
    };
    let told_at = remedy.obstacle.as_ref().and_then(|obstacle| obstacle.told_at);
    let Some(told_at) = told_at.filter(|_| remedy.state == RemedyState::Obstructed) else { return Ok(()) };
    match remedy.executor {
        Executor::Staff => execute::set_state(decision, remedy_id, RemedyState::Started),
        Executor::Fulfilment => match remedy.tasks.last().map(|task| task.state) {
            Some(TaskState::Failed) => {
                let key = calls::task_key(setting, &remedy, remedy.tasks.len() + 1);
                execute::set_state(decision, remedy_id, RemedyState::Started);
                calls::add_task(decision, &remedy, key);
            }
            Some(TaskState::Down) => {
                execute::set_state(decision, remedy_id, RemedyState::Started);
                order_again(decision, remedy_id);
            }
            _ => execute::set_state(decision, remedy_id, RemedyState::Started),
        },
        Executor::Payments => {
            let first_is_dead =
                remedy.payment_from(Account::Finance).is_some_and(super::state::Payment::is_known_not_to_pay);
            let (Some(amount), None, true) =
                (remedy.amount, remedy.payment_from(Account::Fallback), first_is_dead)
            else {
                return Ok(());
            };
            let key = calls::payment_key(setting, &remedy, "fallback");
            execute::set_state(decision, remedy_id, RemedyState::Fallback);
            log(
                decision,
                &pb::RemedyFallbackStarted {
                    remedy_id: remedy_id.to_string(),
                    key: key.clone(),
                    amount: Some(amount.into()),
                    told_time: Some(time_to_wire(told_at)),
                },
            );
            let (execution, rule) = setting.book.execution();
            decision.rulings.push(Ruling::new("fallback", rule, execution.fallback.clone(), json!({})));
            calls::add_payment(decision, remedy_id, key, Account::Fallback, amount, setting);
        }
    }
    Ok(())
}

/// Calls for the same task begin again, under the same key.
pub(crate) fn order_again(decision: &mut Decision<Resolution>, remedy_id: Uuid) {
    let Some(remedy) = decision.next.remedy_mut(remedy_id) else { return };
    let Some(task) = remedy.tasks.last_mut() else { return };
    task.state = TaskState::Open;
    task.downs = task.downs.saturating_add(1);
    let task = task.clone();
    let remedy = remedy.clone();
    calls::push_order(decision, &remedy, &task);
}

impl RemedyState {
    /// The name in refusals.
    pub fn name(self) -> &'static str {
        self.wire().as_str_name().trim_start_matches("REMEDY_STATE_")
    }
}

impl ObstacleKind {
    /// The name in decisions.
    fn name(self) -> String {
        self.wire().as_str_name().trim_start_matches("OBSTACLE_").to_lowercase()
    }
}
