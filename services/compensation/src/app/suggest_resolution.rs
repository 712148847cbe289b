//! Suggests solutions. Changes nothing.

use redress_chassis::{Call, Result};
use redress_domain::{Rejection, handbook::Remedy as Rule};
use redress_proto::compensation::v1::{
    AmountBand, RemedyKind, SuggestResolutionRequest, SuggestResolutionResponse, SuggestedSolution,
};

use super::{change, exposure, id, view::localized};
use crate::{
    Compensation,
    domain::{
        Setting,
        bands::{self, Planned},
        propose::{expect_due, need, planned_remedies},
        standing::rule,
        state::{Resolution, Totals},
        waybill::Stake,
    },
    grpc::convert,
};

/// Suggests the handbook's solutions with amounts, upgrades, and the rung that each would need.
pub async fn suggest_resolution(
    app: &Compensation,
    call: &Call,
    request: SuggestResolutionRequest,
) -> Result<SuggestResolutionResponse> {
    let seen = change::seen(app, call, id("case_id", &request.case_id)?).await?;
    let row = seen.row();
    let policy = app.engine.policies().get(&row.handbook_hash, &row.calendar_hash).await?;
    let others = exposure::seen_of_others(app, &seen).await?;
    let new_id = uuid::Uuid::nil;
    let setting = Setting {
        case_id: seen.id(),
        book: &policy.handbook,
        calendar: &policy.calendar,
        now: app.engine.now(),
        new_id: &new_id,
    };
    Ok(suggest(&seen.state, others, &setting)?)
}

fn suggest(
    resolution: &Resolution,
    others: Stake,
    setting: &Setting<'_>,
) -> std::result::Result<SuggestResolutionResponse, Rejection> {
    expect_due(resolution, setting.book)?;
    let wanted = resolution.context.facts.case.desired_solution;
    let mut solutions = Vec::new();
    for solution in bands::solutions(setting.book, resolution, setting.now)? {
        let demand_met = wanted.is_some_and(|wanted| solution.base.demands.contains(&wanted));
        let (answer, base) = suggested(resolution, solution.base, &[], others, setting)?;
        solutions.push(SuggestedSolution { suggested: true, demand_met, ..answer });
        for (upgrade, _, suggest) in solution.upgrades.iter().filter(|(_, allowed, _)| *allowed) {
            let (answer, _) = suggested(resolution, upgrade, &base, others, setting)?;
            solutions.push(SuggestedSolution {
                upgrade_of: solution.base.id.as_str().to_owned(),
                suggested: *suggest,
                demand_met,
                ..answer
            });
        }
    }
    Ok(SuggestResolutionResponse { solutions })
}

/// A solution with its amounts, or an upgrade with those of the `base` that it is added to. The rung is that of both
/// together.
fn suggested(
    resolution: &Resolution,
    behind: &Rule,
    base: &[Planned],
    others: Stake,
    setting: &Setting<'_>,
) -> std::result::Result<(SuggestedSolution, Vec<Planned>), Rejection> {
    let (book, facts) = (setting.book, resolution.facts(setting.now));
    let base_minor = bands::money_of(base);
    let upgrade = behind.upgrades.is_some();
    let mut answer = SuggestedSolution {
        solution: behind.id.as_str().to_owned(),
        name: Some(localized(&behind.name)),
        rules: vec![rule(&behind.rule_ref())],
        ..SuggestedSolution::default()
    };
    let mut planned: Vec<Planned> = Vec::new();
    for part in &behind.parts {
        match bands::price_part(book, &facts, behind, part, base_minor) {
            Ok(priced) => {
                answer.remedies.push(convert::planned_to_wire(&priced));
                planned.push(priced);
            }
            Err(refusal) if refusal.reason == "ORDER_FACTS_MISSING" => {
                let fact = refusal.metadata.get("fact").cloned().unwrap_or_default();
                if !answer.missing_facts.contains(&fact) {
                    answer.missing_facts.push(fact);
                }
                answer.remedies.push(convert::unpriced_to_wire(part.kind, upgrade));
                continue;
            }
            // An amount that only a person can name.
            Err(refusal) if refusal.reason == "REMEDY_INCOMPLETE" => {
                answer.remedies.push(convert::unpriced_to_wire(part.kind, upgrade));
            }
            Err(refusal) => return Err(refusal),
        }
        if let Some(band) = bands::band(book, &facts, part, base_minor)? {
            answer.bands.push(AmountBand {
                kind: RemedyKind::from(part.kind).into(),
                lowest: Some(band.min.into()),
                highest: Some(band.max.into()),
                lowest_basis_points: share(part.basis_points_min.map(|share| share.value)),
                highest_basis_points: share(part.basis_points_max.map(|share| share.value)),
                rule: Some(rule(&behind.rule_ref())),
            });
        }
    }
    let own = planned_remedies(&planned, 0, setting);
    answer.totals = Some(Totals::of(resolution.currency, &own)?.wire());
    let together: Vec<Planned> = base.iter().chain(&planned).cloned().collect();
    let need = need(resolution, &planned_remedies(&together, 0, setting), others, setting)?;
    answer.rules.push(rule(&need.rule));
    answer.rung = need.rung;
    Ok((answer, planned))
}

fn share(basis_points: Option<u32>) -> i32 {
    basis_points.and_then(|share| i32::try_from(share).ok()).unwrap_or(0)
}
