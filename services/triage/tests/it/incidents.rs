//! Group incidents over several cases.

use std::sync::Arc;

use chrono::Duration;
use redress_proto::{
    intake::v1::CaseRefused,
    triage::v1::{
        GetIncidentRequest, IncidentState, ListIncidentsRequest, triage_service_server::TriageService as _,
    },
    types::v1::Priority,
};

use crate::world::World;

#[tokio::test]
async fn the_fifth_person_raises_the_earlier_ones_and_links_what_was_offered() {
    let world = World::new().await;
    let mut cases = Vec::new();
    for person in ["a", "b", "c", "d", "d"] {
        cases.push(world.registered(person, "delay", "B1").await);
        world.advance(Duration::minutes(10)).await;
    }
    let other = world.registered("x", "damage", "B1").await;
    let offered = cases[1];
    let kind = "redress.compensation.v1.ResolutionOffered".to_owned();
    world.apply(&world.raw("compensation", offered, kind, Vec::new())).await;
    for case in &cases {
        let triage = world.view(*case).await;
        assert_eq!((triage.priority(), triage.group_complaint), (Priority::General, false));
    }
    let fifth = world.registered("e", "delay", "B1").await;
    cases.push(fifth);
    for case in &cases {
        let triage = world.view(*case).await;
        let expected = if *case == offered { Priority::General } else { Priority::Urgent };
        assert_eq!((triage.priority(), triage.group_complaint), (expected, true));
        assert_eq!(
            world.count(Some(*case), "CaseTriaged").await,
            if [offered, fifth].contains(case) { 1 } else { 2 }
        );
    }
    assert!(!world.view(other).await.incident_id.is_empty(), "an incident of its own kind");
    assert_eq!(world.count(None, "IncidentRecognised").await, 1);

    let list = ListIncidentsRequest { states: vec![IncidentState::Recognised.into()], ..Default::default() };
    let list = world.triage.list_incidents(world.call("risk", "ListIncidents", list)).await.expect("listed");
    let incidents = list.into_inner().incidents;
    assert_eq!(incidents.len(), 1);
    let request = GetIncidentRequest { incident_id: incidents[0].incident_id.clone() };
    let incident =
        world.triage.get_incident(world.call("risk", "GetIncident", request)).await.expect("there");
    let incident = incident.into_inner().incident.expect("an incident");
    assert_eq!((incident.people, incident.members.len(), incident.key_value.as_str()), (5, 6, "B1"));
    let linked: Vec<&str> = incident
        .members
        .iter()
        .filter(|member| member.linked_only)
        .map(|member| member.case_id.as_str())
        .collect();
    assert_eq!(linked, [offered.to_string()]);
}

#[tokio::test]
async fn a_raise_tightens_to_the_earlier_time() {
    let world = World::new().await;
    let first = world.registered("a", "delay", "B1").await;
    world.advance(Duration::hours(7)).await;
    let second = world.registered("b", "delay", "B1").await;
    for person in ["c", "d", "e"] {
        world.registered(person, "delay", "B1").await;
    }
    let due = async |case| {
        world.view(case).await.dispatch.and_then(|dispatch| dispatch.due_time).expect("due").seconds
    };
    let registered = crate::world::start().timestamp();
    assert_eq!(due(first).await, registered + 8 * 3600, "its old time comes first");
    assert_eq!(due(second).await, registered + 9 * 3600, "two hours from the raise");
}

#[tokio::test]
async fn a_refused_complaint_does_not_count() {
    let world = World::new().await;
    for person in ["a", "b", "c"] {
        world.registered(person, "delay", "B1").await;
    }
    let refused = world.registered("d", "delay", "B1").await;
    world.told("intake", refused, &CaseRefused::default()).await;
    let fifth = world.registered("e", "delay", "B1").await;
    assert_eq!(world.view(fifth).await.priority(), Priority::General);
    assert_eq!(world.count(None, "IncidentLeft").await, 1);
    let sixth = world.registered("f", "delay", "B1").await;
    assert_eq!(world.view(sixth).await.priority(), Priority::Urgent);
    assert_eq!(world.view(refused).await.priority(), Priority::General);
}

#[tokio::test]
async fn registrations_at_once_meet_in_one_incident() {
    let world = Arc::new(World::new().await);
    let cases: Vec<_> = (0..8).map(|_| world.new_case()).collect();
    let tasks: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(index, case)| {
            let event = world.registration(*case, &format!("p{index}"), "delay", "B1");
            let world = world.clone();
            tokio::spawn(async move { world.apply(&event).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("applied");
    }
    for case in cases {
        let triage = world.view(case).await;
        assert_eq!((triage.priority(), triage.group_complaint), (Priority::Urgent, true));
    }
    assert_eq!(world.count(None, "IncidentOpened").await, 1);
    assert_eq!(world.count(None, "IncidentRecognised").await, 1);
    assert_eq!(world.count(None, "IncidentGrew").await, 7);
}
