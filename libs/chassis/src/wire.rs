//! The event envelope, between the log and the wire.

use redress_proto::{eventlog::v1 as pb, types::v1 as types};
use redress_storage::{Actor, Cause, LoggedEvent, PendingEvent, Position};
use uuid::Uuid;

use crate::failure::{Failure, Result};

/// Actor subjects that stand for the suite itself.
pub const DEADLINE_ACTOR: &str = "deadline";

/// A role by its token name.
pub fn role(name: &str) -> types::Role {
    redress_proto::role_from_name(name).unwrap_or(types::Role::Unspecified)
}

/// The actor of an event.
pub fn actor(actor: &Actor) -> types::Actor {
    let kind = match (actor.subject.as_str(), actor.role.as_str()) {
        (DEADLINE_ACTOR, _) => types::ActorKind::Deadline,
        (_, crate::identity::SERVICE_ROLE) => types::ActorKind::Service,
        (_, crate::identity::CUSTOMER_ROLE) => types::ActorKind::Customer,
        (_, "integration") => types::ActorKind::Integration,
        _ => types::ActorKind::Staff,
    };
    types::Actor {
        subject: actor.subject.clone(),
        role: role(&actor.role).into(),
        kind: kind.into(),
        department: String::new(),
    }
}

fn position(position: Position) -> types::Position {
    types::Position { generation: position.generation, partition: position.partition, n: position.n }
}

/// An event as others see it. What is private to the service stays behind.
pub fn to_wire(logged: &LoggedEvent) -> pb::Event {
    let event = &logged.event;
    pb::Event {
        position: Some(position(logged.position)),
        id: event.id.to_string(),
        source: logged.source.clone(),
        r#type: event.kind.clone(),
        subject: Some(types::Subject { kind: event.subject_kind.clone(), id: event.subject_id.to_string() }),
        case_id: event.case_id.map(|id| id.to_string()).unwrap_or_default(),
        region: event.region.clone(),
        time: Some(redress_proto::time_to_wire(event.time)),
        actor: Some(actor(&event.actor)),
        traceparent: event.traceparent.clone(),
        handbook_hash: event.handbook_hash.clone(),
        calendar_hash: event.calendar_hash.clone(),
        hash: event.hash.clone(),
        previous_hash: event.previous_hash.clone(),
        causes: event
            .causes
            .iter()
            .map(|cause| types::Cause {
                source: cause.source.clone(),
                position: Some(position(cause.position)),
                hash: hex::decode(&cause.hash).unwrap_or_default(),
            })
            .collect(),
        payload: event.payload.clone(),
        rules: event
            .effect
            .as_ref()
            .and_then(|effect| effect["rulings"].as_array())
            .into_iter()
            .flatten()
            .map(|ruling| types::RuleRef {
                id: ruling["rule"]["id"].as_str().unwrap_or_default().to_owned(),
                cite: ruling["rule"]["cite"].as_str().unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// An event of another log, as received.
pub fn from_wire(event: &pb::Event, source: &str) -> Result<LoggedEvent> {
    let broken = |what: &'static str| Failure::Internal(anyhow::anyhow!("event `{}`: {what}", event.id));
    let uuid = |text: &str, what: &'static str| Uuid::parse_str(text).map_err(|_| broken(what));
    let at = |position: Option<&types::Position>| {
        position
            .map(|p| Position { generation: p.generation, partition: p.partition, n: p.n })
            .ok_or_else(|| broken("position is missing"))
    };
    let subject = event.subject.as_ref().ok_or_else(|| broken("subject is missing"))?;
    let actor = event.actor.clone().unwrap_or_default();
    Ok(LoggedEvent {
        source: source.to_owned(),
        position: at(event.position.as_ref())?,
        event: PendingEvent {
            id: uuid(&event.id, "id is no UUID")?,
            kind: event.r#type.clone(),
            subject_kind: subject.kind.clone(),
            subject_id: uuid(&subject.id, "subject is no UUID")?,
            case_id: if event.case_id.is_empty() {
                None
            } else {
                Some(uuid(&event.case_id, "case is no UUID")?)
            },
            region: event.region.clone(),
            time: event
                .time
                .as_ref()
                .and_then(|time| redress_proto::time_from_wire(time).ok())
                .ok_or_else(|| broken("time is missing"))?,
            actor: Actor {
                subject: actor.subject,
                role: redress_proto::role_name(
                    types::Role::try_from(actor.role).unwrap_or(types::Role::Unspecified),
                ),
            },
            traceparent: event.traceparent.clone(),
            handbook_hash: event.handbook_hash.clone(),
            calendar_hash: event.calendar_hash.clone(),
            causes: event
                .causes
                .iter()
                .map(|cause| {
                    Ok(Cause {
                        source: cause.source.clone(),
                        position: at(cause.position.as_ref())?,
                        hash: hex::encode(&cause.hash),
                    })
                })
                .collect::<Result<_>>()?,
            previous_hash: event.previous_hash.clone(),
            hash: event.hash.clone(),
            payload: event.payload.clone(),
            effect: public_rulings(&event.rules),
        },
    })
}

/// What others learn of an event's private effect: the rules that decided it. Their facts stay with the service.
fn public_rulings(rules: &[types::RuleRef]) -> Option<serde_json::Value> {
    let rulings: Vec<_> = rules
        .iter()
        .map(|rule| serde_json::json!({ "rule": { "id": rule.id, "cite": rule.cite } }))
        .collect();
    (!rulings.is_empty()).then(|| serde_json::json!({ "rulings": rulings }))
}

/// Decodes an event's payload, after its type was matched.
pub fn payload<M: prost::Message + Default>(event: &LoggedEvent) -> Result<M> {
    M::decode(event.event.payload.as_slice()).map_err(|error| {
        Failure::Internal(anyhow::anyhow!(
            "payload of event `{}` ({}): {error}",
            event.event.id,
            event.event.kind
        ))
    })
}
