//! The state of one case's triage.

use std::collections::BTreeSet;

use redress_domain::{
    RuleRef, Timestamp,
    handbook::{
        CaseFacts, Category, ClosingBasis, DeadlineKind, DispatchMode, Facts, IncidentFacts, IncidentKey,
        Priority, Role, Signal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Setting, incident::Key, known::Known};

/// The triage of one case; its aggregate has the case's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Where it stands.
    pub stage: Stage,
    /// What intake has told.
    pub known: Known,
    /// What it is about.
    pub classification: Classification,
    /// What its text points to beside that.
    #[serde(default)]
    pub suggestion: Option<Suggestion>,
    /// How urgent it is.
    pub priority: Priority,
    /// The rule behind the priority.
    pub priority_rule: RuleRef,
    /// Signals, each kind once, in the order in which they were learnt.
    #[serde(default)]
    pub signals: Vec<RaisedSignal>,
    /// Incident that it belongs to.
    #[serde(default)]
    pub incident: Option<Membership>,
    /// Who has it.
    #[serde(default)]
    pub dispatch: Option<Dispatch>,
    /// What the customer was told meanwhile.
    #[serde(default)]
    pub progress_reports: Vec<ProgressReport>,
    /// How often it was triaged.
    pub round: u32,
    /// How often a resolution was offered since it was opened.
    #[serde(default)]
    pub offers: u32,
    /// How often it was opened again.
    #[serde(default)]
    pub reopenings: u32,
    /// How it ended, once that is known.
    #[serde(default)]
    pub ended_as: Option<ClosingBasis>,
    /// It was closed, and not only refused or withdrawn.
    #[serde(default)]
    pub closed: bool,
}

/// Where a case's triage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Classified and ranked.
    Triaged,
    /// Handed over; the deliverable is awaited.
    Dispatched,
    /// Those responsible have confirmed.
    Confirmed,
    /// The case was refused, withdrawn or closed.
    Ended,
}

impl Stage {
    /// As stored and shown in refusals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triaged => "TRIAGED",
            Self::Dispatched => "DISPATCHED",
            Self::Confirmed => "CONFIRMED",
            Self::Ended => "ENDED",
        }
    }
}

/// What a complaint is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// Category.
    pub category: Category,
    /// Primary sub-type, an id of the handbook.
    pub primary: String,
    /// Further sub-types.
    pub further: Vec<String>,
    /// Who says so.
    pub by: Classifier,
}

/// Who classified a complaint. What staff or findings say is not overridden by what is registered later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classifier {
    /// What was registered.
    Registration,
    /// What its text points to, because nothing was registered.
    Text,
    /// A member of staff.
    Staff,
    /// The findings of the investigation.
    Findings,
}

/// What a text points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Category.
    pub category: Category,
    /// Primary sub-type.
    pub primary: String,
    /// Further sub-types.
    pub further: Vec<String>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Where the words stand that point to a sub-type. The words stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Sub-type.
    pub sub_type: String,
    /// Rule that matched.
    pub rule: RuleRef,
    /// Text, as reference.
    pub text_ref: String,
    /// First character of the match.
    pub from: usize,
    /// Character after it.
    pub until: usize,
}

/// A signal on the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedSignal {
    /// Kind.
    pub kind: Signal,
    /// Who or what noticed it.
    pub origin: Origin,
    /// Rule that noticed it.
    pub rule: Option<RuleRef>,
    /// Text that it was found in, or that says why; empty where there is none.
    pub text_ref: String,
    /// First character of the match.
    pub from: i32,
    /// Character after it; 0 where there is no match.
    pub until: i32,
    /// When it arose.
    pub at: Timestamp,
}

/// Where a signal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Not stated.
    Unknown,
    /// Stated at registration.
    Registration,
    /// Found in a text.
    Text,
    /// Raised by staff.
    Staff,
    /// Follows from facts.
    Facts,
}

