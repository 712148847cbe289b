//! The figures of the handbook, and what moves when one of them is another.

use super::scenes::Priority::{General, Important, Urgent};
use super::scenes::Scene;
use super::scenes::Scene::{Approved, Arrived, Asked, Registered, Suggested, Warned};

/// One figure, which may stand in more than one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Rule that it belongs to.
    pub(super) cite: &'static str,
    /// Where it stands; see [`super::book::Figure`].
    pub(super) figures: &'static [&'static str],
    /// What it becomes in the copy, as TOML writes it.
    pub(super) becomes: &'static str,
    /// What is played.
    pub(super) scene: Scene,
    /// All that is seen to move: where, before, after.
    pub(super) moves: &'static [(&'static str, &'static str, &'static str)],
}

/// Figures that no row is about, by how their path begins and ends, and why.
const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "ladders.",
        ".after",
        "ours: no clause speaks of whom a missed deadline is told; the scripts of X1 play a ladder",
    ),
    ("ladders.", ".repeat", "likewise"),
    ("ladders.", ".times", "likewise"),
    (
        "resolution.rungs.agent.above_minor",
        "",
        "the approval ladder begins at nothing: any other figure is refused",
    ),
    (
        "deadlines.statutory_answer.law.since",
        "",
        "X1: tells since when the law's wording holds, and decides nothing",
    ),
    ("deadlines.regulator_answer.limit", "", "X4: no service opens this deadline yet"),
];

/// Why no row is about a figure.
pub(super) fn exempt(path: &str) -> Option<&'static str> {
    let found = EXEMPT.iter().find(|(begin, end, _)| path.starts_with(begin) && path.ends_with(end));
    found.map(|(_, _, why)| *why)
}

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    [M2_TO_M4, M5, M6_TO_M9, OURS].concat()
}

type Moves = &'static [(&'static str, &'static str, &'static str)];

const fn row(
    cite: &'static str,
    figures: &'static [&'static str],
    becomes: &'static str,
    scene: Scene,
    moves: Moves,
) -> Row {
    Row { cite, figures, becomes, scene, moves }
}

