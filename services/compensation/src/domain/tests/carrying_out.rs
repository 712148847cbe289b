//! Money and goods: the state machine through everything that a port can come to (M6.2, M6.3, X11).

use chrono::TimeDelta;
use redress_domain::{
    Decision, Rejection,
    handbook::{Executor, RemedyKind, Role},
};
use redress_proto::compensation::v1 as pb;

use super::world::{World, accepted, draft, person, reason, yuan};
use crate::domain::{
    calls::{PaymentOutcome, TaskOutcome},
    confirm::{self, Confirmed, Confirming},
    obstacle, outcome,
    state::{Account, ObstacleKind, RemedyState, Resolution, State},
};

fn first_key(world: &World) -> String {
    world.remedy().payments[0].key.clone()
}

fn confirming(
    world: &World,
    what: Confirmed,
    proof: &str,
    by: Role,
) -> Result<Option<Decision<Resolution>>, Rejection> {
    let command = Confirming { what, at: None, proof_reference: proof.to_owned() };
    let id = world.remedy().id;
    world.decide(|resolution, setting| confirm::confirm(resolution, id, &command, &person("x", by), setting))
}

fn refused() -> PaymentOutcome {
    PaymentOutcome::Refused { reason: "ACCOUNT_FROZEN".to_owned() }
}

#[test]
fn money_is_reserved_then_paid_and_counts_when_it_arrived() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    let remedy_id = world.remedy().id;
    assert_eq!(key, format!("{}/1/{remedy_id}/pay", world.case_id));
    assert_eq!(world.calls(), [("reserve".to_owned(), key.clone())]);

    world.payment(&key, &PaymentOutcome::Reserved);
    assert_eq!(world.events(), ["RemedyReserved"]);
    assert_eq!(world.calls(), [("pay".to_owned(), key.clone())]);
    assert!(!world.payment(&key, &PaymentOutcome::Reserved), "the same again orders nothing");
    world.payment(&key, &PaymentOutcome::HandedOver);
    assert!(!world.payment(&key, &PaymentOutcome::HandedOver));

    let at = world.now + TimeDelta::minutes(7);
    world.pass(TimeDelta::hours(1));
    world.payment(&key, &PaymentOutcome::Paid { at });
    assert_eq!(world.events(), ["RemedyExecuted", "NoticeRequested", "ResolutionExecuted"]);
    assert_eq!(world.resolution.state, State::Executed);
    assert_eq!(world.resolution.executed_at, Some(at));
    let met: Vec<_> = world.met().into_iter().filter(|(_, when)| *when == at).map(|(kind, _)| kind).collect();
    assert_eq!(met, ["payment_promise", "payment_arrival", "obstacle_delay"]);
    assert_eq!(world.event::<pb::RemedyExecuted>().case_paid.unwrap(), yuan(30_000).into());
    assert!(!world.payment(&key, &PaymentOutcome::Paid { at }), "known already");
}

#[test]
fn an_unknown_outcome_is_a_state_and_keeps_its_key() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &PaymentOutcome::Unknown);
    assert_eq!(world.events(), ["RemedyUnknown"]);
    assert_eq!(world.remedy().state, RemedyState::Unknown);
    assert!(world.calls().is_empty(), "the same call goes on asking; no other is made");
    assert!(!world.payment(&key, &PaymentOutcome::Unknown));
    assert_eq!(reason(confirming(&world, Confirmed::Executed, "bank-1", Role::Finance)), "PAYMENT_UNKNOWN");
    world.payment(&key, &PaymentOutcome::Reserved);
    assert_eq!(world.calls(), [("pay".to_owned(), key.clone())]);
    world.payment(&key, &PaymentOutcome::Unknown);
    world.payment(&key, &PaymentOutcome::Paid { at: world.now });
    assert_eq!(world.resolution.state, State::Executed);
    assert_eq!(world.remedy().payments.len(), 1);
}

