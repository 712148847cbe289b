//! An investigation from its opening on: deadlines, notices, decisions, replay.

use redress_chassis::replay::replay;
use redress_deadlines::DeadlineState;
use redress_investigation::app::{
    conclude_investigation::conclude_investigation, decide_extension::decide_extension,
    get_investigation::get_investigation, list_decisions::list_decisions,
    pause_for_customer::pause_for_customer, report_progress::report_progress,
    request_evidence::request_evidence, request_extension::request_extension, waive_evidence::waive_evidence,
};
use redress_proto::{
    intake::v1 as intake, investigation::v1 as pb, time_to_wire, triage::v1 as triage, types::v1 as types,
};
use redress_storage::{Database, transaction::query_all};
use tonic::Code;
use uuid::Uuid;

use crate::world::{World, after, call, refusal};

async fn limit_of(world: &World, case: Uuid) -> (DeadlineState, Option<redress_domain::Timestamp>) {
    let filter = redress_deadlines::store::Filter {
        case_id: Some(case),
        kind: Some("investigation".into()),
        ..Default::default()
    };
    let pool = world.runtime.engine().database().pool();
    let deadlines = redress_deadlines::store::list(pool, &filter, 0, 10).await.unwrap();
    (deadlines[0].state, deadlines[0].due_at)
}

fn apply(case: Uuid) -> pb::RequestExtensionRequest {
    pb::RequestExtensionRequest {
        case_id: case.to_string(),
        reason: "要等中转站的记录".into(),
        ..Default::default()
    }
}

fn approve(case: Uuid) -> pb::DecideExtensionRequest {
    let verdict = pb::ExtensionVerdict::Approved.into();
    pb::DecideExtensionRequest { case_id: case.to_string(), verdict, ..Default::default() }
}

async fn approved(world: &World, case: Uuid) -> pb::Extension {
    request_extension(&world.service, &call("cs-agent"), apply(case)).await.unwrap();
    let answer = decide_extension(&world.service, &call("cs-supervisor"), approve(case)).await.unwrap();
    answer.investigation.unwrap().extensions.remove(0)
}

#[tokio::test]
async fn an_extension_takes_effect_when_the_customer_was_told() {
    let world = World::new("extension").await;
    let case = world.delay().await;
    world.advance(after(60)).await;
    let extension = approved(&world, case).await;
    assert_eq!(extension.state(), pb::ExtensionState::Approved);
    assert_eq!(extension.applicant.as_ref().unwrap().subject, "test.cs-agent");
    assert_eq!(limit_of(&world, case).await, (DeadlineState::Pending, Some(after(72))));
    world.told(case, &extension.notice_key, after(60)).await;
    assert_eq!(limit_of(&world, case).await, (DeadlineState::Pending, Some(after(144))));
    let shown = world.get(case).await;
    assert_eq!(shown.due_time, Some(time_to_wire(after(144))));
    assert_eq!(shown.extensions[0].state(), pb::ExtensionState::Granted);
    assert_eq!(shown.extensions[0].reason, "要等中转站的记录", "the words come from intake");
    let again = refusal(request_extension(&world.service, &call("cs-agent"), apply(case)).await);
    assert_eq!((again.0, again.1.as_str()), (Code::FailedPrecondition, "EXTENSION_USED_UP"));
    assert_eq!(world.texts.count(), 1, "a refused application leaves no text");
}

#[tokio::test]
async fn an_extension_lapses_when_the_limit_falls_due_first_unless_it_was_told_in_time() {
    let world = World::new("lapse").await;
    let (silent, late) = (world.delay().await, world.delay().await);
    world.advance(after(70)).await;
    approved(&world, silent).await;
    let extension = approved(&world, late).await;
    world.advance(after(72)).await;
    for case in [silent, late] {
        assert_eq!(limit_of(&world, case).await.0, DeadlineState::Missed);
        assert_eq!(world.get(case).await.extensions[0].state(), pb::ExtensionState::Lapsed);
    }
    world.advance(after(73)).await;
    world.told(late, &extension.notice_key, after(71)).await;
    assert_eq!(limit_of(&world, late).await, (DeadlineState::Pending, Some(after(144))));
    assert_eq!(world.get(late).await.extensions[0].state(), pb::ExtensionState::Granted);
}

#[tokio::test]
async fn progress_meets_a_general_limit_when_it_arrives() {
    let world = World::new("progress").await;
    let case = world.delay().await;
    let request = pb::ReportProgressRequest {
        request_id: world.request_id(),
        case_id: case.to_string(),
        text: "正在核对中转记录".into(),
        ..Default::default()
    };
    let answer = report_progress(&world.service, &call("cs-agent"), request.clone()).await.unwrap();
    let again = report_progress(&world.service, &call("cs-agent"), request).await.unwrap();
    assert_eq!(answer, again);
    let report = &answer.investigation.unwrap().progress_reports[0];
    assert!(report.text.is_empty() && !report.text_ref.is_empty(), "answers that are kept have no words");
    assert_eq!(limit_of(&world, case).await.0, DeadlineState::Pending);
    world.advance(after(72)).await;
    assert_eq!(limit_of(&world, case).await.0, DeadlineState::Missed);
    // The receipt comes late and says that it had arrived in time.
    world.told(case, &report.notice_key, after(71)).await;
    assert_eq!(limit_of(&world, case).await.0, DeadlineState::Met);
    assert_eq!(world.get(case).await.progress_reports[0].text, "正在核对中转记录");
}

