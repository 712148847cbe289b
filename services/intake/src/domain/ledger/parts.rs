//! What each service's own events say about a case. Enums are kept as their wire numbers.

use std::collections::{BTreeMap, BTreeSet};

use prost::DecodeError;
use redress_domain::{Money, Timestamp};
use redress_proto::{
    compensation::v1::{self as compensation, ApprovalState, RemedyExecutor, ResolutionState, ResponseKind},
    google::r#type::Money as WireMoney,
    intake::v1::{self as intake, CaseState, CaseStep},
    investigation::v1::{self as investigation, EvidenceSource},
    survey::v1 as survey,
    triage::v1::{self as triage, TriageTrigger},
    types::v1::{Role, Signal, Validity},
};
use serde::{Deserialize, Serialize};

use super::{Fold, decode, time};

/// What intake's log says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IntakePart {
    /// Number of `CaseStep` that intake stands for: received, acknowledged, refused, withdrawn, closed, reopened.
    pub step: i32,
    /// Number of `CaseState`.
    pub state: i32,
    /// Number to be spoken aloud; empty before the registration was learnt of.
    pub case_number: String,
    /// Number of `Channel`.
    pub channel: i32,
    /// Waybill.
    pub waybill_no: String,
    /// Carrier line: the order system's, else the customer's.
    pub line: String,
    /// Pseudonym of the person.
    pub person_ref: String,
    /// Id in its source.
    pub external_id: String,
    /// Number of `Priority`: registration's pre-judgment, then as intake follows triage.
    pub priority: i32,
    /// Numbers of `SignalKind`.
    pub signals: BTreeSet<i32>,
    /// What registration lacks.
    pub missing_fields: Vec<String>,
    /// How often it was reopened.
    pub reopenings: i32,
    /// When it was received.
    pub received_at: Option<Timestamp>,
    /// When the acknowledgement reached the customer.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was closed, while it is.
    pub closed_at: Option<Timestamp>,
    /// The latest message that a channel took for the customer.
    pub latest_message: Option<SentMessage>,
}

/// A message to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentMessage {
    /// Its words.
    pub text_ref: String,
    /// When the channel took it.
    pub at: Option<Timestamp>,
}

impl IntakePart {
    fn facts(&mut self, facts: &intake::CaseFacts) {
        self.case_number.clone_from(&facts.case_number);
        self.channel = facts.channel;
        self.waybill_no.clone_from(&facts.waybill_no);
        let stated = facts.stated_order.as_ref().map(|order| order.line.as_str());
        let known = facts.order.as_ref().map(|order| order.line.as_str());
        self.line = known.filter(|line| !line.is_empty()).or(stated).unwrap_or_default().to_owned();
        self.person_ref.clone_from(&facts.person_ref);
        self.missing_fields.clone_from(&facts.missing_fields);
        self.received_at = time(facts.received_time.as_ref());
        self.add_signals(&facts.signals);
    }

    fn add_signals(&mut self, signals: &[Signal]) {
        self.signals.extend(signals.iter().map(|signal| signal.kind));
    }

    fn comes_to(&mut self, state: CaseState, step: CaseStep) {
        self.state = state.into();
        self.step = step.into();
    }
}

