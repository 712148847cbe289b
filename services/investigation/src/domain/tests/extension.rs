use redress_domain::handbook::Role;
use redress_proto::investigation::v1 as pb;

use super::*;
use crate::domain::{
    case::ExtensionState,
    extension::{Application, Verdict, apply, decide, lapsed, told},
    waiting,
};

fn application(limit: &str) -> Application {
    let limit = (!limit.is_empty()).then(|| limit.parse().unwrap());
    Application { id: Uuid::from_u128(9), limit, text_ref: "why".into() }
}

fn applied() -> Case {
    apply(&open_case(DELAY, Priority::General), application("48h"), &agent(), &at(after(60))).unwrap().next
}

const YES: bool = true;

fn verdict(approved: bool) -> Verdict {
    Verdict { approved, text_ref: String::new() }
}

fn approved() -> Case {
    decide(&applied(), verdict(YES), &supervisor(), &at(after(61))).unwrap().next
}

fn state(case: &Case) -> ExtensionState {
    case.extensions[0].state
}

#[test]
fn requested_decided_told_granted() {
    let case = applied();
    assert_eq!((state(&case), due(&case)), (ExtensionState::Requested, Some(after(72))));
    assert!(case.open_deadlines.contains("extension_decision"));

    let decision = decide(&case, verdict(YES), &supervisor(), &at(after(61))).unwrap();
    assert_eq!(names(&decision), ["ExtensionDecided", "NoticeRequested"], "the customer is told first");
    assert_eq!((state(&decision.next), due(&decision.next)), (ExtensionState::Approved, Some(after(72))));
    assert!(!decision.deadlines.iter().any(|change| matches!(change, DeadlineChange::Extend { .. })));
    let notice: types::NoticeRequested = payload(&decision);
    assert_eq!(notice.notice, "extension_notice");
    assert_eq!(notice.text_parameters["reason"], "why");
    assert_eq!(notice.parameters["due"], "3月7日09:00", "in the customer's language and the calendar's zone");

    let key = &decision.next.extensions[0].notice_key;
    let granted = told(&decision.next, key, after(62), &at(after(63))).unwrap().unwrap();
    assert_eq!((state(&granted.next), due(&granted.next)), (ExtensionState::Granted, Some(after(120))));
    assert!(granted.deadlines.iter().any(|change| matches!(change, DeadlineChange::Extend { .. })));
    let event: pb::ExtensionGranted = payload(&granted);
    assert_eq!(
        (event.told_time, event.due_time),
        (Some(time_to_wire(after(62))), Some(time_to_wire(after(120))))
    );
    assert!(told(&granted.next, key, after(62), &at(after(64))).unwrap().is_none(), "granted once");
}

#[test]
fn nothing_is_granted_when_the_customer_is_told_too_late() {
    let case = approved();
    let key = case.extensions[0].notice_key.clone();
    assert!(told(&case, "another", after(62), &at(after(62))).unwrap().is_none());
    assert!(told(&case, &key, after(72), &at(after(72))).unwrap().is_some(), "at the last moment");
    let second_late = after(72) + TimeDelta::seconds(1);
    assert!(told(&case, &key, second_late, &at(second_late)).unwrap().is_none());
    // The limit fell due first, and then a receipt says that the customer had been told before.
    let missed = lapsed(&case, None).unwrap();
    assert_eq!(names(&missed), ["ExtensionLapsed"]);
    assert_eq!(state(&missed.next), ExtensionState::Lapsed);
    assert!(told(&missed.next, &key, second_late, &at(after(73))).unwrap().is_none());
    assert!(
        told(&missed.next, &key, after(71), &at(after(73))).unwrap().is_some(),
        "what counts is when it happened"
    );
}

#[test]
fn it_lapses_when_the_notice_fails_or_the_priority_rises() {
    let case = approved();
    let failed = lapsed(&case, Some(&case.extensions[0].notice_key)).unwrap();
    assert_eq!(state(&failed.next), ExtensionState::Lapsed);
    assert!(lapsed(&case, Some("another")).is_none());
    let event = triaged_event(DELAY, Priority::Urgent);
    let raised = triage::triaged(&case, &event, after(62), &at(after(62))).unwrap().unwrap();
    assert_eq!(state(&raised.next), ExtensionState::Lapsed);
    assert!(told(&raised.next, &case.extensions[0].notice_key, after(63), &at(after(63))).unwrap().is_none());
}

