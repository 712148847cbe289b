use redress_domain::handbook::Deliverable::{self, Conclusion, CoreEvidence, PreliminaryReport, Progress};
use redress_proto::{investigation::v1 as pb, types::v1::DeliveryProof};

use super::*;
use crate::domain::{reporting, waiting};

#[test]
fn limit_and_deliverable_follow_the_priority() {
    let table: [(Priority, i64, &[Deliverable]); 3] = [
        (Priority::Urgent, 24, &[Conclusion, PreliminaryReport]),
        (Priority::Important, 48, &[CoreEvidence]),
        (Priority::General, 72, &[Progress]),
    ];
    for (priority, hours, deliverables) in table {
        let decision = opened(DELAY, priority);
        assert_eq!(due(&decision.next), Some(after(hours)), "{priority}");
        assert_eq!(decision.next.deliverables, deliverables, "{priority}");
        let event: pb::InvestigationOpened = payload(&decision);
        assert_eq!(event.due_time, Some(time_to_wire(after(hours))), "{priority}");
        assert_eq!(event.round, 1);
    }
}

#[test]
fn no_limit_goes_past_the_law() {
    // General: 72 h from triage, 7 days from receipt.
    for (received_before, hours) in [(95, 72), (96, 72), (97, 71), (167, 1), (168, 0)] {
        let case = registered(DELAY, after(-received_before));
        let event = triaged_event(DELAY, Priority::General);
        let decision = triage::triaged(&case, &event, start(), &at(start())).unwrap().unwrap();
        assert_eq!(due(&decision.next), Some(after(hours)), "received {received_before} h before");
    }
}

#[test]
fn a_raise_tightens_to_the_earlier_of_old_due_and_new_limit() {
    let table = [
        (Priority::General, Priority::Urgent, 10, 34),
        (Priority::General, Priority::Urgent, 48, 72),
        (Priority::General, Priority::Urgent, 50, 72),
        (Priority::General, Priority::Important, 23, 71),
        (Priority::General, Priority::Important, 24, 72),
        (Priority::Important, Priority::Urgent, 1, 25),
    ];
    for (before, now, hour, expected) in table {
        let case = open_case(DELAY, before);
        let raised = triage::triaged(&case, &triaged_event(DELAY, now), after(hour), &at(after(hour)))
            .unwrap()
            .unwrap();
        assert_eq!(due(&raised.next), Some(after(expected)), "{before} to {now} after {hour} h");
    }
    let urgent = open_case(DELAY, Priority::Urgent);
    let event = triaged_event(DELAY, Priority::General);
    let lowered = triage::triaged(&urgent, &event, after(1), &at(after(1))).unwrap().unwrap();
    assert_eq!(due(&lowered.next), Some(after(24)), "a lower priority loosens nothing");
    assert_eq!(lowered.next.deliverables, [Progress]);
}

#[test]
fn a_finished_step_stays_and_the_new_one_gets_its_own_limit() {
    let case = reporting::progress(&open_case(DELAY, Priority::General), "text", &agent(), &at(after(1)))
        .unwrap()
        .next;
    let key = &case.progress[0].notice_key;
    let told = reporting::progress_delivered(&case, key, after(2), DeliveryProof::Receipt).unwrap();
    assert_eq!(met(&told), Some(after(2)));
    let event = triaged_event(DELAY, Priority::Urgent);
    let raised = triage::triaged(&told.next, &event, after(10), &at(after(10))).unwrap().unwrap();
    assert_eq!(due(&raised.next), Some(after(34)));
    assert_eq!(raised.next.clock.as_ref().unwrap().met_at, None);
    // Already delivered for the higher priority too: nothing starts anew.
    let case = waive_all(&open_case(DELAY, Priority::General), after(3));
    assert_eq!(case.core_verified_at, Some(after(3)));
    let event = triaged_event(DELAY, Priority::Important);
    let raised = triage::triaged(&case, &event, after(10), &at(after(10))).unwrap().unwrap();
    assert_eq!(met(&raised), Some(after(3)));
}

