//! Deciding an approval. Nobody approves what they proposed; of two decisions, the second is refused.

use redress_domain::{Decision, Rejection, Ruling, handbook::DeadlineKind};
use redress_proto::compensation::v1 as pb;
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting, log,
    propose::{approved, need},
    state::{Approval, ApprovalState, Person, RemedyState, Resolution, State},
    terms,
    waybill::Stake,
};

/// A decision on an approval. Texts are stored already.
#[derive(Clone, Debug, Default)]
pub struct Deciding {
    /// Approved; rejected otherwise.
    pub approve: bool,
    /// Whether a reason is given.
    pub has_reason: bool,
    /// The reason, as text reference.
    pub reason_ref: String,
    /// Number of the minutes.
    pub minutes_reference: String,
}

/// Decides.
///
/// # Errors
/// `APPROVAL_NOT_FOUND`, `APPROVAL_NOT_PENDING`, `OWN_PROPOSAL`, `RUNG_TOO_LOW`, `EXPOSURE_ROSE`, `CASE_SEALED`,
/// `INVALID_FIELDS`.
pub fn decide(
    resolution: &Resolution,
    approval_id: Uuid,
    command: &Deciding,
    person: &Person,
    others: Stake,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    let approval = resolution
        .approvals
        .iter()
        .find(|approval| approval.id == approval_id)
        .ok_or_else(|| not_found(approval_id))?;
    let rank = setting.book.rung_rank(&approval.rung).unwrap_or(usize::MAX);
    let authority = person.roles.iter().filter_map(|role| setting.book.authority(*role)).max();
    if approval.proposer.subject == person.actor.subject {
        return Err(Rejection::denied("OWN_PROPOSAL", "nobody approves their own proposal"));
    }
    if authority.is_none_or(|authority| authority < rank) {
        return Err(Rejection::denied("RUNG_TOO_LOW", format!("this needs the rung `{}`", approval.rung))
            .with("rung", approval.rung.clone()));
    }
    resolution.expect_unsealed()?;
    if approval.state != ApprovalState::Pending {
        return Err(Rejection::state("APPROVAL_NOT_PENDING", approval.state.name(), &["PENDING"]));
    }
    if command.approve && approval.meeting && command.minutes_reference.trim().is_empty() {
        let what = "a meeting decides this: name its minutes";
        return Err(Rejection::invalid("INVALID_FIELDS", "minutes_reference", what));
    }
    if !command.approve && !command.has_reason {
        return Err(Rejection::invalid("INVALID_FIELDS", "reason", "a rejection says why"));
    }
    if command.approve {
        let now_needed = need(resolution, resolution.remedies(), others, setting)?;
        if now_needed.rank > rank {
            return Err(Rejection::precondition(
                "EXPOSURE_ROSE",
                format!("what is at stake rose and needs the rung `{}`; propose it again", now_needed.rung),
            )
            .with("rung", now_needed.rung));
        }
    }
    let round = approval.round;
    let mut decision = Decision::new(resolution.clone());
    let mut event = pb::ApprovalDecided::default();
    let mut rung_rule = None;
    for approval in decision.next.approvals.iter_mut().filter(|approval| approval.id == approval_id) {
        approval.state = if command.approve { ApprovalState::Approved } else { ApprovalState::Rejected };
        approval.decider = Some(person.actor.clone());
        approval.decided_at = Some(setting.now);
        approval.reason_ref.clone_from(&command.reason_ref);
        approval.minutes_reference.clone_from(&command.minutes_reference);
        event = approval.decided();
        rung_rule = approval.rules.first().cloned();
    }
    log(&mut decision, &event);
    decision.deadlines.push(terms::meet(DeadlineKind::Approval.as_str(), "", setting.now));
    if let Some(rule) = rung_rule {
        let outcome = if command.approve { "approved" } else { "rejected" };
        decision.rulings.push(Ruling::new("approval", rule, outcome, json!({ "round": round })));
    }
    if command.approve {
        approved(&mut decision, rank)?;
    } else {
        reject(&mut decision);
    }
    Ok(decision)
}

/// The proposal is dropped; in a later round the objection still waits for one.
fn reject(decision: &mut Decision<Resolution>) {
    decision.next.state = if decision.next.objections > 0 { State::Objected } else { State::Open };
    for remedy in decision.next.proposal.iter_mut().flat_map(|proposal| &mut proposal.remedies) {
        remedy.state = RemedyState::Cancelled;
    }
}

/// The refusal for an unknown approval.
pub fn not_found(approval_id: Uuid) -> Rejection {
    Rejection::not_found("APPROVAL_NOT_FOUND", format!("there is no approval `{approval_id}`"))
        .with("approval_id", approval_id.to_string())
}

impl ApprovalState {
    /// As on the wire.
    pub fn wire(self) -> pb::ApprovalState {
        match self {
            Self::Pending => pb::ApprovalState::Pending,
            Self::Approved => pb::ApprovalState::Approved,
            Self::Rejected => pb::ApprovalState::Rejected,
            Self::Superseded => pb::ApprovalState::Superseded,
        }
    }

    /// The name in refusals.
    pub fn name(self) -> &'static str {
        self.wire().as_str_name().trim_start_matches("APPROVAL_STATE_")
    }
}

impl Approval {
    /// The event that it was decided, or superseded.
    pub(crate) fn decided(&self) -> pb::ApprovalDecided {
        pb::ApprovalDecided {
            approval_id: self.id.to_string(),
            proposal_id: self.proposal_id.to_string(),
            state: self.state.wire().into(),
            rung: self.rung.clone(),
            proposer: Some(self.proposer.wire()),
            reason_ref: self.reason_ref.clone(),
            minutes_reference: self.minutes_reference.clone(),
        }
    }
}
