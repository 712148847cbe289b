//! Improvements against the problems of a review.

use redress_proto::{survey::v1 as pb, time_to_wire, types::v1 as types};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{World, at, refusal};

const START: &str = "2026-03-02T09:00:00+08:00";
const DUE: &str = "2026-03-20T18:00:00+08:00";

fn plan(problem: &str, measure: &str, due: &str) -> pb::PlanImprovementRequest {
    pb::PlanImprovementRequest {
        request_id: String::new(),
        region: String::new(),
        month: "2026-03".into(),
        problem_id: problem.into(),
        measure: measure.into(),
        text: String::new(),
        owner_role: types::Role::DepartmentManager.into(),
        owner_department: "transport".into(),
        owner: String::new(),
        due_time: Some(time_to_wire(at(due))),
    }
}

#[tokio::test]
async fn without_a_due_date_it_is_due_after_the_handbooks_limit() {
    let world = World::at(START).await;
    rude(&world).await;
    let request = pb::PlanImprovementRequest { due_time: None, ..plan(RUDE, "empathy_training", DUE) };
    let planned = world.client().plan_improvement(world.by("cs-supervisor", None, request)).await;
    let improvement = planned.expect("planned").into_inner().improvement.expect("an improvement");
    assert_eq!(improvement.due_time, Some(time_to_wire(at("2026-04-01T09:00:00+08:00"))));
}

async fn rude(world: &World) {
    let case = world.register("SHA-PEK").await;
    world.triage(case, types::Priority::General, "bad_attitude").await;
}

const RUDE: &str = "frequent_type:bad_attitude:SHA-PEK";

#[tokio::test]
async fn each_problem_gets_a_measure_of_the_handbook_an_owner_and_a_due_date() {
    let world = World::at(START).await;
    rude(&world).await;
    for (request, code, reason) in [
        (plan("frequent_type:delay", "", DUE), Code::NotFound, "PROBLEM_UNKNOWN"),
        (plan(RUDE, "free_beer", DUE), Code::InvalidArgument, "MEASURE_UNKNOWN"),
        (plan(RUDE, "", DUE), Code::InvalidArgument, "INVALID_FIELDS"),
        (plan(RUDE, "empathy_training", START), Code::InvalidArgument, "DUE_TIME_PAST"),
    ] {
        let refused = world.client().plan_improvement(world.by("cs-supervisor", None, request)).await;
        assert_eq!(refusal(&refused.expect_err("refused")), (code, reason.into()));
    }
    let refused = world
        .client()
        .plan_improvement(world.by("supervision", None, plan(RUDE, "empathy_training", DUE)))
        .await;
    assert_eq!(refusal(&refused.expect_err("refused")).1, "ROLE_NOT_ALLOWED");

    let own = pb::PlanImprovementRequest {
        text: "talk to the depot".into(),
        ..plan(RUDE, "", "2026-03-10T09:00:00+08:00")
    };
    for request in [plan(RUDE, "empathy_training", DUE), own] {
        world.client().plan_improvement(world.by("cs-supervisor", None, request)).await.expect("planned");
    }
    let listed = |size, token: String| {
        let request =
            pb::ListImprovementsRequest { page_size: size, page_token: token, ..Default::default() };
        world.by("cs-agent", None, request)
    };
    let first =
        world.client().list_improvements(listed(1, String::new())).await.expect("listed").into_inner();
    assert_eq!(first.improvements[0].text, "talk to the depot");
    let second = world
        .client()
        .list_improvements(listed(1, first.next_page_token))
        .await
        .expect("listed")
        .into_inner();
    assert_eq!(
        (second.improvements[0].measure.as_str(), second.improvements[0].exam),
        ("empathy_training", true)
    );
    assert_eq!(second.next_page_token, "");
    assert_eq!(world.review("2026-03").await.improvements.len(), 2);
    let due = world.runtime.next_due().await.expect("reads").expect("a warning");
    assert!(due < at("2026-03-10T09:00:00+08:00"));
}

#[tokio::test]
async fn back_to_work_only_with_the_exam_passed() {
    let world = World::at(START).await;
    rude(&world).await;
    let request = world.by("cs-supervisor", None, plan(RUDE, "empathy_training", DUE));
    let planned = world.client().plan_improvement(request).await.expect("planned").into_inner();
    let planned = planned.improvement.expect("set");
    let complete = |etag: &str, exam_passed| {
        let request = pb::CompleteImprovementRequest {
            request_id: String::new(),
            improvement_id: planned.improvement_id.clone(),
            etag: etag.into(),
            outcome: "all took part".into(),
            exam_passed,
        };
        world.by("cs-supervisor", None, request)
    };
    let refused = world.client().complete_improvement(complete("", false)).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "EXAM_NOT_PASSED".into()));
    let refused = world.client().complete_improvement(complete("0", true)).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::Aborted, "STALE_ETAG".into()));
    let done =
        world.client().complete_improvement(complete(&planned.etag, true)).await.expect("done").into_inner();
    assert_eq!(done.improvement.map(|done| done.state()), Some(pb::ImprovementState::Completed));
    let refused = world.client().complete_improvement(complete("", true)).await.expect_err("refused");
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "STATE_NOT_ALLOWED".into()));
    let unknown = pb::CompleteImprovementRequest {
        improvement_id: Uuid::from_u128(9).to_string(),
        outcome: "none".into(),
        ..pb::CompleteImprovementRequest::default()
    };
    let refused = world.client().complete_improvement(world.by("cs-supervisor", None, unknown)).await;
    assert_eq!(refusal(&refused.expect_err("refused")), (Code::NotFound, "IMPROVEMENT_NOT_FOUND".into()));
    world.assert_replayable().await;
}
