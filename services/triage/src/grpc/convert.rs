//! Between the domain and the wire.

use redress_chassis::{Loaded, Policy, wire};
use redress_domain::handbook::Signal;
use redress_proto::{time_to_wire, triage::v1 as pb, types::v1 as types};
use redress_storage::Actor;
use uuid::Uuid;

use crate::{
    domain::{
        case::{Case, ProgressReport, Stage},
        dispatch,
        incident::{Incident, member_to_wire},
        rank::{signal_to_wire, suggestion_to_wire},
        words,
    },
    store::decisions::Recorded,
};

/// A state of the contract as a stage; `None` for "not stated".
pub(crate) fn stage(state: pb::TriageState) -> Option<Stage> {
    match state {
        pb::TriageState::Unspecified => None,
        pb::TriageState::Triaged => Some(Stage::Triaged),
        pb::TriageState::Dispatched => Some(Stage::Dispatched),
        pb::TriageState::Confirmed => Some(Stage::Confirmed),
        pb::TriageState::Ended => Some(Stage::Ended),
    }
}

fn state(stage: Stage) -> pb::TriageState {
    match stage {
        Stage::Triaged => pb::TriageState::Triaged,
        Stage::Dispatched => pb::TriageState::Dispatched,
        Stage::Confirmed => pb::TriageState::Confirmed,
        Stage::Ended => pb::TriageState::Ended,
    }
}

/// The triage of a case.
pub(crate) fn triage(loaded: &Loaded<Case>, deadline_id: Option<Uuid>, policy: &Policy) -> pb::Triage {
    let case = &loaded.state;
    let incident = case.incident.as_ref();
    pb::Triage {
        case_id: loaded.id().to_string(),
        state: state(case.stage).into(),
        etag: loaded.etag(),
        priority: words::priority(case.priority).into(),
        category: words::category(case.classification.category).into(),
        primary_sub_type: case.classification.primary.clone(),
        further_sub_types: case.classification.further.clone(),
        priority_rules: vec![words::rule(&case.priority_rule)],
        signals: case.signals.iter().map(signal_to_wire).collect(),
        media_risk: case.has(Signal::Media),
        regulator: case.has(Signal::Regulator),
        suggestion: case.suggestion.as_ref().map(|suggestion| suggestion_to_wire(suggestion, case)),
        incident_id: incident.map(|incident| incident.incident_id.to_string()).unwrap_or_default(),
        group_complaint: incident.is_some_and(|incident| incident.recognised),
        dispatch: case.dispatch.as_ref().map(|dispatch| pb::Dispatch {
            deadline_id: deadline_id.map(|id| id.to_string()).unwrap_or_default(),
            ..dispatch::to_wire(dispatch)
        }),
        progress_reports: case.progress_reports.iter().map(progress_report).collect(),
        round: i32::try_from(case.round).unwrap_or(i32::MAX),
        policy: Some(policy_to_wire(policy)),
        region: loaded.region().to_owned(),
        create_time: Some(time_to_wire(loaded.row().created_at)),
        update_time: Some(time_to_wire(loaded.row().updated_at)),
    }
}

fn progress_report(report: &ProgressReport) -> pb::ProgressReport {
    let by = Actor { subject: report.by.clone(), role: report.by_role.clone() };
    pb::ProgressReport {
        notice_key: report.notice_key.clone(),
        text: String::new(),
        text_ref: report.text_ref.clone(),
        time: Some(time_to_wire(report.at)),
        delivery_time: report.delivered_at.map(time_to_wire),
        actor: Some(wire::actor(&by)),
    }
}

/// An incident with at most `members` of its members.
pub(crate) fn incident(loaded: &Loaded<Incident>, members: usize) -> pb::Incident {
    let incident = &loaded.state;
    let state =
        if incident.is_recognised() { pb::IncidentState::Recognised } else { pb::IncidentState::Open };
    let received = |member: Option<&crate::domain::incident::Member>| {
        member.map(|member| time_to_wire(member.received_at))
    };
    pb::Incident {
        incident_id: loaded.id().to_string(),
        state: state.into(),
        etag: loaded.etag(),
        region: incident.key.region.clone(),
        key: words::incident_key(incident.key.key).into(),
        key_value: incident.key.value.clone(),
        primary_sub_type: incident.key.sub_type.clone(),
        people: i32::try_from(incident.people).unwrap_or(i32::MAX),
        members: incident.members.iter().take(members).map(member_to_wire).collect(),
        first_time: received(incident.members.first()),
        latest_time: received(incident.members.last()),
        recognise_time: incident.recognised_at.map(time_to_wire),
        rule: Some(words::rule(&incident.rule)),
    }
}

fn policy_to_wire(policy: &Policy) -> types::Policy {
    types::Policy {
        handbook_id: policy.handbook.id.clone(),
        handbook_version: policy.handbook.version.clone(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_id: policy.calendar.id().to_owned(),
        calendar_hash: policy.calendar_hash.clone(),
    }
}

/// A stored decision.
pub(crate) fn decision(case_id: Uuid, recorded: Recorded, policy: &Policy) -> types::Decision {
    let Recorded { event_id, ordinal, at, ruling, subject, actor, position, .. } = recorded;
    let mut facts = Vec::new();
    flatten("", &ruling.facts, &mut facts);
    types::Decision {
        decision_id: Uuid::new_v5(&event_id, ordinal.to_string().as_bytes()).to_string(),
        case_id: case_id.to_string(),
        subject: Some(types::Subject { kind: subject.0, id: subject.1.to_string() }),
        service: "triage".to_owned(),
        question: ruling.subject,
        outcome: ruling.outcome,
        rules: vec![words::rule(&ruling.rule)],
        policy: Some(policy_to_wire(policy)),
        facts,
        decide_time: Some(time_to_wire(at)),
        actor: Some(wire::actor(&actor)),
        position: Some(types::Position {
            generation: position.generation,
            partition: position.partition,
            n: position.n,
        }),
    }
}

/// Facts by their names in the handbook, such as `order.goods_category`.
fn flatten(name: &str, value: &serde_json::Value, facts: &mut Vec<types::DecisionFact>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, facts);
            }
        }
        value => facts.push(types::DecisionFact { name: name.to_owned(), value: value.to_string() }),
    }
}