#[rustfmt::skip]
const M2_TO_M4: &[Row] = &[
    row("M2.3a", &["deadlines.first_response.limit.urgent"], "'30m'", Registered(Urgent),
        &[("first_response", "2026-03-02 10:00", "2026-03-02 09:30")]),
    row("M2.3a", &["deadlines.first_response.limit.important"], "'90m'", Registered(Important),
        &[("first_response", "2026-03-02 11:00", "2026-03-02 10:30")]),
    row("M2.3a", &["deadlines.first_response.limit.general"], "'3h'", Registered(General),
        &[("first_response", "2026-03-02 11:00", "2026-03-02 12:00")]),

    row("M3.2", &["figures.high_insured_value_minor"], "500001", Scene::Insured,
        &[("priority", "important", "general")]),
    row("M3.2", &["triage.incident.people_min"], "4", Scene::Group, &[("fourth", "general", "urgent")]),
    row("M3.2", &["triage.incident.window"], "'39m'", Scene::Group, &[("fifth", "urgent", "general")]),
    row("M3.3", &["deadlines.task_force.limit"], "'3h'", Registered(Urgent),
        &[("task_force", "2026-03-02 11:00", "2026-03-02 12:00")]),
    row("M3.3", &["deadlines.contact_person.limit"], "'5h'", Registered(Important),
        &[("contact_person", "2026-03-02 13:00", "2026-03-02 14:00")]),
    row("M3.3", &["deadlines.progress.limit"], "'9h'", Registered(General),
        &[("progress", "2026-03-02 17:00", "2026-03-02 18:00")]),

    row("M4.1", &["deadlines.evidence_request.limit.urgent"], "'5h'", Registered(Urgent),
        &[("evidence_request", "2026-03-02 13:00", "2026-03-02 14:00")]),
    row("M4.1", &["deadlines.evidence_request.limit.important"], "'13h'", Registered(Important),
        &[("evidence_request", "2026-03-02 21:00", "2026-03-02 22:00")]),
    row("M4.1", &["deadlines.evidence_request.limit.general"], "'25h'", Registered(General),
        &[("evidence_request", "2026-03-03 09:00", "2026-03-03 10:00")]),
    row("M4.2", &["deadlines.customer_material.limit.urgent"], "'23h'", Asked(Urgent),
        &[("customer_material", "2026-03-03 09:00", "2026-03-03 08:00")]),
    row("M4.2", &["deadlines.customer_material.limit.important"], "'47h'", Asked(Important),
        &[("customer_material", "2026-03-04 09:00", "2026-03-04 08:00")]),
    row("M4.2", &["deadlines.customer_material.limit.general"], "'71h'", Asked(General),
        &[("customer_material", "2026-03-05 09:00", "2026-03-05 08:00")]),
    row("M4.3", &["deadlines.investigation.limit.urgent"], "'25h'", Registered(Urgent),
        &[("investigation", "2026-03-03 09:00", "2026-03-03 10:00")]),
    row("M4.3", &["deadlines.investigation.limit.important"], "'47h'", Registered(Important),
        &[("investigation", "2026-03-04 09:00", "2026-03-04 08:00")]),
    row("M4.3", &["deadlines.investigation.limit.general"], "'71h'", Registered(General),
        &[("investigation", "2026-03-05 09:00", "2026-03-05 08:00")]),
    row("M4.3", &["deadlines.extension_decision.limit"], "'7h'", Scene::Extended,
        &[("extension_decision", "2026-03-02 17:00", "2026-03-02 16:00")]),
    row("M4.3", &["investigation.extension.times_max"], "2", Scene::Extended,
        &[("again", "EXTENSION_USED_UP", "24h")]),
    row("M4.3", &["investigation.extension.at_most"], "'48h'", Scene::Extended,
        &[("granted", "72h", "48h"), ("end", "2026-03-08 09:00", "2026-03-07 09:00")]),
];

