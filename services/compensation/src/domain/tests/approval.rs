//! The approval ladder and the separation of duties (M6.1, X10).

use redress_domain::handbook::{Priority, Role};
use redress_proto::{compensation::v1 as pb, triage::v1 as triage, types::v1 as types};

use super::world::{World, cash, person, reason, yuan};
use crate::domain::{
    approve::{self, Deciding},
    context,
    state::{ApprovalState, State},
    waybill::{Stake, Waybill},
};

#[test]
fn the_rung_is_the_highest_that_amount_priority_or_media_risk_asks_for() {
    let rows = [
        (Priority::General, false, 1, "agent"),
        (Priority::General, false, 50_000, "agent"),
        (Priority::General, false, 50_001, "department_manager"),
        (Priority::General, false, 200_000, "department_manager"),
        (Priority::General, false, 200_001, "gm_meeting"),
        (Priority::General, false, 499_999, "gm_meeting"),
        (Priority::General, false, 500_000, "gm_meeting"),
        (Priority::Important, false, 1, "department_manager"),
        (Priority::Important, false, 200_001, "gm_meeting"),
        (Priority::Urgent, false, 1, "department_manager"),
        (Priority::General, true, 1, "gm_meeting"),
    ];
    for (priority, media, minor, expected) in rows {
        let mut world = World::loss().prioritised(priority);
        if media {
            world = world.in_the_media();
        }
        let decision =
            world.try_propose(&World::proposing(vec![cash(minor)]), &person("x", Role::OperationsManager));
        let proposal = decision.unwrap().next.proposal.unwrap();
        assert_eq!(proposal.rung, expected, "{priority} {media} {}", yuan(minor));
    }
}

#[test]
fn a_proposers_own_rung_needs_no_approval_and_the_next_one_does() {
    let rows = [
        (Role::CsAgent, 50_000, State::Approved),
        (Role::CsAgent, 50_001, State::Proposed),
        (Role::CsSupervisor, 50_000, State::Approved),
        (Role::CsSupervisor, 50_001, State::Proposed),
        (Role::OperationsManager, 1, State::Proposed),
        (Role::DepartmentManager, 200_000, State::Approved),
        (Role::DepartmentManager, 200_001, State::Proposed),
        // A meeting is nobody's own.
        (Role::GmOffice, 200_001, State::Proposed),
    ];
    for (role, minor, expected) in rows {
        let mut world = World::loss();
        world.propose(vec![cash(minor)], &person("x", role));
        assert_eq!(world.resolution.state, expected, "{role} {}", yuan(minor));
        let events = world.events();
        assert_eq!(events.contains(&"ResolutionApproved"), expected == State::Approved, "{events:?}");
        assert_eq!(world.opened().contains(&"approval".to_owned()), expected == State::Proposed);
        assert_eq!(world.notice("approval_request").is_some(), expected == State::Proposed);
    }
}

#[test]
fn nobody_approves_what_they_proposed_and_nobody_below_the_rung() {
    let mut world = World::loss();
    let boss = person("boss", Role::DepartmentManager);
    world.propose(vec![cash(200_001)], &boss);
    assert_eq!(reason(world.try_approve(&boss)), "OWN_PROPOSAL");
    assert_eq!(reason(world.try_approve(&person("other", Role::DepartmentManager))), "RUNG_TOO_LOW");
    assert_eq!(reason(world.try_approve(&person("ops", Role::OperationsManager))), "RUNG_TOO_LOW");
    world.approve(&person("gm", Role::GmOffice));
    assert_eq!(world.resolution.state, State::Approved);
    assert_eq!(world.events(), ["ApprovalDecided", "ResolutionApproved"]);
    assert_eq!(world.met()[0].0, "approval");
}

#[test]
fn of_two_decisions_the_second_is_refused() {
    let mut world = World::loss();
    world.propose(vec![cash(50_001)], &person("agent", Role::CsAgent));
    world.approve(&person("one", Role::DepartmentManager));
    assert_eq!(reason(world.try_approve(&person("two", Role::DepartmentManager))), "APPROVAL_NOT_PENDING");
}

#[test]
fn a_meeting_has_minutes_and_a_rejection_a_reason() {
    let mut world = World::loss();
    world.propose(vec![cash(200_001)], &person("agent", Role::CsAgent));
    let approval = world.resolution.approvals[0].id;
    let gm = person("gm", Role::GmOffice);
    let decide = |world: &World, command: &Deciding| {
        world.decide(|resolution, setting| {
            approve::decide(resolution, approval, command, &gm, Stake::NONE, setting)
        })
    };
    let refusal = decide(&world, &Deciding { approve: true, ..Deciding::default() }).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.violations[0].field.as_str()),
        ("INVALID_FIELDS", "minutes_reference")
    );
    let refusal = decide(&world, &Deciding::default()).unwrap_err();
    assert_eq!(refusal.violations[0].field, "reason");
    let rejected = decide(&world, &Deciding { has_reason: true, ..Deciding::default() }).unwrap();
    world.take(rejected);
    assert_eq!(world.resolution.state, State::Open);
    assert_eq!(world.resolution.stake(), Stake::NONE, "what was rejected is not at stake");
}

