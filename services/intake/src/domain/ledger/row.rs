//! The ledger's row of a case, derived from the five parts.

use std::collections::BTreeSet;

use redress_domain::Timestamp;
use redress_proto::{
    deadlines::v1::DeadlineBasis,
    intake::v1::{CaseOwner, CaseState, CaseStep, LedgerDeadline, LedgerRow},
    time_to_wire,
    types::v1::Role,
};

use super::{Parts, deadlines::Outstanding};

/// A deadline of a case with the service that keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'p> {
    /// Service.
    pub service: &'static str,
    /// Id.
    pub id: &'p str,
    /// The deadline.
    pub deadline: &'p Outstanding,
}

impl Kept<'_> {
    fn to_wire(self) -> LedgerDeadline {
        self.deadline.to_wire(self.service, self.id)
    }
}

impl Parts {
    /// Whether the registration itself has been learnt of. Before, other services' events may already be here.
    pub fn is_registered(&self) -> bool {
        !self.intake.says.case_number.is_empty()
    }

    /// State in intake.
    pub fn state(&self) -> CaseState {
        CaseState::try_from(self.intake.says.state).unwrap_or(CaseState::Unspecified)
    }

    /// Number of the priority: triage's, before that registration's.
    pub fn priority(&self) -> i32 {
        if self.triage.says.priority == 0 { self.intake.says.priority } else { self.triage.says.priority }
    }

    /// Everything outstanding, the earliest due time first, paused ones last.
    pub fn outstanding(&self) -> Vec<Kept<'_>> {
        let mut kept: Vec<Kept<'_>> = self
            .deadlines()
            .flat_map(|(service, deadlines)| {
                deadlines.outstanding.iter().map(move |(id, deadline)| Kept { service, id, deadline })
            })
            .collect();
        kept.sort_by_key(|kept| {
            (kept.deadline.due_at.is_none(), kept.deadline.due_at, kept.service, kept.id)
        });
        kept
    }

    /// When the next deadline falls due.
    pub fn next_due_at(&self) -> Option<Timestamp> {
        self.outstanding()
            .into_iter()
            .find(|kept| kept.deadline.is_next())
            .and_then(|kept| kept.deadline.due_at)
    }

    /// Whether an answer of the customer is awaited: to an offer, or to a request for evidence.
    pub fn is_with_customer(&self) -> bool {
        let investigation = &self.investigation.says;
        match self.step() {
            CaseStep::Offered => true,
            CaseStep::Investigating => investigation.paused || !investigation.asked.is_empty(),
            _ => false,
        }
    }

    /// Who has to act next; nobody in a case that has ended and needs no follow-up.
    pub fn owner(&self) -> Option<CaseOwner> {
        let compensation = &self.compensation.says;
        match self.step() {
            CaseStep::Closed | CaseStep::Surveyed | CaseStep::Retained | CaseStep::Purged => {
                let follow_up = self.survey.says.follow_up;
                (follow_up != 0).then(|| roles([follow_up]))
            }
            CaseStep::Investigating if self.investigation.says.paused => Some(roles([Role::Customer.into()])),
            CaseStep::Offered => Some(roles([Role::Customer.into()])),
            CaseStep::Proposed if !compensation.approvers.is_empty() => {
                Some(roles(compensation.approvers.clone()))
            }
            CaseStep::Executing => {
                let acting: BTreeSet<i32> = compensation
                    .under_way
                    .iter()
                    .filter_map(|remedy| compensation.executors.get(remedy).copied())
                    .filter(|role| *role != 0)
                    .collect();
                Some(if acting.is_empty() { self.lead() } else { roles(acting) })
            }
            CaseStep::Approved
            | CaseStep::Executed
            | CaseStep::FinalPosition
            | CaseStep::Unfounded
            | CaseStep::Malicious
            | CaseStep::Refused
            | CaseStep::Withdrawn => Some(front_desk()),
            _ => Some(self.lead()),
        }
    }

    /// Those to whom triage gave the case; the front desk before it did.
    fn lead(&self) -> CaseOwner {
        let triage = &self.triage.says;
        if triage.lead_roles.is_empty() && triage.department.is_empty() {
            return front_desk();
        }
        CaseOwner {
            roles: triage.lead_roles.clone(),
            department: triage.department.clone(),
            subject: triage.subject.clone(),
        }
    }

    /// The row of `case_id`.
    pub fn to_wire(&self, case_id: &str) -> LedgerRow {
        let (intake, triage) = (&self.intake.says, &self.triage.says);
        let outstanding = self.outstanding();
        let next = |wanted: &dyn Fn(&Outstanding) -> bool| {
            let mut open = outstanding.iter().filter(|kept| kept.deadline.is_next());
            open.find(|kept| wanted(kept.deadline)).map(|kept| kept.to_wire())
        };
        let missed: usize = self.deadlines().map(|(_, deadlines)| deadlines.missed.len()).sum();
        LedgerRow {
            case_id: case_id.to_owned(),
            case_number: intake.case_number.clone(),
            region: self.region().to_owned(),
            channel: intake.channel,
            state: self.state().into(),
            step: self.step().into(),
            priority: self.priority(),
            category: triage.category,
            primary_sub_type: triage.primary_sub_type.clone(),
            further_sub_types: triage.further_sub_types.clone(),
            waybill_no: intake.waybill_no.clone(),
            line: intake.line.clone(),
            incident_id: triage.incident_id.clone(),
            signals: intake.signals.union(&triage.signals).copied().collect(),
            owner: self.owner(),
            next_deadline: next(&|_| true),
            statutory_deadline: next(&|deadline| deadline.rests_on(DeadlineBasis::Statute)),
            missed_deadlines: i32::try_from(missed).unwrap_or(i32::MAX),
            approved_amount: self.compensation.says.approved.map(Into::into),
            paid_amount: self.compensation.says.paid.map(Into::into),
            validity: self.investigation.says.validity,
            round: self.compensation.says.round,
            reopenings: intake.reopenings,
            received_time: intake.received_at.map(time_to_wire),
            acknowledge_time: intake.acknowledged_at.map(time_to_wire),
            close_time: intake.closed_at.map(time_to_wire),
            update_time: self.changed_at().map(time_to_wire),
        }
    }
}

fn roles(roles: impl IntoIterator<Item = i32>) -> CaseOwner {
    CaseOwner { roles: roles.into_iter().collect(), ..CaseOwner::default() }
}

/// Those who take complaints in, make offers and close cases: as the contract lets them.
fn front_desk() -> CaseOwner {
    roles([Role::CsAgent.into(), Role::CsSupervisor.into()])
}
