//! What is written on the way: progress for the customer, and the preliminary report (M4.3).

use redress_domain::{
    Rejection, Timestamp,
    handbook::{Deliverable, NoticeKey},
};
use redress_proto::{investigation::v1 as pb, time_to_wire, types::v1 as types};

use super::{
    Draft, Setting,
    case::{Case, Person, Progress, Stage, Written},
    clock,
    notices::{self, Values},
    tell,
};

/// Tells the customer how the investigation stands. It counts when it is delivered.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`.
pub fn progress(case: &Case, text_ref: &str, by: &Person, setting: &Setting<'_>) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused])?;
    let mut decision = Draft::new(case.clone());
    let notice_key = format!("{}/progress/{}", setting.case_id, case.progress.len() + 1);
    decision.next.progress.push(Progress {
        round: case.round,
        notice_key: notice_key.clone(),
        written: Written { text_ref: text_ref.to_owned(), by: by.clone(), at: setting.now },
        delivered_at: None,
    });
    let event = pb::ProgressReported { notice_key: notice_key.clone(), text_ref: text_ref.to_owned() };
    tell(&mut decision, &event);
    let values = Values::default().with_text("progress", text_ref);
    notices::to_customer(&mut decision, &notice_key, NoticeKey::Progress, values, setting);
    Ok(decision)
}

/// A progress report reached the customer; none where it is not one of ours, or known to have arrived before.
pub fn progress_delivered(
    case: &Case,
    notice_key: &str,
    at: Timestamp,
    proof: types::DeliveryProof,
) -> Option<Draft> {
    let mut decision = Draft::new(case.clone());
    let round = case.round;
    let report = decision.next.progress.iter_mut().find(|report| {
        report.notice_key == notice_key && report.delivered_at.is_none_or(|known| at < known)
    })?;
    report.delivered_at = Some(at);
    let counts = report.round == round && case.stage != Stage::Cancelled;
    tell_delivered(&mut decision, notice_key, at, proof);
    if counts {
        clock::deliver(&mut decision, Deliverable::Progress, at);
    }
    Some(decision)
}

/// Notices by which the customer learns what came of it.
const OUTCOMES: [NoticeKey; 4] =
    [NoticeKey::Findings, NoticeKey::Offer, NoticeKey::HandlingNotice, NoticeKey::FinalPosition];

/// The customer learnt the outcome; after the conclusion that is progress told. None where progress is not owed.
pub fn outcome_delivered(
    case: &Case,
    notice_key: &str,
    notice: &str,
    at: Timestamp,
    proof: types::DeliveryProof,
) -> Option<Draft> {
    let concluded_at = case.findings.as_ref().map(|findings| findings.written.at)?;
    let owed = case.deliverables.contains(&Deliverable::Progress)
        && case.delivered.get(&Deliverable::Progress).is_none_or(|known| at < *known);
    let tells = OUTCOMES.iter().any(|outcome| outcome.as_str() == notice);
    if !owed || !tells || at < concluded_at {
        return None;
    }
    let mut decision = Draft::new(case.clone());
    tell_delivered(&mut decision, notice_key, at, proof);
    clock::deliver(&mut decision, Deliverable::Progress, at);
    Some(decision)
}

fn tell_delivered(decision: &mut Draft, notice_key: &str, at: Timestamp, proof: types::DeliveryProof) {
    let event = pb::ProgressDelivered {
        notice_key: notice_key.to_owned(),
        delivery_time: Some(time_to_wire(at)),
        proof: proof.into(),
    };
    tell(decision, &event);
}

/// Files the preliminary report. The first one counts for the limit; a later one takes its place. After the conclusion
/// it can still be filed where it is owed.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`.
pub fn preliminary(
    case: &Case,
    text_ref: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    let owed =
        case.deliverables.contains(&Deliverable::PreliminaryReport) && case.preliminary_report.is_none();
    if !(owed && case.stage == Stage::Concluded) {
        case.expect_stage(&[Stage::Open, Stage::Paused])?;
    }
    let mut decision = Draft::new(case.clone());
    decision.next.preliminary_report =
        Some(Written { text_ref: text_ref.to_owned(), by: by.clone(), at: setting.now });
    tell(&mut decision, &pb::PreliminaryReportFiled { text_ref: text_ref.to_owned() });
    clock::deliver(&mut decision, Deliverable::PreliminaryReport, setting.now);
    Ok(decision)
}