#[test]
fn refused_the_customer_is_told_first_then_the_fallback_pays() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &PaymentOutcome::Reserved);
    world.payment(&key, &refused());
    assert_eq!(world.events(), ["RemedyReleased", "RemedyObstructed", "NoticeRequested"]);
    assert_eq!(world.resolution.state, State::Obstructed);
    assert_eq!(world.opened(), ["obstacle_delay"]);
    assert!(world.calls().is_empty(), "nothing is paid before the customer has been told");
    let notice = world.notice("obstacle").unwrap();
    assert!(notice.parameters["reason"].contains("付款"), "{notice:?}");
    // One working day later.
    assert_eq!(notice.parameters["due"], "3月3日09:00");

    world.told();
    let fallback = key.replace("/pay", "/fallback");
    assert_eq!(world.events(), ["ObstacleTold", "RemedyFallbackStarted"]);
    assert_eq!(world.calls(), [("reserve".to_owned(), fallback.clone())]);
    assert_eq!(world.resolution.state, State::Executing);
    world.payment(&fallback, &PaymentOutcome::Reserved);
    world.payment(&fallback, &PaymentOutcome::Paid { at: world.now });
    assert_eq!(world.resolution.state, State::Executed);
    assert!(world.remedy().by_fallback);
    assert_eq!(world.calls(), [("verify".to_owned(), key)]);

    assert_eq!(reason(confirming(&world, Confirmed::Backfilled, "F-1", Role::CsAgent)), "ROLE_NOT_ALLOWED");
    let decision = confirming(&world, Confirmed::Backfilled, "F-1", Role::Finance).unwrap().unwrap();
    world.take(decision);
    assert_eq!(world.events(), ["RemedyBackfilled"]);
    assert!(confirming(&world, Confirmed::Backfilled, "F-1", Role::Finance).unwrap().is_none());
    assert_eq!(world.resolution.paid_minor(), 30_000);
}

#[test]
fn down_beyond_the_limit_the_fallback_starts_as_soon_as_the_customer_knows() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &PaymentOutcome::Down);
    assert_eq!(world.remedy().obstacle.as_ref().unwrap().kind, ObstacleKind::FinanceDown);
    assert_eq!(world.calls(), [("release".to_owned(), key.clone())], "a late reservation is barred");
    world.told();
    assert!(world.remedy().payment_from(Account::Fallback).is_some());
    // The release gets through when finance is back; it changes nothing but the record.
    world.payment(&key, &PaymentOutcome::Released);
    assert_eq!(world.remedy().state, RemedyState::Fallback);
    // A reservation that had been on its way all the time is never paid.
    assert!(!world.payment(&key, &PaymentOutcome::Reserved));
}

#[test]
fn while_the_first_outcome_is_unknown_no_second_payment_starts() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &PaymentOutcome::Reserved);
    world.payment(&key, &PaymentOutcome::Unknown);
    let id = world.remedy().id;
    let report = |world: &World, kind, has_text| {
        world.decide(|resolution, setting| obstacle::report(resolution, id, (kind, has_text), "", setting))
    };
    assert_eq!(reason(report(&world, ObstacleKind::GoodsUnavailable, false)), "INVALID_FIELDS");
    assert_eq!(reason(report(&world, ObstacleKind::Other, false)), "INVALID_FIELDS");
    let decision = report(&world, ObstacleKind::FinanceDown, false).unwrap();
    world.take(decision);
    assert_eq!(world.calls(), [("release".to_owned(), key.clone())]);
    world.told();
    assert_eq!(world.events(), ["ObstacleTold"]);
    assert_eq!(world.remedy().payments.len(), 1, "told, and still nobody knows about the first");

    // Either it turns out to have been given back, or to have arrived.
    let mut arrived = World::paying(30_000);
    arrived.resolution = world.resolution.clone();
    arrived.payment(&key, &PaymentOutcome::Paid { at: arrived.now });
    assert_eq!(arrived.resolution.state, State::Executed);
    assert_eq!(arrived.remedy().payments.len(), 1);
    assert!(!arrived.remedy().by_fallback);

    world.payment(&key, &PaymentOutcome::Released);
    assert_eq!(world.events(), ["RemedyReleased", "RemedyFallbackStarted"]);
    assert_eq!(reason(report(&world, ObstacleKind::FinanceDown, false)), "REMEDY_STATE_NOT_ALLOWED");
}

