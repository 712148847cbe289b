use std::collections::BTreeMap;

use redress_proto::investigation::v1 as pb;

use super::*;
use crate::domain::{
    case::ItemState,
    evidence::{self, admit},
    request, waiting,
};

#[test]
fn the_checklist_follows_category_sub_type_channel_and_doubts() {
    let hotline = types::Channel::Hotline;
    let loss = Matter { sub_type: "parcel_lost", ..DAMAGE };
    let table: [(Matter, &[&str]); 7] = [
        (DELAY, &["warehouse_scans", "gps_track", "driver_log", "handover_sheets"]),
        (DAMAGE, &["warehouse_scans", "warehouse_cctv", "driver_log", "handover_sheets"]),
        (ATTITUDE, &["call_recordings", "chat_logs"]),
        (
            Matter {
                category: Category::FeeDispute,
                sub_type: "unreasonable_charge",
                channel: hotline,
                ..DELAY
            },
            &["call_recordings", "billing_record"],
        ),
        (Matter { category: Category::SystemFault, sub_type: "query_failed", ..DELAY }, &["system_log"]),
        (
            Matter { doubts: true, ..DAMAGE },
            &[
                "warehouse_scans",
                "warehouse_cctv",
                "driver_log",
                "handover_sheets",
                "outer_packaging_photos",
                "damaged_contents_photos",
            ],
        ),
        (
            Matter { doubts: true, ..loss },
            &[
                "warehouse_scans",
                "warehouse_cctv",
                "gps_track",
                "driver_log",
                "handover_sheets",
                "station_cctv",
                "pick_up_scene",
            ],
        ),
    ];
    for (matter, expected) in table {
        let case = open_case(matter, Priority::General);
        let ids: Vec<&str> = case.checklist.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, expected, "{}", matter.sub_type);
    }
}

#[test]
fn what_would_be_lost_is_asked_for_at_once() {
    let decision = opened(DAMAGE, Priority::Important);
    assert_eq!(names(&decision), ["InvestigationOpened", "EvidenceRequested", "NoticeRequested"]);
    let event: pb::EvidenceRequested = payload(&decision);
    assert_eq!((event.item_ids, event.department.as_str()), (vec!["warehouse_cctv".to_owned()], "warehouse"));
    assert_eq!(event.due_time, Some(time_to_wire(after(12))));
    let notice: types::NoticeRequested = payload(&decision);
    assert_eq!(
        (notice.notice.as_str(), notice.audience.unwrap().department.as_str()),
        ("evidence_request", "warehouse")
    );
    assert!(decision.next.open_deadlines.contains("evidence_request:warehouse_cctv"));
}

#[test]
fn doubts_add_what_the_customer_has_and_keep_what_is_begun() {
    let case = open_case(DAMAGE, Priority::General);
    let message = intake::MessageReceived {
        signals: vec![types::Signal { kind: types::SignalKind::DoubtsEvidence.into(), ..Default::default() }],
        ..Default::default()
    };
    let learn = |case: &Case| {
        turns::message_received(case, &message, after(1), "told", &agent(), &at(after(1))).unwrap()
    };
    let doubted = learn(&case).unwrap();
    assert_eq!(names(&doubted), ["InvestigationAdjusted"]);
    let requested = doubted.next.item("warehouse_cctv", "").unwrap();
    assert_eq!(requested.state, ItemState::Requested);
    assert!(doubted.next.item("outer_packaging_photos", "").unwrap().is_from_customer());
    assert!(learn(&doubted.next).is_none(), "told again, nothing changes");
    // Another category: what nobody has begun goes, what was begun stays and holds nothing up.
    let event = triaged_event(
        Matter { category: Category::SystemFault, sub_type: "query_failed", ..DELAY },
        Priority::General,
    );
    let next = triage::triaged(&doubted.next, &event, after(2), &at(after(2))).unwrap().unwrap().next;
    let items: Vec<_> = next.checklist.iter().map(|item| (item.id.as_str(), item.required)).collect();
    assert_eq!(items, [("system_log", true), ("warehouse_cctv", false)]);
}

#[test]
fn a_request_tells_each_holder_once_and_sets_a_deadline_for_each_item() {
    let case = open_case(Matter { doubts: true, ..DAMAGE }, Priority::Urgent);
    let ids: Vec<String> =
        ["driver_log", "outer_packaging_photos", "damaged_contents_photos", "handover_sheets"]
            .map(Into::into)
            .to_vec();
    let texts = BTreeMap::from([(None, "words".to_owned())]);
    let asked = request::ask(&case, &ids, &texts, &at(after(1))).unwrap();
    assert_eq!(
        names(&asked),
        ["EvidenceRequested", "NoticeRequested", "EvidenceRequested", "NoticeRequested"]
    );
    for (item, hours) in [("driver_log", 5), ("outer_packaging_photos", 25)] {
        assert_eq!(asked.next.item(item, "").unwrap().due_at, Some(after(hours)), "{item}");
    }
    let again = request::ask(&asked.next, &ids[..1], &BTreeMap::new(), &at(after(2))).unwrap();
    assert!(again.deadlines.is_empty(), "asked again, the time stays");
    assert_eq!(again.next.item("driver_log", "").unwrap().due_at, Some(after(5)));

    let waived = waive(&asked.next, "driver_log", "why", &agent(), &at(after(2))).unwrap().next;
    let ask = |case: &Case, id: &str| request::ask(case, &[id.to_owned()], &BTreeMap::new(), &at(after(3)));
    assert_eq!(reason(ask(&waived, "driver_log")), "ITEM_SETTLED");
    assert_eq!(reason(ask(&waived, "no_such_item")), "ITEM_UNKNOWN");
    assert_eq!(reason(waive(&waived, "driver_log", "why", &agent(), &at(after(3)))), "ITEM_SETTLED");
    let fees = Matter { category: Category::FeeDispute, sub_type: "unreasonable_charge", ..DELAY };
    let fees = open_case(fees, Priority::General);
    assert_eq!(reason(waive(&fees, "billing_record", "why", &agent(), &at(after(3)))), "ITEM_NOT_WAIVABLE");
    let pause = waiting::pause(&asked.next, &["handover_sheets".to_owned()], "text", &at(after(3)));
    assert_eq!(reason(pause), "INVALID_FIELDS", "a department has it, not the customer");
}

