//! Messages both ways: what counts and when, what others ask for, what staff hear.

use redress_connectors::{
    Receipt,
    file::{Behaviour, Port},
};
use redress_proto::{
    deadlines::v1::{Deadline, DeadlineChange, DeadlineChanged},
    intake::v1::{
        AcknowledgeCaseRequest, CaseAcknowledged, CaseAmended, CaseAnswered, Customer, DeliveryOutcome,
        ListMessagesRequest, MessageDelivered, MessageFailed, MessageReceived, MessageSent, MessageState,
        ReadPurpose, ReadTextRequest, ReceiveMessageRequest, RecordDeliveryRequest, RegisterComplaintRequest,
        SendMessageRequest, StoreTextRequest, TextPurpose,
    },
    time_from_wire, time_to_wire,
    types::v1::{Audience, Channel, DeliveryProof, NoticeRequested, Role, SignalKind},
};
use tonic::Code;

use crate::served::{Served, reason, start};

fn acknowledge(case_id: &str) -> AcknowledgeCaseRequest {
    AcknowledgeCaseRequest { case_id: case_id.into(), ..AcknowledgeCaseRequest::default() }
}

#[tokio::test]
async fn a_first_response_counts_when_it_is_delivered() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let mut client = served.client("cs-agent");
    let message = client
        .acknowledge_case(acknowledge(&case.case_id))
        .await
        .expect("sends")
        .into_inner()
        .message
        .expect("one");
    assert_eq!(message.state(), MessageState::Queued);
    assert!(
        message.text.contains("已收到投诉，将启动调查") && message.text.contains("李娜"),
        "{}",
        message.text
    );
    let again = client.acknowledge_case(acknowledge(&case.case_id)).await.expect_err("sent before");
    assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "ALREADY_ACKNOWLEDGED"));
    served.pass(chrono::Duration::seconds(1)).await;
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["pending"], "sent is not delivered");
    served.pass(chrono::Duration::minutes(1)).await;
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["met"]);
    let counted = served.logged::<CaseAcknowledged>().await.remove(0);
    assert_eq!(counted.proof(), DeliveryProof::Receipt);
    let at = time_from_wire(&counted.delivery_time.expect("a time")).expect("valid");
    assert_eq!(
        at,
        start() + chrono::Duration::seconds(5),
        "by the receipt's own time, not when it was learnt"
    );
    assert_eq!(served.outbox("13800000000").await.len(), 1);
    let listed = client
        .list_messages(ListMessagesRequest { case_id: case.case_id, ..ListMessagesRequest::default() })
        .await
        .expect("lists")
        .into_inner();
    assert_eq!(listed.messages.len(), 1);
    assert_eq!(listed.messages[0].state(), MessageState::Delivered);
}

#[tokio::test]
async fn a_receipt_that_comes_late_corrects_the_deadline_by_its_own_time() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let mut client = served.client("cs-agent");
    served.enterprise().faults.push(Port::Outbound, &[Behaviour::Failed]).expect("possible");
    let message = client
        .acknowledge_case(acknowledge(&case.case_id))
        .await
        .expect("sends")
        .into_inner()
        .message
        .expect("one");
    served.pass(chrono::Duration::hours(3)).await;
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["missed"]);
    assert_eq!(served.logged::<MessageFailed>().await.len(), 1);
    let record = |outcome: DeliveryOutcome, proof: DeliveryProof, minutes: i64| RecordDeliveryRequest {
        message_id: message.message_id.clone(),
        outcome: outcome.into(),
        proof: proof.into(),
        time: Some(time_to_wire(start() + chrono::Duration::minutes(minutes))),
        ..RecordDeliveryRequest::default()
    };
    let delivered = DeliveryOutcome::Delivered;
    let contradicts = client.record_delivery(record(delivered, DeliveryProof::Receipt, 30)).await;
    assert_eq!(reason(&contradicts.expect_err("it failed")), "DELIVERY_CONTRADICTED");
    let future = client.record_delivery(record(delivered, DeliveryProof::ToldInPerson, 300)).await;
    assert_eq!(reason(&future.expect_err("not yet")), "INVALID_FIELDS");
    // An agent had called the customer in time and says so only now.
    client.record_delivery(record(delivered, DeliveryProof::ToldInPerson, 30)).await.expect("records");
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["met"]);
    let events = served.log().await.len();
    client.record_delivery(record(delivered, DeliveryProof::ToldInPerson, 40)).await.expect("records");
    assert_eq!(served.log().await.len(), events, "coming again changes nothing");
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_never_sends_a_message_twice() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    // The channel takes the message, and the answer is lost: it is handed over again, and sent once.
    served
        .enterprise()
        .faults
        .push(Port::Outbound, &[Behaviour::Dropped, Behaviour::Lost])
        .expect("possible");
    served.client("cs-agent").acknowledge_case(acknowledge(&case.case_id)).await.expect("sends");
    served.pass(chrono::Duration::minutes(20)).await;
    assert_eq!(served.outbox("13800000000").await.len(), 1);
    assert_eq!(served.logged::<MessageSent>().await.len(), 1);
    assert_eq!(served.deadline(&case.case_id, "first_response").await, ["met"]);
}

