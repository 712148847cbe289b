//! What the calls to outside systems come to.
//!
//! **How a payment goes.** `reserve` → the reservation is recorded → `pay` → asked about until it is paid or refused.
//! Each step is decided and stored before its call, so `pay` is only ever sent for what the state has ordered. What is
//! not known is a state; only the same key is asked about or repeated (I1). A payment that is to be stopped is
//! released, which also bars a reservation that is still on its way.
//!
//! **How money is bounded.** Before `pay` is ordered, what has been ordered besides must leave room under what was
//! approved, and no other payment of the remedy may still pay (I2, I3).

use redress_domain::{Decision, Money, Rejection, RuleRef, Ruling, Timestamp};
use redress_proto::compensation::v1 as pb;
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting,
    calls::{self, PaymentOutcome, TaskOutcome, call},
    execute::{complete, set_state, stand},
    log, obstacle,
    state::{Account, ObstacleKind, Payment, PaymentState, Recovery, RemedyState, Resolution, TaskState},
};

/// What a call about a payment came to changes its state. Nothing, where nothing changes.
///
/// # Errors
/// `CASE_SEALED` for an outcome that would change a sealed resolution, `LIMIT_EXCEEDED` when paying would exceed what
/// was approved: nothing is paid then.
pub fn payment_outcome(
    resolution: &Resolution,
    remedy_id: Uuid,
    key: &str,
    outcome: &PaymentOutcome,
    attempts: i32,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    let Some(remedy) = resolution.all_remedies().find(|remedy| remedy.id == remedy_id) else {
        return Ok(None);
    };
    let Some(payment) = remedy.payment(key) else { return Ok(None) };
    let mut decision = Decision::new(resolution.clone());
    let mut changed = payment.clone();
    changed.attempts = attempts;
    match outcome {
        PaymentOutcome::Stopped => {}
        PaymentOutcome::Reserved => {
            if payment.ordered || !matches!(payment.state, PaymentState::Pending | PaymentState::Unknown) {
                return Ok(None);
            }
            changed.state = PaymentState::Reserved;
            changed.maybe_taken = true;
            store(&mut decision, remedy_id, changed.clone());
            log(
                &mut decision,
                &pb::RemedyReserved {
                    remedy_id: remedy_id.to_string(),
                    key: key.to_owned(),
                    account: changed.account.wire().into(),
                    amount: Some(changed.amount.into()),
                },
            );
            if !changed.stopping {
                if matches!(remedy.state, RemedyState::Started | RemedyState::Unknown) {
                    set_state(&mut decision, remedy_id, RemedyState::Reserved);
                }
                order(&mut decision, remedy_id, changed, setting)?;
            }
        }
        PaymentOutcome::HandedOver => {
            if payment.handed_over || payment.state.is_final() {
                return Ok(None);
            }
            changed.handed_over = true;
            store(&mut decision, remedy_id, changed);
            log(&mut decision, &handed_over(remedy_id, key));
        }
        PaymentOutcome::Unknown => {
            if !matches!(payment.state, PaymentState::Pending | PaymentState::Reserved) {
                return Ok(None);
            }
            changed.state = PaymentState::Unknown;
            changed.maybe_taken = true;
            store(&mut decision, remedy_id, changed);
            if matches!(remedy.state, RemedyState::Started | RemedyState::Reserved) {
                set_state(&mut decision, remedy_id, RemedyState::Unknown);
            }
            log(&mut decision, &pb::RemedyUnknown { remedy_id: remedy_id.to_string(), key: key.to_owned() });
        }
        PaymentOutcome::Paid { at } => {
            if payment.state == PaymentState::Paid {
                return Ok(None);
            }
            landed(&mut decision, remedy_id, changed, *at, setting)?;
            if remedy.state == RemedyState::Executed {
                // Money was paid twice: that is found out of a closed case too, and changes nothing of what the customer got.
                stand(&mut decision)?;
                return Ok(Some(decision));
            }
        }
        PaymentOutcome::Released | PaymentOutcome::Refused { .. } => {
            if payment.state.is_final() {
                return Ok(None);
            }
            let refused = matches!(outcome, PaymentOutcome::Refused { .. });
            changed.state = if refused { PaymentState::Refused } else { PaymentState::Released };
            store(&mut decision, remedy_id, changed.clone());
            log(
                &mut decision,
                &pb::RemedyReleased { remedy_id: remedy_id.to_string(), key: key.to_owned(), refused },
            );
            came_to_nothing(&mut decision, remedy_id, &changed, setting)?;
        }
        PaymentOutcome::Down => {
            let waits =
                matches!(remedy.state, RemedyState::Started | RemedyState::Reserved | RemedyState::Unknown);
            if payment.account == Account::Finance && waits && !payment.stopping {
                store(&mut decision, remedy_id, changed);
                obstacle::obstruct(&mut decision, remedy_id, ObstacleKind::FinanceDown, true, "", setting)?;
            }
        }
    }
    finished(resolution, decision)
}

