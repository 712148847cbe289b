//! The state of one case's investigation.

use std::collections::{BTreeMap, BTreeSet};

use redress_domain::{
    Limit, Rejection, Timestamp,
    handbook::{
        CaseFacts, Category, ClosingBasis, Deliverable, Facts, InvestigationFacts, Priority, Role, Validity,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Setting, clock::Clock, evidence::Evidence, known::Known};

/// The investigation of one case; its aggregate has the case's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Where it stands.
    pub stage: Stage,
    /// What intake has told.
    pub known: Known,
    /// What triage has told; none before the case was triaged.
    pub triaged: Option<Triaged>,
    /// Department responsible for the case; empty before it is dispatched.
    #[serde(default)]
    pub department: String,
    /// The department handles its own matter: the case was given to the one in which it arose.
    #[serde(default)]
    pub own_matter: bool,
    /// Which investigation of the case this is, from 1; 0 before the first.
    #[serde(default)]
    pub round: u32,
    /// When this round was opened.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// The limit of this round.
    #[serde(default)]
    pub clock: Option<Clock>,
    /// What has to be delivered by the limit: all of it (M4.3).
    #[serde(default)]
    pub deliverables: Vec<Deliverable>,
    /// What has been delivered in this round, and when.
    #[serde(default)]
    pub delivered: BTreeMap<Deliverable, Timestamp>,
    /// What evidence is wanted.
    #[serde(default)]
    pub checklist: Vec<Item>,
    /// What evidence there is, oldest first.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// What was waived, oldest first.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// When the core items were all settled in this round.
    #[serde(default)]
    pub core_verified_at: Option<Timestamp>,
    /// The preliminary report of this round.
    #[serde(default)]
    pub preliminary_report: Option<Written>,
    /// What the customer was told meanwhile, oldest first.
    #[serde(default)]
    pub progress: Vec<Progress>,
    /// Extensions applied for, oldest first.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// Pauses, oldest first.
    #[serde(default)]
    pub pauses: Vec<Pause>,
    /// What was found in this round.
    #[serde(default)]
    pub findings: Option<Findings>,
    /// The archive, once it is verified.
    #[serde(default)]
    pub archive: Option<Archive>,
    /// The seal, while it is sealed.
    #[serde(default)]
    pub seal: Option<Seal>,
    /// How often evidence was asked for; numbers the notices.
    #[serde(default)]
    pub requests: u32,
    /// Names of the deadlines that are open, beside that of the investigation itself.
    #[serde(default)]
    pub open_deadlines: BTreeSet<String>,
}

/// Where an investigation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The case is known and not triaged yet. To callers there is no investigation.
    Known,
    /// Running.
    Open,
    /// Waiting for the customer.
    Paused,
    /// Findings are there.
    Concluded,
    /// Findings are there and the archive is verified.
    Archived,
    /// Frozen for closing.
    Sealed,
    /// Ended without findings.
    Cancelled,
}

impl Stage {
    /// As shown in refusals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "KNOWN",
            Self::Open => "OPEN",
            Self::Paused => "PAUSED",
            Self::Concluded => "CONCLUDED",
            Self::Archived => "ARCHIVED",
            Self::Sealed => "SEALED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether the investigation goes on.
    pub const fn is_going_on(self) -> bool {
        matches!(self, Self::Open | Self::Paused)
    }
}

/// What triage has told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triaged {
    /// Priority.
    pub priority: Priority,
    /// Category.
    pub category: Category,
    /// Primary sub-type.
    pub primary: String,
    /// Further sub-types.
    pub further: Vec<String>,
}

/// Somebody who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id as in the token.
    pub subject: String,
    /// Role in which it was done.
    pub role: String,
    /// Department; empty where the token names none.
    pub department: String,
}

/// Who gives a command.
#[derive(Clone, Debug, Default)]
pub struct By {
    /// The person.
    pub person: Person,
    /// All roles of the token.
    pub roles: Vec<Role>,
}

