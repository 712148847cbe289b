//! The state as the wire has it. Texts are references; who shows them reads them from intake.

use redress_domain::handbook::Priority;
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};
use uuid::Uuid;

use super::{
    notice::promise,
    standing::rule,
    state::{Actor, Approval, ObstacleKind, Payment, PaymentState, Recovery, Remedy, Resolution},
};

/// The wire's priority; unspecified before triage.
pub fn priority(priority: Option<Priority>) -> i32 {
    priority.map_or(types::Priority::Unspecified, Into::into).into()
}

impl Actor {
    /// As on the wire.
    pub fn wire(&self) -> types::Actor {
        let role = redress_proto::role_from_name(&self.role).unwrap_or(types::Role::Unspecified);
        let kind = match role {
            types::Role::Customer => types::ActorKind::Customer,
            types::Role::Integration => types::ActorKind::Integration,
            types::Role::Service => types::ActorKind::Service,
            _ => types::ActorKind::Staff,
        };
        types::Actor {
            subject: self.subject.clone(),
            role: role.into(),
            kind: kind.into(),
            department: self.department.clone(),
        }
    }
}

impl PaymentState {
    /// As on the wire.
    pub fn wire(self) -> pb::PaymentState {
        match self {
            Self::Pending => pb::PaymentState::Pending,
            Self::Reserved => pb::PaymentState::Reserved,
            Self::Unknown => pb::PaymentState::Unknown,
            Self::Paid => pb::PaymentState::Paid,
            Self::Released => pb::PaymentState::Released,
            Self::Refused => pb::PaymentState::Refused,
        }
    }

    /// The name in refusals.
    pub fn name(self) -> &'static str {
        self.wire().as_str_name().trim_start_matches("PAYMENT_STATE_")
    }
}

impl ObstacleKind {
    /// As on the wire.
    pub fn wire(self) -> pb::Obstacle {
        match self {
            Self::FinanceDown => pb::Obstacle::FinanceDown,
            Self::PaymentRefused => pb::Obstacle::PaymentRefused,
            Self::GoodsUnavailable => pb::Obstacle::GoodsUnavailable,
            Self::NotDeliverable => pb::Obstacle::NotDeliverable,
            Self::FulfilmentDown => pb::Obstacle::FulfilmentDown,
            Self::Other => pb::Obstacle::Other,
        }
    }

    /// From the wire; none for an unspecified one.
    pub fn from_wire(wire: pb::Obstacle) -> Option<Self> {
        match wire {
            pb::Obstacle::Unspecified => None,
            pb::Obstacle::FinanceDown => Some(Self::FinanceDown),
            pb::Obstacle::PaymentRefused => Some(Self::PaymentRefused),
            pb::Obstacle::GoodsUnavailable => Some(Self::GoodsUnavailable),
            pb::Obstacle::NotDeliverable => Some(Self::NotDeliverable),
            pb::Obstacle::FulfilmentDown => Some(Self::FulfilmentDown),
            pb::Obstacle::Other => Some(Self::Other),
        }
    }
}

impl Payment {
    fn wire(&self) -> pb::Payment {
        pb::Payment {
            key: self.key.clone(),
            account: self.account.wire().into(),
            state: self.state.wire().into(),
            amount: Some(self.amount.into()),
            create_time: Some(time_to_wire(self.created_at)),
            pay_time: self.paid_at.map(time_to_wire),
            attempts: self.attempts,
        }
    }
}

impl Remedy {
    /// As on the wire; its name is the handbook's and filled in where there is one.
    pub fn wire(&self) -> pb::Remedy {
        pb::Remedy {
            remedy_id: self.id.to_string(),
            kind: pb::RemedyKind::from(self.kind).into(),
            upgrade: self.upgrade,
            amount: self.amount.map(Into::into),
            basis_points: self.basis_points,
            quantity: self.quantity,
            text: None,
            executor: pb::RemedyExecutor::from(self.executor).into(),
            role: self.role.map_or(types::Role::Unspecified, Into::into).into(),
            state: self.state.wire().into(),
            promise: self.promise.as_ref().map(promise),
            payments: self.payments.iter().map(Payment::wire).collect(),
            obstacle: self
                .obstacle
                .as_ref()
                .map_or(pb::Obstacle::Unspecified, |obstacle| obstacle.kind.wire())
                .into(),
            by_fallback: self.by_fallback,
            backfilled: self.backfilled,
            rule: Some(rule(&self.rule)),
            execute_time: self.executed_at.map(time_to_wire),
            proof_reference: self.proof_reference.clone(),
        }
    }
}

impl Recovery {
    /// As on the wire.
    pub fn wire(&self) -> pb::Recovery {
        pb::Recovery {
            recovery_id: self.id.to_string(),
            remedy_id: self.remedy_id.to_string(),
            standing_payment_key: self.standing_key.clone(),
            double_payment_key: self.double_key.clone(),
            amount: Some(self.amount.into()),
            open_time: Some(time_to_wire(self.opened_at)),
        }
    }
}

