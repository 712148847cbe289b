//! The ledger as it is served: rows, timeline, what a customer sees, and a case that is watched.

use redress_chassis::Caller;
use redress_proto::{
    deadlines::v1::{Deadline, DeadlineBasis, DeadlineChange, DeadlineChanged, DeadlineState},
    intake::v1::{
        CaseState, CaseStep, GetCaseStatusRequest, ListCasesRequest, ListDecisionsRequest,
        ListTimelineRequest, WatchCaseRequest,
    },
    investigation::v1::{InvestigationOpened, InvestigationPaused},
    time_to_wire,
    triage::v1::{CaseDispatched, CaseTriaged, Dispatch},
    types::v1::{Category, Priority, Role},
};
use tonic::Code;

use crate::served::{Served, reason, start};

#[tokio::test]
async fn cases_are_listed_a_row_a_case_within_the_callers_regions() {
    let served = Served::new().await;
    let (first, _) = served.registered("SF1").await;
    let (second, _) = served.registered("SF2").await;
    let triaged = CaseTriaged {
        priority: Priority::Important.into(),
        category: Category::ServiceQuality.into(),
        primary_sub_type: "delay".into(),
        ..CaseTriaged::default()
    };
    served.told("triage", &first, 1, &triaged).await;
    let dispatch = Dispatch {
        lead_roles: vec![Role::DepartmentManager.into()],
        department: "transport".into(),
        ..Dispatch::default()
    };
    served
        .told("triage", &first, 2, &CaseDispatched { dispatch: Some(dispatch), ..CaseDispatched::default() })
        .await;

    let mut client = served.client("supervision");
    let list = async |client: &mut crate::served::Client, request: ListCasesRequest| {
        client.list_cases(request).await.map(tonic::Response::into_inner)
    };
    let all = list(&mut client, ListCasesRequest::default()).await.expect("lists");
    let numbers: Vec<_> = all.cases.iter().map(|row| row.case_number.clone()).collect();
    assert_eq!(numbers, [second.case_number.clone(), first.case_number.clone()]);
    let row = &all.cases[0];
    assert_eq!((row.step(), row.state()), (CaseStep::Received, CaseState::Open));
    let next = row.next_deadline.clone().expect("the first response is owed");
    assert_eq!((next.service.as_str(), next.kind.as_str()), ("intake", "first_response"));
    assert_eq!(row.statutory_deadline.clone().expect("an answer is owed by law").kind, "statutory_answer");

    let transport = ListCasesRequest { owner_department: "transport".into(), ..ListCasesRequest::default() };
    let owned = list(&mut client, transport).await.expect("lists").cases;
    assert_eq!(owned.len(), 1);
    assert_eq!((owned[0].step(), owned[0].priority()), (CaseStep::Dispatched, Priority::Important));

    let by_state = ListCasesRequest {
        steps: vec![CaseStep::Received.into(), CaseStep::Closed.into()],
        waybill_no: "SF2".into(),
        due_before: Some(time_to_wire(start() + chrono::Duration::hours(3))),
        ..ListCasesRequest::default()
    };
    assert_eq!(list(&mut client, by_state).await.expect("lists").cases.len(), 1);

    let one = ListCasesRequest { page_size: 1, ..ListCasesRequest::default() };
    let page = list(&mut client, one.clone()).await.expect("lists");
    assert_eq!(page.cases[0].case_number, second.case_number);
    let rest = ListCasesRequest { page_token: page.next_page_token.clone(), ..one };
    let rest = list(&mut client, rest).await.expect("lists");
    assert_eq!((rest.cases[0].case_number.clone(), rest.next_page_token), (first.case_number, String::new()));
    let other_query = ListCasesRequest {
        page_token: page.next_page_token,
        waybill_no: "SF2".into(),
        ..ListCasesRequest::default()
    };
    let refused = list(&mut client, other_query).await.expect_err("the token is of another query");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_PAGE_TOKEN"));

    let mut elsewhere = served.client_of(&Caller {
        subject: "ana".into(),
        roles: vec!["cs-agent".into()],
        department: String::new(),
        regions: vec!["BR".into()],
        case_id: String::new(),
    });
    assert_eq!(list(&mut elsewhere, ListCasesRequest::default()).await.expect("lists").cases, []);
    let asked = ListCasesRequest { regions: vec!["CN".into()], ..ListCasesRequest::default() };
    assert_eq!(reason(&list(&mut elsewhere, asked).await.expect_err("another region")), "REGION_NOT_ALLOWED");
    let timeline = ListTimelineRequest { case_id: second.case_id, ..ListTimelineRequest::default() };
    let refused = elsewhere.list_timeline(timeline).await.expect_err("another region");
    assert_eq!(reason(&refused), "REGION_NOT_ALLOWED");
}

