//! Offer, answer, objection and final position (M5.3, M7.1).

use chrono::TimeDelta;
use redress_domain::{
    Timestamp,
    handbook::{Channel, ClosingBasis, Priority, Role},
};
use redress_proto::{compensation::v1 as pb, types::v1 as types};

use super::world::{World, accepted, cash, draft, objection, person, reason};
use crate::domain::{
    offer, reminders,
    respond::Answering,
    state::{ResponseKind, State},
};

fn offered(minor: i64) -> World {
    let mut world = World::loss();
    world.propose(vec![cash(minor)], &person("agent", Role::CsAgent)).offer();
    world
}

#[test]
fn an_offer_says_exactly_what_and_by_when() {
    let world = offered(30_000);
    let notice = world.notice("offer").unwrap();
    let solution = &notice.parameters["solution"];
    assert!(solution.contains("300.00元") && solution.contains("3个工作日内"), "{solution}");
    assert_eq!(
        notice.text_parameters["prevention"],
        world.resolution.proposal.as_ref().unwrap().prevention_ref
    );
    let event: pb::ResolutionOffered = world.event();
    assert_eq!(
        (event.promises[0].kind.as_str(), event.promises[0].limit.as_str()),
        ("payment_promise", "3wd")
    );
    assert_eq!(world.opened(), ["offer_response"]);
    assert!(world.notice("handling_notice").is_none(), "a general complaint needs no written notice");
    assert_eq!(
        reason(world.decide(|resolution, setting| offer::offer(resolution, "", None, setting))),
        "STATE_NOT_ALLOWED"
    );
}

#[test]
fn an_important_complaint_gets_the_written_notice_by_mail_or_sms() {
    let mut world = World::loss().prioritised(Priority::Important);
    world.propose(vec![cash(100)], &person("boss", Role::DepartmentManager)).offer();
    let notice = world.notice("handling_notice").unwrap();
    assert_eq!(notice.channels, [i32::from(types::Channel::Email), i32::from(types::Channel::Sms)]);
    assert_eq!(notice.text_parameters["findings"], world.resolution.context.findings_ref);
    assert_eq!(world.resolution.notices.len(), 1);

    let issue = |channel| world.decide(|resolution, setting| offer::issue(resolution, channel, setting));
    assert_eq!(reason(issue(Some(Channel::Hotline))), "NOTICE_CHANNEL_NOT_ALLOWED");
    let decision = issue(Some(Channel::Sms)).unwrap();
    assert_eq!(decision.next.notices[1].channel, Channel::Sms);
    let key = world.resolution.notices[0].notice_key.clone();
    let at = world.now;
    let delivered = offer::delivered(&world.resolution, &key, at, types::DeliveryProof::Receipt).unwrap();
    assert_eq!(delivered.next.notices[0].delivered_at, Some(at));
    assert!(offer::delivered(&delivered.next, &key, at, types::DeliveryProof::Receipt).is_none());
}

#[test]
fn promises_run_from_the_acceptance() {
    let mut world = offered(30_000);
    world.pass(TimeDelta::hours(26));
    let at = world.now - TimeDelta::hours(2);
    world.answer(&Answering { said_at: Some(at), ..accepted() });
    assert_eq!(world.resolution.state, State::Executing);
    assert_eq!(world.opened(), ["payment_promise", "payment_arrival"]);
    assert_eq!(world.met(), [("offer_response".to_owned(), at)]);
    // Tuesday 09:00 and three working days.
    let due: Timestamp = "2026-03-06T01:00:00Z".parse().unwrap();
    assert_eq!(world.remedy().promise.as_ref().unwrap().due_at, due);
    // Handed to finance: expected by 18:00 tomorrow (M6.2).
    let notice = world.notice("payment_accepted").unwrap();
    assert_eq!(notice.parameters["due"], "3月4日18:00");
    assert_eq!(notice.parameters["amount"], "300.00元");
    assert_eq!(notice.channels, [i32::from(types::Channel::Sms)]);
}

#[test]
fn an_objection_says_its_point_and_is_evaluated_within_two_hours() {
    let mut world = offered(30_000);
    let pointless = Answering { point: pb::ObjectionPoint::Unspecified, ..objection() };
    assert_eq!(reason(world.try_answer(&pointless)), "OBJECTION_WITHOUT_POINT");
    let wordless = Answering { point: pb::ObjectionPoint::Other, ..objection() };
    assert_eq!(reason(world.try_answer(&wordless)), "OBJECTION_WITHOUT_POINT");
    let future = Answering { said_at: Some(world.now + TimeDelta::seconds(1)), ..accepted() };
    assert_eq!(reason(world.try_answer(&future)), "INVALID_FIELDS");

    world.answer(&objection());
    assert_eq!(world.resolution.state, State::Objected);
    assert_eq!(world.opened(), ["objection_reevaluation"]);
    assert_eq!(world.notice("objection_received").unwrap().parameters["due"], "3月2日11:00");
    assert_eq!(reason(world.try_answer(&accepted())), "RESPONSE_ALREADY_GIVEN");

    world.pass(TimeDelta::minutes(119));
    let now = world.now;
    world.propose(vec![cash(40_000)], &person("agent", Role::CsAgent));
    assert!(world.met().contains(&("objection_reevaluation".to_owned(), now)));
    assert_eq!(world.resolution.round(), 2);
}

