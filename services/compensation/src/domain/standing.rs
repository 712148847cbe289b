//! Questions that the state answers: what is present, what is allowed, what is certain.

use redress_domain::{Rejection, RuleRef, handbook::Role};
use redress_proto::{compensation::v1 as pb, types::v1 as types};
use uuid::Uuid;

use super::state::{
    Account, Approval, ApprovalState, Payment, PaymentState, Person, Remedy, RemedyState, Resolution, State,
};

impl Person {
    /// Whether the caller has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

impl State {
    /// As on the wire, without the seal.
    pub fn wire(self) -> pb::ResolutionState {
        match self {
            Self::Open => pb::ResolutionState::Open,
            Self::Proposed => pb::ResolutionState::Proposed,
            Self::Approved => pb::ResolutionState::Approved,
            Self::Offered => pb::ResolutionState::Offered,
            Self::Objected => pb::ResolutionState::Objected,
            Self::Accepted => pb::ResolutionState::Accepted,
            Self::FinalPosition => pb::ResolutionState::FinalPosition,
            Self::Executing => pb::ResolutionState::Executing,
            Self::Obstructed => pb::ResolutionState::Obstructed,
            Self::Executed => pb::ResolutionState::Executed,
            Self::NotDue => pb::ResolutionState::NotDue,
            Self::Cancelled => pb::ResolutionState::Cancelled,
        }
    }

    /// The name in refusals.
    pub fn name(self) -> &'static str {
        self.wire().as_str_name().trim_start_matches("RESOLUTION_STATE_")
    }
}

impl RemedyState {
    /// Begun and not at its end.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Started | Self::Reserved | Self::Unknown | Self::Obstructed | Self::Fallback)
    }

    /// As on the wire.
    pub fn wire(self) -> pb::RemedyState {
        match self {
            Self::Planned => pb::RemedyState::Planned,
            Self::Started => pb::RemedyState::Started,
            Self::Reserved => pb::RemedyState::Reserved,
            Self::Unknown => pb::RemedyState::Unknown,
            Self::Obstructed => pb::RemedyState::Obstructed,
            Self::Fallback => pb::RemedyState::Fallback,
            Self::Executed => pb::RemedyState::Executed,
            Self::Cancelled => pb::RemedyState::Cancelled,
        }
    }
}

impl PaymentState {
    /// No call about it is needed any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Released | Self::Refused)
    }
}

impl Payment {
    /// It is certain that nothing was and will be paid under its key: the payments system said so, or it was never
    /// reached and nothing more is sent.
    pub fn is_known_not_to_pay(&self) -> bool {
        matches!(self.state, PaymentState::Released | PaymentState::Refused)
            || (self.stopping && !self.ordered && !self.maybe_taken)
    }

    /// Money may move, or has moved, under its key.
    pub fn may_pay(&self) -> bool {
        self.state == PaymentState::Paid
            || (self.ordered && !matches!(self.state, PaymentState::Released | PaymentState::Refused))
    }
}

impl Remedy {
    /// The payment with this key.
    pub fn payment(&self, key: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.key == key)
    }

    /// The payment from this account.
    pub fn payment_from(&self, account: Account) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.account == account)
    }
}

impl Resolution {
    /// The present round: of the present proposal, else 0.
    pub fn round(&self) -> i32 {
        self.proposal.as_ref().map_or(0, |proposal| proposal.round)
    }

    /// The remedies of the present proposal.
    pub fn remedies(&self) -> &[Remedy] {
        self.proposal.as_ref().map_or(&[], |proposal| proposal.remedies.as_slice())
    }

    /// Every remedy that counts: carried out before a reopening, and those of the present proposal.
    pub fn all_remedies(&self) -> impl Iterator<Item = &Remedy> {
        self.earlier.iter().chain(self.remedies())
    }

    /// A remedy of the present round.
    ///
    /// # Errors
    /// `REMEDY_NOT_FOUND`.
    pub fn remedy(&self, id: Uuid) -> Result<&Remedy, Rejection> {
        self.remedies().iter().find(|remedy| remedy.id == id).ok_or_else(|| {
            Rejection::not_found(
                "REMEDY_NOT_FOUND",
                format!("there is no remedy `{id}` in the present round"),
            )
            .with("remedy_id", id.to_string())
        })
    }

    /// A remedy of the present round, or of the time before a reopening, to be changed.
    pub(crate) fn remedy_mut(&mut self, id: Uuid) -> Option<&mut Remedy> {
        let present = self.proposal.iter_mut().flat_map(|proposal| &mut proposal.remedies);
        present.chain(&mut self.earlier).find(|remedy| remedy.id == id)
    }

    /// The approval that waits for a decision.
    pub fn pending_approval(&self) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.state == ApprovalState::Pending)
    }

    /// Refuses a sealed resolution, and one in another state than `allowed` (I5).
    ///
    /// # Errors
    /// `CASE_SEALED`, `STATE_NOT_ALLOWED`.
    pub fn expect_state(&self, allowed: &[State]) -> Result<(), Rejection> {
        self.expect_unsealed()?;
        if allowed.contains(&self.state) {
            return Ok(());
        }
        let names: Vec<&str> = allowed.iter().map(|state| state.name()).collect();
        Err(Rejection::state("STATE_NOT_ALLOWED", self.state.name(), &names))
    }

    /// Refuses a sealed resolution (I5).
    ///
    /// # Errors
    /// `CASE_SEALED`.
    pub fn expect_unsealed(&self) -> Result<(), Rejection> {
        match &self.seal {
            None => Ok(()),
            Some(seal) => Err(Rejection::state("CASE_SEALED", "SEALED", &["unsealed by a reopening"])
                .with("seal_id", seal.id.to_string())),
        }
    }
}

/// A rule as the wire names it.
pub(crate) fn rule(rule: &RuleRef) -> types::RuleRef {
    types::RuleRef { id: rule.id.clone(), cite: rule.cite.clone() }
}