#[rustfmt::skip]
const M5: &[Row] = &[
    row("M5.1", &["resolution.remedies.loss_compensation.parts.cash.basis_points_max"], "9000", Suggested("parcel_lost", 0),
        &[("loss_compensation.cash.highest", "300.00", "270.00"), ("loss_compensation.cash.suggested", "300.00", "270.00")]),
    row("M5.1", &["resolution.remedies.loss_compensation.parts.cash.suggest_basis_points#0"], "9000", Suggested("parcel_lost", 0),
        &[("loss_compensation.cash.suggested", "300.00", "270.00")]),
    row("M5.1", &["resolution.remedies.loss_compensation.parts.cash.suggest_basis_points#1"], "4000", Suggested("contents_lost", 0),
        &[("loss_compensation.cash.suggested", "150.00", "120.00")]),
    row("M5.1", &["resolution.remedies.loss_compensation.parts.freight_waiver.basis_points_min"], "9000", Suggested("parcel_lost", 0),
        &[("loss_compensation.freight_waiver.lowest", "100.00", "90.00"), ("loss_compensation.freight_waiver.suggested", "100.00", "90.00")]),
    row("M5.1", &["resolution.remedies.loss_compensation.parts.freight_waiver.basis_points_max"], "11000", Suggested("parcel_lost", 0),
        &[("loss_compensation.freight_waiver.highest", "100.00", "110.00")]),
    row("M5.1", &["resolution.remedies.damage_compensation.parts.cash.basis_points_max"], "9000", Suggested("damage", 0),
        &[("damage_compensation.cash.highest", "300.00", "270.00")]),
    row("M5.1", &["resolution.remedies.damage_compensation.parts.cash.suggest_basis_points#0"], "4000", Suggested("damage", 0),
        &[("damage_compensation.cash.suggested", "150.00", "120.00")]),
    row("M5.1", &["resolution.remedies.delivery_apology_and_freight_reduction.parts.freight_reduction.basis_points_min"], "400", Suggested("irregular_delivery", 0),
        &[("delivery_apology_and_freight_reduction.freight_reduction.lowest", "5.00", "4.00"), ("delivery_apology_and_freight_reduction.freight_reduction.suggested", "5.00", "4.00")]),
    row("M5.1", &["resolution.remedies.delivery_apology_and_freight_reduction.parts.freight_reduction.basis_points_max"], "2100", Suggested("irregular_delivery", 0),
        &[("delivery_apology_and_freight_reduction.freight_reduction.highest", "20.00", "21.00")]),
    row("M5.1", &["resolution.remedies.fee_refund.parts.cash.basis_points_max"], "9000", Suggested("freight_miscalculated", 0),
        &[("fee_refund.cash.highest", "100.00", "90.00")]),
    row("M5.1", &["resolution.remedies.insured_compensation.parts.cash.basis_points_max"], "9000", Suggested("insured_claim_dispute", 0),
        &[("insured_compensation.cash.highest", "300.00", "270.00"), ("insured_compensation.cash.suggested", "300.00", "270.00")]),
    row("M5.1", &["resolution.remedies.insured_compensation.parts.cash.suggest_basis_points#0"], "9000", Suggested("insured_claim_dispute", 0),
        &[("insured_compensation.cash.suggested", "300.00", "270.00")]),

    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.basis_points_min"], "400", Suggested("delay", 1),
        &[("priority_delivery_and_freight_reduction.freight_reduction.lowest", "5.00", "4.00")]),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.basis_points_max"], "2100", Suggested("delay", 1),
        &[("priority_delivery_and_freight_reduction.freight_reduction.highest", "20.00", "21.00")]),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.suggest_basis_points#0"], "0", Suggested("delay", 1),
        OF_PRIORITY_DELIVERY_5_TO_10),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.suggest_basis_points#1"], "1000", Suggested("delay", 1),
        OF_PRIORITY_DELIVERY_5_TO_10),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.suggest_basis_points#2"], "2", Suggested("delay", 3),
        OF_PRIORITY_DELIVERY_10_TO_20),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.suggest_basis_points#3"], "2000", Suggested("delay", 3),
        OF_PRIORITY_DELIVERY_10_TO_20),
    row("M5.2", &["resolution.remedies.priority_delivery_and_freight_reduction.parts.freight_reduction.suggest_basis_points#4"], "1000", Suggested("delay", 5),
        &[("priority_delivery_and_freight_reduction.freight_reduction.suggested", "20.00", "10.00"), ("delay_coupon.coupon.lowest", "20.00", "10.00"),
          ("delay_coupon.coupon.highest", "20.00", "10.00"), ("delay_coupon.coupon.suggested", "20.00", "10.00")]),
    row("M5.2", &["resolution.remedies.delay_coupon.parts.coupon.basis_points_min"], "9000", Suggested("delay", 1),
        &[("delay_coupon.coupon.lowest", "5.00", "4.50"), ("delay_coupon.coupon.suggested", "5.00", "4.50")]),
    row("M5.2", &["resolution.remedies.delay_coupon.parts.coupon.basis_points_max"], "11000", Suggested("delay", 1),
        &[("delay_coupon.coupon.highest", "5.00", "5.50")]),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.basis_points_min"], "400", Arrived(1),
        &[("freight_reduction.freight_reduction.lowest", "5.00", "4.00")]),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.basis_points_max"], "2100", Arrived(1),
        &[("freight_reduction.freight_reduction.highest", "20.00", "21.00")]),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.suggest_basis_points#0"], "0", Arrived(1),
        OF_ARRIVED_5_TO_10),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.suggest_basis_points#1"], "1000", Arrived(1),
        OF_ARRIVED_5_TO_10),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.suggest_basis_points#2"], "2", Arrived(3),
        OF_ARRIVED_10_TO_20),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.suggest_basis_points#3"], "2000", Arrived(3),
        OF_ARRIVED_10_TO_20),
    row("M5.2", &["resolution.remedies.freight_reduction.parts.freight_reduction.suggest_basis_points#4"], "1000", Arrived(5),
        &[("freight_reduction.freight_reduction.suggested", "20.00", "10.00"), ("delay_coupon_after_delivery.coupon.lowest", "20.00", "10.00"),
          ("delay_coupon_after_delivery.coupon.highest", "20.00", "10.00"), ("delay_coupon_after_delivery.coupon.suggested", "20.00", "10.00")]),
    row("M5.2", &["resolution.remedies.delay_coupon_after_delivery.parts.coupon.basis_points_min"], "9000", Arrived(1),
        &[("delay_coupon_after_delivery.coupon.lowest", "5.00", "4.50"), ("delay_coupon_after_delivery.coupon.suggested", "5.00", "4.50")]),
    row("M5.2", &["resolution.remedies.delay_coupon_after_delivery.parts.coupon.basis_points_max"], "11000", Arrived(1),
        &[("delay_coupon_after_delivery.coupon.highest", "5.00", "5.50")]),
    row("M5.2", &["resolution.remedies.resend_and_freight_waiver.parts.freight_waiver.basis_points_min"], "9000", Suggested("damage", 0),
        &[("resend_and_freight_waiver.freight_waiver.lowest", "100.00", "90.00"), ("resend_and_freight_waiver.freight_waiver.suggested", "100.00", "90.00")]),
    row("M5.2", &["resolution.remedies.resend_and_freight_waiver.parts.freight_waiver.basis_points_max"], "11000", Suggested("damage", 0),
        &[("resend_and_freight_waiver.freight_waiver.highest", "100.00", "110.00")]),
    row("M5.2", &["resolution.remedies.damage_cash.parts.cash.basis_points_min"], "900", Suggested("damage", 0),
        &[("damage_cash.cash.lowest", "30.00", "27.00"), ("damage_cash.cash.suggested", "30.00", "27.00")]),
    row("M5.2", &["resolution.remedies.damage_cash.parts.cash.basis_points_max"], "1100", Suggested("damage", 0),
        &[("damage_cash.cash.highest", "30.00", "33.00")]),

    row("M5.3a", &["deadlines.payment_promise.limit"], "'2wd'", Scene::Promised,
        &[("payment_promise", "2026-03-05 09:00", "2026-03-04 09:00")]),
    row("M5.3a", &["deadlines.fulfilment_promise.limit"], "'2wd'", Scene::Promised,
        &[("fulfilment_promise", "2026-03-05 09:00", "2026-03-04 09:00")]),
    row("M5.3a", &["deadlines.apology_promise.limit"], "'2wd'", Scene::Apologised,
        &[("apology_promise", "2026-03-03 09:00", "2026-03-04 09:00")]),
    row("M5.3b", &["deadlines.objection_reevaluation.limit"], "'1h'", Scene::Objected,
        &[("objection_reevaluation", "2026-03-02 11:00", "2026-03-02 10:00")]),
    row("M5.3b", &["resolution.objection.rounds_max"], "2", Scene::Objected, &[("objections", "3", "2")]),
];