#[tokio::test]
async fn without_a_contact_an_acknowledgement_is_refused_and_a_notice_fails() {
    let served = Served::new().await;
    let request = RegisterComplaintRequest { customer: None, ..served.complaint("SF1") };
    let mut client = served.client("cs-agent");
    let case =
        client.register_complaint(request).await.expect("registers").into_inner().case.expect("a case");
    let refused = client.acknowledge_case(acknowledge(&case.case_id)).await.expect_err("nowhere to go");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NO_CONTACT"));
    served.told("survey", &case, 1, &invitation("survey/1")).await;
    let failed = served.logged::<MessageFailed>().await;
    assert_eq!(
        (failed.len(), failed[0].failure.as_str(), failed[0].notice_key.as_str()),
        (1, "NO_CONTACT", "survey/1")
    );
}

fn invitation(key: &str) -> NoticeRequested {
    NoticeRequested {
        notice_key: key.into(),
        notice: "survey_invitation".into(),
        audience: Some(Audience { customer: true, ..Audience::default() }),
        parameters: [
            ("link".to_owned(), "https://example.com/s?t={customer_token}".to_owned()),
            ("due".to_owned(), "3月9日18:00".to_owned()),
        ]
        .into(),
        ..NoticeRequested::default()
    }
}

#[tokio::test]
async fn a_notice_that_is_asked_for_twice_is_sent_once_with_a_token_that_is_kept_nowhere() {
    let served = Served::new().await;
    let (case, token) = served.registered("SF1").await;
    served.told("survey", &case, 1, &invitation("survey/1")).await;
    served.told("survey", &case, 2, &invitation("survey/1")).await;
    served.pass(chrono::Duration::minutes(2)).await;
    let sent = served.outbox("13800000000").await;
    assert_eq!(sent.len(), 1);
    let body = &sent[0].message.body;
    assert!(body.contains(&case.case_number), "{body}");
    let link = body.split("t=").nth(1).expect("a link");
    let minted: String =
        link.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).collect();
    assert_eq!(minted.split('.').count(), token.split('.').count());
    // It opens the case, and the stored words do not contain it.
    let received = ReceiveMessageRequest {
        case_id: case.case_id.clone(),
        text: "好的".into(),
        ..ReceiveMessageRequest::default()
    };
    served.client_with(minted.clone()).receive_message(received).await.expect("opens the case");
    let words: Vec<String> = served.column("select words from text where words is not null", vec![]).await;
    assert!(words.iter().all(|words| !words.contains(&minted)));
    let delivered = served.logged::<MessageDelivered>().await;
    assert_eq!(
        (delivered.len(), delivered[0].asked_by.as_str(), delivered[0].notice_key.as_str()),
        (1, "survey", "survey/1")
    );
    assert!(matches!(sent[0].receipt, Receipt::Delivered { .. }));
}

#[tokio::test]
async fn the_outcome_told_meets_the_statutory_clock() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let store = StoreTextRequest {
        request_id: "0191e2f0-0000-7000-8000-000000000001".into(),
        case_id: case.case_id.clone(),
        purpose: TextPurpose::Findings.into(),
        text: "外包装完好".into(),
        ..StoreTextRequest::default()
    };
    let mut service = served.client("service");
    let text_ref = service.store_text(store.clone()).await.expect("stores").into_inner().text_ref;
    assert_eq!(service.store_text(store).await.expect("repeats").into_inner().text_ref, text_ref);
    let findings = NoticeRequested {
        notice_key: "findings/1".into(),
        notice: "findings".into(),
        audience: Some(Audience { customer: true, ..Audience::default() }),
        text_parameters: ["findings", "foreword"].map(|name| (name.to_owned(), text_ref.clone())).into(),
        ..NoticeRequested::default()
    };
    served.told("investigation", &case, 1, &findings).await;
    served.pass(chrono::Duration::minutes(1)).await;
    let body = &served.outbox("13800000000").await[0].message.body;
    assert!(body.starts_with("外包装完好\n"), "a foreword goes before the handbook's words: {body}");
    assert_eq!(body.matches("外包装完好").count(), 2, "{body}");
    assert_eq!(served.logged::<CaseAnswered>().await[0].notice, "findings");
    assert_eq!(served.deadline(&case.case_id, "statutory_answer").await, ["met"]);

    let read = |text_ref: &str, purpose: ReadPurpose| ReadTextRequest {
        text_ref: text_ref.into(),
        purpose: purpose.into(),
        on_behalf_of: "li.na".into(),
    };
    let shown = service.read_text(read(&text_ref, ReadPurpose::Show)).await.expect("shown").into_inner();
    assert_eq!((shown.text.as_str(), shown.case_id.as_str()), ("外包装完好", case.case_id.as_str()));
    let refused = service.read_text(read(&text_ref, ReadPurpose::Pay)).await.expect_err("not an account");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "PURPOSE_NOT_ALLOWED"));
    let unknown = service.read_text(read(&case.case_id, ReadPurpose::Show)).await.expect_err("no text");
    assert_eq!(reason(&unknown), "TEXT_NOT_FOUND");
    let readers: Vec<String> = served.column("select on_behalf_of from text_access", vec![]).await;
    assert_eq!(readers, ["li.na"], "each reading is on record, and no refusal is");
}

