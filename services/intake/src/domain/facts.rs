//! What the handbook's conditions see of a case at registration, and what is missing.

use std::collections::BTreeSet;

use redress_domain::{
    Rejection, Timestamp,
    handbook::{
        CaseFacts, CustomerFacts, EvaluationError, Facts, Field, Handbook, IncidentFacts, Signal, Subtype,
    },
};
use redress_proto::types::v1::Consent;

use crate::domain::{
    case::Case,
    signal::{CaseSignal, Origin},
};

/// The sub-type that the registration points to; the handbook's own for unclassified ones where nothing does.
pub fn subtype<'b>(case: &Case, book: &'b Handbook) -> &'b Subtype {
    let stated = (!case.sub_type.is_empty()).then(|| book.subtype(&case.sub_type)).flatten();
    let implied = || {
        let problem = book.problem_type(case.problem_type?);
        book.subtype(problem.subtype.as_ref()?.as_str())
    };
    stated.or_else(implied).unwrap_or_else(|| book.unclassified())
}

/// The facts of a case as registration knows them at `now`.
pub fn facts(case: &Case, book: &Handbook, now: Timestamp) -> Facts {
    let subtype = subtype(case, book);
    let primary = subtype.id.as_str();
    let mut types = vec![primary.to_owned()];
    types.extend(case.further_sub_types.iter().filter(|further| *further != primary).cloned());
    let (incident, _) = book.incident();
    let people = case.people_affected;
    Facts {
        case: CaseFacts {
            priority: Some(case.priority),
            category: Some(subtype.category),
            subtype: primary.to_owned(),
            types,
            channel: Some(case.channel),
            problem_type: case.problem_type,
            desired_solution: case.desired_solution,
            language: case.language.clone(),
            region: case.region.clone(),
            round: 0,
            reopened: case.reopenings > 0,
        },
        order: case.order.to_facts(now),
        customer: CustomerFacts { corporate: case.corporate, complaints_90d: case.person_complaints },
        incident: IncidentFacts { recognised: people >= i64::from(incident.people_min.value), people },
        signals: case.signals.iter().map(|signal| signal.kind).collect(),
        ..Facts::default()
    }
}

/// Brings what follows from the rest of the state up to date: the group signal, and what is missing (M2.2).
///
/// # Errors
/// [`unevaluable`].
pub fn refresh(case: &mut Case, book: &Handbook, now: Timestamp) -> Result<(), Rejection> {
    let known = facts(case, book, now);
    if known.incident.recognised && !known.signals.contains(&Signal::Group) {
        case.signals.push(CaseSignal::stated(book, Signal::Group, Origin::Facts, now));
    }
    let missing = book.missing_fields(&present(case), &known).map_err(unevaluable)?;
    case.missing_fields = missing.iter().map(|field| field.id.value.as_str().to_owned()).collect();
    Ok(())
}

/// What is recorded.
fn present(case: &Case) -> BTreeSet<Field> {
    let mut present = case.recorded.clone();
    let leads = &case.evidence_leads;
    let asked =
        |consent: i32| Consent::try_from(consent).is_ok_and(|consent| consent != Consent::Unspecified);
    let also = [
        (Field::WaybillNo, !case.waybill_no.is_empty()),
        (Field::OrderedTime, case.stated_order.ordered_at.is_some()),
        (Field::Line, !case.stated_order.line.is_empty()),
        (Field::ServiceType, !case.stated_order.service_type.is_empty()),
        (Field::ProblemType, case.problem_type.is_some()),
        (Field::DesiredSolution, case.desired_solution.is_some()),
        (Field::EvidenceLeads, !leads.is_empty()),
        (Field::EvidenceConsent, !leads.is_empty() && leads.iter().all(|lead| asked(lead.consent))),
    ];
    present.extend(also.into_iter().filter(|(_, is_there)| *is_there).map(|(field, _)| field));
    present
}

/// The refusal when arithmetic in a condition overflows: the handbook does not say what to do.
pub fn unevaluable(error: EvaluationError) -> Rejection {
    Rejection::precondition("HANDBOOK_SILENT", format!("the handbook cannot decide: {error}"))
        .with("chapter", "registration")
        .with("key", error.expression)
}
