//! Bands, upgrades and what is missing (M5.1, M5.2).

use redress_domain::{
    Currency, Money,
    handbook::{RemedyKind, Role, Validity},
};

use super::world::{World, cash, draft, person, reason, yuan};
use crate::domain::{bands::Draft, propose::Proposing, state::State};

#[test]
fn a_share_of_the_freight_stays_in_its_band_on_both_sides() {
    let world = World::delay();
    let agent = person("agent", Role::CsAgent);
    let of = |amount: Option<i64>, basis_points| Draft {
        amount: amount.map(yuan),
        basis_points,
        ..draft(RemedyKind::FreightReduction)
    };
    // Freight is 100.00: 5 % to 20 %.
    for (amount, basis_points, allowed) in [
        (Some(499), 0, false),
        (Some(500), 0, true),
        (Some(2000), 0, true),
        (Some(2001), 0, false),
        (None, 499, false),
        (None, 500, true),
        (None, 2000, true),
        (None, 2001, false),
    ] {
        let proposed = world.try_propose(&World::proposing(vec![of(amount, basis_points)]), &agent);
        if allowed {
            let expected = amount.unwrap_or(i64::from(basis_points));
            assert_eq!(proposed.unwrap().next.remedies()[0].amount, Some(yuan(expected)));
        } else {
            let refusal = proposed.unwrap_err();
            assert_eq!(refusal.reason, "AMOUNT_OUTSIDE_BAND", "{amount:?} {basis_points}");
            assert_eq!(refusal.metadata["lowest"], "5.00 CNY");
            assert_eq!(refusal.metadata["highest"], "20.00 CNY");
        }
    }
}

#[test]
fn a_solution_by_name_brings_its_remedies_with_the_suggested_amounts() {
    let world = World::delay();
    let command = Proposing {
        solution: "priority_delivery_and_freight_reduction".to_owned(),
        upgrades: vec!["delay_coupon".to_owned()],
        ..World::proposing(Vec::new())
    };
    let decision = world.try_propose(&command, &person("agent", Role::CsAgent)).unwrap();
    let remedies: Vec<_> =
        decision.next.remedies().iter().map(|remedy| (remedy.kind, remedy.amount)).collect();
    // Two days late: the handbook suggests 10 %; the coupon has the same value.
    assert_eq!(
        remedies,
        [
            (RemedyKind::PriorityDelivery, None),
            (RemedyKind::FreightReduction, Some(yuan(1000))),
            (RemedyKind::Coupon, Some(yuan(1000))),
        ]
    );
    assert_eq!(decision.next.totals().unwrap().total, yuan(2000));
    assert_eq!(decision.next.proposal.unwrap().upgrades, ["delay_coupon"]);
}

#[test]
fn a_remedy_is_given_once_and_only_where_the_handbook_gives_it() {
    let world = World::delay();
    let agent = person("agent", Role::CsAgent);
    let reduction = || Draft { amount: Some(yuan(2000)), ..draft(RemedyKind::FreightReduction) };
    let refused = |drafts| reason(world.try_propose(&World::proposing(drafts), &agent));
    assert_eq!(refused(vec![reduction(), reduction()]), "REMEDY_NOT_ALLOWED");
    assert_eq!(refused(vec![cash(1000)]), "REMEDY_NOT_ALLOWED");
    assert_eq!(refused(vec![Draft { upgrade: true, ..reduction() }]), "REMEDY_NOT_ALLOWED");
    assert_eq!(refused(vec![Draft { quantity: 2, ..reduction() }]), "REMEDY_INCOMPLETE");
    assert_eq!(refused(vec![Draft { basis_points: 500, ..reduction() }]), "REMEDY_INCOMPLETE");
    let priced = Draft { amount: Some(yuan(1)), ..draft(RemedyKind::PriorityDelivery) };
    assert_eq!(refused(vec![priced]), "REMEDY_INCOMPLETE");
    let dollars = Draft { amount: Some(Money::new(1000, Currency::USD)), ..reduction() };
    assert_eq!(refused(vec![dollars]), "INVALID_FIELDS");
    assert_eq!(refused(Vec::new()), "INVALID_FIELDS");
}