/// An item of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Id in the handbook.
    pub id: String,
    /// Department that has it; none where the customer has it.
    pub department: Option<String>,
    /// The investigation cannot conclude without it, unless it is waived.
    pub required: bool,
    /// Core evidence.
    pub core: bool,
    /// Lost unless somebody keeps it soon.
    pub perishable: bool,
    /// State.
    pub state: ItemState,
    /// Evidence received for it.
    pub evidence_ids: Vec<Uuid>,
    /// When it was asked for.
    pub requested_at: Option<Timestamp>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
}

/// State of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nobody was asked yet.
    Missing,
    /// Asked for.
    Requested,
    /// Received.
    Received,
    /// Done without, with a reason.
    Waived,
}

impl Item {
    /// Received or waived.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, ItemState::Received | ItemState::Waived)
    }

    /// Whether the customer has it.
    pub fn is_from_customer(&self) -> bool {
        self.department.is_none()
    }
}

/// An item that the investigation does without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Item.
    pub item_id: String,
    /// Why, as reference.
    pub text_ref: String,
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// Something written, kept by intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The words, as reference.
    pub text_ref: String,
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// Something told to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Round in which it was written.
    pub round: u32,
    /// Key of the notice.
    pub notice_key: String,
    /// The words.
    pub written: Written,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
}

/// An application for more time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Id.
    pub id: Uuid,
    /// Round in which it was applied for.
    pub round: u32,
    /// State.
    pub state: ExtensionState,
    /// How much.
    pub limit: Limit,
    /// Who applied, when and why.
    pub application: Written,
    /// Who decided, when and why.
    pub decision: Option<Written>,
    /// Key of the notice to the customer; empty before approval.
    pub notice_key: String,
    /// When it took effect: when the customer was told.
    pub granted_at: Option<Timestamp>,
}

/// State of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionState {
    /// Applied for.
    Requested,
    /// Approved; waits until the customer has been told.
    Approved,
    /// The customer was told, and it took effect.
    Granted,
    /// Refused.
    Refused,
    /// Approved, and came to nothing.
    Lapsed,
}

/// A pause while the customer has to provide something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Start.
    pub from: Timestamp,
    /// End; none while it lasts.
    pub until: Option<Timestamp>,
    /// What is waited for.
    pub item_ids: Vec<String>,
    /// Key of the notice that asks.
    pub notice_key: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Whether the complaint is right.
    pub validity: Validity,
    /// Cause.
    pub cause: String,
    /// Responsible party.
    pub party: String,
    /// Department or unit responsible; empty where the party is none of ours.
    pub unit: String,
    /// Evidence that they rest on.
    pub evidence_ids: Vec<Uuid>,
    /// Sub-type that they correct the classification to; empty when it stands.
    pub corrected_sub_type: String,
    /// The words, who wrote them, when.
    pub written: Written,
}

/// The archive of the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// When every file was checked.
    pub verified_at: Timestamp,
    /// Files checked.
    pub files: u32,
    /// Bytes checked.
    pub bytes: u64,
    /// Until when it is kept.
    pub keep_until: Timestamp,
    /// The rule that sets the time.
    pub rule: redress_domain::RuleRef,
}

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Id.
    pub id: Uuid,
    /// How the case ends.
    pub basis: ClosingBasis,
    /// Where the investigation stood.
    pub before: Stage,
    /// What was found fulfilled.
    pub gate: Vec<GateItem>,
    /// Revision of the sealed state.
    pub revision: i64,
    /// Revision of the case in intake that wanted it closed.
    pub case_revision: i64,
    /// When.
    pub at: Timestamp,
}

/// A condition of a closing gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateItem {
    /// The condition.
    pub condition: String,
    /// What fulfils it.
    pub detail: String,
    /// The rule that asks for it.
    pub rule: redress_domain::RuleRef,
}

