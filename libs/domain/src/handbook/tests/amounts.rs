//! Remedies, their amounts, and the approval ladder.

use proptest::prelude::*;

use super::*;

fn rung(exposure_minor: i64, facts: &Facts) -> (String, String) {
    let book = courier_manual();
    let (rung, rule) = book.rung_for(exposure_minor, facts).unwrap();
    (rung.id.to_string(), rule.id)
}

#[test]
fn each_limit_of_a_rung_belongs_to_it() {
    let facts = delay();
    for (exposure, wanted) in [
        (0, "agent"),
        (50_000, "agent"),
        (50_001, "department_manager"),
        (200_000, "department_manager"),
        (200_001, "gm_meeting"),
        (499_999, "gm_meeting"),
        (500_000, "gm_meeting"),
        (i64::MAX, "gm_meeting"),
    ] {
        assert_eq!(rung(exposure, &facts), (wanted.into(), format!("rung.{wanted}")), "{exposure}");
    }
}

#[test]
fn priority_and_media_ask_for_a_higher_rung() {
    let mut facts = delay();
    facts.case.priority = Some(Priority::Important);
    assert_eq!(rung(100, &facts), ("department_manager".into(), "floor.important".into()));
    facts.case.priority = Some(Priority::Urgent);
    assert_eq!(rung(100, &facts), ("department_manager".into(), "floor.urgent".into()));
    assert_eq!(rung(200_001, &facts), ("gm_meeting".into(), "rung.gm_meeting".into()));
    facts.signals.insert(Signal::Media);
    assert_eq!(rung(0, &facts), ("gm_meeting".into(), "floor.media_exposure".into()));
}

#[test]
fn a_changed_figure_moves_the_rung() {
    let text = COURIER_MANUAL
        .replace("up_to_minor = 50000\n", "up_to_minor = 60000\n")
        .replace("above_minor = 50000\n", "above_minor = 60000\n");
    let book = load(&text);
    assert_eq!(book.rung_for(60_000, &delay()).unwrap().0.id.as_str(), "agent");
    assert_eq!(book.rung_for(60_001, &delay()).unwrap().0.id.as_str(), "department_manager");
}

#[test]
fn authority_is_the_highest_rung_of_a_role() {
    let book = courier_manual();
    assert_eq!(book.authority(Role::CsAgent), Some(0));
    assert_eq!(book.authority(Role::CsSupervisor), Some(0));
    assert_eq!(book.authority(Role::DepartmentManager), Some(1));
    assert_eq!(book.authority(Role::GmOffice), Some(2));
    assert_eq!(book.authority(Role::Finance), None);
    assert!(book.rung("gm_meeting").unwrap().meeting);
}

proptest! {
    #[test]
    fn the_rung_never_falls_when_the_amount_rises(
        low in 0_i64..1_000_000,
        more in 0_i64..1_000_000,
        priority in proptest::sample::select(Priority::ALL.to_vec()),
        media in any::<bool>(),
    ) {
        let book = courier_manual();
        let mut facts = delay();
        facts.case.priority = Some(priority);
        facts.signals.extend(media.then_some(Signal::Media));
        let rank = |exposure| {
            let (rung, _) = book.rung_for(exposure, &facts).unwrap();
            book.rung_rank(&rung.id).unwrap()
        };
        prop_assert!(rank(low) <= rank(low + more));
    }
}

fn solutions(subtype: &str, demand: Option<DesiredSolution>, facts: &Facts) -> Vec<(String, bool, bool)> {
    let book = courier_manual();
    let found = book.remedies_for(subtype, demand, facts).unwrap();
    found.iter().map(|found| (found.remedy.id.to_string(), found.demand_met, found.suggested)).collect()
}

#[test]
fn the_typical_solutions_come_with_their_upgrades() {
    let found =
        solutions("damage", Some(DesiredSolution::Resend), &about(Category::CargoDamageLoss, "damage"));
    assert_eq!(
        found,
        [
            ("resend_and_freight_waiver".into(), true, true),
            ("damage_cash".into(), true, false),
            ("damage_compensation".into(), false, true),
            ("apology".into(), false, true),
        ]
    );
    let mut facts = delay();
    facts.customer.corporate = true;
    let found = solutions("delay", Some(DesiredSolution::FastDelivery), &facts);
    assert_eq!(found[0].0, "priority_delivery_and_freight_reduction");
    assert_eq!(found[1], ("delay_coupon".into(), true, true));
    facts.order.delivered = true;
    assert_eq!(solutions("delay", Some(DesiredSolution::Compensation), &facts)[0].0, "freight_reduction");
    let found = solutions("bad_attitude", Some(DesiredSolution::Apology), &delay());
    assert_eq!(found[0].0, "supervisor_apology_and_penalty");
}

