//! Registering: what is missing, what is refused, whose order it is, and where personal data go.

use redress_connectors::{
    Order,
    file::{Behaviour, Port},
};
use redress_domain::{Currency, Money};
use redress_proto::{
    google::r#type::Money as WireMoney,
    intake::v1::{
        ComplaintRegistered, Customer, GetCaseRequest, OrderFactsAttached, PriorityFollowed,
        RegisterComplaintRequest, RiskReported,
    },
    time_to_wire,
    triage::v1::CaseTriaged,
    types::v1::{OrderKnowledge, Priority, SignalKind},
};
use tonic::Code;

use crate::served::{Served, reason, start};

#[tokio::test]
async fn what_is_missing_is_shown_and_the_order_is_known() {
    let served = Served::new().await;
    let order = Order {
        line: Some("SHA-PEK".into()),
        goods_category: Some("fresh".into()),
        goods_value: Some(Money::new(12_345, Currency::CNY)),
        promised_at: Some(start() - chrono::Duration::days(2)),
        ..Order::new("SF1234567890123")
    };
    served.order(order).await;
    let (case, token) = served.registered("SF1234567890123").await;
    assert!(case.case_number.starts_with("C260302-"), "{}", case.case_number);
    assert!(!token.is_empty());
    assert_eq!(case.priority(), Priority::Urgent, "fresh goods are urgent before triage has looked");
    let facts = case.order.clone().expect("facts");
    assert_eq!(
        (facts.knowledge(), facts.line.as_str(), facts.carrier.as_str()),
        (OrderKnowledge::Known, "SHA-PEK", "SF")
    );
    for missing in
        ["customer.sender_address", "customer.recipient_address", "desired_solution", "evidence_leads"]
    {
        assert!(
            case.missing_fields.iter().any(|field| field == missing),
            "{missing}: {:?}",
            case.missing_fields
        );
    }
    for there in
        ["customer.name", "customer.phone", "waybill_no", "stated_order.line", "stated_order.ordered_time"]
    {
        assert!(
            !case.missing_fields.iter().any(|field| field == there),
            "{there}: {:?}",
            case.missing_fields
        );
    }
    let due: Vec<chrono::DateTime<chrono::Utc>> =
        served.column("select due_at from deadline order by due_at", vec![]).await;
    assert_eq!(due, [start() + chrono::Duration::hours(1), start() + chrono::Duration::days(7)]);
    // By its number, also as somebody says it.
    let spoken = case.case_number.to_lowercase().replace('-', "");
    let request = GetCaseRequest { case_number: spoken, ..GetCaseRequest::default() };
    let found = served.client("cs-agent").get_case(request).await.expect("found").into_inner();
    assert_eq!(found.case.expect("a case").case_id, case.case_id);
}

#[tokio::test]
async fn a_complaint_is_registered_while_the_order_system_is_down_and_enriched_later() {
    let served = Served::new().await;
    served.order(Order { goods_category: Some("medicine".into()), ..Order::new("SF1") }).await;
    let faults = served.enterprise().faults;
    faults.push(Port::Orders, &[Behaviour::Down, Behaviour::Slow]).expect("possible");
    let (case, _) = served.registered("SF1").await;
    assert_eq!(case.order.clone().expect("facts").knowledge(), OrderKnowledge::Pending);
    assert_eq!(case.priority(), Priority::General);
    served.pass(chrono::Duration::minutes(10)).await;
    let attached = served.logged::<OrderFactsAttached>().await;
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].previous_knowledge(), OrderKnowledge::Pending);
    let request = GetCaseRequest { case_id: case.case_id.clone(), ..GetCaseRequest::default() };
    let now =
        served.client("cs-agent").get_case(request).await.expect("found").into_inner().case.expect("a case");
    assert_eq!(
        (now.order.clone().expect("facts").knowledge(), now.priority()),
        (OrderKnowledge::Known, Priority::Urgent)
    );
    let due: Vec<chrono::DateTime<chrono::Utc>> =
        served.column("select due_at from deadline where kind = 'first_response'", vec![]).await;
    // The hour of an urgent case counts from when it was known to be urgent: the first repeat of the question.
    assert!(
        due[0] > start() + chrono::Duration::hours(1) && due[0] < start() + chrono::Duration::minutes(70)
    );
}

