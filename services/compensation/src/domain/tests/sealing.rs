//! Freezing for closing, and what a sealed, reopened or ended resolution takes (M7.1, X12).

use redress_domain::{
    Decision, Rejection,
    handbook::{ClosingBasis, Role, Validity},
};
use redress_proto::{investigation::v1 as investigation, types::v1 as types};

use super::world::{World, accepted, cash, person, reason};
use crate::domain::{
    calls::PaymentOutcome,
    confirm::{self, Confirmed, Confirming},
    context, obstacle, offer, outcome,
    respond::Answering,
    seal,
    state::{ObstacleKind, PaymentState, Resolution, ResponseKind, State},
    waybill::Stake,
};

fn sealing(world: &World, basis: ClosingBasis) -> Result<Option<Decision<Resolution>>, Rejection> {
    world.decide(|resolution, setting| seal::seal(resolution, basis, 1, setting))
}

fn executed() -> World {
    let mut world = World::paying(30_000);
    let key = world.remedy().payments[0].key.clone();
    world.payment(&key, &PaymentOutcome::Reserved);
    world.payment(&key, &PaymentOutcome::Paid { at: world.now });
    world
}

#[test]
fn the_refusal_lists_all_that_is_missing() {
    let missing = |world: &World, basis| -> Vec<String> {
        let refusal = sealing(world, basis).unwrap_err();
        assert_eq!(refusal.reason, "SEAL_GATE_NOT_MET");
        refusal.unmet.into_iter().map(|unmet| unmet.kind).collect()
    };
    let fresh = World::loss();
    assert_eq!(missing(&fresh, ClosingBasis::Accepted), ["ACCEPTANCE", "EXECUTION"]);
    let paying = World::paying(30_000);
    assert_eq!(missing(&paying, ClosingBasis::Accepted), ["EXECUTION", "NOTHING_OPEN"]);
    assert_eq!(missing(&paying, ClosingBasis::NoFurtherDemand), ["ACCEPTANCE", "EXECUTION", "NOTHING_OPEN"]);
    assert_eq!(missing(&paying, ClosingBasis::Withdrawn), ["NOTHING_OPEN"]);
    assert_eq!(missing(&fresh, ClosingBasis::FinalPosition), ["ACCEPTANCE", "EXECUTION"]);
    assert_eq!(missing(&fresh, ClosingBasis::Unfounded), ["NOTHING_OPEN"]);
    assert_eq!(reason(sealing(&fresh, ClosingBasis::Silent)), "HANDBOOK_SILENT");
}

#[test]
fn a_seal_freezes_everything_until_it_is_broken() {
    let mut world = executed();
    let decision = sealing(&world, ClosingBasis::Accepted).unwrap().unwrap();
    world.take(decision);
    let seal_id = world.resolution.seal.as_ref().unwrap().id;
    assert!(sealing(&world, ClosingBasis::Accepted).unwrap().is_none(), "the same seal for the same basis");
    assert_eq!(reason(sealing(&world, ClosingBasis::FinalPosition)), "SEALED_OTHERWISE");

    let agent = person("agent", Role::CsAgent);
    let id = world.remedy().id;
    let key = world.remedy().payments[0].key.replace("/pay", "/fallback");
    assert_eq!(reason(world.try_propose(&World::proposing(vec![cash(1)]), &agent)), "CASE_SEALED");
    assert_eq!(reason(world.try_answer(&accepted())), "CASE_SEALED");
    assert_eq!(reason(world.decide(|state, setting| offer::offer(state, "", None, setting))), "CASE_SEALED");
    assert_eq!(reason(world.decide(|state, setting| offer::issue(state, None, setting))), "CASE_SEALED");
    let report = (ObstacleKind::FinanceDown, false);
    assert_eq!(
        reason(world.decide(|state, setting| obstacle::report(state, id, report, "", setting))),
        "CASE_SEALED"
    );
    assert!(context::cancel(&world.resolution).is_none());
    let unknown = world.decide(|state, setting| {
        outcome::payment_outcome(state, id, &key, &PaymentOutcome::Unknown, 1, setting)
    });
    assert!(unknown.unwrap().is_none());

    assert!(seal::unseal(&world.resolution, uuid::Uuid::nil(), true).is_none());
    let as_before = seal::unseal(&world.resolution, seal_id, false).unwrap();
    assert_eq!(as_before.next.state, State::Executed);
    assert!(as_before.next.seal.is_none());

    let reopened = seal::unseal(&world.resolution, seal_id, true).unwrap();
    world.take(reopened);
    assert_eq!(world.resolution.state, State::Open);
    assert_eq!(world.resolution.stake().paid_minor, 30_000, "what was paid stays at stake");
    assert_eq!(reason(world.try_propose(&World::proposing(vec![cash(1)]), &agent)), "FINDINGS_MISSING");
    assert!(context::reopen(&world.resolution, false).is_none(), "the event that follows changes nothing");
}