/// A case's place in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Incident.
    pub incident_id: Uuid,
    /// What its cases share.
    pub key: IncidentKey,
    /// The common batch or line.
    pub key_value: String,
    /// The case is part of a recognised group complaint.
    pub recognised: bool,
    /// It is only linked: it had been offered or had ended before.
    pub linked_only: bool,
    /// People in the incident when that was last told to this case.
    pub people: u32,
}

/// Who has a case, and what they owe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// How it is handled.
    pub mode: DispatchMode,
    /// Who leads.
    pub lead_roles: Vec<Role>,
    /// Department.
    pub department: String,
    /// Staff member; empty for nobody in particular.
    pub assignee: String,
    /// What they owe.
    pub deliverable: DeadlineKind,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// Since when it is overdue; none while it is not, and once it is there.
    pub overdue_at: Option<Timestamp>,
    /// When the deliverable was there.
    pub delivered_at: Option<Timestamp>,
    /// Contact person; empty before confirmation.
    pub contact: String,
    /// Task force; empty before confirmation.
    pub task_force: Vec<TaskForceMember>,
    /// When it was handed over.
    pub dispatched_at: Timestamp,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Rule behind it.
    pub rule: RuleRef,
}

/// A member of a task force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskForceMember {
    /// Staff id.
    pub subject: String,
    /// Role.
    pub role: Role,
    /// Department; empty where the role says enough.
    pub department: String,
}

/// Something told to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressReport {
    /// Key of the notice.
    pub notice_key: String,
    /// The words, as reference.
    pub text_ref: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// Who wrote it.
    pub by: String,
    /// In which role.
    pub by_role: String,
}

impl Case {
    /// Whether a signal stands.
    pub fn has(&self, kind: Signal) -> bool {
        self.signals.iter().any(|signal| signal.kind == kind)
    }

    /// All sub-types, the primary one first.
    pub fn types(&self) -> Vec<String> {
        let classification = &self.classification;
        std::iter::once(&classification.primary).chain(&classification.further).cloned().collect()
    }

    /// Part of a group complaint and not only linked to it.
    pub fn is_group_complaint(&self) -> bool {
        self.incident.as_ref().is_some_and(|incident| incident.recognised && !incident.linked_only)
    }

    /// What has been offered or has ended is only linked to an incident that is recognised later (M3.2).
    pub fn is_only_linked(&self) -> bool {
        self.offers > 0 || self.stage == Stage::Ended
    }

    /// The facts that rules see.
    pub fn facts(&self, setting: &Setting<'_>) -> Facts {
        let known = &self.known;
        Facts {
            case: CaseFacts {
                priority: None,
                category: Some(self.classification.category),
                subtype: self.classification.primary.clone(),
                types: self.types(),
                channel: known.channel,
                problem_type: known.problem_type,
                desired_solution: known.desired_solution,
                language: known.language.clone(),
                region: setting.region.to_owned(),
                round: 0,
                reopened: self.reopenings > 0,
            },
            order: known.order.facts(setting.now),
            customer: known.customer_facts(),
            incident: self.incident.as_ref().map_or_else(IncidentFacts::default, |incident| IncidentFacts {
                recognised: self.is_group_complaint(),
                people: incident.people.into(),
            }),
            signals: self.signals.iter().map(|signal| signal.kind).collect::<BTreeSet<_>>(),
            ..Facts::default()
        }
    }

    /// What the case has in common with others of its incident; none where the order has nothing to share, and for a
    /// complaint that was refused. A place in a recognised incident is kept for good.
    pub fn incident_key(&self, setting: &Setting<'_>) -> Option<Key> {
        if self.ended_as == Some(ClosingBasis::Refused) {
            return None;
        }
        let (rule, _) = setting.book.incident();
        rule.same.iter().find_map(|key| {
            let value = match key {
                IncidentKey::Batch => self.known.order.batch.as_str(),
                IncidentKey::Line => self.known.line(),
            };
            (!value.is_empty()).then(|| Key {
                region: setting.region.to_owned(),
                sub_type: self.classification.primary.clone(),
                key: *key,
                value: value.to_owned(),
            })
        })
    }
}
