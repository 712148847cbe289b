//! What several people and several cases do at the same time.

use redress_proto::{
    compensation::v1::{self as pb, ResolutionState, compensation_service_server::CompensationService as _},
    intake::v1::CaseAmended,
    types::v1::Role,
};

use crate::world::{World, caller, refused, yuan};

#[tokio::test]
async fn two_cases_on_one_waybill_cannot_slip_past_each_other() {
    for round in 0..5 {
        let world = World::new().await;
        let (one, two) = (world.founded("SF1234567890123").await, world.founded("SF1234567890123").await);
        let elsewhere = world.founded("YT9000000000001").await;
        // 300.00 each is the agent's; 600.00 on one waybill is not.
        let (first, second, third) = tokio::join!(
            world.propose("cs-agent", one, 30_000),
            world.propose("cs-agent", two, 30_000),
            world.propose("cs-agent", elsewhere, 30_000),
        );
        let states = [first.state(), second.state()];
        assert!(states.contains(&ResolutionState::Approved), "{round}: {states:?}");
        assert!(states.contains(&ResolutionState::Proposed), "{round}: {states:?}");
        assert_eq!(third.state(), ResolutionState::Approved);
        let later = if first.state() == ResolutionState::Proposed { first } else { second };
        assert_eq!(later.exposure.expect("an exposure").waybill_total, Some(yuan(60_000)));
    }
}

#[tokio::test]
async fn a_case_that_moves_to_another_waybill_counts_there() {
    let world = World::new().await;
    let (one, two) = (world.founded("SF1234567890123").await, world.founded("YT9000000000001").await);
    world.propose("cs-agent", one, 30_000).await;
    assert_eq!(world.propose("cs-agent", two, 30_000).await.state(), ResolutionState::Approved);
    // The number was wrong; written in another way it is still the same waybill.
    let amended = CaseAmended { facts: Some(world.facts("sf 1234-5678-90123")), ..Default::default() };
    world.told("intake", two, &amended).await;
    let moved = world.view(two).await;
    assert_eq!(moved.state(), ResolutionState::Proposed);
    assert_eq!(moved.exposure.expect("an exposure").waybill_total, Some(yuan(60_000)));
}

#[tokio::test]
async fn of_two_approvals_at_once_one_wins_and_the_other_is_told() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    let proposed = world.propose("cs-agent", case_id, 60_000).await;
    let listed = pb::ListApprovalsRequest { role: Role::DepartmentManager.into(), ..Default::default() };
    let listed = world.compensation.list_approvals(world.call("finance", "ListApprovals", listed)).await;
    let approvals = listed.expect("listed").into_inner().approvals;
    assert_eq!(approvals.len(), 1);
    assert_eq!(approvals[0].approval_id, proposed.approvals[0].approval_id);

    let decide = |who: &str| {
        let by = redress_chassis::Caller { subject: who.into(), ..caller("department-manager") };
        let request = pb::DecideApprovalRequest {
            request_id: world.request_id(),
            approval_id: approvals[0].approval_id.clone(),
            verdict: pb::ApprovalVerdict::Approved.into(),
            ..Default::default()
        };
        world.compensation.decide_approval(world.call_as(by, "DecideApproval", request))
    };
    let (one, two) = tokio::join!(decide("chen"), decide("zhou"));
    let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
    let approved = winner.expect("one wins").into_inner().resolution.expect("a resolution");
    assert_eq!(approved.state(), ResolutionState::Approved);
    assert_eq!(refused(loser), (tonic::Code::FailedPrecondition, "APPROVAL_NOT_PENDING".to_owned()));

    let none = pb::ListApprovalsRequest { case_id: case_id.to_string(), ..Default::default() };
    let none = world.compensation.list_approvals(world.call("finance", "ListApprovals", none)).await;
    assert!(none.expect("listed").into_inner().approvals.is_empty());
    let abroad = redress_chassis::Caller { regions: vec!["BR".into()], ..caller("finance") };
    let all =
        pb::ListApprovalsRequest { states: vec![pb::ApprovalState::Approved.into()], ..Default::default() };
    let seen = |by| world.compensation.list_approvals(world.call_as(by, "ListApprovals", all.clone()));
    assert!(seen(abroad).await.expect("listed").into_inner().approvals.is_empty());
    assert_eq!(seen(caller("finance")).await.expect("listed").into_inner().approvals.len(), 1);
}