#[test]
fn a_payment_that_lands_late_opens_a_recovery_of_a_closed_case_too() {
    let mut world = executed();
    let decision = sealing(&world, ClosingBasis::Accepted).unwrap().unwrap();
    world.take(decision);
    let (id, key) = (world.remedy().id, world.remedy().payments[0].key.clone());
    world.resolution.proposal.as_mut().unwrap().remedies[0].payments[0].state = PaymentState::Released;
    let paid = PaymentOutcome::Paid { at: world.now };
    let late = world.decide(|state, setting| outcome::payment_outcome(state, id, &key, &paid, 1, setting));
    world.take(late.unwrap().unwrap());
    assert_eq!(world.events(), ["RecoveryOpened"]);
    assert!(world.resolution.seal.is_some(), "it stays closed");
}

#[test]
fn what_finance_finds_out_later_is_taken_of_a_closed_case_too() {
    let mut world = World::paying(30_000);
    let key = world.remedy().payments[0].key.clone();
    world.payment(&key, &PaymentOutcome::Refused { reason: "ACCOUNT_FROZEN".to_owned() });
    world.told();
    let fallback = key.replace("/pay", "/fallback");
    world.payment(&fallback, &PaymentOutcome::Reserved);
    world.payment(&fallback, &PaymentOutcome::Paid { at: world.now });
    let decision = sealing(&world, ClosingBasis::Accepted).unwrap().unwrap();
    world.take(decision);
    let finance = |world: &World, what: Confirmed, proof: &str| {
        let command = Confirming { what, at: None, proof_reference: proof.to_owned() };
        let (id, by) = (world.remedy().id, person("fei", Role::Finance));
        world.decide(|state, setting| confirm::confirm(state, id, &command, &by, setting))
    };
    assert!(finance(&world, Confirmed::Executed, "bank-1").unwrap().is_none(), "known already");
    assert_eq!(reason(finance(&world, Confirmed::PaidTwice, "")), "INVALID_FIELDS");
    let caught_up = finance(&world, Confirmed::Backfilled, "F-1").unwrap().unwrap();
    world.take(caught_up);
    assert_eq!(world.events(), ["RemedyBackfilled"]);
    let landed = finance(&world, Confirmed::PaidTwice, "bank-7").unwrap().unwrap();
    world.take(landed);
    assert_eq!(world.events(), ["RecoveryOpened"]);
    assert!(world.resolution.seal.is_some(), "it stays closed");
    assert!(finance(&world, Confirmed::PaidTwice, "bank-7").unwrap().is_none(), "known already");
}

