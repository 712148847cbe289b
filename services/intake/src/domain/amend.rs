//! Adding to and correcting what registration recorded, consents included (M2.2).

use redress_domain::{Decision, Rejection, Timestamp, handbook::Handbook};
use redress_proto::{fact, intake::v1 as pb};
use uuid::Uuid;

use crate::domain::{
    case::{Case, EvidenceLead, Stage},
    facts::refresh,
    follow::judge_again,
    register::enrich_intent,
    risk::{Reported, report},
    signal::CaseSignal,
};

/// Adds new leads and changes the consent of known ones. Returns whether anything changed.
///
/// # Errors
/// `EVIDENCE_LEAD_UNKNOWN` for a lead that the case does not have.
pub fn merge_leads(
    leads: &mut Vec<EvidenceLead>,
    given: &[pb::EvidenceLead],
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Vec<(Uuid, String)>, Rejection> {
    let mut described = Vec::new();
    for (index, lead) in given.iter().enumerate() {
        if lead.lead_id.is_empty() {
            let id = new_id();
            leads.push(EvidenceLead { id, kind: lead.kind, consent: lead.consent });
            described.push((id, lead.description.clone()));
            continue;
        }
        let known = Uuid::parse_str(&lead.lead_id).ok();
        let Some(found) = leads.iter_mut().find(|own| Some(own.id) == known) else {
            return Err(Rejection::invalid(
                "EVIDENCE_LEAD_UNKNOWN",
                &format!("evidence_leads[{index}].lead_id"),
                "the case has no such piece of evidence",
            )
            .with("lead_id", &lead.lead_id));
        };
        found.consent = lead.consent;
    }
    described.retain(|(_, description)| !description.is_empty());
    Ok(described)
}

/// Stores the amended case `next`. None when nothing of it changed.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `HANDBOOK_SILENT`.
#[expect(clippy::too_many_arguments, reason = "a decision's inputs, each of another kind")]
pub fn amend<'b>(
    case: &Case,
    mut next: Case,
    case_id: Uuid,
    revision: i64,
    personal_changes: &[&str],
    book: &'b Handbook,
    hashes: (&str, &str),
    now: Timestamp,
    new_id: impl FnMut() -> Uuid,
) -> Result<Option<Reported<'b>>, Rejection> {
    case.expect_stage(&[Stage::Open])?;
    refresh(&mut next, book, now)?;
    let mut changed: Vec<String> = personal_changes.iter().map(|field| (*field).to_owned()).collect();
    changed.extend(changes(case, &next));
    if changed.is_empty() {
        return Ok(None);
    }
    let amended = pb::CaseAmended { facts: Some(next.to_facts(hashes.0, hashes.1)), changed_fields: changed };
    let enrich =
        (next.waybill_no != case.waybill_no).then(|| enrich_intent(&next, case_id, revision)).flatten();
    let mut decision = judge_again(Decision::new(next).fact(fact(&amended)), book, now)?;
    decision.intents.extend(enrich);
    report(decision, book, now, new_id).map(Some)
}

/// Takes over what a message of the customer adds to an open case: signals and evidence. None when it adds nothing.
///
/// # Errors
/// `HANDBOOK_SILENT`.
pub fn add_from_message<'b>(
    case: &Case,
    signals: &[CaseSignal],
    leads: &[EvidenceLead],
    book: &'b Handbook,
    hashes: (&str, &str),
    now: Timestamp,
    new_id: impl FnMut() -> Uuid,
) -> Result<Option<Reported<'b>>, Rejection> {
    let is_new = |signal: &&CaseSignal| !case.signals.iter().any(|known| known.kind == signal.kind);
    let mut next = case.clone();
    next.signals.extend(signals.iter().filter(is_new).cloned());
    next.evidence_leads.extend_from_slice(leads);
    if case.stage != Stage::Open || changes(case, &next).is_empty() {
        return Ok(None);
    }
    refresh(&mut next, book, now)?;
    let amended = pb::CaseAmended {
        facts: Some(next.to_facts(hashes.0, hashes.1)),
        changed_fields: changes(case, &next),
    };
    let decision = judge_again(Decision::new(next).fact(fact(&amended)), book, now)?;
    report(decision, book, now, new_id).map(Some)
}

/// The fields of the contract that differ.
fn changes(before: &Case, after: &Case) -> Vec<String> {
    let pairs = [
        ("waybill_no", before.waybill_no != after.waybill_no),
        ("order", before.order != after.order),
        ("person_ref", before.person_ref != after.person_ref),
        ("corporate", before.corporate != after.corporate),
        ("problem_type", before.problem_type != after.problem_type),
        ("sub_type", before.sub_type != after.sub_type),
        ("desired_solution", before.desired_solution != after.desired_solution),
        ("claimed_amount", before.claimed_amount != after.claimed_amount),
        ("occurred_time", before.occurred_at != after.occurred_at),
        ("stated_order", before.stated_order != after.stated_order),
        ("evidence_leads", before.evidence_leads != after.evidence_leads),
        ("narrative", before.narrative_ref != after.narrative_ref),
        ("signals", before.signals != after.signals),
        ("regulator_appeal", before.regulator_appeal != after.regulator_appeal),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field.to_owned()).collect()
}
