//! Closing a case, once every condition of its gate is proven (M7.1, X12).

use chrono::Months;
use redress_domain::{
    Decision, Rejection, Ruling, Timestamp,
    handbook::{DeadlineKind, Handbook},
};
use redress_proto::{fact, intake::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;

use crate::domain::{
    case::{Case, Closing, SealRef, Stage},
    clocks,
    facts::{facts, unevaluable},
    gate::Gate,
};

/// Proofs of the services that took part; none where a service has no part in the case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seals {
    /// Investigation's.
    pub investigation: Option<types::Seal>,
    /// Compensation's.
    pub compensation: Option<types::Seal>,
}

impl Seals {
    /// Those that there are.
    pub fn all(&self) -> impl Iterator<Item = &types::Seal> {
        self.investigation.iter().chain(&self.compensation)
    }
}

/// Closes a case whose gate is met and whose parts are sealed.
///
/// # Errors
/// `HANDBOOK_SILENT` where a retention rule cannot be evaluated.
pub fn close(
    case: &Case,
    gate: &Gate,
    seals: &Seals,
    own_head: &[u8],
    book: &Handbook,
    now: Timestamp,
) -> Result<Decision<Case>, Rejection> {
    let known = facts(case, book, now);
    let (years, retention) = book.retention_years(&known).map_err(unevaluable)?;
    let keep_until = now.checked_add_months(Months::new(years.saturating_mul(12))).unwrap_or(now);
    let closed = pb::CaseClosed {
        basis: types::ClosingBasis::from(gate.basis).into(),
        gate: gate.to_wire(),
        investigation_seal: seals.investigation.clone(),
        compensation_seal: seals.compensation.clone(),
        intake_head_hash: own_head.to_vec(),
        close_time: Some(time_to_wire(now)),
        received_time: Some(time_to_wire(case.received_at)),
        keep_until_time: Some(time_to_wire(keep_until)),
        reopenings: case.reopenings,
    };
    let mut next = case.clone();
    next.stage = Stage::Closed;
    next.closing = Some(Closing {
        basis: gate.basis,
        at: now,
        keep_until,
        seals: seals
            .all()
            .map(|seal| SealRef { service: seal.service.clone(), seal_id: seal.seal_id.clone() })
            .collect(),
    });
    let conditions: Vec<_> = gate.items.iter().map(|item| item.condition.as_str()).collect();
    Ok(Decision::new(next)
        .fact(fact(&closed))
        .ruling(Ruling::new(
            "closing_gate",
            gate.rule.clone(),
            gate.basis.as_str(),
            json!({ "met": conditions }),
        ))
        .ruling(Ruling::new("retention", retention, format!("{years} years"), known.to_json()))
        .deadline(clocks::cancel(DeadlineKind::FirstResponse))
        // Whoever agreed, withdrew or was refused has been answered; the event of it may have come another way.
        .deadline(clocks::meet(DeadlineKind::StatutoryAnswer, now)))
}