impl Fold for IntakePart {
    const PACKAGE: &'static str = "redress.intake.v1.";

    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError> {
        match name {
            "ComplaintRegistered" => {
                let event: intake::ComplaintRegistered = decode(payload)?;
                self.comes_to(CaseState::Open, CaseStep::Received);
                self.priority = event.priority;
                self.external_id = event.external_id;
                self.facts(&event.facts.unwrap_or_default());
            }
            "CaseAmended" => self.facts(&decode::<intake::CaseAmended>(payload)?.facts.unwrap_or_default()),
            "OrderFactsAttached" => {
                let event: intake::OrderFactsAttached = decode(payload)?;
                self.missing_fields = event.missing_fields;
                let line = event.order.unwrap_or_default().line;
                if !line.is_empty() {
                    self.line = line;
                }
            }
            "PriorityFollowed" => self.priority = decode::<intake::PriorityFollowed>(payload)?.priority,
            "RiskReported" => self.add_signals(&decode::<intake::RiskReported>(payload)?.signals),
            "MessageReceived" => self.add_signals(&decode::<intake::MessageReceived>(payload)?.signals),
            "CaseAcknowledged" => {
                let event: intake::CaseAcknowledged = decode(payload)?;
                self.acknowledged_at = time(event.delivery_time.as_ref());
                if self.step() == CaseStep::Received {
                    self.step = CaseStep::Acknowledged.into();
                }
            }
            "MessageSent" => {
                let event: intake::MessageSent = decode(payload)?;
                if event.audience.is_some_and(|audience| audience.customer) {
                    self.latest_message =
                        Some(SentMessage { text_ref: event.text_ref, at: time(event.send_time.as_ref()) });
                }
            }
            "CaseRefused" => self.comes_to(CaseState::Refused, CaseStep::Refused),
            "CaseWithdrawn" => self.comes_to(CaseState::Withdrawn, CaseStep::Withdrawn),
            "CaseClosed" => {
                let event: intake::CaseClosed = decode(payload)?;
                self.comes_to(CaseState::Closed, CaseStep::Closed);
                self.closed_at = time(event.close_time.as_ref());
            }
            "CaseReopened" => {
                let event: intake::CaseReopened = decode(payload)?;
                self.comes_to(CaseState::Open, CaseStep::Reopened);
                self.closed_at = None;
                self.reopenings = event.reopenings;
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&self) -> CaseStep {
        step_of(self.step)
    }
}

/// What triage's log says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TriagePart {
    /// Number of `CaseStep`: triaged, dispatched.
    pub step: i32,
    /// Number of `Priority`.
    pub priority: i32,
    /// Number of `Category`.
    pub category: i32,
    /// Primary sub-type.
    pub primary_sub_type: String,
    /// Further sub-types.
    pub further_sub_types: Vec<String>,
    /// Numbers of `SignalKind`.
    pub signals: BTreeSet<i32>,
    /// Incident.
    pub incident_id: String,
    /// Numbers of the roles that lead.
    pub lead_roles: Vec<i32>,
    /// Department responsible.
    pub department: String,
    /// Staff member that it was handed to, or that is the contact.
    pub subject: String,
}

impl TriagePart {
    fn dispatched(&mut self, dispatch: Option<triage::Dispatch>) {
        let dispatch = dispatch.unwrap_or_default();
        self.step = CaseStep::Dispatched.into();
        self.lead_roles = dispatch.lead_roles;
        self.department = dispatch.department;
        self.subject = if dispatch.assignee.is_empty() { dispatch.contact } else { dispatch.assignee };
    }
}

impl Fold for TriagePart {
    const PACKAGE: &'static str = "redress.triage.v1.";

    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError> {
        match name {
            "CaseTriaged" => {
                let event: triage::CaseTriaged = decode(payload)?;
                if self.step() == CaseStep::Unspecified || event.trigger() == TriageTrigger::Reopened {
                    self.step = CaseStep::Triaged.into();
                }
                self.priority = event.priority;
                self.category = event.category;
                self.primary_sub_type = event.primary_sub_type;
                self.further_sub_types = event.further_sub_types;
                self.signals.extend(event.signals);
                if !event.incident_id.is_empty() {
                    self.incident_id = event.incident_id;
                }
            }
            "SignalRaised" => {
                self.signals
                    .extend(decode::<triage::SignalRaised>(payload)?.signal.map(|signal| signal.kind));
            }
            "CaseDispatched" => self.dispatched(decode::<triage::CaseDispatched>(payload)?.dispatch),
            "DispatchConfirmed" => self.dispatched(decode::<triage::DispatchConfirmed>(payload)?.dispatch),
            "CaseReassigned" => self.dispatched(decode::<triage::CaseReassigned>(payload)?.dispatch),
            "CaseJoinedIncident" => {
                self.incident_id = decode::<triage::CaseJoinedIncident>(payload)?.incident_id
            }
            "TriageEnded" => self.step = CaseStep::Unspecified.into(),
            _ => {}
        }
        Ok(())
    }

    fn step(&self) -> CaseStep {
        step_of(self.step)
    }
}

/// What investigation's log says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvestigationPart {
    /// Number of `CaseStep`: investigating, concluded, unfounded, malicious.
    pub step: i32,
    /// Number of `Validity`.
    pub validity: i32,
    /// Department responsible.
    pub department: String,
    /// Whether it stands still until the customer answers.
    pub paused: bool,
    /// Items that the customer was asked for and has not provided.
    pub asked: BTreeSet<String>,
}

