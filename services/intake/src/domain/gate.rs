//! The closing gate (M7.1, X12), asked first of intake's own copy of what the other services logged. The services prove it
//! again when they seal their parts; a copy that is behind can only refuse too much, never too little.

use std::collections::BTreeSet;

use prost::{DecodeError, Message as _, Name as _};
use redress_domain::{
    Rejection, RejectionKind, RuleRef,
    handbook::{ClosingBasis, GateCondition, Handbook, NoticeKey, Validity},
};
use redress_proto::{
    compensation::v1 as compensation, intake::v1 as intake, investigation::v1 as investigation,
    types::v1 as types,
};
use serde::{Deserialize, Serialize};

use crate::domain::{
    case::{Case, Stage},
    signal::rule_to_wire,
};

/// What the other services' events said about a case, as far as closing asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClosingCopy {
    /// A resolution was offered.
    pub offered: bool,
    /// The customer's answer to the last offer.
    pub response: Option<Answer>,
    /// The final position was taken.
    pub final_position: bool,
    /// Notices that reached the customer.
    pub told: BTreeSet<String>,
    /// What the findings say, once there are any.
    pub findings: Option<Validity>,
    /// The archive was verified since the last piece of evidence came.
    pub archived: bool,
    /// Remedies that were begun and are neither carried out nor cancelled.
    pub open_remedies: BTreeSet<String>,
    /// Every remedy was carried out.
    pub executed: bool,
}

/// What the customer answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Explicitly accepted.
    Accepted,
    /// Explicitly stated no further demand.
    NoFurtherDemand,
    /// Objected.
    Objected,
}

/// A gate as found.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// How the case would end.
    pub basis: ClosingBasis,
    /// The rule.
    pub rule: RuleRef,
    /// Every condition and whether it is fulfilled.
    pub items: Vec<Item>,
}

/// One condition of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The condition.
    pub condition: GateCondition,
    /// Whether it is fulfilled.
    pub fulfilled: bool,
    /// What fulfils it, or what is missing.
    pub detail: String,
}

impl ClosingCopy {
    /// Folds an event of any service in. False when it says nothing that closing asks for.
    ///
    /// # Errors
    /// When the payload is not what its name says.
    pub fn apply(&mut self, kind: &str, payload: &[u8]) -> Result<bool, DecodeError> {
        macro_rules! on {
            ($($message:ty => |$event:pat_param| $effect:block)+) => {
                $(if kind == <$message>::full_name() {
                    let $event = <$message>::decode(payload)?;
                    $effect
                    return Ok(true);
                })+
            };
        }
        on! {
            investigation::InvestigationOpened => |_| {
                self.findings = None;
                self.archived = false;
            }
            investigation::InvestigationConcluded => |event| {
                self.findings = Validity::try_from(event.validity()).ok();
                self.archived = false;
            }
            investigation::EvidenceReceived => |_| { self.archived = false; }
            investigation::ArchiveVerified => |_| { self.archived = true; }
            compensation::ResolutionProposed => |_| {
                self.response = None;
                self.executed = false;
            }
            compensation::ResolutionOffered => |_| {
                self.offered = true;
                self.response = None;
            }
            compensation::ResponseRecorded => |event| {
                self.response = match event.response() {
                    compensation::ResponseKind::Unspecified => None,
                    compensation::ResponseKind::Accepted => Some(Answer::Accepted),
                    compensation::ResponseKind::NoFurtherDemand => Some(Answer::NoFurtherDemand),
                    compensation::ResponseKind::Objected => Some(Answer::Objected),
                };
            }
            compensation::FinalPositionTaken => |_| { self.final_position = true; }
            compensation::RemedyStarted => |event| { self.open_remedies.insert(event.remedy_id); }
            compensation::RemedyExecuted => |event| { self.open_remedies.remove(&event.remedy_id); }
            compensation::RemedyCancelled => |event| { self.open_remedies.remove(&event.remedy_id); }
            compensation::ResolutionExecuted => |_| { self.executed = true; }
            intake::MessageDelivered => |event| {
                if event.audience.is_some_and(|audience| audience.customer) && !event.notice.is_empty() {
                    self.told.insert(event.notice);
                }
            }
            intake::CaseReopened => |_| {
                let known = std::mem::take(self);
                self.findings = known.findings;
                self.archived = known.archived;
                self.open_remedies = known.open_remedies;
            }
        }
        Ok(false)
    }

