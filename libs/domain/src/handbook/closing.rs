//! When a case may be closed, and how long it is kept (M7.1).

use super::cel::{Condition, EvaluationError};
use super::facts::Facts;
use super::names::{Id, kinds};
use super::problem::Report;
use super::read::{Cite, section};
use super::source::Span;
use super::tables::{List, Listed, Placed, refuse_repeated};
use super::vocabulary::{ClosingBasis, GateCondition};
use super::{Handbook, rule_ref};
use crate::{Limit, RuleRef};

section! {
    /// The chapter `[closing]`.
    pub struct Closing {
        /// What each way of ending asks for. A case cannot end in a way that is not listed.
        pub gates: List<Gate>,
        /// How long a closed case and its evidence are kept. The longest that holds counts.
        pub retention: List<RetentionRule>,
        /// When a closed case may be opened again.
        pub reopening: Reopening,
    }

    /// What a way of ending asks for: `[[closing.gates]]`.
    pub struct Gate {
        /// The way of ending.
        pub basis: Placed<ClosingBasis>,
        /// Clause of the source.
        pub cite: Cite,
        /// All of these must hold.
        pub requires: Vec<GateCondition>,
    }

    /// How long a closed case is kept: `[[closing.retention]]`.
    pub struct RetentionRule {
        /// Name of the rule.
        pub id: Id<kinds::RetentionRule>,
        /// Clause of the source.
        pub cite: Cite,
        /// Years from the closing.
        pub years: u32,
        /// When it holds; always if left out.
        pub when: Option<Condition>,
    }

    /// When a closed case may be opened again.
    pub struct Reopening {
        /// Clause of the source.
        pub cite: Cite,
        /// How long after the closing; as long as the case is kept if left out.
        pub within: Option<Limit>,
    }
}

impl Listed for Gate {
    fn check_list(list: &[Self], _at: Span, report: &mut Report<'_>) {
        refuse_repeated(list.iter().map(|gate| gate.basis), report);
        for gate in list.iter().filter(|gate| gate.requires.is_empty()) {
            report.add(gate.basis.at, format!("`{}` asks for nothing", gate.basis.value), "`requires`");
        }
    }
}

impl Listed for RetentionRule {
    fn check_list(list: &[Self], at: Span, report: &mut Report<'_>) {
        if list.first().is_none_or(|first| first.when.is_some()) {
            let at = list.first().map_or(at, |first| first.id.at());
            report.add(at, "cases that no rule holds for are not kept", "a first rule without `when`");
        }
    }
}

impl Handbook {
    /// What a way of ending asks for, if the handbook allows it (M7.1, X12).
    #[must_use]
    pub fn closing_gate(&self, basis: ClosingBasis) -> Option<(&[GateCondition], RuleRef)> {
        let gate = self.closing.gates.iter().find(|gate| gate.basis.value == basis)?;
        Some((&gate.requires, rule_ref("gate", basis.as_str(), &gate.cite)))
    }

    /// For how many years after its closing a case and its evidence are kept, and the rule (M7.1).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn retention_years(&self, facts: &Facts) -> Result<(u32, RuleRef), EvaluationError> {
        let scope = self.scope(facts);
        let (first, others) = self
            .closing
            .retention
            .split_first()
            .expect("a loaded handbook begins with the general retention");
        let mut longest = first;
        for rule in others {
            if rule.years > longest.years && scope.holds_if_any(rule.when.as_ref())? {
                longest = rule;
            }
        }
        Ok((longest.years, rule_ref("retention", &longest.id, &longest.cite)))
    }

    /// When a closed case may be opened again, and the rule for the record.
    #[must_use]
    pub fn reopening(&self) -> (&Reopening, RuleRef) {
        let rule = &self.closing.reopening;
        (rule, rule_ref("closing", "reopening", &rule.cite))
    }
}