#[tokio::test]
async fn staff_hear_of_a_deadline_of_any_service_and_of_no_person() {
    let served = Served::new().await;
    let (case, _) = served.registered("SF1").await;
    let warned = DeadlineChanged {
        change: DeadlineChange::Warned.into(),
        deadline: Some(Deadline {
            kind: "contact_person".into(),
            due_time: Some(time_to_wire(start() + chrono::Duration::hours(4))),
            ..Deadline::default()
        }),
        audience: Some(Audience { roles: vec![Role::DepartmentManager.into()], ..Audience::default() }),
        ..DeadlineChanged::default()
    };
    served.told("triage", &case, 1, &warned).await;
    let opened = DeadlineChanged { change: DeadlineChange::Opened.into(), ..warned };
    served.told("triage", &case, 2, &opened).await;
    served.pass(chrono::Duration::minutes(1)).await;
    let sent = served.outbox("department-manager").await;
    assert_eq!(sent.len(), 1);
    let message = &sent[0].message;
    assert_eq!(message.channel, "staff");
    assert!(message.body.contains("明确对接人") && message.body.contains("3月2日13:00"), "{}", message.body);
    assert!(!message.body.contains("李娜"), "{}", message.body);
}

#[tokio::test]
async fn what_a_customer_says_is_recorded_with_its_signals_in_every_state() {
    let served = Served::new().await;
    let (case, token) = served.registered("SF1").await;
    let say = |text: &str| ReceiveMessageRequest {
        case_id: case.case_id.clone(),
        text: text.into(),
        external_id: "sms-1".into(),
        ..ReceiveMessageRequest::default()
    };
    let mut customer = served.client_with(token);
    let first = customer.receive_message(say("我已经找了记者")).await.expect("received").into_inner();
    let message = first.message.expect("one");
    assert_eq!((message.state(), message.channel()), (MessageState::Received, Channel::Sms));
    assert_eq!(message.signals[0].kind(), SignalKind::Media);
    let again = customer.receive_message(say("我已经找了记者")).await.expect("received").into_inner();
    assert_eq!(again.message.expect("one").message_id, message.message_id, "the channel brings it twice");
    assert_eq!(served.logged::<MessageReceived>().await.len(), 1);
    let amended = served.logged::<CaseAmended>().await;
    assert_eq!((amended.len(), amended[0].changed_fields.as_slice()), (1, ["signals".to_owned()].as_slice()));
    let (other, _) = served.registered("SF2").await;
    let elsewhere = ReceiveMessageRequest { case_id: other.case_id, ..say("…") };
    let refused = customer.receive_message(elsewhere).await.expect_err("another case");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "CASE_NOT_ALLOWED"));
}

#[tokio::test]
async fn own_words_are_sent_unless_they_are_mechanical() {
    let served = Served::new().await;
    let request = RegisterComplaintRequest {
        customer: Some(Customer { email: "li@example.com".into(), ..Customer::default() }),
        channel: Channel::Email.into(),
        ..served.complaint("SF1")
    };
    let mut client = served.client("cs-agent");
    let case =
        client.register_complaint(request).await.expect("registers").into_inner().case.expect("a case");
    let send = |text: &str, notice: &str, channel: Channel| SendMessageRequest {
        case_id: case.case_id.clone(),
        text: text.into(),
        notice: notice.into(),
        channel: channel.into(),
        ..SendMessageRequest::default()
    };
    let mechanical =
        client.send_message(send("请耐心等待", "", Channel::Unspecified)).await.expect_err("mechanical");
    assert_eq!(reason(&mechanical), "INVALID_FIELDS");
    let silent = client.send_message(send("", "", Channel::Unspecified)).await.expect_err("says nothing");
    assert_eq!(reason(&silent), "INVALID_FIELDS");
    let unknown =
        client.send_message(send("", "no_such_notice", Channel::Unspecified)).await.expect_err("unknown");
    assert_eq!(reason(&unknown), "NOTICE_UNUSABLE");
    let decided =
        client.send_message(send("", "final_position", Channel::Unspecified)).await.expect_err("not decided");
    assert_eq!(reason(&decided), "NOTICE_UNUSABLE");
    let nowhere = client.send_message(send("您好", "", Channel::Sms)).await.expect_err("no number");
    assert_eq!(reason(&nowhere), "NO_CONTACT");
    client.send_message(send("", "missing_details", Channel::Unspecified)).await.expect("sends");
    served.pass(chrono::Duration::minutes(1)).await;
    let sent = served.outbox("li@example.com").await;
    assert!(sent[0].message.body.contains("发货地址"), "{}", sent[0].message.body);
}
