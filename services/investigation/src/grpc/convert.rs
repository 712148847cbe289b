//! Between the domain and the wire.

use redress_chassis::{Loaded, Policy, wire};
use redress_deadlines::{Deadline, DeadlineState};
use redress_domain::deadline_name;
use redress_proto::{investigation::v1 as pb, time_to_wire, types::v1 as types};
use redress_storage::{Actor, Position};
use uuid::Uuid;

use crate::{
    domain::{
        case::{Case, Extension, ExtensionState, Findings, Person, Progress, Stage, Written},
        checklist, clock, evidence, number, request, sealing, words,
    },
    store::decisions::Recorded,
};

/// The investigation of a case, without the words of texts. What is due when is taken from the deadlines themselves.
pub(crate) fn investigation(
    loaded: &Loaded<Case>,
    deadlines: &[Deadline],
    policy: &Policy,
) -> pb::Investigation {
    let case = &loaded.state;
    let limit = find(deadlines, clock::NAME);
    let triaged = case.triaged.as_ref();
    pb::Investigation {
        case_id: loaded.id().to_string(),
        state: state(case.stage).into(),
        etag: loaded.etag(),
        priority: types::Priority::from(case.priority()).into(),
        category: triaged.map(|triaged| types::Category::from(triaged.category).into()).unwrap_or_default(),
        primary_sub_type: triaged.map(|triaged| triaged.primary.clone()).unwrap_or_default(),
        checklist: items(case, deadlines, policy),
        evidence: case.evidence.iter().map(piece).collect(),
        core_verify_time: words::time(case.core_verified_at),
        waivers: case
            .waivers
            .iter()
            .map(|waiver| pb::Waiver {
                item_id: waiver.item_id.clone(),
                reason: String::new(),
                reason_ref: waiver.text_ref.clone(),
                actor: Some(actor(&waiver.by)),
                time: Some(time_to_wire(waiver.at)),
            })
            .collect(),
        preliminary_report: case.preliminary_report.as_ref().map(report),
        progress_reports: case.progress.iter().map(progress).collect(),
        extensions: case.extensions.iter().map(extension).collect(),
        pauses: case
            .pauses
            .iter()
            .map(|pause| pb::InvestigationPause {
                from_time: Some(time_to_wire(pause.from)),
                until_time: words::time(pause.until),
                item_ids: pause.item_ids.clone(),
                notice_key: pause.notice_key.clone(),
            })
            .collect(),
        findings: case.findings.as_ref().map(findings),
        archive: case.archive.as_ref().map(|archive| pb::Archive {
            verify_time: Some(time_to_wire(archive.verified_at)),
            files: i32::try_from(archive.files).unwrap_or(i32::MAX),
            bytes: i64::try_from(archive.bytes).unwrap_or(i64::MAX),
            keep_until_time: Some(time_to_wire(archive.keep_until)),
            rule: Some(words::rule(&archive.rule)),
        }),
        seal: case.seal.as_ref().map(|seal| sealing::to_wire(seal, loaded.id())),
        deadline_id: limit.map(|limit| limit.id.to_string()).unwrap_or_default(),
        due_time: limit.filter(|limit| limit.met_at.is_none()).and_then(still_due),
        deliverables: words::deliverables(&case.deliverables),
        department: case.department.clone(),
        round: number(usize::try_from(case.round).unwrap_or(usize::MAX)),
        policy: Some(policy_to_wire(policy)),
        region: loaded.region().to_owned(),
        create_time: Some(time_to_wire(case.opened_at.unwrap_or(loaded.row().created_at))),
        update_time: Some(time_to_wire(loaded.row().updated_at)),
    }
}

/// A piece of evidence, without its description.
pub(crate) fn piece(piece: &evidence::Evidence) -> pb::Evidence {
    evidence::to_wire(piece, actor)
}

fn items(case: &Case, deadlines: &[Deadline], policy: &Policy) -> Vec<pb::ChecklistItem> {
    let mut items = checklist::to_wire(case, &policy.handbook);
    for (wire, item) in items.iter_mut().zip(&case.checklist) {
        // A pause or a raise may have moved it since it was asked for.
        if let Some(deadline) = find(deadlines, &request::deadline_of(item)) {
            wire.due_time = words::time(deadline.due_at);
        }
    }
    items
}

/// The deadline of this name: the pending one, else the latest.
fn find<'d>(deadlines: &'d [Deadline], name: &str) -> Option<&'d Deadline> {
    let named =
        deadlines.iter().filter(|deadline| deadline_name(&deadline.draft.kind, &deadline.draft.key) == name);
    named.max_by_key(|deadline| (deadline.state == DeadlineState::Pending, deadline.draft.start, deadline.id))
}