#[tokio::test]
async fn a_raise_and_a_pause_move_the_deadline_as_the_state_says() {
    let world = World::new("moves").await;
    let case = world.delay().await;
    world.advance(after(10)).await;
    let pause = pb::PauseForCustomerRequest {
        case_id: case.to_string(),
        text: "请发来包裹面单的照片".into(),
        ..Default::default()
    };
    let paused =
        pause_for_customer(&world.service, &call("cs-agent"), pause).await.unwrap().investigation.unwrap();
    assert_eq!((paused.state(), paused.due_time), (pb::InvestigationState::Paused, None));
    world.advance(after(20)).await;
    let answer =
        intake::MessageReceived { received_time: Some(time_to_wire(after(20))), ..Default::default() };
    world.tell("intake", case, &answer).await;
    assert_eq!(world.get(case).await.due_time, Some(time_to_wire(after(82))));
    let raised = triage::CaseTriaged {
        priority: types::Priority::Urgent.into(),
        category: types::Category::ServiceQuality.into(),
        primary_sub_type: "delay".into(),
        trigger: triage::TriageTrigger::Signal.into(),
        raise_time: Some(time_to_wire(after(20))),
        ..Default::default()
    };
    world.tell("triage", case, &raised).await;
    world.tell("triage", case, &raised).await;
    let shown = world.get(case).await;
    assert_eq!(shown.due_time, Some(time_to_wire(after(44))));
    assert_eq!(shown.due_time, limit_of(&world, case).await.1.map(time_to_wire));
    let log = world.log(case).await;
    assert_eq!(
        log.iter().filter(|name| *name == "InvestigationAdjusted").count(),
        1,
        "told twice, done once"
    );
}

#[tokio::test]
async fn refusals_come_with_status_and_everything_that_is_missing() {
    let world = World::new("refusals").await;
    let case = world.open(types::Priority::Important, "damage", types::Category::CargoDamageLoss).await;
    let conclude = || pb::ConcludeInvestigationRequest {
        case_id: case.to_string(),
        validity: types::Validity::Unfounded.into(),
        cause: "packaging".into(),
        responsible_party: "warehouse".into(),
        findings: "外包装不足。".into(),
        ..Default::default()
    };
    let (code, reason, missing) =
        refusal(conclude_investigation(&world.service, &call("cs-agent"), conclude()).await);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "EVIDENCE_INCOMPLETE"));
    assert_eq!(missing, ["warehouse_scans", "warehouse_cctv", "handover_sheets"]);
    let mut own = call("department-manager");
    own.caller.department = "warehouse".into();
    let refused = refusal(conclude_investigation(&world.service, &own, conclude()).await);
    assert_eq!((refused.0, refused.1.as_str()), (Code::PermissionDenied, "OWN_UNIT"));
    let stale = pb::ConcludeInvestigationRequest { etag: "1".into(), ..conclude() };
    let refused = refusal(conclude_investigation(&world.service, &call("cs-agent"), stale).await);
    assert_eq!((refused.0, refused.1.as_str()), (Code::Aborted, "STALE_ETAG"));
    let blank = pb::ConcludeInvestigationRequest { findings: " \n".into(), ..conclude() };
    assert_eq!(
        refusal(conclude_investigation(&world.service, &call("cs-agent"), blank).await).1,
        "INVALID_FIELDS"
    );
    let mut elsewhere = call("cs-agent");
    elsewhere.caller.regions = vec!["br".into()];
    let request = pb::GetInvestigationRequest { case_id: case.to_string() };
    let refused = refusal(get_investigation(&world.service, &elsewhere, request).await);
    assert_eq!((refused.0, refused.1.as_str()), (Code::PermissionDenied, "REGION_NOT_ALLOWED"));
    assert_eq!(world.texts.count(), 0);

    // Known and not yet triaged: to callers there is none.
    let facts = intake::CaseFacts { region: "cn".into(), ..Default::default() };
    let waiting = Uuid::from_u128(42);
    let registered = intake::ComplaintRegistered { facts: Some(facts), ..Default::default() };
    world.tell("intake", waiting, &registered).await;
    let request = pb::GetInvestigationRequest { case_id: waiting.to_string() };
    let refused = refusal(get_investigation(&world.service, &call("cs-agent"), request).await);
    assert_eq!((refused.0, refused.1.as_str()), (Code::NotFound, "CASE_NOT_FOUND"));
}

