//! ListTimeline: everything that happened to a case in all services.

use redress_chassis::{Call, Result, event_log::page};
use redress_proto::intake::v1 as pb;

use crate::{
    Intake,
    app::ledger::{Timeline, case_to_read},
};

/// Lists a case's timeline, oldest first.
pub async fn list_timeline(
    app: &Intake,
    call: &Call,
    request: pb::ListTimelineRequest,
) -> Result<pb::ListTimelineResponse> {
    let case = case_to_read(app, call, &request.case_id).await?;
    let filter = case.id();
    let page = page(&app.engine, request.page_size, &request.page_token, filter.as_bytes())?;
    let timeline = Timeline::read(app, case.id()).await?;
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    let mut places: Vec<_> = timeline.places().skip(count(page.offset)).take(count(page.size) + 1).collect();
    let next_page_token = page.next(&app.engine, places.len(), filter.as_bytes());
    places.truncate(count(page.size));
    Ok(pb::ListTimelineResponse { entries: timeline.entries(app, &places).await?, next_page_token })
}
