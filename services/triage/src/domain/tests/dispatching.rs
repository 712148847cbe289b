//! Dispatch, its clocks and what meets them (M3.3).

use redress_domain::{
    DeadlineChange,
    handbook::{DeadlineKind, DispatchMode, Role, Signal},
};
use redress_proto::types::v1::DeliveryProof;

use super::*;
use crate::domain::{
    case::{Stage, TaskForceMember},
    commands::{self, Confirmation, Person},
    dispatch,
};

fn names(changes: &[DeadlineChange]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change {
            DeadlineChange::Open(draft) => format!("open {}", draft.kind),
            DeadlineChange::Meet { name, .. } => format!("meet {name}"),
            DeadlineChange::Cancel { name } => format!("cancel {name}"),
            DeadlineChange::Tighten { name, limit, .. } => format!("tighten {name} {limit}"),
            other => format!("{other:?}"),
        })
        .collect()
}

fn due(case: &Case) -> Timestamp {
    case.dispatch.as_ref().and_then(|dispatch| dispatch.due_at).expect("a due time")
}

fn person(role: Role, department: &str) -> Person {
    Person { subject: "li.na".into(), roles: vec![role], department: department.into() }
}

fn raise(world: &World, case: &Case, signal: Signal, at: Timestamp) -> Decision<Case> {
    let revision = commands::raise_signal(case, signal, at, "", &world.setting(1, at)).expect("allowed");
    world.revise(case, revision.expect("a new signal"), at)
}

#[test]
fn each_priority_has_its_mode_department_deliverable_and_time() {
    let world = World::new();
    let fresh = with_order("delay", |order| order.goods_category = "fresh".into());
    let cases = [
        (fresh, DispatchMode::TaskForce, "customer_service", DeadlineKind::TaskForce, 2),
        (complaint("damage"), DispatchMode::ContactPerson, "warehouse", DeadlineKind::ContactPerson, 4),
        (complaint("parcel_lost"), DispatchMode::ContactPerson, "transport", DeadlineKind::ContactPerson, 4),
        (complaint("bad_attitude"), DispatchMode::FrontLine, "customer_service", DeadlineKind::Progress, 8),
    ];
    for (facts, mode, department, deliverable, limit) in cases {
        let decision = world.register(&facts, None);
        let case = decision.next.clone();
        let dispatch = case.dispatch.clone().expect("dispatched");
        assert_eq!(
            (dispatch.mode, &*dispatch.department, dispatch.deliverable),
            (mode, department, deliverable)
        );
        assert_eq!((case.stage, due(&case)), (Stage::Dispatched, start() + hours(limit)));
        assert_eq!(names(&decision.deadlines), [format!("open {deliverable}")]);
        assert_eq!(facts_of(&decision), ["CaseTriaged", "CaseDispatched"]);
    }
    let shorter = World::changed(&[(
        "name = { zh-CN = \"反馈进展\", en = \"progress told\" }\nbasis = \"house\"\nlimit = \"8h\"",
        "name = { zh-CN = \"反馈进展\", en = \"progress told\" }\nbasis = \"house\"\nlimit = \"90m\"",
    )]);
    let case = shorter.register(&complaint("bad_attitude"), None).next;
    assert_eq!(due(&case), start() + Duration::minutes(90));
}

#[test]
fn a_raise_falls_due_at_the_earlier_of_the_old_time_and_its_own() {
    let world = World::new();
    for (raised, expected) in [(1, 3), (6, 8), (7, 8)] {
        let case = world.register(&complaint("bad_attitude"), None).next;
        let decision = raise(&world, &case, Signal::Media, start() + hours(raised));
        assert_eq!(due(&decision.next), start() + hours(expected), "raised after {raised} h");
        assert_eq!(names(&decision.deadlines), ["cancel progress", "open task_force"]);
    }
}