/// What a call about a task came to changes its state. Nothing, where nothing changes.
///
/// # Errors
/// `CASE_SEALED` for an outcome that would change a sealed resolution.
pub fn task_outcome(
    resolution: &Resolution,
    remedy_id: Uuid,
    key: &str,
    outcome: &TaskOutcome,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    let Some(remedy) = resolution.all_remedies().find(|remedy| remedy.id == remedy_id) else {
        return Ok(None);
    };
    let Some(task) = remedy.tasks.iter().find(|task| task.key == key) else { return Ok(None) };
    if matches!(task.state, TaskState::Done | TaskState::Failed) {
        return Ok(None);
    }
    let mut decision = Decision::new(resolution.clone());
    let mut set = |state: TaskState| {
        let remedy = decision.next.remedy_mut(remedy_id);
        if let Some(task) = remedy.and_then(|remedy| remedy.tasks.iter_mut().find(|task| task.key == key)) {
            task.state = state;
        }
    };
    let waits = matches!(remedy.state, RemedyState::Started | RemedyState::Unknown);
    match outcome {
        TaskOutcome::Accepted => {
            if task.state != TaskState::Accepted {
                set(TaskState::Accepted);
                if remedy.state == RemedyState::Unknown {
                    set_state(&mut decision, remedy_id, RemedyState::Started);
                }
                log(&mut decision, &handed_over(remedy_id, key));
            }
        }
        TaskOutcome::Unknown => {
            if matches!(task.state, TaskState::Open | TaskState::Accepted) {
                set(TaskState::Unknown);
                if waits {
                    set_state(&mut decision, remedy_id, RemedyState::Unknown);
                }
                log(
                    &mut decision,
                    &pb::RemedyUnknown { remedy_id: remedy_id.to_string(), key: key.to_owned() },
                );
            }
        }
        TaskOutcome::Done { at } => {
            set(TaskState::Done);
            if remedy.state != RemedyState::Executed {
                complete(&mut decision, remedy_id, *at, key, false, setting)?;
            }
        }
        TaskOutcome::Failed { reason } => {
            set(TaskState::Failed);
            if remedy.state != RemedyState::Executed {
                let again = remedy.tasks.len() <= setting.book.execution().0.retry_after.len();
                if again || remedy.obstacle.is_none() {
                    let kind = why_failed(reason);
                    obstacle::obstruct(&mut decision, remedy_id, kind, true, "", setting)?;
                } else {
                    // Tried as often as the handbook tries: people take over.
                    set_state(&mut decision, remedy_id, RemedyState::Obstructed);
                    log(
                        &mut decision,
                        &pb::RemedyReleased {
                            remedy_id: remedy_id.to_string(),
                            key: key.to_owned(),
                            refused: true,
                        },
                    );
                }
            }
        }
        TaskOutcome::Down => {
            set(TaskState::Down);
            if waits {
                obstacle::obstruct(
                    &mut decision,
                    remedy_id,
                    ObstacleKind::FulfilmentDown,
                    true,
                    "",
                    setting,
                )?;
            } else {
                // The customer has been told of an obstacle; the call goes on under the same key.
                obstacle::order_again(&mut decision, remedy_id);
            }
        }
    }
    finished(resolution, decision)
}

/// What the fulfilment system's code means to the customer.
fn why_failed(reason: &str) -> ObstacleKind {
    if reason == "OUT_OF_STOCK" { ObstacleKind::GoodsUnavailable } else { ObstacleKind::NotDeliverable }
}

/// Nothing where nothing happened; refuses to change what is sealed (I5).
fn finished(
    before: &Resolution,
    mut decision: Decision<Resolution>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    if decision.facts.is_empty() && decision.intents.is_empty() {
        return Ok(None);
    }
    before.expect_unsealed()?;
    stand(&mut decision)?;
    Ok(Some(decision))
}

