//! From the findings to the seal, the plain way and by the fallback.

use chrono::Duration;
use redress_connectors::{
    PaymentState as Truth,
    file::{Behaviour, Port},
};
use redress_proto::{
    compensation::v1::{self as pb, ResolutionState, compensation_service_server::CompensationService as _},
    types::v1::ClosingBasis,
};

use crate::world::{World, refused, yuan};

fn seal(case_id: uuid::Uuid) -> pb::SealRequest {
    pb::SealRequest {
        case_id: case_id.to_string(),
        basis: ClosingBasis::Accepted.into(),
        case_revision: 9,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_case_is_suggested_proposed_offered_accepted_paid_and_sealed() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;

    let request = pb::SuggestResolutionRequest { case_id: case_id.to_string() };
    let request = world.call("cs-agent", "SuggestResolution", request);
    let suggested =
        world.compensation.suggest_resolution(request).await.expect("suggested").into_inner().solutions;
    assert_eq!(suggested[0].solution, "loss_compensation");
    assert!(suggested[0].demand_met && suggested[0].suggested);
    assert_eq!(suggested[0].remedies[0].amount, Some(yuan(2_000_000)));
    assert_eq!(suggested[0].bands[0].highest_basis_points, 10_000);
    assert_eq!(suggested[0].rung, "gm_meeting");

    let proposed = world.propose("cs-agent", case_id, 30_000).await;
    assert_eq!(proposed.state(), ResolutionState::Approved);
    assert_eq!(proposed.prevention_measure, "", "words are not in what is stored under the request id");
    assert_eq!(world.view(case_id).await.prevention_measure, "贵重件交接双人签字");
    world.offer(case_id).await;
    world.delivered(case_id, "/offer/1").await;
    assert!(world.view(case_id).await.offer.expect("an offer").delivery_time.is_some());
    let accepted = world.accept(case_id).await;
    assert_eq!(accepted.state(), ResolutionState::Executing);

    let answer = world.compensation.seal(world.call("service", "Seal", seal(case_id))).await;
    assert_eq!(refused(answer).1, "SEAL_GATE_NOT_MET");
    world.run().await;
    world.advance(Duration::minutes(30)).await;
    let executed = world.view(case_id).await;
    assert_eq!(executed.state(), ResolutionState::Executed);
    assert_eq!(executed.remedies[0].payments.len(), 1);

    let answer = world.compensation.seal(world.call("service", "Seal", seal(case_id))).await.expect("sealed");
    let sealed = answer.into_inner().seal.expect("a seal");
    let again =
        world.compensation.seal(world.call("service", "Seal", seal(case_id))).await.expect("the same");
    assert_eq!(again.into_inner().seal.as_ref(), Some(&sealed));
    let event = world.events(case_id).await.into_iter().find(|event| event.event.hash == sealed.head_hash);
    let event = event.expect("the head is an event");
    assert!(event.event.kind.ends_with("CompensationSealed"));
    assert_eq!(sealed.position.expect("a position").n, event.position.n);

    assert_eq!(
        world.names(case_id).await,
        [
            "ResolutionOpened",
            "ResolutionContextChanged",
            "ResolutionContextChanged",
            "ResolutionProposed",
            "ResolutionApproved",
            "ResolutionOffered",
            "OfferDelivered",
            "ResponseRecorded",
            "RemedyStarted",
            "RemedyReserved",
            "RemedyHandedOver",
            "RemedyExecuted",
            "ResolutionExecuted",
            "CompensationSealed",
        ]
    );
    let request = pb::ListDecisionsRequest { case_id: case_id.to_string(), ..Default::default() };
    let request = world.call("supervision", "ListDecisions", request);
    let decisions = world.compensation.list_decisions(request).await.expect("listed").into_inner().decisions;
    let questions: Vec<_> = decisions.iter().map(|decision| decision.question.as_str()).collect();
    for question in ["entitlement", "solution", "approval_rung", "exposure_cap", "payment", "closing_gate"] {
        assert!(questions.contains(&question), "{question} in {questions:?}");
    }
}

#[tokio::test]
async fn finance_is_down_so_the_customer_hears_first_and_the_fallback_pays_once() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    world.propose("cs-agent", case_id, 30_000).await;
    world.offer(case_id).await;
    world.next(Port::Payments, &[Behaviour::Down; 3]);
    world.accept(case_id).await;
    world.run().await;
    world.advance(Duration::minutes(10)).await;
    let obstructed = world.view(case_id).await;
    assert_eq!(obstructed.state(), ResolutionState::Obstructed);
    assert_eq!(obstructed.remedies[0].obstacle(), pb::Obstacle::FinanceDown);
    assert_eq!(obstructed.remedies[0].payments.len(), 1, "nothing is paid before the customer knows");

    world.delivered(case_id, "/obstacle/1").await;
    world.run().await;
    world.advance(Duration::hours(1)).await;
    let executed = world.view(case_id).await;
    assert_eq!(executed.state(), ResolutionState::Executed);
    assert!(executed.remedies[0].by_fallback);
    let books = world.enterprise.payments.payments().await.expect("readable");
    let paid = books.iter().filter(|payment| matches!(payment.state, Truth::Paid { .. }));
    assert_eq!(paid.count(), 1);

    let request = pb::ConfirmRemedyRequest {
        request_id: world.request_id(),
        case_id: case_id.to_string(),
        remedy_id: executed.remedies[0].remedy_id.clone(),
        confirmation: pb::Confirmation::Backfilled.into(),
        proof_reference: "FIN-2026-11".into(),
        ..Default::default()
    };
    let confirmed = world.compensation.confirm_remedy(world.call("finance", "ConfirmRemedy", request)).await;
    let confirmed = confirmed.expect("confirmed").into_inner().resolution.expect("a resolution");
    assert!(confirmed.remedies[0].backfilled);
    assert_eq!(
        world
            .compensation
            .seal(world.call("service", "Seal", seal(case_id)))
            .await
            .expect("sealed")
            .into_inner()
            .seal
            .expect("a seal")
            .service,
        "compensation"
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_about_until_it_is_known() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    world.propose("cs-agent", case_id, 30_000).await;
    world.offer(case_id).await;
    world.next(Port::Payments, &[Behaviour::Normal, Behaviour::Unknown]);
    world.accept(case_id).await;
    world.run().await;
    let unknown = world.view(case_id).await;
    assert_eq!(unknown.remedies[0].state(), pb::RemedyState::Unknown);
    let answer = world.compensation.seal(world.call("service", "Seal", seal(case_id))).await;
    assert_eq!(refused(answer).1, "SEAL_GATE_NOT_MET");
    world.advance(Duration::hours(2)).await;
    let executed = world.view(case_id).await;
    assert_eq!(executed.state(), ResolutionState::Executed);
    assert_eq!(world.enterprise.payments.payments().await.expect("readable").len(), 1);
}