#[test]
fn the_same_step_is_tightened_in_place() {
    let world = World::changed(&[
        (
            "when = 'case.priority == \"urgent\"'\nmode = \"task_force\"",
            "when = 'case.priority != \"general\"'\nmode = \"task_force\"",
        ),
        (
            "basis = \"house\"\nlimit = \"2h\"\nnever_past = \"statutory_answer\"\nladder = \"task_force\"",
            "basis = \"house\"\nlimit = { urgent = \"2h\", important = \"6h\", general = \"6h\" }\nnever_past = \"statutory_answer\"\nladder = \"task_force\"",
        ),
    ]);
    for (raised, expected, changes) in [(1, 3, vec!["tighten task_force 2h"]), (4, 6, vec![]), (5, 6, vec![])]
    {
        let case = world.register(&complaint("damage"), None).next;
        assert_eq!(due(&case), start() + hours(6));
        let decision = raise(&world, &case, Signal::Media, start() + hours(raised));
        assert_eq!(due(&decision.next), start() + hours(expected), "raised after {raised} h");
        assert_eq!(names(&decision.deadlines), changes);
    }
}

#[test]
fn finished_steps_stay_and_a_new_step_runs_from_the_raise() {
    let world = World::new();
    let case = world.register(&complaint("damage"), None).next;
    let at = start() + hours(1);
    let named = Confirmation { contact: "wang.wei".into(), task_force: Vec::new() };
    let manager = person(Role::DepartmentManager, "warehouse");
    let confirmed = commands::confirm(&case, &named, &manager, &world.setting(1, at)).expect("confirmed");
    assert_eq!(names(&confirmed.deadlines), ["meet contact_person"]);
    assert_eq!(confirmed.next.stage, Stage::Confirmed);
    let decision = raise(&world, &confirmed.next, Signal::Regulator, start() + hours(10));
    assert_eq!(names(&decision.deadlines), ["open task_force"]);
    assert_eq!((decision.next.stage, due(&decision.next)), (Stage::Dispatched, start() + hours(12)));
}