impl Fold for InvestigationPart {
    const PACKAGE: &'static str = "redress.investigation.v1.";

    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError> {
        match name {
            "InvestigationOpened" => {
                let event: investigation::InvestigationOpened = decode(payload)?;
                *self = Self {
                    step: CaseStep::Investigating.into(),
                    department: event.department,
                    ..Self::default()
                };
            }
            "InvestigationAdjusted" => {
                self.department = decode::<investigation::InvestigationAdjusted>(payload)?.department;
            }
            "EvidenceRequested" => {
                let event: investigation::EvidenceRequested = decode(payload)?;
                if event.source() == EvidenceSource::Customer {
                    self.asked.extend(event.item_ids);
                }
            }
            "EvidenceReceived" => {
                self.asked.remove(&decode::<investigation::EvidenceReceived>(payload)?.item_id);
            }
            "EvidenceWaived" => {
                self.asked.remove(&decode::<investigation::EvidenceWaived>(payload)?.item_id);
            }
            "InvestigationPaused" => self.paused = true,
            "InvestigationResumed" => self.paused = false,
            "InvestigationConcluded" => {
                let event: investigation::InvestigationConcluded = decode(payload)?;
                self.step = match event.validity() {
                    Validity::Unfounded => CaseStep::Unfounded,
                    Validity::Malicious => CaseStep::Malicious,
                    _ => CaseStep::Concluded,
                }
                .into();
                self.validity = event.validity;
                self.paused = false;
                self.asked.clear();
            }
            "InvestigationCancelled" => {
                self.step = CaseStep::Unspecified.into();
                self.paused = false;
                self.asked.clear();
            }
            "InvestigationUnsealed" if decode::<investigation::InvestigationUnsealed>(payload)?.reopened => {
                self.step = CaseStep::Unspecified.into();
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&self) -> CaseStep {
        step_of(self.step)
    }
}

/// What compensation's log says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompensationPart {
    /// Number of `CaseStep`: proposed, approved, offered, objected, accepted, final position, executing, obstructed,
    /// executed.
    pub step: i32,
    /// Round.
    pub round: i32,
    /// Money proposed or approved in this round: cash and freight, without goods and coupons.
    pub approved: Option<Money>,
    /// Money that has arrived.
    pub paid: Option<Money>,
    /// Numbers of the roles of which one has to approve; empty while nobody has.
    pub approvers: Vec<i32>,
    /// Number of the role that carries a remedy of the present proposal out, by remedy; 0 where a system does.
    pub executors: BTreeMap<String, i32>,
    /// Remedies under way.
    pub under_way: BTreeSet<String>,
    /// Remedies in whose way an obstacle stands.
    pub obstructed: BTreeSet<String>,
}

impl CompensationPart {
    /// Being carried out, with or without an obstacle.
    fn carry_on(&mut self) {
        if self.step() != CaseStep::Executed {
            let step = if self.obstructed.is_empty() { CaseStep::Executing } else { CaseStep::Obstructed };
            self.step = step.into();
        }
    }

    fn ends(&mut self, remedy_id: &str) {
        self.under_way.remove(remedy_id);
        self.obstructed.remove(remedy_id);
        if matches!(self.step(), CaseStep::Executing | CaseStep::Obstructed) {
            self.carry_on();
        }
    }

