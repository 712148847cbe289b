//! How a solution is approved, offered, objected to and carried out (M5.3, M6).

use super::cel::{Condition, EvaluationError, Formula};
use super::facts::Facts;
use super::names::{Id, Ref, kinds};
use super::problem::Report;
use super::read::{Cite, section};
use super::remedies::{Entitlement, Prevention, Principle, Remedy, RemedyKindRule};
use super::source::Span;
use super::tables::{ForEach, List, Listed, Placed};
use super::text::Text;
use super::vocabulary::{Channel, RemedyKind, Role};
use super::{Handbook, rule_ref};
use crate::{Limit, RuleRef};

section! {
    /// The chapter `[resolution]`.
    pub struct Resolution {
        /// What every solution follows.
        pub principles: Vec<Principle>,
        /// Which findings entitle to a solution.
        pub entitlement: Entitlement,
        /// The measure against the same problem.
        pub prevention: Prevention,
        /// The solutions.
        pub remedies: Vec<Remedy>,
        /// How each kind of remedy is carried out.
        pub kinds: ForEach<RemedyKind, RemedyKindRule>,
        /// The approval ladder, from the lowest rung.
        pub rungs: List<Rung>,
        /// What asks for at least a rung, whatever the amount.
        pub floors: Vec<Floor>,
        /// What a case and its waybill may cost at most.
        pub cap: Cap,
        /// What happens to objections.
        pub objection: Objection,
        /// The end where no agreement is found.
        pub final_position: FinalPosition,
        /// The written Notice of Complaint Handling 投诉处理告知书.
        pub handling_notice: HandlingNotice,
        /// How payments and fulfilment are pursued.
        pub execution: Execution,
    }

    /// A step of the approval ladder: `[[resolution.rungs]]` (M6.1).
    pub struct Rung {
        /// Its name in the system.
        pub id: Id<kinds::Rung>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// Who decides.
        pub role: Role,
        /// Who may decide as well.
        pub also: Vec<Role>,
        /// It begins above this amount, which belongs to the rung before.
        pub above_minor: Placed<i64>,
        /// It ends with this amount; the last one has no end.
        pub up_to_minor: Option<Placed<i64>>,
        /// The decision is taken in a meeting and carries its minutes.
        pub meeting: bool,
    }

    /// What asks for at least a rung: `[[resolution.floors]]` (M6.1).
    pub struct Floor {
        /// Name of the rule.
        pub id: Id<kinds::Floor>,
        /// Clause of the source.
        pub cite: Cite,
        /// When it holds.
        pub when: Condition,
        /// The rung that it asks for.
        pub rung: Ref<kinds::Rung>,
    }

    /// What a case and its waybill may cost at most.
    pub struct Cap {
        /// Clause of the source.
        pub cite: Cite,
        /// The greatest total exposure.
        pub exposure_minor: Formula,
    }

    /// What happens to objections (M5.3b).
    pub struct Objection {
        /// Clause of the source.
        pub cite: Cite,
        /// After so many objections the last offer becomes the final position.
        pub rounds_max: u32,
        /// How much more than the first offer all rounds together may concede, in basis points of the first offer.
        pub concession_basis_points_max: Option<u32>,
    }

    /// The end where no agreement is found (M7.1).
    pub struct FinalPosition {
        /// Clause of the source.
        pub cite: Cite,
        /// Who may take it.
        pub roles: Vec<Role>,
    }

    /// When a written notice is due (M5.3c).
    pub struct HandlingNotice {
        /// Clause of the source.
        pub cite: Cite,
        /// When it holds.
        pub when: Condition,
        /// The channels that it may go by, best first.
        pub channels: Vec<Placed<Channel>>,
    }

    /// How payments and fulfilment are pursued (M6.2, M6.3).
    pub struct Execution {
        /// Clause of the source.
        pub cite: Cite,
        /// After which times an unknown outcome is asked about; the last one repeats.
        pub ask_after: Vec<Limit>,
        /// After which times a refused call is made again; when all are used up, it is an obstacle.
        pub retry_after: Vec<Limit>,
        /// The way of paying that is the fallback, as the payments system calls it.
        pub fallback: String,
        /// The channels of the customer's key steps, best first.
        pub channels: Vec<Placed<Channel>>,
    }
}

impl Listed for Rung {
    /// The rungs follow each other without gap or overlap, from nothing to any amount.
    fn check_list(list: &[Self], at: Span, report: &mut Report<'_>) {
        let mut reached = Some(0);
        for rung in list {
            let above = rung.above_minor;
            match reached {
                None => {
                    let wrong = format!("the rung `{}` comes after one without an end", rung.id);
                    report.add(above.at, wrong, "`up_to_minor` in every rung but the last");
                }
                Some(reached) if reached < above.value => {
                    let wrong = format!("gap: amounts above {reached} up to {} have no rung", above.value);
                    report.add(above.at, wrong, format!("above_minor = {reached}"));
                }
                Some(reached) if reached > above.value => {
                    let wrong =
                        format!("overlap: amounts above {} up to {reached} have two rungs", above.value);
                    report.add(above.at, wrong, format!("above_minor = {reached}"));
                }
                Some(_) => {}
            }
            if let Some(up_to) = rung.up_to_minor.filter(|up_to| up_to.value <= above.value) {
                let wrong = format!("the rung `{}` ends before it begins", rung.id);
                report.add(up_to.at, wrong, format!("more than {}", above.value));
            }
            reached = rung.up_to_minor.map(|up_to| up_to.value);
        }
        if let Some(reached) = reached {
            let at = list.last().and_then(|last| last.up_to_minor).map_or(at, |up_to| up_to.at);
            report.add(
                at,
                format!("gap: amounts above {reached} have no rung"),
                "a last rung without `up_to_minor`",
            );
        }
    }
}