const OF_PRIORITY_DELIVERY_5_TO_10: Moves = &[
    ("priority_delivery_and_freight_reduction.freight_reduction.suggested", "5.00", "10.00"),
    ("delay_coupon.coupon.lowest", "5.00", "10.00"),
    ("delay_coupon.coupon.highest", "5.00", "10.00"),
    ("delay_coupon.coupon.suggested", "5.00", "10.00"),
];
const OF_PRIORITY_DELIVERY_10_TO_20: Moves = &[
    ("priority_delivery_and_freight_reduction.freight_reduction.suggested", "10.00", "20.00"),
    ("delay_coupon.coupon.lowest", "10.00", "20.00"),
    ("delay_coupon.coupon.highest", "10.00", "20.00"),
    ("delay_coupon.coupon.suggested", "10.00", "20.00"),
];
const OF_ARRIVED_5_TO_10: Moves = &[
    ("freight_reduction.freight_reduction.suggested", "5.00", "10.00"),
    ("delay_coupon_after_delivery.coupon.lowest", "5.00", "10.00"),
    ("delay_coupon_after_delivery.coupon.highest", "5.00", "10.00"),
    ("delay_coupon_after_delivery.coupon.suggested", "5.00", "10.00"),
];
const OF_ARRIVED_10_TO_20: Moves = &[
    ("freight_reduction.freight_reduction.suggested", "10.00", "20.00"),
    ("delay_coupon_after_delivery.coupon.lowest", "10.00", "20.00"),
    ("delay_coupon_after_delivery.coupon.highest", "10.00", "20.00"),
    ("delay_coupon_after_delivery.coupon.suggested", "10.00", "20.00"),
];

