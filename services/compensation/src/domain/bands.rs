//! The handbook's solutions for a case, with the bands of their amounts (M5.2).
//!
//! Shares are rounded half up to a minor unit; amounts that are given must lie in the band to the minor unit.

use redress_domain::{
    Money, Rejection, Rounding, RuleRef, Timestamp,
    handbook::{
        AmountBasis, AmountRange, Executor, Exposure, Facts, Handbook, Part, Remedy as Rule, RemedyKind,
        RemedyMatch, Role,
    },
};

use super::{
    handbook_silent, not_computable, not_countable, propose::solution_unknown, rule_fails, state::Resolution,
};

/// A remedy as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it is.
    pub kind: RemedyKind,
    /// As an upgrade.
    pub upgrade: bool,
    /// Amount, where one is named.
    pub amount: Option<Money>,
    /// Share, where one is named.
    pub basis_points: i32,
    /// Pieces; 0 for all.
    pub quantity: i32,
}

/// A remedy that the handbook allows, with its amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it is.
    pub kind: RemedyKind,
    /// As an upgrade.
    pub upgrade: bool,
    /// Amount, where it has one.
    pub amount: Option<Money>,
    /// Share that it was computed from; 0 where it was not.
    pub basis_points: i32,
    /// Pieces; 0 for all.
    pub quantity: i32,
    /// Who carries it out.
    pub executor: Executor,
    /// Role that does it in person.
    pub role: Option<Role>,
    /// Solution, or upgrade, that it belongs to.
    pub solution: String,
    /// Rule that allows it.
    pub rule: RuleRef,
}

/// A solution of its own, with the upgrades that there are for it.
#[derive(Clone, Debug)]
pub struct Solution<'b> {
    /// The solution.
    pub base: &'b Rule,
    /// Its upgrades, and whether this case may have them, and whether they are suggested.
    pub upgrades: Vec<(&'b Rule, bool, bool)>,
}

/// How the worth of a part is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// In money.
    Money,
    /// By the value of the goods.
    Goods,
    /// Not at all.
    None,
}

/// The solutions for a case: for its primary sub-type first, then for its further ones (X3); those that the customer
/// asks for come first.
///
/// # Errors
/// Those of the handbook's rules.
pub fn solutions<'b>(
    book: &'b Handbook,
    resolution: &Resolution,
    now: Timestamp,
) -> Result<Vec<Solution<'b>>, Rejection> {
    let facts = resolution.facts(now);
    let mut subtypes = vec![facts.case.subtype.as_str()];
    subtypes
        .extend(facts.case.types.iter().map(String::as_str).filter(|further| *further != facts.case.subtype));
    let mut found: Vec<Solution<'b>> = Vec::new();
    for subtype in subtypes {
        let matches: Vec<RemedyMatch<'b>> = book
            .remedies_for(subtype, facts.case.desired_solution, &facts)
            .map_err(|error| rule_fails(&error))?;
        for base in matches.iter().filter(|found| found.remedy.upgrades.is_none()) {
            if found.iter().any(|known| known.base.id.as_str() == base.remedy.id.as_str()) {
                continue;
            }
            let rules = book.resolution.remedies.iter();
            let upgrades = rules.filter(|rule| {
                rule.upgrades.as_ref().is_some_and(|of| of.as_str() == base.remedy.id.as_str())
            });
            let upgrades = upgrades.map(|rule| {
                let allowed = matches.iter().find(|found| found.remedy.id.as_str() == rule.id.as_str());
                (rule, allowed.is_some(), allowed.is_some_and(|found| found.suggested))
            });
            found.push(Solution { base: base.remedy, upgrades: upgrades.collect() });
        }
    }
    Ok(found)
}