#[test]
fn both_payments_landed_opens_one_recovery() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &PaymentOutcome::Reserved);
    world.payment(&key, &refused());
    world.told();
    let fallback = key.replace("/pay", "/fallback");
    world.payment(&fallback, &PaymentOutcome::Reserved);
    world.payment(&fallback, &PaymentOutcome::Paid { at: world.now });
    // Finance had said that it was refused, and pays all the same.
    world.payment(&key, &PaymentOutcome::Paid { at: world.now });
    assert_eq!(world.events(), ["RecoveryOpened"]);
    let recovery = world.event::<pb::RecoveryOpened>().recovery.unwrap();
    assert_eq!((recovery.standing_payment_key, recovery.double_payment_key), (fallback, key.clone()));
    assert_eq!(world.resolution.paid_minor(), 60_000);
    assert!(!world.payment(&key, &PaymentOutcome::Paid { at: world.now }));
    assert_eq!(world.resolution.recoveries.len(), 1);
}

#[test]
fn finance_proves_a_second_payment_by_hand() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &refused());
    world.told();
    let fallback = key.replace("/pay", "/fallback");
    world.payment(&fallback, &PaymentOutcome::Reserved);
    world.payment(&fallback, &PaymentOutcome::Paid { at: world.now });
    assert!(
        confirming(&world, Confirmed::Executed, "", Role::Finance).unwrap().is_none(),
        "confirmed once more"
    );
    assert_eq!(reason(confirming(&world, Confirmed::PaidTwice, "bank-7", Role::CsAgent)), "ROLE_NOT_ALLOWED");
    let decision = confirming(&world, Confirmed::PaidTwice, "bank-7", Role::Finance).unwrap().unwrap();
    world.take(decision);
    assert_eq!(world.events(), ["RecoveryOpened"]);
}

#[test]
fn neither_way_pays_so_people_take_over() {
    let mut world = World::paying(30_000);
    let key = first_key(&world);
    world.payment(&key, &refused());
    assert_eq!(
        reason(confirming(&world, Confirmed::Executed, "bank-1", Role::Finance)),
        "CONFIRMED_BY_SYSTEM"
    );
    world.told();
    world.payment(&key.replace("/pay", "/fallback"), &refused());
    assert_eq!(world.remedy().state, RemedyState::Obstructed);
    assert_eq!(reason(confirming(&world, Confirmed::Executed, "bank-1", Role::CsAgent)), "ROLE_NOT_ALLOWED");
    let decision = confirming(&world, Confirmed::Executed, "bank-1", Role::Finance).unwrap().unwrap();
    world.take(decision);
    assert_eq!(world.resolution.state, State::Executed);
    assert_eq!(world.resolution.paid_minor(), 30_000);
}

#[test]
fn nothing_is_ordered_beyond_what_was_approved() {
    let mut world = World::paying(30_000);
    let (key, id) = (first_key(&world), world.remedy().id);
    let proposal = world.resolution.proposal.as_mut().unwrap();
    proposal.approved_rank = None;
    let refusal = world
        .decide(|resolution, setting| {
            outcome::payment_outcome(resolution, id, &key, &PaymentOutcome::Reserved, 1, setting)
        })
        .unwrap_err();
    assert_eq!(refusal.reason, "LIMIT_EXCEEDED");
    let proposal = world.resolution.proposal.as_mut().unwrap();
    proposal.approved_rank = Some(0);
    proposal.cap_minor = 29_999;
    let refusal = world.decide(|resolution, setting| {
        outcome::payment_outcome(resolution, id, &key, &PaymentOutcome::Reserved, 1, setting)
    });
    assert_eq!(reason(refusal), "LIMIT_EXCEEDED");
}

fn resending() -> World {
    let mut world = World::about("damage");
    world.propose(vec![draft(RemedyKind::Resend)], &person("boss", Role::DepartmentManager));
    world.approve(&person("gm", Role::GmOffice)).offer().answer(&accepted());
    assert_eq!(world.remedy().executor, Executor::Fulfilment);
    world
}

