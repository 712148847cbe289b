//! What callers do to a case.

use redress_domain::{
    DeadlineChange, Decision, Rejection, Timestamp,
    handbook::{Category, DispatchMode, NoticeKey, Role, Signal},
};
use redress_proto::{fact, triage::v1 as pb, types::v1 as types};

use super::{
    Setting,
    case::{Case, Classifier, Dispatch, Origin, ProgressReport, RaisedSignal, Stage, TaskForceMember},
    classify,
    dispatch::{self, is_delivered_by_confirming, owes_contact},
    rank::{Occasion, signal_to_wire},
    words,
};

/// Who gives a command.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Staff id.
    pub subject: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Department; empty where the roles say enough.
    pub department: String,
}

impl Person {
    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the dispatch is theirs: by a leading role, which for departments' own roles means the department too.
    fn leads(&self, dispatch: &Dispatch) -> bool {
        let own_department = !self.department.is_empty() && self.department == dispatch.department;
        self.roles.iter().any(|role| match role {
            Role::DepartmentStaff | Role::DepartmentManager => own_department && owes_contact(dispatch.mode),
            other => dispatch.lead_roles.contains(other),
        })
    }
}

/// A case with changed facts, to be ranked again.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The case.
    pub draft: Case,
    /// Why.
    pub occasion: Occasion,
}

/// A classification by hand.
#[derive(Clone, Debug)]
pub struct NewClassification {
    /// Category; none for the one that the sub-type belongs to.
    pub category: Option<Category>,
    /// Primary sub-type.
    pub primary: String,
    /// Further sub-types.
    pub further: Vec<String>,
    /// Why, as text reference.
    pub text_ref: String,
}

