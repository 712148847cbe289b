//! Freezing an investigation for the closing of its case, and breaking the seal (M7.1, X12).

use redress_domain::{
    Rejection, Ruling,
    handbook::{ClosingBasis, GateCondition, Validity},
};
use redress_proto::{investigation::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;
use uuid::Uuid;

use super::{
    Draft, Setting,
    case::{Case, GateItem, Seal, Stage},
    tell, turns, words,
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Id of the seal, should there be one.
    pub id: Uuid,
    /// How the case ends.
    pub basis: ClosingBasis,
    /// Revision of the case in intake that wants it closed.
    pub case_revision: i64,
    /// Revision of this state before the seal.
    pub revision: i64,
}

/// Freezes the investigation where the handbook's gate for the basis is met, as far as it is this service's. None where
/// it is sealed for that basis already.
///
/// # Errors
/// `SEAL_GATE_NOT_MET` with everything that is missing, `SEALED_OTHERWISE`; `HANDBOOK_SILENT` where the handbook has no
/// such end.
pub fn seal(case: &Case, request: &Request, setting: &Setting<'_>) -> Result<Option<Draft>, Rejection> {
    if let Some(seal) = case.seal.as_ref().filter(|_| case.stage == Stage::Sealed) {
        if seal.basis == request.basis {
            return Ok(None);
        }
        return Err(Rejection::precondition(
            "SEALED_OTHERWISE",
            format!("the investigation is sealed for `{}`, not for `{}`", seal.basis, request.basis),
        )
        .with("basis", seal.basis.as_str()));
    }
    let basis = request.basis;
    let Some((conditions, rule)) = setting.book.closing_gate(basis) else {
        return Err(Rejection::precondition("HANDBOOK_SILENT", format!("the handbook has no end `{basis}`"))
            .with("chapter", "closing")
            .with("key", basis.as_str()));
    };
    let mut lacking =
        Rejection::precondition("SEAL_GATE_NOT_MET", format!("the gate for `{basis}` is not met"));
    let mut gate = Vec::new();
    for condition in conditions {
        let found = match condition {
            GateCondition::Findings => ("FINDINGS", findings(case, basis)),
            GateCondition::Archive => ("ARCHIVE", archive(case, setting)),
            // The other conditions are proven by intake and compensation.
            _ => continue,
        };
        match found {
            (_, Ok(detail)) => {
                gate.push(GateItem { condition: condition.as_str().to_owned(), detail, rule: rule.clone() });
            }
            (kind, Err(missing)) => lacking = lacking.unmet(kind, condition.as_str(), missing),
        }
    }
    if !lacking.unmet.is_empty() {
        return Err(lacking);
    }
    let mut decision = Draft::new(case.clone());
    if matches!(basis, ClosingBasis::Refused | ClosingBasis::Withdrawn) {
        // The closing may come before the event that says so.
        turns::cancel(&mut decision, basis, setting);
    }
    let seal = Seal {
        id: request.id,
        basis,
        before: decision.next.stage,
        gate,
        revision: request.revision + 1,
        case_revision: request.case_revision,
        at: setting.now,
    };
    tell(&mut decision, &pb::InvestigationSealed { seal: Some(to_wire(&seal, setting.case_id)) });
    let facts = json!({ "stage": case.stage, "case_revision": request.case_revision });
    decision.rulings.push(Ruling::new("closing_gate", rule, basis.as_str(), facts));
    decision.next.seal = Some(seal);
    decision.next.stage = Stage::Sealed;
    Ok(Some(decision))
}

fn findings(case: &Case, basis: ClosingBasis) -> Result<String, String> {
    let Some(findings) = &case.findings else { return Err("the investigation is not concluded".to_owned()) };
    let expected = match basis {
        ClosingBasis::Unfounded => Some(Validity::Unfounded),
        ClosingBasis::Malicious => Some(Validity::Malicious),
        _ => None,
    };
    match expected.filter(|expected| *expected != findings.validity) {
        Some(expected) => Err(format!("the findings say `{}`, not `{expected}`", findings.validity)),
        None => Ok(findings.validity.as_str().to_owned()),
    }
}

fn archive(case: &Case, setting: &Setting<'_>) -> Result<String, String> {
    let Some(archive) = &case.archive else {
        let missing = match case.stage {
            Stage::Concluded => "the archive is not verified",
            Stage::Cancelled => "the investigation ended without findings and its archive is not verified",
            _ => "the investigation is not concluded, and its archive not verified",
        };
        return Err(missing.to_owned());
    };
    Ok(format!("{} files, kept until {}", archive.files, setting.calendar.local_date(archive.keep_until)))
}

/// Breaks the seal of this id, if it is on. None otherwise.
pub fn unseal(case: &Case, seal_id: Uuid, reopened: bool) -> Option<Draft> {
    let seal = case.seal.as_ref().filter(|seal| case.stage == Stage::Sealed && seal.id == seal_id)?;
    let mut decision = Draft::new(case.clone());
    decision.next.stage = seal.before;
    decision.next.seal = None;
    decision.next.known.reopened |= reopened;
    tell(&mut decision, &pb::InvestigationUnsealed { seal_id: seal_id.to_string(), reopened });
    Some(decision)
}

/// A seal for the wire, without its place in the log.
pub fn to_wire(seal: &Seal, case_id: Uuid) -> types::Seal {
    types::Seal {
        seal_id: seal.id.to_string(),
        service: "investigation".to_owned(),
        case_id: case_id.to_string(),
        basis: types::ClosingBasis::from(seal.basis).into(),
        gate: seal
            .gate
            .iter()
            .map(|item| types::GateItem {
                condition: item.condition.clone(),
                fulfilled: true,
                detail: item.detail.clone(),
                rule: Some(words::rule(&item.rule)),
            })
            .collect(),
        revision: seal.revision,
        seal_time: Some(time_to_wire(seal.at)),
        ..types::Seal::default()
    }
}