/// Orders to pay what is reserved, if what is ordered besides leaves room for it (I2, I3).
fn order(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    mut payment: Payment,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let next = &decision.next;
    let approved = next.approved_minor();
    let ordered = next.ordered_minor_besides(&payment.key);
    let after = ordered.saturating_add(payment.amount.minor);
    let cap = next.proposal.as_ref().map_or(approved, |proposal| proposal.cap_minor);
    let remedy = next.all_remedies().find(|remedy| remedy.id == remedy_id);
    let twice = remedy.is_some_and(|remedy| {
        remedy.state == RemedyState::Executed
            || remedy.payments.iter().any(|other| other.key != payment.key && other.may_pay())
    });
    if twice || after > approved || after > cap {
        let (total, limit) = (Money::new(after, next.currency), Money::new(approved.min(cap), next.currency));
        return Err(Rejection::precondition(
            "LIMIT_EXCEEDED",
            format!("paying would make `{total}` of the approved `{limit}`, or pay a remedy twice"),
        )
        .with("total", total.to_string())
        .with("limit", limit.to_string()));
    }
    let (_, rule): (_, RuleRef) = setting.book.execution();
    decision.rulings.push(Ruling::new(
        "payment",
        rule,
        "ordered",
        json!({ "approved_minor": approved, "ordered_minor": after, "cap_minor": cap }),
    ));
    payment.ordered = true;
    calls::push_call(decision, call::PAY, remedy_id, &payment);
    store(decision, remedy_id, payment);
    Ok(())
}

/// Records that a payment landed, and what follows from it.
///
/// # Errors
/// As the end of a remedy.
pub(crate) fn landed(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    mut payment: Payment,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    payment.state = PaymentState::Paid;
    payment.paid_at = Some(at);
    store(decision, remedy_id, payment.clone());
    land(decision, remedy_id, &payment, at, setting)
}

/// Money arrived. Another payment of the remedy that is not at its end is stopped; one that had arrived before makes
/// this one the double, and a recovery is opened (X11).
fn land(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    payment: &Payment,
    at: Timestamp,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let Some(remedy) = decision.next.all_remedies().find(|remedy| remedy.id == remedy_id).cloned() else {
        return Ok(());
    };
    if remedy.state == RemedyState::Executed {
        let paid = |other: &&Payment| other.key != payment.key && other.state == PaymentState::Paid;
        let standing =
            remedy.payments.iter().find(paid).map_or(remedy.proof_reference, |other| other.key.clone());
        open_recovery(decision, remedy_id, standing, payment.key.clone(), payment.amount, setting);
        return Ok(());
    }
    for other in remedy.payments.iter().filter(|other| other.key != payment.key && !other.state.is_final()) {
        calls::stop(decision, remedy_id, &other.key);
    }
    let by_fallback = payment.account == Account::Fallback;
    if by_fallback && let Some(first) = remedy.payment_from(Account::Finance) {
        calls::push_call(decision, call::VERIFY, remedy_id, first);
    }
    complete(decision, remedy_id, at, &payment.key, by_fallback, setting)
}

/// Opens a recovery, once for each double payment.
pub(crate) fn open_recovery(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    standing_key: String,
    double_key: String,
    amount: Money,
    setting: &Setting<'_>,
) {
    if decision.next.recoveries.iter().any(|known| known.double_key == double_key) {
        return;
    }
    let recovery = Recovery {
        id: (setting.new_id)(),
        remedy_id,
        standing_key,
        double_key,
        amount,
        opened_at: setting.now,
    };
    log(decision, &pb::RecoveryOpened { recovery: Some(recovery.wire()) });
    decision.next.recoveries.push(recovery);
}

/// A payment is known not to pay.
fn came_to_nothing(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    payment: &Payment,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let Some(remedy) = decision.next.all_remedies().find(|remedy| remedy.id == remedy_id) else {
        return Ok(());
    };
    match remedy.state {
        RemedyState::Executed | RemedyState::Cancelled => Ok(()),
        RemedyState::Obstructed => obstacle::proceed(decision, remedy_id, setting),
        RemedyState::Fallback if payment.account == Account::Finance => Ok(()),
        // Neither way pays: people take over.
        RemedyState::Fallback => {
            set_state(decision, remedy_id, RemedyState::Obstructed);
            Ok(())
        }
        RemedyState::Planned | RemedyState::Started | RemedyState::Reserved | RemedyState::Unknown => {
            obstacle::obstruct(decision, remedy_id, ObstacleKind::PaymentRefused, true, "", setting)
        }
    }
}

fn store(decision: &mut Decision<Resolution>, remedy_id: Uuid, payment: Payment) {
    let Some(remedy) = decision.next.remedy_mut(remedy_id) else { return };
    if let Some(known) = remedy.payments.iter_mut().find(|known| known.key == payment.key) {
        *known = payment;
    }
}

fn handed_over(remedy_id: Uuid, key: &str) -> pb::RemedyHandedOver {
    pb::RemedyHandedOver { remedy_id: remedy_id.to_string(), key: key.to_owned() }
}