impl Handbook {
    /// The rung that decides on a total exposure: the highest that the amount or a floor asks for, and the rule that
    /// asks for it (M6.1, X10). It never falls when the amount rises.
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn rung_for(&self, exposure_minor: i64, facts: &Facts) -> Result<(&Rung, RuleRef), EvaluationError> {
        let scope = self.scope(facts);
        let rungs = &self.resolution.rungs;
        let by_amount = rungs
            .iter()
            .position(|rung| rung.up_to_minor.is_none_or(|up_to| exposure_minor <= up_to.value))
            .expect("the last rung of a loaded handbook has no end");
        let mut rank = by_amount;
        let mut rule = rungs[by_amount].rule_ref();
        for floor in &self.resolution.floors {
            let asked =
                self.rung_rank(&floor.rung).expect("a loaded handbook defines every name that it uses");
            if asked > rank && scope.holds(&floor.when)? {
                rank = asked;
                rule = rule_ref("floor", &floor.id, &floor.cite);
            }
        }
        Ok((&rungs[rank], rule))
    }

    /// A rung, if there is one of this name.
    #[must_use]
    pub fn rung(&self, id: &str) -> Option<&Rung> {
        self.resolution.rungs.iter().find(|rung| rung.id.as_str() == id)
    }

    /// The place of a rung in the ladder, from 0 for the lowest.
    #[must_use]
    pub fn rung_rank(&self, id: &str) -> Option<usize> {
        self.resolution.rungs.iter().position(|rung| rung.id.as_str() == id)
    }

    /// The place of the highest rung that a role may decide on, if any. What is proposed at or below one's own rung
    /// needs no approval.
    #[must_use]
    pub fn authority(&self, role: Role) -> Option<usize> {
        self.resolution.rungs.iter().rposition(|rung| rung.role == role || rung.also.contains(&role))
    }

    /// The greatest total exposure of a case and its waybill, in minor units, and the rule (X11).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in the formula.
    pub fn exposure_cap(&self, facts: &Facts) -> Result<(i64, RuleRef), EvaluationError> {
        let cap = &self.resolution.cap;
        Ok((self.scope(facts).number(&cap.exposure_minor)?, rule_ref("resolution", "cap", &cap.cite)))
    }

    /// Whether a solution needs a measure against the same problem, and the rule (M5.1).
    #[must_use]
    pub fn prevention(&self) -> (bool, RuleRef) {
        let rule = &self.resolution.prevention;
        (rule.required, rule_ref("resolution", "prevention", &rule.cite))
    }

    /// What happens to objections, and the rule for the record (M5.3b).
    #[must_use]
    pub fn objection(&self) -> (&Objection, RuleRef) {
        let rule = &self.resolution.objection;
        (rule, rule_ref("resolution", "objection", &rule.cite))
    }

    /// The end where no agreement is found, and the rule for the record (M7.1).
    #[must_use]
    pub fn final_position(&self) -> (&FinalPosition, RuleRef) {
        let rule = &self.resolution.final_position;
        (rule, rule_ref("resolution", "final_position", &rule.cite))
    }

    /// The written notice, where one is due, and the rule (M5.3c).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in the condition.
    pub fn handling_notice(
        &self,
        facts: &Facts,
    ) -> Result<Option<(&HandlingNotice, RuleRef)>, EvaluationError> {
        let rule = &self.resolution.handling_notice;
        let due = self.scope(facts).holds(&rule.when)?;
        Ok(due.then(|| (rule, rule_ref("resolution", "handling_notice", &rule.cite))))
    }

    /// How payments and fulfilment are pursued, and the rule for the record (M6.3).
    #[must_use]
    pub fn execution(&self) -> (&Execution, RuleRef) {
        let rule = &self.resolution.execution;
        (rule, rule_ref("resolution", "execution", &rule.cite))
    }
}

impl Rung {
    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("rung", &self.id, &self.cite)
    }
}

impl Execution {
    /// How long to wait before an unknown outcome is asked about for the `attempt`-th time, from 0.
    #[must_use]
    pub fn ask_delay(&self, attempt: usize) -> Limit {
        let last = self.ask_after.last().copied().unwrap_or_else(Limit::zero);
        self.ask_after.get(attempt).copied().unwrap_or(last)
    }

    /// How long to wait before a refused call is made for the `attempt`-th time again, from 0; nothing when that is
    /// over and it has become an obstacle.
    #[must_use]
    pub fn retry_delay(&self, attempt: usize) -> Option<Limit> {
        self.retry_after.get(attempt).copied()
    }
}
