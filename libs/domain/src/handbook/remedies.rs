//! What can be given to make a complaint good, how much of it, and who carries it out (M5).

use super::cel::{Condition, EvaluationError, Formula, Scope};
use super::facts::Facts;
use super::names::{Id, Ref, kinds};
use super::notices::check_placeholders;
use super::problem::Report;
use super::read::{BASIS_POINTS, Cite, section};
use super::source::Span;
use super::tables::Placed;
use super::text::Text;
use super::vocabulary::{
    AmountBasis, DeadlineKind, DesiredSolution, Executor, Exposure, RemedyKind, Role, Validity,
};
use super::{Handbook, rule_ref};
use crate::{Money, MoneyError, Rounding, RuleRef};

section! {
    /// A principle that every solution follows: `[[resolution.principles]]` (M5.1).
    pub struct Principle {
        /// Its name in the system.
        pub id: Id<kinds::Principle>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it says.
        pub text: Text,
    }

    /// Which findings entitle to a solution.
    pub struct Entitlement {
        /// Clause of the source.
        pub cite: Cite,
        /// What the investigation must have found.
        pub validities: Vec<Validity>,
    }

    /// Whether a solution must contain the measure against the same problem (M5.1).
    pub struct Prevention {
        /// Clause of the source.
        pub cite: Cite,
        /// Without one the solution is incomplete.
        pub required: bool,
    }

    /// A typical solution: `[[resolution.remedies]]` (M5.2).
    pub struct Remedy (check_parts) {
        /// Its name in the system.
        pub id: Id<kinds::Remedy>,
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// The sub-types that it is for; all if left out.
        pub subtypes: Vec<Ref<kinds::Subtype>>,
        /// What the customer asks for where it fits best.
        pub demands: Vec<DesiredSolution>,
        /// When it may be given; always if left out.
        pub when: Option<Condition>,
        /// The solution that it upgrades 升级补偿. Without it, it is a solution of its own.
        pub upgrades: Option<Ref<kinds::Remedy>>,
        /// When an upgrade is suggested without being asked for; never if left out.
        pub suggest_when: Option<Condition>,
        /// What it consists of.
        pub parts: Vec<Part>,
    }

    /// One thing that is given.
    pub struct Part (check_shares) {
        /// What.
        pub kind: RemedyKind,
        /// What its amount is a share of; free within the cap if left out.
        pub of: Option<Placed<AmountBasis>>,
        /// The least share, in basis points.
        pub basis_points_min: Option<Placed<u32>>,
        /// The greatest share, in basis points.
        pub basis_points_max: Option<Placed<u32>>,
        /// The share that is suggested; the least if left out.
        pub suggest_basis_points: Option<Formula>,
        /// Who does it in person.
        pub by: Option<Role>,
    }

    /// How a kind of remedy is carried out: `[resolution.kinds.<kind>]`.
    pub struct RemedyKindRule (check_offer) {
        /// Clause of the source.
        pub cite: Cite,
        /// What it is called.
        pub name: Text,
        /// Who carries it out.
        pub executor: Executor,
        /// The promise that its offer makes; none for what the customer is not told.
        pub promise: Option<Placed<DeadlineKind>>,
        /// How the offer says it, with `{amount}`, `{within}` and `{due}`.
        pub offer: Option<Text>,
        /// How it counts towards the exposure (X10).
        pub exposure: Exposure,
    }
}

impl Remedy {
    fn check_parts(&self, at: Span, report: &mut Report<'_>) {
        if self.parts.is_empty() {
            report.add(at, format!("the solution `{}` gives nothing", self.id), "at least one part");
        }
        if self.upgrades.is_none() && self.suggest_when.is_some() {
            report.add(
                self.id.at(),
                "`suggest_when` for a solution of its own",
                "only for one with `upgrades`",
            );
        }
        for of in self.parts.iter().filter_map(|part| part.of) {
            if of.value == AmountBasis::BaseSolution && self.upgrades.is_none() {
                report.add(
                    of.at,
                    "there is no base solution",
                    "`upgrades` with the solution that this one upgrades",
                );
            }
        }
    }
}

impl Part {
    fn check_shares(&self, at: Span, report: &mut Report<'_>) {
        if let (Some(min), Some(max)) = (self.basis_points_min, self.basis_points_max)
            && min.value > max.value
        {
            let wrong = format!("the least share {} is above the greatest, {}", min.value, max.value);
            report.add(min.at, wrong, format!("at most {}", max.value));
        }
        let share = self.basis_points_min.is_some()
            || self.basis_points_max.is_some()
            || self.suggest_basis_points.is_some();
        if share && self.of.is_none() {
            report.add(at, "a share of nothing", "a key `of`, such as of = \"freight\"");
        }
    }
}

impl RemedyKindRule {
    fn check_offer(&self, _at: Span, report: &mut Report<'_>) {
        if let Some(promise) = self.promise.filter(|_| self.offer.is_none()) {
            report.add(promise.at, "a promise that the offer does not say", "a key `offer`");
        }
        for (_, text) in self.offer.iter().flat_map(Text::placed) {
            check_placeholders(text, &["amount", "within", "due"], report);
        }
    }
}

/// A solution that fits a case.
#[derive(Clone, Copy, Debug)]
pub struct RemedyMatch<'b> {
    /// The solution.
    pub remedy: &'b Remedy,
    /// It is what the customer asks for.
    pub demand_met: bool,
    /// It is suggested: every solution of its own, and an upgrade where its condition holds.
    pub suggested: bool,
}