/// Corrects the classification. Only a supervisor's or an operations manager's correction can lower the priority.
pub fn reclassify(
    case: &Case,
    command: &NewClassification,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Revision, Rejection> {
    expect_stage(case, &[Stage::Triaged, Stage::Dispatched, Stage::Confirmed])?;
    let unknown = |field: &str, sub_type: &str| {
        let description = format!("the handbook of the case does not know the sub-type `{sub_type}` here");
        Rejection::invalid("SUB_TYPE_UNKNOWN", field, description).with("sub_type", sub_type)
    };
    let primary = setting
        .book
        .subtype(&command.primary)
        .filter(|found| command.category.is_none_or(|category| category == found.category))
        .ok_or_else(|| unknown("primary_sub_type", &command.primary))?;
    for (index, sub_type) in command.further.iter().enumerate() {
        if setting.book.subtype(sub_type).is_none() {
            return Err(unknown(&format!("further_sub_types[{index}]"), sub_type));
        }
    }
    let mut draft = case.clone();
    draft.classification =
        classify::classification(setting.book, primary, command.further.iter().cloned(), Classifier::Staff);
    let mut occasion = Occasion::new(pb::TriageTrigger::Reclassified);
    occasion.text_ref.clone_from(&command.text_ref);
    occasion.may_lower = by.has(Role::CsSupervisor) || by.has(Role::OperationsManager);
    occasion.rulings.push(classify::ruling(&draft.classification, primary.rule_ref(), &draft.known));
    Ok(Revision { draft, occasion })
}

/// Raises a signal by hand; `None` when it stands already.
pub fn raise_signal(
    case: &Case,
    kind: Signal,
    at: Timestamp,
    text_ref: &str,
    setting: &Setting<'_>,
) -> Result<Option<Revision>, Rejection> {
    expect_stage(case, &[Stage::Triaged, Stage::Dispatched, Stage::Confirmed])?;
    let (signal, rule) = setting.book.signal(kind);
    if !signal.by_hand {
        let message = format!("the handbook does not let the signal `{kind}` be raised by hand");
        return Err(Rejection::precondition("SIGNAL_NOT_ALLOWED", message).with("signal", kind.as_str()));
    }
    if case.has(kind) {
        return Ok(None);
    }
    let signal = RaisedSignal {
        kind,
        origin: Origin::Staff,
        rule: Some(rule),
        text_ref: text_ref.to_owned(),
        from: 0,
        until: 0,
        at,
    };
    Ok(Some(with_signals(case, vec![signal])))
}

/// The case with further signals.
pub fn with_signals(case: &Case, signals: Vec<RaisedSignal>) -> Revision {
    let mut draft = case.clone();
    let mut occasion = Occasion::new(pb::TriageTrigger::Signal);
    for signal in signals {
        let text_ref = signal.text_ref.clone();
        let event = pb::SignalRaised { signal: Some(signal_to_wire(&signal)), text_ref };
        occasion.lead.push(fact(&event).into());
        draft.signals.push(signal);
    }
    Revision { draft, occasion }
}

/// Hands the case to another department or staff member. The deadline goes on; a new department has to name its own
/// contact person.
pub fn reassign(
    case: &Case,
    department: &str,
    assignee: &str,
    text_ref: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Decision<Case>, Rejection> {
    expect_stage(case, &[Stage::Dispatched, Stage::Confirmed])?;
    let mut next = case.clone();
    let dispatch = next.dispatch.as_mut().ok_or_else(|| nothing_dispatched(case))?;
    let elsewhere = !by.department.is_empty() && by.department != dispatch.department;
    if elsewhere && !by.has(Role::CsSupervisor) && !by.has(Role::OperationsManager) {
        return Err(Rejection::denied(
            "DEPARTMENT_NOT_ALLOWED",
            format!("the case is with department `{}`, not with yours", dispatch.department),
        )
        .with("department", dispatch.department.clone()));
    }
    let department = if department.is_empty() { dispatch.department.clone() } else { department.to_owned() };
    if setting.book.department(&department).is_none() {
        let description = format!("the handbook of the case does not know the department `{department}`");
        return Err(Rejection::invalid("DEPARTMENT_UNKNOWN", "department", description)
            .with("department", department));
    }
    let moved = department != dispatch.department;
    if !moved && assignee == dispatch.assignee {
        return Err(Rejection::precondition(
            "ALREADY_ASSIGNED",
            format!("the case is already with department `{department}` and staff member `{assignee}`"),
        )
        .with("department", department)
        .with("assignee", assignee));
    }
    let previous_department = std::mem::replace(&mut dispatch.department, department);
    let previous_assignee = std::mem::replace(&mut dispatch.assignee, assignee.to_owned());
    if moved && owes_contact(dispatch.mode) {
        dispatch.contact.clear();
        dispatch.confirmed_at = None;
        next.stage = Stage::Dispatched;
    }
    let event = pb::CaseReassigned {
        dispatch: next.dispatch.as_ref().map(dispatch::to_wire),
        previous_department,
        previous_assignee,
        text_ref: text_ref.to_owned(),
    };
    Ok(Decision::new(next).fact(fact(&event)))
}

/// What those responsible confirm with.
#[derive(Clone, Debug, Default)]
pub struct Confirmation {
    /// Contact person.
    pub contact: String,
    /// Task force.
    pub task_force: Vec<TaskForceMember>,
}

/// Confirms the dispatch with its deliverable.
pub fn confirm(
    case: &Case,
    command: &Confirmation,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Decision<Case>, Rejection> {
    expect_stage(case, &[Stage::Dispatched])?;
    let mut next = case.clone();
    let dispatch = next.dispatch.as_mut().ok_or_else(|| nothing_dispatched(case))?;
    if !by.leads(dispatch) {
        let leads = dispatch.lead_roles.iter().map(Role::to_string).collect::<Vec<_>>().join(",");
        return Err(Rejection::denied(
            "NOT_RESPONSIBLE",
            format!(
                "department `{}` and the roles {leads} have to confirm this dispatch",
                dispatch.department
            ),
        )
        .with("department", dispatch.department.clone())
        .with("roles", leads));
    }
    complete(dispatch, command)?;
    match dispatch.mode {
        DispatchMode::TaskForce => dispatch.task_force.clone_from(&command.task_force),
        DispatchMode::ContactPerson => dispatch.contact.clone_from(&command.contact),
        DispatchMode::FrontLine if command.contact.is_empty() => dispatch.contact.clone_from(&by.subject),
        DispatchMode::FrontLine => dispatch.contact.clone_from(&command.contact),
    }
    dispatch.confirmed_at = Some(setting.now);
    let mut met = None;
    if is_delivered_by_confirming(dispatch.deliverable) && dispatch.delivered_at.is_none() {
        dispatch.delivered_at = Some(setting.now);
        dispatch.overdue_at = None;
        met = Some(DeadlineChange::Meet { name: dispatch.deliverable.as_str().to_owned(), at: setting.now });
    }
    next.stage = Stage::Confirmed;
    let event = pb::DispatchConfirmed { dispatch: next.dispatch.as_ref().map(dispatch::to_wire) };
    let mut decision = Decision::new(next).fact(fact(&event));
    decision.deadlines.extend(met);
    Ok(decision)
}

/// Refuses with everything that the deliverable lacks.
fn complete(dispatch: &Dispatch, command: &Confirmation) -> Result<(), Rejection> {
    let mut lacking = Rejection::precondition("DELIVERABLE_INCOMPLETE", "the deliverable is not complete");
    if owes_contact(dispatch.mode) && command.contact.is_empty() {
        lacking = lacking.unmet("CONTACT", &dispatch.department, "a contact person is to be named");
    }
    if dispatch.mode == DispatchMode::TaskForce {
        if command.task_force.is_empty() {
            lacking =
                lacking.unmet("TASK_FORCE", "task_force", "the members of the task force are to be named");
        }
        for role in &dispatch.lead_roles {
            if !command.task_force.iter().any(|member| member.role == *role) {
                let description = format!("a member in the role `{role}` is to lead it");
                lacking = lacking.unmet("LEADER", role.as_str(), description);
            }
        }
    }
    if lacking.unmet.is_empty() { Ok(()) } else { Err(lacking) }
}

/// Tells the customer how the case stands. It counts when it is delivered.
pub fn report_progress(
    case: &Case,
    text_ref: &str,
    (by, by_role): (&str, &str),
    setting: &Setting<'_>,
) -> Result<Decision<Case>, Rejection> {
    expect_stage(case, &[Stage::Dispatched, Stage::Confirmed])?;
    let mut next = case.clone();
    let notice_key = format!("{}/progress/{}", setting.case_id, case.progress_reports.len() + 1);
    next.progress_reports.push(ProgressReport {
        notice_key: notice_key.clone(),
        text_ref: text_ref.to_owned(),
        at: setting.now,
        delivered_at: None,
        by: by.to_owned(),
        by_role: by_role.to_owned(),
    });
    let notice = setting.book.notice(NoticeKey::Progress);
    let asked = types::NoticeRequested {
        notice_key: notice_key.clone(),
        notice: notice.key().as_str().to_owned(),
        audience: Some(types::Audience { customer: true, ..Default::default() }),
        text_parameters: [("progress".to_owned(), text_ref.to_owned())].into(),
        rule: Some(words::rule(&notice.rule_ref())),
        ..Default::default()
    };
    let event = pb::ProgressReported { notice_key, text_ref: text_ref.to_owned() };
    Ok(Decision::new(next).fact(fact(&event)).fact(fact(&asked)))
}

fn expect_stage(case: &Case, allowed: &[Stage]) -> Result<(), Rejection> {
    if allowed.contains(&case.stage) {
        return Ok(());
    }
    let allowed: Vec<&str> = allowed.iter().map(|stage| stage.as_str()).collect();
    Err(Rejection::state("STATE_NOT_ALLOWED", case.stage.as_str(), &allowed))
}

fn nothing_dispatched(case: &Case) -> Rejection {
    Rejection::state("STATE_NOT_ALLOWED", case.stage.as_str(), &[Stage::Dispatched.as_str()])
}
