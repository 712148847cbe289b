//! The state of a case in intake: everything about it that is not personal.

use std::collections::BTreeSet;

use redress_domain::{
    CaseNumber, Money, Rejection, Timestamp,
    handbook::{Channel, ClosingBasis, DesiredSolution, Field, Priority, ProblemType},
};
use redress_proto::{intake::v1 as pb, types::v1 as types};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{order::Order, signal::CaseSignal};

/// A case. Personal data are kept apart; of them only what is present is known here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Number to be spoken aloud.
    pub number: CaseNumber,
    /// Where it stands in intake.
    pub stage: Stage,
    /// Priority: registration's pre-judgment, then triage's.
    pub priority: Priority,
    /// Whether that priority is triage's.
    pub ranked: bool,
    /// Region.
    pub region: String,
    /// Language of the customer, a BCP 47 tag.
    pub language: String,
    /// Channel that the complaint came through.
    pub channel: Channel,
    /// Whether the handbook says that this channel proves delivery.
    pub channel_gives_receipts: bool,
    /// Pseudonym of the person; empty when nothing identifies the person.
    pub person_ref: String,
    /// Complaints of the same person in the last 90 days, this one included; 0 when the person is unknown.
    pub person_complaints: i64,
    /// A corporate customer.
    pub corporate: bool,
    /// Personal fields that are recorded, by name only.
    pub recorded: BTreeSet<Field>,
    /// Waybill number; empty when missing.
    pub waybill_no: String,
    /// What the order system knows.
    pub order: Order,
    /// People of this person's batch or line who complained of the same, as registration counted them.
    pub people_affected: i64,
    /// Problem as registered.
    pub problem_type: Option<ProblemType>,
    /// Sub-type as registered; empty when not stated.
    pub sub_type: String,
    /// Further sub-types as registered.
    pub further_sub_types: Vec<String>,
    /// What the customer wants.
    pub desired_solution: Option<DesiredSolution>,
    /// How much the customer claims.
    pub claimed_amount: Option<Money>,
    /// Stored narrative.
    pub narrative_ref: Option<Uuid>,
    /// Order data as the customer stated them.
    pub stated_order: StatedOrder,
    /// Evidence that the customer has or names.
    pub evidence_leads: Vec<EvidenceLead>,
    /// Signals.
    pub signals: Vec<CaseSignal>,
    /// A regulator's appeal behind it.
    pub regulator_appeal: Option<RegulatorAppeal>,
    /// What is missing, as field names.
    pub missing_fields: Vec<String>,
    /// Risk rules whose report has gone out.
    pub reported_risks: BTreeSet<String>,
    /// When the matter happened.
    pub occurred_at: Option<Timestamp>,
    /// When the complaint was received: the clocks start here.
    pub received_at: Timestamp,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When the acknowledgement reached the customer.
    pub acknowledged_at: Option<Timestamp>,
    /// When the outcome reached the customer.
    pub answered_at: Option<Timestamp>,
    /// How and when it was closed.
    pub closing: Option<Closing>,
    /// How often it was reopened.
    pub reopenings: i32,
    /// Ground on which it was refused; empty when it was not.
    pub refusal_ground: String,
    /// Id in its source.
    pub external_id: String,
    /// Names of its rules; the hashes are the row's.
    pub policy: PolicyNames,
}

/// Where a case stands in intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Being handled.
    Open,
    /// Refused; to be closed.
    Refused,
    /// Withdrawn; to be closed.
    Withdrawn,
    /// Closed by proof.
    Closed,
}

/// Order data as the customer stated them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatedOrder {
    /// When it was ordered.
    pub ordered_at: Option<Timestamp>,
    /// Carrier line.
    pub line: String,
    /// Kind of service.
    pub service_type: String,
}

/// A customer's piece of evidence. Its description is personal and kept apart, under the lead's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceLead {
    /// Id.
    pub id: Uuid,
    /// Wire number of `EvidenceLeadKind`.
    pub kind: i32,
    /// Wire number of `Consent`.
    pub consent: i32,
}

/// A regulator's appeal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegulatorAppeal {
    /// The authority.
    pub authority: String,
    /// Its number for the appeal.
    pub reference_no: String,
    /// When it wants an answer.
    pub answer_due_at: Option<Timestamp>,
}

/// How a case was closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closing {
    /// How it ended.
    pub basis: ClosingBasis,
    /// When.
    pub at: Timestamp,
    /// Until when it is kept.
    pub keep_until: Timestamp,
    /// Seals that froze the others' parts.
    pub seals: Vec<SealRef>,
}

/// A seal that another service put on its part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealRef {
    /// Service.
    pub service: String,
    /// Seal.
    pub seal_id: String,
}