/// Between which amounts a part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountRange {
    /// The least.
    pub min: Money,
    /// The greatest.
    pub max: Money,
    /// What is suggested.
    pub suggested: Money,
}

/// Why an amount cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// A formula overflows.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The share overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Handbook {
    /// The solutions that fit a complaint about `subtype`: those that the customer asks for first, then in the order
    /// of the handbook, each upgrade after its solution (M5.2).
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow in a condition.
    pub fn remedies_for(
        &self,
        subtype: &str,
        demand: Option<DesiredSolution>,
        facts: &Facts,
    ) -> Result<Vec<RemedyMatch<'_>>, EvaluationError> {
        let scope = self.scope(facts);
        let mut bases = Vec::new();
        for remedy in self.resolution.remedies.iter().filter(|remedy| remedy.upgrades.is_none()) {
            if remedy.is_for(subtype) && scope.holds_if_any(remedy.when.as_ref())? {
                let demand_met = demand.is_some_and(|demand| remedy.demands.contains(&demand));
                bases.push(RemedyMatch { remedy, demand_met, suggested: true });
            }
        }
        bases.sort_by_key(|base| !base.demand_met);
        let mut found = Vec::new();
        for base in bases {
            found.push(base);
            for upgrade in self.upgrades_of(base.remedy) {
                if upgrade.is_for(subtype) && scope.holds_if_any(upgrade.when.as_ref())? {
                    let suggested =
                        upgrade.suggest_when.as_ref().map_or(Ok(false), |when| scope.holds(when))?;
                    found.push(RemedyMatch { remedy: upgrade, demand_met: base.demand_met, suggested });
                }
            }
        }
        Ok(found)
    }

    /// Whether findings entitle to a solution, and the rule.
    #[must_use]
    pub fn entitles(&self, validity: Validity) -> (bool, RuleRef) {
        let rule = &self.resolution.entitlement;
        (rule.validities.contains(&validity), rule_ref("resolution", "entitlement", &rule.cite))
    }

    /// A solution, if there is one of this name.
    #[must_use]
    pub fn remedy(&self, id: &str) -> Option<&Remedy> {
        self.resolution.remedies.iter().find(|remedy| remedy.id.as_str() == id)
    }

    fn upgrades_of<'b>(&'b self, base: &'b Remedy) -> impl Iterator<Item = &'b Remedy> {
        let upgrades =
            |remedy: &&Remedy| remedy.upgrades.as_ref().is_some_and(|of| of.as_str() == base.id.as_str());
        self.resolution.remedies.iter().filter(upgrades)
    }

    /// How a kind of remedy is carried out, and the rule for the record.
    #[must_use]
    pub fn remedy_kind(&self, kind: RemedyKind) -> (&RemedyKindRule, RuleRef) {
        let rule = self.resolution.kinds.get(kind);
        (rule, rule_ref("remedy_kind", kind.as_str(), &rule.cite))
    }

    /// The range of a part's amount, or nothing where the handbook sets none or the order is not known.
    /// `base_minor` is the money of the solution that is upgraded.
    ///
    /// # Errors
    /// [`AmountError`] on overflow.
    pub fn amount_range(
        &self,
        part: &Part,
        facts: &Facts,
        base_minor: i64,
    ) -> Result<Option<AmountRange>, AmountError> {
        let order = &facts.order;
        let declared = if order.insured { order.insured_value_minor } else { order.goods_value_minor };
        let whole = match part.of.map(|of| of.value) {
            None => return Ok(None),
            Some(AmountBasis::BaseSolution) => base_minor,
            Some(_) if !order.known => return Ok(None),
            Some(AmountBasis::Freight) => order.freight_minor,
            Some(AmountBasis::GoodsValue) => order.goods_value_minor,
            Some(AmountBasis::DeclaredValue) => declared,
        };
        let whole = Money::new(whole, self.currency);
        let [min, suggested, max] = part.shares(&self.scope(facts))?;
        let share = |basis_points| whole.basis_points(basis_points, Rounding::HalfUp);
        Ok(Some(AmountRange { min: share(min)?, max: share(max)?, suggested: share(suggested)? }))
    }
}

impl Remedy {
    fn is_for(&self, subtype: &str) -> bool {
        self.subtypes.is_empty() || self.subtypes.iter().any(|known| known.as_str() == subtype)
    }

    /// The rule, for the record.
    #[must_use]
    pub fn rule_ref(&self) -> RuleRef {
        rule_ref("remedy", &self.id, &self.cite)
    }
}

impl Part {
    /// The fact that its amount depends on and that is not known.
    #[must_use]
    pub fn missing_fact(&self, facts: &Facts) -> Option<&'static str> {
        if facts.order.known {
            return None;
        }
        match self.of?.value {
            AmountBasis::Freight => Some("order.freight_minor"),
            AmountBasis::GoodsValue => Some("order.goods_value_minor"),
            AmountBasis::DeclaredValue => Some("order.insured_value_minor"),
            AmountBasis::BaseSolution => None,
        }
    }

    /// The least, the suggested and the greatest share, in basis points and in this order.
    fn shares(&self, scope: &Scope) -> Result<[i64; 3], EvaluationError> {
        let max = self.basis_points_max.map_or(i64::from(BASIS_POINTS), |share| i64::from(share.value));
        let min = self.basis_points_min.map_or(0, |share| i64::from(share.value)).min(max);
        let suggested =
            self.suggest_basis_points.as_ref().map_or(Ok(min), |formula| scope.number(formula))?;
        Ok([min, suggested.clamp(min, max), max])
    }
}