#[tokio::test]
async fn a_timeline_says_what_happened_by_whom_under_which_clause() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    served.told("investigation", &case, 1, &InvestigationOpened::default()).await;
    let mut client = served.client("supervision");
    let request =
        ListTimelineRequest { case_id: case.case_id.clone(), page_size: 2, ..ListTimelineRequest::default() };
    let mut entries = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListTimelineRequest { page_token, ..request.clone() };
        let page = client.list_timeline(request).await.expect("lists").into_inner();
        assert!(page.entries.len() <= 2);
        entries.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let first = &entries[0];
    assert_eq!(first.r#type, "redress.intake.v1.ComplaintRegistered");
    assert_eq!(first.step(), CaseStep::Received);
    let title = first.title.clone().expect("a title");
    assert_eq!((title.zh_cn.as_str(), title.en.as_str()), ("投诉已登记：短信", "Complaint registered: sms"));
    assert_eq!(first.actor.clone().expect("an actor").subject, "test-cs-agent");
    assert_eq!(first.handbook_version, "2026.1");
    assert_eq!(first.details["facts.waybill_no"], "SF1");
    let opened = entries
        .iter()
        .find(|entry| entry.details.get("deadline.kind").is_some_and(|kind| kind == "first_response"))
        .expect("the first response is owed");
    let title = opened.title.clone().expect("a title");
    assert_eq!(
        (title.zh_cn.as_str(), title.en.as_str()),
        ("期限开始：首次响应", "Deadline opened: first response")
    );
    assert!(opened.rules.iter().any(|rule| rule.cite.starts_with("M2.3a")), "{:?}", opened.rules);
    assert_eq!(entries.last().expect("not empty").step(), CaseStep::Investigating);
    // Names, numbers and words of the customer are nowhere in it.
    let shown = format!("{entries:?}");
    assert!(!shown.contains("李娜") && !shown.contains("13800000000") && !shown.contains("三天"));

    let decisions = ListDecisionsRequest { case_id: case.case_id, ..ListDecisionsRequest::default() };
    let decisions = client.list_decisions(decisions).await.expect("lists").into_inner().decisions;
    let priority = decisions.iter().find(|decision| decision.question == "priority").expect("a pre-judgment");
    assert!(!priority.rules.is_empty() && !priority.facts.is_empty());
    assert_eq!(priority.policy.clone().expect("a policy").handbook_version, "2026.1");
}

#[tokio::test]
async fn a_customer_sees_the_own_case_in_words() {
    let served = Served::new().await;
    let (case, token) = served.registered("SF1").await;
    let (other, _) = served.registered("SF2").await;
    let promise = DeadlineChanged {
        change: DeadlineChange::Opened.into(),
        deadline: Some(Deadline {
            deadline_id: "d-1".into(),
            kind: "payment_promise".into(),
            basis: DeadlineBasis::Promise.into(),
            state: DeadlineState::Pending.into(),
            due_time: Some(time_to_wire(start() + chrono::Duration::days(3))),
            ..Deadline::default()
        }),
        ..DeadlineChanged::default()
    };
    served.told("compensation", &case, 1, &promise).await;
    served.told("investigation", &case, 1, &InvestigationOpened::default()).await;
    served.told("investigation", &case, 2, &InvestigationPaused::default()).await;

    let mut client = served.client_with(token);
    let request = GetCaseStatusRequest { case_id: case.case_id.clone() };
    let status = client.get_case_status(request).await.expect("the own case").into_inner();
    assert_eq!(
        (status.case_number, status.step, status.answer_awaited),
        (case.case_number.clone(), i32::from(CaseStep::Investigating), true,)
    );
    assert!(status.text.expect("words").zh_cn.contains("需要您补充材料"));
    assert_eq!(status.promises.len(), 1);
    assert_eq!(status.promises[0].text.clone().expect("words").zh_cn, "承诺：赔款到账");
    assert_eq!(status.statutory_due_time, Some(time_to_wire(start() + chrono::Duration::days(7))));
    assert!(!status.missing_fields.is_empty());

    let refused = client.get_case_status(GetCaseStatusRequest { case_id: other.case_id }).await;
    assert_eq!(reason(&refused.expect_err("somebody else's case")), "CASE_NOT_ALLOWED");
    let refused =
        client.list_timeline(ListTimelineRequest { case_id: case.case_id, ..Default::default() }).await;
    assert_eq!(reason(&refused.expect_err("not for customers")), "ROLE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_watched_case_tells_each_event_and_ends_with_the_server() {
    let mut served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let mut client = served.client("cs-agent");
    let request = WatchCaseRequest { case_id: case.case_id.clone() };
    let mut stream = client.watch_case(request).await.expect("watches").into_inner();
    let first = stream.message().await.expect("streams").expect("the row as it is");
    assert_eq!((first.ledger.expect("a row").step(), first.entry), (CaseStep::Received, None));

    served.told("investigation", &case, 1, &InvestigationOpened::default()).await;
    let next = stream.message().await.expect("streams").expect("what happened");
    assert_eq!(next.ledger.expect("a row").step(), CaseStep::Investigating);
    let entry = next.entry.expect("an event");
    assert_eq!((entry.service.as_str(), entry.step()), ("investigation", CaseStep::Investigating));

    // A stream that held the server back would hold this test.
    served.stopping.cancel();
    assert!(matches!(stream.message().await, Ok(None) | Err(_)));
    drop((stream, client));
    (&mut served.serving).await.expect("no panic").expect("ends in order");
}
