//! Group incidents (M3.2): people, not cases, within the handbook's window.

use std::collections::BTreeSet;

use redress_domain::handbook::{IncidentKey, Priority};

use super::*;
use crate::domain::{
    case::Stage,
    incident::{self, Incident, Key, Member},
};

fn key() -> Key {
    Key { region: "CN".into(), sub_type: "delay".into(), key: IncidentKey::Batch, value: "B1".into() }
}

/// Registers complaints of the same matter, each by its person, so many minutes after the first.
fn admit_all(world: &World, complaints: &[(&str, i64)]) -> Vec<Incident> {
    let (rule, rule_ref) = world.book.incident();
    let mut states: Vec<Incident> = Vec::new();
    for (index, (person, minutes)) in complaints.iter().enumerate() {
        let newcomer = Member {
            case_id: Uuid::from_u128(index as u128 + 1),
            person_ref: (*person).into(),
            received_at: start() + Duration::minutes(*minutes),
            grouped: false,
            linked_only: false,
        };
        let case_id = newcomer.case_id;
        let latest = states.iter().max_by_key(|state| state.sequence).cloned();
        let admission =
            incident::admit(latest.as_ref(), &key(), newcomer, (rule, &rule_ref), &world.calendar, start())
                .expect("computable");
        let opened = admission.opened;
        let before = latest.filter(|_| !opened);
        let next = incident::admitted(before.as_ref(), admission, case_id, &BTreeSet::new()).next;
        if !opened {
            states.retain(|state| state.sequence != next.sequence);
        }
        states.push(next);
    }
    states
}

fn grouped(incident: &Incident) -> usize {
    incident.members.iter().filter(|member| member.grouped).count()
}

#[test]
fn five_people_make_a_group_and_four_do_not() {
    let world = World::new();
    let four = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3)]);
    assert_eq!((four.len(), four[0].people, four[0].is_recognised()), (1, 4, false));
    let five = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]);
    assert_eq!((five[0].people, five[0].is_recognised(), grouped(&five[0])), (5, true, 5));
    let three = World::changed(&[("people_min = 5", "people_min = 3")]);
    assert!(admit_all(&three, &[("a", 0), ("b", 1), ("c", 2)])[0].is_recognised());
}

#[test]
fn one_person_is_one_however_often_and_nobody_is_none() {
    let world = World::new();
    let same = admit_all(&world, &[("a", 0), ("a", 1), ("a", 2), ("a", 3), ("a", 4)]);
    assert_eq!((same[0].people, same[0].members.len(), same[0].is_recognised()), (1, 5, false));
    let unknown = admit_all(&world, &[("", 0), ("", 1), ("", 2), ("", 3), ("", 4), ("a", 5)]);
    assert_eq!((unknown[0].people, unknown[0].is_recognised()), (1, false));
    let mixed = admit_all(&world, &[("a", 0), ("a", 1), ("b", 2), ("", 3), ("c", 4), ("d", 5), ("e", 6)]);
    assert_eq!((mixed[0].people, grouped(&mixed[0])), (5, 7), "every case of the window is part of it");
}

#[test]
fn the_window_is_twenty_four_hours_to_the_minute() {
    let world = World::new();
    let day = 24 * 60;
    let inside = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", day)]);
    assert!(inside[0].is_recognised());
    let outside = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", day + 1)]);
    assert_eq!((outside.len(), outside[0].people, outside[0].is_recognised()), (1, 4, false));
    let sliding =
        admit_all(&world, &[("a", 0), ("b", 600), ("c", 700), ("d", 800), ("e", day + 1), ("f", day + 2)]);
    assert_eq!((sliding[0].is_recognised(), grouped(&sliding[0])), (true, 5), "the first is too long ago");
    let shorter = World::changed(&[("window = \"24h\"", "window = \"3m\"")]);
    assert!(!admit_all(&shorter, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)])[0].is_recognised());
}

