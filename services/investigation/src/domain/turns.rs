//! What intake's events do to an investigation.

use redress_domain::{
    Rejection, Timestamp,
    handbook::{ClosingBasis, IncidentFacts},
};
use redress_proto::{intake::v1 as intake, investigation::v1 as pb, types::v1 as types};

use super::{
    Draft, Setting,
    case::{Case, Person, Stage},
    clock, evidence, extension,
    known::{Known, Order, signals},
    sealing, tell, triage, waiting,
};

/// A new case, as registered.
pub fn registered(facts: &intake::CaseFacts, told_by: &str, setting: &Setting<'_>) -> Draft {
    let mut decision = Draft::new(Case::new(Known::from_wire(facts, setting.book.currency, setting.now)));
    note(&mut decision, told_by);
    decision
}

/// The order became known, or is confirmed unknown. None where nothing changes.
///
/// # Errors
/// As [`triage::triaged`].
pub fn order_known(
    case: &Case,
    order: &types::OrderFacts,
    told_by: &str,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    let order = Order::from_wire(order, setting.book.currency);
    learn(case, told_by, setting, |known| known.order = order)
}

/// What registration recorded was added to or corrected. A consent that was withdrawn locks the file, in every state.
///
/// # Errors
/// As [`triage::triaged`].
pub fn amended(
    case: &Case,
    facts: &intake::CaseFacts,
    told_by: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    let learnt = learn(case, told_by, setting, |known| known.amend(facts, setting.book.currency))?;
    Ok(learnt.map(|mut decision| {
        evidence::lock_withdrawn(&mut decision, by, setting);
        decision
    }))
}

/// The customer said something at `at`: signals, further evidence, and an answer that ends a pause.
///
/// # Errors
/// As [`triage::triaged`].
pub fn message_received(
    case: &Case,
    message: &intake::MessageReceived,
    at: Timestamp,
    told_by: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    let learnt = learn(case, told_by, setting, |known| {
        known.signals.extend(signals(&message.signals));
        known.learn_leads(&message.evidence_leads);
    })?;
    let since = case.pauses.last().filter(|pause| pause.until.is_none()).map(|pause| pause.from);
    let answers = case.stage == Stage::Paused && since.is_some_and(|since| since <= at);
    let mut decision = match learnt {
        Some(decision) => decision,
        None if answers => Draft::new(case.clone()),
        None => return Ok(None),
    };
    evidence::lock_withdrawn(&mut decision, by, setting);
    if answers {
        waiting::end_pause(&mut decision, at.min(setting.now), true, setting);
    }
    Ok(Some(decision))
}

/// The case belongs to a group incident.
///
/// # Errors
/// As [`triage::triaged`].
pub fn joined_incident(
    case: &Case,
    grouped: bool,
    people: i32,
    told_by: &str,
    setting: &Setting<'_>,
) -> Result<Option<Draft>, Rejection> {
    learn(case, told_by, setting, |known| {
        known.incident = IncidentFacts { recognised: grouped, people: people.into() };
    })
}

/// Notes something, and asks for what evidence it calls for while the investigation runs.
fn learn(
    case: &Case,
    told_by: &str,
    setting: &Setting<'_>,
    change: impl FnOnce(&mut Known),
) -> Result<Option<Draft>, Rejection> {
    let mut decision = Draft::new(case.clone());
    change(&mut decision.next.known);
    if decision.next == *case {
        return Ok(None);
    }
    if case.stage.is_going_on() {
        // The checklist follows what is known; where it does not change, the fact alone is noted.
        let learnt = decision.next.clone();
        let adjusted = triage::adjust(&learnt, Draft::new(learnt.clone()), setting.now, setting)?;
        if let Some(adjusted) = adjusted {
            return Ok(Some(adjusted));
        }
    }
    note(&mut decision, told_by);
    Ok(Some(decision))
}

fn note(decision: &mut Draft, told_by: &str) {
    tell(decision, &pb::CaseNoted { told_by: told_by.to_owned() });
}

/// A message of ours will not arrive. None where that changes nothing.
pub fn message_failed(case: &Case, notice_key: &str) -> Option<Draft> {
    extension::lapsed(case, Some(notice_key))
}

/// The case was refused or withdrawn. What is concluded stays, but nothing is owed any more.
pub fn ended(case: &Case, basis: ClosingBasis, told_by: &str, setting: &Setting<'_>) -> Option<Draft> {
    let mut decision = Draft::new(case.clone());
    match case.stage {
        Stage::Known | Stage::Open | Stage::Paused => cancel(&mut decision, basis, setting),
        Stage::Concluded | Stage::Archived => {
            clock::cancel_all(&mut decision);
            if decision.deadlines.is_empty() {
                return None;
            }
            note(&mut decision, told_by);
        }
        Stage::Sealed | Stage::Cancelled => return None,
    }
    Some(decision)
}

/// Ends an investigation that is not concluded.
pub(crate) fn cancel(decision: &mut Draft, basis: ClosingBasis, setting: &Setting<'_>) {
    if !matches!(decision.next.stage, Stage::Known | Stage::Open | Stage::Paused) {
        return;
    }
    waiting::end_pause(decision, setting.now, false, setting);
    extension::lapse(decision, None);
    clock::cancel_all(decision);
    decision.next.stage = Stage::Cancelled;
    tell(decision, &pb::InvestigationCancelled { basis: types::ClosingBasis::from(basis).into() });
}

/// The case was closed: nothing is owed any more, and the evidence is kept as long as the case. None where that changes
/// nothing.
pub fn closed(case: &Case, keep_until: Option<Timestamp>, told_by: &str) -> Option<Draft> {
    let mut decision = Draft::new(case.clone());
    clock::cancel_all(&mut decision);
    if let Some(archive) = &mut decision.next.archive {
        archive.keep_until = archive.keep_until.max(keep_until.unwrap_or(archive.keep_until));
    }
    if decision.deadlines.is_empty() && decision.next == *case {
        return None;
    }
    note(&mut decision, told_by);
    Some(decision)
}

/// The case was opened again and these seals were broken. The next triage opens another investigation.
pub fn reopened(case: &Case, seal_ids: &[String]) -> Option<Draft> {
    let seal = case.seal.as_ref().filter(|seal| seal_ids.contains(&seal.id.to_string()))?;
    sealing::unseal(case, seal.id, true)
}