#[tokio::test]
async fn an_unknown_or_malformed_waybill_is_never_refused() {
    let served = Served::new().await;
    let (unknown, _) = served.registered("SF1234567890123").await;
    let facts = unknown.order.expect("facts");
    assert_eq!(
        (facts.knowledge(), facts.carrier.as_str()),
        (OrderKnowledge::NotFound, "SF"),
        "a pattern guesses"
    );
    let (malformed, _) = served.registered("??").await;
    assert_eq!(malformed.order.expect("facts").knowledge(), OrderKnowledge::NotFound);
    let (none, _) = served.registered("").await;
    assert!(none.missing_fields.iter().any(|field| field == "waybill_no"));
    assert_eq!(none.order.expect("facts").knowledge(), OrderKnowledge::Unspecified);
}

#[tokio::test]
async fn bad_input_is_refused_with_every_reason() {
    let served = Served::new().await;
    let tomorrow = time_to_wire(start() + chrono::Duration::days(1));
    let good = || served.complaint("SF1");
    let future = RegisterComplaintRequest {
        received_time: Some(tomorrow),
        occurred_time: Some(tomorrow),
        claimed_amount: Some(WireMoney { currency_code: "BRL".into(), units: 5, nanos: 0 }),
        ..good()
    };
    let status = refused(&served, future).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    for field in ["received_time", "occurred_time", "claimed_amount"] {
        assert!(status.message().contains(field), "{}", status.message());
    }
    let nanos = RegisterComplaintRequest {
        claimed_amount: Some(WireMoney { currency_code: "CNY".into(), units: 5, nanos: 1 }),
        ..good()
    };
    assert_eq!(reason(&refused(&served, nanos).await), "INVALID_FIELDS");
    let empty = RegisterComplaintRequest { narrative: " \n".into(), problem_type: 0, ..good() };
    assert_eq!(reason(&refused(&served, empty).await), "EMPTY_COMPLAINT");
    let sub_type = RegisterComplaintRequest { sub_type: "no_such_thing".into(), ..good() };
    assert_eq!(reason(&refused(&served, sub_type).await), "SUB_TYPE_UNKNOWN");
    let region = RegisterComplaintRequest { region: "BR".into(), ..good() };
    let status = refused(&served, region).await;
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "REGION_WITHOUT_HANDBOOK")
    );
    assert!(served.logged::<ComplaintRegistered>().await.is_empty(), "a refusal leaves nothing");

    let request = good();
    let mut client = served.client("cs-agent");
    let first = client.register_complaint(request.clone()).await.expect("registers").into_inner();
    let again = client.register_complaint(request.clone()).await.expect("repeats").into_inner();
    assert_eq!(first.case, again.case);
    assert!(!again.customer_token.is_empty());
    let reused = RegisterComplaintRequest { narrative: "别的".into(), ..request };
    let status = refused(&served, reused).await;
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
}

async fn refused(served: &Served, request: RegisterComplaintRequest) -> tonic::Status {
    served.client("cs-agent").register_complaint(request).await.expect_err("refused")
}

#[tokio::test]
async fn a_risk_is_reported_at_once_and_offsets_stand_for_words() {
    let served = Served::new().await;
    let request = RegisterComplaintRequest {
        narrative: "再不解决我就找记者曝光，还要打12305".into(),
        ..served.complaint("SF1")
    };
    served.client("cs-agent").register_complaint(request).await.expect("registers");
    served.pass(chrono::Duration::minutes(1)).await;
    let facts = served.logged::<ComplaintRegistered>().await.remove(0).facts.expect("facts");
    let media =
        facts.signals.iter().find(|signal| signal.kind() == SignalKind::Media).expect("found in the text");
    assert_eq!((media.from_offset, media.until_offset), (7, 9));
    assert_eq!(media.text_ref, facts.narrative_ref);
    assert!(facts.signals.iter().any(|signal| signal.kind() == SignalKind::RegulatorThreat));
    let reported = served.logged::<RiskReported>().await;
    assert_eq!(reported.len(), 1);
    let sent = served.outbox("risk").await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].message.key, reported[0].message_id);
    let body = &sent[0].message.body;
    assert!(body.contains("媒体曝光风险") && !body.contains("李娜"), "{body}");
}