    fn is_told(&self, notice: NoticeKey) -> bool {
        self.told.contains(notice.as_str())
    }
}

/// The basis that the state of a case implies; none while it implies no end.
pub fn implied(case: &Case, copy: &ClosingCopy) -> Option<ClosingBasis> {
    match (case.stage, copy.response, copy.findings) {
        (Stage::Refused, _, _) => Some(ClosingBasis::Refused),
        (Stage::Withdrawn, _, _) => Some(ClosingBasis::Withdrawn),
        (_, Some(Answer::Accepted), _) => Some(ClosingBasis::Accepted),
        (_, Some(Answer::NoFurtherDemand), _) => Some(ClosingBasis::NoFurtherDemand),
        _ if copy.final_position => Some(ClosingBasis::FinalPosition),
        (_, _, Some(Validity::Unfounded)) => Some(ClosingBasis::Unfounded),
        (_, _, Some(Validity::Malicious)) => Some(ClosingBasis::Malicious),
        _ => None,
    }
}

/// The gate of a basis as this copy finds it.
///
/// # Errors
/// `CLOSING_BASIS_NOT_ALLOWED` when the handbook has no such end or the case cannot end this way.
pub fn gate(
    case: &Case,
    copy: &ClosingCopy,
    basis: ClosingBasis,
    book: &Handbook,
) -> Result<Gate, Rejection> {
    let fits = match basis {
        ClosingBasis::Refused => case.stage == Stage::Refused,
        ClosingBasis::Withdrawn => case.stage == Stage::Withdrawn,
        _ if case.stage != Stage::Open => false,
        ClosingBasis::Accepted => !matches!(copy.response, Some(Answer::NoFurtherDemand | Answer::Objected)),
        ClosingBasis::NoFurtherDemand => !matches!(copy.response, Some(Answer::Accepted | Answer::Objected)),
        ClosingBasis::FinalPosition => copy.final_position,
        ClosingBasis::Unfounded => copy.findings.is_none_or(|found| found == Validity::Unfounded),
        ClosingBasis::Malicious => copy.findings.is_none_or(|found| found == Validity::Malicious),
        ClosingBasis::Silent => copy.offered && copy.response.is_none(),
    };
    let refused = |why: &str| {
        Rejection::new(
            RejectionKind::Invalid,
            "CLOSING_BASIS_NOT_ALLOWED",
            format!("the case cannot end as `{basis}`: {why}"),
        )
        .with("basis", basis.as_str())
    };
    let (conditions, rule) =
        book.closing_gate(basis).ok_or_else(|| refused("the handbook has no such end"))?;
    if !fits {
        return Err(refused("its state says otherwise").with("state", case.stage.as_str()));
    }
    let items = conditions.iter().map(|condition| item(case, copy, basis, *condition)).collect();
    Ok(Gate { basis, rule, items })
}

fn item(case: &Case, copy: &ClosingCopy, basis: ClosingBasis, condition: GateCondition) -> Item {
    let (fulfilled, held, missing) = match condition {
        GateCondition::Acceptance => (
            matches!(copy.response, Some(Answer::Accepted | Answer::NoFurtherDemand)),
            "the customer said so explicitly",
            "the customer has neither accepted nor stated no further demand",
        ),
        // At the final position nothing may be due: then nothing is open, and that is all that can be carried out.
        GateCondition::Execution => (
            copy.executed || (basis == ClosingBasis::FinalPosition && copy.open_remedies.is_empty()),
            "every remedy is carried out",
            "the solution is not carried out yet: money arrived, goods signed for",
        ),
        GateCondition::Archive => (
            copy.archived,
            "the evidence is archived and verified",
            "the evidence is not archived and verified",
        ),
        GateCondition::Findings => {
            (copy.findings.is_some(), "the investigation is concluded", "the investigation has not concluded")
        }
        GateCondition::Told => (
            copy.is_told(outcome_notice(basis)),
            "the outcome reached the customer",
            "the outcome has not reached the customer yet",
        ),
        GateCondition::Withdrawal => {
            (case.stage == Stage::Withdrawn, "the withdrawal is recorded", "no withdrawal is recorded")
        }
        GateCondition::NothingOpen => (
            copy.open_remedies.is_empty(),
            "no remedy is on its way",
            "a remedy is on its way or of unknown outcome",
        ),
    };
    Item { condition, fulfilled, detail: if fulfilled { held } else { missing }.to_owned() }
}

