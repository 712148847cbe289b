//! What staff call, and how they are refused.

use chrono::Duration;
use redress_domain::Clock as _;
use redress_proto::{
    time_to_wire,
    triage::v1::{
        ConfirmDispatchRequest, GetTriageRequest, RaiseSignalRequest, ReassignRequest, ReclassifyRequest,
        TriageState, triage_service_server::TriageService as _,
    },
    types::v1::{Priority, SignalKind},
};
use tonic::Code;

use crate::world::{World, caller, reason};

#[tokio::test]
async fn a_signal_raises_once_under_its_request_id() {
    let world = World::new().await;
    let case = world.registered("p1", "delay", "").await;
    let request = RaiseSignalRequest {
        request_id: world.new_case().to_string(),
        case_id: case.to_string(),
        signal: SignalKind::Media.into(),
        reason: "记者来电".into(),
        ..Default::default()
    };
    let raise = async |request: RaiseSignalRequest| {
        world.triage.raise_signal(world.call("public-relations", "RaiseSignal", request)).await
    };
    let triage = raise(request.clone()).await.expect("raised").into_inner().triage.expect("a triage");
    assert_eq!((triage.priority(), triage.media_risk, triage.round), (Priority::Urgent, true, 2));
    let again = raise(request.clone()).await.expect("repeated").into_inner().triage.expect("a triage");
    assert_eq!((again.round, again.etag), (2, triage.etag));
    assert_eq!(world.count(Some(case), "SignalRaised").await, 1);
    assert_eq!(world.count(Some(case), "NoticeRequested").await, 1);

    let other_body = RaiseSignalRequest { signal: SignalKind::Regulator.into(), ..request.clone() };
    assert_eq!(reason(&raise(other_body).await.expect_err("reused")), "REQUEST_ID_REUSED");
    let fresh = |change: &dyn Fn(&mut RaiseSignalRequest)| {
        let mut fresh = RaiseSignalRequest { request_id: world.new_case().to_string(), ..request.clone() };
        change(&mut fresh);
        fresh
    };
    let unchanged = raise(fresh(&|_| {})).await.expect("stands").into_inner().triage.expect("a triage");
    assert_eq!(unchanged.round, 2);
    let stale = raise(fresh(&|request| request.etag = "1".into())).await.expect_err("stale");
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "STALE_ETAG"));
    let future = time_to_wire(world.clock.now() + Duration::seconds(1));
    let future = raise(fresh(&|request| request.time = Some(future))).await.expect_err("in the future");
    assert_eq!((future.code(), reason(&future).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let nothing = raise(fresh(&|request| request.signal = 0)).await.expect_err("no signal");
    assert_eq!(nothing.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn reclassifying_moves_the_case_to_its_department() {
    let world = World::new().await;
    let case = world.registered("p1", "delay", "B1").await;
    let request = ReclassifyRequest {
        request_id: world.new_case().to_string(),
        case_id: case.to_string(),
        primary_sub_type: "damage".into(),
        further_sub_types: vec!["delay".into()],
        reason: "照片显示破损".into(),
        ..Default::default()
    };
    let before = world.view(case).await;
    let triage = world.triage.reclassify(world.call("cs-agent", "Reclassify", request.clone())).await;
    let triage = triage.expect("reclassified").into_inner().triage.expect("a triage");
    assert_eq!((triage.primary_sub_type.as_str(), triage.priority()), ("damage", Priority::Important));
    assert_eq!(triage.dispatch.expect("dispatched").department, "warehouse");
    assert_ne!(triage.incident_id, before.incident_id, "another matter, another incident");
    assert_eq!(world.count(None, "IncidentLeft").await, 1);

    let refuse = async |change: &dyn Fn(&mut ReclassifyRequest)| {
        let mut refused = ReclassifyRequest { request_id: world.new_case().to_string(), ..request.clone() };
        change(&mut refused);
        let status = world
            .triage
            .reclassify(world.call("cs-agent", "Reclassify", refused))
            .await
            .expect_err("refused");
        (status.code(), reason(&status))
    };
    let unknown = refuse(&|request| request.primary_sub_type = "no_such".into()).await;
    assert_eq!(unknown, (Code::InvalidArgument, "SUB_TYPE_UNKNOWN".to_owned()));
    let category =
        refuse(&|request| request.set_category(redress_proto::types::v1::Category::SystemFault)).await;
    assert_eq!(category, (Code::InvalidArgument, "SUB_TYPE_UNKNOWN".to_owned()));
    let blank = refuse(&|request| request.reason = " ".into()).await;
    assert_eq!(blank, (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
    let nowhere = refuse(&|request| request.case_id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into()).await;
    assert_eq!(nowhere, (Code::NotFound, "CASE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn the_department_confirms_and_the_case_may_move_on() {
    let world = World::new().await;
    let case = world.registered("p1", "damage", "").await;
    let confirm = async |department: &str, contact: &str| {
        let request = ConfirmDispatchRequest {
            request_id: world.new_case().to_string(),
            case_id: case.to_string(),
            contact: contact.into(),
            ..Default::default()
        };
        let request = world.call_as(caller("department-manager", department), "ConfirmDispatch", request);
        world.triage.confirm_dispatch(request).await
    };
    let stranger = confirm("finance", "wang.wei").await.expect_err("another department");
    assert_eq!((stranger.code(), reason(&stranger).as_str()), (Code::PermissionDenied, "NOT_RESPONSIBLE"));
    let nobody = confirm("warehouse", "").await.expect_err("nobody named");
    assert_eq!(
        (nobody.code(), reason(&nobody).as_str()),
        (Code::FailedPrecondition, "DELIVERABLE_INCOMPLETE")
    );
    world.advance(Duration::hours(3)).await;
    let triage =
        confirm("warehouse", "wang.wei").await.expect("confirmed").into_inner().triage.expect("a triage");
    assert_eq!(triage.state(), TriageState::Confirmed);
    let twice = confirm("warehouse", "wang.wei").await.expect_err("confirmed before");
    assert_eq!(reason(&twice), "STATE_NOT_ALLOWED");
    assert_eq!(world.advance(Duration::hours(5)).await, 0, "the deadline is met");

    let request = ReassignRequest {
        request_id: world.new_case().to_string(),
        case_id: case.to_string(),
        department: "transport".into(),
        reason: "责任在运输环节".into(),
        ..Default::default()
    };
    let moved = world.triage.reassign(world.call("cs-supervisor", "Reassign", request)).await.expect("moved");
    let moved = moved.into_inner().triage.expect("a triage");
    assert_eq!(moved.dispatch.expect("dispatched").department, "transport");
}

#[tokio::test]
async fn a_token_sees_its_regions_only() {
    let world = World::new().await;
    let case = world.registered("p1", "delay", "").await;
    let mut abroad = caller("cs-agent", "");
    abroad.regions = vec!["BR".into()];
    let request = GetTriageRequest { case_id: case.to_string() };
    let refused = world.triage.get_triage(world.call_as(abroad.clone(), "GetTriage", request)).await;
    assert_eq!(reason(&refused.expect_err("another region")), "REGION_NOT_ALLOWED");
    let queue = world.triage.list_queue(world.call_as(abroad, "ListQueue", Default::default())).await;
    assert!(queue.expect("listed").into_inner().triages.is_empty());
}