#[test]
fn complaints_may_come_out_of_order() {
    let world = World::new();
    let states = admit_all(&world, &[("e", 1440), ("a", 0), ("d", 900), ("b", 300), ("c", 600)]);
    assert_eq!((states.len(), grouped(&states[0])), (1, 5));
    let times: Vec<Timestamp> = states[0].members.iter().map(|member| member.received_at).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_recognised_incident_takes_only_whom_a_window_of_enough_people_holds() {
    let world = World::new();
    let five = [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0)];
    let sixth = admit_all(&world, &[&five[..], &[("f", 1440)]].concat());
    assert_eq!((grouped(&sixth[0]), sixth[0].people), (6, 6));
    let late = admit_all(&world, &[&five[..], &[("f", 1440), ("g", 1500)]].concat());
    assert_eq!((late.len(), grouped(&late[0]), late[0].members.len()), (1, 6, 7));
    let next = admit_all(&world, &[&five[..], &[("f", 1441)]].concat());
    assert_eq!((next.len(), next[1].sequence, next[1].is_recognised()), (2, 2, false));
    assert_ne!(next[0].id(), next[1].id());
}

#[test]
fn who_waits_too_long_drops_out_of_the_chain() {
    let world = World::new();
    let drip: Vec<(&str, i64)> = (0..20).map(|index| ("a", index * 1000)).collect();
    let states = admit_all(&world, &drip);
    assert_eq!(states.len(), 1);
    assert!(states[0].members.len() <= 4, "{} members", states[0].members.len());
}

#[test]
fn a_member_is_raised_unless_it_was_offered_or_has_ended() {
    let world = World::new();
    let incident = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]).remove(0);
    let case = world.register(&complaint("delay"), None).next;
    let at = start() + hours(1);
    let setting = world.setting(1, at);
    let decision = turns::grouped(&case, &incident, &setting).expect("raised");
    assert_eq!(decision.next.priority, Priority::Urgent);
    assert_eq!(decision.next.priority_rule.id, "priority.group_complaint");
    assert_eq!(
        facts_of(&decision),
        ["CaseJoinedIncident", "CaseTriaged", "CaseDispatched", "NoticeRequested"]
    );

    let offered = turns::offered(&case).expect("noted").next;
    let ended = turns::ended(&case, None, false).expect("ends").next;
    for case in [offered, ended] {
        let decision = turns::grouped(&case, &incident, &setting).expect("linked");
        assert_eq!(facts_of(&decision), ["CaseJoinedIncident"]);
        assert!(decision.deadlines.is_empty());
        assert_eq!((decision.next.priority, decision.next.is_group_complaint()), (Priority::General, false));
    }
}

#[test]
fn the_batch_decides_else_the_line_and_a_refused_complaint_is_none() {
    let world = World::new();
    let setting = world.setting(1, start());
    let by_line = world.register(&complaint("delay"), None).next;
    let found = by_line.incident_key(&setting).expect("has a line");
    assert_eq!((found.key, &*found.value, &*found.sub_type), (IncidentKey::Line, "SHA-PEK", "delay"));
    let by_batch = world.register(&with_order("delay", |order| order.batch = "B1".into()), None).next;
    assert_eq!(by_batch.incident_key(&setting), Some(key()));
    let nowhere = world.register(&with_order("delay", |order| order.line.clear()), None).next;
    assert_eq!(nowhere.incident_key(&setting), None);
    let refused =
        turns::ended(&by_batch, Some(redress_domain::handbook::ClosingBasis::Refused), false).expect("ends");
    assert_eq!((refused.next.stage, refused.next.incident_key(&setting)), (Stage::Ended, None));
}

#[test]
fn who_leaves_an_open_incident_is_no_longer_counted() {
    let world = World::new();
    let four = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3)]).remove(0);
    let left = incident::leave(&four, Uuid::from_u128(2)).expect("leaves").next;
    assert_eq!((left.people, left.members.len()), (3, 3));
    assert!(incident::leave(&left, Uuid::from_u128(2)).is_none());
    let five = admit_all(&world, &[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]).remove(0);
    assert!(incident::leave(&five, Uuid::from_u128(2)).is_none(), "a recognised one keeps its members");
}

#[test]
fn ids_are_the_same_wherever_they_are_computed() {
    assert_eq!(key().incident_id(1), key().incident_id(1));
    assert_ne!(key().incident_id(1), key().incident_id(2));
    let line = Key { key: IncidentKey::Line, ..key() };
    assert_ne!(key().incident_id(1), line.incident_id(1));
}