/// The notice that tells the customer how the case ends.
fn outcome_notice(basis: ClosingBasis) -> NoticeKey {
    match basis {
        ClosingBasis::Accepted | ClosingBasis::NoFurtherDemand | ClosingBasis::Silent => NoticeKey::Offer,
        ClosingBasis::FinalPosition => NoticeKey::FinalPosition,
        ClosingBasis::Unfounded | ClosingBasis::Malicious => NoticeKey::Findings,
        ClosingBasis::Refused => NoticeKey::Refusal,
        ClosingBasis::Withdrawn => NoticeKey::WithdrawalConfirmed,
    }
}

impl Gate {
    /// Refuses unless every condition is fulfilled.
    ///
    /// # Errors
    /// `CLOSING_GATE_NOT_MET` with everything that is missing.
    pub fn expect_met(&self) -> Result<(), Rejection> {
        let missing: Vec<(String, String)> = self
            .items
            .iter()
            .filter(|item| !item.fulfilled)
            .map(|item| (item.condition.as_str().to_uppercase(), item.detail.clone()))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(not_met(Some(self.basis), missing)) }
    }

    /// The gate for the closing event.
    pub fn to_wire(&self) -> Vec<types::GateItem> {
        self.items
            .iter()
            .map(|item| types::GateItem {
                condition: item.condition.as_str().to_owned(),
                fulfilled: item.fulfilled,
                detail: item.detail.clone(),
                rule: Some(rule_to_wire(&self.rule)),
            })
            .collect()
    }
}

/// The refusal of a closing: each missing condition with its type in upper case and what is missing.
pub fn not_met(
    basis: Option<ClosingBasis>,
    missing: impl IntoIterator<Item = (String, String)>,
) -> Rejection {
    let subject = basis.map_or("unspecified", ClosingBasis::as_str);
    let mut rejection = Rejection::precondition("CLOSING_GATE_NOT_MET", "").with("basis", subject);
    let mut names = Vec::new();
    for (condition, detail) in missing {
        rejection = rejection.unmet(&condition, subject, detail);
        names.push(condition.to_lowercase());
    }
    rejection.message = format!("the case cannot be closed yet; missing: {}", names.join(", "));
    rejection.with("missing", names.join(","))
}

#[cfg(test)]
mod tests {
    use redress_proto::fact;

    use super::*;

    fn fold(copy: &mut ClosingCopy, (kind, payload): (String, Vec<u8>)) -> bool {
        copy.apply(&kind, &payload).expect("a valid payload")
    }

    #[test]
    fn the_copy_follows_the_events() {
        let mut copy = ClosingCopy::default();
        let concluded = investigation::InvestigationConcluded {
            validity: types::Validity::Founded.into(),
            ..Default::default()
        };
        assert!(fold(&mut copy, fact(&concluded)));
        assert_eq!(copy.findings, Some(Validity::Founded));
        assert!(fold(&mut copy, fact(&investigation::ArchiveVerified::default())));
        assert!(fold(&mut copy, fact(&investigation::EvidenceReceived::default())));
        assert!(!copy.archived, "evidence that came later is not in the archive yet");
        let started = compensation::RemedyStarted { remedy_id: "a".into(), ..Default::default() };
        fold(&mut copy, fact(&started));
        assert!(!copy.open_remedies.is_empty());
        let executed = compensation::RemedyExecuted { remedy_id: "a".into(), ..Default::default() };
        fold(&mut copy, fact(&executed));
        assert!(copy.open_remedies.is_empty());
        assert!(!fold(&mut copy, fact(&intake::MessageSent::default())));
    }

    #[test]
    fn an_objection_takes_the_acceptance_back() {
        let mut copy = ClosingCopy::default();
        let answer = |response: compensation::ResponseKind| {
            fact(&compensation::ResponseRecorded { response: response.into(), ..Default::default() })
        };
        fold(&mut copy, answer(compensation::ResponseKind::Accepted));
        assert_eq!(copy.response, Some(Answer::Accepted));
        fold(&mut copy, answer(compensation::ResponseKind::Objected));
        assert_eq!(copy.response, Some(Answer::Objected));
    }
}
