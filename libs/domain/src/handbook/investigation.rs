//! What is asked of whom to find out what happened, and by when (M4).

use super::cel::{Condition, EvaluationError};
use super::facts::Facts;
use super::names::{Id, Ref, kinds};
use super::read::{Cite, section};
use super::tables::Placed;
use super::text::Text;
use super::vocabulary::{DeadlineKind, Deliverable, Priority, Role};
use super::{Handbook, rule_ref};
use crate::{Limit, RuleRef};

section! {
    /// The chapter `[investigation]`.
    pub struct Investigation {
        /// What an investigation must have delivered when its limit ends.
        pub deliverables: Deliverables,
        /// The evidence that is asked for.
        pub checklist: Vec<ChecklistItem>,
        /// The extension of its limit.
        pub extension: Extension,
        /// The causes that it can find.
        pub causes: Vec<Cause>,
        /// The parties that can be responsible.
        pub parties: Vec<Party>,
        /// What may be uploaded.
        pub evidence: EvidenceLimits,
    }

    /// What an investigation must have delivered when its limit ends: all of the list (M4.3).
    pub struct Deliverables {
        /// Clause of the source.
        pub cite: Cite,
        /// For urgent complaints.
        pub urgent: Vec<Deliverable>,
        /// For important ones.
        pub important: Vec<Deliverable>,
        /// For general ones.
        pub general: Vec<Deliverable>,
    }

    /// A piece of evidence that is asked for: `[[investigation.checklist]]` (M4.1, M4.2).
    pub struct ChecklistItem {
        /// Its name in the system.
        pub id: Id<kinds::ChecklistItem>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// The department that has it; the customer has it if left out.
        pub department: Option<Ref<kinds::Department>>,
        /// When it is asked for; always if left out.
        pub when: Option<Condition>,
        /// The investigation cannot conclude without it, or without saying why it is waived.
        pub required: bool,
        /// It cannot be waived.
        pub never_waived: bool,
        /// It is core evidence 核心证据.
        pub core: bool,
        /// It is lost unless somebody keeps it soon, so it is asked for at once (X14).
        pub perishable: bool,
        /// What exactly is wanted, for those who are asked.
        pub instruction: Text,
        /// The media types that it may come in; those of the chapter if left out.
        pub media_types: Vec<String>,
    }

    /// The extension of the investigation's limit (M4.3).
    pub struct Extension {
        /// Clause of the source.
        pub cite: Cite,
        /// How often.
        pub times_max: u32,
        /// By how much at most.
        pub at_most: Placed<Limit>,
        /// For which priorities.
        pub priorities: Vec<Priority>,
        /// Who may grant it.
        pub granted_by: Vec<Role>,
        /// The statutory deadline past which it never goes.
        pub never_past: Placed<DeadlineKind>,
    }

    /// A cause that an investigation can find: `[[investigation.causes]]`.
    pub struct Cause {
        /// Its name in the system.
        pub id: Id<kinds::Cause>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
    }

    /// A party that can be responsible: `[[investigation.parties]]`.
    pub struct Party {
        /// Its name in the system.
        pub id: Id<kinds::Party>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// The department that it is, where it is one of ours.
        pub department: Option<Ref<kinds::Department>>,
    }

    /// What may be uploaded.
    pub struct EvidenceLimits {
        /// Bytes of one file.
        pub file_bytes_max: i64,
        /// Files of one case.
        pub files_max: u32,
        /// Media types, such as `image/jpeg`.
        pub media_types: Vec<String>,
    }
}

impl Handbook {
    /// The evidence to be asked for, in the order of the handbook (M4.1, M4.2).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn checklist(&self, facts: &Facts) -> Result<Vec<&ChecklistItem>, EvaluationError> {
        let scope = self.scope(facts);
        let mut items = Vec::new();
        for item in &self.investigation.checklist {
            if scope.holds_if_any(item.when.as_ref())? {
                items.push(item);
            }
        }
        Ok(items)
    }

    /// An item of the checklist, if there is one of this name.
    #[must_use]
    pub fn checklist_item(&self, id: &str) -> Option<&ChecklistItem> {
        self.investigation.checklist.iter().find(|item| item.id.as_str() == id)
    }

    /// What the investigation must have delivered when its limit ends: all of it (M4.3).
    #[must_use]
    pub fn deliverables(&self, priority: Priority) -> (&[Deliverable], RuleRef) {
        let rule = &self.investigation.deliverables;
        let wanted = match priority {
            Priority::Urgent => &rule.urgent,
            Priority::Important => &rule.important,
            Priority::General => &rule.general,
        };
        (wanted, rule_ref("deliverables", priority.as_str(), &rule.cite))
    }

    /// The extension of the investigation's limit, and the rule for the record (M4.3).
    #[must_use]
    pub fn extension(&self) -> (&Extension, RuleRef) {
        let rule = &self.investigation.extension;
        (rule, rule_ref("investigation", "extension", &rule.cite))
    }

    /// A cause, if there is one of this name.
    #[must_use]
    pub fn cause(&self, id: &str) -> Option<&Cause> {
        self.investigation.causes.iter().find(|cause| cause.id.as_str() == id)
    }

    /// A party, if there is one of this name.
    #[must_use]
    pub fn party(&self, id: &str) -> Option<&Party> {
        self.investigation.parties.iter().find(|party| party.id.as_str() == id)
    }

    /// The media types that an item may come in.
    #[must_use]
    pub fn media_types<'b>(&'b self, item: &'b ChecklistItem) -> &'b [String] {
        if item.media_types.is_empty() { &self.investigation.evidence.media_types } else { &item.media_types }
    }
}

impl ChecklistItem {
    /// Whether it is asked of the customer.
    #[must_use]
    pub const fn is_from_customer(&self) -> bool {
        self.department.is_none()
    }

    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("checklist", &self.id, &self.cite)
    }
}
