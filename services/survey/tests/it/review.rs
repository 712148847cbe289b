//! The monthly review.

use redress_proto::{
    compensation::v1::{RemedyExecuted, RemedyKind},
    google::r#type::Money,
    survey::v1 as pb,
    time_to_wire,
    types::v1 as types,
};
use tonic::Code;

use crate::harness::{CALENDAR, World, at, refusal};

/// Ten urgent complaints, one of them closed a second late; three of them are delays of one line.
async fn march(world: &World) {
    for number in 0..10 {
        let (line, sub_type) = if number < 3 { ("SHA-PEK", "delay") } else { ("CAN-CTU", "bad_attitude") };
        let case = world.register(if number == 9 { "" } else { line }).await;
        world.triage(case, types::Priority::Urgent, sub_type).await;
        if number > 0 {
            let within = chrono::Duration::hours(24) + chrono::Duration::seconds(i64::from(number == 1));
            let closed = redress_proto::intake::v1::CaseClosed {
                basis: types::ClosingBasis::Accepted.into(),
                close_time: Some(time_to_wire(at("2026-03-02T09:00:00+08:00") + within)),
                ..Default::default()
            };
            world.happen("intake", Some(case), &closed).await;
        }
    }
}

#[tokio::test]
async fn it_is_live_until_published_and_frozen_from_then_on() {
    let world = World::at("2026-03-02T09:00:00+08:00").await;
    world.activate().await;
    march(&world).await;

    // The case that is still open has its time until tomorrow.
    let live = world.review("2026-03").await;
    assert_eq!(live.state(), pb::ReviewState::Provisional);
    let figures = live.figures.expect("set");
    assert_eq!((figures.received, figures.closed, figures.open), (10, 9, 1));
    let urgent = figures.in_time.first().expect("the target");
    assert_eq!((urgent.total, urgent.in_time, urgent.share, urgent.met), (9, 8, 8_889, false));
    let delays = figures.types.iter().find(|figure| figure.sub_type == "delay").expect("counted");
    assert_eq!((delays.line.as_str(), delays.cases, delays.share), ("SHA-PEK", 3, 3_000));
    let problems: Vec<_> = live.problems.iter().map(|problem| problem.problem_id.as_str()).collect();
    assert_eq!(
        problems,
        ["late:urgent_closed", "frequent_type:bad_attitude:CAN-CTU", "frequent_type:delay:SHA-PEK"]
    );

    // Five working days after the month's end: the 4th to the 6th are off, so with the end of the 8th of April.
    world.advance_to("2026-04-08T23:59:59+08:00").await;
    let before = world.review("2026-03").await;
    world.advance_to("2026-04-09T00:00:00+08:00").await;
    let published = world.review("2026-03").await;
    assert_eq!(
        (before.state(), published.state()),
        (pb::ReviewState::Provisional, pb::ReviewState::Published)
    );
    let frozen = published.figures.clone().expect("set");
    let urgent = frozen.in_time.first().expect("the target");
    assert_eq!((urgent.total, urgent.in_time, urgent.share, urgent.met), (10, 8, 8_000, false));

    // Money that arrived in March is learnt of in April.
    let case = world.register("SHA-PEK").await;
    let late = RemedyExecuted {
        remedy_id: "late".into(),
        kind: RemedyKind::Cash.into(),
        amount: Some(Money { currency_code: "CNY".into(), units: 100, nanos: 0 }),
        execute_time: Some(time_to_wire(at("2026-03-20T09:00:00+08:00"))),
        ..RemedyExecuted::default()
    };
    world.happen("compensation", Some(case), &late).await;
    assert_eq!(world.review("2026-03").await, published);
    let april = world.review("2026-04").await;
    assert_eq!((april.state(), april.figures.expect("set").received), (pb::ReviewState::Provisional, 1));
    world.assert_replayable().await;
}

#[tokio::test]
async fn money_counts_when_it_arrives_and_each_remedy_once() {
    let world = World::at("2026-03-31T23:00:00+08:00").await;
    let case = world.register("SHA-PEK").await;
    let paid = |remedy: &str, units: i64, executed: &str| RemedyExecuted {
        remedy_id: remedy.into(),
        kind: RemedyKind::Cash.into(),
        amount: Some(Money { currency_code: "CNY".into(), units, nanos: 0 }),
        execute_time: Some(time_to_wire(at(executed))),
        ..RemedyExecuted::default()
    };
    for _ in 0..2 {
        world.happen("compensation", Some(case), &paid("a", 500, "2026-03-31T23:30:00+08:00")).await;
    }
    world.advance_to("2026-04-01T00:30:00+08:00").await;
    world.happen("compensation", Some(case), &paid("b", 80, "2026-04-01T00:00:00+08:00")).await;
    for (month, units) in [("2026-03", 500), ("2026-04", 80)] {
        let figures = world.review(month).await.figures.expect("set");
        assert_eq!(figures.paid, [Money { currency_code: "CNY".into(), units, nanos: 0 }], "{month}");
    }
}

#[tokio::test]
async fn a_month_has_to_have_begun_in_a_region_that_has_rules() {
    let world = World::at("2026-03-31T23:59:59+08:00").await;
    let ask = |month: &str| {
        let request = pb::GetMonthlyReviewRequest { region: "cn".into(), month: month.into() };
        world.by("gm-office", None, request)
    };
    let refused = world.client().get_monthly_review(ask("2026-03")).await.expect_err("no rules");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "REGION_WITHOUT_HANDBOOK".into()));
    world.activate().await;
    let refused = world.client().get_monthly_review(ask("2026-04")).await.expect_err("not begun");
    assert_eq!(refusal(&refused), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    let refused = world.client().get_monthly_review(ask("2026-13")).await.expect_err("no month");
    assert_eq!(refused.code(), Code::InvalidArgument);
    world.client().get_monthly_review(ask("2026-03")).await.expect("begun");
    world.advance_to("2026-04-01T00:00:00+08:00").await;
    world.client().get_monthly_review(ask("2026-04")).await.expect("begun");
}

#[tokio::test]
async fn a_calendar_without_notice_holds_no_case_up() {
    let world = World::at("2026-12-30T09:00:00+08:00").await;
    let case = world.register("SHA-PEK").await;
    world.close(case).await;
    assert_eq!(world.survey(case).await.state(), pb::SurveyState::Sent);
    assert_eq!(world.review("2026-12").await.figures.expect("set").closed, 1);
    world.activate().await;
    world.advance_to("2027-01-20T09:00:00+08:00").await;
    assert_eq!(world.review("2026-12").await.state(), pb::ReviewState::Provisional);

    // Activated with a calendar that has the notice, it gets its five working days.
    let notice =
        "[[notice]]\nyear = 2027\nsources = [\"an example\"]\n[notice.days_off]\n[notice.make_up_days]\n";
    world.activate_with(&format!("{CALENDAR}\n{notice}")).await;
    world.advance_to("2027-01-27T08:59:59+08:00").await;
    assert_eq!(world.review("2026-12").await.state(), pb::ReviewState::Provisional);
    world.advance_to("2027-01-27T09:00:00+08:00").await;
    let published = world.review("2026-12").await;
    assert_eq!(
        (published.state(), published.figures.map_or(0, |figures| figures.closed)),
        (pb::ReviewState::Published, 1)
    );
    world.assert_replayable().await;
}