impl Approval {
    /// As on the wire, without the words of its reason.
    pub fn wire(&self, case_id: Uuid, region: &str) -> pb::Approval {
        pb::Approval {
            approval_id: self.id.to_string(),
            case_id: case_id.to_string(),
            proposal_id: self.proposal_id.to_string(),
            round: self.round,
            rung: self.rung.clone(),
            roles: self.roles.iter().map(|role| types::Role::from(*role).into()).collect(),
            meeting: self.meeting,
            state: self.state.wire().into(),
            totals: Some(self.totals.wire()),
            exposure: Some(self.exposure.wire(self.totals.total.currency)),
            priority: priority(self.priority),
            media_risk: self.media_risk,
            rules: self.rules.iter().map(rule).collect(),
            proposer: Some(self.proposer.wire()),
            request_time: Some(time_to_wire(self.requested_at)),
            due_time: Some(time_to_wire(self.due_at)),
            decider: self.decider.as_ref().map(Actor::wire),
            decide_time: self.decided_at.map(time_to_wire),
            reason: String::new(),
            minutes_reference: self.minutes_reference.clone(),
            region: region.to_owned(),
        }
    }
}

impl Resolution {
    /// The state as it is shown: with the seal.
    pub fn shown_state(&self) -> pb::ResolutionState {
        if self.seal.is_some() { pb::ResolutionState::Sealed } else { self.state.wire() }
    }

    /// As on the wire, without what its row and policy say and without the words of its texts.
    pub fn wire(&self, case_id: Uuid, region: &str) -> pb::Resolution {
        let proposal = self.proposal.as_ref();
        pb::Resolution {
            case_id: case_id.to_string(),
            state: self.shown_state().into(),
            round: self.round(),
            proposal_id: proposal.map(|proposal| proposal.id.to_string()).unwrap_or_default(),
            solution: proposal.map(|proposal| proposal.solution.clone()).unwrap_or_default(),
            upgrades: proposal.map(|proposal| proposal.upgrades.clone()).unwrap_or_default(),
            remedies: self.remedies().iter().map(Remedy::wire).collect(),
            totals: proposal.and_then(|_| self.totals().ok()).map(|totals| totals.wire()),
            exposure: proposal.map(|proposal| proposal.exposure().wire(self.currency)),
            prevention_measure_ref: proposal
                .map(|proposal| proposal.prevention_ref.clone())
                .unwrap_or_default(),
            rung: proposal.map(|proposal| proposal.rung.clone()).unwrap_or_default(),
            rung_rules: proposal.into_iter().flat_map(|proposal| &proposal.rung_rules).map(rule).collect(),
            approvals: self.approvals.iter().map(|approval| approval.wire(case_id, region)).collect(),
            proposer: proposal.map(|proposal| proposal.proposer.wire()),
            offer: self.offer.as_ref().map(|offer| pb::Offer {
                offer_id: offer.id.to_string(),
                proposal_id: offer.proposal_id.to_string(),
                round: offer.round,
                notice_key: offer.notice_key.clone(),
                promises: self
                    .remedies()
                    .iter()
                    .filter_map(|remedy| remedy.promise.as_ref())
                    .map(promise)
                    .collect(),
                offer_time: Some(time_to_wire(offer.offered_at)),
                delivery_time: offer.delivered_at.map(time_to_wire),
            }),
            responses: self
                .responses
                .iter()
                .map(|response| pb::CustomerResponse {
                    offer_id: response.offer_id.to_string(),
                    round: response.round,
                    response: response.kind.wire().into(),
                    text: String::new(),
                    text_ref: response.text_ref.clone(),
                    point: pb::ObjectionPoint::from_str_name(&response.point)
                        .unwrap_or(pb::ObjectionPoint::Unspecified)
                        .into(),
                    channel: response.channel.map_or(types::Channel::Unspecified, Into::into).into(),
                    response_time: Some(time_to_wire(response.said_at)),
                    actor: Some(response.actor.wire()),
                })
                .collect(),
            notices: self
                .notices
                .iter()
                .map(|notice| pb::HandlingNotice {
                    notice_id: notice.id.to_string(),
                    notice_key: notice.notice_key.clone(),
                    channel: types::Channel::from(notice.channel).into(),
                    issue_time: Some(time_to_wire(notice.issued_at)),
                    delivery_time: notice.delivered_at.map(time_to_wire),
                    round: notice.round,
                })
                .collect(),
            recoveries: self.recoveries.iter().map(Recovery::wire).collect(),
            priority: priority(self.context.facts.case.priority),
            media_risk: self.context.media_risk,
            validity: self
                .context
                .facts
                .investigation
                .validity
                .map_or(types::Validity::Unspecified, Into::into)
                .into(),
            waybill_no: self.context.waybill_no.clone(),
            seal: self.seal.as_ref().map(|seal| seal.wire(case_id)),
            region: region.to_owned(),
            execute_time: self.executed_at.map(time_to_wire),
            ..pb::Resolution::default()
        }
    }
}

impl super::state::Proposal {
    /// What was at stake with it.
    pub fn exposure(&self) -> super::state::Exposure {
        super::state::Exposure {
            case_total_minor: self.case_total_minor,
            waybill_total_minor: self.waybill_total_minor,
            waybill_paid_minor: self.waybill_paid_minor,
        }
    }
}