#[test]
fn every_sub_type_has_a_solution() {
    let book = courier_manual();
    for subtype in &book.triage.subtypes {
        assert!(!book.remedies_for(&subtype.id, None, &delay()).unwrap().is_empty(), "{}", subtype.id);
    }
}

#[test]
fn amounts_are_shares_of_the_order() {
    let book = courier_manual();
    let mut facts = delay();
    let part = &book.remedy("priority_delivery_and_freight_reduction").unwrap().parts[1];
    assert_eq!(book.amount_range(part, &facts, 0).unwrap(), None, "the order is not known");
    assert_eq!(part.missing_fact(&facts), Some("order.freight_minor"));
    facts.order.known = true;
    facts.order.freight_minor = 1_990;
    facts.order.days_late = 2;
    let range = book.amount_range(part, &facts, 0).unwrap().unwrap();
    assert_eq!((range.min.minor, range.suggested.minor, range.max.minor), (100, 199, 398));
    for (days_late, suggested) in [(1, 100), (3, 199), (4, 398)] {
        facts.order.days_late = days_late;
        assert_eq!(book.amount_range(part, &facts, 0).unwrap().unwrap().suggested.minor, suggested);
    }

    facts.order.goods_value_minor = 12_345;
    let part = &book.remedy("damage_cash").unwrap().parts[0];
    let range = book.amount_range(part, &facts, 0).unwrap().unwrap();
    assert_eq!((range.min.minor, range.max.minor), (1_235, 1_235));

    let part = &book.remedy("delay_coupon").unwrap().parts[0];
    assert_eq!(book.amount_range(part, &facts, 398).unwrap().unwrap().suggested.minor, 398);

    let part = &book.remedy("loss_compensation").unwrap().parts[0];
    facts.order.insured = true;
    facts.order.insured_value_minor = 80_000;
    assert_eq!(book.amount_range(part, &facts, 0).unwrap().unwrap().max.minor, 80_000);
}

#[test]
fn prevention_rounds_notice_and_execution() {
    let book = courier_manual();
    assert!(book.prevention().0);
    assert!(book.entitles(Validity::PartlyFounded).0 && !book.entitles(Validity::Unfounded).0);
    assert_eq!(book.objection().0.rounds_max, 3);
    let mut facts = delay();
    assert!(book.handling_notice(&facts).unwrap().is_none());
    facts.case.priority = Some(Priority::Important);
    let (notice, _) = book.handling_notice(&facts).unwrap().unwrap();
    assert_eq!(
        notice.channels.iter().map(|channel| channel.value).collect::<Vec<_>>(),
        [Channel::Email, Channel::Sms]
    );
    let (execution, rule) = book.execution();
    assert_eq!(rule.cite, "M6.3 六(三)");
    assert_eq!(
        (execution.ask_delay(0).to_string(), execution.ask_delay(99).to_string()),
        ("1m".into(), "1h".into())
    );
    assert_eq!(execution.retry_delay(1).map(|limit| limit.to_string()), Some("5m".into()));
    assert_eq!(execution.retry_delay(2), None);
    assert_eq!(book.remedy_kind(RemedyKind::Cash).0.promise.unwrap().value, DeadlineKind::PaymentPromise);
}

#[test]
fn the_cap_is_a_figure_or_the_insured_value() {
    let book = courier_manual();
    let mut facts = delay();
    assert_eq!(book.exposure_cap(&facts).unwrap().0, 10_000_000);
    facts.order.insured = true;
    facts.order.insured_value_minor = 10_000_001;
    assert_eq!(book.exposure_cap(&facts).unwrap().0, 10_000_001);
}

#[test]
fn overflow_is_an_error_and_no_panic() {
    let text =
        changed("suggest_basis_points = '10000'", "suggest_basis_points = 'order.freight_minor * 1000'");
    let book = load(&text);
    let mut facts = about(Category::FeeDispute, "insured_claim_dispute");
    facts.order.known = true;
    facts.order.freight_minor = i64::MAX;
    let part = &book.remedy("insured_compensation").unwrap().parts[0];
    assert!(matches!(book.amount_range(part, &facts, 0), Err(AmountError::Evaluation(_))));
}
