//! What is refused, with which status and reason, and that a refusal leaves nothing.

use redress_proto::compensation::v1::{
    self as pb, ResolutionState, compensation_service_server::CompensationService as _,
};
use redress_proto::google::r#type::Money as WireMoney;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::world::{World, caller, refused};

#[tokio::test]
async fn the_same_request_is_answered_once_and_another_under_its_id_is_refused() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    let request = world.cash(case_id, 30_000);
    let propose = |request: pb::ProposeResolutionRequest| {
        world.compensation.propose_resolution(world.call("cs-agent", "ProposeResolution", request))
    };
    let first = propose(request.clone()).await.expect("proposed").into_inner();
    world.offer(case_id).await;
    let again = propose(request.clone()).await.expect("answered again").into_inner();
    assert_eq!(first, again, "also when the state has moved on");
    let other = world.cash(case_id, 40_000);
    let reused = pb::ProposeResolutionRequest { request_id: request.request_id, ..other };
    assert_eq!(refused(propose(reused).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    let stale = pb::ProposeResolutionRequest { etag: "1".into(), ..world.cash(case_id, 40_000) };
    assert_eq!(refused(propose(stale).await), (Code::Aborted, "STALE_ETAG".to_owned()));
    assert_eq!(
        refused(propose(world.cash(case_id, 40_000)).await),
        (Code::FailedPrecondition, "STATE_NOT_ALLOWED".to_owned())
    );
    assert_eq!(world.intake.count(), 1, "a refusal leaves no text behind");
}

#[tokio::test]
async fn bad_amounts_are_refused_by_field() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    let with = |amounts: Vec<WireMoney>| {
        let mut request = world.cash(case_id, 1);
        request.remedies = amounts
            .into_iter()
            .map(|amount| pb::RemedyDraft {
                kind: pb::RemedyKind::Cash.into(),
                amount: Some(amount),
                ..Default::default()
            })
            .collect();
        world.compensation.propose_resolution(world.call("cs-agent", "ProposeResolution", request))
    };
    let money = |currency: &str, units, nanos| WireMoney { currency_code: currency.into(), units, nanos };
    let status =
        with(vec![money("CNY", 1, 1), money("RMB", 1, 0), money("CNY", -1, 0)]).await.expect_err("refused");
    let details = status.get_error_details();
    let violations = details.bad_request().expect("which fields").field_violations.clone();
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["remedies[0].amount", "remedies[1].amount", "remedies[2].amount"]);
    assert_eq!(
        refused(with(vec![money("USD", 5, 0)]).await),
        (Code::InvalidArgument, "INVALID_FIELDS".to_owned())
    );
    assert_eq!(
        refused(with(vec![money("CNY", 20_000, 10_000_000)]).await),
        (Code::FailedPrecondition, "AMOUNT_OUTSIDE_BAND".to_owned())
    );
    assert_eq!(world.view(case_id).await.state(), ResolutionState::Open);
}

#[tokio::test]
async fn regions_cases_and_customers_are_kept_apart() {
    let world = World::new().await;
    let case_id = world.founded("SF1234567890123").await;
    let get = |by, case_id: Uuid| {
        let request = pb::GetResolutionRequest { case_id: case_id.to_string() };
        world.compensation.get_resolution(world.call_as(by, "GetResolution", request))
    };
    let abroad = redress_chassis::Caller { regions: vec!["BR".into()], ..caller("cs-agent") };
    assert_eq!(
        refused(get(abroad, case_id).await),
        (Code::PermissionDenied, "REGION_NOT_ALLOWED".to_owned())
    );
    assert_eq!(
        refused(get(caller("cs-agent"), Uuid::from_u128(9)).await),
        (Code::NotFound, "CASE_NOT_FOUND".to_owned())
    );

    world.propose("cs-agent", case_id, 30_000).await;
    world.offer(case_id).await;
    let answer = |case: &str| {
        let by =
            redress_chassis::Caller { regions: Vec::new(), case_id: case.to_owned(), ..caller("customer") };
        let request = world.answer(case_id, pb::ResponseKind::Accepted);
        world.compensation.record_response(world.call_as(by, "RecordResponse", request))
    };
    assert_eq!(
        refused(answer(&Uuid::from_u128(9).to_string()).await),
        (Code::PermissionDenied, "CASE_NOT_ALLOWED".to_owned())
    );
    let accepted = answer(&case_id.to_string()).await.expect("the customer's own case").into_inner();
    assert_eq!(accepted.resolution.expect("a resolution").state(), ResolutionState::Executing);
    let objection = pb::RecordResponseRequest {
        point: pb::ObjectionPoint::Amount.into(),
        text: "太少了".into(),
        ..world.answer(case_id, pb::ResponseKind::Objected)
    };
    let late = world.compensation.record_response(world.call("cs-agent", "RecordResponse", objection)).await;
    assert_eq!(refused(late), (Code::FailedPrecondition, "RESPONSE_ALREADY_GIVEN".to_owned()));
}