#[test]
fn what_an_upload_may_be() {
    let case = open_case(Matter { doubts: true, ..DAMAGE }, Priority::Important);
    let from_customer = File {
        source: Source::Customer,
        consent: Consent::Given,
        media_type: "image/jpeg".into(),
        ..file("outer_packaging_photos")
    };
    let most = 104_857_600;
    let table: [(File, Option<&str>); 17] = [
        (file("warehouse_scans"), None),
        (file(""), None),
        (File { size: most, ..file("") }, None),
        (File { size: most + 1, ..file("") }, Some("UPLOAD_TOO_LARGE")),
        (file("no_such_item"), Some("ITEM_UNKNOWN")),
        (File { media_type: "application/zip".into(), ..file("") }, Some("MEDIA_TYPE_NOT_ALLOWED")),
        (File { media_type: "image/jpeg".into(), ..file("warehouse_cctv") }, Some("MEDIA_TYPE_NOT_ALLOWED")),
        (File { captured_at: Some(after(1)), ..file("") }, None),
        (File { captured_at: Some(after(1) + TimeDelta::seconds(1)), ..file("") }, Some("INVALID_FIELDS")),
        (from_customer.clone(), None),
        (File { consent: Consent::Unknown, ..from_customer.clone() }, Some("CONSENT_MISSING")),
        (File { consent: Consent::NotNeeded, ..from_customer.clone() }, Some("CONSENT_MISSING")),
        // Calling it the enterprise's own does not help.
        (
            File { source: Source::Internal, consent: Consent::NotNeeded, ..from_customer.clone() },
            Some("CONSENT_MISSING"),
        ),
        (File { consent: Consent::Refused, ..file("") }, Some("CONSENT_MISSING")),
        (File { lead_id: lead(0), ..from_customer.clone() }, None),
        (File { lead_id: lead(1), ..from_customer.clone() }, Some("CONSENT_MISSING")),
        (File { lead_id: lead(2), ..from_customer.clone() }, Some("INVALID_FIELDS")),
    ];
    for (file, refusal) in table {
        let result = admit(&case, &file, &at(after(1)));
        assert_eq!(result.as_ref().err().map(|refused| refused.reason), refusal, "{file:?}");
    }
    let mut full = case.clone();
    for index in 0..100 {
        full = receive(&full, file(""), Uuid::from_u128(index), "", &agent(), &at(after(1))).unwrap().next;
    }
    assert_eq!(reason(admit(&full, &file(""), &at(after(1)))), "LIMIT_EXCEEDED");
}

#[test]
fn consent_that_is_withdrawn_locks_the_file_in_every_state() {
    let photo = File {
        source: Source::Customer,
        consent: Consent::Given,
        media_type: "image/jpeg".into(),
        lead_id: lead(0),
        ..file("")
    };
    let id = Uuid::from_u128(5);
    let open =
        receive(&open_case(DELAY, Priority::General), photo, id, "", &agent(), &at(after(1))).unwrap().next;
    let amended = |consent: types::Consent| intake::CaseFacts {
        language: "zh-CN".into(),
        channel: types::Channel::Email.into(),
        evidence_leads: vec![intake::EvidenceLeadFact {
            lead_id: lead(0),
            consent: consent.into(),
            ..Default::default()
        }],
        ..Default::default()
    };
    for stage in [Stage::Open, Stage::Concluded, Stage::Archived, Stage::Sealed, Stage::Cancelled] {
        let case = Case { stage, ..open.clone() };
        let facts = amended(types::Consent::Withdrawn);
        let locked = turns::amended(&case, &facts, "told", &agent(), &at(after(2))).unwrap().unwrap();
        let event: pb::EvidenceLocked = payload(&locked);
        assert_eq!((event.evidence_id, event.sha256), (id.to_string(), "ab".repeat(32)));
        assert_eq!(reason(evidence::hand_out(&locked.next, id, &agent(), &at(after(3)))), "EVIDENCE_LOCKED");
        assert_eq!(locked.next.stage, stage);
    }
    assert!(evidence::hand_out(&open, id, &agent(), &at(after(3))).is_ok());
    assert_eq!(reason(evidence::hand_out(&open, Uuid::nil(), &agent(), &at(after(3)))), "EVIDENCE_NOT_FOUND");
}