/// Names of the rules that a case runs under.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyNames {
    /// Handbook id.
    pub handbook_id: String,
    /// Handbook version.
    pub handbook_version: String,
    /// Calendar id.
    pub calendar_id: String,
}

impl Stage {
    /// The name in refusals, as in `CaseState`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Refused => "REFUSED",
            Self::Withdrawn => "WITHDRAWN",
            Self::Closed => "CLOSED",
        }
    }

    /// The state on the wire.
    pub fn to_wire(self) -> pb::CaseState {
        match self {
            Self::Open => pb::CaseState::Open,
            Self::Refused => pb::CaseState::Refused,
            Self::Withdrawn => pb::CaseState::Withdrawn,
            Self::Closed => pb::CaseState::Closed,
        }
    }
}

impl Case {
    /// Refuses unless the case is in one of `allowed`.
    pub fn expect_stage(&self, allowed: &[Stage]) -> Result<(), Rejection> {
        if allowed.contains(&self.stage) {
            return Ok(());
        }
        let names: Vec<&str> = allowed.iter().map(|stage| stage.as_str()).collect();
        Err(Rejection::state("STATE_NOT_ALLOWED", self.stage.as_str(), &names))
    }

    /// The evidence leads without their descriptions, for events.
    pub fn lead_facts(&self) -> Vec<pb::EvidenceLeadFact> {
        self.evidence_leads.iter().map(EvidenceLead::to_fact).collect()
    }

    /// The customer's stated order on the wire, where anything was stated.
    pub fn stated_order_to_wire(&self) -> Option<pb::StatedOrder> {
        let stated = &self.stated_order;
        (*stated != StatedOrder::default()).then(|| pb::StatedOrder {
            ordered_time: stated.ordered_at.map(redress_proto::time_to_wire),
            line: stated.line.clone(),
            service_type: stated.service_type.clone(),
        })
    }

    /// The policy on the wire.
    pub fn policy_to_wire(&self, handbook_hash: &str, calendar_hash: &str) -> types::Policy {
        types::Policy {
            handbook_id: self.policy.handbook_id.clone(),
            handbook_version: self.policy.handbook_version.clone(),
            handbook_hash: handbook_hash.to_owned(),
            calendar_id: self.policy.calendar_id.clone(),
            calendar_hash: calendar_hash.to_owned(),
        }
    }

    /// Everything about the case that is not personal, as the other services learn of it.
    pub fn to_facts(&self, handbook_hash: &str, calendar_hash: &str) -> pb::CaseFacts {
        pb::CaseFacts {
            case_number: self.number.to_string(),
            region: self.region.clone(),
            language: self.language.clone(),
            channel: types::Channel::from(self.channel).into(),
            channel_gives_receipts: self.channel_gives_receipts,
            person_ref: self.person_ref.clone(),
            person_complaints: i32::try_from(self.person_complaints).unwrap_or(i32::MAX),
            corporate: self.corporate,
            waybill_no: self.waybill_no.clone(),
            order: Some(self.order.to_wire(&self.waybill_no)),
            problem_type: self.problem_type.map_or(0, |problem| types::ProblemType::from(problem).into()),
            sub_type: self.sub_type.clone(),
            further_sub_types: self.further_sub_types.clone(),
            desired_solution: self
                .desired_solution
                .map_or(0, |solution| types::DesiredSolution::from(solution).into()),
            claimed_amount: self.claimed_amount.map(Into::into),
            narrative_ref: reference(self.narrative_ref),
            stated_order: self.stated_order_to_wire(),
            evidence_leads: self.lead_facts(),
            signals: self.signals.iter().map(CaseSignal::to_wire).collect(),
            regulator_appeal: self.regulator_appeal.as_ref().map(RegulatorAppeal::to_wire),
            missing_fields: self.missing_fields.clone(),
            occurred_time: self.occurred_at.map(redress_proto::time_to_wire),
            received_time: Some(redress_proto::time_to_wire(self.received_at)),
            policy: Some(self.policy_to_wire(handbook_hash, calendar_hash)),
        }
    }
}

impl EvidenceLead {
    /// The lead without its description.
    pub fn to_fact(&self) -> pb::EvidenceLeadFact {
        pb::EvidenceLeadFact { lead_id: self.id.to_string(), kind: self.kind, consent: self.consent }
    }
}

impl RegulatorAppeal {
    /// The appeal on the wire.
    pub fn to_wire(&self) -> pb::RegulatorAppeal {
        pb::RegulatorAppeal {
            authority: self.authority.clone(),
            reference_no: self.reference_no.clone(),
            answer_due_time: self.answer_due_at.map(redress_proto::time_to_wire),
        }
    }
}

/// A reference on the wire: empty where there is none.
pub fn reference(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