/// Computes the remedies that are asked for, under a solution.
///
/// # Errors
/// `REMEDY_NOT_ALLOWED`, `UPGRADE_NOT_ALLOWED`, `REMEDY_INCOMPLETE`, `AMOUNT_OUTSIDE_BAND`, `ORDER_FACTS_MISSING`,
/// `HANDBOOK_SILENT`.
pub fn plan(
    book: &Handbook,
    facts: &Facts,
    solution: &Solution<'_>,
    drafts: &[Draft],
) -> Result<Vec<Planned>, Rejection> {
    let mut taken: Vec<(&str, usize)> = Vec::new();
    let mut planned: Vec<Planned> = Vec::new();
    // Upgrades may be a share of the basic solution, so that one is computed first.
    for upgrade in [false, true] {
        let base_minor = money_of(&planned);
        for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.upgrade == upgrade) {
            let (rule, place, part) = find(solution, draft, &taken)?;
            taken.push((rule.id.as_str(), place));
            planned.push(price(book, facts, rule, part, draft, base_minor, index)?);
        }
    }
    Ok(planned)
}

/// What planned remedies give in money, in minor units.
pub fn money_of(planned: &[Planned]) -> i64 {
    let money = planned.iter().filter(|planned| planned.executor == Executor::Payments);
    money.fold(0, |sum, planned| sum.saturating_add(planned.amount.map_or(0, |amount| amount.minor)))
}

/// The part of the handbook behind a draft. Each part is given once: splitting an amount into two does not widen its
/// band.
fn find<'s>(
    solution: &'s Solution<'_>,
    draft: &Draft,
    taken: &[(&str, usize)],
) -> Result<(&'s Rule, usize, &'s Part), Rejection> {
    let free = |rule: &'s Rule| {
        let parts = rule.parts.iter().enumerate();
        parts
            .filter(|(place, part)| part.kind == draft.kind && !taken.contains(&(rule.id.as_str(), *place)))
            .map(move |(place, part)| (rule, place, part))
            .next()
    };
    if !draft.upgrade {
        return free(solution.base).ok_or_else(|| remedy_not_allowed(draft.kind));
    }
    let named =
        |(rule, _, _): &&(&'s Rule, bool, bool)| rule.parts.iter().any(|part| part.kind == draft.kind);
    let of_kind: Vec<_> = solution.upgrades.iter().filter(named).collect();
    if of_kind.is_empty() {
        return Err(remedy_not_allowed(draft.kind));
    }
    let allowed: Vec<_> = of_kind.into_iter().filter(|(_, allowed, _)| *allowed).collect();
    if allowed.is_empty() {
        return Err(upgrade_not_allowed(draft.kind.as_str()));
    }
    allowed.into_iter().find_map(|(rule, _, _)| free(rule)).ok_or_else(|| remedy_not_allowed(draft.kind))
}

fn upgrade_not_allowed(name: &str) -> Rejection {
    Rejection::precondition(
        "UPGRADE_NOT_ALLOWED",
        format!("the conditions for the upgrade `{name}` are not met"),
    )
    .with("kind", name)
}

fn remedy_not_allowed(kind: RemedyKind) -> Rejection {
    Rejection::precondition(
        "REMEDY_NOT_ALLOWED",
        format!("the handbook does not give `{kind}` for this case, or not twice"),
    )
    .with("kind", kind.as_str())
}

/// A draft with its amount, checked against the band.
fn price(
    book: &Handbook,
    facts: &Facts,
    rule: &Rule,
    part: &Part,
    draft: &Draft,
    base_minor: i64,
    index: usize,
) -> Result<Planned, Rejection> {
    let (kind_rule, _) = book.remedy_kind(draft.kind);
    let incomplete = |field: &str, why: &str| {
        Rejection::invalid("REMEDY_INCOMPLETE", &format!("remedies[{index}].{field}"), why)
    };
    if draft.quantity != 0 && draft.kind != RemedyKind::Resend {
        return Err(incomplete("quantity", "only goods that are sent again have a number of pieces"));
    }
    if draft.basis_points != 0 && (part.of.is_none() || draft.amount.is_some()) {
        return Err(incomplete(
            "basis_points",
            "give the amount or the share, and a share only of what is a share",
        ));
    }
    let (amount, basis_points) = match measure(book, draft.kind) {
        Measure::None if draft.amount.is_some() => {
            return Err(incomplete("amount", "this remedy has no amount"));
        }
        Measure::None => (None, 0),
        Measure::Goods if draft.amount.is_some() => {
            return Err(incomplete("amount", "goods are counted at their value; leave the amount out"));
        }
        Measure::Goods => (Some(Money::new(goods_value(facts)?, book.currency)), 0),
        Measure::Money => {
            let (amount, share) = money_amount(book, facts, part, draft, base_minor, (index, &incomplete))?;
            if amount.minor <= 0 {
                return Err(incomplete("amount", "has to be more than nothing"));
            }
            (Some(amount), share)
        }
    };
    Ok(Planned {
        kind: draft.kind,
        upgrade: draft.upgrade,
        amount,
        basis_points,
        quantity: draft.quantity,
        executor: executor(book, draft.kind)?,
        solution: rule.id.as_str().to_owned(),
        role: part.by.filter(|_| kind_rule.executor == Executor::Staff),
        rule: rule.rule_ref(),
    })
}

