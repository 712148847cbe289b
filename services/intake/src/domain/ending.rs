//! Ends before a resolution, and the way back: refusing, withdrawing, reopening.

use redress_domain::{
    Calendar, Decision, IntentDraft, Rejection, RejectionKind, Ruling, Timestamp,
    deadline::{Term, due},
    handbook::{Channel, DeadlineKind, Handbook, RefusalGround},
};
use redress_proto::{fact, intake::v1 as pb, types::v1 as types};
use serde_json::json;
use uuid::Uuid;

use crate::domain::{
    case::{Case, Stage, reference},
    clocks,
    signal::rule_to_wire,
};

/// Intent that breaks a seal in another service.
pub const UNSEAL: &str = "unseal";

/// The ground of the handbook with this id.
///
/// # Errors
/// `REFUSAL_GROUND_UNKNOWN`.
pub fn ground<'b>(book: &'b Handbook, id: &str) -> Result<&'b RefusalGround, Rejection> {
    book.refusal_ground(id).ok_or_else(|| {
        let known: Vec<&str> =
            book.registration.refusal_grounds.iter().map(|ground| ground.id.as_str()).collect();
        Rejection::invalid(
            "REFUSAL_GROUND_UNKNOWN",
            "ground",
            format!("`{id}` is no ground of the handbook; expected one of {}", known.join(", ")),
        )
        .with("ground", id)
    })
}

/// Refuses a complaint. `offered`: a resolution was offered, and it is too late to refuse.
///
/// # Errors
/// `STATE_NOT_ALLOWED`.
pub fn refuse(
    case: &Case,
    ground: &RefusalGround,
    duplicate_of: &str,
    text_ref: Option<Uuid>,
    offered: bool,
) -> Result<Decision<Case>, Rejection> {
    case.expect_stage(&[Stage::Open])?;
    if offered {
        return Err(Rejection::state(
            "STATE_NOT_ALLOWED",
            "OFFERED",
            &["OPEN, before a resolution was offered"],
        ));
    }
    let mut next = case.clone();
    next.stage = Stage::Refused;
    ground.id.as_str().clone_into(&mut next.refusal_ground);
    let refused = pb::CaseRefused {
        ground: ground.id.as_str().to_owned(),
        rule: Some(rule_to_wire(&ground.rule_ref())),
        duplicate_of: duplicate_of.to_owned(),
        text_ref: reference(text_ref),
    };
    let ruling = Ruling::new("refusal", ground.rule_ref(), ground.id.as_str(), json!({ "stated": true }));
    // The customer is still to be told: the statutory clock runs until the refusal has arrived.
    Ok(Decision::new(next)
        .fact(fact(&refused))
        .ruling(ruling)
        .deadline(clocks::cancel(DeadlineKind::FirstResponse)))
}

/// Records that the customer withdraws.
///
/// # Errors
/// `STATE_NOT_ALLOWED`.
pub fn withdraw(case: &Case, channel: Channel, text_ref: Option<Uuid>) -> Result<Decision<Case>, Rejection> {
    case.expect_stage(&[Stage::Open])?;
    let mut next = case.clone();
    next.stage = Stage::Withdrawn;
    let withdrawn =
        pb::CaseWithdrawn { channel: types::Channel::from(channel).into(), text_ref: reference(text_ref) };
    Ok(Decision::new(next).fact(fact(&withdrawn)).deadline(clocks::cancel(DeadlineKind::FirstResponse)))
}

/// Opens a case again. The renewed complaint is owed an answer of its own.
///
/// # Errors
/// `STATE_NOT_ALLOWED`; `REOPENING_NOT_ALLOWED` when the handbook's time for it is over; `CALENDAR_CANNOT_TELL`.
pub fn reopen(
    case: &Case,
    reason: pb::ReopeningReason,
    text_ref: Option<Uuid>,
    book: &Handbook,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Decision<Case>, Rejection> {
    case.expect_stage(&[Stage::Closed, Stage::Refused, Stage::Withdrawn])?;
    let (rule, rule_ref) = book.reopening();
    if let Some(closing) = &case.closing {
        let until = match rule.within {
            Some(limit) => {
                let term = Term {
                    start: closing.at,
                    limit,
                    pauses: Vec::new(),
                    extensions: Vec::new(),
                    not_after: Some(closing.keep_until),
                };
                due(calendar, &term)
                    .map_err(|error| Rejection::precondition("CALENDAR_CANNOT_TELL", error.to_string()))?
            }
            None => Some(closing.keep_until),
        };
        if until.is_some_and(|until| now > until) {
            return Err(Rejection::new(
                RejectionKind::Precondition,
                "REOPENING_NOT_ALLOWED",
                "the handbook no longer allows reopening the case",
            )
            .with("until", until.map(|until| until.to_rfc3339()).unwrap_or_default()));
        }
    }
    let seals = case.closing.as_ref().map(|closing| closing.seals.clone()).unwrap_or_default();
    let mut next = case.clone();
    next.stage = Stage::Open;
    next.closing = None;
    next.answered_at = None;
    next.refusal_ground = String::new();
    next.reopenings += 1;
    let reopened = pb::CaseReopened {
        reason: reason.into(),
        text_ref: reference(text_ref),
        previous_state: case.stage.to_wire().into(),
        seal_ids: seals.iter().map(|seal| seal.seal_id.clone()).collect(),
        reopenings: next.reopenings,
    };
    let ruling = Ruling::new("reopening", rule_ref, "allowed", json!({ "reopenings": next.reopenings }));
    let mut decision = Decision::new(next).fact(fact(&reopened)).ruling(ruling);
    // A clock that still runs goes on: refusing and reopening buys no time.
    if case.answered_at.is_some() || case.closing.is_some() {
        decision = decision.deadline(clocks::open(
            DeadlineKind::StatutoryAnswer,
            case.priority,
            now,
            book,
            calendar,
        )?);
    }
    decision.intents = seals
        .iter()
        .map(|seal| IntentDraft {
            kind: UNSEAL.into(),
            key: format!("{UNSEAL}/{}", seal.seal_id),
            payload: json!({ "service": seal.service, "seal_id": seal.seal_id, "reopened": true }),
            not_before: None,
        })
        .collect();
    Ok(decision)
}