#[test]
fn it_is_applied_for_once_whatever_came_of_it() {
    let refused = decide(&applied(), verdict(!YES), &supervisor(), &at(after(61))).unwrap();
    assert_eq!(names(&refused), ["ExtensionDecided"]);
    assert_eq!((state(&refused.next), due(&refused.next)), (ExtensionState::Refused, Some(after(72))));
    for case in [applied(), approved(), refused.next] {
        assert_eq!(reason(apply(&case, application("1h"), &agent(), &at(after(62)))), "EXTENSION_USED_UP");
    }
    assert_eq!(
        reason(decide(&approved(), verdict(YES), &supervisor(), &at(after(62)))),
        "NO_EXTENSION_PENDING",
        "decided once"
    );
}

#[test]
fn a_supervisor_decides_and_never_the_applicant() {
    let case = applied();
    let mut own = supervisor();
    own.person.subject = agent().subject;
    assert_eq!(reason(decide(&case, verdict(YES), &own, &at(after(61)))), "OWN_APPLICATION");
    let manager = By { roles: vec![Role::DepartmentManager], ..supervisor() };
    assert_eq!(reason(decide(&case, verdict(YES), &manager, &at(after(61)))), "ROLE_NOT_ALLOWED");
    assert!(
        decide(&case, verdict(!YES), &supervisor(), &at(after(73))).is_ok(),
        "a refusal is never too late"
    );
    assert_eq!(reason(decide(&case, verdict(YES), &supervisor(), &at(after(72)))), "EXTENSION_TOO_LATE");
}

#[test]
fn only_general_cases_and_only_before_the_limit() {
    for priority in [Priority::Important, Priority::Urgent] {
        let refused =
            apply(&open_case(DELAY, priority), application(""), &agent(), &at(after(1))).unwrap_err();
        assert_eq!(
            (refused.reason, refused.metadata["priority"].as_str()),
            ("EXTENSION_NOT_ALLOWED", priority.as_str())
        );
    }
    let case = open_case(DELAY, Priority::General);
    let just_before = after(72) - TimeDelta::seconds(1);
    assert!(apply(&case, application("1h"), &agent(), &at(just_before)).is_ok());
    assert_eq!(reason(apply(&case, application("1h"), &agent(), &at(after(72)))), "EXTENSION_TOO_LATE");
    let paused = waiting::pause(&case, &[], "text", &at(after(10))).unwrap().next;
    assert_eq!(reason(apply(&paused, application("1h"), &agent(), &at(after(11)))), "STATE_NOT_ALLOWED");
}

#[test]
fn at_most_what_the_handbook_says_and_never_past_the_law() {
    let case = open_case(DELAY, Priority::General);
    for (limit, granted) in
        [("72h", Some("72h")), ("3d", Some("3d")), ("73h", None), ("4d", None), ("", Some("72h"))]
    {
        let result = apply(&case, application(limit), &agent(), &at(after(60)));
        match granted {
            Some(granted) => {
                assert_eq!(result.unwrap().next.extensions[0].limit.to_string(), granted, "`{limit}`")
            }
            None => {
                let refused = result.unwrap_err();
                assert_eq!(
                    (refused.reason, refused.metadata["limit_max"].as_str()),
                    ("EXTENSION_TOO_LONG", "72h")
                );
            }
        }
    }
    // Received two days before it was triaged: the law leaves 120 h from triage, which is 48 h after the limit.
    let case = registered(DELAY, after(-48));
    let event = triaged_event(DELAY, Priority::General);
    let case = triage::triaged(&case, &event, start(), &at(start())).unwrap().unwrap().next;
    for (limit, granted) in [("48h", Some("48h")), ("49h", None), ("72h", None), ("", Some("48h"))] {
        let result = apply(&case, application(limit), &agent(), &at(after(60)));
        match granted {
            Some(granted) => {
                assert_eq!(result.unwrap().next.extensions[0].limit.to_string(), granted, "`{limit}`")
            }
            None => {
                let refused = result.unwrap_err();
                assert_eq!(refused.reason, "EXTENSION_TOO_LONG");
                assert_eq!(refused.metadata["latest"], after(120).to_rfc3339());
            }
        }
    }
}