/// Refuses a draft for one of its fields.
type Incomplete<'a> = &'a dyn Fn(&str, &str) -> Rejection;

fn money_amount(
    book: &Handbook,
    facts: &Facts,
    part: &Part,
    draft: &Draft,
    base_minor: i64,
    (index, incomplete): (usize, Incomplete<'_>),
) -> Result<(Money, i32), Rejection> {
    let amount = draft.amount;
    if let Some(amount) = amount
        && amount.currency != book.currency
    {
        let field = format!("remedies[{index}].amount.currency_code");
        return Err(Rejection::invalid("INVALID_FIELDS", &field, format!("has to be `{}`", book.currency)));
    }
    let Some(of) = part.of else {
        return amount.map(|amount| (amount, 0)).ok_or_else(|| incomplete("amount", "has to be given"));
    };
    let whole = whole(of.value, facts, base_minor)?;
    let band = band(book, facts, part, base_minor)?.ok_or_else(|| order_facts_missing(of.value))?;
    let (amount, share) = match (amount, draft.basis_points) {
        (Some(amount), _) => (amount, 0),
        (None, 0) => (band.suggested, suggested_share(book, facts, part)),
        (None, share) => {
            let whole = Money::new(whole, book.currency);
            (
                whole
                    .basis_points(i64::from(share), Rounding::HalfUp)
                    .map_err(|error| not_countable(&error))?,
                share,
            )
        }
    };
    if amount.minor < band.min.minor || amount.minor > band.max.minor {
        return Err(Rejection::precondition(
            "AMOUNT_OUTSIDE_BAND",
            format!("`{amount}` for `{}` lies outside `{}` to `{}`", draft.kind, band.min, band.max),
        )
        .with("kind", draft.kind.as_str())
        .with("lowest", band.min.to_string())
        .with("highest", band.max.to_string()));
    }
    Ok((amount, share))
}

/// The band of a part; none where the handbook sets none.
///
/// # Errors
/// `ORDER_FACTS_MISSING`, those of the handbook's rules.
pub fn band(
    book: &Handbook,
    facts: &Facts,
    part: &Part,
    base_minor: i64,
) -> Result<Option<AmountRange>, Rejection> {
    book.amount_range(part, facts, base_minor).map_err(|error| not_computable(&error))
}

/// The share that the handbook suggests for a part.
fn suggested_share(book: &Handbook, facts: &Facts, part: &Part) -> i32 {
    let least = part.basis_points_min.map_or(0, |share| i32::try_from(share.value).unwrap_or(0));
    let formula = part.suggest_basis_points.as_ref();
    let suggested = formula.and_then(|formula| book.scope(facts).number(formula).ok());
    suggested.and_then(|share| i32::try_from(share).ok()).unwrap_or(least)
}

/// What a share is taken of. An order that is not known, or has no such value, has nothing to take a share of.
fn whole(of: AmountBasis, facts: &Facts, base_minor: i64) -> Result<i64, Rejection> {
    let order = &facts.order;
    let minor = match of {
        AmountBasis::BaseSolution => return Ok(base_minor),
        AmountBasis::Freight => order.freight_minor,
        AmountBasis::GoodsValue => order.goods_value_minor,
        AmountBasis::DeclaredValue if order.insured => order.insured_value_minor,
        AmountBasis::DeclaredValue => order.goods_value_minor,
    };
    if order.known && minor > 0 { Ok(minor) } else { Err(order_facts_missing(of)) }
}

fn goods_value(facts: &Facts) -> Result<i64, Rejection> {
    whole(AmountBasis::GoodsValue, facts, 0)
}

fn order_facts_missing(of: AmountBasis) -> Rejection {
    let fact = missing_fact(of);
    Rejection::precondition("ORDER_FACTS_MISSING", format!("`{fact}` is not known")).with("fact", fact)
}

/// The fact that an amount depends on, as handbooks name it.
pub fn missing_fact(of: AmountBasis) -> &'static str {
    match of {
        AmountBasis::Freight => "order.freight_minor",
        AmountBasis::GoodsValue => "order.goods_value_minor",
        AmountBasis::DeclaredValue => "order.insured_value_minor",
        AmountBasis::BaseSolution => "resolution.cash_minor",
    }
}