#[test]
fn raising_the_amount_asks_again() {
    let mut world = World::loss();
    let agent = person("agent", Role::CsAgent);
    world.propose(vec![cash(50_000)], &agent);
    assert_eq!(world.resolution.state, State::Approved);
    world.propose(vec![cash(50_001)], &agent);
    assert_eq!(world.resolution.state, State::Proposed);
    let first = world.resolution.approvals[0].id;
    world.propose(vec![cash(60_000)], &agent);
    assert_eq!(world.resolution.approvals[0].state, ApprovalState::Superseded);
    let by = person("boss", Role::DepartmentManager);
    let late = world.decide(|resolution, setting| {
        let command = Deciding { approve: true, ..Deciding::default() };
        approve::decide(resolution, first, &command, &by, Stake::NONE, setting)
    });
    assert_eq!(reason(late), "APPROVAL_NOT_PENDING");
}

#[test]
fn what_other_cases_on_the_waybill_have_at_stake_counts() {
    let agent = person("agent", Role::CsAgent);
    for (others, expected) in [(49_000, "agent"), (49_001, "department_manager"), (199_001, "gm_meeting")] {
        let mut world = World::loss();
        world.others = Stake { total_minor: others, paid_minor: 0 };
        world.propose(vec![cash(1_000)], &agent);
        let proposal = world.resolution.proposal.as_ref().unwrap();
        assert_eq!(proposal.rung, expected, "{others}");
        assert_eq!(proposal.waybill_total_minor, others + 1_000);
    }
    // Another case is raised between the asking and the decision.
    let mut world = World::loss();
    world.propose(vec![cash(60_000)], &agent);
    world.others = Stake { total_minor: 140_001, paid_minor: 0 };
    let refusal = world.try_approve(&person("boss", Role::DepartmentManager)).unwrap_err();
    assert_eq!((refusal.reason, refusal.metadata["rung"].as_str()), ("EXPOSURE_ROSE", "gm_meeting"));
    world.others.total_minor = 140_000;
    world.approve(&person("boss", Role::DepartmentManager));
}

#[test]
fn a_waybill_sums_its_cases_and_forgets_those_that_left() {
    let [one, two] = [1, 2].map(uuid::Uuid::from_u128);
    let stake = |total_minor| Stake { total_minor, paid_minor: 5 };
    let currency = redress_domain::Currency::CNY;
    let waybill = Waybill::new("SF1").set(one, stake(100), currency).next;
    let decision = waybill.set(two, stake(50), currency);
    assert_eq!(decision.next.of_others(one), stake(50));
    let event: pb::ExposureChanged = prost::Message::decode(decision.facts[0].payload.as_slice()).unwrap();
    let exposure = event.exposure.unwrap();
    assert_eq!(exposure.waybill_total.unwrap(), yuan(150).into());
    assert_eq!(exposure.waybill_paid.unwrap(), yuan(10).into());
    assert_eq!(decision.next.set(two, Stake::NONE, currency).next, waybill);
}

#[test]
fn a_risk_that_arises_before_the_offer_asks_a_higher_rung() {
    let media = triage::CaseTriaged {
        priority: types::Priority::Urgent.into(),
        category: types::Category::CargoDamageLoss.into(),
        primary_sub_type: "parcel_lost".to_owned(),
        media_risk: true,
        ..triage::CaseTriaged::default()
    };
    let mut world = World::loss();
    world.propose(vec![cash(1_000)], &person("agent", Role::CsAgent));
    assert_eq!(world.resolution.state, State::Approved);
    let turn = |world: &World| {
        world.decide(|resolution, setting| {
            context::change(resolution, |known| known.take_triage(&media), Stake::NONE, setting)
        })
    };
    let decision = turn(&world).unwrap().unwrap();
    world.take(decision);
    assert_eq!(world.resolution.state, State::Proposed);
    assert_eq!(world.resolution.pending_approval().unwrap().rung, "gm_meeting");
    assert!(turn(&world).unwrap().is_none(), "the same again changes nothing");

    let mut world = World::loss();
    world.propose(vec![cash(1_000)], &person("agent", Role::CsAgent)).offer();
    let decision = turn(&world).unwrap().unwrap();
    assert_eq!(decision.next.state, State::Offered, "what is offered stays offered");
}

#[test]
fn the_figures_are_the_handbooks() {
    let mut world = World::loss_under(&[
        ("up_to_minor = 50000\n", "up_to_minor = 70000\n"),
        ("above_minor = 50000\n", "above_minor = 70000\n"),
    ]);
    world.propose(vec![cash(70_000)], &person("agent", Role::CsAgent));
    assert_eq!(world.resolution.state, State::Approved);
}