#[rustfmt::skip]
const M6_TO_M9: &[Row] = &[
    row("M6.1", &["resolution.rungs.agent.up_to_minor", "resolution.rungs.department_manager.above_minor"], "49999", Scene::Rungs,
        &[("500.00", "agent", "department_manager")]),
    row("M6.1", &["resolution.rungs.department_manager.up_to_minor", "resolution.rungs.gm_meeting.above_minor"], "200001", Scene::Rungs,
        &[("2000.01", "gm_meeting", "department_manager")]),
    row("M6.1", &["deadlines.approval.limit.urgent"], "'1h'", Approved(Urgent),
        &[("approval", "2026-03-02 11:00", "2026-03-02 10:00")]),
    row("M6.1", &["deadlines.approval.limit.important"], "'3h'", Approved(Important),
        &[("approval", "2026-03-02 13:00", "2026-03-02 12:00")]),
    row("M6.1", &["deadlines.approval.limit.general"], "'7h'", Approved(General),
        &[("approval", "2026-03-02 17:00", "2026-03-02 16:00")]),
    row("M6.2", &["deadlines.payment_arrival.limit"], "'2d'", Scene::Promised,
        &[("payment_arrival", "2026-03-03 18:00", "2026-03-04 18:00")]),
    row("M6.2", &["deadlines.payment_arrival.time_of_day"], "'17:00'", Scene::Promised,
        &[("payment_arrival", "2026-03-03 18:00", "2026-03-03 17:00")]),
    row("M6.3", &["deadlines.obstacle_delay.limit"], "'2wd'", Scene::Obstructed,
        &[("obstacle_delay", "2026-03-03 09:01", "2026-03-04 09:01")]),
    row("M6.3", &["resolution.execution.retry_after.0"], "'2m'", Scene::Down,
        &[("obstacle", "2026-03-02 09:06", "2026-03-02 09:07")]),
    row("M6.3", &["resolution.execution.retry_after.1"], "'4m'", Scene::Down,
        &[("obstacle", "2026-03-02 09:06", "2026-03-02 09:05")]),
    row("M6.3", &["resolution.execution.retry_after.count"], "1", Scene::Down,
        &[("obstacle", "2026-03-02 09:06", "2026-03-02 09:01")]),
    row("M6.3", &["resolution.execution.ask_after.0"], "'2m'", Scene::Silent,
        &[("first", "2026-03-02 11:01", "2026-03-02 11:02"), ("second", "2026-03-02 11:03", "2026-03-02 11:04"),
          ("third", "2026-03-02 11:08", "2026-03-02 11:09"), ("fourth", "2026-03-02 11:31", "2026-03-02 11:32")]),
    row("M6.3", &["resolution.execution.ask_after.1"], "'4m'", Scene::Silent,
        &[("second", "2026-03-02 11:03", "2026-03-02 11:02"), ("third", "2026-03-02 11:08", "2026-03-02 11:07"),
          ("fourth", "2026-03-02 11:31", "2026-03-02 11:30")]),
    row("M6.3", &["resolution.execution.ask_after.2"], "'14m'", Scene::Silent,
        &[("third", "2026-03-02 11:08", "2026-03-02 11:07"), ("fourth", "2026-03-02 11:31", "2026-03-02 11:30")]),
    row("M6.3", &["resolution.execution.ask_after.3"], "'59m'", Scene::Silent,
        &[("fourth", "2026-03-02 11:31", "2026-03-02 11:30")]),
    row("M6.3", &["resolution.execution.ask_after.count"], "3", Scene::Silent,
        &[("fourth", "2026-03-02 11:31", "2026-03-02 11:01")]),

    row("M7.1", &["deadlines.offer_response.limit.urgent"], "'23h'", Approved(Urgent),
        &[("offer_response", "2026-03-03 09:00", "2026-03-03 08:00")]),
    row("M7.1", &["deadlines.offer_response.limit.important"], "'47h'", Approved(Important),
        &[("offer_response", "2026-03-04 09:00", "2026-03-04 08:00")]),
    row("M7.1", &["deadlines.offer_response.limit.general"], "'71h'", Approved(General),
        &[("offer_response", "2026-03-05 09:00", "2026-03-05 08:00")]),
    row("M7.1", &["closing.gates.accepted.requires.count"], "2", Scene::Early,
        &[("missing", "acceptance,execution,archive", "acceptance,execution")]),
    row("M7.1", &["closing.retention.general.years"], "3", Scene::Surveyed,
        &[("kept_until", "2028-03-02 09:01", "2029-03-02 09:01")]),
    row("M7.2", &["deadlines.survey_send.limit"], "'2d'", Scene::Surveyed,
        &[("survey_send", "2026-03-05 09:01", "2026-03-04 09:01")]),
    row("M7.2", &["deadlines.survey_expiry.limit"], "'13d'", Scene::Surveyed,
        &[("survey_expiry", "2026-03-16 09:01", "2026-03-15 09:01")]),
    row("M7.2", &["survey.questions.count"], "1", Scene::Surveyed,
        &[("questions", "2", "1"), ("solution_reasonable", "1..5", ""), ("low", "solution_reasonable", ""), ("follow_up", "2026-03-04 09:01", "")]),
    row("M7.2", &["survey.questions.efficiency.score_min"], "2", Scene::Surveyed, &[("efficiency", "1..5", "2..5")]),
    row("M7.2", &["survey.questions.efficiency.score_max"], "6", Scene::Surveyed, &[("efficiency", "1..5", "1..6")]),
    row("M7.2", &["survey.questions.solution_reasonable.score_min"], "2", Scene::Surveyed,
        &[("solution_reasonable", "1..5", "2..5")]),
    row("M7.2", &["survey.questions.solution_reasonable.score_max"], "6", Scene::Surveyed,
        &[("solution_reasonable", "1..5", "1..6")]),
    row("M7.3", &["survey.follow_up.score_below"], "3", Scene::Surveyed,
        &[("low", "solution_reasonable", ""), ("follow_up", "2026-03-04 09:01", "")]),
    row("M7.3", &["deadlines.follow_up.limit"], "'3wd'", Scene::Surveyed,
        &[("follow_up", "2026-03-04 09:01", "2026-03-05 09:01")]),
    row("M7.3", &["deadlines.review_publication.limit"], "'4wd'", Scene::Reviewed,
        &[("review_publication", "2026-04-09 00:00", "2026-04-08 00:00")]),
    row("M7.3", &["deadlines.improvement.limit"], "'31d'", Scene::Reviewed,
        &[("improvement", "2026-04-01 09:01", "2026-04-02 09:01")]),
    row("M7.3", &["survey.review.low_item_below_hundredths"], "401", Scene::Reviewed,
        &[("low_score:efficiency", "", "problem"), ("low_score:solution_reasonable", "", "problem")]),
    row("M7.3", &["survey.review.frequent_share_basis_points"], "3400", Scene::Reviewed,
        &[("frequent_type:bad_attitude:SHA-PEK", "problem", ""), ("frequent_type:damage:SHA-PEK", "problem", ""),
          ("frequent_type:delay:SHA-PEK", "problem", "")]),
    row("M7.3", &["survey.review.top_types"], "2", Scene::Reviewed, &[("types", "3", "2")]),
    row("M7.3", &["survey.review.targets.urgent_closed.within"], "'26h'", Scene::Reviewed,
        &[("urgent_closed", "0 of 1, at least 9000", "0 of 0, at least 9000"), ("late:urgent_closed", "problem", "")]),
    row("M7.3", &["survey.review.targets.urgent_closed.share_basis_points_min"], "0", Scene::Reviewed,
        &[("urgent_closed", "0 of 1, at least 9000", "0 of 1, at least 0"), ("late:urgent_closed", "problem", "")]),

    row("M9", &["effective_from"], "2026-04-01", Scene::InForce, &[("registered", "yes", "REGION_WITHOUT_HANDBOOK")]),
];