fn measure(book: &Handbook, kind: RemedyKind) -> Measure {
    let (rule, _) = book.remedy_kind(kind);
    match (rule.executor, rule.exposure) {
        (Executor::Payments, _) | (_, Exposure::Amount) => Measure::Money,
        (_, Exposure::GoodsValue) => Measure::Goods,
        (_, Exposure::None) => Measure::None,
    }
}

/// Who carries a kind out. The fulfilment system takes no money and no penalties.
fn executor(book: &Handbook, kind: RemedyKind) -> Result<Executor, Rejection> {
    let (rule, _) = book.remedy_kind(kind);
    let money = matches!(kind, RemedyKind::Cash | RemedyKind::FreightReduction | RemedyKind::FreightWaiver);
    if rule.executor == Executor::Fulfilment && (money || kind == RemedyKind::InternalPenalty) {
        return Err(handbook_silent("resolution.kinds", kind.as_str()));
    }
    Ok(rule.executor)
}

impl Solution<'_> {
    /// What is asked for, completed: the basic solution where no remedy is named, and the remedies of named upgrades
    /// that are not among them, with the amounts that the handbook suggests.
    ///
    /// # Errors
    /// `SOLUTION_UNKNOWN`, `UPGRADE_NOT_ALLOWED`.
    pub fn complete(
        &self,
        drafts: &[Draft],
        upgrades: &[String],
        book: &Handbook,
    ) -> Result<Vec<Draft>, Rejection> {
        let mut complete = drafts.to_vec();
        if !drafts.iter().any(|draft| !draft.upgrade) {
            complete.extend(self.base.parts.iter().map(|part| draft_of(part, false)));
        }
        for name in upgrades {
            let known = self.upgrades.iter().find(|(rule, _, _)| rule.id.as_str() == name);
            let Some((rule, true, _)) = known else {
                let exists = book.remedy(name).is_some_and(|rule| rule.upgrades.is_some());
                return Err(if exists {
                    upgrade_not_allowed(name)
                } else {
                    solution_unknown("upgrades", name)
                });
            };
            let missing = rule
                .parts
                .iter()
                .filter(|part| !drafts.iter().any(|draft| draft.upgrade && draft.kind == part.kind));
            complete.extend(missing.map(|part| draft_of(part, true)));
        }
        Ok(complete)
    }
}

/// A part as a draft without amounts.
pub fn draft_of(part: &Part, upgrade: bool) -> Draft {
    Draft { kind: part.kind, upgrade, amount: None, basis_points: 0, quantity: 0 }
}

/// A part of a rule with the amount that the handbook suggests.
///
/// # Errors
/// As [`plan`].
pub fn price_part(
    book: &Handbook,
    facts: &Facts,
    rule: &Rule,
    part: &Part,
    base_minor: i64,
) -> Result<Planned, Rejection> {
    price(book, facts, rule, part, &draft_of(part, rule.upgrades.is_some()), base_minor, 0)
}
