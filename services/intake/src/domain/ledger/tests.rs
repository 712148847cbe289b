use redress_proto::{
    compensation::v1 as compensation,
    deadlines::v1::{Deadline, DeadlineBasis, DeadlineChange, DeadlineState},
    fact,
    intake::v1::{self as intake, CaseOwner},
    time_to_wire,
    types::v1::{self as types, Role},
};

use super::{
    order::{Occurrence, in_order, steps},
    *,
};

fn at(minutes: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_772_413_200 + minutes * 60, 0).expect("a valid time")
}

/// Takes in the next event of a log.
fn take<M: redress_proto::Payload>(parts: &mut Parts, source: &str, n: i64, minutes: i64, message: &M) {
    let (kind, payload) = fact(message);
    let event = Happened {
        source,
        position: (1, n),
        kind: &kind,
        time: at(minutes),
        region: "cn",
        payload: &payload,
    };
    parts.apply(&event).expect("a readable event of a known service");
}

fn changed(id: &str, basis: DeadlineBasis, state: DeadlineState, due: Option<i64>) -> DeadlineChanged {
    DeadlineChanged {
        change: DeadlineChange::Opened.into(),
        deadline: Some(Deadline {
            deadline_id: id.into(),
            kind: "first_response".into(),
            basis: basis.into(),
            state: state.into(),
            due_time: due.map(at).map(time_to_wire),
            ..Deadline::default()
        }),
        ..DeadlineChanged::default()
    }
}

#[test]
fn the_registry_ends_a_case_and_else_the_furthest_part_leads() {
    use CaseStep::*;
    let none = Unspecified;
    for (standings, expected) in [
        ([Received, none, none, none, none], Received),
        ([Acknowledged, none, none, none, none], Acknowledged),
        ([Received, Dispatched, none, none, none], Dispatched),
        ([Acknowledged, Dispatched, Investigating, none, none], Investigating),
        ([Acknowledged, Dispatched, Concluded, Proposed, none], Proposed),
        ([Acknowledged, Dispatched, Unfounded, none, none], Unfounded),
        ([Refused, Dispatched, Investigating, none, none], Refused),
        ([Withdrawn, Dispatched, Concluded, Offered, none], Withdrawn),
        ([Closed, none, Concluded, Executed, none], Closed),
        ([Closed, none, Concluded, Executed, Surveyed], Surveyed),
        // A survey of the first closing says nothing about a case that is open again.
        ([Reopened, none, none, none, Surveyed], Reopened),
        ([Reopened, Triaged, none, none, none], Triaged),
    ] {
        assert_eq!(step(standings), expected, "{standings:?}");
    }
}

#[test]
fn the_next_deadline_is_the_earliest_that_runs_over_all_services() {
    let mut parts = Parts::default();
    let row = |parts: &Parts| parts.to_wire("case");
    take(
        &mut parts,
        "intake",
        1,
        0,
        &changed("a", DeadlineBasis::Statute, DeadlineState::Pending, Some(900)),
    );
    take(&mut parts, "triage", 1, 0, &changed("b", DeadlineBasis::House, DeadlineState::Pending, Some(60)));
    take(&mut parts, "survey", 1, 0, &changed("c", DeadlineBasis::Action, DeadlineState::Pending, Some(1)));
    assert_eq!(row(&parts).next_deadline.expect("one runs").deadline_id, "b");
    assert_eq!(row(&parts).statutory_deadline.expect("one runs").deadline_id, "a");
    assert_eq!(parts.next_due_at(), Some(at(60)));

    take(&mut parts, "triage", 2, 5, &changed("b", DeadlineBasis::House, DeadlineState::Paused, None));
    assert_eq!(row(&parts).next_deadline.expect("one runs").deadline_id, "a");

    take(&mut parts, "triage", 3, 61, &changed("b", DeadlineBasis::House, DeadlineState::Missed, Some(60)));
    assert_eq!(row(&parts).next_deadline.expect("one runs").deadline_id, "a");
    assert_eq!(row(&parts).missed_deadlines, 1);

    // A receipt learnt late shows that it was met after all.
    take(&mut parts, "triage", 4, 70, &changed("b", DeadlineBasis::House, DeadlineState::Met, Some(60)));
    assert_eq!(row(&parts).missed_deadlines, 0);
    take(
        &mut parts,
        "intake",
        2,
        80,
        &changed("a", DeadlineBasis::Statute, DeadlineState::Cancelled, Some(900)),
    );
    assert_eq!(row(&parts).next_deadline, None);
}