#[test]
fn each_deliverable_meets_the_limit_when_all_of_them_are_there() {
    // Urgent: the report and the conclusion, in either order.
    let open = with_evidence(&open_case(DELAY, Priority::Urgent), after(1));
    let filed = reporting::preliminary(&open, "text", &agent(), &at(after(2))).unwrap();
    assert_eq!(met(&filed), None);
    let done = conclude(&filed.next, conclusion(Validity::Founded), &agent(), &at(after(3))).unwrap();
    assert_eq!(met(&done), Some(after(3)));
    let first = conclude(&open, conclusion(Validity::Founded), &agent(), &at(after(3))).unwrap();
    assert_eq!(met(&first), None, "the report is still owed");
    let late = reporting::preliminary(&first.next, "text", &agent(), &at(after(4))).unwrap();
    assert_eq!(met(&late), Some(after(4)));
    assert_eq!(
        reason(reporting::preliminary(&late.next, "text", &agent(), &at(after(5)))),
        "STATE_NOT_ALLOWED"
    );

    // Important: the last core item.
    let mut case = open_case(DAMAGE, Priority::Important);
    let core: Vec<String> =
        case.checklist.iter().filter(|item| item.core).map(|item| item.id.clone()).collect();
    assert_eq!(core, ["warehouse_scans", "warehouse_cctv", "handover_sheets"]);
    for (index, id) in core.iter().enumerate() {
        let last = index + 1 == core.len();
        let id_of_piece = Uuid::from_u128(index as u128);
        let decision = receive(&case, file(id), id_of_piece, "", &agent(), &at(after(5))).unwrap();
        assert_eq!(met(&decision), last.then(|| after(5)), "{id}");
        assert_eq!(names(&decision).contains(&"CoreEvidenceVerified"), last);
        case = decision.next;
    }
    // Where there is no core evidence, the conclusion verifies it.
    let bare = open_case(ATTITUDE, Priority::Important);
    assert!(bare.core_verified_at.is_none());
    let done = conclude(&bare, conclusion(Validity::Founded), &agent(), &at(after(6))).unwrap();
    assert_eq!(met(&done), Some(after(6)));

    // General: progress counts when it arrived, and a receipt that is learnt late corrects.
    let case =
        reporting::progress(&open_case(DELAY, Priority::General), "text", &agent(), &at(after(70))).unwrap();
    assert_eq!(met(&case), None);
    let key = case.next.progress[0].notice_key.clone();
    let told = reporting::progress_delivered(&case.next, &key, after(73), DeliveryProof::Receipt).unwrap();
    assert_eq!(met(&told), Some(after(73)));
    assert!(reporting::progress_delivered(&told.next, &key, after(74), DeliveryProof::Receipt).is_none());
    let earlier = reporting::progress_delivered(&told.next, &key, after(71), DeliveryProof::Receipt).unwrap();
    assert_eq!(met(&earlier), Some(after(71)));
    assert!(
        reporting::progress_delivered(&told.next, "another", after(71), DeliveryProof::Receipt).is_none()
    );
}

#[test]
fn after_the_conclusion_the_outcome_is_progress_told() {
    let case = concluded(Validity::Founded);
    let proof = DeliveryProof::Receipt;
    assert!(reporting::outcome_delivered(&case, "k", "acknowledgement", after(3), proof).is_none());
    assert!(
        reporting::outcome_delivered(&case, "k", "offer", after(1), proof).is_none(),
        "before the conclusion"
    );
    let told = reporting::outcome_delivered(&case, "k", "offer", after(3), proof).unwrap();
    assert_eq!(met(&told), Some(after(3)));
    assert!(reporting::outcome_delivered(&told.next, "k", "offer", after(4), proof).is_none());
}

#[test]
fn a_pause_stops_the_house_limit_and_never_the_laws() {
    let case = open_case(DELAY, Priority::General);
    let paused = waiting::pause(&case, &[], "text", &at(after(10))).unwrap();
    assert_eq!(names(&paused), ["InvestigationPaused", "NoticeRequested"]);
    assert_eq!((paused.next.stage, due(&paused.next)), (Stage::Paused, None));
    let notice: types::NoticeRequested = payload(&paused);
    assert_eq!(
        (notice.notice.as_str(), notice.text_parameters["materials"].as_str()),
        ("material_request", "text")
    );
    let resumed = waiting::resume(&paused.next, &at(after(30))).unwrap();
    assert_eq!((resumed.next.stage, due(&resumed.next)), (Stage::Open, Some(after(92))));
    // 6 days of pause would go past the law: 7 days from receipt.
    let late = waiting::resume(&paused.next, &at(after(150))).unwrap();
    assert_eq!(due(&late.next), Some(after(168)));
    let statute =
        |change: &DeadlineChange| matches!(change, DeadlineChange::Pause { name, .. } if name != clock::NAME);
    assert!(!paused.deadlines.iter().any(statute));
}

#[test]
fn the_customers_answer_ends_a_pause() {
    let paused =
        waiting::pause(&open_case(DELAY, Priority::General), &[], "text", &at(after(10))).unwrap().next;
    let message = intake::MessageReceived::default();
    let by = agent();
    let receive = |said: Timestamp, now: Timestamp| {
        turns::message_received(&paused, &message, said, "redress.intake.v1.MessageReceived", &by, &at(now))
            .unwrap()
    };
    assert!(receive(after(9), after(11)).is_none(), "said before the question");
    let answered = receive(after(12), after(13)).unwrap();
    assert_eq!(answered.next.stage, Stage::Open);
    assert_eq!(due(&answered.next), Some(after(74)));
    let resumed: pb::InvestigationResumed = payload(&answered);
    assert!(resumed.by_customer);
}
