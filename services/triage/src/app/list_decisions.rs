//! Lists what was decided on a case, by which rule, on which facts.

use redress_chassis::{Call, Result, event_log::page, unit};
use redress_proto::triage::v1::{ListDecisionsRequest, ListDecisionsResponse};

use super::id;
use crate::{Triage, domain::case::Case, grpc::convert, store::decisions};

/// Lists it, oldest first.
pub async fn list_decisions(
    app: &Triage,
    call: &Call,
    request: ListDecisionsRequest,
) -> Result<ListDecisionsResponse> {
    let case = unit::read::<Case>(&app.engine, id("case_id", &request.case_id)?).await?;
    call.caller.may_see(case.region(), case.case_id())?;
    let filter = request.case_id.as_bytes();
    let page = page(&app.engine, request.page_size, &request.page_token, filter)?;
    let rows =
        decisions::of_case(app.engine.database().pool(), case.id(), page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rows.len(), filter);
    let mut answer = Vec::new();
    for recorded in rows.into_iter().take(usize::try_from(page.size).unwrap_or_default()) {
        let policy = app.engine.policies().get(&recorded.handbook_hash, &recorded.calendar_hash).await?;
        answer.push(convert::decision(case.id(), recorded, &policy));
    }
    Ok(ListDecisionsResponse { decisions: answer, next_page_token })
}
