//! ListMessages: both directions, oldest first.

use redress_chassis::{Call, Result, event_log::page, unit};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::view,
    domain::{case::Case, message::Message},
    grpc::convert,
    store::message,
};

/// Lists the messages of a case with its customer.
pub async fn list_messages(
    app: &Intake,
    call: &Call,
    request: pb::ListMessagesRequest,
) -> Result<pb::ListMessagesResponse> {
    let case_id = convert::id("case_id", &request.case_id)?;
    let case = unit::read::<Case>(&app.engine, case_id).await?;
    call.caller.may_see(case.region(), Some(case_id))?;
    let filter = format!("messages/{case_id}");
    let page = page(&app.engine, request.page_size, &request.page_token, filter.as_bytes())?;
    let rows = message::of_case(app.pool(), case_id, page.offset, page.size + 1).await?;
    let next_page_token = page.next(&app.engine, rows.len(), filter.as_bytes());
    let mut messages = rows
        .into_iter()
        .take(usize::try_from(page.size).unwrap_or_default())
        .map(|row| unit::decode::<Message>(row).map(|loaded| convert::message(&loaded)))
        .collect::<Result<Vec<_>>>()?;
    view::complete_messages(app, &call.caller, &mut messages).await?;
    Ok(pb::ListMessagesResponse { messages, next_page_token })
}