#[test]
fn an_unknown_solution_and_one_for_another_complaint_are_told_apart() {
    let world = World::delay();
    let agent = person("agent", Role::CsAgent);
    let named = |solution: &str, upgrades: &[&str]| Proposing {
        solution: solution.to_owned(),
        upgrades: upgrades.iter().map(|name| (*name).to_owned()).collect(),
        ..World::proposing(Vec::new())
    };
    assert_eq!(reason(world.try_propose(&named("free_beer", &[]), &agent)), "SOLUTION_UNKNOWN");
    assert_eq!(reason(world.try_propose(&named("resend_missing", &[]), &agent)), "REMEDY_NOT_ALLOWED");
    let base = "priority_delivery_and_freight_reduction";
    assert_eq!(reason(world.try_propose(&named(base, &["free_beer"]), &agent)), "SOLUTION_UNKNOWN");
    assert_eq!(reason(world.try_propose(&named(base, &["damage_cash"]), &agent)), "UPGRADE_NOT_ALLOWED");
}

#[test]
fn amounts_need_the_order_and_resolutions_need_findings_and_a_measure() {
    let agent = person("agent", Role::CsAgent);
    let command = World::proposing(vec![cash(1000)]);
    let mut world = World::loss();
    world.resolution.context.facts.order.known = false;
    let refusal = world.try_propose(&command, &agent).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.metadata["fact"].as_str()),
        ("ORDER_FACTS_MISSING", "order.insured_value_minor")
    );

    let world = World::loss();
    let incomplete = Proposing { has_prevention: false, ..command.clone() };
    let refusal = world.try_propose(&incomplete, &agent).unwrap_err();
    assert_eq!(refusal.reason, "PREVENTION_MEASURE_MISSING");
    assert_eq!(refusal.violations[0].field, "prevention_measure");

    let mut world = World::loss();
    world.resolution.context.facts.investigation = Default::default();
    assert_eq!(reason(world.try_propose(&command, &agent)), "FINDINGS_MISSING");

    for (validity, refused) in [
        (Validity::Founded, false),
        (Validity::PartlyFounded, false),
        (Validity::Unfounded, true),
        (Validity::Malicious, true),
    ] {
        world.resolution.context.facts.investigation.concluded = true;
        world.resolution.context.facts.investigation.validity = Some(validity);
        match world.try_propose(&command, &agent) {
            Err(refusal) => assert!(refused && refusal.reason == "NOTHING_DUE", "{validity}: {refusal}"),
            Ok(decision) => assert!(!refused && decision.next.state == State::Approved, "{validity}"),
        }
    }
}

#[test]
fn no_case_costs_more_than_the_cap_of_the_handbook() {
    for (insured_value, minor, allowed) in
        [(0, 10_000_000, true), (0, 10_000_001, false), (30_000_000, 30_000_000, true)]
    {
        let mut world = World::loss();
        let order = &mut world.resolution.context.facts.order;
        order.goods_value_minor = 50_000_000;
        order.insured = insured_value > 0;
        order.insured_value_minor = insured_value;
        let proposed = world.try_propose(&World::proposing(vec![cash(minor)]), &person("a", Role::CsAgent));
        match proposed {
            Ok(_) => assert!(allowed, "{minor}"),
            Err(refusal) => assert!(!allowed && refusal.reason == "CAP_EXCEEDED", "{minor}: {refusal}"),
        }
    }
}

#[test]
fn goods_count_at_their_value_whatever_the_number_of_pieces() {
    let world = World::about("damage");
    let resend = Draft { quantity: 1, ..draft(RemedyKind::Resend) };
    let decision =
        world.try_propose(&World::proposing(vec![resend]), &person("agent", Role::CsAgent)).unwrap();
    assert_eq!(decision.next.totals().unwrap().goods, yuan(2_000_000));
    assert_eq!(decision.next.proposal.unwrap().rung, "gm_meeting");
}