#[test]
fn the_owner_follows_approval_offer_obstacle_and_execution() {
    let mut parts = Parts::default();
    let owner = |roles: &[Role]| {
        Some(CaseOwner { roles: roles.iter().map(|role| i32::from(*role)).collect(), ..CaseOwner::default() })
    };
    let registered = intake::ComplaintRegistered {
        facts: Some(intake::CaseFacts {
            case_number: "C260302-000018".into(),
            ..intake::CaseFacts::default()
        }),
        ..intake::ComplaintRegistered::default()
    };
    take(&mut parts, "intake", 1, 0, &registered);
    assert_eq!(parts.owner(), owner(&[Role::CsAgent, Role::CsSupervisor]));

    let remedy = compensation::Remedy {
        remedy_id: "r".into(),
        executor: compensation::RemedyExecutor::Payments.into(),
        ..compensation::Remedy::default()
    };
    let proposed = compensation::ResolutionProposed { remedies: vec![remedy], ..Default::default() };
    take(&mut parts, "compensation", 1, 1, &proposed);
    let asked =
        compensation::ApprovalRequested { roles: vec![Role::DepartmentManager.into()], ..Default::default() };
    take(&mut parts, "compensation", 2, 1, &asked);
    assert_eq!((parts.step(), parts.owner()), (CaseStep::Proposed, owner(&[Role::DepartmentManager])));

    take(&mut parts, "compensation", 3, 2, &compensation::ResolutionOffered::default());
    assert_eq!(parts.owner(), owner(&[Role::Customer]));
    assert!(parts.is_with_customer());

    let started = compensation::RemedyStarted { remedy_id: "r".into(), ..Default::default() };
    take(&mut parts, "compensation", 4, 3, &started);
    assert_eq!((parts.step(), parts.owner()), (CaseStep::Executing, owner(&[Role::Finance])));

    let obstructed = compensation::RemedyObstructed { remedy_id: "r".into(), ..Default::default() };
    take(&mut parts, "compensation", 5, 4, &obstructed);
    assert_eq!(parts.step(), CaseStep::Obstructed);
    let executed = compensation::RemedyExecuted {
        remedy_id: "r".into(),
        case_paid: Some(redress_proto::google::r#type::Money {
            currency_code: "CNY".into(),
            units: 35,
            nanos: 500_000_000,
        }),
        ..Default::default()
    };
    take(&mut parts, "compensation", 6, 5, &executed);
    let paid = parts.to_wire("case").paid_amount.expect("money arrived");
    assert_eq!((paid.units, paid.nanos), (35, 500_000_000));
}

#[test]
fn an_event_that_was_taken_in_before_changes_nothing() {
    let mut parts = Parts::default();
    let reassigned = types::NoticeRequested::default();
    take(&mut parts, "triage", 7, 3, &reassigned);
    let before = parts.clone();
    take(&mut parts, "triage", 7, 3, &reassigned);
    take(&mut parts, "triage", 6, 2, &changed("x", DeadlineBasis::House, DeadlineState::Pending, Some(9)));
    assert_eq!(parts, before);
}

#[test]
fn what_caused_something_comes_before_it_and_else_time_decides() {
    let event = |source: usize, n, minutes, causes: &[(usize, i64)], standing| Occurrence {
        source,
        n,
        time: at(minutes),
        causes: causes.to_vec(),
        standing,
    };
    // All in one instant: intake registers, triage ranks, investigation opens and asks for a message, intake sends it.
    let history = vec![
        event(2, 1, 0, &[(1, 1)], CaseStep::Investigating),
        event(0, 2, 0, &[(2, 1)], CaseStep::Received),
        event(1, 1, 0, &[(0, 1)], CaseStep::Triaged),
        event(0, 1, 0, &[], CaseStep::Received),
        // Ten minutes later, learnt of first.
        event(1, 2, 10, &[(0, 99)], CaseStep::Dispatched),
        // Committed after the one before it, though begun earlier: the log's order holds.
        event(0, 4, 4, &[], CaseStep::Acknowledged),
        event(0, 3, 5, &[], CaseStep::Received),
    ];
    let ordered = in_order(&history);
    let places: Vec<_> = ordered.iter().map(|index| (history[*index].source, history[*index].n)).collect();
    assert_eq!(places, [(0, 1), (1, 1), (2, 1), (0, 2), (0, 3), (0, 4), (1, 2)]);
    use CaseStep::{Investigating, Received, Triaged, Unspecified};
    let none = Unspecified;
    assert_eq!(steps(&history, &ordered), [Received, Triaged, Investigating, none, none, none, none]);
}
