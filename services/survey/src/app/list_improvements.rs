//! Lists improvements.

use prost::Message;
use redress_chassis::{Call, Result, event_log::page};
use redress_proto::survey::v1::{ImprovementState, ListImprovementsRequest, ListImprovementsResponse};

use crate::{
    Survey,
    grpc::convert,
    store::improvement::{self, COMPLETED, Filter, PLANNED},
};

/// Lists them, those that fall due first before the others.
pub async fn list_improvements(
    app: &Survey,
    call: &Call,
    request: ListImprovementsRequest,
) -> Result<ListImprovementsResponse> {
    let regions = if request.region.is_empty() {
        call.caller.regions.clone()
    } else {
        call.caller.may_see(&request.region, None)?;
        vec![request.region.clone()]
    };
    let states = request.states().filter_map(|state| match state {
        ImprovementState::Unspecified => None,
        ImprovementState::Planned => Some(PLANNED),
        ImprovementState::Completed => Some(COMPLETED),
    });
    let filter = Filter {
        regions,
        month: request.month.clone(),
        states: states.collect(),
        owner_department: request.owner_department.clone(),
    };
    // A token holds for the same conditions only.
    let conditions = ListImprovementsRequest { page_size: 0, page_token: String::new(), ..request.clone() }
        .encode_to_vec();
    let page = page(&app.engine, request.page_size, &request.page_token, &conditions)?;
    let found = improvement::list(app.engine.database().pool(), &filter, page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, found.len(), &conditions);
    let shown = found.iter().take(usize::try_from(page.size).unwrap_or_default());
    Ok(ListImprovementsResponse { improvements: shown.map(convert::improvement).collect(), next_page_token })
}