#[test]
fn after_the_last_round_the_offer_is_the_final_position() {
    let mut world = offered(30_000);
    let agent = person("agent", Role::CsAgent);
    for round in 1..=3 {
        assert_eq!(world.resolution.round(), round);
        world.answer(&objection());
        if round < 3 {
            assert_eq!(world.resolution.state, State::Objected);
            world.propose(vec![cash(30_000 + i64::from(round))], &agent).offer();
        }
    }
    assert_eq!(world.resolution.settlement.as_ref().unwrap().basis, ClosingBasis::FinalPosition);
    assert_eq!(world.resolution.state, State::Executing, "what was offered last is carried out");
    let event: pb::FinalPositionTaken = world.event();
    assert_eq!(event.round, 3);
    assert!(world.notice("final_position").unwrap().parameters["solution"].contains("300.02元"));
}

#[test]
fn the_cap_on_rounds_is_the_handbooks() {
    let mut world = World::loss_under(&[("rounds_max = 3 ", "rounds_max = 1 ")]);
    world.propose(vec![cash(30_000)], &person("agent", Role::CsAgent)).offer().answer(&objection());
    assert_eq!(world.resolution.settlement.as_ref().unwrap().basis, ClosingBasis::FinalPosition);
}

#[test]
fn all_rounds_together_concede_no_more_than_the_handbook_says() {
    let mut world =
        World::loss_under(&[("rounds_max = 3 ", "concession_basis_points_max = 1000\nrounds_max = 3 ")]);
    let agent = person("agent", Role::CsAgent);
    world.propose(vec![cash(30_000)], &agent).offer().answer(&objection());
    let refusal = world.try_propose(&World::proposing(vec![cash(33_001)]), &agent).unwrap_err();
    assert_eq!((refusal.reason, refusal.metadata["cap"].as_str()), ("CONCESSION_EXCEEDED", "330.00 CNY"));
    world.propose(vec![cash(33_000)], &agent);
}

#[test]
fn an_objection_after_acceptance_is_refused() {
    for kind in [ResponseKind::Accepted, ResponseKind::NoFurtherDemand] {
        let mut world = offered(30_000);
        world.answer(&Answering { kind, ..accepted() });
        let refusal = world.try_answer(&objection()).unwrap_err();
        assert_eq!(refusal.reason, "RESPONSE_ALREADY_GIVEN");
        assert_eq!(
            refusal.metadata["response"],
            kind.wire().as_str_name().trim_start_matches("RESPONSE_KIND_")
        );
    }
    let world = World::loss();
    assert_eq!(reason(world.try_answer(&accepted())), "STATE_NOT_ALLOWED");
}

#[test]
fn money_needs_somebody_to_go_to() {
    let mut world = offered(30_000);
    world.resolution.context.person_ref.clear();
    world.resolution.context.waybill_no.clear();
    assert_eq!(reason(world.try_answer(&accepted())), "PAYEE_MISSING");
    world.answer(&Answering { has_payee: true, payee_ref: "text-9".to_owned(), ..accepted() });
    assert_eq!(world.resolution.settlement.as_ref().unwrap().payee_ref, "account:text-9");
    // Nothing to pay needs no account.
    let mut world = World::about("bad_attitude");
    world.resolution.context.person_ref.clear();
    world.resolution.context.waybill_no.clear();
    let apology = draft(redress_domain::handbook::RemedyKind::Apology);
    world.propose(vec![apology], &person("agent", Role::CsAgent)).offer().answer(&accepted());
    assert_eq!(world.resolution.state, State::Executing);
}

#[test]
fn silence_is_asked_about_again_and_never_taken_for_acceptance() {
    let mut world = offered(30_000);
    for reminder in 1..=2 {
        let decision = world.decide(reminders::ask_again).unwrap();
        world.take(decision);
        let notice = world.notice("offer").unwrap();
        assert!(notice.notice_key.ends_with(&format!("/again/{reminder}")), "{}", notice.notice_key);
        assert_eq!(world.resolution.state, State::Offered);
    }
    world.answer(&accepted());
    assert!(world.decide(reminders::ask_again).is_none());
}

#[test]
fn a_promise_in_danger_is_told_before_it_breaks() {
    let world = World::paying(30_000);
    let id = world.remedy().id;
    let due = world.remedy().promise.as_ref().unwrap().due_at;
    let told = |world: &World| {
        world.decide(|resolution, setting| {
            reminders::promise_in_danger(resolution, "payment_promise", id, due, setting)
        })
    };
    assert_eq!(told(&world).unwrap().facts.len(), 1);
    let mut kept = World::paying(30_000);
    let key = kept.remedy().payments[0].key.clone();
    kept.payment(&key, &crate::domain::calls::PaymentOutcome::Paid { at: due });
    assert!(told(&kept).is_none());
}
