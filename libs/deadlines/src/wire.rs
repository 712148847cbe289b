//! Deadlines on the wire.

use redress_domain::{DeadlineBasis, Fact};
use redress_proto::{deadlines::v1 as pb, fact, role_from_name, time_to_wire, types::v1 as types};

use crate::{Change, Deadline, DeadlineState, Look};

/// The fact that a deadline changed, with the deadline whole.
pub fn changed(service: &str, deadline: &Deadline, change: Change, look: Option<&Look>) -> Fact {
    let mut event = pb::DeadlineChanged {
        change: kind(change).into(),
        deadline: Some(to_wire(service, deadline)),
        ..pb::DeadlineChanged::default()
    };
    match look {
        Some(Look::Warned { audience }) => event.audience = audience.as_deref().map(audience_of),
        Some(Look::Escalated { audience, action, rung, times }) => {
            event.audience = Some(audience_of(audience));
            event.action.clone_from(action);
            event.rung = from_one(*rung);
            event.attempt = i32::try_from(*times).unwrap_or(i32::MAX);
        }
        Some(Look::Missed) | None => {}
    }
    fact(&event).into()
}

fn kind(change: Change) -> pb::DeadlineChange {
    match change {
        Change::Opened => pb::DeadlineChange::Opened,
        Change::Met => pb::DeadlineChange::Met,
        Change::MetLate => pb::DeadlineChange::MetLate,
        Change::Corrected => pb::DeadlineChange::Corrected,
        Change::Cancelled => pb::DeadlineChange::Cancelled,
        Change::Paused => pb::DeadlineChange::Paused,
        Change::Resumed => pb::DeadlineChange::Resumed,
        Change::Extended => pb::DeadlineChange::Extended,
        Change::Tightened => pb::DeadlineChange::Tightened,
        Change::Warned => pb::DeadlineChange::Warned,
        Change::Missed => pb::DeadlineChange::Missed,
        Change::Escalated => pb::DeadlineChange::Escalated,
        Change::Acknowledged => pb::DeadlineChange::Acknowledged,
    }
}

/// One role as an audience.
pub fn audience_of(role: &str) -> types::Audience {
    types::Audience {
        roles: role_from_name(role).map(i32::from).into_iter().collect(),
        ..types::Audience::default()
    }
}

/// A deadline whole.
pub fn to_wire(service: &str, deadline: &Deadline) -> pb::Deadline {
    let owner = &deadline.owner;
    let draft = &deadline.draft;
    pb::Deadline {
        deadline_id: deadline.id.to_string(),
        case_id: owner.case_id.map(|id| id.to_string()).unwrap_or_default(),
        service: service.to_owned(),
        subject: Some(types::Subject { kind: owner.kind.clone(), id: owner.id.to_string() }),
        kind: draft.kind.clone(),
        key: draft.key.clone(),
        basis: match draft.basis {
            DeadlineBasis::House => pb::DeadlineBasis::House,
            DeadlineBasis::Statute => pb::DeadlineBasis::Statute,
            DeadlineBasis::Promise => pb::DeadlineBasis::Promise,
            DeadlineBasis::Action => pb::DeadlineBasis::Action,
        }
        .into(),
        rule: Some(types::RuleRef { id: draft.rule.id.clone(), cite: draft.rule.cite.clone() }),
        state: match deadline.state {
            DeadlineState::Pending if deadline.pauses.iter().any(|pause| pause.until.is_none()) => {
                pb::DeadlineState::Paused
            }
            DeadlineState::Pending => pb::DeadlineState::Pending,
            DeadlineState::Met => pb::DeadlineState::Met,
            DeadlineState::Missed => pb::DeadlineState::Missed,
            DeadlineState::Cancelled => pb::DeadlineState::Cancelled,
        }
        .into(),
        start_time: Some(time_to_wire(draft.start)),
        limit: draft.limit.to_string(),
        due_time: deadline.due_at.map(time_to_wire),
        warn_time: deadline.warn_at.map(time_to_wire),
        not_after_time: draft.not_after.map(time_to_wire),
        pauses: deadline
            .pauses
            .iter()
            .map(|pause| pb::Interval {
                from_time: Some(time_to_wire(pause.from)),
                until_time: pause.until.map(time_to_wire),
            })
            .collect(),
        extensions: deadline.extensions.iter().map(ToString::to_string).collect(),
        warned_time: deadline.warned_at.map(time_to_wire),
        missed_time: deadline.missed_at.map(time_to_wire),
        done_time: deadline.met_at.map(time_to_wire),
        escalations: escalations(deadline),
        region: owner.region.clone(),
        policy: Some(types::Policy {
            handbook_hash: owner.handbook_hash.clone(),
            calendar_hash: owner.calendar_hash.clone(),
            ..types::Policy::default()
        }),
        ..pb::Deadline::default()
    }
}

/// Rungs are counted from 1 in the contract, where 0 is no rung.
fn from_one(rung: usize) -> i32 {
    i32::try_from(rung).map_or(i32::MAX, |rung| rung.saturating_add(1))
}

fn escalations(deadline: &Deadline) -> Vec<pb::Escalation> {
    let steps = deadline.draft.ladder.iter().zip(&deadline.rungs).enumerate();
    steps
        .filter(|(_, (_, (times, _)))| *times > 0)
        .map(|(rung, (step, (times, last)))| pb::Escalation {
            rung: from_one(rung),
            attempt: i32::try_from(*times).unwrap_or(i32::MAX),
            audience: Some(audience_of(&step.audience)),
            action: step.action.clone(),
            time: last.map(time_to_wire),
            acknowledge_time: deadline.acknowledged.as_ref().map(|(_, at)| time_to_wire(*at)),
            acknowledged_by: deadline
                .acknowledged
                .as_ref()
                .map(|(by, _)| types::Actor { subject: by.clone(), ..types::Actor::default() }),
        })
        .collect()
}
