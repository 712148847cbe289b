//! A case from registration to its end.

use chrono::Duration;
use redress_chassis::{Reactor as _, Service as _, replay::replay};
use redress_domain::Clock as _;
use redress_proto::{
    intake::v1::{
        CaseFacts, CaseReopened, CaseWithdrawn, ComplaintRegistered, MessageDelivered, OrderFactsAttached,
    },
    time_to_wire,
    triage::v1::{
        DispatchMode, ListDecisionsRequest, ListQueueRequest, ReportProgressRequest, TriageState,
        triage_service_server::TriageService as _,
    },
    types::v1::{OrderFacts, OrderKnowledge, Priority},
};
use redress_storage::{Database, Migration};
use redress_triage::Triage;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::world::{World, start};

#[tokio::test]
async fn a_case_is_ranked_handed_over_and_told_of() {
    let world = World::new().await;
    let case = world.registered("p1", "bad_attitude", "").await;
    let triage = world.view(case).await;
    assert_eq!(
        (triage.state(), triage.priority(), triage.round),
        (TriageState::Dispatched, Priority::General, 1)
    );
    let dispatch = triage.dispatch.expect("dispatched");
    assert_eq!((dispatch.mode(), dispatch.deliverable.as_str()), (DispatchMode::FrontLine, "progress"));
    assert_eq!(dispatch.due_time, Some(time_to_wire(start() + Duration::hours(8))));
    assert!(!dispatch.deadline_id.is_empty());

    // The same registration again changes nothing.
    world.apply(&world.registration(case, "p1", "damage", "")).await;
    assert_eq!(world.view(case).await.etag, "1");

    assert_eq!(world.advance(Duration::hours(8) - Duration::seconds(1)).await, 1, "the warning");
    assert!(world.view(case).await.dispatch.expect("dispatched").overdue_time.is_none());
    assert_eq!(world.advance(Duration::seconds(1)).await, 1, "the miss");
    assert!(world.view(case).await.dispatch.expect("dispatched").overdue_time.is_some());

    let request = ReportProgressRequest {
        request_id: world.new_case().to_string(),
        case_id: case.to_string(),
        text: "正在核实派送记录".into(),
        ..Default::default()
    };
    let told = world.triage.report_progress(world.call("cs-agent", "ReportProgress", request.clone())).await;
    let told = told.expect("told").into_inner().triage.expect("a triage");
    let again = world.triage.report_progress(world.call("cs-agent", "ReportProgress", request)).await;
    assert_eq!(again.expect("repeated").into_inner().triage.expect("a triage").etag, told.etag);
    let report = told.progress_reports[0].clone();
    assert_eq!(world.intake.get(&report.text_ref).as_deref(), Some("正在核实派送记录"));
    assert!(
        world
            .logged(None)
            .await
            .iter()
            .all(|event| !String::from_utf8_lossy(&event.payload).contains("核实"))
    );

    let delivered = MessageDelivered {
        asked_by: "triage".into(),
        notice_key: report.notice_key,
        delivery_time: Some(time_to_wire(start() + Duration::hours(7))),
        ..Default::default()
    };
    world.told("intake", case, &delivered).await;
    let triage = world.view(case).await;
    assert_eq!(triage.state(), TriageState::Confirmed);
    assert!(triage.dispatch.expect("dispatched").overdue_time.is_none());
    assert_eq!(triage.progress_reports[0].text, "正在核实派送记录");
}