#[test]
fn goods_count_when_they_are_signed_for() {
    let mut world = resending();
    let key = world.remedy().tasks[0].key.clone();
    assert_eq!(world.calls(), [("fulfil".to_owned(), key.clone())]);
    world.task(&key, &TaskOutcome::Accepted);
    world.task(&key, &TaskOutcome::Unknown);
    assert_eq!(world.remedy().state, RemedyState::Unknown);
    world.task(&key, &TaskOutcome::Accepted);
    assert_eq!(world.remedy().state, RemedyState::Started);
    assert_eq!(reason(confirming(&world, Confirmed::Executed, "", Role::CsAgent)), "CONFIRMED_BY_SYSTEM");
    world.task(&key, &TaskOutcome::Done { at: world.now });
    assert_eq!(world.resolution.state, State::Executed);
    assert_eq!(world.resolution.paid_minor(), 0, "goods are not money");
}

#[test]
fn a_failed_task_is_ordered_anew_after_the_customer_knows_and_left_to_people_in_the_end() {
    let mut world = resending();
    let failed = TaskOutcome::Failed { reason: "OUT_OF_STOCK".to_owned() };
    for number in 1..=2 {
        let key = world.remedy().tasks.last().unwrap().key.clone();
        assert!(key.ends_with(&format!("/fulfil/{number}")));
        world.task(&key, &failed);
        assert_eq!(world.remedy().obstacle.as_ref().unwrap().kind, ObstacleKind::GoodsUnavailable);
        assert!(world.calls().is_empty());
        world.told();
        assert_eq!(world.calls().len(), 1);
    }
    let key = world.remedy().tasks.last().unwrap().key.clone();
    world.task(&key, &failed);
    assert_eq!(world.remedy().state, RemedyState::Obstructed);
    assert_eq!(world.events(), ["RemedyReleased"]);
    let decision = confirming(&world, Confirmed::Executed, "by hand", Role::CsAgent).unwrap().unwrap();
    world.take(decision);
    assert_eq!(world.resolution.state, State::Executed);
}

#[test]
fn fulfilment_that_is_down_goes_on_under_the_same_key() {
    let mut world = resending();
    let key = world.remedy().tasks[0].key.clone();
    world.task(&key, &TaskOutcome::Down);
    assert_eq!(world.remedy().obstacle.as_ref().unwrap().kind, ObstacleKind::FulfilmentDown);
    world.told();
    assert_eq!(world.calls(), [("fulfil".to_owned(), key.clone())]);
    world.task(&key, &TaskOutcome::Done { at: world.now });
    assert_eq!(world.remedy().tasks.len(), 1);
}

#[test]
fn what_people_do_is_confirmed_by_the_role_that_the_handbook_gives_it_to() {
    let mut world = World::about("bad_attitude");
    let drafts = vec![draft(RemedyKind::Apology), draft(RemedyKind::InternalPenalty)];
    world.propose(drafts, &person("agent", Role::CsAgent)).offer().answer(&accepted());
    assert_eq!(world.opened(), ["apology_promise"]);
    assert_eq!(reason(confirming(&world, Confirmed::Executed, "", Role::CsAgent)), "ROLE_NOT_ALLOWED");
    let decision = confirming(&world, Confirmed::Executed, "call-5", Role::CsSupervisor).unwrap().unwrap();
    world.take(decision);
    assert!(confirming(&world, Confirmed::Executed, "call-5", Role::CsSupervisor).unwrap().is_none());
    assert_eq!(world.resolution.state, State::Executing);
    let penalty = world.resolution.remedies()[1].id;
    let command = Confirming { what: Confirmed::Executed, at: None, proof_reference: String::new() };
    let by = person("boss", Role::DepartmentManager);
    let decision =
        world.decide(|resolution, setting| confirm::confirm(resolution, penalty, &command, &by, setting));
    world.take(decision.unwrap().unwrap());
    assert_eq!(world.resolution.state, State::Executed);
    assert!(world.notice("remedy_executed").is_none(), "a penalty is not told to the customer");
    assert_eq!(world.resolution.remedies()[1].payments.len(), 0);
}
