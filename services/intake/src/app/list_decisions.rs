//! ListDecisions: what intake decided on a case, with the rule and the facts of each.

use redress_chassis::{Call, Result, event_log::page, wire};
use redress_proto::{intake::v1 as pb, time_to_wire, types::v1 as types};
use redress_storage::{log, ruling};
use uuid::Uuid;

use crate::{Intake, app::ledger::case_to_read};

/// Lists the decisions on a case, oldest first.
pub async fn list_decisions(
    app: &Intake,
    call: &Call,
    request: pb::ListDecisionsRequest,
) -> Result<pb::ListDecisionsResponse> {
    let case = case_to_read(app, call, &request.case_id).await?;
    let filter = case.id();
    let page = page(&app.engine, request.page_size, &request.page_token, filter.as_bytes())?;
    let mut rulings = ruling::of_case(app.pool(), case.id(), page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rulings.len(), filter.as_bytes());
    rulings.truncate(usize::try_from(page.size).unwrap_or_default());

    let generation = log::generation(app.pool()).await?;
    let events = log::of_case(app.pool(), "intake", case.id()).await?;
    let mut decisions = Vec::with_capacity(rulings.len());
    for row in rulings {
        let handbook = app.engine.policies().handbook(&row.handbook_hash).await?;
        let event = events.iter().find(|logged| logged.event.id == row.event_id);
        let ruling = row.ruling;
        decisions.push(types::Decision {
            // The same decision has the same id at every reading.
            decision_id: Uuid::new_v5(&row.event_id, &row.ordinal.to_be_bytes()).to_string(),
            case_id: request.case_id.clone(),
            subject: event.map(|logged| types::Subject {
                kind: logged.event.subject_kind.clone(),
                id: logged.event.subject_id.to_string(),
            }),
            service: "intake".to_owned(),
            question: ruling.subject,
            outcome: ruling.outcome,
            rules: vec![types::RuleRef { id: ruling.rule.id, cite: ruling.rule.cite }],
            policy: Some(types::Policy {
                handbook_id: handbook.id.clone(),
                handbook_version: handbook.version.clone(),
                handbook_hash: row.handbook_hash,
                calendar_id: handbook.calendar.clone(),
                calendar_hash: case.row().calendar_hash.clone(),
            }),
            facts: facts(&ruling.facts),
            decide_time: Some(time_to_wire(row.at)),
            actor: event.map(|logged| wire::actor(&logged.event.actor)),
            position: event.map(|logged| types::Position {
                generation,
                partition: logged.position.partition,
                n: logged.position.n,
            }),
        });
    }
    Ok(pb::ListDecisionsResponse { decisions, next_page_token })
}

fn facts(facts: &serde_json::Value) -> Vec<types::DecisionFact> {
    let named = facts.as_object().into_iter().flatten();
    named.map(|(name, value)| types::DecisionFact { name: name.clone(), value: value.to_string() }).collect()
}
