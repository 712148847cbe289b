//! Lists approvals.

use prost::Message as _;
use redress_chassis::{Call, Result, event_log::page};
use redress_proto::{
    compensation::v1::{ApprovalState, ListApprovalsRequest, ListApprovalsResponse},
    role_name,
    types::v1::Role,
};

use super::id;
use crate::{
    Compensation,
    store::approvals::{self, Filter},
};

/// Lists them, the oldest first; only of regions that the caller may see.
pub async fn list_approvals(
    app: &Compensation,
    call: &Call,
    request: ListApprovalsRequest,
) -> Result<ListApprovalsResponse> {
    let case_id = if request.case_id.is_empty() { None } else { Some(id("case_id", &request.case_id)?) };
    let role = request.role();
    let mut states: Vec<String> = request
        .states()
        .map(|state| state.as_str_name().trim_start_matches("APPROVAL_STATE_").to_lowercase())
        .collect();
    if states.is_empty() {
        states
            .push(ApprovalState::Pending.as_str_name().trim_start_matches("APPROVAL_STATE_").to_lowercase());
    }
    let own = &call.caller.regions;
    let mut regions = request.regions.clone();
    if regions.is_empty() {
        regions.clone_from(own);
    } else if !own.is_empty() {
        regions.retain(|region| own.contains(region));
        if regions.is_empty() {
            return Ok(ListApprovalsResponse::default());
        }
    }
    let filter = Filter {
        case_id,
        role: if role == Role::Unspecified { String::new() } else { role_name(role) },
        states,
        regions,
    };
    let asked =
        ListApprovalsRequest { page_token: String::new(), page_size: 0, ..request.clone() }.encode_to_vec();
    let page = page(&app.engine, request.page_size, &request.page_token, &asked)?;
    let mut approvals =
        approvals::list(app.engine.database().pool(), &filter, page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, approvals.len(), &asked);
    approvals.truncate(usize::try_from(page.size).unwrap_or_default());
    Ok(ListApprovalsResponse { approvals, next_page_token })
}
