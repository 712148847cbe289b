//! What people confirm: a remedy that a person carries out, what finance did by hand, and that finance has caught up a
//! fallback payment.

use redress_domain::{
    Decision, Rejection, Timestamp,
    handbook::{Executor, Role},
};
use redress_proto::compensation::v1 as pb;
use uuid::Uuid;

use super::{
    Setting, execute, log, outcome,
    state::{Account, Payment, PaymentState, Person, Remedy, RemedyState, Resolution, State, TaskState},
};

/// What can be confirmed of a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It was carried out.
    Executed,
    /// Finance has caught up the fallback.
    Backfilled,
    /// Finance found that it was paid once more.
    PaidTwice,
}

/// What is confirmed.
#[derive(Clone, Debug)]
pub struct Confirming {
    /// What about it.
    pub what: Confirmed,
    /// When; none for now.
    pub at: Option<Timestamp>,
    /// Proof in the outside system.
    pub proof_reference: String,
}

/// Takes a confirmation. Nothing, where it was known.
///
/// # Errors
/// The reasons of `ConfirmRemedy`.
pub fn confirm(
    resolution: &Resolution,
    remedy_id: Uuid,
    command: &Confirming,
    person: &Person,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    if command.at.is_some_and(|at| at > setting.now) {
        return Err(Rejection::invalid("INVALID_FIELDS", "time", "lies in the future"));
    }
    let at = command.at.unwrap_or(setting.now);
    let known = resolution.all_remedies().find(|remedy| remedy.id == remedy_id);
    let done = known.filter(|remedy| remedy.state == RemedyState::Executed);
    match (command.what, done) {
        // What finance finds out afterwards is taken in every state, also of a closed case: it changes its books, and
        // nothing of what the customer got.
        (Confirmed::Backfilled, Some(remedy)) => return backfill(resolution, remedy, command, person),
        (Confirmed::PaidTwice, Some(remedy)) => {
            return paid_twice(resolution, remedy, command, person, setting);
        }
        (Confirmed::Executed, Some(_)) => return Ok(None),
        (_, None) => resolution.expect_state(&[State::Executing, State::Obstructed, State::Executed])?,
    }
    let remedy = resolution.remedy(remedy_id)?;
    match command.what {
        Confirmed::Executed => {}
        Confirmed::Backfilled => return backfill(resolution, remedy, command, person),
        Confirmed::PaidTwice => return paid_twice(resolution, remedy, command, person, setting),
    }
    expect_by_hand(remedy, person)?;
    let mut decision = Decision::new(resolution.clone());
    execute::complete(&mut decision, remedy_id, at, &command.proof_reference, false, setting)?;
    execute::stand(&mut decision)?;
    Ok(Some(decision))
}

/// Only what no system reports may be confirmed by a person: what staff does, and what is left to people after every
/// way of the system came to nothing.
fn expect_by_hand(remedy: &Remedy, person: &Person) -> Result<(), Rejection> {
    if remedy.state == RemedyState::Planned || remedy.state == RemedyState::Cancelled {
        return Err(Rejection::state(
            "REMEDY_STATE_NOT_ALLOWED",
            remedy.state.name(),
            &["STARTED", "OBSTRUCTED"],
        ));
    }
    match remedy.executor {
        Executor::Staff => expect_role(remedy.role, person),
        Executor::Fulfilment => {
            let failed = remedy.tasks.last().is_some_and(|task| task.state == TaskState::Failed);
            if failed && remedy.state == RemedyState::Obstructed { Ok(()) } else { Err(by_system()) }
        }
        Executor::Payments => {
            if remedy.payments.iter().any(|payment| payment.state == PaymentState::Unknown) {
                return Err(Rejection::precondition(
                    "PAYMENT_UNKNOWN",
                    "the outcome of the payment is not known; it is being asked about",
                ));
            }
            let dead = |account| {
                remedy.payment_from(account).is_some_and(super::state::Payment::is_known_not_to_pay)
            };
            if !dead(Account::Finance) || !dead(Account::Fallback) || remedy.state != RemedyState::Obstructed
            {
                return Err(by_system());
            }
            expect_finance(person)
        }
    }
}

fn by_system() -> Rejection {
    Rejection::precondition("CONFIRMED_BY_SYSTEM", "a system carries this out and reports by itself")
}

/// What the handbook gives to a role is confirmed by that role, or by the head of a department.
fn expect_role(role: Option<Role>, person: &Person) -> Result<(), Rejection> {
    let Some(role) = role.filter(|role| *role != Role::CsAgent) else { return Ok(()) };
    if person.has(role) || person.has(Role::DepartmentManager) {
        return Ok(());
    }
    Err(role_not_allowed(role))
}

fn expect_finance(person: &Person) -> Result<(), Rejection> {
    if person.has(Role::Finance) || person.has(Role::Integration) {
        return Ok(());
    }
    Err(role_not_allowed(Role::Finance))
}

fn role_not_allowed(role: Role) -> Rejection {
    Rejection::denied("ROLE_NOT_ALLOWED", format!("`{role}` confirms this")).with("role", role.as_str())
}

/// Finance has caught up the fallback (M6.3).
fn backfill(
    resolution: &Resolution,
    remedy: &Remedy,
    command: &Confirming,
    person: &Person,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    expect_finance(person)?;
    let fallback = remedy.payment_from(Account::Fallback).filter(|_| remedy.by_fallback);
    let (RemedyState::Executed, Some(fallback)) = (remedy.state, fallback) else {
        return Err(Rejection::state(
            "REMEDY_STATE_NOT_ALLOWED",
            remedy.state.name(),
            &["EXECUTED by the fallback"],
        ));
    };
    if remedy.backfilled {
        return Ok(None);
    }
    let event = pb::RemedyBackfilled {
        remedy_id: remedy.id.to_string(),
        key: fallback.key.clone(),
        proof_reference: command.proof_reference.clone(),
    };
    let mut decision = Decision::new(resolution.clone());
    if let Some(remedy) = decision.next.remedy_mut(remedy.id) {
        remedy.backfilled = true;
    }
    log(&mut decision, &event);
    Ok(Some(decision))
}

/// Finance proves that a payment which was thought to come to nothing landed too: a recovery is opened (X11).
fn paid_twice(
    resolution: &Resolution,
    remedy: &Remedy,
    command: &Confirming,
    person: &Person,
    setting: &Setting<'_>,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    expect_finance(person)?;
    if command.proof_reference.is_empty() {
        return Err(Rejection::invalid(
            "INVALID_FIELDS",
            "proof_reference",
            "has to say which payment landed",
        ));
    }
    let not_known = |payment: &&Payment| payment.state != PaymentState::Paid;
    let late = remedy.payments.iter().find(not_known).filter(|_| remedy.state == RemedyState::Executed);
    if let Some(late) = late {
        let at = command.at.unwrap_or(setting.now);
        let mut decision = Decision::new(resolution.clone());
        outcome::landed(&mut decision, remedy.id, late.clone(), at, setting)?;
        return Ok(Some(decision));
    }
    if resolution.recoveries.iter().any(|recovery| recovery.remedy_id == remedy.id) {
        return Ok(None);
    }
    Err(Rejection::state(
        "REMEDY_STATE_NOT_ALLOWED",
        remedy.state.name(),
        &["EXECUTED with a payment that is not known to have landed"],
    ))
}