impl Case {
    /// A case that was registered and not triaged yet.
    pub fn new(known: Known) -> Self {
        Self {
            stage: Stage::Known,
            known,
            triaged: None,
            department: String::new(),
            own_matter: false,
            round: 0,
            opened_at: None,
            clock: None,
            deliverables: Vec::new(),
            delivered: BTreeMap::new(),
            checklist: Vec::new(),
            evidence: Vec::new(),
            waivers: Vec::new(),
            core_verified_at: None,
            preliminary_report: None,
            progress: Vec::new(),
            extensions: Vec::new(),
            pauses: Vec::new(),
            findings: None,
            archive: None,
            seal: None,
            requests: 0,
            open_deadlines: BTreeSet::new(),
        }
    }

    /// Refuses any other stage.
    ///
    /// # Errors
    /// `CASE_NOT_FOUND` before the investigation was opened, `CASE_SEALED`, `STATE_NOT_ALLOWED`.
    pub fn expect_stage(&self, allowed: &[Stage]) -> Result<(), Rejection> {
        if allowed.contains(&self.stage) {
            return Ok(());
        }
        self.expect_opened()?;
        let allowed: Vec<&str> = allowed.iter().map(|stage| stage.as_str()).collect();
        let reason = if self.stage == Stage::Sealed { "CASE_SEALED" } else { "STATE_NOT_ALLOWED" };
        Err(Rejection::state(reason, self.stage.as_str(), &allowed))
    }

    /// Refuses a case whose investigation was never opened.
    ///
    /// # Errors
    /// `CASE_NOT_FOUND`.
    pub fn expect_opened(&self) -> Result<(), Rejection> {
        if self.round == 0 {
            return Err(Rejection::not_found(
                "CASE_NOT_FOUND",
                "the investigation of this case was not opened yet",
            ));
        }
        Ok(())
    }

    /// The priority; the lowest one before the case is triaged.
    pub fn priority(&self) -> Priority {
        self.triaged.as_ref().map_or(Priority::General, |triaged| triaged.priority)
    }

    /// An item of the checklist.
    ///
    /// # Errors
    /// `ITEM_UNKNOWN`.
    pub fn item(&self, id: &str, field: &str) -> Result<&Item, Rejection> {
        self.checklist.iter().find(|item| item.id == id).ok_or_else(|| {
            let description = format!("there is no item `{id}` on the checklist of this case");
            Rejection::invalid("ITEM_UNKNOWN", field, description).with("item_id", id)
        })
    }

    /// A piece of evidence.
    ///
    /// # Errors
    /// `EVIDENCE_NOT_FOUND`.
    pub fn piece(&self, id: Uuid) -> Result<&Evidence, Rejection> {
        self.evidence.iter().find(|evidence| evidence.id == id).ok_or_else(|| {
            Rejection::not_found("EVIDENCE_NOT_FOUND", format!("there is no evidence `{id}` of this case"))
                .with("evidence_id", id.to_string())
        })
    }

    /// The facts that rules see.
    pub fn facts(&self, setting: &Setting<'_>) -> Facts {
        let known = &self.known;
        let triaged = self.triaged.as_ref();
        let findings = self.findings.as_ref();
        Facts {
            case: CaseFacts {
                priority: triaged.map(|triaged| triaged.priority),
                category: triaged.map(|triaged| triaged.category),
                subtype: triaged.map(|triaged| triaged.primary.clone()).unwrap_or_default(),
                types: triaged
                    .map(|triaged| {
                        std::iter::once(&triaged.primary).chain(&triaged.further).cloned().collect()
                    })
                    .unwrap_or_default(),
                channel: known.channel,
                problem_type: known.problem_type,
                desired_solution: known.desired_solution,
                language: known.language.clone(),
                region: setting.region.to_owned(),
                round: 0,
                reopened: known.reopened,
            },
            order: known.order.facts(setting.now),
            customer: known.customer_facts(),
            incident: known.incident.clone(),
            investigation: findings.map_or_else(InvestigationFacts::default, |findings| InvestigationFacts {
                concluded: true,
                validity: Some(findings.validity),
                cause: findings.cause.clone(),
                party: findings.party.clone(),
            }),
            signals: known.signals.clone(),
            ..Facts::default()
        }
    }
}