#[tokio::test]
async fn a_whole_life_is_on_record_and_replays_to_the_same_rows() {
    let world = World::new("replay").await;
    let case = world.open(types::Priority::Important, "damage", types::Category::CargoDamageLoss).await;
    let dispatch = triage::Dispatch {
        department: "warehouse".into(),
        mode: triage::DispatchMode::ContactPerson.into(),
        ..Default::default()
    };
    world
        .tell("triage", case, &triage::CaseDispatched { dispatch: Some(dispatch), ..Default::default() })
        .await;
    let ask = pb::RequestEvidenceRequest {
        case_id: case.to_string(),
        item_ids: vec!["warehouse_scans".into(), "handover_sheets".into()],
        text: "请一并说明交接班时间".into(),
        ..Default::default()
    };
    request_evidence(&world.service, &call("cs-agent"), ask).await.unwrap();
    world.upload_all(case, &["warehouse_scans", "handover_sheets"]).await;
    let waive = pb::WaiveEvidenceRequest {
        case_id: case.to_string(),
        item_id: "warehouse_cctv".into(),
        reason: "录像已覆盖".into(),
        ..Default::default()
    };
    waive_evidence(&world.service, &call("cs-supervisor"), waive).await.unwrap();
    let conclude = pb::ConcludeInvestigationRequest {
        case_id: case.to_string(),
        validity: types::Validity::Malicious.into(),
        cause: "wrong_information".into(),
        responsible_party: "shipper".into(),
        findings: "伪造照片。".into(),
        ..Default::default()
    };
    conclude_investigation(&world.service, &call("cs-agent"), conclude).await.unwrap();
    assert_eq!(
        world.log(case).await.into_iter().filter(|name| name != "DeadlineChanged").collect::<Vec<_>>(),
        [
            "CaseNoted",
            "InvestigationOpened",
            "EvidenceRequested",
            "NoticeRequested",
            "InvestigationAdjusted",
            "EvidenceRequested",
            "NoticeRequested",
            "EvidenceRequested",
            "NoticeRequested",
            "EvidenceReceived",
            "EvidenceReceived",
            "EvidenceWaived",
            "CoreEvidenceVerified",
            "InvestigationConcluded",
            "NoticeRequested",
        ]
    );
    let shown = world.get(case).await;
    assert_eq!(shown.department, "warehouse");
    assert_eq!(shown.waivers[0].reason, "录像已覆盖");
    let wanted = world.texts.words(&notice_text(&world, case).await);
    assert_eq!(wanted, "请调取该运单的出库、入库扫码记录；请一并说明交接班时间");

    let request = pb::ListDecisionsRequest { case_id: case.to_string(), page_size: 3, ..Default::default() };
    let page = list_decisions(&world.service, &call("supervision"), request.clone()).await.unwrap();
    assert_eq!((page.decisions.len(), page.next_page_token.is_empty()), (3, false));
    let next = pb::ListDecisionsRequest { page_size: 50, ..request };
    let all = list_decisions(&world.service, &call("supervision"), next).await.unwrap().decisions;
    let questions: Vec<&str> = all.iter().map(|decision| decision.question.as_str()).collect();
    for question in ["evidence", "deliverables", "investigation_limit", "cause", "responsible_party"] {
        assert!(questions.contains(&question), "{question} in {questions:?}");
    }
    assert!(all.iter().all(|decision| !decision.rules[0].cite.is_empty() && decision.position.is_some()));

    let empty = redress_testkit::servers().await.database("investigation").await;
    let copy = Database::connect(empty.url(), 2).await.unwrap();
    let migrations: Vec<_> = redress_deadlines::MIGRATIONS
        .iter()
        .chain(<redress_investigation::Investigation as redress_chassis::Service>::migrations())
        .copied()
        .collect();
    copy.migrate(&migrations).await.unwrap();
    let original = world.runtime.engine().database();
    replay("investigation", original, &copy, &**world.runtime.reactor()).await.unwrap();
    for table in ["aggregate", "deadline", "evidence", "ruling"] {
        assert_eq!(rows(original, table).await, rows(&copy, table).await, "{table}");
    }
}

async fn notice_text(world: &World, case: Uuid) -> String {
    let pool = world.runtime.engine().database().pool();
    let events = redress_storage::log::of_case(pool, "investigation", case).await.unwrap();
    let asked = events.iter().filter(|event| event.event.kind.ends_with("NoticeRequested"));
    let notices: Vec<types::NoticeRequested> =
        asked.map(|event| redress_chassis::wire::payload(event).unwrap()).collect();
    let to_warehouse = notices
        .iter()
        .rfind(|notice| notice.audience.as_ref().is_some_and(|audience| audience.department == "warehouse"));
    to_warehouse.unwrap().text_parameters["materials"].clone()
}

async fn rows(database: &Database, table: &str) -> Vec<String> {
    let sql = format!("select to_jsonb(t)::text as row from {table} t order by 1");
    let rows = query_all(database.pool(), "read a table", &sql, []).await.unwrap();
    rows.iter().map(|row| row.try_get("", "row").unwrap()).collect()
}