fn still_due(deadline: &Deadline) -> Option<prost_types::Timestamp> {
    let over = deadline.state == DeadlineState::Cancelled;
    deadline.due_at.filter(|_| !over).map(time_to_wire)
}

fn state(stage: Stage) -> pb::InvestigationState {
    match stage {
        Stage::Known => pb::InvestigationState::Unspecified,
        Stage::Open => pb::InvestigationState::Open,
        Stage::Paused => pb::InvestigationState::Paused,
        Stage::Concluded => pb::InvestigationState::Concluded,
        Stage::Archived => pb::InvestigationState::Archived,
        Stage::Sealed => pb::InvestigationState::Sealed,
        Stage::Cancelled => pb::InvestigationState::Cancelled,
    }
}

fn actor(person: &Person) -> types::Actor {
    let actor = wire::actor(&Actor { subject: person.subject.clone(), role: person.role.clone() });
    types::Actor { department: person.department.clone(), ..actor }
}

fn report(written: &Written) -> pb::PreliminaryReport {
    pb::PreliminaryReport {
        text: String::new(),
        text_ref: written.text_ref.clone(),
        time: Some(time_to_wire(written.at)),
        actor: Some(actor(&written.by)),
    }
}

fn progress(progress: &Progress) -> pb::InvestigationProgress {
    pb::InvestigationProgress {
        notice_key: progress.notice_key.clone(),
        text: String::new(),
        text_ref: progress.written.text_ref.clone(),
        time: Some(time_to_wire(progress.written.at)),
        delivery_time: words::time(progress.delivered_at),
        actor: Some(actor(&progress.written.by)),
    }
}

fn extension(extension: &Extension) -> pb::Extension {
    let decision = extension.decision.as_ref();
    pb::Extension {
        extension_id: extension.id.to_string(),
        state: match extension.state {
            ExtensionState::Requested => pb::ExtensionState::Requested,
            ExtensionState::Approved => pb::ExtensionState::Approved,
            ExtensionState::Granted => pb::ExtensionState::Granted,
            ExtensionState::Refused => pb::ExtensionState::Refused,
            ExtensionState::Lapsed => pb::ExtensionState::Lapsed,
        }
        .into(),
        limit: extension.limit.to_string(),
        reason: String::new(),
        reason_ref: extension.application.text_ref.clone(),
        applicant: Some(actor(&extension.application.by)),
        request_time: Some(time_to_wire(extension.application.at)),
        decider: decision.map(|decision| actor(&decision.by)),
        decide_time: words::time(decision.map(|decision| decision.at)),
        notice_key: extension.notice_key.clone(),
        grant_time: words::time(extension.granted_at),
    }
}

fn findings(findings: &Findings) -> pb::Findings {
    pb::Findings {
        validity: types::Validity::from(findings.validity).into(),
        cause: findings.cause.clone(),
        responsible_party: findings.party.clone(),
        responsible_unit: findings.unit.clone(),
        text: String::new(),
        text_ref: findings.written.text_ref.clone(),
        evidence_ids: findings.evidence_ids.iter().map(ToString::to_string).collect(),
        corrected_sub_type: findings.corrected_sub_type.clone(),
        actor: Some(actor(&findings.written.by)),
        conclude_time: Some(time_to_wire(findings.written.at)),
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

/// A place in the log.
pub(crate) fn position(position: Position) -> types::Position {
    types::Position { generation: position.generation, partition: position.partition, n: position.n }
}

/// A stored decision.
pub(crate) fn decision(case_id: Uuid, recorded: Recorded, policy: &Policy) -> types::Decision {
    let Recorded { event_id, ordinal, at, ruling, subject, actor, position: place, .. } = recorded;
    let mut facts = Vec::new();
    flatten("", &ruling.facts, &mut facts);
    types::Decision {
        decision_id: Uuid::new_v5(&event_id, ordinal.to_string().as_bytes()).to_string(),
        case_id: case_id.to_string(),
        subject: Some(types::Subject { kind: subject.0, id: subject.1.to_string() }),
        service: "investigation".to_owned(),
        question: ruling.subject,
        outcome: ruling.outcome,
        rules: vec![words::rule(&ruling.rule)],
        policy: Some(policy_to_wire(policy)),
        facts,
        decide_time: Some(time_to_wire(at)),
        actor: Some(wire::actor(&actor)),
        position: Some(position(place)),
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
