//! Lists the cases that wait for somebody.

use prost::Message as _;
use redress_chassis::{Call, Result, event_log::page, unit};
use redress_domain::handbook::Priority;
use redress_proto::triage::v1::{ListQueueRequest, ListQueueResponse, TriageState};

use super::regions;
use crate::{
    Triage,
    domain::{
        case::{Case, Stage},
        words,
    },
    grpc::convert,
    store::queue,
};

/// Lists them, most urgent first, then by the deadline that falls due first.
pub async fn list_queue(app: &Triage, call: &Call, request: ListQueueRequest) -> Result<ListQueueResponse> {
    let mut asked = request.clone();
    asked.page_size = 0;
    asked.page_token.clear();
    let asked = asked.encode_to_vec();
    let page = page(&app.engine, request.page_size, &request.page_token, &asked)?;
    let filter = queue::Filter {
        department: request.department.clone(),
        role: words::role_from_wire(request.role()).map(|role| role.to_string()).unwrap_or_default(),
        assignee: request.assignee.clone(),
        priority: words::from_wire::<Priority>(request.priority().as_str_name(), "PRIORITY_"),
        stages: stages(request.states()),
        regions: regions(&call.caller, &request.regions)?,
    };
    let rows = queue::list(app.engine.database().pool(), &filter, page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rows.len(), &asked);
    let mut triages = Vec::new();
    for (row, deadline_id) in rows.into_iter().take(usize::try_from(page.size).unwrap_or_default()) {
        let case = unit::decode::<Case>(row)?;
        let policy = app.engine.policies().get(&case.row().handbook_hash, &case.row().calendar_hash).await?;
        triages.push(convert::triage(&case, deadline_id, &policy));
    }
    Ok(ListQueueResponse { triages, next_page_token })
}

fn stages(states: impl Iterator<Item = TriageState>) -> Vec<&'static str> {
    let asked: Vec<&'static str> = states.filter_map(convert::stage).map(Stage::as_str).collect();
    if asked.is_empty() {
        [Stage::Triaged, Stage::Dispatched, Stage::Confirmed].map(Stage::as_str).to_vec()
    } else {
        asked
    }
}