    fn proposed(&mut self, event: compensation::ResolutionProposed) {
        self.step = CaseStep::Proposed.into();
        self.round = event.round;
        self.approved = money_of(event.totals.as_ref());
        self.approvers.clear();
        self.executors = event
            .remedies
            .into_iter()
            .map(|remedy| {
                let role = match remedy.executor() {
                    RemedyExecutor::Payments => Role::Finance.into(),
                    RemedyExecutor::Staff => remedy.role,
                    RemedyExecutor::Fulfilment | RemedyExecutor::Unspecified => 0,
                };
                (remedy.remedy_id, role)
            })
            .collect();
    }
}

impl Fold for CompensationPart {
    const PACKAGE: &'static str = "redress.compensation.v1.";

    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError> {
        match name {
            "ResolutionContextChanged" => {
                let event: compensation::ResolutionContextChanged = decode(payload)?;
                let nothing_runs = matches!(
                    event.state(),
                    ResolutionState::Open | ResolutionState::NotDue | ResolutionState::Cancelled
                );
                if nothing_runs {
                    self.step = CaseStep::Unspecified.into();
                }
            }
            "ResolutionProposed" => self.proposed(decode(payload)?),
            "ApprovalRequested" => self.approvers = decode::<compensation::ApprovalRequested>(payload)?.roles,
            "ApprovalDecided"
                if decode::<compensation::ApprovalDecided>(payload)?.state() == ApprovalState::Rejected =>
            {
                self.step = CaseStep::Unspecified.into();
                self.approvers.clear();
            }
            "ResolutionApproved" => {
                let event: compensation::ResolutionApproved = decode(payload)?;
                self.step = CaseStep::Approved.into();
                self.approved = money_of(event.totals.as_ref());
                self.approvers.clear();
            }
            "ResolutionOffered" => self.step = CaseStep::Offered.into(),
            "ResponseRecorded" => match decode::<compensation::ResponseRecorded>(payload)?.response() {
                ResponseKind::Accepted | ResponseKind::NoFurtherDemand => {
                    self.step = CaseStep::Accepted.into()
                }
                ResponseKind::Objected => self.step = CaseStep::Objected.into(),
                ResponseKind::Unspecified => {}
            },
            "FinalPositionTaken" => self.step = CaseStep::FinalPosition.into(),
            "RemedyStarted" => {
                self.under_way.insert(decode::<compensation::RemedyStarted>(payload)?.remedy_id);
                self.carry_on();
            }
            "RemedyObstructed" => {
                self.obstructed.insert(decode::<compensation::RemedyObstructed>(payload)?.remedy_id);
                self.carry_on();
            }
            "RemedyFallbackStarted" => {
                self.obstructed.remove(&decode::<compensation::RemedyFallbackStarted>(payload)?.remedy_id);
                self.carry_on();
            }
            "RemedyExecuted" => {
                let event: compensation::RemedyExecuted = decode(payload)?;
                self.paid = arrived(event.case_paid.as_ref()).or(self.paid);
                self.ends(&event.remedy_id);
            }
            "RemedyCancelled" => self.ends(&decode::<compensation::RemedyCancelled>(payload)?.remedy_id),
            "ResolutionExecuted" => {
                let event: compensation::ResolutionExecuted = decode(payload)?;
                self.step = CaseStep::Executed.into();
                self.paid = arrived(event.paid.as_ref()).or(self.paid);
                self.under_way.clear();
                self.obstructed.clear();
            }
            "CompensationUnsealed" if decode::<compensation::CompensationUnsealed>(payload)?.reopened => {
                self.step = CaseStep::Unspecified.into();
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&self) -> CaseStep {
        step_of(self.step)
    }
}

/// What survey's log says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SurveyPart {
    /// Number of `CaseStep`: surveyed.
    pub step: i32,
    /// Number of the role that follows low scores up; 0 while nobody has to.
    pub follow_up: i32,
}

impl Fold for SurveyPart {
    const PACKAGE: &'static str = "redress.survey.v1.";

    fn fold(&mut self, name: &str, payload: &[u8]) -> Result<(), DecodeError> {
        match name {
            "SurveyResponded" | "SurveyExpired" => self.step = CaseStep::Surveyed.into(),
            "SurveyScheduled" | "SurveyCancelled" => self.step = CaseStep::Unspecified.into(),
            "FollowUpOpened" => {
                let event: survey::FollowUpOpened = decode(payload)?;
                self.follow_up = event.follow_up.unwrap_or_default().role;
            }
            "FollowUpDone" => self.follow_up = 0,
            _ => {}
        }
        Ok(())
    }

    fn step(&self) -> CaseStep {
        step_of(self.step)
    }
}

fn step_of(number: i32) -> CaseStep {
    CaseStep::try_from(number).unwrap_or(CaseStep::Unspecified)
}

/// The money among what a resolution comes to; none before anything is stated.
fn money_of(totals: Option<&compensation::Totals>) -> Option<Money> {
    let totals = totals?;
    match (totals.cash.as_ref().and_then(money), totals.freight.as_ref().and_then(money)) {
        (Some(cash), Some(freight)) => cash.checked_add(freight).ok(),
        (cash, freight) => cash.or(freight),
    }
}

/// An amount from the wire; none where it is not one.
fn money(wire: &WireMoney) -> Option<Money> {
    Money::try_from(wire).ok()
}

/// Money that has arrived; none where it is nothing.
fn arrived(wire: Option<&WireMoney>) -> Option<Money> {
    wire.and_then(money).filter(|money| !money.is_zero())
}
