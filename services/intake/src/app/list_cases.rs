//! ListCases: the ledger, a row a case.

use prost::Message as _;
use redress_chassis::{Call, Result, event_log::page};
use redress_domain::Rejection;
use redress_proto::intake::v1 as pb;
use redress_storage::page_token;
use uuid::Uuid;

use crate::{Intake, store};

/// Lists the registered cases that fulfil every condition, latest registration first, within the caller's regions.
pub async fn list_cases(
    app: &Intake,
    call: &Call,
    mut request: pb::ListCasesRequest,
) -> Result<pb::ListCasesResponse> {
    let own = &call.caller.regions;
    for region in &request.regions {
        call.caller.may_see(region, None)?;
    }
    let regions = if request.regions.is_empty() { own.clone() } else { request.regions.clone() };

    let engine = &app.engine;
    let token = std::mem::take(&mut request.page_token);
    let size = page(engine, std::mem::take(&mut request.page_size), "", &[])?.size;
    let mut filter = request.encode_to_vec();
    filter.extend_from_slice(regions.join(",").as_bytes());
    let after = if token.is_empty() {
        None
    } else {
        let after = page_token::decode::<Uuid>(engine.key(), &filter, &token).ok_or_else(|| {
            Rejection::invalid("INVALID_PAGE_TOKEN", "page_token", "is not a token of this list")
        })?;
        Some(after)
    };

    let mut rows = store::ledger::list(app.pool(), &request, &regions, after, size + 1).await?;
    let wanted = usize::try_from(size).unwrap_or_default();
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next_page_token = match rows.last() {
        Some((last, _)) if more => page_token::encode(engine.key(), &filter, last),
        _ => String::new(),
    };
    let cases = rows.iter().map(|(case_id, parts)| parts.to_wire(&case_id.to_string())).collect();
    Ok(pb::ListCasesResponse { cases, next_page_token })
}