#[test]
fn what_was_paid_by_hand_and_landed_besides_is_paid_twice() {
    let mut world = World::paying(30_000);
    let key = world.remedy().payments[0].key.clone();
    let refused = PaymentOutcome::Refused { reason: "ACCOUNT_FROZEN".to_owned() };
    world.payment(&key, &refused);
    world.told();
    world.payment(&key.replace("/pay", "/fallback"), &refused);
    let confirm = |world: &World, what: Confirmed, proof: &str| {
        let command = Confirming { what, at: None, proof_reference: proof.to_owned() };
        let (id, by) = (world.remedy().id, person("fei", Role::Finance));
        world.decide(|state, setting| confirm::confirm(state, id, &command, &by, setting))
    };
    assert_eq!(reason(confirm(&world, Confirmed::PaidTwice, "bank-7")), "REMEDY_STATE_NOT_ALLOWED");
    let by_hand = confirm(&world, Confirmed::Executed, "H-1").unwrap().unwrap();
    world.take(by_hand);
    let landed = confirm(&world, Confirmed::PaidTwice, "bank-7").unwrap().unwrap();
    world.take(landed);
    let recovery = &world.resolution.recoveries[0];
    assert_eq!((recovery.standing_key.as_str(), recovery.double_key.as_str()), ("H-1", key.as_str()));
}

#[test]
fn after_a_reopening_earlier_rounds_count_towards_the_rung() {
    let mut world = executed();
    let decision = sealing(&world, ClosingBasis::Accepted).unwrap().unwrap();
    world.take(decision);
    let seal_id = world.resolution.seal.as_ref().unwrap().id;
    let decision = seal::unseal(&world.resolution, seal_id, true).unwrap();
    world.take(decision);
    world.resolution.context.facts.investigation.concluded = true;
    world.resolution.context.facts.investigation.validity = Some(Validity::Founded);
    let agent = person("agent", Role::CsAgent);
    world.propose(vec![cash(20_000)], &agent);
    assert_eq!(world.resolution.state, State::Approved);
    assert_eq!(world.resolution.round(), 2);
    world.propose(vec![cash(20_001)], &agent);
    assert_eq!(world.resolution.state, State::Proposed, "300.00 before and 200.01 now are more than 500.00");
}

#[test]
fn findings_that_entitle_to_nothing_end_it() {
    let concluded = |validity: types::Validity| investigation::InvestigationConcluded {
        validity: validity.into(),
        ..Default::default()
    };
    let mut world = World::loss();
    world.resolution.context.facts.investigation = Default::default();
    let decision = world.decide(|state, setting| {
        let event = concluded(types::Validity::Unfounded);
        context::change(state, |known| known.take_findings(&event), Stake::NONE, setting)
    });
    world.take(decision.unwrap().unwrap());
    assert_eq!(world.resolution.state, State::NotDue);
    let sealed = sealing(&world, ClosingBasis::Unfounded).unwrap().unwrap();
    assert!(sealed.next.seal.is_some());
}

#[test]
fn a_withdrawal_drops_what_is_not_begun_and_carries_on_what_is() {
    let mut world = World::loss();
    world.propose(vec![cash(50_001)], &person("agent", Role::CsAgent));
    let decision = context::cancel(&world.resolution).unwrap();
    world.take(decision);
    assert_eq!(world.resolution.state, State::Cancelled);
    assert_eq!(world.resolution.stake(), Stake::NONE);
    assert!(world.resolution.pending_approval().is_none());
    assert!(sealing(&world, ClosingBasis::Withdrawn).unwrap().is_some());
    let decision = context::reopen(&world.resolution, false).unwrap();
    assert_eq!(decision.next.state, State::Open);

    assert!(context::cancel(&World::paying(30_000).resolution).is_none());
}

#[test]
fn no_further_demand_ends_by_its_own_basis() {
    let mut world = World::loss();
    world.propose(vec![cash(30_000)], &person("agent", Role::CsAgent)).offer();
    world.answer(&Answering { kind: ResponseKind::NoFurtherDemand, ..accepted() });
    let key = world.remedy().payments[0].key.clone();
    world.payment(&key, &PaymentOutcome::Paid { at: world.now });
    assert!(sealing(&world, ClosingBasis::NoFurtherDemand).unwrap().is_some());
    assert_eq!(reason(sealing(&world, ClosingBasis::Accepted)), "SEAL_GATE_NOT_MET");
}