#[test]
fn a_task_force_needs_both_leaders_and_a_leader_to_confirm_it() {
    let world = World::new();
    let case = world.register(&with_order("delay", |order| order.goods_category = "fresh".into()), None).next;
    let setting = world.setting(1, start() + hours(1));
    let member =
        |subject: &str, role| TaskForceMember { subject: subject.into(), role, department: String::new() };
    let supervisor = person(Role::CsSupervisor, "");
    let refuse = |task_force: Vec<TaskForceMember>, by: &Person| {
        let command = Confirmation { contact: String::new(), task_force };
        commands::confirm(&case, &command, by, &setting).expect_err("incomplete")
    };
    let kinds = |rejection: redress_domain::Rejection| {
        rejection.unmet.into_iter().map(|unmet| unmet.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(refuse(Vec::new(), &supervisor)), ["TASK_FORCE", "LEADER", "LEADER"]);
    assert_eq!(kinds(refuse(vec![member("a", Role::CsSupervisor)], &supervisor)), ["LEADER"]);
    let both = vec![member("a", Role::CsSupervisor), member("b", Role::OperationsManager)];
    assert_eq!(refuse(both.clone(), &person(Role::CsAgent, "")).reason, "NOT_RESPONSIBLE");
    let command = Confirmation { contact: String::new(), task_force: both };
    let decision = commands::confirm(&case, &command, &supervisor, &setting).expect("complete");
    assert_eq!(names(&decision.deadlines), ["meet task_force"]);
    let again =
        commands::confirm(&decision.next, &command, &supervisor, &setting).expect_err("confirmed before");
    assert_eq!(again.reason, "STATE_NOT_ALLOWED");
}

#[test]
fn a_department_names_its_own_contact_person() {
    let world = World::new();
    let case = world.register(&complaint("damage"), None).next;
    let setting = world.setting(1, start() + hours(1));
    let named = Confirmation { contact: "wang.wei".into(), task_force: Vec::new() };
    let transport = person(Role::DepartmentManager, "transport");
    assert_eq!(
        commands::confirm(&case, &named, &transport, &setting).expect_err("not theirs").reason,
        "NOT_RESPONSIBLE"
    );
    let warehouse = person(Role::DepartmentStaff, "warehouse");
    let nobody =
        commands::confirm(&case, &Confirmation::default(), &warehouse, &setting).expect_err("nobody");
    assert_eq!(nobody.reason, "DELIVERABLE_INCOMPLETE");
    let confirmed = commands::confirm(&case, &named, &warehouse, &setting).expect("complete").next;

    let supervisor = person(Role::CsSupervisor, "");
    let moved = commands::reassign(&confirmed, "transport", "", "t", &supervisor, &setting).expect("moves");
    let dispatch = moved.next.dispatch.clone().expect("dispatched");
    assert_eq!(
        (moved.next.stage, &*dispatch.department, &*dispatch.contact),
        (Stage::Dispatched, "transport", "")
    );
    assert!(moved.deadlines.is_empty(), "the deadline goes on");
    let same =
        commands::reassign(&moved.next, "transport", "", "t", &supervisor, &setting).expect_err("same");
    assert_eq!(same.reason, "ALREADY_ASSIGNED");
    let unknown =
        commands::reassign(&moved.next, "moon", "", "t", &supervisor, &setting).expect_err("unknown");
    assert_eq!(unknown.reason, "DEPARTMENT_UNKNOWN");
    let other = commands::reassign(
        &moved.next,
        "warehouse",
        "",
        "t",
        &person(Role::DepartmentManager, "finance"),
        &setting,
    );
    assert_eq!(other.expect_err("another department").reason, "DEPARTMENT_NOT_ALLOWED");
}

#[test]
fn progress_counts_when_it_is_delivered() {
    let world = World::new();
    let case = world.register(&complaint("bad_attitude"), None).next;
    let setting = world.setting(1, start() + hours(7));
    let told = commands::report_progress(&case, "text", ("li.na", "cs-agent"), &setting).expect("allowed");
    assert_eq!(facts_of(&told), ["ProgressReported", "NoticeRequested"]);
    assert!(told.deadlines.is_empty());
    let key = told.next.progress_reports[0].notice_key.clone();
    let at = start() + hours(8);
    let missed = turns::overdue(&told.next, "progress", at).expect("overdue").next;
    assert!(missed.dispatch.as_ref().is_some_and(|dispatch| dispatch.overdue_at.is_some()));
    let delivered = turns::progress_delivered(&missed, &key, at, DeliveryProof::Receipt).expect("delivered");
    assert_eq!(names(&delivered.deadlines), ["meet progress"]);
    assert_eq!(facts_of(&delivered), ["ProgressDelivered", "DispatchConfirmed"]);
    assert_eq!(delivered.next.stage, Stage::Confirmed);
    assert!(delivered.next.dispatch.as_ref().is_some_and(|dispatch| dispatch.overdue_at.is_none()));
    assert!(turns::progress_delivered(&delivered.next, &key, at, DeliveryProof::Receipt).is_none());
    assert!(turns::overdue(&delivered.next, "progress", at).is_none());
    assert!(!dispatch::is_delivered_by_confirming(DeadlineKind::Progress));
}

#[test]
fn an_ended_case_owes_nothing_until_it_is_reopened() {
    let world = World::new();
    let case = world.register(&complaint("bad_attitude"), None).next;
    let ended =
        turns::ended(&case, Some(redress_domain::handbook::ClosingBasis::Withdrawn), false).expect("ends");
    assert_eq!(names(&ended.deadlines), ["cancel progress"]);
    let ended = ended.next;
    assert!(turns::ended(&ended, None, false).is_none());
    assert!(turns::order_known(&ended, &types::OrderFacts::default(), &world.setting(1, start())).is_none());
    let closed = turns::ended(&ended, None, true).expect("closes").next;
    assert!(turns::ended(&closed, None, true).is_none());
    let at = start() + hours(48);
    let reopened = world.revise(&closed, turns::reopened(&closed, 1).expect("opens"), at);
    assert_eq!((reopened.next.stage, due(&reopened.next)), (Stage::Dispatched, at + hours(8)));
    assert!(turns::reopened(&reopened.next, 1).is_none());
}