/// What the manual does not speak of: the law's figures, and the house's own.
#[rustfmt::skip]
const OURS: &[Row] = &[
    row("X1", &["deadlines.statutory_answer.limit"], "'6d'", Registered(General),
        &[("statutory_answer", "2026-03-09 09:00", "2026-03-08 09:00")]),
    row("X4", &["closing.retention.regulator.years"], "4", Scene::Regulated,
        &[("kept_until", "2029-03-02 09:01", "2030-03-02 09:01")]),
    row("X11", &["figures.exposure_cap_minor"], "10000001", Scene::Rungs,
        &[("100000.01", "CAP_EXCEEDED", "gm_meeting")]),
    row("M9", &["investigation.evidence.file_bytes_max"], "7", Scene::Uploaded,
        &[("first", "taken", "UPLOAD_TOO_LARGE"), ("second", "taken", "UPLOAD_TOO_LARGE")]),
    row("M9", &["investigation.evidence.files_max"], "1", Scene::Uploaded, &[("second", "taken", "LIMIT_EXCEEDED")]),
    row("M9", &["ladders.front_line.warn_at_basis_points"], "5000", Warned(General),
        &[("first_response", "2026-03-02 10:30", "2026-03-02 10:00"), ("progress", "2026-03-02 15:00", "2026-03-02 13:00"),
          ("investigation", "2026-03-04 15:00", "2026-03-03 21:00")]),
    row("M9", &["ladders.task_force.warn_at_basis_points"], "5000", Warned(Urgent),
        &[("task_force", "2026-03-02 10:30", "2026-03-02 10:00")]),
    row("M9", &["ladders.department.warn_at_basis_points"], "5000", Warned(Important),
        &[("contact_person", "2026-03-02 12:00", "2026-03-02 11:00"), ("evidence_request", "2026-03-02 18:00", "2026-03-02 15:00")]),
    row("M9", &["ladders.statutory.warn_at_basis_points"], "5000", Warned(General),
        &[("statutory_answer", "2026-03-07 15:00", "2026-03-05 21:00")]),
    row("M9", &["ladders.approval.warn_at_basis_points"], "5000", Scene::Hurried,
        &[("approval", "2026-03-02 15:00", "2026-03-02 13:00")]),
    row("M9", &["ladders.promise.warn_at_basis_points"], "5000", Scene::Hurried,
        &[("apology_promise", "2026-03-03 03:00", "2026-03-02 21:00"), ("fulfilment_promise", "2026-03-04 15:00", "2026-03-03 21:00")]),
    row("M9", &["ladders.payment.warn_at_basis_points"], "5000", Scene::Hurried,
        &[("payment_promise", "2026-03-04 15:00", "2026-03-03 21:00"), ("payment_arrival", "2026-03-03 09:45", "2026-03-03 01:30")]),
    row("M9", &["ladders.quiet.warn_at_basis_points"], "5000", Scene::Hurried,
        &[("offer_response", "2026-03-04 15:00", "2026-03-03 21:00")]),
];