#[tokio::test]
async fn a_text_without_a_type_is_read_and_only_its_places_are_kept() {
    let world = World::new().await;
    world.intake.put("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "包裹破损，里面的东西都碎了");
    let case = world.new_case();
    let facts =
        CaseFacts { narrative_ref: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into(), ..Default::default() };
    world.told("intake", case, &ComplaintRegistered { facts: Some(facts), ..Default::default() }).await;
    let triage = world.view(case).await;
    assert_eq!(triage.primary_sub_type, "damage");
    let suggestion = triage.suggestion.expect("a suggestion");
    assert!(suggestion.adopted && !suggestion.reasons.is_empty());
    let decisions = ListDecisionsRequest { case_id: case.to_string(), ..Default::default() };
    let decisions = world.triage.list_decisions(world.call("supervision", "ListDecisions", decisions)).await;
    let questions: Vec<String> = decisions
        .expect("listed")
        .into_inner()
        .decisions
        .into_iter()
        .map(|decision| decision.question)
        .collect();
    assert_eq!(questions, ["sub_type", "priority", "dispatch"]);
}

#[tokio::test]
async fn order_facts_raise_the_priority_and_the_queue_shows_it_first() {
    let world = World::new().await;
    let ordinary = world.registered("p1", "delay", "").await;
    let fresh = world.registered("p2", "delay", "").await;
    let order = OrderFacts {
        knowledge: OrderKnowledge::Known.into(),
        goods_category: "fresh".into(),
        ..Default::default()
    };
    world.told("intake", fresh, &OrderFactsAttached { order: Some(order), ..Default::default() }).await;
    let queue =
        world.triage.list_queue(world.call("cs-agent", "ListQueue", ListQueueRequest::default())).await;
    let order: Vec<String> =
        queue.expect("listed").into_inner().triages.into_iter().map(|triage| triage.case_id).collect();
    assert_eq!(order, [fresh.to_string(), ordinary.to_string()]);
    let first = ListQueueRequest { page_size: 1, ..Default::default() };
    let page = world.triage.list_queue(world.call("cs-agent", "ListQueue", first.clone())).await;
    let page = page.expect("listed").into_inner();
    let second = ListQueueRequest { page_token: page.next_page_token, ..first };
    let page = world
        .triage
        .list_queue(world.call("cs-agent", "ListQueue", second))
        .await
        .expect("listed")
        .into_inner();
    assert_eq!(
        (page.triages[0].case_id.clone(), page.next_page_token),
        (ordinary.to_string(), String::new())
    );
    for (filter, expected) in [
        (ListQueueRequest { priority: Priority::Urgent.into(), ..Default::default() }, 1),
        (ListQueueRequest { department: "warehouse".into(), ..Default::default() }, 0),
        (ListQueueRequest { states: vec![TriageState::Ended.into()], ..Default::default() }, 0),
    ] {
        let found =
            world.triage.list_queue(world.call("cs-agent", "ListQueue", filter)).await.expect("listed");
        assert_eq!(found.into_inner().triages.len(), expected);
    }
}

#[tokio::test]
async fn an_end_cancels_what_is_owed_and_a_reopening_owes_it_anew() {
    let world = World::new().await;
    let case = world.registered("p1", "delay", "").await;
    world.told("intake", case, &CaseWithdrawn::default()).await;
    assert_eq!(world.view(case).await.state(), TriageState::Ended);
    assert_eq!(world.advance(Duration::hours(24)).await, 0, "nothing is due");
    world.told("intake", case, &CaseReopened { reopenings: 1, ..Default::default() }).await;
    let triage = world.view(case).await;
    let due = world.clock.now() + Duration::hours(8);
    assert_eq!(triage.state(), TriageState::Dispatched);
    assert_eq!(triage.dispatch.expect("dispatched").due_time, Some(time_to_wire(due)));
}

#[tokio::test]
async fn a_replay_into_an_empty_database_gives_the_same_rows() {
    let world = World::new().await;
    for person in ["a", "b", "c", "d", "e"] {
        world.registered(person, "delay", "B1").await;
    }
    let case = world.registered("f", "damage", "B2").await;
    world.told("intake", case, &CaseWithdrawn::default()).await;
    world.advance(Duration::hours(9)).await;

    let copy = redress_testkit::servers().await.database("triage").await;
    let database = Database::connect(copy.url(), 2).await.expect("connects");
    let migrations: Vec<Migration> =
        redress_deadlines::MIGRATIONS.iter().chain(Triage::migrations()).copied().collect();
    database.migrate(&migrations).await.expect("migrates");
    let original = world.runtime.engine().database();
    replay("triage", original, &database, &*world.triage).await.expect("replays");
    assert_eq!(world.triage.sources().len(), 3);
    for table in ["aggregate", "queue", "incident", "ruling", "deadline"] {
        let rows = async |database: &Database| {
            let sql = format!("select to_jsonb(t) as row from {table} t order by to_jsonb(t)::text");
            let rows = database.pool().query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
            let rows = rows.expect("readable");
            rows.iter()
                .map(|row| row.try_get::<serde_json::Value>("", "row").expect("json"))
                .collect::<Vec<_>>()
        };
        let (expected, actual) = (rows(original).await, rows(&database).await);
        assert!(!expected.is_empty(), "{table} is empty");
        assert_eq!(actual, expected, "{table}");
    }
}
