//! Issues the written Notice of Complaint Handling.

use redress_chassis::{Begin, Call, Result};
use redress_proto::compensation::v1::{IssueNoticeRequest, IssueNoticeResponse};

use super::{change, channel, id, view};
use crate::{
    Compensation,
    domain::{offer::issue, state::Resolution},
};

/// Issues it.
pub async fn issue_notice(
    app: &Compensation,
    call: &Call,
    request: IssueNoticeRequest,
) -> Result<IssueNoticeResponse> {
    let case_id = id("case_id", &request.case_id)?;
    let through = channel(request.channel());
    let mut unit = match app.engine.begin(call, &request.request_id, &request).await? {
        Begin::Fresh(unit) => unit,
        Begin::Repeated(answer) => return Ok(answer),
    };
    let loaded = unit.load::<Resolution>(case_id).await?;
    call.caller.may_see(loaded.region(), loaded.case_id())?;
    loaded.expect_etag(&request.etag)?;
    let decision =
        change::decide(&unit, &loaded, |resolution, setting| issue(resolution, through, setting)).await??;
    let saved = change::save(&mut unit, loaded, decision).await?;
    let resolution = view::saved(&unit, &saved).await?;
    unit.commit(IssueNoticeResponse { resolution: Some(resolution) }).await
}
