//! What compensation decided on a case, with the rule and the facts of each.

use redress_chassis::{Call, Result, event_log::page, wire};
use redress_proto::{
    compensation::v1::{ListDecisionsRequest, ListDecisionsResponse},
    time_to_wire,
    types::v1 as types,
};
use redress_storage::{log, ruling};
use uuid::Uuid;

use super::{change, id};
use crate::Compensation;

/// Lists the decisions, the oldest first.
pub async fn list_decisions(
    app: &Compensation,
    call: &Call,
    request: ListDecisionsRequest,
) -> Result<ListDecisionsResponse> {
    let case = change::seen(app, call, id("case_id", &request.case_id)?).await?;
    let pool = app.engine.database().pool();
    let filter = case.id();
    let page = page(&app.engine, request.page_size, &request.page_token, filter.as_bytes())?;
    let mut rulings = ruling::of_case(pool, case.id(), page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rulings.len(), filter.as_bytes());
    rulings.truncate(usize::try_from(page.size).unwrap_or_default());

    let generation = log::generation(pool).await?;
    let events = log::of_case(pool, app.engine.service(), case.id()).await?;
    let mut decisions = Vec::with_capacity(rulings.len());
    for row in rulings {
        let policy = app.engine.policies().get(&row.handbook_hash, &case.row().calendar_hash).await?;
        let event = events.iter().find(|logged| logged.event.id == row.event_id);
        let ruling = row.ruling;
        let facts = ruling.facts.as_object().into_iter().flatten();
        decisions.push(types::Decision {
            // The same decision has the same id at every reading.
            decision_id: Uuid::new_v5(&row.event_id, &row.ordinal.to_be_bytes()).to_string(),
            case_id: request.case_id.clone(),
            subject: event.map(|logged| types::Subject {
                kind: logged.event.subject_kind.clone(),
                id: logged.event.subject_id.to_string(),
            }),
            service: app.engine.service().to_owned(),
            question: ruling.subject,
            outcome: ruling.outcome,
            rules: vec![types::RuleRef { id: ruling.rule.id, cite: ruling.rule.cite }],
            policy: Some(types::Policy {
                handbook_id: policy.handbook.id.clone(),
                handbook_version: policy.handbook.version.clone(),
                handbook_hash: policy.handbook_hash,
                calendar_id: policy.handbook.calendar.clone(),
                calendar_hash: policy.calendar_hash,
            }),
            facts: facts
                .map(|(name, value)| types::DecisionFact { name: name.clone(), value: value.to_string() })
                .collect(),
            decide_time: Some(time_to_wire(row.at)),
            actor: event.map(|logged| wire::actor(&logged.event.actor)),
            position: event.map(|logged| types::Position {
                generation,
                partition: logged.position.partition,
                n: logged.position.n,
            }),
        });
    }
    Ok(ListDecisionsResponse { decisions, next_page_token })
}