#[tokio::test]
async fn a_raised_priority_tightens_the_first_response_from_when_it_was_raised() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let due = async || -> Vec<chrono::DateTime<chrono::Utc>> {
        served.column("select due_at from deadline where kind = 'first_response'", vec![]).await
    };
    assert_eq!(due().await, [start() + chrono::Duration::hours(2)]);
    let raised_at = start() + chrono::Duration::minutes(30);
    let triaged = |priority: Priority| CaseTriaged {
        priority: priority.into(),
        raise_time: Some(time_to_wire(raised_at)),
        ..CaseTriaged::default()
    };
    served.told("triage", &case, 1, &triaged(Priority::Urgent)).await;
    assert_eq!(due().await, [raised_at + chrono::Duration::hours(1)]);
    served.told("triage", &case, 2, &triaged(Priority::General)).await;
    assert_eq!(due().await, [raised_at + chrono::Duration::hours(1)], "a lower priority loosens nothing");
    assert_eq!(served.logged::<PriorityFollowed>().await.len(), 2);
}

#[tokio::test]
async fn the_fifth_person_of_a_batch_is_a_group_risk() {
    let served = Served::new().await;
    let mut client = served.client("cs-agent");
    for number in 1..=5 {
        let waybill = format!("SF{number}");
        served.order(Order { batch: Some("B7".into()), ..Order::new(&waybill) }).await;
        let mut request = served.complaint(&waybill);
        request.customer = Some(Customer { phone: format!("1380000000{number}"), ..Customer::default() });
        client.register_complaint(request).await.expect("registers");
        let expected = usize::from(number == 5);
        assert_eq!(served.logged::<RiskReported>().await.len(), expected, "person {number}");
    }
    assert_eq!(served.logged::<RiskReported>().await[0].batch, "B7");
    // The same person again is no further person.
    let person: Vec<String> = served.column("select distinct person_ref from case_index", vec![]).await;
    assert_eq!(person.len(), 5);
}

#[tokio::test]
async fn personal_data_stay_in_their_own_tables_and_are_masked() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let places: Vec<i64> = served
        .column(
            "select count(*) from aggregate where document::text like any (array['%13800000000%', '%李娜%', '%三天%'])
             union all
             select count(*) from event
              where encode(payload, 'escape') like '%13800000000%' or effect::text like any (array['%13800000000%', '%李娜%', '%三天%'])
                 or position(convert_to('李娜', 'utf8') in payload) > 0
             union all
             select count(*) from request
              where position(convert_to('13800000000', 'utf8') in response) > 0
                 or position(convert_to('李娜', 'utf8') in response) > 0
                 or position(convert_to('三天', 'utf8') in response) > 0",
            vec![],
        )
        .await;
    assert_eq!(places, [0, 0, 0]);
    let request = GetCaseRequest { case_id: case.case_id, ..GetCaseRequest::default() };
    let seen = async |role: &str| {
        served.client(role).get_case(request.clone()).await.expect("found").into_inner().case.expect("a case")
    };
    let full = seen("cs-agent").await;
    assert_eq!(full.customer.expect("a customer").phone, "13800000000");
    assert_eq!(full.narrative, "包裹三天没有更新");
    let masked = seen("finance").await;
    let customer = masked.customer.expect("a customer");
    assert_eq!(
        (customer.phone.as_str(), customer.email.as_str(), masked.narrative.as_str()),
        ("***", "", "***")
    );
    assert_eq!(masked.person_ref, full.person_ref);
}
