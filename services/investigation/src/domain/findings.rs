//! The conclusion: is the complaint right, why did it happen, who is responsible (M4.2, M7.1).

use redress_domain::{
    Rejection, RuleRef, Ruling,
    handbook::{Deliverable, NoticeKey, Validity},
};
use redress_proto::{investigation::v1 as pb, types::v1 as types};
use serde_json::json;
use uuid::Uuid;

use super::{
    Draft, Setting,
    case::{Case, Findings, Person, Stage, Written},
    checklist, clock, extension,
    notices::{self, Values},
    number, tell, waiting,
};

/// What is concluded.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// Whether the complaint is right.
    pub validity: Validity,
    /// Cause.
    pub cause: String,
    /// Responsible party.
    pub party: String,
    /// Department or unit responsible; empty for the one that the party is.
    pub unit: String,
    /// Evidence that it rests on.
    pub evidence_ids: Vec<Uuid>,
    /// Sub-type, where it corrects it; empty otherwise.
    pub corrected_sub_type: String,
    /// The words, as reference.
    pub text_ref: String,
}

/// Concludes the investigation.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `CAUSE_UNKNOWN`, `PARTY_UNKNOWN`, `SUB_TYPE_UNKNOWN`, `EVIDENCE_NOT_FOUND`,
/// `OWN_UNIT`, and `EVIDENCE_INCOMPLETE` with every required item that is missing.
pub fn conclude(
    case: &Case,
    conclusion: Conclusion,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused])?;
    let book = setting.book;
    let unknown = |reason, field: &str, value: &str, known: Vec<&str>| {
        let description = format!("`{value}` is not in the handbook; expected one of {}", known.join(", "));
        Rejection::invalid(reason, field, description).with(field, value)
    };
    let cause = book.cause(&conclusion.cause).ok_or_else(|| {
        let known = book.investigation.causes.iter().map(|cause| cause.id.as_str()).collect();
        unknown("CAUSE_UNKNOWN", "cause", &conclusion.cause, known)
    })?;
    let party = book.party(&conclusion.party).ok_or_else(|| {
        let known = book.investigation.parties.iter().map(|party| party.id.as_str()).collect();
        unknown("PARTY_UNKNOWN", "responsible_party", &conclusion.party, known)
    })?;
    if !conclusion.corrected_sub_type.is_empty() && book.subtype(&conclusion.corrected_sub_type).is_none() {
        let description =
            format!("the handbook does not know the sub-type `{}`", conclusion.corrected_sub_type);
        return Err(Rejection::invalid("SUB_TYPE_UNKNOWN", "corrected_sub_type", description)
            .with("sub_type", conclusion.corrected_sub_type));
    }
    for id in &conclusion.evidence_ids {
        case.piece(*id)?;
    }
    let department = party.department.as_ref().map(|department| department.as_str()).unwrap_or_default();
    independent(case, [department, &conclusion.unit], by)?;
    complete(case)?;

    let mut decision = Draft::new(case.clone());
    waiting::end_pause(&mut decision, setting.now, false, setting);
    let unit = if conclusion.unit.is_empty() { department.to_owned() } else { conclusion.unit };
    let event = pb::InvestigationConcluded {
        validity: types::Validity::from(conclusion.validity).into(),
        cause: conclusion.cause.clone(),
        responsible_party: conclusion.party.clone(),
        responsible_unit: unit.clone(),
        text_ref: conclusion.text_ref.clone(),
        evidence_ids: conclusion.evidence_ids.iter().map(ToString::to_string).collect(),
        corrected_sub_type: conclusion.corrected_sub_type.clone(),
        round: number(usize::try_from(case.round).unwrap_or(usize::MAX)),
    };
    tell(&mut decision, &event);
    let facts = json!({ "validity": conclusion.validity, "evidence": conclusion.evidence_ids.len() });
    let named =
        |kind: &str, id: &str, cite: &str| RuleRef { id: format!("{kind}.{id}"), cite: cite.to_owned() };
    let (cause_rule, party_rule) = (
        named("cause", &conclusion.cause, cause.cite.as_str()),
        named("party", &conclusion.party, party.cite.as_str()),
    );
    decision.rulings.push(Ruling::new("cause", cause_rule, conclusion.cause.clone(), facts.clone()));
    decision.rulings.push(Ruling::new("responsible_party", party_rule, conclusion.party.clone(), facts));
    decision.next.stage = Stage::Concluded;
    decision.next.findings = Some(Findings {
        validity: conclusion.validity,
        cause: conclusion.cause,
        party: conclusion.party,
        unit,
        evidence_ids: conclusion.evidence_ids,
        corrected_sub_type: conclusion.corrected_sub_type,
        written: Written { text_ref: conclusion.text_ref.clone(), by: by.clone(), at: setting.now },
    });
    clock::deliver(&mut decision, Deliverable::Conclusion, setting.now);
    checklist::close_core(&mut decision, setting.now);
    extension::lapse(&mut decision, None);
    clock::cancel_others(&mut decision);
    if matches!(conclusion.validity, Validity::Unfounded | Validity::Malicious) {
        // Nothing will be offered, so these are the words by which the customer learns the outcome (M7.1).
        let key = format!("{}/findings/{}", setting.case_id, case.round);
        let values = Values::default().with_text("findings", &conclusion.text_ref);
        notices::to_customer(&mut decision, &key, NoticeKey::Findings, values, setting);
    }
    Ok(decision)
}

/// Nobody investigates the unit that they belong to: neither the one that is found responsible nor the one to which the
/// case was given as its own matter.
fn independent(case: &Case, blamed: [&str; 2], by: &Person) -> Result<(), Rejection> {
    let own = by.department.as_str();
    let own_matter = case.own_matter && own == case.department;
    if own.is_empty() || !(own_matter || blamed.contains(&own)) {
        return Ok(());
    }
    Err(Rejection::denied(
        "OWN_UNIT",
        format!("nobody investigates the unit that they belong to, here `{own}`"),
    )
    .with("department", own))
}

/// Refuses with every required item that is neither received nor waived.
fn complete(case: &Case) -> Result<(), Rejection> {
    let mut lacking =
        Rejection::precondition("EVIDENCE_INCOMPLETE", "required items are neither received nor waived");
    for item in case.checklist.iter().filter(|item| item.required && !item.is_settled()) {
        let holder = item.department.as_deref().unwrap_or("customer");
        lacking = lacking.unmet(
            "ITEM",
            &item.id,
            format!("to be had from `{holder}`, or to be waived with a reason"),
        );
    }
    if lacking.unmet.is_empty() { Ok(()) } else { Err(lacking) }
}
