//! Lists group incidents.

use prost::Message as _;
use redress_chassis::{Call, Result, event_log::page, unit};
use redress_proto::triage::v1::{IncidentState, ListIncidentsRequest, ListIncidentsResponse};

use super::regions;
use crate::{Triage, domain::incident::Incident, grpc::convert, store::incident};

/// Members of an incident that a list shows.
const MEMBERS_SHOWN: usize = 20;

/// Lists them, latest first.
pub async fn list_incidents(
    app: &Triage,
    call: &Call,
    request: ListIncidentsRequest,
) -> Result<ListIncidentsResponse> {
    let mut asked = request.clone();
    asked.page_size = 0;
    asked.page_token.clear();
    let asked = asked.encode_to_vec();
    let page = page(&app.engine, request.page_size, &request.page_token, &asked)?;
    let states: Vec<IncidentState> = request.states().collect();
    let (open, recognised) =
        (states.contains(&IncidentState::Open), states.contains(&IncidentState::Recognised));
    let recognised = if open == recognised { None } else { Some(recognised) };
    let regions = regions(&call.caller, &request.regions)?;
    let pool = app.engine.database().pool();
    let rows = incident::list(pool, recognised, &regions, page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rows.len(), &asked);
    let incidents = rows
        .into_iter()
        .take(usize::try_from(page.size).unwrap_or_default())
        .map(|row| Ok(convert::incident(&unit::decode::<Incident>(row)?, MEMBERS_SHOWN)))
        .collect::<Result<_>>()?;
    Ok(ListIncidentsResponse { incidents, next_page_token })
}
